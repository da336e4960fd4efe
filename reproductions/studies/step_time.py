"""Is a step with spectral normalisation cheaper than one of WGAN-GP? The two in turn, on a machine at rest."""

from __future__ import annotations

from collections.abc import Mapping
from statistics import median
from typing import TYPE_CHECKING, Any

from reproductions.harness.claim import Above, Claim, Ratios
from reproductions.harness.configuration import RunConfiguration
from reproductions.harness.study import Study
from reproductions.reporting import figures, markdown, summary
from reproductions.studies.settings import extended

if TYPE_CHECKING:
    from matplotlib.figure import Figure

# As long as the other studies of critics have one on photographs.
NETWORKS: dict[str, Any] = {"width": 16, "batch_norm": True}
TITLES = {"spectral_normalization": "SN, five iterations", "gradient_penalty": "gradient penalty"}


def perform(settings: Any, data_dir: str | None) -> dict:
    """Seconds of a step of each critic, in every turn."""
    from reproductions.experiments import step_time

    return step_time.perform(settings, data_dir)


def times(record: dict, critic: str) -> list[float]:
    """The median milliseconds of a step, of every seed."""
    return [1000 * median(run["seconds_per_step_of"][critic]) for run in summary.whole(record["runs"])]


def ratios(record: dict) -> list[float]:
    """WGAN-GP's time over that with spectral normalisation, the median over the turns, of every seed."""
    of_runs = [run["seconds_per_step_of"] for run in summary.whole(record["runs"])]
    return [
        median(
            with_penalty / with_norm
            for with_penalty, with_norm in zip(turns["gradient_penalty"], turns["spectral_normalization"], strict=True)
        )
        for turns in of_runs
    ]


def table(record: dict) -> str:
    """One row per critic."""
    rows = [[title, markdown.spread(times(record, critic), 0)] for critic, title in TITLES.items()]
    rows.append(["the second over the first", markdown.spread(ratios(record), 2)])
    return f"{_conditions(record)}.\n\n{markdown.table(('critic', 'ms per step'), rows)}"


def _conditions(record: dict) -> str:
    flags = record["flags"] | record["runs"][0].get("flags", {})
    updates = f"{flags['discriminator_steps']} updates of the critic and one of the generator"
    return (
        f"{flags['dataset']}, batches of {flags['batch_size']}, {updates}, {summary.seeds(record)}; the two "
        "in turn, medians of ten"
    )


def figure(record: dict) -> Figure:
    """Every turn's time of either critic."""
    made = figures.of_record(record, _conditions(record), 8, 3)
    axes = made.subplots()
    for row, critic in enumerate(TITLES):
        for run in summary.whole(record["runs"]):
            turns = [1000 * seconds for seconds in run["seconds_per_step_of"][critic]]
            axes.plot(turns, [row] * len(turns), "o", color=f"C{row}", alpha=0.4)
    axes.set(xlabel="ms per step", yticks=range(len(TITLES)), yticklabels=list(TITLES.values()))
    axes.set_xlim(left=0)
    axes.set_ylim(len(TITLES) - 0.5, -0.5)
    axes.grid(alpha=0.3)
    return made


CLAIM = Claim(
    key="L3",
    topic="an SN step is cheaper",
    sentence="A step with spectral normalisation is cheaper than one of WGAN-GP.",
    statistic="time of a step, WGAN-GP's over that with spectral normalisation, the two in turn, with nothing else to "
    "do for the machine",
    rule=Above(1),
    values=Ratios(ratios),
)


def study(presets: Mapping[str, RunConfiguration]) -> Study:
    """The study of the script with these presets."""
    made = extended(presets, [], steps=1, preset="photos_32")
    return Study(
        question="The time of a step of a WGAN with spectral normalisation and with a gradient penalty",
        variants={"in turn": NETWORKS},
        table=table,
        figure=figure,
        claims=(CLAIM,),
        perform=perform,
        presets=made,
        preset="photos_32",
        seeds=tuple(range(5)),
        minutes=2,
        timed=True,
    )
