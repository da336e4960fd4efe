// Moving about among latents, by dragging a picture or by the arrow keys on it.

import { normal } from "./philox.js";

const STREAM = 1; // of the directions
const KEYS = { ArrowLeft: [-0.1, 0], ArrowRight: [0.1, 0], ArrowUp: [0, -0.1], ArrowDown: [0, 0.1] };

/** Calls `move` with how far a picture was dragged, a width being 2 quarter turns, and `back` at the key Home. */
export function draggable(canvas, move, back) {
  let last = [0, 0];
  canvas.classList.add("play-drag");
  canvas.addEventListener("pointerdown", (event) => {
    canvas.setPointerCapture(event.pointerId);
    canvas.focus();
    last = [event.clientX, event.clientY];
  });
  canvas.addEventListener("pointermove", (event) => {
    if (!event.buttons) return;
    const at = [event.clientX, event.clientY];
    move(at.map((place, i) => (2 * (place - last[i])) / canvas.clientWidth));
    last = at;
  });
  canvas.addEventListener("keydown", (event) => {
    if (event.key in KEYS) move(KEYS[event.key]);
    else if (event.key === "Home") back();
    else return;
    event.preventDefault();
    event.stopPropagation();
  });
}

/** Turns the latents of one picture, in place, by quarter turns towards either of two random directions. */
export function turn(latents, model, moved, { directions = 0, scale = 1 } = {}) {
  const turns = model.prior.kind === "normal"; // by turns of N(0, I) it stays N(0, I)
  moved.forEach((way, i) => {
    if (way === 0) return;
    const direction = normal(model.noiseSize, 2 * directions + i, STREAM);
    const [keep, add] = turns ? [Math.cos((way * Math.PI) / 2), Math.sin((way * Math.PI) / 2)] : [1, way];
    for (let j = 0; j < model.noiseSize; j++) latents[j] = keep * latents[j] + add * scale * direction[j];
  });
  return latents;
}
