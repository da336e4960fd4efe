"""What bounds the critic of a Wasserstein GAN."""

from reproductions.harness.claim import Above, Claim, difference
from reproductions.harness.study import Study
from reproductions.reporting import summary
from reproductions.reporting.curves import curves
from reproductions.reporting.quality import quality_table

SN = {"critic": "spectral_normalization", "spectral_normalization": "persistent"}
PENALTY = {"critic": "gradient_penalty"}
EQUAL_RATES = {"discriminator_learning_rate": 5e-4}
AUTHORS_RATIO = {"discriminator_steps": 5}

STUDY = Study(
    question="What bounds the critic of a WGAN: spectral normalisation, gradient penalties, clipping, projection",
    variants={
        "SN, u kept": SN,
        "SN, five iterations from ones": SN | {"spectral_normalization": "from_ones"},
        "SN by projection after the step": SN | {"spectral_normalization": "projection"},
        "gradient penalty": PENALTY,
        "one-sided gradient penalty": {"critic": "one_sided_penalty"},
        "clipping": {"critic": "clipping"},
        "SN, u kept, equal rates": SN | EQUAL_RATES,
        "gradient penalty, equal rates": PENALTY | EQUAL_RATES,
        "SN, u kept, 5:1": SN | AUTHORS_RATIO,
        "gradient penalty, 5:1": PENALTY | AUTHORS_RATIO,
    },
    table=quality_table,
    figure=curves,
    timed=True,
    claims=(
        Claim(
            key="L2",
            topic="SN needs fewer steps than WGAN-GP",
            sentence="A critic with spectral normalisation needs fewer steps than WGAN-GP for the same quality.",
            statistic="Fréchet distance averaged over the training (area under its curve), five critic steps for "
            "one of the generator, WGAN-GP's less that with spectral normalisation",
            rule=Above(0),
            values=difference("gradient penalty, 5:1", "SN, u kept, 5:1", summary.area),
        ),
        Claim(
            key="L4",
            topic="projection worse than reparameterisation",
            sentence="Dividing the kernels by their norm after each step is worse than having W/‖W‖ in the network.",
            statistic="mean Fréchet distance of the last three evaluations, with projection less with spectral "
            "normalisation",
            rule=Above(0),
            values=difference("SN by projection after the step", "SN, u kept", summary.settled),
        ),
    ),
)
