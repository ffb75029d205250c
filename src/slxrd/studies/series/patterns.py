"""Many patterns of one sample, in the order of what was varied: temperature, time, position."""

from __future__ import annotations

import hashlib
import math
from collections import Counter
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from slxrd.data.pattern import Pattern
from slxrd.errors import SlxrdError

#: Wavelengths closer than this, relatively, are one.
_SAME_WAVELENGTH = 1e-4
#: Highest intensities farther than this factor from the others' median are on another scale.
_ANOTHER_SCALE = 30.0
#: Ranges whose ends both differ by more than this factor are in different units.
_ANOTHER_UNIT = 4.0


@dataclass(frozen=True)
class LeftOut:
    """A pattern that does not take part.

    Parameters
    ----------
    source : str
        Its file.
    why : str
        In words.
    """

    source: str
    why: str


@dataclass(frozen=True)
class Series:
    """Patterns of one sample, ordered by the variable.

    Parameters
    ----------
    patterns : tuple of Pattern
        In order.
    values : tuple of float
        The variable at each.
    labels : tuple of str
        A name of each that no other has.
    variable, unit : str
        What was varied, ``"temperature"`` and ``"°C"``.
    left_out : tuple of LeftOut
        What was given and does not take part.
    notes : tuple of str
        What else is to be known.
    rescaled : frozenset of str
        Labels of the patterns whose intensity is on another scale than the others'.
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
        """Write a value of the variable with its unit, ``"125 °C"``."""
        return f"{value:g} {self.unit}".strip()


def make_series(
    patterns: Iterable[Pattern],
    values: Iterable[float],
    *,
    variable: str = "value",
    unit: str = "",
    left_out: Iterable[LeftOut] = (),
) -> Series:
    """Put a series together; the order in which the patterns are given does not matter.

    Parameters
    ----------
    patterns : iterable of Pattern
        All over q, or all over 2θ; of one wavelength.
    values : iterable of float
        The variable at each.
    variable, unit : str
        What it is.
    left_out : iterable of LeftOut
        What could not be read.

    Returns
    -------
    Series
        Without patterns whose content is that of another; they are in ``left_out``.

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
    kept: list[int] = []
    first: dict[str, int] = {}
    for i in order:
        if contents[i] in first:
            other = given[first[contents[i]]].source
            out.append(LeftOut(given[i].source, f"holds the same data as {other}; one of them is a copy"))
        else:
            first[contents[i]] = i
            kept.append(i)
    series = Series(
        tuple(given[i] for i in kept),
        tuple(numbers[i] for i in kept),
        _labels([given[i].source for i in kept]),
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
    """SHA-256 of what was measured: axis, intensity and σ."""
    digest = hashlib.sha256(pattern.axis.encode())
    for column in (pattern.x, pattern.intensity, pattern.sigma):
        digest.update(b"-" if column is None else np.ascontiguousarray(column).tobytes())
    return digest.hexdigest()


def _labels(sources: Sequence[str]) -> tuple[str, ...]:
    """Stems of the files; the whole name where stems agree, a number where names agree."""
    stems = Counter(Path(source).stem for source in sources)
    labels: list[str] = []
    for source in sources:
        path = Path(source)
        name = path.stem if stems[path.stem] == 1 else path.name
        label, number = name, 1
        while label in labels:
            number += 1
            label = f"{name}-{number}"
        labels.append(label)
    return tuple(labels)


def _check_alike(patterns: Sequence[Pattern]) -> None:
    """Refuse what is not comparable, by the name of the odd one out."""
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
    for pattern, apart in zip(patterns, np.abs(np.log(ends / usual_ends)), strict=True):
        if apart.min() > np.log(_ANOTHER_UNIT):
            raise SlxrdError(
                f"{pattern.source}: covers {pattern.x[0]:.4g} to {pattern.x[-1]:.4g}, the others about "
                f"{usual_ends[0]:.4g} to {usual_ends[1]:.4g}; is its axis in another unit, nm⁻¹ or 2θ?"
            )


def _odd_one(kinds: Sequence[Hashable]) -> tuple[Hashable, int | None]:
    """The most usual kind, and the first that is of another."""
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
                f"{pattern.source}: its intensity is {factor:.3g} times that of the others; it seems to be "
                "on another scale (counts, or counts per second?), so its intensity is not compared"
            )
    return found
