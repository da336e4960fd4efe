// Draw something, see its cluster and samples of it.

import { Pad } from "./pad.js";
import { make, show } from "./pictures.js";
import { choose, latest } from "./play.js";

const element = (id) => document.getElementById(id);
const SAMPLES = 12;

export function clusters(models) {
  element("clusters").hidden = models.length === 0;
  if (models.length === 0) return;
  let model = models[0];
  const found = latest(async () => {
    if (pad.empty) {
      element("cluster-found").textContent = "Draw something, or choose a picture.";
      element("cluster-samples").replaceChildren();
      return;
    }
    const { data } = await model.call("cluster", pad.pixels(model.imageShape));
    const cluster = Number(data[0]);
    const told = `Cluster ${cluster}, of 0 to ${model.prior.means.length - 1}. Samples of it:`;
    element("cluster-found").textContent = told;
    const drawn = await model.call("decode", model.latents(SAMPLES, { seed: 0, cluster }));
    const canvases = Array.from({ length: SAMPLES }, () => make("canvas"));
    canvases.forEach((canvas, i) => show(canvas, drawn.data, model.imageShape, i));
    element("cluster-samples").replaceChildren(...canvases);
  });
  const pad = new Pad(element("cluster-pad"), found);
  choose(element("cluster-model"), models, (other) => {
    model = other;
    found();
  });
}
