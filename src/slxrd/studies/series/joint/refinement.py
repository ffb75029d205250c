"""Joint refinement of many patterns with common unknowns (Levenberg-Marquardt within bounds), and covariance.

The covariance is that of :mod:`slxrd.fitting.minimise.covariance`, H⁻¹ (Σ Jᵀ n nᵀ J) H⁻¹ with H = Σ JᵀJ,
summed over the patterns; it is also valid for region weights other than 1.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from slxrd.studies.series.joint.arrowhead import Arrow
from slxrd.studies.series.joint.layout import Layout
from slxrd.units import FloatArray

#: Distance to a bound, as a fraction of the range (10 at most), below which an unknown is at the bound.
_ON_BOUND = 1e-4


@dataclass(frozen=True)
class JointMinimum:
    """Joint minimum with its covariance.

    Parameters
    ----------
    vector : ndarray, shape (n,)
        Unknowns.
    covariances : tuple of ndarray, shape (c, c)
        For each pattern, the covariance of the unknowns on which it depends; NaN where there is no error.
    chi2 : float
        Sum of χ² over the patterns, including the priors.
    expected_rise : float
        Expected rise of χ² above that of separate fits due to noise alone.
    log_volume : float
        ln √det of the covariance of the determined unknowns, in their own units.
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
        """Return the standard deviation of a quantity of a pattern from its derivatives by the unknowns."""
        used = along != 0.0
        part = self.covariances[pattern][np.ix_(used, used)]
        if not used.any() or not np.all(np.isfinite(part)):
            return None
        return float(np.sqrt(max(along[used] @ part @ along[used], 0.0)))


def joint_minimum(layout: Layout, vector: FloatArray, converged: bool) -> JointMinimum:
    """Calculate the joint covariance at a minimum.

    Parameters
    ----------
    layout : Layout
        Unknowns of the fit.
    vector : ndarray, shape (n,)
        Their values at the minimum.
    converged : bool
        Whether the refinement converged.
    """
    chi2, separate = 0.0, 0.0
    H, S = [], []
    for part in layout.evaluated(vector, noise=True):
        assert part.noise_matrix is not None
        chi2 += part.chi2
        separate += float(np.trace(np.linalg.pinv(part.matrix, hermitian=True) @ part.noise_matrix))
        H.append(part.block.T @ part.matrix @ part.block)
        S.append(part.block.T @ part.noise_matrix @ part.block)
    lower, upper = layout.limits()
    margin = _ON_BOUND * np.minimum(upper - lower, 10.0)
    steep = np.zeros(vector.size)
    for indices, block in zip(layout.columns, H, strict=True):
        np.add.at(steep, indices, np.diag(block))
    good = (vector > lower + margin) & (vector < upper - margin) & (steep > 0.0)
    matrix = Arrow(layout.columns, H, layout.common, good)
    flat = matrix.flat()
    if flat.any():
        good &= ~flat
        matrix = Arrow(layout.columns, H, layout.common, good)
    covariances = matrix.sandwich(S)
    noise = Arrow(layout.columns, S, layout.common, good)
    log_volume = 0.5 * noise.log_determinant - matrix.log_determinant
    return JointMinimum(
        vector, tuple(covariances), chi2, separate - matrix.trace_with(S), log_volume, converged
    )


#: Relative change of χ² at which the refinement ends, and largest number of steps.
_TOLERANCE, _MAX_STEPS = 1e-10, 200
#: Initial, largest and smallest damping, relative to the diagonal.
_INITIAL, _LARGEST, _SMALLEST = 1e-3, 1e12, 1e-14


@dataclass(frozen=True)
class _Evaluation:
    """χ² at a vector, half its gradient, and the blocks of JᵀJ."""

    vector: FloatArray
    chi2: float
    gradient: FloatArray
    blocks: tuple[FloatArray, ...]


def _evaluate(layout: Layout, vector: FloatArray) -> _Evaluation:
    chi2, gradient, blocks = 0.0, np.zeros(vector.size), []
    for part in layout.evaluated(vector):
        chi2 += part.chi2
        gradient[part.columns] += part.block.T @ part.gradient
        blocks.append(part.block.T @ part.matrix @ part.block)
    return _Evaluation(vector, chi2, gradient, tuple(blocks))


def refine_jointly(layout: Layout, start: FloatArray) -> tuple[FloatArray, bool]:
    """Refine all patterns jointly.

    Parameters
    ----------
    layout : Layout
        Unknowns of the fit.
    start : ndarray, shape (n,)
        Starting values.

    Returns
    -------
    vector : ndarray, shape (n,)
        Unknowns at the minimum, within their bounds.
    converged : bool
        Whether a minimum was reached.
    """
    lower, upper = layout.limits()
    margin = 1e-4 * np.minimum(upper - lower, 1.0)
    at = _evaluate(layout, np.clip(start, lower + margin, upper - margin))
    damping, growth = _INITIAL, 2.0
    for _ in range(_MAX_STEPS):
        fixed = ((at.vector <= lower) & (at.gradient > 0.0)) | ((at.vector >= upper) & (at.gradient < 0.0))
        if fixed.all():
            return at.vector, True
        matrix = Arrow(layout.columns, at.blocks, layout.common, ~fixed, damping)
        step = np.clip(at.vector - matrix.solve(np.where(fixed, 0.0, at.gradient)), lower, upper) - at.vector
        curved = sum(
            float(step[indices] @ block @ step[indices])
            for indices, block in zip(layout.columns, at.blocks, strict=True)
        )
        predicted = -2.0 * float(at.gradient @ step) - curved
        if predicted <= _TOLERANCE * at.chi2 and damping < 1.0:
            return at.vector, True
        tried = _evaluate(layout, at.vector + step)
        gained = at.chi2 - tried.chi2
        if not gained > 0.0:
            damping, growth = damping * growth, 2.0 * growth
            if damping > _LARGEST:
                return at.vector, False
            continue
        # Nielsen's rule: the damping decreases with the ratio of actual to predicted decrease.
        damping = max(
            damping * max(1.0 / 3.0, 1.0 - (2.0 * gained / max(predicted, gained) - 1.0) ** 3), _SMALLEST
        )
        growth, ended = 2.0, gained <= _TOLERANCE * at.chi2 and damping < 1.0
        at = tried
        if ended:
            return at.vector, True
    return at.vector, False
