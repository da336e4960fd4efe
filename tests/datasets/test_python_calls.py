import subprocess
import sys

PROGRAM = """
import contextlib, io, sys
import numpy as np
from PIL import Image
from keras_gen.datasets import batches, images

if sys.argv[1:] == ["unguarded"]:
    images._decoding = contextlib.nullcontext()
file = io.BytesIO()
Image.fromarray(np.zeros((150, 150, 3), np.uint8)).save(file, "PNG")
endless = images.EncodedImages(
    name="zeros", split="train", image_shape=(128, 128, 3), size=100, read=lambda i: file.getvalue(), describe=str
)
iterator = iter(batches(endless, 32))
for _ in range(20):
    next(iterator)
print("end", flush=True)
"""


def test_a_process_ends_while_an_iterator_reads_ahead():
    # With the argument "unguarded" it stays for ever.
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, timeout=300)
    assert done.stdout.split() == ["end"]
    assert done.returncode == 0
