import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_gen.errors import InputError
from keras_gen.regularizers import SpectralNorm


def kernel(shape=(6, 4)):
    return np.random.RandomState(0).randn(*shape)


@pytest.mark.parametrize(
    "shape, output_axis", [((6, 4), -1), ((3, 5, 2, 4), -1), ((3, 5, 4, 2), -2)], ids=["dense", "conv", "transposed"]
)
def test_value_and_gradient(shape, output_axis):
    columns = np.moveaxis(kernel(shape), output_axis, -1)
    left, _, right = np.linalg.svd(columns.reshape(-1, 4), full_matrices=False)
    w = np.moveaxis((left * [3, 1.5, 1, 0.5] @ right).reshape(columns.shape), -1, output_axis)
    regularizer = SpectralNorm(0.3, power_iterations=40, output_axis=output_axis)
    with tf.GradientTape() as tape:
        watched = tf.constant(w)
        tape.watch(watched)
        penalty = regularizer(watched)
    gradient = tape.gradient(penalty, watched).numpy()

    columns = np.moveaxis(w, output_axis, -1).reshape(-1, 4)
    left, singular_values, right = np.linalg.svd(columns)
    # 40 iterations, each of which quarters the error, have converged to rounding; d sigma^2 = 2 sigma u v^T.
    assert float(penalty) == pytest.approx(0.3 * singular_values[0] ** 2, rel=1e-12)
    expected = 0.6 * singular_values[0] * np.outer(left[:, 0], right[0])
    np.testing.assert_allclose(np.moveaxis(gradient, output_axis, -1).reshape(-1, 4), expected, rtol=0, atol=1e-9)


def test_the_authors_five_iterations():
    w = kernel()
    u = np.ones(6)
    for _ in range(5):
        v = w.T @ u / np.linalg.norm(w.T @ u)
        u = w @ v / np.linalg.norm(w @ v)
    assert float(SpectralNorm(2.0)(tf.constant(w))) == pytest.approx(2.0 * (u @ w @ v) ** 2, rel=1e-12)


def test_it_is_at_most_l2():
    w = tf.constant(kernel())
    assert 0 < float(SpectralNorm(0.3, 400)(w)) < float(keras.regularizers.L2(0.3)(w))


def test_zeros_and_strength_zero_cost_nothing():
    assert float(SpectralNorm(0.3)(tf.zeros([3, 2]))) == 0
    assert float(SpectralNorm(0)(tf.constant(kernel()))) == 0


@pytest.mark.parametrize("policy", ["float32", "mixed_bfloat16"])
def test_in_a_layer_it_is_part_of_the_loss(policy):
    layer = keras.layers.Dense(4, kernel_regularizer=SpectralNorm(0.3, 400), dtype=policy)
    layer(tf.ones([2, 6]))
    layer.kernel.assign(kernel())
    (loss,) = layer.losses
    assert loss.dtype == tf.float32
    # float32 throughout, in mixed precision too
    assert float(loss) == pytest.approx(0.3 * np.linalg.norm(kernel(), 2) ** 2, rel=1e-5)


def test_training_lowers_the_norm():
    model = keras.Sequential([keras.Input((6,)), keras.layers.Dense(4, kernel_regularizer=SpectralNorm(0.5))])
    model.layers[0].kernel.assign(kernel())
    model.compile(keras.optimizers.SGD(0.1), loss=lambda y, prediction: 0.0 * tf.reduce_sum(prediction))
    model.fit(np.ones([8, 6], "float32"), np.ones([8, 4], "float32"), batch_size=1, verbose=0)
    before, after = (np.linalg.svd(w, compute_uv=False) for w in (kernel(), model.layers[0].kernel.numpy()))
    # Eight steps of sigma <- 0.9 sigma; the first values meet the second, and from there take turns.
    assert after[0] < 0.8 * before[0]
    np.testing.assert_allclose(after[2:], before[2:], rtol=0.05)


def test_it_comes_back_with_its_model(tmp_path):
    regularizer = SpectralNorm(0.3, power_iterations=7, output_axis=-2)
    layer = keras.layers.Conv2DTranspose(3, 2, kernel_regularizer=regularizer)
    keras.Sequential([keras.Input((4, 4, 2)), layer]).save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras").layers[0].kernel_regularizer
    assert type(loaded) is SpectralNorm
    assert loaded.get_config() == regularizer.get_config()
    assert loaded.get_config() == {"strength": 0.3, "power_iterations": 7, "output_axis": -2}


@pytest.mark.parametrize(
    "wrong, message",
    [
        ({"strength": -0.1}, "strength=-0.1"),
        ({"strength": float("nan")}, "strength=nan"),
        ({"strength": float("inf")}, "strength=inf"),
        ({"strength": 1, "power_iterations": 0}, "power_iterations=0"),
        ({"strength": 1, "output_axis": 1}, "output_axis=1: must be -1, or -2"),
    ],
)
def test_bad_arguments(wrong, message):
    with pytest.raises(InputError, match=message):
        SpectralNorm(**wrong)
