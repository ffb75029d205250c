"""Azimuths of the domains of a fibre texture: nodes of a rule that is exact for what the domains resolve."""

from __future__ import annotations

import math

import numpy as np

from slxrd.errors import SlxrdError
from slxrd.units import FloatArray

#: Largest number of azimuths on the whole circle.
MOST_AZIMUTHS = 40_000
#: Steps between the numbers of azimuths, so that they seldom change while parameters are refined.
_LADDER = 1.2


def azimuths(turns: float, square: bool) -> tuple[FloatArray, FloatArray]:
    """Return azimuths in one quadrant or octant, and their weights, for an average over the circle.

    The intensity is periodic in the azimuth, so that equidistant azimuths are exact up to the Fourier order
    of their number. It is even in q_x and q_y, and symmetric in them where x and y are equal: those in one
    quadrant or octant are enough.

    Parameters
    ----------
    turns : float
        Largest product of q and a distance in the plane over which crystals are correlated.
    square : bool
        Whether x and y are equal.

    Returns
    -------
    angle : ndarray, shape (k,)
        In radians, from 0.
    weight : ndarray, shape (k,)
        Their sum is 1.

    Raises
    ------
    SlxrdError
        If too many are needed.
    """
    sectors = 8 if square else 4
    least = turns + 10.0 * turns ** (1.0 / 3.0) + 16.0
    if least > MOST_AZIMUTHS:
        raise SlxrdError(
            f"the average over the azimuth needs {least:.0f} angles, as crystals are correlated over "
            "long distances in the plane; take fewer crystals along x and y (--coherent-in-plane 10)"
        )
    whole = math.ceil(_LADDER ** math.ceil(math.log(least / sectors) / math.log(_LADDER)))
    weight = np.full(whole + 1, 1.0 / whole)
    weight[[0, -1]] /= 2.0
    return np.linspace(0.0, 2.0 * math.pi / sectors, whole + 1), weight
