"""Images and their geometry, as the options of a user say."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from slxrd.detector.geometry import Geometry
from slxrd.errors import SlxrdError
from slxrd.fitting.request import parsing
from slxrd.units import radiation

if TYPE_CHECKING:
    from slxrd.detector.image import DetectorImage
    from slxrd.detector.masks import MaskCircle, MaskRectangle


def read_unmasked(values: Mapping[str, Any], file: str | os.PathLike[str]) -> DetectorImage:
    """Read an image with its frame and the value of a photon; no pixels are left out.

    Parameters
    ----------
    values : mapping
        Values of :data:`.OPTIONS` by name.
    file : path-like
        The image.
    """
    from slxrd.detector.files import read_image

    return read_image(file, frame=_frame(values["frame"]), photon=values["photon"])


def masked(values: Mapping[str, Any], image: DetectorImage) -> DetectorImage:
    """Leave out pixels of an image."""
    from slxrd.detector.files import read_mask
    from slxrd.detector.masks import mask_pixels

    if values["mask_file"] is not None:
        image = image.masked(read_mask(values["mask_file"]), f"mask {values['mask_file']}")
    return mask_pixels(
        image,
        regions=[_region(text) for text in values["beam_stop"] or ()],
        negative=not values["keep_negative"],
        hot=not values["keep_hot"],
        saturated=values["saturated"],
    )


def read_masked(values: Mapping[str, Any], file: Path) -> DetectorImage:
    """Read an image, and leave out pixels."""
    return masked(values, read_unmasked(values, file))


def geometry_of(values: Mapping[str, Any], image: DetectorImage) -> Geometry:
    """Return the geometry of an image from its .poni file, the options and its header."""
    incidence, up = values["incidence"], values["up"]
    if values["poni"] is not None:
        typed = [f"--{name}" for name in ("distance", "centre", "pixel") if values[name] is not None]
        if typed:
            raise SlxrdError(f"--poni and {typed[0]} both give the geometry; leave one of them out")
        return Geometry.from_poni(values["poni"], wavelength=values["wavelength"], incidence=incidence, up=up)
    numbers: dict[str, float | None] = {"distance": values["distance"]}
    if values["centre"] is not None:
        numbers["centre_row"], numbers["centre_column"] = pair(values["centre"], "--centre", "ROW,COLUMN")
    if values["pixel"] is not None:
        size = values["pixel"] if "," in values["pixel"] else f"{values['pixel']},{values['pixel']}"
        numbers["pixel_row"], numbers["pixel_column"] = pair(
            size, "--pixel", "one number or ROW,COLUMN in µm"
        )
    if values["wavelength"] is not None:
        numbers["wavelength"] = radiation(values["wavelength"]).wavelength
    return Geometry.from_header(image, incidence=incidence, up=up, **numbers)


def polarisation_of(values: Mapping[str, Any]) -> float | None:
    """Return the polarisation factor; None for no correction."""
    text = values["polarisation"]
    return None if text == "none" else parsing.number(text, f"--polarisation {text}")


def _frame(text: str | None) -> int | Literal["sum"] | None:
    if text is None or text == "sum":
        return "sum" if text else None
    try:
        return int(text)
    except ValueError:
        raise SlxrdError(f"--frame {text}: write a number from 1, or sum") from None


def pair(text: str, flag: str, pattern: str) -> tuple[float, float]:
    """Read two numbers that a comma parts."""
    parts = text.split(",")
    if len(parts) != 2:
        raise SlxrdError(f"{flag} {text}: write {pattern}, such as 512.5,490")
    first, second = (parsing.number(part, f"{flag} {text}") for part in parts)
    return first, second


def _region(text: str) -> MaskCircle | MaskRectangle:
    from slxrd.detector.masks import MaskCircle, MaskRectangle

    flag, parts = f"--beam-stop {text}", text.split(",")
    if len(parts) == 3:
        row, column, radius = (parsing.number(part, flag) for part in parts)
        return MaskCircle(row, column, radius)
    ends = [part.split(":") for part in parts]
    if len(ends) != 2 or any(len(pair) != 2 for pair in ends):
        raise SlxrdError(f"{flag}: write ROW,COLUMN,RADIUS or ROW:ROW,COLUMN:COLUMN")
    numbers = [parsing.number(end, flag) for pair in ends for end in pair]
    return MaskRectangle(*numbers)
