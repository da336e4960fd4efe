"""What `fit` and `evaluate` may be given beside images: arrays of numbers, such as labels, but no weights."""

from collections.abc import Mapping
from typing import Any

from keras_gen.errors import InputError


def check_targets(name: str, targets: Any) -> None:
    """Checks labels, and whatever else belongs to images, for what Keras would refuse without saying why.

    Raises:
        InputError: It is no array of numbers.
    """
    if isinstance(targets, (list, tuple, dict)):
        kind = type(targets).__name__
        raise InputError(f"{name}: a {kind} of {len(targets)} was given; give one array, such as numpy.array(y)")
    if not tuple(getattr(targets, "shape", ())):
        raise InputError(f"{name}: {targets!r} was given; give one label per image, an array [n]")
    kind = getattr(getattr(targets, "dtype", None), "kind", "")  # of NumPy's types; TensorFlow's have none
    if kind in ("S", "U"):
        advice = "give whole numbers, such as numpy.unique(y, return_inverse=True)[1]"
        raise InputError(f"{name}: text was given; {advice}")
    if kind == "O":
        raise InputError(f"{name}: the array holds objects; give numbers, such as y.astype(int)")


def check_in_order(batch: Any) -> None:
    """Checks that images and what belongs to them come in order, not by name.

    Raises:
        InputError: The batch is a dict.
    """
    if isinstance(batch, Mapping):
        keys = [repr(key) for key in batch]
        pair = ", ".join(f"row[{key}]" for key in keys[:2])
        raise InputError(
            f"a batch is a dict with {', '.join(keys)}; give images or pairs (images, labels), such as "
            f"data.map(lambda row: ({pair}))"
        )


def check_no_weights(arguments: Mapping[str, Any]) -> None:
    """Checks that neither images nor classes are weighted.

    Raises:
        InputError: They are.
    """
    for name in ("sample_weight", "class_weight"):
        if arguments.get(name) is not None:
            raise InputError(f"{name}: all images count alike here; leave it out, and repeat what is to count more")
