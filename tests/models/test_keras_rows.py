"""What works of every public model as of any Keras model: prediction, copies, and the ways in which `fit` makes a step.

The models are the `RUNS` of `helpers/replicated_runs.py`, as in `test_contract.py`.
"""

import copy
import functools
import pickle

import keras
import numpy as np
import pytest
import tensorflow as tf

from helpers.quick import slow_unless
from helpers.replicated_runs import RUNS, untrained
from helpers.small_gans import data, state

every_run = pytest.mark.parametrize("name", RUNS)
# One of each family, whose code the others share.
QUICK = ("wgan_div_adam", "vae", "gradient_penalized")
# Whose steps are held against eager ones as graphs too, beside those of `QUICK`.
AS_GRAPHS = ("deep_infomax", "f_vae")
RATE = 1e-3


def called_with(model, count=5):
    """Rows for `call`, which `predict` applies."""
    endpoints = model.endpoints()
    _, (spec,) = next(endpoints[name] for name in ("decode", "encode", "predict") if name in endpoints)
    return data(count, spec.shape[1:])


@every_run
class TestPrediction:
    def test_is_the_call_row_by_row(self, name):
        model = untrained(name)
        x = called_with(model)
        expected = model(x)
        rows = tf.data.Dataset.from_tensor_slices(x)
        for found in (
            model.predict(x, verbose=0, batch_size=2),
            model.predict(rows.batch(2), verbose=0),
            model.predict_on_batch(x),
        ):
            np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-6)

    def test_summary(self, name):
        model, lines = untrained(name), []
        model.summary(print_fn=lambda text, line_break=True: lines.append(text))
        count = sum(weight.numpy().size for weight in model.trainable_variables)
        assert f"Trainable params: {count:,} (" in "\n".join(lines)


class TestCopies:
    @pytest.mark.parametrize("name", slow_unless(QUICK, RUNS))
    def test_whole_ones(self, name):
        """A deep copy and what comes back from pickle: both read the model's own file, see `test_contract.py`."""
        model = untrained(name)
        for again in (copy.deepcopy(model), pickle.loads(pickle.dumps(model))):
            assert type(again) is type(model) and again.compiled
            for key, value in state(model).items():
                np.testing.assert_array_equal(state(again)[key], value, err_msg=key)

    @every_run
    def test_a_clone_has_weights_of_its_own(self, name):
        model = untrained(name)
        clone = keras.models.clone_model(model)
        assert type(clone) is type(model) and clone.name == model.name
        shapes = [weight.shape for weight in model.weights]
        assert [weight.shape for weight in clone.weights] == shapes
        assert not {id(weight) for weight in clone.weights} & {id(weight) for weight in model.weights}


def trained(name, new_optimizer, steps, **arguments):
    """The trainable weights after steps from the same weights, by optimizers of one's own, and the model."""
    model = RUNS[name].new_model()
    model.set_weights(untrained(name).get_weights())
    loss = {"loss": "mse"} if name == "gradient_penalized" else {}
    optimizers = {argument: new_optimizer() for argument in model._optimizer_names}
    model.compile(**optimizers, **loss, **arguments)
    model.fit(RUNS[name].batches(model, 0, steps), verbose=0)
    assert int(model.step.numpy()) == steps
    return [weight.numpy() for weight in model.trainable_variables]


@functools.cache
def two_eager_steps(name):
    return trained(name, lambda: keras.optimizers.SGD(RATE), 2, run_eagerly=True)


def assert_steps_of(name, weights):
    """By how far they moved, so that a step of another length shows."""
    before = [weight.numpy() for weight in untrained(name).trainable_variables]
    assert any(np.any(one != old) for one, old in zip(weights, before, strict=True))
    for one, other, old in zip(weights, two_eager_steps(name), before, strict=True):
        np.testing.assert_allclose(one - old, other - old, rtol=1e-3, atol=1e-6)


class TestSteps:
    @pytest.mark.traced
    @pytest.mark.parametrize("name", slow_unless(AS_GRAPHS, RUNS))
    def test_as_a_graph(self, name):
        """As `fit` makes them unless told otherwise; most tests make eager ones. The next test has the quick ones."""
        assert_steps_of(name, trained(name, lambda: keras.optimizers.SGD(RATE), 2))

    @pytest.mark.traced
    @pytest.mark.parametrize("name", slow_unless(QUICK, RUNS))
    def test_several_per_execution_by_a_schedule(self, name):
        schedule = keras.optimizers.schedules.PiecewiseConstantDecay([5], [RATE, 1.0])
        weights = trained(name, lambda: keras.optimizers.SGD(schedule), 2, steps_per_execution=2)
        assert_steps_of(name, weights)

    # wgan_gp has several steps of the discriminator, glow clipped gradients.
    @pytest.mark.parametrize("name", slow_unless((*QUICK, "wgan_gp", "glow"), RUNS))
    def test_accumulated_gradients(self, name):
        """The first of two steps leaves the weights, but for what a model does to them whatever their gradient."""
        still = trained(name, lambda: keras.optimizers.SGD(0.0), 1, run_eagerly=True)
        updates = getattr(untrained(name), "discriminator_steps", 1)
        accumulating = functools.partial(keras.optimizers.SGD, RATE, gradient_accumulation_steps=2 * updates)
        one, two = (trained(name, accumulating, steps, run_eagerly=True) for steps in (1, 2))
        for weight, expected in zip(one, still, strict=True):
            np.testing.assert_array_equal(weight, expected)
        assert any(np.any(weight != before) for weight, before in zip(two, one, strict=True))
