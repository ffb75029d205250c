"""Structures with the period of the satellites that are tried for a stack on a substrate.

The satellites of a stack are at q = 2πj/Λ, whatever the crystals and the substrate scatter between them, so
that the period Λ follows from a cosine transform of the logarithm of the intensity. For each period, crystals
of all sizes with a Bragg peak near the strongest one are tried, or two layers in turn.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from slxrd.data.peaks import lattice_period, measure_peak
from slxrd.fitting.objective.residuals import Objective
from slxrd.fitting.search.film.fringes import fringe_periods
from slxrd.fitting.search.film.interference import strongest_region
from slxrd.fitting.search.scan import NO_FRINGES, filled
from slxrd.parameters.parameter_set import Parameter, Parameters
from slxrd.units import FloatArray

#: Shortest period in units of d, and longest in Å.
SHORTEST, LONGEST = 2.5, 400.0
#: Positions of the crystals' Bragg peak about the strongest maximum: largest distance, and steps, in fringes.
REACH, PER_FRINGE = 1.6, 5
#: Trial values of σ_L in Å, and the least gap in units of d.
TRIED_SIGMA_L, LEAST_GAP = (0.1, 0.3, 0.7, NO_FRINGES), 0.9
#: Least and largest number of planes of a crystal.
FEWEST_PLANES, MOST_PLANES = 3, 60
#: Of two layers in turn whose bounds of d differ by less than this factor: most planes of one.
NARROW, MOST_PLANES_OF_LAYER = 1.1, 300
#: Of two layers in turn: step of the thickness of one, times the range of q.
STEP_OF_THICKNESS = 1.5
#: Of two layers in turn: step of the plane distance, in fringes, and least and largest number of steps.
PER_LAYER, FEWEST_DISTANCES, MOST_DISTANCES = 0.8, 3, 9
#: Of crystals whose thickness is the period: periods, steps of the gap per plane distance, and its largest
#: value in these; largest distance of their Bragg peak from the strongest maximum, in fringes.
MOST_THICKNESSES, PER_DISTANCE, WIDEST_GAP, REACH_OF_CRYSTALS = 2, 6, 4.2, 0.7


@dataclass(frozen=True)
class Trials:
    """Structures that are tried.

    Parameters
    ----------
    values : mapping of str to ndarray, shape (k,)
        Values of the parameters by name.
    """

    values: Mapping[str, FloatArray]

    def __len__(self) -> int:
        return int(next(iter(self.values.values())).size)

    def part(self, chosen: NDArray[np.bool_]) -> Trials:
        """Return some of the structures; ``chosen`` has shape (k,)."""
        return Trials({name: column[chosen] for name, column in self.values.items()})

    def start(self, k: int) -> dict[str, float]:
        """Return the values of one structure."""
        return {name: float(column[k]) for name, column in self.values.items()}


def structures_to_try(objective: Objective, parameters: Parameters) -> Trials:
    """Return structures with the period of the satellites and a Bragg peak near the strongest maximum.

    Parameters
    ----------
    objective : Objective
        Residuals of the data and a stack of one kind of crystal, or of two layers in turn, on a substrate.
    parameters : Parameters
        Fixed values, starts and bounds.
    """
    points, _ = strongest_region(objective)
    peak = float(points.q[int(np.argmax(points.intensity))])
    d = parameters["d"].value or lattice_period(
        [measure_peak(one.q, one.intensity) for one in objective.data]
    )
    order = max(round(peak * d / (2.0 * math.pi)), 1)
    span = float(np.ptp(points.q))
    shortest = max(SHORTEST * d, 2.0 * math.pi / span)
    periods = fringe_periods(objective, shortest, min(LONGEST, math.pi / float(np.median(np.diff(points.q)))))
    layered = objective.model.stack.alternating
    rows = [
        row
        for period in periods
        for row in (
            _layers(parameters, period, order, span)
            if layered
            else _crystals(parameters, period, order, peak)
        )
    ]
    if not layered:
        rows += [
            row
            for thickness in periods[:MOST_THICKNESSES]
            for row in _with_any_gap(parameters, thickness, order, peak)
        ]
    names = ("d", "N", "L", "sigma_L", "d_B", "N_B")[: 6 if layered else 4]
    return Trials(dict(zip(names, np.array(rows, dtype=float).reshape(-1, len(names)).T, strict=True)))


def _crystals(
    parameters: Parameters, period: float, order: int, peak: float
) -> Iterator[tuple[float, float, float, float]]:
    """d, N, L and σ_L of equal crystals."""
    fringe = 2.0 * math.pi / period
    places = peak + fringe * np.linspace(-REACH, REACH, round(2.0 * REACH * PER_FRINGE) + 1)
    for d in _tried(parameters, "d", (2.0 * math.pi * order / places[places > 0.3 * peak]).tolist()):
        for N in _tried(parameters, "N", list(range(FEWEST_PLANES, min(int(period / d) + 1, MOST_PLANES)))):
            gap = period - (N - 1.0) * d
            row = parameters["L"]
            if not max(row.lower, LEAST_GAP * d) <= gap <= row.upper:
                continue
            for spread in _tried(parameters, "sigma_L", list(TRIED_SIGMA_L)):
                yield d, N, gap, spread


def _with_any_gap(
    parameters: Parameters, thickness: float, order: int, peak: float
) -> Iterator[tuple[float, float, float, float]]:
    """d, N, L and σ_L of crystals that are as thick as the period of the fringes.

    Where gaps are far from equal, or crystals few, the fringes of a crystal are the strongest.
    """
    places = peak + 2.0 * math.pi / thickness * np.linspace(-REACH_OF_CRYSTALS, REACH_OF_CRYSTALS, 15)
    row = parameters["L"]
    for d in _tried(parameters, "d", (2.0 * math.pi * order / places[places > 0.3 * peak]).tolist()):
        least = math.floor(thickness / d)
        gaps = d * np.arange(LEAST_GAP, WIDEST_GAP, 1.0 / PER_DISTANCE)
        for N in _tried(parameters, "N", [n for n in (least, least + 1) if n >= FEWEST_PLANES]):
            for gap in _tried(parameters, "L", gaps.tolist()):
                if not row.lower <= gap <= row.upper:
                    continue
                for spread in _tried(parameters, "sigma_L", list(TRIED_SIGMA_L)):
                    yield d, N, gap, spread


def _layers(
    parameters: Parameters, period: float, order: int, span: float
) -> Iterator[tuple[float, float, float, float, float, float]]:
    """d, N, L, σ_L, d_B and N_B of two layers in turn, for a pattern over the range ``span`` of q.

    Planes of the layer with the narrower bounds are tried at several distances; those of the other layer
    have the distance that the period leaves to them.
    """
    gap = _given_gap(parameters)
    if gap is None:
        return
    widths = {suffix: _relative_width(parameters["d" + suffix]) for suffix in ("", "_B")}
    stepped, other = sorted(widths, key=widths.__getitem__)
    planes = MOST_PLANES_OF_LAYER if max(widths.values()) < NARROW else MOST_PLANES
    row, left = parameters["d" + stepped], parameters["d" + other]
    fringes = order * period * (1.0 / row.lower - 1.0 / row.upper)
    # An odd number: the middle of the bounds is the distance of a layer that is strained to the substrate's.
    count = int(np.clip(math.ceil(fringes / PER_LAYER), FEWEST_DISTANCES, MOST_DISTANCES)) | 1
    distances = _tried(parameters, "d" + stepped, np.linspace(row.lower, row.upper, count + 2)[1:-1].tolist())
    spreads = _tried(parameters, "sigma_L", list(TRIED_SIGMA_L))
    for d in distances:
        most = min(int(period / d) + 1, planes)
        step = max(int(STEP_OF_THICKNESS / (span * d)), 1)
        for N in _tried(parameters, "N" + stepped, list(range(FEWEST_PLANES, most, step))):
            rest = period - (N - 1.0) * d - 2.0 * gap
            if rest <= 0.0:
                continue
            fewest = max(math.ceil(rest / left.upper) + 1, FEWEST_PLANES)
            numbers = range(fewest, min(math.floor(rest / left.lower) + 1, planes) + 1)
            for number in _tried(parameters, "N" + other, list(numbers)):
                distance = left.value or rest / max(number - 1.0, 1.0)
                if not left.lower <= distance <= left.upper:
                    continue
                first, second = ((distance, number), (d, N)) if stepped else ((d, N), (distance, number))
                yield from ((*first, gap, spread, *second) for spread in spreads)


def _given_gap(parameters: Parameters) -> float | None:
    """L if it is given; if it is tied, in the middle of all bounds; None if it is free."""
    row = parameters["L"]
    if row.expression is None:
        return row.value
    middle = {
        name: one.value if one.value is not None else (one.lower + one.upper) / 2.0
        for name, one in parameters.items()
    }
    full = filled(parameters, middle)
    return full.resolve(full.vector())[0]["L"]


def _relative_width(row: Parameter) -> float:
    """Upper over lower bound; 1 if the value is given."""
    return row.upper / row.lower if row.value is None else 1.0


def _tried(parameters: Parameters, name: str, values: list[float]) -> list[float]:
    """Values to try: the one that is fixed or given, else those within the bounds."""
    row = parameters[name]
    if row.value is not None:
        return [row.value]
    return [value for value in values if row.lower <= value <= row.upper]
