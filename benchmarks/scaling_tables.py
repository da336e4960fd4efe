"""What `benchmarks.scaling` recorded, as text: tables for docs/distributed.md, and the arithmetic of a prediction."""

import math
from collections.abc import Sequence

from reproductions.reporting.markdown import table

# The script whose arithmetic is shown on the page.
EXAMPLE = "wgan_div"


def measured(record: dict) -> str:
    """One row per script: images per second in one process and in two."""
    rows = []
    for script, result in sorted(record.items()):
        one, two = result["images_per_second"].values()
        rows.append([f"`{script}`", f"{one:.1f}", f"{two:.1f}", f"{two / one:.2f}"])
    return table(("script", "images per second, one process", "two", "times as many"), rows)


def predicted(record: dict) -> str:
    """One row per script: what was counted, efficiencies by network, and noise; then one script's arithmetic."""
    rows = []
    for script, result in sorted(record.items()):
        weak, strong = (_by_network(result, one_batch_each) for one_batch_each in (True, False))
        eight = [predictions[0] for predictions in strong.values() if predictions]
        rows.append(
            [
                f"`{script}`",
                str(result["batch_size"]),
                f"{result['operations'] / 1e9:,.0f}",
                f"{result['gradients']['bytes'] / 1e6:,.1f} in {result['gradients']['tensors']}",
                str(result["statistics"]["tensors"]),
                _gathered(result["gathered"]),
                *(_percentages(predictions) for predictions in weak.values()),
                _percentages(eight),
                f"{100 * own_noise(result):.2f} / {100 * whole_noise(result):.1f} %",
            ]
        )
    first = next(iter(record.values()))
    networks = _by_network(first, True)
    gpus = " / ".join(str(prediction["replicas"]) for prediction in next(iter(networks.values())))
    columns = (
        "script",
        "images a GPU",
        "billion operations",
        "gradients, MB in tensors",
        "small sums",
        "gathered, kB in tensors",
        *(f"{network}: {gpus} GPUs" for network in networks),
        f"the same number over all {first['predictions'][0]['replicas']} GPUs: {' / '.join(networks)}",
        "noise: own rows / the whole batch's",
    )
    shown = table(columns, rows)
    if EXAMPLE in record:
        shown += "\n\n" + "\n".join(["```text", *arithmetic(EXAMPLE, record[EXAMPLE]), "```"])
    return shown


def arithmetic(script: str, result: dict) -> list[str]:
    """The arithmetic of the last prediction: a batch per GPU, on the most GPUs, over the slowest network."""
    last = _with_a_batch_each(result)[-1]
    n, seconds = last["replicas"], last["seconds"]
    assumed = result["assumptions"]
    network = assumed["networks"][last["network"]]
    speed, latency = f"{network['bandwidth'] / 1e9:g} GB/s", f"{1e6 * network['latency']:g} us"
    up = math.ceil(math.log2(n))

    def summed(name: str) -> str:
        tensors, size = result[name]["tensors"], result[name]["bytes"] / 1e6
        return f"2 x {n - 1}/{n} x {size:,.3f} MB / {speed} + {tensors} x {2 * up} hops x {latency}"

    rate = f"({assumed['reached']:g} x {assumed['peak'] / 1e12:g}e12/s)"
    parts = {
        "computing": f"{result['operations'] / 1e9:,.0f}e9 operations / {rate}",
        "noise": f"{result['noise']:,} numbers / {assumed['noise_rate'] / 1e9:g}e9/s",
        "gradients": summed("gradients"),
        "statistics": summed("statistics"),
    }
    if result["gathered"]["tensors"]:
        there, back = result["gathered"], result["returned"]
        sent = f"{n - 1} x ({there['bytes'] / 1e6:,.3f} + 2 x {back['bytes'] / 1e6:,.3f}) MB / {speed}"
        parts["gathered"] = f"{sent} + ({there['tensors']} + 2 x {back['tensors']}) x {up} hops x {latency}"
    whole = n * result["noise"] / assumed["noise_rate"]
    return [
        f"{script} on {n} GPUs over {last['network']}, {result['batch_size']} images each",
        *(f"{name:11}{sum_:84} = {1e3 * seconds[name]:8.3f} ms" for name, sum_ in parts.items()),
        f"{'efficiency':11}{'(computing + noise) / all of it':84} = {last['efficiency']:8.0%}",
        f"{'if each drew the noise of the whole batch: ' + f'{n} x noise':95} = {1e3 * whole:8.3f} ms",
    ]


def own_noise(result: dict) -> float:
    """The noise of a replica's own rows, as a share of the shortest step on the most GPUs."""
    step = _shortest_of_the_most(result)
    return step["seconds"]["noise"] / sum(step["seconds"].values())


def whole_noise(result: dict) -> float:
    """The noise of the whole batch, as a share of the same step: the cost if every replica drew all of it."""
    return _shortest_of_the_most(result)["replicas"] * own_noise(result)


def _gathered(summary: dict[str, int]) -> str:
    return f"{summary['bytes'] / 1e3:,.1f} in {summary['tensors']}" if summary["tensors"] else ""


def _shortest_of_the_most(result: dict) -> dict:
    each = _with_a_batch_each(result)
    most = [prediction for prediction in each if prediction["replicas"] == each[-1]["replicas"]]
    return min(most, key=lambda prediction: sum(prediction["seconds"].values()))


def _with_a_batch_each(result: dict) -> list[dict]:
    return [prediction for prediction in result["predictions"] if prediction["share"] == 1]


def _by_network(result: dict, one_batch_each: bool) -> dict[str, list[dict]]:
    """The predictions over each network, those with a batch for each GPU or those with one over all."""
    return {
        network: [
            prediction
            for prediction in result["predictions"]
            if prediction["network"] == network and (prediction["share"] == 1) == one_batch_each
        ]
        for network in result["assumptions"]["networks"]
    }


def _percentages(predictions: Sequence[dict]) -> str:
    return " / ".join(f"{100 * prediction['efficiency']:.0f}" for prediction in predictions) + " %"
