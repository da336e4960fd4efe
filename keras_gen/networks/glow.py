"""Glow's flow with its coupling networks (Kingma and Dhariwal 2018, arXiv 1807.03039)."""

from collections.abc import Iterator, Sequence

from keras_gen.checks import check_choice, check_counts, check_map_shape
from keras_gen.errors import InputError
from keras_gen.layers import flows
from keras_gen.layers.flows.bounded_scale import SCALES
from keras_gen.networks import initializers
from keras_gen.networks.coupling import INITIALIZERS, coupling_network, prior_network

Shape = tuple[int, ...]  # (height, width, channels)
COUPLINGS = ("additive", "affine")
MIXINGS = ("permutation", "convolution")


def glow(
    shape: Shape,
    depths: Sequence[int],
    width: int = 512,
    coupling: str = "additive",
    mixing: str = "permutation",
    act_norm_from_data: bool = False,
    squeeze_first: bool = True,
    initializer: str = "he_normal",
    scale: str = "exp_tanh",
    seed: int = 0,
    name: str = "glow",
) -> flows.MultiScale:
    """A built flow from images or maps [n, height, width, channels] to [n, dimensions].

    Each level squeezes, makes steps of act norm, mixing and coupling, and then sets half of its channels aside,
    normalised given the other half. The last level ends with an act norm instead.

    Args:
        shape: (height, width, channels).
        depths: Number of steps of each level.
        width: Channels inside the coupling networks.
        coupling: `additive` or `affine`.
        mixing: `permutation`, fixed and random, or `convolution`, 1x1 and learned.
        act_norm_from_data: Whether act norm is initialised from the first batch.
        squeeze_first: Whether the first level begins with a squeeze.
        initializer: Of the couplings' networks: `he_normal`, or `glorot_uniform`.
        scale: Of affine couplings; see `flows.AffineCoupling`. Glow's own, `sigmoid`, can come close to 0, and the
            inverse of a deep flow then overflows on draws from N(0, I).
        seed: Seed of the initial weights and of the permutations.
        name: Name of the flow; flows of different names start differently.

    Raises:
        InputError: A number is not whole or below 1, there is no such coupling, mixing or scale, or height or
            width cannot be halved once per squeeze.
    """
    check_map_shape("shape", shape)
    check_counts(levels=len(depths), width=width, **{f"depths[{i}]": depth for i, depth in enumerate(depths)})
    check_choice("coupling", coupling, COUPLINGS)
    check_choice("mixing", mixing, MIXINGS)
    check_choice("initializer", initializer, tuple(INITIALIZERS))
    check_choice("scale", scale, SCALES)
    seeds = initializers.seeds(name, seed)
    levels, first_shape = [], shape
    for i, depth in enumerate(depths):
        place = f"{name}_level_{i}"
        layers: list[flows.FlowLayer] = []
        if i > 0 or squeeze_first:
            squeeze = flows.Squeeze(name=f"{place}_squeeze")
            squeeze.build((None, *shape))
            shape = squeeze.transformed_shape(shape)
            layers.append(squeeze)
        if shape[-1] % 2:
            raise InputError(f"{place}: {shape[-1]} channels have no halves; squeeze first, or give an even number")
        for j in range(depth):
            layers += _step(
                shape,
                width,
                coupling,
                mixing,
                act_norm_from_data,
                initializer,
                scale,
                seeds,
                f"{place}_step_{j}",
            )
        if i + 1 < len(depths):
            shape = (*shape[:-1], shape[-1] // 2)
            prior = prior_network(shape, 2 * shape[-1], f"{place}_prior_network")
            layers.append(flows.AffineCoupling(prior, name=f"{place}_prior"))
        else:
            layers.append(flows.ActNorm(act_norm_from_data, name=f"{place}_prior"))
        levels.append(flows.Chain(layers, name=place))
    flow = flows.MultiScale(levels, name=name)
    flow.build((None, *first_shape))
    return flow


def _step(
    shape: Shape,
    width: int,
    coupling: str,
    mixing: str,
    act_norm_from_data: bool,
    initializer: str,
    scale: str,
    seeds: Iterator[int],
    name: str,
) -> list[flows.FlowLayer]:
    """Act norm, mixing and coupling of maps of this shape."""
    channels = shape[-1] // 2
    outputs = channels if coupling == "additive" else 2 * channels
    mix = flows.Permutation if mixing == "permutation" else flows.InvertibleConvolution
    network = coupling_network((*shape[:-1], channels), outputs, width, next(seeds), f"{name}_network", initializer)
    return [
        flows.ActNorm(act_norm_from_data, name=f"{name}_act_norm"),
        mix(next(seeds), name=f"{name}_{mixing}"),
        flows.AdditiveCoupling(network, name=f"{name}_coupling")
        if coupling == "additive"
        else flows.AffineCoupling(network, scale, name=f"{name}_coupling"),
    ]
