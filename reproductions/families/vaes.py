"""The VAEs that models with a flow are compared with: options, and the model that they make."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Literal

from reproductions.families import flows
from reproductions.harness.errors import UsageError
from reproductions.harness.options import option

if TYPE_CHECKING:
    from keras_gen.models import VAE

# Options that not every choice of another uses.
of_vaes = partial(option, only={"model": ("vae",)})
of_encoders = partial(option, only={"model": ("f_vae", "vae")})
of_class_priors = partial(option, only={"model": ("glow", "vae")})


@dataclass(frozen=True, kw_only=True)
class Configuration(flows.Configuration):
    """VAEs to compare with."""

    stages: int = of_encoders(
        2, "f-VAE: squeezes of encoder and decoder. VAE: how often they halve the size.", at_least=1
    )
    latent_dim: int = of_vaes(128, "VAE: dimension of the latents.", at_least=1)
    vae_networks: Literal["plain", "deep"] = of_vaes(
        "plain", "VAE: encoder and decoder; deep: 5x5 kernels with batch norm, the author's for faces of 64 pixels."
    )
    vae_width: int = of_vaes(16, "VAE: channels at half the image's size; they double as the size halves.", at_least=1)
    vae_variance: float = of_vaes(0.1, "VAE: variance of q(x|z), or where it begins.", above=0)
    trainable_variance: bool = of_vaes(True, "VAE: train the variance.")
    posterior_flows: int = of_vaes(
        0, "VAE: flows in its posterior, two for the post's equation 16; 0 for a Gaussian.", at_least=0
    )
    num_classes: int | None = of_class_priors(
        None,
        "Glow and VAE: classes, as many as the data set has, each with a prior of its own; none to ignore labels.",
        at_least=2,
    )


def check_stages(configuration: Configuration, image_shape: tuple[int, int, int]) -> None:
    """Checks that images of that shape can be halved often enough.

    Raises:
        UsageError: They cannot.
    """
    stages, (height, width, _) = configuration.stages, image_shape
    most = flows.halvings(height, width)
    if stages > most:
        raise UsageError(
            f"--stages={stages}: images of {height}x{width} can be halved {most} times; give fewer stages, or an "
            f"--image_size that {2**stages} divides"
        )


def vae(configuration: Configuration, image_shape: tuple[int, int, int], num_replicas: int) -> VAE:
    """The VAE, not yet compiled, for images of that shape.

    Raises:
        UsageError: As in `check_stages`, or the couplings of a posterior with flows cannot halve the latents.
    """
    import keras

    from keras_gen import layers, networks
    from keras_gen.models import VAE, FlowPosteriorVAE
    from keras_gen.networks import autoencoder

    c = configuration
    check_stages(c, image_shape)
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
        return VAE(encoder(c.seed), decoder, likelihood, seed=c.seed, num_classes=c.num_classes)
    if c.latent_dim % 2:
        raise UsageError(
            f"--latent_dim={c.latent_dim}: the couplings of --posterior_flows={c.posterior_flows} halve the latents; "
            "give an even number"
        )
    # mu_1 and sigma_1 have the seed's own encoder, the others seeds that no other run has.
    others = [encoder(c.seed + 1_000 * i) for i in range(1, c.posterior_flows + 1)]
    flow = networks.conditional_flow(others, width=c.latent_dim, seed=c.seed)
    return FlowPosteriorVAE(encoder(c.seed), decoder, flow, likelihood, seed=c.seed, num_classes=c.num_classes)
