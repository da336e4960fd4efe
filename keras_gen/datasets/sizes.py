"""Which sizes to give for images that are smaller than what was asked for."""

from keras_gen.errors import InputError

# What every network of this library makes; 28, as MNIST has it, is DCGAN's one exception.
SUITED = (28, *(2**power for power in range(3, 14)))


def too_small(image_size: int, complaint: str, largest: int, otherwise: str = "") -> InputError:
    """The error for images that are smaller than `image_size`.

    Args:
        image_size: What was asked for.
        complaint: What is smaller, in words.
        largest: The largest size that the images allow.
        otherwise: What else can be done, in words.
    """
    fitting = [str(size) for size in sorted(SUITED, reverse=True) if size <= largest][:3]
    remedies = [f"give a size that the networks can make, such as {' or '.join(fitting)}"] if fitting else []
    return InputError(f"image_size={image_size}: {complaint}; {', or '.join([*remedies, *filter(None, [otherwise])])}")
