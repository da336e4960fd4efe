"""Settings of the studies whose runs have the options of a script and more."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, make_dataclass
from typing import Any

from reproductions.harness.configuration import RunConfiguration


def extended(
    presets: Mapping[str, RunConfiguration], options: Iterable[tuple[str, Any, Any]], steps: int, preset: str = "laptop"
) -> dict[str, RunConfiguration]:
    """The smoke preset of a script and another, with more options.

    Args:
        presets: The script's.
        options: Name, type and `option(...)` of each.
        steps: Of the other preset, in the place of the script's.
        preset: Which other.
    """
    cls = make_dataclass(
        "Settings",
        options,
        bases=(type(presets[preset]),),
        namespace={"__doc__": "What is compared."},
        frozen=True,
        kw_only=True,
    )
    return {
        "smoke": cls(**asdict(presets["smoke"])),
        preset: cls(**asdict(presets[preset]) | {"steps": steps}),
    }
