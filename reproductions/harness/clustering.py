"""What a run that clusters images measures and shows, and the table and the plot of a study of such runs.

Clusters are found with the training images and scored on the test images, against their labels.
"""

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import keras
import matplotlib
import numpy as np
from sklearn.cluster import KMeans
from sklearn.decomposition import PCA
from sklearn.mixture import GaussianMixture

from keras_gen import datasets, metrics
from keras_gen.errors import InputError
from keras_gen.utils import image_grid
from reproductions.harness import markdown, summary

matplotlib.use("Agg")
from matplotlib import pyplot as plt  # noqa: E402

SCORES = {"purity": "purity", "hungarian_accuracy": "Hungarian accuracy", "nmi": "NMI", "ari": "ARI"}
# What clusters the codes of a model that does not cluster itself.
CLUSTERERS = {"k-means": KMeans, "Gaussian mixture": GaussianMixture}
RESTARTS = 5
# Images that are in memory as floats, or that a network sees, at a time.
MAX_IMAGES = 10_000
AT_ONCE = 500
SHEET = 64
SHOWN_CODES = 2_000

Predict = Callable[[np.ndarray], np.ndarray]


def measure(
    configuration: SimpleNamespace, train: datasets.Images, test: datasets.Images
) -> tuple[Callable[[keras.Model], dict[str, float]] | None, dict]:
    """Scores of the clusters on the test images.

    Of a model that does not cluster, the codes are clustered by k-means and by a Gaussian mixture, and the names of the
    scores begin with `k_means_` and `gaussian_mixture_`.

    Args:
        configuration: The run's; `num_clusters` clusters are looked for.
        train: Images to find clusters with; at most 10,000 serve k-means and mixtures.
        test: Images to score them on.

    Returns:
        The measure (None where there are no labels; its scores are `keras_gen.metrics.clustering_scores`), and what to
        say about it: the counts of images, and the scores of k-means on pixels.

    Raises:
        InputError: There are fewer images than clusters.
    """
    count = configuration.num_clusters
    if min(len(train), len(test)) < count:
        raise InputError(
            f"--num_clusters={count}: --dataset={train.name} has {len(train)} training and {len(test)} test images; "
            "there must be at least one for each cluster"
        )
    described = {"num_train": len(train), "num_test": len(test)}
    if test.labels is None:
        print(f"{test.name} has no labels: clusters are not scored")
        return None, described
    images, test_images = train.to_array(MAX_IMAGES), test.to_array()

    def scores(found: np.ndarray) -> dict[str, float]:
        return metrics.clustering_scores(test.labels, found)

    def of_codes(codes: np.ndarray, test_codes: np.ndarray, clusterer: str) -> dict[str, float]:
        fitted = CLUSTERERS[clusterer](count, n_init=RESTARTS, random_state=configuration.seed).fit(codes)
        return scores(fitted.predict(test_codes))

    def measured(model: keras.Model) -> dict[str, float]:
        if hasattr(model, "cluster"):
            return scores(in_parts(model.cluster, test_images))
        codes, test_codes = (in_parts(model.encode, part) for part in (images, test_images))
        return {
            f"{clusterer.lower().replace(' ', '_').replace('-', '_')}_{name}": value
            for clusterer in CLUSTERERS
            for name, value in of_codes(codes, test_codes, clusterer).items()
        }

    pixels = [part.reshape(len(part), -1) for part in (images, test_images)]
    return measured, described | {"k_means_on_pixels": of_codes(*pixels, "k-means")}


def in_parts(function: Callable, images: np.ndarray) -> np.ndarray:
    """A function of images [n, ...], a few at a time."""
    parts = [function(images[start : start + AT_ONCE]) for start in range(0, len(images), AT_ONCE)]
    return np.concatenate([np.asarray(part) for part in parts])


# Pictures ----------------------------------------------------------------------------------------------------------


def sheet(configuration: SimpleNamespace, test: datasets.Images) -> Callable[[keras.Model], np.ndarray]:
    """Draws test images and samples of every cluster, and the plane in which the codes spread most.

    A model that does not cluster shows samples of its prior, and the plane.
    """
    del configuration
    images = test.to_array(MAX_IMAGES)
    labels = None if test.labels is None else test.labels[: len(images)]

    def draw(model: keras.Model) -> np.ndarray:
        if not hasattr(model, "cluster"):
            return _picture([("samples", model.sample(SHEET, 0))], model, images, labels, None)
        clusters = in_parts(model.cluster, images)
        panels = [(_title(i, clusters, labels), images[clusters == i][:SHEET]) for i in range(model.num_clusters)]
        panels += [(f"samples of {i}", model.sample_cluster(i, SHEET, 0)) for i in range(model.num_clusters)]
        return _picture(panels, model, images, labels, clusters)

    return draw


def _title(cluster: int, clusters: np.ndarray, labels: np.ndarray | None) -> str:
    members = clusters == cluster
    if labels is None or not members.any():
        return f"cluster {cluster}: {members.sum()} images"
    counts = np.bincount(labels[members])
    return f"cluster {cluster}: {members.sum()}, {counts.max() / members.sum():.0%} are {counts.argmax()}"


def _picture(panels: list, model, images, labels, clusters) -> np.ndarray:
    columns = min(5, len(panels))
    rows = -(-len(panels) // columns)
    figure = plt.figure(figsize=(2.7 * 5, 2.9 * rows + 5.5), layout="constrained")
    sheets, plane = figure.subfigures(2, 1, height_ratios=(2.9 * rows, 5.5))
    for axes, (title, shown) in zip(np.ravel(sheets.subplots(rows, columns)), panels, strict=False):
        axes.set_axis_off()
        axes.set_title(title, fontsize=9)
        if len(shown):
            axes.imshow(image_grid(shown, columns=8, scale=1).squeeze(), cmap="gray", vmin=0, vmax=255)
    _plane(plane, model, images[:SHOWN_CODES], labels, clusters)
    figure.canvas.draw()
    pixels = np.asarray(figure.canvas.buffer_rgba())[..., :3].copy()
    plt.close(figure)
    return pixels


def _plane(figure, model, images, labels, clusters) -> None:
    """The codes on their first two principal components, coloured by label and by cluster, with the clusters' means."""
    codes = in_parts(model.encode, images).reshape(len(images), -1)
    projection = PCA(2).fit(codes)
    points = projection.transform(codes)
    colours = {"label": labels, "cluster": clusters}
    for axes, (name, colour) in zip(figure.subplots(1, 2), colours.items(), strict=True):
        axes.set(title=f"codes by {name}, first two principal components", aspect="equal")
        colouring = {"color": "0.5"} if colour is None else {"c": colour[: len(points)], "cmap": "tab10"}
        axes.scatter(*points.T, s=4, **colouring)
        if clusters is not None:
            means = projection.transform(np.reshape(model.present_means, (model.num_clusters, -1)))
            for i, mean in enumerate(means):
                axes.text(*mean, str(i), weight="bold", bbox={"boxstyle": "circle", "facecolor": "white", "alpha": 0.7})


# Studies -----------------------------------------------------------------------------------------------------------


def table(record: dict) -> str:
    """A row a variant, two for a model whose codes are clustered, and one for k-means on pixels; final scores."""
    rows = []
    for variant, runs in summary.by_variant(record).items():
        if not summary.whole(runs):
            rows.append([variant, runs[0]["broke_down"], *[""] * len(SCORES)])
            continue
        last = [run["evaluations"][-1] for run in summary.whole(runs)]
        minutes = markdown.spread([run["seconds"] / 60 for run in summary.whole(runs)], 1)
        rows += [[title, *_scores(last, prefix), minutes] for title, prefix in _rows(variant, last[0])]
    pixels = [run["measure"]["k_means_on_pixels"] for run in summary.whole(record["runs"])]
    by_seed = {run["seed"]: pixels[i] for i, run in enumerate(summary.whole(record["runs"]))}
    rows.append(["*k-means on pixels*", *_scores(list(by_seed.values()), ""), ""])
    columns = ("variant", *SCORES.values(), "minutes")
    return f"{_conditions(record)}.\n\n{markdown.table(columns, rows)}"


def _rows(variant: str, evaluation: dict) -> list[tuple[str, str]]:
    """Titles of a variant's rows, and how their scores' names begin."""
    if "purity" in evaluation:
        return [(variant, "")]
    return [(f"{variant} + k-means", "k_means_"), (f"{variant} + Gaussian mixture", "gaussian_mixture_")]


def _scores(rows: list[dict], prefix: str) -> list[str]:
    return [markdown.spread([row[prefix + name] for row in rows], 3) for name in SCORES]


def _conditions(record: dict) -> str:
    described = summary.whole(record["runs"])[0]["measure"]
    return (
        f"Scores after the last step on {described['num_test']} test images; {described['num_train']} training images; "
        f"{summary.conditions(record)}"
    )


def plot(record: dict, path: Path) -> None:
    """Purity and NMI against steps, a line a variant: the mean over its seeds."""
    figure, panels = plt.subplots(1, 2, figsize=(13, 4.8), layout="constrained")
    for variant, runs in summary.by_variant(record).items():
        runs = summary.whole(runs)
        for title, prefix in _rows(variant, runs[0]["evaluations"][0]) if runs else ():
            steps = [row["step"] for row in runs[0]["evaluations"]]
            for axes, name in zip(panels, ("purity", "nmi"), strict=True):
                values = np.mean([[row[prefix + name] for row in run["evaluations"]] for run in runs], axis=0)
                axes.plot(steps, values, marker=".", label=title)
    for axes, title in zip(panels, ("purity", "NMI"), strict=True):
        axes.set(xlabel="steps", ylabel=f"{title}, test images", ylim=(0, 1))
        axes.grid(alpha=0.3)
    figure.legend(*panels[0].get_legend_handles_labels(), loc="outside right center")
    figure.suptitle(f"{record['question']}\n{summary.conditions(record)}", fontsize=10)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=100)
    plt.close(figure)
