"""Tables of what `benchmarks.scaling` recorded, made from records by hand."""

from dataclasses import asdict

import pytest

from benchmarks import scaling_tables
from benchmarks.exchange import Exchange
from benchmarks.prediction import Gpu, Network, predict

COUNTED = Exchange(
    operations=4e12,
    gradients=[60_000_000, 40_000_000],
    statistics=[4_000] * 30,
    gathered=[8_000, 1_000],
    returned=[8_000],
    noise=10**6,
)
GPU = Gpu(rate=40e12, noise_rate=50e9)
NETWORKS = [Network("NVLink", 300e9, 3e-6), Network("Ethernet", 12.5e9, 25e-6)]


def prediction(replicas, network, share):
    step = predict(COUNTED, replicas, network, GPU, share)
    case = {"replicas": replicas, "network": network.name, "share": share}
    return case | {"seconds": asdict(step), "efficiency": step.efficiency}


@pytest.fixture
def result():
    cases = [(8, 1), (8, 1 / 8), (512, 1)]
    return {
        "batch_size": 64,
        "operations": COUNTED.operations,
        "noise": COUNTED.noise,
        "gradients": {"bytes": 100_000_000, "tensors": 2},
        "statistics": {"bytes": 120_000, "tensors": 30},
        "gathered": {"bytes": 9_000, "tensors": 2},
        "returned": {"bytes": 8_000, "tensors": 1},
        "assumptions": {
            "peak": 160e12,
            "reached": 0.25,
            "noise_rate": GPU.noise_rate,
            "networks": {one.name: {"bandwidth": one.bandwidth, "latency": one.latency} for one in NETWORKS},
        },
        "predictions": [prediction(n, network, share) for n, share in cases for network in NETWORKS],
    }


def test_measured():
    record = {"f_gan": {"images_per_second": {"1": 40.0, "2": 70.0}, "steps": 60}}
    assert scaling_tables.measured(record).splitlines()[-1] == "| `f_gan` | 40.0 | 70.0 | 1.75 |"


def test_predicted(result):
    heading, _, row = scaling_tables.predicted({"f_gan": result}).splitlines()
    percent = [f"{100 * one['efficiency']:.0f}" for one in result["predictions"]]
    # Shortest on 512 GPUs: over NVLink. Its own million numbers take 20 us, the whole batch's 512 times as long.
    step = sum(result["predictions"][4]["seconds"].values())
    assert row == (
        f"| `f_gan` | 64 | 4,000 | 100.0 in 2 | 30 | 9.0 in 2 | {percent[0]} / {percent[4]} % "
        f"| {percent[1]} / {percent[5]} % | {percent[2]} / {percent[3]} % "
        f"| {100 * 20e-6 / step:.2f} / {100 * 512 * 20e-6 / step:.1f} % |"
    )
    assert "NVLink: 8 / 512 GPUs" in heading and "the same number over all 8 GPUs: NVLink / Ethernet" in heading


def test_the_arithmetic_that_is_shown_is_that_of_the_prediction(result):
    lines = scaling_tables.arithmetic("f_gan", result)
    assert lines[0] == "f_gan on 512 GPUs over Ethernet, 64 images each"
    assert lines[1:6] and lines[6].endswith(f"{result['predictions'][-1]['efficiency']:.0%}")
    units = {" GB/s": "e9", "e9/s": "e9", "e12/s": "e12", " MB": " * 1e6", " us": "e-6"}
    words = {" operations": "", " numbers": "", " hops": "", " x ": " * ", ",": ""}
    for line, (name, seconds) in zip(lines[1:6], result["predictions"][-1]["seconds"].items(), strict=True):
        shown, milliseconds = line.removeprefix(name).removesuffix(" ms").rsplit("=", 1)
        for old, new in (units | words).items():
            shown = shown.replace(old, new)
        assert eval(shown.strip()) == pytest.approx(seconds, rel=1e-3)
        assert float(milliseconds) == pytest.approx(1e3 * seconds, abs=1e-3)


def test_one_arithmetic_stands_below_the_table(result):
    shown = scaling_tables.predicted({"f_gan": result, scaling_tables.EXAMPLE: result})
    assert f"```text\n{scaling_tables.EXAMPLE} on 512 GPUs" in shown and shown.endswith("```")
