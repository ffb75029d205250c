"""What is typed on the command line, turned into values: ``0.9:1.3:0.1``, ``d=5.84``, ``L=20:60``."""

from __future__ import annotations

import math
from collections.abc import Sequence

from slxrd.errors import SlxrdError
from slxrd.regions import Noise, Region


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
    """A fraction of the maximum, ``counting`` or ``file``."""
    if text is None:
        return None
    if text == "counting":
        return "counting"
    if text == "file":
        return "file"
    try:
        return float(text)
    except ValueError:
        raise SlxrdError(
            f"--noise {text}: give a fraction of the maximum such as 0.03, or counting, or file"
        ) from None
