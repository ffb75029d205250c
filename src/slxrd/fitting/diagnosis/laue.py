"""Thickness of a film from its Laue fringes, without a fit."""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from slxrd._arguments import check_arguments
from slxrd._short_repr import short_repr
from slxrd.data.pattern import Pattern
from slxrd.errors import SlxrdError
from slxrd.fitting.diagnosis.comb import Comb, find_comb
from slxrd.fitting.diagnosis.maxima import Maximum, find_maxima, smoothed
from slxrd.fitting.diagnosis.noise import estimate_noise
from slxrd.units import FloatArray

#: Half of the range around a minimum, relative to the spacing, that decides its position.
AROUND = 0.22
#: Peaks narrower than this part of the spacing are not fringes, which are half as wide as it.
NARROW = 0.25


@short_repr
@dataclass(frozen=True)
class LaueFringes:
    """Film thickness from Laue fringes.

    Parameters
    ----------
    thickness, error : float
        N·d in Å, and its standard error from the scatter of the minima.
    minima : ndarray, shape (k,)
        Scattering vectors of the minima, Å⁻¹.
    orders : ndarray of int, shape (k,)
        Orders of the minima, counted on each side from the one next to the Bragg peak.
    """

    thickness: float
    error: float
    minima: FloatArray
    orders: FloatArray


@check_arguments
def laue_fringes(pattern: Pattern, low: float, high: float) -> LaueFringes:
    """Determine the thickness of a coherent film from the minima between its Laue fringes.

    N planes scatter sin²(Nqd/2)/sin²(qd/2), with minimum k at q_Bragg + 2πk/(N·d) (Laue). One spacing is
    fitted to all minima between significant fringes, with a separate offset for each side of the Bragg peak,
    as interference with a substrate shifts the sides relative to each other.

    Parameters
    ----------
    pattern : Pattern
        Masked points are left out.
    low, high : float
        Range of q in Å⁻¹ with the Bragg peak and its fringes.

    Raises
    ------
    SlxrdError
        If fewer than four minima are found.
    """
    inside = (pattern.q >= low) & (pattern.q <= high) & ~pattern.mask
    if inside.sum() < 8:
        raise SlxrdError(f"{pattern.source}: fewer than 8 points between {low:g} and {high:g} Å⁻¹")
    q, intensity = pattern.q[inside], pattern.intensity[inside]
    noise = estimate_noise(pattern, correlated=False)
    maxima = find_maxima(q, intensity, noise.stabilised(intensity), noise.time)
    comb, fringes = _fringes(maxima)
    places = np.empty(0)
    if comb is not None:
        # From smoothed intensities, as points that are low by chance would count too much otherwise.
        width = comb.spacing / float(np.median(np.diff(q))) / 12.0
        sigma = noise.sigma(smoothed(intensity, max(width, 0.5)))
        places = _minima(q, intensity, sigma, fringes, comb.spacing)
    if comb is None or places.size < 4:
        raise SlxrdError(
            f"{pattern.source}: {places.size} Laue minima from {low:g} to {high:g} Å⁻¹; at least 4 are needed"
        )
    bragg = max(maxima, key=lambda peak: peak.height * peak.width).q
    orders, columns, spacing = _numbered(places, bragg, comb.spacing)
    design = np.column_stack((orders, columns))
    solution, *_ = np.linalg.lstsq(design, places, rcond=None)
    scatter = places - design @ solution
    freedom = places.size - solution.size
    if freedom < 1:
        raise SlxrdError(
            f"{pattern.source}: too few Laue minima on either side of the Bragg peak for an error"
        )
    mean = columns @ ((columns.T @ orders) / columns.sum(axis=0))
    error = math.sqrt(float(scatter @ scatter) / freedom / float(np.sum((orders - mean) ** 2)))
    thickness = 2.0 * math.pi / spacing
    return LaueFringes(thickness, thickness * error / spacing, places, orders)


def _fringes(maxima: list[Maximum]) -> tuple[Comb | None, list[Maximum]]:
    """Return the comb of the fringes, and the maxima without the sharp peak of a substrate."""
    fringes = maxima
    for _ in range(3):
        comb = find_comb(np.array([peak.q for peak in fringes]))
        if comb is None:
            return None, fringes
        kept = [peak for peak in fringes if peak.width > NARROW * comb.spacing]
        if len(kept) == len(fringes):
            break
        fringes = kept
    return comb, fringes


def _minima(
    q: FloatArray, intensity: FloatArray, sigma: FloatArray, fringes: list[Maximum], spacing: float
) -> FloatArray:
    """Return the positions of the minima between neighbouring fringes, by fits of sin²."""
    steps = np.diff(q)
    gaps = np.flatnonzero(steps > 3.0 * np.median(steps))
    candidates = [fringes[0].q - 0.5 * spacing, fringes[-1].q + 0.5 * spacing]
    candidates = [
        place for place in candidates if q[0] < place - AROUND * spacing and place + AROUND * spacing < q[-1]
    ]
    found: list[float] = []
    for one, other in itertools.pairwise(fringes):
        between = np.flatnonzero((q > one.q) & (q < other.q))
        if between.size < 3 or other.q - one.q > 1.75 * spacing:
            continue
        expected = 0.5 * (one.q + other.q)
        if other.q - one.q > 1.2 * spacing:  # beside the Bragg peak, twice as wide as a fringe
            wide, narrow = (one, other) if one.width > other.width else (other, one)
            expected = narrow.q + math.copysign(0.43 * spacing, wide.q - narrow.q)
        candidates.append(expected)
    for expected in candidates:
        place = _vertex(q, intensity, sigma, expected, spacing)
        if place is None or abs(place - expected) > 0.3 * spacing:
            continue
        if any(q[i] - 0.1 * spacing < place < q[i + 1] + 0.1 * spacing for i in gaps):
            continue
        found.append(place)
    return np.sort(np.array(found))


def _vertex(
    q: FloatArray, intensity: FloatArray, sigma: FloatArray, centre: float, spacing: float
) -> float | None:
    """Return the position of a minimum: where c + (a + b·x)·sin²(πx/spacing), x from it, fits best."""
    span = 0.25 * spacing
    for half in (span, 0.1 * spacing, 0.02 * spacing):
        near = np.abs(q - centre) <= AROUND * spacing
        if near.sum() < 5:
            near = np.zeros(q.size, dtype=bool)
            near[np.argsort(np.abs(q - centre))[:5]] = True
        weight = 1.0 / np.hypot(sigma[near], 0.01 * intensity[near])
        places = centre + half * np.linspace(-1.0, 1.0, 11)
        chi2 = np.array([_misfit(q[near] - at, intensity[near], weight, spacing) for at in places])
        best = int(np.argmin(chi2))
        if not 0 < best < places.size - 1:
            if half == span:
                return None
            centre = float(places[best])
            continue
        left, here, right = chi2[best - 1 : best + 2]
        bend = left - 2.0 * here + right
        centre = float(places[best] + (0.5 * (left - right) / bend if bend > 0.0 else 0.0) * half / 5.0)
    return centre


def _misfit(x: FloatArray, intensity: FloatArray, weight: FloatArray, spacing: float) -> float:
    wave = np.sin(np.pi * x / spacing) ** 2
    columns = np.column_stack((np.ones_like(x), wave, x * wave)) * weight[:, None]
    solution, *_ = np.linalg.lstsq(columns, intensity * weight, rcond=None)
    if solution[1] <= 0.0:
        return float(np.sum((intensity * weight) ** 2))
    rest = intensity * weight - columns @ solution
    return float(rest @ rest)


def _numbered(
    places: FloatArray, bragg: float, spacing: float
) -> tuple[FloatArray, NDArray[np.float64], float]:
    """Number the minima on each side of the Bragg peak, and refine their spacing."""
    right = places > bragg
    columns = np.column_stack((~right, right)).astype(np.float64)[
        :, [k for k in (0, 1) if (right == bool(k)).any()]
    ]
    start = np.where(right, places[right].min(initial=np.inf), places[~right].max(initial=-np.inf))
    for _ in range(5):
        orders = np.round((places - start) / spacing)
        solution, *_ = np.linalg.lstsq(np.column_stack((orders, columns)), places, rcond=None)
        spacing = float(solution[0])
    return orders, columns, spacing
