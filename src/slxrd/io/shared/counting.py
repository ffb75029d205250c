"""Whether intensities are counts: rates become counts where their counting time makes them whole.

What the detector counted behind an attenuator whose factor the file's numbers hold already.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from slxrd.data.pattern import Step
from slxrd.errors import FileError
from slxrd.units import FloatArray


def check_intensity(intensity: FloatArray, factors: FloatArray, source: str) -> None:
    """Refuse intensities that are not finite, and attenuation factors that are not positive.

    Parameters
    ----------
    intensity, factors : ndarray, shape (n,)
        As in the file.
    source : str
        Path of the file, for messages.

    Raises
    ------
    FileError
        If there is one.
    """
    for name, values in {"attenuation factor": factors, "intensity": intensity}.items():
        bad = np.flatnonzero(~np.isfinite(values))
        if bad.size:
            raise FileError(
                source, f"the {name} of point {bad[0] + 1} is {values[bad[0]]:g}; export it again"
            )
    if factors.size and factors.min() <= 0.0:
        raise FileError(source, f"attenuation factor {factors.min():g} is not positive; export it again")


def detector_counts(intensity: FloatArray, factors: FloatArray, printed: FloatArray | float) -> FloatArray:
    """Divide intensities by the attenuation factors.

    Parameters
    ----------
    intensity : ndarray, shape (n,)
        Corrected for the attenuator.
    factors : ndarray, shape (n,)
        The corrections, positive.
    printed : ndarray, shape (n,), or float
        How much printing may have changed the intensities.

    Returns
    -------
    ndarray, shape (n,)
        Whole behind an attenuator as far as printing leaves it open; where the factor is 1, the intensity.
    """
    counts = intensity / factors
    unsure = (factors != 1.0) & (np.abs(counts - np.rint(counts)) <= printed / factors + WHOLE)
    return np.where(unsure, np.rint(counts), counts)


#: Farthest from a whole number that is called whole.
WHOLE = 1e-6
#: Rounding of single-precision numbers, in which instruments keep rates, relative.
SINGLE = 2.0**-24
#: Where printing leaves the usual count open by more than this, it cannot be told whether it is whole.
COARSEST = 0.1


@dataclass(frozen=True)
class Counted:
    """Intensities, and what is known of their statistics.

    Parameters
    ----------
    intensity : ndarray, shape (n,)
        Counts, or rates where they are not known to be counts.
    known : bool
        Whether they are counts.
    history : tuple of Step
        What was done, or why nothing was.
    """

    intensity: FloatArray
    known: bool
    history: tuple[Step, ...] = ()

    def per_count(self, factors: ArrayLike = 1.0) -> ArrayLike | None:
        """Give the attenuation factors, or None where these are not counts."""
        return factors if self.known else None


def are_whole(values: FloatArray) -> bool:
    """Tell whether all numbers are whole, as counts are."""
    return bool(np.all(np.abs(values - np.round(values)) <= WHOLE))


def from_counts(values: FloatArray) -> Counted:
    """Take numbers that a file calls counts; files do so of other numbers too, which are not whole."""
    if are_whole(values):
        return Counted(values, True)
    return Counted(values, False, (Step("not taken for counts", {"because": "they are not whole numbers"}),))


def from_unknown_unit(values: FloatArray) -> Counted:
    """Take numbers of which a file does not say what they are."""
    return Counted(values, False)


def from_rates(values: FloatArray, time: float | None, decimals: int) -> Counted:
    """Turn rates into counts.

    Parameters
    ----------
    values : ndarray, shape (n,)
        Counts per second, by the word of the file.
    time : float, optional
        Counting time of a point in s; None where the file does not tell.
    decimals : int
        Digits after the decimal point with which they were printed.

    Returns
    -------
    Counted
        Counts, rounded to whole ones as far as the printed digits leave them open. Where rate × time
        is not whole, or the time is not known, the numbers as they stand in the file.
    """
    if time is None:
        return _as_they_stand(values, {"because": "the counting time is not told"})
    told: dict[str, str | float | int] = {"counting time (s)": time}
    whole = are_whole(values)
    # Counts in a time of, say, 10 s make rates of whole tenths: if all are whole, they are something else.
    if whole and abs(1.0 / time - round(1.0 / time)) > WHOLE:
        told = {"because": "the file calls them rates, but all are whole, as counts are", **told}
        return _as_they_stand(values, told)
    printed = 0.0 if whole else 0.5 * 10.0**-decimals
    unsure = (printed + np.abs(values) * SINGLE) * time + WHOLE
    product = values * time
    if np.median(unsure) < COARSEST and np.all(np.abs(product - np.round(product)) <= unsure):
        return Counted(np.round(product), True, (Step("rates to counts", told),))
    return _as_they_stand(values, {"because": "rate × counting time is not whole", **told})


def _as_they_stand(values: FloatArray, told: dict[str, str | float | int]) -> Counted:
    return Counted(values, False, (Step("rates left as in the file", told),))


def decimals(fields: Sequence[str]) -> int:
    """Count the most digits after a decimal point in printed numbers."""
    return max((len(field.partition(".")[2]) for field in fields), default=0)
