"""Profile likelihood: the lowest χ² at fixed values of some parameters, from all solutions of a fit."""

from __future__ import annotations

import math
from bisect import bisect
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from slxrd.errors import SlxrdError
from slxrd.fitting.minimise.batch import Batch, Refined
from slxrd.fitting.minimise.least_squares import minimise, prior_chi2
from slxrd.fitting.minimise.problem import correlated, is_compiled
from slxrd.fitting.result.fit import Fit
from slxrd.fitting.search.budget import Budget, OutOfTime
from slxrd.fitting.uncertainty.limits import fringes_detected
from slxrd.parameters.definitions import STACKING, info
from slxrd.parameters.parameter_set import Parameters
from slxrd.units import FloatArray

#: Solutions with a larger Δχ² are not used as starts.
REACHED = 40.0
#: Relative change of χ² at which a refinement ends, and difference of χ² by rounding.
TOLERANCE, SAME = 1e-9, 1e-7
#: The former where each evaluation takes long.
ROUGHER = 1e-6
#: Fringes whose contrast is reduced below this fraction are not searched.
FAINT = 0.01
#: Number of times a refinement is repeated on a longer auxiliary grid.
MOST_GRIDS = 3


@dataclass(frozen=True)
class Point:
    """Lowest χ² at fixed values of some parameters.

    Parameters
    ----------
    chi2 : float
        The lowest χ².
    values : ndarray, shape (p,)
        Values of all parameters, in the order of ``model.names``.
    solution : int
        The solution of the fit, counted from 0, from which it was reached.
    """

    chi2: float
    values: FloatArray
    solution: int


class ProfiledChi2:
    """Lowest χ² of a fit as a function of some parameters, with all others refined.

    Parameters
    ----------
    fit : Fit
        The fit, with all its solutions.
    *names : str
        The parameters that are fixed.
    budget : Budget, optional
        Time budget; none by default.

    Raises
    ------
    SlxrdError
        If a parameter is unknown or was not refined.
    """

    def __init__(self, fit: Fit, *names: str, budget: Budget | None = None) -> None:
        for name in names:
            check_refined(fit, name)
        self._budget = budget or Budget()
        self.fit, self.names, self.columns = fit, names, fit.objective.model.names
        self._parameters = fit.minima[0].parameters
        self._held = [self.columns.index(name) for name in names]
        self._measured = [points.intensity[None, :] for points in fit.objective.data]
        self._known: dict[float, Point] = {}
        self.solutions = tuple(
            Point(m.chi2, np.array([m.values[name] for name in self.columns]), k)
            for k, m in enumerate(fit.minima)
            if m.chi2 - fit.chi2 < REACHED
        )
        self.lowest = min(minimum.chi2 for minimum in fit.minima)
        self.least = min(self.solutions, key=lambda point: point.chi2)
        self.refinements = 0
        self.scans_gaps = (
            "sigma_L" in names and "L" in fit.names and "L" not in names and not shows_fringes(fit)
        )

    def at(self, held: Sequence[float], warm: Sequence[Point], cold: bool = True) -> Point:
        """Refine all other parameters at fixed values of these.

        Parameters
        ----------
        held : sequence of float
            Their values, in the order of the names.
        warm : sequence of Point
            Points to start from.
        cold : bool
            Whether to start from the solutions of the fit as well.

        Raises
        ------
        OutOfTime
            If the budget is spent.
        """
        if self._budget.spent():
            raise OutOfTime
        origins = [*(self.solutions if cold else ()), *warm]
        starts = [self.moved(point.values, held) for point in origins]
        if cold:
            more = [*self._other_sizes(held), *(self.other_gaps(starts[-1]) if self.scans_gaps else ())]
            starts += more
            origins += [self.solutions[0]] * len(more)
        parameters = self._parameters.fix(**dict(zip(self.names, held, strict=True)))
        values, chi2, start = self._refined(parameters, starts)
        point = Point(chi2 + float(self._known_held(values)), values, origins[start].solution)
        self.refinements += 1
        if chi2 < self.least.chi2:
            self.least = point
        return point

    def along(self, value: float) -> Point:
        """Refine at a value of the one parameter; the known points on both sides are also starts."""
        if value not in self._known:
            places = sorted(self._known)
            i = bisect(places, value)
            warm = [self._known[place] for place in places[max(i - 1, 0) : i + 1]]
            for pair in (places[max(i - 2, 0) : i], places[i : i + 2]):
                if len(pair) == 2:
                    warm.append(self._extrapolated(pair[0], pair[1], value))
            self._known[value] = self.at((value,), warm)
        return self._known[value]

    def improve(self, value: float, neighbour: float) -> None:
        """Refine from a neighbouring point, and keep the result if its χ² is lower."""
        point = self.at((value,), [self._known[neighbour]], cold=False)
        if point.chi2 < self._known[value].chi2:
            self._known[value] = point

    def heights(self, rows: FloatArray) -> FloatArray:
        """χ² at values of all parameters, shape (k, p) → (k,)."""
        chi2 = self._known_held(rows)
        for inside, batch in self._batches(rows):
            chi2[inside] += batch.chi2(rows[inside])
        return chi2

    def refined(self, rows: FloatArray, workers: int, tolerance: float, most: int) -> Refined:
        """Refine from starts of shape (k, p), which contain the values of the fixed parameters.

        Parameters
        ----------
        rows : ndarray, shape (k, p)
            The starts.
        workers, tolerance, most
            As for :meth:`slxrd.fitting.minimise.batch.Batch.refine_each`.

        Returns
        -------
        Refined
            A row for each start.
        """
        values, chi2 = rows.copy(), np.full(len(rows), np.inf)
        converged, known = np.zeros(len(rows), dtype=bool), self._known_held(rows)
        left = np.arange(len(rows))
        for _ in range(MOST_GRIDS):
            for inside, batch in self._batches(values[left]):
                found = batch.refine_each(workers, tolerance, most)
                places = left[inside]
                values[places], converged[places] = found.values, found.converged
                chi2[places] = found.chi2 + known[places]
            # Results outside the range of the grid of their start are refined again.
            true = self.heights(values[left])
            left = left[np.abs(true - chi2[left]) > SAME * true]
            if not left.size:
                break
        return Refined(values, chi2, converged, np.arange(len(rows)))

    def _batches(self, rows: FloatArray) -> list[tuple[NDArray[np.int64], Batch]]:
        """Group the points by the length of the auxiliary grid that they need."""
        rungs = np.ceil(np.log(correlated(self.fit.objective, rows)) / np.log(1.25)).astype(int)
        return [
            (inside, Batch(self.fit.objective, self._parameters.fix(**held), rows[inside]))
            for inside in (np.flatnonzero(rungs == rung) for rung in np.unique(rungs))
            for held in [dict(zip(self.names, rows[0, self._held].tolist(), strict=True))]
        ]

    def _known_held(self, values: FloatArray) -> FloatArray:
        """χ² of the Gaussian priors of the fixed parameters, shape (..., p) → (...)."""
        priors = ((k, self._parameters[name].prior) for name, k in zip(self.names, self._held, strict=True))
        parts = (((values[..., k] - prior[0]) / prior[1]) ** 2 for k, prior in priors if prior is not None)
        return sum(parts, np.zeros(values.shape[:-1]))

    def _extrapolated(self, a: float, b: float, value: float) -> Point:
        one, two = self._known[a], self._known[b]
        values = one.values + (two.values - one.values) * (value - a) / (b - a)
        return Point(one.chi2, values, one.solution)

    def moved(self, values: FloatArray, held: Sequence[float] | FloatArray) -> FloatArray:
        """Set the fixed parameters to their values and move all others inside their bounds."""
        moved = values.copy()
        for k, name in enumerate(self.columns):
            row = self._parameters[name]
            if row.free:
                moved[k] = np.clip(moved[k], row.lower, row.upper)
        moved[self._held] = held
        return moved

    def _other_sizes(self, held: Sequence[float]) -> list[FloatArray]:
        """A start with the period of the best solution, where L and N change in opposite directions."""
        if len({"L", "N"} & set(self.names)) != 1 or not {"L", "N"} <= set(self.fit.names):
            return []
        best = self.solutions[0].values
        moved = self.moved(best, held)
        d, L, N = (self.columns.index(name) for name in ("d", "L", "N"))
        planes = float(np.round((moved[L] - best[L]) / best[d] + moved[N] - best[N]))
        moved[N if "L" in self.names else L] -= planes * (1.0 if "L" in self.names else best[d])
        return [self.moved(moved, held)]

    def other_gaps(self, values: FloatArray) -> list[FloatArray]:
        """Starts at the best L for the fixed σ_L, as a fit without fringes lists only one of many L."""
        L, row = self.columns.index("L"), self._parameters["L"]
        lowest = min(float(points.q[0]) for points in self.fit.objective.data)
        if math.exp(-0.5 * (lowest * float(values[self.columns.index("sigma_L")])) ** 2) < FAINT:
            return []
        gaps = np.arange(row.lower, row.upper, values[self.columns.index("d")] / 4.0)
        rows = np.tile(values, (gaps.size, 1))
        rows[:, L] = gaps
        chi2 = Batch(self.fit.objective, self._parameters, rows).chi2(rows)
        return list(rows[np.argsort(chi2)[:3]])

    def _refined(self, parameters: Parameters, starts: list[FloatArray]) -> tuple[FloatArray, float, int]:
        """Refine from all starts; return values and χ² of the best result, and the index of its start."""
        objective, best = self.fit.objective, 0
        if is_compiled(objective, parameters):
            found = Batch(objective, parameters, np.array(starts)).refine(self._measured)
            if math.isfinite(found.chi2[0]):
                values, best = found.values[0], int(found.start[0])
                named = dict(zip(self.columns, values.tolist(), strict=True))
                chi2 = objective.chi2(named) + prior_chi2(parameters, named)
                if abs(chi2 - found.chi2[0]) < SAME * chi2:
                    return values, chi2, best
                # The result is outside the range of the auxiliary grid, which was made for the starts.
                starts = [values]
        if objective.model.stack.substrate is not None and len(starts) > 1:
            return self._refined_from_lowest(parameters, starts)
        tries = [minimise(objective, self._from(parameters, start), TOLERANCE) for start in starts]
        least = min(range(len(tries)), key=lambda k: tries[k].chi2)
        values = np.array([tries[least].values[name] for name in self.columns])
        return values, tries[least].chi2, max(best, least)

    def _refined_from_lowest(
        self, parameters: Parameters, starts: list[FloatArray]
    ) -> tuple[FloatArray, float, int]:
        """Refine from the start of the lowest χ² only, where each refinement takes long."""
        chi2 = [self._start_chi2(parameters, start) for start in starts]
        least = int(np.argmin(chi2))
        found = minimise(self.fit.objective, self._from(parameters, starts[least]), ROUGHER)
        return np.array([found.values[name] for name in self.columns]), found.chi2, least

    def _start_chi2(self, parameters: Parameters, start: FloatArray) -> float:
        full = self._from(parameters, start)
        values = full.resolve(full.vector())[0]
        return self.fit.objective.chi2(values) + prior_chi2(full, values)

    def _from(self, parameters: Parameters, start: FloatArray) -> Parameters:
        return parameters.start(**{n: float(start[self.columns.index(n)]) for n in parameters.free_names})


def check_refined(fit: Fit, name: str) -> None:
    """Check that a parameter was refined.

    Raises
    ------
    SlxrdError
        If it is unknown, fixed or tied.
    """
    info(name)
    if name in fit.names:
        return
    tied = fit.minima[0].parameters[name].expression
    why = f"tied ({tied.text})" if tied is not None else "not refined"
    raise SlxrdError(
        f"{name} is {why} in this fit, so χ² has no profile along it; release it (--free {name})"
    )


def check_axis(fit: Fit, name: str, values: ArrayLike) -> FloatArray:
    """Return the values of a parameter on an axis, increasing.

    Raises
    ------
    SlxrdError
        If there are fewer than 3 different ones, or one is not finite or outside the bounds.
    """
    check_refined(fit, name)
    axis = np.unique(np.asarray(values, dtype=np.float64))
    row = fit.minima[0].parameters[name]
    if axis.size < 3 or not np.all(np.isfinite(axis)):
        raise SlxrdError(f"{name}: at least 3 different, finite values are needed to see χ² along it")
    if axis[0] < row.lower or axis[-1] > row.upper:
        raise SlxrdError(
            f"{name} from {axis[0]:g} to {axis[-1]:g} leaves the fit's bounds {row.lower:g}:{row.upper:g}; "
            "stay within them, or fit with wider ones (--bounds)"
        )
    return axis


def shows_fringes(fit: Fit) -> bool:
    """Whether fringes improve χ² significantly, so that L and σ_L can be determined."""
    if fit.stack.coherent == 1 or not set(STACKING) & set(fit.names):
        return fit.stack.coherent > 1
    return fringes_detected(fit.objective, fit.minima[0])[0]
