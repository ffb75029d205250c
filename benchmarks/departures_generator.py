"""Simulated patterns that depart from the model of the fit: a kinematic sum of its own, with counted photons.

Nothing here is from slxrd. A film is one crystal of N planes, or a weighted sum of sizes; a stack has M
crystals of one size with Gaussian gaps, averaged over sizes. A substrate is a truncation rod added in
amplitude.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
KALPHA = 1.540593 / 1.544427

#: Departures by the kind of sample to which they apply.
DEPARTURES = {
    "film": ("none", "substrate", "resolution", "background", "strain", "skewed", "two populations", "Kα2"),
    "stack": ("none", "crystals", "resolution", "background", "strain", "skewed", "two populations", "Kα2"),
}


@dataclass(frozen=True)
class Sample:
    """A sample and its measurement: lengths in Å, q in 1/Å."""

    kind: str
    departure: str
    d: float
    N: float
    sigma_N: float
    L: float
    sigma_L: float
    M: int
    resolution: float
    counts: float
    background: float
    regions: tuple[tuple[float, float], ...]
    step: float
    mask: tuple[tuple[float, float], ...]
    strength: float


def draw_sample(number: int, kind: str, departure: str) -> Sample:
    """Draw a sample at random; the same number gives the same sample for every departure."""
    random = np.random.default_rng([13, number, kind == "stack"])
    counts = float(10.0 ** random.uniform(3.0, 6.0))
    strength = float(random.uniform(0.5, 1.5))
    background = float(random.uniform(0.0005, 0.02))
    if kind == "film":
        d = float(random.uniform(1.9, 6.0))
        thickness = float(np.exp(random.uniform(np.log(50.0), np.log(500.0))))
        N, sigma_N = max(8.0, thickness / d), float(random.uniform(0.3, 2.0))
        fringe = 2.0 * np.pi / (N * d)
        resolution = float(random.uniform(0.02, 0.15)) * fringe
        q1 = 2.0 * np.pi / d
        half = float(random.uniform(4.0, 9.0)) * fringe
        mask: tuple[tuple[float, float], ...] = ()
        if departure == "substrate":
            side = random.choice([-1.0, 1.0])
            centre = q1 + side * half * float(random.uniform(0.4, 1.1))
            mask = ((centre - 0.8 * fringe, centre + 0.8 * fringe),)
        return Sample(kind, departure, d, N, sigma_N, 0.0, 0.0, 1, resolution, counts, background,
                      ((q1 - half, q1 + half),), fringe / float(random.uniform(8.0, 20.0)), mask,
                      strength)  # fmt: skip
    d = float(random.uniform(2.9, 6.1))
    N, sigma_N = float(random.uniform(4.0, 20.0)), float(random.uniform(0.4, 2.0))
    L, sigma_L = float(random.uniform(12.0, 50.0)), float(random.uniform(0.3, 1.6))
    q1 = 2.0 * np.pi / d
    orders = (1, 2) if random.random() < 0.5 else (1,)
    half = min(0.35 * q1, 3.0 * 2.0 * np.pi / (N * d))
    regions = tuple((n * q1 - half, n * q1 + half) for n in orders)
    return Sample(kind, departure, d, N, sigma_N, L, sigma_L, 40, 0.007, counts, background, regions, 0.003,
                  (), strength)  # fmt: skip


def intensity(sample: Sample, q: Array) -> Array:
    """Calculate the intensity without instrument and background, shape (n,)."""
    sizes, weights = _sizes(sample)
    total = np.zeros(q.size)
    M = max(2, round(4.0 * sample.strength)) if sample.departure == "crystals" else sample.M
    rod = _rod(sample, q)
    for n, weight in zip(sizes.tolist(), weights.tolist(), strict=True):
        heights = _heights(sample, n)
        amplitude = np.exp(1j * np.outer(q, heights)).sum(axis=1)
        if M == 1:
            total += weight * np.abs(amplitude + rod) ** 2
            continue
        z = np.exp(1j * q * ((n - 1) * sample.d + sample.L) - 0.5 * (q * sample.sigma_L) ** 2)
        sums, power = np.zeros(q.size), np.ones(q.size, complex)
        for m in range(1, M):
            power = power * z
            sums += (M - m) * power.real
        total += weight * np.abs(amplitude) ** 2 * (M + 2.0 * sums) / M
    return total


def _sizes(sample: Sample) -> tuple[Array, Array]:
    n = np.arange(max(1, int(sample.N - 8 * sample.sigma_N - 2)), int(sample.N + 10 * sample.sigma_N + 12))
    x = (n - sample.N) / sample.sigma_N
    if sample.departure == "skewed":
        # Log-normal with the same mean and spread, made three times as skewed by a shift.
        shape = 0.5 * sample.strength
        scale = sample.sigma_N / np.sqrt((np.exp(shape**2) - 1.0) * np.exp(shape**2))
        y = n - (sample.N - scale * np.exp(shape**2 / 2.0))
        inside = y > 0.0
        weights = np.zeros(n.size)
        weights[inside] = np.exp(-0.5 * (np.log(y[inside] / scale) / shape) ** 2) / y[inside]
    elif sample.departure == "two populations":
        apart = 3.0 * sample.strength * max(1.0, 0.06 * sample.N)
        other = (n - sample.N - apart) / sample.sigma_N
        weights = np.exp(-0.5 * x**2) + 0.4 * np.exp(-0.5 * other**2)
    else:
        weights = np.exp(-0.5 * x**2)
    kept = weights > 1e-6 * weights.max()
    return n[kept].astype(float), weights[kept] / weights[kept].sum()


def _heights(sample: Sample, n: float) -> Array:
    k = np.arange(int(n))
    z = k * sample.d
    if sample.departure == "strain":
        size, depth = 0.02 * sample.strength, 0.15 * sample.N
        z = z + size * sample.d * depth * (1.0 - np.exp(-k / depth))
    return np.asarray(z)


def _rod(sample: Sample, q: Array) -> Array | complex:
    if sample.departure != "substrate":
        return 0.0
    low, high = sample.mask[0]
    d = 2.0 * np.pi / ((low + high) / 2.0)
    return np.asarray(sample.strength / (1.0 - np.exp(-1j * q * d - 1e-4)) * np.exp(-1j * q * sample.d))


def measured(sample: Sample, seed: int) -> tuple[Array, Array]:
    """Return q and counts of a measurement over all regions, with a constant background."""
    random = np.random.default_rng(seed)
    low, high = sample.regions[0][0], sample.regions[-1][1]
    q = np.arange(low - 0.5 * sample.step, high + sample.step, sample.step)
    factor = 1.0
    if sample.departure == "resolution":
        factor = 2.0 if seed % 2 else 0.5
    curve = _smeared(sample, q, factor * sample.resolution)
    if sample.departure == "Kα2":
        curve = curve + 0.5 * _smeared(sample, q * KALPHA, factor * sample.resolution)
    seen = np.zeros(q.size, bool)
    for a, b in sample.regions:
        seen |= (q >= a) & (q <= b)
    for a, b in sample.mask:
        seen &= (q < a) | (q > b)
    top = float(curve[seen].max())
    base = np.full(q.size, sample.background)
    if sample.departure == "background":
        base = base + 0.06 * sample.strength * (q[-1] - q) / (q[-1] - q[0])
    expected = sample.counts * np.clip(curve / top + base, 0.0, 1e3)
    return q, random.poisson(expected).astype(float)


def _smeared(sample: Sample, q: Array, sigma: float) -> Array:
    fine = min(sample.step / 2.0, sigma / 3.0)
    grid = np.arange(q[0] - 5.0 * sigma - fine, q[-1] + 5.0 * sigma + 2.0 * fine, fine)
    curve = intensity(sample, grid)
    reach = int(np.ceil(5.0 * sigma / fine))
    kernel = np.exp(-0.5 * (np.arange(-reach, reach + 1) * fine / sigma) ** 2)
    return np.asarray(np.interp(q, grid, np.convolve(curve, kernel / kernel.sum(), "same")))


def truth(sample: Sample) -> dict[str, float]:
    """Return the true values in Å and planes; of two populations and skewed sizes, the mean size."""
    sizes, weights = _sizes(sample)
    N = float(sizes @ weights)
    known: dict[str, float] = {"d": sample.d, "N": N, "thickness_with_surface": N * sample.d}
    if sample.kind == "stack":
        known |= {"L": sample.L, "sigma_L": sample.sigma_L, "period": (N - 1.0) * sample.d + sample.L}
    return known


def exact(sample: Sample) -> Sample:
    """Return the sample without its departure."""
    return replace(sample, departure="none")


def options(sample: Sample, noise: Any) -> dict[str, Any]:
    """Return the options of a fit that does not know the departure."""
    return {
        "regions": list(sample.regions),
        "mask": list(sample.mask),
        "coherent": sample.M,
        "resolution": sample.resolution,
        "background": "constant",
        "noise": noise,
    }
