"""The speed of flows: `python -m benchmarks.flows --width=128`, or `--depths=2,4,8,16` for tracing alone.

In one run, in turn: `keras_gen.models.Glow`, TensorFlow Probability's `tfb.Glow`, and normflows in PyTorch, if it is
installed (or with --torch_python=PYTHON, an interpreter that has it). All have the same sizes: 32x32x3, three levels
of steps of act norm, 1x1 convolution and affine coupling, with networks of 3x3, 1x1 and 3x3 convolutions. Each is a
process of its own; measured are its training step (Adam), sampling, tracing, the first step, the arithmetic rate of the
step as a share of the machine's own matrix product, and memory. With --record the result goes to `benchmarks/results/`,
and `python -m benchmarks.tables` makes the tables in docs/ of it.
"""

import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
from absl import app, flags

from benchmarks import tables

FLAGS = flags.FLAGS
HERE = Path(__file__).parent
# What is measured of a contestant, with the format for printing.
TITLES = {
    "step": ("ms per step", ".0f"),
    "step_ratio": ("ratio", ".2f"),
    "sample": ("ms to sample", ".0f"),
    "sample_ratio": ("ratio", ".2f"),
    "trace": ("trace, s", ".1f"),
    "trace_ratio": ("ratio", ".2f"),
    "first_step": ("first step, s", ".1f"),
    "rate": ("of matrix rate", ".2f"),
    "memory": ("GiB", ".2f"),
    "parameters": ("parameters", ",.0f"),
}
OURS = [sys.executable, "-m", "benchmarks.tensorflow_flows", "keras_gen"]


def define_flags() -> None:
    """Defines the flags of this benchmark."""
    flags.DEFINE_integer("width", 32, "Channels inside the coupling networks.", lower_bound=1)
    flags.DEFINE_integer("depth", 8, "Steps per level.", lower_bound=1)
    flags.DEFINE_list("depths", None, "Instead: the time to trace our Glow at these depths, and its growth.")
    flags.register_validator(
        "depths", lambda depths: all(depth.isdigit() and int(depth) for depth in depths or []), "give numbers above 0"
    )
    flags.DEFINE_integer("batch_size", 16, "Images per step.", lower_bound=1)
    flags.DEFINE_integer("steps", 5, "Steps per round.", lower_bound=1)
    flags.DEFINE_integer("rounds", 9, "Rounds; the median of each contestant is printed.", lower_bound=1)
    flags.DEFINE_boolean("record", False, "Keep the result for the tables in docs/.")
    flags.DEFINE_string("torch_python", sys.executable, "A Python interpreter that has PyTorch and normflows.")


class Contestant:
    """A process that makes training steps and samples on request.

    Attributes:
        missing: The message about a package that is not installed; empty if the process runs. Any other failure ends
            the benchmark with the message of the process.
    """

    def __init__(self, command: list[str], depth: int):
        sizes = [FLAGS.width, depth, FLAGS.batch_size]
        self.errors = tempfile.TemporaryFile("w+")  # noqa: SIM115 - open as long as the process
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": self.errors}
        try:
            self.process = subprocess.Popen([*command, *map(str, sizes)], **pipes, text=True, cwd=HERE.parent)
        except OSError as error:
            sys.exit(f"error: {command[0]} cannot be started: {error.strerror}")
        self.missing = ""
        self.beginning = self._answer().split()
        self.seconds: dict[str, list[float]] = {"step": [], "sample": []}

    def measure(self, what: str, repetitions: int) -> None:
        """Lets it make so many steps or batches of samples, and notes the seconds per repetition."""
        print(what, repetitions, file=self.process.stdin, flush=True)
        self.seconds[what].append(float(self._answer()) / repetitions)

    def _answer(self) -> str:
        """The process's next line; none if a package is missing.

        Raises:
            SystemExit: It failed otherwise.
        """
        line = self.process.stdout.readline()
        if line:
            return line.removeprefix("ready ")
        self.process.wait()
        self.errors.seek(0)
        said = self.errors.read().strip()
        reason = said.split("\n")[-1]
        if reason.startswith("ModuleNotFoundError"):
            self.missing = reason
            return ""
        sys.exit(f"{said}\nerror: {' '.join(self.process.args)} failed: {reason}")

    def peak_memory(self) -> int:
        """Ends the process and returns its peak memory in bytes."""
        return int(self.process.communicate()[0])


def main(argv: list[str]) -> None:
    """Measures and prints."""
    del argv
    if FLAGS.depths:
        compare_depths(list(map(int, FLAGS.depths)))
        return
    # One after the other, so that each is traced alone.
    commands = {
        "keras_gen": OURS,
        "tfb.Glow": [sys.executable, "-m", "benchmarks.tensorflow_flows", "tfb"],
        "normflows": [FLAGS.torch_python, str(HERE / "torch_flows.py")],
    }
    contestants = {name: Contestant(command, FLAGS.depth) for name, command in commands.items()}
    missing = {name: contestant.missing for name, contestant in contestants.items() if contestant.missing}
    contestants = {name: contestant for name, contestant in contestants.items() if name not in missing}
    for _ in range(FLAGS.rounds):
        for what in ("step", "sample"):
            for contestant in contestants.values():
                contestant.measure(what, FLAGS.steps)

    print(f"32x32x3, 3 levels of {FLAGS.depth} steps, width {FLAGS.width}, batch {FLAGS.batch_size}")
    print(f"medians of {FLAGS.rounds} rounds of {FLAGS.steps}; ratios to keras_gen\n")
    print(" " * 12 + "".join(f"{title:>15}" for title, _ in TITLES.values()))
    measured = {name: compared(contestant, contestants["keras_gen"]) for name, contestant in contestants.items()}
    for name, values in measured.items():
        print(f"{name:12}" + "".join(f"{values[key]:>15{form}}" for key, (_, form) in TITLES.items()))
    for name, reason in missing.items():
        print(f"{name} is not installed, so there is no comparison: {reason}")
    if FLAGS.record:
        tables.keep("flows", f"width {FLAGS.width}", measured)


def compared(contestant: Contestant, ours: Contestant) -> dict[str, float]:
    """What was measured of a contestant, by the keys of `TITLES`, with its ratios to ours; ends its process."""
    values = {}
    for what in ("step", "sample"):
        pairs = zip(contestant.seconds[what], ours.seconds[what], strict=True)
        values[what] = 1000 * statistics.median(contestant.seconds[what])
        values[f"{what}_ratio"] = statistics.median(theirs / own for theirs, own in pairs)
    trace, first_step, parameters = map(float, contestant.beginning[:3])
    # Of a step in PyTorch nothing is counted; its layers are the same.
    operations, rate = map(float, contestant.beginning[3:] or ours.beginning[3:])
    return values | {
        "trace": trace,
        "trace_ratio": trace / float(ours.beginning[0]),
        "first_step": first_step,
        "rate": operations / (values["step"] / 1000) / rate,
        "memory": contestant.peak_memory() / 2**30,
        "parameters": parameters,
    }


def compare_depths(depths: list[int]) -> None:
    """Traces ours at several depths, each in a process of its own, and prints the exponent e of seconds ~ depth^e."""
    seconds = []
    for depth in depths:
        contestant = Contestant(OURS, depth)
        seconds.append(float(contestant.beginning[0]))
        contestant.peak_memory()
        print(f"3 levels of {depth:3} steps, width {FLAGS.width}: {seconds[-1]:6.2f} s to trace", flush=True)
    if len(depths) > 1:
        exponent = np.polyfit(np.log(depths), np.log(seconds), 1)[0]
        print(f"trace time ~ depth^{exponent:.2f}")
        if FLAGS.record:
            by_depth = dict(zip(map(str, depths), seconds, strict=True))
            tables.keep("flow_depths", f"width {FLAGS.width}", {"seconds": by_depth, "exponent": float(exponent)})


if __name__ == "__main__":
    define_flags()
    app.run(main)
