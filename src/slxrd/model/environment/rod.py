"""Truncation rod of a substrate: the amplitude of a crystal that ends at a flat surface."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from slxrd.model.kernel.arrays import ComplexArray, FloatArray

#: Attenuation of the amplitude with depth, per Å. It limits the height of the Bragg peak, where the
#: kinematic theory fails in any case; elsewhere it has no influence.
ATTENUATION = 2e-4
#: The rod is cut off where its amplitude has fallen to exp(−30).
_DEEPEST = 30.0 / ATTENUATION


class Rod(NamedTuple):
    """Amplitude and intensity of a substrate whose planes have the amplitude 1, and their derivatives.

    The phase is measured from the highest plane. The derivatives are with respect to q and to the plane
    distance d; all have the shape (n,).
    """

    amplitude: ComplexArray
    amplitude_by_q: ComplexArray
    amplitude_by_d: ComplexArray
    intensity: FloatArray
    intensity_by_q: FloatArray
    intensity_by_d: FloatArray


def deepest(longest: float) -> float:
    """Return the depth in Å down to which a substrate is visible.

    Parameters
    ----------
    longest : float
        Longest distance in Å of which the resolution shows interference; may be infinite.
    """
    return min(longest, _DEEPEST)


def rod(q: FloatArray, d: float, depth: float = math.inf) -> Rod:
    r"""Calculate the truncation rod of a substrate (Robinson, Phys. Rev. B 1986, 33, 3830).

    With r = exp(−iqd − μd), the amplitude of the planes at heights 0, −d, −2d … is A = Σ_k r^k = 1/(1 − r),
    and A·A* = (2 Re A − 1)/(1 − \|r\|²). A resolution that shows no interference over more than a certain
    distance does not change if the sums end there; they then need no finer grid of q than the resolution.

    Parameters
    ----------
    q : ndarray, shape (n,)
        Å⁻¹.
    d : float
        Distance of the planes in Å.
    depth : float
        Depth in Å at which both sums end, the second one over distances of planes; see :func:`deepest`.

    Returns
    -------
    Rod
    """
    exponent = -(1j * q + ATTENUATION) * d
    r = np.exp(exponent)
    away = 1.0 - r
    last, terms = np.zeros_like(r), 1.0
    if depth < math.inf:
        terms = float(math.ceil(depth / d) + 1)
        last = np.exp(terms * exponent)
    amplitude = (1.0 - last) / away
    slope = (amplitude * r - terms * last) / away  # r·dA/dr
    by_q, by_d = -1j * d * slope, -(1j * q + ATTENUATION) * slope
    square = math.exp(-2.0 * ATTENUATION * d)
    height = 1.0 / (1.0 - square)
    sharp = 2.0 * amplitude.real - 1.0
    return Rod(
        amplitude,
        by_q,
        by_d,
        height * sharp,
        2.0 * height * by_q.real,
        2.0 * height * by_d.real - 2.0 * ATTENUATION * square * height**2 * sharp,
    )
