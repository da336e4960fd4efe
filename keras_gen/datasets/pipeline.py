"""How the data pipelines run."""

import tensorflow as tf


def options() -> tf.data.Options:
    """In order, on every worker alike, and without tuning in the background."""
    options = tf.data.Options()
    options.deterministic = True
    # Every worker computes all batches and keeps its own rows; there are no files to distribute.
    options.experimental_distribute.auto_shard_policy = tf.data.experimental.AutoShardPolicy.DATA
    # The tuner sleeps for up to a minute between two looks, and an iterator that is no longer needed waits until it
    # wakes: after a training of two minutes, half a minute. Without it, a map has as many threads as there are cores.
    options.autotune.enabled = False
    return options
