"""The flow of a posterior that depends on an image: flows of vectors between affine maps by encoders."""

from collections.abc import Sequence

import keras
from keras import layers

from keras_gen.checks import check_counts, check_defined
from keras_gen.errors import InputError
from keras_gen.layers import flows
from keras_gen.networks import initializers


def conditional_flow(
    encoders: Sequence[keras.Model], depth: int = 2, width: int = 256, seed: int = 0, name: str = "conditional_flow"
) -> flows.Chain:
    """A built flow of vectors [n, latent_dim], conditional on images x, as in the post's equation 16.

        v -> sigma_(i+1)(x) F_i(v) + mu_(i+1)(x),   i = 1, 2, ... in turn

    The encoders give sigma_2 and mu_2, sigma_3 and mu_3 and so on; sigma_1 and mu_1 are the model's own. F_i has
    `depth` permutations and affine couplings with one hidden layer each, which begin as the identity.

    Args:
        encoders: For each of them a network from images to a list of two vectors, mu(x) and log sigma(x)², each
            [batch, latent_dim]: for example `keras_gen.networks.autoencoder.encoder`.
        depth: Couplings of each F_i.
        width: Units inside a coupling's network.
        seed: Seed of the initial weights.
        name: Name of the flow; flows of different names start differently.

    Raises:
        InputError: There is no encoder, an encoder gives no two vectors of an even number of elements, encoders differ
            in what they take or give, or a number is below 1.
    """
    check_counts(depth=depth, width=width)
    if isinstance(encoders, keras.Model):
        raise InputError("encoders is one network; give a list, with one for each sigma_i and mu_i")
    encoders = list(encoders)
    if not encoders:
        raise InputError("encoders is empty; give one for each sigma_i and mu_i")
    check_defined(**{f"encoders[{i}]": encoder for i, encoder in enumerate(encoders)})
    given = {tuple(output.shape[1:]) for encoder in encoders for output in encoder.outputs}
    if len(given) > 1 or any(len(encoder.outputs) != 2 for encoder in encoders) or len(*given) != 1:
        shapes = [[tuple(output.shape[1:]) for output in encoder.outputs] for encoder in encoders]
        raise InputError(f"the encoders give {shapes}; each must give a mean and a log variance, vectors of one size")
    taken = [tuple(encoder.input_shape[1:]) for encoder in encoders]
    if len(set(taken)) > 1:
        raise InputError(f"the encoders take {taken}; they must take images of one shape")
    ((latent_dim,),) = given
    if latent_dim % 2:
        raise InputError(f"latent_dim={latent_dim}: the couplings halve it, so it must be even")
    seeds = initializers.seeds(name, seed)
    links: list[flows.FlowLayer] = []
    for i, encoder in enumerate(encoders):
        place = f"{name}_{i}"
        for j in range(depth):
            network = _coupling_network(latent_dim // 2, width, next(seeds), f"{place}_network_{j}")
            links.append(flows.Permutation(next(seeds), name=f"{place}_permutation_{j}"))
            links.append(flows.AffineCoupling(network, name=f"{place}_coupling_{j}"))
        moments = keras.Model(encoder.inputs, layers.Concatenate(dtype="float32")(encoder.outputs))
        links.append(flows.ConditionalAffine(moments, name=f"{place}_affine"))
    flow = flows.Chain(links, name=name)
    flow.build((None, latent_dim))
    return flow


def _coupling_network(half: int, width: int, seed: int, name: str) -> keras.Model:
    """From one half [batch, half] to the other's scale and shift [batch, 2 half], initially 0."""
    x = keras.Input((half,))
    hidden = layers.Dense(width, "relu", kernel_initializer=keras.initializers.HeNormal(seed))(x)
    return keras.Model(x, layers.Dense(2 * half, dtype="float32", kernel_initializer="zeros")(hidden), name=name)
