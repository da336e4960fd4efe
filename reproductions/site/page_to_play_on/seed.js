// A box for a seed, which says so if what stands in it is none.

import { make } from "./pictures.js";

const LARGEST = 2 ** 31 - 1;

export class Seed {
  /** Takes an input of numbers; `onChange` is called when another seed stands in it. */
  constructor(input, onChange) {
    Object.assign(input, { min: 0, max: LARGEST, step: 1 });
    this.input = input;
    this.value = Number(input.value);
    this.note = make("span", { className: "play-note", role: "status" });
    (input.closest("label") ?? input).after(this.note);
    input.addEventListener("input", () => {
      const good = input.value !== "" && input.checkValidity();
      input.setAttribute("aria-invalid", String(!good));
      this.note.textContent = good ? "" : this.sentence;
      if (!good) return;
      this.value = Number(input.value);
      onChange();
    });
  }

  get sentence() {
    return `A seed is a whole number from 0 to ${LARGEST.toLocaleString("en")}; the pictures are still those of ${this.value}.`;
  }

  /** Puts a random seed into the box. */
  another() {
    this.input.value = Math.floor(Math.random() * 10000);
    this.input.dispatchEvent(new Event("input"));
  }
}
