"""Correction factors of the intensity by angle: Lorentz-polarisation, film absorption, footprint."""

from __future__ import annotations

import math
from typing import Literal, get_args

import numpy as np
from numpy.typing import ArrayLike

from slxrd.errors import SlxrdError
from slxrd.units import FloatArray

#: Intensity profile across the beam.
BeamProfile = Literal["box", "gaussian"]


def lorentz_polarisation(two_theta: ArrayLike, monochromator: float | None = None) -> FloatArray:
    """Lorentz-polarisation factor of a θ:2θ scan.

    Lp = (1 + A cos²2θ) / ((1 + A) sin 2θ), with A = cos²2θ_M for a monochromator and A = 1
    without one (Toso, Baranov et al., ACS Nano 2021, 15, 6243, SI section S.q).

    Parameters
    ----------
    two_theta : array_like
        Scattering angle in degrees, between 0 and 180 exclusive.
    monochromator : float, optional
        Bragg angle θ_M of the monochromator crystal in degrees (not 2θ_M); None without one.

    Returns
    -------
    ndarray
        The factor, of the shape of ``two_theta``, by which the measured intensity is divided.

    Raises
    ------
    SlxrdError
        If an angle is outside its range.
    """
    angle = _radians(two_theta, "Lorentz-polarisation")
    a = 1.0
    if monochromator is not None:
        if not 0.0 <= monochromator < 90.0:
            raise SlxrdError(f"monochromator {monochromator!r}: its Bragg angle must be between 0 and 90°")
        a = float(np.cos(2.0 * np.deg2rad(monochromator)) ** 2)
    return np.asarray((1.0 + a * np.cos(angle) ** 2) / ((1.0 + a) * np.sin(angle)))


def film_absorption(two_theta: ArrayLike, thickness: float, mu: float) -> FloatArray:
    """Intensity of a film of finite thickness relative to an infinitely thick one.

    1 − exp(−2μT/sin θ) for a symmetric θ:2θ scan in reflection, where the path to depth t and back is
    2t/sin θ (B. D. Cullity, Elements of X-ray Diffraction, section on absorption in a diffractometer).

    Parameters
    ----------
    two_theta : array_like
        Scattering angle in degrees, between 0 and 180 exclusive.
    thickness : float
        T in Å.
    mu : float
        Linear attenuation coefficient in 1/cm.

    Returns
    -------
    ndarray
        The factor, of the shape of ``two_theta``, by which the measured intensity is divided.

    Raises
    ------
    SlxrdError
        If an angle is outside its range, or the thickness or coefficient is not positive.
    """
    _positive(thickness, "thickness", "Å")
    _positive(mu, "attenuation coefficient", "1/cm")
    angle = _radians(two_theta, "absorption")
    return np.asarray(-np.expm1(-2.0 * mu * thickness * 1e-8 / np.sin(angle / 2.0)))


def footprint(two_theta: ArrayLike, beam: float, sample: float, profile: BeamProfile = "box") -> FloatArray:
    """Fraction of the beam that hits a centred sample.

    The projection of a sample of length ℓ is ℓ sin θ. The fraction is min(1, ℓ sin θ/w) for a uniform beam
    of width w, and erf(√(ln 2)·ℓ sin θ/w) for a Gaussian beam of full width at half maximum w.

    Parameters
    ----------
    two_theta : array_like
        Scattering angle in degrees, between 0 and 180 exclusive.
    beam : float
        Width of the beam in the scattering plane, perpendicular to its direction, in mm.
    sample : float
        Length of the sample along the beam, in mm.
    profile : {"box", "gaussian"}
        Intensity profile across the beam.

    Returns
    -------
    ndarray
        The factor, of the shape of ``two_theta``, by which the measured intensity is divided.

    Raises
    ------
    SlxrdError
        If an angle is outside its range, a length is not positive, or the profile is unknown.
    """
    _positive(beam, "beam width", "mm")
    _positive(sample, "sample length", "mm")
    projected = sample * np.sin(_radians(two_theta, "footprint") / 2.0) / beam
    if profile == "box":
        return np.minimum(1.0, projected)
    if profile == "gaussian":
        from scipy.special import erf

        return np.asarray(erf(math.sqrt(math.log(2.0)) * projected))
    raise SlxrdError(f"beam profile {profile!r} is not one of {', '.join(get_args(BeamProfile))}")


def _radians(two_theta: ArrayLike, what: str) -> FloatArray:
    """Convert 2θ to radians; ``what`` names the correction in the error for angles outside 0 to 180°."""
    angle = np.deg2rad(np.asarray(two_theta, dtype=np.float64))
    if not np.all((angle > 0.0) & (angle < np.pi)):
        raise SlxrdError(f"{what}: 2θ must be between 0 and 180°")
    return np.asarray(angle)


def _positive(value: float, what: str, unit: str) -> None:
    if not (math.isfinite(value) and value > 0.0):
        raise SlxrdError(f"{what} {value!r}: must be a positive number in {unit}")
