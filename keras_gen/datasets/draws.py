"""Batches drawn from a distribution, for toy problems whose density is known."""

import tensorflow as tf
import tensorflow_probability as tfp

from keras_gen.datasets import pipeline
from keras_gen.errors import InputError


def draws(
    distribution: tfp.distributions.Distribution, batch_size: int, seed: int = 0, first_step: int = 0
) -> tf.data.Dataset:
    """Batches `first_step`, `first_step + 1`, ... of an endless sequence of draws.

    Batch `n` is a function of (seed, n) alone; no two batches hold the same draws.

    Args:
        distribution: The distribution to draw from.
        batch_size: Draws per batch, over all replicas.
        seed: Seed of the draws.
        first_step: Number of the first batch.

    Returns:
        float32 [batch_size, *event_shape].

    Raises:
        InputError: `batch_size` is below 1, or `first_step` below 0.
    """
    if batch_size < 1:
        raise InputError(f"batch_size={batch_size}: must be at least 1")
    if first_step < 0:
        raise InputError(f"first_step={first_step}: must not be negative")

    def batch(step: tf.Tensor) -> tf.Tensor:
        return tf.cast(distribution.sample(batch_size, seed=tf.stack([seed, tf.cast(step, tf.int32)])), tf.float32)

    drawn = tf.data.Dataset.counter(first_step).map(batch, tf.data.AUTOTUNE, deterministic=True)
    return drawn.prefetch(2).with_options(pipeline.options())
