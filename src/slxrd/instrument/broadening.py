"""Shape and width of the resolution: what a sharp line becomes in the diffractometer."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from slxrd.errors import SlxrdError
from slxrd.units import FloatArray

#: Full width at half maximum of a Gaussian, of its standard deviation.
FWHM = 2.0 * math.sqrt(2.0 * math.log(2.0))
#: A Lorentzian is cut off at so many of its half widths: its tails end somewhere in every diffractometer.
LORENTZ_REACH = 30.0


@dataclass(frozen=True)
class Broadening:
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
