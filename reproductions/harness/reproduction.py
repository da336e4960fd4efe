"""`Reproduction`: what one post's script brings to the run that all scripts share."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import SimpleNamespace

import keras
import numpy as np

from keras_gen.datasets import Images

Measure = Callable[[keras.Model], dict[str, float]]
Sheet = Callable[[keras.Model], np.ndarray]


@dataclass(frozen=True)
class Reproduction:
    """A post's script, for the run loop, the studies and the list of scripts.

    Attributes:
        name: The name that script, page and results share.
        summary: One line for the list of scripts, with the time of the laptop preset.
        presets: Defaults of the configuration's flags, by preset.
        define_flags: Defines the script's own flags; their default is None, the preset's.
        build: Makes the compiled model, in the strategy's scope, from the configuration, the shape of an image and the
            number of replicas.
        measure: Makes the run's measure, and what the results say about it, from the configuration and the training
            and test images; None where nothing can be measured.
        sheet: Makes what draws the run's pictures, from the configuration and the test images: from the model
            to uint8 [height, width, 1 or 3]. None for sheets of samples.
        callbacks: Makes the callbacks of the script's own, from the configuration and the training images.
        studies: The studies by name.
    """

    name: str
    summary: str
    presets: Mapping[str, Mapping]
    define_flags: Callable[[], None]
    build: Callable[[SimpleNamespace, tuple[int, int, int], int], keras.Model]
    measure: Callable[[SimpleNamespace, Images, Images], tuple[Measure | None, dict]]
    sheet: Callable[[SimpleNamespace, Images], Sheet] | None = None
    callbacks: Callable[[SimpleNamespace, Images], list[keras.callbacks.Callback]] | None = None
    studies: Mapping = field(default_factory=dict)
