"""Simulated measurements for the error-budget benchmark: background, noise, treatment of the data."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from error_budget_generator import KALPHA, STEP, Array, Case, intensity, smeared
from scipy.signal import savgol_coeffs

#: Departures after which intensities are no counts: σ is given point by point where counts were measured.
NO_COUNTS = ("boxcar", "Savitzky–Golay", "finer grid", "noise level")


@dataclass(frozen=True)
class Measurement:
    """Measured q in Å⁻¹, intensities and stated σ, each of shape (n,), and the noise option of the fit."""

    q: Array
    y: Array
    sigma: Array
    noise: float | str


def measure(case: Case) -> Measurement:
    """Simulate the measurement of all regions.

    Notes
    -----
    Noise is Gaussian, a fraction of each region's maximum, which the fit is given; or that of counts, with
    the maximum at 1/fraction² counts, and the fit is given ``"counting"``, or σ where treated data are no
    counts. For smoothed data σ is the standard deviation of the smoothed noise, as a user reads it off the
    scatter of the points. Interpolated data keep the σ of the points measured.
    """
    random = np.random.default_rng([16, case.seed, case.sample == "sheets"])
    parts = [_region(case, k, random) for k in range(len(case.regions))]
    q, y, sigma = (np.concatenate([part[i] for part in parts]) for i in range(3))
    if case.departure in NO_COUNTS and case.counting:
        return Measurement(q, y, sigma, "file")
    noise: float | str = "counting" if case.counting else parts[0][3]
    return Measurement(q, y, sigma, noise)


def _region(case: Case, index: int, random: np.random.Generator) -> tuple[Array, Array, Array, float]:
    """Return q, intensity, σ, and σ as a fraction of the maximum, in one region."""
    low, high = case.regions[index]
    # Further points on both sides, so that treated data are complete within the region.
    q = np.arange(low - 10.5 * STEP, high + 10.0 * STEP, STEP)
    shift = case.sign * case.size if case.departure == "zero error" else 0.0
    curve = smeared(case, q + shift, lambda grid: intensity(case, grid))
    if case.departure == "Kα2":
        curve = curve + case.size * smeared(case, q * KALPHA, lambda grid: intensity(case, grid))
    inside = (q >= low) & (q <= high)
    curve = curve / curve[inside].max()
    curve = curve + _foreign(case, index, q)
    level = case.noise
    if case.counting:
        y = random.poisson(np.maximum(curve, 0.0) / level**2).astype(float)
    else:
        y = curve + random.normal(0.0, level * curve[inside].max(), q.size)
    kernel = _filter(case)
    y = np.convolve(y, kernel, "same")
    scale = float(np.sqrt(kernel @ kernel))
    sigma = scale * (np.sqrt(np.maximum(y, 1.0)) if case.counting else np.full(q.size, level))
    level *= scale
    if case.departure == "noise level":
        factor = case.size**case.sign
        sigma, level = sigma * factor, level * factor
    if case.departure == "finer grid":
        fine = np.arange(q[0], q[-1], STEP / round(case.size))
        y, sigma, q = np.interp(fine, q, y), np.interp(fine, q, sigma), fine
    inside = (q >= low - STEP) & (q <= high + STEP)
    return q[inside], y[inside], sigma[inside], level


def _foreign(case: Case, index: int, q: Array) -> Array:
    """Return the background or the foreign peak of a region, relative to the maximum of the sample."""
    low, high = case.regions[index]
    x = (q - low) / (high - low)
    if case.departure == "smooth background":
        decay = np.exp(-x / 0.4)
        return np.asarray(case.size * (decay + 0.5 * np.exp(-0.5 * ((x - case.second) / 0.25) ** 2)))
    if case.departure == "impurity peak" and index == case.seed % len(case.regions):
        centre = 0.5 + case.sign * (0.1 + 0.3 * case.second)
        return np.asarray(case.size * np.exp(-0.5 * ((x - centre) * (high - low) / 0.015) ** 2))
    return np.zeros(q.size)


def _filter(case: Case) -> Array:
    """Return the weights with which neighbouring points are averaged."""
    points = 2 * round((case.size - 1.0) / 2.0) + 1
    if case.departure == "boxcar":
        return np.full(points, 1.0 / points)
    if case.departure == "Savitzky–Golay":
        return np.asarray(savgol_coeffs(points, 2))
    return np.ones(1)
