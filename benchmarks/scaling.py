"""Training on more replicas: `python -m benchmarks.scaling --script=wgan_div`.

Measured: images per second of the script's laptop preset, in one process on one core and in two on two, which exchange
over the loopback address. Counted, for its paper preset: what a replica computes and exchanges in a step. Predicted
from that: the step on 8, 64 and 512 GPUs, with the arithmetic; what is assumed of GPUs and networks are flags. With
--record the two parts go to `scaling.json` and `scaling_predicted.json` in `benchmarks/results/`, each where it was
made (--nomeasure, --nopredict), of which `python -m benchmarks.tables` makes the tables in docs/.

The assumptions: an NVIDIA A100's peak for float32 tensors, 156e12 operations per second in TF32 (312e12 in bfloat16),
and its NVLink, 600 GB/s, half of it in each direction, are from NVIDIA's data sheet of the A100; the share of the peak
that is reached and the latencies are guesses of the usual order. A slower GPU, or a smaller share, scales better. A
random number is guessed at a hundred operations (ten rounds of Philox, Box and Muller's logarithm, root and sine), of
which an A100 makes 19.5e12 a second at its peak outside of matrix products, and as large a share is reached. The
Ethernet of 100 Gbit/s is that of a machine, or of each GPU alone: a ring crosses it once in each direction.
"""

import csv
import importlib
import os
import subprocess
import sys
import tempfile
from dataclasses import asdict
from pathlib import Path

import tensorflow as tf
from absl import app, flags, logging

from benchmarks import exchange, scaling_tables, tables
from benchmarks.prediction import Gpu, Network, predict
from reproductions.harness.configuration import RunConfiguration
from reproductions.harness.reproduction import Reproduction
from reproductions.harness.workers import loopback_cluster
from reproductions.pages import SCRIPTS

FLAGS = flags.FLAGS
GPUS = (8, 64, 512)
# Shapes of the data sets that have one of their own; the others have the preset's image_size, in colour.
SHAPES = {"cifar10": (32, 32, 3), "fashion_mnist": (28, 28, 1)}
ROOT = Path(__file__).parents[1]


def define_flags() -> None:
    """Defines the flags of this benchmark."""
    flags.DEFINE_enum("script", "wgan_div", SCRIPTS, "The script whose presets are used.")
    flags.DEFINE_boolean("measure", True, "Whether to measure one and two processes.")
    flags.DEFINE_boolean("predict", True, "Whether to count the paper preset's step and predict.")
    flags.DEFINE_boolean("record", False, "Keep what is measured and what is predicted for the tables in docs/.")
    flags.DEFINE_integer("steps", 60, "Steps of a measurement; the first third is not counted.", lower_bound=3)
    flags.DEFINE_float("peak", 156e12, "Floating-point operations per second of a GPU, at its peak.")
    flags.DEFINE_float("reached", 0.3, "Share of the peak that is reached.")
    flags.DEFINE_float("noise_rate", 58e9, "Random numbers per second of a GPU.")
    flags.DEFINE_float("nvlink", 300.0, "NVLink: GB/s in each direction.")
    flags.DEFINE_float("nvlink_latency", 3.0, "NVLink: microseconds per hop.")
    flags.DEFINE_float("ethernet", 12.5, "Ethernet: GB/s in each direction; 100 Gbit/s are 12.5.")
    flags.DEFINE_float("ethernet_latency", 25.0, "Ethernet: microseconds per hop.")


def images_per_second(processes: int) -> float:
    """Throughput of the script, with each process on its own core."""
    every = FLAGS.steps // 3
    intervals = [f"--{name}={every}" for name in ("log_every", "sample_every", "evaluate_every", "checkpoint_every")]
    cores = sorted(os.sched_getaffinity(0))
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", f"reproductions.{FLAGS.script}", f"--steps={3 * every}", *intervals]
        workers = [
            subprocess.Popen(
                ["taskset", "--cpu-list", str(cores[i % len(cores)]), *command, f"--output_dir={folder}/run"],
                env={**os.environ, "TF_CONFIG": config},
                stdout=subprocess.DEVNULL,
                cwd=ROOT,
            )
            for i, config in enumerate(loopback_cluster(processes) if processes > 1 else ["{}"])
        ]
        if any([worker.wait() for worker in workers]):
            sys.exit(f"error: {FLAGS.script} failed")
        with open(Path(folder, "run", "metrics.csv"), newline="") as file:
            first, *_, last = csv.DictReader(file)
    batch_size = _configuration("laptop").batch_size
    return 2 * every * batch_size / (float(last["seconds"]) - float(first["seconds"]))


def count() -> exchange.Exchange:
    """What a replica computes and exchanges in a step of the paper preset, with the whole batch of the preset."""
    (cpu,) = tf.config.list_physical_devices("CPU")
    tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)
    strategy = tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])
    configuration, build = _configuration("paper"), _reproduction().build
    shape = _image_shape(configuration)
    # Some steps split their batch among several updates.
    rows = configuration.batch_size * build(configuration, shape, 1).real_batches_per_step
    return exchange.count(strategy, lambda: build(configuration, shape, 2), rows, shape)


def predicted(counted: exchange.Exchange) -> dict:
    """Counts, assumptions and predictions, as recorded."""
    batch_size, gpu = _configuration("paper").batch_size, Gpu(FLAGS.peak * FLAGS.reached, FLAGS.noise_rate)
    networks = [
        Network("NVLink", FLAGS.nvlink * 1e9, FLAGS.nvlink_latency * 1e-6),
        Network("Ethernet", FLAGS.ethernet * 1e9, FLAGS.ethernet_latency * 1e-6),
    ]
    return {
        "batch_size": batch_size,
        "operations": counted.operations,
        "noise": counted.noise,
        "gradients": _summary(counted.gradients),
        "statistics": _summary(counted.statistics),
        "gathered": _summary(counted.gathered),
        "returned": _summary(counted.returned),
        "assumptions": {
            "peak": FLAGS.peak,
            "reached": FLAGS.reached,
            "noise_rate": FLAGS.noise_rate,
            "networks": {one.name: {"bandwidth": one.bandwidth, "latency": one.latency} for one in networks},
        },
        "predictions": [
            _prediction(counted, replicas, network, gpu, share)
            for replicas in GPUS
            for share in (1, 1 / replicas)  # the preset's batch for each GPU, and over all of them
            for network in networks
            if share * batch_size >= 1
        ],
    }


def _prediction(counted: exchange.Exchange, replicas: int, network: Network, gpu: Gpu, share: float) -> dict:
    step = predict(counted, replicas, network, gpu, share)
    case = {"replicas": replicas, "share": share, "network": network.name}
    return case | {"seconds": asdict(step), "efficiency": step.efficiency}


def _summary(sizes: list[int]) -> dict[str, int]:
    return {"bytes": sum(sizes), "tensors": len(sizes)}


def print_predictions(result: dict) -> None:
    """Prints a table of predictions, and the arithmetic of one."""
    batch_size = result["batch_size"]
    parts = " + ".join(result["predictions"][0]["seconds"])
    print(f"\n{FLAGS.script}, paper preset: {batch_size} images of {_image_shape(_configuration('paper'))} per update")
    print(f"GPUs, network, images of a GPU: ms of {parts}, efficiency")
    for one in result["predictions"]:
        images = f"{one['share'] * batch_size:g}"
        seconds = " + ".join(f"{1e3 * part:.2f}" for part in one["seconds"].values())
        print(f"{one['replicas']:4}  {one['network']:10}{images:>4}{seconds:>46}{one['efficiency']:8.0%}")
    print("\n" + "\n".join(scaling_tables.arithmetic(FLAGS.script, result)))


def _reproduction() -> Reproduction:
    return importlib.import_module(f"reproductions.{FLAGS.script}").REPRODUCTION


def _configuration(preset: str) -> RunConfiguration:
    return _reproduction().presets[preset]


def _image_shape(configuration: RunConfiguration) -> tuple[int, int, int]:
    return SHAPES.get(configuration.dataset, (configuration.image_size, configuration.image_size, 3))


def main(argv: list[str]) -> None:
    """Measures, counts and predicts."""
    del argv
    logging.set_verbosity(logging.WARNING)
    if FLAGS.measure:
        one, two = images_per_second(1), images_per_second(2)
        print(f"{FLAGS.script}, laptop preset: {one:.1f} images per second in one process, {two:.1f} in two")
        print(f"{two / one:.2f} times as many", flush=True)
        if FLAGS.record:
            tables.keep("scaling", FLAGS.script, {"images_per_second": {"1": one, "2": two}, "steps": FLAGS.steps})
    if FLAGS.predict:
        result = predicted(count())
        print_predictions(result)
        if FLAGS.record:
            tables.keep("scaling_predicted", FLAGS.script, result)


if __name__ == "__main__":
    define_flags()
    app.run(main)
