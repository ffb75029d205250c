"""Corrections of the measured intensity: Pattern → Pattern, each a step in its history."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from slxrd.errors import SlxrdError
from slxrd.pattern import Pattern, Step
from slxrd.units import FloatArray


def lorentz_polarisation(two_theta: ArrayLike, monochromator: float | None = None) -> FloatArray:
    """Lorentz-polarisation factor of a θ:2θ scan.

    Lp = (1 + A cos²2θ) / ((1 + A) sin 2θ), with A = cos²2θ_M behind a monochromator and A = 1
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
        The factor, of the shape of ``two_theta``. The measured intensity is divided by it.

    Raises
    ------
    SlxrdError
        If an angle is outside its range.
    """
    angle = np.deg2rad(np.asarray(two_theta, dtype=np.float64))
    if np.any((angle <= 0.0) | (angle >= np.pi)):
        raise SlxrdError("Lorentz-polarisation: 2θ must be between 0 and 180°")
    a = 1.0
    if monochromator is not None:
        if not 0.0 <= monochromator < 90.0:
            raise SlxrdError(f"monochromator {monochromator!r}: its Bragg angle must be between 0 and 90°")
        a = float(np.cos(2.0 * np.deg2rad(monochromator)) ** 2)
    return np.asarray((1.0 + a * np.cos(angle) ** 2) / ((1.0 + a) * np.sin(angle)))


def correct_lorentz_polarisation(pattern: Pattern, monochromator: float | None = None) -> Pattern:
    """Return the pattern divided by its Lorentz-polarisation factor, σ likewise.

    Parameters
    ----------
    pattern : Pattern
        With a known wavelength where its axis is q.
    monochromator : float, optional
        Bragg angle θ_M of the monochromator in degrees.

    Raises
    ------
    SlxrdError
        If the pattern has had this correction already.
    """
    name = "Lorentz-polarisation"
    if any(step.name == name for step in pattern.history):
        raise SlxrdError(f"{pattern.source}: the Lorentz-polarisation correction was applied already")
    factor = lorentz_polarisation(pattern.two_theta, monochromator)
    details: dict[str, str | float | int] = {
        "monochromator θ_M (°)": "none" if monochromator is None else monochromator
    }
    return pattern.changed(
        Step(name, details),
        intensity=pattern.intensity / factor,
        sigma=None if pattern.sigma is None else pattern.sigma / factor,
        per_count=None if pattern.per_count is None else pattern.per_count / factor,
    )


def counting_statistics(pattern: Pattern) -> Pattern:
    """Return the pattern with σ from counting statistics.

    A point of n counts has σ = √n counts, and σ = 1 count where n < 1; what one count stands for
    is taken from ``pattern.per_count``.

    Parameters
    ----------
    pattern : Pattern
        Of counts: from an instrument's file, or non-negative whole numbers.

    Raises
    ------
    SlxrdError
        If the intensities cannot be counts.
    """
    per_count = pattern.per_count
    if per_count is None:
        whole = np.abs(pattern.intensity - np.round(pattern.intensity)) < 1e-6
        if not (whole.all() and pattern.intensity.max() >= 1.0 and pattern.intensity.min() >= 0.0):
            raise SlxrdError(
                f"{pattern.source}: counting statistics need raw counts (whole numbers, none negative); "
                "give σ as a third column or as a fraction of the maximum instead"
            )
        per_count = np.ones_like(pattern.intensity)
    counts = np.maximum(pattern.intensity / per_count, 1.0)
    return pattern.changed(
        Step("σ from counting statistics"), sigma=per_count * np.sqrt(counts), per_count=per_count
    )
