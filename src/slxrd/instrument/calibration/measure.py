"""The instrument's resolution, measured from a standard: what a sharp line becomes at every angle."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from slxrd.data.pattern import Pattern
from slxrd.errors import SlxrdError
from slxrd.instrument.broadening import FWHM, Broadening
from slxrd.instrument.calibration.caglioti import Optics, area_mixing
from slxrd.instrument.calibration.doublets import CENTRE, Window
from slxrd.instrument.calibration.peaks import MOST_MOVED, Data, find, measured, prepare
from slxrd.instrument.calibration.refinement import SHIFTS, Refinement, Shift, fit_standard
from slxrd.instrument.calibration.single_lines import SingleLine, single_lines
from slxrd.instrument.calibration.standards import Reflection, Standard
from slxrd.instrument.calibration.text import notes, summarise
from slxrd.units import FloatArray, two_theta_from_q

#: Degrees of 2θ beyond the ends of the pattern at which a reflection may still reach into it.
BEYOND = 5.0
#: Peaks that lie further than this part of their width from where they should are those of something else.
MISPLACED = 0.25
#: s/R, of 2s/R in degrees.
_HALF = math.radians(0.5)


@dataclass(frozen=True)
class MeasuredLine:
    """What one reflection of the standard shows.

    Parameters
    ----------
    reflection : Reflection
        Indices and certified q in Å⁻¹.
    two_theta : float
        Where its first line was found, in degrees.
    offset, offset_error : float
        Of that from the common fit, in degrees.
    fwhm, fwhm_error : float
        Full width at half maximum of its own, in degrees of 2θ.
    sigma_G, sigma_G_error : float
        The same as the standard deviation of a Gaussian of this FWHM, in Å⁻¹.
    height : float
        Of its first line, in the pattern's unit.
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


@dataclass(frozen=True, eq=False)
class Resolution:
    """A diffractometer's line, as a standard showed it.

    Parameters
    ----------
    broadening : Broadening
        To be given to :func:`slxrd.fit` as ``resolution``.
    errors : mapping of str to (float or None)
        Standard deviations of U, V, W (square degrees) and of the Lorentzian share; None for what was not
        refined or lies on a bound.
    covariance : ndarray, shape (3, 3)
        Of U, V and W.
    zero, zero_error : float or None
        Zero error of 2θ in degrees, measured minus true; None where none was refined.
    displacement, displacement_error : float or None
        s/R, the distance of the standard's surface below the goniometer axis over its radius.
    standard : Standard
        What was measured.
    lines : tuple of MeasuredLine
        Reflections measured one by one.
    missing : tuple of Reflection
        Those in the range of the pattern that are too weak to be measured by themselves.
    q_range : (float, float)
        Between which q the width is measured, Å⁻¹.
    reduced_chi2 : float
        χ² over points minus parameters.
    n_points : int
        Points in the windows.
    windows, curves : tuple
        What was fitted, and the calculated intensities.
    pattern : Pattern
        Where it comes from.
    notes : tuple of str
        What the reader must know.
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
        """Standard deviation in Å⁻¹ of a Gaussian as wide as the line at ``q``, and its error.

        Raises
        ------
        SlxrdError
            If U, V and W give no width there.
        """
        sigma = float(self.broadening.sigma(np.array([q]))[0])
        sine = q * self.broadening.wavelength / (4.0 * math.pi)
        tangent = sine / math.sqrt(1.0 - sine**2)
        powers = np.array([tangent**2, tangent, 1.0])
        values = np.array([self.broadening.U, self.broadening.V, self.broadening.W])
        # σ goes as the root of FWHM².
        spread = math.sqrt(max(float(powers @ self.covariance @ powers), 0.0))
        return sigma, 0.5 * sigma * spread / float(powers @ values)

    def __str__(self) -> str:
        return summarise(self)


def measure_resolution(pattern: Pattern, standard: Standard, *, shift: Shift = "auto") -> Resolution:
    """Measure the resolution from the pattern of a standard.

    Around all reflections in the pattern's range, pseudo-Voigt doublets on straight backgrounds are
    fitted over 2θ, with the same U, V and W (Caglioti), mixing, zero error and displacement for all.

    Parameters
    ----------
    pattern : Pattern
        As it was measured, with a known wavelength, and its second line where Kα₂ reaches the sample.
    standard : Standard
        What was measured.
    shift : {"auto", "angle", "displacement", "both"}
        What moves the peaks: a zero error of 2θ, the standard's height, or both; auto: what the data ask
        for.

    Raises
    ------
    SlxrdError
        If the wavelength is not known, or the peaks are not where the standard's are.
    """
    if shift not in SHIFTS:
        raise SlxrdError(f"shift {shift!r} is not one of {', '.join(SHIFTS)}")
    data = prepare(pattern)
    wavelength, second = pattern.wavelength, pattern.second_line
    if wavelength is None:
        raise SlxrdError(
            f"{pattern.source}: the wavelength is not known; give it (--wavelength CuKa, or in Å)"
        )
    ratio = 0.0 if second is None else second.ratio
    lengths = (wavelength, wavelength if second is None else second.wavelength)
    expected, bragg = _expected(data, standard, lengths)
    found = find(data, standard.name, bragg, wavelength)
    whole = measured(data, bragg + found.moved, np.full(bragg.shape, found.fwhm))
    if not whole.any():
        step = float(np.median(np.diff(data.two_theta)))
        raise SlxrdError(
            f"{pattern.source}: no reflection of {standard.name} is whole and has points enough: the peaks "
            f"are {found.fwhm:.2g}° wide, the steps {step:.2g}°"
        )
    optics, done, pieces, told = fit_standard(data, bragg, whole, ratio, found, shift)
    return _conclude(pattern, data, standard, expected, whole, optics, done, pieces, ratio, told)


def _expected(
    data: Data, standard: Standard, lengths: tuple[float, float]
) -> tuple[list[Reflection], FloatArray]:
    """Reflections in the range of the pattern and a little beyond, and where both lines have them (2θ)."""
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


def _conclude(
    pattern: Pattern,
    data: Data,
    standard: Standard,
    expected: list[Reflection],
    whole: NDArray[np.bool_],
    optics: Optics,
    done: Refinement,
    pieces: tuple[Window, ...],
    ratio: float,
    told: list[str],
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
        raise SlxrdError(f"{data.source}: no reflection of {standard.name} can be measured by itself")
    at = np.sqrt(np.diag(done.covariance))
    zero = (float(done.x[n + 1]), float(at[n + 1])) if optics.zero else (None, None)
    low = (float(done.x[-1]), float(at[-1])) if optics.displacement else (None, None)
    _see_that_it_is(pattern, standard, lines, zero[0], low[0])
    shown = {s.member for s in singles}
    result = Resolution(
        Broadening(float(U), float(V), float(W), share, pattern.wavelength),
        errors,
        covariance,
        zero[0],
        zero[1],
        None if low[0] is None else _HALF * low[0],
        None if low[1] is None else _HALF * low[1],
        standard,
        lines,
        tuple(r for i, r in enumerate(expected) if whole[i] and i not in shown),
        (lines[0].reflection.q, lines[-1].reflection.q),
        done.chi2 / done.degrees if done.degrees > 0 else math.nan,
        sum(piece.two_theta.size for piece in pieces),
        pieces,
        tuple(part.curve for part in done.parts),
        pattern,
    )
    return replace(result, notes=(*told, *notes(result, data)))


def _see_that_it_is(
    pattern: Pattern,
    standard: Standard,
    lines: tuple[MeasuredLine, ...],
    zero: float | None,
    displacement: float | None,
) -> None:
    """Refuse what only looks like the standard: shifts can imitate another lattice parameter."""
    off = float(np.median([abs(line.offset) / line.fwhm for line in lines]))
    told = ""
    if off > MISPLACED:
        worst = max(lines, key=lambda line: abs(line.offset))
        told = (
            f"half of them lie off by {off:.0%} of their width or more, ({worst.reflection.hkl}) by "
            f"{worst.offset:+.3f}°"
        )
    elif max(abs(zero or 0.0), abs(displacement or 0.0)) > MOST_MOVED:
        shifts = (("zero error", zero), ("displacement 2s/R", displacement))
        told = "they would need a " + " and a ".join(
            f"{name} of {value:.2g}°" for name, value in shifts if value is not None
        )
    if told:
        hint = (
            "" if pattern.second_line is not None else ", and does Kα₂ reach the sample (--wavelength CuKa)"
        )
        raise SlxrdError(
            f"{pattern.source}: the peaks are not where {standard.name}'s are: {told}; is the lattice "
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
