"""Fits a Gaussian to a mixture of two under an f-divergence, and finds the nearest one by quadrature."""

from __future__ import annotations

import math

import keras
import numpy as np
import scipy.optimize
import scipy.stats
import tensorflow as tf
import tensorflow_probability as tfp

from keras_gen import datasets
from keras_gen.losses import f_divergences
from keras_gen.models import FGAN
from keras_gen.networks import mlp
from reproductions.studies.gaussian_table import DEVIATIONS, DIVERGENCES, MEANS, WEIGHTS, Settings

tfd = tfp.distributions

# Far enough that both densities vanish at the ends; the trapezoidal rule is then as good as exact.
GRID = np.linspace(-18.0, 20.0, 7601)
MIXTURE_DENSITY = sum(
    weight * scipy.stats.norm.pdf(GRID, mean, deviation)
    for weight, mean, deviation in zip(WEIGHTS, MEANS, DEVIATIONS, strict=True)
)


def mixture() -> tfd.Distribution:
    """The data's distribution, of vectors of one number."""
    return tfd.MixtureSameFamily(
        tfd.Categorical(probs=WEIGHTS),
        tfd.MultivariateNormalDiag(np.float32(MEANS)[:, np.newaxis], np.float32(DEVIATIONS)[:, np.newaxis]),
    )


def divergence_from(mu: float, sigma: float, name: str) -> float:
    """D_f(p||q) of the mixture p and q = N(mu, sigma^2), by quadrature (1)."""
    q = scipy.stats.norm.pdf(GRID, mu, sigma)
    f = f_divergences.get(name).f(tf.constant(MIXTURE_DENSITY / q)).numpy()
    return float(np.trapezoid(q * f, GRID))


def nearest(name: str) -> tuple[float, float, float]:
    """The mu and sigma of the Gaussian of least divergence, and that divergence."""
    found = scipy.optimize.minimize(
        lambda x: divergence_from(x[0], math.exp(x[1]), name),
        x0=(1.0, math.log(1.8)),
        method="Nelder-Mead",
        options={"xatol": 1e-7, "fatol": 1e-12},
    )
    return float(found.x[0]), math.exp(found.x[1]), float(found.fun)


def perform(settings: Settings, data_dir: str | None) -> dict:
    """One fit; its mu and sigma beside the best, the bound that T has learnt, and the divergence by all of them."""
    del data_dir
    model = _model(settings)
    trace = _Trace(settings.steps // 50)
    model.fit(
        datasets.draws(mixture(), settings.batch_size * model.real_batches_per_step, settings.seed),
        steps_per_epoch=settings.steps,
        shuffle=False,
        verbose=0,
        callbacks=[trace],
    )
    mu, sigma = _parameters(model)
    best_mu, best_sigma, least = nearest(settings.divergence)
    bound, standard_error = _bound(model, settings)
    return {
        "mu": mu,
        "sigma": sigma,
        "nearest": {"mu": best_mu, "sigma": best_sigma, "divergence": least},
        "bound": bound,
        "bound_standard_error": standard_error,
        "divergences": {title: divergence_from(mu, sigma, name) for title, name in DIVERGENCES.items()},
        "trace": trace.rows,
    }


def _model(settings: Settings) -> FGAN:
    generator = mlp(1, 1, widths=(), seed=settings.seed, name="generator")  # x = sigma z + mu
    generator.set_weights([np.float32([[settings.initial_sigma]]), np.float32([settings.initial_mu])])
    discriminator = mlp(1, 1, settings.widths, "tanh", seed=settings.seed, name="discriminator")
    model = FGAN(
        generator,
        discriminator,
        settings.divergence,
        discriminator_steps=settings.discriminator_steps,
        ema_momentum=settings.ema_momentum,
        seed=settings.seed,
    )

    def adam(learning_rate: float, updates: int) -> keras.optimizers.Optimizer:
        return keras.optimizers.Adam(keras.optimizers.schedules.CosineDecay(learning_rate, updates), beta_1=0.5)

    model.compile(
        adam(settings.generator_learning_rate, settings.steps),
        adam(settings.discriminator_learning_rate, settings.steps * settings.discriminator_steps),
    )
    return model


def _parameters(model: FGAN) -> tuple[float, float]:
    """Mu and sigma of the averaged generator."""
    scale, shift = model.average_generator.get_weights()
    return float(shift[0]), abs(float(scale[0, 0]))


def _bound(model: FGAN, settings: Settings) -> tuple[float, float]:
    """E_p[T] - E_q[g(T)] (13) on fresh draws, with its standard error."""
    divergence = f_divergences.get(settings.divergence)
    count = settings.bound_draws
    real = mixture().sample(count, seed=tf.constant([settings.seed, -1]))
    t_real = divergence.activation(model.discriminator(real))
    g_fake = divergence.activated_conjugate(model.discriminator(model.sample(count, seed=settings.seed)))
    bound = divergence.bound(model.discriminator(real), model.discriminator(model.sample(count, seed=settings.seed)))
    variance = tf.math.reduce_variance(t_real) + tf.math.reduce_variance(g_fake)
    return float(bound), math.sqrt(variance / count)


class _Trace(keras.callbacks.Callback):
    """Keeps mu and sigma every so many steps."""

    def __init__(self, every: int):
        super().__init__()
        self.every = every
        self.rows: list[dict] = []

    def on_train_batch_end(self, batch: int, logs: dict | None = None) -> None:
        if (batch + 1) % self.every == 0:
            mu, sigma = _parameters(self.model)
            self.rows.append({"step": batch + 1, "mu": mu, "sigma": sigma})
