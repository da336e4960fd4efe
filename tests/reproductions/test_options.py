"""Options: their flags, bounds and help, and the choices that the library has."""

import dataclasses
from dataclasses import dataclass
from typing import Literal

import pytest

from keras_gen.callbacks import initial_clusters
from keras_gen.losses import f_divergences, gradient_sampling, mutual_information, relativistic
from keras_gen.models import clustering_vae, deep_infomax, input_noise
from keras_gen.networks.glow import COUPLINGS, MIXINGS
from keras_gen.networks.spectral_normalization import SPECTRAL_NORMALIZATIONS
from reproductions.__main__ import reproductions
from reproductions.harness.command_line import as_arguments, parse
from reproductions.harness.errors import UsageError
from reproductions.harness.options import Options, as_flags, option, options


@dataclass(frozen=True, kw_only=True)
class Base(Options):
    """Every one."""

    steps: int = option(4, "Steps.", at_least=1, at_most=1_000)
    name: str | None = option(None, "Name.")


@dataclass(frozen=True, kw_only=True)
class Own(Base):
    """Its own."""

    rate: float = option(0.5, "Rate.", above=0)
    kind: Literal["none", "all"] = option("none", "Kind.")
    size: int | None = option(None, "Size.", at_least=2)
    fast: bool = option(False, "Fast.")
    widths: list[int] = option([64, 64], "Widths.", at_least=1)


def given(*argv):
    return Own(**parse(argv, [Own], lambda: "help"))


def test_an_option_that_another_makes_idle_is_refused_only_where_it_was_given():
    @dataclass(frozen=True, kw_only=True)
    class Choice(Options):
        """A choice."""

        kind: Literal["one", "two", "three"] = option("one", "Which.")
        size: int = option(3, "Of two of them.", only={"kind": ("two", "three")})
        weight: float = option(1.0, "Of a term.")
        term: str = option("t", "The term.", only={"weight": None, "kind": ("one",)})

    Choice().check_used([])
    Choice(kind="two", size=4).check_used(["kind", "size"])
    with pytest.raises(
        UsageError, match="^--size=4: --kind=one does not use it; leave it out, or give --kind=two or t"
    ):
        Choice(size=4).check_used(["size"])
    with pytest.raises(UsageError, match="^--size=3: "):  # its default, but it was asked for
        Choice().check_used(["size"])
    Choice(term="u").check_used(["term"])
    with pytest.raises(UsageError, match="^--term=u: --weight=0.0 does not use it; leave it out, or give another --w"):
        Choice(term="u", weight=0.0).check_used(["term", "weight"])
    with pytest.raises(UsageError, match="^--term=u: --kind=two does not use it; leave it out, or give --kind=one$"):
        Choice(term="u", kind="two").check_used(["term"])
    assert [one.name for one in Choice(weight=0.0, kind="two").idle()] == ["term"]
    for reproduction in reproductions().values():
        known = options(reproduction.configuration_class)
        for one in known:
            for name, allowed in one.only.items():
                (other,) = (another for another in known if another.name == name)
                assert other.kind in (int, float) if allowed is None else set(allowed) < set(other.choices)


def test_options_are_of_the_class_that_declares_them():
    assert [(one.name, one.group) for one in options(Own)] == [
        *((name, "Its own") for name in ("rate", "kind", "size", "fast", "widths")),
        *((name, "Every one") for name in ("steps", "name")),
    ]


@pytest.mark.parametrize(
    ("argv", "name", "value"),
    [
        (["--steps=7"], "steps", 7),
        (["--steps", "7"], "steps", 7),
        (["--rate=1e-3"], "rate", 1e-3),
        (["--kind=none"], "kind", "none"),  # a choice, not None
        (["--size=none"], "size", None),
        (["--size=3"], "size", 3),
        (["--fast"], "fast", True),
        (["--nofast"], "fast", False),
        (["--fast=true"], "fast", True),
        (["--widths=3,4,5"], "widths", [3, 4, 5]),
        (["--name=a=b c,d"], "name", "a=b c,d"),
    ],
)
def test_a_flag_sets_its_value(argv, name, value):
    values = given(*argv)
    assert getattr(values, name) == value and type(getattr(values, name)) is type(value)
    assert dataclasses.replace(values, **{name: getattr(Own(), name)}) == Own()


def test_only_flags_that_are_given_are_values():
    assert parse(["--size=none", "--nofast"], [Own], lambda: "help") == {"size": None, "fast": False}


@pytest.mark.parametrize(
    ("argv", "complaint"),
    [
        (["--steps=0"], "--steps=0: give a whole number from 1 to 1000"),
        (["--steps=1001"], "--steps=1001: give a whole number from 1 to 1000"),
        (["--steps=2.5"], "--steps=2.5: give a whole number"),
        (["--rate=0"], "--rate=0.0: give a finite number above 0"),
        (["--rate=nan"], "--rate=nan: give a finite number"),
        (["--rate=inf"], "--rate=inf: give a finite number"),
        (["--rate=fast"], "--rate=fast: give a finite number"),
        (["--rate=none"], "--rate=none: give a finite number"),
        (["--kind=some"], "--kind=some: choose one of none, all"),
        (["--widths=3,0"], "--widths=3,0: give whole numbers of at least 1, as in 1,2,3"),
        (["--widths="], "--widths=: give whole numbers"),
        (["--stpes=3"], "Unknown command line flag 'stpes'. Did you mean: steps ?; --help lists the flags"),
        (["--name", "--steps=3"], "--name: give a value before --steps=3; --help says which"),
        (["smoke"], "smoke: not a flag; flags begin with --, and --help lists them"),
    ],
)
def test_what_cannot_be_is_named(argv, complaint):
    with pytest.raises(UsageError) as error:
        given(*argv)
    assert str(error.value).startswith(complaint)


def test_values_are_checked_wherever_they_come_from():
    with pytest.raises(UsageError, match="--rate=-1: give a finite number above 0"):
        Own(rate=-1)
    with pytest.raises(UsageError, match="--steps=4.0: give a whole number"):
        Own(steps=4.0)
    with pytest.raises(UsageError, match="--steps=true: give a whole number"):
        Own().replace({"steps": True})
    assert Own(rate=2).rate == 2


def test_arguments_give_the_values_again():
    values = Own(rate=1e-7 / 3, kind="all", size=5, fast=True, widths=[1], name="two words", steps=9)
    assert given(*as_arguments(values, Own())) == values
    changed = parse(as_arguments(Own(), values), [Own], lambda: "help")
    assert values.replace(changed) == Own()
    assert as_arguments(values, values) == []


def test_flags_are_plain():
    flags = as_flags(Own())
    assert flags["widths"] == [64, 64] and flags["size"] is None and list(flags)[0] == "steps"
    assert Own().widths is not Own().widths


# Choices are written out in the scripts, which do not import the library; here they are held against it.
CHOICES = {
    ("wgan_div", "sampling"): gradient_sampling.SAMPLINGS,
    ("wgan_div", "spectral_normalization"): SPECTRAL_NORMALIZATIONS,
    ("rsgan", "h"): tuple(relativistic.H),
    ("rsgan", "pairs"): relativistic.PAIRS,
    ("f_gan", "divergence"): f_divergences.names(),
    ("f_vae", "coupling"): COUPLINGS,
    ("f_vae", "mixing"): MIXINGS,
    ("f_vae", "input_noise"): input_noise.INPUT_NOISES,
    ("vae_clustering", "ratio"): clustering_vae.RATIOS,
    ("vae_clustering", "initial_means"): ("zeros", "normal", *initial_clusters.METHODS),
    ("vae_mutual_information", "estimator"): mutual_information.names(),
    ("deep_infomax", "global_pairs"): deep_infomax.GLOBAL_PAIRS,
    ("deep_infomax", "kl_reduction"): deep_infomax.KL_REDUCTIONS,
}


@pytest.mark.parametrize(("script", "name"), CHOICES)
def test_choices_are_the_librarys(script, name):
    (found,) = (one for one in options(reproductions()[script].configuration_class) if one.name == name)
    assert found.choices == CHOICES[script, name]


def test_a_number_that_is_a_text_is_shown_as_one():
    with pytest.raises(UsageError, match=r"^--steps='8': give a whole number from 1 to 1000$"):
        Own(steps="8")
