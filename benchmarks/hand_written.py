"""Training steps as one would write them for a single experiment, against which the models' own steps are timed.

Each is made from the networks of a model, with TensorFlow's stateful random numbers and without anything for recovery,
replicas, metrics or checks.
"""

import math
from collections.abc import Callable

import keras
import tensorflow as tf
from tensorflow.math import softplus

from keras_gen import models

# Makes an update from a batch of images and returns the loss.
Step = Callable[[tf.Tensor], tf.Tensor]


def gan(model: models.GAN, of_discriminator: Callable, of_generator: Callable, fresh_reals: bool = False) -> Step:
    """A step of both networks; the losses take T, real and fake images."""
    generator, discriminator = model.generator, model.discriminator
    optimizers = [keras.optimizers.Adam(2e-4, beta_1=0.5) for _ in range(2)]

    def step(images: tf.Tensor) -> tf.Tensor:
        reals = tf.split(images, 2) if fresh_reals else [images, images]
        latents = [len(reals[0]), *model.latent_shape]
        with tf.GradientTape() as tape:
            fake = generator(tf.random.normal(latents), training=True)
            loss = of_discriminator(discriminator, reals[0], fake)
        update(optimizers[0], tape, loss, discriminator.trainable_variables)
        with tf.GradientTape() as tape:
            fake = generator(tf.random.normal(latents), training=True)
            generator_loss = of_generator(discriminator, reals[1], fake)
        update(optimizers[1], tape, generator_loss, generator.trainable_variables)
        return loss

    return step


def wgan_div(model: models.WGANDiv) -> Step:
    """(11) of the post, with k = 2, p = 6."""

    def of_discriminator(discriminator, real, fake):
        both = tf.concat([real, fake], 0)
        with tf.GradientTape() as tape:
            tape.watch(both)
            scores = discriminator(both, training=True)
        slopes = tf.reduce_sum(tape.gradient(scores, both) ** 2, [1, 2, 3])
        of_real, of_fake = tf.split(scores, 2)
        return tf.reduce_mean(of_fake) - tf.reduce_mean(of_real) + 2 * tf.reduce_mean(slopes**3)

    return gan(model, of_discriminator, minus_score)


def rsgan(model: models.RSGAN) -> Step:
    """(7) and (9) of the post."""

    def difference(discriminator, first, second):
        of_first, of_second = tf.split(discriminator(tf.concat([first, second], 0), training=True), 2)
        return of_first - of_second

    return gan(
        model,
        lambda discriminator, real, fake: tf.reduce_mean(softplus(-difference(discriminator, real, fake))),
        lambda discriminator, real, fake: tf.reduce_mean(softplus(-difference(discriminator, fake, real))),
        fresh_reals=True,
    )


def f_gan(model: models.FGAN) -> Step:
    """(18) of the post, the KL divergence."""

    def of_discriminator(discriminator, real, fake):
        of_real, of_fake = tf.split(discriminator(tf.concat([real, fake], 0), training=True), 2)
        return tf.reduce_mean(tf.exp(of_fake - 1)) - tf.reduce_mean(of_real)

    return gan(
        model,
        of_discriminator,
        lambda discriminator, real, fake: -tf.reduce_mean(tf.exp(discriminator(fake, training=True) - 1)),
    )


def wgan(model: models.GAN) -> Step:
    """WGAN; what bounds the critic is in its layers."""

    def of_discriminator(discriminator, real, fake):
        of_real, of_fake = tf.split(discriminator(tf.concat([real, fake], 0), training=True), 2)
        return tf.reduce_mean(of_fake) - tf.reduce_mean(of_real)

    return gan(model, of_discriminator, minus_score)


def minus_score(discriminator: keras.Model, real: tf.Tensor, fake: tf.Tensor) -> tf.Tensor:
    """WGAN's loss of the generator."""
    del real
    return -tf.reduce_mean(discriminator(fake, training=True))


def single(model: models.ReproducibleModel, loss_of: Callable[[tf.Tensor], tf.Tensor]) -> Step:
    """A step of all weights by one optimiser."""
    optimizer, variables = keras.optimizers.Adam(), model.trainable_variables

    def step(images: tf.Tensor) -> tf.Tensor:
        with tf.GradientTape() as tape:
            loss = loss_of(images)
        update(optimizer, tape, loss, variables)
        return loss

    return step


def vae(model: models.VAE) -> Step:
    """-ELBO with a Gaussian of variance 1."""

    def loss_of(images):
        mean, log_variance, z = encoded(model.encoder, images)
        kl = tf.reduce_sum(mean**2 + tf.exp(log_variance) - log_variance - 1, 1) / 2
        return tf.reduce_mean(squared_error(model.decoder(z, training=True), images) + kl)

    return single(model, loss_of)


def vae_clustering(model: models.ClusteringVAE) -> Step:
    """(5) of the post with (8), up to constants."""

    def loss_of(images):
        _, log_variance, z = encoded(model.encoder, images)
        log_membership = tf.nn.log_softmax(model.classifier(z, training=True))
        membership = tf.exp(log_membership)
        distances = tf.reduce_sum((z[:, tf.newaxis] - model.means.value) ** 2, 2) / 2
        alignment = tf.reduce_sum(membership * distances, 1) - tf.reduce_sum(log_variance, 1) / 2
        balance = tf.reduce_sum(membership * log_membership, 1)
        return tf.reduce_mean(squared_error(model.decoder(z, training=True), images) + alignment + balance)

    return single(model, loss_of)


def deep_infomax(model: models.DeepInfoMax) -> Step:
    """Global and local information, and the prior."""

    def loss_of(images):
        features, mean, log_variance = model.encoder(images, training=True)
        z = drawn(mean, log_variance)
        kl = tf.reduce_sum(mean**2 + tf.exp(log_variance) - log_variance - 1, 1) / 2
        pairs = tf.stack([z, tf.roll(z, 1, 0)], 1)
        loss = 0.01 * tf.reduce_mean(kl)
        for weight, discriminator, x in (
            (0.5, model.global_discriminator, images),
            (1.5, model.local_discriminator, features),
        ):
            joint, shuffled = tf.split(discriminator([x, pairs], training=True), 2, axis=-1)
            loss += weight * (tf.reduce_mean(softplus(-joint)) + tf.reduce_mean(softplus(shuffled)))
        return loss

    return single(model, loss_of)


def vae_mutual_information(model: models.DecoderFreeVAE) -> Step:
    """(3) of the post with InfoNCE."""

    def loss_of(images):
        mean, log_variance, z = encoded(model.encoder, images)
        kl = tf.reduce_sum(mean**2 + tf.exp(log_variance) - log_variance - 1, 1) / 2
        candidates = tf.stack([tf.roll(z, shift, 0) for shift in range(model.num_shuffles + 1)], 1)
        scores = model.discriminator([images, candidates], training=True)
        information = scores[:, 0] - tf.reduce_logsumexp(scores, 1) + math.log(model.num_shuffles + 1)
        return tf.reduce_mean(kl - information)

    return single(model, loss_of)


def encoded(encoder: keras.Model, images: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
    """Mean and log variance of p(z|x), and a draw."""
    mean, log_variance = encoder(images, training=True)[-2:]
    return mean, log_variance, drawn(mean, log_variance)


def drawn(mean: tf.Tensor, log_variance: tf.Tensor) -> tf.Tensor:
    """A draw of p(z|x)."""
    return mean + tf.exp(log_variance / 2) * tf.random.normal(tf.shape(mean))


def squared_error(decoded: tf.Tensor, images: tf.Tensor) -> tf.Tensor:
    """-log q(x|z) of a Gaussian of variance 1, without its constant."""
    return tf.reduce_sum((decoded - images) ** 2, [1, 2, 3]) / 2


def update(optimizer, tape: tf.GradientTape, loss: tf.Tensor, variables: list) -> None:
    """Applies the gradient."""
    optimizer.apply(tape.gradient(loss, [variable.value for variable in variables]), variables)


STEPS = {
    "wgan_div": wgan_div,
    "rsgan": rsgan,
    "f_gan": f_gan,
    "wgan_sn": wgan,
    "vae": vae,
    "vae_clustering": vae_clustering,
    "deep_infomax": deep_infomax,
    "vae_mutual_information": vae_mutual_information,
}
