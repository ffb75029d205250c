"""Whether a state can be fitted, as far as that can be told without its file."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import pairwise
from typing import Any

from slxrd.data.pattern import AXES
from slxrd.errors import SlxrdError
from slxrd.fitting.api import as_region, sample_of
from slxrd.fitting.objective.settings import Settings
from slxrd.fitting.record.request import (
    DEFAULTS,
    KEYS,
    WAYS,
    State,
    Way,
    arguments_of,
    is_number,
    plain,
    resolution_of,
)
from slxrd.instrument.diffractometer import ZEROS, Instrument
from slxrd.io.shared.column_choice import parse_column_choice
from slxrd.parameters.parameter_set import Parameters
from slxrd.units import radiation


def check(state: State, *, files: bool = True) -> None:
    """See that a state can be fitted, as far as that can be told without its pattern.

    Parameters
    ----------
    state : State
        Any.
    files : bool
        Whether crystals are looked up, which may be files.

    Raises
    ------
    SlxrdError
        If a name is unknown or a value cannot be.
    """
    for group, known in KEYS.items():
        for key in getattr(state, group):
            if key not in known:
                raise SlxrdError(f"{group}: unknown name {key!r}; there are {', '.join(known)}")
        for key, value in plain(getattr(state, group)).items():
            fits, sentence = _SHAPES[WAYS.get(key, "text")]
            if not (fits(value) or (key == "resolution" and isinstance(value, dict))):
                raise SlxrdError(f"{key} {value!r}: {sentence}")
    for name in ("file", "sha256"):
        if not isinstance(getattr(state, name), str | None):
            raise SlxrdError(f"{name} {getattr(state, name)!r}: must be a text")
    _check_reading(state.reading)
    angle = state.preparation.get("monochromator")
    if angle is not None and not 0.0 <= angle < 90.0:
        raise SlxrdError(f"monochromator {angle!r}: its Bragg angle must be between 0 and 90°")
    if angle is not None and state.preparation.get("no_lp"):
        raise SlxrdError("monochromator belongs to the Lorentz-polarisation correction; leave no_lp out")
    _check_choices(state.choices, files)


def _check_reading(reading: Mapping[str, Any]) -> None:
    axis, scan, columns = reading.get("axis"), reading.get("scan"), reading.get("columns")
    if axis is not None and axis not in AXES:
        raise SlxrdError(f"axis {axis!r} is not one of {', '.join(AXES)}")
    if "wavelength" in reading:
        radiation(reading["wavelength"])
    if scan is not None and scan < 1:
        raise SlxrdError(f"scan {scan!r}: scans are counted from 1")
    if columns is not None:
        parse_column_choice(str(columns))


def _check_choices(choices: Mapping[str, Any], files: bool) -> None:
    given = arguments_of(choices, resolve=False)
    regions = sorted((as_region(region) for region in given.get("regions", ())), key=lambda r: r.low)
    for one, other in pairwise(regions):
        if other.low < one.high:
            raise SlxrdError(
                f"regions {one.low:g}:{one.high:g} and {other.low:g}:{other.high:g} overlap; move them apart"
            )
    for pair in given.get("mask", ()):
        if len(pair) != 2 or not pair[0] < pair[1]:
            raise SlxrdError(f"mask {pair!r}: give two numbers, the lower end first, in Å⁻¹")
    if files or not {"crystal", "partner"}.intersection(given):
        parameters_of(choices)
    noise = given.get("noise")
    if noise not in (None, "counting", "file") and not (is_number(noise) and noise > 0.0):
        raise SlxrdError(f"noise {noise!r}: must be a positive fraction of the maximum, counting or file")
    resolution = given.get("resolution", DEFAULTS["resolution"])
    if isinstance(resolution, Mapping):
        resolution_of(resolution)
    else:
        Instrument(resolution if is_number(resolution) else 0.0)
    if given.get("zero", "q") not in ZEROS:
        raise SlxrdError(f"zero {given['zero']!r} is not one of {', '.join(ZEROS)}")
    Settings(
        given.get("objective", DEFAULTS["objective"]), given.get("scale"),
        given.get("background", DEFAULTS["background"]),
    )  # fmt: skip


def parameters_of(choices: Mapping[str, Any]) -> Parameters:
    """The parameters that choices ask for: starts, bounds, fixed or free.

    Raises
    ------
    SlxrdError
        If they contradict one another, or the structure.
    """
    return sample_of(arguments_of(choices, resolve=False))[1]


def _row(value: object, *lengths: int) -> bool:
    return isinstance(value, list) and len(value) in lengths and all(map(is_number, value))


def _named(value: object, fits: Callable[[object], bool]) -> bool:
    return isinstance(value, dict) and all(map(fits, value.values()))


def _whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


_SHAPES: dict[Way, tuple[Callable[[object], bool], str]] = {
    "flag": (lambda value: isinstance(value, bool), "must be true or false"),
    "text": (lambda value: isinstance(value, str) or is_number(value), "must be a text or a number"),
    "word": (lambda value: isinstance(value, str), "must be a text"),
    "whole": (_whole, "must be a whole number"),
    "number": (is_number, "must be a number"),
    "names": (
        lambda value: isinstance(value, list) and all(isinstance(name, str) for name in value),
        "give a list of names",
    ),
    "spans": (
        lambda value: isinstance(value, list) and all(_row(item, 2, 3) for item in value),
        "give a list of (from, to) in Å⁻¹",
    ),
    "values": (lambda value: _named(value, is_number), "give names with a number each"),
    "pairs": (lambda value: _named(value, lambda pair: _row(pair, 2)), "give names with two numbers each"),
    "ties": (
        lambda value: _named(value, lambda item: isinstance(item, str)),
        "give names with an expression each",
    ),
}
