"""Devices, precision and determinism: what is set up before a model is built."""

import json
import os
import socket
import zlib
from types import SimpleNamespace

import keras
import tensorflow as tf

from keras_gen.errors import InputError


def make_strategy(name: str, cpu_devices: int = 1) -> tf.distribute.Strategy:
    """The `tf.distribute` strategy of that name; call it before anything else touches TensorFlow.

    Args:
        name: `single` for one device, `mirrored` for all GPUs of this machine (or the CPU's logical devices),
            `multi_worker` for the machines that the variable TF_CONFIG names, or `auto`.
        cpu_devices: Logical devices to split the CPU into.

    Raises:
        InputError: TF_CONFIG cannot be used, or names fewer than two workers for `multi_worker`.
    """
    if cpu_devices > 1:
        (cpu,) = tf.config.list_physical_devices("CPU")
        tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * cpu_devices)
    workers = _workers()
    if name == "auto":
        name = _best_strategy(workers, cpu_devices)
    match name:
        case "multi_worker":
            if workers < 2:
                raise InputError("--strategy=multi_worker needs TF_CONFIG to name two workers or more; see BUILD.md")
            return tf.distribute.MultiWorkerMirroredStrategy()
        case "mirrored":
            devices = tf.config.list_logical_devices("GPU") or tf.config.list_logical_devices("CPU")
            return tf.distribute.MirroredStrategy([device.name for device in devices])
        case _:
            return tf.distribute.get_strategy()


def _workers() -> int:
    """The number of workers that the variable TF_CONFIG names; 0 without it."""
    try:
        config = json.loads(os.environ.get("TF_CONFIG") or "{}")
        workers = [*config.get("cluster", {}).get("chief", []), *config.get("cluster", {}).get("worker", [])]
        task = config.get("task", {})
        if len(workers) > 1:
            config["cluster"][task["type"]][task["index"]]
    except (ValueError, LookupError, TypeError, AttributeError) as error:
        raise InputError("TF_CONFIG cannot be used: it must name a cluster and a task in it; see BUILD.md") from error
    return len(workers)


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


def set_numerics(precision: str, deterministic: bool, seed: int) -> None:
    """Sets Keras's precision and global seed, and TensorFlow's determinism."""
    keras.config.set_dtype_policy(precision)
    keras.utils.set_random_seed(seed)
    if deterministic:
        tf.config.experimental.enable_op_determinism()


def check_batch(batch_size: int, strategy: tf.distribute.Strategy) -> None:
    """Checks that every replica gets the same share of a batch.

    Raises:
        InputError: The batch does not divide evenly.
    """
    replicas = strategy.num_replicas_in_sync
    if batch_size % replicas:
        raise InputError(f"--batch_size={batch_size} does not divide evenly over {replicas} replicas; give a multiple")
