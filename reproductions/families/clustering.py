"""What a run that clusters images measures and shows.

Clusters are found with the training images and scored on the test images, against their labels.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from reproductions.families import codes
from reproductions.harness.configuration import RunConfiguration
from reproductions.harness.errors import UsageError
from reproductions.harness.options import option
from reproductions.harness.silence import say
from reproductions.reporting import figures

if TYPE_CHECKING:
    import keras
    import numpy as np
    from matplotlib.figure import SubFigure

    from keras_gen import datasets

RESTARTS = 5
# Images that are in memory as floats, or that a network sees, at a time.
MAX_IMAGES = 10_000
AT_ONCE = 500
SHEET = 64
SHOWN_CODES = 2_000

# Options that not every model uses.
of_vaes = partial(option, only={"model": ("clustering_vae", "vae")})
of_one_step = partial(option, only={"model": ("clustering_vae",)})
of_clusters = partial(option, only={"model": ("clustering_vae", "dec")})


@dataclass(frozen=True, kw_only=True)
class Configuration(RunConfiguration):
    """Clusters."""

    num_clusters: int = option(10, "Number of clusters.", at_least=2)


def measure(
    configuration: Configuration, train: datasets.Images, test: datasets.Images
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
        UsageError: There are fewer images than clusters.
    """
    from sklearn.cluster import KMeans
    from sklearn.mixture import GaussianMixture

    from keras_gen import metrics

    # What clusters the codes of a model that does not cluster itself, by how the names of its scores begin.
    clusterers = {"k_means_": KMeans, "gaussian_mixture_": GaussianMixture}
    count = configuration.num_clusters
    if min(len(train), len(test)) < count:
        raise UsageError(
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

    def of_codes(encoded: np.ndarray, test_encoded: np.ndarray, clusterer: type) -> dict[str, float]:
        fitted = clusterer(count, n_init=RESTARTS, random_state=configuration.seed).fit(encoded)
        return scores(fitted.predict(test_encoded))

    def measured(model: keras.Model) -> dict[str, float]:
        if hasattr(model, "cluster"):
            return scores(_in_parts(model.cluster, test_images))
        encoded, test_encoded = (_in_parts(model.encode, part) for part in (images, test_images))
        return {
            prefix + name: value
            for prefix, clusterer in clusterers.items()
            for name, value in of_codes(encoded, test_encoded, clusterer).items()
        }

    say("Clustering pixels by k-means, for comparison")
    pixels, test_pixels = (part.reshape(len(part), -1) for part in (images, test_images))
    return measured, described | {"k_means_on_pixels": of_codes(pixels, test_pixels, KMeans)}


def _in_parts(function: Callable, images: np.ndarray) -> np.ndarray:
    return codes.in_parts(function, images, AT_ONCE)[0]


# Pictures ----------------------------------------------------------------------------------------------------------


def sheet(configuration: RunConfiguration, test: datasets.Images) -> Callable[[keras.Model], np.ndarray]:
    """Draws test images and, if the model has them, samples of every cluster, and the plane where codes spread most.

    A model that does not cluster shows samples of its prior, and the plane.
    """
    del configuration
    images = test.to_array(MAX_IMAGES)
    labels = None if test.labels is None else test.labels[: len(images)]

    def draw(model: keras.Model) -> np.ndarray:
        if not hasattr(model, "cluster"):
            return _picture([("samples", model.sample(SHEET, 0))], model, images, labels, None)
        clusters = _in_parts(model.cluster, images)
        panels = [(_title(i, clusters, labels), images[clusters == i][:SHEET]) for i in range(model.num_clusters)]
        if hasattr(model, "sample_cluster"):
            panels += [(f"samples of {i}", model.sample_cluster(i, SHEET, 0)) for i in range(model.num_clusters)]
        return _picture(panels, model, images, labels, clusters)

    return draw


def _title(cluster: int, clusters: np.ndarray, labels: np.ndarray | None) -> str:
    import numpy as np

    members = clusters == cluster
    if labels is None or not members.any():
        return f"cluster {cluster}: {members.sum()} images"
    counts = np.bincount(labels[members])
    return f"cluster {cluster}: {members.sum()}, {counts.max() / members.sum():.0%} are {counts.argmax()}"


def _picture(
    panels: list[tuple[str, Any]],
    model: Any,
    images: np.ndarray,
    labels: np.ndarray | None,
    clusters: np.ndarray | None,
) -> np.ndarray:
    import numpy as np

    from keras_gen.utils import image_grid

    columns = min(5, len(panels))
    rows = -(-len(panels) // columns)
    figure: Any = figures.blank(2.7 * 5, 2.9 * rows + 5.5)
    sheets, plane = figure.subfigures(2, 1, height_ratios=(2.9 * rows, 5.5))
    for axes, (title, shown) in zip(np.ravel(sheets.subplots(rows, columns)), panels, strict=False):
        axes.set_axis_off()
        axes.set_title(title, fontsize=9)
        if len(shown):
            axes.imshow(image_grid(shown, columns=8, scale=1).squeeze(), cmap="gray", vmin=0, vmax=255)
    _plane(plane, model, images[:SHOWN_CODES], labels, clusters)
    return figures.pixels(figure)


def _plane(
    figure: SubFigure, model: Any, images: np.ndarray, labels: np.ndarray | None, clusters: np.ndarray | None
) -> None:
    """The codes on their first two principal components, coloured by label and by cluster, with the clusters' means."""
    import numpy as np
    from sklearn.decomposition import PCA

    encoded = _in_parts(model.encode, images).reshape(len(images), -1)
    projection = PCA(min(2, encoded.shape[1])).fit(encoded)

    def projected(rows: np.ndarray) -> np.ndarray:
        components = projection.transform(rows)
        return np.pad(components, [(0, 0), (0, 2 - components.shape[1])])  # codes of one dimension lie on a line

    points = projected(encoded)
    colours = {"label": labels, "cluster": clusters}
    for axes, (name, colour) in zip(figure.subplots(1, 2), colours.items(), strict=True):
        axes.set(title=f"codes by {name}, first two principal components", aspect="equal")
        colouring: dict[str, Any] = (
            {"color": "0.5"} if colour is None else {"c": colour[: len(points)], "cmap": "tab10"}
        )
        axes.scatter(*points.T, s=4, **colouring)
        if clusters is not None:
            means = projected(np.reshape(model.present_means, (model.num_clusters, -1)))
            for i, mean in enumerate(means):
                axes.text(*mean, str(i), weight="bold", bbox={"boxstyle": "circle", "facecolor": "white", "alpha": 0.7})
