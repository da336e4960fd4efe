import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_gen.models.reproducible_model import ReproducibleModel


class Line(ReproducibleModel):
    """The smallest model: fits w to the mean of the data, and reports the squared distance."""

    def __init__(self):
        super().__init__()
        self.w = self.add_weight(name="w", shape=(), initializer="zeros")
        self.built = True

    def compile(self, optimizer):
        super().compile()
        self.line_optimizer = optimizer
        optimizer.build([self.w])

    def term_names(self):
        return ("distance",)

    def objective(self, x):
        distance = tf.reduce_mean((self.w.value - x) ** 2)
        return distance, {"distance": distance}

    def train_step(self, x):
        return self.report(self.minimize(lambda: self.objective(x), [self.w], self.line_optimizer))

    def sample(self, num_samples, seed):
        return tf.fill([num_samples, 8, 8, 1], self.w.value)


@pytest.fixture
def line():
    """Makes the model with Adam at a rate."""

    def make(rate=0.1):
        model = Line()
        model.compile(keras.optimizers.Adam(rate))
        return model

    return make


@pytest.fixture
def fit():
    """Trains for epochs of 5 steps on batches of two ones, or of other numbers; or goes on after a step."""

    def run(model, epochs, callbacks, numbers=(1.0, 1.0), first_step=0):
        data = tf.data.Dataset.from_tensors(np.array(numbers, np.float32)).repeat()
        initial_epoch = first_step // 5
        model.fit(
            data,
            initial_epoch=initial_epoch,
            epochs=initial_epoch + epochs,
            steps_per_epoch=5,
            verbose=0,
            shuffle=False,
            callbacks=callbacks,
        )

    return run
