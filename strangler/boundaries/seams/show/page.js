for (const button of document.querySelectorAll(".sortable th button")) {
  button.addEventListener("click", () => {
    const heading = button.parentElement, row = heading.parentElement, body = row.closest("table").tBodies[0];
    const column = [...row.children].indexOf(heading), numeric = heading.classList.contains("number");
    const down = heading.getAttribute("aria-sort") === "ascending";
    for (const other of row.children) other.setAttribute("aria-sort", "none");
    heading.setAttribute("aria-sort", down ? "descending" : "ascending");
    const value = (line) => numeric ? Number(line.children[column].dataset.value) : line.children[column].textContent;
    const order = (a, b) => numeric ? value(a) - value(b) : value(a).localeCompare(value(b));
    body.append(...[...body.rows].sort((a, b) => down ? order(b, a) : order(a, b)));
  });
}

for (const button of document.querySelectorAll("[data-fold]")) {
  button.addEventListener("click", () => {
    for (const part of document.querySelectorAll("details")) part.open = button.dataset.fold === "open";
  });
}

document.querySelector(".tools input")?.addEventListener("input", (event) => {
  const wanted = event.target.value.trim().toLowerCase();
  for (const app of document.querySelectorAll(".app")) {
    for (const line of app.querySelectorAll(".places li")) line.hidden = !line.textContent.toLowerCase().includes(wanted);
    for (const pair of app.querySelectorAll(".pair")) pair.hidden = !pair.querySelector("li:not([hidden])");
    const named = app.querySelector("summary").textContent.toLowerCase().includes(wanted);
    app.hidden = !named && !app.querySelector(".pair:not([hidden])");
    app.open = wanted !== "" && !app.hidden;
  }
});

function unfold() {
  const part = location.hash && document.getElementById(location.hash.slice(1));
  if (part) part.open = true;
}
addEventListener("hashchange", unfold);
unfold();
