import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_gen.models import ReproducibleModel
from keras_gen.models.reproducible_model import stream_seed


class Mean(ReproducibleModel):
    """Fits a number to the mean of a batch."""

    def __init__(self, regularizer=None, **kwargs):
        super().__init__(**kwargs)
        self.number = self.add_weight(name="number", shape=(), initializer="zeros", regularizer=regularizer)
        self.built = True

    def term_names(self):
        return ("loss", "number")

    def compile(self):
        super().compile()
        self.sgd = keras.optimizers.SGD(0.25)
        self.sgd.build([self.number])

    def train_step(self, x):
        def objective():
            return tf.reduce_mean((self.number - x) ** 2), {"loss": tf.reduce_mean((self.number - x) ** 2)}

        terms = self.minimize(objective, [self.number], self.sgd)
        return self.report({**terms, "number": tf.convert_to_tensor(self.number)})


@pytest.fixture
def model():
    model = Mean(seed=5)
    model.compile()
    return model


class TestNoise:
    def test_same_seed_step_and_stream_same_numbers(self, model):
        np.testing.assert_array_equal(model.normal(4, (3,), "a"), model.normal(4, (3,), "a"))
        np.testing.assert_array_equal(model.normal(4, (3,), "a"), Mean(seed=5).normal(4, (3,), "a"))

    def test_other_seed_step_or_stream_other_numbers(self, model):
        draws = [model.normal(8, (3,), "a"), model.normal(8, (3,), "b"), Mean(seed=6).normal(8, (3,), "a")]
        for step in (1, 2, 2**40):
            model.step.assign(step)
            draws.append(model.normal(8, (3,), "a"))
        # 144 independent float32 numbers: among the 10,296 pairs two are equal with a probability of about 1e-3.
        assert len(np.unique(draws)) == 6 * 8 * 3

    def test_normal_moments(self, model):
        x = model.normal(20_000, (5,), "a").numpy()
        assert x.dtype == np.float32
        # n = 100,000: five standard deviations of the mean, 1/sqrt(n), of the variance, sqrt(2/n), and of the
        # kurtosis, sqrt(24/n)
        assert abs(x.mean()) < 5 / np.sqrt(1e5)
        assert x.var() == pytest.approx(1, abs=5 * np.sqrt(2 / 1e5))
        assert (x**4).mean() / x.var() ** 2 == pytest.approx(3, abs=5 * np.sqrt(24 / 1e5))
        # neither the columns nor neighbouring rows go together
        assert np.abs(np.corrcoef(x.T) - np.eye(5)).max() < 5 / np.sqrt(2e4)
        assert abs(np.corrcoef(x[:-1].ravel(), x[1:].ravel())[0, 1]) < 5 / np.sqrt(1e5)

    def test_uniform_moments(self, model):
        x = model.uniform(20_000, (5,), "a").numpy()
        assert x.dtype == np.float32
        assert x.min() >= 0 and x.max() < 1
        # Kolmogorov and Smirnov: the largest gap to the distribution function exceeds 2.5/sqrt(n) once in 130,000.
        gaps = np.sort(x.ravel()) - np.arange(1e5) / 1e5
        assert np.abs(gaps).max() < 2.5 / np.sqrt(1e5)

    @pytest.mark.parametrize("draw", ["normal", "uniform"])
    def test_two_replicas_draw_the_rows_of_one(self, two_replicas, draw):
        with two_replicas.scope():
            model = Mean(seed=5)
        model.step.assign(7)
        alone = Mean(seed=5)
        alone.step.assign(7)

        @tf.function
        def rows():
            return two_replicas.run(lambda: getattr(model, draw)(4, (2, 3), "a"))

        rows = np.concatenate(two_replicas.experimental_local_results(rows()))
        np.testing.assert_array_equal(rows, getattr(alone, draw)(8, (2, 3), "a"))

    def test_streams_do_not_depend_on_the_process(self):
        # printf sample | gzip -c | tail -c8 | head -c4, as an unsigned number: the stream's half of the seed
        np.testing.assert_array_equal(stream_seed(5, "sample"), [5, 4044060355])


class TestTraining:
    def test_a_step_follows_the_gradient(self, model):
        x = tf.constant([1.0, 2.0, 6.0])
        model.train_step(x)
        # number = 0 - 0.25 * d/dn mean (n - x)^2 = 0.25 * 2 * 3
        assert float(model.number) == pytest.approx(1.5, rel=1e-6)
        assert int(model.sgd.iterations) == int(model.step.numpy()) == 1

    def test_two_replicas_follow_the_gradient_of_the_mean(self, two_replicas):
        with two_replicas.scope():
            model = Mean()
            model.compile()
        x = tf.data.Dataset.from_tensors(tf.constant([1.0, 2.0, 6.0, 7.0]))
        history = model.fit(x.unbatch().batch(4, drop_remainder=True), verbose=0).history
        assert model.number.numpy() == pytest.approx(0.25 * 2 * 4, rel=1e-6)
        assert int(model.step.numpy()) == 1
        # the mean of x^2 over both replicas, not the first one's
        assert history["loss"] == [pytest.approx((1 + 4 + 36 + 49) / 4, rel=1e-6)]

    def test_regularizers_count_but_are_in_no_term(self):
        model = Mean(regularizer=keras.regularizers.L2(3.0))
        model.compile()
        model.number.assign(2.0)
        terms = model.train_step(tf.constant([1.0, 2.0, 6.0]))
        # 2 - 0.25 * (2 (2 - 3) + 2 * 3 * 2)
        assert float(model.number) == pytest.approx(-0.5, rel=1e-6)
        assert float(terms["loss"]) == pytest.approx((1 + 0 + 16) / 3, rel=1e-6)

    def test_two_replicas_charge_a_regularizer_once(self, two_replicas):
        with two_replicas.scope():
            model = Mean(regularizer=keras.regularizers.L2(3.0))
            model.compile()
            model.number.assign(2.0)
        x = tf.data.Dataset.from_tensors(tf.constant([1.0, 2.0, 6.0, 7.0]))
        model.fit(x.unbatch().batch(4, drop_remainder=True), verbose=0)
        assert model.number.numpy() == pytest.approx(2 - 0.25 * (2 * (2 - 4) + 12), rel=1e-6)

    def test_reports_are_means_over_the_epoch(self, model):
        x = np.array([1, 3, -2, 4], "float32")
        losses, number = [], 0.0
        for value in [*x, *x]:  # two epochs of single values
            losses.append((number - value) ** 2)
            number += 0.25 * 2 * (value - number)
        dataset = tf.data.Dataset.from_tensor_slices(x).batch(1, drop_remainder=True)
        history = model.fit(dataset, epochs=2, verbose=0).history
        np.testing.assert_allclose(history["loss"], [np.mean(losses[:4]), np.mean(losses[4:])], rtol=1e-5)
        assert [metric.name for metric in model.metrics] == list(history) == ["loss", "number"]

    def test_config(self):
        assert Mean(seed=5, name="this").get_config().items() >= {"seed": 5, "name": "this"}.items()
