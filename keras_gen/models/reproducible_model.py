"""`ReproducibleModel`: the base of every model here, whose training is a pure function of its arguments."""

from collections.abc import Callable, Mapping, Sequence
from numbers import Integral
from typing import Any, Self, TypeAlias

import keras
import tensorflow as tf

from keras_gen import keras_privates
from keras_gen.checks import check_keras_settings, in_quotes
from keras_gen.errors import InputError
from keras_gen.models.checked_model import CheckedModel
from keras_gen.models.endpoints import Endpoint, endpoints_of
from keras_gen.models.optimization import (
    Optimizers,
    built_optimizer,
    check_compile_arguments,
    check_jit_compile,
    check_scalar,
    clipped,
    regularization,
)
from keras_gen.models.saving import LOADING
from keras_gen.utils import noise
from keras_gen.utils.noise import stream_seed

Terms: TypeAlias = dict[str, tf.Tensor]
Optimizer: TypeAlias = keras.optimizers.Optimizer | str | dict


class ReproducibleModel(CheckedModel):
    """A model whose `train_step` is a pure function of (seed, step, batch).

    It gives a `train_step` three things: noise, `minimize` and `report`. Noise depends on (seed, step, stream, index in
    the global batch) and on nothing else, so that a run that is killed and continued, or spread over more replicas, is
    the same run. Methods decorated with `keras_gen.models.endpoints.endpoint` are what a trained model is used for;
    `export` writes them.

    Args:
        seed: Seed of every draw in training.
        **kwargs: Passed on to `keras.Model`.

    Raises:
        InputError: The seed is not a whole number, or Keras is not set to channels last and float32.
    """

    def __init__(self, seed: int = 0, **kwargs: Any):
        check_keras_settings()
        if not isinstance(seed, Integral):
            raise InputError(f"seed={in_quotes(seed)}: must be a whole number")
        super().__init__(**kwargs)
        self.seed: int = seed
        self.step: keras.Variable = self.add_weight(
            name="step", shape=(), dtype="int64", initializer="zeros", trainable=False
        )
        self._terms: list[keras.metrics.Metric] = []
        self._optimizer_names: tuple[str, ...] = ()
        self._compile_arguments: dict[str, Any] = {}

    # Noise -------------------------------------------------------------------------------------------------------

    def normal(self, num_rows: int | tf.Tensor, row_shape: Sequence[int], stream: str) -> tf.Tensor:
        """Standard normal noise [num_rows, *row_shape]: this replica's rows of the global batch's noise."""
        return self._rows(noise.normal_rows, num_rows, row_shape, stream)

    def uniform(self, num_rows: int | tf.Tensor, row_shape: Sequence[int], stream: str) -> tf.Tensor:
        """Noise uniform on [0, 1) [num_rows, *row_shape]: this replica's rows of the global batch's noise."""
        return self._rows(noise.uniform_rows, num_rows, row_shape, stream)

    def _rows(
        self, draw: Callable[..., tf.Tensor], num_rows: int | tf.Tensor, row_shape: Sequence[int], stream: str
    ) -> tf.Tensor:
        seed = noise.fold_in(stream_seed(self.seed, stream), self.step.value)
        replica = tf.distribute.get_replica_context()
        return draw(replica.replica_id_in_sync_group * num_rows, num_rows, row_shape, seed)

    # Optimisation ------------------------------------------------------------------------------------------------

    @property
    def real_batches_per_step(self) -> int:
        """Batches of fresh data that one `train_step` takes, as one large batch."""
        return 1

    def compile(self, optimizer: Optimizer | None = None, **kwargs: Any) -> None:
        """Prepares training; call it inside the scope of the `tf.distribute` strategy, if there is one.

        Args:
            optimizer: Trains all weights; Adam(1e-3) if None.
            **kwargs: Passed on to `keras.Model.compile`.

        Raises:
            InputError: Keras does not know the optimizer, or it was built on other weights.
        """
        optimizer = keras.optimizers.Adam() if optimizer is None else optimizer
        self.compile_with({"optimizer": (optimizer, self.trainable_variables)}, **kwargs)

    def compile_with(self, optimizers: Mapping[str, tuple[Optimizer, Sequence[keras.Variable]]], **kwargs: Any) -> None:
        """What every `compile` does: keeps optimizers and arguments, so that they are saved with the model.

        Args:
            optimizers: By the name of `compile`'s argument, an optimizer and the variables that it trains. Each becomes
                the attribute of that name.
            **kwargs: Passed on to `keras.Model.compile`.

        Raises:
            InputError: Keras does not know an optimizer, or it was built on other weights, or there is a loss or a
                metric, which this model has itself, or XLA is to compile for several replicas.
        """
        check_compile_arguments(self, kwargs)
        check_jit_compile(kwargs.get("jit_compile"))
        super().compile(optimizer=None, **kwargs)  # Keras's own default optimizer stays out
        self._compile_arguments = kwargs
        self._optimizer_names = tuple(optimizers)
        scale_loss = kwargs.get("auto_scale_loss", True) and keras_privates.computes_in_float16(self)
        for name, (optimizer, variables) in optimizers.items():
            setattr(self, name, built_optimizer(name, optimizer, variables, scale_loss))
        if "optimizer" not in optimizers:
            self.optimizer = Optimizers([(getattr(self, name), optimizers[name][1]) for name in optimizers])
        self._terms = [keras.metrics.Mean(name=name) for name in self.term_names()]

    def minimize(
        self,
        objective: Callable[[], tuple[tf.Tensor, Terms]],
        variables: Sequence[keras.Variable],
        optimizer: keras.optimizers.Optimizer,
        clip_norm: float | None = None,
    ) -> Terms:
        """One step of `optimizer` down the gradient of `objective` and of what the variables' regularisers charge.

        A regulariser belongs to its variable, as in Keras: `kernel_regularizer=...` of a layer. An
        `activity_regularizer` is not seen here.

        Args:
            objective: Gives the loss, a mean over this replica's rows (float32 scalar), and its terms by name. The
                terms do not contain the regularisers' part.
            variables: What is trained.
            optimizer: An optimizer built on exactly these variables.
            clip_norm: The gradient of all variables together, over all replicas, is scaled down to this norm if it is
                larger. An optimizer's own `global_clipnorm` clips the gradient of each replica, before their sum.

        Returns:
            The terms.
        """
        _, terms, gradients = self.differentiated(objective, variables, optimizer, clip_norm)
        optimizer.apply(gradients, variables)
        return terms

    def differentiated(
        self,
        objective: Callable[[], tuple[tf.Tensor, Terms]],
        variables: Sequence[keras.Variable],
        optimizer: keras.optimizers.Optimizer,
        clip_norm: float | None = None,
        gradient_norm: Callable[[list[tf.Tensor]], tf.Tensor] = tf.linalg.global_norm,
    ) -> tuple[tf.Tensor, Terms, list[tf.Tensor]]:
        """What `minimize` computes before it updates: this replica's part of the loss, its terms, and the gradients.

        `gradient_norm` gives the norm that `clip_norm` bounds.
        """
        with tf.GradientTape() as tape:
            loss, terms = objective()
            check_scalar(loss)
            loss = tf.add_n([loss, *regularization(variables)])
            # Keras sums gradients over the replicas; the mean over the global batch is wanted.
            loss = loss / tf.distribute.get_strategy().num_replicas_in_sync
            scaled = optimizer.scale_loss(loss)  # `apply` divides the gradients again
        gradients = tape.gradient(scaled, [variable.value for variable in variables])
        if clip_norm is not None:
            gradients = clipped(gradients, optimizer.scale_loss(clip_norm), gradient_norm)
        return loss, terms, gradients

    # Reports -----------------------------------------------------------------------------------------------------

    def term_names(self) -> tuple[str, ...]:
        """Names of the terms that `train_step` reports, in the order of the progress bar."""
        raise NotImplementedError

    @property
    def metrics(self) -> list[keras.metrics.Metric]:
        """One running mean for each reported term; Keras resets them at the start of an epoch."""
        return self._terms

    def report(self, terms: Terms, counts: bool | tf.Tensor = True) -> Terms:
        """Ends a `train_step`: counts the step and returns the running mean of every term.

        Args:
            terms: The terms of the step, by name.
            counts: Whether the step was made. If it was not, neither count nor means change.
        """
        # A step that stops at an error in its terms is not counted.
        with tf.control_dependencies([term for term in terms.values() if tf.is_tensor(term)]):
            self.step.assign_add(tf.cast(counts, tf.int64))
        if counts is True:
            return self.running_means(terms)
        terms = {name: tf.where(counts, term, 0.0) for name, term in terms.items()}
        return self.running_means(terms, tf.cast(counts, tf.float32))

    def running_means(self, terms: Terms, weight: tf.Tensor | None = None) -> Terms:
        """Takes the terms of a step into their running means, with a weight, by default 1, and returns these."""
        for metric in self._terms:
            metric.update_state(terms[metric.name], weight)
        return {metric.name: for_keras(metric.result()) for metric in self._terms}

    # Endpoints and configuration ---------------------------------------------------------------------------------

    def endpoints(self) -> dict[str, Endpoint]:
        """The functions that `export` writes, by name, with the types of their arguments."""
        return endpoints_of(self)

    def get_config(self) -> dict[str, Any]:
        """The arguments that build this model again."""
        return {**super().get_config(), "name": self.name, "seed": self.seed}

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: dict[str, Any] | None = None) -> Self:
        """Builds the model from `get_config`."""
        deserialize = keras.saving.deserialize_keras_object
        return cls(**{name: deserialize(value, custom_objects) for name, value in config.items()})

    def get_build_config(self) -> dict[str, Any]:
        """How to load the file; the arguments alone build the model."""
        return LOADING

    def get_compile_config(self) -> dict[str, Any] | None:
        """The arguments of `compile`; None before it."""
        if not self.compiled:
            return None
        serialize = keras.saving.serialize_keras_object
        optimizers = {name: serialize(getattr(self, name)) for name in self._optimizer_names}
        return {**optimizers, **self._compile_arguments, **LOADING}

    def compile_from_config(self, config: dict[str, Any]) -> None:
        """Compiles the model from `get_compile_config`."""
        deserialize = keras.saving.deserialize_keras_object
        self.compile(**{name: deserialize(value) for name, value in config.items() if name not in LOADING})


def for_keras(result: tf.Tensor) -> tf.Tensor:
    """A scalar result of a step as Keras takes it: over several workers it averages along axis 0."""
    return result[tf.newaxis] if _spans_workers(tf.distribute.get_strategy()) else result


def _spans_workers(strategy: tf.distribute.Strategy) -> bool:
    if not isinstance(strategy, tf.distribute.MultiWorkerMirroredStrategy):
        return False
    cluster = strategy.cluster_resolver.cluster_spec().as_dict()
    return len(cluster.get("chief", [])) + len(cluster.get("worker", [])) > 1
