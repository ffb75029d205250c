"""Jumps of the intensity between neighbouring points, as where the counting time of a scan was changed."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from slxrd.units import FloatArray

#: Points on either side from which the intensity at the jump is extrapolated.
BESIDE = 8
#: Smallest logarithm of the factor of a jump, and the same in standard deviations.
LEAST, SIGNIFICANT = math.log(1.4), 8.0
#: Smallest ratio of a jump to the steps of the intensity on either side, which a steep peak has too.
ABRUPT = 5.0
#: A larger distance of neighbours, relative to the median, is a gap, as where points are masked.
GAP = 5.0


@dataclass(frozen=True)
class Jump:
    """A jump of the intensity.

    Parameters
    ----------
    q : float
        Middle of the two points, in Å⁻¹.
    factor : float
        Intensity after it over that before it.
    """

    q: float
    factor: float


def find_jump(q: FloatArray, intensity: FloatArray) -> Jump | None:
    """Find the largest jump of the intensity of a region.

    The logarithm of the intensity is a straight line over a few points on either side. Its scatter about
    these lines is the noise, so that nothing has to be known about it.

    Parameters
    ----------
    q, intensity : ndarray, shape (n,)
        Successive points.

    Returns
    -------
    Jump or None
        None without one, where points on either side are not positive, and beside gaps between points.
    """
    if q.size < 2 * BESIDE:
        return None
    apart = np.diff(q)
    gaps = np.lib.stride_tricks.sliding_window_view(apart > GAP * np.median(apart), 2 * BESIDE - 1)
    logarithm = np.log(np.where(intensity > 0.0, intensity, np.nan))
    windows = np.lib.stride_tricks.sliding_window_view(logarithm, BESIDE)
    place = np.arange(BESIDE) - (BESIDE - 1) / 2.0
    norm = float(place @ place)
    mean, slope = windows.mean(axis=1), windows @ place / norm
    scatter = ((windows - mean[:, None] - slope[:, None] * place) ** 2).sum(axis=1) / (BESIDE - 2)
    before, after = slice(0, q.size - 2 * BESIDE + 1), slice(BESIDE, None)
    half = BESIDE / 2.0  # from the middle of a window to the middle between the two points
    jump = (mean[after] - half * slope[after]) - (mean[before] + half * slope[before])
    error = np.sqrt((scatter[before] + scatter[after]) * (1.0 / BESIDE + half**2 / norm))
    steps = np.maximum(np.abs(slope[before]), np.abs(slope[after]))
    size = np.abs(jump)
    found = (size > LEAST) & (size > SIGNIFICANT * error) & (size > ABRUPT * steps)  # False for NaN
    found &= ~gaps.any(axis=1)
    if not found.any():
        return None
    first = int(np.argmax(np.where(found, size / np.maximum(error, 1e-12), 0.0)))
    last = first + BESIDE - 1
    return Jump(0.5 * float(q[last] + q[last + 1]), math.exp(float(jump[first])))
