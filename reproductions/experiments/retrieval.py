"""Do codes retrieve by meaning? Deep InfoMax beside encoders that reconstruct, one that is untrained, PCA and pixels.

All networks have the encoder of the script's preset, all codes but the pixels its size.
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from types import SimpleNamespace

import keras
import matplotlib
import numpy as np
from sklearn.decomposition import PCA

from keras_gen import datasets
from keras_gen.layers import GaussianLikelihood
from keras_gen.models import VAE
from keras_gen.networks import autoencoder
from reproductions.harness import codes, encoders, markdown, summary
from reproductions.harness.study import Experiment

matplotlib.use("Agg")
from matplotlib import pyplot as plt  # noqa: E402

METHODS = {
    "Deep InfoMax": {"method": "deep_infomax"},
    "global only": {"method": "deep_infomax", "beta": 0.0},
    "local only": {"method": "deep_infomax", "alpha": 0.0},
    "no prior": {"method": "deep_infomax", "gamma": 0.0},
    "prior ten times as heavy": {"method": "deep_infomax", "gamma": 0.01},
    "as in the author's code": {
        "method": "deep_infomax",
        "global_pairs": "code_code",
        "kl_reduction": "mean",
        "gamma": 0.01,
    },
    "untrained encoder": {"method": "untrained"},
    "autoencoder": {"method": "autoencoder"},
    "VAE": {"method": "vae"},
    "PCA": {"method": "pca"},
    "pixels": {"method": "pixels"},
}
DATASETS = ("mnist_5k", "fashion_mnist")


def study(build: Callable, presets: Mapping[str, Mapping]) -> Experiment:
    """The study of a script that builds Deep InfoMax from the settings of its presets."""

    def perform(settings: SimpleNamespace, data_dir: str | None) -> dict:
        train, test = (datasets.load(settings.dataset, split, None, data_dir) for split in ("train", "test"))
        encode, gaussian, seconds = encoder_of(settings, train, build)
        return {
            **codes.meaning(encode, train, test),
            **(codes.prior_match(gaussian, test) if gaussian else codes.moments(_codes(encode, test))),
            "seconds_per_step": seconds,
            "sheet": codes.neighbors_sheet(encode, test),
        }

    return Experiment(
        question="Neighbours and labels in codes that are made with and without reconstruction",
        settings={"smoke": dict(presets["smoke"]), "laptop": presets["laptop"] | {"steps": 1_200}},
        variants={
            f"{dataset}: {title}": {"dataset": dataset, **variant}
            for dataset in DATASETS
            for title, variant in METHODS.items()
        },
        perform=perform,
        table=table,
        plot=plot,
        timed=True,
    )


def encoder_of(
    settings: SimpleNamespace, train: datasets.Images, build: Callable
) -> tuple[codes.Encoder, Callable | None, float | None]:
    """What a method encodes with, what gives its Gaussian, if it has one, and the seconds of a training step."""
    match settings.method:
        case "pixels":
            return lambda images: images.reshape(len(images), -1), None, None
        case "pca":
            pixels = train.to_array(codes.MAX_REFERENCES)
            pca = PCA(settings.latent_dim, random_state=0)
            pca.fit(pixels.reshape(len(pixels), -1))
            return lambda images: pca.transform(images.reshape(len(images), -1)), None, None
        case "autoencoder":
            encode, seconds = _trained_autoencoder(settings, train)
            return encode, None, seconds
        case "untrained":
            encoder, seconds = encoders.encoder(settings, train.image_shape), None
        case "vae":
            model = vae(settings, train.image_shape, GaussianLikelihood(trainable_variance=True))
            encoder, seconds = model.encoder, _trained(settings, model, train)
        case "deep_infomax":
            model = build(settings, train.image_shape, 1)
            encoder, seconds = model.encoder, _trained(settings, model, train)

    def gaussian(images: np.ndarray) -> list:
        return encoder(images, training=False)[-2:]

    return lambda images: gaussian(images)[0], gaussian, seconds


def vae(settings: SimpleNamespace, image_shape: tuple[int, int, int], likelihood: GaussianLikelihood) -> VAE:
    """A compiled VAE with the encoder of the settings."""
    encoder, decoder = _networks(settings, image_shape)
    model = VAE(encoder, decoder, likelihood, seed=settings.seed)
    model.compile(keras.optimizers.Adam(settings.learning_rate))
    return model


def _networks(settings: SimpleNamespace, image_shape: tuple[int, int, int]) -> tuple[keras.Model, keras.Model]:
    encoder = encoders.encoder(settings, image_shape)
    widths = (settings.width, 2 * settings.width)
    return (
        keras.Model(encoder.input, encoder.outputs[-2:], name="encoder"),
        autoencoder.decoder(image_shape, settings.latent_dim, widths, seed=settings.seed),
    )


def _trained(settings: SimpleNamespace, model: keras.Model, train: datasets.Images) -> float:
    batches = datasets.batches(train, settings.batch_size, settings.seed)
    return encoders.train(model, batches, settings.steps)


def _trained_autoencoder(settings: SimpleNamespace, train: datasets.Images) -> tuple[codes.Encoder, float]:
    """The encoder's mean and the decoder, trained by the squared error alone."""
    encoder, decoder = _networks(settings, train.image_shape)
    mean = keras.Model(encoder.input, encoder.outputs[0])
    model = keras.Model(mean.input, decoder(mean.output))
    model.compile(keras.optimizers.Adam(settings.learning_rate), "mse", jit_compile=False)
    batches = datasets.batches(train, settings.batch_size, settings.seed).map(lambda images: (images, images))
    seconds = encoders.train(model, batches, settings.steps)
    return lambda images: mean(images, training=False), seconds


def _codes(encode: codes.Encoder, test: datasets.Images) -> np.ndarray:
    return codes.in_parts(encode, test.to_array(codes.MAX_QUERIES))[0]


def table(record: dict) -> str:
    """For each data set a row a method."""
    columns = (
        "codes",
        "neighbour accuracy, k = 1 / 5 / 20",
        "by cosine",
        "precision, k = 1 / 5 / 20",
        "by cosine",
        "linear probe",
        "mean, deviation",
        "prior term = I(x, z) + KL(p(z) ‖ q(z))",
        "ms a step",
    )
    rows = [_row(title, runs) for title, runs in summary.by_variant(record).items()]
    flags = record["flags"]
    conditions = f"Codes of {flags['latent_dim']} dimensions, {flags['steps']} steps of {flags['batch_size']}"
    return f"{conditions}; {summary.seeds(record)}.\n\n{markdown.table(columns, rows)}"


def _row(title: str, runs: list[dict]) -> list[str]:
    def of_k(name: str) -> str:
        return " / ".join(f"{np.mean([run[f'{name}_{k}'] for run in runs]):.3f}" for k in codes.NUM_NEIGHBORS)

    timed = [run["seconds_per_step"] for run in runs if run["seconds_per_step"] is not None]
    mean, deviation = (np.mean([run[name] for run in runs]) for name in ("code_mean", "code_deviation"))
    return [
        title,
        of_k("neighbor_accuracy"),
        of_k("cosine_accuracy"),
        of_k("precision"),
        of_k("cosine_precision"),
        markdown.spread([run["linear_probe"] for run in runs], digits=3),
        f"{mean:.2f}, {deviation:.2f}",
        _prior_term(runs),
        f"{1000 * np.mean(timed):.0f}" if timed else "",
    ]


def _prior_term(runs: list[dict]) -> str:
    """Nats; codes without a Gaussian have none."""
    if "prior_kl" not in runs[0]:
        return ""
    prior_kl, information, marginal_kl = (
        np.mean([run[name] for run in runs]) for name in ("prior_kl", "information", "marginal_kl")
    )
    return f"{prior_kl:.1f} = {information:.1f} + {marginal_kl:.1f}"


def plot(record: dict, path: Path) -> None:
    """Neighbour accuracy, precision and linear probe of every method, a panel a data set."""
    measures = {
        "neighbor_accuracy_5": "neighbour accuracy, k = 5",
        "precision_20": "precision, k = 20",
        "linear_probe": "linear probe",
    }
    of_datasets = {dataset: {} for dataset in DATASETS}
    for title, runs in summary.by_variant(record).items():
        dataset, _, method = title.partition(": ")
        of_datasets[dataset][method] = runs
    recorded = {dataset: methods for dataset, methods in of_datasets.items() if methods}
    figure, panels = plt.subplots(1, len(recorded), figsize=(13, 4.8), squeeze=False, layout="constrained")
    for axes, (dataset, methods) in zip(panels.flat, recorded.items(), strict=True):
        for marker, (name, label) in zip("os^", measures.items(), strict=True):
            values = [np.mean([run[name] for run in runs]) for runs in methods.values()]
            axes.plot(values, range(len(values)), marker, label=label)
        axes.set(title=dataset, yticks=range(len(methods)), yticklabels=list(methods), xlabel="share")
        axes.invert_yaxis()
        axes.grid(alpha=0.3)
    figure.legend(*panels.flat[0].get_legend_handles_labels(), loc="outside lower center", ncols=len(measures))
    figure.suptitle(f"{record['question']}\n{summary.seeds(record)}", fontsize=10)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=100)
    plt.close(figure)
