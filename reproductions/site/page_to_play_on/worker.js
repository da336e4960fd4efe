// Loads and runs models beside the page, so that it stays responsive.

import * as ort from "./runtime/ort.wasm.bundle.min.mjs";

const here = (name) => new URL(name, import.meta.url).href;
const sessions = new Map();
let ready = null;

onmessage = async ({ data: { id, task, ...given } }) => {
  try {
    postMessage({ id, result: await tasks[task]({ id, ...given }) });
  } catch (error) {
    postMessage({ id, error: String(error.message ?? error) });
  }
};

const tasks = {
  /** Loads the model at an address; says how much has come of what. */
  async load({ id, url, bytes, of }) {
    ready ??= start(id);
    await ready;
    if (!sessions.has(url)) sessions.set(url, fetched(url, bytes, id, of).then((model) => ort.InferenceSession.create(model)));
    await sessions.get(url).catch((error) => {
      sessions.delete(url);
      throw error;
    });
  },

  /** Runs a loaded model on arrays of float32 by name; gives its first output. */
  async run({ url, feeds }) {
    const session = await sessions.get(url);
    const tensors = Object.entries(feeds).map(([name, { data, shape }]) => [name, new ort.Tensor("float32", data, shape)]);
    const begin = performance.now();
    const results = await session.run(Object.fromEntries(tensors));
    const { data, dims } = results[session.outputNames[0]];
    return { data, shape: dims, milliseconds: performance.now() - begin };
  },
};

async function start(id) {
  ort.env.wasm.numThreads = self.crossOriginIsolated ? Math.min(4, navigator.hardwareConcurrency ?? 1) : 1;
  ort.env.wasm.wasmBinary = await fetched(here("./runtime/ort-wasm-simd-threaded.wasm"), null, id, "the runtime");
}

/** The bytes at an address; the page is told how many have come. */
async function fetched(url, bytes, id, of) {
  const response = await fetch(url);
  if (!response.ok) throw new Error(`${url}: ${response.status} ${response.statusText}`);
  const total = bytes ?? Number(response.headers.get("content-length"));
  const parts = [];
  let count = 0;
  for (const reader = response.body.getReader(); ; ) {
    const { done, value } = await reader.read();
    if (done) break;
    parts.push(value);
    count += value.length;
    postMessage({ id, progress: { of, count, total } });
  }
  const whole = new Uint8Array(count);
  parts.reduce((at, part) => (whole.set(part, at), at + part.length), 0);
  return whole;
}
