"""Shuffled batches, each computed from its own number."""

import tensorflow as tf

from keras_gen.datasets.images import Images
from keras_gen.errors import InputError


def batches(
    images: Images,
    batch_size: int,
    seed: int = 0,
    first_step: int = 0,
    num_steps: int | None = None,
    with_labels: bool = False,
) -> tf.data.Dataset:
    """Returns the batches `first_step`, `first_step + 1`, ... of an endless shuffled run over the images.

    Batch `n` is a function of (seed, n) alone. There is no shuffle buffer to fill or to replay: a
    keyed permutation names the images of each batch, so a run continues at any step at once, and a
    set larger than memory is shuffled fully. Every epoch has an order of its own; a batch may
    straddle two epochs, so none is cut short.

    Args:
        images: what `load` returned.
        batch_size: images in a batch, over all replicas.
        seed: chooses the orders.
        first_step: number of the first batch.
        num_steps: number of batches; None goes on for ever.
        with_labels: whether to return (images, labels).

    Returns:
        float32 [batch_size, h, w, c] in [-1, 1], or pairs of it and int64 [batch_size] labels.

    Raises:
        InputError: `batch_size` is not between 1 and the number of images, a step is negative, or
            labels are asked for where there are none.
    """
    if not 1 <= batch_size <= len(images):
        raise InputError(
            f"batch_size={batch_size} must be between 1 and the {len(images)} images of {images.name} ({images.split})"
        )
    if first_step < 0 or (num_steps is not None and num_steps < 0):
        raise InputError(f"first_step={first_step}, num_steps={num_steps} must not be negative")
    if with_labels and images.labels is None:
        raise InputError(f"with_labels=True, but {images.name} has no labels")

    steps = tf.data.Dataset.counter(start=first_step)
    if num_steps is not None:
        steps = steps.take(num_steps)
    indices = steps.map(lambda step: _shuffled_indices(step, batch_size, len(images), seed))
    dataset = images.fetch(indices).map(_to_float, tf.data.AUTOTUNE, deterministic=True)
    if with_labels:
        with tf.device("CPU:0"):
            labels = tf.constant(images.labels)
        dataset = tf.data.Dataset.zip(dataset, indices.map(lambda rows: tf.gather(labels, rows)))
    return dataset.prefetch(tf.data.AUTOTUNE).with_options(_options())


def _shuffled_indices(step: tf.Tensor, batch_size: int, num_images: int, seed: int) -> tf.Tensor:
    """Returns the int64 [batch_size] image numbers of batch `step`."""
    position = step * batch_size + tf.range(batch_size, dtype=tf.int64)
    epoch = position // num_images
    # tf.random.experimental.index_shuffle pads a batch of seeds along the wrong axis; the op
    # itself takes one seed of three numbers for each row.
    seeds = tf.stack([tf.fill([batch_size], tf.constant(seed, tf.int64)), epoch, 0 * epoch], axis=1)
    last = tf.fill([batch_size], tf.constant(num_images - 1, tf.int64))
    indices = tf.raw_ops.RandomIndexShuffle(index=position % num_images, seed=seeds, max_index=last, rounds=4)
    return tf.ensure_shape(indices, [batch_size])


def _to_float(pixels: tf.Tensor) -> tf.Tensor:
    return tf.cast(pixels, tf.float32) / 127.5 - 1


def _options() -> tf.data.Options:
    options = tf.data.Options()
    options.deterministic = True
    # Every worker computes all batches and keeps its rows: there are no files to deal out.
    options.experimental_distribute.auto_shard_policy = tf.data.experimental.AutoShardPolicy.DATA
    return options
