"""Measures of samples (on images and toys), codes and clusters, and bounds on networks."""

from keras_gen.metrics.aggregate_posterior import aggregate_posterior
from keras_gen.metrics.class_quality import ClassQuality
from keras_gen.metrics.clustering import clustering_scores
from keras_gen.metrics.features import ImageFeatures
from keras_gen.metrics.frechet import frechet_distance
from keras_gen.metrics.gaussianity import effective_rank, excess_kurtosis
from keras_gen.metrics.imagenet import imagenet_features
from keras_gen.metrics.inception import inception_features
from keras_gen.metrics.kept_features import kept_features
from keras_gen.metrics.kernel import kernel_distance
from keras_gen.metrics.linear_probe import linear_probe
from keras_gen.metrics.lipschitz import layer_norms, lipschitz_bound
from keras_gen.metrics.manifold import precision_recall
from keras_gen.metrics.maximum_mean_discrepancy import maximum_mean_discrepancy
from keras_gen.metrics.modes import mode_coverage
from keras_gen.metrics.neighbors import neighbor_accuracy, retrieval_precision
from keras_gen.metrics.quality import QualityAgainst, sample_quality
from keras_gen.metrics.sensitivity import accuracy, fast_gradient_sign, sensitivity
from keras_gen.metrics.sharpness import sharpness
from keras_gen.metrics.trained_features import lenet_features

__all__ = [
    "ClassQuality",
    "ImageFeatures",
    "QualityAgainst",
    "accuracy",
    "aggregate_posterior",
    "clustering_scores",
    "effective_rank",
    "excess_kurtosis",
    "fast_gradient_sign",
    "frechet_distance",
    "imagenet_features",
    "inception_features",
    "kept_features",
    "kernel_distance",
    "layer_norms",
    "lenet_features",
    "linear_probe",
    "lipschitz_bound",
    "maximum_mean_discrepancy",
    "mode_coverage",
    "neighbor_accuracy",
    "precision_recall",
    "retrieval_precision",
    "sample_quality",
    "sharpness",
    "sensitivity",
]
