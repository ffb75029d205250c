"""Diffraction patterns of films on crystals, by plain sums over planes, with Poisson counts."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from slxrd.data.pattern import Pattern

FloatArray = NDArray[np.float64]


def film_intensity(
    q: FloatArray,
    d: float,
    sizes: dict[int, float],
    substrate: tuple[float, float, float] | None = None,
    resolution: float = 0.0,
) -> FloatArray:
    """Mean intensity of films of equal planes.

    Parameters
    ----------
    q : ndarray, shape (n,)
        Scattering vectors in Å⁻¹.
    d : float
        Distance of the planes in Å.
    sizes : dict of int to float
        Shares of the numbers of planes.
    substrate : tuple of float, optional
        Plane distance in Å, amplitude of a plane relative to one of the film, and distance in Å from its
        highest plane to the lowest of the film.
    resolution : float
        Standard deviation of the Gaussian resolution in Å⁻¹.
    """
    offsets, weights = np.zeros(1), np.ones(1)
    if resolution > 0.0:
        offsets = resolution * np.linspace(-4.0, 4.0, 41)
        weights = np.exp(-0.5 * (offsets / resolution) ** 2)
        weights /= weights.sum()
    total = np.zeros(q.size)
    for offset, weight in zip(offsets, weights, strict=True):
        at = q + offset
        below = np.zeros(q.size, complex)
        if substrate is not None:
            d_S, f_S, L_S = substrate
            below = f_S / (1.0 - np.exp(-1j * at * d_S - 2e-4 * d_S)) * np.exp(-1j * at * L_S)
        # Row n - 1 is the amplitude of a film of n planes.
        films = np.exp(1j * np.outer(d * np.arange(max(sizes)), at)).cumsum(axis=0)
        for planes, share in sizes.items():
            total += weight * share * np.abs(films[planes - 1] + below) ** 2
    return total


def spread_sizes(mean: float, spread: float) -> dict[int, float]:
    """Shares of whole sizes around a mean with a standard deviation."""
    if spread == 0.0:
        return {round(mean): 1.0}
    sizes = np.arange(max(round(mean - 4 * spread), 1), round(mean + 4 * spread) + 1)
    shares = np.exp(-0.5 * ((sizes - mean) / spread) ** 2)
    return dict(zip(sizes.tolist(), (shares / shares.sum()).tolist(), strict=True))


def counted(
    q: FloatArray,
    intensity: FloatArray,
    counts: float,
    *,
    background: float = 3.0,
    seed: int = 0,
    about: tuple[float, float] | None = None,
) -> Pattern:
    """Pattern of Poisson counts with σ = √counts.

    Parameters
    ----------
    q, intensity : ndarray, shape (n,)
        Scattering vectors and calculated intensity.
    counts : float
        Counts at the maximum.
    background : float
        Constant background in counts.
    seed : int
        Seed of the random numbers.
    about : tuple of float, optional
        Range in which the maximum is taken; default: everywhere.
    """
    inside = np.ones(q.size, bool) if about is None else (q >= about[0]) & (q <= about[1])
    expected = intensity * counts / intensity[inside].max() + background
    measured = np.random.default_rng(seed).poisson(expected).astype(float)
    return Pattern(q, measured, sigma=np.sqrt(np.maximum(measured, 1.0)), source="counted film")
