"""The lowest χ² over a grid of two parameters, all others refined at every point of it.

The grid is gone over outward from the solutions, a ring of points at a time. A point is refined from where
χ² is lowest among the solutions, what was found beside it, and a stack without fringes; and from the best
start of another kind, since valleys of χ² cross. Where points side by side came to different valleys, each
is tried from the other once more, until nothing falls any further.
"""

from __future__ import annotations

import os
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from slxrd.fitting.search.scan import NO_FRINGES, Progress
from slxrd.fitting.uncertainty.profile.constrained import Ridge
from slxrd.units import FloatArray

#: Solutions that a point may be started from, and starts of different kinds that are refined.
NEAREST, REFINED = 4, 2
#: A start of a second kind is refined where χ² is not this many times as far above the best solution's.
PROMISING = 3.0
#: Relative change of χ² at which a refinement ends, far below what a contour shows.
TOLERANCE = 1e-5
#: Evaluations of a refinement: everywhere, and where χ² is less than so much above the best solution's.
#: Beyond, where nobody looks for a structure, refinements are long and the sizes many.
FEW_EVALUATIONS, MOST_EVALUATIONS, HIGH = 8, 40, 200.0
#: How often the valleys are tried against one another, and the fall of χ² that is worth a further time.
MOST_SWEEPS, WORTH = 4, 0.01
#: Points beside one another that differ by more than this are in different valleys.
APART = {"d": 0.02, "L": 0.5, "sigma_L": 0.2, "N": 0.3, "sigma_N": 0.3, "q_zero": 0.002}
#: σ_N at which one or two sizes exist, and kinds of starts besides the solutions.
FEW_SIZES, WASHED_OUT, OTHER_SIZES, OTHER_GAP = 0.3, -2, -3, -4

Cells = NDArray[np.int64]
Start = tuple[int, FloatArray]

_AROUND = ((-1, 0), (1, 0), (0, -1), (0, 1))


class Sheet:
    """The lowest χ² over a grid of two parameters.

    Parameters
    ----------
    ridge : Ridge
        The fit, with two parameters held.
    xs, ys : ndarray, shapes (nx,) and (ny,)
        Their values.

    Attributes
    ----------
    chi2 : ndarray, shape (ny, nx)
        NaN where it has not been worked out.
    values : ndarray, shape (ny, nx, p)
        Of all parameters there, in the order of ``model.names``.
    """

    def __init__(self, ridge: Ridge, xs: FloatArray, ys: FloatArray) -> None:
        self.ridge, self._shape = ridge, (ys.size, xs.size)
        self.held = np.stack(np.meshgrid(xs, ys), axis=-1)
        self.chi2 = np.full(self._shape, np.nan)
        self.values = np.full((*self._shape, len(ridge.columns)), np.nan)
        self._kind = np.full(self._shape, -1)
        columns = [ridge.columns.index(name) for name in ridge.names]
        u, v = np.meshgrid(np.arange(xs.size), np.arange(ys.size))
        away = np.array(
            [
                np.hypot(u - np.interp(x, xs, u[0]), v - np.interp(y, ys, v[:, 0]))
                for x, y in (point.values[columns] for point in ridge.solutions)
            ]
        )
        self._rings = np.ceil(away.min(axis=0)).astype(int)
        self._near = np.argsort(away, axis=0, kind="stable")[:NEAREST]

    def fill(self, report: Progress) -> None:
        """Work out every point; an interruption leaves the points that were done.

        Parameters
        ----------
        report : callable
            Called with points done and points in all.
        """
        done, points = 0, self._rings.size
        for ring in np.unique(self._rings):
            cells = np.argwhere(self._rings == ring)
            self._refine(cells, [self._starts(j, i) for j, i in cells.tolist()])
            done += len(cells)
            report(min(done, points - 1), points)  # what follows takes its time as well
        self._try_other_sizes()
        fallen = np.ones(self._shape, dtype=bool)
        for _ in range(MOST_SWEEPS):
            before = self.chi2.copy()
            cells, starts = self._frontier(fallen)
            if not len(cells):
                break
            self._refine(cells, starts)
            fallen = before - self.chi2 > WORTH
        report(points, points)

    def _starts(self, j: int, i: int) -> list[Start]:
        """Where a point may be started from, each with the kind that it is of."""
        ridge, held = self.ridge, self.held[j, i]
        near = [(int(k), ridge.solutions[k].values) for k in self._near[:, j, i]]
        beside = [(int(self._kind[b, a]), self.values[b, a]) for b, a in self._beside(j, i)]
        line = [
            (int(self._kind[b, a]), 2.0 * self.values[b, a] - self.values[c, e])
            for (b, a), (c, e) in (((j + v, i + u), (j + 2 * v, i + 2 * u)) for v, u in _AROUND)
            if self._known(b, a) and self._known(c, e) and self._kind[b, a] == self._kind[c, e]
        ]
        starts = [(kind, ridge.moved(values, held)) for kind, values in (*near, *beside, *line)]
        if self._is_refined("sigma_L"):
            washed = starts[0][1].copy()
            washed[ridge.columns.index("sigma_L")] = NO_FRINGES
            starts.append((WASHED_OUT, ridge.moved(washed, held)))
        if ridge.scans_gaps:
            starts += [(OTHER_GAP, values) for values in ridge.other_gaps(starts[0][1])]
        return starts

    def _try_other_sizes(self) -> None:
        """Try σ_N so small that one or two sizes exist, or larger where it is: no step leads across."""
        k, row = self.ridge.columns.index("sigma_N"), self.ridge.fit.minima[0].parameters["sigma_N"]
        low = self.chi2 < self.ridge.fit.chi2 + HIGH
        if not self._is_refined("sigma_N") or row.lower > FEW_SIZES or not low.any():
            return
        starts = self.values[low]
        starts[:, k] = np.where(starts[:, k] > 2.0 * FEW_SIZES, FEW_SIZES, min(3.0 * FEW_SIZES, row.upper))
        self._refine(np.argwhere(low), [[(OTHER_SIZES, start)] for start in starts])

    def _frontier(self, fallen: NDArray[np.bool_]) -> tuple[Cells, list[list[Start]]]:
        """Points that have neighbours in another valley where χ² has fallen, and these as starts."""
        scale = np.array(
            [np.inf if name in self.ridge.names else APART.get(name, np.inf) for name in self.ridge.columns]
        )
        low = self.chi2 < self.ridge.fit.chi2 + HIGH
        cells, starts = [], []
        for j, i in np.argwhere(low).tolist():
            here, kind = self.values[j, i], self._kind[j, i]
            others = [
                (int(self._kind[b, a]), self.ridge.moved(self.values[b, a], self.held[j, i]))
                for b, a in self._beside(j, i)
                if fallen[b, a]
                and (self._kind[b, a] != kind or np.any(np.abs(self.values[b, a] - here) > scale))
            ]
            if others:
                cells.append((j, i))
                starts.append(others)
        return np.array(cells, dtype=np.int64), starts

    def _refine(self, cells: Cells, starts: Sequence[Sequence[Start]]) -> None:
        """Refine points from the best of their starts, and keep what lies lower than what was known."""
        best, cores = self.ridge.fit.chi2, os.cpu_count() or 1
        rows = np.array([values for group in starts for _, values in group])
        kinds = np.array([kind for group in starts for kind, _ in group])
        heights = self.ridge.heights(rows)
        chosen: list[int] = []
        whose: list[int] = []
        first = 0
        for cell, group in enumerate(starts):
            order = first + np.argsort(heights[first : first + len(group)])
            of_each_kind = order[np.sort(np.unique(kinds[order], return_index=True)[1])]
            enough = best + PROMISING * (heights[order[0]] - best)
            chosen += [k for k in of_each_kind[:REFINED].tolist() if k == order[0] or heights[k] < enough]
            whose += [cell] * (len(chosen) - len(whose))
            first += len(group)
        found = self.ridge.refined(rows[chosen], cores, TOLERANCE, FEW_EVALUATIONS)
        values, chi2 = found.values, found.chi2
        unfinished = np.flatnonzero(~found.converged & (chi2 < best + HIGH))
        if unfinished.size:
            further = self.ridge.refined(values[unfinished], cores, TOLERANCE, MOST_EVALUATIONS)
            values[unfinished], chi2[unfinished] = further.values, further.chi2
        for k, (j, i) in enumerate(cells[whose].tolist()):
            if not chi2[k] >= self.chi2[j, i]:  # NaN where nothing is known yet
                self.chi2[j, i], self.values[j, i], self._kind[j, i] = chi2[k], values[k], kinds[chosen[k]]

    def _is_refined(self, name: str) -> bool:
        return name in self.ridge.fit.names and name not in self.ridge.names

    def _known(self, j: int, i: int) -> bool:
        return 0 <= j < self._shape[0] and 0 <= i < self._shape[1] and bool(np.isfinite(self.chi2[j, i]))

    def _beside(self, j: int, i: int) -> list[tuple[int, int]]:
        return [(j + v, i + u) for v, u in _AROUND if self._known(j + v, i + u)]
