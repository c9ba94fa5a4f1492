// The products: search, categories, order, more; with something to see while waiting, when empty and when it fails.

const PAGE_SIZE = 24;
const FIELDS = "id,slug,name,brand,category,price_from,picture,variants";
const NEWEST = "-created_at";
const TYPING_MS = 250;

const $ = (id) => document.getElementById(id);
let newest = 0; // answers to older questions are dropped
let next = null;

async function read(path) {
  const answer = await fetch(path, { headers: { Accept: "application/json" } });
  if (!answer.ok) {
    const problem = await answer.json().catch(() => ({}));
    throw new Error(problem.detail ?? `The catalog answered ${answer.status}.`);
  }
  return answer.json();
}

function question(cursor) {
  const wanted = new FormData($("search"));
  const query = new URLSearchParams({ limit: PAGE_SIZE, fields: FIELDS });
  // Whoever searches wants the most relevant first, unless he says otherwise.
  if (wanted.get("q") && wanted.get("ordering") === NEWEST) wanted.delete("ordering");
  for (const [name, value] of wanted) if (value) query.set(name, value);
  if (cursor) query.set("cursor", cursor);
  return `/api/catalog/search?${query}`;
}

async function fill({ cursor = null } = {}) {
  const mine = ++newest;
  const grid = $("grid");
  grid.setAttribute("aria-busy", "true");
  if (!cursor && !grid.children.length) grid.replaceChildren(...Array.from({ length: 8 }, ghost));
  try {
    const page = await read(question(cursor));
    if (mine !== newest) return;
    if (!cursor) grid.replaceChildren();
    grid.append(...page.data.map(card));
    next = page.next;
    notice(grid.children.length ? null : emptyWords());
    corrected(page.corrections);
  } catch (error) {
    if (mine !== newest) return;
    if (!cursor) grid.replaceChildren();
    next = null;
    notice(`The products cannot be shown. ${error.message}`, "failed");
  }
  grid.removeAttribute("aria-busy");
  $("more").hidden = !next;
}

function emptyWords() {
  const { q, category, in_stock: inStock } = $("search").elements;
  if (inStock.checked) return "Nothing of this is in stock right now. Look at what is sold out, too.";
  return q.value || category.value ? "Nothing here fits. Try fewer words, or all categories."
    : "The shelves are empty. Fill them: .venv/bin/python manage.py seed_catalog --products 1000";
}

function corrected(corrections) {
  const words = Object.entries(corrections).map(([typed, meant]) => `“${meant.join("” or “")}” instead of “${typed}”`);
  $("corrected").hidden = !words.length;
  $("corrected").textContent = `Nobody here knows that word. This is for ${words.join(", ")}.`;
}

async function suggest() {
  const typed = $("search").elements.q.value;
  if (!typed) return;
  try {
    const { data } = await read(`/api/catalog/search/suggest?${new URLSearchParams({ q: typed })}`);
    $("suggestions").replaceChildren(...data.map(({ text, kind }) => new Option(kind, text)));
  } catch { /* whoever types can go on without */ }
}

function notice(words, kind = "empty") {
  $("notice").hidden = !words;
  $("notice").textContent = words ?? "";
  $("notice").dataset.kind = kind;
}

function card(product) {
  const item = $("card").content.firstElementChild.cloneNode(true);
  item.querySelector("a").href = `/products/${product.slug}`;
  item.querySelector("img").src = product.picture;
  item.querySelector(".category").textContent = product.category?.name ?? "";
  item.querySelector("h3").textContent = product.name;
  item.querySelector(".price").textContent = product.price_from ? price(product.price_from) : "";
  item.querySelector(".maker").textContent = product.brand;
  const inStock = product.variants.some((variant) => variant.is_active && variant.in_stock);
  item.querySelector(".stock").textContent = inStock ? "In stock" : "Sold out";
  item.classList.toggle("gone", !inStock);
  return item;
}

function price({ amount, currency }) {
  const format = new Intl.NumberFormat("en", { style: "currency", currency });
  return format.format(amount / 10 ** format.resolvedOptions().maximumFractionDigits);
}

function ghost() {
  const item = document.createElement("li");
  item.className = "card ghost";
  return item;
}

async function fillCategories() {
  try {
    const { data } = await read("/api/catalog/categories");
    const options = [];
    const walk = (nodes, depth) => nodes.forEach((node) => {
      options.push(new Option("\u2003".repeat(depth) + node.name, node.slug));
      walk(node.children, depth + 1);
    });
    walk(data, 0);
    $("search").elements.category.append(...options);
  } catch { /* the list itself says what is wrong */ }
}

export function startShelf() {
  let typing;
  $("search").addEventListener("input", () => { clearTimeout(typing); typing = setTimeout(() => { suggest(); fill(); }, TYPING_MS); });
  $("search").addEventListener("submit", (event) => { event.preventDefault(); fill(); });
  $("more").addEventListener("click", () => fill({ cursor: next }));
  fillCategories();
  fill();
}
