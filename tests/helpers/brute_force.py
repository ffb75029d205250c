"""Random stacks, plane by plane: what the stack formula is an average of.

Every atomic plane of every crystal gets an explicit position, and nothing is summed in closed form,
so an error in the algebra of the kernels cannot be repeated here.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]

_PLANES_AT_ONCE = 40_000


def gaussian_weights(sizes: Iterable[int], N: float, sigma_N: float) -> FloatArray:
    """Normalised number fractions P_n ∝ exp(−½((n−N)/σ_N)²) of the sizes, in planes."""
    p = np.array([np.exp(-0.5 * ((n - N) / sigma_N) ** 2) for n in sizes])
    return p / p.sum()


def plane_positions(
    rng: np.random.Generator, n_stacks: int, size: int, n_coherent: int, d: float, L: float, sigma_L: float
) -> FloatArray:
    """Positions in Å, (n_stacks, n_coherent·size), of the planes of crystals of one size.

    A crystal starts one gap above the *last* plane of the one below it.
    """
    positions = np.empty((n_stacks, n_coherent * size))
    start = np.zeros(n_stacks)
    for crystal in range(n_coherent):
        for plane in range(size):
            positions[:, crystal * size + plane] = start + plane * d
        last = start + (size - 1) * d
        start = last + rng.normal(L, sigma_L, n_stacks)
    return positions


def average(
    rng: np.random.Generator,
    q: FloatArray,
    *,
    d: float,
    L: float,
    sigma_L: float,
    N: float,
    sigma_N: float,
    sizes: Iterable[int],
    n_coherent: int,
    n_stacks: int,
) -> tuple[FloatArray, FloatArray]:
    """Mean of Σ_n P_n |Σ exp(iqz)|² over random size-pure stacks, and its standard error, per q.

    Parameters
    ----------
    rng : Generator
        Source of the gaps.
    q : ndarray
        Scattering vector, Å⁻¹.
    d, L, sigma_L : float
        Plane distance, mean gap and standard deviation of the gap, Å.
    N, sigma_N : float
        Mean and width of the size distribution, planes.
    sizes : iterable of int
        The sizes that exist, planes.
    n_coherent : int
        Crystals in a stack.
    n_stacks : int
        Stacks per size.
    """
    sizes = list(sizes)
    mean = np.zeros(q.size)
    variance = np.zeros(q.size)
    for size, weight in zip(sizes, gaussian_weights(sizes, N, sigma_N), strict=True):
        chunk = max(1, _PLANES_AT_ONCE // (size * n_coherent))
        samples = []
        for first in range(0, n_stacks, chunk):
            z = plane_positions(rng, min(chunk, n_stacks - first), size, n_coherent, d, L, sigma_L)
            samples.append([np.abs(np.exp(1j * qi * z).sum(axis=1)) ** 2 for qi in q])
        intensity = np.concatenate(samples, axis=1)
        mean += weight * intensity.mean(axis=1)
        variance += weight**2 * intensity.var(axis=1, ddof=1) / n_stacks
    return mean, np.sqrt(variance)
