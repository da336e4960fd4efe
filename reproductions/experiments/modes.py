"""25 Gaussians on a grid: trains one GAN and measures which modes its samples cover on the way."""

from __future__ import annotations

import math

import keras
import numpy as np
import tensorflow_probability as tfp

from keras_gen import datasets, metrics
from keras_gen.models import GAN, RSGAN
from keras_gen.networks import mlp
from reproductions.families import rates
from reproductions.studies import modes

tfd = tfp.distributions

CENTERS = np.array(modes.CENTERS, np.float32)
DEVIATION = modes.DEVIATION
STEPS_PER_CALL = 50


def mixture() -> tfd.Distribution:
    """The data's distribution in the plane."""
    deviations = np.full_like(CENTERS, DEVIATION)
    return tfd.MixtureSameFamily(
        tfd.Categorical(logits=np.zeros(len(CENTERS), np.float32)), tfd.MultivariateNormalDiag(CENTERS, deviations)
    )


def perform(settings: modes.Settings, data_dir: str | None) -> dict:
    """One training; what its samples cover on the way, and some of the last ones."""
    del data_dir
    model = _model(settings)
    coverage = _Coverage(settings)
    model.fit(
        datasets.draws(mixture(), settings.batch_size * model.real_batches_per_step, settings.seed),
        steps_per_epoch=settings.evaluate_every,
        epochs=settings.steps // settings.evaluate_every,
        shuffle=False,
        verbose=0,
        callbacks=[coverage],
    )
    shown = model.sample(settings.samples_shown, seed=0).numpy()
    return {"evaluations": coverage.rows, "samples": np.round(shown.astype(float), 3).tolist()}


def _model(settings: modes.Settings) -> GAN:
    generator = mlp(settings.latent_dim, 2, settings.widths, seed=settings.seed, name="generator")
    scores = mlp(
        2,
        1,
        settings.widths,
        spectral_normalization=settings.spectral_normalization,
        seed=settings.seed,
        name="discriminator",
    )
    # The same factor for all contestants; what it does, the option says.
    points = keras.Input((2,))
    scaled = keras.layers.Rescaling(settings.score_scale, dtype="float32")(scores(points))
    discriminator = keras.Model(points, scaled, name="discriminator")
    arguments = {"generator_steps": settings.generator_steps, "seed": settings.seed}
    if settings.model == "gan":
        model = GAN(generator, discriminator, **arguments)
    else:
        model = RSGAN(generator, discriminator, pairs=settings.pairs, **arguments)
    model.compile(
        _adam(settings.generator_learning_rate, settings.steps, settings.generator_steps),
        _adam(settings.discriminator_learning_rate, settings.steps),
        # A step is so short that calling every one would add much to the time.
        steps_per_execution=math.gcd(settings.evaluate_every, STEPS_PER_CALL),
    )
    return model


def _adam(rate: float, steps: int, updates: int = 1) -> keras.optimizers.Adam:
    """Samples get sharp as the rate falls; with Adam's usual beta_2, 0.999, a seed of three lost a mode at the end."""
    return keras.optimizers.Adam(rates.schedule(rate, decay_steps=steps, updates=updates), beta_1=0.5, beta_2=0.99)


class _Coverage(keras.callbacks.Callback):
    """Measures the samples at the end of every epoch, always from the same latents."""

    def __init__(self, settings: modes.Settings):
        super().__init__()
        self.settings = settings
        self.rows: list[dict] = []

    def on_epoch_end(self, epoch: int, logs: dict | None = None) -> None:
        samples = self.model.sample(self.settings.evaluation_samples, seed=0).numpy()
        found = metrics.mode_coverage(samples, CENTERS, DEVIATION)
        self.rows.append({"step": (epoch + 1) * self.settings.evaluate_every, **found})
