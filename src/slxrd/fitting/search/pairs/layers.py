"""Trial layers of two crystals that alternate with a known gap: whole numbers of planes in a measured period.

Satellites are at multiples of 2π/Λ. Their spacing gives Λ roughly, and the position of a strong one, which is
a multiple, precisely. For every number of planes in a period, the scan covers its division among the two
crystals and the difference of their plane distances, whose mean follows from Λ.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from itertools import product

import numpy as np

from slxrd.parameters.parameter_set import Parameters

#: Largest relative difference of the two plane distances; trial differences per half turn of the phase, and
#: their largest number.
MOST_MISMATCH, STEPS_PER_HALF_TURN, MOST_DIFFERENCES = 0.12, 3, 13
#: Satellites between the strongest one and that of the mean lattice.
MOST_SATELLITES = 3
#: Divisions of a period that are tried, of thicker layers in larger steps.
MOST_DIVISIONS = 60
#: Trial gaps between narrow bounds, per period of the phase.
STEPS_PER_TURN = 6
#: Changes of whole numbers of planes that are tried beside a solution, first of the same period.
STEPS = ((1, -1), (-1, 1), (2, -2), (-2, 2), (1, 0), (-1, 0), (0, 1), (0, -1), (1, 1), (-1, -1))


def exact_periods(roughly: float, satellite: float, spacing: float) -> list[float]:
    """Return the periods in Å near a rough one of which a satellite at q (Å⁻¹) is a multiple.

    ``spacing`` is the uncertainty of the rough period in Å.
    """
    turns = satellite * roughly / (2.0 * np.pi)
    reach = satellite * spacing / (2.0 * np.pi)
    numbers = range(math.ceil(turns - reach), math.floor(turns + reach) + 1) or [round(turns)]
    return [2.0 * np.pi * m / satellite for m in numbers if m > 0]


def trial_layers(
    parameters: Parameters, periods: list[float], satellite: float, usual: float
) -> Iterator[dict[str, float]]:
    """Trial values of d, d_B, N, N_B and L.

    Parameters
    ----------
    parameters : Parameters
        Given values are kept. The bounds of L are narrow.
    periods : list of float
        Periods of the satellites in Å, roughly.
    satellite : float
        Position of the strongest satellite in Å⁻¹.
    usual : float
        Plane distance in Å that gives the order of the reflection.
    """
    order = max(round(satellite * usual / (2.0 * np.pi)), 1)
    spacing = 0.6 * 2.0 * np.pi * order / satellite
    exact: list[float] = []
    for period in periods:
        for one in exact_periods(period, satellite, spacing):
            if all(abs(one - other) > 0.1 for other in exact):
                exact.append(one)
    for period, L in product(exact, _gaps(parameters, satellite)):
        apart = 2.0 * np.pi / period
        low, high = (
            2.0 * np.pi * order / (satellite + sign * (MOST_SATELLITES + 0.01) * apart) for sign in (1, -1)
        )
        rest = period - 2.0 * L
        if rest <= 0.0 or satellite <= (MOST_SATELLITES + 1) * apart:
            continue
        for planes in range(max(math.ceil(rest / high), 1) + 2, math.floor(rest / low) + 3):
            for N, N_B in _sizes(parameters, planes):
                for d, d_B in _distances(parameters, N, N_B, rest, satellite):
                    yield {"d": d, "d_B": d_B, "L": L, "N": N, "N_B": N_B}


def _gaps(parameters: Parameters, satellite: float) -> list[float]:
    row = parameters["L"]
    if row.value is not None:
        return [row.value]
    count = max(math.ceil((row.upper - row.lower) * satellite / np.pi * STEPS_PER_TURN / 2.0), 1)
    return [float(L) for L in np.linspace(row.lower, row.upper, count + 1)]


def _sizes(parameters: Parameters, planes: int) -> list[tuple[float, float]]:
    """Divisions of a number of planes among the two crystals."""
    row, row_B = parameters["N"], parameters["N_B"]
    if row.value is not None and row_B.value is not None:
        return [(row.value, row_B.value)]
    if row.value is not None:
        pairs = [(row.value, planes - row.value)]
    elif row_B.value is not None:
        pairs = [(planes - row_B.value, row_B.value)]
    else:
        step = max(math.ceil((planes - 1) / MOST_DIVISIONS), 1)
        pairs = [(float(n), float(planes - n)) for n in range(1, planes, step)]
    return [(N, N_B) for N, N_B in pairs if row.lower <= N <= row.upper and row_B.lower <= N_B <= row_B.upper]


def _distances(
    parameters: Parameters, N: float, N_B: float, rest: float, q: float
) -> list[tuple[float, float]]:
    """Plane distances of both crystals with (N−1)·d + (N_B−1)·d_B = ``rest``, in Å."""
    row, row_B = parameters["d"], parameters["d_B"]
    steps, steps_B = N - 1.0, N_B - 1.0
    mean = rest / (steps + steps_B)
    d, d_B = row.value, row_B.value
    if d is not None and d_B is not None:
        found = [(d, d_B)] if abs(steps * d + steps_B * d_B - rest) < mean / 2.0 else []
    elif d is not None:
        found = [(d, (rest - steps * d) / steps_B)] if steps_B > 0.0 else []
    elif d_B is not None:
        found = [((rest - steps_B * d_B) / steps, d_B)] if steps > 0.0 else []
    else:
        lever = max(steps * steps_B / (steps + steps_B), 0.5)
        most = MOST_MISMATCH * mean
        step = np.pi / STEPS_PER_HALF_TURN / (q * lever)
        count = min(max(math.ceil(2.0 * most / step), 2) + 1, MOST_DIFFERENCES)
        differences = np.linspace(-most, most, count) if step < most else np.array([-0.4, 0.4]) * most
        lower = (rest - steps * differences) / (steps + steps_B)
        found = list(zip((lower + differences).tolist(), lower.tolist(), strict=True))
    within = 1.0 + 1.5 * MOST_MISMATCH
    return [
        (a, b)
        for a, b in found
        if row.lower <= a <= row.upper and row_B.lower <= b <= row_B.upper and 1.0 / within < a / b < within
    ]


def beside(parameters: Parameters, values: Mapping[str, float]) -> list[dict[str, float]]:
    """Starting points with other whole numbers of planes beside a solution, of the same period if d is free.

    Parameters
    ----------
    parameters : Parameters
        Which parameters are free, and their bounds.
    values : mapping of str to float
        Values of all parameters of the solution.
    """
    size, size_B = round(values["N"]), round(values["N_B"])
    total = (size - 1.0) * values["d"] + (size_B - 1.0) * values["d_B"]
    sharp = {name: max(values[name], 0.5) for name in ("sigma_N", "sigma_N_B")}
    movable = [name for name in ("d", "d_B") if parameters[name].free]
    starts: list[dict[str, float]] = []
    for more, more_B in ((0, 0), *STEPS):
        N, N_B = size + more, size_B + more_B
        if N < 1 or N_B < 1 or N + N_B < 3:
            continue
        start = {**values, **sharp, "N": float(N), "N_B": float(N_B)}
        starts.append(start)
        if len(movable) == 2:
            factor = total / ((N - 1.0) * values["d"] + (N_B - 1.0) * values["d_B"])
            if factor != 1.0:
                starts.append({**start, "d": factor * values["d"], "d_B": factor * values["d_B"]})
        if parameters["L"].free and (more, more_B) != (0, 0):
            gap = values["L"] - (more * values["d"] + more_B * values["d_B"]) / 2.0
            starts.append({**start, "L": gap})
    return [start for start in starts if _allowed(parameters, start)]


def _allowed(parameters: Parameters, start: Mapping[str, float]) -> bool:
    moved = [parameters[name] for name in ("d", "d_B", "N", "N_B", "L")]
    return all(not row.free or row.lower <= start[row.name] <= row.upper for row in moved)
