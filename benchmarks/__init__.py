"""Speed and memory, side by side with what users would use instead."""

import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
