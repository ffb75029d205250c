"""Joint refinement of all reflections of a standard: widths, mixing, zero error and displacement."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from slxrd import _least_squares as least_squares
from slxrd.errors import SlxrdError
from slxrd.instrument.calibration.caglioti import Optics
from slxrd.instrument.calibration.doublets import (
    CENTRE,
    CENTRE_2,
    WIDTH,
    WIDTH_2,
    LinearFit,
    Window,
    fit_linear,
)
from slxrd.instrument.calibration.peaks import CalibrationData, PeakShift, cut_windows
from slxrd.units import FloatArray

#: Smallest height, in standard errors, of a line that is refined individually.
MEASURABLE = 10.0
#: Cause of the shift of the peaks.
Shift = Literal["auto", "angle", "displacement", "both"]
SHIFTS: tuple[Shift, ...] = ("auto", "angle", "displacement", "both")
#: Difference of χ² (for a reduced χ² of 1) that is significant between zero error and displacement.
SIGNIFICANT = 9.0
#: Smallest number of reflections from which U, V and W are refined.
FEWEST = 3
#: Bounds of a full width at half maximum in degrees.
NARROWEST, WIDEST = 1e-4, 100.0
#: Number of times that σ is recomputed from the fitted counts.
_ROUNDS = 3


@dataclass(frozen=True, eq=False)
class Refinement:
    """A minimum of χ².

    Parameters
    ----------
    x : ndarray, shape (p,)
        Parameters.
    chi2 : float
        Sum of squared residuals.
    degrees : int
        Degrees of freedom: number of points minus that of fitted quantities.
    covariance : ndarray, shape (p, p) or None
        Covariance of ``x``, 0 for parameters at a bound. None if the data do not determine all parameters.
    at_bound : ndarray of bool, shape (p,)
        True for parameters at a bound.
    parts : tuple of LinearFit
        Residuals and heights of each window.
    """

    x: FloatArray
    chi2: float
    degrees: int
    covariance: FloatArray | None
    at_bound: NDArray[np.bool_]
    parts: tuple[LinearFit, ...]


def minimise(
    parts_at: Callable[[FloatArray], tuple[LinearFit, ...]],
    start: FloatArray,
    lower: FloatArray,
    upper: FloatArray,
) -> Refinement:
    """Minimise χ² of all windows by bounded least squares.

    Parameters
    ----------
    parts_at : callable
        From parameters, shape (p,), to the residuals of the windows.
    start, lower, upper : ndarray, shape (p,)
        Start values and bounds.
    """
    done = least_squares.minimise(
        lambda x: _Windows(parts_at(x)), start, lower, upper, ftol=1e-12, xtol=1e-10, gtol=1e-12
    )
    final = done.state.parts
    free = ~done.at_bound
    n_points = sum(part.residual.size for part in final)
    n_linear = sum(part.n_linear for part in final)
    information = sum((part.information for part in final), np.zeros((start.size,) * 2))
    determined = not least_squares.undetermined(information, free)
    return Refinement(
        done.x,
        done.chi2,
        n_points - n_linear - int(free.sum()),
        least_squares.covariance(information, free) if determined else None,
        done.at_bound,
        final,
    )


@dataclass(frozen=True, eq=False)
class _Windows:
    """Residuals of all windows, one after the other."""

    parts: tuple[LinearFit, ...]

    @property
    def residual(self) -> FloatArray:
        return np.concatenate([part.residual for part in self.parts])

    @property
    def jacobian(self) -> FloatArray:
        return np.vstack([part.jacobian for part in self.parts])


def refine(optics: Optics, pieces: Sequence[Window], ratio: float, start: FloatArray) -> Refinement:
    """Refine the common parameters of all reflections.

    Parameters
    ----------
    optics : Optics
        Positions and shapes as functions of the parameters.
    pieces : sequence of Window
        The data.
    ratio : float
        Area of the second line relative to the first; 0 without a second line.
    start : ndarray, shape (p,)
        Start values.
    """

    def parts(x: FloatArray) -> tuple[LinearFit, ...]:
        shapes = optics.shapes(x)
        return tuple(fit_linear(piece, shapes.of(piece.members), ratio) for piece in pieces)

    lower, upper = np.full(optics.size, -np.inf), np.full(optics.size, np.inf)
    n = optics.n_width
    lower[:n], upper[:n] = 2.0 * math.log(NARROWEST), 2.0 * math.log(WIDEST)
    lower[n], upper[n] = 0.0, 1.0
    done = minimise(parts, start, lower, upper)
    return replace(done, covariance=None) if done.at_bound[:n].any() else done


def refine_data(
    optics: Optics, data: CalibrationData, whole: NDArray[np.bool_], ratio: float, start: FloatArray
) -> tuple[Refinement, tuple[Window, ...]]:
    """Cut windows around the lines for ``start``, and refine; recompute σ.

    σ of counts is recomputed from the fitted curve, √max(expected counts, 1): with σ from observed counts,
    low points would have too large a weight, and the peaks would be too low. Iteration converges to the
    maximum of the Poisson likelihood. σ from the scatter of neighbouring points is scaled to a reduced χ²
    of 1.

    Parameters
    ----------
    optics, ratio, start
        As in :func:`refine`.
    data : CalibrationData
        The pattern.
    whole : ndarray of bool, shape (k,)
        True for reflections that get a window.

    Returns
    -------
    Refinement, tuple of Window
        The minimum and the fitted data.
    """
    values = optics.shapes(start).values
    layout = values[:, [CENTRE, CENTRE_2]], values[:, [WIDTH, WIDTH_2]], whole
    pieces = cut_windows(data, *layout)
    done = refine(optics, pieces, ratio, start)
    for _ in range(_ROUNDS if data.per_count is not None else 0):
        assert data.per_count is not None
        sigma = data.sigma.copy()
        for piece, part in zip(pieces, done.parts, strict=True):
            where = np.searchsorted(data.two_theta, piece.two_theta)
            unit = data.per_count[where]
            sigma[where] = unit * np.sqrt(np.maximum(part.curve / unit, 1.0))
        pieces = cut_windows(replace(data, sigma=sigma), *layout)
        done = refine(optics, pieces, ratio, done.x)
    if data.noise == "scatter" and done.degrees > 0:
        sigma = data.sigma * math.sqrt(done.chi2 / done.degrees)
        pieces = cut_windows(replace(data, sigma=sigma), *layout)
        done = refine(optics, pieces, ratio, done.x)
    return done, pieces


def fit_standard(
    data: CalibrationData,
    bragg: FloatArray,
    whole: NDArray[np.bool_],
    ratio: float,
    found: PeakShift,
    shift: Shift,
) -> tuple[Optics, Refinement, tuple[Window, ...], list[str]]:
    """Refine a standard: first with one width for all reflections, then with all parameters determined.

    Parameters
    ----------
    data : CalibrationData
        The pattern.
    bragg : ndarray, shape (k, 2)
        2θ in degrees of the reflections, for both lines of the radiation.
    whole : ndarray of bool, shape (k,)
        True for reflections that are completely in the data.
    ratio : float
        Area of the second line relative to the first; 0 without a second line.
    found : PeakShift
        Start values of shift and width.
    shift : {"auto", "angle", "displacement", "both"}
        Refine a zero error of 2θ, a displacement, or both; "auto" decides by χ².

    Returns
    -------
    Optics, Refinement, tuple of Window, list of str
        The refined parametrisation, the minimum, the fitted data, and notes.

    Raises
    ------
    SlxrdError
        If the data do not determine widths and positions.
    """
    rough = Optics(bragg, False, True, False)
    pieces = cut_windows(data, bragg + found.shift, np.full(bragg.shape, found.fwhm), whole)
    done = refine(rough, pieces, ratio, rough.start(found.fwhm, 0.5, found.shift))
    strong = sum(
        int(np.sum((part.heights > MEASURABLE * part.height_errors)[list(piece.whole)]))
        for piece, part in zip(pieces, done.parts, strict=True)
    )
    if strong == 0:
        raise SlxrdError(f"{data.source}: no reflection is above the noise")
    notes = []
    if strong < FEWEST:
        notes.append(
            f"U, V and W need {FEWEST} reflections, and {strong} {'is' if strong == 1 else 'are'} above the "
            "noise: a constant width over 2θ is assumed (U = V = 0)"
        )
    width, mixing, zero = math.exp(done.x[0] / 2.0), float(done.x[1]), float(done.x[2])
    curved = strong >= FEWEST
    widest: str = ("both" if strong > 1 else "angle") if shift == "auto" else shift
    start = _start(bragg, curved, widest, width, mixing, zero)
    first = refine(start[0], pieces, ratio, start[1])
    done, pieces = refine_data(start[0], data, whole, ratio, first.x)
    fits: dict[str, tuple[Optics, Refinement]] = {widest: (start[0], done)}
    if widest == "both" and shift == "auto":
        for name in ("angle", "displacement"):
            optics, x = _start(bragg, curved, name, width, mixing, zero)
            x[: optics.n_width + 1] = _off_bounds(done.x[: optics.n_width + 1], optics.n_width)
            fits[name] = (optics, refine(optics, pieces, ratio, x))
    chosen, more = (
        _choose_shift({name: fit[1] for name, fit in fits.items()}) if shift == "auto" else (shift, [])
    )
    notes += more
    optics, done = fits[chosen]
    if done.covariance is None and optics.curved:
        notes.append("U, V and W cannot be separated: a constant width over 2θ is assumed")
        optics, x = _start(bragg, False, chosen, width, mixing, zero)
        done, pieces = refine_data(optics, data, whole, ratio, x)
    if done.covariance is None:
        raise SlxrdError(f"{data.source}: width and position of the lines are not determined by these data")
    return optics, done, pieces, notes


def _start(
    bragg: FloatArray, curved: bool, moved_by: str, width: float, mixing: float, zero: float
) -> tuple[Optics, FloatArray]:
    optics = Optics(bragg, curved, moved_by != "displacement", moved_by in ("displacement", "both"))
    x = optics.start(width, mixing, zero)
    return optics, _off_bounds(x, optics.n_width)


def _off_bounds(x: FloatArray, mixing: int) -> FloatArray:
    """Move the mixing away from its bounds, where a minimisation would not start."""
    x = x.copy()
    x[mixing] = min(max(float(x[mixing]), 0.05), 0.95)
    return x


def _choose_shift(fits: Mapping[str, Refinement]) -> tuple[str, list[str]]:
    """Choose zero error, displacement or both by χ², with notes."""
    if len(fits) == 1:
        return "angle", [
            "one reflection: its shift is given as a zero error, but may be a displacement as well"
        ]
    both = fits["both"]
    unit = max(1.0, both.chi2 / max(both.degrees, 1))
    angle, displacement = (fits[name].chi2 / unit for name in ("angle", "displacement"))
    best = min(angle, displacement)
    if best - both.chi2 / unit > SIGNIFICANT and both.covariance is not None:
        return "both", []
    if abs(angle - displacement) > SIGNIFICANT:
        return ("angle", []) if angle < displacement else ("displacement", [])
    return "angle", [
        "zero error and displacement cannot be separated with these reflections (χ² differs by "
        f"{abs(angle - displacement):.2g}): their common shift is given as a zero error"
    ]
