"""A training step that came as StableHLO, repeated on JAX's device: many steps in a call.

What a call needs of JAX is public, but for the fields of `jax.export.Exported`, of which JAX makes no promise: so the
version is fixed.
"""

from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.extend.mlir import ir
from jax.extend.mlir.dialects import stablehlo
from jax.interpreters.mlir import make_ir_context

from benchmarks.accelerator.machine import INSTALL
from benchmarks.accelerator.parcel import Parcel, ParcelError

VERSION = "0.11.2"
LONGEST_REASON = 120

Step = Callable[..., list[jax.Array]]
DeviceError = jax.errors.JaxRuntimeError


def begin() -> tuple[str, str]:
    """Prepares JAX; gives the names of the device and of its version.

    Raises:
        ParcelError: It is another version than the step can be handed to, or has no device.
    """
    if jax.__version__ != VERSION:
        raise ParcelError(f"this is JAX {jax.__version__}, which is not the one that steps are for; {INSTALL}")
    jax.config.update("jax_enable_x64", True)  # steps are counted in int64
    try:
        return jax.local_devices()[0].device_kind, jax.__version__
    except RuntimeError as error:
        raise ParcelError(f"JAX finds no device: {reason(error)}") from error


def put(array: np.ndarray) -> jax.Array:
    """An array on the device."""
    return jax.device_put(array)


def get(arrays: Sequence[jax.Array]) -> list[np.ndarray]:
    """Arrays of the device."""
    return [np.asarray(array) for array in jax.device_get(list(arrays))]


def compiled(parcel: Parcel, description: dict[str, Any], images: Sequence[int], order: Any) -> Any:
    """Many steps of what a parcel describes, compiled for images and batch numbers of these shapes and types.

    Returns:
        A function of the variables, all images uint8 [n, h, w, c], their numbers in each batch [steps, b], the first of
        these steps and how many they are, to the variables and the terms after the last step. The variables that it is
        given are used up.

    Raises:
        ParcelError: This JAX cannot read the step, or it is not the step that is described.
        jax.errors.JaxRuntimeError: The device cannot run it.
    """
    variables = [_shape(found["shape"], found["dtype"]) for found in description["variables"]]
    batch = _shape((order["shape"][1], *images[1:]), "float32")
    step = imported(
        parcel.get(description["step"]).decode(errors="replace"),
        [batch, *variables],
        description["written"],
        len(description["terms"]),
    )
    many = many_steps(step, description["written"], len(description["terms"]))
    shapes = (variables, _shape(images, "uint8"), _shape(order["shape"], order["dtype"]))
    return many.lower(*shapes, np.int64(0), np.int64(1)).compile()


def imported(text: str, takes: Sequence[Any], written: Sequence[int], num_terms: int) -> Step:
    """The function `main` of a StableHLO module as a function of arrays, for `jax.jit`.

    Args:
        text: The module.
        takes: The shapes and types of a batch and of the variables, which it must take.
        written: The numbers of the variables that it must give back, in their order.
        num_terms: How many terms it must give before them.

    Raises:
        ParcelError: This JAX cannot read the module, or it takes or gives something else.
    """
    with make_ir_context():
        try:
            module = ir.Module.parse(text)
        except Exception as error:  # MLIR's own, which is not public
            raise ParcelError(
                f"this JAX cannot read the training step, which another version wrote: {reason(error)}"
            ) from error
        functions = {ir.StringAttr(op.attributes["sym_name"]).value: op for op in module.body.operations}
        if "main" not in functions:
            raise ParcelError("the training step has no function `main`; send the run again")
        kind = functions["main"].type
        arguments, results = (tuple(map(_shaped, types)) for types in (kind.inputs, kind.results))
        _compare(arguments, results, takes, written, num_terms)
        artifact = stablehlo.serialize_portable_artifact(module, stablehlo.get_current_version())
    step = jax.export.Exported(
        fun_name="training_step",
        in_tree=jax.tree.structure((arguments, {})),
        in_avals=arguments,
        out_tree=jax.tree.structure(list(results)),
        out_avals=results,
        _in_named_shardings=(None,) * len(arguments),
        _out_named_shardings=(None,) * len(results),
        in_shardings_hlo=(None,) * len(arguments),
        out_shardings_hlo=(None,) * len(results),
        nr_devices=1,
        platforms=(jax.export.default_export_platform(),),
        ordered_effects=(),
        unordered_effects=(),
        disabled_safety_checks=(),
        mlir_module_serialized=artifact,
        calling_convention_version=10,
        module_kept_var_idx=tuple(range(len(arguments))),
        uses_global_constants=False,
        _get_vjp=None,
    )
    return step.call


def many_steps(step: Step, written: Sequence[int], num_terms: int) -> Any:
    """Repeats a step over batches of uint8 images, which are taken from all images and normalised on the device.

    How many steps a call makes is an argument of it, so that a step is compiled once and a call can be short.

    Args:
        step: Maps images in [-1, 1] and variables to the terms and the variables that it writes.
        written: The numbers of the variables that it gives back, in their order.
        num_terms: How many terms it gives before them.

    Returns:
        A function as `compiled` describes it, to be compiled.
    """

    def one(variables: list[jax.Array], rows: jax.Array, images: jax.Array) -> tuple[list[jax.Array], list[jax.Array]]:
        batch = images[rows].astype(jnp.float32) / 127.5 - 1
        results = step(batch, *variables)
        variables = list(variables)
        for i, result in zip(written, results[num_terms:], strict=True):
            variables[i] = result
        return variables, list(results[:num_terms])

    def many(
        variables: list[jax.Array], images: jax.Array, order: jax.Array, first: jax.Array, count: jax.Array
    ) -> Any:
        shapes = jax.eval_shape(lambda: one(variables, order[0], images)[1])
        terms = [jnp.zeros(term.shape, term.dtype) for term in shapes]
        return jax.lax.fori_loop(
            first, first + count, lambda i, carried: one(carried[0], order[i], images), (variables, terms)
        )

    return jax.jit(many, donate_argnums=0)


def reason(error: Exception) -> str:
    """What a library says of an error, as a few words: XLA lists its buffers behind them, MLIR what it knows."""
    lines = (str(error).strip() or type(error).__name__).split("\n")
    line = lines[0 if isinstance(error, DeviceError) else -1]
    return line if len(line) <= LONGEST_REASON else f"{line[:LONGEST_REASON]}..."


def _compare(
    arguments: Sequence[Any], results: Sequence[Any], takes: Sequence[Any], written: Sequence[int], num_terms: int
) -> None:
    def kinds(shapes: Sequence[Any]) -> list[tuple[tuple[int, ...], str]]:
        return [(tuple(one.shape), np.dtype(one.dtype).name) for one in shapes]

    gives = kinds(results)
    expected = [kinds(takes)[1 + i] for i in written]
    if kinds(arguments) != kinds(takes) or len(gives) != num_terms + len(written) or gives[num_terms:] != expected:
        raise ParcelError("the training step takes or gives other arrays than are described; send the run again")


def _shape(shape: Any, dtype: str) -> jax.ShapeDtypeStruct:
    return jax.ShapeDtypeStruct(tuple(shape), dtype)


def _shaped(kind: Any) -> jax.core.ShapedArray:
    names = {"f32": "float32", "f16": "float16", "bf16": "bfloat16", "i64": "int64", "i32": "int32", "i1": "bool"}
    name = names.get(str(kind.element_type), str(kind.element_type))
    try:
        return jax.core.ShapedArray(tuple(kind.shape), jnp.dtype(name))
    except TypeError as error:
        raise ParcelError(f"the training step uses numbers of the type {name}, which JAX does not know") from error
