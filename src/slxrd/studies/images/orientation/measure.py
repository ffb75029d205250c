"""From a detector image to the orientation of the crystals in a film."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from slxrd._arguments import check_arguments
from slxrd.detector.geometry import Geometry
from slxrd.detector.image import DetectorImage
from slxrd.detector.maps import default_bins, polar_map, prepared
from slxrd.errors import SlxrdError
from slxrd.instrument.broadening import FWHM
from slxrd.studies.images.orientation.estimates import (
    displacement_of,
    notes_of,
    preferred_orientations,
    random_fraction,
    ring_of,
)
from slxrd.studies.images.orientation.model import Component, Found, RingProfile, again, select
from slxrd.studies.images.orientation.result import Orientations
from slxrd.studies.images.orientation.texture import fibre_poles
from slxrd.studies.images.rings.bins import above_horizon, pixel_of, sectors
from slxrd.studies.images.rings.fit import (
    TOLERANCE,
    MeasuredRing,
    assigned,
    fit_rings,
    search_span,
)
from slxrd.studies.images.rings.lattice import Family, Lattice
from slxrd.studies.images.rings.profile import (
    FEWEST,
)
from slxrd.studies.images.rings.search import find_rings

#: FWHM of the square of sin(Dx/2)/(Dx/2) times D.
_CRYSTAL = 5.5663
#: Azimuths of the map that is drawn.
_DRAWN = 180


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
    span = search_span(image, geometry, q)
    shown = default_bins(geometry, span), _DRAWN
    polar = polar_map(image, geometry, q=span, bins=shown, polarisation=polarisation)
    counts, centres = sectors(image, geometry, span, polarisation)
    measured = fit_rings(image, geometry, find_rings(counts, centres), span, polarisation)
    families = [] if known is None else known.families(span[1] * (1.0 + tolerance))
    measured = assigned(measured, known, families or named, tolerance)
    best, rivals, used = _oriented(measured, known, size, geometry)
    models = {id(ring): model for ring, model in zip(used, best.heights if best else (), strict=True)}
    return Orientations(
        source=image.name,
        simulated=any(step.startswith("simulated") for step in image.history),
        lattice=str(known) if known else "given spacings" if named else "",
        orientations=preferred_orientations(best, rivals) if best else (),
        random=random_fraction(best) if best else None,
        rings=tuple(ring_of(each, models.get(id(each)), bool(named)) for each in measured),
        displacement=displacement_of(measured, pixel_of(geometry)),
        misfit=best.chi2 / best.degrees if best else None,
        notes=tuple(notes_of(measured, best, known, pixel_of(geometry))),
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


def _oriented(
    measured: Sequence[MeasuredRing], lattice: Lattice | None, size: float | None, geometry: Geometry
) -> tuple[Found | None, list[Found], list[MeasuredRing]]:
    """Fit orientations to the rings of the lattice; None if there are none."""
    if lattice is None:
        return None, [], []
    used, profiles = [], []
    for each in measured:
        if each.family is not None and each.alone:
            ring = _own_width(each, size, pixel_of(geometry))
            if ring.used.size >= FEWEST:
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


def _own_width(measured: MeasuredRing, size: float | None, pixel: float) -> RingProfile:
    """A ring's profile with the width of its spots themselves: that along q, or that of the size."""
    shape, fit = measured.fit.shape, measured.fit
    if size is None:
        error = math.sqrt(fit.variances[1, 1] * max(fit.misfit, 1.0))
        return RingProfile(measured.profile, shape.width / shape.q, error / shape.q, shape.tail)
    own = math.hypot(_CRYSTAL / size / FWHM, pixel / math.sqrt(12.0))
    return RingProfile(measured.profile, own / shape.q, 0.0, 0.0)
