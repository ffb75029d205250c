"""Estimates of periods from all assignments with their probabilities."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from slxrd.fitting.result.ensemble import Pieces
from slxrd.fitting.result.fit import Estimate, Status
from slxrd.studies.images.spots.index import Assignment
from slxrd.studies.images.spots.modes import Mode
from slxrd.studies.images.spots.teeth import DISTANCE, INSIDE, PERIOD

#: Probability from which a value is stated alone, least one of another value that is listed, and largest
#: relative error of a value that is stated.
CERTAIN, LISTED, LOOSE = 0.95, 0.02, 0.1
#: Distance of the beams of neighbouring orders in widths below which a period twice as long is not excluded.
COINCIDING = 2.0
#: The same, below which half of a period is not excluded: its spots are pairs that are not resolved.
UNRESOLVED = 1.0
#: Distance in errors below which two values are one.
SAME = 2.0


@dataclass
class _Value:
    """A value with its probability."""

    mean: float
    error: float
    probability: float
    modes: list[tuple[Mode, float, float]]

    def pieces(self) -> Pieces:
        mode, scale, _ = max(self.modes, key=lambda each: each[2])
        low, high = mode.quantile(0.025) * scale, mode.quantile(0.975) * scale
        return ((min(low, self.mean - 1.96 * self.error), max(high, self.mean + 1.96 * self.error)),)


def estimates(found: Sequence[Assignment], distance_error: float) -> dict[str, Estimate]:
    """Return the periods in plane and out of plane (from layer to layer), and their ratio.

    Parameters
    ----------
    found : sequence of Assignment
        All assignments, the most probable first.
    distance_error : float
        Standard deviation of the relative distance of the detector, which both periods have in common.
    """
    across = _values([(each.in_plane, 1.0, each.probability) for each in found])
    up = _values([(each.out_of_plane, 1.0 / each.lattice.layers, each.probability) for each in found])
    vertical, ratio = _estimate(up), _ratio(found[0], across, up, distance_error)
    factor, words = _coinciding(found[0])
    if vertical.status == "determined" and factor != 1.0:
        others = tuple((factor * low, factor * high) for low, high in vertical.interval_95)
        why = f"or {words}: beams of neighbouring orders coincide; another angle of incidence decides"
        both = tuple(sorted((*vertical.interval_95, *others)))
        vertical = replace(vertical, status="ambiguous", why=why, interval_95=both)
        ratio = replace(ratio, status="ambiguous", why="depends on the period out of plane")
    return {"in_plane": _estimate(across), "out_of_plane": vertical, "ratio": ratio}


def _coinciding(found: Assignment) -> tuple[float, str]:
    """Another period, over that which was found, that has the same spots; 1 if there is none.

    The reflected spot of an order and the transmitted one of the next are one spot of a period that is half
    as long.
    """
    fit, width = found.out_of_plane.fit, found.out_of_plane.comb.known.width
    spacing = 2.0 * math.pi * found.lattice.layers / fit.period
    apart = 2.0 * float(fit.p[INSIDE])
    if abs(apart - 0.5 * spacing) < COINCIDING * width:
        return 2.0, "twice as long"
    if abs(apart - spacing) < UNRESOLVED * width:
        return 0.5, "half as long"
    return 1.0, ""


def _values(listed: Sequence[tuple[Mode, float, float]]) -> list[_Value]:
    """Group values that are the same within their errors."""
    groups: list[list[tuple[Mode, float, float]]] = []
    for mode, scale, probability in listed:
        for group in groups:
            first, other, _ = group[0]
            apart = abs(mode.mean * scale - first.mean * other)
            if apart < SAME * math.hypot(mode.error * scale, first.error * other):
                group.append((mode, scale, probability))
                break
        else:
            groups.append([(mode, scale, probability)])
    found = []
    for group in groups:
        total = sum(each[2] for each in group) or 1e-300
        mean = sum(mode.mean * scale * p for mode, scale, p in group) / total
        square = sum(
            ((mode.error * scale) ** 2 + (mode.mean * scale - mean) ** 2) * p for mode, scale, p in group
        )
        found.append(_Value(mean, math.sqrt(square / total), total, group))
    return sorted(found, key=lambda each: -each.probability)


def _estimate(values: Sequence[_Value]) -> Estimate:
    best = values[0]
    mode, scale, _ = best.modes[0]
    statistical = min(mode.fit.statistical * scale, best.error)
    systematic = math.sqrt(max(best.error**2 - statistical**2, 0.0))
    others = [each for each in values[1:] if each.probability > LISTED]
    pieces: Pieces = tuple(sorted(piece for each in (best, *others) for piece in each.pieces()))
    if best.probability < CERTAIN:
        listed = ", ".join(f"{each.mean:.4g} Å ({each.probability:.0%})" for each in others)
        why = f"{best.probability:.0%}; or {listed}" if listed else f"probability {best.probability:.0%}"
        return Estimate(
            best.mean, best.error, "Å", "ambiguous", why, interval_95=pieces,
            statistical=statistical, systematic=systematic,
        )  # fmt: skip
    if best.error > LOOSE * best.mean:
        why = "the spots of the two beams, or their orders, cannot be separated well enough"
        return Estimate(None, None, "Å", "undetermined", why, interval_95=pieces)
    return Estimate(
        best.mean, best.error, "Å", interval_95=best.pieces(), statistical=statistical, systematic=systematic
    )


def _ratio(
    first: Assignment, across: Sequence[_Value], up: Sequence[_Value], distance_error: float
) -> Estimate:
    a, c = across[0], up[0]
    if c.error > LOOSE * c.mean or a.error > LOOSE * a.mean:
        return Estimate(None, None, "", "undetermined", "one of the periods is not determined")
    common = 0.0
    if distance_error > 0.0:
        parts = [
            float(mode.fit.covariance[PERIOD, DISTANCE]) for mode in (first.in_plane, first.out_of_plane)
        ]
        common = parts[0] * parts[1] / first.lattice.layers / (first.larger * distance_error) ** 2
    ratio = c.mean / a.mean
    square = (c.error / c.mean) ** 2 + (a.error / a.mean) ** 2 - 2.0 * common / (a.mean * c.mean)
    status: Status = "determined" if min(a.probability, c.probability) >= CERTAIN else "ambiguous"
    why = "" if status == "determined" else "depends on the lattice"
    return Estimate(ratio, ratio * math.sqrt(max(square, 0.0)), "", status, why)
