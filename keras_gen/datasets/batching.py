"""Shuffled batches whose images depend on the batch's number alone."""

import numpy as np
import tensorflow as tf

from keras_gen.datasets import pipeline
from keras_gen.datasets.images import Images, from_pixels
from keras_gen.errors import InputError
from keras_gen.utils import noise


def batches(
    images: Images,
    batch_size: int,
    seed: int = 0,
    first_step: int = 0,
    num_steps: int | None = None,
    with_labels: bool = False,
    input_context: tf.distribute.InputContext | None = None,
) -> tf.data.Dataset:
    """Batches `first_step`, `first_step + 1`, ... of an endless shuffled pass over the images.

    Batch `n` is a function of (seed, n) alone. The order of an epoch is a function of (seed, epoch) and permutes image
    numbers, not images: there is no shuffle buffer to fill or replay, a run continues at any step at once, and a set
    larger than memory is shuffled completely. A batch may straddle two epochs, so none is cut short. The orders of this
    epoch and the next take 8 bytes per image each, and 40 while they are drawn: 400 MB and five seconds for ten
    million.

    Args:
        images: What `load` returned.
        batch_size: Images per batch, over all replicas.
        seed: Seed of the orders.
        first_step: Number of the first batch.
        num_steps: Number of batches; None for no end.
        with_labels: Whether to return (images, labels).
        input_context: The worker whose rows are wanted, as `tf.distribute.Strategy.distribute_datasets_from_function`
            passes it. They come in the shares of its replicas, one after another; other workers' images are not read.

    Returns:
        float32 [batch_size, h, w, c] in [-1, 1], or pairs of these and int64 [batch_size] labels; with an
        `input_context`, shares of batch_size / number of replicas.

    Raises:
        InputError: `batch_size` is not between 1 and the number of images, or does not divide evenly among the
            replicas; a step is negative; or there are no labels.
    """
    _check(images, batch_size, first_step, num_steps, with_labels, input_context)
    indices = _shuffled_indices(len(images), batch_size, seed, first_step)
    if num_steps is not None:
        indices = indices.take(num_steps)
    if input_context is not None:
        indices = _shares(indices, batch_size, input_context)
        num_steps = num_steps and num_steps * _local_replicas(input_context)
    cardinality = tf.data.INFINITE_CARDINALITY if num_steps is None else num_steps
    indices = indices.apply(tf.data.experimental.assert_cardinality(cardinality))
    dataset = images.fetch(indices).map(from_pixels, tf.data.AUTOTUNE, deterministic=True)
    if with_labels:
        with tf.device("CPU:0"):
            labels = tf.constant(images.labels)
        dataset = tf.data.Dataset.zip(dataset, indices.map(lambda rows: tf.gather(labels, rows)))
    return dataset.prefetch(tf.data.AUTOTUNE).with_options(pipeline.options())


def batch_numbers(num_images: int, batch_size: int, seed: int, first_step: int, num_steps: int) -> np.ndarray:
    """The image numbers in each of these batches of `batches`, int64 [num_steps, batch_size]."""
    indices = _shuffled_indices(num_images, batch_size, seed, first_step).batch(num_steps).take(1)
    return next(indices.as_numpy_iterator())


def _check(
    images: Images,
    batch_size: int,
    first_step: int,
    num_steps: int | None,
    with_labels: bool,
    input_context: tf.distribute.InputContext | None,
) -> None:
    if not isinstance(images, Images):
        kind = type(images).__name__
        raise InputError(f"images: a {kind} was given; give what load returned. An array goes to fit as it is")
    if not 1 <= batch_size <= len(images):
        raise InputError(
            f"batch_size={batch_size} must be between 1 and the {len(images)} images of {images.name} ({images.split})"
        )
    if first_step < 0 or (num_steps is not None and num_steps < 0):
        raise InputError(f"first_step={first_step}, num_steps={num_steps} must not be negative")
    if with_labels and images.labels is None:
        raise InputError(f"with_labels=True, but {images.name} has no labels; use a labelled data set")
    if input_context is not None and batch_size % input_context.num_replicas_in_sync:
        raise InputError(
            f"batch_size={batch_size} does not divide evenly among {input_context.num_replicas_in_sync} replicas; "
            "give a multiple of their number"
        )


def _shuffled_indices(num_images: int, batch_size: int, seed: int, first_step: int) -> tf.data.Dataset:
    """The int64 [batch_size] image numbers of all batches from `first_step` on."""
    first_epoch, num_skipped = divmod(first_step * batch_size, num_images)

    def rest_of_order(epoch: tf.Tensor) -> tf.Tensor:
        order = noise.shuffled_order(num_images, tf.stack([seed, epoch]))
        return order[tf.where(epoch == first_epoch, num_skipped, 0) :]

    # The next epoch's order is drawn while this one's is used.
    orders = tf.data.Dataset.counter(first_epoch).map(rest_of_order).prefetch(1)
    return orders.rebatch(batch_size, drop_remainder=True)


def _shares(indices: tf.data.Dataset, batch_size: int, context: tf.distribute.InputContext) -> tf.data.Dataset:
    """A worker's rows of each batch of image numbers, in the shares of its replicas."""
    share = context.get_per_replica_batch_size(batch_size)
    rows = share * _local_replicas(context)
    first = rows * context.input_pipeline_id
    return indices.map(lambda batch: batch[first : first + rows]).rebatch(share, drop_remainder=True)


def _local_replicas(context: tf.distribute.InputContext) -> int:
    return context.num_replicas_in_sync // context.num_input_pipelines
