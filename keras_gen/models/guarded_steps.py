"""`GuardedSteps`: training that stops before a loss that is not finite moves a weight, and says what broke."""

from collections.abc import Callable, Sequence

import keras
import tensorflow as tf

from keras_gen.errors import InputError, NonFiniteLossError

NO_ROWS = "a batch has no rows; there is no mean loss to go down"


class GuardedSteps:
    """For a `ReproducibleModel`: looks at the loss alone, and for what broke only once it is not finite.

    Since a step is a pure function of (seed, step, batch), the batch can be gone through a second time, slowly. It
    stands before that class: `class Model(GuardedSteps, ReproducibleModel)`. What TensorFlow compiles by XLA cannot
    stop; such a model is not compiled so unless it is asked for.

    Subclasses define `check_parts`.
    """

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.supports_jit = False
        self._breakdown: Exception | None = None

    def check_parts(self, *batch: tf.Tensor) -> None:
        """Goes through a step's batch part by part, in eager mode.

        Raises:
            NonFiniteLossError: A part gave NaN or infinity; the message names the first.
        """
        raise NotImplementedError

    def fit(self, *args, **kwargs) -> keras.callbacks.History:
        """See `keras.Model.fit`.

        Raises:
            NonFiniteLossError: The loss is NaN or infinite; the message names the first part that gave such numbers.
                Trained weights are as they were before this step.
            InputError: A batch has no rows.
        """
        self._breakdown = None
        try:
            return super().fit(*args, **kwargs)
        except tf.errors.OpError as error:
            if NO_ROWS in error.message:
                raise InputError(NO_ROWS) from error
            if self._breakdown is None:
                raise
            raise self._breakdown from error

    def with_rows(self, x: tf.Tensor) -> tf.Tensor:
        """The same batch, if it has rows."""
        if x.shape[0] == 0:
            raise InputError(NO_ROWS)
        if x.shape[0] is not None:
            return x
        with tf.control_dependencies([tf.debugging.assert_positive(tf.shape(x)[0], NO_ROWS)]):
            return tf.identity(x)

    def stop_unless_finite(self, loss: tf.Tensor, batch: Callable[[], Sequence[tf.Tensor]]) -> tf.Tensor:
        """An operation that fails if the loss is not finite: the guard of `minimize`.

        Args:
            loss: The loss, a scalar.
            batch: Gives what `check_parts` takes; called if it comes to that.
        """
        finite = tf.math.is_finite(loss)
        if tf.executing_eagerly():
            return finite or self._explain(self.step.value, *batch())
        return tf.cond(
            finite,
            lambda: finite,
            lambda: tf.py_function(self._explain, [self.step.value, *batch()], tf.bool),
        )

    def _explain(self, steps_before: tf.Tensor, *batch: tf.Tensor) -> None:
        step = int(steps_before) + 1
        try:
            self.check_parts(*batch)
        except NonFiniteLossError as error:
            self._breakdown = NonFiniteLossError(f"{error} at step {step}")
        else:
            self._breakdown = NonFiniteLossError(f"the loss is not finite at step {step}, though all of its parts are")
        raise self._breakdown
