"""How the quality of samples is measured, with features that need no training and a model that knows the data."""

import numpy as np
import pytest

from keras_gen import datasets, metrics
from keras_gen.datasets import images
from reproductions import wgan_div
from reproductions.families import samples
from reproductions.harness import image_features


class Pixels:
    description = {"network": "pixels"}

    def __call__(self, images):
        return np.asarray(images).reshape(len(images), -1)


class KnowsTheTestImages:
    """Its samples are the test images themselves."""

    def __init__(self, images):
        self.images = images

    def latents(self, count, seed):
        return np.arange(count)

    def decode(self, latents):
        return self.images[latents]


@pytest.mark.parametrize("asked", [100, 2_000])
def test_as_many_test_images_as_samples_are_measured(asked, monkeypatch, capsys):
    monkeypatch.setattr(metrics, "lenet_features", lambda train, test: Pixels())
    train, test = (datasets.load("digits", split) for split in ("train", "test"))
    configuration = wgan_div.PRESETS["smoke"].replace({"evaluation_samples": asked})
    measure, described = samples.sample_quality(configuration, train, test)
    found = measure(KnowsTheTestImages(test.to_array()))
    assert found["num_fake"] == min(asked, len(test)) and found["num_real"] == len(train)
    said = f"--evaluation_samples={asked}: a measurement draws {len(test)}, as many as digits has test images"
    assert (said in capsys.readouterr().out) == (asked > len(test))
    # A model that draws the test images is as good as they are.
    assert found == pytest.approx(described["test_images"], rel=1e-6)


@pytest.mark.parametrize(
    ("name", "dataset"), [("lenet", "photo_patches"), ("imagenet", "photo_patches"), ("lenet", "digits")]
)
def test_a_lenet_is_not_for_photographs(name, dataset, monkeypatch, caplog):
    for made in ("lenet_features", "imagenet_features"):
        monkeypatch.setattr(metrics, made, lambda *images: Pixels())
    monkeypatch.setattr(images, "_warned", set())
    train, test = (datasets.load(dataset, split) for split in ("train", "test"))
    for _ in range(2):  # a study's run measures, then looks at the model
        image_features.features(name, train, test)
    warned = (name, dataset) == ("lenet", "photo_patches")
    assert caplog.text.count("for photo_patches, give --features=imagenet") == warned
    assert len(caplog.records) == warned
