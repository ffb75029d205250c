"""Starts for stacks of two alternating crystals: the period of the satellites, then its division.

Two crystals have six parameters that move satellites, too many for a grid. Their period is measured in the
pattern. The scan covers the divisions of this period among crystals and gaps, and no other periods.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import product

import numpy as np

from slxrd.data.fringes import satellite_maxima, satellite_periods
from slxrd.data.peaks import gaussian_smooth
from slxrd.data.regions import RegionData
from slxrd.fitting.minimise.batch import Batch, joined
from slxrd.fitting.minimise.least_squares import Minimum
from slxrd.fitting.objective.residuals import Objective
from slxrd.fitting.search.budget import Budget, in_parallel
from slxrd.fitting.search.pairs.layers import trial_layers
from slxrd.fitting.search.scan import (
    FAINTEST,
    TRIED_SIGMA_L,
    Progress,
    chi2_about,
    choices,
    main_region,
    points_of,
    scan,
    usual_spread,
)
from slxrd.parameters.parameter_set import Parameters
from slxrd.units import FloatArray

#: Ratio of successive sizes; lattice periods tried for each crystal; smallest relative difference of two.
SIZE_STEP, MOST_PERIODS, SAME = 1.1, 3, 0.003
#: Trial gaps per 2π of the phase between neighbours in the middle of the region; a period has two gaps.
STEPS_PER_TURN = 6
#: Largest number of trial points, beyond which sizes are tried in larger steps; points that are refined.
MOST_TRIED, MOST_FOLLOWED = 12000, 40
#: Tolerance and steps of this rough refinement, and the number of points that are returned.
ROUGHLY, STEPS, MOST_REFINED = 1e-3, 12, 10
#: Share of the time budget at whose end no further rough refinement begins.
SHARE_OF_ROUGH = 0.7
#: σ_N of epitaxial layers; other crystals have that of a synthesis.
SHARP = 0.5


def visible_periods(objective: Objective) -> list[float]:
    """Return the periods in Å of the pattern's satellites that resolution and point distance can show."""
    sigma_G = min(float(objective.model.instrument.sigma(points.q).min()) for points in objective.data)
    longest = FAINTEST / sigma_G if sigma_G > 0.0 else math.inf
    longest = min([longest, *(np.pi / float(np.median(np.diff(points.q))) for points in objective.data)])
    return satellite_periods(objective.data, longest)


def scan_pairs(
    objective: Objective, parameters: Parameters, base: Minimum, report: Progress, budget: Budget
) -> FloatArray:
    """Scan χ² over divisions of the period among two crystals and their gaps.

    Parameters
    ----------
    objective : Objective
        Residuals of the data and a stack of two alternating crystals.
    parameters : Parameters
        Given values are fixed, or starts.
    base : Minimum
        The best fit without fringes.
    report : callable
        Called with steps done and steps in all.
    budget : Budget
        Time budget.

    Returns
    -------
    ndarray, shape (k, p)
        Starts, the best first.
    """
    periods = visible_periods(objective)
    if not periods:
        return scan(objective, parameters, base, report, budget)
    tried = _tried(objective, parameters, base, periods)
    if not tried:
        return scan(objective, parameters, base, report, budget)
    names = list(parameters)
    table = np.array([[point.get(name, base.values[name]) for name in names] for point in tried])
    points = points_of(parameters, table)
    chi2 = chi2_about(objective, parameters, points, report, budget)
    starts = points[_lowest(points, chi2, names)]
    batch = Batch(objective, parameters, starts)
    rough = joined(
        in_parallel(
            lambda k: batch.refine_from(k, ROUGHLY, STEPS, budget.expired),
            range(len(starts)),
            budget,
            SHARE_OF_ROUGH,
        )
    )
    return rough.values[np.argsort(rough.chi2)[:MOST_REFINED]]


def _tried(
    objective: Objective, parameters: Parameters, base: Minimum, periods: list[float]
) -> list[dict[str, float]]:
    """Trial values, at most :data:`MOST_TRIED`."""
    strongest = main_region(objective.data)
    middle = float(np.mean(strongest.q))
    stack, row = objective.model.stack, parameters["L"]
    usual, usual_B = (
        crystal.period if crystal is not None else base.values["d"]
        for crystal in (stack.crystal, stack.partner)
    )
    narrow = row.value is not None or row.upper - row.lower <= usual
    tried: list[dict[str, float]] = []
    if narrow:
        satellite = strongest_satellite(strongest, periods[0])
        tried = [
            _point(parameters, layers, sigma_L, sharp)
            for layers in trial_layers(parameters, periods, satellite, usual)
            for sigma_L, sharp in _disorder(parameters)
        ]
    if not tried:
        around = [q for period in periods[:1] for q in satellite_maxima(strongest, period)]
        planes = [
            _planes(parameters, name, d, around, middle) for name, d in (("d", usual), ("d_B", usual_B))
        ]
        for ratio in (SIZE_STEP, SIZE_STEP**2, SIZE_STEP**4):
            tried = [
                point
                for period, (d, d_B) in product(periods, product(*planes))
                for point in _divisions(parameters, period, d, d_B, middle, ratio)
            ]
            if len(tried) <= MOST_TRIED:
                break
    return tried[:: math.ceil(len(tried) / MOST_TRIED) or 1]


def strongest_satellite(points: RegionData, period: float) -> float:
    """Return the position in Å⁻¹ of the highest satellite of a period in Å."""
    step = float(np.median(np.diff(points.q)))
    smooth = gaussian_smooth(points.intensity, max(0.05 * 2.0 * np.pi / period / step, 0.5))
    return float(points.q[int(np.argmax(smooth))])


def _planes(
    parameters: Parameters, name: str, usual: float, around: list[float], middle: float
) -> list[float]:
    """Trial lattice periods in Å: the usual one, and those of the strongest satellites."""
    row = parameters[name]
    if not row.free or row.value is not None:
        return [row.value if row.value is not None else usual]
    order = max(round(middle * usual / (2.0 * np.pi)), 1)
    found: list[float] = []
    for d in (usual, *(2.0 * np.pi * order / q for q in around)):
        if row.lower <= d <= row.upper and all(abs(d / other - 1.0) > SAME for other in found):
            found.append(d)
    return found[:MOST_PERIODS] or [float(np.clip(usual, row.lower, row.upper))]


def _divisions(
    parameters: Parameters, period: float, d: float, d_B: float, middle: float, ratio: float
) -> Iterator[dict[str, float]]:
    """Trial values of all parameters that move satellites, with the period of the satellites."""
    row, row_B = parameters["L"], parameters["N_B"]
    turn = np.pi / middle / STEPS_PER_TURN * 2.0
    steps = np.arange(-d / 2.0, d / 2.0, turn).tolist()
    sizes = choices(parameters, "N_B", _ladder(parameters, "N_B", period / d_B, ratio))
    for N in choices(parameters, "N", _ladder(parameters, "N", period / d, ratio)):
        size = N if N is not None else parameters["N"].value or 1.0
        for N_B in sizes:
            size_B = N_B if N_B is not None else row_B.value or 1.0
            L = (period - (size - 1.0) * d - (size_B - 1.0) * d_B) / 2.0
            for gap in (L + step for step in steps):
                if row.lower <= gap <= row.upper and row_B.lower <= size_B <= row_B.upper:
                    layers = {"d": d, "d_B": d_B, "L": gap, "N": size, "N_B": size_B}
                    for sigma_L, sharp in _disorder(parameters):
                        yield _point(parameters, layers, sigma_L, sharp)


def _disorder(parameters: Parameters) -> list[tuple[float, bool]]:
    """Trial values of σ_L, and whether the sizes are sharp, as those of layers that grow on one another."""
    tried = [one for one in choices(parameters, "sigma_L", list(TRIED_SIGMA_L)) if one is not None]
    if not tried:
        return [(parameters["sigma_L"].value or 0.0, True)]
    return [(min(tried), True), *((one, False) for one in tried)]


def _point(parameters: Parameters, layers: dict[str, float], sigma_L: float, sharp: bool) -> dict[str, float]:
    point = {**layers, "sigma_L": sigma_L}
    for name, size in (("sigma_N", layers["N"]), ("sigma_N_B", layers["N_B"])):
        start = parameters[name].value
        point[name] = start if start is not None else SHARP if sharp else float(usual_spread(size))
    return point


def _ladder(parameters: Parameters, name: str, most: float, ratio: float) -> list[float]:
    """Trial sizes in planes, up to a whole period."""
    row = parameters[name]
    least, most = max(row.lower, 2.0), min(row.upper, most)
    if most <= least:
        return [row.lower]
    count = max(math.ceil(math.log(most / least) / math.log(ratio)), 1) + 1
    return [float(N) for N in np.unique(np.round(np.geomspace(least, most, count))) if least <= N <= most]


def _lowest(points: FloatArray, chi2: FloatArray, names: list[str]) -> list[int]:
    """Indices of the best points that are not neighbours of a better one."""
    d, d_B, L, N, N_B = (points[:, names.index(name)] for name in ("d", "d_B", "L", "N", "N_B"))
    sizes = np.column_stack([np.log(N), np.log(N_B)])
    chosen: list[int] = []
    for i in np.argsort(chi2).tolist():
        near = [
            j
            for j in chosen
            if np.all(np.abs(sizes[i] - sizes[j]) < 1.1 * math.log(SIZE_STEP))
            and abs(L[i] - L[j]) < 0.5
            and abs(d[i] / d[j] - 1.0) < SAME
            and abs(d_B[i] / d_B[j] - 1.0) < SAME
        ]
        if not near:
            chosen.append(i)
        if len(chosen) == MOST_FOLLOWED:
            break
    return chosen
