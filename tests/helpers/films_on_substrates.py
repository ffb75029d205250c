"""Kinematic sums over planes of films and superlattices on a substrate, with counts; independent of slxrd."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from waves import waves

from slxrd.data.pattern import Pattern

Array = NDArray[np.float64]


def planes(q: Array, layers: Sequence[tuple[int, float, float]]) -> NDArray[np.complex128]:
    """Amplitude of layers (number of planes, distance, amplitude of a plane) one on another."""
    amplitude, bottom = np.zeros(q.size, dtype=complex), 0.0
    for count, d, f in layers:
        heights = bottom + d * (np.arange(count) + 0.5)
        amplitude += f * waves(heights, q).sum(axis=0)
        bottom += count * d
    return amplitude


def rod(q: Array, d: float, f: float, absorption: float = 2e-4) -> NDArray[np.complex128]:
    """Amplitude of a half-infinite crystal that ends half a plane distance below height 0."""
    return f * np.exp(-0.5j * q * d) / (1.0 - np.exp(-1j * q * d - absorption * d))


def counted(q: Array, intensity: Array, peak: float, background: float, seed: int, sigma: float) -> Pattern:
    """Counts with ``peak`` at the highest point, after a Gaussian resolution of ``sigma`` (Å⁻¹)."""
    step = float(q[1] - q[0])
    if sigma > 0.0:
        half = int(np.ceil(4.0 * sigma / step))
        weights = np.exp(-0.5 * (np.arange(-half, half + 1) * step / sigma) ** 2)
        intensity = np.convolve(np.pad(intensity, half, mode="edge"), weights / weights.sum(), mode="valid")
    expected = intensity * peak / intensity.max() + background
    return Pattern(q, np.random.default_rng(seed).poisson(expected).astype(float), source="simulated")


def film(
    N: int = 150,
    d: float = 1.95,
    *,
    substrate: float | None = None,
    strength: float = 1.0,
    peak: float = 1e6,
    background: float = 5.0,
    seed: int = 0,
    sigma: float = 0.0008,
    step: float = 0.0007,
    half: float = 0.3,
) -> Pattern:
    """A film of N planes, on a substrate of this plane distance if one is given."""
    q = np.arange(2.0 * np.pi / d - half, 2.0 * np.pi / d + half, step)
    amplitude = planes(q, [(N, d, 1.0)])
    if substrate is not None:
        amplitude = amplitude + rod(q, substrate, strength)
    return counted(q, np.abs(amplitude) ** 2, peak, background, seed, sigma)


def superlattice(
    repeats: int = 6,
    layers: Sequence[tuple[int, float, float]] = ((13, 3.96, 1.0), (10, 3.80, 1.1)),
    *,
    substrate: float | None = None,
    peak: float = 1e5,
    background: float = 5.0,
    seed: int = 0,
    sigma: float = 0.0007,
) -> Pattern:
    """Repeated layers, on a substrate if one is given."""
    centre = 2.0 * np.pi / (sum(n * d for n, d, _ in layers) / sum(n for n, _, _ in layers))
    q = np.arange(centre - 0.22, centre + 0.22, 0.0006)
    amplitude = planes(q, list(layers) * repeats)
    if substrate is not None:
        amplitude = amplitude + rod(q, substrate, 1.0)
    return counted(q, np.abs(amplitude) ** 2, peak, background, seed, sigma)


def layered_crystals(
    d: float, strengths: Sequence[float], *, width: float = 0.012, peak: float = 5e4, seed: int = 0
) -> Pattern:
    """Orders 1, 2, … of a crystal of plane distance d, pseudo-Voigt peaks on a falling background."""
    q = np.arange(0.35, 4.1, 0.0025)
    intensity = np.zeros(q.size)
    for order, strength in enumerate(strengths, 1):
        u = 2.0 * (q - order * 2.0 * np.pi / d) / (width * (1.0 + 0.1 * order))
        intensity += strength * (0.5 / (1.0 + u * u) + 0.5 * np.exp(-np.log(2.0) * u * u))
    background = 0.01 * peak * np.exp(-q) + 0.004 * peak * np.exp(-(((q - 1.7) / 0.5) ** 2))
    expected = peak * intensity / intensity.max() + background
    return Pattern(q, np.random.default_rng(seed).poisson(expected).astype(float), source="layered")


def stack(
    N: int = 12,
    d: float = 2.03,
    L: float = 6.1,
    *,
    sigma_L: float = 0.25,
    repeats: int = 12,
    substrate: float = 1.99,
    strength: float = 0.7,
    peak: float = 5e4,
    seed: int = 0,
    sigma: float = 0.0008,
    step: float = 0.001,
    reach: float = 4.5,
    draws: int = 300,
) -> Pattern:
    """Stacks of equal crystals whose gaps fluctuate, drawn one by one; ``reach`` in satellites."""
    random = np.random.default_rng(seed)
    fringe = 2.0 * np.pi / ((N - 1) * d + L)
    q = np.arange(2.0 * np.pi / d - reach * fringe, 2.0 * np.pi / d + reach * fringe, step)
    crystal, below = planes(q, [(N, d, 1.0)]), rod(q, substrate, strength)
    total = np.zeros(q.size)
    for _ in range(draws):
        gaps = random.normal(L, sigma_L, repeats - 1)
        bottoms = np.concatenate(([0.0], np.cumsum(gaps + (N - 1) * d)))
        total += np.abs(crystal * waves(bottoms, q).sum(axis=0) + below) ** 2
    away = np.abs(q - 2.0 * np.pi / substrate) > 6.0 * sigma
    return counted(q, total, peak * float(total.max() / total[away].max()), 4.0, seed, sigma)
