"""Text summary of a measured resolution, with notes on its quality."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from slxrd._escape import on_one_line
from slxrd.errors import SlxrdError
from slxrd.instrument.calibration.peaks import CalibrationData

if TYPE_CHECKING:
    from slxrd.instrument.calibration.measure import Resolution

#: Range in Å⁻¹ in which superlattices are usually measured.
USUAL_RANGE = (0.8, 2.5)
#: Reduced χ² above which a note is made.
POOR = 2.0
#: Smallest width of a well measured line in steps.
FEWEST_STEPS = 4.0


def result_notes(result: Resolution, data: CalibrationData) -> list[str]:
    """Return notes on limits and quality of a measured resolution.

    Parameters
    ----------
    result : Resolution
        The result, without notes.
    data : CalibrationData
        The fitted points.
    """
    notes = []
    if data.noise == "scatter":
        notes.append(
            "the intensities are not known to be counts: σ is proportional to their square root and scaled "
            "to a reduced χ² of 1, so that χ² is no test of the pseudo-Voigt shape"
        )
    elif data.noise == "counts" and result.pattern.per_count is None:
        notes.append("the intensities are assumed to be counts, as they are whole numbers")
    notes += _extrapolation_notes(result)
    if result.displacement is not None:
        notes.append(
            "a displacement is that of the standard in its holder: it does not hold for other samples"
        )
    notes += _line_notes(result)
    if result.missing:
        first = ", ".join(f"({r.hkl.split(', ')[0]})" for r in result.missing[:6])
        more = f" and {len(result.missing) - 6} more" if len(result.missing) > 6 else ""
        notes.append(f"too weak to be measured individually: {first}{more}")
    return notes


def _extrapolation_notes(result: Resolution) -> list[str]:
    notes = []
    low, high = USUAL_RANGE
    for q, beyond in ((low, low < result.q_range[0]), (high, high > result.q_range[1])):
        where = "below" if q == low else "above"
        end = result.q_range[0 if q == low else 1]
        if not beyond or 4.0 * math.pi / result.broadening.wavelength <= q:
            continue
        try:
            sigma, error = result.sigma_G(q)
        except SlxrdError:
            notes.append(
                f"{where} q = {end:.4g} Å⁻¹ nothing was measured, and U, V and W give no width at {q:g} Å⁻¹: "
                "use one number there, or a standard with a reflection nearby"
            )
            continue
        notes.append(
            f"{where} q = {end:.4g} Å⁻¹ the width is extrapolated: σ_G = {with_error(sigma, error)} Å⁻¹ at "
            f"{q:g} Å⁻¹, if U, V and W hold there"
        )
    return notes


def _line_notes(result: Resolution) -> list[str]:
    notes = []
    share = result.broadening.lorentzian
    if result.errors["lorentzian"] is None:
        notes.append(f"the Lorentzian fraction is at its bound, {share:.3g}, and has no error")
    narrow = min(
        line.fwhm / float(np.median(np.diff(window.two_theta)))
        for line in result.lines
        for window in result.windows
        if window.two_theta[0] < line.two_theta < window.two_theta[-1]
    )
    if narrow < FEWEST_STEPS:
        notes.append(f"the narrowest line is {narrow:.2g} steps wide: measure with smaller steps")
    if result.reduced_chi2 > POOR:
        hint = (
            "if Kα₂ reaches the sample, give --wavelength CuKa"
            if result.pattern.second_line is None
            else "if a monochromator removes Kα₂, give --wavelength CuKa1"
        )
        notes.append(
            f"reduced χ² is {result.reduced_chi2:.3g}: the lines are not quite pseudo-Voigt (low angles: "
            f"axial divergence), or σ is too small; the errors are from σ alone; {hint}"
        )
    off = np.array([line.offset for line in result.lines])
    if len(off) > 3 and np.mean((off / [line.offset_error for line in result.lines]) ** 2) > POOR**2:
        notes.append(
            f"the lines are off their expected positions by {np.sqrt(np.mean(off**2)):.2g}° (root mean "
            "square), more than the noise explains: asymmetric lines, another lattice parameter or another "
            "wavelength"
        )
    apart = [line.fwhm - float(_curve(result, line.reflection.q)) for line in result.lines]
    if len(apart) > 3:
        pull = np.array(apart) / np.array([line.fwhm_error for line in result.lines])
        if float(np.mean(pull**2)) > POOR**2:
            part = math.sqrt(float(np.mean((np.array(apart) / [line.fwhm for line in result.lines]) ** 2)))
            notes.append(
                f"single lines differ from U, V and W by {part:.1%} of their width (root mean square), more "
                "than the noise explains"
            )
    return notes


def _curve(result: Resolution, q: float) -> float:
    """Return the full width at half maximum in degrees of 2θ from U, V and W."""
    sine = q * result.broadening.wavelength / (4.0 * math.pi)
    tangent = sine / math.sqrt(1.0 - sine**2)
    b = result.broadening
    return math.sqrt(b.U * tangent**2 + b.V * tangent + b.W)


def with_error(value: float, error: float | None) -> str:
    """Format a value with two digits of its error, ``"0.00312 ± 0.00021"``."""
    if error is None:
        return f"{value:.5g}"
    digits = max(0, 1 - math.floor(math.log10(error))) if error > 0.0 else 6
    return f"{value:.{digits}f} ± {error:.{digits}f}"


def summarise(result: Resolution, at: float | None = None) -> str:
    """Return a measured resolution as text.

    Parameters
    ----------
    result : Resolution
        The result.
    at : float, optional
        q in Å⁻¹ at which the width is given as one number; by default, that of the first reflection.
    """
    b, errors = result.broadening, result.errors
    second = result.pattern.second_line
    radiation = f"{b.wavelength:.6g} Å" + ("" if second is None else f" and {second.wavelength:.6g} Å")
    lines = [
        on_one_line(result.pattern.source),
        f"{result.standard}, {radiation}, {len(result.lines)} reflections, {result.n_points} points",
        "",
    ]
    rows = [(name, getattr(b, name), errors[name], "degrees² of 2θ") for name in "UVW"]
    rows.append(("η", b.lorentzian, errors["lorentzian"], "Lorentzian fraction"))
    if result.zero is not None:
        rows.append(
            ("zero", result.zero, result.zero_error, f"degrees of 2θ, measured − true; {_as_q_zero(result)}")
        )
    if result.displacement is not None:
        rows.append(
            ("s/R", result.displacement, result.displacement_error, "sample below the axis, over the radius")
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
