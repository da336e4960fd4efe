"""`AdversarialModel`: the base of all GANs. It scores and differentiates; a paper's model says what is minimised."""

from functools import partial
from typing import Any

import keras
import tensorflow as tf

from keras_gen.checks import check_counts, checked_images
from keras_gen.errors import InputError, check_input
from keras_gen.losses import gradient_penalties, gradient_sampling
from keras_gen.models import classes as labelled
from keras_gen.models.adversarial_checks import check_optimizers, check_outputs, check_penalty, check_sampling
from keras_gen.models.adversarial_networks import AdversarialNetworks
from keras_gen.models.optimization import update_average
from keras_gen.models.reproducible_model import Optimizer, Terms


class AdversarialModel(AdversarialNetworks):
    """A generator G and a discriminator T that train against each other.

    One `train_step` makes `discriminator_steps` updates of T, each on fresh real images, then `generator_steps` updates
    of G, each on fresh real images too if the loss is relativistic. The batch that it is given holds the images of all
    these updates: `real_batches_per_step` times as many as one update uses.

    A conditional model has `num_classes`, and its batches are pairs (images, labels). Fake images have the classes of
    the real ones that they are compared with, one by one; where there are none, in G's updates of most losses, all
    classes are equally likely.

    A subclass defines `discriminator_terms` and `generator_loss`. Reported terms: `discriminator_loss`,
    `generator_loss` and, where T's slopes are measured, `gradient_penalty`, which `discriminator_loss` contains; of
    several updates in a step, those of the last.

    Args:
        generator: Network from latents [batch, latent_dim] to data [batch, ...], images in [-1, 1]; with `num_classes`
            from latents and labels.
        discriminator: Network from data [batch, ...] to scores [batch, 1], higher for real, without a sigmoid; with
            `num_classes` from data and labels.
        discriminator_steps: Updates of the discriminator per step.
        generator_steps: Updates of the generator per step.
        ema_momentum: Momentum, in [0, 1), of a moving average of the generator's weights, from which `sample`,
            `decode` and `export` then draw; None for the generator itself. At step s it is at most (1 + s) / (10 + s).
        seed: Seed of every draw in training.
        gradient_penalty: A `GradientPenalty` to add to what T minimises, or None.
        num_classes: Number of classes of a conditional model, at least 2; None for one that ignores labels. Its
            networks take labels as whole numbers [batch] or [batch, 1], or as one-hot rows [batch, num_classes].
        **kwargs: Passed on to `keras.Model`.

    Attributes:
        relativistic: Whether G's loss compares fake images with real ones.
        sampling: Where T's slopes are measured, one of `keras_gen.losses.gradient_sampling.SAMPLINGS`; None: nowhere.

    Raises:
        InputError: The networks do not fit each other, or an argument is out of range.
    """

    relativistic: bool = False

    def __init__(
        self,
        generator: keras.Model,
        discriminator: keras.Model,
        discriminator_steps: int = 1,
        generator_steps: int = 1,
        ema_momentum: float | None = None,
        seed: int = 0,
        gradient_penalty: gradient_penalties.GradientPenalty | None = None,
        num_classes: int | None = None,
        **kwargs: Any,
    ):
        super().__init__(generator, discriminator, ema_momentum, num_classes, seed=seed, **kwargs)
        check_counts(discriminator_steps=discriminator_steps, generator_steps=generator_steps)
        check_penalty(gradient_penalty)
        self.discriminator_steps = discriminator_steps
        self.generator_steps = generator_steps
        self.gradient_penalty = gradient_penalty
        self.sampling: str | None = None if gradient_penalty is None else gradient_penalty.sampling
        check_sampling(self.sampling, num_classes)
        self.built = True

    def measure_slopes(self, sampling: str) -> None:
        """For the constructor of a model with a gradient term of its own: says where T's slopes are measured.

        Raises:
            InputError: There is no such sampling, or not without classes, or a `gradient_penalty` was given.
        """
        check_sampling(sampling, self.num_classes)
        if self.gradient_penalty is not None:
            raise InputError(f"gradient_penalty: {type(self).__name__} has a gradient term of its own; leave it out")
        self.sampling = sampling

    # What is minimised -------------------------------------------------------------------------------------------

    def discriminator_terms(
        self, t_real: tf.Tensor, t_fake: tf.Tensor, squared_slopes: tf.Tensor | None
    ) -> tuple[tf.Tensor, Terms]:
        """What T minimises.

        Args:
            t_real: Scores T(x) of real images, float32 [batch, 1].
            t_fake: Scores T(G(z)) of fake images, float32 [batch, 1].
            squared_slopes: |grad T(x)|^2 at points x ~ r(x), float32 [points]; None if `sampling` is None.

        Returns:
            The loss, a float32 scalar, and parts of it by name. Those in `term_names` are reported.
        """
        raise NotImplementedError

    def generator_loss(self, t_fake: tf.Tensor, t_real: tf.Tensor | None) -> tf.Tensor:
        """What G minimises, a float32 scalar.

        Args:
            t_fake: Scores T(G(z)) of fake images, float32 [batch, 1].
            t_real: Scores T(x) of fresh real images, float32 [batch, 1], if `relativistic`; else None.
        """
        raise NotImplementedError

    def penalty(self, squared_slopes: tf.Tensor | None) -> tf.Tensor:
        """The `gradient_penalty` that was given, of squared slopes [points]; 0 if there is none."""
        return tf.zeros([]) if self.gradient_penalty is None else self.gradient_penalty(squared_slopes)

    def term_names(self) -> tuple[str, ...]:
        """The two losses and, where slopes are measured, the penalty."""
        return ("discriminator_loss", "generator_loss", *(() if self.sampling is None else ("gradient_penalty",)))

    # Training ----------------------------------------------------------------------------------------------------

    def compile(  # type: ignore[override]
        self,
        generator_optimizer: Optimizer | None = None,
        discriminator_optimizer: Optimizer | None = None,
        **kwargs: Any,
    ) -> None:
        """Prepares training.

        Args:
            generator_optimizer: Adam(2e-4, beta_1=0.5), DCGAN's, if None.
            discriminator_optimizer: Likewise; another object, because each keeps the state of its own network.
            **kwargs: Passed on to `keras.Model.compile`.

        Raises:
            InputError: Keras does not know an optimizer, or it was built on other weights, or both are one object.
        """
        check_optimizers(generator_optimizer, discriminator_optimizer)
        adam = partial(keras.optimizers.Adam, 2e-4, beta_1=0.5)
        self.compile_with(
            {
                "generator_optimizer": (generator_optimizer or adam(), self.generator.trainable_variables),
                "discriminator_optimizer": (discriminator_optimizer or adam(), self.discriminator.trainable_variables),
            },
            **kwargs,
        )

    @property
    def real_batches_per_step(self) -> int:
        """Updates of a step that take real images: those of T and, if the loss is relativistic, those of G."""
        return self.discriminator_steps + (self.generator_steps if self.relativistic else 0)

    def batch_checks(self, images: tf.Tensor, *targets: tf.Tensor) -> list[tf.Operation | None]:
        """Those of every model, and that there is an image for each update: a last batch may be short."""
        count, message = tf.shape(images)[0], f"images {self._does_not_divide}"
        enough = count >= self.real_batches_per_step
        if self._replicas > 1:  # of unequal parts each replica would make its own
            enough = count // self._replicas % self.real_batches_per_step == 0
        return [*super().batch_checks(images, *targets), check_input(enough, "a batch of", count, message)]

    def train_step(self, data: Any) -> Terms:
        """Updates T, then G, on one batch: images, or (images, labels), which a model without classes ignores."""
        batch = self._checked_batch(data)
        parts = self.real_batches_per_step
        # Every n-th row, not a block of rows: so each update sees the same images on any number of replicas.
        real = [[rows[i::parts] for rows in batch] for i in range(parts)]
        terms: Terms = {}
        for i in range(self.discriminator_steps):
            images, *classes = real[i]
            terms |= self.train_discriminator(images, f"discriminator/{i}", *classes)
        batch_size = tf.shape(batch[0])[0] // parts
        for i in range(self.generator_steps):
            # A last batch may leave some parts a row longer than others.
            fresh = [rows[:batch_size] for rows in real[self.discriminator_steps + i]] if self.relativistic else [None]
            terms |= self.train_generator(batch_size, f"generator/{i}", *fresh)
        return self.report(terms)

    def test_step(self, data: Any) -> Terms:
        """Both losses on a batch of held-out images and as many fake ones, with the networks at inference."""
        real, *classes = self._scorable(data)
        batch_size = tf.shape(real)[0]
        fake = self.generate(batch_size, "test/latents", *classes, training=False)
        points = self._points(real, fake, "test")
        _, terms = self.discriminator_objective(real, fake, points, *classes, training=False)
        compared = real if self.relativistic else None
        _, of_generator = self.generator_objective(fake, compared, *classes, training=False)
        return self.running_means(terms | of_generator, batch_size)

    def train_discriminator(self, real: tf.Tensor, stream: str, *classes: tf.Tensor) -> Terms:
        """One update of T on real images [batch, ...] and as many fake ones, of the same classes if there are any."""
        fake = self.generate(tf.shape(real)[0], f"{stream}/latents", *classes)
        points = self._points(real, fake, stream)
        return self.minimize(
            lambda: self.discriminator_objective(real, fake, points, *classes),
            self.discriminator.trainable_variables,
            self.discriminator_optimizer,
        )

    def train_generator(
        self, batch_size: tf.Tensor, stream: str, real: tf.Tensor | None = None, *classes: tf.Tensor
    ) -> Terms:
        """One update of G on as many fake images and, if the loss is relativistic, as many real ones [batch, ...].

        The fake images have the classes of the real ones, or are of any class.
        """
        classes = classes or self.drawn_classes(batch_size, stream)

        def objective() -> tuple[tf.Tensor, Terms]:
            fake = self.generate(batch_size, f"{stream}/latents", *classes)
            return self.generator_objective(fake, real, *classes)

        terms = self.minimize(
            objective,
            self.generator.trainable_variables,
            self.generator_optimizer,
        )
        if self.ema_momentum is not None:
            update_average(self.average_generator, self.generator, self.ema_momentum, self.step)
        return terms

    def _points(self, real: tf.Tensor, fake: tf.Tensor, stream: str) -> tuple[tf.Tensor, ...]:
        """Where T's slopes are measured, if they are."""
        if self.sampling is None:
            return ()
        mixing = self.uniform(tf.shape(real)[0], gradient_sampling.NOISE_SHAPE, f"{stream}/points")
        return gradient_sampling.points(self.sampling, real, fake, mixing, conditional=self.num_classes is not None)

    def discriminator_objective(
        self,
        real: tf.Tensor,
        fake: tf.Tensor,
        points: tuple[tf.Tensor, ...],
        *classes: tf.Tensor,
        training: bool = True,
    ) -> tuple[tf.Tensor, Terms]:
        """T's loss and terms on real and fake images [batch, ...], its slopes measured at the points, if any.

        The i-th real image, fake image and point are scored with the i-th class.
        """

        def score(x: tf.Tensor) -> tf.Tensor:
            return self.score(x, *classes, training=training)

        scored = gradient_penalties.scores_and_squared_norms
        scores = scored(score, real, fake, points) if points else (score(real), score(fake), None)
        loss, terms = self.discriminator_terms(*scores)
        return loss, {"discriminator_loss": loss, **terms}

    def generator_objective(
        self, fake: tf.Tensor, real: tf.Tensor | None = None, *classes: tf.Tensor, training: bool = True
    ) -> tuple[tf.Tensor, Terms]:
        """G's loss on fake images [batch, ...] and, if the loss is relativistic, on real ones of the same classes."""
        t_fake = self.score(fake, *classes, training=training)
        t_real = None if real is None else self.score(real, *classes, training=training)
        loss = self.generator_loss(t_fake, t_real)
        return loss, {"generator_loss": loss}

    # Checks ------------------------------------------------------------------------------------------------------

    def _checked_batch(self, data: Any) -> tuple[tf.Tensor, ...]:
        images, *classes = self._scorable(data)
        if images.shape[0] is not None and images.shape[0] % self.real_batches_per_step:
            raise InputError(f"a batch of {images.shape[0]} images {self._does_not_divide}")
        share = (images.shape[0] or 0) // self.real_batches_per_step
        neighbors = gradient_sampling.takes_neighbors(self.sampling, conditional=self.num_classes is not None)
        if neighbors and share % 2 and self._replicas > 1:
            advice = f"give each replica an even number of images per update, not {share}"
            raise InputError(f"sampling={self.sampling!r} pairs neighbours: {advice}")
        return images, *classes

    def _scorable(self, data: Any) -> tuple[tf.Tensor, ...]:
        """The images of a batch and, of a conditional model, their classes."""
        check_outputs(self.generator, self.discriminator)
        images = checked_images(data, "discriminator", self.data_shape)
        return images, *labelled.of_batch(self.num_classes, data)

    @property
    def _does_not_divide(self) -> str:
        """What messages say of a batch that the updates of a step cannot share."""
        generator_steps = f" + generator_steps={self.generator_steps}" if self.relativistic else ""
        parts = f"discriminator_steps={self.discriminator_steps}{generator_steps} equal parts"
        return f"does not divide into {parts}; a short last batch is left out by batch(n, drop_remainder=True)"

    # Saving ------------------------------------------------------------------------------------------------------

    def get_config(self) -> dict[str, Any]:
        """The arguments that build this model again."""
        return {
            **super().get_config(),
            "discriminator_steps": self.discriminator_steps,
            "generator_steps": self.generator_steps,
            "gradient_penalty": keras.saving.serialize_keras_object(self.gradient_penalty),
        }
