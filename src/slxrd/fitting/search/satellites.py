"""Starts for stacks on a substrate, from a scan of χ² with the rod of the substrate.

The satellites of a stack are at q = 2πj/Λ, whatever the crystals and the substrate scatter between them, so
that the period Λ follows from a cosine transform of the logarithm of the intensity. For each period, crystals
of all sizes with a Bragg peak near the strongest one are compared with the pattern. With the structure
given, the curve is linear in the scale, the background, the intensity of the substrate and the two phases of
its interference with the stack, which are found by linear least squares.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import zip_longest

import numpy as np
from numpy.typing import NDArray

from slxrd.data.peaks import lattice_period, measure_peak
from slxrd.fitting.objective.residuals import Objective
from slxrd.fitting.search.budget import Budget, in_parallel
from slxrd.fitting.search.film.curves import Curves, weighted_points
from slxrd.fitting.search.film.fringes import fringe_periods
from slxrd.fitting.search.film.interference import interface_values, strongest_region
from slxrd.fitting.search.scan import NO_FRINGES
from slxrd.model.intensity import Model
from slxrd.model.kernel.arrays import ComplexArray
from slxrd.parameters.parameter_set import Parameters
from slxrd.units import FloatArray

#: Shortest period in units of d, and longest in Å.
SHORTEST, LONGEST = 2.5, 400.0
#: Positions of the crystals' Bragg peak about the strongest maximum: largest distance, and steps, in fringes.
REACH, PER_FRINGE = 1.6, 5
#: Trial values of σ_L in Å, and the least gap in units of d.
TRIED_SIGMA_L, LEAST_GAP = (0.1, 0.3, 0.7, NO_FRINGES), 0.9
#: Least and largest number of planes of a crystal.
FEWEST_PLANES, MOST_PLANES = 3, 60
#: Of crystals whose thickness is the period: periods, steps of the gap per plane distance, and its largest
#: value in these; largest distance of their Bragg peak from the strongest maximum, in fringes.
MOST_THICKNESSES, PER_DISTANCE, WIDEST_GAP, REACH_OF_CRYSTALS = 2, 6, 4.2, 0.7
#: Starts for each kind of residuals; structures that are calculated together.
MOST_STARTS, PORTION = 6, 50
#: Most points of a region.
MOST_POINTS = 800
#: Satellites have been found if the best structure has less than this part of the χ² of crystals whose
#: gaps are without order; below the second value, no other search is necessary.
FOUND, DECISIVE = 0.85, 0.6
#: Share of the time budget for the scan; attenuation from cell to cell that keeps sums finite.
SHARE_OF_SCAN, LEAST_FADING = 0.75, 1e-4


@dataclass(frozen=True)
class _Trials:
    """Structures that are tried: values of the parameters by name, each of shape (k,)."""

    values: Mapping[str, FloatArray]

    def __len__(self) -> int:
        return int(next(iter(self.values.values())).size)

    def part(self, chosen: NDArray[np.bool_]) -> _Trials:
        return _Trials({name: column[chosen] for name, column in self.values.items()})

    def start(self, k: int) -> dict[str, float]:
        return {name: float(column[k]) for name, column in self.values.items()}


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
    """

    starts: list[dict[str, float]]
    found: bool
    decisive: bool


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
    kinds = [weighted_points(objective, q_zero, relative, d_S, MOST_POINTS) for relative in (False, True)]
    trials = _trials(objective, parameters)
    if not len(trials):
        return Scanned([], False, False)
    # Every portion has structures of all kinds, with all values of σ_L of each: the crystals are the same.
    count = max(math.ceil(len(trials) / PORTION), 1)
    portions = np.arange(len(trials)) // len(TRIED_SIGMA_L) % count

    def one(first: int) -> FloatArray:
        part = trials.part(portions == first)
        chi2 = np.zeros((2, len(part)))
        for regions in zip(*kinds, strict=True):
            curves = stack_curves(regions[0].q, part.values, objective.model)
            chi2 += [region.chi2(curves) for region in regions]
        return chi2

    chi2 = np.full((2, len(trials)), np.inf)
    for first, piece in enumerate(in_parallel(one, range(count), budget, SHARE_OF_SCAN)):
        chi2[:, portions == first] = piece
    ordered = trials.values["sigma_L"] < NO_FRINGES
    chosen = [_lowest(np.where(ordered, row, np.inf), trials) for row in chi2]
    merged = [k for pair in zip_longest(*chosen) for k in pair if k is not None]
    starts = [trials.start(k) for k in dict.fromkeys(merged)]
    stacked, alone = (chi2[:, which].min(axis=1, initial=np.inf) for which in (ordered, ~ordered))
    # If σ_L is given there is nothing to compare with: the starts are tried beside those of another search.
    compared = bool(np.all(np.isfinite(alone)))
    ratio = float(np.min(stacked / alone)) if compared else math.inf
    return Scanned(
        [{**start, **_interface(objective, parameters, start)} for start in starts],
        ratio < FOUND or not compared,
        ratio < DECISIVE and objective.model.stack.crystal is None,
    )


def _trials(objective: Objective, parameters: Parameters) -> _Trials:
    """Structures with the period of the satellites and a Bragg peak near the strongest maximum."""
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
        for row in (_layers if layered else _crystals)(parameters, period, peak, order)
    ]
    if not layered:
        rows += [
            row
            for thickness in periods[:MOST_THICKNESSES]
            for row in _with_any_gap(parameters, thickness, peak, order)
        ]
    names = ("d", "N", "L", "sigma_L", "d_B", "N_B")[: 6 if layered else 4]
    return _Trials(dict(zip(names, np.array(rows, dtype=float).reshape(-1, len(names)).T, strict=True)))


def _crystals(
    parameters: Parameters, period: float, peak: float, order: int
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
    parameters: Parameters, thickness: float, peak: float, order: int
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
    parameters: Parameters, period: float, peak: float, order: int
) -> Iterator[tuple[float, float, float, float, float, float]]:
    """d, N, L, σ_L, d_B and N_B of two layers in turn."""
    row, gap = parameters["d"], parameters["L"].value
    if gap is None:
        return
    first = _tried(parameters, "d", np.linspace(row.lower, row.upper, 5)[1:-1].tolist())
    most = min(int(period / row.lower) + 1, MOST_PLANES)
    spreads = _tried(parameters, "sigma_L", list(TRIED_SIGMA_L))
    for d in first:
        for N in _tried(parameters, "N", list(range(FEWEST_PLANES, most))):
            for N_B in _tried(parameters, "N_B", list(range(FEWEST_PLANES, most))):
                d_B = (period - (N - 1.0) * d - 2.0 * gap) / max(N_B - 1.0, 1.0)
                if parameters["d_B"].lower <= d_B <= parameters["d_B"].upper:
                    yield from ((d, N, gap, spread, d_B, N_B) for spread in spreads)


def _tried(parameters: Parameters, name: str, values: list[float]) -> list[float]:
    """Values to try: the one that is fixed or given, else those within the bounds."""
    row = parameters[name]
    if row.value is not None:
        return [row.value]
    return [value for value in values if row.lower <= value <= row.upper]


def stack_curves(q: FloatArray, values: Mapping[str, FloatArray], model: Model) -> Curves:
    """Calculate mean intensity and amplitude of stacks whose crystals are equal.

    Parameters
    ----------
    q : ndarray, shape (n,)
        Scattering vectors in Å⁻¹.
    values : mapping of str to ndarray, shape (k,)
        d, N, L and σ_L of each stack, and d_B and N_B of two layers in turn.
    model : Model
        Number of cells, and the resolution, which is taken as further disorder: it reduces the contrast of
        neighbours at a distance Λ by exp(−½(Λσ_G)²).

    Returns
    -------
    Curves
        Of shape (n, k).
    """
    across = q[:, None]
    width = model.instrument.sigma(q)[:, None]
    d, N, L, spread = (values[name][None, :] for name in ("d", "N", "L", "sigma_L"))
    count, loss = float(model.stack.coherent), 0.5 * (across * spread) ** 2
    first, length = _crystal(q, values["d"], values["N"]), (N - 1.0) * d + L
    cell, own, phase = first, np.abs(first) ** 2, 1j * across * length - loss
    within = across_cells = np.zeros((1, 1), dtype=complex)
    if "d_B" in values:
        second = _crystal(q, values["d_B"], values["N_B"])
        length_B = (values["N_B"] - 1.0) * values["d_B"] + L
        onward, phase_B = np.exp(phase), 1j * across * length_B - loss
        within, across_cells = np.conj(first) * second * onward, np.conj(second) * first * np.exp(phase_B)
        cell, own, phase = first + onward * second, own + np.abs(second) ** 2, phase + phase_B
        length = length + length_B
    phase = phase - 0.5 * (length * width) ** 2 - LEAST_FADING
    tau = np.exp(phase)
    left = 1.0 - tau
    column = (1.0 - np.exp(count * phase)) / left
    # Pairs of neighbouring cells, times the sum over their distances m of (M − m)·τ^(m−1).
    pairs = (tau * (own + within) + across_cells) * (count - column) / left
    own = own + 2.0 * within.real
    return Curves(count * own + 2.0 * pairs.real, cell * column)


def _crystal(q: FloatArray, d: FloatArray, N: FloatArray) -> ComplexArray:
    """Amplitude Σ_{k<N} e^{ikqd} of crystals, of which many are alike; shape (n, k)."""
    (d, N), which = np.unique([d, N], axis=1, return_inverse=True)
    half = 0.5 * q[:, None] * d
    below = np.sin(half)
    near = np.abs(below) < 1e-6
    ratio = np.sin(N * half) / np.where(near, 1.0, below)
    if near.any():
        ratio = np.where(near, N * np.cos(N * half) / np.cos(half), ratio)
    return np.asarray(ratio * np.exp(1j * (N - 1.0) * half))[:, which.reshape(-1)]


def _lowest(chi2: FloatArray, trials: _Trials) -> list[int]:
    """Return the best structures of different sizes and periods."""
    names = [name for name in ("N", "N_B") if name in trials.values]
    kept: list[int] = []
    seen: set[tuple[int, ...]] = set()
    for k in np.argsort(chi2, kind="stable").tolist():
        if len(kept) == MOST_STARTS or not np.isfinite(chi2[k]):
            break
        size = (
            *(round(float(trials.values[name][k])) for name in names),
            round(float(trials.values["L"][k])),
        )
        if size not in seen:
            seen.add(size)
            kept.append(k)
    return kept


def _interface(objective: Objective, parameters: Parameters, start: Mapping[str, float]) -> dict[str, float]:
    """Values of the substrate below a structure."""
    q = strongest_region(objective)[0].q + (parameters["q_zero"].value or 0.0)
    one = {name: np.array([value]) for name, value in start.items()}
    curves = stack_curves(q, one, objective.model)
    assert curves.amplitude is not None
    return interface_values(objective, parameters, curves.intensity[:, 0], curves.amplitude[:, 0], start["d"])
