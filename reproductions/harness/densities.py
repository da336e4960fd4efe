"""What is measured of models that know a density: bits, distances, sharpness and reconstruction; its table and plot."""

from collections.abc import Callable
from pathlib import Path
from statistics import mean
from types import SimpleNamespace

import matplotlib
import numpy as np

from keras_gen import datasets, metrics
from keras_gen.models import FVAE, VAE, FlowModel
from keras_gen.models.flow_model import bits_per_dimension, uniform_noise
from reproductions.harness import measures, summary
from reproductions.harness.markdown import spread, table

matplotlib.use("Agg")
from matplotlib import pyplot as plt  # noqa: E402

# Test images whose bits are measured, and how many are in memory at a time.
MAX_IMAGES = 1_000
AT_ONCE = 250


def densities(
    configuration: SimpleNamespace, train: datasets.Images, test: datasets.Images
) -> tuple[Callable[[FlowModel | VAE], dict[str, float]], dict]:
    """`measures.sample_quality`, where the data have labels, and more numbers beside it.

    - `bits_per_dimension` of test images of 8 bits, each with one draw of uniform noise, and of a latent where there
      are any: a bound from above on what it takes to store them, under every model here.
    - `sharpness` of samples; see `keras_gen.metrics.sharpness`.
    - `reconstruction_error`: the root of the mean squared error of `reconstruct` on test images, in [-1, 1]. A flow has
      none.
    - `parameters`: trainable numbers.

    Args:
        configuration: The run's.
        train: Training images.
        test: Test images.

    Returns:
        The measure, and what to say about it, `sharpness` of test images included.

    Raises:
        InputError: As in `measures.sample_quality`.
    """
    quality, description = measures.sample_quality(configuration, train, test)
    images = test.to_array(MAX_IMAGES)
    noisy = images + uniform_noise(images.shape, seed=0).numpy()

    def measure(model: FlowModel | VAE) -> dict[str, float]:
        latents = model.latents(min(configuration.evaluation_samples, MAX_IMAGES), seed=0)
        samples = np.concatenate([model.decode(part) for part in _parts(latents)])
        log_prob = np.concatenate([model.log_prob(part) for part in _parts(noisy)])
        found = {
            "bits_per_dimension": float(np.mean(bits_per_dimension(log_prob, images[0].size))),
            "sharpness": metrics.sharpness(samples),
            "parameters": sum(int(np.prod(variable.shape)) for variable in model.trainable_variables),
        }
        if isinstance(model, FVAE | VAE):
            errors = [np.mean((model.reconstruct(part) - part) ** 2, (1, 2, 3)) for part in _parts(images)]
            found["reconstruction_error"] = float(np.sqrt(np.mean(np.concatenate(errors))))
        return found | (quality(model) if quality else {})

    return measure, description | {"sharpness": metrics.sharpness(images), "num_test_images": len(images)}


def _parts(rows: np.ndarray) -> list[np.ndarray]:
    return [rows[start : start + AT_ONCE] for start in range(0, len(rows), AT_ONCE)]


def density_table(record: dict) -> str:
    """A row a variant: what is measured after the last step, and the time of a step."""
    columns = [
        "variant",
        "parameters",
        "bits per dimension",
        "Fréchet distance",
        "sharpness, of the data's",
        "reconstruction error",
        *(["ms a step", "minutes"] if record["timed"] else []),
    ]
    rows = []
    for title, runs in summary.by_variant(record).items():
        broken = [run["broke_down"] for run in runs if "broke_down" in run]
        if broken:
            rows.append([title, broken[0], *[""] * (len(columns) - 2)])
            continue
        last = [run["evaluations"][-1] for run in runs]
        of_data = runs[0]["measure"]["sharpness"]
        errors = [row["reconstruction_error"] for row in last if row.get("reconstruction_error") is not None]
        row = [
            title,
            f"{last[0]['parameters']:,.0f}",
            spread([row["bits_per_dimension"] for row in last]),
            spread([row["frechet_distance"] for row in last]),
            spread([row["sharpness"] / of_data for row in last]),
            spread(errors) if errors else "none",
        ]
        if record["timed"]:
            row.append(f"{mean(summary.milliseconds_per_step(run) for run in runs):.0f}")
            row.append(f"{mean(row['seconds'] for row in last) / 60:.1f}")
        rows.append(row)
    run = summary.whole(record["runs"])[0]["measure"]
    found = run["test_images"]
    rows.append(
        [f"*{found['num_fake']} real test images*", "", "", f"{found['frechet_distance']:.3g}", "1"]
        + [""] * (len(columns) - 5)
    )
    title = f"{summary.distance_title(record)}; {summary.conditions(record)}."
    return f"{title}\n\n{table(columns, rows)}"


def density_curves(record: dict, path: Path) -> None:
    """Bits and distance against steps and against seconds, a line a variant: the mean over its seeds."""
    figure, panels = plt.subplots(2, 2, figsize=(12, 8), layout="constrained", sharey="row")
    for title, runs in summary.by_variant(record).items():
        if not summary.whole(runs):
            continue
        rows = list(zip(*(run["evaluations"] for run in summary.whole(runs)), strict=True))
        for axes_row, value in zip(panels, ("bits_per_dimension", "frechet_distance"), strict=True):
            for axes, time in zip(axes_row, ("step", "seconds"), strict=True):
                points = [(mean(r[time] for r in same), mean(r[value] for r in same)) for same in rows]
                axes.plot(*zip(*points, strict=True), marker=".", label=title)
    panels[0, 0].set_ylabel("bits per dimension, test images")
    panels[1, 0].set_ylabel(summary.distance_title(record).replace(" (", "\n("))
    for axes in panels[1]:
        axes.set_yscale("log")
    for axes, label in zip(panels[1], ("steps", "seconds of training"), strict=True):
        axes.set_xlabel(label)
    for axes in panels.flat:
        axes.grid(alpha=0.3, which="both")
    figure.legend(*panels[0, 0].get_legend_handles_labels(), loc="outside right center")
    figure.suptitle(f"{record['question']}\n{summary.conditions(record)}", fontsize=10)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=100)
    plt.close(figure)
