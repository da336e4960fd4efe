"""The VAEs that models with a flow are compared with: options, and the model that they make."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from reproductions.families import flows
from reproductions.harness.options import option

if TYPE_CHECKING:
    from keras_gen.models import VAE


@dataclass(frozen=True, kw_only=True)
class Configuration(flows.Configuration):
    """VAEs to compare with."""

    stages: int = option(2, "f-VAE: squeezes of encoder and decoder. VAE: how often they halve the size.", at_least=1)
    latent_dim: int = option(128, "VAE: dimension of the latents.", at_least=1)
    vae_networks: Literal["plain", "deep"] = option(
        "plain", "VAE: encoder and decoder; deep: 5x5 kernels with batch norm, the author's for faces of 64 pixels."
    )
    vae_width: int = option(16, "VAE: channels at half the image's size; they double as the size halves.", at_least=1)
    vae_variance: float = option(0.1, "VAE: variance of q(x|z), or where it begins.", above=0)
    trainable_variance: bool = option(True, "VAE: train the variance.")
    posterior_flows: int = option(
        0, "VAE: flows in its posterior, two for the post's equation 16; 0 for a Gaussian.", at_least=0
    )


def vae(configuration: Configuration, image_shape: tuple[int, int, int], num_replicas: int) -> VAE:
    """The VAE, not yet compiled, for images of that shape."""
    import keras

    from keras_gen import layers, networks
    from keras_gen.models import VAE, FlowPosteriorVAE
    from keras_gen.networks import autoencoder

    c = configuration
    widths = [c.vae_width * 2**i for i in range(c.stages)]

    def encoder(seed: int) -> keras.Model:
        if c.vae_networks == "plain":
            return autoencoder.encoder(image_shape, c.latent_dim, widths, seed)
        return autoencoder.deep_encoder(image_shape, c.latent_dim, widths, num_replicas > 1, seed)

    if c.vae_networks == "plain":
        decoder = autoencoder.decoder(image_shape, c.latent_dim, widths, seed=c.seed)
    else:
        decoder = autoencoder.deep_decoder(image_shape, c.latent_dim, widths, num_replicas > 1, c.seed)
    likelihood = layers.GaussianLikelihood(c.vae_variance, c.trainable_variance)
    if not c.posterior_flows:
        return VAE(encoder(c.seed), decoder, likelihood, seed=c.seed)
    # mu_1 and sigma_1 have the seed's own encoder, the others seeds that no other run has.
    others = [encoder(c.seed + 1_000 * i) for i in range(1, c.posterior_flows + 1)]
    flow = networks.conditional_flow(others, width=c.flow_width, seed=c.seed)
    return FlowPosteriorVAE(encoder(c.seed), decoder, flow, likelihood, seed=c.seed)
