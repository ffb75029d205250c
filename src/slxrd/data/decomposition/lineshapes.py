"""Shapes of single peaks, with their derivatives and areas: arrays in, arrays out."""

from __future__ import annotations

import math
from typing import Literal

import numpy as np

from slxrd.units import FloatArray

#: What a component looks like.
Shape = Literal["gaussian", "pseudo-voigt"]

_FOUR_LN2 = 4.0 * math.log(2.0)
_GAUSSIAN_AREA = math.sqrt(math.pi / math.log(2.0)) / 2.0
_LORENTZIAN_AREA = math.pi / 2.0


def pseudo_voigt(
    q: FloatArray, position: float, height: float, fwhm: float, mixing: float = 0.0
) -> tuple[FloatArray, FloatArray]:
    """Weighted sum of a Gaussian and a Lorentzian of one width, and its derivatives.

    h·[(1−η)·exp(−4 ln 2 u²) + η/(1+4u²)], u = (q − position)/fwhm.

    Parameters
    ----------
    q : ndarray, shape (n,)
        Where, in Å⁻¹.
    position, fwhm : float
        Centre and full width at half maximum in Å⁻¹.
    height : float
        h, at the centre.
    mixing : float
        η, from 0 (a Gaussian) to 1 (a Lorentzian).

    Returns
    -------
    values : ndarray, shape (n,)
        The peak.
    derivatives : ndarray, shape (n, 4)
        By position, height, fwhm and mixing.
    """
    u = (q - position) / fwhm
    gaussian = np.exp(-_FOUR_LN2 * u**2)
    lorentzian = 1.0 / (1.0 + 4.0 * u**2)
    unit = (1.0 - mixing) * gaussian + mixing * lorentzian
    slope = -2.0 * u * ((1.0 - mixing) * _FOUR_LN2 * gaussian + mixing * 4.0 * lorentzian**2)
    by_position = -height * slope / fwhm
    return height * unit, np.column_stack(
        (by_position, unit, by_position * u, height * (lorentzian - gaussian))
    )


def area(height: float, fwhm: float, mixing: float = 0.0) -> tuple[float, FloatArray]:
    """Area under a peak and its derivatives, shape (4,), by position (0), height, fwhm and mixing.

    h·w·[(1−η)·√(π/ln 2)/2 + η·π/2].
    """
    shape = (1.0 - mixing) * _GAUSSIAN_AREA + mixing * _LORENTZIAN_AREA
    gradient = [0.0, fwhm * shape, height * shape, height * fwhm * (_LORENTZIAN_AREA - _GAUSSIAN_AREA)]
    return height * fwhm * shape, np.array(gradient)
