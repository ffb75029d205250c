"""Constants, and the conversions q ↔ 2θ ↔ d, which live here and nowhere else.

Scattering vectors are in Å⁻¹, lengths in Å, and angles in degrees (radians only inside).
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

from slxrd.errors import SlxrdError

FloatArray = NDArray[np.float64]

#: Kα₁ and Kα₂ lines in Å: Hölzer et al., Phys. Rev. A 56, 4554 (1997) for Cr, Fe, Co, Cu;
#: Deslattes et al., Rev. Mod. Phys. 75, 35 (2003) for Mo, Ag.
K_ALPHA_LINES: dict[str, tuple[float, float]] = {
    "Cr": (2.289726, 2.293651),
    "Fe": (1.936041, 1.939973),
    "Co": (1.788996, 1.792835),
    "Cu": (1.540593, 1.544427),
    "Mo": (0.709317, 0.713607),
    "Ag": (0.559422, 0.563813),
}


def _named_wavelengths() -> dict[str, float]:
    table: dict[str, float] = {}
    for anode, (alpha1, alpha2) in K_ALPHA_LINES.items():
        table[f"{anode}Ka1"] = alpha1
        table[f"{anode}Ka2"] = alpha2
        table[f"{anode}Ka"] = (2.0 * alpha1 + alpha2) / 3.0
    return table


#: Wavelengths in Å by name: ``CuKa1``, ``CuKa2`` and ``CuKa`` (the mean of the two lines,
#: weighted 2:1), and likewise for Cr, Fe, Co, Mo and Ag.
WAVELENGTHS: dict[str, float] = _named_wavelengths()


def wavelength(value: float | str) -> float:
    """Wavelength in Å from a number, its text, or the name of an emission line.

    Parameters
    ----------
    value : float or str
        Å, or a name in :data:`WAVELENGTHS` in any case, such as ``"CuKa1"``.

    Returns
    -------
    float
        Wavelength in Å.

    Raises
    ------
    SlxrdError
        If the name is unknown or the number is not positive and finite.
    """
    if isinstance(value, str):
        for name, length in WAVELENGTHS.items():
            if value.strip().lower() == name.lower():
                return length
    try:
        number = float(value)
    except ValueError:
        names = ", ".join(WAVELENGTHS)
        raise SlxrdError(f"wavelength {value!r} is neither a number in Å nor one of {names}") from None
    if not (math.isfinite(number) and number > 0.0):
        raise SlxrdError(f"wavelength {value!r}: must be a positive number of Å")
    return number


def q_from_two_theta(two_theta: ArrayLike, wavelength: float) -> FloatArray:
    """Scattering vector q = 4π sin(θ)/λ in Å⁻¹, from 2θ in degrees and λ in Å."""
    half = np.deg2rad(np.asarray(two_theta, dtype=np.float64)) / 2.0
    return np.asarray(4.0 * np.pi * np.sin(half) / wavelength)


def two_theta_from_q(q: ArrayLike, wavelength: float) -> FloatArray:
    """Scattering angle 2θ in degrees, from q in Å⁻¹ and λ in Å.

    Raises
    ------
    SlxrdError
        If a scattering vector lies beyond 4π/λ, which the wavelength cannot reach.
    """
    sine = np.asarray(q, dtype=np.float64) * wavelength / (4.0 * np.pi)
    if np.any(np.abs(sine) > 1.0):
        limit = 4.0 * np.pi / wavelength
        raise SlxrdError(f"q beyond {limit:.3f} Å⁻¹ cannot be reached with a wavelength of {wavelength:g} Å")
    return np.asarray(2.0 * np.rad2deg(np.arcsin(sine)))


def d_from_q(q: float) -> float:
    """Lattice period d = 2π/q in Å of the first-order Bragg peak at ``q`` in Å⁻¹."""
    return 2.0 * math.pi / q
