"""What scripts of models with a flow share: options, the learning rate, and what is measured of a density."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Literal

from reproductions.families import rates, samples
from reproductions.harness import configuration as every_run
from reproductions.harness.errors import UsageError
from reproductions.harness.options import option

if TYPE_CHECKING:
    import keras
    import numpy as np

    from keras_gen import datasets
    from keras_gen.layers.flows import FlowLayer
    from keras_gen.models import FVAE, VAE, FlowModel

# Test images whose bits are measured, and how many are in memory at a time.
MAX_IMAGES = 1_000
AT_ONCE = 250
# Draws of the latent for the bits of every model: more would make the bound tighter, and the bits of VAEs the fewer.
NUM_DRAWS = 1

# Options that not every model uses.
of_f_vae = partial(option, only={"model": ("f_vae",)})
of_flows = partial(option, only={"model": ("f_vae", "glow")})
of_flow_steps = partial(option, only={"model": ("f_vae", "glow"), "flow_levels": None})


@dataclass(frozen=True, kw_only=True)
class Configuration(samples.Configuration):
    """Flows, and the optimiser of all models."""

    learning_rate: float = option(1e-3, "Adam's learning rate.", above=0)
    warmup_steps: int = option(0, "Steps in which the learning rate rises from 0; 0 for none.", at_least=0)
    decay_steps: int = option(
        0, "Steps after those in which it falls to a hundredth, where it stays; 0 for none.", at_least=0
    )
    ema_momentum: float = option(
        0.0,
        "Momentum of an average of the weights, which is measured, drawn from and saved; 0 for the weights themselves.",
        at_least=0,
        at_most=0.9999,
    )
    clip_norm: float = of_flows(0.0, "Flows: largest norm of a gradient; 0 for any.", at_least=0)
    input_noise: Literal["uniform", "gaussian", "none"] = of_flows(
        "uniform", "Flows: noise added to the images, of the width of one value."
    )
    flow_levels: int = of_flows(3, "Flows: scales; 0: f-VAE without a flow, a VAE of large codes.", at_least=0)
    flow_depth: int = of_flow_steps(4, "Flows: steps per scale.", at_least=1)
    flow_width: int = of_flow_steps(64, "Flows: channels inside the network of a coupling.", at_least=1)
    coupling: Literal["additive", "affine"] = of_flow_steps("additive", "Flows: kind of the couplings.")
    coupling_initializer: Literal["he_normal", "glorot_uniform"] = of_flow_steps(
        "he_normal", "Flows: initial weights of the couplings' networks; glorot_uniform: the author's."
    )
    mixing: Literal["permutation", "convolution"] = of_flow_steps("permutation", "Flows: what mixes the channels.")
    act_norm_from_data: bool = of_flow_steps(False, "Flows: let the first batch decide where act norm begins.")


SMOKE: dict[str, Any] = {
    **every_run.SMOKE,
    "evaluation_samples": 100,
    "flow_levels": 2,
    "flow_depth": 1,
    "flow_width": 8,
}
# Of all three of the author's scripts: 150 epochs of 1,000 steps.
PAPER: dict[str, Any] = {
    "batch_size": 32,
    "steps": 150_000,
    "sample_every": 1_000,
    "evaluate_every": 10_000,
    "checkpoint_every": 1_000,
    "evaluation_samples": 10_000,
    "learning_rate": 1e-4,
    "coupling_initializer": "glorot_uniform",
}


def optimizer(configuration: Configuration) -> keras.optimizers.Optimizer:
    """Adam, with the rise, the fall and the averages that the configuration wants."""
    from keras_gen import optimizers

    c = configuration
    averages: dict[str, Any] = {"use_ema": True, "ema_momentum": c.ema_momentum} if c.ema_momentum else {}
    return optimizers.Adam(rates.schedule(c.learning_rate, c.warmup_steps, c.decay_steps), **averages)


def halvings(height: int, width: int) -> int:
    """How often both sides of a map can be halved without a rest."""
    sides = min(height & -height, width & -width)  # the largest power of two that divides both
    return sides.bit_length() - 1


def check_levels(configuration: Configuration, shape: tuple[int, ...], least: int, squeezed: bool) -> None:
    """Checks that maps of that shape can be halved often enough, once per level but for those squeezed already.

    Raises:
        UsageError: They cannot, or there are fewer levels than the least.
    """
    c = configuration
    most = halvings(shape[0], shape[1]) + squeezed
    if not least <= c.flow_levels <= most:
        raise UsageError(f"--flow_levels={c.flow_levels}: give {least} to {most} for maps of {shape[0]}x{shape[1]}")


def of_codes(configuration: Configuration, shape: tuple[int, ...]) -> FlowLayer:
    """A flow of codes of that shape, which are squeezed already; the identity if there are no levels."""
    from keras_gen import networks
    from keras_gen.layers.flows import Chain

    c = configuration
    check_levels(c, shape, least=0, squeezed=True)
    if not c.flow_levels:
        return Chain([])
    depths = [c.flow_depth] * c.flow_levels
    return networks.glow(shape, depths, c.flow_width, squeeze_first=False, seed=c.seed, **steps(c))


def steps(configuration: Configuration) -> dict[str, Any]:
    """What the steps of a flow are made of, for `networks.glow` and `Glow`."""
    c = configuration
    return {
        "coupling": c.coupling,
        "mixing": c.mixing,
        "act_norm_from_data": c.act_norm_from_data,
        "initializer": c.coupling_initializer,
    }


def measure(
    configuration: samples.Configuration, train: datasets.Images, test: datasets.Images
) -> tuple[Callable[[FlowModel | VAE], dict[str, float]], dict]:
    """`samples.sample_quality`, where the data have labels, and more numbers beside it.

    - `bits_per_dimension` of test images of 8 bits, each with one draw of uniform noise, and of the latent where
      there is one: a bound from above on what it takes to store them, under every model here.
    - `least_bits_per_dimension`: what these bits cannot be below, by the variance of q(x|z): those of an image at the
      mean of q(x|z) whose z costs nothing. A flow has none.
    - `sharpness` of samples; see `keras_gen.metrics.sharpness`.
    - `reconstruction_error`: the root of the mean squared error of `reconstruct` on test images, in [-1, 1]. A flow has
      none.
    - `parameters`: trainable numbers.

    Args:
        configuration: The run's.
        train: Training images.
        test: Test images.

    Returns:
        The measure, and what to say about it, `sharpness` of test images included.

    Raises:
        UsageError: As in `samples.sample_quality`.
    """
    import numpy as np

    from keras_gen import metrics
    from keras_gen.models import FVAE, VAE
    from keras_gen.models.input_noise import bits_per_dimension, uniform_noise

    quality, description = samples.sample_quality(configuration, train, test)
    images = test.to_array(MAX_IMAGES)
    noisy = images + uniform_noise(images.shape, seed=0).numpy()

    def measured(model: FlowModel | VAE) -> dict[str, float]:
        latents = model.latents(min(configuration.evaluation_samples, MAX_IMAGES), seed=0)
        drawn = np.concatenate([model.decode(part) for part in _parts(latents)])
        draws = {"num_draws": NUM_DRAWS} if isinstance(model, FVAE | VAE) else {}  # Glow's density is exact
        log_prob = np.concatenate([model.log_prob(part, **draws) for part in _parts(noisy)])
        found = {
            "bits_per_dimension": float(np.mean(bits_per_dimension(log_prob, images[0].size))),
            "sharpness": metrics.sharpness(drawn),
            "parameters": sum(int(np.prod(variable.shape)) for variable in model.trainable_variables),
        }
        if isinstance(model, FVAE | VAE):
            errors = [np.mean((model.reconstruct(part) - part) ** 2, (1, 2, 3)) for part in _parts(images)]
            found["reconstruction_error"] = float(np.sqrt(np.mean(np.concatenate(errors))))
            found["least_bits_per_dimension"] = _least_bits(model)
        return found | (quality(model) if quality else {})

    about = {"sharpness": metrics.sharpness(images), "num_test_images": len(images), "num_draws": NUM_DRAWS}
    return measured, description | about


def _least_bits(model: FVAE | VAE) -> float:
    """Bits per dimension of an image at the mean of q(x|z), whose variance all z share, and whose z costs nothing."""
    import numpy as np

    from keras_gen.models import FVAE
    from keras_gen.models.input_noise import bits_per_dimension

    code_shape = model.code_shape if isinstance(model, FVAE) else model.latent_shape
    likelihood = model.likelihood(np.zeros([1, *code_shape], np.float32))
    return float(bits_per_dimension(likelihood.log_prob(likelihood.mean()), math.prod(model.data_shape))[0])


def _parts(rows: np.ndarray) -> list[np.ndarray]:
    return [rows[start : start + AT_ONCE] for start in range(0, len(rows), AT_ONCE)]
