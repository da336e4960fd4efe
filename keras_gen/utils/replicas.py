"""What a loss needs that is no mean over rows: the rows of all replicas."""

import tensorflow as tf


def of_all_replicas(rows: tf.Tensor) -> tf.Tensor:
    """The rows of the global batch [n, ...] from those of this replica; gradients pass to the rows of the others.

    What is made of them is the same on every replica, and the mean of the replicas' gradients is the gradient of one
    replica that has the whole batch.

    Args:
        rows: This replica's, as many as each other's. Outside of replicas they are all there are.
    """
    replica = tf.distribute.get_replica_context()
    if replica is None or replica.num_replicas_in_sync == 1:
        return rows
    return replica.all_gather(rows, axis=0)
