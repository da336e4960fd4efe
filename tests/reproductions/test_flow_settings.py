"""The paper presets of the script of f-VAEs, read from what they build, beside the author's scripts."""

import pytest

from reproductions import f_vae
from reproductions.families import authors_flows
from reproductions.families.flow_settings import settings
from reproductions.families.layer_lines import shortened
from reproductions.families.settings_table import SAME, compared, rendered
from reproductions.pages import FOLDER

# The author's settings, and our preset.
SCRIPTS = {
    "f_vaes": (authors_flows.F_VAE, "paper"),
    "glow": (authors_flows.GLOW, "paper_glow"),
    "vae_keras_celeba": (authors_flows.VAE, "paper_vae"),
}
# The name of ours, where the page says why.
DEVIATIONS = {
    "f_vaes": {
        *(f"encoder {i}" for i in (2, 4, 6)),
        *(f"decoder {i}" for i in (1, 3, 5)),
        "flow 2",
        "flow 5",
        "flow 8",
    },
    "glow": {"flow 3", "flow 6", "batch"},
    "vae_keras_celeba": {"loss", "what the encoder gives"},
}


@pytest.mark.parametrize("script", SCRIPTS)
def test_the_paper_preset_differs_from_the_authors_script_only_where_the_page_says(script):
    author, preset = SCRIPTS[script]
    ours = settings(f_vae.PRESETS[preset], f_vae.build)
    page = (FOLDER / "f_vae.md").read_text(encoding="utf-8")
    block = f"<!-- settings {script} -->\n\n{rendered(author, ours, preset)}\n\n<!-- end -->"
    assert block in page, "python -m reproductions.tables --settings renews it"
    assert script in f_vae.REPRODUCTION.settings
    assert "|" not in "".join(map(str, (*author.values(), *ours.values())))  # which would end a table's cell

    found = {name: our for name, _, our in compared(author, ours) if our != SAME}
    assert found.pop("steps") == "150,000"
    assert found.pop("images").startswith("folder:")
    assert found.keys() == DEVIATIONS[script]
    for name, our in found.items():
        if name.startswith(("encoder", "decoder")):
            assert our == "no bias"  # before a batch norm, which takes it away again
        elif name.startswith("flow"):
            assert our == "scale exp(2 tanh(r/2))"


def test_what_differs_is_seen():
    c = f_vae.PRESETS["smoke"].replace({"image_size": 8, "coupling_initializer": "glorot_uniform", "sigma_1": 0.5})
    ours = settings(c.replace({"act_norm_from_data": True, "mixing": "convolution"}), f_vae.build)
    assert ours["flow"][0].startswith(
        "act norm from the first batch, 1x1 convolution, additive coupling by conv 3x3, 8"
    )
    assert ours["σ₁ and σ₂"] == "0.5 and 1 at first, trained"
    assert ours["encoder"][0] == "squeeze" and ours["encoder"][1].startswith("conv 3x3, 8, Glorot")
    affine = settings(c.replace({"model": "glow", "coupling": "affine", "input_noise": "none"}), f_vae.build)
    scale = "scale exp(2 tanh(r/2)), shift and r by conv 3x3, 8, Glorot, bias, ReLU - conv 1x1"
    assert scale in affine["flow"][1]
    assert affine["noise on the images"] == "none"
    vae = settings(c.replace({"model": "vae", "vae_variance": 0.3, "vae_networks": "deep"}), f_vae.build)
    assert vae["variance of the likelihood"] == "0.3, trained" and vae["batch norm"] == "momentum 0.99, epsilon 0.001"


def test_lines_that_come_again_are_one():
    assert list(shortened("aab")) == ["2 x (a)", "b"]
    assert list(shortened("xababab")) == ["x", "3 x (a; then b)"]
    assert list(shortened("abc")) == ["a", "b", "c"]
    assert list(shortened("")) == []
