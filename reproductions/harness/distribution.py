"""Devices, precision and determinism: what is set up before a model is built."""

import os

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
        InputError: `multi_worker` without TF_CONFIG.
    """
    if cpu_devices > 1:
        (cpu,) = tf.config.list_physical_devices("CPU")
        tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * cpu_devices)
    if name == "auto":
        name = _best_strategy(cpu_devices)
    match name:
        case "multi_worker":
            if "TF_CONFIG" not in os.environ:
                raise InputError("--strategy=multi_worker needs the variable TF_CONFIG; BUILD.md shows how to set it")
            return tf.distribute.MultiWorkerMirroredStrategy()
        case "mirrored":
            devices = tf.config.list_logical_devices("GPU") or tf.config.list_logical_devices("CPU")
            return tf.distribute.MirroredStrategy([device.name for device in devices])
        case _:
            return tf.distribute.get_strategy()


def _best_strategy(cpu_devices: int) -> str:
    if "TF_CONFIG" in os.environ:
        return "multi_worker"
    if len(tf.config.list_physical_devices("GPU")) > 1 or cpu_devices > 1:
        return "mirrored"
    return "single"


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
        raise InputError(f"--batch_size={batch_size} does not divide evenly over {replicas} replicas")
