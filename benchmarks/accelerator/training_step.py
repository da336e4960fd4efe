"""A model's training step as StableHLO, and which of its arguments and results are which variables."""

import re
from dataclasses import dataclass

import keras
import tensorflow as tf
from tensorflow.python.framework import auto_control_deps_utils

from keras_gen.errors import InputError
from keras_gen.layers import strided
from keras_gen.models import ReproducibleModel


@dataclass(frozen=True)
class TrainingStep:
    """A step that maps a batch and variables to the running means of its terms and the variables that it writes.

    Attributes:
        text: The module, whose function `main` takes the batch, then the variables.
        variables: The variables in the order of its arguments.
        written: The numbers of those variables that it gives back, behind the terms and in this order.
        terms: The names of the terms, in the order of its results.
    """

    text: str
    variables: list[keras.Variable]
    written: list[int]
    terms: list[str]


def training_step(model: ReproducibleModel, batch_shape: tuple[int, ...]) -> TrainingStep:
    """The compiled model's `train_step` for batches of that shape.

    Raises:
        keras_gen.InputError: It uses variables that are no part of the model, its results cannot be told apart, or a
            batch has no room here.
    """
    step = tf.function(model.train_step, jit_compile=True, autograph=False)
    batch = tf.TensorSpec(batch_shape)
    try:
        with strided.left_to_keras():
            concrete = step.get_concrete_function(batch)
            module = step.experimental_get_compiler_ir(batch)(stage="stablehlo")
    except tf.errors.ResourceExhaustedError as error:
        raise InputError(f"a step of {batch_shape[0]} images has no room here; give a smaller batch") from error
    by_handle = {id(variable.value.handle): variable for variable in variables_of(model)}
    if any(id(handle) not in by_handle for handle in concrete.captured_inputs):
        raise InputError(f"{model.name}: its step uses tensors that are no part of the model; make the run here")
    variables = [by_handle[id(handle)] for handle in concrete.captured_inputs]
    # What TensorFlow knows of a graph, so that steps that share no variable may run side by side.
    read_only = auto_control_deps_utils.get_read_only_resource_input_indices_graph(concrete.graph)
    num_batches = len(concrete.inputs) - len(variables)
    written = [i for i in range(len(variables)) if i + num_batches not in read_only]
    names = list(concrete.structured_outputs)
    terms = [name for name, _ in sorted(zip(names, concrete.structured_outputs.values(), strict=True))]
    text = _without_copies(module)
    results = re.search(r"func\.func (?:public )?@main\(.*?\) -> \((.*?)\) *(?:attributes.*)?\{", text, re.DOTALL)
    count = results.group(1).count("tensor<") if results else 0
    if count != len(terms) + len(written):
        raise InputError(
            f"{model.name}: its step gives {count} results, not {len(terms)} terms and {len(written)} variables; make "
            "the run here"
        )
    return TrainingStep(text, variables, written, terms)


def _without_copies(text: str) -> str:
    """A module whose copies, TensorFlow's own and no part of StableHLO, are reshapes to the same shape."""
    return re.sub(r"mhlo\.copy (%\w+) : (tensor<[^>]*>)", r"stablehlo.reshape \1 : (\2) -> \2", text)


def variables_of(model: ReproducibleModel) -> list[keras.Variable]:
    """All variables that a step may use: weights, optimisers' and those of the running means."""
    return [*model.variables, *model.optimizer.variables, *(v for metric in model.metrics for v in metric.variables)]
