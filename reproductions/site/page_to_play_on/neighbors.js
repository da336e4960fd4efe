// The images of a collection whose codes are nearest to that of an image of one's own.

import { Pad } from "./pad.js";
import { dataOf, titleOf } from "./names.js";
import { make } from "./pictures.js";
import { choose, latest } from "./play.js";

const element = (id) => document.getElementById(id);
const SHOWN = 12;

export function neighbors(all) {
  const models = all.filter((model) => model.gallery);
  sayMissing(all.filter((model) => !model.gallery));
  element("neighbors").hidden = all.length === 0;
  element("neighbors-here").hidden = models.length === 0;
  if (models.length === 0) return;
  let model = models[0];
  const found = latest(async () => {
    if (pad.empty) {
      element("neighbor-found").textContent = "Draw something, or choose a picture.";
      element("neighbor-images").replaceChildren();
      return;
    }
    const { picture, codes } = await galleryOf(model);
    const { data: code } = await model.call("encode", pad.pixels(model.imageShape));
    const { gallery } = model;
    const distances = Array.from({ length: gallery.count }, (_, i) =>
      code.reduce((sum, value, j) => sum + (value - codes[i * code.length + j]) ** 2, 0),
    );
    const nearest = distances.map((_, i) => i).sort((a, b) => distances[a] - distances[b]).slice(0, SHOWN);
    element("neighbor-found").textContent = `The nearest of ${gallery.count} test images of ${dataOf(model.data)}, by their codes:`;
    element("neighbor-images").replaceChildren(...nearest.map((number) => cut(picture, gallery, number)));
    element("neighbor-images").dataset.nearest = nearest.join(" ");
  });
  const pad = new Pad(element("neighbor-pad"), found);
  choose(element("neighbor-model"), models, (other) => {
    model = other;
    found();
  });
}

/** Says which models the build had no images for. */
function sayMissing(models) {
  const command = make("code", { textContent: "python -m reproductions.site --output=FOLDER --data_dir=WHERE_THE_DATA_IS" });
  const what = [models.map(titleOf).join(" and "), [...new Set(models.map(({ data }) => dataOf(data)))].join(" and ")];
  const sentence = `Not here: ${what[0]}, since ${what[1]} was not found when this page was built. To have it, build with `;
  element("neighbors-missing").hidden = models.length === 0;
  element("neighbors-missing").replaceChildren(sentence, command, ".");
}

/** The picture of a model's collection and its codes, fetched once. */
function galleryOf(model) {
  const at = (name) => new URL(`${model.folder}/${name}`, import.meta.url).href;
  model.fetched ??= (async () => {
    const picture = make("img", { src: at("gallery.png") });
    const codes = await (await fetch(at("codes.bin"))).arrayBuffer();
    await picture.decode();
    return { picture, codes: new Float32Array(codes) };
  })();
  return model.fetched;
}

/** An image of the collection, cut from its picture. */
function cut(picture, { side, separator, per_row: perRow }, number) {
  const step = side + separator;
  const canvas = make("canvas", { width: side, height: side, className: side < 64 ? "play-small" : "" });
  const [x, y] = [(number % perRow) * step, Math.floor(number / perRow) * step];
  canvas.getContext("2d").drawImage(picture, x, y, side, side, 0, 0, side, side);
  return canvas;
}
