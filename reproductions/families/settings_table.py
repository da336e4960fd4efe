"""A table of settings: those of the author's script beside ours."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import zip_longest

from reproductions.reporting import markdown

SAME = "the same"
# From the name of a setting to what it is; a network's holds a line for each layer.
Settings = Mapping[str, str | tuple[str, ...]]


def rendered(author: Settings, ours: Settings, preset: str = "paper") -> str:
    """A row per setting and per layer: the author's, and what differs in ours."""
    return markdown.table(("", "the author's script", f"the `{preset}` preset"), compared(author, ours))


def compared(author: Settings, ours: Settings) -> list[tuple[str, str, str]]:
    """Name, his and ours of every setting, a layer each; of ours, what differs."""
    return [
        (name, his or "none", _differing(his, our))
        for setting in author
        for name, his, our in _lines(setting, author[setting], ours[setting])
    ]


def _lines(setting: str, his: str | tuple[str, ...], ours: str | tuple[str, ...]) -> Iterator[tuple[str, str, str]]:
    if isinstance(his, str) or isinstance(ours, str):
        yield setting, str(his), str(ours)
    else:
        for i, (one, other) in enumerate(zip_longest(his, ours, fillvalue=""), 1):
            yield f"{setting} {i}", one, other


def _differing(his: str, ours: str) -> str:
    """The parts of a line of ours that differ from his."""
    parts, others = ours.split(", "), his.split(", ")
    if len(parts) != len(others):
        return ours or "none"
    return ", ".join(part for part, other in zip(parts, others, strict=True) if part != other) or SAME
