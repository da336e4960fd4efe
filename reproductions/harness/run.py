"""One run of a script: from its configuration to a folder with a trained model, pictures and results.

A run is a pure function of its configuration. It can be killed at any moment; the same command continues it from
its last checkpoint and ends with the same result. Asked to stop, it writes one first.
"""

from __future__ import annotations

import contextlib
import shutil
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import keras
import tensorflow as tf

import keras_gen
from keras_gen import callbacks, datasets
from keras_gen.errors import BrokenTrainingError
from keras_gen.models import ReproducibleModel
from keras_gen.utils.files import MemoryFile, replacing
from reproductions.harness import distribution, image_files, measured_on, run_checks, silence
from reproductions.harness.averages import of_averages
from reproductions.harness.configuration import RunConfiguration
from reproductions.harness.image_labels import check_classes
from reproductions.harness.options import as_flags
from reproductions.harness.reproduction import Measure, Reproduction, Sheet
from reproductions.harness.run_directory import RunDirectory, write_json
from reproductions.harness.whereabouts import whereabouts


def perform(
    reproduction: Reproduction,
    configuration: RunConfiguration,
    output_dir: str,
    data_dir: str | None = None,
    strategy_name: str = "auto",
    cpu_devices: int = 1,
    jit_compile: str = "auto",
    stop_on_divergence: bool = False,
) -> None:
    """Makes the run, continues it, extends it to more steps, or says that it is finished.

    Everything that can be wrong is checked before the folder is touched.

    Raises:
        UsageError: A flag or the folder cannot be used.
        keras_gen.InputError: The data, or what a model is built from, cannot be used.
        keras_gen.errors.BrokenTrainingError: Training broke down; the last good checkpoint is kept.
        OSError: A file cannot be written, for example because the disk is full; the last good checkpoint is kept.
        KeyboardInterrupt: A signal asked the process to stop.
    """
    run_checks.check_intervals(configuration)
    directory, flags = RunDirectory(output_dir), as_flags(configuration)
    directory.check(flags, extendable=True)
    if directory.finished(flags):
        print(f"This run is finished; nothing to do.\n{whereabouts(directory)}")
        return
    strategy = distribution.make_strategy(strategy_name, cpu_devices)
    distribution.check_batch(configuration.batch_size, strategy)
    distribution.check_jit_compile(jit_compile, strategy, configuration.deterministic)
    distribution.check_flags(strategy, flags)
    distribution.set_numerics(configuration.precision, configuration.deterministic, configuration.seed)
    chief = distribution.is_chief(strategy)
    print(distribution.described(strategy), flush=True)
    training = Training.prepared(reproduction, configuration, data_dir, strategy)
    if jit_compile != "auto":  # which Keras resolves
        training.model.jit_compile = jit_compile == "true"
    dataset, files = configuration.dataset, training.images.files
    silence.now_doing("Checking the image files")
    image_files.check_unchanged(directory.image_files, files, dataset)
    if chief:  # the only one whose measurements are written
        measured_on.check_unchanged(directory, training.measured_with)
    with distribution.writable(directory, strategy) as written, written.claimed(flags, extendable=True):
        image_files.note_names(written.image_files, files)
        measured_on.note(written, training.measured_with)
        distribution.check_checkpoints(strategy, callbacks.newest_step(directory.checkpoints))
        silence.now_doing("Restoring the last checkpoint")
        first_step = callbacks.restore_newest(training.model, directory.checkpoints)
        if first_step and chief:
            print(f"Continuing after step {first_step} of {configuration.steps}.", flush=True)
        with _noting_breakdown(written), distribution.stoppable(strategy) as stop_requested:
            training.fit(written, first_step, stop_requested, stop_on_divergence)
        training.finish(written)
    if chief:
        print(whereabouts(directory))


@dataclass(frozen=True, kw_only=True)
class Training:
    """A run that is ready to train.

    Attributes:
        reproduction: Whose run it is.
        configuration: Its configuration.
        model: The compiled model.
        images: The training images.
        test_images: Images that it does not train on.
        measure: What is measured of the model; None for nothing.
        measured_with: What the results say about the measure.
        sheet: What draws pictures; None for sheets of samples.
        own_callbacks: Callbacks of the script's own.
    """

    reproduction: Reproduction
    configuration: RunConfiguration
    model: ReproducibleModel
    images: datasets.Images
    test_images: datasets.Images
    measure: Measure | None
    measured_with: dict
    sheet: Sheet | None
    own_callbacks: list[keras.callbacks.Callback]

    @classmethod
    def prepared(
        cls,
        reproduction: Reproduction,
        configuration: RunConfiguration,
        data_dir: str | None,
        strategy: tf.distribute.Strategy,
    ) -> Training:
        """Loads the data, builds the model and prepares what is measured.

        Raises:
            UsageError: There are too few images for a step.
            keras_gen.InputError: The data, or what the model is built from, cannot be used.
        """
        c = configuration
        silence.say(f"Loading {c.dataset}")
        train, test = (datasets.load(c.dataset, split, c.image_size, data_dir) for split in ("train", "test"))
        check_classes(c, train)
        silence.say("Building the model")
        with strategy.scope():
            model = reproduction.build(c, train.image_shape, strategy.num_replicas_in_sync)
        reproduction.check_model(model)
        run_checks.check_batch(c, model, train)
        measure, measured_with = reproduction.measure(c, train, test)
        return cls(
            reproduction=reproduction,
            configuration=c,
            model=model,
            images=train,
            test_images=test,
            measure=measure,
            measured_with=measured_with,
            sheet=reproduction.sheet(c, test) if reproduction.sheet else None,
            own_callbacks=reproduction.callbacks(c, train) if reproduction.callbacks else [],
        )

    def fit(
        self, directory: RunDirectory, first_step: int, stop_requested: Callable[[], bool], stop_on_divergence: bool
    ) -> None:
        """Trains from the step after `first_step` to the last one."""
        c, train = self.configuration, self.images
        if self._shows_rows and first_step < c.steps:
            silence.say("Compiling the first step")
        batch_size = c.batch_size * self.model.real_batches_per_step
        labels = self.model.num_classes is not None
        with contextlib.nullcontext() if self._shows_rows else silence.allowed():
            self.model.fit(
                self.model.distribute_strategy.distribute_datasets_from_function(
                    lambda worker: datasets.batches(train, batch_size, c.seed, first_step, None, labels, worker)
                ),
                initial_epoch=first_step // c.log_every,
                epochs=c.steps // c.log_every,
                steps_per_epoch=c.log_every,
                shuffle=False,
                verbose=0,
                callbacks=self._callbacks(directory, first_step, stop_requested, stop_on_divergence),
            )

    def _callbacks(
        self, directory: RunDirectory, first_step: int, stop_requested: Callable[[], bool], stop_on_divergence: bool
    ) -> list[keras.callbacks.Callback]:
        c = self.configuration
        metrics = callbacks.StepTable(directory.metrics, directory.tensorboard / "metrics")
        evaluations = _evaluation_table(directory)
        metrics.forget_after(first_step)
        evaluations.forget_after(first_step - self._was_last(first_step, c.evaluate_every))
        sheets, *measures = self._looks(directory, evaluations)
        assert isinstance(sheets, callbacks.Sheets)
        sheets.forget_after(first_step - self._was_last(first_step, c.sample_every))
        checkpoints = callbacks.Checkpoints(directory.checkpoints, c.checkpoint_every)
        return [
            keras.callbacks.LambdaCallback(on_train_batch_end=lambda batch, logs: silence.now_doing("Training")),
            *self.own_callbacks,
            callbacks.MetricsLog(metrics, c.log_every),
            callbacks.StopOnNonFinite(),
            callbacks.WarnOnDivergence(c.log_every, metrics, checkpoints, stop_on_divergence),
            sheets,
            *measures,
            *([callbacks.StepProgress(c.steps, c.log_every, evaluations.rows)] if self._shows_rows else []),
            # The checkpoint comes last: whatever a kill before it lost is made again.
            checkpoints,
            callbacks.Interruptions(stop_requested, checkpoints, c.log_every),
        ]

    def _looks(self, directory: RunDirectory, evaluations: callbacks.StepTable) -> list[callbacks.StepCallback]:
        """What draws the model, and what measures it."""
        c = self.configuration
        draw = of_averages(self.sheet or callbacks.sample_sheet)
        sheets = callbacks.Sheets(directory.samples, c.sample_every, draw, directory.tensorboard / "samples")
        if self.measure is None:
            return [sheets]
        return [sheets, callbacks.Measures(of_averages(self.measure), evaluations, c.evaluate_every)]

    def look(self, directory: RunDirectory, step: int) -> None:
        """Draws and measures the model as `fit` does after that step, for a model that was trained elsewhere."""
        for callback in self._looks(directory, _evaluation_table(directory)):
            if step % (callback.every or 1) == 0 or step == self.configuration.steps:
                callback.set_model(self.model)
                callback.on_step(step, {})

    def _was_last(self, step: int, every: int) -> bool:
        """Whether what is due every so many steps was due after this one only because a shorter run ended there."""
        return step < self.configuration.steps and step % every != 0

    @property
    def _shows_rows(self) -> bool:
        """Whether this process is the one, among several workers, that shows the run's progress."""
        return distribution.is_chief(self.model.distribute_strategy)

    def finish(self, directory: RunDirectory) -> None:
        """Writes the model, what the script reports, and the results."""
        if self._shows_rows:
            silence.say("Writing model.keras and saved_model")
        memory = MemoryFile(directory.model.name)
        self.model.save(memory)
        with replacing(directory.model) as aside:
            aside.write_bytes(memory.getbuffer())
        shutil.rmtree(directory.saved_model, ignore_errors=True)
        with replacing(directory.saved_model) as aside:
            self.model.export(aside)
        results = self._results(directory)
        if self.reproduction.report is not None:
            if self._shows_rows:
                silence.say("Writing index.html")
            self.reproduction.report(self, directory, results)
        write_json(directory.results, results)

    def _results(self, directory: RunDirectory) -> dict[str, Any]:
        """What `results.json` holds."""
        metrics = callbacks.StepTable(directory.metrics).rows()
        divergence = callbacks.first_divergence(metrics)
        return {
            "reproduction": self.reproduction.name,
            "flags": as_flags(self.configuration),
            "steps": self.configuration.steps,
            "seconds": metrics[-1]["seconds"],
            "endpoints": list(self.model.endpoints()),
            "parameters": {part.name: part.count_params() for part in self.model.layers},
            "metrics": metrics[-1],
            "divergence": divergence and divergence.described(directory.checkpoints),
            "evaluations": _evaluations(directory),
            "measure": self.measured_with,
            "versions": versions(),
            "finished": time.strftime("%Y-%m-%d"),
            **({"trained_on": devices} if (devices := directory.other_devices()) else {}),
        }


def versions() -> dict[str, str]:
    """The versions of what computes."""
    return {"keras_gen": keras_gen.__version__, "keras": keras.__version__, "tensorflow": tf.__version__}


@contextlib.contextmanager
def _noting_breakdown(directory: RunDirectory) -> Iterator[None]:
    """Leaves in the folder why training broke down, and how far it had come."""
    directory.breakdown.unlink(missing_ok=True)
    try:
        yield
    except BrokenTrainingError as error:
        write_json(directory.breakdown, {"broke_down": str(error), "evaluations": _evaluations(directory)})
        raise


def _evaluation_table(directory: RunDirectory) -> callbacks.StepTable:
    return callbacks.StepTable(directory.evaluations, directory.tensorboard / "evaluations")


def _evaluations(directory: RunDirectory) -> list[dict]:
    """The rows of evaluations.csv, each with the seconds of training until then."""
    seconds = {row["step"]: row["seconds"] for row in callbacks.StepTable(directory.metrics).rows()}
    rows = callbacks.StepTable(directory.evaluations).rows()
    return [{**row, "seconds": seconds[row["step"]]} for row in rows]
