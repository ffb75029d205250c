"""What the sample is: how many crystals stand in a coherent stack, and how their sizes are distributed."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from slxrd.errors import SlxrdError
from slxrd.kernel.shares import size_shares
from slxrd.units import FloatArray

#: The most crystals in a coherent stack, and the largest crystal in planes, that can be calculated.
MOST_COHERENT = 1_000_000
LARGEST_SIZE = 100_000


@dataclass(frozen=True)
class Stack:
    """The settings of a stack that are chosen rather than refined.

    Parameters
    ----------
    n_coherent : int
        M, the number of crystals that scatter coherently; 1 is a single crystal, such as a thin
        film. The C of the 2021 paper counts pairs: M = 2C.
    size_window : float
        Sizes are counted within this many σ_N of N. The paper cuts at 3, which makes χ² jump as N
        moves; 5 does not.

    Raises
    ------
    SlxrdError
        If a value cannot be.
    """

    n_coherent: int = 40
    size_window: float = 5.0

    def __post_init__(self) -> None:
        if (
            isinstance(self.n_coherent, bool)
            or not math.isfinite(self.n_coherent)
            or int(self.n_coherent) != self.n_coherent
            or not 1 <= self.n_coherent <= MOST_COHERENT
        ):
            raise SlxrdError(
                f"coherent {self.n_coherent!r}: M must be a whole number of crystals, 1 or more (and at most "
                f"{MOST_COHERENT})"
            )
        if not (math.isfinite(self.size_window) and self.size_window > 0.0):
            raise SlxrdError(f"size window {self.size_window!r}: must be a positive number of σ_N")


@dataclass(frozen=True)
class SizeWeights:
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
def size_weights(N: float, sigma_N: float, window: float = 5.0) -> SizeWeights:
    """Discrete Gaussian of crystal sizes, P_n ∝ exp(−½((n−N)/σ_N)²) for whole n ≥ 1.

    The distribution is that of Toso, Baranov et al., ACS Nano 2021, 15, 6243, SI Eq. S2, whose
    print confuses the variate with the mean. The whole numbers on either side of N always belong
    to it, so that it is never empty. The arrays are read-only and may be shared: the regions of a
    pattern ask for the same distribution in turn.

    Parameters
    ----------
    N : float
        Mean number of planes, 1 or more; need not be whole.
    sigma_N : float
        Width in planes, 0 or more. Below 1e-6 the nearest size takes all (two, if N lies half-way).
    window : float
        How many σ_N on either side are counted.

    Raises
    ------
    SlxrdError
        If N < 1 or σ_N < 0, or either is not finite.
    """
    if not (math.isfinite(N) and N >= 1.0):
        raise SlxrdError(f"N = {N!r}: a crystal has at least 1 plane")
    if not (math.isfinite(sigma_N) and sigma_N >= 0.0):
        raise SlxrdError(f"sigma_N = {sigma_N!r}: must be 0 or more")
    if N + window * sigma_N > LARGEST_SIZE:
        raise SlxrdError(
            f"N = {N:g}, sigma_N = {sigma_N:g}: sizes beyond {LARGEST_SIZE:g} planes are not crystals"
        )
    shares = SizeWeights(*size_shares(N, sigma_N, window))
    for array in (shares.sizes, shares.weights, shares.d_N, shares.d_sigma_N):
        array.setflags(write=False)
    return shares
