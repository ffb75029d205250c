"""Fit all rings of an image, and give each the planes of a lattice that reflect it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from slxrd.detector.geometry import Geometry
from slxrd.detector.image import DetectorImage
from slxrd.detector.integrator import extent
from slxrd.errors import SlxrdError
from slxrd.instrument.broadening import FWHM
from slxrd.studies.images.rings.bins import about_ring, beside, pixel_of
from slxrd.studies.images.rings.lattice import Family, Lattice
from slxrd.studies.images.rings.profile import (
    Extraction,
    Profile,
    RingData,
    RingFit,
    Shape,
    fit_shape,
)
from slxrd.studies.images.rings.search import SIGNIFICANT, FoundRing
from slxrd.units import FloatArray

#: Below this q in Å⁻¹, small-angle scattering is not searched for rings.
LOWEST_Q = 0.5
#: A ring is of planes whose q differs by at most this fraction.
TOLERANCE = 0.025
#: Departure of a spot from its ring, in units of w²/q: q(1 − cos δ), at two standard deviations δ = 2w/q.
_BENT = 2.0
#: Standard deviations from which on a ring's radial profile has a tail.
_TAILED = 3.0
#: Displacement of the centre, before the fit, in pixels.
_DISPLACED = 3.0
#: Sectors over which the significance of spots is summed.
_SECTORS = 36


@dataclass(frozen=True, eq=False)
class MeasuredRing:
    """A ring, its counts, its shape and the planes that reflect it."""

    found: FoundRing
    fit: RingFit
    extraction: Extraction
    family: Family | None = None
    alone: bool = True

    @property
    def profile(self) -> Profile:
        """Its intensity over the azimuth."""
        return self.extraction.profile(self.fit.shape)


def fit_rings(
    image: DetectorImage,
    geometry: Geometry,
    found: list[FoundRing],
    span: tuple[float, float],
    polarisation: float | None,
) -> list[MeasuredRing]:
    """Fit the shapes of all rings, then again with the displacement that they have in common."""
    pixel = pixel_of(geometry)
    places = {each: (each.q, each.width) for each in found}
    measured: dict[FoundRing, MeasuredRing] = {}
    counted: dict[FoundRing, tuple[float, RingData]] = {}
    for _ in range(2):
        # Strong rings first, as their widths matter for the weak ones beside them.
        for each in sorted(places, key=lambda each: -each.significance):
            if each not in places:
                continue
            others = [place for other, place in places.items() if other is not each]
            if each not in counted or abs(counted[each][0] - places[each][0]) > pixel:
                data = about_ring(image, geometry, places[each], span, polarisation)
                counted[each] = places[each][0], data
            extraction = Extraction(beside(counted[each][1], others))
            fit = _with_weights(extraction, Shape(*places[each]), pixel)
            measured[each] = MeasuredRing(each, fit, extraction)
            if _is_ring(measured[each], [measured[k] for k in places if k in measured and k is not each]):
                places[each] = fit.shape.q, fit.shape.width
            else:
                del places[each]
    rings = [measured[each] for each in sorted(places, key=lambda each: places[each])]
    right, up = (common_displacement(rings, name) for name in ("right", "up"))
    for k, ring in enumerate(rings):
        start = replace(ring.fit.shape, right=right[0], up=up[0])
        fit = fit_shape(ring.extraction, start, ("q", "width"), {})
        tailed = fit_shape(ring.extraction, replace(start, tail=0.1), ("q", "width", "tail"), {})
        # A tail that noise alone suggests would be taken from the random crystals.
        if tailed.shape.tail > _TAILED * math.sqrt(tailed.variances[2, 2] * max(tailed.misfit, 1.0)) > 0.0:
            fit = tailed
        rings[k] = replace(ring, fit=replace(fit, variances=fit.variances + _outside(ring.fit)))
    return rings


def _is_ring(measured: MeasuredRing, others: Sequence[MeasuredRing]) -> bool:
    """Whether a ring is more than the departure of a stronger one from its shape, or of the background."""
    shape, known = measured.fit.shape, measured.fit.variances[1, 1] > 0.0
    reach = FWHM * shape.width
    stronger = [each for each in others if each.found.significance > measured.found.significance]
    part = any(abs(each.fit.shape.q - shape.q) < reach for each in stronger)
    profile = measured.profile
    there = np.isfinite(profile.sigma)
    significance, weight = profile.height[there] / profile.sigma[there], profile.sigma[there] ** -2
    overall = float((profile.height[there] * weight).sum() / max(math.sqrt(weight.sum()), 1e-30))
    # Spots: sums of the significance over the azimuths of a sector.
    wide = max(there.sum() // _SECTORS, 1)
    summed = (
        np.convolve(significance, np.ones(wide), "valid") / math.sqrt(wide) if there.any() else np.zeros(1)
    )
    return bool(known and not part and max(overall, summed.max(initial=0.0)) > SIGNIFICANT)


def _with_weights(extraction: Extraction, start: Shape, pixel: float) -> RingFit:
    """Fit a shape, with the noise of smoothed counts, and then with that of the fit."""
    refined, prior = ("q", "width", "right", "up"), dict.fromkeys(("right", "up"), _DISPLACED * pixel)
    fit = fit_shape(extraction, start, refined, prior)
    extraction.weigh(fit.shape)
    return fit_shape(extraction, fit.shape, refined, prior)


def _outside(fit: RingFit) -> FloatArray:
    """Covariance of the displacement alone, which the second fit of a shape holds."""
    kept = np.zeros((5, 5))
    kept[3:, 3:] = fit.variances[3:, 3:]
    return kept


def common_displacement(measured: Sequence[MeasuredRing], name: str) -> tuple[float, float]:
    """Weighted mean of a displacement, and its error, increased where the rings disagree."""
    k = 3 if name == "right" else 4
    values = np.array([getattr(each.fit.shape, name) for each in measured])
    variances = np.array([each.fit.variances[k, k] * max(each.fit.misfit, 1.0) for each in measured])
    known = variances > 0.0
    if not known.any():
        return 0.0, 0.0
    values, weights = values[known], 1.0 / variances[known]
    mean = float(values @ weights / weights.sum())
    disagree = float(((values - mean) ** 2) @ weights) / max(values.size - 1, 1)
    return mean, math.sqrt(max(disagree, 1.0) / weights.sum())


def assigned(
    measured: list[MeasuredRing], lattice: Lattice | None, families: Sequence[Family], tolerance: float
) -> list[MeasuredRing]:
    """Give each ring the planes nearest in q, and each of these to one ring, the strongest."""
    done, taken = dict[int, MeasuredRing](), set[Family]()
    for k in sorted(range(len(measured)), key=lambda k: -measured[k].found.significance):
        each = measured[k]
        near = sorted(families, key=lambda family: abs(family.q / each.fit.shape.q - 1.0))
        if near and abs(near[0].q / each.fit.shape.q - 1.0) < tolerance and near[0] not in taken:
            taken.add(near[0])
            alone = lattice is not None and lattice.alone(near[0], list(families))
            each = replace(each, family=near[0], alone=alone)
        done[k] = each
    return [done[k] for k in range(len(measured))]


def search_span(
    image: DetectorImage, geometry: Geometry, given: tuple[float, float] | None
) -> tuple[float, float]:
    """Return the range of q in Å⁻¹ that is searched for rings.

    Raises
    ------
    SlxrdError
        If it is impossible, or too little of it is in the image.
    """
    low, high = extent(image, geometry, "q")
    first, last = given or (max(LOWEST_Q, low), high)
    if not (math.isfinite(first) and math.isfinite(last) and 0.0 < first < last):
        raise SlxrdError(f"q {first:g}:{last:g}: must be positive, the lower end first")
    first, last = max(first, low), min(last, high)
    fewest = 20.0 * pixel_of(geometry)
    if last - first < fewest:
        raise SlxrdError(
            f"{image.name} covers q from {low:.3g} to {high:.3g} Å⁻¹; rings are searched in at least "
            f"{fewest:.2g} Å⁻¹ of it, from {LOWEST_Q:g} if no range is given: choose another range (--q), or "
            "check the geometry"
        )
    return first, last


def bend_of(shape: Shape) -> float:
    """Error of the position of a ring, as a spot that is wide in itself does not follow the ring."""
    return _BENT * shape.width**2 / shape.q
