"""Latents of a shape that a model does not take."""

import re

import numpy as np
import pytest

from helpers.replicated_runs import RUNS
from keras_gen.errors import InputError


@pytest.mark.parametrize("name", ["gan", "vae", "glow", "f_vae"])
def test_latents_of_another_shape(name):
    model = RUNS[name].new_model()
    (size,) = model.latent_shape
    for shape in ((2, size + 1), (size,), (2, size, 1)):
        message = re.escape(f"latents have shape {shape}; give [n, {size}]")
        with pytest.raises(InputError, match=f"^{message}$"):
            model.decode(np.zeros(shape, np.float32))
