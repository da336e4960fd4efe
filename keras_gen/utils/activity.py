"""What takes long, by name, for a program that shows it: the library itself prints nothing."""

import contextlib
from collections.abc import Iterator

_activities: list[str] = []


@contextlib.contextmanager
def activity(name: str) -> Iterator[None]:
    """What is done inside goes by this name, such as "writing a checkpoint"."""
    _activities.append(name)
    try:
        yield
    finally:
        _activities.pop()


def current_activity() -> str | None:
    """The name of what is being done, the innermost; None outside any."""
    return _activities[-1] if _activities else None
