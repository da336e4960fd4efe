"""25 Gaussians on a grid: trains one GAN and measures which modes its samples cover on the way."""

from __future__ import annotations

import keras
import numpy as np
import tensorflow_probability as tfp

from keras_gen import datasets, metrics
from keras_gen.models import GAN, RSGAN
from keras_gen.networks import mlp
from reproductions.studies import modes

tfd = tfp.distributions

CENTERS = np.array(modes.CENTERS, np.float32)
DEVIATION = modes.DEVIATION


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
    discriminator = mlp(
        2,
        1,
        settings.widths,
        spectral_normalization=settings.spectral_normalization,
        seed=settings.seed,
        name="discriminator",
    )
    arguments = {"generator_steps": settings.generator_steps, "seed": settings.seed}
    if settings.model == "gan":
        model = GAN(generator, discriminator, **arguments)
    else:
        model = RSGAN(generator, discriminator, pairs=settings.pairs, **arguments)
    model.compile(
        keras.optimizers.Adam(settings.generator_learning_rate, beta_1=0.5),
        keras.optimizers.Adam(settings.discriminator_learning_rate, beta_1=0.5),
    )
    return model


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
