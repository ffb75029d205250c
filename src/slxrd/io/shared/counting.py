"""Decide whether intensities are counts; convert rates to counts; undo attenuation corrections.

Poisson statistics hold only for numbers of detected photons. A file's numbers are accepted as counts if they
are whole; rates are converted to counts if rate × counting time is whole.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from slxrd.data.pattern import Step
from slxrd.io.shared.bad_points import FEW
from slxrd.units import FloatArray

#: Largest distance from a whole number of a value that is called whole.
WHOLE = 1e-6
#: Relative rounding error of single precision, in which instruments store rates.
SINGLE = 2.0**-24
#: If the median rounding error of rate × time exceeds this, no decision is possible.
COARSEST = 0.1


def with_usable_factors(intensity: FloatArray, factors: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Replace intensities by NaN where the attenuation factor is not positive; such points are left out.

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
    return np.where(bad, np.nan, intensity), np.where(bad, 1.0, factors)


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
        Counts, or the file's numbers if these are not known to be counts.
    are_counts : bool
        Whether they are counts.
    history : tuple of Step
        The conversion made, or the reason why none was made.
    """

    intensity: FloatArray
    are_counts: bool
    history: tuple[Step, ...] = ()

    def per_count(self, factors: ArrayLike = 1.0) -> ArrayLike | None:
        """Return the attenuation factors, or None if the intensities are not counts."""
        return factors if self.are_counts else None


def are_whole(values: FloatArray) -> bool:
    """Return True if all finite numbers are whole."""
    finite = values[np.isfinite(values)]
    return bool(np.all(np.abs(finite - np.round(finite)) <= WHOLE))


def from_counts(values: FloatArray) -> Counted:
    """Accept the numbers of a file as counts if all are whole and at most a few negative.

    Some files call numbers "counts" that are not. The negative ones are left out later.
    """
    if np.sum(values < 0.0) > FEW:
        return Counted(values, False, (Step("not taken for counts", {"because": "some are negative"}),))
    if are_whole(values):
        return Counted(values, True)
    return Counted(values, False, (Step("not taken for counts", {"because": "they are not whole numbers"}),))


def from_unknown_unit(values: FloatArray) -> Counted:
    """Accept numbers of unknown unit; they are not counts."""
    return Counted(values, False)


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
    return from_counts(values) if unit == "counts" else from_unknown_unit(values)


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
        without a counting time, the numbers in the file.
    """
    if time is None:
        return _unconverted(values, {"because": "the counting time is not given"})
    details: dict[str, str | float | int] = {"counting time (s)": time}
    whole = are_whole(values)
    # Counts measured for, say, 10 s give rates in tenths: if all rates are whole, they are not rates.
    if whole and abs(1.0 / time - round(1.0 / time)) > WHOLE:
        details = {"because": "the file calls them rates, but all are whole, as counts are", **details}
        return _unconverted(values, details)
    printed = 0.0 if whole else 0.5 * 10.0**-decimals
    tolerance = (printed + np.abs(values) * SINGLE) * time + WHOLE
    product = values * time
    off = np.abs(product - np.round(product)) > tolerance
    if np.nanmedian(tolerance) < COARSEST and not off.any():
        return Counted(np.round(product), True, (Step("rates to counts", details),))
    return _unconverted(values, {"because": "rate × counting time is not whole", **details})


def _unconverted(values: FloatArray, details: dict[str, str | float | int]) -> Counted:
    return Counted(values, False, (Step("rates left as in the file", details),))


def decimals(fields: Sequence[str]) -> int:
    """Return the largest number of digits after the decimal point in printed numbers."""
    return max((len(field.partition(".")[2]) for field in fields), default=0)
