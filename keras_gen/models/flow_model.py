"""`FlowModel`: what `Glow` and `FVAE` share: input noise, a start from data, temperatures, lines between codes.

Their latents are the flow's output, whose prior q(z) is N(0, I).
"""

import math
from collections.abc import Mapping

import keras
import numpy as np
import tensorflow as tf

from keras_gen.checks import check_finite_pixels, checked_images
from keras_gen.errors import InputError
from keras_gen.layers.flows import FlowLayer
from keras_gen.models.generative_model import GenerativeModel
from keras_gen.models.guarded_steps import GuardedSteps
from keras_gen.models.interpolation import Interpolation
from keras_gen.models.reproducible_model import Endpoint, Terms, stream_seed

# Images of 8 bits in [-1, 1] have their 256 values this far apart.
BIN = 2 / 255
INPUT_NOISES = ("uniform", "gaussian", "none")


class FlowModel(GuardedSteps, Interpolation, GenerativeModel):
    """A model with a flow to latents z ~ N(0, I).

    Subclasses define `objective`, `check_parts`, `decode`, `encode` and `flow_input`.

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
        if not isinstance(flow, FlowLayer):
            raise InputError(f"the flow is a {type(flow).__name__}; give a layer of keras_gen.layers.flows")
        flow.fit_to(self.code_shape)
        self.flow = flow

    # What a subclass defines -------------------------------------------------------------------------------------

    def objective(self, x: tf.Tensor, noise: tf.Tensor, training: bool = True) -> tuple[tf.Tensor, Terms]:
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

        They are set from the first batch of x. Of a generator that would be lost: call `initialize` before.

        Raises:
            NonFiniteLossError: As in `GuardedSteps.fit`.
            InputError: A batch has no rows, or x is a generator and there are such weights.
        """
        if self.awaits_data:
            images = _first_batch(x, kwargs.get("batch_size"))
            if images is not None:
                self.initialize(images)
        return super().fit(x, *args, **kwargs)

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
        check_finite_pixels(x)

        def draw(stream: str, shape: tuple[int, ...], draw=tf.random.stateless_normal) -> tf.Tensor:
            return draw([len(x), *shape], stream_seed(self.seed, f"initialize/{stream}"), alg="philox")

        noise = draw("input", self.data_shape, self._draw_input_noise)
        self.flow.initialize(self.flow_input(x + self._scaled(noise), draw("code", self.code_shape)))

    def train_step(self, data) -> Terms:
        """One update of all weights on a batch: images, or a tuple (images, labels) whose labels are ignored.

        Raises:
            InputError: The batch has no rows, or there are weights that `initialize` has yet to set.
        """
        with tf.init_scope():  # once a trace
            if self.awaits_data:
                raise InputError("act norm begins as a function of data: call initialize(images) before training")
        x = self._with_input_noise(self.with_rows(self._checked(data)))
        noise = self._code_noise(x)
        terms = self.minimize(
            lambda: self.objective(x, noise),
            self.trainable_variables,
            self.optimizer,
            self.clip_norm,
            # The noise is drawn again there: a model without a use for it, such as Glow, never draws it otherwise.
            guard=lambda loss: self.stop_unless_finite(loss, lambda: (x, self._code_noise(x))),
        )
        return self.report(terms)

    def test_step(self, data) -> Terms:
        """The terms of a batch, as in training but with the networks at inference; the noise is the next step's."""
        x = self._with_input_noise(self.with_rows(self._checked(data)))
        _, terms = self.objective(x, self._code_noise(x), training=False)
        return self.running_means(terms)

    def _with_input_noise(self, x: tf.Tensor) -> tf.Tensor:
        if self.input_noise == "none":
            return x
        draw = self.uniform if self.input_noise == "uniform" else self.normal
        return x + self._scaled(draw(tf.shape(x)[0], self.data_shape, "input"))

    def _code_noise(self, x: tf.Tensor) -> tf.Tensor:
        return self.normal(tf.shape(x)[0], self.code_shape, "code")

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
            tf.debugging.Assert(
                (temperature >= 0) & tf.math.is_finite(temperature),
                ["temperature: must be a finite number, at least 0", temperature],
            ),
        ]
        with tf.control_dependencies(checks):
            return self.decode(temperature * self.latents(num_samples, seed))

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
