"""What makes the geometry of an image, or σ of its counts, doubtful."""

from __future__ import annotations

import numpy as np

from slxrd.detector.geometry import Geometry
from slxrd.detector.image import DetectorImage
from slxrd.detector.maps import CartesianMap

#: Fraction of values that may differ from whole numbers of photons.
_FEW = 1e-3


def doubts_of(image: DetectorImage, geometry: Geometry, found: CartesianMap) -> list[str]:
    """Return what makes the geometry or σ doubtful, one sentence each.

    Parameters
    ----------
    image : DetectorImage
        The image, with the pixels that are left out.
    geometry : Geometry
        Its geometry.
    found : CartesianMap
        Its map.
    """
    notes = []
    photons = image.counts[~image.mask] / image.photon
    if np.mean(np.abs(photons - np.round(photons)) > _FEW) > _FEW:
        notes.append(
            "values are not whole numbers of photons, so that σ from counting statistics may be wrong: give "
            "the value of one photon (--photon)"
        )
    if geometry.incidence is not None:
        horizon = 2.0 * np.pi / geometry.wavelength * np.sin(np.deg2rad(geometry.incidence))
        if np.nansum(found.intensity[found.q_z < horizon]) > np.nansum(found.intensity[found.q_z >= horizon]):
            notes.append(
                "more intensity below the film's horizon than above it: is the normal where --up says, and "
                "the beam stop left out?"
            )
    return notes
