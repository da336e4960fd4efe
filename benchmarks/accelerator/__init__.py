"""Training on an accelerator whose machine has no TensorFlow; docs/accelerator.md says how and what for.

`send`, `send_steps` and `receive` run where `keras_gen` is installed, `train` and `time_steps` where JAX is: neither
needs the other.
"""
