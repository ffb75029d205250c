"""The camera constant of an electron microscope, in the place of a measured geometry."""

from __future__ import annotations

import math
from dataclasses import dataclass

from scipy import constants

from slxrd._arguments import check_fields
from slxrd.detector.geometry import Geometry
from slxrd.errors import SlxrdError
from slxrd.units import FloatArray

#: Size of the pixels in µm: any, as only its ratio to the distance matters.
_PIXEL = 20.0
#: Ranges of the camera constant in Å·pixel and of the voltage in kV.
_CONSTANT, _VOLTAGE = (5.0, 1e5), (10.0, 1000.0)


def electron_wavelength(voltage: float) -> float:
    """Return the wavelength of electrons in Å for an accelerating voltage in kV."""
    energy, rest = voltage * 1e3 * constants.e, constants.m_e * constants.c**2
    return float(constants.h * constants.c / math.sqrt(energy * (energy + 2.0 * rest)) * 1e10)


@dataclass(frozen=True)
class Camera:
    """Camera constant, the radius of a ring times its spacing.

    Parameters
    ----------
    constant : float
        Å·pixel.
    error : float, optional
        Its standard deviation; None if it is not known.
    voltage : float
        kV; the curvature of the Ewald sphere follows from it.

    Raises
    ------
    SlxrdError
        If a value is impossible.
    """

    constant: float
    error: float | None = None
    voltage: float = 200.0

    def __post_init__(self) -> None:
        check_fields(self)
        low, high = _CONSTANT
        if not low <= self.constant <= high:
            raise SlxrdError(
                f"camera constant {self.constant:g} Å·pixel: is not between {low:g} and {high:g}; it is the "
                "radius of a ring in pixels times its spacing in Å (in Å·mm, give the size of a pixel too)"
            )
        if self.error is not None and not 0.0 <= self.error < 0.5 * self.constant:
            raise SlxrdError(
                f"error {self.error:g} of the camera constant: must be from 0 to half of the constant"
            )
        if not _VOLTAGE[0] <= self.voltage <= _VOLTAGE[1]:
            raise SlxrdError(
                f"voltage {self.voltage:g} kV: must be between {_VOLTAGE[0]:g} and {_VOLTAGE[1]:g}"
            )

    @property
    def relative_error(self) -> float | None:
        """Relative standard deviation of the constant."""
        return None if self.error is None else self.error / self.constant

    def geometry(self, row: float, column: float) -> Geometry:
        """Return the geometry that has this camera constant, with the direct beam at a pixel."""
        wavelength = electron_wavelength(self.voltage)
        return Geometry(
            distance=self.constant * _PIXEL * 1e-3 / wavelength,
            centre_row=row,
            centre_column=column,
            pixel_row=_PIXEL,
            pixel_column=_PIXEL,
            wavelength=wavelength,
            source="camera constant",
        )

    def radius(self, q: float) -> float:
        """Return the radius in pixels of a ring at q in Å⁻¹."""
        wavelength = electron_wavelength(self.voltage)
        return self.constant / wavelength * math.tan(2.0 * math.asin(q * wavelength / (4.0 * math.pi)))

    def q(self, radius: FloatArray) -> FloatArray:
        """Return q in Å⁻¹ at radii in pixels."""
        import numpy as np

        wavelength = electron_wavelength(self.voltage)
        angle = np.arctan(radius * wavelength / self.constant)
        return np.asarray(4.0 * math.pi / wavelength * np.sin(0.5 * angle))
