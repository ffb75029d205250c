"""Starts for stacks on a substrate, from a scan of χ² with the rod of the substrate.

With the structure given, the curve is linear in the scale, the background, the intensity of the substrate and
the two phases of its interference with the stack, which are found by linear least squares.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import zip_longest

import numpy as np

from slxrd.fitting.objective.residuals import Objective
from slxrd.fitting.search.budget import Budget, in_parallel
from slxrd.fitting.search.film.curves import weighted_points
from slxrd.fitting.search.film.interference import interface_values, strongest_region
from slxrd.fitting.search.satellites.curves import stack_curves
from slxrd.fitting.search.satellites.products import chi2_of_structures
from slxrd.fitting.search.satellites.trials import TRIED_SIGMA_L, Trials, structures_to_try
from slxrd.fitting.search.scan import NO_FRINGES
from slxrd.parameters.parameter_set import Parameters
from slxrd.units import FloatArray

#: Starts for each kind of residuals; structures that are calculated together.
MOST_STARTS, PORTION = 6, 400
#: Largest difference in the thickness of both layers that are taken to be alike, relative to that of a pair.
ALIKE = 0.06
#: Points for each fringe of the longest stack, and their least and largest number in a region.
POINTS_PER_FRINGE, FEWEST_POINTS, MOST_POINTS = 8, 200, 800
#: Satellites have been found if the best structure has less than this part of the χ² of crystals whose
#: gaps are without order; below the second value, no other search is necessary.
FOUND, DECISIVE = 0.85, 0.6
#: Share of the time budget for the scan.
SHARE_OF_SCAN = 0.75


@dataclass(frozen=True)
class Scanned:
    """Starts from a scan over structures with the period of the satellites.

    Parameters
    ----------
    starts : list of dict of str to float
        Values of the structure and of the substrate, the best first; empty if no structure is within the
        bounds.
    found : bool
        Whether the best structure describes the pattern better than crystals without order, so that
        satellites have been found.
    decisive : bool
        Whether it does so to an extent that no other search is necessary.
    complete : bool
        Whether all structures were compared within the time budget.
    """

    starts: list[dict[str, float]]
    found: bool
    decisive: bool
    complete: bool = True


def scan_satellites(objective: Objective, parameters: Parameters, budget: Budget) -> Scanned:
    """Scan χ² of stacks on a substrate.

    Parameters
    ----------
    objective : Objective
        Residuals of the data and a stack of one kind of crystal, or of two layers in turn, on a substrate.
    parameters : Parameters
        Fixed values, starts and bounds.
    budget : Budget
        Time.

    Returns
    -------
    Scanned
        Starts.
    """
    q_zero, d_S = parameters["q_zero"].value or 0.0, parameters["d_S"].value
    if d_S is None:
        return Scanned([], False, False)
    trials = structures_to_try(objective, parameters)
    if not len(trials):
        return Scanned([], False, False)
    most = _points(objective, trials)
    kinds = [weighted_points(objective, q_zero, relative, d_S, most) for relative in (False, True)]
    # Every portion has structures of all kinds, with all values of σ_L of each: the crystals are the same.
    count = max(math.ceil(len(trials) / PORTION), 1)
    portions = np.arange(len(trials)) // len(TRIED_SIGMA_L) % count

    def one(first: int) -> FloatArray:
        return chi2_of_structures(kinds, trials.part(portions == first).values, objective.model)

    chi2 = np.full((2, len(trials)), np.inf)
    compared = in_parallel(one, range(count), budget, SHARE_OF_SCAN)
    for first, piece in enumerate(compared):
        chi2[:, portions == first] = piece
    ordered = trials.values["sigma_L"] < NO_FRINGES
    chosen = [_lowest(np.where(ordered, row, np.inf), trials) for row in chi2]
    merged = [k for pair in zip_longest(*chosen) for k in pair if k is not None]
    starts = [trials.start(k) for k in dict.fromkeys(merged)]
    stacked, alone = (chi2[:, which].min(axis=1, initial=np.inf) for which in (ordered, ~ordered))
    # If σ_L is given there is nothing to compare with: the starts are tried beside those of another search.
    comparable = bool(np.all(np.isfinite(alone)))
    ratio = float(np.min(stacked / alone)) if comparable else math.inf
    return Scanned(
        [{**start, **_interface(objective, parameters, start)} for start in starts],
        ratio < FOUND or not comparable,
        ratio < DECISIVE and objective.model.stack.crystal is None,
        len(compared) == count,
    )


def _points(objective: Objective, trials: Trials) -> int:
    """Number of points in a region that is enough for the fringes of the longest stack."""
    of = trials.values
    cells = (of["N"] - 1.0) * of["d"] + of["L"]
    if "d_B" in of:
        cells = cells + (of["N_B"] - 1.0) * of["d_B"] + of["L"]
    span = max(float(np.ptp(points.q)) for points in objective.data)
    fringes = objective.model.stack.coherent * float(cells.max()) * span / (2.0 * math.pi)
    return int(np.clip(POINTS_PER_FRINGE * fringes, FEWEST_POINTS, MOST_POINTS))


def _lowest(chi2: FloatArray, trials: Trials) -> list[int]:
    """Return the best structures of different sizes and periods."""
    of = trials.values
    lengths = np.array([(of[f"N{end}"] - 1.0) * of[f"d{end}"] for end in ("", "_B") if f"N{end}" in of])
    sizes = np.round([of[name] for name in ("N", "N_B", "L") if name in of])
    # Layers of nearly the same thickness lead to the same minimum, and leave no room for others.
    near = ALIKE * lengths.sum(axis=0) if len(lengths) > 1 else np.zeros(len(trials))
    kept: list[int] = []
    for k in np.argsort(chi2, kind="stable").tolist():
        if len(kept) == MOST_STARTS or not np.isfinite(chi2[k]):
            break
        if not any(
            np.array_equal(sizes[:, k], sizes[:, one])
            or bool(np.all(np.abs(lengths[:, k] - lengths[:, one]) < near[k]))
            for one in kept
        ):
            kept.append(k)
    return kept


def _interface(objective: Objective, parameters: Parameters, start: Mapping[str, float]) -> dict[str, float]:
    """Values of the substrate below a structure."""
    q = strongest_region(objective)[0].q + (parameters["q_zero"].value or 0.0)
    one = {name: np.array([value]) for name, value in start.items()}
    curves = stack_curves(q, one, objective.model)
    assert curves.amplitude is not None
    return interface_values(objective, parameters, curves.intensity[:, 0], curves.amplitude[:, 0], start["d"])
