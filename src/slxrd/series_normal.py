"""What a joint minimum says: χ², joint covariance, and what constraints would cost by noise alone.

The covariance is that of :mod:`slxrd.estimates`, H⁻¹ (Σ Jᵀ n nᵀ J) H⁻¹ with H = Σ JᵀJ, summed over the
patterns, so that regions' weights that are no inverse variances do not spoil it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from slxrd.series_arrow import Arrow
from slxrd.series_layout import Layout
from slxrd.units import FloatArray

#: An unknown closer to a bound than this fraction of its range, 10 at most, lies on it.
_ON_BOUND = 1e-4


@dataclass(frozen=True)
class Normal:
    """A joint minimum.

    Parameters
    ----------
    vector : ndarray, shape (n,)
        The unknowns.
    covariances : tuple of ndarray, shape (c, c)
        For each pattern, of the unknowns that it depends on; NaN where there is no error.
    chi2 : float
        Sum over the patterns, what is known beforehand included.
    expected_rise : float
        By how much the noise alone makes χ² higher than that of the patterns fitted by themselves.
    log_volume : float
        ln √det of the covariance of what is determined, in their own units.
    converged : bool
        Whether the refinement ended at a minimum.
    """

    vector: FloatArray
    covariances: tuple[FloatArray, ...]
    chi2: float
    expected_rise: float
    log_volume: float
    converged: bool

    def error(self, pattern: int, along: FloatArray) -> float | None:
        """Standard deviation of a quantity of a pattern from its derivatives by the pattern's unknowns."""
        used = along != 0.0
        part = self.covariances[pattern][np.ix_(used, used)]
        if not used.any() or not np.all(np.isfinite(part)):
            return None
        return float(np.sqrt(max(along[used] @ part @ along[used], 0.0)))


def normal_equations(layout: Layout, vector: FloatArray, converged: bool) -> Normal:
    """Work out the joint covariance at a minimum."""
    chi2, alone = 0.0, 0.0
    H, S = [], []
    for part in layout.evaluated(vector, noise=True):
        assert part.shaken is not None
        chi2 += part.chi2
        alone += float(np.trace(np.linalg.pinv(part.matrix, hermitian=True) @ part.shaken))
        H.append(part.block.T @ part.matrix @ part.block)
        S.append(part.block.T @ part.shaken @ part.block)
    lower, upper = layout.limits()
    margin = _ON_BOUND * np.minimum(upper - lower, 10.0)
    steep = np.zeros(vector.size)
    for places, block in zip(layout.columns, H, strict=True):
        np.add.at(steep, places, np.diag(block))
    good = (vector > lower + margin) & (vector < upper - margin) & (steep > 0.0)
    matrix = Arrow(layout.columns, H, layout.common, good)
    flat = matrix.flat()
    if flat.any():
        good &= ~flat
        matrix = Arrow(layout.columns, H, layout.common, good)
    covariances = matrix.sandwiched(S)
    meat = Arrow(layout.columns, S, layout.common, good)
    log_volume = 0.5 * meat.log_determinant - matrix.log_determinant
    return Normal(vector, tuple(covariances), chi2, alone - matrix.traced(S), log_volume, converged)
