// The page: what its controls do.

import { clusters } from "./clusters.js";
import { Draw } from "./draw.js";
import { Line } from "./line.js";
import { loadManifest } from "./models.js";
import { dataOf, titleOf } from "./names.js";
import { neighbors } from "./neighbors.js";
import { Pair } from "./pair.js";
import { make } from "./pictures.js";

const element = (id) => document.getElementById(id);
const FIRST = "faces_wgan_div"; // what is seen first, if it is there

/** Says what is being done. */
export function say(text) {
  element("status").textContent = text;
}

/** Makes of a slow function one that is called again at its end if it was asked for meanwhile; says its errors. */
export function latest(work) {
  let running = false;
  let again = false;
  return async function run() {
    again = true;
    if (running) return;
    running = true;
    while (again) {
      again = false;
      await work().catch((error) => say(`This did not work: ${error.message}. Try another model, or load the page again.`));
    }
    running = false;
  };
}

/** Fills a choice with models; calls back with the one that is chosen. */
export function choose(select, models, onChange) {
  select.replaceChildren(...models.map((model) => make("option", { value: model.name, textContent: titleOf(model) })));
  select.addEventListener("change", () => onChange(models.find((model) => model.name === select.value)));
}

const DONE = { decode: "Drawn", encode: "Encoded", cluster: "Put into a cluster" };

function progress({ of, count, total, done, milliseconds }) {
  if (done) return say(`${DONE[done]} in ${milliseconds < 1 ? "under 1" : Math.round(milliseconds)} ms.`);
  const bar = element("progress");
  bar.hidden = total > 0 && count >= total;
  if (total) bar.value = count / total;
  const megabytes = (bytes) => (bytes / 1e6).toFixed(1);
  say(bar.hidden ? `Starting ${of} …` : `Loading ${of}: ${megabytes(count)}${total ? ` of ${megabytes(total)}` : ""} MB …`);
}

function about(models) {
  const rows = models.map((model) =>
    make(
      "tr",
      {},
      make("td", {}, titleOf(model), make("br"), make("code", { textContent: model.name })),
      make("td", { textContent: `${model.kind}, ${model.steps.toLocaleString("en")} steps on ${dataOf(model.data, true)}` }),
      make("td", { textContent: `${(Object.values(model.bytes).reduce((a, b) => a + b) / 1e6).toFixed(1)} MB` }),
      make("td", { textContent: model.licence }),
    ),
  );
  const heads = ["model", "trained", "size here", "licence of the data"].map((textContent) => make("th", { textContent }));
  element("about").append(make("table", {}, make("thead", {}, make("tr", {}, ...heads)), make("tbody", {}, ...rows)));
}

async function start() {
  if (typeof WebAssembly !== "object") {
    element("unsupported").hidden = false;
    element("status").hidden = true;
    return;
  }
  const models = await loadManifest(progress);
  element("playground").hidden = false;
  about(models);
  const drawing = models.filter((model) => model.draws);
  const draw = new Draw([...drawing].sort((one, other) => (other.name === FIRST) - (one.name === FIRST)));
  await draw.first();
  new Pair(drawing);
  new Line(draw);
  clusters(models.filter((model) => model.has("cluster") && model.draws));
  neighbors(models.filter((model) => model.neighbors && model.has("encode")));
  document.body.dataset.ready = "true";
}

start().catch((error) => say(`The page cannot start: ${error.message}. It needs its files from a web server.`));
