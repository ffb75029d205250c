"""From an electron diffraction image and a camera constant to spacings, arcs, indices and zone axis."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from slxrd._arguments import check_arguments
from slxrd.detector.cuts import Cut, cut_image
from slxrd.detector.geometry import Geometry
from slxrd.detector.image import DetectorImage
from slxrd.detector.maps import default_bins, polar_map, prepared
from slxrd.errors import SlxrdError
from slxrd.fitting.result.fit import Estimate
from slxrd.instrument.broadening import FWHM
from slxrd.studies.images.rings.bins import pixel_of, sectors
from slxrd.studies.images.rings.fit import (
    MeasuredRing,
    assigned,
    bend_of,
    common_displacement,
    fit_rings,
    search_span,
)
from slxrd.studies.images.rings.lattice import Family, Lattice, plane_text
from slxrd.studies.images.rings.search import find_rings
from slxrd.studies.images.saed.arcs import RingArcs, find_arcs
from slxrd.studies.images.saed.camera import Camera
from slxrd.studies.images.saed.ellipse import Ellipse, ellipse_of
from slxrd.studies.images.saed.prepare import binned, find_centre, shadow, with_photon
from slxrd.studies.images.saed.result import Saed, SaedRing, SpotVectors
from slxrd.studies.images.saed.spots import ON_LATTICE, SpotLattice, find_spots, spot_lattice
from slxrd.studies.images.saed.zone import ArcsOfRing, Zone, zones_of
from slxrd.units import FloatArray

#: A ring is of planes whose q differs by at most this fraction, and by so many errors of the constant.
TOLERANCE, _ERRORS = 0.025, 3.0
#: The centre is refined until it moves by less than this, in pixels.
_SETTLED, _ROUNDS = 0.5, 4
#: Displacement of the rings from a centre that was given, which is noted, in pixels.
_NOTED = 1.0
#: Azimuths of the map that is drawn.
_DRAWN = 180
#: Probability below which the ratios of rings are not those of the lattice.
_UNLIKELY = 1e-3
#: Families whose q agree within this fraction reflect one ring.
_SAME = 1e-3
#: Ellipticity that is noted: significant, and at least this.
_ELLIPTIC = 0.002


@check_arguments
def measure_saed(
    image: DetectorImage,
    camera_constant: float,
    lattice: str | None = None,
    *,
    camera_error: float | None = None,
    voltage: float = 200.0,
    centre: tuple[float, float] | None = None,
    q: tuple[float, float] | None = None,
    tolerance: float = TOLERANCE,
    find_shadow: bool = True,
) -> Saed:
    """Measure rings, arcs and spots of an electron diffraction image in transmission (SAED).

    Parameters
    ----------
    image : DetectorImage
        The image, with the pixels that are left out.
    camera_constant : float
        Radius of a ring in pixels times its spacing in Å.
    lattice : str, optional
        A crystal of the library, or edges in Å and centring: ``"5.84"``, ``"5.8,5.8,5.9"``, ``"5.94:F"``.
        Without it, rings have no indices, and no zone axis is determined.
    camera_error : float, optional
        Standard deviation of the camera constant. Without it, spacings have no errors.
    voltage : float
        Accelerating voltage in kV.
    centre : (float, float), optional
        Row and column of the direct beam in pixels from the corner of the first one; default: found.
    q : (float, float), optional
        Range in Å⁻¹ that is searched; default: from 0.5.
    tolerance : float
        Largest relative difference of q between a ring and the planes that reflect it.
    find_shadow : bool
        Leave out the shadow of a beam stop, if one is found.

    Returns
    -------
    Saed

    Raises
    ------
    SlxrdError
        If the image has no counts, no centre is found, or an argument is impossible.
    """
    camera = Camera(camera_constant, camera_error, voltage)
    known = None if lattice is None else Lattice.parse(lattice)
    if not 0.0 < tolerance < 0.2:
        raise SlxrdError(f"tolerance {tolerance:g}: must be between 0 and 0.2")
    if not np.any(image.counts, where=~image.mask):
        raise SlxrdError(f"{image.name}: all pixels are zero; choose another image or frame")
    image, k = binned(image)
    camera = Camera(camera.constant / k, None if camera.error is None else camera.error / k, voltage)
    image, note = with_photon(image)
    notes = [note] if note else []
    dark = shadow(image) if find_shadow else None
    if dark is not None:
        image = image.masked(dark, "shadow of the beam stop")
    if centre is None:
        at = find_centre(image)
    else:
        at = centre[0] / k, centre[1] / k
        if not (0.0 <= at[0] <= image.shape[0] and 0.0 <= at[1] <= image.shape[1]):
            raise SlxrdError(
                f"{image.name}: centre {centre[0]:g},{centre[1]:g} is outside the image of "
                f"{image.shape[0] * k} rows and {image.shape[1] * k} columns (--centre ROW,COLUMN)"
            )
    image = prepared(image, camera.geometry(*at), None)
    at, geometry, span, measured = _centred(image, camera, at, q, refined=centre is None)
    relative = camera.relative_error or 0.0
    families = [] if known is None else known.families(span[1] * (1.0 + tolerance))
    measured = _indexed(measured, known, families, tolerance, _ERRORS * relative)
    ellipse = ellipse_of(measured)
    arcs = [find_arcs(each.profile, _own(each)) for each in measured]
    rings = _rings(measured, arcs, camera, ellipse, k)
    scale, test = _scale(rings, relative, camera.error is not None)
    zones = _zones(known, measured, arcs, scale)
    spots, spot_note = _spots(image, camera, at, span, k)
    notes += _notes(known, measured, rings, camera, test, ellipse, arcs, zones)
    notes += [spot_note] if spot_note else []
    places = _centre(at, measured, geometry, k, given=centre is not None, notes=notes)
    edge = known.a if known is not None and known.a == known.b == known.c else None
    shown = default_bins(geometry, span), _DRAWN
    polar = polar_map(image, geometry, q=span, bins=shown, polarisation=None)
    best = _best(zones)
    return Saed(
        source=image.name,
        simulated=any(step.startswith("simulated") for step in image.history),
        conclusion=_conclusion(rings, spots),
        camera_constant=Estimate(
            camera_constant, camera_error, "Å·pixel", "determined", "" if camera_error else "error not given"
        ),
        centre=places,
        lattice=str(known) if known else "",
        rings=rings,
        scale=scale,
        lattice_constant=None if scale is None or edge is None else _times(scale, edge),
        ratio_test=test,
        zone_axis=plane_text(best.axis, "<>") if best else "",
        zone_axes=tuple(plane_text(zone.axis, "<>") for zone in zones),
        spots=spots,
        ellipticity=ellipse.estimate if ellipse else None,
        notes=tuple(notes),
        polar=polar,
        radial=cut_image(image, geometry, Cut("radial"), polarisation=None),
        history=(*image.history, f"camera constant {camera_constant:g} Å·pixel, {voltage:g} kV"),
    )


def _centred(
    image: DetectorImage,
    camera: Camera,
    at: tuple[float, float],
    q: tuple[float, float] | None,
    refined: bool,
) -> tuple[tuple[float, float], Geometry, tuple[float, float], list[MeasuredRing]]:
    """Fit rings about a centre that is moved to theirs."""
    for _ in range(_ROUNDS):
        geometry = camera.geometry(*at)
        span = search_span(image, geometry, q)
        counts, centres = sectors(image, geometry, span, None)
        measured = fit_rings(image, geometry, find_rings(counts, centres), span, None)
        pixel = pixel_of(geometry)
        right, up = (common_displacement(measured, name)[0] / pixel for name in ("right", "up"))
        if not refined or not measured or math.hypot(right, up) < _SETTLED:
            break
        at = at[0] - up, at[1] + right
    return at, geometry, span, measured


def _indexed(
    measured: list[MeasuredRing],
    lattice: Lattice | None,
    families: Sequence[Family],
    tolerance: float,
    common: float,
) -> list[MeasuredRing]:
    """Give the rings planes of a lattice, all with the scale that gives most of them planes.

    The camera constant changes all spacings by one factor, up to ``common``; that of each ring is tried.
    """
    within = assigned(measured, lattice, families, tolerance + common)
    tried = []
    for anchor in within:
        if anchor.family is not None:
            scale = anchor.fit.shape.q / anchor.family.q
            own = {replace(family, q=scale * family.q): family for family in families}
            found = assigned(measured, lattice, list(own), tolerance)
            tried.append(
                [each if each.family is None else replace(each, family=own[each.family]) for each in found]
            )
    return max(tried, key=_count, default=within)


def _count(measured: Sequence[MeasuredRing]) -> int:
    return sum(each.family is not None for each in measured)


def _own(measured: MeasuredRing) -> tuple[float, float]:
    """Width of a spot itself over the azimuth in rad, by that along the radius, and its error."""
    shape, fit = measured.fit.shape, measured.fit
    error = math.sqrt(fit.variances[1, 1] * max(fit.misfit, 1.0))
    return shape.width / shape.q, error / shape.q


def _rings(
    measured: Sequence[MeasuredRing],
    arcs: Sequence[RingArcs],
    camera: Camera,
    ellipse: Ellipse | None,
    k: int,
) -> tuple[SaedRing, ...]:
    relative, found = camera.relative_error, list[SaedRing]()
    first: tuple[float, float] | None = None
    for each, over in zip(measured, arcs, strict=True):
        shape, misfit = each.fit.shape, math.sqrt(max(each.fit.misfit, 1.0))
        error, width_error = (math.sqrt(float(each.fit.variances[n, n])) * misfit for n in (0, 1))
        if over.azimuths or over.spotty:
            # A spot does not follow its ring, and has a place on the ellipse.
            error = math.hypot(error, bend_of(shape), ellipse.largest * shape.q if ellipse else 0.0)
        radius, d = camera.radius(shape.q), 2.0 * math.pi / shape.q
        size = error / shape.q
        first = first or (radius, size)
        ratio = radius / first[0]
        spread = 0.0 if radius == first[0] else ratio * math.hypot(size, first[1])
        family = each.family
        found.append(
            SaedRing(
                planes="" if family is None else str(family),
                radius=Estimate(k * radius, k * radius * size, "pixels"),
                d=Estimate(d, None if relative is None else d * math.hypot(size, relative), "Å"),
                expected=None if family is None else 2.0 * math.pi / family.q,
                ratio=Estimate(ratio, spread or None, ""),
                width=Estimate(
                    k * FWHM * shape.width * radius / shape.q,
                    k * FWHM * width_error * radius / shape.q,
                    "pixels",
                ),
                significance=each.found.significance,
                arcs=over,
            )
        )
    return tuple(found)


def _scale(
    rings: Sequence[SaedRing], relative: float, known: bool
) -> tuple[Estimate | None, tuple[float, int] | None]:
    """Spacings over those of the lattice, and χ² of their ratios."""
    used = [ring for ring in rings if ring.expected is not None]
    if not used:
        return None, None
    sizes = np.array([float(ring.radius.error or 0.0) / float(ring.radius.value or 1.0) for ring in used])
    logs = np.log([float(ring.d.value or 1.0) / float(ring.expected or 1.0) for ring in used])
    weight = sizes**-2
    mean = float(logs @ weight / weight.sum())
    chi2, degrees = float(((logs - mean) ** 2) @ weight), len(used) - 1
    own = math.sqrt(max(chi2 / degrees if degrees else 1.0, 1.0) / weight.sum())
    scale = math.exp(mean)
    error = scale * math.hypot(own, relative) if known else None
    return Estimate(scale, error, ""), (chi2, degrees) if degrees else None


def _times(estimate: Estimate, length: float) -> Estimate:
    value, error = float(estimate.value or 0.0), estimate.error
    return Estimate(value * length, None if error is None else error * length, "Å")


def _zones(
    lattice: Lattice | None,
    measured: Sequence[MeasuredRing],
    arcs: Sequence[RingArcs],
    scale: Estimate | None,
) -> list[Zone]:
    if lattice is None or scale is None:
        return []
    used = []
    for each, over in zip(measured, arcs, strict=True):
        if each.family is not None and over.azimuths:
            q = each.family.q
            families = [
                family for family in lattice.families(q * (1.0 + _SAME)) if family.q > q * (1.0 - _SAME)
            ]
            at = np.radians([float(a.value or 0.0) for a in over.azimuths])
            errors = np.radians([float(a.error or 0.0) for a in over.azimuths])
            profile = each.profile
            used.append(ArcsOfRing(families, at, errors, profile.azimuth[np.isfinite(profile.sigma)]))
    return zones_of(lattice, used)


def _best(zones: Sequence[Zone]) -> Zone | None:
    """The zone axis, if it alone has all arcs."""
    if not zones or (len(zones) > 1 and zones[1].missing == zones[0].missing):
        return None
    return zones[0] if zones[0].missing == 0 else None


def _spots(
    image: DetectorImage, camera: Camera, at: tuple[float, float], span: tuple[float, float], k: int
) -> tuple[SpotVectors | None, str]:
    least, most = camera.radius(span[0]), camera.radius(span[1])
    spots = [
        spot
        for spot in find_spots(image, at, least)
        if math.hypot(spot.row - at[0], spot.column - at[1]) <= most
    ]
    found = spot_lattice(spots, at)
    if found is None:
        return None, ""
    if found.indexed < ON_LATTICE * len(spots):
        note = (
            f"only {found.indexed} of {len(spots)} spots are on one lattice, so that their vectors are not "
            "determined: two or more crystals; choose an area with one, or a range (--q)"
        )
        return None, note
    return _vectors(found, len(spots), camera, k), ""


def _vectors(found: SpotLattice, spots: int, camera: Camera, k: int) -> SpotVectors:
    g, spread = found.vectors, found.covariance[:4, :4]

    def with_error(function: object, unit: str, extra: float | None = 0.0) -> Estimate:
        value = function(g)  # type: ignore[operator]
        gradient = np.zeros(4)
        for n in range(4):
            moved = g.copy().ravel()
            moved[n] += 1e-4
            gradient[n] = (function(moved.reshape(2, 2)) - value) / 1e-4  # type: ignore[operator]
        error = math.sqrt(float(gradient @ spread @ gradient))
        return Estimate(float(value), None if extra is None else math.hypot(error, extra * value), unit)

    def length(n: int, v: FloatArray) -> float:
        return float(np.linalg.norm(v[n]))

    def angle(v: FloatArray) -> float:
        return math.degrees(math.acos(float(v[0] @ v[1]) / length(0, v) / length(1, v)))

    lengths = tuple(with_error(lambda v, n=n: k * length(n, v), "pixels") for n in (0, 1))
    d = tuple(
        with_error(
            lambda v, n=n: 2.0 * math.pi / float(camera.q(np.array(length(n, v)))), "Å", camera.relative_error
        )
        for n in (0, 1)
    )
    return SpotVectors(
        lengths=(lengths[0], lengths[1]),
        d=(d[0], d[1]),
        ratio=with_error(lambda v: length(1, v) / length(0, v), ""),
        angle=with_error(angle, "°"),
        indexed=found.indexed,
        spots=spots,
    )


def _centre(
    at: tuple[float, float],
    measured: Sequence[MeasuredRing],
    geometry: Geometry,
    k: int,
    *,
    given: bool,
    notes: list[str],
) -> tuple[Estimate, Estimate]:
    """Centre with its error by the rings; as it was given without one."""
    if not measured:
        why = "given" if given else "no ring refines it"
        row, column = (Estimate(k * each, None, "pixels", "determined", why) for each in at)
        return row, column
    pixel = pixel_of(geometry)
    bend = float(np.mean([bend_of(each.fit.shape) for each in measured])) / pixel
    moved = {name: common_displacement(measured, name) for name in ("right", "up")}
    right, up = moved["right"][0] / pixel, moved["up"][0] / pixel
    errors = {name: math.hypot(each[1] / pixel, bend) for name, each in moved.items()}
    if given:
        if math.hypot(right, up) > max(_NOTED, 3.0 * max(errors.values())):
            notes.append(
                f"the rings are centred at row {k * (at[0] - up):.1f}, column {k * (at[1] + right):.1f}: "
                "correct the centre (--centre)"
            )
        row, column = (Estimate(k * each, None, "pixels", "determined", "given") for each in at)
        return row, column
    return (
        Estimate(k * (at[0] - up), k * errors["up"], "pixels"),
        Estimate(k * (at[1] + right), k * errors["right"], "pixels"),
    )


def _conclusion(rings: Sequence[SaedRing], spots: SpotVectors | None) -> str:
    if spots is not None:
        return "spots of a single crystal"
    if not rings:
        return "no rings: nothing exceeds the noise of the background"
    if any(ring.arcs.spotty for ring in rings):
        return "rings of many single spots"
    arcs = sum(bool(ring.arcs.azimuths) for ring in rings)
    if not arcs:
        return f"{len(rings)} even rings: no preferred orientation about the beam is seen"
    return f"arcs on {arcs} of {len(rings)} rings: crystals are oriented about the beam"


def _notes(
    lattice: Lattice | None, measured: Sequence[MeasuredRing], rings: Sequence[SaedRing], camera: Camera,
    test: tuple[float, int] | None, ellipse: Ellipse | None, arcs: Sequence[RingArcs], zones: Sequence[Zone],
) -> list[str]:  # fmt: skip
    from scipy.stats import chi2

    notes = []
    if camera.error is None and rings:
        notes.append(
            "d has no error, as that of the camera constant is not given (--camera-constant VALUE:ERROR); "
            "ratios do not depend on it"
        )
    assigned_rings = [each for each in measured if each.family is not None]
    if lattice is not None and measured and not assigned_rings:
        notes.append(f"no ring is of the lattice {lattice}: check it and the camera constant")
    if test is not None and chi2.sf(test[0], test[1]) < _UNLIKELY:
        notes.append(
            "the ratios of the rings differ from those of the lattice by more than their errors: another "
            "lattice, or an image that is distorted"
        )
    if ellipse is not None and ellipse.significant and ellipse.largest > _ELLIPTIC:
        notes.append(
            f"the rings are elliptic by {ellipse.largest:.2%} (half of the difference of the diameters): the "
            "lenses distort the image, and angles between spots are as uncertain"
        )
    if lattice is not None and any(each.azimuths for each in arcs):
        seen = ", ".join(plane_text(zone.axis, "<>") for zone in zones)
        if not zones:
            notes.append(
                "no direction along the beam has all arcs: two orientations may be mixed; choose a smaller "
                "area"
            )
        elif _best(zones) is None:
            notes.append(f"the zone axis is not determined: the arcs agree with {seen}")
    return notes
