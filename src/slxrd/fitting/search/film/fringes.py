"""Periods of fringes, from their phases or from the logarithm of the intensity."""

from __future__ import annotations

import math

import numpy as np

from slxrd.fitting.objective.residuals import Objective
from slxrd.fitting.search.film.curves import MOST_POINTS, Weighted
from slxrd.units import FloatArray

#: Trial thicknesses between two minima of χ².
STEPS_PER_MINIMUM = 6
#: Solutions of fringes with a free phase that are followed.
FOLLOWED = 6
#: Number of periods of the logarithm, trial periods per turn of the phase, and degree of the polynomial that
#: replaces the envelope.
MOST_PERIODS, PER_TURN, TREND = 8, 10, 4


def fringe_solutions(
    parts: tuple[Weighted, ...], thickest: float, strongest: float
) -> list[tuple[float, float]]:
    """Thicknesses and positions of the Bragg peak from fringes with a free phase, the best first.

    Away from a Bragg peak at q_B the fringes are (1 + a cos Tq + b sin Tq)/sin²(π q/q_B) on a background. For
    every trial T and q_B all coefficients follow from linear least squares.

    Parameters
    ----------
    parts : tuple of Weighted
        Regions.
    thickest : float
        Largest thickness in Å.
    strongest : float
        Scattering vector of the highest point, Å⁻¹.

    Returns
    -------
    list of (float, float)
        Thickness in Å, and position of the peak in Å⁻¹.
    """
    span = max(float(np.ptp(part.q)) for part in parts)
    shortest = 1.5 * 2.0 * np.pi / span
    thicknesses = np.arange(shortest, max(thickest, 2.0 * shortest), 2.0 * np.pi / span / STEPS_PER_MINIMUM)
    centres = strongest + span * np.linspace(-0.5, 0.5, 31)
    chi2 = np.zeros((centres.size, thicknesses.size))
    for part in parts:
        phase = np.outer(part.q - strongest, thicknesses)
        a, b = np.cos(phase), np.sin(phase)
        waves = (a, b), (a**2, b**2, a * b)
        for i, centre in enumerate(centres.tolist()):
            chi2[i] += _free_phase(part, centre, 2.0 * np.pi / thicknesses[-1], *waves)
    lowest = chi2.min(axis=0)
    padded = np.pad(lowest, 1, constant_values=np.inf)
    minima = np.flatnonzero((lowest <= padded[:-2]) & (lowest <= padded[2:]))
    order = minima[np.argsort(lowest[minima])][:FOLLOWED]
    return [(float(thicknesses[i]), float(centres[chi2[:, i].argmin()])) for i in order]


def _free_phase(
    part: Weighted,
    centre: float,
    nearest: float,
    waves: tuple[FloatArray, FloatArray],
    products: tuple[FloatArray, FloatArray, FloatArray],
) -> FloatArray:
    """χ² of fringes of all thicknesses, shape (k,), with free scale, amplitude, phase and background.

    ``waves`` are cosine and sine at all points and thicknesses, ``products`` those of each two of them.
    """
    envelope = part.root / np.maximum(np.abs(part.q - centre), nearest) ** 2
    alone = () if part.substrate is None else (part.substrate,)
    basis = np.linalg.qr(np.column_stack((part.basis, *alone, envelope)))[0]
    target = part.target - basis @ (basis.T @ part.target)
    in_a, in_b = ((basis * envelope[:, None]).T @ wave for wave in waves)
    squared = envelope**2
    aa, bb, ab = (
        squared @ product - np.sum(one * other, axis=0)
        for product, (one, other) in zip(products, ((in_a, in_a), (in_b, in_b), (in_a, in_b)), strict=True)
    )
    ya, yb = ((target * envelope) @ wave for wave in waves)
    det = np.maximum(aa * bb - ab**2, 1e-9 * np.abs(aa * bb) + 1e-300)
    gain = (bb * ya**2 - 2.0 * ab * ya * yb + aa * yb**2) / det
    return np.asarray(float(target @ target) - gain)


def fringe_periods(objective: Objective, shortest: float, longest: float) -> list[float]:
    """Estimate the period of satellites or fringes from a cosine transform of the logarithm of the intensity.

    Parameters
    ----------
    objective : Objective
        Points of the regions.
    shortest, longest : float
        Limits in Å.

    Returns
    -------
    list of float
        Periods in Å, the most probable first. Those that describe one pattern are about a distance of planes
        apart.
    """
    farthest = max(float(points.q[-1]) for points in objective.data)
    step = 2.0 * math.pi / farthest / PER_TURN
    periods = np.arange(shortest, longest, step)
    total = np.zeros(periods.size)
    for points in objective.data:
        thin = slice(None, None, max(round(points.q.size / MOST_POINTS), 1))
        q, intensity = points.q[thin], points.intensity[thin]
        positive = intensity[intensity > 0.0]
        if positive.size <= TREND:
            continue
        height = np.log(np.maximum(intensity, float(np.percentile(positive, 5))))
        smooth = np.vander((q - q.mean()) / np.ptp(q), TREND + 1)
        height = height - smooth @ np.linalg.lstsq(smooth, height, rcond=None)[0]
        total += _cosine_sums(q, np.gradient(q) * height, shortest, step, periods.size)
    padded = np.pad(total, 1, constant_values=-np.inf)
    maxima = np.flatnonzero((total > padded[:-2]) & (total >= padded[2:]))
    return [float(periods[i]) for i in maxima[np.argsort(-total[maxima])][:MOST_PERIODS]]


def _cosine_sums(q: FloatArray, weights: FloatArray, first: float, step: float, count: int) -> FloatArray:
    """Sums of weights·cos(q·p) over q at equidistant p, as products of waves at coarse and at fine steps.

    The waves at all p would take hundreds of megabytes.
    """
    block = math.isqrt(count) + 1
    coarse = np.exp(1j * np.outer(first + step * block * np.arange(block), q)) * weights
    fine = np.exp(1j * np.outer(q, step * np.arange(block)))
    return np.asarray((coarse @ fine).real.ravel()[:count])
