"""The options of commands that read detector images: geometry, masks and corrections; declared once."""

from __future__ import annotations

import inspect
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from slxrd.detector.geometry import Geometry, Up
from slxrd.errors import SlxrdError
from slxrd.fitting.request import parsing
from slxrd.ui.cli.options import Given, Take
from slxrd.units import radiation

if TYPE_CHECKING:
    from slxrd.detector.image import DetectorImage
    from slxrd.detector.masks import MaskCircle, MaskRectangle

_GEOMETRY, _PIXELS = "Geometry", "Pixels"


@dataclass(frozen=True)
class _Option:
    """One option: its type, heading in the help, text, placeholder and default."""

    kind: Any
    panel: str
    help: str
    metavar: str | None = None
    default: Any = None

    def parameter(self, name: str) -> inspect.Parameter:
        flag = f"--{name.replace('_', '-')}"
        option = typer.Option(flag, metavar=self.metavar, help=self.help, rich_help_panel=self.panel)
        return inspect.Parameter(
            name,
            inspect.Parameter.KEYWORD_ONLY,
            default=self.default,
            annotation=Annotated[self.kind, option],
        )


_BEAM_STOP = "Region left out: ROW,COLUMN,RADIUS or ROW:ROW,COLUMN:COLUMN in pixels; may be repeated."
_BEAM = "Direct beam in pixels from the corner of the first one."
_UP = "Side of the picture to which the normal of the film points."
_POLARISATION = "0: unpolarised, 1: along the rows, none: not corrected."
#: The options by name.
_OPTIONS = {
    "poni": _Option(Path | None, _GEOMETRY, "Calibration by pyFAI: the whole geometry.", "FILE"),
    "distance": _Option(float | None, _GEOMETRY, "Distance of the detector; replaces the header's.", "MM"),
    "centre": _Option(str | None, _GEOMETRY, _BEAM, "ROW,COLUMN"),
    "pixel": _Option(str | None, _GEOMETRY, "Size of the pixels, or of rows and columns.", "UM[,UM]"),
    "wavelength": _Option(str | None, _GEOMETRY, "Å, or a name such as CuKa1.", "LENGTH"),
    "incidence": _Option(
        float | None, _GEOMETRY, "Angle between beam and film; without it, transmission.", "DEGREES"
    ),
    "up": _Option(Up, _GEOMETRY, _UP, default="up"),
    "polarisation": _Option(str, _GEOMETRY, _POLARISATION, "FACTOR", "0"),
    "frame": _Option(str | None, _PIXELS, "Frame of a file with several, or sum.", "N"),
    "mask_file": _Option(Path | None, _PIXELS, "Image that is not 0 where pixels are left out.", "FILE"),
    "beam_stop": _Option(list[str] | None, _PIXELS, _BEAM_STOP, "REGION"),
    "saturated": _Option(float | None, _PIXELS, "Leave out values from here on.", "COUNTS"),
    "keep_hot": _Option(bool, _PIXELS, "Use single pixels far above their neighbours.", default=False),
    "keep_negative": _Option(bool, _PIXELS, "Use negative values.", default=False),
    "photon": _Option(float, _PIXELS, "Value of one detected photon, for σ.", "COUNTS", 1.0),
}


@dataclass(frozen=True)
class TakeImage(Take):
    """The options of images; the metadata of an argument that is a :class:`Given`."""

    names: tuple[str, ...] = ()

    def parameters(self) -> list[inspect.Parameter]:
        """The options as parameters of a function, annotated for typer."""
        return [option.parameter(name) for name, option in _OPTIONS.items()]


#: How an image is read, and where its detector stands.
ImageOptions = Annotated[Given, TakeImage()]


def read_masked(given: Given, file: Path) -> DetectorImage:
    """Read an image, and leave out pixels, as the options say."""
    from slxrd.detector.files import read_image, read_mask
    from slxrd.detector.masks import mask_pixels

    values = given.values
    image = read_image(file, frame=_frame(values["frame"]), photon=values["photon"])
    if values["mask_file"] is not None:
        image = image.masked(read_mask(values["mask_file"]), f"mask {values['mask_file']}")
    return mask_pixels(
        image,
        regions=[_region(text) for text in values["beam_stop"] or ()],
        negative=not values["keep_negative"],
        hot=not values["keep_hot"],
        saturated=values["saturated"],
    )


def geometry_of(given: Given, image: DetectorImage) -> Geometry:
    """Return the geometry of an image from its .poni file, the options and its header."""
    values = given.values
    incidence, up = values["incidence"], values["up"]
    if values["poni"] is not None:
        typed = [f"--{name}" for name in ("distance", "centre", "pixel") if values[name] is not None]
        if typed:
            raise SlxrdError(f"--poni and {typed[0]} both give the geometry; leave one of them out")
        return Geometry.from_poni(values["poni"], wavelength=values["wavelength"], incidence=incidence, up=up)
    numbers: dict[str, float | None] = {"distance": values["distance"]}
    if values["centre"] is not None:
        numbers["centre_row"], numbers["centre_column"] = _pair(values["centre"], "--centre", "ROW,COLUMN")
    if values["pixel"] is not None:
        size = values["pixel"] if "," in values["pixel"] else f"{values['pixel']},{values['pixel']}"
        numbers["pixel_row"], numbers["pixel_column"] = _pair(
            size, "--pixel", "one number or ROW,COLUMN in µm"
        )
    if values["wavelength"] is not None:
        numbers["wavelength"] = radiation(values["wavelength"]).wavelength
    return Geometry.from_header(image, incidence=incidence, up=up, **numbers)


def polarisation_of(given: Given) -> float | None:
    """Return the polarisation factor; None for no correction."""
    text = given.values["polarisation"]
    return None if text == "none" else parsing.number(text, f"--polarisation {text}")


def _frame(text: str | None) -> int | Literal["sum"] | None:
    if text is None or text == "sum":
        return "sum" if text else None
    try:
        return int(text)
    except ValueError:
        raise SlxrdError(f"--frame {text}: write a number from 1, or sum") from None


def _pair(text: str, flag: str, pattern: str) -> tuple[float, float]:
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
