"""Devices, precision and determinism: what is set up before a model is built."""

import contextlib
import json
import os
import tempfile
import zlib
from collections.abc import Callable, Iterator

import keras
import tensorflow as tf

from reproductions.harness import signals, workers
from reproductions.harness.errors import UsageError
from reproductions.harness.run_directory import RunDirectory

# What TensorFlow raises in a worker when another one has gone.
LOST_WORKER = (tf.errors.UnavailableError, tf.errors.AbortedError, tf.errors.CancelledError)


def make_strategy(name: str, cpu_devices: int = 1) -> tf.distribute.Strategy:
    """The `tf.distribute` strategy of that name; call it before anything else touches TensorFlow.

    Args:
        name: `single` for one device, `mirrored` for all GPUs of this machine (or the CPU's logical devices),
            `multi_worker` for the machines that the variable TF_CONFIG names, or `auto`.
        cpu_devices: Logical devices to split the CPU into.

    Raises:
        UsageError: TF_CONFIG cannot be used, or names fewer than two workers for `multi_worker`.
    """
    if cpu_devices > 1:
        (cpu,) = tf.config.list_physical_devices("CPU")
        tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * cpu_devices)
    if not os.environ.get("TF_CONFIG", "{}").strip():
        del os.environ["TF_CONFIG"]  # an empty one means the same to a shell, but not to TensorFlow
    count = workers.num_workers()
    if name == "auto":
        name = _best_strategy(count, cpu_devices)
    match name:
        case "multi_worker":
            if count < 2:
                raise UsageError(
                    "--strategy=multi_worker needs TF_CONFIG to name two workers or more; see docs/distributed.md"
                )
            return _joined_workers()
        case "mirrored":
            devices = tf.config.list_logical_devices("GPU") or tf.config.list_logical_devices("CPU")
            return tf.distribute.MirroredStrategy([device.name for device in devices])
        case _:
            return tf.distribute.get_strategy()


def _joined_workers() -> tf.distribute.Strategy:
    workers.meet()
    try:
        with signals.acted_on_by_the_system():  # TensorFlow waits without letting Python act
            strategy = tf.distribute.MultiWorkerMirroredStrategy()
    except (tf.errors.UnknownError, tf.errors.InvalidArgumentError) as error:
        raise workers.cannot_start(error.message) from error
    signals.end_in_any_case()
    return strategy


def _best_strategy(count: int, cpu_devices: int) -> str:
    if count > 1:
        return "multi_worker"
    if len(tf.config.list_physical_devices("GPU")) > 1 or cpu_devices > 1:
        return "mirrored"
    return "single"


def described(strategy: tf.distribute.Strategy) -> str:
    """On what a run trains, in one line; of several workers, who shows its progress."""
    gpus = len(tf.config.list_physical_devices("GPU"))
    replicas = strategy.num_replicas_in_sync
    devices = f"{gpus} GPU{'s' if gpus > 1 else ''}" if gpus else "the CPU"
    line = f"Training on {devices}" + (f", {replicas} replicas" if replicas > 1 else "") + "."
    if not isinstance(strategy, tf.distribute.MultiWorkerMirroredStrategy):
        return line
    job, index = workers.own_task()
    shown = "shows the progress of all" if is_chief(strategy) else "writes and shows nothing; the first worker does"
    return f"{line} This is {job} {index} of {workers.num_workers()} workers, which {shown}."


def is_chief(strategy: tf.distribute.Strategy) -> bool:
    """Whether this process is the one that writes the run's results."""
    resolver = strategy.cluster_resolver
    if resolver is None or not resolver.task_type:
        return True
    return resolver.task_type == "chief" or (resolver.task_type == "worker" and resolver.task_id == 0)


def check_flags(strategy: tf.distribute.Strategy, flags: dict) -> None:
    """Checks that all workers are about to make the same run.

    Raises:
        UsageError: Their flags differ.
    """
    text = json.dumps(flags, sort_keys=True)
    if len(set(_of_all_workers(strategy, zlib.crc32(text.encode())))) > 1:
        raise UsageError("the workers were given different flags; start all of them with the same command")


def check_checkpoints(strategy: tf.distribute.Strategy, newest_step: int) -> None:
    """Checks that all workers found the same newest checkpoint.

    Raises:
        UsageError: They did not.
    """
    steps = _of_all_workers(strategy, newest_step)
    if len(set(steps)) > 1:
        raise UsageError(
            f"--output_dir: the workers found checkpoints of steps {', '.join(map(str, steps))}; it must be one folder "
            "that all of them see"
        )


def _of_all_workers(strategy: tf.distribute.Strategy, number: int) -> list[int]:
    """The number that each worker gives, in their order."""
    if not isinstance(strategy, tf.distribute.MultiWorkerMirroredStrategy):
        return [number]

    @tf.function
    def gathered() -> tf.Tensor:
        return strategy.run(
            lambda: tf.distribute.get_replica_context().all_gather(tf.constant([number], tf.int64), axis=0)
        )

    return strategy.experimental_local_results(gathered())[0].numpy().tolist()


def set_numerics(precision: str, deterministic: bool, seed: int) -> None:
    """Sets Keras's precision and global seed, and TensorFlow's determinism."""
    keras.config.set_dtype_policy(precision)
    keras.utils.set_random_seed(seed)
    if deterministic:
        tf.config.experimental.enable_op_determinism()


def check_jit_compile(jit_compile: str, strategy: tf.distribute.Strategy, deterministic: bool) -> None:
    """Checks that XLA can compile the training step, if it is asked to.

    Raises:
        UsageError: There are several replicas, or the kernels are to be deterministic.
    """
    if jit_compile != "true":
        return
    replicas = strategy.num_replicas_in_sync
    if replicas > 1:
        raise UsageError(f"--jit_compile=true: XLA compiles for one device, not for {replicas} replicas; leave it out")
    if deterministic:
        raise UsageError("--jit_compile=true: XLA has no --deterministic kernels; leave one of the two out")


def check_batch(batch_size: int, strategy: tf.distribute.Strategy) -> None:
    """Checks that every replica gets the same share of a batch.

    Raises:
        UsageError: The batch does not divide evenly.
    """
    replicas = strategy.num_replicas_in_sync
    if batch_size % replicas:
        raise UsageError(f"--batch_size={batch_size} does not divide evenly over {replicas} replicas; give a multiple")


@contextlib.contextmanager
def stoppable(strategy: tf.distribute.Strategy) -> Iterator[Callable[[], bool]]:
    """Postpones signals to the end of a step, and tells whether one arrived.

    Several workers would not all stop at the same step: they stop at once, and continue from the last checkpoint.
    """
    if isinstance(strategy, tf.distribute.MultiWorkerMirroredStrategy):
        yield lambda: False
    else:
        with signals.postponed(_say_what_comes) as stop_requested:
            yield stop_requested


def _say_what_comes(number: int) -> None:
    what = "stopping with a checkpoint after this step, picture or measurement; Ctrl-C again stops at once"
    with contextlib.suppress(OSError):  # a handler of signals may interrupt a print, and must not print itself
        os.write(2, f"\n{what}\n".encode())


@contextlib.contextmanager
def writable(directory: RunDirectory, strategy: tf.distribute.Strategy) -> Iterator[RunDirectory]:
    """The run's folder; for a worker that is not the chief, a temporary one, as all workers must save together."""
    if is_chief(strategy):
        yield directory
    else:
        with tempfile.TemporaryDirectory() as aside:
            yield RunDirectory(aside)
