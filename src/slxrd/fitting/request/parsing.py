"""Parse values from the command line: ``0.9:1.3:0.1``, ``d=5.84``, ``L=20:60``."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

from slxrd.data.noise import FORMS, Noise, noise_source
from slxrd.data.regions import Region
from slxrd.errors import SlxrdError
from slxrd.instrument.broadening import ResolutionShape
from slxrd.instrument.calibration.file import read_resolution


def number(text: str, what: str) -> float:
    """Read a finite number; ``what`` names the argument in the error."""
    try:
        value = float(text)
    except ValueError:
        raise SlxrdError(f"{what}: {text!r} is not a number") from None
    if not math.isfinite(value):
        raise SlxrdError(f"{what}: {text!r} is not a finite number")
    return value


def region(text: str) -> Region:
    """``QMIN:QMAX`` or ``QMIN:QMAX:WEIGHT``, in Å⁻¹."""
    parts = text.split(":")
    if len(parts) not in (2, 3):
        raise SlxrdError(f"--region {text}: write QMIN:QMAX or QMIN:QMAX:WEIGHT, in Å⁻¹")
    low, high, *rest = (number(part, f"--region {text}") for part in parts)
    return Region(low, high, rest[0] if rest else 1.0)


def resolution(text: str) -> float | ResolutionShape:
    """Read σ_G in Å⁻¹, or the file that ``slxrd resolution`` wrote."""
    try:
        return number(text, "--resolution")
    except SlxrdError:
        if "." not in text and not Path(text).exists():
            raise
    return read_resolution(text)


def interval(text: str, argument: str) -> tuple[float, float]:
    """``A:B``; ``argument`` is the whole argument as it was typed, for the error."""
    parts = text.split(":")
    if len(parts) != 2:
        raise SlxrdError(f"{argument}: write two numbers, A:B")
    return number(parts[0], argument), number(parts[1], argument)


def assignments(texts: Sequence[str], what: str) -> dict[str, str]:
    """``NAME=VALUE``, each name once."""
    result: dict[str, str] = {}
    for text in texts:
        name, sign, value = text.partition("=")
        name, value = name.strip(), value.strip()
        if not (sign and name and value):
            raise SlxrdError(f"{what} {text}: write NAME=VALUE")
        if name in result:
            raise SlxrdError(f"{what} {text}: {name} is given twice")
        result[name] = value
    return result


def values(texts: Sequence[str], what: str) -> dict[str, float]:
    """``NAME=NUMBER``."""
    return {name: number(text, f"{what} {name}={text}") for name, text in assignments(texts, what).items()}


def intervals(texts: Sequence[str], what: str) -> dict[str, tuple[float, float]]:
    """``NAME=A:B``."""
    return {name: interval(text, f"{what} {name}={text}") for name, text in assignments(texts, what).items()}


def noise(text: str | None) -> Noise | None:
    """Read a fraction of the maximum, or a source of σ; see :func:`slxrd.data.noise.noise_source`."""
    if text is None:
        return None
    try:
        return float(text)
    except ValueError:
        pass
    try:
        noise_source(text)
    except SlxrdError:
        raise SlxrdError(f"--noise {text}: must be {FORMS}") from None
    return text


#: Units of length after a number, in Å; the longer names first.
_LENGTHS = {"nm": 10.0, "um": 1e4, "µm": 1e4, "μm": 1e4, "Å": 1.0, "": 1.0}


def length(text: str, argument: str) -> float:
    """``500nm``, ``1.2um`` or a number of Å, in Å; ``argument`` is the whole argument, for the error."""
    unit = next(unit for unit in _LENGTHS if text.strip().endswith(unit))
    try:
        return _LENGTHS[unit] * number(text.strip().removesuffix(unit), argument)
    except SlxrdError:
        raise SlxrdError(f"{argument}: write a number of Å, or one with nm or um behind it") from None


def film(text: str) -> tuple[str, float]:
    """``FORMULA:DENSITY``, the density in g/cm³."""
    formula, sign, density = text.partition(":")
    if not (sign and formula.strip()):
        raise SlxrdError(f"--film {text}: write FORMULA:DENSITY, such as CsPbBr3:4.8 (g/cm³)")
    return formula.strip(), number(density, f"--film {text}")


def numbers(text: str, what: str) -> list[int]:
    """``2,5``: whole numbers, parted by commas."""
    try:
        return [int(part) for part in text.split(",")]
    except ValueError:
        raise SlxrdError(f"{what} {text}: write whole numbers parted by commas, such as 2,5") from None


#: A side of a map: parameter, ends, and number of points, as far as they are given.
Side = tuple[str, tuple[float, float] | None, int | None]


def sides(text: str) -> tuple[Side, Side]:
    """``L,N``, ``L=30:45,N=11:15`` or ``L=30:45:40,N``: the two sides of a map."""
    argument, parts = f"--map {text}", text.split(",")
    if len(parts) != 2:
        raise SlxrdError(f"{argument}: write two parameters, optionally with ranges, such as L=30:45,N=11:15")
    return _side(parts[0], argument), _side(parts[1], argument)


def _side(text: str, argument: str) -> Side:
    name, sign, rest = (part.strip() for part in text.partition("="))
    if not sign:
        return name, None, None
    parts = rest.split(":")
    if len(parts) not in (2, 3):
        raise SlxrdError(f"{argument}: write the range of {name} as {name}=A:B or {name}=A:B:POINTS")
    ends = number(parts[0], argument), number(parts[1], argument)
    if len(parts) == 2:
        return name, ends, None
    if not parts[2].strip().isdecimal():
        raise SlxrdError(f"{argument}: {parts[2]!r} is not a number of points")
    return name, ends, int(parts[2])
