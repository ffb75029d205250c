"""Least squares within bounds for many patterns with common unknowns (Levenberg and Marquardt).

What a joint minimum says: χ², joint covariance, and what constraints would cost by noise alone.

The covariance is that of :mod:`slxrd.fitting.covariance`, H⁻¹ (Σ Jᵀ n nᵀ J) H⁻¹ with H = Σ JᵀJ, summed over
the
patterns, so that regions' weights that are no inverse variances do not spoil it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from slxrd.studies.series.joint.arrowhead import Arrow
from slxrd.studies.series.joint.layout import Layout
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


#: Relative change of χ² at which the refinement ends, and the most steps.
_TOLERANCE, _MOST_STEPS = 1e-10, 200
#: Damping to begin with, the most, and the least, relative to the diagonal.
_FIRST, _MOST, _LEAST = 1e-3, 1e12, 1e-14


@dataclass(frozen=True)
class _At:
    """χ² at a vector, its gradient (half), and the blocks of its matrix."""

    vector: FloatArray
    chi2: float
    gradient: FloatArray
    blocks: tuple[FloatArray, ...]


def _evaluated(layout: Layout, vector: FloatArray) -> _At:
    chi2, gradient, blocks = 0.0, np.zeros(vector.size), []
    for part in layout.evaluated(vector):
        chi2 += part.chi2
        gradient[part.columns] += part.block.T @ part.gradient
        blocks.append(part.block.T @ part.matrix @ part.block)
    return _At(vector, chi2, gradient, tuple(blocks))


def refine_together(layout: Layout, start: FloatArray) -> tuple[FloatArray, bool]:
    """Refine all patterns from a start.

    Parameters
    ----------
    layout : Layout
        The unknowns.
    start : ndarray, shape (n,)
        Their values.

    Returns
    -------
    vector : ndarray, shape (n,)
        The unknowns at the minimum, within their bounds.
    converged : bool
        Whether it is one.
    """
    lower, upper = layout.limits()
    margin = 1e-4 * np.minimum(upper - lower, 1.0)
    at = _evaluated(layout, np.clip(start, lower + margin, upper - margin))
    damping, growth = _FIRST, 2.0
    for _ in range(_MOST_STEPS):
        held = ((at.vector <= lower) & (at.gradient > 0.0)) | ((at.vector >= upper) & (at.gradient < 0.0))
        if held.all():
            return at.vector, True
        matrix = Arrow(layout.columns, at.blocks, layout.common, ~held, damping)
        step = np.clip(at.vector - matrix.solve(np.where(held, 0.0, at.gradient)), lower, upper) - at.vector
        curved = sum(
            float(step[places] @ block @ step[places])
            for places, block in zip(layout.columns, at.blocks, strict=True)
        )
        promised = -2.0 * float(at.gradient @ step) - curved
        if promised <= _TOLERANCE * at.chi2 and damping < 1.0:
            return at.vector, True
        tried = _evaluated(layout, at.vector + step)
        won = at.chi2 - tried.chi2
        if not won > 0.0:
            damping, growth = damping * growth, 2.0 * growth
            if damping > _MOST:
                return at.vector, False
            continue
        # Nielsen's rule: the better the promise was kept, the less damping.
        damping = max(damping * max(1.0 / 3.0, 1.0 - (2.0 * won / max(promised, won) - 1.0) ** 3), _LEAST)
        growth, ended = 2.0, won <= _TOLERANCE * at.chi2 and damping < 1.0
        at = tried
        if ended:
            return at.vector, True
    return at.vector, False
