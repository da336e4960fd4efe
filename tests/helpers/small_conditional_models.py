"""Conditional models of three classes, of a size for tests."""

import keras
import tensorflow as tf

from helpers.small_gans import IMAGE_SHAPE, LATENT_DIM, batches
from keras_gen.networks import dcgan

NUM_CLASSES = 3


def labelled(rows):
    """Batches with the labels 0, 1, 2, 0 ... of their rows."""
    return rows.map(lambda x: (x, tf.range(tf.shape(x)[0]) % NUM_CLASSES))


def labelled_batches(first_step, last_step, batch_size, shape):
    """`batches`, with labels."""
    return labelled(batches(first_step, last_step, batch_size, shape))


def conditional_vector_networks(label_shape=()):
    """A generator and a discriminator of vectors, as a user writes them: labels are whole numbers of that shape."""

    def network(data, width, name):
        x, labels = keras.Input((data,)), keras.Input(label_shape, dtype="int32")
        embedding = keras.layers.Embedding(
            NUM_CLASSES, 8, embeddings_initializer=keras.initializers.RandomNormal(seed=3)
        )
        hidden = keras.layers.Dense(8, kernel_initializer=keras.initializers.HeNormal(0))(x)
        of_class = keras.layers.Reshape((8,))(embedding(labels))
        hidden = keras.layers.Activation("tanh")(hidden + of_class)
        outputs = keras.layers.Dense(width, kernel_initializer=keras.initializers.HeNormal(1))(hidden)
        return keras.Model([x, labels], outputs, name=name)

    return network(LATENT_DIM, 2, "generator"), network(2, 1, "discriminator")


def conditional_image_networks(**of_discriminator):
    """DCGAN's generator and discriminator of 16x16 images and their classes."""
    return (
        dcgan.generator(IMAGE_SHAPE, LATENT_DIM, width=4, synchronized=True, num_classes=NUM_CLASSES),
        dcgan.discriminator(IMAGE_SHAPE, width=4, num_classes=NUM_CLASSES, **of_discriminator),
    )
