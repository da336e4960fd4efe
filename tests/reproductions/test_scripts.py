"""What holds for every script: its presets agree, its studies' variants build, and its smoke run ends in a sampler."""

from types import SimpleNamespace

import numpy as np
import pytest
import tensorflow as tf

from keras_gen.errors import InputError
from keras_gen.losses import f_divergences
from reproductions import f_gan, f_vae, lipschitz, rsgan, vae_clustering, wgan_div
from reproductions.harness import run
from reproductions.harness.flags import SHARED_DEFAULTS
from reproductions.harness.study import Study

SCRIPTS = {
    script.REPRODUCTION.name: script.REPRODUCTION
    for script in (wgan_div, rsgan, f_gan, f_vae, lipschitz, vae_clustering)
}
VARIANTS = [
    pytest.param(name, flags, id=f"{name}-{study}-{title}")
    for name, reproduction in SCRIPTS.items()
    for study, found in reproduction.studies.items()
    if isinstance(found, Study)
    for title, flags in found.variants.items()
]


def configuration(reproduction, preset="smoke", **changes):
    return SimpleNamespace(**SHARED_DEFAULTS | reproduction.presets[preset] | changes)


@pytest.mark.parametrize("name", SCRIPTS)
def test_presets_set_the_same_flags(name):
    smoke, laptop, paper = (
        SHARED_DEFAULTS.keys() | SCRIPTS[name].presets[preset].keys() for preset in ("smoke", "laptop", "paper")
    )
    assert smoke == laptop == paper


@pytest.mark.parametrize(("name", "flags"), VARIANTS)
def test_every_variant_of_a_study_is_a_model(name, flags):
    reproduction = SCRIPTS[name]
    assert flags.keys() <= configuration(reproduction).__dict__.keys()
    model = reproduction.build(configuration(reproduction, **flags), (8, 8, 1), 1)
    assert model.compiled and model.sample(2, seed=0).shape == (2, 8, 8, 1)


@pytest.mark.parametrize("name", sorted(SCRIPTS.keys() - {"wgan_div"}))  # its run is tested in test_run
def test_a_smoke_run_ends_in_a_saved_model_that_samples(name, tmp_path):
    reproduction = SCRIPTS[name]
    run.perform(reproduction, configuration(reproduction), str(tmp_path / "run"))
    loaded = tf.saved_model.load(str(tmp_path / "run" / "saved_model"))
    images = loaded.sample(3, 0).numpy()
    assert images.shape == (3, 8, 8, 1) and np.abs(images).max() <= 1


def test_variants_differ_in_what_they_name():
    models = {
        title: rsgan.build(configuration(rsgan.REPRODUCTION, **flags), (8, 8, 1), 1)
        for title, flags in rsgan.STUDIES["convergence"].variants.items()
    }
    assert {title: (m.generator_steps, m.real_batches_per_step) for title, m in models.items()} == {
        "SGAN, 1:1": (1, 1),
        "SNGAN, 1:1": (1, 1),
        "RSGAN, 1:1": (1, 2),
        "RSGAN with SN, 1:1": (1, 2),
        "RaSGAN, 1:1": (1, 2),
        "SGAN, 1:2": (2, 1),
        "SNGAN, 1:2": (2, 1),
        "RSGAN, 1:2": (2, 3),
        "RSGAN with SN, 1:2": (2, 3),
        "RaSGAN, 1:2": (2, 3),
    }
    assert models["RaSGAN, 1:2"].pairs == "average"
    divergences = [
        f_gan.build(configuration(f_gan.REPRODUCTION, **flags), (8, 8, 1), 1).divergence.name
        for flags in f_gan.STUDIES["images"].variants.values()
    ]
    assert divergences == 2 * list(f_divergences.names())


def test_a_critic_that_nothing_bounds():
    wrong = configuration(lipschitz.REPRODUCTION, critic="spectral_normalization", spectral_normalization="none")
    with pytest.raises(InputError, match="--spectral_normalization=none: nothing bounds the critic"):
        lipschitz.build(wrong, (8, 8, 1), 1)
