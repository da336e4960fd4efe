"""Options: fields of a frozen dataclass from which flags, their bounds and `--help` are derived.

    @dataclass(frozen=True, kw_only=True)
    class Configuration(Options):
        "WGAN-div."

        k: float = option(2.0, "Weight of the gradient term.", above=0)
        sampling: Literal["real", "fake"] | None = option(None, "Where the gradient is measured.")

The annotation gives the type (int, float, bool, str, a Literal of texts, or a list of one of these, each with or
without None), the first line of the class's docstring the heading of its group in `--help`.
"""

import dataclasses
import inspect
import math
import re
import types
import typing
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal, Self

from reproductions.harness.errors import UsageError

# By the names of other options, the values of which each must have one; None stands for all but 0.
Conditions = Mapping[str, tuple[str, ...] | None]


def option(
    default: Any,
    help: str,
    *,
    above: float | None = None,
    at_least: float | None = None,
    at_most: float | None = None,
    only: Conditions | None = None,
) -> Any:
    """A field of an `Options` class.

    Args:
        default: Its value where nothing else is given; a list is copied.
        help: What it is, in a sentence.
        above: The value, or each of a list, must be larger.
        at_least: It must be no smaller.
        at_most: It must be no larger.
        only: Under which values of other options this one is used; None if it always is.
    """
    metadata = {"help": help, "above": above, "at_least": at_least, "at_most": at_most, "only": only or {}}
    if isinstance(default, list):
        return dataclasses.field(default_factory=lambda: list(default), metadata=metadata)
    return dataclasses.field(default=default, metadata=metadata)


@dataclass(frozen=True)
class Option:
    """What is known of one option.

    Attributes:
        name: The field's name, and the flag's.
        kind: The type of the value, or of each value in a list: int, float, bool or str.
        choices: The texts that are allowed; empty if all are.
        several: Whether the value is a list.
        optional: Whether it may be None.
        help: What it is.
        group: Heading of its group.
        above: Bound from below, itself excluded.
        at_least: Bound from below.
        at_most: Bound from above.
        only: Under which values of other options this one is used.
    """

    name: str
    kind: type
    choices: tuple[str, ...]
    several: bool
    optional: bool
    help: str
    group: str
    above: float | None
    at_least: float | None
    at_most: float | None
    only: Conditions

    @property
    def expected(self) -> str:
        """What to give, in words."""
        if self.choices:
            return f"choose one of {', '.join(self.choices)}"
        noun = {int: "whole number", float: "finite number", bool: "true or false", str: "text"}[self.kind]
        if self.kind in (bool, str):
            return f"give {noun}"
        if self.several:
            return f"give {noun}s{self._bounds}, as in 1,2,3"
        return f"give a {noun}{self._bounds}"

    @property
    def _bounds(self) -> str:
        if self.at_least is not None and self.at_most is not None:
            return f" from {self.at_least:.12g} to {self.at_most:.12g}"
        return "".join(
            f" {words} {bound:.12g}"
            for words, bound in (("above", self.above), ("of at least", self.at_least), ("of at most", self.at_most))
            if bound is not None
        )

    def check(self, value: Any) -> None:
        """Checks a value.

        Raises:
            UsageError: It is of another type, no choice, or out of bounds.
        """
        if value is None and self.optional:
            return
        values = value if self.several else [value]
        if not isinstance(values, list | tuple) or not all(map(self._allows, values)):
            shown = repr(value) if self._is_a_number_in_quotes(value) else self.text(value)
            raise UsageError(f"--{self.name}={shown}: {self.expected}")

    def _is_a_number_in_quotes(self, value: Any) -> bool:
        """Whether a value, such as that of a variant of a study, is a text where a number is wanted."""
        return self.kind in (int, float) and isinstance(value, str) and re.fullmatch(r"-?\d+", value) is not None

    def _allows(self, value: Any) -> bool:
        if self.kind is float:
            right = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
        else:
            right = type(value) is self.kind
        return (
            right
            and (not self.choices or value in self.choices)
            and (self.above is None or value > self.above)
            and (self.at_least is None or value >= self.at_least)
            and (self.at_most is None or value <= self.at_most)
        )

    def parse(self, text: str) -> Any:
        """The value that a text on the command line stands for; `none` is None where that is allowed.

        Raises:
            UsageError: It stands for none.
        """
        if self.optional and text.lower() == "none" and "none" not in self.choices:
            return None
        try:
            values = [self.kind(part) for part in (text.split(",") if self.several else [text])]
        except ValueError as error:
            raise UsageError(f"--{self.name}={text}: {self.expected}") from error
        return values if self.several else values[0]

    @staticmethod
    def text(value: Any) -> str:
        """A value as it stands on the command line; `parse` reads it."""
        if isinstance(value, list | tuple):
            return ",".join(map(Option.text, value))
        return str(value).lower() if value is None or isinstance(value, bool) else str(value)


@dataclass(frozen=True, kw_only=True)
class Options:
    """Base of the classes whose fields are options; a value that cannot be is refused."""

    def __post_init__(self) -> None:
        for one in options(type(self)):
            one.check(getattr(self, one.name))

    def check_used(self, given: Iterable[str]) -> None:
        """Checks that the options that were given, by their names, have an effect beside the others.

        Raises:
            UsageError: One has none.
        """
        for one in self.idle():
            if one.name in given:
                other = next(self._unmet(one))
                own, others = (one.text(getattr(self, name)) for name in (one.name, other))
                allowed = one.only[other]
                advice = f"give --{other}={' or '.join(allowed)}" if allowed else f"give another --{other}"
                raise UsageError(f"--{one.name}={own}: --{other}={others} does not use it; leave it out, or {advice}")

    def idle(self) -> list[Option]:
        """The options that have no effect beside the values of the others."""
        return [one for one in options(type(self)) if any(self._unmet(one))]

    def _unmet(self, one: Option) -> Iterator[str]:
        """The other options that keep one from having an effect."""
        for other, allowed in one.only.items():
            value = getattr(self, other)
            if (not value) if allowed is None else value not in allowed:
                yield other

    def replace(self, changes: Mapping[str, Any]) -> Self:
        """The same options with some values changed.

        Raises:
            UsageError: A value cannot be.
        """
        return dataclasses.replace(self, **changes)


_FOUND: dict[type, tuple[Option, ...]] = {}


def options(cls: type[Options]) -> tuple[Option, ...]:
    """The options of a class, those of its own first, then those of the classes that it derives from."""
    if cls not in _FOUND:  # to read the hints takes long beside all else that is done with options
        _FOUND[cls] = tuple(_options(cls))
    return _FOUND[cls]


def _options(cls: type[Options]) -> Iterator[Option]:
    hints = typing.get_type_hints(cls)
    groups = {}
    for base in cls.__mro__:  # from the class to its bases: the first that declares a field has the last word
        for name in inspect.get_annotations(base):
            groups[name] = _heading(base)
    fields = {field.name: field for field in dataclasses.fields(cls)}
    for name in sorted(fields, key=[*groups].index):
        yield Option(name=name, group=groups[name], **_described_type(hints[name]), **fields[name].metadata)


def _heading(cls: type) -> str:
    return (inspect.getdoc(cls) or cls.__name__).splitlines()[0].rstrip(".")


def _described_type(hint: Any) -> dict[str, Any]:
    parts = typing.get_args(hint) if typing.get_origin(hint) in (typing.Union, types.UnionType) else (hint,)
    optional = types.NoneType in parts
    (kind,) = (part for part in parts if part is not types.NoneType)
    several = typing.get_origin(kind) in (list, tuple)
    if several:
        kind = typing.get_args(kind)[0]
    choices = typing.get_args(kind) if typing.get_origin(kind) is Literal else ()
    return {"kind": str if choices else kind, "choices": choices, "several": several, "optional": optional}


def as_flags(values: Options) -> dict[str, Any]:
    """The values by the names of their flags, as JSON can hold them."""
    found = {field.name: getattr(values, field.name) for field in dataclasses.fields(values)}
    return {name: list(value) if isinstance(value, tuple) else value for name, value in found.items()}
