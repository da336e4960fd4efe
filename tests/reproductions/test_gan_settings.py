"""The paper presets of the adversarial scripts, read from what they build, beside the author's scripts."""

import pytest

from reproductions import f_gan, lipschitz, rsgan, wgan_div
from reproductions.families import authors_gans
from reproductions.families.gan_settings import settings
from reproductions.families.settings_table import SAME, compared, rendered
from reproductions.pages import FOLDER

# The author's settings, ours, and the script whose page compares them.
SCRIPTS = {
    "rsgan_sn_celeba": (authors_gans.RSGAN, rsgan.PRESETS["paper"], rsgan),
    "wgan_sn_celeba": (authors_gans.WGAN_SN, lipschitz.PRESETS["paper"], lipschitz),
    "wgan_gp_celeba": (authors_gans.WGAN_GP, lipschitz.WITH_PENALTY, lipschitz),
    "dcgan_celeba": (authors_gans.DCGAN, f_gan.PRESETS["paper"], f_gan),
    "wgan_div_celeba": (authors_gans.WGAN_DIV, wgan_div.PRESETS["paper"], wgan_div),
}


def deviations(author, ours):
    """Name and ours of every setting that differs, without the biases that a batch norm takes away again."""
    rows = compared(author, ours)
    harmless = {name for name, his, our in rows if "bias, " in his and "batch norm" in his and our == "no bias"}
    return {name: our for name, _, our in rows if our != SAME and name not in harmless}


@pytest.mark.parametrize("script", SCRIPTS)
def test_the_paper_preset_differs_from_the_authors_script_only_where_the_page_says(script):
    author, configuration, module = SCRIPTS[script]
    ours = settings(configuration, module.build)
    page = (FOLDER / f"{module.REPRODUCTION.name}.md").read_text()
    block = f"<!-- settings {script} -->\n\n{rendered(author, ours)}\n\n<!-- end -->"
    assert block in page, "python -m reproductions.tables --settings renews it"
    assert script in module.REPRODUCTION.settings

    found = deviations(author, ours)
    losses = {
        "rsgan_sn_celeba": "(7) and (9), pairs by position",  # in a stable form
        "wgan_gp_celeba": "(19), λ = 10, slopes at interpolates",
        "dcgan_celeba": "(16), saturating",  # as the post has it
    }
    assert found.pop("loss", None) == losses.get(script)
    assert found.pop("steps") == ("20,000" if script == "wgan_div_celeba" else "100,000")
    assert found.pop("images").startswith("folder:celeba_hq")
    # T's last bias, which only shifts all scores.
    assert found == ({"critic 5": "no bias"} if script == "dcgan_celeba" else {})


def test_what_differs_is_seen():
    author, configuration, module = SCRIPTS["rsgan_sn_celeba"]
    build = module.build
    changed = configuration.replace(
        {
            "architecture": "dcgan",
            "spectral_normalization": "persistent",
            "width": 4,
            "pooling": "average",
            "discriminator_learning_rate": 1e-3,
            "generator_steps": 1,
            "ema_momentum": 0.5,
        }
    )
    found = deviations(author, settings(changed, build))
    assert found["critic 1"] == "conv 5x5, stride 2, 4, N(0, 0.02²), no bias, W/σ(W) with u kept, leaky 0.2"
    assert found["critic 4"].endswith("averaged over the map")
    assert found["generator 1"] == "dense 512, N(0, 0.02²), no bias, to 4x4x32, batch norm, ReLU"
    assert found["critic's optimiser"] == "rate 0.001"
    assert found["updates in a step"] == "generator 1"
    assert found["average of the generator"] == "0.5"
    ours = settings(changed.replace({"batch_norm": False, "spectral_normalization": "projection"}), build)
    assert ours["critic"][1].count("batch norm") == 0 and "W/σ(W) after each step" in ours["critic"][1]


def test_a_layer_more_is_a_row_of_its_own():
    assert compared({"critic": ("a",)}, {"critic": ("a", "b")}) == [("critic 1", "a", SAME), ("critic 2", "none", "b")]
    assert compared({"batch": "64"}, {"batch": "32"}) == [("batch", "64", "32")]
