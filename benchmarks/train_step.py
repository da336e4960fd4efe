"""The speed of a training step: `python -m benchmarks.train_step --model=wgan_div`.

In one run, in turn: the step in `model.fit`, the same step in a bare loop over a `tf.function`, the step written by
hand (`benchmarks/hand_written.py`) in such a loop, and, for WGAN-div, the same networks and loss in eager PyTorch, if
it is installed (or with --torch_python=PYTHON, an interpreter that has it). Beside them the arithmetic rate, as a share
of the machine's own matrix product, and peak memory. With --record the result goes to
`benchmarks/results/train_step.json`, of which `python -m benchmarks.tables` makes the table in docs/.
"""

import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf
from absl import app, flags, logging

from benchmarks import hand_written, operations, tables
from keras_gen import datasets
from keras_gen.models import (
    FGAN,
    GAN,
    RSGAN,
    VAE,
    ClusteringVAE,
    DecoderFreeVAE,
    DeepInfoMax,
    ReproducibleModel,
    WGANDiv,
)
from keras_gen.networks import autoencoder, dcgan, infomax

FLAGS = flags.FLAGS
LATENT_DIM = 128
IMAGE_SHAPE = (28, 28, 1)


def _dcgan(spectral_normalization: str = "none") -> tuple[keras.Model, keras.Model]:
    return (
        dcgan.generator(IMAGE_SHAPE, LATENT_DIM, FLAGS.width),
        dcgan.discriminator(IMAGE_SHAPE, FLAGS.width, pooling="flatten", spectral_normalization=spectral_normalization),
    )


def _autoencoder() -> tuple[keras.Model, keras.Model]:
    widths = (FLAGS.width // 2, FLAGS.width)
    return (
        autoencoder.encoder(IMAGE_SHAPE, LATENT_DIM, widths),
        autoencoder.decoder(IMAGE_SHAPE, LATENT_DIM, widths),
    )


def _infomax() -> tuple[keras.Model, keras.Model]:
    widths = (FLAGS.width // 2, FLAGS.width)
    return (
        infomax.encoder(IMAGE_SHAPE, LATENT_DIM, widths, widths[-1:]),
        infomax.image_discriminator(IMAGE_SHAPE, LATENT_DIM, widths),
    )


def _deep_infomax() -> DeepInfoMax:
    encoder, global_discriminator = _infomax()
    map_shape = tuple(encoder.outputs[0].shape[1:])
    return DeepInfoMax(encoder, global_discriminator, infomax.local_discriminator(map_shape, LATENT_DIM))


MODELS = {
    "wgan_div": lambda: WGANDiv(*_dcgan()),
    "rsgan": lambda: RSGAN(*_dcgan()),
    "f_gan": lambda: FGAN(*_dcgan()),
    "wgan_sn": lambda: GAN(*_dcgan("persistent"), adversarial_loss="wasserstein"),
    "vae": lambda: VAE(*_autoencoder()),
    "vae_clustering": lambda: ClusteringVAE(*_autoencoder(), autoencoder.classifier(LATENT_DIM, num_clusters=10)),
    "deep_infomax": _deep_infomax,
    "vae_mutual_information": lambda: DecoderFreeVAE(*_infomax(), estimator="info_nce", num_shuffles=31),
}


def define_flags() -> None:
    """Defines the flags of this benchmark."""
    flags.DEFINE_enum("model", "wgan_div", list(MODELS), "Whose step; wgan_sn: a WGAN with spectral normalisation.")
    flags.DEFINE_integer("batch_size", 64, "Images per update.", lower_bound=2)
    flags.DEFINE_integer("width", 64, "Channels: a GAN's at half the size, an encoder's at a quarter.", lower_bound=1)
    flags.DEFINE_integer("steps", 20, "Steps per round.", lower_bound=1)
    flags.DEFINE_integer("rounds", 9, "Rounds; the median of each contestant is printed.", lower_bound=1)
    flags.DEFINE_boolean("record", False, "Keep the result for the table in docs/.")
    flags.DEFINE_string("torch_python", sys.executable, "A Python interpreter that has PyTorch.")


def make_model() -> ReproducibleModel:
    """The model whose step is measured."""
    model = MODELS[FLAGS.model]()
    model.compile()
    return model


class InFit:
    """The step in `model.fit`, without callbacks."""

    def __init__(self, images: datasets.Images):
        self.model = make_model()
        self.images = images
        self(2)

    def __call__(self, steps: int) -> float:
        """Makes steps and returns the seconds that they took, the iterator's start excluded."""
        clock = _Clock()
        batches = datasets.batches(self.images, FLAGS.batch_size * self.model.real_batches_per_step)
        self.model.fit(batches, steps_per_epoch=steps, verbose=0, shuffle=False, callbacks=[clock])
        return clock.seconds


class InBareLoop:
    """A step, the model's own or one made from it, compiled by hand and called in a loop."""

    def __init__(self, images: datasets.Images, step_of: Callable = lambda model: model.train_step):
        self.model = make_model()
        batch_size = FLAGS.batch_size * self.model.real_batches_per_step
        self.batches = iter(datasets.batches(images, batch_size))
        spec = tf.TensorSpec([batch_size, *IMAGE_SHAPE])
        self.step = tf.function(step_of(self.model)).get_concrete_function(spec)
        self(2)

    def __call__(self, steps: int) -> float:
        """Makes steps and returns the seconds that they took."""
        start = time.perf_counter()
        for _ in range(steps):
            results = self.step(next(self.batches))
        tf.nest.flatten(results)[0].numpy()
        return time.perf_counter() - start


class InTorch:
    """The same networks and loss in eager PyTorch, in a process of its own."""

    def __init__(self, images: datasets.Images):
        batches = np.stack(list(datasets.batches(images, FLAGS.batch_size, num_steps=FLAGS.steps).as_numpy_iterator()))
        numbers = [FLAGS.steps, FLAGS.batch_size, LATENT_DIM, FLAGS.width, len(os.sched_getaffinity(0))]
        script = Path(__file__).with_name("torch_wgan_div.py")
        self.version = ""
        if shutil.which(FLAGS.torch_python) is None:
            return
        with tempfile.NamedTemporaryFile() as file:
            batches.tofile(file.name)
            self.process = subprocess.Popen(
                [FLAGS.torch_python, str(script), file.name, *map(str, numbers)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                text=True,
            )
            self.version = self.process.stdout.readline().removeprefix("ready").strip()

    @property
    def installed(self) -> bool:
        """Whether the interpreter has PyTorch."""
        return bool(self.version)

    def __call__(self, steps: int) -> float:
        """Makes steps and returns the seconds that they took."""
        print(steps, file=self.process.stdin, flush=True)
        return float(self.process.stdout.readline())

    def peak_memory(self) -> int:
        """Ends the process and returns its peak memory in bytes."""
        return int(self.process.communicate()[0])


class _Clock(keras.callbacks.Callback):
    """Seconds between the beginning of the first batch and the end of the last."""

    def on_train_batch_begin(self, batch, logs=None):
        """Starts."""
        if batch == 0:
            self.start = time.perf_counter()

    def on_epoch_end(self, epoch, logs=None):
        """Stops."""
        self.seconds = time.perf_counter() - self.start


def main(argv: list[str]) -> None:
    """Measures and prints."""
    del argv
    logging.set_verbosity(logging.WARNING)
    images = datasets.load("mnist_5k")
    contestants = {
        "model.fit": InFit(images),
        "bare loop": InBareLoop(images),
        "written by hand": InBareLoop(images, hand_written.STEPS[FLAGS.model]),
    }
    torch = InTorch(images) if FLAGS.model == "wgan_div" else None
    if torch and torch.installed:
        contestants[f"PyTorch {torch.version}, eager"] = torch
    seconds = {name: [] for name in contestants}
    rates = []
    for _ in range(FLAGS.rounds):
        rates.append(operations.matrix_product_rate())
        for name, run in contestants.items():
            seconds[name].append(run(FLAGS.steps) / FLAGS.steps)

    by_hand, loop = seconds["written by hand"], seconds["bare loop"]
    ratios = {name: _median_ratio(values, by_hand) for name, values in seconds.items()}
    print(f"{FLAGS.model}, networks of 28 pixels, width {FLAGS.width}, batch {FLAGS.batch_size}")
    print(f"medians of {FLAGS.rounds} rounds of {FLAGS.steps} steps\n")
    print(f"{'':28}{'ms per step':>12}{'over by hand':>17}")
    for name, values in seconds.items():
        print(f"{name:28}{1000 * statistics.median(values):12.1f}{ratios[name]:17.3f}")

    count = operations.matrix_operations(contestants["bare loop"].step, FLAGS.batch_size)
    share = statistics.median(count / value / rate for value, rate in zip(loop, rates, strict=True))
    print(f"\n{count / 1e9:.2f} billion operations per step in convolutions and matrix products")
    print(f"{share:.2f} of the matrix product's rate ({statistics.median(rates) / 1e9:.0f} billion per second)")
    peak = 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(f"\npeak memory: {_gigabytes(peak)} for all TensorFlow models together")
    if torch and torch.installed:
        print(f"             {_gigabytes(torch.peak_memory())} for PyTorch's")
    elif torch:
        print("PyTorch is not installed, so there is no comparison")
    if FLAGS.record:
        milliseconds = {name: 1000 * statistics.median(values) for name, values in seconds.items()}
        tables.keep("train_step", FLAGS.model, {"milliseconds": milliseconds, "ratios": ratios, "rate": share})


def _median_ratio(values: list[float], bases: list[float]) -> float:
    """Round by round, since the machine drifts."""
    return statistics.median(value / base for value, base in zip(values, bases, strict=True))


def _gigabytes(size: int) -> str:
    return f"{size / 2**30:.2f} GiB"


if __name__ == "__main__":
    define_flags()
    app.run(main)
