"""`GradientPenalized`: a supervised model that pays for the slope of its outputs.

A critic's gradient penalty as a regulariser, which the post on Lipschitz constraints leaves as an exercise. Its study
is `generalization` of `reproductions/lipschitz.py`, its tests are `tests/models/test_gradient_penalized.py`.
"""

from collections.abc import Callable
from typing import Any

import keras
import tensorflow as tf

from keras_gen.checks import check_defined, check_not_negative
from keras_gen.errors import InputError
from keras_gen.models.reproducible_model import Endpoint, ReproducibleModel, Terms


@keras.saving.register_keras_serializable("keras_gen")
class GradientPenalized(ReproducibleModel):
    """A network that minimises loss(y, f(x)) + strength E |J(x)|_F^2, where J = df/dx is its Jacobian.

    |J|_F bounds |J|_2, the slope of f at x. One backward pass estimates it: for v uniform on the unit sphere of the C
    outputs, |J|_F^2 = C E_v |v^T J|^2 (Hoffman et al. 2019, arXiv 1908.02729, equation 9), here with one v per row.

    Reported terms: `loss`, without what regularisers charge, and `gradient_penalty`, the second term.

    >>> model = keras_gen.models.GradientPenalized(keras_gen.networks.mlp(2, 3), strength=0.1)
    >>> model.compile(loss="mse")
    >>> model.predict(tf.zeros([4, 2]), verbose=0).shape
    (4, 3)

    Args:
        network: From inputs [batch, ...] to outputs [batch, C], such as the logits of C classes.
        strength: At least 0; 0 leaves the penalty out, and its time.
        seed: Seed of every draw in training.
        **kwargs: Passed on to `keras.Model`.

    Raises:
        InputError: The network's outputs are not [batch, C], or the strength is out of range.
    """

    def __init__(self, network: keras.Model, strength: float, seed: int = 0, **kwargs: Any):
        super().__init__(seed=seed, **kwargs)
        check_defined(network=network)
        if len(network.output_shape) != 2:
            raise InputError(f"the network gives {tuple(network.output_shape)}, not [batch, outputs]")
        check_not_negative(strength=strength)
        self.network = network
        self.strength = strength
        self.built = True

    def call(self, inputs: tf.Tensor, training: bool = False) -> tf.Tensor:
        """f(x): inputs [batch, ...] to outputs [batch, C]."""
        return self.network(inputs, training=training)

    def compile(
        self,
        optimizer: keras.optimizers.Optimizer | str | None = None,
        loss: str | Callable[[tf.Tensor, tf.Tensor], tf.Tensor] | None = None,
        **kwargs: Any,
    ) -> None:
        """Prepares training and testing.

        Args:
            optimizer: Adam(1e-3) where None.
            loss: As in Keras; where None, the cross-entropy of integer labels and logits.
            **kwargs: Passed on to `keras.Model.compile`.

        Raises:
            InputError: As in `ReproducibleModel.compile`, or metrics are given: `keras_gen.metrics.accuracy` measures a
                trained model.
        """
        super().compile(optimizer, **kwargs)
        default = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
        self.supervised_loss = default if loss is None else keras.losses.get(loss)

    def term_names(self) -> tuple[str, ...]:
        """The loss and the penalty."""
        return ("loss", "gradient_penalty")

    def train_step(self, data: Any) -> Terms:
        """One update on a batch: a tuple (inputs, targets)."""
        inputs, targets = _inputs_and_targets(data)
        directions = self.directions(tf.shape(inputs)[0])
        return self.report(
            self.minimize(
                lambda: self.objective(inputs, targets, directions, training=True),
                self.trainable_variables,
                self.optimizer,
            )
        )

    def test_step(self, data: Any) -> Terms:
        """The terms of a batch, as in training but with the network at inference."""
        inputs, targets = _inputs_and_targets(data)
        num_rows = tf.shape(inputs)[0]
        _, terms = self.objective(inputs, targets, self.directions(num_rows))
        return self.running_means(terms, num_rows)

    def directions(self, num_rows: tf.Tensor) -> tf.Tensor:
        """This step's v, one per row: uniform on the unit sphere, [num_rows, C]."""
        return tf.math.l2_normalize(self.normal(num_rows, self.network.output_shape[1:], "directions"), axis=1)

    def objective(
        self, inputs: tf.Tensor, targets: tf.Tensor, directions: tf.Tensor, training: bool = False
    ) -> tuple[tf.Tensor, Terms]:
        """loss(y, f(x)) + strength C E |v^T J(x)|^2."""
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(inputs)
            outputs = tf.cast(self.network(inputs, training=training), tf.float32)
            projections = tf.reduce_sum(directions * outputs)  # one sum is enough: each output depends on its own row
        loss = tf.reduce_mean(self.supervised_loss(targets, outputs))
        if not self.strength:
            return loss, {"loss": loss, "gradient_penalty": tf.zeros([])}
        gradients = tf.cast(tape.gradient(projections, inputs), tf.float32)
        squared_norms = tf.reduce_sum(tf.reshape(gradients, [tf.shape(inputs)[0], -1]) ** 2, axis=1)
        penalty = self.strength * outputs.shape[1] * tf.reduce_mean(squared_norms)
        return loss + penalty, {"loss": loss, "gradient_penalty": penalty}

    def endpoints(self) -> dict[str, Endpoint]:
        """`predict`: from inputs to outputs. Python has Keras's own method of that name."""
        inputs = tf.TensorSpec([None, *self.network.input_shape[1:]], tf.float32, "inputs")
        return {**super().endpoints(), "predict": (self.call, [inputs])}

    def get_config(self) -> dict[str, Any]:
        """The arguments that build this model again."""
        network = keras.saving.serialize_keras_object(self.network)
        return {**super().get_config(), "network": network, "strength": self.strength}

    def get_compile_config(self) -> dict[str, Any] | None:
        """The arguments of `compile`; None before it."""
        config = super().get_compile_config()
        return config and {"loss": keras.saving.serialize_keras_object(self.supervised_loss), **config}


def _inputs_and_targets(data: Any) -> tuple[tf.Tensor, tf.Tensor]:
    inputs, targets, weights = keras.utils.unpack_x_y_sample_weight(data)
    if targets is None or weights is not None:
        raise InputError("a batch is a tuple (inputs, targets), without sample weights")
    if not inputs.dtype.is_floating:
        raise InputError(f"inputs have dtype {inputs.dtype.name}; give floats, by which a slope can be taken")
    return inputs, targets
