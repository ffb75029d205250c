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
from slxrd.fitting.minimise.batch import Batch, joined
from slxrd.fitting.minimise.least_squares import Minimum
from slxrd.fitting.objective.residuals import Objective
from slxrd.fitting.search.budget import Budget, in_parallel
from slxrd.fitting.search.scan import (
    FAINTEST,
    TRIED_SIGMA_L,
    Progress,
    chi2_about,
    choices,
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
    strongest = max(objective.data, key=lambda points: float(points.intensity.max()))
    middle = float(np.mean(strongest.q))
    around = [q for period in periods[:1] for q in satellite_maxima(strongest, period)]
    stack = objective.model.stack
    planes = [
        _planes(parameters, name, crystal.period if crystal is not None else base.values["d"], around, middle)
        for name, crystal in (("d", stack.crystal), ("d_B", stack.partner))
    ]
    for ratio in (SIZE_STEP, SIZE_STEP**2, SIZE_STEP**4):
        tried = [
            point
            for period, (d, d_B) in product(periods, product(*planes))
            for point in _divisions(parameters, period, d, d_B, middle, ratio)
        ]
        if len(tried) <= MOST_TRIED:
            break
    tried = tried[:: math.ceil(len(tried) / MOST_TRIED) or 1]
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
            lambda k: batch.refine_from(k, ROUGHLY, STEPS, budget.check),
            range(len(starts)),
            budget,
            SHARE_OF_ROUGH,
        )
    )
    return rough.values[np.argsort(rough.chi2)[:MOST_REFINED]]


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
    bounds = (row.value, row.value) if row.value is not None else (row.lower, row.upper)
    turn = np.pi / middle / STEPS_PER_TURN * 2.0
    tried = [one for one in choices(parameters, "sigma_L", list(TRIED_SIGMA_L)) if one is not None]
    disorder = [(min(tried, default=0.0), True), *((one, False) for one in tried or [0.0])]
    for N in choices(parameters, "N", _ladder(parameters, "N", period / d, ratio)):
        remaining = period - ((N if N is not None else 1.0) - 1.0) * d
        if bounds[1] - bounds[0] <= d:
            pairs = _sizes_for_gaps(remaining, d_B, bounds, turn)
        else:
            sizes = choices(parameters, "N_B", _ladder(parameters, "N_B", period / d_B, ratio))
            steps = np.arange(-d / 2.0, d / 2.0, turn).tolist()
            pairs = _gaps_for_sizes(remaining, d_B, sizes, steps, bounds)
        if row_B.value is not None:
            pairs = [(L, row_B.value) for L, _ in pairs]
        for L, N_B in pairs:
            if row_B.lower <= N_B <= row_B.upper:
                for sigma_L, sharp in disorder:
                    yield _point(parameters, d, d_B, L, sigma_L, N, N_B, sharp)


def _sizes_for_gaps(
    remaining: float, d_B: float, bounds: tuple[float, float], turn: float
) -> list[tuple[float, float]]:
    """L and N_B for gaps between narrow bounds; ``remaining`` is the period less the first crystal, in Å."""
    lower, upper = bounds
    gaps = np.linspace(lower, upper, max(math.ceil((upper - lower) / turn), 1) + 1 if upper > lower else 1)
    # Integer sizes: layers without a gap have sharp sizes, and only then are their satellites in phase.
    exact = [(L, 1.0 + (remaining - 2.0 * L) / d_B) for L in gaps.tolist()]
    return [(L, float(near)) for L, N_B in exact for near in (math.floor(N_B), math.ceil(N_B))]


def _gaps_for_sizes(
    remaining: float,
    d_B: float,
    sizes: list[float | None],
    steps: list[float],
    bounds: tuple[float, float],
) -> list[tuple[float, float]]:
    """L and N_B for given sizes of the second crystal; ``remaining`` as in :func:`_sizes_for_gaps`."""
    lower, upper = bounds
    middles = [((remaining - (N_B - 1.0) * d_B) / 2.0, N_B) for N_B in sizes if N_B is not None]
    return [(L + step, N_B) for L, N_B in middles for step in steps if lower <= L + step <= upper]


def _point(
    parameters: Parameters,
    d: float,
    d_B: float,
    L: float,
    sigma_L: float,
    N: float | None,
    N_B: float,
    sharp: bool,
) -> dict[str, float]:
    point = {"d": d, "d_B": d_B, "L": L, "sigma_L": sigma_L, "N_B": N_B}
    if N is not None:
        point["N"] = N
    for name, size in (("sigma_N", N), ("sigma_N_B", N_B)):
        start = parameters[name].value
        point[name] = start if start is not None else SHARP if sharp else float(usual_spread(size or 1.0))
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
