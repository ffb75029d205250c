"""Shape and width of the resolution: what a sharp line becomes in the diffractometer.

Each shape is a class. Installed packages add theirs by entry points of the group ``slxrd.resolutions``.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, ClassVar, Self

import numpy as np

from slxrd._registry import Registry
from slxrd.errors import SlxrdError
from slxrd.units import FloatArray

#: Reach of a Gaussian in standard deviations, in q and in distance: exp(−7²/2) = 2·10⁻¹¹.
REACH = 7.0

#: Full width at half maximum of a Gaussian, of its standard deviation.
FWHM = 2.0 * math.sqrt(2.0 * math.log(2.0))
#: A Lorentzian is cut off at so many of its half widths: its tails end somewhere in every diffractometer.
LORENTZ_REACH = 30.0


class ResolutionShape(ABC):
    """A line of finite width that the diffractometer makes of a sharp one; a frozen dataclass of numbers.

    Attributes
    ----------
    shape : str
        Its name among :data:`RESOLUTIONS`.
    wavelength : float or None
        Å, where the width was measured with this radiation and holds for no other.
    """

    shape: ClassVar[str]
    wavelength: float | None = None

    @property
    def reach(self) -> float:
        """Distance from the centre of a line, in units of :meth:`sigma`, where it ends."""
        return REACH

    @abstractmethod
    def sigma(self, q: FloatArray) -> FloatArray:
        """Standard deviation in Å⁻¹ of the Gaussian of the same FWHM, shape of ``q`` (Å⁻¹)."""

    @abstractmethod
    def line(self, offset: FloatArray, sigma: FloatArray) -> FloatArray:
        """Density of the line in Å, of integral 1.

        Parameters
        ----------
        offset : ndarray, shape (n, m)
            Distance from the centre in Å⁻¹.
        sigma : ndarray, shape (n, 1)
            From :meth:`sigma`.
        """

    def longest_fringe(self, sigma: float) -> float:
        """Distance in Å at which the Fourier transform of a line of this width (Å⁻¹) is negligible."""
        return REACH / sigma if sigma > 0.0 else math.inf

    def to_table(self) -> dict[str, Any]:
        """Return the numbers, and the name of the shape, as they are written to files."""
        return {"shape": self.shape, **asdict(self)}  # type: ignore[call-overload]

    @classmethod
    def from_table(cls, table: Mapping[str, Any]) -> Self:
        """Make the shape from the numbers of a table.

        Raises
        ------
        SlxrdError
            If one is missing, unknown or no number.
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
    """Make the resolution that a table describes.

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
    """Lines stay sharp."""

    shape: ClassVar[str] = "none"

    def __str__(self) -> str:
        return "σ_G = 0 Å⁻¹"

    def sigma(self, q: FloatArray) -> FloatArray:
        """0 for each q."""
        return np.zeros(np.shape(q))

    def line(self, offset: FloatArray, sigma: FloatArray) -> FloatArray:
        """Refuse: a sharp line has no density."""
        raise SlxrdError("resolution: a sharp line has no density; evaluate the model at the measured points")


@dataclass(frozen=True)
class Gaussian(ResolutionShape):
    """A Gaussian of the same width everywhere.

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
        """σ_G for each q."""
        return np.full(np.shape(q), self.sigma_G)

    def line(self, offset: FloatArray, sigma: FloatArray) -> FloatArray:
        """Density in Å."""
        return line(offset, sigma, 0.0)


@dataclass(frozen=True)
class Broadening(ResolutionShape):
    """A pseudo-Voigt line of a width that may depend on the angle.

    The width over 2θ is that of Caglioti, Paoletti and Ricci (Nucl. Instrum. 1958, 3, 223),
    FWHM² = U tan²θ + V tan θ + W, and over q it is (2π/λ) cos θ times that. The line is
    η·Lorentzian + (1−η)·Gaussian of the same FWHM.

    Parameters
    ----------
    U, V, W : float
        Degrees squared, of 2θ.
    lorentzian : float
        η, 0 for a Gaussian, 1 for a Lorentzian.
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
        for name in ("U", "V", "W", "lorentzian", "wavelength"):
            if not math.isfinite(getattr(self, name)):
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
        """Standard deviation in Å⁻¹ of the Gaussian of the same FWHM, shape of ``q`` (Å⁻¹).

        Raises
        ------
        SlxrdError
            If U, V and W give no width at one of the q.
        """
        sine = np.asarray(q) * self.wavelength / (4.0 * math.pi)
        if np.any(np.abs(sine) >= 1.0):
            raise SlxrdError(
                f"resolution: q = {np.max(np.abs(q)):.3g} Å⁻¹ cannot be reached with {self.wavelength:g} Å"
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
        """Where the line ends, in units of :meth:`sigma`."""
        return LORENTZ_REACH * FWHM / 2.0 if self.lorentzian else REACH

    def line(self, offset: FloatArray, sigma: FloatArray) -> FloatArray:
        """Density in Å."""
        return line(offset, sigma, self.lorentzian)

    def longest_fringe(self, sigma: float) -> float:
        """Distance in Å at which the Fourier transform of the line is negligible."""
        if self.lorentzian == 0.0:
            return super().longest_fringe(sigma)
        return 0.5 * REACH**2 / (FWHM / 2.0 * sigma)  # exp(−γr) as small as the Gaussian at its reach

    def to_table(self) -> dict[str, Any]:
        """Return the numbers; without a shape they are those of this one."""
        return asdict(self)


def line(offset: FloatArray, sigma: FloatArray, lorentzian: float) -> FloatArray:
    """Density of a pseudo-Voigt line.

    Parameters
    ----------
    offset : ndarray, shape (n, m)
        Distance from the line in Å⁻¹.
    sigma : ndarray, shape (n, 1)
        Standard deviation of the Gaussian of the same FWHM, in Å⁻¹.
    lorentzian : float
        Share of the Lorentzian.

    Returns
    -------
    ndarray, shape (n, m)
        In Å; its integral is 1, the Lorentzian being cut at :data:`LORENTZ_REACH` half widths.
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
