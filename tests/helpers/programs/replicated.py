"""Runs on several replicas: `python replicated.py FOLDER REPLICAS NAME ...` trains each and leaves `FOLDER/NAME.npz`.

Where TF_CONFIG names a cluster it is one of several workers, each a replica; else the CPU is split into replicas.
"""

import json
import os
import sys
from pathlib import Path

import numpy as np
import tensorflow as tf

folder, replicas, *names = sys.argv[1:]
if json.loads(os.environ["TF_CONFIG"]):
    strategy = tf.distribute.MultiWorkerMirroredStrategy()  # before anything else touches TensorFlow
else:
    (cpu,) = tf.config.list_physical_devices("CPU")
    tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * int(replicas))
    strategy = tf.distribute.MirroredStrategy([f"CPU:{i}" for i in range(int(replicas))])
assert strategy.num_replicas_in_sync == int(replicas)

from helpers.replicated_runs import trained  # noqa: E402  (importing it touches TensorFlow)

Path(folder).mkdir()
for name in names:
    np.savez(Path(folder, name), **trained(name, strategy)[1])
