"""A contestant of `benchmarks.flows` in TensorFlow: `keras_gen`'s Glow, or `tfb.Glow` as its users train it.

Called as `python -m benchmarks.tensorflow_flows WHICH WIDTH DEPTH BATCH_SIZE`. It prints `ready`, the seconds to trace
the training step, the seconds of the first step after that (which hold the graph's optimisation), the number of
parameters, the floating-point operations of a step in matrix products and convolutions, and the machine's rate of those
per second. For each line `step N` or `sample N` it does that N times and prints the seconds; at the end of its
input it prints its peak memory in bytes.
"""

import os
import resource
import sys
import time
from collections.abc import Callable

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"

import numpy as np  # noqa: E402
import tensorflow as tf  # noqa: E402

from benchmarks import operations  # noqa: E402

SHAPE = (32, 32, 3)
LEVELS = 3
LEARNING_RATE = 1e-4

Contestant = tuple[Callable[[tf.Tensor], tf.Tensor], Callable[[], tf.Tensor], list]


def keras_gen_glow(width: int, depth: int, batch_size: int) -> Contestant:
    """The training step, sampling and the weights of `keras_gen.models.Glow`."""
    from keras_gen import models, optimizers

    sizes = {"levels": LEVELS, "depth": depth, "width": width}
    model = models.Glow(SHAPE, **sizes, coupling="affine", mixing="convolution", act_norm_from_data=True)
    model.compile(optimizers.Adam(LEARNING_RATE))
    model.initialize(_images(batch_size))
    return (
        lambda x: model.train_step(x)["negative_log_likelihood"],
        lambda: model.decode(tf.random.normal([batch_size, *model.latent_shape])),
        model.trainable_variables,
    )


def tfb_glow(width: int, depth: int, batch_size: int) -> Contestant:
    """The same of `tfb.Glow`, with the optimiser of `tf_keras`, which knows its variables."""
    import tensorflow_probability as tfp
    import tf_keras

    tfb, tfd = tfp.bijectors, tfp.distributions
    flow = tfb.Glow(
        output_shape=SHAPE,
        num_glow_blocks=LEVELS,
        num_steps_per_block=depth,
        coupling_bijector_fn=lambda shape: tfb.GlowDefaultNetwork(shape, num_hidden=width),
        exit_bijector_fn=tfb.GlowDefaultExitNetwork,
    )
    prior = tfd.MultivariateNormalDiag(tf.zeros(int(np.prod(SHAPE))))
    distribution = flow(prior)
    distribution.log_prob(_images(batch_size))  # initialises act norm
    optimizer = tf_keras.optimizers.Adam(LEARNING_RATE)
    optimizer.build(flow.trainable_variables)

    def step(x: tf.Tensor) -> tf.Tensor:
        with tf.GradientTape() as tape:
            loss = -tf.reduce_mean(distribution.log_prob(x))
        gradients = tape.gradient(loss, flow.trainable_variables)
        optimizer.apply_gradients(zip(gradients, flow.trainable_variables, strict=True))
        return loss

    return step, lambda: distribution.sample(batch_size), list(flow.trainable_variables)


def _images(batch_size: int) -> tf.Tensor:
    return tf.constant(np.random.RandomState(0).uniform(-1, 1, (batch_size, *SHAPE)).astype("float32"))


def main() -> None:
    """Answers lines until the input ends."""
    which, *sizes = sys.argv[1:]
    width, depth, batch_size = map(int, sizes)
    step, sample, weights = {"keras_gen": keras_gen_glow, "tfb": tfb_glow}[which](width, depth, batch_size)
    x = _images(batch_size)
    start = time.perf_counter()
    traced_step = tf.function(step, autograph=False).get_concrete_function(x)
    traced = time.perf_counter()
    traced_step(x).numpy()
    first = time.perf_counter()
    traced_sample = tf.function(sample, autograph=False).get_concrete_function()
    traced_sample().numpy()
    parameters = sum(int(np.prod(weight.shape)) for weight in weights)
    counted = operations.matrix_operations(traced_step, batch_size)
    print("ready", traced - start, first - traced, parameters, counted, operations.matrix_product_rate(), flush=True)
    tasks = {"step": lambda: traced_step(x), "sample": traced_sample}
    for line in sys.stdin:
        what, repetitions = line.split()
        start = time.perf_counter()
        for _ in range(int(repetitions)):
            result = tasks[what]()
        result.numpy()
        print(time.perf_counter() - start, flush=True)
    print(1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, flush=True)


if __name__ == "__main__":
    main()
