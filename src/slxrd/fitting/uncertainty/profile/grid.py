"""Profile of χ² over a grid of two parameters; all others are refined at every point.

The points are refined in rings around the solutions, from the inside to the outside. The starts of a point
are the solutions, the results at neighbouring points, and a stack without fringes; the best start is
refined, and the best one of another kind, because valleys of χ² cross. Where neighbouring points have ended
in different valleys, each is refined again from the other, until χ² no longer decreases.
"""

from __future__ import annotations

import os
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from slxrd.fitting.search.scan import NO_FRINGES, Progress
from slxrd.fitting.uncertainty.profile.constrained import ProfiledChi2
from slxrd.units import FloatArray

#: Number of solutions used as starts of a point, and of starts of different kinds that are refined.
NEAREST, REFINED = 4, 2
#: A start of a second kind is refined if its Δχ² is less than this many times that of the best start.
PROMISING = 3.0
#: Relative change of χ² at which a refinement ends, far below what a contour shows.
TOLERANCE = 1e-5
#: Evaluations of a refinement: everywhere, and where χ² exceeds that of the best solution by less than the
#: third number.
FEW_EVALUATIONS, MOST_EVALUATIONS, HIGH = 8, 40, 200.0
#: Largest number of comparisons of neighbouring valleys; decrease of χ² that requires another comparison.
MOST_SWEEPS, WORTH = 4, 0.01
#: Points beside one another that differ by more than this are in different valleys.
APART = {"d": 0.02, "L": 0.5, "sigma_L": 0.2, "N": 0.3, "sigma_N": 0.3, "q_zero": 0.002}
#: σ_N at which one or two sizes exist, and kinds of starts other than the solutions.
FEW_SIZES, WASHED_OUT, OTHER_SIZES, OTHER_GAP = 0.3, -2, -3, -4

Cells = NDArray[np.int64]
Start = tuple[int, FloatArray]

_AROUND = ((-1, 0), (1, 0), (0, -1), (0, 1))


class ProfileGrid:
    """Profile of χ² over a grid of two parameters.

    Parameters
    ----------
    profiled : ProfiledChi2
        The profile of the fit over two parameters.
    xs, ys : ndarray, shapes (nx,) and (ny,)
        Their values.

    Attributes
    ----------
    chi2 : ndarray, shape (ny, nx)
        NaN where it has not been calculated.
    values : ndarray, shape (ny, nx, p)
        Of all parameters there, in the order of ``model.names``.
    """

    def __init__(self, profiled: ProfiledChi2, xs: FloatArray, ys: FloatArray) -> None:
        self.profiled, self._shape = profiled, (ys.size, xs.size)
        self.held = np.stack(np.meshgrid(xs, ys), axis=-1)
        self.chi2 = np.full(self._shape, np.nan)
        self.values = np.full((*self._shape, len(profiled.columns)), np.nan)
        self._kind = np.full(self._shape, -1)
        columns = [profiled.columns.index(name) for name in profiled.names]
        u, v = np.meshgrid(np.arange(xs.size), np.arange(ys.size))
        away = np.array(
            [
                np.hypot(u - np.interp(x, xs, u[0]), v - np.interp(y, ys, v[:, 0]))
                for x, y in (point.values[columns] for point in profiled.solutions)
            ]
        )
        self._rings = np.ceil(away.min(axis=0)).astype(int)
        self._near = np.argsort(away, axis=0, kind="stable")[:NEAREST]

    def fill(self, report: Progress) -> None:
        """Refine every point; after an interruption the finished points remain.

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
            report(min(done, points - 1), points)  # the steps that follow take time as well
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
        """Starts of a point, each with its kind."""
        profiled, held = self.profiled, self.held[j, i]
        near = [(int(k), profiled.solutions[k].values) for k in self._near[:, j, i]]
        beside = [(int(self._kind[b, a]), self.values[b, a]) for b, a in self._beside(j, i)]
        line = [
            (int(self._kind[b, a]), 2.0 * self.values[b, a] - self.values[c, e])
            for (b, a), (c, e) in (((j + v, i + u), (j + 2 * v, i + 2 * u)) for v, u in _AROUND)
            if self._known(b, a) and self._known(c, e) and self._kind[b, a] == self._kind[c, e]
        ]
        starts = [(kind, profiled.moved(values, held)) for kind, values in (*near, *beside, *line)]
        if self._is_refined("sigma_L"):
            washed = starts[0][1].copy()
            washed[profiled.columns.index("sigma_L")] = NO_FRINGES
            starts.append((WASHED_OUT, profiled.moved(washed, held)))
        if profiled.scans_gaps:
            starts += [(OTHER_GAP, values) for values in profiled.other_gaps(starts[0][1])]
        return starts

    def _try_other_sizes(self) -> None:
        """Refine again from small σ_N, or from larger σ_N where it is small: a local step does not cross."""
        k, row = self.profiled.columns.index("sigma_N"), self.profiled.fit.minima[0].parameters["sigma_N"]
        low = self.chi2 < self.profiled.fit.chi2 + HIGH
        if not self._is_refined("sigma_N") or row.lower > FEW_SIZES or not low.any():
            return
        starts = self.values[low]
        starts[:, k] = np.where(starts[:, k] > 2.0 * FEW_SIZES, FEW_SIZES, min(3.0 * FEW_SIZES, row.upper))
        self._refine(np.argwhere(low), [[(OTHER_SIZES, start)] for start in starts])

    def _frontier(self, fallen: NDArray[np.bool_]) -> tuple[Cells, list[list[Start]]]:
        """Points that have neighbours in another valley where χ² has fallen, and these as starts."""
        scale = np.array(
            [
                np.inf if name in self.profiled.names else APART.get(name, np.inf)
                for name in self.profiled.columns
            ]
        )
        low = self.chi2 < self.profiled.fit.chi2 + HIGH
        cells, starts = [], []
        for j, i in np.argwhere(low).tolist():
            here, kind = self.values[j, i], self._kind[j, i]
            others = [
                (int(self._kind[b, a]), self.profiled.moved(self.values[b, a], self.held[j, i]))
                for b, a in self._beside(j, i)
                if fallen[b, a]
                and (self._kind[b, a] != kind or np.any(np.abs(self.values[b, a] - here) > scale))
            ]
            if others:
                cells.append((j, i))
                starts.append(others)
        return np.array(cells, dtype=np.int64), starts

    def _refine(self, cells: Cells, starts: Sequence[Sequence[Start]]) -> None:
        """Refine points from the best of their starts, and keep results with a lower χ²."""
        best, cores = self.profiled.fit.chi2, os.cpu_count() or 1
        rows = np.array([values for group in starts for _, values in group])
        kinds = np.array([kind for group in starts for kind, _ in group])
        heights = self.profiled.heights(rows)
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
        found = self.profiled.refined(rows[chosen], cores, TOLERANCE, FEW_EVALUATIONS)
        values, chi2 = found.values, found.chi2
        unfinished = np.flatnonzero(~found.converged & (chi2 < best + HIGH))
        if unfinished.size:
            further = self.profiled.refined(values[unfinished], cores, TOLERANCE, MOST_EVALUATIONS)
            values[unfinished], chi2[unfinished] = further.values, further.chi2
        for k, (j, i) in enumerate(cells[whose].tolist()):
            if not chi2[k] >= self.chi2[j, i]:  # NaN where not calculated yet
                self.chi2[j, i], self.values[j, i], self._kind[j, i] = chi2[k], values[k], kinds[chosen[k]]

    def _is_refined(self, name: str) -> bool:
        return name in self.profiled.fit.names and name not in self.profiled.names

    def _known(self, j: int, i: int) -> bool:
        return 0 <= j < self._shape[0] and 0 <= i < self._shape[1] and bool(np.isfinite(self.chi2[j, i]))

    def _beside(self, j: int, i: int) -> list[tuple[int, int]]:
        return [(j + v, i + u) for v, u in _AROUND if self._known(j + v, i + u)]
