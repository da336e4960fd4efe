"""Makes a run that SIGTERM reaches in step 13, between two reports and two checkpoints; the flags are the script's."""

import os
import signal

from keras_gen import callbacks
from reproductions.harness.launch import launch
from reproductions.wgan_div import REPRODUCTION

move_bar = callbacks.StepProgress.on_train_batch_end


def terminate(self, batch, logs=None):
    move_bar(self, batch, logs)
    if self.step == 13:
        os.kill(os.getpid(), signal.SIGTERM)


callbacks.StepProgress.on_train_batch_end = terminate
launch(REPRODUCTION)
