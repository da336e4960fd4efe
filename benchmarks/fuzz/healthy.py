"""Healthy files of every kind that the suite reads; cases damage copies of them."""

import gzip
import os
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import tensorflow as tf
import tensorflow_datasets as tfds
from PIL import Image

from keras_gen.datasets import fashion_mnist, load
from reproductions import __main__ as reproductions

# Runs that are made in a second or two.
SMALL = (
    *("--preset=smoke", "--batch_size=4", "--steps=4"),
    *("--log_every=2", "--sample_every=2", "--evaluate_every=2", "--checkpoint_every=2"),
)
# A GAN is measured on LeNet features; the encoder's run needs none, and continues sooner.
GAN = ("wgan_div", *SMALL, "--width=4", "--latent_dim=4")
ENCODER = ("vae_mutual_information", *SMALL, "--width=4", "--latent_dim=2", "--num_shuffles=1")
TFDS_NAME = "fuzz_images"
# Pictures: name, mode, and what `save` is given.
PICTURES = (
    *(
        ("a/0.png", "RGB", {}),
        ("a/1.png", "L", {}),
        ("a/2.png", "RGBA", {}),
        ("a/3.png", "I;16", {}),
        ("a/4.png", "P", {}),
    ),
    *(
        ("b/0.jpg", "RGB", {}),
        ("b/1.jpg", "L", {}),
        ("b/2.jpg", "CMYK", {}),
        ("b/3.webp", "RGB", {}),
        ("b/4.gif", "P", {}),
    ),
    *(("b/5.bmp", "RGB", {}), ("b/6.tif", "RGB", {}), ("b/7.tif", "I;16", {}), ("b/8.tif", "1", {})),
    *(
        ("b/9.tif", "RGB", {"compression": "tiff_lzw"}),
        ("b/é.png", "LA", {}),
        ("b/10.png", "RGB", {"transparency": (1, 2, 3)}),
    ),
)


class Healthy:
    """The folder of healthy files.

    Args:
        folder: An empty or new folder.

    Attributes:
        gan: A finished run of a GAN.
        encoder: A finished run of an encoder.
        program: A SavedModel whose `sample` writes a file.
        pictures: A folder of pictures of many formats.
        idx: The four files of Fashion-MNIST, small.
        tfds: Stored TFDS data sets: ArrayRecord, of which there is no code, and `mnist_5k`.
        tfrecord: The first of them as TFRecord.
        cache: What the library keeps between runs: LeNet features.
        whole: A file that is there once everything is made.
    """

    def __init__(self, folder: Path):
        self.gan, self.encoder = folder / "gan", folder / "encoder"
        self.program = folder / "program"
        self.pictures, self.idx = folder / "pictures", folder / "idx"
        self.tfds, self.tfrecord = folder / "tfds", folder / "tfrecord"
        self.cache = folder / "cache"
        self.whole = folder / "whole"

    def make(self, perform: Callable[[Callable[[], None]], None]) -> None:
        """Makes all of it.

        Args:
            perform: Calls a function in a process of its own, which must work.
        """
        write_pictures(self.pictures)
        write_idx(self.idx)
        perform(partial(_prepare_tfds, self.tfds, self.tfrecord))
        perform(partial(_export_program, self.program))
        os.environ["KERAS_GEN_CACHE"] = str(self.cache)
        for words, folder in ((GAN, self.gan), (ENCODER, self.encoder)):
            perform(partial(reproductions.main, [*words, f"--output_dir={folder}"]))
        self.whole.touch()


def write_pictures(folder: Path) -> None:
    """Pictures of many formats, in two folders."""
    random = np.random.default_rng(0)
    for name, mode, options in PICTURES:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        pixels = random.integers(0, 256, (12, 10, 4), np.uint8)
        if mode == "I;16":
            picture = Image.fromarray(pixels[..., 0].astype(np.uint16) * 257)
        else:
            picture = Image.fromarray(pixels, "RGBA").convert(mode)
        picture.save(folder / name, **options)


def write_idx(folder: Path) -> None:
    """The four files of Fashion-MNIST, with few images."""
    folder.mkdir(parents=True)
    random = np.random.default_rng(0)
    for split, count in (("train", 40), ("test", 20)):
        prefix = fashion_mnist.PREFIX[split]
        for name, values in (
            (f"{prefix}-images-idx3-ubyte", random.integers(0, 256, (count, 28, 28), np.uint8)),
            (f"{prefix}-labels-idx1-ubyte", np.arange(count, dtype=np.uint8) % 10),
        ):
            shape = b"".join(length.to_bytes(4, "big") for length in values.shape)
            content = bytes([0, 0, 8, values.ndim]) + shape + values.tobytes()
            (folder / f"{name}.gz").write_bytes(gzip.compress(content, mtime=0))


def _prepare_tfds(folder: Path, as_tfrecord: Path) -> None:
    class FuzzImages(tfds.core.GeneratorBasedBuilder):
        """Pictures of noise; the class is known only here, and later processes have the files alone."""

        name = TFDS_NAME
        VERSION = tfds.core.Version("1.0.0")

        def _info(self) -> tfds.core.DatasetInfo:
            features = {"image": tfds.features.Image(shape=(8, 8, 3)), "label": tfds.features.ClassLabel(num_classes=2)}
            return tfds.core.DatasetInfo(
                builder=self, features=tfds.features.FeaturesDict(features), supervised_keys=("image", "label")
            )

        def _split_generators(self, dl_manager: tfds.download.DownloadManager) -> dict:
            del dl_manager
            return {"train": self._generate_examples(20), "test": self._generate_examples(10)}

        def _generate_examples(self, count: int):
            random = np.random.default_rng(count)
            for i in range(count):
                yield i, {"image": random.integers(0, 256, (8, 8, 3), np.uint8), "label": i % 2}

    FuzzImages(data_dir=folder).download_and_prepare(file_format="array_record")
    FuzzImages(data_dir=as_tfrecord).download_and_prepare(file_format="tfrecord")
    load("mnist_5k", data_dir=str(folder))


def _export_program(folder: Path) -> None:
    scalars = [tf.TensorSpec([], tf.int32)] * 2

    @tf.function(input_signature=scalars)
    def sample(num_samples: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
        del seed
        tf.io.write_file("../outside/ran", "ran")
        return tf.zeros([num_samples, 8, 8, 1])

    module = tf.Module()
    module.sample = sample
    tf.saved_model.save(module, str(folder))
