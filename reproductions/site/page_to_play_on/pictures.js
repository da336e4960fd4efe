// Pixels in [-1, 1] on canvases, and back.

/** Shows the image of a number in a batch, flat float32 [n, height, width, 1 or 3]. */
export function show(canvas, data, [height, width, channels], number = 0) {
  const image = new ImageData(width, height);
  const start = number * height * width * channels;
  for (let i = 0; i < height * width; i++) {
    for (let c = 0; c < 3; c++) {
      const value = data[start + i * channels + (channels === 3 ? c : 0)];
      image.data[4 * i + c] = Math.round((Math.min(1, Math.max(-1, value)) + 1) * 127.5);
    }
    image.data[4 * i + 3] = 255;
  }
  canvas.width = width;
  canvas.height = height;
  canvas.classList.toggle("play-small", width < 64);
  canvas.getContext("2d").putImageData(image, 0, 0);
}

/** The pixels of a canvas, flat float32 [1, height, width, channels]; grey is the mean of the colours. */
export function pixelsOf(canvas, channels) {
  const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
  const pixels = new Float32Array((data.length / 4) * channels);
  for (let i = 0; i < data.length / 4; i++) {
    const colours = data.slice(4 * i, 4 * i + 3);
    if (channels === 3) colours.forEach((value, c) => (pixels[3 * i + c] = value / 127.5 - 1));
    else pixels[i] = (colours[0] + colours[1] + colours[2]) / 3 / 127.5 - 1;
  }
  return pixels;
}

/** An element with attributes and children. */
export function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name in element && name !== "list") element[name] = value;
    else element.setAttribute(name, value);
  }
  element.append(...children);
  return element;
}
