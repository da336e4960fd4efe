"""Shuffled batches: which images a batch holds depends on its number alone."""

import tensorflow as tf

from keras_gen.datasets.images import Images
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
    """Returns the batches `first_step`, `first_step + 1`, ... of an endless shuffled run over the images.

    Batch `n` is a function of (seed, n) alone. The order of an epoch is a function of (seed, epoch)
    and orders image numbers, not images: no shuffle buffer has to be filled or replayed, a run
    continues at any step at once, and a set larger than memory is shuffled fully. A batch may
    straddle two epochs, so none is cut short. The order of an epoch takes 8 bytes an image, that of
    the next as much, and 40 while it is drawn: 400 MB and five seconds for ten million.

    Args:
        images: what `load` returned.
        batch_size: images in a batch, over all replicas.
        seed: chooses the orders.
        first_step: number of the first batch.
        num_steps: number of batches; None goes on for ever.
        with_labels: whether to return (images, labels).
        input_context: of which worker the rows are wanted; they come in the shares of its replicas,
            one after another. Other workers' images are not read. What
            `tf.distribute.Strategy.distribute_datasets_from_function` hands to its function.

    Returns:
        float32 [batch_size, h, w, c] in [-1, 1], or pairs of it and int64 [batch_size] labels; with
        an `input_context`, shares of batch_size / number of replicas.

    Raises:
        InputError: `batch_size` is not between 1 and the number of images, or does not divide evenly
            over the replicas; a step is negative; or labels are asked for where there are none.
    """
    if not 1 <= batch_size <= len(images):
        raise InputError(
            f"batch_size={batch_size} must be between 1 and the {len(images)} images of {images.name} ({images.split})"
        )
    if first_step < 0 or (num_steps is not None and num_steps < 0):
        raise InputError(f"first_step={first_step}, num_steps={num_steps} must not be negative")
    if with_labels and images.labels is None:
        raise InputError(f"with_labels=True, but {images.name} has no labels")
    if input_context is not None and batch_size % input_context.num_replicas_in_sync:
        raise InputError(
            f"batch_size={batch_size} does not divide evenly over {input_context.num_replicas_in_sync} replicas"
        )

    indices = _shuffled_indices(len(images), batch_size, seed, first_step)
    if num_steps is not None:
        indices = indices.take(num_steps)
    if input_context is not None:
        indices = _shares(indices, batch_size, input_context)
        num_steps = num_steps and num_steps * _local_replicas(input_context)
    cardinality = tf.data.INFINITE_CARDINALITY if num_steps is None else num_steps
    indices = indices.apply(tf.data.experimental.assert_cardinality(cardinality))
    dataset = images.fetch(indices).map(_to_float, tf.data.AUTOTUNE, deterministic=True)
    if with_labels:
        with tf.device("CPU:0"):
            labels = tf.constant(images.labels)
        dataset = tf.data.Dataset.zip(dataset, indices.map(lambda rows: tf.gather(labels, rows)))
    return dataset.prefetch(tf.data.AUTOTUNE).with_options(_options())


def _shuffled_indices(num_images: int, batch_size: int, seed: int, first_step: int) -> tf.data.Dataset:
    """Returns the int64 [batch_size] image numbers of the batches from `first_step` on, without end."""
    first_epoch, num_skipped = divmod(first_step * batch_size, num_images)

    def rest_of_order(epoch):
        order = noise.shuffled_order(num_images, tf.stack([seed, epoch]))
        return order[tf.where(epoch == first_epoch, num_skipped, 0) :]

    # The next epoch's order is drawn while this one's is used.
    orders = tf.data.Dataset.counter(first_epoch).map(rest_of_order).prefetch(1)
    return orders.rebatch(batch_size, drop_remainder=True)


def _shares(indices: tf.data.Dataset, batch_size: int, context: tf.distribute.InputContext) -> tf.data.Dataset:
    """Cuts a worker's rows out of each batch of image numbers, in the shares of its replicas."""
    share = context.get_per_replica_batch_size(batch_size)
    rows = share * _local_replicas(context)
    first = rows * context.input_pipeline_id
    return indices.map(lambda batch: batch[first : first + rows]).rebatch(share, drop_remainder=True)


def _local_replicas(context: tf.distribute.InputContext) -> int:
    return context.num_replicas_in_sync // context.num_input_pipelines


def _to_float(pixels: tf.Tensor) -> tf.Tensor:
    return tf.cast(pixels, tf.float32) / 127.5 - 1


def _options() -> tf.data.Options:
    options = tf.data.Options()
    options.deterministic = True
    # Every worker computes all batches and keeps its rows: there are no files to deal out.
    options.experimental_distribute.auto_shard_policy = tf.data.experimental.AutoShardPolicy.DATA
    return options
