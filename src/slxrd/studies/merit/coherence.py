"""Coherence of the beam, and how much the number of coherent crystals matters (SI S.f, Eq. S14)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from slxrd._arguments import check_arguments
from slxrd._short_repr import short_repr
from slxrd.errors import SlxrdError
from slxrd.fitting.objective.residuals import Objective
from slxrd.fitting.result.fit import Fit
from slxrd.units import FloatArray

#: Numbers of coherent crystals to compare, and widths of slits in mm (those of Fig. S5 and similar ones).
COMPARED = (2, 5, 10, 20, 40, 80, 160)
SLITS = (0.1, 0.3, 1.0, 3.0)
#: Relative natural width of Cu Kα₁: 2.29 eV of 8047.8 eV (Hölzer et al., Phys. Rev. A 1997, 56, 4554).
CU_KALPHA1_WIDTH = 2.29 / 8047.8
#: Largest change of a curve, in σ of a point, that does not matter.
NEGLIGIBLE = 0.2


@check_arguments
def transverse_coherence(wavelength: float, radius: float, slit: float) -> float:
    """Return the transverse coherence length T₁ = λR/D in Å (SI Eq. S14), for an incoherent source.

    The 24 nm that the SI gives for a slit of 3 mm correspond to R = 467 mm. The beam of a parallel-beam
    diffractometer is more coherent, as the SI finds.

    Parameters
    ----------
    wavelength : float
        Wavelength λ in Å.
    radius, slit : float
        Radius R of the diffractometer and width D of the slit, in mm.

    Raises
    ------
    SlxrdError
        If an argument is not positive.
    """
    for name, value in (("wavelength", wavelength), ("radius", radius), ("slit", slit)):
        if not (math.isfinite(value) and value > 0.0):
            raise SlxrdError(f"{name} {value!r}: must be a positive number")
    return wavelength * radius / slit


@check_arguments
def longitudinal_coherence(wavelength: float, relative_width: float = CU_KALPHA1_WIDTH) -> float:
    """Return the longitudinal coherence length λ²/(2Δλ) in Å, the largest path difference that interferes.

    Parameters
    ----------
    wavelength : float
        Wavelength λ in Å.
    relative_width : float
        Δλ/λ, with Δλ the full width at half maximum of the line; by default that of Cu Kα₁.

    Raises
    ------
    SlxrdError
        If the width is not positive.
    """
    if not (math.isfinite(relative_width) and relative_width > 0.0):
        raise SlxrdError(f"line width {relative_width!r}: must be a positive fraction of the wavelength")
    return wavelength / (2.0 * relative_width)


@short_repr
@dataclass(frozen=True)
class Alternative:
    """Fitted curve with another number of coherent crystals, or another slit.

    Parameters
    ----------
    coherent : int
        Number M of coherent crystals.
    slit : float or None
        Width of the slit in mm, if slits are compared.
    length : float or None
        T₁ of Eq. S14 in Å, if slits are compared.
    sigma_G : float
        Resolution in Å⁻¹ in the first region.
    deviation : float
        Largest deviation from the curve with the M of the fit at the same resolution, in σ of a point.
    delta_chi2 : float
        Change of χ² with the other parameters fixed, and scale and background refitted.
    curve : ndarray, shape (n,)
        Intensity in the first region; for a slit, with its resolution and the M of the fit.
    """

    coherent: int
    slit: float | None
    length: float | None
    sigma_G: float
    deviation: float
    delta_chi2: float
    curve: FloatArray


@check_arguments
def compare_coherent(fit: Fit, numbers: Sequence[int] = COMPARED) -> tuple[Alternative, ...]:
    """Compare the fitted curve with those of other numbers of coherent crystals.

    Parameters
    ----------
    fit : Fit
        Fit of a stack.
    numbers : sequence of int
        Values of M.

    Returns
    -------
    tuple of Alternative
        One for each value of M.
    """
    return tuple(_alternative(fit, int(M), fit.instrument.sigma_G, None, None) for M in numbers)


@check_arguments
def compare_slits(
    fit: Fit, wavelength: float, radius: float, slits: Sequence[float] = SLITS
) -> tuple[Alternative, ...]:
    """Compare slits, which broaden the curve and reduce the coherence of the beam (SI Eq. S14).

    A slit of width D adds the standard deviation of a box, D/(√12 R), to the angle; the resolution of the
    fit is taken to be without it. By Eq. S14, M = T₁/Λ crystals scatter coherently.

    Parameters
    ----------
    fit : Fit
        Fit of a stack whose period is determined.
    wavelength : float
        Wavelength in Å.
    radius : float
        Radius of the diffractometer in mm.
    slits : sequence of float
        Widths in mm.

    Returns
    -------
    tuple of Alternative
        One for each slit.

    Raises
    ------
    SlxrdError
        If the resolution is a measured one, the period is not determined, or the wavelength is too long.
    """
    period = fit.derived["period"].value
    if period is None:
        raise SlxrdError("slits cannot be compared: the period is not determined")
    if fit.instrument.broadening is not None:
        raise SlxrdError(
            "slits cannot be compared with a measured resolution, which includes its own slit; give σ_G"
        )
    q = float(np.mean(fit.regions[0].q))
    sine = q * wavelength / (4.0 * math.pi)
    if not 0.0 < sine <= 1.0:
        raise SlxrdError(f"wavelength {wavelength:g} Å: q = {q:.4g} Å⁻¹ cannot be measured with it")
    cosine = math.sqrt(1.0 - sine**2)
    found = []
    for slit in slits:
        length = transverse_coherence(wavelength, radius, slit)
        own = 2.0 * math.pi / wavelength * cosine * slit / radius / math.sqrt(12.0)
        sigma_G = math.hypot(fit.instrument.sigma_G, own)
        coherent = max(1, round(min(length / period, 1e5)))
        found.append(_alternative(fit, coherent, sigma_G, slit, length))
    return tuple(found)


def _objective(fit: Fit, coherent: int, sigma_G: float) -> Objective:
    model = fit.objective.model
    stack = replace(model.stack, coherent=coherent)
    instrument = model.instrument
    if instrument.broadening is None:
        instrument = replace(instrument, sigma_G=sigma_G)
    return Objective(replace(model, stack=stack, instrument=instrument), fit.objective.data, fit.settings)


def _alternative(
    fit: Fit, coherent: int, sigma_G: float, slit: float | None, length: float | None
) -> Alternative:
    values = fit.minima[0].values
    own = _objective(fit, fit.stack.coherent, sigma_G)
    other = _objective(fit, max(coherent, 2), sigma_G)
    one = [part.fitted for part in own.evaluate(values).parts]
    two = [part.fitted for part in other.evaluate(values).parts]
    changes = [np.max(np.abs(a.calculated - b.calculated) / a.sigma) for a, b in zip(one, two, strict=True)]
    delta = other.chi2(values) - own.chi2(values)
    shown = one[0] if slit is not None else two[0]
    return Alternative(coherent, slit, length, sigma_G, float(max(changes)), float(delta), shown.calculated)
