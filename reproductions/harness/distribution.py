"""Devices, precision and determinism: what is set up before a model is built."""

import json
import os
import re
import socket
import zlib

import keras
import tensorflow as tf

from reproductions.harness.errors import UsageError

ADDRESS = re.compile(r"\S+:(\d{1,5})")
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
    workers = num_workers()
    if name == "auto":
        name = _best_strategy(workers, cpu_devices)
    match name:
        case "multi_worker":
            if workers < 2:
                raise UsageError(
                    "--strategy=multi_worker needs TF_CONFIG to name two workers or more; see docs/distributed.md"
                )
            return _joined_workers()
        case "mirrored":
            devices = tf.config.list_logical_devices("GPU") or tf.config.list_logical_devices("CPU")
            return tf.distribute.MirroredStrategy([device.name for device in devices])
        case _:
            return tf.distribute.get_strategy()


def num_workers() -> int:
    """The number of workers that the variable TF_CONFIG names; 0 without it.

    Raises:
        UsageError: TF_CONFIG cannot be used.
    """
    try:
        config = json.loads(os.environ.get("TF_CONFIG", "").strip() or "{}")
        workers = [*config.get("cluster", {}).get("chief", []), *config.get("cluster", {}).get("worker", [])]
        task = config.get("task", {})
        if len(workers) > 1:
            config["cluster"][task["type"]][task["index"]]
    except (ValueError, LookupError, TypeError, AttributeError) as error:
        raise UsageError(
            "TF_CONFIG cannot be used: it must name a cluster and a task in it; see docs/distributed.md"
        ) from error
    for address in workers:
        port = ADDRESS.fullmatch(str(address))
        if port is None or int(port[1]) >= 2**16:
            raise UsageError(f"TF_CONFIG names the worker {address}: give addresses such as 10.0.0.1:2222")
    return len(workers)


def _joined_workers() -> tf.distribute.Strategy:
    try:
        return tf.distribute.MultiWorkerMirroredStrategy()
    except (tf.errors.UnknownError, tf.errors.InvalidArgumentError) as error:
        job, index = _own_task()
        own = json.loads(os.environ["TF_CONFIG"])["cluster"][job][index]
        raise UsageError(
            f"TF_CONFIG: this worker cannot start at {own} ({error.message}); is its port in use? give another"
        ) from error


def _best_strategy(workers: int, cpu_devices: int) -> str:
    if workers > 1:
        return "multi_worker"
    if len(tf.config.list_physical_devices("GPU")) > 1 or cpu_devices > 1:
        return "mirrored"
    return "single"


def loopback_cluster(workers: int) -> list[str]:
    """The TF_CONFIG of each of so many workers on this machine, on ports that are free now."""
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(workers)]
    addresses = [f"127.0.0.1:{one.getsockname()[1]}" for one in sockets]
    for one in sockets:
        one.close()
    tasks = [{"type": "worker", "index": index} for index in range(workers)]
    return [json.dumps({"cluster": {"worker": addresses}, "task": task}) for task in tasks]


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


def lost_worker(message: str) -> str:
    """The worker that is gone, such as `worker 1`, by the message of one of the errors `LOST_WORKER`."""
    named = re.findall(r"/job:(\w+)/replica:\d+/task:(\d+)", message)
    others = [f"{job} {index}" for job, index in named if (job, int(index)) != _own_task()]
    return others[0] if others else "a worker"


def _own_task() -> tuple[str, int]:
    """The job and the number that TF_CONFIG gives this process."""
    task = json.loads(os.environ["TF_CONFIG"])["task"]
    return task["type"], task["index"]


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


def check_batch(batch_size: int, strategy: tf.distribute.Strategy) -> None:
    """Checks that every replica gets the same share of a batch.

    Raises:
        UsageError: The batch does not divide evenly.
    """
    replicas = strategy.num_replicas_in_sync
    if batch_size % replicas:
        raise UsageError(f"--batch_size={batch_size} does not divide evenly over {replicas} replicas; give a multiple")
