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
from slxrd.studies.images.rings.bins import pixel_of, sectors
from slxrd.studies.images.rings.fit import (
    TOLERANCE,
    MeasuredRing,
    assigned,
    bend_of,
    common_displacement,
    fit_rings,
    search_span,
)
from slxrd.studies.images.rings.lattice import Family, Lattice, plane_text
from slxrd.studies.images.rings.search import find_rings
from slxrd.studies.images.saed.arcs import find_arcs
from slxrd.studies.images.saed.camera import Camera
from slxrd.studies.images.saed.ellipse import ellipse_of
from slxrd.studies.images.saed.notes import conclusion, notes_on
from slxrd.studies.images.saed.prepare import binned, find_centre, shadow, with_photon
from slxrd.studies.images.saed.result import Saed
from slxrd.studies.images.saed.spacings import common_scale, describe_rings, own_width, times
from slxrd.studies.images.saed.vectors import spot_vectors
from slxrd.studies.images.saed.zone import best_zone, zones_of_arcs

#: q of a ring differs from that of its planes by so many errors of the camera constant too.
_ERRORS = 3.0
#: The centre is refined until it moves by less than this, in pixels.
_SETTLED, _ROUNDS = 0.5, 4
#: Displacement of the rings from a centre that was given, which is noted, in pixels.
_NOTED = 1.0
#: Azimuths of the map that is drawn.
_DRAWN = 180


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
    image.check_counts()
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
    arcs = [find_arcs(each.profile, own_width(each)) for each in measured]
    rings = describe_rings(measured, arcs, camera, ellipse, k)
    scale, test = common_scale(rings, relative, camera.error is not None)
    zones = zones_of_arcs(known, measured, arcs, scale)
    spots, spot_note = spot_vectors(image, camera, at, span, k)
    notes += notes_on(known, measured, rings, camera, test, ellipse, arcs, zones)
    notes += [spot_note] if spot_note else []
    places = _centre(at, measured, geometry, k, given=centre is not None, notes=notes)
    edge = known.a if known is not None and known.a == known.b == known.c else None
    shown = default_bins(geometry, span), _DRAWN
    polar = polar_map(image, geometry, q=span, bins=shown, polarisation=None)
    best = best_zone(zones)
    return Saed(
        source=image.name,
        simulated=any(step.startswith("simulated") for step in image.history),
        conclusion=conclusion(rings, spots),
        camera_constant=Estimate(
            camera_constant, camera_error, "Å·pixel", "determined", "" if camera_error else "error not given"
        ),
        centre=places,
        lattice=str(known) if known else "",
        rings=rings,
        scale=scale,
        lattice_constant=None if scale is None or edge is None else times(scale, edge),
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
