"""Refinement of blocks of patterns from the starts of a plan, and from the solutions of their neighbours."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Self

import numpy as np
from numpy.typing import NDArray

from slxrd.fitting.minimise.batch import Batch
from slxrd.studies.maps.plan import Plan
from slxrd.units import FloatArray

#: Solutions that are kept for each pattern, the best first.
KEPT = 4
#: Relative change of χ² at which a refinement ends. Its last step is as accurate as another evaluation, and
#: one more step follows in the assessment.
TOLERANCE = 1e-4
#: Kinds of patterns: with a signal, or why they are not fitted.
SIGNAL, EMPTY, SATURATED, NOT_FINITE = 0, 1, 2, 3
#: A pattern without a peak of this many standard deviations, which a straight line describes, is empty.
_FAINTEST = 5.0
#: Relative decrease of χ² from which on a solution is another one.
_LOWER = 1e-6


@dataclass(frozen=True, eq=False)
class Solutions:
    """Solutions of k patterns, the best first.

    Parameters
    ----------
    values : ndarray, shape (k, KEPT, p)
        NaN where there are fewer.
    chi2 : ndarray, shape (k, KEPT)
        With the σ of the plan; infinite where there are fewer.
    kind : ndarray of uint8, shape (k,)
        :data:`SIGNAL`, :data:`EMPTY`, :data:`SATURATED` or :data:`NOT_FINITE`.
    """

    values: FloatArray
    chi2: FloatArray
    kind: NDArray[np.uint8]

    @classmethod
    def empty(cls, k: int, p: int) -> Self:
        """Return k patterns of p parameters without a solution."""
        return cls(np.full((k, KEPT, p), np.nan), np.full((k, KEPT), np.inf), np.zeros(k, dtype=np.uint8))


def kinds_of(
    rows: FloatArray, saturated: NDArray[np.bool_], places: tuple[NDArray[np.intp], ...]
) -> NDArray[np.uint8]:
    """Kinds of patterns, shape (k, n), before anything is known of their noise: without signal are zeros."""
    kind = np.full(len(rows), SIGNAL, dtype=np.uint8)
    used = np.concatenate(places) if places else np.arange(rows.shape[1])
    inside = rows[:, used]
    kind[~np.any(inside > 0.0, axis=1)] = EMPTY
    kind[np.ptp(np.nan_to_num(inside), axis=1) == 0.0] = EMPTY
    kind[saturated] = SATURATED
    kind[~np.all(np.isfinite(inside) & (np.abs(inside) < 1e100), axis=1)] = NOT_FINITE
    return kind


def without_peak(plan: Plan, rows: FloatArray) -> NDArray[np.bool_]:
    """Whether patterns, shape (k, n), show no peak: a straight line in each region describes them.

    The mean pattern's shape has no significant amplitude, and χ² of the lines is that of noise.
    """
    chi2, amplitude, count = np.zeros(len(rows)), np.full(len(rows), -np.inf), 0
    for points, place in zip(plan.data, plan.places, strict=True):
        level = np.broadcast_to(rows[:, place].mean(axis=1, keepdims=True), (len(rows), place.size))
        sigma = plan.noise.sigma(np.maximum(level, 0.0), place)
        lines = np.linalg.qr(np.vander(np.linspace(-1.0, 1.0, place.size), 2))[0]
        y = rows[:, place] - (rows[:, place] @ lines) @ lines.T
        shape = points.intensity - lines @ (lines.T @ points.intensity)
        chi2 += np.sum((y / sigma) ** 2, axis=1)
        amplitude = np.maximum(amplitude, y @ shape / np.sqrt(np.sum((shape * sigma) ** 2, axis=1)))
        count += place.size - 2
    noise_alone = chi2 <= count * (1.0 + _FAINTEST * np.sqrt(2.0 / count))
    return np.asarray(noise_alone & (amplitude < _FAINTEST))


def refine_rows(plan: Plan, rows: FloatArray, saturated: NDArray[np.bool_]) -> Solutions:
    """Refine patterns from every start of the plan.

    Parameters
    ----------
    plan : Plan
        Of the map.
    rows : ndarray, shape (k, n)
        Intensities.
    saturated : ndarray of bool, shape (k,)
        Which patterns are not fitted.
    """
    kind = kinds_of(rows, saturated, plan.places)
    good = np.flatnonzero(kind == SIGNAL)
    kind[good[without_peak(plan, rows[good])]] = EMPTY
    good = np.flatnonzero(kind == SIGNAL)
    found = replace(Solutions.empty(len(rows), len(plan.names)), kind=kind)
    if good.size:
        sets = plan.sets(rows[good])
        tried = [_refined(plan.batch(start[None]), sets) for start in plan.starts]
        merged = _merged(plan, [each[0] for each in tried], [each[1] for each in tried])
        found.values[good], found.chi2[good] = merged
    return found


def _refined(batch: Batch, sets: list[FloatArray]) -> tuple[FloatArray, FloatArray]:
    """Values and χ² of refined sets; χ² is infinite where a refinement failed."""
    found = batch.refine(sets, 1, tolerance=TOLERANCE, leap=True)
    good = found.converged & np.all(np.isfinite(found.values), axis=1) & np.isfinite(found.chi2)
    return found.values, np.where(good, found.chi2, np.inf)


def _merged(plan: Plan, values: list[FloatArray], chi2: list[FloatArray]) -> tuple[FloatArray, FloatArray]:
    """Distinct solutions of each pattern, the best first: shapes (k, KEPT, p) and (k, KEPT)."""
    every, heights = np.stack(values, axis=1), np.stack(chi2, axis=1)
    order = np.argsort(heights, axis=1, kind="stable")
    every = np.take_along_axis(every, order[:, :, None], axis=1)
    heights = np.take_along_axis(heights, order, axis=1)
    for j in range(1, every.shape[1]):
        for i in range(j):
            repeated = plan.are_same(every[:, i], every[:, j]) & np.isfinite(heights[:, i])
            heights[repeated, j] = np.inf
    order = np.argsort(heights, axis=1, kind="stable")[:, :KEPT]
    heights = np.take_along_axis(heights, order, axis=1)
    every = np.take_along_axis(every, order[:, :, None], axis=1)
    every[~np.isfinite(heights)] = np.nan
    missing = KEPT - heights.shape[1]
    if missing > 0:
        every = np.pad(every, ((0, 0), (0, missing), (0, 0)), constant_values=np.nan)
        heights = np.pad(heights, ((0, 0), (0, missing)), constant_values=np.inf)
    return every, heights


def neighbours(shape: tuple[int, ...]) -> list[tuple[NDArray[np.intp], NDArray[np.intp]]]:
    """Pairs of neighbours in a grid: for each direction, indices of the patterns and of their neighbours."""
    index = np.arange(int(np.prod(shape))).reshape(shape)
    pairs = []
    for axis in range(len(shape)):
        ahead = np.moveaxis(index, axis, 0)
        pairs.append((ahead[1:].ravel(), ahead[:-1].ravel()))
        pairs.append((ahead[:-1].ravel(), ahead[1:].ravel()))
    return pairs


def candidates(
    plan: Plan, best: FloatArray, known: Solutions, first: int, last: int, changed: NDArray[np.bool_],
    pairs: list[tuple[NDArray[np.intp], NDArray[np.intp]]],
) -> list[tuple[int, FloatArray]]:  # fmt: skip
    """Starts from neighbours that changed, for the patterns of a block.

    Parameters
    ----------
    plan : Plan
        Of the map.
    best : ndarray, shape (N, p)
        Best solutions of all patterns, NaN where there is none.
    known : Solutions
        Those of the block.
    first, last : int
        First pattern of the block, and the one after its last.
    changed : ndarray of bool, shape (N,)
        Patterns whose best solution is new.
    pairs : list
        From :func:`neighbours`.

    Returns
    -------
    list of (int, ndarray of shape (p,))
        Index in the block, and where to start.
    """
    found: list[tuple[int, FloatArray]] = []
    for targets, sources in pairs:
        inside = (targets >= first) & (targets < last) & changed[sources]
        own, starts = targets[inside] - first, best[sources[inside]]
        known_there = np.any(plan.are_same(known.values[own], starts[:, None]), axis=1)
        useful = np.isfinite(starts[:, 0]) & (known.kind[own] == SIGNAL) & ~known_there
        found += zip(own[useful].tolist(), starts[useful], strict=True)
    return found


def refine_from_neighbours(
    plan: Plan, rows: FloatArray, known: Solutions, starts: list[tuple[int, FloatArray]]
) -> tuple[Solutions, NDArray[np.bool_]]:
    """Refine patterns of a block from solutions of their neighbours.

    Starts that are the same solution are one start, so that many patterns are refined at once.

    Parameters
    ----------
    plan : Plan
        Of the map.
    rows : ndarray, shape (k, n)
        Intensities of the block.
    known : Solutions
        Those of the block.
    starts : list of (int, ndarray of shape (p,))
        From :func:`candidates`.

    Returns
    -------
    Solutions
        With those that were found.
    ndarray of bool, shape (k,)
        Patterns with a lower χ² than before.
    """
    groups: list[tuple[FloatArray, set[int]]] = []
    for target, start in starts:
        for centre, members in groups:
            if bool(plan.are_same(centre, start)):
                members.add(target)
                break
        else:
            groups.append((start, {target}))
    values, chi2 = known.values.copy(), known.chi2.copy()
    before = chi2[:, 0].copy()
    for centre, members in groups:
        which = np.array(sorted(members))
        found, heights = _refined(plan.batch(centre[None]), plan.sets(rows[which]))
        every = [*np.moveaxis(values[which], 1, 0), found]
        levels = [*np.moveaxis(chi2[which], 1, 0), heights]
        values[which], chi2[which] = _merged(plan, every, levels)
    lower = chi2[:, 0] < before * (1.0 - _LOWER)
    return Solutions(values, chi2, known.kind), lower
