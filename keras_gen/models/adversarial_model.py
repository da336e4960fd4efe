"""`AdversarialModel`: the base of all GANs. It scores and differentiates; a paper's model says what is minimised."""

from functools import partial
from typing import Any

import keras
import tensorflow as tf

from keras_gen.checks import check_choice, check_counts, checked_images
from keras_gen.errors import InputError, check_input
from keras_gen.losses import gradient_penalties, gradient_sampling
from keras_gen.models.adversarial_checks import check_networks, check_penalty, check_scores
from keras_gen.models.endpoints import LATENTS, PIXELS, endpoint
from keras_gen.models.generative_model import GenerativeModel
from keras_gen.models.optimization import update_average
from keras_gen.models.reproducible_model import Optimizer, Terms


class AdversarialModel(GenerativeModel):
    """A generator G and a discriminator T that train against each other.

    One `train_step` makes `discriminator_steps` updates of T, each on fresh real images, then `generator_steps` updates
    of G, each on fresh real images too if the loss is relativistic. The batch that it is given holds the images of all
    these updates: `real_batches_per_step` times as many as one update uses.

    A subclass defines `discriminator_terms` and `generator_loss`. Reported terms: `discriminator_loss`,
    `generator_loss` and, where T's slopes are measured, `gradient_penalty`, which `discriminator_loss` contains; of
    several updates in a step, those of the last.

    Args:
        generator: Network from latents [batch, latent_dim] to data [batch, ...], images in [-1, 1].
        discriminator: Network from data [batch, ...] to scores [batch, 1], higher for real, without a sigmoid.
        discriminator_steps: Updates of the discriminator per step.
        generator_steps: Updates of the generator per step.
        ema_momentum: Momentum, in [0, 1), of a moving average of the generator's weights, from which `sample`,
            `decode` and `export` then draw; None for the generator itself. At step s it is at most (1 + s) / (10 + s).
        seed: Seed of every draw in training.
        gradient_penalty: A `GradientPenalty` to add to what T minimises, or None.
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
        **kwargs: Any,
    ):
        super().__init__(seed=seed, **kwargs)
        check_networks(generator, discriminator)
        check_counts(discriminator_steps=discriminator_steps, generator_steps=generator_steps)
        if ema_momentum is not None and not 0 <= ema_momentum < 1:
            raise InputError(f"ema_momentum={ema_momentum}: must be in [0, 1), or None for no average")
        check_penalty(gradient_penalty)
        self.generator = generator
        self.discriminator = discriminator
        self.discriminator_steps = discriminator_steps
        self.generator_steps = generator_steps
        self.ema_momentum = ema_momentum
        self.gradient_penalty = gradient_penalty
        self.sampling: str | None = None if gradient_penalty is None else gradient_penalty.sampling
        if ema_momentum is not None:
            self.average_generator = keras.models.clone_model(generator)
            self.average_generator.set_weights(generator.get_weights())
        self.built = True

    def measure_slopes(self, sampling: str) -> None:
        """For the constructor of a model with a gradient term of its own: says where T's slopes are measured.

        Raises:
            InputError: There is no such sampling, or a `gradient_penalty` was given.
        """
        check_choice("sampling", sampling, gradient_sampling.SAMPLINGS)
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

    # Sampling ----------------------------------------------------------------------------------------------------

    @property
    def latent_shape(self) -> tuple[int, ...]:
        """Shape of one latent, (latent_dim,)."""
        return self.generator.input_shape[1:]

    @endpoint(gives=PIXELS, latents=LATENTS)
    def decode(self, latents: tf.Tensor) -> tf.Tensor:
        """G(z): latents [n, latent_dim] to data float32 [n, ...], without any random draw."""
        network = self.generator if self.ema_momentum is None else self.average_generator
        return network(latents, training=False)

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
            InputError: Keras does not know an optimizer, or it was built on other weights.
        """
        if generator_optimizer is discriminator_optimizer and isinstance(generator_optimizer, keras.Optimizer):
            raise InputError("generator_optimizer and discriminator_optimizer are one object; give each its own")
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

    def batch_checks(self, images: tf.Tensor) -> list[tf.Operation | None]:
        """Those of every model, and that there is an image for each update: a last batch may be short."""
        count, message = tf.shape(images)[0], f"images does not divide into {self._parts} equal parts"
        enough = count >= self.real_batches_per_step
        if self._replicas > 1:  # of unequal parts each replica would make its own
            enough = count // self._replicas % self.real_batches_per_step == 0
        return [*super().batch_checks(images), check_input(enough, "a batch of", count, message)]

    def train_step(self, data: Any) -> Terms:
        """Updates T, then G, on one batch: images, or a tuple (images, labels) whose labels are ignored."""
        images = self._checked_images(data)
        parts = self.real_batches_per_step
        # Every n-th row, not a block of rows: so each update sees the same images on any number of replicas.
        real = [images[i::parts] for i in range(parts)]
        terms: Terms = {}
        for i in range(self.discriminator_steps):
            terms |= self.train_discriminator(real[i], f"discriminator/{i}")
        batch_size = tf.shape(images)[0] // parts
        for i in range(self.generator_steps):
            # A last batch may leave some parts a row longer than others.
            fresh = real[self.discriminator_steps + i][:batch_size] if self.relativistic else None
            terms |= self.train_generator(batch_size, f"generator/{i}", fresh)
        return self.report(terms)

    def test_step(self, data: Any) -> Terms:
        """Both losses on a batch of held-out images and as many fake ones, with the networks at inference."""
        real = self._scorable(data)
        batch_size = tf.shape(real)[0]
        fake = self.generate(batch_size, "test/latents", training=False)
        _, terms = self.discriminator_objective(real, fake, self._points(real, fake, "test"), training=False)
        _, of_generator = self.generator_objective(fake, real if self.relativistic else None, training=False)
        return self.running_means(terms | of_generator, batch_size)

    def train_discriminator(self, real: tf.Tensor, stream: str) -> Terms:
        """One update of T on real images [batch, ...] and as many fake ones."""
        batch_size = tf.shape(real)[0]
        fake = self.generate(batch_size, f"{stream}/latents")
        points = self._points(real, fake, stream)
        return self.minimize(
            lambda: self.discriminator_objective(real, fake, points),
            self.discriminator.trainable_variables,
            self.discriminator_optimizer,
        )

    def train_generator(self, batch_size: tf.Tensor, stream: str, real: tf.Tensor | None = None) -> Terms:
        """One update of G on as many fake images and, if the loss is relativistic, as many real ones [batch, ...]."""
        terms = self.minimize(
            lambda: self.generator_objective(self.generate(batch_size, f"{stream}/latents"), real),
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
        return gradient_sampling.points(self.sampling, real, fake, mixing)

    def discriminator_objective(
        self, real: tf.Tensor, fake: tf.Tensor, points: tuple[tf.Tensor, ...], training: bool = True
    ) -> tuple[tf.Tensor, Terms]:
        """T's loss and terms on real and fake images [batch, ...], its slopes measured at the points, if any."""
        score, scored = partial(self.score, training=training), gradient_penalties.scores_and_squared_norms
        scores = scored(score, real, fake, points) if points else (score(real), score(fake), None)
        loss, terms = self.discriminator_terms(*scores)
        return loss, {"discriminator_loss": loss, **terms}

    def generator_objective(
        self, fake: tf.Tensor, real: tf.Tensor | None = None, training: bool = True
    ) -> tuple[tf.Tensor, Terms]:
        """G's loss on fake images [batch, ...] and, if the loss is relativistic, on real ones."""
        loss = self.generator_loss(self.score(fake, training), None if real is None else self.score(real, training))
        return loss, {"generator_loss": loss}

    def score(self, x: tf.Tensor, training: bool = True) -> tf.Tensor:
        """T(x), float32 [batch, 1]."""
        return tf.cast(self.discriminator(x, training=training), tf.float32)

    def generate(self, batch_size: tf.Tensor, stream: str, training: bool = True) -> tf.Tensor:
        """G(z), float32 [batch, ...], from this step's noise."""
        z = self.normal(batch_size, self.latent_shape, stream)
        return tf.cast(self.generator(z, training=training), tf.float32)

    # Checks ------------------------------------------------------------------------------------------------------

    def _checked_images(self, data: Any) -> tf.Tensor:
        images = self._scorable(data)
        if images.shape[0] is not None and images.shape[0] % self.real_batches_per_step:
            raise InputError(f"a batch of {images.shape[0]} images does not divide into {self._parts} equal parts")
        share = (images.shape[0] or 0) // self.real_batches_per_step
        if self.sampling in gradient_sampling.PAIRING and share % 2 and self._replicas > 1:
            advice = f"give each replica an even number of images per update, not {share}"
            raise InputError(f"sampling={self.sampling!r} pairs neighbours: {advice}")
        return images

    def _scorable(self, data: Any) -> tf.Tensor:
        check_scores(self.discriminator)
        return checked_images(data, "discriminator", self.discriminator.input_shape[1:])

    @property
    def _parts(self) -> str:
        """The updates that share the images of a batch, for messages."""
        generator_steps = f" + generator_steps={self.generator_steps}" if self.relativistic else ""
        return f"discriminator_steps={self.discriminator_steps}{generator_steps}"

    # Saving ------------------------------------------------------------------------------------------------------

    def get_config(self) -> dict[str, Any]:
        """The arguments that build this model again."""
        serialize = keras.saving.serialize_keras_object
        return {
            **super().get_config(),
            "generator": serialize(self.generator),
            "discriminator": serialize(self.discriminator),
            "discriminator_steps": self.discriminator_steps,
            "generator_steps": self.generator_steps,
            "ema_momentum": self.ema_momentum,
            "gradient_penalty": serialize(self.gradient_penalty),
        }
