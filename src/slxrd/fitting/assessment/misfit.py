"""The largest misfit of a fit: where it is, what it looks like, and what to try."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from slxrd.fitting.assessment.goodness_of_fit import RegionFit
from slxrd.fitting.objective.evaluation import Fitted
from slxrd.fitting.result.assessment import Misfit
from slxrd.units import FloatArray

#: Share of the misfit of a place that one kind of difference must explain to be named.
_NAMED = 0.4
#: Points of a place at least.
_LEAST = 5


@dataclass(frozen=True)
class Place:
    """A range of points between two minima of the curve, or a fraction of a region.

    Parameters
    ----------
    region, first, last : int
        Index of the region, and of the first point and the one after the last.
    size : float
        Sum of squares of the residuals over the noise, less its expectation.
    """

    region: int
    first: int
    last: int
    size: float


def largest_misfit(
    regions: tuple[Fitted, ...], tested: tuple[RegionFit, ...], *, substrate: bool
) -> tuple[Misfit, tuple[str, ...]]:
    """Find the place of the largest misfit, describe it, and advise what to try.

    Parameters
    ----------
    regions : tuple of Fitted
        Measured and calculated points.
    tested : tuple of RegionFit
        Their residuals in units of the noise.
    substrate : bool
        Whether the model has a substrate.
    """
    place = max(
        (place for k in range(len(regions)) for place in _places(k, regions[k], tested[k])),
        key=lambda each: each.size,
    )
    region, test = regions[place.region], tested[place.region]
    inside = slice(place.first, place.last)
    low, high = float(region.q[place.first]), float(region.q[place.last - 1])
    where = f"at {low:.4g}–{high:.4g} Å⁻¹"
    size = float(np.sqrt(np.mean(test.standardised[inside] ** 2)))
    kind, amount = _kind(region, test, place)
    top = int(np.argmax(region.calculated))
    holds_peak = place.first <= top < place.last
    what = "peak" if holds_peak else "fringes"
    text, advice = _described(kind, amount, what, where, substrate)
    return Misfit(low, high, size, text), advice


def _places(index: int, region: Fitted, test: RegionFit) -> list[Place]:
    """Single fringes, between minima of the smoothed curve, their neighbours, and windows without fringes."""
    n = region.q.size
    excess = np.concatenate(([0.0], np.cumsum(test.standardised**2 - 1.0)))
    curve = region.calculated
    minima = np.flatnonzero((curve[1:-1] < curve[:-2]) & (curve[1:-1] <= curve[2:])) + 1
    ends = [0, *(int(i) for i in minima), n]
    if len(ends) < 4:
        ends = sorted({0, n, *range(0, n, max(_LEAST, n // 8))})
    places = []
    for a, b in pairwise(ends):
        if b - a >= _LEAST:
            places.append(Place(index, a, b, float(excess[b] - excess[a])))
    return places or [Place(index, 0, n, float(excess[n]))]


def _kind(region: Fitted, test: RegionFit, place: Place) -> tuple[str, float]:
    """Kind of a misfit and its size: shift (Å⁻¹), height (relative), level (relative to the peak), shape."""
    inside = slice(place.first, place.last)
    q, curve = region.q[inside], region.calculated[inside]
    noise = test.noise.sigma[inside]
    rest = (region.measured[inside] - curve) / noise
    columns = {
        "shift": -np.gradient(curve, q),
        "height": curve - min(float(curve.min()), 0.9 * float(curve.max())),
        "level": np.ones_like(curve),
    }
    total = float(rest @ rest)
    best, share, amount = "shape", _NAMED, 0.0
    for kind, column in columns.items():
        scaled: FloatArray = column / noise
        norm = float(scaled @ scaled)
        if norm == 0.0:
            continue
        size = float(scaled @ rest) / norm
        explains = size**2 * norm / total if total > 0.0 else 0.0
        if explains > share:
            best, share, amount = kind, explains, size
    if best == "level":
        amount /= max(float(region.calculated.max()), 1e-300)
    return best, amount


def _described(
    kind: str, amount: float, what: str, where: str, substrate: bool
) -> tuple[str, tuple[str, ...]]:
    verb = "are" if what == "fringes" else "is"
    if kind == "shift":
        cause = "" if substrate else ": substrate or strain?"
        text = f"{what} {where} {verb} shifted by {amount:+.2g} Å⁻¹{cause}"
        advice = ("a second structure of the sample (--coherent, --stack)", "an asymmetric region (--region)")
        if not substrate:
            advice = ("a substrate (--substrate)", "regions without the peak of the substrate (--mask)")
        return text.replace("-", "−"), advice
    if kind == "height":
        way = "higher" if amount > 0.0 else "lower"
        text = f"{what} {where} {verb} {way} than the model by {abs(amount):.0%}"
        return text, (
            "another resolution (--resolution)",
            "another distribution of sizes or kind of disorder",
        )
    if kind == "level":
        way = "above" if amount > 0.0 else "below"
        text = f"data {where} lie {way} the model by {abs(amount):.2g} of the maximum: background?"
        return text, ("another background (--background linear)", "a narrower region (--region)")
    text = f"{what} {where} {verb} of another shape than in the model"
    advice = ("other models (slxrd compare)", "narrower regions (--region)")
    return text, advice


def lowest_background(regions: tuple[Fitted, ...], columns: tuple[FloatArray, ...]) -> tuple[float, str]:
    """Return the lowest background relative to the maximum of its region, and the region's name.

    Parameters
    ----------
    regions : tuple of Fitted
        With the coefficients of the backgrounds.
    columns : tuple of ndarray, shape (n, k)
        What they multiply.
    """
    lowest, name = 0.0, ""
    for region, basis in zip(regions, columns, strict=True):
        coefficients = np.asarray(region.background)
        if not coefficients.size or basis.shape[1] != coefficients.size:
            continue
        share = float((basis @ coefficients).min()) / max(float(region.measured.max()), 1e-300)
        if share < lowest:
            lowest, name = share, region.region.name
    return lowest, name
