// Draws by a seed and by moving about among the latents, by two models at once.

import { normal } from "./philox.js";
import { make, show } from "./pictures.js";
import { choose, latest, say, titleOf } from "./play.js";

const element = (id) => document.getElementById(id);
const STREAM = 1; // of the directions
const SLIDERS = 8;
const SHEET = 12;
const KEYS = { ArrowLeft: [-0.1, 0], ArrowRight: [0.1, 0], ArrowUp: [0, -0.1], ArrowDown: [0, 0.1] };

export class Draw {
  constructor(models) {
    this.models = models;
    this.listeners = [];
    this.moved = [0, 0]; // quarter turns towards either direction
    this.single = new Map();
    this.chosen = 0;
    this.directions = 0;
    this.redraw = latest(() => this.draw());
    this.resheet = latest(() => this.drawSheet());
    choose(element("model"), models, (model) => this.use(model));
    element("seed").addEventListener("input", () => element("seed").checkValidity() && element("seed").value && this.reset());
    element("another").addEventListener("click", () => {
      element("seed").value = Math.floor(Math.random() * 10000);
      this.reset();
    });
    element("temperature").addEventListener("input", () => {
      element("temperature-value").textContent = element("temperature").value;
      this.changed();
    });
    element("class").addEventListener("change", () => this.changed());
    element("back").addEventListener("click", () => this.back());
    element("directions").addEventListener("click", () => {
      this.directions++;
      this.moved = [0, 0];
      this.redraw();
    });
    element("other").addEventListener("change", () => this.redraw());
    this.listen(element("picture"));
  }

  /** Shows the first picture. */
  async first() {
    this.use(this.models[0], false);
    await this.redraw();
    this.resheet();
  }

  get seed() {
    return Number(element("seed").value);
  }

  get options() {
    return {
      seed: this.seed,
      ...("temperature" in this.model.prior && { temperature: Number(element("temperature").value) }),
      ...(element("class").value && { label: Number(element("class").value) }),
    };
  }

  use(model, redraw = true) {
    this.model = model;
    element("temperature-control").hidden = !("temperature" in model.prior);
    element("class-control").hidden = model.numClasses === 0;
    const classes = Array.from({ length: model.numClasses }, (_, i) => make("option", { value: i, textContent: i }));
    element("class").replaceChildren(make("option", { value: "", textContent: "each in turn" }), ...classes);
    const taken = ({ prior, numClasses }) => `${prior.shape}, ${numClasses}`;
    const alike = this.models.filter((other) => other !== model && taken(other) === taken(model));
    const none = make("option", { value: "", textContent: "no other model" });
    element("other").replaceChildren(none, ...alike.map((other) => make("option", { value: other.name, textContent: titleOf(other) })));
    element("other").disabled = alike.length === 0;
    element("other-note").textContent = alike.length ? "" : "(none here has latents of this shape)";
    this.makeSliders();
    this.listeners.forEach((listener) => listener());
    if (redraw) this.reset();
  }

  /** Another seed, model or temperature. */
  reset() {
    this.chosen = 0;
    this.back(false);
    this.changed();
  }

  changed() {
    this.redraw();
    this.resheet();
    this.listeners.forEach((listener) => listener());
  }

  back(redraw = true) {
    this.moved = [0, 0];
    this.single.clear();
    if (redraw) this.redraw();
  }

  /** The latents of the picture: those of the seed, turned towards the directions, and single ones set. */
  latents() {
    const { model, chosen } = this;
    const size = model.latentSize;
    const found = model.latents(chosen + 1, this.options).slice(chosen * size);
    const scale = this.options.temperature ?? 1;
    const turns = model.prior.kind === "normal"; // by turns of N(0, I) it stays N(0, I)
    this.moved.forEach((way, i) => {
      if (way === 0) return;
      const direction = normal(model.noiseSize, 2 * this.directions + i, STREAM);
      const [keep, add] = turns ? [Math.cos((way * Math.PI) / 2), Math.sin((way * Math.PI) / 2)] : [1, way];
      for (let j = 0; j < model.noiseSize; j++) found[j] = keep * found[j] + add * scale * direction[j];
    });
    for (const [number, value] of this.single) found[number] = value;
    return found;
  }

  async draw() {
    const { model } = this;
    const latents = this.latents();
    this.showSliders(latents);
    say(`Drawing with ${titleOf(model)} …`);
    const drawn = await model.call("decode", latents);
    show(element("picture"), drawn.data, model.imageShape);
    const other = this.models.find(({ name }) => name === element("other").value);
    element("beside").hidden = !other;
    if (other) {
      const besides = await other.call("decode", latents);
      show(element("beside"), besides.data, other.imageShape);
    }
    element("picture-caption").textContent = `${titleOf(model)}, seed ${this.seed}${this.chosen ? `, number ${this.chosen + 1}` : ""}`;
  }

  async drawSheet() {
    const { model } = this;
    const [strip, size] = [element("sheet"), model.latentSize];
    const latents = model.latents(SHEET, this.options);
    while (strip.children.length < SHEET) {
      const number = strip.children.length;
      const button = make("button", { type: "button", ariaLabel: `Picture ${number + 1} of this seed` }, make("canvas"));
      button.addEventListener("click", () => {
        this.chosen = number;
        this.back();
        this.press();
      });
      strip.append(button);
    }
    this.press();
    for (let i = 0; i < SHEET; i++) {
      const { data } = await model.call("decode", latents.slice(i * size, (i + 1) * size));
      if (model !== this.model) return;
      show(strip.children[i].firstChild, data, model.imageShape);
    }
  }

  press() {
    [...element("sheet").children].forEach((button, i) => button.setAttribute("aria-pressed", String(i === this.chosen)));
  }

  makeSliders() {
    const labels = Array.from({ length: Math.min(SLIDERS, this.model.noiseSize) }, (_, i) => {
      const slider = make("input", { type: "range", min: -3, max: 3, step: 0.05 });
      slider.addEventListener("input", () => {
        this.single.set(i, Number(slider.value));
        this.redraw();
      });
      return make("label", {}, `z${i + 1}`, slider);
    });
    element("sliders").replaceChildren(...labels);
  }

  showSliders(latents) {
    [...element("sliders").children].forEach((label, i) => {
      if (!this.single.has(i)) label.lastChild.value = latents[i];
    });
  }

  listen(canvas) {
    let last = [0, 0];
    canvas.addEventListener("pointerdown", (event) => {
      canvas.setPointerCapture(event.pointerId);
      canvas.focus();
      last = [event.clientX, event.clientY];
    });
    canvas.addEventListener("pointermove", (event) => {
      if (!event.buttons) return;
      const at = [event.clientX, event.clientY];
      this.move(at.map((place, i) => (2 * (place - last[i])) / canvas.clientWidth));
      last = at;
    });
    canvas.addEventListener("keydown", (event) => {
      if (event.key in KEYS) this.move(KEYS[event.key]);
      else if (event.key === "Home") this.back();
      else return;
      event.preventDefault();
      event.stopPropagation();
    });
  }

  move(by) {
    this.moved = this.moved.map((way, i) => way + by[i]);
    this.redraw();
  }
}
