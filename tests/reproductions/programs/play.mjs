// Opens the page to play on in Chromium, moves every control once, and prints what was seen as JSON.
//
//     node play.mjs PLAYWRIGHT CHROMIUM ADDRESS FOLDER

import { createRequire } from "node:module";

const [, , playwright, executablePath, address, folder] = process.argv;
const { chromium } = createRequire(import.meta.url)(playwright);
const seen = { errors: [], foreign: [], pictures: {}, moved: [] };

const browser = await chromium.launch({ executablePath, args: ["--no-sandbox"] });
const page = await browser.newPage({ viewport: { width: 1280, height: 900 } });
page.setDefaultTimeout(60_000);
page.on("console", (message) => message.type() === "error" && seen.errors.push(message.text()));
page.on("pageerror", (error) => seen.errors.push(String(error)));
page.on("request", (request) => {
  const url = request.url();
  if (!url.startsWith(address) && !/^(data|blob):/.test(url)) seen.foreign.push(url);
});

const begin = Date.now();
await page.goto(`${address}/play/`);
await page.waitForFunction(() => document.getElementById("status").textContent.startsWith("Drawn"));
seen.first = Date.now() - begin;
await page.waitForFunction(() => document.body.dataset.ready === "true");
await settled();

for (const name of await page.$$eval("#model option", (options) => options.map((option) => option.value))) {
  await page.selectOption("#model", name);
  await settled();
  seen.pictures[name] = await page.$eval("#picture", (canvas) => [...canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data]);
}
await page.screenshot({ path: `${folder}/wide.png`, fullPage: true });

await changes("seed", "#picture", () => page.fill("#seed", "12"));
await changes("another", "#picture", () => page.click("#another"));
await changes("keys", "#picture", () => page.press("#picture", "ArrowRight"));
await changes("directions", "#picture", () => page.click("#directions"));
await changes("drag", "#picture", async () => {
  await page.locator("#picture").scrollIntoViewIfNeeded();
  const box = await page.locator("#picture").boundingBox();
  await page.mouse.move(box.x + 50, box.y + 50);
  await page.mouse.down();
  await page.mouse.move(box.x + 120, box.y + 90, { steps: 4 });
  await page.mouse.up();
});
await changes("back", "#picture", () => page.click("#back"));
await changes("sheet", "#picture", () => page.click("#sheet button:nth-child(3)"));
await page.click("#single summary");
await changes("single latent", "#picture", () => slide("#sliders input", 2.5));
await changes("point", "#between", () => slide("#point", 0.1));
await changes("end of the line", "#line canvas:last-child", () => page.fill("#seed-1", "31"));
for (const name of await page.$$eval("#model option", (options) => options.map((option) => option.value))) {
  await page.selectOption("#model", name);
  await settled();
  if (await page.isVisible("#class")) await changes("class", "#picture", () => page.selectOption("#class", "1"));
  if (await page.isVisible("#temperature")) {
    const cooler = (await page.inputValue("#temperature")) === "0.3" ? 0.8 : 0.3; // it stays from model to model
    await changes("temperature", "#picture", () => slide("#temperature", cooler));
  }
  if (await page.isVisible("#own-0")) {
    await page.check("#own-0");
    await changes("own image", "#line canvas:first-child", () => scribble("#end-a .play-pad canvas"));
    await page.click("#end-a .play-pad button"); // so that it can be drawn again
    await page.uncheck("#own-0");
    await settled();
  }
  const other = await page.$eval("#other", (select) => select.options[1]?.value);
  if (other && !seen.moved.includes("other model")) await changes("other model", "#beside", () => page.selectOption("#other", other));
}
for (const [part, samples] of [["cluster", "#cluster-samples"], ["neighbor", "#neighbor-images"]]) {
  if (!(await page.isVisible(`#${part}-pad`))) continue;
  await scribble(`#${part}-pad canvas`);
  await page.waitForSelector(`${samples} canvas`);
  seen[part] = await page.textContent(`#${part}-found`);
  seen.moved.push(part);
}

await page.setViewportSize({ width: 390, height: 844 });
await page.emulateMedia({ colorScheme: "dark" });
await page.screenshot({ path: `${folder}/narrow.png`, fullPage: true });
seen.overflow = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);

const without = await browser.newPage();
await without.addInitScript(() => delete window.WebAssembly);
await without.goto(`${address}/play/`);
await without.waitForSelector("#unsupported:not([hidden])");
seen.unsupported = await without.textContent("#unsupported");

await page.goto(`${address}/notebooks/wgan_div/`);
await page.waitForSelector(".arithmatex .katex");
seen.equation = await page.textContent(".arithmatex .katex annotation");
await page.goto(`${address}/annotated/rsgan/`);
const annotated = await page.$$eval("nav a", (links) => links.map((link) => link.href).filter((href) => href.includes("/annotated/")));
seen.typeset = {};
for (const href of new Set(annotated)) {
  await page.goto(href);
  await page.waitForSelector(".arithmatex .katex");
  seen.typeset[href.split("/").at(-2)] = await page.$$eval(".katex-error", (errors) => errors.map((error) => error.title));
}
await browser.close();
console.log(JSON.stringify(seen));

/** Waits until nothing on the page changes any more. */
async function settled() {
  let before = null;
  const begin = Date.now();
  for (let same = 0; same < 3; ) {
    if (Date.now() - begin > 30_000) throw new Error(`the page does not settle: ${await page.textContent("#status")}`);
    const now = await page.evaluate(() => document.getElementById("status").textContent.slice(0, 5) + [...document.querySelectorAll("canvas")].map((canvas) => canvas.toDataURL()).join());
    same = now === before && /^(Drawn|Encod|Put i)/.test(now) ? same + 1 : 0;
    before = now;
    await page.waitForTimeout(120);
  }
}

/** Does something, and notes it if a canvas changes by it. */
async function changes(what, canvas, action) {
  const look = () => page.$eval(canvas, (element) => element.toDataURL());
  const before = await look();
  await action();
  await settled();
  if ((await look()) !== before) seen.moved.push(what);
  else seen.errors.push(`${what} changes nothing`);
}

async function slide(selector, value) {
  await page.locator(selector).first().fill(String(value));
}

async function scribble(selector) {
  await page.locator(selector).scrollIntoViewIfNeeded();
  const box = await page.locator(selector).boundingBox();
  await page.mouse.move(box.x + box.width * 0.5, box.y + box.height * 0.2);
  await page.mouse.down();
  await page.mouse.move(box.x + box.width * 0.5, box.y + box.height * 0.8, { steps: 5 });
  await page.mouse.up();
  await page.waitForTimeout(150);
}
