"""One model against many sets of intensities: the refinements behind the search and the bootstrap.

Linear residuals with a free scale are refined by compiled code, some ten times faster than a fit by
SciPy; all other objectives, ties, and a Python without numba go through the ordinary fit.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from slxrd.errors import SlxrdError
from slxrd.leastsquares import minimise
from slxrd.model import REFINABLE
from slxrd.objective import Objective
from slxrd.parameters import Parameters
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
        self._refit = self._compiled() if is_compiled(objective, parameters) else self._ordinary

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

    def _compiled(self) -> Callable[[list[FloatArray]], Refined]:
        from slxrd.kernel import refit

        rows = [self.parameters[name] for name in REFINABLE]
        free = np.array([row.free is True for row in rows])
        lower = np.where(free, [row.lower for row in rows], self.starts.min(axis=0))
        upper = np.where(free, [row.upper for row in rows], self.starts.max(axis=0))
        regions = tuple(self._lay_out(index, refit.Region) for index in range(len(self.objective.data)))
        stack, instrument = self.objective.model.stack, self.objective.model.instrument

        def run(intensities: list[FloatArray]) -> Refined:
            targets = tuple(
                self._targets(rows, region) for rows, region in zip(intensities, regions, strict=True)
            )
            values, chi2, how, start = refit.refine_many(
                self.starts, free, lower, upper, regions, targets, stack.n_coherent, stack.size_window,
                instrument.longest_fringe, TOLERANCE, MOST_EVALUATIONS,
            )  # fmt: skip
            return Refined(values, chi2, how == refit.CONVERGED, start)

        return run

    def _lay_out(self, index: int, region: Callable[..., Any]) -> Any:
        """Lay a region out for the compiled code; its grid serves all starts."""
        points, model = self.objective.data[index], self.objective.region_models[index]
        longest = max(
            model.correlated(dict(zip(REFINABLE, start, strict=True))) for start in self.starts.tolist()
        )
        band = model.band(_MARGIN * longest)
        root = np.sqrt(points.region.weight) / points.sigma
        shapes = [shape * root for shape in self.objective.background_shapes(points)]
        basis = np.linalg.qr(np.column_stack(shapes))[0].T.copy() if shapes else np.zeros((0, root.size))
        return region(band.q, band.first, band.weights, root, basis)

    @staticmethod
    def _targets(rows: FloatArray, region: Any) -> FloatArray:
        targets = rows * region.root
        return np.ascontiguousarray(targets - (targets @ region.basis.T) @ region.basis)

    def _ordinary(self, intensities: list[FloatArray]) -> Refined:
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


def joined(pieces: Sequence[Refined]) -> Refined:
    """Put refinements one after another."""
    return Refined(
        np.concatenate([piece.values for piece in pieces]),
        np.concatenate([piece.chi2 for piece in pieces]),
        np.concatenate([piece.converged for piece in pieces]),
        np.concatenate([piece.start for piece in pieces]),
    )
