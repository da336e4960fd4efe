"""Table and figure of a study of models that know a density: flows and VAEs."""

from __future__ import annotations

from statistics import mean
from typing import TYPE_CHECKING

from reproductions.harness.numbers import significant
from reproductions.reporting import figures, summary
from reproductions.reporting.markdown import spread, table

if TYPE_CHECKING:
    from matplotlib.figure import Figure

COLUMNS = (
    "variant",
    "parameters",
    "bits per dimension",
    "bits at least",
    "Fréchet distance",
    "sharpness, of the data's",
    "reconstruction error",
)
TEMPERED = ("best temperature", "distance there")


def density_table(record: dict) -> str:
    """One row per variant: what is measured after the last step and, in timed studies, the time of a step.

    Of studies that looked at temperatures, the best one and its distance too.
    """
    tempered = all("temperatures" in run.get("found", {}) for run in summary.whole(record["runs"]))
    columns = [*COLUMNS, *(TEMPERED if tempered else []), *(["ms per step", "minutes"] if record["timed"] else [])]
    rows = [_row(title, runs, record["timed"], tempered) for title, runs in summary.by_variant(record).items()]
    found = summary.real_test_images(record)
    if found:
        title = f"*{found['num_fake']:.0f} test images in the place of samples*"
        rows.append([title, "", "", "", significant(found["frechet_distance"]), "1"])
    rows = [row + [""] * (len(columns) - len(row)) for row in rows]
    title = f"{summary.distance_title(record)}; {summary.conditions(record)}; bits {_draws(record)}."
    return f"{title}\n\n{table(columns, rows)}"


def _row(title: str, runs: list[dict], timed: bool, tempered: bool) -> list[str]:
    reason = summary.broken(runs)
    if reason:
        return [title, reason]
    last = [run["evaluations"][-1] for run in runs]
    of_data = runs[0]["measure"]["sharpness"]
    errors = [row["reconstruction_error"] for row in last if row.get("reconstruction_error") is not None]
    # Flows have none, nor have older records.
    least = [row["least_bits_per_dimension"] for row in last if row.get("least_bits_per_dimension") is not None]
    row = [
        title,
        f"{last[0]['parameters']:,.0f}",
        spread([row["bits_per_dimension"] for row in last]),
        spread(least) if least else "",
        spread([row["frechet_distance"] for row in last]),
        spread([row["sharpness"] / of_data for row in last]),
        spread(errors) if errors else "none",
    ]
    if tempered:
        best = [summary.best_temperature(run) for run in runs]
        row.append(", ".join(f"{found:g}" for found in sorted({one["temperature"] for one in best})))
        row.append(spread([one["frechet_distance"] for one in best]))
    if timed:
        row.append(f"{mean(summary.milliseconds_per_step(run) for run in runs):.0f}")
        row.append(f"{mean(row['seconds'] for row in last) / 60:.1f}")
    return row


def _draws(record: dict) -> str:
    """From how many draws of the latent the bits are: more draws make the bound tighter."""
    num_draws = summary.whole(record["runs"])[0]["measure"].get("num_draws")
    if num_draws is None:
        # Records made before the number of draws was the same for all.
        return "of the VAE with 100 draws of the latent, of the f-VAE with one"
    return "with one draw of the latent" if num_draws == 1 else f"with {num_draws} draws of the latent"


def density_curves(record: dict) -> Figure:
    """Bits and distance against steps and against seconds, one line per variant: the mean over its seeds."""
    figure = figures.of_record(record, summary.conditions(record), 12, 8)
    panels = figure.subplots(2, 2, sharey="row")
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
    for axes, label in zip(panels[1], ("steps", "seconds of training"), strict=True):
        axes.set(yscale="log", xlabel=label)
    for axes in panels.flat:
        axes.grid(alpha=0.3, which="both")
    figure.legend(*panels[0, 0].get_legend_handles_labels(), loc="outside right center")
    return figure
