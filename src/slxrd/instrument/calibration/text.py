"""A measured resolution in words: the table that people read, and what they must know of it."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from slxrd.errors import SlxrdError
from slxrd.instrument.calibration.peaks import Data

if TYPE_CHECKING:
    from slxrd.instrument.calibration.measure import Resolution

#: Where superlattices are usually measured, Å⁻¹.
USUAL = (0.8, 2.5)
#: Reduced χ² beyond which the line is not what it is taken for.
POOR = 2.0
#: A line narrower than this many steps is not well measured.
FEWEST_STEPS = 4.0


def notes(result: Resolution, data: Data) -> list[str]:
    """What a reader must know of a measured resolution.

    Parameters
    ----------
    result : Resolution
        Without these notes.
    data : Data
        What it was fitted to.
    """
    told = []
    if data.noise == "scatter":
        told.append(
            "the intensities are not known to be counts: σ goes as their root, and its scale is such that "
            "reduced χ² is 1, so that χ² does not tell whether the lines are pseudo-Voigt"
        )
    elif data.noise == "counts" and result.pattern.per_count is None:
        told.append("the intensities are taken to be counts, being whole numbers")
    told += _extrapolated(result)
    if result.displacement is not None:
        told.append(
            "a displacement is that of the standard in its holder: it does not hold for other samples"
        )
    told += _line(result)
    if result.missing:
        first = ", ".join(f"({r.hkl.split(', ')[0]})" for r in result.missing[:6])
        more = f" and {len(result.missing) - 6} more" if len(result.missing) > 6 else ""
        told.append(f"too weak to be measured by themselves: {first}{more}")
    return told


def _extrapolated(result: Resolution) -> list[str]:
    told = []
    for q, beyond in zip(USUAL, (USUAL[0] < result.q_range[0], USUAL[1] > result.q_range[1]), strict=True):
        where = "below" if q == USUAL[0] else "above"
        end = result.q_range[0 if q == USUAL[0] else 1]
        if not beyond or 4.0 * math.pi / result.broadening.wavelength <= q:
            continue
        try:
            sigma, error = result.sigma_G(q)
        except SlxrdError:
            told.append(
                f"{where} q = {end:.4g} Å⁻¹ nothing was measured, and U, V and W give no width at {q:g} Å⁻¹: "
                "use one number there, or a standard with a reflection nearby"
            )
            continue
        told.append(
            f"{where} q = {end:.4g} Å⁻¹ the width is extrapolated: σ_G = {with_error(sigma, error)} Å⁻¹ at "
            f"{q:g} Å⁻¹, if U, V and W hold there"
        )
    return told


def _line(result: Resolution) -> list[str]:
    told = []
    share = result.broadening.lorentzian
    if result.errors["lorentzian"] is None:
        told.append(f"the Lorentzian share is at its bound, {share:.3g}, and has no error")
    narrow = min(
        line.fwhm / float(np.median(np.diff(window.two_theta)))
        for line in result.lines
        for window in result.windows
        if window.two_theta[0] < line.two_theta < window.two_theta[-1]
    )
    if narrow < FEWEST_STEPS:
        told.append(f"the narrowest line is {narrow:.2g} steps wide: measure with smaller steps")
    if result.reduced_chi2 > POOR:
        hint = (
            "if Kα₂ reaches the sample, give --wavelength CuKa"
            if result.pattern.second_line is None
            else "if a monochromator keeps Kα₂ out, give --wavelength CuKa1"
        )
        told.append(
            f"reduced χ² is {result.reduced_chi2:.3g}: the lines are not quite pseudo-Voigt (low angles: "
            f"axial divergence), or σ is too small; the errors are those of σ alone; {hint}"
        )
    off = np.array([line.offset for line in result.lines])
    if len(off) > 3 and np.mean((off / [line.offset_error for line in result.lines]) ** 2) > POOR**2:
        told.append(
            f"the lines lie off their places by {np.sqrt(np.mean(off**2)):.2g}° (root mean square), more "
            "than the noise explains: asymmetric lines, another lattice parameter or another wavelength"
        )
    apart = [line.fwhm - float(_curve(result, line.reflection.q)) for line in result.lines]
    if len(apart) > 3:
        pull = np.array(apart) / np.array([line.fwhm_error for line in result.lines])
        if float(np.mean(pull**2)) > POOR**2:
            part = math.sqrt(float(np.mean((np.array(apart) / [line.fwhm for line in result.lines]) ** 2)))
            told.append(
                f"single lines differ from U, V and W by {part:.1%} of their width (root mean square), more "
                "than the noise explains"
            )
    return told


def _curve(result: Resolution, q: float) -> float:
    """Full width at half maximum in degrees of 2θ that U, V and W give."""
    sine = q * result.broadening.wavelength / (4.0 * math.pi)
    tangent = sine / math.sqrt(1.0 - sine**2)
    b = result.broadening
    return math.sqrt(b.U * tangent**2 + b.V * tangent + b.W)


def with_error(value: float, error: float | None) -> str:
    """Write a value with two digits of its error, ``"0.00312 ± 0.00021"``."""
    if error is None:
        return f"{value:.5g}"
    digits = max(0, 1 - math.floor(math.log10(error))) if error > 0.0 else 6
    return f"{value:.{digits}f} ± {error:.{digits}f}"


def summarise(result: Resolution, at: float | None = None) -> str:
    """Write a measured resolution as text.

    Parameters
    ----------
    result : Resolution
        What to tell.
    at : float, optional
        q in Å⁻¹ at which the width is given as one number; that of the first reflection otherwise.
    """
    b, errors = result.broadening, result.errors
    second = result.pattern.second_line
    radiation = f"{b.wavelength:.6g} Å" + ("" if second is None else f" and {second.wavelength:.6g} Å")
    lines = [
        f"{result.pattern.source}",
        f"{result.standard}, {radiation}, {len(result.lines)} reflections, {result.n_points} points",
        "",
    ]
    rows = [(name, getattr(b, name), errors[name], "degrees² of 2θ") for name in "UVW"]
    rows.append(("η", b.lorentzian, errors["lorentzian"], "Lorentzian share"))
    if result.zero is not None:
        rows.append(
            ("zero", result.zero, result.zero_error, f"degrees of 2θ, measured − true; {_as_q_zero(result)}")
        )
    if result.displacement is not None:
        rows.append(
            ("s/R", result.displacement, result.displacement_error, "sample below the axis, of the radius")
        )
    cells = [(name, with_error(value, error), meaning) for name, value, error, meaning in rows]
    wide = max(len(cell[1]) for cell in cells)
    lines += [f"  {name:<5} {value:<{wide}}  {meaning}" for name, value, meaning in cells]
    lines += ["", f"  {'hkl':<16} {'2θ (°)':>9} {'FWHM (°)':>20} {'σ_G (Å⁻¹)':>22} {'U, V, W':>9}"]
    for line in result.lines:
        sigma, _ = result.sigma_G(line.reflection.q)
        lines.append(
            f"  {line.reflection.hkl:<16} {line.two_theta:9.4f} {with_error(line.fwhm, line.fwhm_error):>20} "
            f"{with_error(line.sigma_G, line.sigma_G_error):>22} {sigma:9.5f}"
        )
    place = result.lines[0].reflection.q if at is None else at
    sigma, error = result.sigma_G(place)
    lines += [
        "",
        f"as one number: σ_G = {with_error(sigma, error)} Å⁻¹ at q = {place:.4g} Å⁻¹",
        f"reduced χ² = {result.reduced_chi2:.3g}",
        *(f"! {note}" for note in result.notes),
    ]
    return "\n".join(lines)


def _as_q_zero(result: Resolution) -> str:
    assert result.zero is not None
    q_zero = -2.0 * math.pi / result.broadening.wavelength * math.radians(result.zero)
    return f"q_zero = {q_zero:.3g} Å⁻¹ with --zero angle"
