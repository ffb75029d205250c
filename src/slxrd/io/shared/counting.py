"""Decide whether intensities are counts; convert rates to counts; undo attenuation corrections.

Poisson statistics hold only for numbers of detected photons. A file's numbers are accepted as counts if they
are whole; rates are converted to counts if rate × counting time is whole. For other numbers, the intensity of
one count is the step of which they are multiples, if they scatter as counts do.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike

from slxrd.data.pattern import Step
from slxrd.io.shared.bad_points import FEW
from slxrd.io.shared.quantum import Quantum, find_quantum
from slxrd.io.shared.segments import find_segments
from slxrd.units import FloatArray

#: Step of the history of numbers that were found to be counts.
COUNTS_FOUND = "counts found"
#: Largest distance from a whole number of a value that is called whole.
WHOLE = 1e-6
#: Relative rounding error of single precision, in which instruments store rates.
SINGLE = 2.0**-24
#: Relative error of the roots of numbers that are whole squares, in single precision.
ROOT = 1e-6
#: If the median rounding error of rate × time exceeds this, no decision is possible.
COARSEST = 0.1


def with_usable_factors(intensity: FloatArray, factors: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Replace intensities by NaN if they or their attenuation factors are unusable; such points are left out.

    Parameters
    ----------
    intensity, factors : ndarray, shape (n,)
        As in the file.

    Returns
    -------
    intensity, factors : ndarray, shape (n,)
        The factors are positive and finite.
    """
    bad = ~(np.isfinite(factors) & (factors > 0.0))
    return np.where(bad, np.nan, _without_infinity(intensity)), np.where(bad, 1.0, factors)


def _without_infinity(values: FloatArray) -> FloatArray:
    return np.where(np.isfinite(values), values, np.nan)


def detector_counts(intensity: FloatArray, factors: FloatArray, printed: FloatArray | float) -> FloatArray:
    """Divide corrected intensities by the attenuation factors: the counts of the detector.

    Parameters
    ----------
    intensity : ndarray, shape (n,)
        Corrected for the attenuator.
    factors : ndarray, shape (n,)
        Attenuation factors, positive.
    printed : ndarray, shape (n,), or float
        Rounding error of the intensities in the file.

    Returns
    -------
    ndarray, shape (n,)
        Rounded to a whole number where the factor is not 1 and the rounding error allows it.
    """
    counts = intensity / factors
    rounded = (factors != 1.0) & (np.abs(counts - np.rint(counts)) <= printed / factors + WHOLE)
    return np.where(rounded, np.rint(counts), counts)


@dataclass(frozen=True)
class Counted:
    """Intensities, and whether they are counts.

    Parameters
    ----------
    intensity : ndarray, shape (n,)
        Counts, or the file's numbers if these are not counts.
    size : float, ndarray of shape (n,), or None
        Intensity of one count, or that of every point; None if it is not known.
    history : tuple of Step
        The conversion made, or the reason why none was made.
    """

    intensity: FloatArray
    size: float | FloatArray | None
    history: tuple[Step, ...] = ()

    def per_count(self, factors: ArrayLike = 1.0) -> ArrayLike | None:
        """Return the intensity of one detected count behind attenuators, or None if it is not known."""
        return None if self.size is None else self.size * np.asarray(factors, dtype=np.float64)


def are_whole(values: FloatArray) -> bool:
    """Return True if all finite numbers are whole."""
    finite = values[np.isfinite(values)]
    return bool(np.all(np.abs(finite - np.round(finite)) <= WHOLE))


def from_counts(values: FloatArray, digit: float = 0.0) -> Counted:
    """Interpret intensities that are counts according to the file.

    Whole numbers, of which at most a few are negative, are accepted; the negative ones are left out later.
    Others, as some files call numbers "counts" that are not, are accepted if they are multiples of a step and
    scatter as counts do (`slxrd.io.shared.quantum`).

    Parameters
    ----------
    values : ndarray, shape (n,)
        As in the file.
    digit : float
        Value of the last digit in the file; 0 for binary numbers.
    """
    values = _without_infinity(values)
    if np.sum(values < 0.0) > FEW:
        return _not_counts(values, "some are negative")
    if are_whole(values):
        found = find_quantum(values, 0.0, 1.0)
        several = isinstance(found, Quantum) and found.size > 1.5
        return _scaled(values, found) if several else Counted(values, 1.0)
    roots = 10.0 * np.sqrt(np.maximum(values, 0.0))
    if np.all(
        np.abs(roots - np.rint(roots))[np.isfinite(values)] <= ROOT * (1.0 + roots[np.isfinite(values)])
    ):
        step = Step("counts from their roots", {"as stored in the file": "squares of 10·√counts, rounded"})
        return Counted(np.rint(values), 1.0, (step,))
    found = _quantum(values, digit, 1.0)
    return _scaled(values, f"they are not whole numbers; {found}" if isinstance(found, str) else found)


def from_unknown_unit(values: FloatArray, digit: float = 0.0) -> Counted:
    """Interpret intensities of unknown unit; parameters as in `from_counts`."""
    return _in_segments(values, digit) or _scaled(values, _quantum(values, digit, None))


def _quantum(values: FloatArray, digit: float, stated: float | None) -> Quantum | str:
    return find_quantum(values, _rounding(values, digit), digit, stated)


def _rounding(values: FloatArray, digit: float) -> FloatArray:
    return np.asarray(0.5 * digit + np.abs(values) * SINGLE)


def _in_segments(values: FloatArray, digit: float) -> Counted | None:
    """Interpret rates of a scan of which parts were counted for different times; None if it is none."""
    sizes = find_segments(values, _rounding(values, digit), digit)
    if sizes is None:
        return None
    firsts = [0, *(np.flatnonzero(np.diff(sizes)) + 1).tolist()]
    text = ", ".join(f"{sizes[first]:.4g} from point {first + 1}" for first in firsts)
    because = "the parts are multiples of them, and scatter as counts of different times do"
    return Counted(values, sizes, (Step(COUNTS_FOUND, {"intensity of one count": text, "because": because}),))


def _scaled(values: FloatArray, found: Quantum | str) -> Counted:
    if isinstance(found, str):
        return _not_counts(values, found)
    details: dict[str, str | float | int] = {"intensity of one count": found.size, "because": found.evidence}
    return Counted(values, found.size, (Step(COUNTS_FOUND, details),))


def _not_counts(values: FloatArray, reason: str) -> Counted:
    return Counted(values, None, (Step("not taken for counts", {"because": reason}),))


def from_unit(values: FloatArray, unit: str, time: float | None, decimals: int) -> Counted:
    """Interpret intensities by the unit given in the file.

    Parameters
    ----------
    values : ndarray, shape (n,)
        As in the file.
    unit : str
        ``"counts"``, ``"cps"`` (counts per second), or another text for an unknown unit.
    time, decimals
        As in `from_rates`.
    """
    if unit == "cps":
        return from_rates(values, time, decimals)
    return (from_counts if unit == "counts" else from_unknown_unit)(values, 10.0**-decimals)


def from_rates(values: FloatArray, time: float | None, decimals: int) -> Counted:
    """Convert rates to counts.

    Parameters
    ----------
    values : ndarray, shape (n,)
        Counts per second according to the file.
    time : float, optional
        Counting time per point in s; None if the file does not give it.
    decimals : int
        Number of digits after the decimal point in the file.

    Returns
    -------
    Counted
        rate × time, rounded, if all are whole within the rounding error of the file. Otherwise, or
        without a counting time, the numbers in the file, with the intensity of one count if that is found.
    """
    values = _without_infinity(values)
    if time is None:
        return _unconverted(values, {"because": "the counting time is not given"}, decimals)
    details: dict[str, str | float | int] = {"counting time (s)": time}
    whole = are_whole(values)
    # Counts measured for, say, 10 s give rates in tenths: if all rates are whole, they are not rates.
    if whole and abs(1.0 / time - round(1.0 / time)) > WHOLE:
        details = {"because": "the file calls them rates, but all are whole, as counts are", **details}
        return _unconverted(values, details, decimals)
    printed = 0.0 if whole else 0.5 * 10.0**-decimals
    tolerance = (printed + np.abs(values) * SINGLE) * time + WHOLE
    product = values * time
    off = np.abs(product - np.round(product)) > tolerance
    if np.nanmedian(tolerance) < COARSEST and not off.any():
        return Counted(np.round(product), 1.0, (Step("rates to counts", details),))
    return _unconverted(values, {"because": "rate × counting time is not whole", **details}, decimals)


def _unconverted(values: FloatArray, details: dict[str, str | float | int], decimals: int) -> Counted:
    left = Step("rates left as in the file", details)
    counted = from_unknown_unit(values, 10.0**-decimals)
    if counted.size is None:
        return Counted(values, None, (left,))
    return replace(counted, history=(left, *counted.history))


def last_digit(values: FloatArray) -> float:
    """Return the value of the last decimal place in which any number differs from 0, from 1 to 10⁻⁹."""
    finite = values[np.isfinite(values)]
    for places in range(9):
        scaled = finite * 10.0**places
        if np.all(np.abs(scaled - np.rint(scaled)) <= 1e-6 + 1e-9 * np.abs(scaled)):
            return float(10.0**-places)
    return 1e-9


def decimals(fields: Sequence[str]) -> int:
    """Return the largest number of digits after the decimal point in printed numbers."""
    return max((len(field.partition(".")[2]) for field in fields), default=0)
