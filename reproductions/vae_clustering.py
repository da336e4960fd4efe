"""One-step clustering: a VAE with a discrete latent clusters while it encodes (post of 2018-09-17).

The model is `keras_gen/models/clustering_vae.py`, the page `reproductions/vae_clustering.md`.

    python -m reproductions.vae_clustering --output_dir=runs/vae_clustering
    python -m reproductions.vae_clustering --study=mnist
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from reproductions.families import clustering, initial_clusters
from reproductions.families.clustering import of_clusters, of_one_step, of_vaes
from reproductions.harness import configuration as every_run
from reproductions.harness.launch import launch
from reproductions.harness.options import option
from reproductions.harness.reproduction import Reproduction
from reproductions.reporting import run_report
from reproductions.studies import choices, one_step, versions

if TYPE_CHECKING:
    from keras_gen.models import ReproducibleModel


@dataclass(frozen=True, kw_only=True)
class Configuration(clustering.Configuration):
    """One-step clustering, and what it is compared with."""

    model: Literal["clustering_vae", "vae", "dec"] = option("clustering_vae", "One step, a VAE, or deep embedding.")
    architecture: Literal["convolutional", "dense"] = option("convolutional", "Kind of encoder and decoder.")
    width: int = option(32, "Channels of the first of two stages, the second has twice; or dense units.", at_least=1)
    latent_dim: int = option(20, "Dimension of z.", at_least=1)
    likelihood: Literal["gaussian", "bernoulli"] = of_vaes("gaussian", "q(x|z).")
    reconstruction_weight: float = of_vaes(2.5, "The author's lambda: 1/variance of q(x|z) on [0, 1].", above=0)
    ratio: Literal["sampled", "analytic"] = of_one_step("sampled", "Term (ii): at z (8), or in closed form.")
    balance_weight: float = of_one_step(1.0, "Weight of term (iii); 0 drops it.", at_least=0)
    initial_means: Literal["zeros", "normal", "k_means", "gaussian_mixture"] = of_clusters(
        "zeros", "Where the clusters' means begin, after warming up."
    )
    warm_up_steps: int = of_clusters(0, "Steps as a plain VAE, or autoencoder, before the clusters begin.", at_least=0)
    learning_rate: float = option(1e-3, "Adam's learning rate.", above=0)


PRESETS = {
    "smoke": Configuration(
        **every_run.SMOKE, width=8, latent_dim=4, initial_means="gaussian_mixture", warm_up_steps=10
    ),
    # What each choice brings is the study `choices`.
    "laptop": Configuration(
        width=16,
        batch_size=100,
        learning_rate=2e-3,
        initial_means="gaussian_mixture",
        warm_up_steps=3_000,
        steps=6_000,
        sample_every=1_000,
        evaluate_every=1_000,
    ),
    # The author's own: 50 epochs of 60,000 images.
    "paper": Configuration(
        dataset="fashion_mnist",
        batch_size=100,
        steps=30_000,
        log_every=300,
        sample_every=3_000,
        evaluate_every=1_500,
        checkpoint_every=600,
    ),
}


def build(configuration: Configuration, image_shape: tuple[int, int, int], num_replicas: int) -> ReproducibleModel:
    """The compiled model for images of that shape."""
    import keras

    from keras_gen.layers import BernoulliLikelihood, GaussianLikelihood
    from keras_gen.models import VAE, ClusteringVAE, DeepEmbeddedClustering
    from keras_gen.networks import autoencoder

    c = configuration
    if c.architecture == "convolutional":
        encoder, decoder, widths = autoencoder.encoder, autoencoder.decoder, (c.width, 2 * c.width)
    else:
        encoder, decoder, widths = autoencoder.dense_encoder, autoencoder.dense_decoder, (c.width, c.width)
    if c.likelihood == "gaussian":
        # The weight is meant for images in [0, 1]; in [-1, 1] squared errors are four times as large.
        likelihood, output = GaussianLikelihood(4 / c.reconstruction_weight), "images"
    else:
        likelihood, output = BernoulliLikelihood(), "logits"
    networks = (
        encoder(image_shape, c.latent_dim, widths, seed=c.seed),
        decoder(image_shape, c.latent_dim, widths, output, seed=c.seed),
    )
    if c.model == "dec":
        code = keras.Model(networks[0].input, networks[0].outputs[0], name="encoder")
        model = DeepEmbeddedClustering(code, networks[1], c.num_clusters, c.warm_up_steps, seed=c.seed)
    elif c.model == "vae":
        model = VAE(*networks, likelihood, seed=c.seed)
    else:
        model = ClusteringVAE(
            *networks,
            autoencoder.classifier(c.latent_dim, c.num_clusters, seed=c.seed),
            likelihood,
            ratio=c.ratio,
            balance_weight=c.balance_weight,
            means_initializer=keras.initializers.RandomNormal(0, 1, c.seed) if c.initial_means == "normal" else "zeros",
            warm_up_steps=c.warm_up_steps,
            seed=c.seed,
        )
    model.compile(keras.optimizers.Adam(c.learning_rate))
    return model


REPRODUCTION = Reproduction(
    name="vae_clustering",
    minutes=10,
    summary="One-step clustering: a VAE with a discrete latent",
    presets=PRESETS,
    build=build,
    measure=clustering.measure,
    sheet=clustering.sheet,
    callbacks=initial_clusters.callbacks,
    report=run_report.write,
    studies={
        "accuracy": one_step.STUDY,
        "choices": choices.STUDY,
        "mnist": versions.MNIST,
        "fashion_mnist": versions.FASHION_MNIST,
    },
)

if __name__ == "__main__":
    launch(REPRODUCTION)
