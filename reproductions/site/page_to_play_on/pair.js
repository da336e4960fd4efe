// Two models draw the same latents, side by side.

import { draggable, turn } from "./motion.js";
import { titleOf } from "./names.js";
import { make, show } from "./pictures.js";
import { choose, latest } from "./play.js";
import { Seed } from "./seed.js";

const element = (id) => document.getElementById(id);
const FIRST = ["clothes_wgan_gp", "clothes_wgan_div"]; // which differ in the critic's loss
const SHEET = 8;

/** Whether two models take the same latents. */
function alike(one, other) {
  const taken = ({ prior, numClasses }) => `${prior.shape}, ${numClasses}`;
  return one !== other && taken(one) === taken(other);
}

export class Pair {
  constructor(models) {
    this.all = models.filter((model) => models.some((other) => alike(model, other)));
    element("pair").hidden = this.all.length === 0;
    if (this.all.length === 0) return;
    this.moved = [0, 0];
    this.redraw = latest(() => this.draw());
    this.resheet = latest(() => this.drawSheets());
    this.seed = new Seed(element("pair-seed"), () => this.reset());
    element("pair-another").addEventListener("click", () => this.seed.another());
    element("pair-back").addEventListener("click", () => this.back());
    for (const canvas of [element("one-picture"), element("beside")]) {
      draggable(canvas, (by) => this.move(by), () => this.back());
    }
    for (const id of ["one-sheet", "beside-sheet"]) {
      element(id).append(...Array.from({ length: SHEET }, () => make("canvas")));
    }
    choose(element("one"), this.all, (model) => this.use(model));
    element("other").addEventListener("change", () => this.reset());
    const [one, other] = FIRST.map((name) => this.all.find((model) => model.name === name));
    element("one").value = (one ?? this.all[0]).name;
    this.use(one ?? this.all[0], other);
  }

  /** Another model on the left; the one on the right stays, if it takes the same latents. */
  use(model, other = this.other) {
    this.one = model;
    const partners = this.all.filter((partner) => alike(model, partner));
    const options = partners.map((partner) => make("option", { value: partner.name, textContent: titleOf(partner) }));
    element("other").replaceChildren(...options);
    if (partners.includes(other)) element("other").value = other.name;
    this.reset();
  }

  get other() {
    return this.all.find(({ name }) => name === element("other").value);
  }

  reset() {
    this.back();
    this.resheet();
  }

  back() {
    this.moved = [0, 0];
    this.redraw();
  }

  move(by) {
    this.moved = this.moved.map((way, i) => way + by[i]);
    this.redraw();
  }

  get sides() {
    return [["one", this.one], ["beside", this.other]];
  }

  async draw() {
    const latents = turn(this.one.latents(1, { seed: this.seed.value }), this.one, this.moved);
    const canvases = [element("one-picture"), element("beside")];
    for (const [i, [name, model]] of this.sides.entries()) {
      const { data } = await model.call("decode", latents);
      show(canvases[i], data, model.imageShape);
      element(`${name}-caption`).textContent = titleOf(model);
    }
  }

  async drawSheets() {
    const { sides, one } = this;
    const latents = one.latents(SHEET + 1, { seed: this.seed.value }).slice(one.latentSize); // the first one is above
    for (const [name, model] of sides) {
      const { data } = await model.call("decode", latents);
      [...element(`${name}-sheet`).children].forEach((canvas, i) => show(canvas, data, model.imageShape, i));
    }
  }
}
