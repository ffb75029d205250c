"""Least squares within bounds for many patterns with common unknowns (Levenberg and Marquardt)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from slxrd.series_arrow import Arrow
from slxrd.series_layout import Layout
from slxrd.units import FloatArray

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
