"""Resolution functions: shape and width of a line as measured by the diffractometer.

Each shape is a class. Installed packages add theirs by entry points of the group ``slxrd.resolutions``.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, ClassVar, Self

import numpy as np

from slxrd._arguments import check_fields
from slxrd._registry import Registry
from slxrd.errors import SlxrdError
from slxrd.units import FloatArray

#: Cut-off of a Gaussian in standard deviations, in q and in distance: exp(−7²/2) = 2·10⁻¹¹.
REACH = 7.0

#: Full width at half maximum of a Gaussian with unit standard deviation.
FWHM = 2.0 * math.sqrt(2.0 * math.log(2.0))
#: Cut-off of a Lorentzian in half widths at half maximum.
LORENTZ_REACH = 30.0


class ResolutionShape(ABC):
    """Base class of resolution functions; subclasses are frozen dataclasses of numbers.

    Attributes
    ----------
    shape : str
        Name of the class in :data:`RESOLUTIONS`.
    wavelength : float or None
        Wavelength in Å of the radiation for which the width is valid; None if it is valid for all.
    """

    shape: ClassVar[str]
    wavelength: float | None = None

    @property
    def reach(self) -> float:
        """Distance from the centre, in units of :meth:`sigma`, at which the line is cut off."""
        return REACH

    @abstractmethod
    def sigma(self, q: FloatArray) -> FloatArray:
        """Return the standard deviation in Å⁻¹ of the Gaussian of the same FWHM, of the shape of ``q``."""

    @abstractmethod
    def line(self, offset: FloatArray, sigma: FloatArray) -> FloatArray:
        """Return the density of the line in Å, normalised to 1.

        Parameters
        ----------
        offset : ndarray, shape (n, m)
            Distance from the centre in Å⁻¹.
        sigma : ndarray, shape (n, 1)
            From :meth:`sigma`.
        """

    def longest_fringe(self, sigma: float) -> float:
        """Return the distance in Å at which the Fourier transform of a line of this width is negligible."""
        return REACH / sigma if sigma > 0.0 else math.inf

    def to_table(self) -> dict[str, Any]:
        """Return the name of the shape and the numbers, for files."""
        return {"shape": self.shape, **asdict(self)}  # type: ignore[call-overload]

    @classmethod
    def from_table(cls, table: Mapping[str, Any]) -> Self:
        """Make the shape from the numbers of a table.

        Raises
        ------
        SlxrdError
            If a number is missing or unknown, or a value is not a number.
        """
        known = [each.name for each in fields(cls)]  # type: ignore[arg-type]
        numbers = all(isinstance(each, int | float) and not isinstance(each, bool) for each in table.values())
        if set(table) != set(known) or not numbers:
            raise SlxrdError(f"resolution: give {', '.join(sorted(known))}, all of them numbers")
        return cls(**table)


#: All shapes of the resolution by name.
RESOLUTIONS: Registry[type[ResolutionShape]] = Registry(
    "resolution shape",
    "slxrd.resolutions",
    accepts=lambda item: isinstance(item, type) and issubclass(item, ResolutionShape),
)


def resolution_from_table(table: Mapping[str, Any]) -> ResolutionShape:
    """Make a resolution from a table.

    Parameters
    ----------
    table : mapping
        ``shape``, one of :data:`RESOLUTIONS` and "caglioti" by default, and the numbers of the shape.

    Raises
    ------
    SlxrdError
        If the shape is unknown or a number is wrong.
    """
    shape = RESOLUTIONS[table.get("shape", Broadening.shape)]
    return shape.from_table({name: value for name, value in table.items() if name != "shape"})


@dataclass(frozen=True)
class NoSmearing(ResolutionShape):
    """No smearing: sharp lines."""

    shape: ClassVar[str] = "none"

    def __str__(self) -> str:
        return "σ_G = 0 Å⁻¹"

    def sigma(self, q: FloatArray) -> FloatArray:
        """Return 0 for each q."""
        return np.zeros(np.shape(q))

    def line(self, offset: FloatArray, sigma: FloatArray) -> FloatArray:
        """Raise SlxrdError: a sharp line has no density."""
        raise SlxrdError("resolution: a sharp line has no density; evaluate the model at the measured points")


@dataclass(frozen=True)
class Gaussian(ResolutionShape):
    """A Gaussian of constant width.

    Parameters
    ----------
    sigma_G : float
        Standard deviation in Å⁻¹.
    """

    shape: ClassVar[str] = "gaussian"
    sigma_G: float

    def __str__(self) -> str:
        return f"σ_G = {self.sigma_G:g} Å⁻¹"

    def sigma(self, q: FloatArray) -> FloatArray:
        """Return σ_G for each q."""
        return np.full(np.shape(q), self.sigma_G)

    def line(self, offset: FloatArray, sigma: FloatArray) -> FloatArray:
        """Return the density in Å."""
        return line_profile(offset, sigma, 0.0)


@dataclass(frozen=True)
class Broadening(ResolutionShape):
    """A pseudo-Voigt line with an angle-dependent width.

    FWHM² = U tan²θ + V tan θ + W over 2θ (Caglioti, Paoletti and Ricci, Nucl. Instrum. 1958, 3, 223); over q
    it is (2π/λ) cos θ times that in radians. The line is η·Lorentzian + (1−η)·Gaussian of the same FWHM.

    Parameters
    ----------
    U, V, W : float
        Square degrees of 2θ.
    lorentzian : float
        Lorentzian fraction η of the area, from 0 (Gaussian) to 1.
    wavelength : float
        Å.

    Raises
    ------
    SlxrdError
        If a number is not finite, η is not between 0 and 1, or the wavelength is not positive.
    """

    shape: ClassVar[str] = "caglioti"
    U: float
    V: float
    W: float
    lorentzian: float
    wavelength: float

    def __post_init__(self) -> None:
        check_fields(self)
        for name in ("U", "V", "W", "lorentzian", "wavelength"):
            if getattr(self, name) is None or not math.isfinite(getattr(self, name)):
                raise SlxrdError(f"resolution: {name} = {getattr(self, name)!r} is not a finite number")
        if not 0.0 <= self.lorentzian <= 1.0:
            raise SlxrdError(f"resolution: lorentzian = {self.lorentzian!r} must be between 0 and 1")
        if self.wavelength <= 0.0:
            raise SlxrdError(f"resolution: wavelength = {self.wavelength!r} must be positive, in Å")

    def __str__(self) -> str:
        return (
            f"measured resolution (U = {self.U:.4g}, V = {self.V:.4g}, W = {self.W:.4g} degrees squared, "
            f"η = {self.lorentzian:.3g})"
        )

    def sigma(self, q: FloatArray) -> FloatArray:
        """Return the standard deviation of the Gaussian of the same FWHM.

        Parameters
        ----------
        q : ndarray
            Å⁻¹.

        Returns
        -------
        ndarray
            Å⁻¹, of the shape of ``q``.

        Raises
        ------
        SlxrdError
            If a q is not accessible with the wavelength, or FWHM² is not positive there.
        """
        sine = np.asarray(q) * self.wavelength / (4.0 * math.pi)
        if np.any(np.abs(sine) >= 1.0):
            raise SlxrdError(
                f"resolution: q = {np.max(np.abs(q)):.3g} Å⁻¹ is not accessible with {self.wavelength:g} Å"
            )
        cosine = np.sqrt(1.0 - sine**2)
        tangent = sine / cosine
        squared = self.U * tangent**2 + self.V * tangent + self.W
        if np.any(squared <= 0.0):
            bad = float(np.asarray(q)[squared <= 0.0][0])
            raise SlxrdError(
                f"resolution: U, V and W give no width at q = {bad:.3g} Å⁻¹; measure it there too"
            )
        return np.asarray((2.0 * math.pi / self.wavelength) * cosine * np.deg2rad(np.sqrt(squared)) / FWHM)

    @property
    def reach(self) -> float:
        """Distance from the centre, in units of :meth:`sigma`, at which the line is cut off."""
        return LORENTZ_REACH * FWHM / 2.0 if self.lorentzian else REACH

    def line(self, offset: FloatArray, sigma: FloatArray) -> FloatArray:
        """Return the density in Å."""
        return line_profile(offset, sigma, self.lorentzian)

    def longest_fringe(self, sigma: float) -> float:
        """Return the distance in Å at which the Fourier transform of the line is negligible."""
        if self.lorentzian == 0.0:
            return super().longest_fringe(sigma)
        return 0.5 * REACH**2 / (FWHM / 2.0 * sigma)  # exp(−γr) as small as the Gaussian at its cut-off

    def to_table(self) -> dict[str, Any]:
        """Return the numbers; tables without a shape are of this one."""
        return asdict(self)


def line_profile(offset: FloatArray, sigma: FloatArray, lorentzian: float) -> FloatArray:
    """Evaluate a pseudo-Voigt line of unit area.

    Parameters
    ----------
    offset : ndarray, shape (n, m)
        Distance from the centre in Å⁻¹.
    sigma : ndarray, shape (n, 1)
        Standard deviation of the Gaussian of the same FWHM, in Å⁻¹.
    lorentzian : float
        Lorentzian fraction of the area.

    Returns
    -------
    ndarray, shape (n, m)
        Density in Å; the Lorentzian is cut off at :data:`LORENTZ_REACH` half widths.
    """
    gaussian = np.exp(-0.5 * (offset / sigma) ** 2) / (sigma * math.sqrt(2.0 * math.pi))
    if lorentzian == 0.0:
        return np.asarray(gaussian)
    half = FWHM / 2.0 * sigma
    inside = np.abs(offset) <= LORENTZ_REACH * half
    tails = np.where(inside, half / (2.0 * math.atan(LORENTZ_REACH) * (offset**2 + half**2)), 0.0)
    return np.asarray(lorentzian * tails + (1.0 - lorentzian) * gaussian)


for _shape in (NoSmearing, Gaussian, Broadening):
    RESOLUTIONS.register(_shape.shape, _shape)
