"""`GAN`: a generator and a discriminator, with any adversarial loss and any gradient penalty.

With its defaults it is the standard GAN with the generator's loss that does not saturate (Goodfellow et al. 2014,
arXiv 1406.2661). The papers' models (`wgan.py`, `wgan_gp.py`, `wgan_div.py` ...) choose a loss and a penalty.
"""

import keras
import tensorflow as tf

from keras_gen.checks import check_counts, check_defined, checked_images
from keras_gen.errors import InputError, check_input
from keras_gen.losses import adversarial, gradient_penalties, gradient_sampling
from keras_gen.models.endpoints import Rows
from keras_gen.models.generative_model import GenerativeModel
from keras_gen.models.reproducible_model import Terms, stream_seed


@keras.saving.register_keras_serializable("keras_gen")
class GAN(GenerativeModel):
    """A generative adversarial network.

    One `train_step` makes `discriminator_steps` updates of the discriminator T, each on fresh real images, then
    `generator_steps` of the generator G, each on fresh real images as well if the loss is relativistic. The batch that
    it is given holds the images of all these updates, `real_batches_per_step` times as many as one uses.

    Reported terms: `discriminator_loss`, `generator_loss` and, with a penalty, `gradient_penalty` (which
    `discriminator_loss` contains); of several updates, the last one's.

    Args:
        generator: Network from latents [batch, latent_dim] to data [batch, ...], images in [-1, 1].
        discriminator: Network from data [batch, ...] to scores [batch, 1], higher for real, without a sigmoid.
        adversarial_loss: An `AdversarialLoss` or its name, one of `keras_gen.losses.adversarial.names()`.
        gradient_penalty: A `GradientPenalty`, or None.
        discriminator_steps: Updates of the discriminator in a step.
        generator_steps: Updates of the generator in a step.
        ema_momentum: Momentum, in [0, 1), of a moving average of the generator's weights, from which `sample`,
            `decode` and `export` then draw; None for the generator itself. At step s it is at most (1 + s) / (10 + s).
        seed: Seed of every draw in training.
        **kwargs: Passed on to `keras.Model`.

    Raises:
        InputError: The networks do not fit each other, or a number is out of range.
    """

    def __init__(
        self,
        generator: keras.Model,
        discriminator: keras.Model,
        adversarial_loss: str | adversarial.AdversarialLoss = "non_saturating",
        gradient_penalty: gradient_penalties.GradientPenalty | None = None,
        discriminator_steps: int = 1,
        generator_steps: int = 1,
        ema_momentum: float | None = None,
        seed: int = 0,
        **kwargs,
    ):
        super().__init__(seed=seed, **kwargs)
        _check_networks(generator, discriminator)
        check_counts(discriminator_steps=discriminator_steps, generator_steps=generator_steps)
        if ema_momentum is not None and not 0 <= ema_momentum < 1:
            raise InputError(f"ema_momentum={ema_momentum}: must be in [0, 1), or None for no average")
        self.generator = generator
        self.discriminator = discriminator
        self.adversarial_loss = adversarial.get(adversarial_loss)
        self.gradient_penalty = gradient_penalty
        self.discriminator_steps = discriminator_steps
        self.generator_steps = generator_steps
        self.ema_momentum = ema_momentum
        if ema_momentum is not None:
            self.average_generator = keras.models.clone_model(generator)
            self.average_generator.set_weights(generator.get_weights())
        self.built = True

    # Sampling ----------------------------------------------------------------------------------------------------

    @property
    def latent_shape(self) -> tuple[int, ...]:
        """Shape of one latent, (latent_dim,)."""
        return self.generator.input_shape[1:]

    def latents(self, num_samples: int | tf.Tensor, seed: int | tf.Tensor) -> tf.Tensor:
        """Draws z ~ N(0, I), [num_samples, latent_dim]; the same seed gives the same latents."""
        shape = tf.stack([num_samples, *self.latent_shape])
        return tf.random.stateless_normal(shape, stream_seed(seed, "sample"), alg="philox")

    def decode(self, latents: tf.Tensor) -> tf.Tensor:
        """G(z): latents [n, latent_dim] to data float32 [n, ...], without any random draw."""
        network = self.generator if self.ema_momentum is None else self.average_generator
        return network(Rows("latent_shape").checked(self, "latents", latents), training=False)

    # Training ----------------------------------------------------------------------------------------------------

    def compile(
        self,
        generator_optimizer: keras.optimizers.Optimizer | str | None = None,
        discriminator_optimizer: keras.optimizers.Optimizer | str | None = None,
        **kwargs,
    ) -> None:
        """Prepares training.

        Args:
            generator_optimizer: Adam(2e-4, beta_1=0.5), DCGAN's, where None.
            discriminator_optimizer: Likewise; another object, as each keeps the state of its own network.
            **kwargs: Passed on to `keras.Model.compile`.

        Raises:
            InputError: Keras knows no such optimiser, or one has been given for other weights.
        """
        if generator_optimizer is discriminator_optimizer and isinstance(
            generator_optimizer, keras.optimizers.Optimizer
        ):
            raise InputError(
                "generator_optimizer and discriminator_optimizer are one object; give each network its own"
            )
        default = keras.optimizers.Adam(2e-4, beta_1=0.5).get_config
        new = keras.optimizers.Adam.from_config
        self.compile_with(
            {
                "generator_optimizer": (
                    new(default()) if generator_optimizer is None else generator_optimizer,
                    self.generator.trainable_variables,
                ),
                "discriminator_optimizer": (
                    new(default()) if discriminator_optimizer is None else discriminator_optimizer,
                    self.discriminator.trainable_variables,
                ),
            },
            **kwargs,
        )

    def term_names(self) -> tuple[str, ...]:
        """The two losses and, if there is one, the penalty."""
        penalty = () if self.gradient_penalty is None else ("gradient_penalty",)
        return ("discriminator_loss", "generator_loss", *penalty)

    @property
    def real_batches_per_step(self) -> int:
        """Updates of a step that take real images: those of T and, if the loss is relativistic, those of G."""
        generator_steps = self.generator_steps if self.adversarial_loss.relativistic else 0
        return self.discriminator_steps + generator_steps

    def batch_checks(self, images: tf.Tensor) -> list[tf.Operation | None]:
        """Those of every model, and that there is an image for each update: a last batch may be short."""
        count = tf.shape(images)[0]
        message = "a batch of", count, f"images does not divide into {self._parts} equal parts"
        return [*super().batch_checks(images), check_input(count >= self.real_batches_per_step, *message)]

    def train_step(self, data) -> Terms:
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
            fresh = None
            if self.adversarial_loss.relativistic:
                # A last batch may leave some parts a row longer than others.
                fresh = real[self.discriminator_steps + i][:batch_size]
            terms |= self.train_generator(batch_size, f"generator/{i}", fresh)
        return self.report(terms)

    def train_discriminator(self, real: tf.Tensor, stream: str) -> Terms:
        """One update of T on real images [batch, ...] and as many fake ones."""
        batch_size = tf.shape(real)[0]
        fake = self.generate(batch_size, f"{stream}/latents")
        points = ()
        if self.gradient_penalty is not None:
            noise = self.uniform(batch_size, gradient_sampling.NOISE_SHAPE, f"{stream}/points")
            points = self.gradient_penalty.points(real, fake, noise)
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
        self._update_average()
        return terms

    def discriminator_objective(
        self, real: tf.Tensor, fake: tf.Tensor, points: tuple[tf.Tensor, ...]
    ) -> tuple[tf.Tensor, Terms]:
        """What T minimises: the adversarial loss, plus the penalty on |grad T| at the points."""
        if self.gradient_penalty is None:
            loss = self.adversarial_loss.discriminator_loss(self.score(real), self.score(fake))
            return loss, {"discriminator_loss": loss}
        real_scores, fake_scores, squared_norms = gradient_penalties.scores_and_squared_norms(
            self.score, real, fake, points
        )
        penalty = self.gradient_penalty(squared_norms)
        loss = self.adversarial_loss.discriminator_loss(real_scores, fake_scores) + penalty
        return loss, {"discriminator_loss": loss, "gradient_penalty": penalty}

    def generator_objective(self, fake: tf.Tensor, real: tf.Tensor | None = None) -> tuple[tf.Tensor, Terms]:
        """What G minimises; a relativistic loss compares with real images."""
        if self.adversarial_loss.relativistic:
            loss = self.adversarial_loss.generator_loss(self.score(fake), self.score(real))
        else:
            loss = self.adversarial_loss.generator_loss(self.score(fake))
        return loss, {"generator_loss": loss}

    def score(self, x: tf.Tensor) -> tf.Tensor:
        """T(x) in training, float32 [batch, 1]."""
        return tf.cast(self.discriminator(x, training=True), tf.float32)

    def generate(self, batch_size: tf.Tensor, stream: str) -> tf.Tensor:
        """G(z) in training, float32 [batch, ...], from this step's noise."""
        latents = self.normal(batch_size, self.latent_shape, stream)
        return tf.cast(self.generator(latents, training=True), tf.float32)

    def _update_average(self) -> None:
        if self.ema_momentum is None:
            return
        # Early on the average is short, so that it forgets the initial weights.
        step = tf.cast(self.step.value, tf.float32)
        momentum = tf.minimum(self.ema_momentum, (1 + step) / (10 + step))
        for average, current in zip(self.average_generator.variables, self.generator.variables, strict=True):
            average.assign(momentum * average + (1 - momentum) * current)

    def _checked_images(self, data) -> tf.Tensor:
        images = checked_images(data, "discriminator", self.discriminator.input_shape[1:])
        if images.shape[0] is not None and images.shape[0] % self.real_batches_per_step:
            raise InputError(f"a batch of {images.shape[0]} images does not divide into {self._parts} equal parts")
        self._check_pairing(images)
        return images

    @property
    def _parts(self) -> str:
        """The updates that share the images of a batch, for messages."""
        generator_steps = f" + generator_steps={self.generator_steps}" if self.adversarial_loss.relativistic else ""
        return f"discriminator_steps={self.discriminator_steps}{generator_steps}"

    def _check_pairing(self, images: tf.Tensor) -> None:
        if self.gradient_penalty is None or self.gradient_penalty.sampling not in gradient_sampling.PAIRING:
            return
        share = (images.shape[0] or 0) // self.real_batches_per_step
        if share % 2 and tf.distribute.get_strategy().num_replicas_in_sync > 1:
            raise InputError(
                f"sampling={self.gradient_penalty.sampling!r} pairs neighbours: give each replica an even number of "
                f"images an update, not {share}"
            )

    # Saving ------------------------------------------------------------------------------------------------------

    def get_config(self) -> dict:
        """The arguments that build this model again."""
        serialize = keras.saving.serialize_keras_object
        return {
            **super().get_config(),
            "generator": serialize(self.generator),
            "discriminator": serialize(self.discriminator),
            "adversarial_loss": serialize(self.adversarial_loss),
            "gradient_penalty": serialize(self.gradient_penalty),
            "discriminator_steps": self.discriminator_steps,
            "generator_steps": self.generator_steps,
            "ema_momentum": self.ema_momentum,
        }

    @classmethod
    def from_config(cls, config: dict, custom_objects: dict | None = None) -> "GAN":
        """Builds the model from `get_config`."""
        deserialize = keras.saving.deserialize_keras_object
        return cls(**{name: deserialize(value, custom_objects) for name, value in config.items()})


def _check_networks(generator: keras.Model, discriminator: keras.Model) -> None:
    check_defined(generator=generator, discriminator=discriminator)
    made, taken = tuple(generator.output_shape[1:]), tuple(discriminator.input_shape[1:])
    if made != taken:
        raise InputError(f"the generator makes {made}, the discriminator takes {taken}")
    if tuple(discriminator.output_shape[1:]) != (1,):
        raise InputError(
            f"the discriminator gives {tuple(discriminator.output_shape)}, not one score an image, [batch, 1]"
        )
