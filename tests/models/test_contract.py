"""What every public model promises: to come back from a file, to go on as if nothing had happened, to refuse bad input.

The models are those that `keras_gen.models` exports, their small instances the `RUNS` of `helpers/replicated_runs.py`;
that the number of replicas changes nothing is tested of the same instances in `test_replicas.py`.
"""

import inspect
import re

import keras
import numpy as np
import pytest
import tensorflow as tf

import keras_gen
from helpers import replicated_runs
from helpers.quick import slow_unless
from helpers.replicated_runs import RUNS, is_complete, new_model, untrained
from helpers.small_gans import state
from keras_gen.callbacks.checkpoints import Checkpoints, restore_newest
from keras_gen.errors import InputError

PUBLIC = {name: getattr(keras_gen.models, name) for name in keras_gen.models.__all__}

every_run = pytest.mark.parametrize("name", RUNS)
# Runs whose classes and kinds of weights are those of another.
ALIKE = {"wgan_div_adam", "rsgan_all", "rsgan_average", "clustering_vae_warmed_up"}
# Runs whose classes keep their state by the code of a class whose run is quick to test here.
SIBLINGS = {"gan", "wgan", "wgan_gp", "rsgan", "spectral_normalization", "decoder_free_vae", "glow"}


def arguments(model):
    """The configuration but for networks: files hold theirs in another form, weights tell more."""
    config = model.get_config()
    return {key: value for key, value in config.items() if not isinstance(getattr(model, key, None), keras.Layer)}


def go_on(name, model, step):
    """One eager step: operations come one after another, in one order, so that the same step gives the same bits."""
    (batch,) = RUNS[name].batches(model, step, step + 1)
    return {term: float(value) for term, value in model.train_step(batch).items()}


def assert_same_bits(one, other):
    assert one.keys() == other.keys()
    for key, value in one.items():
        np.testing.assert_array_equal(other[key], value, err_msg=key)


@pytest.mark.parametrize("name", [name for name, kind in PUBLIC.items() if is_complete(kind)])
def test_every_public_model_has_a_small_instance(name):
    kinds = {type(untrained(run)).__name__ for run in RUNS}
    assert name in kinds, (
        f"keras_gen.models.{name} is not tested: add a small one to RUNS in {replicated_runs.__file__}"
    )


class TestComingBack:
    @every_run
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
        # Without classes nothing is said of them, so that files are those of versions that had none.
        left_out = {argument for argument in named if argument in own} - config.keys()
        assert left_out <= {"num_classes"} and all(getattr(model, argument) is None for argument in left_out)
        assert arguments(type(model).from_config(config)) == arguments(model)

    @pytest.mark.parametrize(
        "name",
        [
            name if name not in SIBLINGS else pytest.param(name, marks=pytest.mark.slow)
            for name in RUNS
            if name not in ALIKE
        ],
    )
    def test_a_run_that_is_saved_and_loaded_is_the_run_that_went_on(self, name, tmp_path):
        """From the model's own file, and from a checkpoint."""
        model = new_model(name)
        go_on(name, model, 0)
        model.save(tmp_path / "model.keras")
        checkpoints = Checkpoints(tmp_path, every=1)
        checkpoints.set_model(model)
        checkpoints.write()
        saved = state(model)

        loaded = keras.models.load_model(tmp_path / "model.keras")
        assert type(loaded) is type(model) and loaded.compiled
        assert arguments(loaded) == arguments(model)
        assert loaded.get_compile_config() == model.get_compile_config()
        assert loaded.term_names() == model.term_names()
        assert_same_bits(state(loaded), saved)

        restored = new_model(name)
        for weight in restored.trainable_variables:
            weight.assign(weight + 1.0)  # so that what is not restored shows
        assert restore_newest(restored, tmp_path) == 1
        assert_same_bits(state(restored), saved)

        terms = go_on(name, model, 1)
        assert int(model.step.numpy()) == 2
        go_on(name, loaded, 1)
        assert_same_bits(state(loaded), state(model))
        assert go_on(name, restored, 1) == terms  # running means of both steps
        assert_same_bits(state(restored), state(model))


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
                others = {
                    one: "adam" for one in inspect.signature(model.compile).parameters if one.endswith("optimizer")
                }
                with pytest.raises(InputError, match=f"^{argument}='adamm': give a Keras optimizer or its name"):
                    again.compile(**{**others, argument: "adamm"})

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
        assert_same_bits(state(model), before)

    def test_rows_of_another_shape(self, name):
        model = untrained(name)
        for function, specs in model.endpoints().values():
            if function == model.call:  # Keras's own checks
                continue
            good = [tf.zeros([2, *spec.shape[1:]]) if spec.shape.rank else 2 for spec in specs]
            for i, spec in enumerate(specs):
                for shape in ((*spec.shape[1:],), (2, *spec.shape[1:], 1)) if spec.shape.rank else ():
                    with pytest.raises(InputError, match=re.escape(f": shape {shape}; give [n, ")):
                        function(*good[:i], tf.zeros(shape), *good[i + 1 :])

    def test_no_samples(self, name):
        model = untrained(name)
        if "sample" in model.endpoints():
            with pytest.raises(InputError, match="^num_samples=0: must be at least 1$"):
                model.sample(0)


# A gradient-penalised network is the user's, and Keras says what it takes.
@pytest.mark.parametrize(
    "name", slow_unless(("gan", "vae", "glow"), [one for one in RUNS if one != "gradient_penalized"])
)
def test_a_call_on_another_shape_is_one_line(name):
    with pytest.raises(InputError, match=r"^(latents|images|samples): shape \(3, 7, 7\)[^\n]*$"):
        untrained(name)(np.zeros([3, 7, 7], "float32"))
