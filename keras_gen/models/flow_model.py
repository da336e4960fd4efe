"""`FlowModel`: what `Glow` and `FVAE` share: input noise, a start from data, guarded steps, temperatures.

Their latents are the flow's output, whose prior q(z) is N(0, I).
"""

import inspect
import math
from typing import Any, NoReturn

import keras
import tensorflow as tf

from keras_gen import keras_privates
from keras_gen.checks import check_choice, check_not_negative, check_positive, checked_images
from keras_gen.errors import InputError, NonFiniteLossError
from keras_gen.layers.flows import FlowLayer
from keras_gen.models.checked_data import first_batch
from keras_gen.models.classes import of_batch
from keras_gen.models.input_noise import BIN, INPUT_NOISES, bits_per_dimension, with_noise
from keras_gen.models.optimization import apply_if, finite_on_all_replicas
from keras_gen.models.reproducible_model import Terms, for_keras
from keras_gen.models.tempered_model import TemperedModel
from keras_gen.utils import noise
from keras_gen.utils.noise import stream_seed

FINITE = "finite"  # by which a step says whether its loss and gradient were
NO_ROWS = "a batch has no rows, so that its loss has no mean; give batches of at least one image"


class FlowModel(TemperedModel):
    """A model with a flow to latents z ~ N(0, I).

    Subclasses define `objective`, `check_parts`, `decode`, `encode` and `flow_input`. In training, noise is added to
    the images, so that the loss can bound their bits; see `keras_gen.models.input_noise`.

    A loss or a gradient that is not finite moves no weight, and `fit` then stops and says what broke. A step looks at
    these two alone. The parts of a batch are looked at only once one of them is not finite, outside of what XLA
    compiles: a step is a pure function of (seed, step, batch), so that the batch can be gone through a second time.

    Args:
        flow: The flow, not yet built or built on `code_shape`.
        data_shape: Shape of an image, (height, width, channels).
        code_shape: Shape of what enters the flow.
        input_noise: Noise added to the images in training: `uniform`, `gaussian` or `none`.
        noise_scale: Width of the uniform noise, or standard deviation of the Gaussian, at least 0.
        clip_norm: The gradient of all weights together is scaled down to this norm if it is larger; None: never. See
            `gradient_norm`.
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
        **kwargs: Any,
    ):
        super().__init__(seed=seed, **kwargs)
        check_choice("input_noise", input_noise, INPUT_NOISES)
        check_not_negative(noise_scale=noise_scale)
        if clip_norm is not None:
            check_positive(clip_norm=clip_norm)
        self._data_shape = tuple(data_shape)
        self.code_shape = tuple(code_shape)
        self.input_noise = input_noise
        self.noise_scale = noise_scale
        self.clip_norm = clip_norm
        if not isinstance(flow, FlowLayer):
            raise InputError(f"the flow is a {type(flow).__name__}; give a layer of keras_gen.layers.flows")
        flow.fit_to(self.code_shape)
        self.flow = flow
        self._breakdown: Exception | None = None

    # What a subclass defines -------------------------------------------------------------------------------------

    def objective(
        self, x: tf.Tensor, u: tf.Tensor, *classes: tf.Tensor, training: bool = True
    ) -> tuple[tf.Tensor, Terms]:
        """The loss of a batch x [n, *data_shape], and its terms; u is standard normal noise, [n, *code_shape].

        The classes, one-hot [n, num_classes], are those of a conditional model.
        """
        raise NotImplementedError

    def check_parts(self, x: tf.Tensor, u: tf.Tensor) -> None:
        """Goes through a step's batch part by part, in eager mode.

        Raises:
            NonFiniteLossError: A part gave NaN or infinity; the message names the first.
        """
        raise NotImplementedError

    def flow_input(self, x: tf.Tensor, u: tf.Tensor) -> tf.Tensor:
        """What enters the flow in training, [n, *code_shape]."""
        raise NotImplementedError

    # Start from data ---------------------------------------------------------------------------------------------

    @property
    def awaits_data(self) -> bool:
        """Whether there are weights that `initialize` has yet to set."""
        return any(getattr(layer, "awaits_data", False) for layer in keras_privates.all_layers(self.flow))

    def initialize(self, images: tf.Tensor) -> None:
        """Sets the weights that begin as a function of data, once; `fit` does it. Not inside a replica.

        Args:
            images: A batch [n, *data_shape], or a tuple (images, labels): under several replicas, the global batch.
        """
        x = self._checked(images)
        self.data_checks(x, *(images[1:] if isinstance(images, tuple) else ()))
        seed = stream_seed(self.seed, "initialize/input")
        noisy = with_noise(
            x,
            self.input_noise,
            self.noise_scale,
            lambda: noise.uniform(tf.shape(x), seed),
            lambda: noise.normal(tf.shape(x), seed),
        )
        u = noise.normal([len(x), *self.code_shape], stream_seed(self.seed, "initialize/code"))
        self.flow.initialize(self.flow_input(noisy, u))

    # Training ----------------------------------------------------------------------------------------------------

    def fit(self, x: Any = None, *args: Any, **kwargs: Any) -> keras.callbacks.History:
        """See `keras.Model.fit`. Before the first step, weights that begin as a function of data are set.

        They are set from the first batch of x. Of a generator that would be lost: call `initialize` before.

        Raises:
            NonFiniteLossError: The loss or its gradient is NaN or infinite; the message names the first part that gave
                such numbers. Trained weights are as they were before this step.
            InputError: A batch has no rows, or x is a generator and there are weights that begin as a function of data.
        """
        if self.awaits_data:
            given = inspect.signature(keras.Model.fit).bind(self, x, *args, **kwargs).arguments
            images = first_batch(x, given.get("batch_size"), self.distribute_strategy)
            if images is not None:
                self.initialize(images)
        self._breakdown = None
        try:
            return super().fit(x, *args, **kwargs)
        except tf.errors.OpError as error:
            if self._breakdown is None:
                raise
            raise self._breakdown from error

    def train_step(self, data: Any) -> Terms:
        """One update of all weights on a batch: images, or (images, labels), which a model without classes ignores.

        Returns:
            The running means of all terms, and `finite`: 1, or 0 if the loss or its gradient was not and the step
            changed nothing.

        Raises:
            InputError: The batch has no rows, or there are weights that `initialize` has yet to set.
            NonFiniteLossError: The loss or its gradient is not finite, in eager mode; `fit` raises it in a graph too.
        """
        with tf.init_scope():  # once per trace
            if self.awaits_data:
                raise InputError("act norm begins as a function of data: call initialize(images) before training")
        batch = self._with_noise(data)
        weights = self.trainable_variables
        loss, terms, gradients = self.differentiated(
            lambda: self.objective(*batch), weights, self.optimizer, self.clip_norm, self.gradient_norm
        )
        finite = finite_on_all_replicas(loss, *self._watched(gradients))
        if tf.executing_eagerly() and not finite:
            self._explain(self.step.value, *batch)
            self._blame_gradient(self.step.value)
        apply_if(finite, self.optimizer, gradients, weights)
        return {**self.report(terms, finite), FINITE: for_keras(tf.cast(finite, tf.float32))}

    def gradient_norm(self, gradients: list[tf.Tensor]) -> tf.Tensor:
        """The norm that `clip_norm` bounds, of the gradients of `trainable_variables`, a scalar."""
        return tf.linalg.global_norm(gradients)

    def test_step(self, data: Any) -> Terms:
        """The terms of a batch, as in training but with the networks at inference; the noise is the next step's."""
        batch = self._with_noise(data)
        _, terms = self.objective(*batch, training=False)
        return self.running_means(terms, tf.shape(batch[0])[0])

    def _with_noise(self, data: Any) -> tuple[tf.Tensor, ...]:
        """A batch's images with input noise, the noise of their codes and, of a conditional model, their classes."""
        x = self._with_input_noise(self._checked(data))
        return x, self._code_noise(x), *of_batch(self.num_classes, data)

    def _with_input_noise(self, x: tf.Tensor) -> tf.Tensor:
        shape = tf.shape(x)[0], self.data_shape
        draws = (lambda: self.uniform(*shape, "input")), (lambda: self.normal(*shape, "input"))
        return with_noise(x, self.input_noise, self.noise_scale, *draws)

    def _code_noise(self, x: tf.Tensor) -> tf.Tensor:
        return self.normal(tf.shape(x)[0], self.code_shape, "code")

    def _checked(self, data: Any) -> tf.Tensor:
        x = checked_images(data, "model", self.data_shape)
        if x.shape[0] == 0:
            raise InputError(NO_ROWS)
        return x

    # Guards ------------------------------------------------------------------------------------------------------

    def _watched(self, gradients: list[tf.Tensor]) -> list[tf.Tensor]:
        """The gradients that must be finite: none under a scaled loss, whose optimiser leaves such steps out."""
        if isinstance(self.optimizer, keras.optimizers.LossScaleOptimizer):
            return []
        return [gradient for gradient in gradients if gradient is not None]

    def inspected_results(self, data: Any, results: Any) -> Any:
        """The results of a step; if its loss or gradient was not finite, an error that says what broke."""
        if not isinstance(results, dict) or FINITE not in results:  # not of a `train_step`
            return results
        finite = results.pop(FINITE)
        with tf.control_dependencies([tf.cond(finite > 0, lambda: True, lambda: self._explained(data))]):
            return {name: tf.identity(result) for name, result in results.items()}

    def _explained(self, data: Any) -> tf.Tensor:
        """An operation that fails, with what broke in one replica's part of the batch."""

        def go_through(data: Any) -> tf.Tensor:
            return tf.py_function(self._explain, [self.step.value, *self._with_noise(data)], tf.bool)

        with tf.control_dependencies(tf.nest.flatten(self.distribute_strategy.run(go_through, (data,)))):
            return tf.py_function(self._blame_gradient, [self.step.value], tf.bool)

    def _explain(self, steps_before: tf.Tensor, x: tf.Tensor, u: tf.Tensor, *classes: tf.Tensor) -> bool:
        """Raises what broke in a batch; returns if nothing did, as on the other replicas."""
        step = int(steps_before) + 1
        try:
            self.check_parts(x, u)
        except NonFiniteLossError as error:
            self._breakdown = NonFiniteLossError(f"{error} at step {step}")
            raise self._breakdown from error
        if not tf.math.is_finite(self.objective(x, u, *classes)[0]):
            self._breakdown = NonFiniteLossError(f"the loss is not finite at step {step}, though all of its parts are")
            raise self._breakdown
        return True

    def _blame_gradient(self, steps_before: tf.Tensor) -> NoReturn:
        step = int(steps_before) + 1
        self._breakdown = NonFiniteLossError(f"the gradient is not finite at step {step}, though the loss is")
        raise self._breakdown

    # Use ---------------------------------------------------------------------------------------------------------

    @property
    def data_shape(self) -> tuple[int, ...]:
        """Shape of one image."""
        return self._data_shape

    @property
    def latent_shape(self) -> tuple[int, ...]:
        """Shape of one latent."""
        return self.flow.transformed_shape(self.code_shape)

    def in_bits_per_dimension(self, log_prob: tf.Tensor) -> tf.Tensor:
        """Bits per dimension of the 256 values of a pixel, from log p of images with one value's width of noise."""
        return bits_per_dimension(log_prob, math.prod(self.data_shape))

    def get_config(self) -> dict[str, Any]:
        """The arguments that every such model has."""
        own = {"input_noise": self.input_noise, "noise_scale": self.noise_scale, "clip_norm": self.clip_norm}
        return {**super().get_config(), **own}
