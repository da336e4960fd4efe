"""`keras_gen/models/gradient_penalized.py`: the penalty against Jacobians, training against NumPy."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_gen.errors import InputError
from keras_gen.models import GradientPenalized
from keras_gen.networks import mlp

X = np.random.RandomState(0).normal(size=(6, 4)).astype("float32")
Y = np.random.RandomState(1).normal(size=(6, 3)).astype("float32")


def linear(**kwargs):
    network = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3, use_bias=False, **kwargs)])
    network.set_weights([np.random.RandomState(2).normal(size=(4, 3))])
    return network


def compiled(network, strength, learning_rate=0.1, **kwargs):
    model = GradientPenalized(network, strength, **kwargs)
    model.compile(keras.optimizers.SGD(learning_rate), loss="mse")
    return model


def batches(steps=1, size=6):
    return tf.data.Dataset.from_tensors((X[:size], Y[:size])).repeat(steps)


def mse_gradient(w):
    """Of the mean over rows and outputs of (x w - y)^2."""
    return 2 * X.T @ (X @ w - Y) / Y.size


class TestPenalty:
    def test_of_a_linear_map_along_given_directions(self):
        model = compiled(linear(), 0.7)
        w, v = model.network.get_weights()[0], model.directions(6).numpy()
        _, terms = model.objective(tf.constant(X), tf.constant(Y), tf.constant(v))
        # J = W^T: |v^T J|^2 = |W v|^2
        expected = 0.7 * 3 * np.mean(np.sum((v @ w.T) ** 2, axis=1))
        assert float(terms["gradient_penalty"]) == pytest.approx(expected, rel=1e-5)
        assert float(terms["loss"]) == pytest.approx(np.mean((X @ w - Y) ** 2), rel=1e-5)

    def test_its_expectation_is_the_squared_frobenius_norm_of_the_jacobian(self):
        network = mlp(4, 3, widths=(8,), activation="tanh", seed=3, name="network")
        model = GradientPenalized(network, 1.0)
        model.compile()
        count = 20_000
        x = tf.constant(np.repeat(X[:1], count, axis=0))
        with tf.GradientTape() as tape:
            tape.watch(x)
            outputs = network(x[:1])
        exact = np.sum(tape.jacobian(outputs, x).numpy() ** 2)
        labels = tf.zeros([count], tf.int32)
        _, terms = model.objective(x, labels, model.directions(count))
        # C |v^T J|^2 has a standard deviation of about its mean: five standard errors
        assert float(terms["gradient_penalty"]) == pytest.approx(exact, rel=5 / np.sqrt(count))

    def test_directions_are_units_and_change_with_the_step(self):
        model = compiled(linear(), 1.0)
        first = model.directions(5).numpy()
        np.testing.assert_allclose(np.linalg.norm(first, axis=1), 1, rtol=1e-6)
        model.step.assign(1)
        assert np.abs(model.directions(5).numpy() - first).min(axis=1).max() > 1e-3


class TestTraining:
    def test_a_step_against_numpy(self):
        model = compiled(linear(), 0.7)
        w, v = model.network.get_weights()[0], model.directions(6).numpy()
        model.fit(batches(), verbose=0)
        penalty_gradient = 0.7 * 3 * 2 * w @ (v.T @ v) / 6
        expected = w - 0.1 * (mse_gradient(w) + penalty_gradient)
        np.testing.assert_allclose(model.network.get_weights()[0], expected, rtol=0, atol=1e-6)

    def test_at_strength_zero_it_is_keras_own_training(self):
        model, plain = compiled(linear(), 0.0), linear()
        plain.compile(keras.optimizers.SGD(0.1), loss="mse")
        for one in (model, plain):
            one.fit(batches(5), verbose=0, shuffle=False)
        np.testing.assert_allclose(model.network.get_weights()[0], plain.get_weights()[0], rtol=0, atol=1e-6)

    def test_regularizers_of_the_layers_count_and_are_not_in_the_terms(self):
        model = compiled(linear(kernel_regularizer=keras.regularizers.L2(0.4)), 0.0)
        w = model.network.get_weights()[0]
        history = model.fit(batches(), verbose=0).history
        expected = w - 0.1 * (mse_gradient(w) + 0.8 * w)
        np.testing.assert_allclose(model.network.get_weights()[0], expected, rtol=0, atol=1e-6)
        assert history["loss"] == [pytest.approx(np.mean((X @ w - Y) ** 2), rel=1e-5)]

    def test_the_default_loss_is_the_cross_entropy_of_logits(self):
        model = GradientPenalized(linear(), 0.0)
        model.compile()
        labels = tf.constant([0, 1, 2, 0, 1, 2])
        _, terms = model.objective(tf.constant(X), labels, model.directions(6))
        logits = X @ model.network.get_weights()[0]
        expected = np.mean(np.log(np.exp(logits).sum(axis=1)) - logits[np.arange(6), labels])
        assert float(terms["loss"]) == pytest.approx(expected, rel=1e-5)


class TestEvaluation:
    @pytest.mark.parametrize("regularizer", [None, keras.regularizers.L2(0.4)])
    def test_it_reports_the_terms_and_trains_nothing(self, regularizer):
        model = compiled(linear(kernel_regularizer=regularizer), 0.7)
        w, v = model.network.get_weights()[0], model.directions(6).numpy()
        found = model.evaluate(batches(), verbose=0, return_dict=True)
        assert found["loss"] == pytest.approx(np.mean((X @ w - Y) ** 2), rel=1e-5)
        assert found["gradient_penalty"] == pytest.approx(0.7 * 3 * np.mean(np.sum((v @ w.T) ** 2, axis=1)), rel=1e-5)
        np.testing.assert_array_equal(model.network.get_weights()[0], w)
        assert int(model.step.numpy()) == 0

    def test_validation_in_fit(self):
        model = compiled(linear(), 0.7, learning_rate=0.0)
        history = model.fit(batches(), validation_data=batches(), verbose=0).history
        assert history["val_loss"] == [pytest.approx(history["loss"][0], rel=1e-6)]

    def test_metrics_are_refused(self):
        with pytest.raises(InputError, match="metrics: GradientPenalized reports loss, gradient_penalty; leave it out"):
            GradientPenalized(linear(), 0.7).compile(metrics=["accuracy"])


class TestSaving:
    def test_it_comes_back_compiled(self, tmp_path):
        model = compiled(linear(), 0.3, seed=4)
        model.fit(batches(2), verbose=0)
        model.save(tmp_path / "model.keras")
        loaded = keras.models.load_model(tmp_path / "model.keras")
        for one in (model, loaded):
            one.fit(batches(2), verbose=0)
        assert (loaded.strength, loaded.seed) == (0.3, 4)
        np.testing.assert_array_equal(loaded.network.get_weights()[0], model.network.get_weights()[0])

    def test_exported_it_predicts(self, tmp_path):
        model = compiled(linear(), 0.3)
        model.export(tmp_path / "saved_model")
        predictor = tf.saved_model.load(tmp_path / "saved_model")
        np.testing.assert_allclose(predictor.predict(X), X @ model.network.get_weights()[0], rtol=0, atol=1e-6)


@pytest.mark.parametrize("strength", [-0.1, float("nan"), float("inf")])
def test_a_strength_out_of_range(strength):
    with pytest.raises(InputError, match=f"strength={strength}: must be a finite number of at least 0"):
        GradientPenalized(linear(), strength)


def test_a_network_of_maps():
    network = keras.Sequential([keras.Input((4, 4, 1)), keras.layers.Conv2D(2, 3)])
    with pytest.raises(InputError, match=r"gives \(None, 2, 2, 2\), not \[batch, outputs\]"):
        GradientPenalized(network, 1.0)


def test_inputs_of_whole_numbers():
    with pytest.raises(InputError, match="inputs have dtype int64; give floats"):
        compiled(linear(), 0.3).fit(tf.data.Dataset.from_tensors((X.astype("int64"), Y)), verbose=0)


def test_batches_without_targets():
    model = compiled(linear(), 0.3)
    with pytest.raises(InputError, match=r"a batch is a tuple \(inputs, targets\)"):
        model.fit(tf.data.Dataset.from_tensors(X), verbose=0)
