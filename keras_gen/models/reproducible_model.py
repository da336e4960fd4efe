"""`ReproducibleModel`: the base of every model here, whose training is a pure function of its arguments."""

import os
from collections.abc import Callable, Mapping, Sequence
from numbers import Integral
from typing import Any, Self, TypeAlias

import keras
import tensorflow as tf

from keras_gen import keras_privates
from keras_gen.checks import check_finite_pixels, checked_batches
from keras_gen.errors import InputError, unwrapped_input_errors
from keras_gen.models.endpoints import endpoints_of
from keras_gen.models.optimization import built_optimizer, clipped, regularization
from keras_gen.utils import noise
from keras_gen.utils.noise import stream_seed

Terms: TypeAlias = dict[str, tf.Tensor]
Endpoint: TypeAlias = tuple[Callable[..., Any], list[tf.TensorSpec]]
Optimizer: TypeAlias = keras.optimizers.Optimizer | str | dict


class ReproducibleModel(keras_privates.Model):
    """A model whose `train_step` is a pure function of (seed, step, batch).

    It gives a `train_step` three things: noise, `minimize` and `report`. Noise depends on (seed, step, stream, index in
    the global batch) and on nothing else, so that a run that is killed and continued, or spread over more replicas, is
    the same run. Methods decorated with `keras_gen.models.endpoints.endpoint` are what a trained model is used for;
    `export` writes them.

    Args:
        seed: Seed of every draw in training.
        **kwargs: Passed on to `keras.Model`.

    Raises:
        InputError: The seed is not a whole number.
    """

    def __init__(self, seed: int = 0, **kwargs: Any):
        if not isinstance(seed, Integral):
            raise InputError(f"seed={seed}: must be a whole number")
        super().__init__(**kwargs)
        self.seed: int = seed
        self.step: keras.Variable = self.add_weight(
            name="step", shape=(), dtype="int64", initializer="zeros", trainable=False
        )
        self._terms: list[keras.metrics.Metric] = []
        self._kind_of_data: str | None = None
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
            InputError: Keras does not know an optimizer, or it was built on other weights.
        """
        super().compile(optimizer=None, **kwargs)  # Keras's own default optimizer stays out
        self._compile_arguments = kwargs
        self._optimizer_names = tuple(optimizers)
        for name, (optimizer, variables) in optimizers.items():
            setattr(self, name, built_optimizer(name, optimizer, variables))
        self._terms = [keras.metrics.Mean(name=name) for name in self.term_names()]

    def minimize(
        self,
        objective: Callable[[], tuple[tf.Tensor, Terms]],
        variables: Sequence[keras.Variable],
        optimizer: keras.optimizers.Optimizer,
        clip_norm: float | None = None,
        guard: Callable[[tf.Tensor], tf.Tensor] | None = None,
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
            guard: Makes from the loss an operation that fails where nothing may be updated.

        Returns:
            The terms.
        """
        with tf.GradientTape() as tape:
            loss, terms = objective()
            loss = tf.add_n([loss, *regularization(variables)])
            # Keras sums gradients over the replicas; the mean over the global batch is wanted.
            loss = loss / tf.distribute.get_strategy().num_replicas_in_sync
        gradients = tape.gradient(loss, [variable.value for variable in variables])
        if clip_norm is not None:
            gradients = clipped(gradients, clip_norm)
        if guard is None:
            optimizer.apply(gradients, variables)
            return terms
        with tf.control_dependencies([guard(loss)]):
            optimizer.apply(gradients, variables)
        # After the optimizer has counted the step, and so after the guards of all replicas: `report` waits for terms.
        with tf.control_dependencies([tf.convert_to_tensor(optimizer.iterations.value)]):
            return {name: tf.identity(term) for name, term in terms.items()}

    def fit(self, x: Any = None, *args: Any, **kwargs: Any) -> keras.callbacks.History:
        """See `keras.Model.fit`.

        Raises:
            InputError: The images do not fit the model, or one is damaged, NaN or infinite, also where only the graph
                finds it. That batch has changed no trained weight.
        """
        kind = _kind_of_data(x)
        if kind != self._kind_of_data:
            # A step traced before would be traced again for images of any shape, in which checks of it see nothing.
            self.train_function = None
        self._kind_of_data = kind
        with unwrapped_input_errors():
            return super().fit(checked_batches(x, self.batch_checks, kwargs.get("batch_size")), *args, **kwargs)

    def batch_checks(self, images: tf.Tensor) -> list[tf.Operation | None]:
        """What `fit` checks of the values of each batch on its way to the model, by `keras_gen.errors.check_input`."""
        return [check_finite_pixels(images)]

    # Reports -----------------------------------------------------------------------------------------------------

    def term_names(self) -> tuple[str, ...]:
        """Names of the terms that `train_step` reports, in the order of the progress bar."""
        raise NotImplementedError

    @property
    def metrics(self) -> list[keras.metrics.Metric]:
        """One running mean for each reported term; Keras resets them at the start of an epoch."""
        return self._terms

    def report(self, terms: Terms) -> Terms:
        """Ends a `train_step`: counts the step and returns the running mean of every term."""
        # A step that stops at an error in its terms is not counted.
        with tf.control_dependencies([term for term in terms.values() if tf.is_tensor(term)]):
            self.step.assign_add(1)
        return self.running_means(terms)

    def running_means(self, terms: Terms) -> Terms:
        """Takes the terms of a training or test step into their running means and returns these."""
        for metric in self._terms:
            metric.update_state(terms[metric.name])
        results = {metric.name: metric.result() for metric in self._terms}
        if _spans_workers(tf.distribute.get_strategy()):
            # Keras averages over workers along axis 0, which a scalar does not have.
            return {name: result[tf.newaxis] for name, result in results.items()}
        return results

    # Export and saving -------------------------------------------------------------------------------------------

    def endpoints(self) -> dict[str, Endpoint]:
        """The functions that `export` writes, by name, with the types of their arguments."""
        return endpoints_of(self)

    def export(self, filepath: str | os.PathLike, **kwargs: Any) -> None:
        """Writes a SavedModel whose functions are the model's `endpoints`, each also a signature of that name.

        `model = tf.saved_model.load(filepath)`, then `model.sample(64, 0)`, need TensorFlow alone. The two belong in
        two statements: TensorFlow drops the weights with the loaded model, even while its function is called.

        Args:
            filepath: Folder to write.
            **kwargs: Passed on to `keras.export.ExportArchive.write_out`.
        """
        archive = keras.export.ExportArchive()
        archive.track(self)
        for name, (function, signature) in self.endpoints().items():
            archive.add_endpoint(name, function, input_signature=signature)
        archive.write_out(os.fspath(filepath), verbose=kwargs.pop("verbose", False), **kwargs)

    def get_config(self) -> dict[str, Any]:
        """The arguments that build this model again."""
        return {**super().get_config(), "name": self.name, "seed": self.seed}

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: dict[str, Any] | None = None) -> Self:
        """Builds the model from `get_config`."""
        deserialize = keras.saving.deserialize_keras_object
        return cls(**{name: deserialize(value, custom_objects) for name, value in config.items()})

    def get_compile_config(self) -> dict[str, Any] | None:
        """The arguments of `compile`; None before it."""
        if not self.compiled:
            return None
        serialize = keras.saving.serialize_keras_object
        optimizers = {name: serialize(getattr(self, name)) for name in self._optimizer_names}
        return {**optimizers, **self._compile_arguments}

    def compile_from_config(self, config: dict[str, Any]) -> None:
        """Compiles the model from `get_compile_config`."""
        self.compile(**{name: keras.saving.deserialize_keras_object(value) for name, value in config.items()})


def _kind_of_data(x: Any) -> str | None:
    """Shapes and types of a batch of what `fit` is given; None where only the data tell."""
    if isinstance(x, (tf.data.Dataset, tf.distribute.DistributedDataset)):
        return str(x.element_spec)
    return str((x.shape[1:], x.dtype)) if hasattr(x, "shape") and hasattr(x, "dtype") else None


def _spans_workers(strategy: tf.distribute.Strategy) -> bool:
    if not isinstance(strategy, tf.distribute.MultiWorkerMirroredStrategy):
        return False
    cluster = strategy.cluster_resolver.cluster_spec().as_dict()
    return len(cluster.get("chief", [])) + len(cluster.get("worker", [])) > 1
