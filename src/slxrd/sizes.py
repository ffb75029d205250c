"""Mean and width of the sizes that there are, as a microscope would count them.

N and σ_N are those of the Gaussian that whole sizes are weighted by. Where it is narrow, or reaches below the
smallest size, the mean and the standard deviation of the sizes themselves are others: with N = 2.8 and
σ_N = 0.3 nearly all crystals have three planes.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from slxrd.kernel.shares import size_shares
from slxrd.structure import Stack, size_weights
from slxrd.units import FloatArray


def _limits(stack: Stack) -> tuple[float, int]:
    """The window in σ_N, and the smallest size."""
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
