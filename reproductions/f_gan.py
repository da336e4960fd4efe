"""f-GAN: a GAN for every f-divergence (post of 2018-09-29).

The model is `keras_gen/models/f_gan.py`, the page `reproductions/f_gan.md`.

    python -m reproductions.f_gan --output_dir=runs/f_gan --divergence=kl
    python -m reproductions.f_gan --study=gaussian_table --seeds=0,1,2
    python -m reproductions.f_gan --study=images --seeds=0
"""

from types import SimpleNamespace

from absl import flags

from keras_gen.losses import f_divergences
from keras_gen.losses.f_gan import ORDERS
from keras_gen.models import FGAN
from reproductions.experiments import gaussian_table
from reproductions.harness import gans, measures, plots
from reproductions.harness.launch import launch
from reproductions.harness.reproduction import Reproduction
from reproductions.harness.study import Study

OWN = {"divergence": "sgan", "order": "real_fake", "non_saturating": False}

PRESETS = {
    "smoke": gans.SMOKE | OWN,
    "laptop": gans.LAPTOP
    | OWN
    | {
        "steps": 4_000,
        "discriminator_learning_rate": 5e-4,
        "generator_learning_rate": 5e-4,
    },
    # The post has no experiment: the sizes are those of the author's other adversarial scripts.
    "paper": gans.PAPER | OWN | {"steps": 100_000},
}


def define_flags() -> None:
    """Defines the flags of this script; a preset fills in those that are not given."""
    flags.DEFINE_enum("divergence", None, f_divergences.names(), "Which f-divergence the discriminator estimates.")
    flags.DEFINE_enum("order", None, ORDERS, "D_f(p||q), equation 14, or D_f(q||p), equation 15.")
    flags.DEFINE_boolean("non_saturating", None, "Give the generator the loss that does not saturate.")
    gans.define_flags()


def build(configuration: SimpleNamespace, image_shape: tuple[int, int, int], num_replicas: int) -> FGAN:
    """The compiled model for images of that shape."""
    c = configuration
    networks = gans.networks(c, image_shape, num_replicas)
    model = FGAN(*networks, c.divergence, c.order, c.non_saturating, **gans.arguments(c))
    return gans.compiled(model, c)


STUDIES = {
    "gaussian_table": gaussian_table.STUDY,
    "images": Study(
        question="Every divergence of the post, and the standard GAN's own: same networks, steps and data",
        variants={
            f"{group}: {name}": {"divergence": name, "spectral_normalization": normalization}
            for group, normalization in {"as in (14)": "none", "with SN": "persistent"}.items()
            for name in f_divergences.names()
        },
        plot=plots.dots,
    ),
}

REPRODUCTION = Reproduction(
    name="f_gan",
    summary="f-GAN: one GAN for every f-divergence (3 minutes)",
    presets=PRESETS,
    define_flags=define_flags,
    build=build,
    measure=measures.sample_quality,
    studies=STUDIES,
)

if __name__ == "__main__":
    launch(REPRODUCTION)
