"""`MultiScale`: a flow that sets half of its channels aside after every level."""

import math
from collections.abc import Callable, Sequence
from typing import Any

import keras
import tensorflow as tf

from keras_gen.layers.flows.flow_layer import FlowLayer, InputShape, Shape


@keras.saving.register_keras_serializable("keras_gen")
class MultiScale(FlowLayer):
    """Levels of a flow, with a split after each but the last; y is flat, [n, dimensions of x].

    Dinh et al. 2016, RealNVP, arXiv 1605.08803, section 3.6; Glow, arXiv 1807.03039, figure 2b. At a split the second
    half of the channels is done and goes to y, the first half goes on to the next level. y holds the last level's
    channels first, those done first last.

    What is set aside has a learned prior given what goes on, N(mu(x1), sigma(x1)²), where the level ends with
    an `AffineCoupling`: (x2 - mu(x1)) / sigma(x1) is N(0, 1) then, and all of y has one prior, N(0, I).

    Args:
        levels: A flow for every level.
        **kwargs: Passed on to `keras.Layer`.

    Raises:
        InputError: There is no level; when built: a level gives an odd number of channels, or a size is open.
    """

    def __init__(self, levels: Sequence[FlowLayer], **kwargs: Any):
        super().__init__(**kwargs)
        self.levels = list(levels)
        if not self.levels:
            raise self.complaint("at least one level is needed")

    def build(self, input_shape: InputShape) -> None:
        """Builds the levels, each on what goes on to it."""
        shape = tuple(input_shape[1:])
        self.check_known(shape)
        self._shapes: list[Shape] = []
        for level in self.levels:
            if self._shapes:
                shape = self._shapes[-1]
            level.fit_to(shape)
            shape = level.transformed_shape(shape)
            if level is not self.levels[-1]:
                level.check_even_channels(shape)
                shape = (*shape[:-1], shape[-1] // 2)
            self._shapes.append(shape)

    @property
    def last_shape(self) -> Shape:
        """Shape of what the last level gives, whose numbers are the first of y."""
        return self._shapes[-1]

    def transformed_shape(self, shape: Shape) -> Shape:
        """See `FlowLayer.transformed_shape`."""
        return (math.prod(shape),)

    def forward(
        self, x: tf.Tensor, condition: tf.Tensor | None = None, training: bool = False
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """See `FlowLayer.forward`."""
        log_dets = []

        def forward(level: FlowLayer, x: tf.Tensor) -> tf.Tensor:
            y, log_det = level.forward(x, condition, training)
            log_dets.append(log_det)
            return y

        return self._through_levels(forward, x), tf.add_n(log_dets)

    def inverse(self, y: tf.Tensor, condition: tf.Tensor | None = None) -> tf.Tensor:
        """See `FlowLayer.inverse`."""
        # From the last level back: what it gave, then what was set aside before it.
        shapes = self._shapes[::-1]
        flat = tf.split(y, [math.prod(shape) for shape in shapes], axis=-1)
        last, *aside = (tf.reshape(part, [-1, *shape]) for part, shape in zip(flat, shapes, strict=True))
        x = self.levels[-1].inverse(last, condition)
        for level, second in zip(self.levels[-2::-1], aside, strict=True):
            x = level.inverse(tf.concat([x, second], -1), condition)
        return x

    def initialize(self, x: tf.Tensor, condition: tf.Tensor | None = None) -> tf.Tensor:
        """Initialises the levels, each on what goes on to it; gives y."""
        return self.walk(lambda layer, x: layer.initialize(x, condition), x)

    def walk(self, visit: Callable[[FlowLayer, tf.Tensor], tf.Tensor], x: tf.Tensor) -> tf.Tensor:
        """See `FlowLayer.walk`."""
        return self._through_levels(lambda level, x: level.walk(visit, x), x)

    def _through_levels(self, apply: Callable[[FlowLayer, tf.Tensor], tf.Tensor], x: tf.Tensor) -> tf.Tensor:
        """y, where `apply(level, x)` is what a level gives."""
        aside = []
        for level in self.levels[:-1]:
            x, second = tf.split(apply(level, x), 2, axis=-1)
            aside.append(second)
        parts = [apply(self.levels[-1], x), *reversed(aside)]
        return tf.concat([tf.reshape(part, [-1, math.prod(part.shape[1:])]) for part in parts], -1)

    def get_config(self) -> dict[str, Any]:
        """The arguments that build this layer again."""
        return {**super().get_config(), "levels": [keras.saving.serialize_keras_object(level) for level in self.levels]}
