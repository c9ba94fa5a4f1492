// Asks the catalog every second and shows which home answered: the headers Strangler-Home and Strangler-Version.

const EVERY_MS = 1000;
const PATIENCE_MS = 20000; // a write may wait for a switch that long; a read does not, but a slow answer is no failure
const BEATS_MAX = 90;
const NAMES = { monolith: "the monolith", service: "its own service", failed: "Nobody answers" };

const $ = (id) => document.getElementById(id);
const figures = { seen: 0, failed: 0 };
let last = null;

async function ask() {
  const began = performance.now();
  try {
    const answer = await fetch("/api/catalog/products?limit=1&fields=id", {
      cache: "no-store", signal: AbortSignal.timeout(PATIENCE_MS),
    });
    await answer.arrayBuffer();
    const home = answer.ok ? answer.headers.get("Strangler-Home") : null;
    return { home: home ?? "failed", version: answer.headers.get("Strangler-Version"), tookMs: performance.now() - began };
  } catch {
    return { home: "failed", version: null, tookMs: performance.now() - began };
  }
}

function show({ home, version, tookMs }) {
  figures.seen += 1;
  figures.failed += home === "failed" ? 1 : 0;
  $("stage").dataset.home = home;
  if (home !== last) { // screen readers are told of changes only
    $("served-by").textContent = home === "failed" ? NAMES.failed : `Served by ${NAMES[home]}`;
    $("served-by").dataset.home = home;
    suggest(home);
    last = home;
  }
  if (version !== null) $("version").textContent = version;
  $("seen").textContent = figures.seen;
  $("failed").textContent = figures.failed;
  $("took").textContent = `${tookMs.toFixed(tookMs < 10 ? 1 : 0)} ms`;
  beat(home, tookMs);
}

function beat(home, tookMs) {
  const mark = document.createElement("li");
  mark.className = home;
  mark.style.setProperty("--h", `${Math.min(26, 6 + 6 * Math.log10(1 + tookMs))}px`);
  $("beats").append(mark);
  if ($("beats").children.length > BEATS_MAX) $("beats").firstChild.remove();
}

function suggest(home) {
  const target = home === "service" ? "monolith" : "service";
  $("command").textContent = `.venv/bin/python manage.py strangler toggle catalog ${target}`;
}

export function startPulse() {
  $("command").addEventListener("click", (event) => navigator.clipboard?.writeText(event.target.textContent));
  const turn = async () => {
    if (!document.hidden) show(await ask());
    setTimeout(turn, EVERY_MS);
  };
  turn();
}
