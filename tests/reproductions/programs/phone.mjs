// Opens pages of the site on a narrow screen, and prints of each what does not fit, as JSON.
//
//     node phone.mjs PLAYWRIGHT CHROMIUM ADDRESS FOLDER

import { createRequire } from "node:module";

const [, , playwright, executablePath, address] = process.argv;
const { chromium } = createRequire(import.meta.url)(playwright);
const browser = await chromium.launch({ executablePath, args: ["--no-sandbox"] });
const page = await browser.newPage({ viewport: { width: 360, height: 740 } });
page.setDefaultTimeout(60_000);
let errors = [];
page.on("console", (message) => message.type() === "error" && errors.push(message.text().slice(0, 200)));
page.on("pageerror", (error) => errors.push(String(error)));

const found = await linked("notebooks/wgan_div", "/notebooks/");
for (const name of ["annotated/wgan_div", "reproductions/wgan_div", "docs/exports"]) {
  found.push(...(await linked(name, `/${name.split("/")[0]}/`)));
}
const seen = {};
for (const name of ["", "play", ...new Set(found)]) {
  errors = [];
  await page.goto(`${address}/${name}${name && "/"}`);
  if (name === "play") await page.waitForFunction(() => document.body.dataset.ready === "true");
  else await page.waitForFunction(() => [...document.querySelectorAll(".arithmatex")].every((one) => one.querySelector(".katex"))).catch(() => {});
  seen[name] = { errors, ...(await page.evaluate(look)) };
}
await browser.close();
console.log(JSON.stringify(seen));

/** The pages beside a page in the navigation. */
async function linked(name, part) {
  await page.goto(`${address}/${name}/`);
  const hrefs = await page.$$eval("nav a", (links) => links.map(({ href }) => href));
  return hrefs.filter((href) => href.includes(part) && !href.includes("#")).map((href) => href.slice(address.length + 1, -1));
}

/** What of a page is wider than the screen, or cut off by it, or covered by the number of an equation, or broken, or not typeset. */
function look() {
  const scrolls = (one) => /auto|scroll/.test(getComputedStyle(one).overflowX);
  const beyond = (one) => one.getBoundingClientRect().right > window.innerWidth + 1;
  const reachable = (one) => {
    for (let around = one.parentElement; around !== document.body; around = around.parentElement) {
      if (scrolls(around) && !beyond(around)) return true;
    }
    return false;
  };
  const words = (one) => `${one.tagName} ${one.className} ${one.textContent.trim().slice(0, 60)}`;
  const all = [...document.querySelectorAll(".md-typeset *")].filter((one) => one.getBoundingClientRect().width > 0 && !one.closest(".katex-mathml"));
  const covered = [...document.querySelectorAll(".katex-html > .katex-tag")].filter((tag) =>
    [...tag.parentElement.querySelectorAll(":scope > .katex-base")].some((base) => base.getBoundingClientRect().right > tag.getBoundingClientRect().left + 1),
  );
  return {
    overflow: Math.max(0, document.documentElement.scrollWidth - window.innerWidth),
    cut: all.filter((one) => beyond(one) && !reachable(one)).slice(0, 5).map(words),
    broken: [...document.querySelectorAll(".md-typeset td code, .md-typeset th code")].filter((one) => one.getClientRects().length > 1).slice(0, 5).map(words),
    covered: covered.map(words),
    plain: [...document.querySelectorAll(".arithmatex")].filter((one) => !one.querySelector(".katex")).map(words),
  };
}
