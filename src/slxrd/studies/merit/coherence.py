"""Coherence of the beam: whether it, or the slits, limit how many crystals interfere (SI S.f, S14)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from slxrd.errors import SlxrdError
from slxrd.fitting.objective.residuals import Objective
from slxrd.fitting.result.fit import Fit
from slxrd.units import FloatArray

#: Numbers of crystals that are compared, and widths of slits in mm (those of Fig. S5 and their like).
COMPARED = (2, 5, 10, 20, 40, 80, 160)
SLITS = (0.1, 0.3, 1.0, 3.0)
#: Natural width of Cu Kα₁, of its energy: 2.29 eV of 8047.8 eV (Hölzer et al., Phys. Rev. A 1997, 56, 4554).
CU_KALPHA1_WIDTH = 2.29 / 8047.8
#: A curve that changes by more than this many σ somewhere is another curve.
MATTERS = 0.2


def transverse_coherence(wavelength: float, radius: float, slit: float) -> float:
    """Transverse coherence length T₁ = λR/D in Å (SI Eq. S14), for an incoherent source of the slit's width.

    The 24 nm that the SI gives for a slit of 3 mm need R = 467 mm. A parallel-beam diffractometer is more
    coherent than that, as the SI finds.

    Parameters
    ----------
    wavelength : float
        Å.
    radius, slit : float
        R and D in mm.

    Raises
    ------
    SlxrdError
        If a number is not positive.
    """
    for what, value in (("wavelength", wavelength), ("radius", radius), ("slit", slit)):
        if not (math.isfinite(value) and value > 0.0):
            raise SlxrdError(f"{what} {value!r}: must be a positive number")
    return wavelength * radius / slit


def longitudinal_coherence(wavelength: float, relative_width: float = CU_KALPHA1_WIDTH) -> float:
    """Longitudinal coherence length λ²/(2Δλ) in Å, by which paths may differ.

    Parameters
    ----------
    wavelength : float
        Å.
    relative_width : float
        Δλ/λ, full width at half maximum of the line; that of Cu Kα₁ by default.
    """
    if not (math.isfinite(relative_width) and relative_width > 0.0):
        raise SlxrdError(f"line width {relative_width!r}: must be a positive fraction of the wavelength")
    return wavelength / (2.0 * relative_width)


@dataclass(frozen=True)
class Alternative:
    """The fitted curve with another number of coherent crystals, or another slit.

    Parameters
    ----------
    coherent : int
        M.
    slit : float or None
        Width in mm, where slits are compared.
    length : float or None
        T₁ of Eq. S14 in Å, where slits are compared.
    sigma_G : float
        Resolution in Å⁻¹ at the first region.
    deviation : float
        Largest change of the curve, in σ of a point: from the fit's M, at the same resolution.
    delta_chi2 : float
        By how much χ² changes, other parameters kept, scale and background refitted.
    curve : ndarray, shape (n,)
        Of the first region, as fitted or as this slit would show it.
    """

    coherent: int
    slit: float | None
    length: float | None
    sigma_G: float
    deviation: float
    delta_chi2: float
    curve: FloatArray


def compare_coherent(fit: Fit, numbers: Sequence[int] = COMPARED) -> tuple[Alternative, ...]:
    """Compare the fitted curve with those of other numbers of coherent crystals.

    Parameters
    ----------
    fit : Fit
        Of a stack.
    numbers : sequence of int
        Values of M.
    """
    return tuple(_alternative(fit, int(M), fit.instrument.sigma_G, None, None) for M in numbers)


def compare_slits(
    fit: Fit, wavelength: float, radius: float, slits: Sequence[float] = SLITS
) -> tuple[Alternative, ...]:
    """What slits would do: broaden, as they do, and make the beam incoherent, as Eq. S14 has it.

    A slit of width D adds the standard deviation of a box, D/(√12 R), to the angle; the resolution that the
    fit was made with is taken to be without it. S14 would leave M = T₁/Λ crystals.

    Parameters
    ----------
    fit : Fit
        Of a stack whose period is known.
    wavelength : float
        Å.
    radius : float
        Of the diffractometer, in mm.
    slits : sequence of float
        Widths in mm.

    Raises
    ------
    SlxrdError
        If the resolution is a measured one, or the period is not determined.
    """
    period = fit.derived["period"].value
    if period is None:
        raise SlxrdError("slits cannot be compared: the period is not determined")
    if fit.instrument.broadening is not None:
        raise SlxrdError("slits cannot be compared with a measured resolution, which holds its own; give σ_G")
    q = float(np.mean(fit.regions[0].q))
    cosine = math.sqrt(max(1.0 - (q * wavelength / (4.0 * math.pi)) ** 2, 0.0))
    found = []
    for slit in slits:
        length = transverse_coherence(wavelength, radius, slit)
        own = 2.0 * math.pi / wavelength * cosine * slit / radius / math.sqrt(12.0)
        sigma_G = math.hypot(fit.instrument.sigma_G, own)
        found.append(_alternative(fit, max(1, min(round(length / period), 100_000)), sigma_G, slit, length))
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
