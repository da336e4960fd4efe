"""What a run shows of itself when it ends: `index.html`, `training.gif` and `interpolation.gif` in its folder."""

from __future__ import annotations

import base64
import io
from pathlib import Path
from typing import TYPE_CHECKING, Any

from reproductions.harness import launch
from reproductions.harness.numbers import significant
from reproductions.reporting import animations, charts, summary

if TYPE_CHECKING:
    import numpy as np

    from reproductions.harness.options import Options
    from reproductions.harness.run import Training
    from reproductions.harness.run_directory import RunDirectory

TEMPLATE = Path(__file__).with_suffix(".html")
# Sheets on the page at most, of which each is a few dozen kilobytes.
MAX_SHEETS = 24
SECONDS, PAUSE = 0.25, 2.0  # of a frame of training.gif, and of the last one
OF_INTERPOLATION = 0.12
# What lies beside the page; a run may be without a moving picture.
FILES = {
    "training.gif": "the sheets, as a moving picture",
    "interpolation.gif": "images that change into each other",
    "samples/": "the sheets",
    "metrics.csv": "the terms of the loss",
    "model.keras": "the model, to train on or to use in Keras",
    "saved_model/": "the model for TensorFlow alone",
    "results.json": "the results on this page",
}


def write(training: Training, directory: RunDirectory, results: dict[str, Any]) -> None:
    """Writes the three files; a moving picture that the run has no pictures for is left out."""
    from keras_gen.errors import InputError
    from keras_gen.utils import save_gif

    frames = [sheet for _, sheet in animations.sheets(directory, animations.MAX_FRAMES)]
    directory.training_gif.unlink(missing_ok=True)
    if frames:
        save_gif(directory.training_gif, frames, SECONDS, PAUSE)
    directory.interpolation_gif.unlink(missing_ok=True)
    try:
        between = animations.between(training.model, training.test_images)
    except InputError:  # pixels that are not finite: a flow may leave its range between images
        between = []
    if between:
        save_gif(directory.interpolation_gif, between, OF_INTERPOLATION, OF_INTERPOLATION)
    write_page(training, directory, results)


def write_page(training: Training, directory: RunDirectory, results: dict[str, Any]) -> None:
    """Writes `index.html`, which needs no other file and no other host."""
    import jinja2

    from keras_gen.callbacks import StepTable
    from keras_gen.callbacks.step_progress import clock
    from keras_gen.utils import replacing

    reproduction, configuration = training.reproduction, training.configuration
    environment = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True)
    page = environment.from_string(TEMPLATE.read_text(encoding="utf-8")).render(
        reproduction=reproduction,
        results=results,
        duration=clock(results["seconds"]),
        command=launch.command_of(reproduction, configuration),
        rows=_rows(results),
        settings=_settings(results, configuration),
        charts=[
            (title, charts.charts(StepTable(path).rows()))
            for title, path in (
                (f"Measurements{_on_features(results)}", directory.evaluations),
                ("Terms of the loss", directory.metrics),
            )
        ],
        drawing=charts,
        sheets=[(step, _as_webp(sheet)) for step, sheet in animations.sheets(directory, MAX_SHEETS)],
        interpolation=_in_page(directory.interpolation_gif, "image/gif"),
        files={
            name: what for name, what in FILES.items() if not name.endswith(".gif") or (directory.path / name).exists()
        },
    )
    with replacing(directory.page) as aside:
        aside.write_text(page, encoding="utf-8")


def _rows(results: dict[str, Any]) -> list[tuple[str, str, str, str]]:
    """Of each measure: its name, the last value, the mean of the last three, and what test images have."""
    if not results["evaluations"]:
        return []
    of_images = results["measure"].get("test_images") or {}
    return [
        (
            charts.title_of(name),
            significant(value, 4),
            significant(summary.settled(results, name), 4),
            significant(of_images[name], 4) if name in of_images else "",
        )
        for name, value in results["evaluations"][-1].items()
        if name not in ("step", "seconds")
    ]


def _on_features(results: dict[str, Any]) -> str:
    """Which features distances between images are of, and how many images; nothing where there are none."""
    features = results["measure"].get("features")
    if not features or not results["evaluations"]:
        return ""
    last = results["evaluations"][-1]
    return f" on {features['network']} features, {last['num_fake']:.0f} samples beside {last['num_real']:.0f} images"


def _settings(results: dict[str, Any], configuration: Options) -> dict[str, Any]:
    """The flags that have an effect, with their values."""
    idle = {one.name for one in configuration.idle()}
    return {name: value for name, value in results["flags"].items() if name not in idle}


def _as_webp(pixels: np.ndarray) -> str:
    """A picture as an address that holds it."""
    from PIL import Image

    memory = io.BytesIO()
    Image.fromarray(pixels.squeeze(-1) if pixels.shape[-1] == 1 else pixels).save(memory, "WEBP", quality=90)
    return _address(memory.getvalue(), "image/webp")


def _in_page(path: Path, kind: str) -> str | None:
    return _address(path.read_bytes(), kind) if path.exists() else None


def _address(content: bytes, kind: str) -> str:
    return f"data:{kind};base64,{base64.b64encode(content).decode()}"
