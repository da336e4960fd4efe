// A field to draw on, or to put a picture of one's own on, by mouse, touch and keyboard.

import { make, pixelsOf, show } from "./pictures.js";

const SIDE = 280; // Pixels of the field.
const STEP = SIDE / 28; // What an arrow key moves the pen.
const PEN = SIDE / 12;

export class Pad {
  /** Puts a field into an element; `onChange` is called when something was drawn or chosen. */
  constructor(element, onChange) {
    this.onChange = onChange;
    this.strokes = true; // no photograph
    this.empty = true;
    this.canvas = make("canvas", { width: SIDE, height: SIDE, className: "play-large play-drag", tabIndex: 0, role: "img" });
    this.canvas.setAttribute(
      "aria-label",
      "Draw here. By keyboard: arrows move the pen, the space bar puts it down and lifts it, Delete clears.",
    );
    this.ring = make("div", { className: "play-pen" });
    this.keys = make("p", { className: "play-keys" });
    this.context = this.canvas.getContext("2d", { willReadFrequently: true });
    this.file = make("input", { type: "file", accept: "image/*" });
    const clear = make("button", { type: "button", textContent: "Clear" });
    const choose = make("label", {}, "or choose a picture ", this.file);
    this.swap = make("input", { type: "checkbox" });
    this.swapping = make("label", { hidden: true }, this.swap, " swap light and dark: the model knows light on dark");
    element.classList.add("play-pad");
    const field = make("div", { className: "play-field" }, this.canvas, this.ring);
    this.small = make("canvas", { role: "img", ariaLabel: "The image as the model takes it" });
    this.taken = make("p", { className: "play-taken", hidden: true }, this.small, " is what the model takes.");
    element.append(field, this.keys, this.taken, make("div", { className: "play-controls" }, clear, choose, this.swapping));
    this.swap.addEventListener("change", () => this.onChange());
    clear.addEventListener("click", () => this.clear());
    this.file.addEventListener("change", () => this.put(this.file.files[0]));
    this.pen = null;
    this.canvas.addEventListener("pointerdown", (event) => {
      this.canvas.setPointerCapture(event.pointerId);
      this.line(this.at(event));
    });
    this.canvas.addEventListener("pointermove", (event) => event.buttons && this.line(this.at(event)));
    for (const end of ["pointerup", "pointercancel"]) this.canvas.addEventListener(end, () => (this.pen = null));
    this.cursor = [SIDE / 2, SIDE / 2];
    this.down = false;
    this.canvas.addEventListener("keydown", (event) => this.key(event));
    this.showPen();
    this.clear(false);
  }

  clear(tell = true) {
    this.wipe();
    this.strokes = this.empty = true;
    this.file.value = "";
    this.taken.hidden = this.swapping.hidden = true;
    if (tell) this.onChange();
  }

  wipe() {
    this.context.fillStyle = "black";
    this.context.fillRect(0, 0, SIDE, SIDE);
  }

  at(event) {
    const box = this.canvas.getBoundingClientRect();
    return [((event.clientX - box.left) * SIDE) / box.width, ((event.clientY - box.top) * SIDE) / box.height];
  }

  line(to) {
    if (!this.strokes) this.clear(false);
    const context = this.context;
    Object.assign(context, { strokeStyle: "white", lineWidth: PEN, lineCap: "round", lineJoin: "round" });
    context.beginPath();
    context.moveTo(...(this.pen ?? to));
    context.lineTo(...to);
    context.stroke();
    this.pen = this.cursor = to;
    this.showPen();
    this.empty = false;
    this.onChange();
  }

  key(event) {
    const ways = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
    if (event.key === " ") {
      this.down = !this.down;
      this.pen = null;
      if (this.down) this.line(this.cursor);
    } else if (event.key === "Delete" || event.key === "Backspace") {
      this.clear();
    } else if (event.key in ways) {
      this.cursor = this.cursor.map((place, i) => Math.min(SIDE, Math.max(0, place + STEP * ways[event.key][i])));
      if (this.down) this.line(this.cursor);
    } else return;
    this.showPen();
    event.preventDefault();
    event.stopPropagation();
  }

  /** Shows where the pen of the keys is, and what they do; the style sheet hides both without focus. */
  showPen() {
    const [left, top] = this.cursor.map((place) => `${(100 * place) / SIDE}%`);
    Object.assign(this.ring.style, { left, top });
    this.ring.classList.toggle("play-down", this.down);
    this.keys.textContent = `Arrow keys move the pen, the space bar ${this.down ? "lifts it" : "puts it down"}, Delete clears.`;
  }

  /** Puts the middle square of a picture on the field. */
  async put(file) {
    if (!file) return;
    let picture;
    try {
      picture = await createImageBitmap(file);
    } catch {
      this.file.value = "";
      this.file.setCustomValidity("This file is no picture that the browser knows.");
      this.file.reportValidity();
      return;
    }
    this.file.setCustomValidity("");
    const side = Math.min(picture.width, picture.height);
    const [left, top] = [(picture.width - side) / 2, (picture.height - side) / 2];
    this.wipe(); // a picture may be transparent
    this.context.drawImage(picture, left, top, side, side, 0, 0, SIDE, SIDE);
    this.swap.checked = this.onWhite();
    this.strokes = this.empty = false;
    this.onChange();
  }

  /** Whether the rim of the field is light, as that of a picture on paper is. */
  onWhite() {
    const { data } = this.context.getImageData(0, 0, SIDE, SIDE);
    let light = 0;
    for (let i = 0; i < SIDE; i++) {
      for (const place of [i, SIDE * (SIDE - 1) + i, SIDE * i, SIDE * i + SIDE - 1]) light += grey(data, 4 * place) > 0.5;
    }
    return light > 2 * SIDE; // of 4 sides
  }

  /** What is on the field as a model takes it, flat float32 [1, height, width, channels] in [-1, 1]; it is shown, too. */
  pixels(shape) {
    const [height, width, channels] = shape;
    const small = make("canvas", { width, height });
    const context = small.getContext("2d");
    context.imageSmoothingQuality = "high";
    context.fillRect(0, 0, width, height);
    const [x, y, side] = this.strokes ? this.frame() : [0, 0, SIDE];
    context.drawImage(this.canvas, x, y, side, side, 0, 0, width, height);
    const pixels = pixelsOf(small, channels);
    this.swapping.hidden = this.strokes || channels > 1;
    if (!this.swapping.hidden && this.swap.checked) pixels.forEach((value, i) => (pixels[i] = -value));
    show(this.small, pixels, shape);
    this.taken.hidden = false;
    return pixels;
  }

  /** The square around a drawing that shows it as MNIST has its digits: 20 of 28 pixels large, its mass in the middle. */
  frame() {
    const { data } = this.context.getImageData(0, 0, SIDE, SIDE);
    const box = [SIDE, SIDE, 0, 0];
    const mass = [0, 0, 0]; // sums of x, of y, and of ones
    for (let i = 0; i < SIDE * SIDE; i++) {
      if (data[4 * i] < 128) continue;
      const [x, y] = [i % SIDE, Math.floor(i / SIDE)];
      box[0] = Math.min(box[0], x);
      box[1] = Math.min(box[1], y);
      box[2] = Math.max(box[2], x + 1);
      box[3] = Math.max(box[3], y + 1);
      [x + 0.5, y + 0.5, 1].forEach((value, part) => (mass[part] += value));
    }
    if (mass[2] === 0) return [0, 0, SIDE];
    const side = (Math.max(box[2] - box[0], box[3] - box[1]) * 28) / 20;
    return [mass[0] / mass[2] - side / 2, mass[1] / mass[2] - side / 2, side];
  }
}

/** How light a pixel is, in [0, 1]. */
function grey(data, at) {
  return (data[at] + data[at + 1] + data[at + 2]) / (3 * 255);
}
