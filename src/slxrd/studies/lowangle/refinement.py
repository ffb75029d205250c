"""Low-angle curves fitted to a region: where to start, refinement, and whether there is a gap to be seen.

The critical scattering vector is nearly a shift of the dips and hardly told by them. Unless it is given,
all values up to a limit are fitted with, and their results are weighted with exp(−χ²/2).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from slxrd.data.regions import RegionData
from slxrd.studies.lowangle.model import HEIGHTS, NAMES, Edges
from slxrd.units import FloatArray

BoolArray = NDArray[np.bool_]

#: Bounds of the parameters in the order of NAMES; heights are relative to the region's intensities.
LOWER = np.array([3.0, 0.0, 5.0, 0.2, -3.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0])
UPPER = np.array([200.0, 20.0, 400.0, 100.0, 6.0, 25.0, np.inf, np.inf, np.inf, 25.0, np.inf])
#: Exponents of a power law and an exponential where nothing is known of them.
FALLS = (3.0, 5.0)
#: Starts that are refined, where the gap alone is sought.
STARTS = 8
#: Of all starts that were refined roughly, so many are to the end.
FINALISTS = 3
#: While starts are sought, σ is at least this fraction of a point: counts make minima too narrow to find.
SOFTENED = 0.1
#: Superlattice periods that are tried.
PERIODS = 4
#: Directions in which χ² is flatter than this, relative to the steepest, are not determined.
FLAT = 1e-10
#: So many periods of dips have to lie in the region.
LEAST_PERIODS = 1.0


@dataclass(frozen=True, eq=False)
class Refined:
    """One refinement.

    Parameters
    ----------
    edges : Edges
        The curves.
    values : ndarray, shape (11,)
        In the order of ``edges.NAMES``.
    free : ndarray of bool, shape (11,)
        What was refined and lies on no bound.
    covariance : ndarray, shape (11, 11)
        From σ as it is; infinite on the diagonal where χ² is flat, 0 for what was kept or lies on a bound.
    curve : ndarray, shape (n,)
        The fitted intensity.
    chi2 : float
        Σ (residual/σ)².
    """

    edges: Edges
    values: FloatArray
    free: BoolArray
    covariance: FloatArray
    curve: FloatArray
    chi2: float

    def value(self, name: str) -> float:
        """Return the value of a parameter."""
        return float(self.values[NAMES.index(name)])

    def error(self, name: str) -> float:
        """Return the standard deviation of a parameter; infinite where χ² is flat, 0 where it was kept."""
        i = NAMES.index(name)
        return math.sqrt(float(self.covariance[i, i]))

    def bic(self) -> float:
        """Return n ln(χ²/n) + k ln n, in which σ has to be right but for a factor."""
        return _bic(self.chi2, self.curve.size, int(self.free.sum()))


def kept(edges: Edges, *names: str) -> tuple[str, ...]:
    """Names of the parameters that a curve does not have, or that are to be kept besides."""
    second = () if edges.smooth == "both" else ("fall_2", "smooth_2")
    return (*names, *second, *(() if edges.fringes else ("t", "sigma_t")))


def refine(
    edges: Edges, data: RegionData, start: FloatArray, keep: Sequence[str] = (), tolerance: float = 1e-9
) -> Refined:
    """Refine a curve from a start, by bounded least squares with the exact Jacobian.

    Parameters
    ----------
    edges : Edges
        The curves.
    data : RegionData
        Points and σ.
    start : ndarray, shape (11,)
        Within the bounds.
    keep : sequence of str
        Parameters that stay as they are.
    tolerance : float
        Relative changes at which to end.
    """
    from scipy.optimize import least_squares

    chosen = np.array([name not in kept(edges, *keep) for name in NAMES])
    lower, upper = LOWER[chosen], UPPER[chosen]
    room = 1e-6 * np.where(np.isfinite(upper), upper - lower, 1.0)
    base = start.copy()

    def full(vector: FloatArray) -> FloatArray:
        base[chosen] = vector
        return base

    last: dict[bytes, tuple[FloatArray, FloatArray]] = {}

    def curve_at(vector: FloatArray) -> tuple[FloatArray, FloatArray]:
        key = vector.tobytes()
        if key not in last:
            last.clear()
            last[key] = edges.curve(full(vector))
        return last[key]

    def residuals(vector: FloatArray) -> FloatArray:
        return np.asarray((curve_at(vector)[0] - data.intensity) / data.sigma)

    def jacobian(vector: FloatArray) -> FloatArray:
        return np.asarray((curve_at(vector)[1][chosen] / data.sigma).T)

    done = least_squares(
        residuals, np.clip(start[chosen], lower + room, upper - room), jac=jacobian, bounds=(lower, upper),
        x_scale="jac", method="trf", max_nfev=150, ftol=tolerance, xtol=tolerance, gtol=1e-12,
    )  # fmt: skip
    values = full(done.x).copy()
    # A height below a thousandth of a point's σ is none.
    least = 1e-3 * float(np.median(data.sigma)) * np.array([name in HEIGHTS for name in NAMES])
    free = chosen & (values > LOWER + np.maximum(1e-4, least)) & (values < UPPER - 1e-4)
    curve, slopes = edges.curve(values)
    covariance = _covariance(slopes / data.sigma, free)
    return Refined(edges, values, free, covariance, curve, float(2.0 * done.cost))


def _covariance(slopes: FloatArray, free: BoolArray) -> FloatArray:
    covariance = np.zeros((free.size, free.size))
    steepness = np.linalg.norm(slopes, axis=1)
    flat = free & (steepness <= 0.0)
    known = np.flatnonzero(free & ~flat)
    if known.size:
        J = slopes[known] / steepness[known, None]
        values, vectors = np.linalg.eigh(J @ J.T)
        good = values > FLAT * values[-1]
        inverse = (vectors[:, good] / values[good]) @ vectors[:, good].T
        covariance[np.ix_(known, known)] = inverse / np.outer(steepness[known], steepness[known])
        open_ = np.any(np.abs(vectors[:, ~good]) > 0.05, axis=1)
        flat[known[open_]] = True
    covariance[flat, flat] = np.inf
    return covariance


def search(edges: Edges, data: RegionData) -> list[Refined]:
    """Refine from the best of many gaps, without fringes; return the different minima, best first."""
    low, high = float(data.q[0]), float(data.q[-1])
    least = max(LOWER[0], LEAST_PERIODS * 2.0 * math.pi / (high - low), LEAST_PERIODS * 2.0 * math.pi / high)
    most = min(UPPER[0] / 2.0, math.pi / (2.0 * float(np.median(np.diff(data.q)))))
    gaps = np.arange(least, max(most, least + 1.0), 1.0).tolist()
    starts = [
        _start(w=gap, slope=slope, fall=fall) for slope, fall in ((0, 2), (0, 5), (2, 5)) for gap in gaps
    ]
    return _different(edges, data, _roughly(edges, _softened(data), [starts], STARTS, {"w": 2.5}))


def search_fringes(edges: Edges, data: RegionData, known: Sequence[Refined]) -> list[Refined]:
    """Refine with fringes, from minima without and from periods; return different minima, best first."""
    soft = _softened(data)
    groups = [_along_thickness(minimum.values, 3.0) for minimum in known[:2]]
    groups += [
        [
            _start(w=w, sigma_w=0.7, t=period - w, sigma_t=sigma_t, slope=0.7, fall=4.0)
            for w in np.arange(LOWER[0] + 1.0, min(period - LOWER[2], 100.0), 1.25).tolist()
            for sigma_t in (3.0, 9.0)
        ]
        for period in _periods(soft)
    ]
    apart = {"w": 2.5, "t": 4.0}
    rough = _roughly(edges, soft, groups, 2, apart)
    # Once the gap is about right, the thickness is looked for again: wrong ones are minima too.
    again = _roughly(edges, soft, [_along_thickness(found.values) for found in rough[:2]], 3, apart)
    return _different(edges, data, sorted(rough + again, key=lambda found: found.chi2))


def _along_thickness(values: FloatArray, step: float = 2.0) -> list[FloatArray]:
    """Starts that differ in thickness and its spread."""
    return [
        np.concatenate((values[:2], (t, sigma_t), values[4:]))
        for t in np.arange(8.0, 200.0, step).tolist()
        for sigma_t in (3.0, 9.0, 22.0)
    ]


def _softened(data: RegionData) -> RegionData:
    return replace(data, sigma=np.hypot(data.sigma, SOFTENED * np.abs(data.intensity)))


def _periods(data: RegionData) -> list[float]:
    """Superlattice periods by which the intensity repeats: smooth shapes, times waves and their harmonics."""
    x = data.q / data.q[0]
    smooth = np.vstack((x**-2.0, x**-4.0, np.ones_like(x))) / data.sigma
    wanted = data.intensity / data.sigma
    # Beyond the longest, the steps of the data do not show the fringes.
    periods = np.arange(20.0, min(250.0, math.pi / (2.0 * float(np.median(np.diff(data.q))))), 0.75)
    left = []
    for period in periods.tolist():
        waves = [part(k * data.q * period) for k in (1.0, 2.0, 3.0) for part in (np.cos, np.sin)]
        columns = np.vstack([smooth, *(smooth * wave for wave in waves)]).T
        columns = columns / np.linalg.norm(columns, axis=0)
        solution = np.linalg.lstsq(columns, wanted, rcond=1e-9)[0]
        left.append(float(np.sum((wanted - columns @ solution) ** 2)))
    chosen: list[float] = []
    for i in np.argsort(left).tolist():
        if len(chosen) < PERIODS and all(abs(periods[i] - other) > 4.0 for other in chosen):
            chosen.append(float(periods[i]))
    return chosen


def _start(**values: float) -> FloatArray:
    usual = {"sigma_w": 1.5, "t": 50.0, "sigma_t": 8.0, "fall_2": FALLS[1], **dict.fromkeys(HEIGHTS, 0.0)}
    return np.array([{**usual, **values}[name] for name in NAMES], dtype=np.float64)


def _roughly(
    edges: Edges,
    soft: RegionData,
    groups: Sequence[Sequence[FloatArray]],
    each: int,
    apart: Mapping[str, float],
) -> list[Refined]:
    """Refine the best starts of each group that differ, at softened σ; best first."""
    columns = [NAMES.index(name) for name in apart]
    steps = np.array(list(apart.values()))
    chosen: list[FloatArray] = []
    for group in groups:
        tried = sorted((with_heights(edges, soft, start) for start in group), key=lambda pair: pair[0])
        left = each
        for _, start in tried:
            if left and all(np.any(np.abs(start - other)[columns] > steps) for other in chosen):
                chosen.append(start)
                left -= 1
    found = [refine(edges, soft, start, tolerance=1e-3) for start in chosen]
    return sorted(found, key=lambda each: each.chi2)


def _different(edges: Edges, data: RegionData, rough: Sequence[Refined]) -> list[Refined]:
    """Refine the best to the end; those that stay apart in w, best first."""
    minima = [refine(edges, data, found.values, tolerance=1e-6) for found in rough[:FINALISTS]]
    return different(sorted(minima, key=lambda found: found.chi2))


def different(minima: Sequence[Refined]) -> list[Refined]:
    """Of minima, best first, those that are more than 0.5 Å apart in w."""
    kept: list[Refined] = []
    for found in minima:
        if all(abs(found.value("w") - other.value("w")) > 0.5 for other in kept):
            kept.append(found)
    return kept


def with_heights(edges: Edges, data: RegionData, start: FloatArray) -> tuple[float, FloatArray]:
    """χ², and the start with the heights that suit it best, none below zero."""
    from scipy.optimize import nnls

    shapes, _ = edges.shapes(start, derivatives=False)
    columns = np.column_stack((*shapes, np.ones(data.q.size))) / data.sigma[:, None]
    heights, left = nnls(columns, data.intensity / data.sigma)
    values = start.copy()
    values[[NAMES.index(name) for name in HEIGHTS]] = heights
    return float(left**2), values


def on_both(found: Refined, data: RegionData) -> Refined:
    """Refine on a power law and an exponential, from a minimum on one of them."""
    start = found.values.copy()
    fall, fall_2 = NAMES.index("fall"), NAMES.index("fall_2")
    if found.edges.smooth == "exponential":
        start[fall], start[fall_2] = FALLS[0], start[fall]
    elif found.edges.smooth == "power":
        start[fall_2] = FALLS[1]
    edges = replace(found.edges, smooth="both")
    return refine(edges, data, with_heights(edges, data, start)[1])


def smooth_bic(data: RegionData) -> float:
    """BIC of a pattern without dips: exp of a fifth-order polynomial in ln q, and a constant."""
    from scipy.optimize import least_squares

    x = np.log(data.q)
    x = (2.0 * x - x[0] - x[-1]) / (x[-1] - x[0])
    powers = np.vander(x, 6, increasing=True).T
    size = float(np.max(np.abs(data.intensity)))

    def parts(vector: FloatArray) -> FloatArray:
        return np.asarray(size * np.exp(np.minimum(vector[:6] @ powers, 50.0)))

    def residuals(vector: FloatArray) -> FloatArray:
        return np.asarray((parts(vector) + size * vector[6] - data.intensity) / data.sigma)

    def jacobian(vector: FloatArray) -> FloatArray:
        return np.asarray((np.vstack((parts(vector) * powers, np.full_like(x, size))) / data.sigma).T)

    logs = np.log(np.maximum(data.intensity, 1e-3 * np.median(np.abs(data.intensity))) / size)
    start = np.append(np.linalg.lstsq(powers.T, logs, rcond=None)[0], 0.0)
    done = least_squares(residuals, start, jac=jacobian, method="trf", x_scale="jac", max_nfev=200)
    return _bic(float(2.0 * done.cost), x.size, 7)


def over_refraction(best: Refined, data: RegionData, critical: FloatArray) -> list[Refined]:
    """Refine from the best at every critical scattering vector, going outwards from where it was found."""
    order = np.argsort(np.abs(critical - best.edges.critical), kind="stable")
    done: dict[float, Refined] = {}
    for value in critical[order].tolist():
        near = min(done, key=lambda other: abs(other - value), default=None)
        start = best.values if near is None else done[near].values
        done[value] = refine(replace(best.edges, critical=value), data, start, tolerance=1e-7)
    return [done[value] for value in critical.tolist()]


def _bic(chi2: float, n: int, k: int) -> float:
    return n * math.log(max(chi2, 1e-12 * n) / n) + k * math.log(n)
