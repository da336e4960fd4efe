"""Measures of sample quality, on features of images."""

from keras_gen.metrics.features import ImageFeatures
from keras_gen.metrics.frechet import frechet_distance
from keras_gen.metrics.inception import inception_features
from keras_gen.metrics.kernel import kernel_distance
from keras_gen.metrics.manifold import precision_recall
from keras_gen.metrics.quality import sample_quality
from keras_gen.metrics.trained_features import lenet_features

__all__ = [
    "ImageFeatures",
    "frechet_distance",
    "inception_features",
    "kernel_distance",
    "lenet_features",
    "precision_recall",
    "sample_quality",
]
