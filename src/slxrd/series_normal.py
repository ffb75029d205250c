"""What a joint minimum says: χ², joint covariance, and what constraints would cost by noise alone.

The covariance is that of :mod:`slxrd.estimates`, H⁻¹ (Σ Jᵀ n nᵀ J) H⁻¹ with H = Σ JᵀJ, summed over the
patterns, so that regions' weights that are no inverse variances do not spoil it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from slxrd.series_layout import Layout
from slxrd.units import FloatArray

#: An unknown closer to a bound than this fraction of its range, 10 at most, lies on it.
_ON_BOUND = 1e-4
#: Directions in which χ² is flatter than this, relative to the steepest, are not determined.
_FLAT = 1e-12


@dataclass(frozen=True)
class Normal:
    """A joint minimum.

    Parameters
    ----------
    vector, covariance : ndarray, shapes (n,) and (n, n)
        The unknowns; NaN where there is no error.
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
    covariance: FloatArray
    chi2: float
    expected_rise: float
    log_volume: float
    converged: bool

    def error(self, columns: NDArray[np.int64], along: FloatArray) -> float | None:
        """Standard deviation of a quantity from its derivatives with respect to some of the unknowns."""
        used = along != 0.0
        part = self.covariance[np.ix_(columns[used], columns[used])]
        if not used.any() or not np.all(np.isfinite(part)):
            return None
        return float(np.sqrt(along[used] @ part @ along[used]))


def normal_equations(layout: Layout, vector: FloatArray, converged: bool) -> Normal:
    """Work out the joint covariance at a minimum."""
    n = len(layout.names)
    H, S = np.zeros((n, n)), np.zeros((n, n))
    chi2, alone = 0.0, 0.0
    for part, columns, block in zip(layout.parts, layout.columns, layout.blocks, strict=True):
        values, chain = part.parameters.resolve(block @ vector[columns])
        evaluation = part.objective.evaluate(values)
        known, slopes = layout.priors(part, values)
        J = evaluation.jacobian @ chain
        noise = evaluation.noise
        shaken = noise[:, None] * J if noise.ndim == 1 else noise.T @ J
        h = J.T @ J + slopes.T @ slopes
        s = shaken.T @ shaken + slopes.T @ slopes
        alone += float(np.trace(np.linalg.pinv(h, hermitian=True) @ s))
        place = np.ix_(columns, columns)
        H[place] += block.T @ h @ block
        S[place] += block.T @ s @ block
        chi2 += evaluation.chi2 + float(known @ known)
    lower, upper = layout.limits()
    margin = _ON_BOUND * np.minimum(upper - lower, 10.0)
    steep = np.sqrt(np.diag(H))
    good = (vector > lower + margin) & (vector < upper - margin) & (steep > 0.0)
    covariance = np.full((n, n), np.nan)
    log_volume = 0.0
    expected = alone
    if good.any():
        scaled = H[good][:, good] / np.outer(steep[good], steep[good])
        size, directions = np.linalg.eigh(scaled)
        flat = size <= _FLAT * size[-1]
        if flat.any():
            taking = np.any(np.abs(directions[:, flat]) > 0.1, axis=1)
            good[np.flatnonzero(good)[taking]] = False
    if good.any():
        place = np.ix_(np.flatnonzero(good), np.flatnonzero(good))
        inverse = np.linalg.inv(H[place] / np.outer(steep[good], steep[good]))
        inverse /= np.outer(steep[good], steep[good])
        covariance[place] = inverse @ S[place] @ inverse
        expected -= float(np.trace(inverse @ S[place]))
        log_volume = float(0.5 * np.linalg.slogdet(covariance[place])[1])
    return Normal(vector, covariance, chi2, expected, log_volume, converged)
