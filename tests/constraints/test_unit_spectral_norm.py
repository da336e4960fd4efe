import keras
import numpy as np
import pytest

from keras_gen.constraints import UnitSpectralNorm
from keras_gen.errors import InputError

SHAPES = {"dense": ((7, 5), -1), "convolution": ((3, 3, 4, 6), -1), "transposed": ((3, 3, 6, 4), -2)}


def matrix(kernel, output_axis):
    kernel = np.swapaxes(kernel, -1, -2) if output_axis == -2 else kernel
    return kernel.reshape(-1, kernel.shape[-1])


@pytest.mark.parametrize("shape, output_axis", SHAPES.values(), ids=SHAPES)
def test_the_kernel_is_divided_by_its_largest_singular_value(shape, output_axis):
    kernel = np.random.RandomState(0).normal(size=shape).astype("float32")
    projected = UnitSpectralNorm(100, output_axis)(kernel).numpy()
    norm = np.linalg.svd(matrix(kernel, output_axis), compute_uv=False)[0]
    # A hundred iterations leave (s2/s1)^200; float32.
    np.testing.assert_allclose(projected, kernel / norm, rtol=1e-4, atol=1e-6)


def test_the_authors_five_iterations_from_ones():
    kernel = np.random.RandomState(1).normal(size=(6, 4))
    u = np.ones(6)
    for _ in range(5):
        v = kernel.T @ u
        v /= np.linalg.norm(v)
        u = kernel @ v
        u /= np.linalg.norm(u)
    np.testing.assert_allclose(UnitSpectralNorm()(kernel.astype("float32")), kernel / (u @ kernel @ v), rtol=1e-5)


def test_zeros_stay():
    assert not UnitSpectralNorm()(np.zeros((3, 2), "float32")).numpy().any()


def test_the_optimiser_applies_it_after_its_step():
    layer = keras.layers.Dense(4, kernel_constraint=UnitSpectralNorm(100))
    layer.build((None, 6))
    before = layer.kernel.numpy()
    gradient = np.random.RandomState(0).normal(size=(6, 4)).astype("float32")
    optimizer = keras.optimizers.SGD(0.5)
    optimizer.apply([gradient], [layer.kernel])
    stepped = before - 0.5 * gradient
    np.testing.assert_allclose(layer.kernel.numpy(), stepped / np.linalg.norm(stepped, 2), rtol=1e-4, atol=1e-6)


def test_it_comes_back_with_its_layer():
    config = keras.layers.Dense(4, kernel_constraint=UnitSpectralNorm(3, -2)).get_config()
    again = keras.layers.Dense.from_config(config).kernel_constraint
    assert isinstance(again, UnitSpectralNorm) and (again.power_iterations, again.output_axis) == (3, -2)


@pytest.mark.parametrize(
    "arguments, message",
    [
        ({"power_iterations": 0}, "power_iterations=0: must be a whole number of at least 1"),
        ({"output_axis": 0}, "output_axis=0: must be -1"),
    ],
)
def test_bad_arguments(arguments, message):
    with pytest.raises(InputError, match=message):
        UnitSpectralNorm(**arguments)
