"""Measure the resolution of a diffractometer from the pattern of a standard."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from slxrd._arguments import check_arguments
from slxrd._short_repr import short_repr
from slxrd.data.pattern import Pattern
from slxrd.errors import SlxrdError
from slxrd.instrument.broadening import FWHM, Broadening
from slxrd.instrument.calibration.caglioti import Optics, area_mixing
from slxrd.instrument.calibration.doublets import CENTRE, Window
from slxrd.instrument.calibration.peaks import (
    LARGEST_SHIFT,
    CalibrationData,
    calibration_data,
    is_measurable,
    locate_peaks,
)
from slxrd.instrument.calibration.refinement import SHIFTS, Refinement, Shift, fit_standard
from slxrd.instrument.calibration.single_lines import SingleLine, single_lines
from slxrd.instrument.calibration.standards import Reflection, Standard
from slxrd.instrument.calibration.summary import result_notes, summarise
from slxrd.units import FloatArray, two_theta_from_q

#: Range in degrees of 2θ beyond the ends of the pattern whose reflections are included.
BEYOND = 5.0
#: Largest median offset, relative to the width, of the peaks of the standard.
MISPLACED = 0.25
#: Converts 2s/R in degrees to s/R.
_HALF = math.radians(0.5)


@dataclass(frozen=True)
class MeasuredLine:
    """One reflection of the standard, refined individually.

    Parameters
    ----------
    reflection : Reflection
        Indices and certified q in Å⁻¹.
    two_theta : float
        Measured position of the first line in degrees.
    offset, offset_error : float
        Measured position minus that of the common fit in degrees.
    fwhm, fwhm_error : float
        Full width at half maximum in degrees of 2θ.
    sigma_G, sigma_G_error : float
        Standard deviation in Å⁻¹ of the Gaussian of the same FWHM.
    height : float
        Height of the first line in the unit of the pattern.
    """

    reflection: Reflection
    two_theta: float
    offset: float
    offset_error: float
    fwhm: float
    fwhm_error: float
    sigma_G: float
    sigma_G_error: float
    height: float


@short_repr
@dataclass(frozen=True, eq=False)
class Resolution:
    """The resolution of a diffractometer, measured with a standard.

    Parameters
    ----------
    broadening : Broadening
        The result; the argument ``resolution`` of :func:`slxrd.fit`.
    errors : mapping of str to (float or None)
        Standard errors of U, V, W (square degrees) and of the Lorentzian fraction; None for quantities that
        were not refined or are at a bound.
    covariance : ndarray, shape (3, 3)
        Covariance of U, V and W.
    zero, zero_error : float or None
        Zero error of 2θ in degrees, measured minus true; None if not refined.
    displacement, displacement_error : float or None
        s/R, distance of the surface of the standard below the goniometer axis over the radius; None if not
        refined.
    standard : Standard
        The standard.
    lines : tuple of MeasuredLine
        Reflections refined individually.
    missing : tuple of Reflection
        Reflections in the range of the pattern that are too weak for that.
    q_range : (float, float)
        Range of q in Å⁻¹ in which the width was measured.
    reduced_chi2 : float
        χ² over the number of points minus that of parameters.
    n_points : int
        Number of points in the windows.
    windows, curves : tuple
        Fitted data and calculated intensities.
    pattern : Pattern
        The pattern of the standard.
    notes : tuple of str
        Warnings about the result.
    """

    broadening: Broadening
    errors: Mapping[str, float | None]
    covariance: FloatArray
    zero: float | None
    zero_error: float | None
    displacement: float | None
    displacement_error: float | None
    standard: Standard
    lines: tuple[MeasuredLine, ...]
    missing: tuple[Reflection, ...]
    q_range: tuple[float, float]
    reduced_chi2: float
    n_points: int
    windows: tuple[Window, ...]
    curves: tuple[FloatArray, ...]
    pattern: Pattern
    notes: tuple[str, ...] = ()

    def sigma_G(self, q: float) -> tuple[float, float]:
        """Return the standard deviation in Å⁻¹ of the Gaussian of the same FWHM at ``q``, and its error.

        Parameters
        ----------
        q : float
            Å⁻¹.

        Raises
        ------
        SlxrdError
            If FWHM² from U, V and W is not positive at ``q``.
        """
        sigma = float(self.broadening.sigma(np.array([q]))[0])
        sine = q * self.broadening.wavelength / (4.0 * math.pi)
        tangent = sine / math.sqrt(1.0 - sine**2)
        powers = np.array([tangent**2, tangent, 1.0])
        values = np.array([self.broadening.U, self.broadening.V, self.broadening.W])
        # σ is proportional to the square root of FWHM².
        spread = math.sqrt(max(float(powers @ self.covariance @ powers), 0.0))
        return sigma, 0.5 * sigma * spread / float(powers @ values)

    def __str__(self) -> str:
        return summarise(self)


@check_arguments
def measure_resolution(pattern: Pattern, standard: Standard, *, shift: Shift = "auto") -> Resolution:
    """Measure the resolution from the pattern of a standard.

    Pseudo-Voigt doublets on straight backgrounds are fitted over 2θ to all reflections in the range of the
    pattern, with common U, V and W (Caglioti), mixing, zero error and displacement.

    Parameters
    ----------
    pattern : Pattern
        As measured (not corrected), with a known wavelength, and a second line if Kα₂ reaches the sample.
    standard : Standard
        The standard.
    shift : {"auto", "angle", "displacement", "both"}
        Refine a zero error of 2θ, a displacement of the standard, or both; "auto" decides by χ².

    Raises
    ------
    SlxrdError
        If the wavelength is not known, the positions of the peaks are not those of the standard, or the data
        do not determine the resolution.
    """
    if shift not in SHIFTS:
        raise SlxrdError(f"shift {shift!r} is not one of {', '.join(SHIFTS)}")
    data = calibration_data(pattern)
    wavelength, second = pattern.wavelength, pattern.second_line
    if wavelength is None:
        raise SlxrdError(
            f"{pattern.source}: the wavelength is not known; give it (--wavelength CuKa, or in Å)"
        )
    ratio = 0.0 if second is None else second.ratio
    lengths = (wavelength, wavelength if second is None else second.wavelength)
    expected, bragg = _expected(data, standard, lengths)
    found = locate_peaks(data, standard.name, bragg, wavelength)
    whole = is_measurable(data, bragg + found.shift, np.full(bragg.shape, found.fwhm))
    if not whole.any():
        step = float(np.median(np.diff(data.two_theta)))
        raise SlxrdError(
            f"{pattern.source}: no reflection of {standard.name} is complete and has enough points: the "
            f"peaks are {found.fwhm:.2g}° wide, the steps {step:.2g}°"
        )
    optics, done, pieces, notes = fit_standard(data, bragg, whole, ratio, found, shift)
    return _result(pattern, data, standard, expected, whole, optics, done, pieces, ratio, notes)


def _expected(
    data: CalibrationData, standard: Standard, lengths: tuple[float, float]
) -> tuple[list[Reflection], FloatArray]:
    """Return the reflections in and near the range of the pattern, and their 2θ for both lines."""
    low, high = data.two_theta[0] - BEYOND, min(data.two_theta[-1] + BEYOND, 179.9)
    end = 4.0 * math.pi / max(lengths) * math.sin(math.radians(high) / 2.0)
    expected = standard.reflections(end)
    bragg = np.array([two_theta_from_q([r.q for r in expected], length) for length in lengths]).T
    near = np.flatnonzero(bragg[:, 0] > low) if expected else np.zeros(0, int)
    if not np.any((bragg[near, 0] > low + BEYOND) & (bragg[near, 0] < high - BEYOND)):
        raise SlxrdError(
            f"{data.source}: covers 2θ = {data.two_theta[0]:.4g} to {data.two_theta[-1]:.4g}°, where "
            f"{standard.name} has no reflection"
        )
    return [expected[i] for i in near], bragg[near]


def _result(
    pattern: Pattern,
    data: CalibrationData,
    standard: Standard,
    expected: list[Reflection],
    whole: NDArray[np.bool_],
    optics: Optics,
    done: Refinement,
    pieces: tuple[Window, ...],
    ratio: float,
    notes: list[str],
) -> Resolution:
    assert done.covariance is not None
    assert pattern.wavelength is not None
    n = optics.n_width
    (U, V, W), by = optics.caglioti(done.x)
    covariance = by @ done.covariance[:n, :n] @ by.T
    share, slope = area_mixing(float(np.round(done.x[n])) if done.at_bound[n] else float(done.x[n]))
    errors: dict[str, float | None] = {
        name: math.sqrt(covariance[i, i]) if optics.curved or name == "W" else None
        for i, name in enumerate("UVW")
    }
    errors["lorentzian"] = None if done.at_bound[n] else slope * math.sqrt(done.covariance[n, n])
    values = optics.shapes(done.x).values
    singles = single_lines(pieces, done.parts, values, ratio)
    lines = tuple(_line(expected[s.member], s, values, pattern.wavelength) for s in singles)
    if not lines:
        raise SlxrdError(f"{data.source}: no reflection of {standard.name} can be measured individually")
    deviations = np.sqrt(np.diag(done.covariance))
    zero = (float(done.x[n + 1]), float(deviations[n + 1])) if optics.zero else (None, None)
    displacement = (float(done.x[-1]), float(deviations[-1])) if optics.displacement else (None, None)
    _check_standard(pattern, standard, lines, zero[0], displacement[0])
    individual = {s.member for s in singles}
    result = Resolution(
        Broadening(float(U), float(V), float(W), share, pattern.wavelength),
        errors,
        covariance,
        zero[0],
        zero[1],
        None if displacement[0] is None else _HALF * displacement[0],
        None if displacement[1] is None else _HALF * displacement[1],
        standard,
        lines,
        tuple(r for i, r in enumerate(expected) if whole[i] and i not in individual),
        (lines[0].reflection.q, lines[-1].reflection.q),
        done.chi2 / done.degrees if done.degrees > 0 else math.nan,
        sum(piece.two_theta.size for piece in pieces),
        pieces,
        tuple(part.curve for part in done.parts),
        pattern,
    )
    return replace(result, notes=(*notes, *result_notes(result, data)))


def _check_standard(
    pattern: Pattern,
    standard: Standard,
    lines: tuple[MeasuredLine, ...],
    zero: float | None,
    displacement: float | None,
) -> None:
    """Raise SlxrdError for offsets and shifts that indicate another lattice parameter than the standard's."""
    off = float(np.median([abs(line.offset) / line.fwhm for line in lines]))
    problem = ""
    if off > MISPLACED:
        worst = max(lines, key=lambda line: abs(line.offset))
        problem = (
            f"half of them are off by {off:.0%} of their width or more, ({worst.reflection.hkl}) by "
            f"{worst.offset:+.3f}°"
        )
    elif max(abs(zero or 0.0), abs(displacement or 0.0)) > LARGEST_SHIFT:
        shifts = (("zero error", zero), ("displacement 2s/R", displacement))
        problem = "they would need a " + " and a ".join(
            f"{name} of {value:.2g}°" for name, value in shifts if value is not None
        )
    if problem:
        hint = (
            "" if pattern.second_line is not None else ", and does Kα₂ reach the sample (--wavelength CuKa)"
        )
        raise SlxrdError(
            f"{pattern.source}: the peaks are not where {standard.name}'s are: {problem}; is the lattice "
            f"parameter right, and the wavelength, {pattern.wavelength:.6g} Å{hint}?"
        )


def _line(reflection: Reflection, single: SingleLine, values: FloatArray, wavelength: float) -> MeasuredLine:
    theta = math.asin(reflection.q * wavelength / (4.0 * math.pi))
    in_q = 2.0 * math.pi / wavelength * math.cos(theta) * math.radians(1.0) / FWHM
    return MeasuredLine(
        reflection,
        float(values[single.member, CENTRE]) + single.offset,
        single.offset,
        single.offset_error,
        single.fwhm,
        single.fwhm_error,
        in_q * single.fwhm,
        in_q * single.fwhm_error,
        single.height,
    )
