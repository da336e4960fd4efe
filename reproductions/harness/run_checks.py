"""What is checked of a run before it begins, wherever it is trained."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reproductions.harness.configuration import RunConfiguration
from reproductions.harness.errors import UsageError

if TYPE_CHECKING:
    from keras_gen import datasets
    from keras_gen.models import ReproducibleModel


def check_intervals(configuration: RunConfiguration) -> None:
    """Checks that whatever is due every so many steps is due with a report.

    Raises:
        UsageError: Something is not.
    """
    log_every = configuration.log_every
    for name in ("steps", "sample_every", "evaluate_every", "checkpoint_every"):
        value = getattr(configuration, name)
        if value % log_every:
            raise UsageError(f"--{name}={value} must be a multiple of --log_every={log_every}")


def check_batch(configuration: RunConfiguration, model: ReproducibleModel, images: datasets.Images) -> None:
    """Checks that there are images for a step.

    Raises:
        UsageError: There are too few.
    """
    c = configuration
    if (needed := c.batch_size * model.real_batches_per_step) > len(images):
        raise UsageError(
            f"--batch_size={c.batch_size}: a step takes {needed} images, and --dataset={c.dataset} has {len(images)}; "
            "give a smaller batch"
        )
