"""Callbacks that count training steps: samples, measurements, crash-safe checkpoints, stops, initial clusters."""

from keras_gen.callbacks.checkpoints import Checkpoints, newest_step, restore_newest
from keras_gen.callbacks.initial_clusters import InitialClusters
from keras_gen.callbacks.interruptions import Interruptions
from keras_gen.callbacks.measures import Measures
from keras_gen.callbacks.metrics_log import MetricsLog
from keras_gen.callbacks.sheets import SampleSheets, Sheets
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
    "SampleSheets",
    "Sheets",
    "StepCallback",
    "StepProgress",
    "StepTable",
    "StopOnNonFinite",
    "newest_step",
    "restore_newest",
]
