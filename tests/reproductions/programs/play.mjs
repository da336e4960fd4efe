// Opens the page to play on in Chromium, moves every control once, and prints what was seen as JSON.
//
//     node play.mjs PLAYWRIGHT CHROMIUM ADDRESS FOLDER

import { createRequire } from "node:module";

const [, , playwright, executablePath, address, folder] = process.argv;
const { chromium } = createRequire(import.meta.url)(playwright);
const seen = { errors: [], foreign: [], pictures: {}, moved: [], loading: [], asked: [] };

const browser = await chromium.launch({ executablePath, args: ["--no-sandbox"] });
const page = await browser.newPage({ viewport: { width: 1280, height: 900 } });
page.setDefaultTimeout(60_000);
page.on("console", (message) => message.type() === "error" && seen.errors.push(message.text()));
page.on("pageerror", (error) => seen.errors.push(String(error)));
await page.exposeFunction("said", (text) => /^(Loading|Starting) /.test(text) && seen.loading.push(text));
await page.addInitScript(() => new MutationObserver(() => said(document.getElementById("status")?.textContent ?? "")).observe(document, { subtree: true, childList: true }));
page.on("request", (request) => {
  const url = request.url();
  if (!url.startsWith(address) && !/^(data|blob):/.test(url)) seen.foreign.push(url);
});

const begin = Date.now();
await page.goto(`${address}/play/`);
await page.waitForFunction(() => document.getElementById("status").textContent.startsWith("Drawn"));
seen.first = Date.now() - begin;
seen.shown = await page.inputValue("#model");
await page.waitForFunction(() => document.body.dataset.ready === "true");
await settled();
seen.pair = await page.$$eval("#one, #other", (selects) => selects.map(({ value }) => value));

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
    await settled();
    const inks = await page.$$eval("#between, #line canvas", (canvases) => canvases.map((canvas) => canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data.some((value) => value)));
    seen.asked.push([await page.innerText("#end-a .play-pad > .play-hint"), await page.isDisabled("#seed-0"), inks.includes(true)]);
    const top = () => page.$eval("#end-a .play-drag", (canvas) => canvas.offsetParent.offsetTop);
    const before = await top();
    await changes("own image", "#line canvas:first-child", () => scribble("#end-a .play-drag"));
    if ((await top()) !== before) seen.errors.push("the pad moves under the pen");
    seen.asked.push([await page.innerText("#end-a .play-pad > .play-hint"), await page.isDisabled("#seed-0"), true]);
    await page.click("#end-a .play-pad button"); // so that it can be drawn again
    await page.uncheck("#own-0");
    if (await page.isDisabled("#seed-0")) seen.errors.push("the seed stays disabled");
    await settled();
  }
}
await changes("other directions", "#picture", () => page.click("#directions")); // of a picture that was not moved
const others = await page.$eval("#other", ({ options, value }) => [...options].map((option) => option.value).filter((name) => name !== value));
await changes("other model", "#beside", () => page.selectOption("#other", others[0]));
await changes("one model", "#one-picture", () => page.selectOption("#one", others[1]));
await changes("seed of two", "#beside-sheet canvas", () => page.fill("#pair-seed", "3"));
await changes("keys on two", "#one-picture", () => page.press("#beside", "ArrowDown"));
await changes("back of two", "#one-picture", () => page.click("#pair-back"));

seen.bad = {};
for (const [box, picture] of [["#seed", "#picture"], ["#seed-1", "#line canvas:last-child"], ["#pair-seed", "#beside"]]) {
  await page.fill(box, "7");
  await settled();
  const look = () => page.$eval(picture, (canvas) => canvas.toDataURL());
  const before = await look();
  const note = page.locator(`label:has(${box}) + .play-note`);
  for (const bad of ["1.5", "-3", "99999999999"]) {
    await page.fill(box, bad);
    seen.bad[`${box} ${bad}`] = await note.textContent();
  }
  await settled();
  if ((await look()) !== before) seen.errors.push(`${box}: a seed that is none changes the picture`);
  await page.fill(box, "7");
  if (await note.textContent()) seen.errors.push(`${box}: the note stays`);
}
for (const [part, samples] of [["cluster", "#cluster-samples"], ["neighbor", "#neighbor-images"]]) {
  if (!(await page.isVisible(`#${part}-pad`))) continue;
  await scribble(`#${part}-pad .play-drag`);
  await page.waitForSelector(`${samples} canvas`);
  seen[part] = await page.textContent(`#${part}-found`);
  seen.moved.push(part);
}

const taken = () =>
  page.$eval("#cluster-pad .play-taken canvas", (canvas) => {
    const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
    const middle = data[4 * (Math.floor(canvas.height / 2) * canvas.width + Math.floor(canvas.width / 2))];
    const grey = data.every((value, i) => i % 4 === 3 || value === data[i - (i % 4)]);
    return { shape: [canvas.height, canvas.width], seen: canvas.clientWidth > 0, grey, corner: data[0], middle };
  });
await putPicture("#cluster-pad", [["red", 0, 0, 150, 150], ["blue", 150, 0, 150, 150]]);
seen.taken = await taken();
const black = ["black", 100, 25, 100, 100];
await putPicture("#cluster-pad", [["white", 0, 0, 300, 150], black]); // on paper
seen.onWhite = [await taken(), await page.isChecked("#cluster-pad input[type=checkbox]")];
await page.uncheck("#cluster-pad input[type=checkbox]");
await settled();
seen.onWhite.push(await taken());
await putPicture("#cluster-pad", [black]); // transparent, after one that was white
seen.transparent = await taken();

const pad = "#cluster-pad .play-drag";
const pen = () => page.$eval("#cluster-pad .play-pen", (ring) => [getComputedStyle(ring).visibility, ring.getBoundingClientRect().left, ring.className]);
await page.click("#cluster-pad button");
seen.pens = [await pen()];
await page.focus(pad);
seen.pens.push(await pen());
await page.keyboard.press("ArrowLeft");
await page.keyboard.press("Space");
seen.pens.push(await pen());
seen.keys = await page.locator("#cluster-pad .play-keys").innerText();
seen.touch = await page.$$eval("canvas", (canvases) => canvases.filter((canvas) => getComputedStyle(canvas).touchAction === "none").map((canvas) => canvas.closest("[id]").id));

await page.setViewportSize({ width: 390, height: 844 });
await page.emulateMedia({ colorScheme: "dark" });
await page.screenshot({ path: `${folder}/narrow.png`, fullPage: true });
seen.overflow = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);

await page.setViewportSize({ width: 360, height: 740 });
seen.room = await page.$$eval(".play-drag", (canvases) => canvases.filter((canvas) => canvas.clientWidth).map((canvas) => window.innerWidth - canvas.getBoundingClientRect().right));
seen.cut = await page.$$eval(".play select", (selects) => {
  const context = document.createElement("canvas").getContext("2d");
  const space = (select) => select.clientWidth - 2 * parseFloat(getComputedStyle(select).paddingLeft);
  const wide = (select) => Math.max(...[...select.options].map(({ textContent }) => context.measureText(textContent).width));
  return selects.filter((select) => ((context.font = getComputedStyle(select).font), select.clientWidth && wide(select) > space(select))).map(({ id }) => id);
});
seen.texts = await page.innerText("#playground");

// A link shows what was drawn when it was copied.
await page.selectOption("#model", await page.$eval("#model option:last-child", (option) => option.value));
await page.fill("#seed", "12");
await settled();
await page.waitForTimeout(500);
const look = (tab) => tab.$eval("#picture", (canvas) => canvas.toDataURL());
const linked = await browser.newPage();
const drawn = async (search) => {
  await linked.goto(`${address}/play/${search}`);
  await linked.waitForFunction(() => document.getElementById("status").textContent.startsWith("Drawn"));
  return look(linked);
};
seen.link = { search: new URL(page.url()).search, same: (await drawn(new URL(page.url()).search)) === (await look(page)), other: (await drawn("?model=nothing&seed=x")) !== (await look(page)) };
seen.link.notes = await linked.$$eval("section[aria-labelledby=h-draw] .play-note", (notes) => notes.map(({ textContent }) => textContent));

const disk = await browser.newPage();
await disk.goto(`file://${folder}/site/play/index.html`);
seen.disk = await disk.locator("#from-disk").innerText();
seen.starting = await disk.isVisible("#status");

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

/** Puts a picture of rectangles, each a colour and its place on 300 x 150 pixels, on a pad. */
async function putPicture(pad, rectangles) {
  const picture = await page.evaluate((rectangles) => {
    const canvas = document.createElement("canvas");
    const context = canvas.getContext("2d");
    for (const [colour, ...place] of rectangles) {
      context.fillStyle = colour;
      context.fillRect(...place);
    }
    return canvas.toDataURL().split(",")[1];
  }, rectangles);
  await page.setInputFiles(`${pad} input[type=file]`, { name: "a.png", mimeType: "image/png", buffer: Buffer.from(picture, "base64") });
  await settled();
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
