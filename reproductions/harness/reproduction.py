"""`Reproduction`: what one post's script brings to the run that all scripts share."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeAlias

from reproductions.harness.configuration import RunConfiguration
from reproductions.harness.errors import UsageError

if TYPE_CHECKING:
    import keras
    import numpy as np

    from keras_gen.datasets import Images
    from keras_gen.models import ReproducibleModel
    from reproductions.harness.claim import Claim
    from reproductions.harness.run import Training
    from reproductions.harness.run_directory import RunDirectory
    from reproductions.harness.study import Study

Measure: TypeAlias = "Callable[[keras.Model], dict[str, float]]"
Sheet: TypeAlias = "Callable[[keras.Model], np.ndarray]"
Report: TypeAlias = "Callable[[Training, RunDirectory, dict[str, Any]], None]"


@dataclass(frozen=True, kw_only=True)
class Reproduction:
    """A post's script, for the run loop, the studies and the list of scripts.

    Attributes:
        name: The name that script, page and results share.
        minutes: What a run of the laptop preset takes on two cores.
        summary: One line for the list of scripts.
        presets: The configurations that come with the script, all of one class.
        build: Makes the compiled model, in the strategy's scope, from the configuration, the shape of an image and the
            number of replicas.
        measure: Makes the run's measure, and what the results say about it, from the configuration and the training
            and test images; None in the place of the measure where nothing can be measured.
        compared: How many real images and samples that measure compares, from the same three, where it compares them
            on image features, which --features names; a study checks all of it before its first run. None where it
            needs no features.
        sheet: Makes what draws the run's pictures, from the configuration and the test images: from the model
            to uint8 [height, width, 1 or 3]. None for sheets of samples.
        report: Writes what a run shows of itself when it ends, from the run, its folder and the content of its
            `results.json`, which is written after it; None for nothing.
        callbacks: Makes the callbacks of the script's own, from the configuration and the training images.
        studies: The studies by name.
        claims: The post's claims that no study looks at.
        settings: By the name of a script of the author's, what makes the table of its settings and of ours.
    """

    name: str
    minutes: int
    summary: str
    presets: Mapping[str, RunConfiguration]
    build: Callable[[Any, tuple[int, int, int], int], keras.Model]
    measure: Callable[[Any, Images, Images], tuple[Measure | None, dict]]
    compared: Callable[[Any, Images, Images], tuple[int, int]] | None = None
    sheet: Callable[[Any, Images], Sheet] | None = None
    report: Report | None = None
    callbacks: Callable[[Any, Images], list[keras.callbacks.Callback]] | None = None
    studies: Mapping[str, Study] = field(default_factory=dict)
    claims: tuple[Claim, ...] = ()
    settings: Mapping[str, Callable[[], str]] = field(default_factory=dict)

    @property
    def configuration_class(self) -> type[RunConfiguration]:
        """The class of the presets."""
        return type(next(iter(self.presets.values())))

    def check_model(self, model: ReproducibleModel) -> None:
        """Checks before training what a run needs of its model when it ends.

        Raises:
            UsageError: It cannot be saved, exported or drawn from.
        """
        name = type(model).__name__
        if not model.built:
            raise UsageError(f"{name} is not built and cannot be saved; end its __init__ with self.built = True")
        if not model.endpoints():
            raise UsageError(f"{name} has nothing to export; mark with @endpoint what a trained model is used for")
        if self.sheet is None and "sample" not in model.endpoints():
            raise UsageError(
                f"{name} has no endpoint `sample` for pictures; give the Reproduction of reproductions/{self.name}.py "
                "a sheet="
            )

    @property
    def all_claims(self) -> tuple[Claim, ...]:
        """The post's claims, those of its studies included, by their keys."""
        of_studies = [claim for study in self.studies.values() for claim in study.claims]
        return tuple(sorted([*of_studies, *self.claims], key=lambda claim: _natural(claim.key)))


def _natural(key: str) -> list[str | int]:
    """Sorts W10 after W2."""
    return [int(part) if part.isdigit() else part for part in re.split(r"(\d+)", key)]
