import keras
import numpy as np
import pytest

from keras_gen import metrics
from keras_gen.callbacks import SampleQuality, StepTable
from keras_gen.errors import InputError
from keras_gen.models.generative_model import GenerativeModel


class Shift(GenerativeModel):
    """Samples are standard normal latents, moved by `offset`, which every epoch sets to the next of a list."""

    def __init__(self, offsets):
        super().__init__()
        self.offset = self.add_weight(name="offset", shape=(), initializer="zeros")
        self.offsets = list(offsets)
        self.built = True

    def term_names(self):
        return ("loss",)

    def train_step(self, data):
        return self.report({"loss": keras.ops.mean(data)})

    def test_step(self, data):
        return self.running_means({"loss": keras.ops.mean(data)})

    @property
    def latent_shape(self):
        return (2,)

    def latents(self, num_samples, seed):
        return np.random.RandomState(seed).randn(num_samples, 2).astype(np.float32)

    def decode(self, latents):
        return latents + self.offset.value


class NextOffset(keras.callbacks.Callback):
    def on_epoch_begin(self, epoch, logs=None):
        self.model.offset.assign(self.model.offsets[epoch])


REAL = np.random.RandomState(1).randn(400, 2).astype(np.float32)


def features(images):
    return np.asarray(images, np.float64)


def trained(offsets, callbacks):
    model = Shift(offsets)
    model.compile()
    data = np.zeros((8, 2), np.float32)
    history = model.fit(data, batch_size=4, epochs=len(offsets), verbose=0, callbacks=[NextOffset(), *callbacks])
    return model, history.history


def test_the_numbers_are_those_of_the_metric(tmp_path):
    table = StepTable(tmp_path / "quality.csv")
    model, history = trained([3.0, 1.0], [SampleQuality(REAL, features, num_samples=200, table=table, seed=4)])
    for epoch, offset in enumerate([3.0, 1.0]):
        expected = metrics.sample_quality(REAL, model.latents(200, 4) + np.float32(offset))
        assert {name: history[name][epoch] for name in expected} == pytest.approx(expected, rel=1e-5)
        assert table.rows()[epoch] == pytest.approx({"step": 2 * epoch + 2, **expected}, rel=1e-5)
    # The mean moves by 3 in both of two dimensions: the distance of the means alone is 18.
    assert history["frechet_distance"][0] == pytest.approx(18, rel=0.1)


def test_keras_keeps_the_best_model_and_stops_by_the_distance(tmp_path):
    offsets = [3.0, 2.0, 0.5, 1.0, 2.0, 3.0, 3.0]
    quality = SampleQuality(REAL, features, num_samples=100)
    best = keras.callbacks.ModelCheckpoint(
        tmp_path / "best.weights.h5", "frechet_distance", mode="min", save_best_only=True, save_weights_only=True
    )
    stop = keras.callbacks.EarlyStopping("frechet_distance", mode="min", patience=2)
    _, history = trained(offsets, [quality, best, stop])
    assert len(history["frechet_distance"]) == 5 and stop.stopped_epoch == 4
    kept = Shift(offsets)
    kept.load_weights(tmp_path / "best.weights.h5")
    assert float(kept.offset.value) == 0.5


def test_a_model_is_evaluated_with_its_distance():
    """`evaluate` returns the numbers of the samples beside the terms of the held-out images."""
    quality = SampleQuality(REAL, features, num_samples=200, seed=4)
    model, _ = trained([3.0], [quality])
    expected = metrics.sample_quality(REAL, model.latents(200, 4) + np.float32(3.0))
    held_out = np.full((8, 2), 0.5, np.float32)
    found = model.evaluate(held_out, verbose=0, return_dict=True, callbacks=[quality])
    assert found == pytest.approx({"loss": 0.5, **expected}, rel=1e-5)
    as_list = model.evaluate(held_out, verbose=0, callbacks=[quality])
    assert as_list == pytest.approx([0.5, *(expected[name] for name in sorted(expected))], rel=1e-5)
    assert model.evaluate(held_out, verbose=0) == pytest.approx(0.5)


def test_a_validation_measures_no_second_time():
    measured = []

    class Counted(SampleQuality):
        def _measured(self, model):
            measured.append(int(model.step.numpy()))
            return {"frechet_distance": 1.0}

    quality = Counted(REAL, features, num_samples=200)
    model = Shift([1.0, 2.0])
    model.compile()
    data = np.zeros((8, 2), np.float32)
    arguments = {"batch_size": 4, "epochs": 2, "validation_data": data, "verbose": 0}
    history = model.fit(data, callbacks=[NextOffset(), quality], **arguments).history
    assert measured == [2, 4] and set(history) == {"loss", "val_loss", "frechet_distance"}


def test_what_cannot_be_measured():
    with pytest.raises(InputError, match="SampleQuality: 5 real images and num_samples=100; give at least 6 of each"):
        SampleQuality(REAL[:5], features, num_samples=100)
    with pytest.raises(InputError, match="400 real images and num_samples=5; give"):
        SampleQuality(REAL, features, num_samples=5)
    with pytest.raises(InputError, match="^num_samples=7: give at least 8 for 4 classes$"):
        SampleQuality(REAL, features, num_samples=7, real_labels=np.arange(len(REAL)) % 4)
    quality = SampleQuality(REAL, features)
    with pytest.raises(InputError, match="SampleQuality: Sequential draws no samples; give a generative model"):
        quality.measure(keras.Sequential())
    with pytest.raises(InputError, match="^labels: there are none of the real images; give SampleQuality real_labels"):
        quality.of_images(REAL, np.arange(len(REAL)) % 4)
