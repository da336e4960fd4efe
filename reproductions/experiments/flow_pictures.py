"""What a trained f-VAE draws: samples at several temperatures, and what lies between images.

These studies train nothing of their own: they look at the run of the preset, which the other studies share.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace

import matplotlib
import numpy as np

from keras_gen import datasets, metrics
from keras_gen.models import FVAE
from keras_gen.utils.image_grid import image_grid, save_png
from reproductions.harness import summary
from reproductions.harness.markdown import table
from reproductions.harness.measures import MAX_REFERENCES
from reproductions.harness.reproduction import Reproduction
from reproductions.harness.study import Study, file_name

matplotlib.use("Agg")
from matplotlib import pyplot as plt  # noqa: E402

# The post's, at 128 pixels.
TEMPERATURES = (0.0, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0)
SHOWN = 10
POINTS = 9
SAMPLES = 1_000


@dataclass(frozen=True, kw_only=True)
class TrainedModelStudy(Study):
    """A study that looks at trained models.

    Attributes:
        examine: From the model, training and test images, and features, to results and a picture.
    """

    examine: Callable[[FVAE, datasets.Images, datasets.Images, metrics.ImageFeatures], tuple[dict, np.ndarray]]

    def run(self, reproduction: Reproduction, title: str, seed: int, root: Path) -> tuple[dict, Path | None]:
        """Makes the run, or finds it made, and looks at its model; gives what it found, and the picture."""
        results, sheet = super().run(reproduction, title, seed, root)
        if "broke_down" in results:
            return results, sheet
        directory = self.directory(reproduction, title, seed, root)
        c = SimpleNamespace(**self.shared(reproduction) | self.variants[title])
        train, test = (datasets.load(c.dataset, split, c.image_size) for split in ("train", "test"))
        model = directory.load_model()
        found, picture = self.examine(model, train, test, metrics.lenet_features(train, test))
        path = directory.samples / f"{file_name(self.examine.__name__)}.png"
        save_png(path, picture)
        return results | {"found": found}, path


def temperatures(
    model: FVAE, train: datasets.Images, test: datasets.Images, features: metrics.ImageFeatures
) -> tuple[dict, np.ndarray]:
    """Distance and sharpness of samples by temperature; a row of samples each."""
    real, of_data = features(train.to_array(MAX_REFERENCES)), metrics.sharpness(test.to_array(SAMPLES))
    rows, shown = [], []
    for temperature in TEMPERATURES:
        samples = np.concatenate([model.sample(250, seed, temperature) for seed in range(SAMPLES // 250)])
        quality = metrics.sample_quality(real, features(samples))
        of_samples = metrics.sharpness(samples) / of_data
        rows.append({"temperature": temperature, "sharpness_of_the_datas": of_samples, **quality})
        shown.append(samples[:SHOWN])
    return {"temperatures": rows}, image_grid(np.concatenate(shown), columns=SHOWN)


def interpolations(
    model: FVAE, train: datasets.Images, test: datasets.Images, features: metrics.ImageFeatures
) -> tuple[dict, np.ndarray]:
    """Distances of reconstructions, of middles between two codes and of means of two images; lines and a sheet."""
    images = test.to_array(SAMPLES)
    real = features(train.to_array(MAX_REFERENCES))
    start, end = np.split(images[: len(images) // 2 * 2], 2)
    parts = [(start[i : i + 100], end[i : i + 100]) for i in range(0, len(start), 100)]
    middles = np.concatenate([model.interpolate(*part, 3)[:, 1] for part in parts])
    kinds = {
        "reconstructions": np.concatenate([model.reconstruct(part) for part, _ in parts]),
        "middles of codes": middles,
        "means of images": (start + end) / 2,
    }
    found = {
        name: {
            "sharpness_of_the_datas": metrics.sharpness(of_kind) / metrics.sharpness(images),
            **metrics.sample_quality(real, features(of_kind)),
        }
        for name, of_kind in kinds.items()
    }
    lines = model.interpolate(start[:POINTS], end[:POINTS], POINTS).numpy()
    sheet = model.interpolate_four(start[np.newaxis, :4], POINTS).numpy()[0]
    both = [image_grid(of_one.reshape(-1, *images.shape[1:]), columns=POINTS) for of_one in (lines, sheet)]
    gap = np.full((both[0].shape[0], 16, both[0].shape[2]), 255, np.uint8)
    return {"kinds": found}, np.concatenate([both[0], gap, both[1]], axis=1)


def temperature_table(record: dict) -> str:
    """A row a temperature, of the first seed."""
    run = record["runs"][0]
    rows = [
        [f"{row['temperature']:g}", f"{row['frechet_distance']:.3g}", f"{row['precision']:.2f} / {row['recall']:.2f}"]
        + [f"{row['sharpness_of_the_datas']:.2f}"]
        for row in run["found"]["temperatures"]
    ]
    columns = ("temperature", "Fréchet distance", "precision / recall", "sharpness, of the data's")
    return f"{_conditions(record, run['found']['temperatures'][0])}\n\n{table(columns, rows)}"


def interpolation_table(record: dict) -> str:
    """A row a kind of image, of the first seed."""
    kinds = record["runs"][0]["found"]["kinds"]
    rows = [
        [name, f"{row['frechet_distance']:.3g}", f"{row['precision']:.2f} / {row['recall']:.2f}"]
        + [f"{row['sharpness_of_the_datas']:.2f}"]
        for name, row in kinds.items()
    ]
    columns = ("images", "Fréchet distance", "precision / recall", "sharpness, of the data's")
    return f"{_conditions(record, next(iter(kinds.values())))}\n\n{table(columns, rows)}"


def _conditions(record: dict, row: dict) -> str:
    counts = f"{row['num_real']} real, {row['num_fake']} others"
    return f"Features of a LeNet ({counts}); {summary.conditions(record)}."


def temperature_plot(record: dict, path: Path) -> None:
    """Distance and sharpness against the temperature."""
    figure, panels = plt.subplots(1, 2, figsize=(9, 3.8), layout="constrained")
    names = {"frechet_distance": "Fréchet distance", "sharpness_of_the_datas": "sharpness, of the data's"}
    for axes, (name, label) in zip(panels, names.items(), strict=True):
        for run in summary.whole(record["runs"]):
            rows = run["found"]["temperatures"]
            axes.plot([row["temperature"] for row in rows], [row[name] for row in rows], marker=".")
        axes.set(xlabel="temperature", ylabel=label)
        axes.grid(alpha=0.3)
    _save(figure, path, record)


def interpolation_plot(record: dict, path: Path) -> None:
    """Distance and sharpness of each kind."""
    figure, panels = plt.subplots(1, 2, figsize=(9, 3.8), layout="constrained")
    names = {"frechet_distance": "Fréchet distance", "sharpness_of_the_datas": "sharpness, of the data's"}
    for axes, (name, label) in zip(panels, names.items(), strict=True):
        kinds = record["runs"][0]["found"]["kinds"]
        axes.bar(list(kinds), [row[name] for row in kinds.values()])
        axes.set(ylabel=label)
        axes.tick_params(axis="x", labelrotation=15)
        axes.grid(alpha=0.3, axis="y")
    _save(figure, path, record)


def _save(figure, path: Path, record: dict) -> None:
    figure.suptitle(f"{record['question']}\n{summary.conditions(record)}", fontsize=10)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=100)
    plt.close(figure)


TEMPERATURE = TrainedModelStudy(
    question="Samples of the f-VAE by temperature, the standard deviation of the prior",
    variants={"f-VAE by temperature": {}},
    plot=temperature_plot,
    table=temperature_table,
    examine=temperatures,
)

INTERPOLATION = TrainedModelStudy(
    question="What lies half-way between the codes of two test images",
    variants={"f-VAE between images": {}},
    plot=interpolation_plot,
    table=interpolation_table,
    examine=interpolations,
)
