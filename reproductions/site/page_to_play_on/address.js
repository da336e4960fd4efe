// The page's address, in which stands what is drawn, so that a link shows the same picture.

const PAUSE = 300; // milliseconds without a change, since browsers refuse many changes at once

let timer;

/** What the address asks for, by its name; null if it does not. */
export function asked(name) {
  return new URLSearchParams(location.search).get(name);
}

/** Puts what is drawn into the address. */
export function keep(drawn) {
  clearTimeout(timer);
  timer = setTimeout(() => history.replaceState(null, "", `?${new URLSearchParams(drawn)}${location.hash}`), PAUSE);
}
