"""Losses: functions of tensors that know no network.

Every class that a file of this folder defines is exported, and every file as a module, without being named here. The
imports below run in type checkers and editors alone, which cannot look: a class that is missing there has the type
`Any` for them.
"""

from typing import TYPE_CHECKING, Any

from keras_gen.exports import classes_of, modules_of

globals().update(classes_of(__name__))
__all__ = sorted({**modules_of(__name__), **classes_of(__name__)})

if TYPE_CHECKING:
    from keras_gen.losses import adversarial as adversarial
    from keras_gen.losses import f_divergences as f_divergences
    from keras_gen.losses import gradient_penalties as gradient_penalties
    from keras_gen.losses import gradient_sampling as gradient_sampling
    from keras_gen.losses import mutual_information as mutual_information
    from keras_gen.losses.adversarial import Hinge as Hinge
    from keras_gen.losses.adversarial import LeastSquares as LeastSquares
    from keras_gen.losses.adversarial import NonSaturating as NonSaturating
    from keras_gen.losses.adversarial import Wasserstein as Wasserstein
    from keras_gen.losses.adversarial_loss import AdversarialLoss as AdversarialLoss
    from keras_gen.losses.f_gan import FDivergence as FDivergence
    from keras_gen.losses.gradient_penalties import GradientPenalty as GradientPenalty
    from keras_gen.losses.gradient_penalties import OneSidedPenalty as OneSidedPenalty
    from keras_gen.losses.gradient_penalties import PowerPenalty as PowerPenalty
    from keras_gen.losses.gradient_penalties import R1Penalty as R1Penalty
    from keras_gen.losses.gradient_penalties import TwoSidedPenalty as TwoSidedPenalty
    from keras_gen.losses.relativistic import Relativistic as Relativistic

    def __getattr__(name: str) -> Any: ...
