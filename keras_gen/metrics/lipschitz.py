"""Upper bounds on a network's Lipschitz constant, as products over its layers.

A chain of layers stretches distances at most by the product of the factors of its layers. The factor of a layer with a
kernel is a norm of the kernel, after spectral normalisation if there is any; that of a batch norm is the norm of the
diagonal matrix by which it multiplies in inference; activations, pooling and reshaping that never stretch count as 1.
The post on Lipschitz constraints gives the norms of one layer (equations 7 to 10), and no product over layers.
"""

import math

import keras
import numpy as np
import scipy.sparse.linalg
import tensorflow as tf
from keras import activations, layers

from keras_gen.checks import check_choice
from keras_gen.errors import InputError
from keras_gen.layers import SpectralNormalization, UnitScaleBatchNormalization
from keras_gen.utils import spectral

NORMS = ("operator", "spectral", "frobenius")

# All have slope at most 1.
_ACTIVATIONS = (
    activations.linear,
    activations.relu,
    activations.relu6,
    activations.leaky_relu,
    activations.elu,
    activations.softplus,
    activations.softsign,
    activations.softmax,
    activations.tanh,
    activations.hard_tanh,
    activations.sigmoid,
    activations.hard_sigmoid,
    activations.log_sigmoid,
)
_ISOMETRIES = (layers.InputLayer, layers.Flatten, layers.Reshape, layers.Dropout)
_GLOBAL_POOLING = (
    layers.GlobalAveragePooling1D,
    layers.GlobalAveragePooling2D,
    layers.GlobalMaxPooling1D,
    layers.GlobalMaxPooling2D,
)
_POOLING = (layers.AveragePooling1D, layers.AveragePooling2D, layers.MaxPooling1D, layers.MaxPooling2D)


def lipschitz_bound(model: keras.Model, norm: str = "operator") -> float:
    """The product of a norm over all layers with a kernel, and all batch norms.

    In inference |f(x) - f(y)| <= bound |x - y| holds, for any of the norms if these layers are dense, and only for
    `operator` if one of them is a convolution. In training there is no such bound for a model with batch norm, which
    divides by the deviation of the batch.

    Args:
        model: See `layer_norms`.
        norm: See `layer_norms`.
    """
    return math.prod(layer_norms(model, norm).values())


def layer_norms(model: keras.Model, norm: str = "operator") -> dict[str, float]:
    """A norm of every layer with a kernel, and of every batch norm.

    - `operator`: the smallest C with |Wx| <= C |x| for the layer without its bias, on inputs of its size; this is
      exactly the layer's own Lipschitz constant (7).
    - `spectral`: |W|_2 of the kernel as a matrix [everything else, outputs]. That is the operator norm of a dense
      layer, but not of a convolution: with kernel size k and stride s in each of d directions, the operator norm may be
      up to ceil(k/s)^(d/2) times as large (k^(d/2) times for a transposed convolution), and also smaller.
    - `frobenius`: |W|_F, the root of the sum of squares of the kernel (9), which is at least `spectral` (10).

    W of a batch norm is the diagonal matrix of its scales, each divided by the root of the moving variance and epsilon;
    `operator` and `spectral` are then the largest of these factors.

    Args:
        model: A chain of dense layers, convolutions and transposed convolutions, with or without
            `SpectralNormalization`, of batch norms, and of layers and activations of slope at most 1.
        norm: One of `NORMS`.

    Returns:
        The norms by layer name, in the order of the layers.

    Raises:
        InputError: There is no such norm, or the bound does not hold for this kind of model.
    """
    check_choice("norm", norm, NORMS)
    _check_chain(model)
    norms = {}
    for layer in model.layers:
        if isinstance(_unwrapped(layer), spectral.KERNEL_LAYERS):
            norms[layer.name] = _norm(layer, norm)
        elif isinstance(layer, layers.BatchNormalization) and not layer.renorm:
            norms[layer.name] = float(np.linalg.norm(_factors(layer), 2 if norm == "frobenius" else np.inf))
        elif not _never_stretches(layer):
            raise InputError(f"layer {layer.name} ({type(layer).__name__}) may stretch distances by an unknown factor")
    return norms


def _norm(layer: keras.Layer, norm: str) -> float:
    wrapped = _unwrapped(layer)
    if wrapped.activation not in _ACTIVATIONS:
        raise InputError(f"layer {layer.name}: its activation may stretch distances; use relu, tanh, softplus ...")
    kernel = layer.normalized_kernel() if isinstance(layer, SpectralNormalization) else wrapped.kernel.value
    kernel = tf.cast(kernel, tf.float64)
    if norm == "operator" and not isinstance(wrapped, layers.Dense):
        return _operator_norm(wrapped, kernel, layer.input.shape[1:])
    matrix = spectral.kernel_matrix(kernel, spectral.output_axis(wrapped))
    return float(np.linalg.norm(matrix, ord="fro" if norm == "frobenius" else 2))


def _factors(layer: layers.BatchNormalization) -> np.ndarray:
    """What a batch norm multiplies each channel by in inference."""
    scale = layer.normalized_gamma() if isinstance(layer, UnitScaleBatchNormalization) and layer.scale else layer.gamma
    factors = 1.0 / np.sqrt(np.asarray(layer.moving_variance, np.float64) + layer.epsilon)
    return factors if scale is None else factors * np.asarray(scale, np.float64)


def _operator_norm(layer: keras.Layer, kernel: tf.Tensor, input_shape: tuple[int | None, ...]) -> float:
    """The largest singular value of a convolution as a linear map A on inputs of `input_shape`."""
    sides = tuple(side for side in input_shape if side is not None)
    if len(sides) < len(input_shape):
        raise InputError(f"layer {layer.name}: the operator norm needs the size of its input, got {input_shape}")
    linear = type(layer).from_config({**layer.get_config(), "activation": None, "use_bias": False, "dtype": "float64"})
    linear.build((None, *sides))
    linear.kernel.assign(kernel)

    def normal_map(flat_input: np.ndarray) -> np.ndarray:
        """A^T A x, which is the gradient of |A x|^2 / 2."""
        x = tf.reshape(tf.constant(flat_input), [1, *sides])
        with tf.GradientTape() as tape:
            tape.watch(x)
            half_square = tf.nn.l2_loss(linear(x))
        return tf.reshape(tape.gradient(half_square, x), [-1]).numpy()

    size = math.prod(sides)
    operator = scipy.sparse.linalg.LinearOperator((size, size), normal_map, dtype=np.float64)
    start = np.random.RandomState(0).randn(size)
    return math.sqrt(scipy.sparse.linalg.eigsh(operator, k=1, v0=start, return_eigenvectors=False)[0])


def _unwrapped(layer: keras.Layer) -> keras.Layer:
    return layer.layer if isinstance(layer, SpectralNormalization) else layer


def _never_stretches(layer: keras.Layer) -> bool:
    match layer:
        case layers.Activation():
            return layer.activation in _ACTIVATIONS
        case layers.ReLU():
            return layer.negative_slope <= 1 and layer.threshold == 0
        case layers.LeakyReLU():
            return layer.negative_slope <= 1
    if isinstance(layer, _POOLING):  # where windows overlap, an input may count more than once
        return all(stride >= size for stride, size in zip(layer.strides, layer.pool_size, strict=True))
    return isinstance(layer, (*_ISOMETRIES, *_GLOBAL_POOLING))


def _check_chain(model: keras.Model) -> None:
    """Checks that every layer takes the output of the one before, and that the model returns that of the last."""
    given = [getattr(layer, "output", None) for layer in model.layers]
    taken = [getattr(layer, "input", None) for layer in model.layers[1:]] + getattr(model, "outputs", [])
    if len(given) != len(taken) or any(one is not other for one, other in zip(given, taken, strict=True)):
        raise InputError(f"model {model.name} is not a built chain of layers, so a product over its layers is no bound")
