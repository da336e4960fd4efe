"""The cost of noise: `python -m benchmarks.noise`.

Measured in one process, in turn: the training step of a model's laptop preset with the noise of `keras_gen.utils.noise`
and with that of TensorFlow's kernels for floats; and noise alone, with and without XLA. Each ratio is that of two
medians. The step with TensorFlow's kernels is there twice; the ratio of the two shows how far times vary by themselves.
With --record the results go to `benchmarks/results/noise.json`, of which `python -m benchmarks.tables` makes the table
in docs/.
"""

import contextlib
import importlib
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from unittest import mock

import tensorflow as tf
from absl import app, flags, logging

from benchmarks import tables
from keras_gen.models.flow_model import FlowModel
from keras_gen.utils import noise
from reproductions.studies import budgets

FLAGS = flags.FLAGS
# Script, flags that change its laptop preset, and the shape of the images.
STEPS = {
    "wgan_div": ("wgan_div", budgets.USUAL, (28, 28, 1)),
    "vae_clustering": ("vae_clustering", {}, (28, 28, 1)),
    "f_vae": ("f_vae", {}, (32, 32, 1)),
    "f_vae --model=glow": ("f_vae", {"model": "glow"}, (32, 32, 1)),
}
SIZES = (8_192, 196_608)
KERNELS = {"uniform": tf.random.stateless_uniform, "normal": tf.random.stateless_normal}
Run = Callable[[], object]


def define_flags() -> None:
    """Defines the flags of this benchmark."""
    flags.DEFINE_multi_enum("step", list(STEPS), list(STEPS), "A training step to measure; may be repeated.")
    flags.DEFINE_integer("rounds", 101, "Runs of each contestant; medians are printed.", lower_bound=1)
    flags.DEFINE_boolean("record", False, "Keep the results for the table in docs/.")


@contextlib.contextmanager
def tensorflow_kernels() -> Iterator[None]:
    """A step that is traced in here draws from TensorFlow's kernels for floats."""

    def rows(kernel: Callable, first: tf.Tensor, num_rows: int, row_shape: Sequence[int], seed: tf.Tensor) -> tf.Tensor:
        """The rows of the first replica: the benchmark has no other."""
        del first
        return kernel([num_rows, *row_shape], seed, alg="philox")

    replaced = {f"{name}_rows": lambda *args, kernel=kernel: rows(kernel, *args) for name, kernel in KERNELS.items()}
    replaced["fold_in"] = lambda seed, number: tf.random.fold_in(seed, number, alg="philox")
    with mock.patch.multiple(noise, **replaced):
        yield


def step_contestants(name: str) -> dict[str, Run]:
    """A training step for each kind of noise."""
    script, changes, image_shape = STEPS[name]
    reproduction = importlib.import_module(f"reproductions.{script}").REPRODUCTION
    configuration = reproduction.presets["laptop"].replace(changes)
    model = reproduction.build(configuration, image_shape, 1)
    batch_size = configuration.batch_size * model.real_batches_per_step
    images = tf.random.stateless_uniform([batch_size, *image_shape], [0, 0], -1, 1)

    if isinstance(model, FlowModel):
        model.initialize(images)

    def traced() -> Run:
        step = tf.function(lambda x: model.train_step(x), autograph=False).get_concrete_function(images)
        return lambda: step(images)

    contestants = {"ours": traced()}
    with tensorflow_kernels():
        return contestants | {"kernels": traced(), "kernels again": traced()}


def draw_contestants(name: str, size: int) -> dict[str, Run]:
    """Noise alone, ours and TensorFlow's, with and without XLA."""
    seed = tf.constant([1, 2], tf.int64)
    draws = {"ours": getattr(noise, name), "kernels": lambda shape, seed: KERNELS[name](shape, seed, alg="philox")}

    def compiled(draw: Callable, xla: bool) -> Run:
        function = tf.function(lambda seed: draw([size], seed), jit_compile=xla, autograph=False)
        return lambda: function(seed)

    return {
        f"{contestant}{suffix}": compiled(draw, xla)
        for contestant, draw in draws.items()
        for suffix, xla in (("", False), (", XLA", True))
    }


def milliseconds(contestants: dict[str, Run]) -> dict[str, float]:
    """The median time of each contestant.

    They take turns, every other time in reverse, so that none always follows the same one; two turns go first
    unmeasured.
    """
    seconds = {name: [] for name in contestants}
    for run in 2 * list(contestants.values()):
        run()
    turn = list(contestants)
    for _ in range(FLAGS.rounds):
        turn.reverse()
        for name in turn:
            start = time.perf_counter()
            _wait(contestants[name]())
            seconds[name].append(time.perf_counter() - start)
    return {name: 1000 * statistics.median(values) for name, values in seconds.items()}


def _wait(result: object) -> None:
    for tensor in tf.nest.flatten(result):
        tensor.numpy()


def report(case: str, medians: dict[str, float], ratios: dict[str, float]) -> None:
    """Prints what was measured of a case, and keeps it."""
    times = ", ".join(f"{name} {value:.2f} ms" for name, value in medians.items())
    print(f"{case}: {times}; " + ", ".join(f"{name} {value:.3f}" for name, value in ratios.items()), flush=True)
    if FLAGS.record:
        tables.keep("noise", case, {"milliseconds": medians, "ratios": ratios})


def main(argv: list[str]) -> None:
    """Measures and prints."""
    del argv
    logging.set_verbosity(logging.WARNING)
    for name in FLAGS.step:
        medians = milliseconds(step_contestants(name))
        report(
            f"step of {name}",
            medians,
            {
                "ours / kernels": medians["ours"] / medians["kernels"],
                "kernels again / kernels": medians["kernels again"] / medians["kernels"],
            },
        )
    for name in KERNELS:
        for size in SIZES:
            medians = milliseconds(draw_contestants(name, size))
            report(
                f"{size} {name} numbers",
                medians,
                {
                    "ours / kernels": medians["ours"] / medians["kernels"],
                    "XLA: ours / kernels": medians["ours, XLA"] / medians["kernels, XLA"],
                },
            )


if __name__ == "__main__":
    define_flags()
    app.run(main)
