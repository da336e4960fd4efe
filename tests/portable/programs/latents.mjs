// Reads calls of philox.mjs, which lies beside this file, as JSON from the standard input, and prints what they give.

import { readFileSync } from "node:fs";
import * as philox from "./philox.mjs";

const called = ({ name, args }) => {
  try {
    return Array.from(philox[name](...args));
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    return error.message;
  }
};
console.log(JSON.stringify(JSON.parse(readFileSync(0, "utf8")).map(called)));
