"""Patterns of one sample, ordered by a variable such as temperature, time or position."""

from __future__ import annotations

import hashlib
import math
from collections import Counter
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from slxrd._escape import on_one_line
from slxrd.data.pattern import Pattern
from slxrd.errors import SlxrdError

#: Relative difference below which wavelengths are the same.
_SAME_WAVELENGTH = 1e-4
#: Factor between a highest intensity and the median of all above which the scales differ.
_ANOTHER_SCALE = 30.0
#: Factor between both ends of two ranges above which their units differ.
_ANOTHER_UNIT = 4.0


@dataclass(frozen=True)
class LeftOut:
    """Pattern that is not in the series.

    Parameters
    ----------
    source : str
        File of the pattern.
    why : str
        Reason.
    """

    source: str
    why: str


@dataclass(frozen=True)
class Series:
    """Patterns of one sample, ordered by the variable.

    Parameters
    ----------
    patterns : tuple of Pattern
        In ascending order of the variable.
    values : tuple of float
        Value of the variable for each pattern.
    labels : tuple of str
        Unique name of each pattern.
    variable, unit : str
        Name and unit of the variable, ``"temperature"`` and ``"°C"``.
    left_out : tuple of LeftOut
        Patterns given that are not in the series.
    notes : tuple of str
        Remarks on the patterns.
    rescaled : frozenset of str
        Labels of the patterns whose intensity has another scale.
    """

    patterns: tuple[Pattern, ...]
    values: tuple[float, ...]
    labels: tuple[str, ...]
    variable: str = "value"
    unit: str = ""
    left_out: tuple[LeftOut, ...] = ()
    notes: tuple[str, ...] = ()
    rescaled: frozenset[str] = frozenset()

    def __len__(self) -> int:
        return len(self.patterns)

    def at(self, value: float) -> str:
        """Format a value of the variable with its unit, ``"125 °C"``."""
        return f"{value:g} {self.unit}".strip()


def make_series(
    patterns: Iterable[Pattern],
    values: Iterable[float],
    *,
    variable: str = "value",
    unit: str = "",
    left_out: Iterable[LeftOut] = (),
) -> Series:
    """Sort patterns into a series and check that they are comparable.

    Parameters
    ----------
    patterns : iterable of Pattern
        Patterns all over q or all over 2θ, of one wavelength, in any order.
    values : iterable of float
        Value of the variable for each pattern.
    variable, unit : str
        Name and unit of the variable.
    left_out : iterable of LeftOut
        Patterns that could not be read.

    Returns
    -------
    Series
        Copies of a pattern are in its ``left_out``.

    Raises
    ------
    SlxrdError
        If there is no pattern, the numbers differ, a value is not finite, or patterns differ in axis,
        unit or wavelength.
    """
    given, numbers = list(patterns), [float(value) for value in values]
    if len(given) != len(numbers):
        raise SlxrdError(f"{len(given)} patterns but {len(numbers)} values; give one value for each")
    if not given:
        raise SlxrdError("a series needs at least one pattern")
    for pattern, value in zip(given, numbers, strict=True):
        if not math.isfinite(value):
            raise SlxrdError(f"{pattern.source}: {variable} = {value!r} is not a finite number")
    contents = [content_digest(pattern) for pattern in given]
    order = sorted(range(len(given)), key=lambda i: (numbers[i], given[i].source, contents[i]))
    _check_alike([given[i] for i in order])
    out, notes = list(left_out), []
    unique: list[int] = []
    first: dict[str, int] = {}
    for i in order:
        if contents[i] in first:
            other = given[first[contents[i]]].source
            out.append(LeftOut(given[i].source, f"contains the same data as {other}; one of them is a copy"))
        else:
            first[contents[i]] = i
            unique.append(i)
    series = Series(
        tuple(given[i] for i in unique),
        tuple(numbers[i] for i in unique),
        _labels([given[i].source for i in unique]),
        variable,
        unit,
    )
    for value, count in Counter(series.values).items():
        if count > 1:
            same = [p.source for p, v in zip(series.patterns, series.values, strict=True) if v == value]
            notes.append(f"{count} patterns at {series.at(value)}: {', '.join(same)}; all are fitted")
    rescaled = _other_scales(series, notes)
    return Series(
        series.patterns,
        series.values,
        series.labels,
        variable,
        unit,
        tuple(out),
        tuple(notes),
        frozenset(rescaled),
    )


def content_digest(pattern: Pattern) -> str:
    """Return the SHA-256 of axis, intensity and σ."""
    digest = hashlib.sha256(pattern.axis.encode())
    for column in (pattern.x, pattern.intensity, pattern.sigma):
        digest.update(b"-" if column is None else np.ascontiguousarray(column).tobytes())
    return digest.hexdigest()


def _labels(sources: Sequence[str]) -> tuple[str, ...]:
    """Return the stems of the files; the full names of equal stems, with numbers if these are equal too."""
    stems = Counter(Path(source).stem for source in sources)
    labels: list[str] = []
    for source in sources:
        path = Path(source)
        name = on_one_line(path.stem if stems[path.stem] == 1 else path.name)
        label, number = name, 1
        while label in labels:
            number += 1
            label = f"{name}-{number}"
        labels.append(label)
    return tuple(labels)


def _check_alike(patterns: Sequence[Pattern]) -> None:
    """Raise if a pattern is not comparable with the others."""
    axis, odd = _odd_one([pattern.axis for pattern in patterns])
    if odd is not None:
        raise SlxrdError(
            f"{patterns[odd].source}: is over {patterns[odd].axis}, the others over {axis}; convert it "
            "(slxrd convert) or leave it out"
        )
    known = [pattern for pattern in patterns if pattern.wavelength is not None]
    lengths: list[float] = []
    for pattern in known:
        assert pattern.wavelength is not None
        same = [length for length in lengths if abs(pattern.wavelength / length - 1.0) < _SAME_WAVELENGTH]
        lengths.append(same[0] if same else pattern.wavelength)
    usual, odd = _odd_one([f"{length:.6g} Å" for length in lengths])
    if odd is not None:
        raise SlxrdError(
            f"{known[odd].source}: was measured at {lengths[odd]:.6g} Å, the others at {usual}; leave it "
            "out, or give the wavelength of all (--wavelength)"
        )
    usual, odd = _odd_one(["a doublet" if p.second_line is not None else "one line" for p in known])
    if odd is not None:
        own = "a doublet" if known[odd].second_line is not None else "one line"
        raise SlxrdError(
            f"{known[odd].source}: its radiation is {own}, that of the others {usual}; leave it out, or give "
            "the radiation of all (--wavelength CuKa)"
        )
    ends = np.array([(pattern.x[0], pattern.x[-1]) for pattern in patterns])
    usual_ends = np.median(ends, axis=0)
    for pattern, distance in zip(patterns, np.abs(np.log(ends / usual_ends)), strict=True):
        if distance.min() > np.log(_ANOTHER_UNIT):
            raise SlxrdError(
                f"{pattern.source}: covers {pattern.x[0]:.4g} to {pattern.x[-1]:.4g}, the others about "
                f"{usual_ends[0]:.4g} to {usual_ends[1]:.4g}; is its axis in another unit, nm⁻¹ or 2θ?"
            )


def _odd_one(kinds: Sequence[Hashable]) -> tuple[Hashable, int | None]:
    """Return the most frequent kind, and the index of the first item of another kind."""
    if not kinds:
        return "", None
    usual = Counter(kinds).most_common(1)[0][0]
    odd = [i for i, kind in enumerate(kinds) if kind != usual]
    return usual, odd[0] if odd else None


def _other_scales(series: Series, notes: list[str]) -> list[str]:
    highest = np.array([float(pattern.intensity.max()) for pattern in series.patterns])
    if len(series) < 3 or np.any(highest <= 0.0):
        return []
    middle = float(np.median(highest))
    found = []
    for pattern, label, height in zip(series.patterns, series.labels, highest.tolist(), strict=True):
        factor = height / middle
        if not 1.0 / _ANOTHER_SCALE < factor < _ANOTHER_SCALE:
            found.append(label)
            notes.append(
                f"{pattern.source}: its intensity is {factor:.3g} times that of the others; its scale "
                "seems to differ (counts, or counts per second?), so its intensity is not compared"
            )
    return found
