// The models of the manifest, loaded when they are first used.

import { nameOf } from "./names.js";
import { latents } from "./philox.js";

const worker = new Worker(new URL("./worker.js", import.meta.url), { type: "module" });
const waiting = new Map();
let count = 0;
let tell = () => {};

worker.onmessage = ({ data: { id, result, error, progress } }) => {
  if (progress) return tell(progress);
  const { resolve, reject } = waiting.get(id);
  waiting.delete(id);
  error === undefined ? resolve(result) : reject(new Error(error));
};
worker.onerror = (event) => {
  for (const { reject } of waiting.values()) reject(new Error(event.message ?? "the worker cannot be loaded"));
  waiting.clear();
};

function ask(task, given) {
  const id = count++;
  worker.postMessage({ id, task, ...given });
  return new Promise((resolve, reject) => waiting.set(id, { resolve, reject }));
}

/** A model: what the manifest and its own signature say of it, and its endpoints as functions. */
export class Model {
  constructor(entry, signature) {
    Object.assign(this, entry);
    this.endpoints = signature.endpoints;
    this.prior = signature.prior;
  }

  has(endpoint) {
    return endpoint in this.endpoints;
  }

  /** Height, width and channels of an image that it draws or takes. */
  get imageShape() {
    const { decode, encode, cluster } = this.endpoints;
    return decode ? decode.outputs[0].shape.slice(1) : (encode ?? cluster).inputs[0].shape.slice(1);
  }

  /** Whether its latents can be drawn here. */
  get draws() {
    return this.has("decode") && ["normal", "mixture", "classes"].includes(this.prior?.kind);
  }

  /** How many classes it tells apart by labels; 0 for a model without. */
  get numClasses() {
    return this.prior.one_hot_classes ?? (this.prior.kind === "classes" ? this.prior.means.length : 0);
  }

  /** How many numbers of its latents are drawn; a one-hot class may follow them. */
  get noiseSize() {
    return this.prior.shape.reduce((product, side) => product * side, 1);
  }

  get latentSize() {
    return this.noiseSize + (this.prior.one_hot_classes ?? 0);
  }

  /** Draws latents; with a label all of that class, else each class in turn. */
  latents(number, { label, ...options }) {
    return latents(this.prior, number, label === undefined ? options : { ...options, labels: Array(number).fill(label) });
  }

  /** Runs an endpoint on a batch, flat float32; gives { data, shape, milliseconds }. */
  async call(endpoint, data) {
    const { file, inputs } = this.endpoints[endpoint];
    const url = new URL(`${this.folder}/${file}`, import.meta.url).href;
    await ask("load", { url, bytes: this.bytes[endpoint], of: nameOf(this) });
    const row = inputs[0].shape.slice(1);
    const size = row.reduce((product, side) => product * side, 1);
    const result = await ask("run", { url, feeds: { [inputs[0].name]: { data, shape: [data.length / size, ...row] } } });
    tell({ done: endpoint, milliseconds: result.milliseconds });
    return result;
  }
}

/**
 * All models of the manifest; `onProgress` hears of { of, count, total } bytes while something is
 * loaded, and of { done, milliseconds } when an endpoint has run.
 */
export async function loadManifest(onProgress) {
  tell = onProgress;
  const { models } = await json("manifest.json");
  return Promise.all(models.map(async (entry) => new Model(entry, await json(`${entry.folder}/signature.json`))));
}

async function json(path) {
  const response = await fetch(new URL(path, import.meta.url));
  if (!response.ok) throw new Error(`${path}: ${response.status} ${response.statusText}`);
  return response.json();
}
