"""What the detector counted behind an attenuator whose factor the file's numbers hold already."""

from __future__ import annotations

import numpy as np

from slxrd.errors import FileError
from slxrd.io.counting import WHOLE
from slxrd.units import FloatArray


def check(intensity: FloatArray, factors: FloatArray, source: str) -> None:
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


def detected(intensity: FloatArray, factors: FloatArray, printed: FloatArray | float) -> FloatArray:
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
