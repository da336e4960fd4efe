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
    input.addEventListener("input", () => this.read() && onChange());
  }

  /** Whether what stands in the box is a seed, which is the value then; says so if it is none. */
  read() {
    const good = this.input.value !== "" && this.input.checkValidity();
    this.input.setAttribute("aria-invalid", String(!good));
    this.note.textContent = good ? "" : this.sentence;
    if (good) this.value = Number(this.input.value);
    return good;
  }

  /** Puts a text into the box; null leaves it alone. */
  take(text) {
    if (text === null) return;
    this.input.value = text;
    this.read();
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
