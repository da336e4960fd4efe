"""`FlowModel`: what `Glow` and `FVAE` share: input noise, a start from data, temperatures, lines between codes.

Their latents are the flow's output, whose prior q(z) is N(0, I).
"""

import math
import re
from collections.abc import Mapping

import keras
import numpy as np
import tensorflow as tf

from keras_gen.errors import InputError, NonFiniteLossError
from keras_gen.layers.flows import FlowLayer
from keras_gen.models.checks import checked_images
from keras_gen.models.generative_model import GenerativeModel
from keras_gen.models.reproducible_model import Endpoint, Terms, stream_seed
from keras_gen.models.single_optimizer import SingleOptimizer

# Images of 8 bits in [-1, 1] have their 256 values this far apart.
BIN = 2 / 255
INPUT_NOISES = ("uniform", "gaussian", "none")


class FlowModel(SingleOptimizer, GenerativeModel):
    """A model with a flow to latents z ~ N(0, I).

    Subclasses define `objective`, `decode`, `encode`, `log_prob_of` and `flow_input`.

    Pixels take 256 values, and a density may be as high as it likes at a point. So noise is added to the images in
    training, uniform over the width of one value by default: log p then bounds the log probability of the
    256 values,

        log P(x) >= E_v[log p(x + v)] + d log(2/255),   v uniform in [-1/255, 1/255]^d

    and `bits_per_dimension` is minus that, divided by d log 2 (Theis et al. 2016, arXiv 1511.01844, section 3.1).

    Args:
        flow: The flow, not yet built or built on `code_shape`.
        data_shape: Shape of an image, (height, width, channels).
        code_shape: Shape of what enters the flow.
        input_noise: Noise added to the images in training: `uniform`, `gaussian` or `none`.
        noise_scale: Width of the uniform noise, or standard deviation of the Gaussian, at least 0.
        clip_norm: The gradient of all weights together is scaled down to this norm if it is larger; None: never.
        seed: Seed of every draw in training.
        **kwargs: Passed on to `keras.Model`.

    Raises:
        InputError: An argument is out of range, or the flow does not fit; the message names its layer.
    """

    def __init__(
        self,
        flow: FlowLayer,
        data_shape: tuple[int, ...],
        code_shape: tuple[int, ...],
        input_noise: str = "uniform",
        noise_scale: float = BIN,
        clip_norm: float | None = None,
        seed: int = 0,
        **kwargs,
    ):
        super().__init__(seed=seed, **kwargs)
        if input_noise not in INPUT_NOISES:
            raise InputError(f"input_noise={input_noise!r}: choose one of {', '.join(INPUT_NOISES)}")
        if not 0 <= noise_scale < math.inf:
            raise InputError(f"noise_scale={noise_scale}: must be a finite number, at least 0")
        if clip_norm is not None and not 0 < clip_norm < math.inf:
            raise InputError(f"clip_norm={clip_norm}: must be a finite number above 0, or None")
        self.data_shape = tuple(data_shape)
        self.code_shape = tuple(code_shape)
        self.input_noise = input_noise
        self.noise_scale = noise_scale
        self.clip_norm = clip_norm
        if not flow.built:
            flow.build((None, *self.code_shape))
        self.flow = flow

    # What a subclass defines -------------------------------------------------------------------------------------

    def objective(self, x: tf.Tensor, noise: tf.Tensor) -> tuple[tf.Tensor, Terms]:
        """The loss of a batch x [n, *data_shape], and its terms; noise is normal, [n, *code_shape]."""
        raise NotImplementedError

    def encode(self, images: tf.Tensor) -> tf.Tensor:
        """Latents [n, *latent_shape] of images [n, *data_shape]."""
        raise NotImplementedError

    def flow_input(self, x: tf.Tensor, noise: tf.Tensor) -> tf.Tensor:
        """What enters the flow in training, [n, *code_shape]."""
        raise NotImplementedError

    # Training ----------------------------------------------------------------------------------------------------

    def fit(self, x=None, *args, **kwargs) -> keras.callbacks.History:
        """See `keras.Model.fit`. Before the first step, weights that begin as a function of data are set.

        They are set from the first batch of x; of a generator, whose first batch would be lost, from nothing: call
        `initialize` for that.

        Raises:
            NonFiniteLossError: A log-det is NaN or infinite; the message names the first layer that gave it.
        """
        if self.awaits_data:
            images = _first_batch(x, kwargs.get("batch_size"))
            if images is not None:
                self.initialize(images)
        try:
            return super().fit(x, *args, **kwargs)
        except tf.errors.InvalidArgumentError as error:
            found = re.search(r"log-det of .+? is not finite", error.message)
            if found is None:
                raise
            raise NonFiniteLossError(f"{found[0]} at step {int(self.step.numpy()) + 1}") from error

    @property
    def awaits_data(self) -> bool:
        """Whether there are weights that `initialize` has yet to set."""
        return any(getattr(layer, "awaits_data", False) for layer in self.flow._flatten_layers())

    def initialize(self, images: tf.Tensor) -> None:
        """Sets the weights that begin as a function of data, once; `fit` does it. Not inside a replica.

        Args:
            images: A batch [n, *data_shape], or a tuple (images, labels): under several replicas, the global batch.
        """
        x = self._checked(images)

        def draw(stream: str, shape: tuple[int, ...], draw=tf.random.stateless_normal) -> tf.Tensor:
            return draw([len(x), *shape], stream_seed(self.seed, f"initialize/{stream}"), alg="philox")

        noise = draw("input", self.data_shape, self._draw_input_noise)
        self.flow.initialize(self.flow_input(x + self._scaled(noise), draw("code", self.code_shape)))

    def train_step(self, data) -> Terms:
        """One update of all weights on a batch: images, or a tuple (images, labels) whose labels are ignored."""
        x = self._checked(data)
        batch_size = tf.shape(x)[0]
        if self.input_noise != "none":
            draw = self.uniform if self.input_noise == "uniform" else self.normal
            x = x + self._scaled(draw(batch_size, self.data_shape, "input"))
        noise = self.normal(batch_size, self.code_shape, "code")
        terms = self.minimize(
            lambda: self.objective(x, noise), self.trainable_variables, self.optimizer, clip_norm=self.clip_norm
        )
        return self.report(terms)

    @property
    def _draw_input_noise(self):
        return tf.random.stateless_uniform if self.input_noise == "uniform" else tf.random.stateless_normal

    def _scaled(self, noise: tf.Tensor) -> tf.Tensor:
        """The input noise, from numbers that are uniform on [0, 1) or standard normal."""
        match self.input_noise:
            case "uniform":
                return self.noise_scale * (noise - 0.5)
            case "gaussian":
                return self.noise_scale * noise
        return tf.zeros_like(noise)

    # Latents -----------------------------------------------------------------------------------------------------

    @property
    def latent_shape(self) -> tuple[int, ...]:
        """Shape of one latent."""
        return self.flow.transformed_shape(self.code_shape)

    def latents(self, num_samples: int | tf.Tensor, seed: int | tf.Tensor) -> tf.Tensor:
        """Draws z ~ N(0, I), [num_samples, *latent_shape]; the same seed gives the same latents."""
        shape = tf.stack([num_samples, *self.latent_shape])
        return tf.random.stateless_normal(shape, stream_seed(seed, "sample"), alg="philox")

    def sample(self, num_samples: int, seed: int = 0, temperature: float = 1.0) -> tf.Tensor:
        """Draws images float32 [num_samples, height, width, channels].

        Args:
            num_samples: Images to draw, at least 1.
            seed: The same seed gives the same images, and the first of many are those of a few.
            temperature: Standard deviation of the latents, at least 0. At 0 all images are one.

        Raises:
            InputError: `num_samples` or `temperature` is out of range.
        """
        if num_samples < 1:
            raise InputError(f"num_samples={num_samples}: ask for at least 1 sample")
        if not 0 <= temperature < math.inf:
            raise InputError(f"temperature={temperature}: must be a finite number, at least 0")
        numbers = (tf.constant(num_samples, tf.int32), tf.constant(seed, tf.int32))
        return self._compiled_sample_at_temperature(*numbers, tf.constant(temperature, tf.float32))

    @tf.function
    def _compiled_sample_at_temperature(
        self, num_samples: tf.Tensor, seed: tf.Tensor, temperature: tf.Tensor
    ) -> tf.Tensor:
        checks = [
            tf.debugging.assert_positive(num_samples, "num_samples: ask for at least 1 sample"),
            tf.debugging.assert_non_negative(temperature, "temperature: must be at least 0"),
        ]
        with tf.control_dependencies(checks):
            return self.decode(temperature * self.latents(num_samples, seed))

    def interpolate(self, start: tf.Tensor, end: tf.Tensor, num_points: int | tf.Tensor = 8) -> tf.Tensor:
        """Decodes evenly spaced points of the lines from the codes of `start` to those of `end`.

        Args:
            start: Images [n, height, width, channels] in [-1, 1].
            end: As many others.
            num_points: Points of a line, its two ends included; at least 2.

        Returns:
            Images float32 [n, num_points, height, width, channels].

        Raises:
            InputError: `num_points` is below 2.
        """
        weights = _line(num_points)
        return self._decoded_mixtures(tf.stack([start, end], axis=1), tf.stack([1 - weights, weights], axis=1))

    def interpolate_four(self, corners: tf.Tensor, num_points: int | tf.Tensor = 8) -> tf.Tensor:
        """Decodes a square grid between the codes of four images: the first two above, the last two below.

        Args:
            corners: Images [n, 4, height, width, channels] in [-1, 1].
            num_points: Points of a side, its two ends included; at least 2.

        Returns:
            Images float32 [n, num_points², height, width, channels], row by row.

        Raises:
            InputError: `num_points` is below 2.
        """
        weights = _line(num_points)
        down, right = (tf.reshape(grid, [-1]) for grid in tf.meshgrid(weights, weights, indexing="ij"))
        each = [(1 - down) * (1 - right), (1 - down) * right, down * (1 - right), down * right]
        return self._decoded_mixtures(corners, tf.stack(each, axis=1))

    def _decoded_mixtures(self, images: tf.Tensor, weights: tf.Tensor) -> tf.Tensor:
        """Decodes mixtures of the codes of images [n, k, *data_shape], with weights [m, k]; [n, m, *data_shape]."""
        n, k = tf.shape(images)[0], tf.shape(images)[1]
        codes = tf.reshape(self.encode(tf.reshape(images, [-1, *self.data_shape])), [n, k, -1])
        mixtures = tf.einsum("mk,nkd->nmd", weights, codes)
        decoded = self.decode(tf.reshape(mixtures, [-1, *self.latent_shape]))
        return tf.reshape(decoded, [n, -1, *self.data_shape])

    # Densities ---------------------------------------------------------------------------------------------------

    def log_prior(self, z: tf.Tensor) -> tf.Tensor:
        """Log q(z), the standard normal density, in nats [n]."""
        return standard_normal_log_prob(z)

    def in_bits_per_dimension(self, log_prob: tf.Tensor) -> tf.Tensor:
        """Bits per dimension of the 256 values of a pixel, from log p of images with one value's width of noise."""
        return bits_per_dimension(log_prob, math.prod(self.data_shape))

    def with_uniform_noise(self, images: tf.Tensor, seed: int | tf.Tensor) -> tf.Tensor:
        """Images [n, *data_shape] with noise uniform over the width of one value, as a bound on bits asks for."""
        return images + uniform_noise(tf.shape(images), seed)

    # Export and saving -------------------------------------------------------------------------------------------

    def endpoints(self) -> dict[str, Endpoint]:
        """`sample`, `sample_at_temperature`, `decode`, `encode`, `interpolate` and `interpolate_four`."""
        seeded = [self.spec(name, dtype=tf.int32) for name in ("num_samples", "seed")]
        temperature = self.spec("temperature")
        num_points = self.spec("num_points", dtype=tf.int32)
        images = [None, *self.data_shape]
        corners = self.spec("corners", [None, 4, *self.data_shape])
        return {
            **super().endpoints(),
            "sample_at_temperature": (self._compiled_sample_at_temperature, [*seeded, temperature]),
            "encode": (self.encode, [self.spec("images", images)]),
            "interpolate": (self.interpolate, [self.spec("start", images), self.spec("end", images), num_points]),
            "interpolate_four": (self.interpolate_four, [corners, num_points]),
        }

    @staticmethod
    def spec(name: str, shape: list[int | None] | None = None, dtype: tf.DType = tf.float32) -> tf.TensorSpec:
        """The type of an endpoint's argument."""
        return tf.TensorSpec(shape or [], dtype, name)

    def get_config(self) -> dict:
        """The arguments that every such model has."""
        return {
            **super().get_config(),
            "input_noise": self.input_noise,
            "noise_scale": self.noise_scale,
            "clip_norm": self.clip_norm,
        }

    def _checked(self, data) -> tf.Tensor:
        return checked_images(data, "model", self.data_shape)


def standard_normal_log_prob(x: tf.Tensor) -> tf.Tensor:
    """Log N(x; 0, I) of rows x [n, ...], in nats [n]."""
    axes = list(range(1, x.shape.rank))
    return -0.5 * (tf.reduce_sum(x**2, axes) + math.prod(x.shape[1:]) * math.log(2 * math.pi))


def uniform_noise(shape: tf.Tensor | tuple[int, ...], seed: int | tf.Tensor) -> tf.Tensor:
    """Noise uniform over the width of one of 256 values in [-1, 1], float32 of a shape."""
    return BIN * (tf.random.stateless_uniform(shape, stream_seed(seed, "dequantize"), alg="philox") - 0.5)


def bits_per_dimension(log_prob: tf.Tensor, dimensions: int) -> tf.Tensor:
    """-(log p + d log(2/255)) / (d log 2), from log p in nats of pixels in [-1, 1] with uniform noise."""
    return -log_prob / (dimensions * math.log(2)) - math.log2(BIN)


def _line(num_points: int | tf.Tensor) -> tf.Tensor:
    if not tf.is_tensor(num_points) and num_points < 2:
        raise InputError(f"num_points={num_points}: a line has at least 2")
    return tf.linspace(0.0, 1.0, num_points)


def _first_batch(x, batch_size: int | None):
    """The first batch of what `fit` is given; None of what can be read only once."""
    match x:
        case tf.data.Dataset():
            return next(iter(x))
        case np.ndarray() | tf.Tensor() | keras.KerasTensor():
            return x[: batch_size or 32]
        case keras.utils.PyDataset():
            return x[0]
        case Mapping() | None:
            return None
    return None
