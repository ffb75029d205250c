"""Electron diffraction images from files of detectors and from pictures."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from slxrd.detector.image import DetectorImage
from slxrd.errors import SlxrdError
from slxrd.studies.images.outlines.micrograph import read_micrograph
from slxrd.studies.images.remapping.request import masked, read_unmasked

#: Suffixes of pictures, whose grey levels are taken for counts.
PICTURES = (".png", ".jpg", ".jpeg", ".bmp")


def read_diffraction(values: Mapping[str, Any], file: Path) -> DetectorImage:
    """Read an electron diffraction image, and leave out pixels.

    Parameters
    ----------
    values : mapping
        Values of the options of images by name.
    file : path-like
        The image: of a format that fabio reads (TIFF, .mrc, .dm3, ...), or a picture.
    """
    if file.suffix.lower() not in PICTURES:
        return masked(values, read_unmasked(values, file))
    if values["frame"] is not None:
        raise SlxrdError(f"--frame {values['frame']}: {file} is a picture, which has one frame; leave it out")
    picture = read_micrograph(file)
    simulated = ("simulated: picture",) if picture.simulated else ()
    history = (*simulated, f"grey levels of the picture {file}")
    image = DetectorImage(picture.values, name=str(file), history=history, photon=values["photon"])
    return masked(values, image)
