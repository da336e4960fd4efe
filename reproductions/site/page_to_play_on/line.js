// A line between two seeds, or between two images where the model encodes.

import { Pad } from "./pad.js";
import { make, show } from "./pictures.js";
import { latest } from "./play.js";
import { Seed } from "./seed.js";

const element = (id) => document.getElementById(id);
const POINTS = 9;

export class Line {
  constructor(draw) {
    this.draw = draw;
    this.redraw = latest(() => this.drawLine());
    this.redrawPoint = latest(() => this.drawPoint());
    this.ends = ["a", "b"].map((name, i) => this.makeEnd(element(`end-${name}`), i));
    element("line").append(...Array.from({ length: POINTS }, () => make("canvas")));
    element("point").addEventListener("input", () => this.redrawPoint());
    draw.listeners.push(() => this.changed());
    this.changed();
  }

  makeEnd(place, i) {
    const input = make("input", { type: "number", value: 7 + i, id: `seed-${i}` });
    const own = make("input", { type: "checkbox", id: `own-${i}` });
    const note = make("p", { className: "play-hint", role: "status" });
    const holder = make("div", { hidden: true });
    const choice = make("label", {}, own, " an image of your own");
    place.append(make("div", { className: "play-controls" }, make("label", {}, i ? "to seed " : "from seed ", input), choice), holder);
    const pad = new Pad(holder, () => this.redraw());
    holder.append(note); // under the pad, which must not move under a pen
    const seed = new Seed(input, () => this.redraw());
    const end = { seed, own, holder, pad, choice, note };
    own.addEventListener("change", () => {
      this.showEnd(end);
      this.redraw();
    });
    return end;
  }

  /** Shows where to draw, or lets a seed be given. */
  showEnd({ seed, own, holder }) {
    holder.hidden = !own.checked;
    seed.input.disabled = own.checked;
  }

  changed() {
    const encodes = this.draw.model.has("encode");
    for (const end of this.ends) {
      end.choice.hidden = !encodes;
      if (!encodes) end.own.checked = false;
      this.showEnd(end);
    }
    element("line-hint").textContent = encodes
      ? "Between two seeds, or images that you draw or choose. Models look for the latents of an image and draw what lies between."
      : "Between two seeds of the model above. A model that encodes takes images of your own, too.";
    this.redraw();
  }

  async latentsOf({ seed, own, pad }, model) {
    if (own.checked) return (await model.call("encode", pad.pixels(model.imageShape))).data;
    return model.latents(1, { ...this.draw.options, seed: seed.value });
  }

  /**
   * The latents at a point: on an arc between two seeds of N(0, I), which keeps their length; else on a straight line, as
   * between two classes.
   */
  at(point) {
    const arc = this.model.prior.kind === "normal" && this.ends.every(({ own }) => !own.checked);
    const [a, b] = arc ? [Math.cos((point * Math.PI) / 2), Math.sin((point * Math.PI) / 2)] : [1 - point, point];
    const { noiseSize } = this.model;
    const weights = (i) => (i < noiseSize ? [a, b] : [1 - point, point]);
    return this.between[0].map((value, i) => weights(i)[0] * value + weights(i)[1] * this.between[1][i]);
  }

  async drawLine() {
    const { model } = this.draw;
    const lacking = this.ends.map(({ own, pad }) => own.checked && pad.empty);
    this.ends.forEach(({ note }, i) => (note.textContent = lacking[i] ? "Draw something, or choose a picture." : ""));
    if (lacking.includes(true)) return this.clear();
    const between = [await this.latentsOf(this.ends[0], model), await this.latentsOf(this.ends[1], model)];
    Object.assign(this, { model, between });
    await this.drawPoint();
    for (let i = 0; i < POINTS; i++) {
      const { data } = await model.call("decode", this.at(i / (POINTS - 1)));
      if (model !== this.draw.model) return;
      show(element("line").children[i], data, model.imageShape);
    }
    element("line").dataset.model = model.name;
  }

  /** Shows no line. */
  clear() {
    this.between = undefined;
    for (const canvas of [element("between"), ...element("line").children]) canvas.width = canvas.width; // which empties it
  }

  async drawPoint() {
    if (!this.between) return;
    const { model } = this;
    const { data } = await model.call("decode", this.at(Number(element("point").value)));
    show(element("between"), data, model.imageShape);
  }
}
