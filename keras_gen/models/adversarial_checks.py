"""What a GAN can be built and trained with: two networks that fit each other, scores without a sigmoid, a penalty."""

from typing import Any

import keras

from keras_gen import keras_privates
from keras_gen.checks import check_choice, check_shapes_known
from keras_gen.errors import InputError
from keras_gen.losses.gradient_penalties import GradientPenalty
from keras_gen.losses.gradient_sampling import SAMPLINGS, WITHIN_CLASS
from keras_gen.models.classes import check_class_input

# Activations between 0 and 1: the losses here take their logits.
SIGMOIDS = ("sigmoid", "hard_sigmoid", "hardsigmoid", "softmax")


def check_networks(generator: keras.Model, discriminator: keras.Model, num_classes: int | None = None) -> None:
    """Checks that the discriminator scores what the generator makes, and that both take labels if there are classes.

    Raises:
        InputError: They do not, or it gives more than one score per image.
    """
    check_shapes_known(generator=generator, discriminator=discriminator)
    check_class_input("generator", generator, num_classes)
    check_class_input("discriminator", discriminator, num_classes)
    made, taken = tuple(generator.output_shape[1:]), tuple(discriminator.inputs[0].shape[1:])
    if made != taken:
        raise InputError(f"the generator makes {made}, the discriminator takes {taken}")
    if tuple(discriminator.output_shape[1:]) != (1,):
        raise InputError(
            f"the discriminator gives {tuple(discriminator.output_shape)}, not one score per image, [batch, 1]"
        )


def check_scores(discriminator: keras.Model) -> None:
    """Checks that a discriminator that is trained or evaluated does not end in a sigmoid; one that is loaded may.

    Raises:
        InputError: It ends in one.
    """
    activation = keras_privates.last_activation(discriminator)
    if activation in SIGMOIDS:
        raise InputError(f"the discriminator ends in a {activation}, but losses take its logits; leave it out")


def check_sampling(sampling: str | None, num_classes: int | None) -> None:
    """Checks where a model's slopes are measured.

    Raises:
        InputError: There is no such place, or only a conditional model has it.
    """
    if sampling is None:
        return
    check_choice("sampling", sampling, SAMPLINGS)
    if sampling == WITHIN_CLASS and num_classes is None:
        raise InputError(f"sampling={sampling!r}: this model has no classes; give num_classes, or another sampling")


def check_penalty(gradient_penalty: Any) -> None:
    """Checks the penalty that a model is given.

    Raises:
        InputError: It is no `GradientPenalty`.
    """
    if gradient_penalty is None or isinstance(gradient_penalty, GradientPenalty):
        return
    given = getattr(gradient_penalty, "__name__", gradient_penalty)
    advice = "give a GradientPenalty, such as keras_gen.losses.TwoSidedPenalty(10.0), or None"
    raise InputError(f"gradient_penalty={given}: {advice}")
