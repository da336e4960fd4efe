"""Layers of flows: invertible maps with a known log-det, all of the one contract of `FlowLayer`."""

from keras_gen.layers.flows.act_norm import ActNorm
from keras_gen.layers.flows.bijector import FlowBijector
from keras_gen.layers.flows.chain import Chain
from keras_gen.layers.flows.channel_affine import ChannelAffine
from keras_gen.layers.flows.conditional_affine import ConditionalAffine
from keras_gen.layers.flows.coupling import AdditiveCoupling, AffineCoupling
from keras_gen.layers.flows.flow_layer import FlowLayer
from keras_gen.layers.flows.invertible_convolution import InvertibleConvolution
from keras_gen.layers.flows.multi_scale import MultiScale
from keras_gen.layers.flows.permutation import Permutation
from keras_gen.layers.flows.squeeze import Squeeze, Unsqueeze

__all__ = [
    "ActNorm",
    "AdditiveCoupling",
    "AffineCoupling",
    "Chain",
    "ChannelAffine",
    "ConditionalAffine",
    "FlowBijector",
    "FlowLayer",
    "InvertibleConvolution",
    "MultiScale",
    "Permutation",
    "Squeeze",
    "Unsqueeze",
]
