"""Table and figure of a study of models that cluster, or whose codes are clustered."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reproductions.reporting import figures, markdown, summary

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SCORES = {"purity": "purity", "hungarian_accuracy": "Hungarian accuracy", "nmi": "NMI", "ari": "ARI"}
# How the names of the scores begin where the codes of a model that does not cluster itself are clustered.
PREFIXES = {"k-means": "k_means_", "Gaussian mixture": "gaussian_mixture_"}


def clustering_table(record: dict) -> str:
    """One row per variant, two for a model whose codes are clustered, and one for k-means on pixels; final scores."""
    rows = []
    for variant, runs in summary.by_variant(record).items():
        if not summary.whole(runs):
            rows.append([variant, runs[0]["broke_down"], *[""] * len(SCORES)])
            continue
        last = [run["evaluations"][-1] for run in summary.whole(runs)]
        minutes = markdown.spread([run["seconds"] / 60 for run in summary.whole(runs)], 1)
        rows += [[title, *_scores(last, prefix), minutes] for title, prefix in _rows(variant, last[0])]
    pixels = {run["seed"]: run["measure"]["k_means_on_pixels"] for run in summary.whole(record["runs"])}
    rows.append(["*k-means on pixels*", *_scores(list(pixels.values()), ""), ""])
    columns = ("variant", *SCORES.values(), "minutes")
    return f"{_conditions(record)}.\n\n{markdown.table(columns, rows)}"


def _rows(variant: str, evaluation: dict) -> list[tuple[str, str]]:
    """Titles of a variant's rows, and how their scores' names begin."""
    if "purity" in evaluation:
        return [(variant, "")]
    return [(f"{variant} + {clusterer}", prefix) for clusterer, prefix in PREFIXES.items()]


def _scores(rows: list[dict], prefix: str) -> list[str]:
    return [markdown.spread([row[prefix + name] for row in rows], 3) for name in SCORES]


def _conditions(record: dict) -> str:
    described = summary.whole(record["runs"])[0]["measure"]
    return (
        f"Scores after the last step on {described['num_test']} test images; {described['num_train']} training images; "
        f"{summary.conditions(record)}"
    )


def clustering_curves(record: dict) -> Figure:
    """Purity and NMI against steps: of each variant the mean over its seeds, and a thin line for each seed."""
    figure = figures.of_record(record, summary.conditions(record), 13, 4.8)
    panels = figure.subplots(1, 2)
    for variant, runs in summary.by_variant(record).items():
        runs = summary.whole(runs)
        for title, prefix in _rows(variant, runs[0]["evaluations"][0]) if runs else ():
            for axes, name in zip(panels, ("purity", "nmi"), strict=True):
                figures.mean_and_each(axes, [summary.curve(run, prefix + name) for run in runs], label=title)
    for axes, title in zip(panels, ("purity", "NMI"), strict=True):
        axes.set(xlabel="steps", ylabel=f"{title}, test images", ylim=(0, 1))
        axes.grid(alpha=0.3)
    figure.legend(*panels[0].get_legend_handles_labels(), loc="outside right center")
    return figure


def by_clusterer(record: dict, variant: str) -> dict:
    """The record with a variant's runs, whose codes are clustered, once for each clusterer, titled as in the table."""
    runs = []
    for run in record["runs"]:
        if run["variant"] != variant:
            runs.append(run)
            continue
        for clusterer, prefix in PREFIXES.items():
            runs.append({**run, "variant": f"{variant} + {clusterer}"})
            if "broke_down" not in run:
                last = run["evaluations"][-1]
                runs[-1]["evaluations"] = [{name: last[prefix + name] for name in SCORES}]
    return record | {"runs": runs}


def purity(run: dict) -> float:
    """The purity after the last step."""
    return run["evaluations"][-1]["purity"]
