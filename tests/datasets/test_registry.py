import pytest

from keras_gen.datasets import load, names
from keras_gen.errors import InputError


def test_names_tells_of_every_kind():
    assert {"mnist_5k", "digits", "photo_patches", "fashion_mnist", "folder:PATH"} < set(names())


@pytest.mark.parametrize("name", ["digits", "photo_patches"])
def test_images_carry_what_they_were_asked_for_by(name):
    images = load(name, "test")
    assert (images.name, images.split) == (name, "test")
    assert len(images) == len(images.labels)
    assert set(images.labels) == set(range(images.num_classes))


@pytest.mark.parametrize("name", ["", "huggingface:mnist", "../mnist", "no such set", "minst_5k"])
def test_an_unknown_name_gets_the_known_ones(name):
    with pytest.raises(InputError, match="unknown data set .*known are mnist_5k, digits") as caught:
        load(name)
    assert "\n" not in str(caught.value)


def test_a_close_name_is_suggested():
    with pytest.raises(InputError, match="did you mean mnist_5k?"):
        load("minst_5k")
    with pytest.raises(InputError, match="did you mean cifar10?"):
        load("cifra10")


def test_other_splits_and_sizes_are_refused():
    with pytest.raises(InputError, match="split='valid' must be 'train' or 'test'"):
        load("digits", "valid")
    with pytest.raises(InputError, match="image_size=0 must be at least 1"):
        load("digits", image_size=0)
