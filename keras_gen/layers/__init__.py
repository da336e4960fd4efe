"""Layers that Keras does not have, or has otherwise."""

from keras_gen.keras_privates import BatchNormalization
from keras_gen.layers import flows, likelihoods, strided
from keras_gen.layers.conditional_batch_normalization import ConditionalBatchNormalization
from keras_gen.layers.likelihoods import BernoulliLikelihood, GaussianLikelihood, Likelihood
from keras_gen.layers.spectral_normalization import SpectralNormalization
from keras_gen.layers.unit_scale_batch_normalization import UnitScaleBatchNormalization

__all__ = [
    "BatchNormalization",
    "BernoulliLikelihood",
    "ConditionalBatchNormalization",
    "GaussianLikelihood",
    "Likelihood",
    "SpectralNormalization",
    "UnitScaleBatchNormalization",
    "flows",
    "likelihoods",
    "strided",
]
