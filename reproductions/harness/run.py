"""One run of a script: from its flags to a folder with a trained model, pictures and results.

A run is a pure function of its configuration. It can be killed at any moment; the same command continues it from
its last checkpoint and ends with the same result. Asked to stop, it writes one first.
"""

import contextlib
import shlex
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from types import SimpleNamespace

import keras
import tensorflow as tf

import keras_gen
from keras_gen import callbacks, datasets
from keras_gen.errors import InputError, NonFiniteLossError
from keras_gen.models import ReproducibleModel
from keras_gen.utils.files import MemoryFile, replacing
from reproductions.harness import distribution, signals
from reproductions.harness.reproduction import Reproduction
from reproductions.harness.run_directory import RunDirectory, read_json, write_json


def perform(
    reproduction: Reproduction,
    configuration: SimpleNamespace,
    output_dir: str,
    data_dir: str | None = None,
    strategy_name: str = "auto",
    cpu_devices: int = 1,
) -> None:
    """Makes the run, continues it, or says that it is finished.

    Everything that can be wrong is checked before the folder is touched.

    Raises:
        InputError: A flag, the data or the folder cannot be used.
        NonFiniteLossError: Training broke down; the last good checkpoint is kept.
        OSError: A file cannot be written, for example because the disk is full; the last good checkpoint is kept.
        KeyboardInterrupt: A signal asked the process to stop.
    """
    _check_intervals(configuration)
    directory = RunDirectory(output_dir)
    directory.check(configuration)
    if directory.finished:
        print(f"This run is finished; nothing to do.\n{_whereabouts(directory)}")
        return
    strategy = distribution.make_strategy(strategy_name, cpu_devices)
    distribution.check_batch(configuration.batch_size, strategy)
    distribution.check_flags(strategy, configuration)
    distribution.set_numerics(configuration.precision, configuration.deterministic, configuration.seed)
    train, test = (
        datasets.load(configuration.dataset, split, configuration.image_size, data_dir) for split in ("train", "test")
    )
    with strategy.scope():
        model = reproduction.build(configuration, train.image_shape, strategy.num_replicas_in_sync)
    needed = _images_per_step(configuration, model)
    if needed > len(train):
        raise InputError(
            f"--batch_size={configuration.batch_size}: a step takes {needed} images, --dataset={configuration.dataset} "
            f"has {len(train)}; give a smaller one"
        )
    measure, measure_description = reproduction.measure(configuration, train, test)
    sheet = reproduction.sheet(configuration, test) if reproduction.sheet else None
    own_callbacks = reproduction.callbacks(configuration, train) if reproduction.callbacks else []
    with _writable(directory, strategy) as written, written.claimed(configuration):
        distribution.check_checkpoints(strategy, callbacks.newest_step(directory.checkpoints))
        first_step = callbacks.restore_newest(model, directory.checkpoints)
        if first_step:
            print(f"Continuing after step {first_step} of {configuration.steps}.", flush=True)
        with _noting_breakdown(written), _stoppable(strategy) as stop_requested:
            _train(configuration, model, measure, sheet, own_callbacks, train, written, first_step, stop_requested)
        _finish(reproduction, configuration, model, measure_description, written)
    if distribution.is_chief(strategy):
        print(_whereabouts(directory))


def _check_intervals(configuration: SimpleNamespace) -> None:
    log_every = configuration.log_every
    for name in ("steps", "sample_every", "evaluate_every", "checkpoint_every"):
        value = getattr(configuration, name)
        if value % log_every:
            raise InputError(f"--{name}={value} must be a multiple of --log_every={log_every}")


def _images_per_step(configuration: SimpleNamespace, model: ReproducibleModel) -> int:
    return configuration.batch_size * model.real_batches_per_step


@contextlib.contextmanager
def _writable(directory: RunDirectory, strategy: tf.distribute.Strategy) -> Iterator[RunDirectory]:
    """The run's folder; for a worker that is not the chief, a temporary one, as all workers must save together."""
    if distribution.is_chief(strategy):
        yield directory
    else:
        with tempfile.TemporaryDirectory() as aside:
            yield RunDirectory(aside)


@contextlib.contextmanager
def _noting_breakdown(directory: RunDirectory) -> Iterator[None]:
    """Leaves in the folder why training broke down, and how far it had come."""
    directory.breakdown.unlink(missing_ok=True)
    try:
        yield
    except NonFiniteLossError as error:
        write_json(directory.breakdown, {"broke_down": str(error), "evaluations": _evaluations(directory)})
        raise


@contextlib.contextmanager
def _stoppable(strategy: tf.distribute.Strategy) -> Iterator[Callable[[], bool]]:
    """Postpones signals to the end of a step, and tells whether one arrived.

    Several workers would not all stop at the same step: they stop at once, and continue from the last checkpoint.
    """
    if isinstance(strategy, tf.distribute.MultiWorkerMirroredStrategy):
        yield lambda: False
    else:
        with signals.postponed() as stop_requested:
            yield stop_requested


def _train(configuration, model, measure, sheet, own_callbacks, train, directory, first_step, stop_requested) -> None:
    metrics = callbacks.StepTable(directory.metrics, directory.tensorboard / "metrics")
    evaluations = callbacks.StepTable(directory.evaluations, directory.tensorboard / "evaluations")
    for table in (metrics, evaluations):
        table.forget_after(first_step)
    measures = [callbacks.Measures(measure, evaluations, configuration.evaluate_every)] if measure else []
    sheets = (directory.samples, configuration.sample_every)
    checkpoints = callbacks.Checkpoints(directory.checkpoints, configuration.checkpoint_every)
    batch_size = _images_per_step(configuration, model)
    model.fit(
        model.distribute_strategy.distribute_datasets_from_function(
            lambda worker: datasets.batches(train, batch_size, configuration.seed, first_step, input_context=worker)
        ),
        initial_epoch=first_step // configuration.log_every,
        epochs=configuration.steps // configuration.log_every,
        steps_per_epoch=configuration.log_every,
        shuffle=False,
        verbose=0,
        # The checkpoint comes last: whatever a kill before it lost is made again.
        callbacks=[
            *own_callbacks,
            callbacks.MetricsLog(metrics, configuration.log_every),
            callbacks.StepProgress(configuration.steps, configuration.log_every),
            callbacks.StopOnNonFinite(),
            callbacks.Sheets(*sheets, sheet) if sheet else callbacks.SampleSheets(*sheets),
            *measures,
            checkpoints,
            callbacks.Interruptions(stop_requested, checkpoints, configuration.log_every),
        ],
    )


def _finish(reproduction, configuration, model, measure_description, directory) -> None:
    memory = MemoryFile(directory.model.name)
    model.save(memory)
    with replacing(directory.model) as aside:
        aside.write_bytes(memory.getbuffer())
    shutil.rmtree(directory.saved_model, ignore_errors=True)
    with replacing(directory.saved_model) as aside:
        model.export(aside)
    metrics = callbacks.StepTable(directory.metrics).rows()
    write_json(
        directory.results,
        {
            "reproduction": reproduction.name,
            "flags": vars(configuration),
            "steps": configuration.steps,
            "seconds": metrics[-1]["seconds"],
            "endpoints": list(model.endpoints()),
            "parameters": {part.name: part.count_params() for part in model.layers},
            "metrics": metrics[-1],
            "evaluations": _evaluations(directory),
            "measure": measure_description,
            "versions": {"keras_gen": keras_gen.__version__, "keras": keras.__version__, "tensorflow": tf.__version__},
            "finished": time.strftime("%Y-%m-%d"),
        },
    )


def _evaluations(directory: RunDirectory) -> list[dict]:
    """The rows of evaluations.csv, each with the seconds of training until then."""
    seconds = {row["step"]: row["seconds"] for row in callbacks.StepTable(directory.metrics).rows()}
    rows = callbacks.StepTable(directory.evaluations).rows()
    return [{**row, "seconds": seconds[row["step"]]} for row in rows]


def _whereabouts(directory: RunDirectory) -> str:
    results = read_json(directory.results, "a run's results; remove it, and the same command makes it again")
    endpoints = results.get("endpoints", [])
    lines = f"""In {directory.path}:
  samples/       pictures of what it learnt: {directory.newest_sheet}
  results.json   the last measurements, metrics.csv and evaluations.csv all of them
  tensorboard/   the same as curves: tensorboard --logdir={directory.tensorboard}
  model.keras    the model, to train on or to use in Keras
  saved_model/   the model for TensorFlow alone: {", ".join(endpoints)}"""
    for path in (directory.model, directory.saved_model):
        if not path.exists():
            lines += f"\n{path} is missing; remove results.json, and the same command makes it again"
    if "sample" not in endpoints:
        return lines
    saved_model = shlex.quote(str(directory.saved_model))
    return f"""{lines}
Sample more:
  python -m reproductions.sample --saved_model={saved_model} --num_samples=64 --seed=1 --output=grid.png"""
