import subprocess
import sys

PROGRAM = """
import threading, time
import tensorflow as tf
from keras_gen.datasets.python_calls import PythonCalls
calls = PythonCalls()

def slow(i):
    with calls:
        time.sleep(0.2)
        return i

numbers = tf.data.Dataset.counter().map(lambda i: tf.numpy_function(slow, [i], tf.int64), num_parallel_calls=2)
iterator = iter(numbers.prefetch(4))
print(int(next(iterator)), flush=True)
"""


def test_a_process_ends_while_an_iterator_reads_ahead():
    # Without PythonCalls it stays for ever.
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, timeout=120)
    assert done.stdout.split() == ["0"]
    assert done.returncode == 0
