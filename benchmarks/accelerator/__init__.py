"""Training on an accelerator whose machine has no TensorFlow; docs/accelerator.md says how and what for.

`send` and `receive` run where `keras_gen` is installed, `train` and `rates` where JAX is: neither needs the other.
"""
