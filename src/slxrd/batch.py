"""One model against many sets of intensities: the refinements behind the search and the bootstrap.

Linear residuals with a free scale are refined by compiled code, some ten times faster than a fit by
SciPy; all other objectives, ties, and a Python without numba go through the ordinary fit.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from slxrd.errors import SlxrdError
from slxrd.leastsquares import minimise
from slxrd.model import REFINABLE
from slxrd.objective import Objective
from slxrd.parameters import Parameters
from slxrd.regions import RegionData
from slxrd.units import FloatArray

#: Relative change of χ² at which a refinement ends, and the most evaluations it may take.
TOLERANCE = 1e-9
MOST_EVALUATIONS = 80
#: The auxiliary grids allow for correlations this much longer than those at the starts.
_MARGIN = 1.5


@dataclass(frozen=True)
class Refined:
    """Many refinements.

    Parameters
    ----------
    values : ndarray, shape (n, 6)
        Of all parameters, in the order of ``model.REFINABLE``.
    chi2 : ndarray, shape (n,)
        At the minima.
    converged : ndarray of bool, shape (n,)
        Which ended at a minimum.
    start : ndarray of int, shape (n,)
        Which start led there.
    """

    values: FloatArray
    chi2: FloatArray
    converged: NDArray[np.bool_]
    start: NDArray[np.int64]


def is_compiled(objective: Objective, parameters: Parameters) -> bool:
    """Whether compiled code can refine this objective."""
    settings = objective.settings
    tied = any(row.expression is not None for row in parameters.values())
    if settings.kind != "linear" or settings.scale != "free" or tied:
        return False
    try:
        import slxrd.kernel.refit  # noqa: F401
    except ImportError:
        return False
    return True


@dataclass(frozen=True)
class _Problem:
    """What the compiled code is handed, whatever the intensities."""

    free: NDArray[np.bool_]
    lower: FloatArray
    upper: FloatArray
    layout: Any
    stack: tuple[int, float, float]


class Batch:
    """Refines sets of intensities of the same regions.

    Parameters
    ----------
    objective : Objective
        Regions, model and settings.
    parameters : Parameters
        Which parameters are free, and their bounds.
    starts : ndarray, shape (s, 6)
        Values of all parameters to start from, in the order of ``model.REFINABLE``; every set is
        refined from each, and the best kept.

    Raises
    ------
    SlxrdError
        If there is no start.
    """

    def __init__(self, objective: Objective, parameters: Parameters, starts: FloatArray) -> None:
        self.objective = objective
        self.parameters = parameters
        self.starts = np.atleast_2d(np.asarray(starts, dtype=np.float64))
        if self.starts.shape[0] == 0 or self.starts.shape[1] != len(REFINABLE):
            raise SlxrdError(f"starts of shape {self.starts.shape}: at least one, of {len(REFINABLE)} values")
        self._problem = self._lay_out() if is_compiled(objective, parameters) else None

    def refine(self, intensities: Sequence[FloatArray], workers: int = 1) -> Refined:
        """Refine sets of intensities.

        Parameters
        ----------
        intensities : sequence of ndarray, shape (n, points)
            One array per region, with a row for each set.
        workers : int
            Threads; the answer does not depend on their number.
        """
        count = intensities[0].shape[0]
        bounds = np.linspace(0, count, min(max(workers, 1), count) + 1).astype(int)
        pieces = [[rows[a:b] for rows in intensities] for a, b in pairwise(bounds) if b > a]
        if len(pieces) == 1:
            return self._refit(pieces[0])
        with ThreadPoolExecutor(len(pieces)) as pool:
            return joined(list(pool.map(self._refit, pieces)))

    def refine_each(self) -> Refined:
        """Refine the measured intensities from every start; a row for each."""
        measured = [points.intensity[None, :] for points in self.objective.data]
        pieces = [self._refit(measured, self.starts[k : k + 1]) for k in range(len(self.starts))]
        return replace(joined(pieces), start=np.arange(len(pieces)))

    def chi2(self, points: FloatArray) -> FloatArray:
        """χ² of the measured intensities at values of all parameters, shape (k, 6) → (k,)."""
        if self._problem is None:
            named = (dict(zip(REFINABLE, point, strict=True)) for point in points.tolist())
            return np.array([self.objective.chi2(values) for values in named])
        from slxrd.kernel import refit

        measured = self._targets([part.intensity[None, :] for part in self.objective.data], self._problem)
        chi2: FloatArray = refit.chi2_of(points, self._problem.layout, measured[0], *self._problem.stack)
        return chi2

    def _refit(self, intensities: list[FloatArray], starts: FloatArray | None = None) -> Refined:
        starts = self.starts if starts is None else starts
        if self._problem is None:
            return self._ordinary(intensities, starts)
        from slxrd.kernel import refit

        problem = self._problem
        targets = self._targets(intensities, problem)
        values, chi2, how, start = refit.refine_many(
            starts, problem.free, problem.lower, problem.upper, problem.layout, targets,
            *problem.stack, TOLERANCE, MOST_EVALUATIONS,
        )  # fmt: skip
        return Refined(values, chi2, how == refit.CONVERGED, start)

    def _lay_out(self) -> _Problem:
        """Lay the regions out for the compiled code; the grids serve all starts."""
        from slxrd.kernel.refit import Layout

        rows = [self.parameters[name] for name in REFINABLE]
        free = np.array([row.free is True for row in rows])
        lower = np.where(free, [row.lower for row in rows], -np.inf)
        upper = np.where(free, [row.upper for row in rows], np.inf)
        data, models = self.objective.data, self.objective.region_models
        longest = max(
            models[0].correlated(dict(zip(REFINABLE, s, strict=True))) for s in self.starts.tolist()
        )
        bands = [model.band(_MARGIN * longest) for model in models]
        width = max(band.weights.shape[1] for band in bands)
        grid = np.concatenate([*(band.q for band in bands), np.full(width, bands[-1].q[-1])])
        before = np.cumsum([0, *(band.q.size for band in bands[:-1])])
        root = [np.sqrt(points.region.weight) / points.sigma for points in data]
        layout = Layout(
            grid,
            np.concatenate([band.first + begin for band, begin in zip(bands, before, strict=True)]),
            np.concatenate([_widened(band.weights, width) for band in bands]),
            np.concatenate(root),
            np.ascontiguousarray(np.concatenate([*map(self._basis, data, root)], axis=1)),
            np.cumsum([0, *(points.q.size for points in data)], dtype=np.int64),
        )
        stack, instrument = self.objective.model.stack, self.objective.model.instrument
        return _Problem(
            free, lower, upper, layout, (stack.n_coherent, stack.size_window, instrument.longest_fringe)
        )

    def _basis(self, points: RegionData, root: FloatArray) -> FloatArray:
        shapes = [shape * root for shape in self.objective.background_shapes(points)]
        if not shapes:
            return np.zeros((0, root.size))
        return np.asarray(np.linalg.qr(np.column_stack(shapes))[0].T)

    def _targets(self, intensities: Sequence[FloatArray], problem: _Problem) -> FloatArray:
        targets = np.concatenate(intensities, axis=1) * problem.layout.root
        for a, b in pairwise(problem.layout.ends.tolist()):
            basis = problem.layout.basis[:, a:b]
            targets[:, a:b] -= (targets[:, a:b] @ basis.T) @ basis
        return targets

    def _ordinary(self, intensities: list[FloatArray], starts: FloatArray) -> Refined:
        found = []
        for i in range(intensities[0].shape[0]):
            objective = self.objective.with_intensities([rows[i] for rows in intensities])
            tries = [
                minimise(objective, self._from(start), tolerance=TOLERANCE) for start in self.starts.tolist()
            ]
            best = min(range(len(tries)), key=lambda k: tries[k].chi2)
            found.append((tries[best], best))
        return Refined(
            np.array([[minimum.values[name] for name in REFINABLE] for minimum, _ in found]),
            np.array([minimum.chi2 for minimum, _ in found]),
            np.array([minimum.converged for minimum, _ in found]),
            np.array([start for _, start in found]),
        )

    def _from(self, start: list[float]) -> Parameters:
        values = dict(zip(REFINABLE, start, strict=True))
        return self.parameters.start(**{name: values[name] for name in self.parameters.free_names})


def _widened(weights: FloatArray, width: int) -> FloatArray:
    return np.asarray(np.pad(weights, ((0, 0), (0, width - weights.shape[1]))))


def joined(pieces: Sequence[Refined]) -> Refined:
    """Put refinements one after another."""
    return Refined(
        np.concatenate([piece.values for piece in pieces]),
        np.concatenate([piece.chi2 for piece in pieces]),
        np.concatenate([piece.converged for piece in pieces]),
        np.concatenate([piece.start for piece in pieces]),
    )
