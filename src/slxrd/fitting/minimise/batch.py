"""Refinement of one model to many sets of intensities, for the search and the bootstrap.

Linear residuals with a free scale and without ties are refined by the native core. All others, and all
without the native core, are refined one after the other by SciPy.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from slxrd._interruption import Workers
from slxrd.errors import SlxrdError
from slxrd.fitting.minimise.least_squares import minimise, prior_chi2
from slxrd.fitting.minimise.problem import is_compiled, prepare_problem, steps_at_once
from slxrd.fitting.objective.residuals import Objective
from slxrd.parameters.parameter_set import Parameters
from slxrd.units import FloatArray

#: Relative change of χ² at which a refinement ends, and the largest number of evaluations.
TOLERANCE = 1e-9
MOST_EVALUATIONS = 80
#: That of refinements which have not ended by then. Where systematic effects leave a combination of
#: parameters weakly determined, second derivatives are as large there as the squares of the first ones, and
#: steps of Gauss and Newton converge slowly.
MOST_OF_SLOW = 1000


@dataclass(frozen=True)
class Refined:
    """Results of many refinements.

    Parameters
    ----------
    values : ndarray, shape (n, p)
        Of all parameters, in the order of ``model.names``.
    chi2 : ndarray, shape (n,)
        At the minima.
    converged : ndarray of bool, shape (n,)
        Whether each ended at a minimum.
    start : ndarray of int, shape (n,)
        Index of the start that led to each.
    """

    values: FloatArray
    chi2: FloatArray
    converged: NDArray[np.bool_]
    start: NDArray[np.int64]


class Batch:
    """Refinement of sets of intensities of the same regions.

    Parameters
    ----------
    objective : Objective
        Regions, model and settings.
    parameters : Parameters
        Which parameters are free, and their bounds.
    starts : ndarray, shape (s, p)
        Values of all parameters to start from, in the order of ``model.names``; every set is
        refined from each, and the best result is kept. Fixed parameters keep the values of the start.

    Raises
    ------
    SlxrdError
        If there is no start.
    """

    def __init__(self, objective: Objective, parameters: Parameters, starts: FloatArray) -> None:
        self.objective = objective
        self.parameters = parameters
        self.starts = np.atleast_2d(np.asarray(starts, dtype=np.float64))
        self.names = objective.model.names
        if self.starts.shape[0] == 0 or self.starts.shape[1] != len(self.names):
            raise SlxrdError(
                f"starts of shape {self.starts.shape}: at least one, of {len(self.names)} values"
            )
        compiled = is_compiled(objective, parameters)
        self._problem = prepare_problem(objective, parameters, self.starts) if compiled else None

    def refine(
        self,
        intensities: Sequence[FloatArray],
        workers: int = 1,
        *,
        tolerance: float = TOLERANCE,
        hopeless: float = math.inf,
        leap: bool = False,
    ) -> Refined:
        """Refine sets of intensities.

        Parameters
        ----------
        intensities : sequence of ndarray, shape (n, points)
            One array per region, with a row for each set.
        workers : int
            Threads; the result does not depend on their number.
        tolerance : float
            Relative change of χ² at which a refinement ends.
        hopeless : float
            A start is not refined if its χ² exceeds the lowest χ² found from another start by more than
            this (in the native core).
        leap : bool
            Take the last step, whose predicted decrease is within the tolerance, without evaluating the
            model there (in the native core).
        """
        count = intensities[0].shape[0]
        bounds = np.linspace(0, count, min(max(workers, 1), count) + 1).astype(int)
        pieces = [[rows[a:b] for rows in intensities] for a, b in pairwise(bounds) if b > a]

        def one(piece: list[FloatArray]) -> Refined:
            found = self._refit(piece, self.starts, tolerance, hopeless=hopeless, leap=leap)
            return self._continued(found, piece, tolerance, leap)

        if len(pieces) == 1:
            return one(pieces[0])
        with Workers(len(pieces)) as pool:
            return joined(pool.apply(one, pieces))

    def _continued(
        self, found: Refined, intensities: list[FloatArray], tolerance: float, leap: bool
    ) -> Refined:
        """Continue the refinements of the native core that have not ended, where they are."""
        slow = np.flatnonzero(~found.converged & np.isfinite(found.values).all(axis=1))
        if self._problem is None or not slow.size:
            return found
        values, chi2, converged = found.values.copy(), found.chi2.copy(), found.converged.copy()
        for i in slow.tolist():
            rows = [each[i : i + 1] for each in intensities]
            further = self._refit(rows, values[i : i + 1], tolerance, MOST_OF_SLOW, leap=leap)
            values[i], chi2[i], converged[i] = further.values[0], further.chi2[0], further.converged[0]
        return Refined(values, chi2, converged, found.start)

    def refine_each(
        self, workers: int = 1, tolerance: float = TOLERANCE, most: int = MOST_EVALUATIONS
    ) -> Refined:
        """Refine the measured intensities from every start; one row per start.

        Parameters
        ----------
        workers : int
            Threads; the result does not depend on their number.
        tolerance : float
            Relative change of χ² at which a refinement ends.
        most : int
            Largest number of evaluations of a refinement.
        """
        measured, rows = self._measured(), range(len(self.starts))

        def one(k: int) -> Refined:
            return self._refit(measured, self.starts[k : k + 1], tolerance, most)

        if workers > 1:
            with Workers(workers) as pool:
                pieces = pool.apply(one, rows)
        else:
            pieces = [one(k) for k in rows]
        return replace(joined(pieces), start=np.arange(len(pieces)))

    def refine_from(
        self,
        k: int,
        tolerance: float = TOLERANCE,
        most: int = MOST_EVALUATIONS,
        expired: Callable[[], bool] | None = None,
    ) -> Refined:
        """Refine the measured intensities from one start; a result of one row.

        Parameters
        ----------
        k : int
            Index of the start.
        tolerance : float
            Relative change of χ² at which the refinement ends.
        most : int
            Largest number of evaluations.
        expired : callable, optional
            Called several times a second; the refinement ends where it is if it returns True, and with an
            exception that it raises.
        """
        measured, start = self._measured(), self.starts[k : k + 1]
        if expired is None or self._problem is None:
            return replace(
                self._refit(measured, start, tolerance, most, expired=expired), start=np.array([k])
            )
        portion = steps_at_once(self._problem, start)
        for done in range(0, most, portion):
            if expired() and done:
                break
            found = self._refit(measured, start, tolerance, min(portion, most - done))
            start = found.values
            if found.converged[0] or not math.isfinite(found.chi2[0]):
                break
        return replace(found, start=np.array([k]))

    def chi2(self, points: FloatArray) -> FloatArray:
        """χ² of the measured intensities at values of all parameters, shape (k, p) → (k,)."""
        if self._problem is None:
            named = [dict(zip(self.names, point, strict=True)) for point in points.tolist()]
            return np.array([self.objective.chi2(v) + prior_chi2(self.parameters, v) for v in named])
        from slxrd.fitting.minimise import compiled as refit

        target = self._problem.targets(self._measured())[0]
        return refit.chi2_of(self._problem, points, target)

    def _measured(self) -> list[FloatArray]:
        return [points.intensity[None, :] for points in self.objective.data]

    def _refit(
        self,
        intensities: list[FloatArray],
        starts: FloatArray,
        tolerance: float = TOLERANCE,
        most: int = MOST_EVALUATIONS,
        hopeless: float = math.inf,
        leap: bool = False,
        expired: Callable[[], bool] | None = None,
    ) -> Refined:
        problem = self._problem
        if problem is None:
            return self._ordinary(intensities, starts, tolerance, most, expired)
        from slxrd.fitting.minimise import compiled as refit

        values, chi2, how, start, _ = refit.refine_many(
            problem, starts, problem.targets(intensities), tolerance, most, hopeless, leap
        )
        return Refined(values, chi2, how == refit.CONVERGED, start)

    def _ordinary(
        self,
        intensities: list[FloatArray],
        starts: FloatArray,
        tolerance: float,
        most: int,
        expired: Callable[[], bool] | None,
    ) -> Refined:
        found = []
        for i in range(intensities[0].shape[0]):
            objective = self.objective.with_intensities([rows[i] for rows in intensities])
            tries = [
                minimise(objective, self._from(start), tolerance, most, expired) for start in starts.tolist()
            ]
            best = min(range(len(tries)), key=lambda k: tries[k].chi2)
            found.append((tries[best], best))
        return Refined(
            np.array([[minimum.values[name] for name in self.names] for minimum, _ in found]),
            np.array([minimum.chi2 for minimum, _ in found]),
            np.array([minimum.converged for minimum, _ in found]),
            np.array([start for _, start in found]),
        )

    def _from(self, start: list[float]) -> Parameters:
        values = dict(zip(self.names, start, strict=True))
        kept = [name for name, row in self.parameters.items() if row.free is False and not row.expression]
        parameters = self.parameters.fix(**{name: values[name] for name in kept})
        return parameters.start(**{name: values[name] for name in parameters.free_names})


def joined(pieces: Sequence[Refined]) -> Refined:
    """Concatenate the results of refinements."""
    return Refined(
        np.concatenate([piece.values for piece in pieces]),
        np.concatenate([piece.chi2 for piece in pieces]),
        np.concatenate([piece.converged for piece in pieces]),
        np.concatenate([piece.start for piece in pieces]),
    )
