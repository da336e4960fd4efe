// Draws by a seed and by moving about among the latents.

import { asked, keep } from "./address.js";
import { draggable, turn } from "./motion.js";
import { titleOf } from "./names.js";
import { make, show } from "./pictures.js";
import { choose, latest, say } from "./play.js";
import { Seed } from "./seed.js";

const element = (id) => document.getElementById(id);
const SLIDERS = 8;
const SHEET = 12;
const NUDGE = 0.4; // of a quarter turn, so that other directions show something

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
    this.box = new Seed(element("seed"), () => this.reset());
    element("another").addEventListener("click", () => this.box.another());
    element("temperature").addEventListener("input", () => {
      this.showTemperature();
      this.changed();
    });
    element("class").addEventListener("change", () => this.changed());
    element("back").addEventListener("click", () => this.back());
    element("directions").addEventListener("click", () => {
      this.directions++;
      if (this.moved.every((way) => way === 0)) this.moved = [NUDGE, 0];
      this.redraw();
    });
    draggable(element("picture"), (by) => this.move(by), () => this.back());
  }

  /** Shows the first picture: the one that the address asks for, or the first model's. */
  async first() {
    const name = asked("model");
    const model = this.models.find((one) => one.name === name) ?? this.models[0];
    this.use(model, false);
    element("model").value = model.name;
    if (name !== null && name !== model.name) {
      const textContent = `There is no model called ${name} here; this is another.`;
      element("model").closest("label").after(make("span", { className: "play-note", role: "status", textContent }));
    }
    element("temperature").value = asked("temperature") ?? 1;
    this.showTemperature();
    element("class").value = asked("label") ?? "";
    if (element("class").selectedIndex < 0) element("class").value = "";
    this.box.take(asked("seed"));
    await this.redraw();
    this.resheet();
  }

  get seed() {
    return this.box.value;
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
    keep({ model: this.model.name, ...this.options });
    this.redraw();
    this.resheet();
    this.listeners.forEach((listener) => listener());
  }

  showTemperature() {
    element("temperature-value").textContent = element("temperature").value;
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
    turn(found, model, this.moved, { directions: this.directions, scale: this.options.temperature });
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

  move(by) {
    this.moved = this.moved.map((way, i) => way + by[i]);
    this.redraw();
  }
}
