"""What every run of a script is configured by."""

from dataclasses import dataclass
from typing import Any, Literal

from reproductions.harness.options import Options, option


@dataclass(frozen=True, kw_only=True)
class RunConfiguration(Options):
    """Every run.

    A run is a function of its configuration: everything that its result depends on is here, and nothing else, such as
    where its files lie. The defaults are those of the laptop presets.
    """

    dataset: str = option(
        "mnist_5k",
        "mnist_5k, digits, photo_patches, fashion_mnist, the name of a TFDS data set, folder:PATH, linked_folder:PATH "
        "to follow links out of it, or padded: and any of these.",
    )
    image_size: int | None = option(None, "Size of the images in pixels; by default the data set's own.", at_least=1)
    seed: int = option(0, "Seed of everything random.", at_least=0, at_most=2**31 - 1)
    batch_size: int = option(64, "Images in one update, over all replicas.", at_least=2)
    steps: int = option(4_000, "Training steps of the whole run.", at_least=1)
    precision: Literal["float32", "mixed_bfloat16"] = option("float32", "Precision of the networks.")
    deterministic: bool = option(False, "Deterministic kernels: the same bits on the same machine; slower.")
    log_every: int = option(100, "Steps between two rows of metrics.csv.", at_least=1)
    sample_every: int = option(500, "Steps between two pictures; a multiple of log_every.", at_least=1)
    evaluate_every: int = option(500, "Steps between two measurements; a multiple of log_every.", at_least=1)
    checkpoint_every: int = option(500, "Steps between two checkpoints; a multiple of log_every.", at_least=1)
    features: Literal["lenet", "imagenet", "inception"] = option(
        "lenet",
        "What samples are measured on: a LeNet trained on the data's labels, for digits and clothes; or, for "
        "photographs and data without labels, a network trained on ImageNet: EfficientNet-Lite0 (the extra "
        "`imagenet` has its weights), or InceptionV3, if Keras has its weights.",
    )


# The smoke presets' intervals: a run that ends within a minute, and shows that everything works.
SMOKE: dict[str, Any] = {
    "dataset": "digits",
    "batch_size": 16,
    "steps": 20,
    "log_every": 5,
    "sample_every": 10,
    "evaluate_every": 10,
    "checkpoint_every": 10,
}
