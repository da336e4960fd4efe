"""The table of the trained models that come with the package, from their cards."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from reproductions.reporting import markdown

# What the table says of a model, by the names of measures.
MEASURES = {
    "frechet_distance": "Fréchet distance {:.3g}",
    "class_accuracy": "class accuracy {:.2f}",
    "bits_per_dimension": "{:.2f} bits per dimension",
    "purity": "purity {:.2f}",
    "neighbor_accuracy_5": "class by 5 neighbours {:.2f}",
    "linear_probe": "linear probe {:.2f}",
}


def table(cards: Mapping[str, dict[str, Any]]) -> str:
    """One row per model.

    Args:
        cards: The cards of `keras_gen.zoo`, by the models' names.
    """
    columns = ("model", "from", "trained on", "measured at the end", "licence of the data")
    return markdown.table(columns, [_row(name, card) for name, card in cards.items()])


def commands(cards: Mapping[str, dict[str, Any]]) -> str:
    """What trains each of them again."""
    lines = [f"{card['command']} --output_dir=runs/{name}" for name, card in cards.items()]
    return "\n".join(["```bash", *lines, "```"])


# What a page can show, by the words of its blocks.
BLOCKS = {"table": table, "commands": commands}


def _row(name: str, card: dict[str, Any]) -> list[str]:
    last, flags = card["evaluations"][-1], card["flags"]
    measured = [text.format(last[measure]) for measure, text in MEASURES.items() if measure in last]
    features = (card["measure"] or {}).get("features")
    if "frechet_distance" in last and features:
        measured[0] += f" ({features['network']})"
    script, data = card["script"], card["data"].removeprefix("folder:")
    return [
        f"`{name}`",
        f"[{script}](../reproductions/{script}.md)",
        f"{data}, {card['steps']:,} steps of {flags['batch_size']}, seed {flags['seed']}",
        ", ".join(measured),
        card["licence"],
    ]
