"""Size distribution: shares of the sizes, and their mean and standard deviation.

N and σ_N are parameters of a Gaussian that weights the integer sizes. If it is narrow, or extends below the
smallest size, the mean and the standard deviation of the sizes differ from N and σ_N: with N = 2.8 and
σ_N = 0.3 nearly all crystals have three planes.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike, NDArray

from slxrd._frozen import Sealed, read_only
from slxrd.errors import SlxrdError
from slxrd.model.kernel.size_shares import size_shares
from slxrd.sample.stack import LARGEST_SIZE, Stack
from slxrd.units import FloatArray


def _limits(stack: Stack) -> tuple[float, int]:
    """Return the window in σ_N, and the smallest size."""
    return float(stack.size_window), int(stack.table["N"].lower)


def size_moments(stack: Stack, N: ArrayLike, sigma_N: ArrayLike) -> tuple[FloatArray, FloatArray]:
    """Mean and standard deviation of P_n in planes, of the first crystal.

    Parameters
    ----------
    stack : Stack
        The structure.
    N, sigma_N : array_like, shape (k,)
        Parameters of the distribution, in planes.

    Returns
    -------
    mean, spread : ndarray, shape (k,)
        In planes; by number of crystals where the weighting is ``"volume"``, by area otherwise.
    """
    window, smallest = _limits(stack)
    centre, width = (np.atleast_1d(np.asarray(each, dtype=np.float64)) for each in (N, sigma_N))
    mean, spread = np.empty(centre.size), np.empty(centre.size)
    for k, (middle, sigma) in enumerate(zip(centre.tolist(), width.tolist(), strict=True)):
        sizes, shares, _, _ = size_shares(middle, sigma, window, 0, smallest)
        mean[k] = shares @ sizes
        spread[k] = np.sqrt(shares @ (sizes - mean[k]) ** 2)
    return mean, spread


def moment_slopes(stack: Stack, N: float, sigma_N: float) -> tuple[dict[str, float], dict[str, float]]:
    """Derivatives of mean and standard deviation with respect to N and σ_N; 0 where all have one size."""
    window, smallest = _limits(stack)
    weights = size_weights(N, sigma_N, window, 0, smallest)
    sizes = weights.sizes.astype(np.float64)
    mean = float(weights.weights @ sizes)
    spread = float(np.sqrt(weights.weights @ (sizes - mean) ** 2))
    by = {"N": weights.d_N, "sigma_N": weights.d_sigma_N}
    of_mean = {name: float(slope @ sizes) for name, slope in by.items()}
    of_spread = {
        name: float(slope @ (sizes - mean) ** 2) / (2.0 * spread) if spread > 1e-6 else 0.0
        for name, slope in by.items()
    }
    return of_mean, of_spread


@dataclass(frozen=True)
class SizeWeights(Sealed):
    """Number weights of the crystal sizes, with their derivatives.

    Parameters
    ----------
    sizes : ndarray of int64, shape (s,)
        Consecutive numbers of planes, the first at least 1.
    weights : ndarray, shape (s,)
        Their shares, which sum to 1.
    d_N, d_sigma_N : ndarray, shape (s,)
        Derivatives of the shares, per plane.
    """

    sizes: NDArray[np.int64]
    weights: FloatArray
    d_N: FloatArray
    d_sigma_N: FloatArray


@lru_cache(maxsize=64)
def size_weights(
    N: float, sigma_N: float, window: float = 5.0, power: int = 0, smallest: int = 1
) -> SizeWeights:
    """Discrete Gaussian of crystal sizes, P_n ∝ exp(−½((n−N)/σ_N)²) for whole n ≥ 1.

    The distribution is that of Toso, Baranov et al., ACS Nano 2021, 15, 6243, SI Eq. S2, whose printed form
    interchanges the variable and the mean. The integers on either side of N are always included, so that
    it is never empty. The arrays are read-only and cached, as all regions of a pattern need the same.

    Parameters
    ----------
    N : float
        Mean number of planes, 1 or more; need not be an integer.
    sigma_N : float
        Width in planes, 0 or more. Below 1e-6 the nearest size has all the weight (two sizes for a
        half-integer N).
    window : float
        Range of sizes on either side of N, in units of σ_N.
    power : int
        Power of n by which the shares are multiplied before they are normalised.
    smallest : int
        Smallest possible size.

    Raises
    ------
    SlxrdError
        If N < 1 or σ_N < 0, or either is not finite.
    """
    check_sizes(N, sigma_N, window)
    shares = SizeWeights(*size_shares(N, sigma_N, window, power, smallest))
    for array in (shares.sizes, shares.weights, shares.d_N, shares.d_sigma_N):
        read_only(array)
    return shares


def check_sizes(N: float, sigma_N: float, window: float) -> None:
    """Check that the sizes of a distribution can be listed; parameters as in :func:`size_weights`.

    Raises
    ------
    SlxrdError
        If N < 1 or σ_N < 0, either is not finite, or the largest size is beyond what can be calculated.
    """
    if not (math.isfinite(N) and N >= 1.0):
        raise SlxrdError(f"N = {N!r}: a crystal has at least 1 plane")
    if not (math.isfinite(sigma_N) and sigma_N >= 0.0):
        raise SlxrdError(f"sigma_N = {sigma_N!r}: must be 0 or more")
    if N + window * sigma_N > LARGEST_SIZE:
        raise SlxrdError(
            f"N = {N:g}, sigma_N = {sigma_N:g}: sizes beyond {LARGEST_SIZE:g} planes are not crystals"
        )
