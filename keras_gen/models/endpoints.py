"""`endpoint`: a method that Python calls, TensorFlow compiles and a SavedModel holds, written once with its types.

    class Decoder(ReproducibleModel):
        @endpoint(latents=Rows("latent_shape"))
        def decode(self, latents: tf.Tensor) -> tf.Tensor:
            return self.network(latents)

Called from Python, the arguments are converted and checked. `ReproducibleModel.export` writes the same function under
the method's name. What a parameter without a type defaults to, the exported function uses. An endpoint with a `Seed`
draws random numbers, by TensorFlow's kernels; all others can be exported to where TensorFlow is not.
"""

import functools
import inspect
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from numbers import Integral
from typing import Any, Protocol, TypeAlias, TypeVar

import keras
import tensorflow as tf

from keras_gen.errors import InputError, batch_of, check_input, unwrapped_input_errors, written
from keras_gen.models import classes

Method = TypeVar("Method", bound=Callable[..., Any])
# A function, and the types of its arguments.
Endpoint: TypeAlias = tuple[Callable[..., Any], list[tf.TensorSpec]]

INT32 = tf.int32  # of whole numbers, as SavedModels take them
FITS = "must fit into 32 bits"


class Argument(Protocol):
    """The type of an endpoint's argument."""

    @property
    def unit(self) -> str:
        """What its numbers are."""

    def spec(self, model: keras.Model, name: str) -> tf.TensorSpec | None:
        """What the exported function takes; None if it does not take the argument."""

    def checked(self, model: keras.Model, name: str, value: Any) -> tf.Tensor | None:
        """The value as a tensor.

        Raises:
            InputError: The value does not have this type; the message names the argument. In a graph, where only the
                values tell, this is an `InvalidArgumentError` with the same message.
        """


@dataclass(frozen=True)
class Rows:
    """A batch of tensors, float32 [n, *shape].

    Attributes:
        shape: The model's attribute that holds the shape of one row, such as `latent_shape`.
        unit: What the numbers are.
    """

    shape: str
    unit: str = ""

    def spec(self, model: keras.Model, name: str) -> tf.TensorSpec:
        """See `Argument`."""
        return tf.TensorSpec([None, *getattr(model, self.shape)], tf.float32, name)

    def checked(self, model: keras.Model, name: str, value: Any) -> tf.Tensor:
        """See `Argument`."""
        tensor = value if hasattr(value, "shape") else tf.convert_to_tensor(value)
        given, needed = tf.TensorShape(tensor.shape), [None, *getattr(model, self.shape)]
        if not given.is_compatible_with(needed):
            raise InputError(f"{name}: shape {tuple(given)}; give {batch_of(needed[1:])}")
        if isinstance(tensor, keras.KerasTensor):
            return tensor
        if not tf.as_dtype(tensor.dtype).is_floating:
            raise InputError(f"{name}: dtype {tf.as_dtype(tensor.dtype).name}; give float32")
        return tf.cast(tensor, tf.float32)


@dataclass(frozen=True)
class WholeNumber:
    """A whole number, int32 [].

    Attributes:
        at_least: Smallest value.
        unit: What is counted or numbered.
    """

    at_least: int = INT32.min
    unit: str = ""

    def spec(self, model: keras.Model, name: str) -> tf.TensorSpec:
        """See `Argument`."""
        del model
        return tf.TensorSpec([], INT32, name)

    def checked(self, model: keras.Model, name: str, value: Any) -> tf.Tensor:
        """See `Argument`."""
        del model
        return _whole(name, value, self.at_least, INT32.max)


@dataclass(frozen=True)
class Seed(WholeNumber):
    """The seed of an endpoint's draws, int32 []."""


@dataclass(frozen=True)
class Number:
    """A finite number, float32 [].

    Attributes:
        at_least: Smallest value.
        unit: What it is.
        exported: Whether the exported function takes it; if not, that has the default.
    """

    at_least: float = 0.0
    unit: str = ""
    exported: bool = True

    def spec(self, model: keras.Model, name: str) -> tf.TensorSpec | None:
        """See `Argument`."""
        del model
        return tf.TensorSpec([], tf.float32, name) if self.exported else None

    def checked(self, model: keras.Model, name: str, value: Any) -> tf.Tensor:
        """See `Argument`."""
        del model
        number = tf.cast(_scalar(name, value, "number", _is_number), tf.float32)
        in_range = (number >= self.at_least) & tf.math.is_finite(number)
        return _checked(name, number, in_range, f"must be a finite number of at least {self.at_least:g}")


@dataclass(frozen=True)
class Labels:
    """Classes of a conditional model, int32 [n], or None; in Python alone: the exported function has the default."""

    unit: str = "classes"

    def spec(self, model: keras.Model, name: str) -> None:
        """See `Argument`."""

    def checked(self, model: keras.Model, name: str, value: Any) -> tf.Tensor | None:
        """See `Argument`."""
        if value is None:
            return None
        if model.num_classes is None:
            raise InputError(f"{name}: {classes.NO_CLASSES}")
        return classes.checked_labels(model.num_classes, value)


@dataclass(frozen=True)
class Label(WholeNumber):
    """One class of a conditional model, int32 []."""

    def checked(self, model: keras.Model, name: str, value: Any) -> tf.Tensor:
        """See `Argument`."""
        if model.num_classes is None:
            raise InputError(f"{name}: this model has no classes; build it with num_classes")
        return _whole(name, value, 0, model.num_classes - 1)


def _whole(name: str, value: Any, low: int, high: int) -> tf.Tensor:
    """A value as int32 [], from `low` to `high`."""
    number = _scalar(name, value, "whole number", lambda dtype: dtype.is_integer)
    requirement = f"must be from {low} to {high}" if high < INT32.max else f"must be at least {low}"
    if number.dtype != INT32:  # a cast alone would wrap
        number = tf.cast(number, tf.int64)
        fits = (number >= INT32.min) & (number <= INT32.max)
        number = tf.cast(_checked(name, number, fits, requirement if high < INT32.max else FITS), INT32)
    if low == INT32.min:
        return number
    return _checked(name, number, (number >= low) & (number <= high), requirement)


def _is_number(dtype: tf.DType) -> bool:
    return dtype.is_floating or dtype.is_integer


def _scalar(name: str, value: Any, noun: str, is_of_kind: Callable[[tf.DType], bool]) -> tf.Tensor:
    """A value as a tensor [] of its own type."""
    try:
        number = tf.convert_to_tensor(value)
    except (TypeError, ValueError) as error:
        raise InputError(f"{name}={value}: {FITS if isinstance(value, Integral) else f'give a {noun}'}") from error
    if not is_of_kind(number.dtype) or number.shape.rank:
        known = tf.get_static_value(number) if tf.is_tensor(value) else None
        raise InputError(f"{name}={str(value if known is None else known)}: give a {noun}")
    return number


def _checked(name: str, number: tf.Tensor, holds: tf.Tensor, requirement: str) -> tf.Tensor:
    known = tf.get_static_value(holds)
    if known is not None and not known:
        raise InputError(f"{name}={written(number)}: {requirement}")
    with tf.control_dependencies([check_input(holds, f"{name}: {requirement}, got", number)]):
        return tf.identity(number)


PIXELS = "pixels in [-1, 1]"
IMAGES = Rows("data_shape", PIXELS)
LATENTS = Rows("latent_shape", "latents")


@dataclass(frozen=True)
class EndpointType:
    """What an endpoint takes and gives.

    Attributes:
        arguments: The types of its arguments, by name.
        gives: What the numbers of each of its results are.
    """

    arguments: dict[str, Argument]
    gives: tuple[str, ...] = ()

    @property
    def draws(self) -> bool:
        """Whether it draws random numbers."""
        return any(isinstance(argument, Seed) for argument in self.arguments.values())


def endpoint(
    *, compiled: bool = False, gives: str | Sequence[str] = (), **arguments: Argument
) -> Callable[[Method], Method]:
    """Makes a method an endpoint of its model.

    Args:
        compiled: Whether Python's calls run as a `tf.function`: for methods that loop or draw. A compiled method is
            traced once per shape, so that none of its arguments may be a Python number without a type.
        gives: What the numbers of its result are, such as `PIXELS`; of several results, of each.
        **arguments: The types of the method's arguments by name, in the order of the exported function.
    """

    def decorate(method: Method) -> Method:
        signature = inspect.signature(method)
        function = tf.function(method, reduce_retracing=True) if compiled else method

        @functools.wraps(method)
        def checked_call(self: keras.Model, *args: Any, **kwargs: Any) -> Any:
            bound = signature.bind(self, *args, **kwargs)
            bound.apply_defaults()
            for name, argument in arguments.items():
                bound.arguments[name] = argument.checked(self, name, bound.arguments[name])
            with unwrapped_input_errors():  # those of a compiled method
                # Bound, a tf.function keeps one graph per model, for as long as the model lives.
                return function.__get__(self, type(self))(*bound.args[1:], **bound.kwargs)

        results = (gives,) if isinstance(gives, str) else tuple(gives)
        checked_call.endpoint_type = EndpointType(arguments, results)  # type: ignore[attr-defined]
        return checked_call  # type: ignore[return-value]

    return decorate


def endpoints_of(model: keras.Model) -> dict[str, Endpoint]:
    """The endpoints of a model by name, base classes' first: each the bound method and the types of its arguments."""
    specs = {
        name: [argument.spec(model, parameter) for parameter, argument in of.arguments.items()]
        for name, of in types_of(model).items()
    }
    return {name: (getattr(model, name), [one for one in of if one is not None]) for name, of in specs.items()}


def types_of(model: keras.Model) -> dict[str, EndpointType]:
    """What the endpoints of a model take and give, by name, base classes' first.

    A method that overrides an endpoint without being one itself has the type of the endpoint.
    """
    found: dict[str, EndpointType] = {}
    for kind in reversed(type(model).__mro__):
        for name, method in vars(kind).items():
            if hasattr(method, "endpoint_type"):
                found[name] = method.endpoint_type
    return found
