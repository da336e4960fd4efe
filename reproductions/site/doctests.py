"""Examples in docstrings, lines that begin with `>>>`, are shown as code in the reference: an extension of Griffe."""

import re
from typing import Any

import griffe

EXAMPLE = re.compile(r"^>>> .*(?:\n.+)*", re.MULTILINE)


class Doctests(griffe.Extension):
    """Puts examples between fences."""

    def on_package(self, *, pkg: griffe.Module, **kwargs: Any) -> None:
        """Looks at every docstring of a package."""
        _fence(pkg)


def _fence(found: griffe.Object) -> None:
    if found.docstring is not None:
        found.docstring.value = EXAMPLE.sub(lambda example: f"```python\n{example[0]}\n```", found.docstring.value)
    for member in found.members.values():
        if not member.is_alias:
            _fence(member)  # type: ignore[arg-type]
