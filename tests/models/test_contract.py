"""What every public model promises: to come back from a file, to go on as if nothing had happened, to refuse bad input.

The models are those that `keras_gen.models` exports, their small instances the `RUNS` of `replicated_runs.py`; that
the number of replicas changes nothing is tested of the same instances in `test_replicas.py`.
"""

import functools
import inspect
import re

import keras
import numpy as np
import pytest
import tensorflow as tf

import keras_gen
from helpers import replicated_runs
from helpers.replicated_runs import RUNS
from helpers.small_gans import state
from keras_gen.callbacks.checkpoints import Checkpoints, restore_newest
from keras_gen.errors import InputError

PUBLIC = {name: getattr(keras_gen.models, name) for name in keras_gen.models.__all__}
# A class that is not registered under this name is a base of others.
COMPLETE = [name for name, kind in PUBLIC.items() if keras.saving.get_registered_name(kind) == f"keras_gen>{name}"]

every_run = pytest.mark.parametrize("name", RUNS)


@functools.cache
def untrained(name):
    return new_model(name)


@functools.cache
def trained(name):
    """A model after two steps."""
    model = new_model(name)
    go_on(name, model, 0, 2)
    return model


def new_model(name):
    """A model that can train; in `fit` a flow begins from data by itself."""
    model = RUNS[name].new_model()
    if hasattr(model, "initialize"):
        model.initialize(next(iter(RUNS[name].batches(model, 0, 1))))
    return model


def arguments(model):
    """The configuration but for networks: files hold theirs in another form, weights tell more."""
    config = model.get_config()
    return {key: value for key, value in config.items() if not isinstance(getattr(model, key, None), keras.Layer)}


def go_on(name, model, first_step, last_step):
    """Eager steps: operations come one after another, in one order, so that the same steps give the same bits."""
    return [model.train_step(batch) for batch in RUNS[name].batches(model, first_step, last_step)]


def assert_same_bits(one, other):
    one, other = state(one), state(other)
    assert one.keys() == other.keys()
    for key, value in one.items():
        np.testing.assert_array_equal(other[key], value, err_msg=key)


def outputs(model):
    """What the endpoints of a model give for some arguments of their types."""
    random = np.random.RandomState(0)

    def example(spec):
        if spec.dtype == tf.int32:
            return 2
        shape = [size or 3 for size in spec.shape]
        return tf.constant(random.uniform(0.1, 0.9, shape), tf.float32)

    return {
        name: tf.nest.map_structure(np.asarray, function(*map(example, specs)))
        for name, (function, specs) in model.endpoints().items()
    }


@pytest.mark.parametrize("name", COMPLETE)
def test_every_public_model_has_a_small_instance(name):
    kinds = {type(untrained(run)).__name__ for run in RUNS}
    assert name in kinds, (
        f"keras_gen.models.{name} is not tested: add a small one to RUNS in {replicated_runs.__file__}"
    )


@every_run
class TestComingBack:
    def test_its_configuration_is_its_arguments(self, name):
        model = untrained(name)
        config = model.get_config()
        named = [
            parameter.name
            for kind in type(model).__mro__
            if issubclass(kind, keras_gen.models.ReproducibleModel)
            for parameter in inspect.signature(kind.__init__).parameters.values()
            if parameter.kind is parameter.POSITIONAL_OR_KEYWORD and parameter.name != "self"
        ]
        own = inspect.signature(type(model).__init__).parameters
        assert {argument for argument in named if argument in own} <= config.keys()
        assert arguments(type(model).from_config(config)) == arguments(model)

    def test_from_a_file(self, name, tmp_path):
        model = trained(name)
        model.save(tmp_path / "model.keras")
        loaded = keras.models.load_model(tmp_path / "model.keras")
        assert type(loaded) is type(model) and loaded.compiled
        assert arguments(loaded) == arguments(model)
        assert loaded.get_compile_config() == model.get_compile_config()
        assert loaded.term_names() == model.term_names()
        assert_same_bits(loaded, model)
        tf.nest.map_structure(np.testing.assert_array_equal, outputs(loaded), outputs(model))

    def test_and_going_on(self, name, tmp_path):
        """A run that is saved, loaded from either kind of file, and continued is the run that went on."""
        model = new_model(name)
        go_on(name, model, 0, 2)
        model.save(tmp_path / "model.keras")
        checkpoints = Checkpoints(tmp_path, every=1)
        checkpoints.set_model(model)
        checkpoints.write()
        straight = go_on(name, model, 2, 4)
        assert int(model.step.numpy()) == 4

        loaded = keras.models.load_model(tmp_path / "model.keras")
        go_on(name, loaded, 2, 4)
        assert_same_bits(loaded, model)

        restored = new_model(name)
        for weight in restored.trainable_variables:
            weight.assign(weight + 1.0)  # so that what is not restored shows
        assert restore_newest(restored, tmp_path) == 2
        assert go_on(name, restored, 2, 4) == straight  # the running means too
        assert_same_bits(restored, model)


@every_run
class TestBadInput:
    def test_the_seed(self, name):
        model = untrained(name)
        with pytest.raises(InputError, match="^seed=1.5: must be a whole number$"):
            type(model).from_config({**model.get_config(), "seed": 1.5})

    def test_optimizers(self, name):
        model = untrained(name)
        for argument in inspect.signature(model.compile).parameters:
            if argument.endswith("optimizer"):
                again = type(model).from_config(model.get_config())
                with pytest.raises(InputError, match=f"^{argument}='adamm': give a Keras optimizer or its name"):
                    again.compile(**{argument: "adamm"})

    def test_data(self, name):
        model = untrained(name)
        before = state(model)
        (batch,) = RUNS[name].batches(model, 0, 1)
        images, *targets = batch if isinstance(batch, tuple) else (batch,)
        bad = tf.tensor_scatter_nd_update(images, [[0] * images.shape.rank], [np.nan])
        with pytest.raises(InputError, match="^images contain NaN or infinite pixels$"):
            model.batch_checks(bad)
        if not targets:
            with pytest.raises(InputError, match="^images have shape"):
                model.train_step(images[..., :-1])
            with pytest.raises(InputError, match="^images have dtype int32; give float32"):
                model.train_step(tf.cast(images, tf.int32))
        for key, value in state(model).items():
            np.testing.assert_array_equal(value, before[key], err_msg=key)

    def test_endpoints(self, name):
        model = untrained(name)
        for endpoint, (function, specs) in model.endpoints().items():
            good = [tf.zeros([2, *spec.shape[1:]]) if spec.shape.rank else 2 for spec in specs]
            for i, spec in enumerate(specs):
                if not spec.shape.rank:
                    continue
                bad = tf.zeros([*good[i].shape, 1])
                with pytest.raises(InputError, match=re.escape(f"have shape {tuple(bad.shape)}; give [n, ")):
                    function(*good[:i], bad, *good[i + 1 :])
                    pytest.fail(f"{endpoint} took it")
        if "sample" in model.endpoints():
            with pytest.raises(InputError, match="^num_samples=0: must be at least 1$"):
                model.sample(0)
