"""Curves after a fit, at other values of the parameters."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from slxrd.fitting.objective.evaluation import Fitted
from slxrd.fitting.objective.residuals import Objective
from slxrd.units import FloatArray


def has_points_of(objective: Objective, fitted: Sequence[Fitted]) -> bool:
    """Whether the curves of a fit belong to the points of an objective."""
    return len(fitted) == len(objective.data) and all(
        np.array_equal(points.q, curve.q) for points, curve in zip(objective.data, fitted, strict=True)
    )


def with_sigma_of(objective: Objective, fitted: Sequence[Fitted]) -> Objective:
    """Return the objective with the σ of a fit, which may be those of its curve."""
    data = [replace(points, sigma=curve.sigma) for points, curve in zip(objective.data, fitted, strict=True)]
    return Objective(objective.model, data, objective.settings)


@dataclass(frozen=True, eq=False)
class FittedDifference:
    """Difference of the curves of a fit from those of its model alone, at the parameters of a solution.

    It contains the systematic effects and the discrepancy of the model. Where parameters are moved from the
    solution it is kept: the effects keep their sizes, and do not follow the data.

    Parameters
    ----------
    fitted, plain : tuple of Fitted
        Curves at the solution, of the fit and of the model alone.
    logarithmic : bool
        Whether the residuals are those of logarithms. The difference is then one of logarithms.
    """

    fitted: tuple[Fitted, ...]
    plain: tuple[Fitted, ...]
    logarithmic: bool

    def added_to(self, curves: Sequence[Fitted]) -> tuple[Fitted, ...]:
        """Return curves of the model alone with the difference added, and their residuals."""
        changed = []
        for curve, fitted, plain in zip(curves, self.fitted, self.plain, strict=True):
            if self.logarithmic:
                shown = curve.calculated * (fitted.calculated / plain.calculated)
            else:
                shown = curve.calculated + (fitted.calculated - plain.calculated)
            changed.append(replace(curve, calculated=shown, residual=self._residual(curve, shown)))
        return tuple(changed)

    def _residual(self, curve: Fitted, shown: FloatArray) -> FloatArray:
        if self.logarithmic:
            return np.asarray(curve.measured * np.log(curve.measured / shown) / curve.sigma)
        return np.asarray((curve.measured - shown) / curve.sigma)
