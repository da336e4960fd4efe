"""Losses: functions of tensors that know no network."""

from keras_gen.losses import (
    adversarial,
    f_divergences,
    gradient_penalties,
    gradient_sampling,
    mutual_information,
    variational,
)
from keras_gen.losses.adversarial import NonSaturating, Wasserstein
from keras_gen.losses.adversarial_loss import AdversarialLoss
from keras_gen.losses.gradient_penalties import (
    GradientPenalty,
    OneSidedPenalty,
    PowerPenalty,
    TwoSidedPenalty,
)
from keras_gen.losses.relativistic import Relativistic
from keras_gen.losses.variational import FDivergence

__all__ = [
    "AdversarialLoss",
    "FDivergence",
    "GradientPenalty",
    "NonSaturating",
    "OneSidedPenalty",
    "PowerPenalty",
    "Relativistic",
    "TwoSidedPenalty",
    "Wasserstein",
    "adversarial",
    "f_divergences",
    "gradient_penalties",
    "gradient_sampling",
    "mutual_information",
    "variational",
]
