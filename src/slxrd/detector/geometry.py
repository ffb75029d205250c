"""Where the detector stands: distance, centre, pixels, wavelength, and the angle of incidence."""

from __future__ import annotations

import math
import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, Self

from slxrd._arguments import check_arguments, check_fields
from slxrd.detector.image import DetectorImage
from slxrd.errors import SlxrdError
from slxrd.units import radiation

#: Side of the picture to which the normal of the film points.
Up = Literal["up", "down", "left", "right"]
UPS: tuple[Up, ...] = ("up", "down", "left", "right")
#: Quantities that a geometry cannot do without, in the order in which they are typed, with their units.
NEEDED = {
    "distance": "mm", "centre_row": "pixels", "centre_column": "pixels", "pixel_row": "µm",
    "pixel_column": "µm", "wavelength": "Å",
}  # fmt: skip
#: Plausible values in these units; beyond them a value was probably given in another unit.
_PLAUSIBLE = {
    "distance": (1.0, 1e5), "pixel_row": (1.0, 5000.0), "pixel_column": (1.0, 5000.0),
    "wavelength": (0.005, 20.0),
}  # fmt: skip


@dataclass(frozen=True)
class Geometry:
    """Position of the detector in the conventions of pyFAI, and the angle of incidence.

    Parameters
    ----------
    distance : float
        Shortest distance from the sample to the plane of the detector, in mm.
    centre_row, centre_column : float
        Foot of this distance on the detector (pyFAI's point of normal incidence) in pixels from the outer
        corner of the first pixel, whose centre is at 0.5. Where the detector is not rotated, the direct beam.
    pixel_row, pixel_column : float
        Distance of the rows, and of the columns, in µm.
    wavelength : float
        Å.
    rot1, rot2, rot3 : float
        Rotations of the detector in rad, as in pyFAI.
    incidence : float, optional
        Angle between beam and film in degrees; None for a measurement in transmission.
    up : {"up", "down", "left", "right"}
        Side of the picture, drawn with row 0 at the top, to which the normal of the film points.
    orientation : int
        pyFAI's orientation of the detector, 1 to 4; 3 if the positions are counted from the first pixel.
    detector : str
        pyFAI's name of the detector, empty if unknown; its gaps between modules are left out.
    shape : (int, int), optional
        Rows and columns that an image of this detector has.
    source : str
        Where the geometry is from, for messages.

    Raises
    ------
    SlxrdError
        If a value is impossible.
    """

    distance: float
    centre_row: float
    centre_column: float
    pixel_row: float
    pixel_column: float
    wavelength: float
    rot1: float = 0.0
    rot2: float = 0.0
    rot3: float = 0.0
    incidence: float | None = None
    up: Up = "up"
    orientation: int = 3
    detector: str = ""
    shape: tuple[int, int] | None = None
    source: str = "geometry"

    def __post_init__(self) -> None:
        check_fields(self)
        for name in (*NEEDED, "rot1", "rot2", "rot3"):
            if not math.isfinite(getattr(self, name)):
                raise SlxrdError(
                    f"{self.source}: {_words(name)} {getattr(self, name)!r} is not a finite number"
                )
        for name, (low, high) in _PLAUSIBLE.items():
            value = getattr(self, name)
            if not low <= value <= high:
                raise SlxrdError(
                    f"{self.source}: {_words(name)} {value:g} {NEEDED[name]} is not between {low:g} and "
                    f"{high:g} {NEEDED[name]}; check its unit"
                )
        if self.incidence is not None and not 0.0 <= self.incidence < 90.0:
            raise SlxrdError(f"incidence {self.incidence:g}°: must be from 0 to 90°")
        if self.up not in UPS:
            raise SlxrdError(f"up {self.up!r} is not one of {', '.join(UPS)}")
        if not 1 <= self.orientation <= 4:
            raise SlxrdError(
                f"{self.source}: orientation {self.orientation} of the detector is not 1, 2, 3 or 4"
            )

    @classmethod
    @check_arguments
    def from_poni(
        cls,
        path: str | os.PathLike[str],
        *,
        wavelength: float | str | None = None,
        incidence: float | None = None,
        up: Up = "up",
    ) -> Self:
        """Read a .poni file, as pyFAI's calibration writes it.

        Parameters
        ----------
        path : path-like
            The file.
        wavelength : float or str, optional
            Å, or a name such as ``"CuKa1"``; replaces that of the file.
        incidence : float, optional
            Angle between beam and film in degrees.
        up : {"up", "down", "left", "right"}
            Side of the picture to which the normal of the film points.

        Raises
        ------
        FileError
            If it is not a .poni file, or its detector distorts the image.
        SlxrdError
            If the wavelength is not known, or pyFAI is not installed.
        """
        from slxrd.detector.integrator import read_poni

        values = read_poni(path)
        if wavelength is not None:
            values["wavelength"] = radiation(wavelength).wavelength
        if values["wavelength"] is None:
            raise SlxrdError(f"{os.fspath(path)}: contains no wavelength; give it (--wavelength, in Å)")
        return cls(**values, incidence=incidence, up=up, source=os.fspath(path))

    @classmethod
    @check_arguments
    def from_header(
        cls, image: DetectorImage, *, incidence: float | None = None, up: Up = "up", **values: float | None
    ) -> Self:
        """Take the geometry from the header of an image, where it gives values and their units are certain.

        Parameters
        ----------
        image : DetectorImage
            The image.
        incidence : float, optional
            Angle between beam and film in degrees.
        up : {"up", "down", "left", "right"}
            Side of the picture to which the normal of the film points.
        **values : float, optional
            Values that replace those of the header: distance, centre_row, centre_column, pixel_row,
            pixel_column, wavelength.

        Raises
        ------
        SlxrdError
            If values are missing; the message lists them.
        """
        from slxrd.detector.headers import geometry_entries

        unknown = sorted(set(values) - set(NEEDED))
        if unknown:
            raise SlxrdError(f"{unknown[0]}: is not one of {', '.join(NEEDED)}")
        known: dict[str, Any] = {**geometry_entries(image.header)}
        known.update({name: float(value) for name, value in values.items() if value is not None})
        missing = [name for name in NEEDED if name not in known]
        if missing:
            raise SlxrdError(
                f"{image.name}: the geometry is not known without {_listed(missing)}, which its header does "
                "not give; give a .poni file, or these values"
            )
        return cls(**known, incidence=incidence, up=up, source=image.name)

    def as_header(self) -> dict[str, str]:
        """Return entries for the header of an image, from which :meth:`from_header` reads this geometry.

        Incidence and normal of the film are not among them, as these formats have no entry for them.

        Raises
        ------
        SlxrdError
            If the detector is rotated, or its pixels are not counted from the first one.
        """
        from slxrd.detector.headers import header_entries

        if any((self.rot1, self.rot2, self.rot3)) or self.orientation != 3:
            raise SlxrdError(
                f"{self.source}: a header has no entries for a rotated detector; keep its .poni "
                "file beside the image"
            )
        return header_entries({name: getattr(self, name) for name in NEEDED})

    def with_incidence(self, incidence: float | None) -> Self:
        """Return the geometry with another angle of incidence in degrees; None for transmission."""
        return replace(self, incidence=incidence)

    def check(self, image: DetectorImage) -> None:
        """Check that an image can be of this detector.

        Raises
        ------
        SlxrdError
            If it has other numbers of rows and columns.
        """
        if self.shape is not None and self.shape != image.shape:
            named = f" ({self.detector})" if self.detector else ""
            raise SlxrdError(
                f"{image.name}: has {image.shape[0]} × {image.shape[1]} pixels, but {self.source} is for a "
                f"detector of {self.shape[0]} × {self.shape[1]}{named}; give the geometry of this detector"
            )

    def __str__(self) -> str:
        rows = [
            f"distance {self.distance:.6g} mm, centre at row {self.centre_row:.6g}, column "
            f"{self.centre_column:.6g}, pixels of {self.pixel_row:g} × {self.pixel_column:g} µm, wavelength "
            f"{self.wavelength:.6g} Å"
        ]
        if any((self.rot1, self.rot2, self.rot3)):
            rows.append(f"rotations {self.rot1:.5g}, {self.rot2:.5g}, {self.rot3:.5g} rad")
        if self.incidence is None:
            rows.append("transmission")
        else:
            rows.append(f"incidence {self.incidence:g}°, normal of the film {self.up}")
        return ", ".join(rows)


def _words(name: str) -> str:
    return {"pixel_row": "pixel (row)", "pixel_column": "pixel (column)"}.get(name, name.replace("_", " "))


def _listed(names: Sequence[str]) -> str:
    return ", ".join(f"{_words(name)} ({NEEDED[name]})" for name in names)
