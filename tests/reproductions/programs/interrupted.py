"""Makes a run that Ctrl-C ends at step 15, between the checkpoints of steps 10 and 20; the flags are the script's."""

from keras_gen import callbacks
from reproductions.harness.launch import launch
from reproductions.wgan_div import REPRODUCTION

log_row = callbacks.MetricsLog.on_step


def interrupt(self, step, terms):
    log_row(self, step, terms)
    if step == 15:
        raise KeyboardInterrupt


callbacks.MetricsLog.on_step = interrupt
launch(REPRODUCTION)
