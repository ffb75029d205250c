"""Gaussian and pseudo-Voigt peak shapes, with derivatives and areas."""

from __future__ import annotations

import math
from typing import Literal

import numpy as np

from slxrd.units import FloatArray

#: Shape of a peak.
Shape = Literal["gaussian", "pseudo-voigt"]

_FOUR_LN2 = 4.0 * math.log(2.0)
_GAUSSIAN_AREA = math.sqrt(math.pi / math.log(2.0)) / 2.0
_LORENTZIAN_AREA = math.pi / 2.0


def pseudo_voigt(
    q: FloatArray, position: float, height: float, fwhm: float, mixing: float = 0.0
) -> tuple[FloatArray, FloatArray]:
    """Pseudo-Voigt peak and its derivatives.

    h·[(1−η)·exp(−4 ln 2 u²) + η/(1+4u²)] with u = (q − position)/fwhm (G. K. Wertheim et al., Rev. Sci.
    Instrum. 45, 1369 (1974)).

    Parameters
    ----------
    q : ndarray, shape (n,)
        Scattering vectors in Å⁻¹, or 2θ in degrees; ``position`` and ``fwhm`` are in the same unit.
    position, fwhm : float
        Centre and full width at half maximum.
    height : float
        h, the value at the centre.
    mixing : float
        η, from 0 (Gaussian) to 1 (Lorentzian).

    Returns
    -------
    values : ndarray, shape (n,)
        The peak.
    derivatives : ndarray, shape (n, 4)
        With respect to position, height, fwhm and mixing.
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


def pseudo_voigt_area(height: float, fwhm: float, mixing: float = 0.0) -> tuple[float, FloatArray]:
    """Area of a pseudo-Voigt peak and its derivatives.

    h·w·[(1−η)·√(π/ln 2)/2 + η·π/2].

    Parameters
    ----------
    height, fwhm, mixing : float
        h, w and η.

    Returns
    -------
    area : float
    derivatives : ndarray, shape (4,)
        With respect to position (0), height, fwhm and mixing.
    """
    shape = (1.0 - mixing) * _GAUSSIAN_AREA + mixing * _LORENTZIAN_AREA
    gradient = [0.0, fwhm * shape, height * shape, height * fwhm * (_LORENTZIAN_AREA - _GAUSSIAN_AREA)]
    return height * fwhm * shape, np.array(gradient)
