"""The scripts that reproduce the posts: one script and one page a post, and the recorded results."""

import os

# TensorFlow's C++ side reports the devices and passes it does without; what matters arrives as an exception.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
