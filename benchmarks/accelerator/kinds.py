"""The kinds of descriptions in parcels, and what each must hold.

A file may come from another version, from another folder or out of an editor: whoever reads a description relies on
what is checked here.
"""

import re
from collections.abc import Callable
from typing import Any

Check = Callable[[Any], bool]

RUN, STEP, RESULT = "run", "step", "result"
CALLED = {RUN: "a run to train", STEP: "a step to time", RESULT: "the result of a run"}
# Who fills a folder, for the message of another.
FROM = {RUN: "`send` packed", STEP: "`send_steps` packed", RESULT: "`train` left"}
DTYPES = ("float32", "float16", "bfloat16", "float64", "int64", "int32", "uint32", "uint16", "uint8", "bool")


def is_text(value: Any) -> bool:
    """Whether it is a text."""
    return isinstance(value, str)


def is_content(value: Any) -> bool:
    """Whether it is a content's name: nothing else may become part of a path."""
    return isinstance(value, str) and re.fullmatch("[0-9a-f]{32}", value) is not None


def is_number(value: Any) -> bool:
    """Whether it is a number; NaN is one."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def whole(least: int = 0) -> Check:
    """Whether it is a whole number of at least so much."""
    return lambda value: type(value) is int and value >= least


def is_flag(value: Any) -> bool:
    """Whether it is true or false."""
    return isinstance(value, bool)


def list_of(check: Check) -> Check:
    """Whether it is a list whose elements pass."""
    return lambda value: isinstance(value, list) and all(map(check, value))


def table_of(check: Check, keys: str = ".*") -> Check:
    """Whether it is an object whose values pass, under keys of that pattern."""
    return lambda value: (
        isinstance(value, dict) and all(re.fullmatch(keys, key) and check(found) for key, found in value.items())
    )


def having(**checks: Check) -> Check:
    """Whether it is an object that has these keys, whose values pass."""
    return lambda value: isinstance(value, dict) and missing(value, checks) is None


def missing(value: dict[str, Any], checks: dict[str, Check]) -> str | None:
    """The first key that an object lacks, or has with another kind of value."""
    return next((key for key, check in checks.items() if key not in value or not check(value[key])), None)


is_shape = list_of(whole())
is_type = having(shape=is_shape, dtype=lambda value: value in DTYPES)
is_array = having(content=is_content, shape=is_shape, dtype=lambda value: value in DTYPES)
is_pack = having(contents=list_of(is_content), arrays=list_of(lambda value: value is None or is_type(value)))
are_pictures = having(shape=is_shape, pixels=is_content, pictures=list_of(is_content))
are_files = having(
    shape=is_shape, pixels=is_content, files=is_content, sizes=is_array, places=is_array, values=is_array
)

OF_STEPS: dict[str, Check] = {
    "script": is_text,
    "step": is_content,
    "terms": list_of(is_text),
    "written": list_of(whole()),
}
HOLDS: dict[str, dict[str, Check]] = {
    RUN: OF_STEPS
    | {
        "number": whole(),
        "flags": table_of(lambda value: True),
        "output_dir": is_text,
        "sent_from": is_content,
        "command": list_of(is_text),
        "variables": list_of(
            lambda value: is_array(value) and having(place=whole(), kind=is_text)(value),
        ),
        "snapshot": list_of(whole()),
        "images": lambda value: are_pictures(value) or are_files(value),
        "order": is_array,
        "first_step": whole(),
        "last_step": whole(1),
        "report_every": whole(1),
        "measure_every": whole(1),
        "snapshots": whole(),
        "half": is_flag,
        "optimizers": is_flag,
    },
    STEP: OF_STEPS
    | {
        "precision": is_text,
        "batch_size": whole(1),
        "image_shape": is_shape,
        "batch_shape": is_shape,
        "parameters": whole(),
        "variables": list_of(is_type),
    },
    RESULT: {
        "of": is_content,
        "device": is_text,
        "jax": is_text,
        "step": whole(1),
        "rows": list_of(lambda value: having(step=whole(1), seconds=is_number)(value) and table_of(is_number)(value)),
        "snapshots": table_of(is_pack, r"\d{1,9}"),
        "variables": is_pack,
    },
}


def fault(description: Any, kind: str) -> str | None:
    """What is wrong with something as a description of a kind, and what to do; None if nothing is."""
    remedy = f"give a folder that holds what {FROM[kind]}"
    if not isinstance(description, dict) or description.get("kind") not in tuple(CALLED):
        return f"is not {CALLED[kind]}; {remedy}"
    if description["kind"] != kind:
        return f"is {CALLED[description['kind']]}, not {CALLED[kind]}; {remedy}"
    key = missing(description, HOLDS[kind])
    if key is None and kind != RESULT and not all(i < len(description["variables"]) for i in _numbers(description)):
        key = "variables"
    if key is None:
        return None
    return f"is damaged, or of another version: its entry {key!r} cannot be used; copy it again, or make it anew"


def _numbers(description: dict[str, Any]) -> list[int]:
    return description["written"] + description.get("snapshot", [])
