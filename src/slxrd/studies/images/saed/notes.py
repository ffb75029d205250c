"""Conclusion and notes of an electron diffraction image."""

from __future__ import annotations

from collections.abc import Sequence

from slxrd.studies.images.rings.fit import MeasuredRing
from slxrd.studies.images.rings.lattice import Lattice, plane_text
from slxrd.studies.images.saed.arcs import RingArcs
from slxrd.studies.images.saed.camera import Camera
from slxrd.studies.images.saed.ellipse import Ellipse
from slxrd.studies.images.saed.result import SaedRing, SpotVectors
from slxrd.studies.images.saed.zone import Zone, best_zone

#: Probability below which the ratios of rings are not those of the lattice.
_UNLIKELY = 1e-3
#: Ellipticity that is noted: significant, and at least this.
_ELLIPTIC = 0.002


def conclusion(rings: Sequence[SaedRing], spots: SpotVectors | None) -> str:
    """Return what the image shows, in a line."""
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


def notes_on(
    lattice: Lattice | None, measured: Sequence[MeasuredRing], rings: Sequence[SaedRing], camera: Camera,
    test: tuple[float, int] | None, ellipse: Ellipse | None, arcs: Sequence[RingArcs], zones: Sequence[Zone],
) -> list[str]:  # fmt: skip
    """Return what is to be considered."""
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
        elif best_zone(zones) is None:
            notes.append(f"the zone axis is not determined: the arcs agree with {seen}")
    return notes
