"""`SingleOptimizer`: a model whose weights are all trained by one optimiser."""

import keras

from keras_gen.models.checks import built_optimizer


class SingleOptimizer:
    """For a `ReproducibleModel`: `compile(optimizer)`, saved and loaded with the model.

    It stands before that class: `class Model(SingleOptimizer, ReproducibleModel)`.
    """

    def compile(self, optimizer: keras.optimizers.Optimizer | str | None = None, **kwargs) -> None:
        """Prepares training.

        Args:
            optimizer: Adam(1e-3) where None.
            **kwargs: Passed on to `keras.Model.compile`.

        Raises:
            InputError: Keras knows no such optimiser, or it has been given for other weights.
        """
        super().compile(**kwargs)
        self._compile_arguments = kwargs
        optimizer = keras.optimizers.Adam() if optimizer is None else optimizer
        self.optimizer = built_optimizer("optimizer", optimizer, self.trainable_variables)

    def get_compile_config(self) -> dict | None:
        """The arguments of `compile`; None before it."""
        if not self.compiled:
            return None
        return {"optimizer": keras.saving.serialize_keras_object(self.optimizer), **self._compile_arguments}

    def compile_from_config(self, config: dict) -> None:
        """Compiles the model from `get_compile_config`."""
        self.compile(**{name: keras.saving.deserialize_keras_object(value) for name, value in config.items()})
