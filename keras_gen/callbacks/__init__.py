"""Callbacks that count training steps: samples, measurements, checkpoints, stops, divergence, initial clusters."""

from keras_gen.callbacks.checkpoints import Checkpoints, newest_step, restore_newest
from keras_gen.callbacks.divergence import TrainingDivergence, WarnOnDivergence, first_divergence
from keras_gen.callbacks.initial_clusters import InitialClusters
from keras_gen.callbacks.interruptions import Interruptions
from keras_gen.callbacks.measures import Measures
from keras_gen.callbacks.metrics_log import MetricsLog
from keras_gen.callbacks.sample_quality import SampleQuality
from keras_gen.callbacks.sheets import SampleSheets, Sheets, sample_sheet
from keras_gen.callbacks.step_callback import StepCallback
from keras_gen.callbacks.step_progress import StepProgress
from keras_gen.callbacks.step_table import StepTable
from keras_gen.callbacks.stop_on_non_finite import StopOnNonFinite

__all__ = [
    "Checkpoints",
    "InitialClusters",
    "Interruptions",
    "Measures",
    "MetricsLog",
    "SampleQuality",
    "SampleSheets",
    "Sheets",
    "StepCallback",
    "StepProgress",
    "StepTable",
    "StopOnNonFinite",
    "TrainingDivergence",
    "WarnOnDivergence",
    "first_divergence",
    "newest_step",
    "restore_newest",
    "sample_sheet",
]
