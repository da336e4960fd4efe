"""Images for training and evaluation: `load` a data set by name, then draw `batches` from it; `draws` for toys."""

from keras_gen.datasets.batching import batches
from keras_gen.datasets.draws import draws
from keras_gen.datasets.images import Images
from keras_gen.datasets.registry import load, names

__all__ = ["Images", "batches", "draws", "load", "names"]
