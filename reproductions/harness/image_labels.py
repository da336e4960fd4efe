"""Whether a data set has the labels that a conditional model takes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from reproductions.harness.errors import UsageError

if TYPE_CHECKING:
    from keras_gen.datasets import Images


def check_classes(configuration: Any, images: Images) -> None:
    """Checks that a data set has as many classes as the model of a configuration, if that one has any.

    Raises:
        UsageError: It has others, or none.
    """
    num_classes = getattr(configuration, "num_classes", None)
    if num_classes is None or num_classes == images.num_classes:
        return
    found, right = "no labels", "none"
    if images.labels is not None:
        found, right = f"{images.num_classes} classes", str(images.num_classes)
    flag = f"--num_classes={num_classes} (given, or the preset's)"
    raise UsageError(f"{flag}: {images.name} has {found}; give --num_classes={right}")
