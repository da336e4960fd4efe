"""Measures and pictures of codes, for scripts and studies whose models encode."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from reproductions.harness.configuration import RunConfiguration
from reproductions.harness.options import option

if TYPE_CHECKING:
    import numpy as np

    from keras_gen import datasets
    from keras_gen.models import ReproducibleModel

# At most so many images are encoded to have their neighbours found, and so many to be found and to train the probe.
MAX_QUERIES = 2_000
MAX_REFERENCES = 10_000
# Images that an encoder is given at a time.
AT_ONCE = 250
NUM_NEIGHBORS = (1, 5, 20)
# A sheet's queries, and the neighbours of each.
SHOWN_QUERIES = 10
SHOWN_NEIGHBORS = 10

Encoder: TypeAlias = "Callable[[np.ndarray], np.ndarray]"


@dataclass(frozen=True, kw_only=True)
class Configuration(RunConfiguration):
    """Codes."""

    evaluation_samples: int = option(2_000, "Test images whose codes a measurement looks at, at most.", at_least=10)


def in_parts(function: Callable, images: np.ndarray, at_once: int = AT_ONCE) -> list[np.ndarray]:
    """What a function gives for images, a part at a time: one array [n, ...] for each of its outputs."""
    import numpy as np

    parts = [function(images[start : start + at_once]) for start in range(0, len(images), at_once)]
    parts = [part if isinstance(part, list | tuple) else (part,) for part in parts]
    return [np.concatenate(outputs) for outputs in zip(*parts, strict=True)]


def meaning(
    encode: Encoder, train: datasets.Images, test: datasets.Images, num_queries: int = MAX_QUERIES
) -> dict[str, float]:
    """How far codes tell labels: neighbours among the training codes, among the test codes, and a linear probe.

    Args:
        encode: From images [n, height, width, channels] in [-1, 1] to codes [n, dim].
        train: Labelled images, at most 10,000 of which are used.
        test: Labelled images.
        num_queries: How many of these are used, at most.

    Returns:
        `neighbor_accuracy_K` and `precision_K` by Euclidean, `cosine_accuracy_K` and `cosine_precision_K` by cosine
        distance, for K of 1, 5 and 20 (see `keras_gen.metrics.neighbors`), and `linear_probe`.
    """
    from keras_gen import metrics

    train_codes, test_codes = (
        in_parts(encode, images.to_array(limit))[0] for images, limit in ((train, MAX_REFERENCES), (test, num_queries))
    )
    assert train.labels is not None and test.labels is not None
    train_labels, test_labels = train.labels[: len(train_codes)], test.labels[: len(test_codes)]
    labelled = (train_codes, train_labels, test_codes, test_labels)
    found = {}
    for distance, accuracy, precision in (
        ("euclidean", "neighbor_accuracy", "precision"),
        ("cosine", "cosine_accuracy", "cosine_precision"),
    ):
        for k, value in metrics.neighbor_accuracy(*labelled, NUM_NEIGHBORS, distance).items():
            found[f"{accuracy}_{k}"] = value
        for k, value in metrics.retrieval_precision(test_codes, test_labels, NUM_NEIGHBORS, distance).items():
            found[f"{precision}_{k}"] = value
    return {**found, "linear_probe": metrics.linear_probe(*labelled)}


def prior_match(gaussian: Callable, test: datasets.Images, num_queries: int = MAX_QUERIES) -> dict[str, float]:
    """How far the codes of a Gaussian encoder match N(0, I), and what they tell of test images.

    Args:
        gaussian: From images to mean and logarithm of the variance of p(z|x), both [n, dim].
        test: The images.
        num_queries: How many of them are used, at most.

    Returns:
        Of draws z ~ p(z|x): `code_mean` and `code_deviation` (see `moments`), `discrepancy`, the squared maximum mean
        discrepancy to N(0, I), and `discrepancy_deviation`, its standard deviation about 0 for as many true draws;
        `effective_rank` and `excess_kurtosis` of `keras_gen.metrics`. In nats: `prior_kl`, `information` and
        `marginal_kl_upper_bound` of `keras_gen.metrics.aggregate_posterior`.
    """
    import numpy as np

    from keras_gen import metrics

    means, log_variances = (part.astype(np.float64) for part in in_parts(gaussian, test.to_array(num_queries)))
    draws = means + np.exp(log_variances / 2) * np.random.default_rng(0).standard_normal(means.shape)
    discrepancy, deviation = metrics.maximum_mean_discrepancy(draws)
    return {
        **moments(draws),
        "discrepancy": discrepancy,
        "discrepancy_deviation": deviation,
        "effective_rank": metrics.effective_rank(draws),
        "excess_kurtosis": metrics.excess_kurtosis(draws),
        **metrics.aggregate_posterior(means, log_variances),
    }


def moments(codes: np.ndarray) -> dict[str, float]:
    """Root mean squares over the dimensions of mean and standard deviation, which are 0 and 1 for N(0, I)."""
    import numpy as np

    found = {"code_mean": codes.mean(axis=0), "code_deviation": codes.std(axis=0)}
    return {name: float(np.sqrt(np.mean(values**2))) for name, values in found.items()}


def measure(
    configuration: Configuration, train: datasets.Images, test: datasets.Images
) -> tuple[Callable[[ReproducibleModel], dict[str, float]], dict]:
    """The measure of a script whose model encodes: `prior_match` and, where there are labels, `meaning`.

    Both are of `configuration.evaluation_samples` test images.
    """
    num_queries = min(len(test), configuration.evaluation_samples)

    def of_model(model: ReproducibleModel) -> dict[str, float]:
        found = prior_match(lambda images: model.encoder(images, training=False)[-2:], test, num_queries)
        return found if test.labels is None else found | meaning(model.encode, train, test, num_queries)

    return of_model, {"num_queries": num_queries, "num_references": min(len(train), MAX_REFERENCES)}


def sheet(configuration: RunConfiguration, test: datasets.Images) -> Callable[[ReproducibleModel], np.ndarray]:
    """Draws the neighbours of a model's codes; see `neighbors_sheet`."""
    del configuration
    return lambda model: neighbors_sheet(model.encode, test)


def neighbors_sheet(
    encode: Encoder, test: datasets.Images, references: datasets.Images | None = None, scale: int | None = 1
) -> np.ndarray:
    """A row for each of ten random test images: the query, its ten nearest; a gap; and the same by cosine distance.

    Left the Euclidean distance, right the cosine. The queries are the same for every encoder of a data set.

    Args:
        encode: From images [n, height, width, channels] in [-1, 1] to codes [n, dim].
        test: At most 2,000 of them may be queries.
        references: The neighbours are among the first 10,000 of these; None: among the test images, without the query.
        scale: As in `keras_gen.utils.image_grid`.

    Returns:
        uint8 [height, width, channels].
    """
    import numpy as np

    from keras_gen.utils import image_grid, nearest_neighbors

    images = test.to_array(MAX_QUERIES)
    chosen = np.random.default_rng(0).choice(len(images), min(SHOWN_QUERIES, len(images)), replace=False)
    queries, own = images[chosen], chosen
    if references is not None:
        images, own = references.to_array(MAX_REFERENCES), np.full_like(chosen, -1)  # no query is among them
    codes, of_queries = in_parts(encode, images)[0], in_parts(encode, queries)[0]
    count = min(SHOWN_NEIGHBORS + 1, len(images))
    gap, rows = np.ones_like(queries[:1]), []
    found = [nearest_neighbors(of_queries, codes, count, by)[0].numpy() for by in ("euclidean", "cosine")]
    for row, query in enumerate(queries[:, np.newaxis]):
        left, right = (images[[i for i in near[row] if i != own[row]][: count - 1]] for near in found)
        rows += [query, left, gap, query, right]
    return image_grid(np.concatenate(rows), columns=2 * count + 1, scale=scale)
