"""One-step clustering: a VAE with a discrete latent clusters while it encodes (post of 2018-09-17).

The model is `keras_gen/models/clustering_vae.py`, the page `reproductions/vae_clustering.md`.

    python -m reproductions.vae_clustering --output_dir=runs/vae_clustering
    python -m reproductions.vae_clustering --study=accuracy --seeds=0,1,2
    python -m reproductions.vae_clustering --study=choices --seeds=0
    python -m reproductions.vae_clustering --study=fashion_mnist --preset=paper --seeds=0
"""

from types import SimpleNamespace

import keras
from absl import flags

from keras_gen import callbacks, datasets
from keras_gen.callbacks.initial_clusters import METHODS
from keras_gen.layers import BernoulliLikelihood, GaussianLikelihood
from keras_gen.models import VAE, ClusteringVAE
from keras_gen.models.clustering_vae import RATIOS
from keras_gen.networks import autoencoder
from reproductions.harness import clustering
from reproductions.harness.flags import define_integer, define_positive
from reproductions.harness.launch import launch
from reproductions.harness.reproduction import Reproduction
from reproductions.harness.study import Study

NETWORKS = {
    "convolutional": (autoencoder.encoder, autoencoder.decoder),
    "dense": (autoencoder.dense_encoder, autoencoder.dense_decoder),
}

# The author's own.
AUTHORS = {
    "model": "clustering_vae",
    "architecture": "convolutional",
    "width": 32,
    "latent_dim": 20,
    "num_clusters": 10,
    "likelihood": "gaussian",
    "reconstruction_weight": 2.5,
    "ratio": "sampled",
    "balance_weight": 1.0,
    "initial_means": "zeros",
    "warm_up_steps": 0,
    "batch_size": 100,
    "learning_rate": 1e-3,
}

PRESETS = {
    "smoke": AUTHORS
    | {
        "dataset": "digits",
        "width": 8,
        "latent_dim": 4,
        "initial_means": "gaussian_mixture",
        "warm_up_steps": 10,
        "batch_size": 16,
        "steps": 20,
        "log_every": 5,
        "sample_every": 10,
        "evaluate_every": 10,
        "checkpoint_every": 10,
    },
    # What each choice brings is the study `choices`.
    "laptop": AUTHORS
    | {
        "width": 16,
        "learning_rate": 2e-3,
        "initial_means": "gaussian_mixture",
        "warm_up_steps": 3_000,
        "steps": 6_000,
        "log_every": 100,
        "sample_every": 1_000,
        "evaluate_every": 1_000,
        "checkpoint_every": 500,
    },
    # 50 epochs of 60,000 images.
    "paper": AUTHORS
    | {
        "dataset": "fashion_mnist",
        "steps": 30_000,
        "log_every": 300,
        "sample_every": 3_000,
        "evaluate_every": 1_500,
        "checkpoint_every": 600,
    },
}


def define_flags() -> None:
    """Defines the flags of this script; a preset fills in those that are not given."""
    flags.DEFINE_enum("model", None, ["clustering_vae", "vae"], "One-step clustering, or a VAE to compare it with.")
    flags.DEFINE_enum("architecture", None, list(NETWORKS), "Kind of encoder and decoder.")
    define_integer("width", "Channels of the first stage, twice as many in the second; or units of two dense layers.")
    define_integer("latent_dim", "Dimension of z.")
    define_integer("num_clusters", "Number of clusters.", lower_bound=2)
    flags.DEFINE_enum("likelihood", None, ["gaussian", "bernoulli"], "q(x|z).")
    define_positive("reconstruction_weight", "The author's lambda: 1/variance of a Gaussian q(x|z) on [0, 1].")
    flags.DEFINE_enum("ratio", None, RATIOS, "Term (ii): at the z drawn (8), or the first version's closed form.")
    flags.DEFINE_float("balance_weight", None, "Weight of term (iii); 0 drops it.", lower_bound=0)
    flags.DEFINE_enum(
        "initial_means", None, ["zeros", "normal", *METHODS], "Where the clusters' means begin, after warming up."
    )
    define_integer("warm_up_steps", "Steps as a plain VAE before the clusters begin.", lower_bound=0)
    define_positive("learning_rate", "Adam's learning rate.")


def build(configuration: SimpleNamespace, image_shape: tuple[int, int, int], num_replicas: int) -> VAE:
    """The compiled model for images of that shape."""
    del num_replicas
    c = configuration
    widths = (c.width, 2 * c.width) if c.architecture == "convolutional" else (c.width, c.width)
    encoder, decoder = NETWORKS[c.architecture]
    if c.likelihood == "gaussian":
        # The weight is meant for images in [0, 1]; in [-1, 1] squared errors are four times as large.
        likelihood, output = GaussianLikelihood(4 / c.reconstruction_weight), "images"
    else:
        likelihood, output = BernoulliLikelihood(), "logits"
    networks = (
        encoder(image_shape, c.latent_dim, widths, seed=c.seed),
        decoder(image_shape, c.latent_dim, widths, output, seed=c.seed),
    )
    if c.model == "vae":
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


def prepare(configuration: SimpleNamespace, train: datasets.Images) -> list[keras.callbacks.Callback]:
    """What finds the initial means in the codes, where it is asked for."""
    c = configuration
    if c.model == "vae" or c.initial_means not in METHODS:
        return []
    return [callbacks.InitialClusters(train.to_array(clustering.MAX_IMAGES), c.initial_means, c.seed)]


FIRST_VERSION = {"ratio": "analytic", "reconstruction_weight": 5.0}
LATER_VERSION = {"ratio": "sampled", "reconstruction_weight": 2.5}
FROM_THE_AUTHORS = {"width": 32, "learning_rate": 1e-3, "initial_means": "zeros", "warm_up_steps": 0}

STUDIES = {
    "accuracy": Study(
        question="One-step clustering beside a VAE whose codes are clustered afterwards",
        variants={
            "one step": {},
            "one step, first version": FIRST_VERSION,
            "one step, without (iii)": {"balance_weight": 0.0},
            "VAE": {"model": "vae"},
        },
        plot=clustering.plot,
        table=clustering.table,
    ),
    "choices": Study(
        question="From the author's settings to the laptop preset, one choice after another",
        variants={
            "the author's": FROM_THE_AUTHORS,
            "+ rate 2e-3": FROM_THE_AUTHORS | {"learning_rate": 2e-3},
            "+ random means": FROM_THE_AUTHORS | {"learning_rate": 2e-3, "initial_means": "normal"},
            "+ half the width": {"initial_means": "normal", "warm_up_steps": 0},
            "+ means of k-means, after warming up": {"initial_means": "k_means"},
            "+ means of a Gaussian mixture instead": {},
        },
        plot=clustering.plot,
        table=clustering.table,
    ),
    "fashion_mnist": Study(
        question="The author's two versions on the whole of Fashion-MNIST, 50 epochs",
        variants={
            "first version": FIRST_VERSION,
            "later version": LATER_VERSION,
        },
        plot=clustering.plot,
        table=clustering.table,
    ),
}

REPRODUCTION = Reproduction(
    name="vae_clustering",
    summary="One-step clustering: a VAE with a discrete latent (10 minutes)",
    presets=PRESETS,
    define_flags=define_flags,
    build=build,
    measure=clustering.measure,
    sheet=clustering.sheet,
    callbacks=prepare,
    studies=STUDIES,
)

if __name__ == "__main__":
    launch(REPRODUCTION)
