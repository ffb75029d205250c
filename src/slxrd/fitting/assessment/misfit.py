"""The largest misfit of a fit: where it is, what it looks like, and what to try; backgrounds below zero."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from slxrd.fitting.assessment.goodness_of_fit import RegionFit
from slxrd.fitting.minimise.background_errors import background_errors
from slxrd.fitting.minimise.least_squares import Minimum
from slxrd.fitting.objective.evaluation import Fitted
from slxrd.fitting.objective.residuals import Objective
from slxrd.fitting.result.assessment import Misfit
from slxrd.units import FloatArray

#: Share of the misfit of a place that a factor, and in addition a shift, must explain to be named.
_FACTOR, _SHIFT = 0.3, 0.15
#: A curve that varies by less than this factor within a place has no fringes there.
_FLAT = 1.3
#: Least relative noise of a point when the kind of a misfit is found.
_RELATIVE = 0.03
#: Largest number of neighbouring fringes that make a place.
_NEIGHBOURS = 4
#: Points of a place at least.
_LEAST = 5
#: A background below this share of the maximum of its region, and by more than this number of its standard
#: errors below zero, is negative.
BELOW_ZERO, SIGNIFICANT = -0.002, 3.0


@dataclass(frozen=True)
class Place:
    """A range of points between two minima of the curve, or a fraction of a region.

    Parameters
    ----------
    region, first, last : int
        Index of the region, and of the first point and the one after the last.
    size : float
        Sum of squares of the residuals over the noise, less its expectation, over the root of its points.
    """

    region: int
    first: int
    last: int
    size: float


def largest_misfit(
    regions: tuple[Fitted, ...],
    tested: tuple[RegionFit, ...],
    *,
    film: bool,
    substrate: bool,
    alternating: bool,
    strained: bool,
) -> tuple[Misfit, tuple[str, ...]]:
    """Find the place of the largest misfit, describe it, and advise what to try.

    Parameters
    ----------
    regions : tuple of Fitted
        Measured and calculated points.
    tested : tuple of RegionFit
        Their residuals in units of the noise.
    film, substrate, alternating, strained : bool
        Whether the model is a single crystal, has a substrate, two alternating crystals, and a strain at the
        interface.
    """
    place = max(
        (place for k in range(len(regions)) for place in _places(k, regions[k], tested[k])),
        key=lambda each: each.size,
    )
    region, test = regions[place.region], tested[place.region]
    inside = slice(place.first, place.last)
    low, high = float(region.q[place.first]), float(region.q[place.last - 1])
    size = float(np.sqrt(np.mean(test.standardised[inside] ** 2)))
    kind = _kind(region, test, inside)
    top = int(np.argmax(region.calculated))
    beside = "background" if kind.flat else "fringes"
    what = "peak" if place.first <= top < place.last else beside
    text = f"{what} at {low:.4g}–{high:.4g} Å⁻¹ {'are' if what == 'fringes' else 'is'} {kind.text}"
    if what != "peak" and film and not substrate:
        text += ": substrate or strain?"
    return Misfit(low, high, size, text), advice(
        what, kind, film=film, substrate=substrate, alternating=alternating, strained=strained
    )


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
    for count in range(1, _NEIGHBOURS + 1):
        for a, b in zip(ends, ends[count:], strict=False):
            if b - a >= _LEAST:
                places.append(Place(index, a, b, float(excess[b] - excess[a]) / np.sqrt(b - a)))
    return places or [Place(index, 0, n, float(excess[n]))]


@dataclass(frozen=True)
class Kind:
    """What a misfit looks like.

    Parameters
    ----------
    text : str
        Predicate of a sentence.
    shifted : bool
        Whether the data are shifted against the model.
    flat : bool
        Whether the model has no fringes there.
    """

    text: str
    shifted: bool
    flat: bool


def _kind(region: Fitted, test: RegionFit, inside: slice) -> Kind:
    """Describe the data of a place as the model times a factor, shifted, or of another shape."""
    q, noise = region.q[inside], test.noise.sigma[inside]
    data, curve = (
        np.arcsinh(values[inside] / (2.0 * noise)) for values in (region.measured, region.calculated)
    )
    weight = 1.0 / np.maximum(noise / np.maximum(region.calculated[inside], noise), _RELATIVE)
    rest = weight * (data - curve)
    columns = weight[:, None] * np.column_stack((np.ones_like(q), -np.gradient(curve, q)))
    total = float(rest @ rest)
    factor = float(columns[:, 0] @ rest) / float(columns[:, 0] @ columns[:, 0])
    scaled = rest - factor * columns[:, 0]
    both, *_ = np.linalg.lstsq(columns, rest, rcond=None)
    shifted = rest - columns @ both
    of_factor = 1.0 - float(scaled @ scaled) / total if total > 0.0 else 0.0
    of_shift = float(scaled @ scaled - shifted @ shifted) / total if total > 0.0 else 0.0
    positive = np.maximum(region.calculated[inside], 1e-300)
    flat = float(positive.max() / positive.min()) < _FLAT
    words = []
    ratio = math.exp(factor)
    if of_factor > _FACTOR:
        change = f"{1.0 - ratio:.0%} lower" if ratio < 1.0 else f"{ratio - 1.0:.0%} higher"
        words.append(f"{change} than in the model" if ratio < 10.0 else "far higher than in the model")
    moved = of_shift > _SHIFT and not flat
    if moved:
        words.append(f"shifted by {both[1]:+.2g} Å⁻¹".replace("-", "−"))
    return Kind(" and ".join(words) or "of another shape than in the model", moved, flat)


def advice(
    what: str, kind: Kind, *, film: bool, substrate: bool, alternating: bool, strained: bool
) -> tuple[str, ...]:
    """Return what to try where a model does not describe the data: nothing that it has already.

    Parameters
    ----------
    what : {"peak", "fringes", "background"}
        What is at the place of the misfit.
    kind : Kind
        What the misfit looks like.
    film, substrate, alternating, strained : bool
        Whether the model is a single crystal, has a substrate, two alternating crystals, and a strain at the
        interface.
    """
    if what == "background" and not (film and not substrate):
        return ("another background (--background)", "a narrower region (--region)")
    if what == "peak" and film and not substrate:
        return (
            "a substrate, also one whose peak is outside of the region (--substrate)",
            "another resolution (--resolution)",
        )
    if what == "peak":
        return ("another resolution (--resolution)", "another distribution of sizes or kind of disorder")
    if film and not substrate:
        last = "another background (--background)" if what == "background" else "a narrower region (--region)"
        return ("a substrate (--substrate)", "regions without its peak (--mask)", last)
    if film:
        first = (
            "another resolution (--resolution)"
            if strained
            else "strain at the interface (--free strain_bottom)"
        )
        return (first, "a narrower region (--region)")
    if kind.shifted:
        first = "another resolution (--resolution)" if substrate else "a substrate (--substrate)"
        second = (
            "equal crystals (--stack pure)"
            if alternating
            else "two alternating crystals (--stack alternating)"
        )
        return (first, second)
    return ("another kind of disorder or of stack (slxrd compare)", "narrower regions (--region)")


@dataclass(frozen=True)
class NegativeBackground:
    """The place at which a background is below zero by the largest share.

    Parameters
    ----------
    region : str
        Name of the region.
    share, error : float
        Depth below zero and its standard error, of the highest measured intensity of the region.
    """

    region: str
    share: float
    error: float

    @property
    def text(self) -> str:
        """What was found, as the beginning of a sentence."""
        return (
            f"the background of region {self.region} is below zero, by {self.share:.2g} ± {self.error:.1g} "
            "of the maximum"
        )


def negative_background(
    objective: Objective, minimum: Minimum, noise: Sequence[FloatArray]
) -> NegativeBackground | None:
    """Find the place where the background is farthest below zero, None if it is nowhere significantly.

    A background that is free to vary is below zero by chance where it is small, and where the effects in
    correlated errors take its place. Only a background beyond its error contradicts the model.

    Parameters
    ----------
    objective : Objective
        Residuals of the data and the model.
    minimum : Minimum
        A minimum of χ².
    noise : sequence of ndarray, shape (n,)
        For each region, standard deviations of independent errors of the points.
    """
    levels = _levels(objective, minimum)
    highest = [float(region.measured.max()) for region in minimum.evaluation.regions]
    if not any(np.any(level < BELOW_ZERO * top) for level, top in zip(levels, highest, strict=True)):
        return None
    found = []
    errors = background_errors(objective, minimum, noise)
    for region, level, error, top in zip(minimum.evaluation.regions, levels, errors, highest, strict=True):
        below = np.flatnonzero((level < BELOW_ZERO * top) & (level < -SIGNIFICANT * error))
        if below.size:
            at = below[np.argmin(level[below])]
            found.append(
                NegativeBackground(region.region.name, -float(level[at]) / top, float(error[at]) / top)
            )
    return max(found, key=lambda each: each.share, default=None)


def _levels(objective: Objective, minimum: Minimum) -> list[FloatArray]:
    """Background of each region, shape (n,); 0 where there is none."""
    return [
        columns @ np.asarray(region.background) if columns.shape[1] else np.zeros(region.q.size)
        for region, columns in zip(minimum.evaluation.regions, objective.backgrounds, strict=True)
    ]
