"""How much the generator's gradient varies from batch to batch, at the weights of a trained GAN."""

from __future__ import annotations

import numpy as np
import tensorflow as tf

from keras_gen import datasets
from keras_gen.models import RSGAN
from keras_gen.utils import noise
from keras_gen.utils.image_grid import image_grid

BATCHES, BATCH_SIZE, SHOWN = 64, 64, 64


def examine(model: RSGAN, train: datasets.Images) -> tuple[dict, np.ndarray]:
    """The variance of G's gradient by its squared length, with the real scores that the model was trained with."""
    batches = min(BATCHES, len(train) // BATCH_SIZE)
    parts = np.split(train.to_array(batches * BATCH_SIZE), batches)
    gradients = np.stack([_gradient(model, tf.constant(part), i) for i, part in enumerate(parts)])
    return {"gradient_variance": relative_variance(gradients)}, image_grid(model.sample(SHOWN, seed=0))


def relative_variance(gradients: np.ndarray) -> float:
    """E|g - E g|² / |E g|² of gradients g [batches, weights], both without bias."""
    batches = len(gradients)
    variance = gradients.var(axis=0, ddof=1).sum()
    squared_mean = (gradients.mean(axis=0) ** 2).sum() - variance / batches
    return float(variance / squared_mean) if squared_mean > 0 else float("inf")


def _gradient(model: RSGAN, real: tf.Tensor, batch: int) -> np.ndarray:
    """G's gradient on a batch of real images and as many latents, as one vector of float64."""
    latents = noise.normal([len(real), *model.latent_shape], noise.stream_seed(batch, "gradient_variance"))
    weights = model.generator.trainable_variables
    with tf.GradientTape() as tape:
        fake = model.generator(latents, training=True)
        loss, _ = model.generator_objective(fake, real if model.relativistic else None)
    found = tape.gradient(loss, [weight.value for weight in weights])
    return np.concatenate([np.ravel(gradient) for gradient in found]).astype("float64")
