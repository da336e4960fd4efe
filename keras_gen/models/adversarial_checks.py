"""What a GAN can be built and trained with: two networks that fit each other, scores without a sigmoid, a penalty."""

import warnings
from typing import Any

import keras

from keras_gen.checks import check_choice, check_gives_logits, check_shapes_known, warn_of_range
from keras_gen.errors import InputError, batch_of
from keras_gen.losses.gradient_penalties import GradientPenalty
from keras_gen.losses.gradient_sampling import SAMPLINGS, WITHIN_CLASS
from keras_gen.models.classes import check_class_input


def check_networks(generator: keras.Model, discriminator: keras.Model, num_classes: int | None = None) -> None:
    """Checks that the discriminator scores what the generator makes, and that both take labels if there are classes.

    Raises:
        InputError: They do not, it gives more than one score per image, or with classes latents are no vectors.
    """
    check_shapes_known(generator=generator, discriminator=discriminator)
    check_class_input("generator", generator, num_classes, "latents")
    check_class_input("discriminator", discriminator, num_classes, "images")
    latents = tuple(generator.inputs[0].shape[1:])
    if num_classes is not None and len(latents) != 1:
        raise InputError(
            f"the generator takes latents {batch_of(latents)}; with num_classes={num_classes} it "
            "must take vectors [n, latent_dim], which a latent's class is joined to; reshape them in the generator"
        )
    made, taken = tuple(generator.output_shape[1:]), tuple(discriminator.inputs[0].shape[1:])
    if made != taken:
        raise InputError(f"the generator makes {made}, the discriminator takes {taken}")
    if tuple(discriminator.output_shape[1:]) != (1,):
        raise InputError(
            f"the discriminator gives {tuple(discriminator.output_shape)}, not one score per image, [batch, 1]"
        )


def check_outputs(generator: keras.Model, discriminator: keras.Model) -> None:
    """Looks at how networks end that are trained or evaluated; those of a model that is loaded may end as they do.

    Raises:
        InputError: The discriminator ends in a sigmoid.
    """
    check_gives_logits("discriminator", discriminator, "losses take")
    warn_of_range("generator", generator)


def check_optimizers(generator_optimizer: Any, discriminator_optimizer: Any) -> None:
    """Checks that each network has an optimizer of its own; warns where a single one, as Keras's models take, is given.

    Raises:
        InputError: Both are one object.
    """
    if generator_optimizer is not None and discriminator_optimizer is None:
        advice = "the discriminator has the default, Adam(2e-4, beta_1=0.5); give discriminator_optimizer too"
        warnings.warn(f"this is the generator's optimizer alone: {advice}", stacklevel=3)
    if generator_optimizer is discriminator_optimizer and isinstance(generator_optimizer, keras.Optimizer):
        raise InputError("generator_optimizer and discriminator_optimizer are one object; give each its own")


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
