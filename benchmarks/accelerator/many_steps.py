"""A training step that came as StableHLO, repeated on JAX's device: many steps in a call.

What a call needs of JAX is public, but for the fields of `jax.export.Exported`, of which JAX makes no promise: so the
version is fixed.
"""

from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
from jax.extend.mlir import ir
from jax.extend.mlir.dialects import stablehlo
from jax.interpreters.mlir import make_ir_context

from benchmarks.accelerator.parcel import Parcel, ParcelError

VERSION = "0.11.2"

Step = Callable[..., list[jax.Array]]
ManySteps = Callable[[list[jax.Array], jax.Array, jax.Array], tuple[list[jax.Array], list[jax.Array]]]


def check_version() -> None:
    """Checks that the step can be handed to this JAX.

    Raises:
        ParcelError: It is another version.
    """
    if jax.__version__ != VERSION:
        raise ParcelError(f"this is JAX {jax.__version__}; install {VERSION}: pip install jax=={VERSION}")


def imported(text: str) -> Step:
    """The function `main` of a StableHLO module as a function of arrays, for `jax.jit`.

    Raises:
        ParcelError: This JAX cannot read the module.
    """
    with make_ir_context():
        try:
            module = ir.Module.parse(text)
        except Exception as error:  # MLIR's own, which is not public
            reason = str(error).strip().split("\n")[-1]
            raise ParcelError(
                f"this JAX cannot read the training step, which another version wrote: {reason}"
            ) from error
        main = next(op for op in module.body.operations if ir.StringAttr(op.attributes["sym_name"]).value == "main")
        arguments, results = (tuple(map(_shaped, types)) for types in (main.type.inputs, main.type.results))
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


def many_steps(step: Step, written: Sequence[int], num_terms: int) -> ManySteps:
    """Repeats a step over batches of uint8 images, which are taken from all images and normalised on the device.

    Args:
        step: Maps images in [-1, 1] and variables to the terms and the variables that it writes.
        written: The numbers of the variables that it gives back, in their order.
        num_terms: How many terms it gives before them.

    Returns:
        A function of the variables, all images uint8 [n, h, w, c] and their numbers in each batch, int [steps, b], to
        the variables and the terms after the last step. The variables that it is given are used up.
    """

    def one(variables: list[jax.Array], rows: jax.Array, images: jax.Array) -> tuple[list[jax.Array], list[jax.Array]]:
        batch = images[rows].astype(jnp.float32) / 127.5 - 1
        results = step(batch, *variables)
        variables = list(variables)
        for i, result in zip(written, results[num_terms:], strict=True):
            variables[i] = result
        return variables, results[:num_terms]

    def many(variables: list[jax.Array], images: jax.Array, order: jax.Array) -> Any:
        variables, terms = jax.lax.scan(lambda carried, rows: one(carried, rows, images), variables, order)
        return variables, [term[-1] for term in terms]

    return jax.jit(many, donate_argnums=0)


def compiled(parcel: Parcel, description: dict[str, Any], *shapes: Any) -> Any:
    """Many steps of what a parcel describes, compiled for variables, images and batch numbers of these shapes."""
    step = imported(parcel.get(description["step"]).decode())
    return many_steps(step, description["written"], len(description["terms"])).lower(*shapes).compile()


def _shaped(kind: Any) -> jax.core.ShapedArray:
    names = {"f32": "float32", "f16": "float16", "bf16": "bfloat16", "i64": "int64", "i32": "int32", "i1": "bool"}
    return jax.core.ShapedArray(tuple(kind.shape), jnp.dtype(names.get(str(kind.element_type), str(kind.element_type))))
