"""What a film of finite thickness absorbs, and what a short sample misses of the beam: factors by angle."""

from __future__ import annotations

import math
from typing import Literal, get_args

import numpy as np
from numpy.typing import ArrayLike

from slxrd.errors import SlxrdError
from slxrd.units import FloatArray

#: How the intensity is spread over the width of the beam.
BeamProfile = Literal["box", "gaussian"]


def film_absorption(two_theta: ArrayLike, thickness: float, mu: float) -> FloatArray:
    """Share of the intensity of an infinitely thick film that one of finite thickness gives.

    1 − exp(−2μT/sin θ), for a symmetric θ:2θ scan in reflection: the path through a layer at depth t is
    2t/sin θ.

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
        The factor, of the shape of ``two_theta``. The measured intensity is divided by it.

    Raises
    ------
    SlxrdError
        If an angle is outside its range, or the thickness or coefficient is not positive.
    """
    _positive(thickness, "thickness", "Å")
    _positive(mu, "attenuation coefficient", "1/cm")
    angle = scattering_angle(two_theta, "absorption")
    return np.asarray(-np.expm1(-2.0 * mu * thickness * 1e-8 / np.sin(angle / 2.0)))


def footprint(two_theta: ArrayLike, beam: float, sample: float, profile: BeamProfile = "box") -> FloatArray:
    """Share of the beam that a sample in its middle catches.

    A sample of length ℓ shows ℓ sin θ to the beam. Of an even beam of width w it catches
    min(1, ℓ sin θ/w), of a Gaussian one erf(√(ln 2)·ℓ sin θ/w), w being the full width at half maximum.

    Parameters
    ----------
    two_theta : array_like
        Scattering angle in degrees, between 0 and 180 exclusive.
    beam : float
        Width of the beam across its direction, in the plane of scattering, in mm.
    sample : float
        Length of the sample along the beam, in mm.
    profile : {"box", "gaussian"}
        How the intensity is spread over the beam.

    Returns
    -------
    ndarray
        The factor, of the shape of ``two_theta``. The measured intensity is divided by it.

    Raises
    ------
    SlxrdError
        If an angle is outside its range, a length is not positive, or the profile is unknown.
    """
    _positive(beam, "beam width", "mm")
    _positive(sample, "sample length", "mm")
    shown = sample * np.sin(scattering_angle(two_theta, "footprint") / 2.0) / beam
    if profile == "box":
        return np.minimum(1.0, shown)
    if profile == "gaussian":
        from scipy.special import erf

        return np.asarray(erf(math.sqrt(math.log(2.0)) * shown))
    raise SlxrdError(f"beam profile {profile!r} is not one of {', '.join(get_args(BeamProfile))}")


def scattering_angle(two_theta: ArrayLike, what: str) -> FloatArray:
    """Return 2θ in radians; ``what`` names the correction in the refusal of one beyond 0 to 180°."""
    angle = np.deg2rad(np.asarray(two_theta, dtype=np.float64))
    if not np.all((angle > 0.0) & (angle < np.pi)):
        raise SlxrdError(f"{what}: 2θ must be between 0 and 180°")
    return np.asarray(angle)


def _positive(value: float, what: str, unit: str) -> None:
    if not (math.isfinite(value) and value > 0.0):
        raise SlxrdError(f"{what} {value!r}: must be a positive number of {unit}")
