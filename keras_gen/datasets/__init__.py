"""Images for training and evaluation: `load` a data set by name, then draw `batches` from it; `draws` for toys."""

from keras_gen.datasets.batching import batch_numbers, batches
from keras_gen.datasets.draws import draws
from keras_gen.datasets.images import Images
from keras_gen.datasets.registry import load, names

__all__ = ["Images", "batch_numbers", "batches", "draws", "load", "names"]
