"""What a trained f-VAE draws: samples at several temperatures, and what lies between images.

Their runs are those of other studies, at which they look.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from reproductions.harness.numbers import significant
from reproductions.harness.study import Study
from reproductions.reporting import figures, markdown, summary
from reproductions.studies import f_vae_training

if TYPE_CHECKING:
    import numpy as np
    from matplotlib.figure import Figure

MEASURES = {"frechet_distance": "Fréchet distance", "sharpness_of_the_datas": "sharpness, of the data's"}
COLUMNS = ("Fréchet distance", "precision / recall", "sharpness, of the data's")


def temperatures(model: Any, train: Any, test: Any, features: Any, configuration: Any) -> tuple[dict, np.ndarray]:
    """Distance and sharpness of samples by temperature; a row of samples each."""
    from reproductions.experiments import flow_pictures

    return flow_pictures.temperatures(model, train, test, features, configuration)


def interpolations(model: Any, train: Any, test: Any, features: Any, configuration: Any) -> tuple[dict, np.ndarray]:
    """Distances of reconstructions, of middles between two codes and of means of two images; lines and a sheet."""
    from reproductions.experiments import flow_pictures

    del configuration
    return flow_pictures.interpolations(model, train, test, features)


def temperature_table(record: dict) -> str:
    """One row per temperature, of the first seed."""
    rows = record["runs"][0]["found"]["temperatures"]
    return _table(record, "temperature", [(f"{row['temperature']:g}", row) for row in rows])


def interpolation_table(record: dict) -> str:
    """One row per kind of image, of the first seed."""
    return _table(record, "images", record["runs"][0]["found"]["kinds"].items())


def _table(record: dict, first_column: str, rows: Iterable[tuple[str, dict]]) -> str:
    rows = list(rows)
    cells = [
        [
            title,
            significant(row["frechet_distance"]),
            f"{row['precision']:.2f} / {row['recall']:.2f}",
            f"{row['sharpness_of_the_datas']:.2f}",
        ]
        for title, row in rows
    ]
    counts = f"{rows[0][1]['num_real']} real, {rows[0][1]['num_fake']} others"
    conditions = f"Features of a LeNet ({counts}); {summary.conditions(record)}."
    return f"{conditions}\n\n{markdown.table((first_column, *COLUMNS), cells)}"


def temperature_figure(record: dict) -> Figure:
    """Distance and sharpness against the temperature."""
    made = figures.of_record(record, summary.conditions(record), 9, 3.8)
    for axes, (name, label) in zip(made.subplots(1, 2), MEASURES.items(), strict=True):
        for run in summary.whole(record["runs"]):
            rows = run["found"]["temperatures"]
            axes.plot([row["temperature"] for row in rows], [row[name] for row in rows], marker=".")
        axes.set(xlabel="temperature", ylabel=label)
        axes.grid(alpha=0.3)
    return made


def interpolation_figure(record: dict) -> Figure:
    """Distance and sharpness of each kind."""
    made = figures.of_record(record, summary.conditions(record), 9, 3.8)
    kinds = record["runs"][0]["found"]["kinds"]
    for axes, (name, label) in zip(made.subplots(1, 2), MEASURES.items(), strict=True):
        axes.bar(list(kinds), [row[name] for row in kinds.values()])
        axes.set(ylabel=label)
        axes.tick_params(axis="x", labelrotation=15)
        axes.grid(alpha=0.3, axis="y")
    return made


def _interpolation(title: str, **more: Any) -> Study:
    return Study(
        question="What lies half-way between the codes of two test images",
        variants={title: more.pop("flags", {})},
        table=interpolation_table,
        figure=interpolation_figure,
        examine=interpolations,
        **more,
    )


# Of clothes, the f-VAE is trained as in the study `fashion_mnist`.
CLOTHES: dict[str, Any] = {
    "flags": f_vae_training.RATES.winners()["f-VAE"],
    "search": f_vae_training.RATES.name,
    "settings": f_vae_training.settings("padded:fashion_mnist", f_vae_training.STEPS),
    "minutes": 18,
}
STUDIES = {
    "temperature": Study(
        question="Samples of the f-VAE by temperature, the standard deviation of the prior",
        variants={"f-VAE by temperature": {}},
        table=temperature_table,
        figure=temperature_figure,
        examine=temperatures,
    ),
    "interpolation": _interpolation("f-VAE between images"),
    "interpolation_clothes": _interpolation("f-VAE between clothes", **CLOTHES),
}
