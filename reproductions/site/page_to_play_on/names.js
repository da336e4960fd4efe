// Models and data sets by the names that people give them.

const KINDS = {
  deep_infomax: "Deep InfoMax",
  f_gan: "f-GAN",
  f_vae: "f-VAE",
  gan: "GAN",
  glow: "Glow",
  rsgan: "RSGAN",
  spectral_norm: "spectral norm",
  vae: "VAE",
  vae_mutual_information: "mutual information",
  wgan_div: "WGAN-div",
  wgan_gp: "WGAN-GP",
};
const DATA = { celeba: "CelebA", cifar10: "CIFAR-10", digits: "digits", fashion_mnist: "Fashion-MNIST", mnist: "MNIST" };

/** "Faces, WGAN-div" of a model that is called faces_wgan_div. */
export function nameOf({ name }) {
  const kindOf = (words) => KINDS[words] ?? words.replaceAll("_", " ");
  const [, of, kind] = name in KINDS ? [] : (/^([a-z]+)_(.+)$/.exec(name) ?? []);
  const title = kind ? `${of}, ${kindOf(kind)}` : kindOf(name);
  return `${title[0].toUpperCase()}${title.slice(1)}`;
}

/** "Faces, WGAN-div (CelebA)". */
export function titleOf(model) {
  return `${nameOf(model)} (${dataOf(model.data)})`;
}

/** "CelebA" of celeba_10000; with `count`, "CelebA, 10,000 images". */
export function dataOf(data, count = false) {
  const [, name, number, thousands] = /^(?:\w+:)?(.+?)(?:_(\d+)(k?))?$/.exec(data);
  const images = Number(number) * (thousands ? 1000 : 1);
  return `${DATA[name] ?? name.replaceAll("_", " ")}${count && number ? `, ${images.toLocaleString("en")} images` : ""}`;
}
