"""Where the clusters of a run begin: in the codes of a warm-up, where that is asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reproductions.families.clustering import MAX_IMAGES
from reproductions.harness.errors import UsageError

if TYPE_CHECKING:
    import keras

    from keras_gen import datasets
    from reproductions.vae_clustering import Configuration


def callbacks(configuration: Configuration, train: datasets.Images) -> list[keras.callbacks.Callback]:
    """What finds the initial means in the codes, where it is asked for.

    Raises:
        UsageError: The run ends before its clusters begin, or deep embedded clustering has nothing to begin with.
    """
    from keras_gen.callbacks import InitialClusters

    c = configuration
    if c.model == "vae":
        return []
    if c.warm_up_steps >= c.steps:
        raise UsageError(
            f"--warm_up_steps={c.warm_up_steps}: the clusters begin after them, and --steps={c.steps} are over then; "
            f"give --warm_up_steps={c.steps - 1} or less"
        )
    found_in_codes = c.initial_means in ("k_means", "gaussian_mixture")
    if c.model == "dec" and not found_in_codes:
        raise UsageError(
            f"--initial_means={c.initial_means}: deep embedded clustering begins with clusters of its codes; "
            "choose k_means or gaussian_mixture"
        )
    if c.model == "dec" and not c.warm_up_steps:
        raise UsageError(
            "--warm_up_steps=0: deep embedded clustering begins with an autoencoder; give it steps, for example half "
            f"of --steps={c.steps}"
        )
    if not found_in_codes:
        return []
    return [InitialClusters(train.to_array(MAX_IMAGES), c.initial_means, c.seed)]
