"""The flags that all scripts share, and how a preset fills in what was not given by hand.

A run's *configuration* is every flag that its result depends on. Flags that say where things lie or on which devices
the work is done are not part of it: a run may be continued elsewhere.
"""

import math
from collections.abc import Mapping
from types import SimpleNamespace

from absl import flags

FLAGS = flags.FLAGS
PRESETS = ("smoke", "laptop", "paper")

# What every preset begins with. A script's presets add the flags of its own.
SHARED_DEFAULTS = {
    "dataset": "mnist_5k",
    "image_size": None,
    "seed": 0,
    "precision": "float32",
    "deterministic": False,
    "features": "lenet",
}


def define_shared() -> None:
    """Defines the flags that all scripts have; those whose default is the preset's are None."""
    flags.DEFINE_string("output_dir", None, "Folder of the run. The same command again continues it.")
    flags.DEFINE_enum("preset", "laptop", PRESETS, "Defaults of the other flags: smoke, laptop, or paper (for GPUs).")
    flags.DEFINE_string("data_dir", None, "Where data sets are found and prepared; TFDS's own folder by default.")
    flags.DEFINE_enum(
        "strategy",
        "auto",
        ["auto", "single", "mirrored", "multi_worker"],
        "tf.distribute strategy; auto: several workers with TF_CONFIG, several GPUs if there are, else one device.",
    )
    flags.DEFINE_integer(
        "cpu_devices", 1, "Logical devices to split the CPU into, to try several replicas without GPUs.", lower_bound=1
    )
    flags.DEFINE_string("study", None, "Name of a study to run instead: a set of runs that tests a claim.")
    flags.DEFINE_list("seeds", ["0"], "Seeds of the study's runs.")
    flags.DEFINE_multi_string("variant", [], "Only this variant of the study; may be given several times.")
    flags.DEFINE_string("results_dir", None, "Where a study's record goes; the repository's own by default.")

    flags.DEFINE_string(
        "dataset",
        None,
        "mnist_5k, digits, photo_patches, fashion_mnist, a TFDS data set's name, folder:PATH, linked_folder:PATH to "
        "follow links out of it, or padded: and any of them.",
    )
    define_integer("image_size", "Size of the images in pixels; the data set's own by default.")
    flags.DEFINE_integer("seed", None, "Seed of everything random.", lower_bound=0, upper_bound=2**31 - 1)
    define_integer("batch_size", "Images in one update, over all replicas.", lower_bound=2)
    define_integer("steps", "Training steps of the whole run.")
    flags.DEFINE_enum("precision", None, ["float32", "mixed_bfloat16"], "Precision of the networks.")
    flags.DEFINE_boolean("deterministic", None, "Deterministic kernels: the same bits on the same machine; slower.")
    define_integer("log_every", "Steps between two rows of metrics.csv.")
    define_integer("sample_every", "Steps between two pictures; a multiple of log_every.")
    define_integer("evaluate_every", "Steps between two measurements; a multiple of log_every.")
    define_integer("checkpoint_every", "Steps between two checkpoints; a multiple of log_every.")
    flags.DEFINE_enum(
        "features",
        None,
        ["lenet", "inception"],
        "What samples are measured on: a LeNet trained on the data's labels, or InceptionV3, if Keras has its weights.",
    )
    define_integer("evaluation_samples", "Samples that a measurement draws.", lower_bound=10)


def define_integer(name: str, help_text: str, lower_bound: int = 1) -> None:
    """Defines a whole-number flag whose default is the preset's."""
    flags.DEFINE_integer(name, None, help_text, lower_bound=lower_bound)


def define_positive(name: str, help_text: str) -> None:
    """Defines a flag for a finite number above 0 whose default is the preset's."""
    flags.DEFINE_float(name, None, help_text)
    flags.register_validator(
        name, lambda value: value is None or (value > 0 and math.isfinite(value)), "must be a finite number above 0"
    )


def configuration(presets: Mapping[str, Mapping]) -> SimpleNamespace:
    """The run's configuration: the preset, overruled by the flags given by hand."""
    values = SHARED_DEFAULTS | dict(presets[FLAGS.preset])
    given = {name: FLAGS[name].value for name in values if FLAGS[name].value is not None}
    return SimpleNamespace(**values | given)


def given_by_hand(presets: Mapping[str, Mapping]) -> list[str]:
    """The configuration's flags that stand on the command line, as `--name=value`."""
    names = SHARED_DEFAULTS | dict(presets[FLAGS.preset])
    return [f"--{name}={FLAGS[name].value}" for name in names if FLAGS[name].value is not None]
