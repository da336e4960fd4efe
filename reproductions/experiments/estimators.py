"""Climbs the staircase of Poole et al. 2019 with one estimator of mutual information.

x and z have twenty dimensions, each of x correlated with the same one of z. The information climbs in steps of 2 nats
while a separable T(x, z) = f(x) . g(z) / sqrt(their dimension), or a decoder q(x|z), goes on training, on fresh
draws in every step.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import keras
import numpy as np
import tensorflow as tf
import tensorflow_probability as tfp

from keras_gen.losses import mutual_information
from keras_gen.networks import mlp
from keras_gen.utils import noise
from reproductions.studies.estimators import LEVELS, Settings

tfd = tfp.distributions

# From x and z of a batch to the loss and the estimate, in nats.
Objective = Callable[[tf.Tensor, tf.Tensor], tuple[tf.Tensor, tf.Tensor]]

DIMENSIONS = 20
ENTROPY = DIMENSIONS / 2 * math.log(2 * math.pi * math.e)  # H(x) of a standard normal x, nats
# Where T is trained with one estimator and read with another, what turns the best scores of the one, log(p/q), into
# those of the other.
SHIFTS = {("jensen_shannon", "nwj"): 1.0}


def correlation(information: float) -> float:
    """The correlation of each pair of dimensions: I = -dimensions/2 log(1 - correlation^2)."""
    return math.sqrt(1 - math.exp(-2 * information / DIMENSIONS))


def pairs(batch_size: int, rho: tf.Tensor, seed: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """Draws x and z [batch_size, 20], standard normal, with correlation rho in each dimension."""
    x, rest = tf.unstack(noise.normal([2, batch_size, DIMENSIONS], seed))
    return x, rho * x + tf.sqrt(1 - rho**2) * rest


def separable_scores(f: tf.Tensor, g: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """T of every x with its own z [n, 1] and with the z of all others [n, n - 1], from f(x) and g(z) [n, embedding]."""
    num_rows, embedding = f.shape
    # Scaled as in attention: at the start e^T is of order 1, from which NWJ can learn.
    matrix = tf.matmul(f, g, transpose_b=True) / math.sqrt(embedding)
    # In which order an x meets the others makes no difference.
    others = mutual_information.shuffled(tf.range(num_rows), tf.zeros([num_rows]), num_rows - 1)
    return tf.linalg.diag_part(matrix)[:, tf.newaxis], tf.gather(matrix, others, batch_dims=1)


def perform(settings: Settings, data_dir: str | None) -> dict:
    """Climbs the staircase once; what was estimated on each level's last quarter of batches, untrained on them."""
    del data_dir
    by = _by_decoder if settings.estimator == "barber_agakov" else _by_scores
    variables, objective, limit = by(settings)
    train = _training(settings, variables, objective)
    levels, trace = [], []
    for number, information in enumerate(LEVELS):
        values = train(tf.constant(number * settings.steps), tf.constant(correlation(information), tf.float32)).numpy()
        last = values[-settings.steps // 4 :]
        levels.append(
            {
                "information": information,
                "mean": float(last.mean()),
                "median": float(np.median(last)),
                "standard_deviation": float(last.std()),
                "largest": float(last.max()),
            }
        )
        trace += [float(np.median(part)) for part in np.array_split(values, settings.trace_points)]
    return {"levels": levels, "trace": trace, "limit": limit if math.isfinite(limit) else None}


def _by_scores(settings: Settings) -> tuple[list, Objective, float]:
    """The weights of T, what is made of its scores, and what the estimate cannot exceed."""
    trained, read = (mutual_information.get(name) for name in (settings.estimator, settings.read_as))
    shift = SHIFTS.get((trained.name, read.name), 0.0)
    f, g = (
        mlp(DIMENSIONS, settings.embedding, settings.widths, seed=settings.seed, name=name)
        for name in ("f_of_x", "g_of_z")
    )

    def objective(x: tf.Tensor, z: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        joint_scores, shuffled_scores = separable_scores(f(x), g(z))
        loss = -trained.estimate(joint_scores, shuffled_scores)
        return loss, read.estimate(joint_scores + shift, shuffled_scores + shift)

    return [*f.trainable_variables, *g.trainable_variables], objective, read.limit(settings.batch_size - 1)


def _by_decoder(settings: Settings) -> tuple[list, Objective, float]:
    """The weights of a Gaussian q(x|z), its Barber-Agakov bound, and that this has no limit of its own."""
    decoder = mlp(DIMENSIONS, 2 * DIMENSIONS, settings.widths, seed=settings.seed, name="decoder")

    def objective(x: tf.Tensor, z: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        mean, log_scale = tf.split(decoder(z), 2, axis=-1)
        log_likelihoods = tfd.MultivariateNormalDiag(mean, tf.exp(log_scale)).log_prob(x)
        estimate = mutual_information.barber_agakov(log_likelihoods, ENTROPY)
        return -estimate, estimate

    return decoder.trainable_variables, objective, math.inf


def _training(settings: Settings, variables: list, objective: Objective) -> Callable[[tf.Tensor, tf.Tensor], tf.Tensor]:
    """Makes the function that trains on one level and gives each step's estimate, made before its update."""
    optimizer = keras.optimizers.Adam(settings.learning_rate)
    optimizer.build(variables)

    @tf.function
    def train(first_step: tf.Tensor, rho: tf.Tensor) -> tf.Tensor:
        estimates = tf.TensorArray(tf.float32, settings.steps)
        for step in tf.range(settings.steps):
            seed = noise.fold_in(noise.stream_seed(settings.seed, "pairs"), first_step + step)
            with tf.GradientTape() as tape:
                loss, estimate = objective(*pairs(settings.batch_size, rho, seed))
            optimizer.apply(tape.gradient(loss, [variable.value for variable in variables]), variables)
            estimates = estimates.write(step, estimate)
        return estimates.stack()

    return train
