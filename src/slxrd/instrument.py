"""The diffractometer: its resolution and its zero. It owns the grid on which the model is evaluated.

The smeared intensity I_obs(q) = ∫ I(t) G(q − t) dt is summed over an auxiliary uniform grid that
extends beyond the data, attached to the measured scale so that its weights stay the same while
q_zero is refined. For a smooth integrand such a sum converges faster than any power of the step:
the error is the part of I·G whose period in q is the step, that is, correlations at a distance of
2π/step, and the Gaussian leaves none beyond a few times 1/σ_G. (Toso, Baranov et al., ACS Nano 2021,
15, 6243, SI Eq. S11 lacks the Gaussian's norm and was summed over the measured points only, which
is wrong near the ends of a region.)
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from slxrd.errors import SlxrdError
from slxrd.kernel.chosen import kernel
from slxrd.units import FloatArray

#: Reach of the Gaussian in standard deviations, in q and in distance: exp(−7²/2) = 2·10⁻¹¹.
REACH = 7.0
#: The longest auxiliary grid.
LONGEST_GRID = 2_000_000


@dataclass(frozen=True)
class Band:
    """Where the model is evaluated, and how its values combine into the observed ones.

    Parameters
    ----------
    q : ndarray, shape (m,)
        Auxiliary grid in Å⁻¹, on the measured scale.
    first : ndarray of int, shape (n,)
        First auxiliary point that contributes to each measured one.
    weights : ndarray, shape (n, width)
        Weights of the auxiliary points from there on.
    """

    q: FloatArray
    first: NDArray[np.int64]
    weights: FloatArray

    def apply(self, rows: FloatArray) -> FloatArray:
        """Return the smeared rows: shape (k, m) in, (k, n) out."""
        if self.weights.shape[1] == 1:
            return rows
        return kernel().smear(rows, self.first, self.weights)


@dataclass(frozen=True)
class Instrument:
    """A diffractometer.

    Parameters
    ----------
    sigma_G : float
        Standard deviation of the Gaussian resolution in Å⁻¹; 0 for none. The default, 0.007, is
        that of the 2021 paper, from LaB₆ at 1.51 Å⁻¹.

    Raises
    ------
    SlxrdError
        If σ_G is negative or not finite.
    """

    sigma_G: float = 0.007

    def __post_init__(self) -> None:
        if not (math.isfinite(self.sigma_G) and self.sigma_G >= 0.0):
            raise SlxrdError(f"resolution {self.sigma_G!r}: σ_G must be 0 or more, in Å⁻¹")

    @property
    def longest_fringe(self) -> float:
        """The distance in Å beyond which the resolution wipes out all interference; inf without smearing."""
        return REACH / self.sigma_G if self.sigma_G > 0.0 else math.inf

    def band(self, q: FloatArray, correlated: float) -> Band:
        """Lay the auxiliary grid for measured points.

        Parameters
        ----------
        q : ndarray, shape (n,)
            Measured scattering vectors in Å⁻¹, increasing.
        correlated : float
            The longest distance in Å at which the model holds correlations.

        Returns
        -------
        Band
            Grid points are whole multiples of the step, so that the answer at a point does not
            depend on where the region ends.

        Raises
        ------
        SlxrdError
            If the grid would be absurdly long.
        """
        if self.sigma_G == 0.0:
            return Band(q, np.arange(q.size), np.ones((q.size, 1)))
        step = 2.0 * math.pi / (REACH / self.sigma_G + correlated)
        reach = REACH * self.sigma_G
        lowest = math.floor((q[0] - reach) / step)
        highest = math.ceil((q[-1] + reach) / step)
        width = math.ceil(2.0 * reach / step) + 1
        if highest - lowest > LONGEST_GRID or width * q.size > 20 * LONGEST_GRID:
            raise SlxrdError(
                f"resolution {self.sigma_G:g} Å⁻¹ with correlations over {correlated:.0f} Å needs "
                f"{highest - lowest} auxiliary points; use 0 for no smearing, or a smaller region"
            )
        first = np.ceil((q - reach) / step).astype(np.int64)
        offset = (first[:, None] + np.arange(width)) * step - q[:, None]
        weights = np.exp(-0.5 * (offset / self.sigma_G) ** 2)
        weights *= step / (self.sigma_G * math.sqrt(2.0 * math.pi))
        grid = np.arange(lowest, int(first[-1]) + width) * step
        return Band(grid, first - lowest, weights)
