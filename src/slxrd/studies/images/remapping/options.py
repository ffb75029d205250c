"""The options with which detector images are read, declared once for the command line and the page."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, Literal, get_args, get_origin

from slxrd.detector.geometry import Up
from slxrd.fitting.request import parsing

#: Headings of the options.
GEOMETRY, PIXELS = "Geometry", "Pixels"


@dataclass(frozen=True)
class ImageOption:
    """One option.

    Parameters
    ----------
    kind : type
        Type of its value on the command line.
    heading : str
        Heading under which it is listed.
    help : str
        What it is, one sentence.
    metavar : str, optional
        Placeholder of its value.
    default : object
        Value without it.
    unit : str
        Unit of a typed number.
    """

    kind: Any
    heading: str
    help: str
    metavar: str | None = None
    default: Any = None
    unit: str = ""

    @property
    def single(self) -> Any:
        """Type of its value if it is given, without None; ``list`` if it may be repeated."""
        kinds = [each for each in get_args(self.kind) if each is not NoneType]
        kind = kinds[0] if isinstance(self.kind, UnionType) else self.kind
        return list if get_origin(kind) is list else kind

    @property
    def choices(self) -> tuple[str, ...]:
        """Its values, if they are a list of words."""
        return get_args(self.kind) if get_origin(self.kind) is Literal else ()


_BEAM_STOP = "Region left out: ROW,COLUMN,RADIUS or ROW:ROW,COLUMN:COLUMN in pixels; may be repeated."
_BEAM = "Direct beam in pixels from the corner of the first one."
_UP = "Side of the picture to which the normal of the film points."
_POLARISATION = "0: unpolarised, 1: along the rows, none: not corrected."
#: The options by name.
OPTIONS: dict[str, ImageOption] = {
    "poni": ImageOption(Path | None, GEOMETRY, "Calibration by pyFAI: the whole geometry.", "FILE"),
    "distance": ImageOption(
        float | None, GEOMETRY, "Distance of the detector; replaces the header's.", "MM", unit="mm"
    ),
    "centre": ImageOption(str | None, GEOMETRY, _BEAM, "ROW,COLUMN"),
    "pixel": ImageOption(
        str | None, GEOMETRY, "Size of the pixels, or of rows and columns.", "UM[,UM]", unit="µm"
    ),
    "wavelength": ImageOption(str | None, GEOMETRY, "Å, or a name such as CuKa1.", "LENGTH", unit="Å"),
    "incidence": ImageOption(
        float | None, GEOMETRY, "Angle between beam and film; without it, transmission.", "DEGREES", unit="°"
    ),
    "up": ImageOption(Up, GEOMETRY, _UP, default="up"),
    "polarisation": ImageOption(str, GEOMETRY, _POLARISATION, "FACTOR", "0"),
    "frame": ImageOption(str | None, PIXELS, "Frame of a file with several, or sum.", "N"),
    "mask_file": ImageOption(Path | None, PIXELS, "Image that is not 0 where pixels are left out.", "FILE"),
    "beam_stop": ImageOption(list[str] | None, PIXELS, _BEAM_STOP, "REGION"),
    "saturated": ImageOption(float | None, PIXELS, "Leave out values from here on.", "COUNTS"),
    "keep_hot": ImageOption(bool, PIXELS, "Use single pixels far above their neighbours.", default=False),
    "keep_negative": ImageOption(bool, PIXELS, "Use negative values.", default=False),
    "photon": ImageOption(float, PIXELS, "Value of one detected photon, for σ.", "COUNTS", 1.0),
}


def flag_of(name: str) -> str:
    """Return an option as it is typed on the command line."""
    return f"--{name.replace('_', '-')}"


def values_of(typed: Mapping[str, str | bool]) -> dict[str, Any]:
    """Return the values of all options from texts, as the command line has them.

    Parameters
    ----------
    typed : mapping
        Texts by name, and whether a choice is ticked; what is empty or missing has its default. Regions are
        parted by semicolons.

    Raises
    ------
    SlxrdError
        If a number is none.
    """
    return {name: _value(name, option, typed.get(name, "")) for name, option in OPTIONS.items()}


def _value(name: str, option: ImageOption, typed: str | bool) -> Any:
    if isinstance(typed, bool):
        return typed
    text = typed.strip()
    if not text:
        return option.default
    if option.single is list:
        return _parts(text)
    if option.single is float:
        return parsing.number(text, f"{flag_of(name)} {text}")
    return Path(text) if option.single is Path else text


def flags_of(typed: Mapping[str, str | bool]) -> list[str]:
    """Return the arguments of the command line that give these texts; see :func:`values_of`."""
    words: list[str] = []
    for name in OPTIONS:
        given = typed.get(name, "")
        if given is True:
            words.append(flag_of(name))
        elif given and given.strip() and given.strip() != OPTIONS[name].default:
            texts = _parts(given) if OPTIONS[name].single is list else [given.strip()]
            words += [word for text in texts for word in (flag_of(name), text)]
    return words


def _parts(text: str) -> list[str]:
    return [part.strip() for part in text.split(";") if part.strip()]
