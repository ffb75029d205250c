"""Starts for the minima of χ²: envelope of the Bragg peaks, and a scan over gap, size and disorder."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import count

import numpy as np

from slxrd.data.peaks import (
    LONE_FRINGE,
    centre_and_spread,
    highest_fringe_width,
    lattice_periods,
    measure_peak,
)
from slxrd.data.regions import RegionData
from slxrd.errors import SlxrdError
from slxrd.fitting.minimise.batch import Batch
from slxrd.fitting.minimise.least_squares import Minimum, minimise
from slxrd.fitting.minimise.problem import is_compiled
from slxrd.fitting.objective.residuals import Objective
from slxrd.fitting.search.budget import Budget, in_parallel
from slxrd.instrument.diffractometer import Instrument
from slxrd.model.intensity import Model
from slxrd.parameters.definitions import TABLE
from slxrd.parameters.parameter_set import Parameters
from slxrd.units import FloatArray

#: Stacking disorder in Å at which there are no fringes, and trial values.
NO_FRINGES = 8.0
TRIED_SIGMA_L = (0.4, 1.4)
TRIED_SIGMA_U = 0.3
#: Trial values of L per period of the phase in the strongest region; ratio of successive sizes, and their
#: largest number; shape factor of the Scherrer equation.
STEPS_PER_TURN = 3
SIZE_STEP = 1.35
MOST_SIZES = 9
SCHERRER = 0.9
#: A peak is alone if farther away than this number of its widths nothing is higher than this part of it;
#: relative distance of the periods that are tried beside that of a lone peak.
LONE_WITHIN, LONE_HEIGHT, BESIDE = 1.5, 0.25, 0.012
#: Periods that differ by less than this fraction count as one.
SAME_PERIOD = 0.002
#: Largest number of trial values of L.
MOST_GAPS = 5000
#: Minima of the scan that are refined.
MOST_REFINED = 80
#: Further minima of the scan that are refined if few of the first lead to the best solution.
MOST_IN_RESERVE = 40
#: Distances are searched up to that at which the resolution reduces the contrast of fringes to
#: exp(−½·1.8²) = 20 %.
FAINTEST = 1.8
#: Sizes within this many σ_N of N are counted while scanning.
SCAN_WINDOW = 2.5
#: Largest number of points between two reports of progress; share of the time budget for the scan.
PORTION = 200
SHARE_OF_SCAN = 0.5
Progress = Callable[[int, int], None]


def trial_periods(objective: Objective, parameters: Parameters) -> list[float]:
    """Lattice periods in Å of which the regions may contain Bragg peaks; the user's start if there is one."""
    row = parameters["d"]
    if row.value is not None:
        return [row.value]
    found = lattice_periods([(points.q, points.intensity) for points in objective.data])
    inside = [d for d in found if row.lower <= d <= row.upper]
    return inside or [(row.lower + row.upper) / 2.0]


def main_region(data: Sequence[RegionData]) -> RegionData:
    """Return the region of the strongest Bragg peak: the highest of those that are not a lone fringe."""
    widest = max(float(points.q[-1] - points.q[0]) for points in data)
    wide = [points for points in data if points.q[-1] - points.q[0] >= LONE_FRINGE * widest]
    return max(wide, key=lambda points: float(points.intensity.max()))


def envelope_fits(objective: Objective, parameters: Parameters, period: float | None = None) -> list[Minimum]:
    """Fit the Bragg peaks without their fringes, d and N alone, from several sizes; the best first.

    d begins at ``period``, by default the first of :func:`trial_periods`. σ_N is fixed at a usual value: a
    free σ_N would fit a single strong fringe instead of the whole peak.
    """
    d = period if period is not None else trial_periods(objective, parameters)[0]
    main = main_region(objective.data)
    strongest = measure_peak(main.q, main.intensity)
    planes = parameters["N"].value or max(0.9 * 2.0 * np.pi / (d * strongest.width), 2.0)
    base = parameters
    if base["L"].free:
        base = base.fix(L=float(np.clip(40.0, base["L"].lower, base["L"].upper)))
    if base["sigma_L"].free:
        base = base.fix(sigma_L=float(np.clip(NO_FRINGES, base["sigma_L"].lower, base["sigma_L"].upper)))
    found: list[Minimum] = []
    for factor in (0.7, 1.0, 1.5) if parameters["N"].value is None else (1.0,):
        N = max(planes * factor, 1.2)
        row, spread = parameters["sigma_N"], parameters["sigma_N"].value or float(usual_spread(N))
        if row.free:
            base = base.fix(sigma_N=float(np.clip(spread, row.lower, row.upper)))
        found.append(minimise(objective, filled(_held(base, N, d), {"d": d, "N": N}), 1e-6, 60))
    return sorted(found, key=lambda minimum: minimum.chi2)


def _held(parameters: Parameters, N: float, d: float) -> Parameters:
    """Fix the parameters that only some structures have.

    An unknown second crystal is like the first, and an unknown substrate is faint.
    """
    like = {"d_B": d, "N_B": N, "sigma_N_B": float(usual_spread(N)), "f_S": 0.0, "L_S": d}
    held = {}
    for name, row in parameters.items():
        if name not in TABLE and row.free:
            value = like[name] if row.value is None else row.value
            held[name] = float(np.clip(value, row.lower, row.upper))
    return parameters.fix(**held)


def usual_spread(N: float | FloatArray) -> FloatArray:
    """σ_N of a usual synthesis, to start from."""
    return np.maximum(0.12 * np.asarray(N), 0.6)


def filled(parameters: Parameters, values: dict[str, float]) -> Parameters:
    """Give starting values to the parameters that can take one, moved inside their bounds."""
    rows = {name: parameters[name] for name in values}
    taking = {name: row for name, row in rows.items() if row.free is not False and row.expression is None}
    inside = {name: float(np.clip(values[name], row.lower, row.upper)) for name, row in taking.items()}
    return parameters.start(**inside)


def choices(parameters: Parameters, name: str, tried: list[float]) -> list[float | None]:
    """Values to scan: none if the parameter is not free, the user's start if there is one."""
    row = parameters[name]
    if not row.free:
        return [None]
    if row.value is not None:
        return [row.value]
    inside = [value for value in tried if row.lower <= value <= row.upper]
    return list(inside) or [(row.lower + row.upper) / 2.0]


def points_of(parameters: Parameters, starts: FloatArray) -> FloatArray:
    """Values of all parameters for starts, within the bounds and with ties applied; shapes (k, p)."""
    if any(row.expression is not None for row in parameters.values()):
        named = [filled(parameters, dict(zip(parameters, start, strict=True))) for start in starts.tolist()]
        return np.array([list(full.resolve(full.vector())[0].values()) for full in named])
    first = filled(parameters, dict(zip(parameters, starts[0].tolist(), strict=True)))
    points = np.tile([first.resolve(first.vector())[0][name] for name in parameters], (len(starts), 1))
    for i, name in enumerate(parameters):
        if parameters[name].free:
            points[:, i] = np.clip(starts[:, i], parameters[name].lower, parameters[name].upper)
    return points


def _tried_sizes(strongest: RegionData, base: Minimum) -> list[float]:
    """Sizes between those from the width of the whole peak and from the width of its highest fringe."""
    q, intensity = strongest.q, strongest.intensity
    scale = SCHERRER * 2.0 * np.pi / base.values["d"]
    widest = max(measure_peak(q, intensity).width, 2.355 * centre_and_spread(q, intensity)[1])
    least = max(min(scale / widest, base.values["N"]) / SIZE_STEP, 1.5)
    most = max(scale / highest_fringe_width(q, intensity), base.values["N"], 2.0) * SIZE_STEP
    count = min(max(round(float(np.log(most / least) / np.log(SIZE_STEP))) + 1, 3), MOST_SIZES)
    return [float(N) for N in np.geomspace(least, most, count)]


def bragg_order(points: RegionData, d: float) -> int:
    """Order of the reflection in the middle of a region, of planes d Å apart; at least 1."""
    return max(round(float(points.q.mean()) * d / (2.0 * np.pi)), 1)


def _tried_periods(strongest: RegionData, base: Minimum) -> list[float]:
    """Lattice periods from the best fit of the envelope and from the centre of mass of the peak.

    A lone peak may be a satellite beside 2π/d, on either side.
    """
    q, intensity = strongest.q, strongest.intensity
    d = base.values["d"]
    other = 2.0 * np.pi * bragg_order(strongest, d) / centre_and_spread(q, intensity)[0]
    found = [d, other] if abs(other / d - 1.0) > SAME_PERIOD else [d]
    away = np.abs(q - q[np.argmax(intensity)]) > highest_fringe_width(q, intensity) * LONE_WITHIN
    above = intensity - intensity.min()
    if np.any(away) and above[away].max() < LONE_HEIGHT * above.max():
        found += [d * (1.0 - BESIDE), d * (1.0 + BESIDE)]
    return found


def scan(
    objective: Objective, parameters: Parameters, base: Minimum, report: Progress, budget: Budget
) -> FloatArray:
    """Scan χ² over L, N, σ_L and d, and return its minima in L and N, the best first; shape (k, p)."""
    row = parameters["L"]
    strongest = main_region(objective.data)
    turn = base.values["d"] / bragg_order(strongest, base.values["d"])
    gaps = max(int((row.upper - row.lower) / turn * STEPS_PER_TURN), STEPS_PER_TURN)
    if gaps > MOST_GAPS:
        raise SlxrdError(
            f"bounds L={row.lower:g}:{row.upper:g} are too wide to search; narrow them (--bounds L=5:200)"
        )
    axes = {
        "L": choices(parameters, "L", np.linspace(row.lower, row.upper, gaps).tolist()),
        "N": choices(parameters, "N", _tried_sizes(strongest, base)),
        "sigma_L": choices(parameters, "sigma_L", list(TRIED_SIGMA_L)),
        "d": choices(parameters, "d", _tried_periods(strongest, base)),
    }
    if "N_B" in parameters:
        axes["N_B"] = choices(parameters, "N_B", _tried_sizes(strongest, base))
    columns = {name: np.array([value]) for name, value in base.values.items()}
    columns |= {name: np.array(tried, dtype=float) for name, tried in axes.items() if tried != [None]}
    size = tuple(len(tried) for tried in axes.values())
    for name, column in zip(axes, np.meshgrid(*(columns[name] for name in axes), indexing="ij"), strict=True):
        columns[name] = column.ravel()
    spread = parameters["sigma_N"].value
    columns["sigma_N"] = usual_spread(columns["N"]) if spread is None else np.array([spread])
    if "sigma_u" in parameters and parameters["sigma_u"].free and parameters["sigma_u"].value == 0.0:
        columns["sigma_u"] = np.array([TRIED_SIGMA_U])  # at 0 its derivative vanishes
    if "N_B" in parameters and parameters["sigma_N_B"].value is None:
        columns["sigma_N_B"] = usual_spread(columns["N_B"])
    table = [np.broadcast_to(columns[name], math.prod(size)) for name in parameters]
    points = points_of(parameters, np.column_stack(table))
    shape = (len(axes["L"]), len(axes["N"]))
    chi2 = chi2_about(objective, parameters, points, report, budget).reshape(*shape, -1)
    lowest = chi2.min(axis=2)
    beside = np.pad(lowest, 1, constant_values=np.inf)
    around = [beside[i : i + shape[0], j : j + shape[1]] for i, j in ((0, 1), (2, 1), (1, 0), (1, 2))]
    minima = np.argwhere(np.all([lowest <= other for other in around], axis=0))
    order = np.argsort(lowest[tuple(minima.T)], kind="stable")[: MOST_REFINED + MOST_IN_RESERVE]
    order = order[np.isfinite(lowest[tuple(minima[order].T)])]
    scanned = points.reshape(*shape, -1, len(parameters))
    return np.array([scanned[i, j, chi2[i, j].argmin()] for i, j in minima[order]])


def chi2_about(
    objective: Objective, parameters: Parameters, points: FloatArray, report: Progress, budget: Budget
) -> FloatArray:
    """χ² of a cheaper objective at many points, on all cores; shape (k, p) → (k,).

    Points that the time budget leaves out have an infinite χ². The points are taken in strides, so that
    those that remain are spread evenly.
    """
    cheaper, shifted = coarse(objective, parameters, points)
    batch = Batch(cheaper, parameters, shifted)
    strides = _prime(math.ceil(len(points) / PORTION))  # so that every portion mixes the values of all axes
    portions = [shifted[first::strides].copy() for first in range(min(strides, len(shifted)))]

    def done(finished: int) -> None:
        report(finished * len(points) // len(portions), len(points))

    pieces = in_parallel(batch.chi2, portions, budget, SHARE_OF_SCAN, done)
    chi2 = np.full(len(points), np.inf)
    for first, piece in enumerate(pieces):
        chi2[first::strides] = piece
    if len(pieces) < len(portions):
        budget.leave_out(
            f"{1.0 - len(pieces) / len(portions):.0%} of the {len(points)} trial values", starts=True
        )
        report(len(points), len(points))
    return chi2


def _prime(least: int) -> int:
    """Return the smallest prime that is not below ``least``."""
    return next(n for n in count(max(least, 2)) if all(n % k for k in range(2, math.isqrt(n) + 1)))


def coarse(objective: Objective, parameters: Parameters, points: FloatArray) -> tuple[Objective, FloatArray]:
    """Return a cheaper objective for the scan, and the points at which to evaluate it.

    It has fewer points, about one per σ_G, and no smearing. The loss of contrast by the resolution,
    exp(−½(Λσ_G)²) between neighbours, is included in the disorder: σ_L² + (Λσ_G/q)² in place of σ_L².
    """
    middle = float(np.mean(objective.data[0].q))
    sigma_G = float(objective.model.instrument.sigma(np.array([middle]))[0])
    if sigma_G == 0.0 or not is_compiled(objective, parameters):
        return objective, points
    data = []
    for part in objective.data:
        stride = max(int(sigma_G / float(np.median(np.diff(part.q)))), 1)
        thin = slice(None, None, stride) if part.q.size >= 20 * stride else slice(None)
        data.append(part.chosen(thin))
    stack = replace(objective.model.stack, size_window=SCAN_WINDOW)
    names = list(parameters)
    d, L, N = (points[:, names.index(name)] for name in ("d", "L", "N"))
    seen = points.copy()
    column = names.index("sigma_L")
    period = (N - 1.0) * d + L
    if stack.alternating:
        d_B, N_B = (points[:, names.index(name)] for name in ("d_B", "N_B"))
        period = (period + (N_B - 1.0) * d_B + L) / math.sqrt(2.0)
    seen[:, column] = np.hypot(points[:, column], period * sigma_G / middle)
    sharp, *further = (
        Instrument(0.0, wavelength=one.wavelength)
        for one in (objective.model.instrument, *objective.model.further)
    )
    return Objective(Model(stack, sharp, tuple(further)), data, objective.settings), seen
