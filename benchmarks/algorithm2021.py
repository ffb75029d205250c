"""The published algorithm in plain NumPy, as a baseline for speed and results.

Toso, Baranov et al., ACS Nano 2021, 15, 6243, SI Eqs. S2 to S12, with Eq. S9 corrected
(e^{2ξ}T² for the printed e^{2ξT²}; C counts bilayers, M = 2C). Like the original it convolves
over the measured points only, scales data and model to their maxima, and differentiates by
finite differences. It is not defined where qd is exactly 2πn.

Run as a script it times itself.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import OptimizeResult, least_squares

FloatArray = NDArray[np.float64]

PARAMETERS = ("d", "L", "sigma_L", "N", "sigma_N", "q_zero")

#: Error of an intensity scaled to its maximum: the default of the original bootstrap.
SIGMA = 0.03


@dataclass(frozen=True)
class Region:
    """Part of a pattern around one Bragg peak.

    Parameters
    ----------
    q : ndarray
        Measured scattering vector, Å⁻¹.
    intensity : ndarray
        Intensity in any unit; it is scaled to its maximum.
    weight : float
        Multiplies the region's share of χ².
    """

    q: FloatArray
    intensity: FloatArray
    weight: float = 1.0


def size_distribution(N: float, sigma_N: float) -> tuple[NDArray[np.int64], FloatArray]:
    """Sizes in [⌊N−3σ_N⌋, ⌈N+3σ_N⌉) from 1 on, and their normalised weights (Eq. S2)."""
    sizes = np.arange(max(1, math.floor(N - 3 * sigma_N)), math.ceil(N + 3 * sigma_N))
    p = np.exp(-0.5 * ((sizes - N) / sigma_N) ** 2)
    return sizes, p / p.sum()


def intensity_of_size(q: FloatArray, d: float, L: float, sigma_L: float, n: int, C: int) -> FloatArray:
    """I(q, n) of 2C crystals of n planes (Eqs. S3 to S6, S8, S9 corrected)."""
    F = (1 - np.exp(1j * n * d * q)) / (1 - np.exp(1j * d * q))
    F2 = (F * np.conj(F)).real
    T = np.exp(1j * (n - 1) * d * q)
    phi = T * np.conj(F)
    xi = 1j * q * L - 0.5 * (q * sigma_L) ** 2
    e_xi = np.exp(xi)
    x = np.exp(2 * xi) * T**2
    series = (C - (C + 1) * x + x ** (C + 1)) / (1 - x) ** 2 - C
    phi_F = phi * F
    neighbours = 2 * C * (F2 + (e_xi * phi_F).real)
    return neighbours + 2 * (phi_F * (np.exp(-xi) / T**2 + 2 / T + e_xi) * series).real


def intensity(
    q: FloatArray, d: float, L: float, sigma_L: float, N: float, sigma_N: float, C: int
) -> FloatArray:
    """Sum over the sizes (Eq. S10)."""
    total = np.zeros_like(q)
    for n, p in zip(*size_distribution(N, sigma_N), strict=True):
        total += p * intensity_of_size(q, d, L, sigma_L, int(n), C)
    return total


def convolve(q: FloatArray, values: FloatArray, sigma_G: float) -> FloatArray:
    """Gaussian of width σ_G summed over the measured points (Eq. S11), point by point."""
    result = np.empty_like(values)
    for i, centre in enumerate(q):
        result[i] = np.sum(values * np.exp(-0.5 * ((centre - q) / sigma_G) ** 2))
    return result


def simulate_region(
    q: FloatArray,
    d: float,
    L: float,
    sigma_L: float,
    N: float,
    sigma_N: float,
    q_zero: float = 0.0,
    sigma_G: float = 0.007,
    C: int = 20,
) -> FloatArray:
    """The pattern of one region, scaled to a maximum of 1.

    Parameters
    ----------
    q : ndarray
        Measured scattering vector, Å⁻¹; the true one is q + q_zero.
    d, L, sigma_L : float
        Plane distance, gap and its standard deviation, Å.
    N, sigma_N : float
        Mean and width of the size distribution, planes.
    q_zero, sigma_G : float
        Zero shift and resolution, Å⁻¹.
    C : int
        Coherent bilayers.
    """
    true_q = q + q_zero
    smeared = convolve(true_q, intensity(true_q, d, L, sigma_L, N, sigma_N, C), sigma_G)
    return smeared / smeared.max()


def residuals(
    parameters: Mapping[str, float],
    regions: Sequence[Region],
    sigma_G: float = 0.007,
    C: int = 20,
    free_scale: bool = False,
) -> FloatArray:
    """(Scaled data − model)/σ of all regions; their squares sum to χ² (Eq. S12 with σ and weights).

    With ``free_scale`` the model is scaled to fit best, not to its maximum: not in the original.
    """
    parts = []
    for region in regions:
        model = simulate_region(region.q, **parameters, sigma_G=sigma_G, C=C)
        data = region.intensity / region.intensity.max()
        if free_scale:
            model *= (model @ data) / (model @ model)
        parts.append(math.sqrt(region.weight) * (data - model) / SIGMA)
    return np.concatenate(parts)


def fit(
    regions: Sequence[Region],
    start: Mapping[str, float],
    bounds: Mapping[str, tuple[float, float]],
    *,
    sigma_G: float = 0.007,
    C: int = 20,
    free_scale: bool = False,
    max_nfev: int | None = None,
) -> tuple[dict[str, float], OptimizeResult]:
    """Refine the parameters that have bounds by finite-difference least squares.

    Parameters
    ----------
    regions : sequence of Region
        The measured regions.
    start : mapping
        A value for each of PARAMETERS; ``q_zero`` may be left out for 0.
    bounds : mapping
        Lower and upper bound of each refined parameter; the others keep their start.
    sigma_G : float
        Resolution, Å⁻¹.
    C : int
        Coherent bilayers.
    free_scale : bool
        A free factor per region instead of equal maxima.
    max_nfev : int, optional
        Largest number of evaluations.

    Returns
    -------
    dict
        The parameters at the minimum.
    OptimizeResult
        Result of SciPy; ``2 * cost`` is χ².
    """
    unknown = (set(start) | set(bounds)) - set(PARAMETERS)
    if unknown:
        raise ValueError(f"unknown parameters: {sorted(unknown)}")
    fixed = {"q_zero": 0.0} | dict(start)
    names = [name for name in PARAMETERS if name in bounds]

    def fun(x: FloatArray) -> FloatArray:
        there = fixed | dict(zip(names, x.tolist(), strict=True))
        return residuals(there, regions, sigma_G, C, free_scale)

    lower, upper = zip(*(bounds[name] for name in names), strict=True)
    x0 = [fixed[name] for name in names]
    result = least_squares(fun, x0, bounds=(lower, upper), ftol=1e-12, xtol=1e-12, max_nfev=max_nfev)
    return fixed | dict(zip(names, result.x.tolist(), strict=True)), result


def _main() -> None:
    import timeit

    sample = {"d": 5.84, "L": 36.9, "sigma_L": 1.43, "N": 13.0, "sigma_N": 1.55}
    for low, high, points in ((0.85, 1.3, 170), (0.85, 1.3, 200), (0.85, 1.3, 400)):
        q = np.linspace(low, high, points)
        repeat = timeit.repeat(lambda q=q: simulate_region(q, **sample), number=20, repeat=7)
        alone = timeit.repeat(lambda q=q: intensity(q, **sample, C=20), number=20, repeat=7)
        print(
            f"{points} points, {size_distribution(13.0, 1.55)[0].size} sizes, M = 40: region "
            f"{min(repeat) / 20 * 1e3:.2f} ms, of which intensity {min(alone) / 20 * 1e3:.2f} ms"
        )

    rng = np.random.default_rng(1)
    regions = []
    for centre in (1.076, 2.152):
        q = np.linspace(centre - 0.22, centre + 0.22, 170)
        clean = simulate_region(q, **sample)
        regions.append(Region(q, clean + SIGMA * rng.standard_normal(q.size)))
    start = {"d": 5.85, "L": 36.5, "sigma_L": 1.2, "N": 12.5, "sigma_N": 1.3}
    bounds = {"d": (5.7, 6.0), "L": (34, 40), "sigma_L": (0.1, 4), "N": (8, 18), "sigma_N": (0.4, 4)}
    seconds = timeit.timeit(lambda: fit(regions, start, bounds), number=1)
    found, result = fit(regions, start, bounds)
    rounded = {k: round(v, 4) for k, v in found.items()}
    print(f"fit of two regions, 5 parameters: {seconds:.2f} s, {result.nfev} steps, {rounded}")


if __name__ == "__main__":
    _main()
