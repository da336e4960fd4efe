// Latents of an exported model, drawn in the browser: a seed gives the latents that it gives in Keras.
//
//     import { latents } from "./philox.js";
//     const signature = await (await fetch("faces/signature.json")).json();
//     const z = latents(signature.prior, 16, { seed: 7 });
//     const feeds = { latents: new ort.Tensor("float32", z, [16, ...signature.prior.shape]) };
//
// The same lines in NumPy are `keras_gen/portable/sampling.py`, which says where they come from.

const BLOCK = 4; // Numbers of 32 bits in a block.
const SEED_KEY = [0x3ec8f720, 0x02461e29]; // The key under which TensorFlow hashes seeds, its lower half first.
const MULTIPLIERS = [0xd2511f53, 0xcd9e8d57];
const INCREMENTS = [0x9e3779b9, 0xbb67ae85];
const SMALLEST = Math.fround(1e-7); // The logarithm's argument is at least this.
const TURN = Math.fround(2 * Math.PI);

/**
 * Draws latents from the prior; the first of many are those of a few.
 *
 * @param {object} prior The entry `prior` of `signature.json`.
 * @param {number} numSamples How many, at least 1.
 * @param {{seed?: number, temperature?: number, cluster?: number}} [options] A whole number of 32 bits; the standard
 *     deviation of the latents of a flow; the cluster to draw from, counted from 0, instead of all of them.
 * @returns {Float32Array} Of shape [numSamples, ...prior.shape], flat.
 * @throws {RangeError} The prior has no formula here, no temperature or no such cluster, or a number is out of range.
 */
export function latents(prior, numSamples, { seed = 0, temperature, cluster } = {}) {
  if (prior.kind !== "normal" && prior.kind !== "mixture") {
    throw new RangeError(`the prior is '${prior.kind}', which only keras_gen can draw from`);
  }
  if (!Number.isInteger(numSamples) || numSamples < 1) throw new RangeError("numSamples: must be at least 1");
  if (!Number.isInteger(seed)) throw new RangeError("seed: must be a whole number");
  if (temperature !== undefined && !("temperature" in prior && temperature >= 0 && temperature < Infinity)) {
    throw new RangeError("temperature: give a number of at least 0, and only to a model with a flow");
  }
  if (cluster !== undefined && !("cluster_stream" in prior && prior.means[cluster] !== undefined)) {
    throw new RangeError(`cluster=${cluster}: this model has no such cluster`);
  }
  const size = prior.shape.reduce((product, side) => product * side, 1);
  const stream = cluster === undefined ? prior.stream : prior.cluster_stream;
  const numbers = normal(numSamples * size, seed, stream);
  const moments = momentsOf(prior, numSamples, seed, cluster);
  const scale = Math.fround(temperature ?? 1);
  for (let i = 0; i < numSamples; i++) {
    const { means, deviations } = moments(i);
    for (let j = 0; j < size; j++) {
      const at = i * size + j;
      const scaled = Math.fround(scale * Math.fround(deviations[j % deviations.length] * numbers[at]));
      numbers[at] = means[j % means.length] + scaled;
    }
  }
  return numbers;
}

/** From the number of a row to the means and deviations of its latents: one for all of them, or one for each. */
function momentsOf(prior, numSamples, seed, cluster) {
  const flat = (moment) => Float32Array.from([moment].flat(Infinity));
  if (prior.kind === "normal") {
    const only = { means: flat(prior.means), deviations: flat(prior.deviations) };
    return () => only;
  }
  const all = prior.means.map((means, i) => ({ means: flat(means), deviations: flat(prior.deviations[i]) }));
  if (cluster !== undefined) return () => all[cluster];
  const chosen = components(prior.probabilities, numSamples, seed, prior.component_stream);
  return (row) => all[chosen[row]];
}

/** Numbers of components of a mixture, each with its probability. */
function components(probabilities, numSamples, seed, stream) {
  let sum = 0;
  const sums = probabilities.map((probability) => (sum = Math.fround(sum + Math.fround(probability))));
  const last = probabilities.length - 1; // rounding may leave the last sum below 1
  return Array.from(uniform(numSamples, seed, stream), (number) => {
    const found = sums.findIndex((sum) => number < sum);
    return found < 0 ? last : found;
  });
}

/** The first numbers of a stream, uniform on [0, 1): the lower 23 bits of an integer are those after the point. */
export function uniform(size, seed, stream) {
  const hashed = philox([...words(seed), ...words(stream)], SEED_KEY);
  const numbers = new Float32Array(Math.ceil(size / BLOCK) * BLOCK);
  for (let start = 0; start < size; start += BLOCK) {
    const block = philox([start / BLOCK, 0, hashed[2], hashed[3]], hashed);
    block.forEach((integer, i) => (numbers[start + i] = (integer & 0x7fffff) / 2 ** 23));
  }
  return numbers.subarray(0, size);
}

/** The first standard normal numbers of a stream, by Box and Muller's formula. */
export function normal(size, seed, stream) {
  const numbers = uniform(size + (size % 2), seed, stream);
  for (let i = 0; i < numbers.length; i += 2) {
    const radius = Math.sqrt(-2 * Math.log(Math.max(numbers[i], SMALLEST)));
    const angle = Math.fround(TURN * numbers[i + 1]);
    numbers[i] = radius * Math.sin(angle);
    numbers[i + 1] = radius * Math.cos(angle);
  }
  return numbers.subarray(0, size);
}

/** A block of Philox 4x32-10, four numbers of 32 bits, from a counter of four and a key of two. */
export function philox(counter, key) {
  let [x0, x1, x2, x3] = counter;
  let [k0, k1] = key;
  for (let round = 0; round < 10; round++) {
    const [high0, low0] = [upperHalf(x0, MULTIPLIERS[0]), Math.imul(x0, MULTIPLIERS[0]) >>> 0];
    const [high2, low2] = [upperHalf(x2, MULTIPLIERS[1]), Math.imul(x2, MULTIPLIERS[1]) >>> 0];
    [x0, x1, x2, x3] = [(high2 ^ x1 ^ k0) >>> 0, low2, (high0 ^ x3 ^ k1) >>> 0, low0];
    k0 = (k0 + INCREMENTS[0]) >>> 0;
    k1 = (k1 + INCREMENTS[1]) >>> 0;
  }
  return [x0, x1, x2, x3];
}

/** The upper 32 bits of the product of two numbers of 32 bits, by halves of 16, whose sums a float64 holds. */
function upperHalf(a, b) {
  const [a0, a1, b0, b1] = [a & 0xffff, a >>> 16, b & 0xffff, b >>> 16];
  const middle = a1 * b0 + Math.floor((a0 * b0) / 65536);
  const rest = a0 * b1 + (middle % 65536);
  return a1 * b1 + Math.floor(middle / 65536) + Math.floor(rest / 65536);
}

/** A whole number of 64 bits as two of 32, the lower first. */
function words(number) {
  return [number >>> 0, Math.floor(number / 2 ** 32) >>> 0];
}
