"""A Gaussian fitted to a mixture of two, by five f-divergences: the experiment of Nowozin et al. 2016, section 4.

The mixture's density is known, and so are, by quadrature, the Gaussian that is nearest under each divergence and how
near it is. Adversarial training, which knows only draws, should find the same.
"""

import math
from pathlib import Path
from types import SimpleNamespace

import keras
import matplotlib
import numpy as np
import scipy.optimize
import scipy.stats
import tensorflow as tf
import tensorflow_probability as tfp

from keras_gen import datasets
from keras_gen.losses import f_divergences
from keras_gen.models import FGAN
from keras_gen.networks import mlp
from reproductions.harness import markdown, summary
from reproductions.harness.study import Experiment

matplotlib.use("Agg")
from matplotlib import pyplot as plt  # noqa: E402

tfd = tfp.distributions

# N(2, 2) has the variance 2. The paper's table agrees with this reading: its KL optimum is the mixture's own moments.
WEIGHTS, MEANS, DEVIATIONS = (0.33, 0.67), (-1.0, 2.0), (0.2548, math.sqrt(2.0))

# Divergences by their name here. JS is written without its half in the paper, which makes it the standard GAN's own.
DIVERGENCES = {
    "KL": "kl",
    "reverse KL": "reverse_kl",
    "JS": "sgan",
    "Jeffreys": "jeffreys",
    "(p - q)²/q": "neyman",
}

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


def perform(settings: SimpleNamespace, data_dir: str | None) -> dict:
    """One fit; its mu and sigma beside the best, the bound that T has learnt, and the divergence by all five."""
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


def _model(settings: SimpleNamespace) -> FGAN:
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


def _bound(model: FGAN, settings: SimpleNamespace) -> tuple[float, float]:
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


def table(record: dict) -> str:
    """The fits beside the best Gaussians; then each fit measured under all divergences."""
    runs = summary.by_variant(record)
    return "\n".join([f"{_conditions(record)}.", "", _fits(runs), "", _cross_table(runs)])


def _conditions(record: dict) -> str:
    flags = record["flags"]
    return f"{flags['steps']} steps of {flags['batch_size']} draws, {summary.seeds(record)}"


def _fits(runs: dict[str, list[dict]]) -> str:
    columns = ("divergence", "mu", "mu*", "sigma", "sigma*", "largest miss", "bound", "D", "D*")
    rows = []
    for title, fits in runs.items():
        best = fits[0]["nearest"]
        misses = [abs(fit[name] - best[name]) for fit in fits for name in ("mu", "sigma")]
        rows.append(
            [
                title,
                markdown.spread([fit["mu"] for fit in fits], digits=3),
                f"{best['mu']:.3f}",
                markdown.spread([fit["sigma"] for fit in fits], digits=3),
                f"{best['sigma']:.3f}",
                f"{max(misses):.3f}",
                f"{fits[0]['bound']:.4f} ± {fits[0]['bound_standard_error']:.4f}",
                f"{fits[0]['divergences'][title]:.4f}",
                f"{best['divergence']:.4f}",
            ]
        )
    return markdown.table(columns, rows)


def _cross_table(runs: dict[str, list[dict]]) -> str:
    """Rows: what was trained; columns: under what it is measured. The least of a column is bold."""
    values = {
        title: {name: np.mean([fit["divergences"][name] for fit in fits]) for name in DIVERGENCES}
        for title, fits in runs.items()
    }
    least = {name: min(row[name] for row in values.values()) for name in DIVERGENCES}

    def cell(value: float, name: str) -> str:
        return f"**{value:.4f}**" if value == least[name] else f"{value:.4f}"

    rows = [[title, *(cell(row[name], name) for name in DIVERGENCES)] for title, row in values.items()]
    return markdown.table(("trained under, measured under", *DIVERGENCES), rows)


def plot(record: dict, path: Path) -> None:
    """The mixture and each fit beside the best Gaussian; then mu and sigma on their way, less the best."""
    figure, (densities, *traces) = plt.subplots(3, 1, figsize=(9, 9.5), layout="constrained", height_ratios=(2, 1, 1))
    shown = np.linspace(-5, 8, 600)
    densities.plot(GRID, MIXTURE_DENSITY, color="black", label="mixture p")
    densities.set(xlim=(-5, 8), xlabel="x", ylabel="density")
    for colour, (title, fits) in enumerate(summary.by_variant(record).items()):
        fit, style = fits[0], {"color": f"C{colour}"}
        densities.plot(shown, scipy.stats.norm.pdf(shown, fit["mu"], fit["sigma"]), **style, label=f"{title}, trained")
        best = scipy.stats.norm.pdf(shown, fit["nearest"]["mu"], fit["nearest"]["sigma"])
        label = None if colour else "the best of each"
        densities.plot(shown, best, "--", color="black", linewidth=0.8, label=label)
        for axes, name in zip(traces, ("mu", "sigma"), strict=True):
            steps = [row["step"] for row in fit["trace"]]
            axes.plot(steps, [row[name] - fit["nearest"][name] for row in fit["trace"]], **style)
    for axes, name in zip(traces, ("mu", "sigma"), strict=True):
        axes.axhspan(-0.05, 0.05, color="0.9")
        axes.set(xlabel="steps", ylabel=f"{name} - {name}*", ylim=(-0.4, 0.4))
    densities.legend()
    drawn = f"curves of seed {record['runs'][0]['seed']}"
    figure.suptitle(f"{record['question']}\n{_conditions(record)}; {drawn}", fontsize=10)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=100)
    plt.close(figure)


LAPTOP = {
    "steps": 6_000,
    "batch_size": 512,
    "widths": [64, 64],
    "initial_mu": 0.5,
    "initial_sigma": 2.0,
    "discriminator_steps": 3,
    "generator_learning_rate": 2e-3,
    "discriminator_learning_rate": 4e-3,
    "ema_momentum": 0.998,
    "bound_draws": 200_000,
}

STUDY = Experiment(
    question="A Gaussian fitted to 0.33 N(-1, 0.2548²) + 0.67 N(2, 2) by adversarial training",
    settings={
        "smoke": LAPTOP | {"steps": 100, "batch_size": 64, "bound_draws": 1_000},
        "laptop": LAPTOP,
    },
    variants={title: {"divergence": name} for title, name in DIVERGENCES.items()},
    perform=perform,
    table=table,
    plot=plot,
)
