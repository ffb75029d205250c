"""Constants, and the conversions q ↔ 2θ ↔ d, which live here and nowhere else.

Scattering vectors are in Å⁻¹, lengths in Å, and angles in degrees (radians only inside).
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from slxrd.errors import SlxrdError

FloatArray = NDArray[np.float64]


class SecondLine(NamedTuple):
    """A weaker line of the same radiation, such as Kα₂.

    Parameters
    ----------
    wavelength : float
        Å.
    ratio : float
        Its intensity, of that of the main line; above 0 and at most 1.
    """

    wavelength: float
    ratio: float


class Radiation(NamedTuple):
    """The X-rays that reach the sample: wavelength and second line.

    Parameters
    ----------
    wavelength : float
        Å, of the main line, by which 2θ becomes q.
    second : SecondLine, optional
        The other line, where there is one.
    """

    wavelength: float
    second: SecondLine | None = None


#: Intensity of Kα₂, of Kα₁: the ratio of their transition probabilities is close to 1/2 for every anode.
ALPHA2_RATIO = 0.5

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


def _named() -> dict[str, Radiation]:
    table: dict[str, Radiation] = {}
    for anode, (alpha1, alpha2) in K_ALPHA_LINES.items():
        table[f"{anode}Ka"] = Radiation(alpha1, SecondLine(alpha2, ALPHA2_RATIO))
        table[f"{anode}Ka1"] = Radiation(alpha1)
        table[f"{anode}Ka2"] = Radiation(alpha2)
        table[f"{anode}KaMean"] = Radiation((alpha1 + ALPHA2_RATIO * alpha2) / (1.0 + ALPHA2_RATIO))
    return table


#: Radiation by name: ``CuKa`` is the doublet, ``CuKa1`` and ``CuKa2`` are its lines, ``CuKaMean`` is one
#: line at their weighted mean; and likewise for Cr, Fe, Co, Mo and Ag.
RADIATIONS: dict[str, Radiation] = _named()


def radiation_name(wavelength: float | None, second_line: SecondLine | None) -> float | str | None:
    """Return the name of a radiation, or its wavelength in Å if it has none."""
    known = (wavelength, second_line)
    named = [name for name, used in RADIATIONS.items() if (used.wavelength, used.second) == known]
    return named[0] if named else wavelength


def radiation(value: float | str) -> Radiation:
    """Return the radiation of a wavelength in Å, as a number or text, or of a name.

    Parameters
    ----------
    value : float or str
        Å, or a name in :data:`RADIATIONS` in any case, such as ``"CuKa"`` or ``"CuKa1"``.

    Returns
    -------
    Radiation
        A number gives one line.

    Raises
    ------
    SlxrdError
        If the name is unknown or the number is not positive and finite.
    """
    if isinstance(value, str):
        for name, found in RADIATIONS.items():
            if value.strip().lower() == name.lower():
                return found
    try:
        number = float(value)
    except ValueError:
        names = ", ".join(RADIATIONS)
        raise SlxrdError(f"wavelength {value!r} is neither a number in Å nor one of {names}") from None
    if not (math.isfinite(number) and number > 0.0):
        raise SlxrdError(f"wavelength {value!r}: must be a positive number of Å")
    return Radiation(number)


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
