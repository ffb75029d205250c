"""From a detector image to the orientation of the crystals in a film."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from slxrd._arguments import check_arguments
from slxrd.detector.geometry import Geometry
from slxrd.detector.image import DetectorImage
from slxrd.detector.integrator import extent
from slxrd.detector.maps import default_bins, polar_map, prepared
from slxrd.errors import SlxrdError
from slxrd.fitting.result.fit import Estimate
from slxrd.studies.images.orientation.bins import about_ring, above_horizon, beside, pixel_of, sectors
from slxrd.studies.images.orientation.lattice import Family, Lattice, plane_text
from slxrd.studies.images.orientation.model import Component, Found, RingProfile, again, select
from slxrd.studies.images.orientation.profile import Extraction, Profile, RingData, RingFit, Shape, fit_shape
from slxrd.studies.images.orientation.result import Orientations, PreferredOrientation, Ring
from slxrd.studies.images.orientation.search import SIGNIFICANT, FoundRing, find_rings
from slxrd.studies.images.orientation.texture import fibre_poles
from slxrd.units import FloatArray

#: Below this q in Å⁻¹, small-angle scattering is not searched for rings.
LOWEST_Q = 0.5
#: A ring is of planes whose q differs by at most this fraction.
TOLERANCE = 0.025
#: Quantiles of a normal distribution: a one-sided limit at 95 %, and what counts as different from zero.
_ONE_SIDED, _DIFFERENT = 1.645, 2.0
#: Standard deviations from which the variance of the tilt is separable from that of the spots themselves.
_SEPARABLE = 3.0
#: Fewest azimuths of a ring that is used, and the probability below which it is uneven.
_FEWEST, _UNEVEN = 20, 1e-3
_FWHM = 2.0 * math.sqrt(2.0 * math.log(2.0))
#: FWHM of the square of sin(Dx/2)/(Dx/2) times D.
_CRYSTAL = 5.5663
#: Error of the intensity of spots relative to that of an even ring.
_RELATIVE = 0.04
#: Relative difference of the variance of a spot along q and across it, that is not known to be tilt.
_ANISOTROPY = 0.03
#: Departure of a spot from its ring, in units of w²/q: q(1 − cos δ), at two standard deviations δ = 2w/q.
_BENT = 2.0
#: Standard deviations from which on a ring's radial profile has a tail.
_TAILED = 3.0
#: Displacement of the centre, before the fit, and from where it is noted, in pixels.
_DISPLACED, _NOTED = 3.0, 1.0
#: Azimuths of the map that is drawn.
_DRAWN = 180
#: Sectors over which the significance of spots is summed.
_SECTORS = 36
#: χ² a degree of freedom from which on the orientations do not describe the image.
_MISFIT = 3.0


@dataclass(frozen=True, eq=False)
class _Measured:
    """A ring, its counts, its shape and the planes that reflect it."""

    found: FoundRing
    fit: RingFit
    extraction: Extraction
    family: Family | None = None
    alone: bool = True

    @property
    def profile(self) -> Profile:
        return self.extraction.profile(self.fit.shape)


@check_arguments
def measure_orientation(
    image: DetectorImage,
    geometry: Geometry,
    lattice: str | None = None,
    *,
    spacings: Sequence[float] = (),
    q: tuple[float, float] | None = None,
    size: float | None = None,
    tolerance: float = TOLERANCE,
    polarisation: float | None = 0.0,
) -> Orientations:
    """Measure preferred orientation, tilt and random fraction of the crystals in a film, and list its rings.

    Parameters
    ----------
    image : DetectorImage
        Image in grazing incidence.
    geometry : Geometry
        Where the detector stands, with the angle of incidence.
    lattice : str, optional
        A crystal of the library, or edges in Å and centring: ``"5.84"``, ``"5.8,5.8,5.9"``, ``"5.94:F"``.
        Without it, rings are listed, and no orientation is determined.
    spacings : sequence of float
        Spacings in Å by which rings are named, instead of a lattice.
    q : (float, float), optional
        Range in Å⁻¹ that is searched for rings; default: from 0.5.
    size : float, optional
        Edge of the crystals in Å, from which the width of a spot itself follows; default: the width of each
        ring along q.
    tolerance : float
        Largest relative difference of q between a ring and the planes that reflect it.
    polarisation : float, optional
        Polarisation factor; see :func:`cartesian_map`.

    Returns
    -------
    Orientations

    Raises
    ------
    SlxrdError
        If there is no angle of incidence, the image is of another detector, or an argument is impossible.
    """
    if geometry.incidence is None:
        raise SlxrdError(
            f"{image.name}: the orientation of a film needs the angle of incidence (--incidence, in degrees)"
        )
    known = None if lattice is None else Lattice.parse(lattice)
    named = _given_spacings(spacings, known)
    if size is not None and not (math.isfinite(size) and size > 0.0):
        raise SlxrdError(f"size {size:g}: must be a positive number of Å")
    if not 0.0 < tolerance < 0.2:
        raise SlxrdError(f"tolerance {tolerance:g}: must be between 0 and 0.2")
    image = above_horizon(prepared(image, geometry, polarisation), geometry)
    span = _span(image, geometry, q)
    shown = default_bins(geometry, span), _DRAWN
    polar = polar_map(image, geometry, q=span, bins=shown, polarisation=polarisation)
    counts, centres = sectors(image, geometry, span, polarisation)
    measured = _fitted(image, geometry, find_rings(counts, centres), span, polarisation)
    families = [] if known is None else known.families(span[1] * (1.0 + tolerance))
    measured = _assigned(measured, known, families or named, tolerance)
    best, rivals, used = _oriented(measured, known, size, geometry)
    models = {id(ring): model for ring, model in zip(used, best.heights if best else (), strict=True)}
    return Orientations(
        source=image.name,
        simulated=any(step.startswith("simulated") for step in image.history),
        lattice=str(known) if known else "given spacings" if named else "",
        orientations=_preferred(best, rivals) if best else (),
        random=_random(best) if best else None,
        rings=tuple(_ring(each, models.get(id(each)), bool(named)) for each in measured),
        displacement=_displacement(measured, pixel_of(geometry)),
        misfit=best.chi2 / best.degrees if best else None,
        notes=tuple(_notes(measured, best, known, pixel_of(geometry))),
        polar=polar,
        history=(*polar.history, f"rings searched from q = {span[0]:.3g} to {span[1]:.3g} Å⁻¹"),
    )


def _given_spacings(spacings: Sequence[float], lattice: Lattice | None) -> list[Family]:
    if spacings and lattice:
        raise SlxrdError("a lattice and spacings both name the rings; leave one of them out")
    for value in spacings:
        if not (math.isfinite(value) and value > 0.0):
            raise SlxrdError(f"spacing {value:g}: must be a positive number of Å")
    return [Family((0, 0, 0), 2.0 * math.pi / value) for value in sorted(spacings, reverse=True)]


def _span(image: DetectorImage, geometry: Geometry, given: tuple[float, float] | None) -> tuple[float, float]:
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


def _fitted(
    image: DetectorImage,
    geometry: Geometry,
    found: list[FoundRing],
    span: tuple[float, float],
    polarisation: float | None,
) -> list[_Measured]:
    """Fit the shapes of all rings, then again with the displacement that they have in common."""
    pixel = pixel_of(geometry)
    places = {each: (each.q, each.width) for each in found}
    measured: dict[FoundRing, _Measured] = {}
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
            measured[each] = _Measured(each, fit, extraction)
            if _is_ring(measured[each], [measured[k] for k in places if k in measured and k is not each]):
                places[each] = fit.shape.q, fit.shape.width
            else:
                del places[each]
    rings = [measured[each] for each in sorted(places, key=lambda each: places[each])]
    right, up = (_common(rings, name) for name in ("right", "up"))
    for k, ring in enumerate(rings):
        start = replace(ring.fit.shape, right=right[0], up=up[0])
        fit = fit_shape(ring.extraction, start, ("q", "width"), {})
        tailed = fit_shape(ring.extraction, replace(start, tail=0.1), ("q", "width", "tail"), {})
        # A tail that noise alone suggests would be taken from the random crystals.
        if tailed.shape.tail > _TAILED * math.sqrt(tailed.variances[2, 2] * max(tailed.misfit, 1.0)) > 0.0:
            fit = tailed
        rings[k] = replace(ring, fit=replace(fit, variances=fit.variances + _outside(ring.fit)))
    return rings


def _is_ring(measured: _Measured, others: Sequence[_Measured]) -> bool:
    """Whether a ring is more than the departure of a stronger one from its shape, or of the background."""
    shape, known = measured.fit.shape, measured.fit.variances[1, 1] > 0.0
    reach = _FWHM * shape.width
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


def _common(measured: Sequence[_Measured], name: str) -> tuple[float, float]:
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


def _assigned(
    measured: list[_Measured], lattice: Lattice | None, families: Sequence[Family], tolerance: float
) -> list[_Measured]:
    """Give each ring the planes nearest in q, and each of these to one ring, the strongest."""
    done, taken = dict[int, _Measured](), set[Family]()
    for k in sorted(range(len(measured)), key=lambda k: -measured[k].found.significance):
        each = measured[k]
        near = sorted(families, key=lambda family: abs(family.q / each.fit.shape.q - 1.0))
        if near and abs(near[0].q / each.fit.shape.q - 1.0) < tolerance and near[0] not in taken:
            taken.add(near[0])
            alone = lattice is not None and lattice.alone(near[0], list(families))
            each = replace(each, family=near[0], alone=alone)
        done[k] = each
    return [done[k] for k in range(len(measured))]


def _oriented(
    measured: Sequence[_Measured], lattice: Lattice | None, size: float | None, geometry: Geometry
) -> tuple[Found | None, list[Found], list[_Measured]]:
    """Fit orientations to the rings of the lattice; None if there are none."""
    if lattice is None:
        return None, [], []
    used, profiles = [], []
    for each in measured:
        if each.family is not None and each.alone:
            ring = _own_width(each, size, pixel_of(geometry))
            if ring.used.size >= _FEWEST:
                used.append(each)
                profiles.append(ring)
    if not used:
        return None, [], []
    families = [each.family for each in used if each.family is not None]
    candidates = [
        Component(plane, tuple(fibre_poles(lattice, plane, family) for family in families))
        for plane in lattice.orientations()
    ]
    best, rivals = select(profiles, candidates, movable=True)
    # Again, with the variance of the counts by these orientations instead of smoothed counts.
    for each, heights in zip(used, best.heights, strict=True):
        each.extraction.weigh(each.fit.shape, np.maximum(heights, 0.0))
    profiles = [_own_width(each, size, pixel_of(geometry)) for each in used]
    return again(profiles, best, movable=True), rivals, used


def _own_width(measured: _Measured, size: float | None, pixel: float) -> RingProfile:
    """A ring's profile with the width of its spots themselves: that along q, or that of the size."""
    shape, fit = measured.fit.shape, measured.fit
    if size is None:
        error = math.sqrt(fit.variances[1, 1] * max(fit.misfit, 1.0))
        return RingProfile(measured.profile, shape.width / shape.q, error / shape.q, shape.tail)
    own = math.hypot(_CRYSTAL / size / _FWHM, pixel / math.sqrt(12.0))
    return RingProfile(measured.profile, own / shape.q, 0.0, 0.0)


def _preferred(best: Found, rivals: Sequence[Found]) -> tuple[PreferredOrientation, ...]:
    k, found = len(best.components), []
    for i, component in enumerate(best.components):
        variance = float(best.variances[i])
        error = math.hypot(math.sqrt(float(best.covariance[k + i, k + i])), _ANISOTROPY * best.own)
        others = tuple(plane_text(rival.components[-1].plane) for rival in rivals) if i == k - 1 else ()
        fraction = _fraction(float(best.fractions[i]), math.sqrt(float(best.covariance[i, i])))
        found.append(
            PreferredOrientation(plane_text(component.plane), fraction, _tilt(variance, error), others)
        )
    return tuple(found)


def _tilt(variance: float, error: float) -> Estimate:
    """Tilt from its variance in rad²; a limit where it is not different from zero."""
    if not error > 0.0:
        return Estimate(None, None, "°", "undetermined", "the width of the spots does not depend on it")
    if variance > _SEPARABLE * error:
        tilt = math.sqrt(variance)
        return Estimate(math.degrees(tilt), math.degrees(0.5 * error / tilt), "°")
    limit = math.sqrt(max(variance, 0.0) + _ONE_SIDED * error)
    why = "not separable from the width of the spots themselves"
    return Estimate(math.degrees(limit), None, "°", "upper bound", why)


def _random(best: Found) -> Estimate:
    """Random fraction; a limit without a preferred orientation."""
    if best.components:
        return _fraction(*best.random)
    return Estimate(max(1.0 - best.unseen, 0.0), None, "", "lower bound", "no preferred orientation is seen")


def _fraction(value: float, error: float) -> Estimate:
    """A fraction; a limit where it is not different from zero."""
    error = math.hypot(error, _RELATIVE * abs(value * (1.0 - value)))
    if value < _DIFFERENT * error:
        return Estimate(max(value, 0.0) + _ONE_SIDED * error, None, "", "upper bound", "0 within its error")
    return Estimate(value, error, "")


def _ring(measured: _Measured, model: FloatArray | None, spacings: bool) -> Ring:
    shape, fit, profile = measured.fit.shape, measured.fit, measured.profile
    misfit = math.sqrt(max(fit.misfit, 1.0))
    q_error, width_error = (math.sqrt(float(fit.variances[k, k])) * misfit for k in (0, 1))
    q_error = math.hypot(q_error, _bend(shape))
    d, family = 2.0 * math.pi / shape.q, measured.family
    planes = "" if family is None else f"d = {2.0 * math.pi / family.q:.4g} Å" if spacings else str(family)
    return Ring(
        planes=planes,
        q=Estimate(shape.q, q_error, "Å⁻¹"),
        d=Estimate(d, d * q_error / shape.q, "Å"),
        expected=None if family is None else 2.0 * math.pi / family.q,
        width=Estimate(_FWHM * shape.width, _FWHM * width_error, "Å⁻¹"),
        significance=measured.found.significance,
        even=_even(profile),
        azimuth=np.degrees(profile.azimuth),
        height=profile.height,
        sigma=profile.sigma,
        model=np.full(profile.height.shape, np.nan) if model is None else model,
    )


def _bend(shape: Shape) -> float:
    """Error of the position of a ring, as a spot that is wide in itself does not follow the ring."""
    return _BENT * shape.width**2 / shape.q


def _even(profile: Profile) -> bool | None:
    """Whether a ring has the same intensity at all azimuths, by χ²."""
    from scipy.stats import chi2

    known = np.isfinite(profile.sigma)
    if known.sum() < _FEWEST:
        return None
    height, weight = profile.height[known], profile.sigma[known] ** -2
    deviation = (height - np.average(height, weights=weight)) ** 2 * weight
    return bool(chi2.sf(deviation.sum(), known.sum() - 1) > _UNEVEN)


def _displacement(measured: Sequence[_Measured], pixel: float) -> tuple[Estimate, Estimate] | None:
    if not measured:
        return None
    found = []
    for name in ("right", "up"):
        value, error = _common(measured, name)
        error = math.hypot(error, float(np.mean([_bend(each.fit.shape) for each in measured])))
        found.append(Estimate(value / pixel, error / pixel, "pixels"))
    return found[0], found[1]


def _notes(
    measured: Sequence[_Measured], best: Found | None, lattice: Lattice | None, pixel: float
) -> list[str]:
    notes = []
    moved = _displacement(measured, pixel)
    if moved is not None and any(
        abs(each.value or 0.0) > max(_NOTED, 3.0 * (each.error or 0.0)) for each in moved
    ):
        notes.append("the rings are displaced by more than a pixel: correct the centre (--centre)")
    if lattice is None and measured:
        notes.append("orientations need the lattice (--lattice)")
    if lattice is not None and measured and best is None:
        notes.append(
            f"no ring is of the lattice {lattice}: check it, the wavelength and the distance of the detector"
        )
    if best is not None and best.misfit > _MISFIT:
        notes.append(
            f"χ² is {best.misfit:.1f} a degree of freedom: the orientations do not describe the image "
            "within its noise, and errors are increased by its square root"
        )
    return notes
