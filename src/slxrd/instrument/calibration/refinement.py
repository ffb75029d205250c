"""Refinement of a standard's doublets, all together: width, mixing, and what moves the peaks."""

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
from slxrd.instrument.calibration.doublets import CENTRE, CENTRE_2, WIDTH, WIDTH_2, Projected, Window, project
from slxrd.instrument.calibration.peaks import Data, Found, windows
from slxrd.units import FloatArray

#: A line is measured on its own if its height is this many of its errors.
MEASURABLE = 10.0
#: What moves the peaks.
Shift = Literal["auto", "angle", "displacement", "both"]
SHIFTS: tuple[Shift, ...] = ("auto", "angle", "displacement", "both")
#: By this much χ² (over its expectation) must differ for the data to choose between zero and displacement.
BELIEVED = 9.0
#: Reflections that U, V and W need.
FEWEST = 3
#: Degrees between which a full width at half maximum is looked for.
NARROWEST, WIDEST = 1e-4, 100.0
#: How often σ of counts is worked out anew from the curve.
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
        Points minus all that was fitted.
    covariance : ndarray, shape (p, p) or None
        Of ``x``; rows and columns of parameters on a bound are 0. None where the data do not determine all.
    at_bound : ndarray of bool, shape (p,)
        Which parameters lie on a bound.
    parts : tuple of Projected
        What each window leaves.
    """

    x: FloatArray
    chi2: float
    degrees: int
    covariance: FloatArray | None
    at_bound: NDArray[np.bool_]
    parts: tuple[Projected, ...]


def minimise(
    parts_at: Callable[[FloatArray], tuple[Projected, ...]],
    start: FloatArray,
    lower: FloatArray,
    upper: FloatArray,
) -> Refinement:
    """Bounded least squares over windows.

    Parameters
    ----------
    parts_at : callable
        What the windows leave, of parameters of shape (p,).
    start, lower, upper : ndarray, shape (p,)
        Where to begin, and the bounds.
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

    parts: tuple[Projected, ...]

    @property
    def residual(self) -> FloatArray:
        return np.concatenate([part.residual for part in self.parts])

    @property
    def jacobian(self) -> FloatArray:
        return np.vstack([part.jacobian for part in self.parts])


def refine(optics: Optics, pieces: Sequence[Window], ratio: float, start: FloatArray) -> Refinement:
    """Refine what all reflections have in common.

    Parameters
    ----------
    optics : Optics
        What the parameters mean.
    pieces : sequence of Window
        The data.
    ratio : float
        Area of the second line, of that of the first; 0 for none.
    start : ndarray, shape (p,)
        Where to begin.
    """

    def parts(x: FloatArray) -> tuple[Projected, ...]:
        shapes = optics.shapes(x)
        return tuple(project(piece, shapes.of(piece.members), ratio) for piece in pieces)

    lower, upper = np.full(optics.size, -np.inf), np.full(optics.size, np.inf)
    n = optics.n_width
    lower[:n], upper[:n] = 2.0 * math.log(NARROWEST), 2.0 * math.log(WIDEST)
    lower[n], upper[n] = 0.0, 1.0
    done = minimise(parts, start, lower, upper)
    return replace(done, covariance=None) if done.at_bound[:n].any() else done


def refine_data(
    optics: Optics, data: Data, whole: NDArray[np.bool_], ratio: float, start: FloatArray
) -> tuple[Refinement, tuple[Window, ...]]:
    """Refine with windows laid around the lines that ``start`` means.

    Where σ is that of counts it is worked out anew from the fitted curve, √max(expected counts, 1): with σ
    from the counts themselves the low points would weigh too much, which makes peaks too low. Iterated, this
    is the maximum of the Poisson likelihood. Where σ is that of the scatter of neighbouring points, it is
    scaled so that reduced χ² is 1.

    Parameters
    ----------
    optics, ratio, start
        As in :func:`refine`.
    data : Data
        The pattern.
    whole : ndarray of bool, shape (k,)
        Which reflections have windows.
    """
    values = optics.shapes(start).values
    layout = values[:, [CENTRE, CENTRE_2]], values[:, [WIDTH, WIDTH_2]], whole
    pieces = windows(data, *layout)
    done = refine(optics, pieces, ratio, start)
    for _ in range(_ROUNDS if data.per_count is not None else 0):
        assert data.per_count is not None
        sigma = data.sigma.copy()
        for piece, part in zip(pieces, done.parts, strict=True):
            where = np.searchsorted(data.two_theta, piece.two_theta)
            unit = data.per_count[where]
            sigma[where] = unit * np.sqrt(np.maximum(part.curve / unit, 1.0))
        pieces = windows(replace(data, sigma=sigma), *layout)
        done = refine(optics, pieces, ratio, done.x)
    if data.noise == "scatter" and done.degrees > 0:
        sigma = data.sigma * math.sqrt(done.chi2 / done.degrees)
        pieces = windows(replace(data, sigma=sigma), *layout)
        done = refine(optics, pieces, ratio, done.x)
    return done, pieces


def fit_standard(
    data: Data, bragg: FloatArray, whole: NDArray[np.bool_], ratio: float, found: Found, shift: Shift
) -> tuple[Optics, Refinement, tuple[Window, ...], list[str]]:
    """Refine, from one width for all reflections to what the data ask for.

    Parameters
    ----------
    data : Data
        The pattern.
    bragg : ndarray, shape (k, 2)
        2θ in degrees of the reflections, for both lines of the radiation.
    whole : ndarray of bool, shape (k,)
        Which of them are not cut off.
    ratio : float
        Area of the second line, of that of the first; 0 for none.
    found : Found
        Where to begin.
    shift : {"auto", "angle", "displacement", "both"}
        What moves the peaks.

    Returns
    -------
    Optics, Refinement, tuple of Window, list of str
        What was refined, the minimum, the data, and what could not be told.

    Raises
    ------
    SlxrdError
        If the data do not determine widths and positions.
    """
    rough = Optics(bragg, False, True, False)
    pieces = windows(data, bragg + found.moved, np.full(bragg.shape, found.fwhm), whole)
    done = refine(rough, pieces, ratio, rough.start(found.fwhm, 0.5, found.moved))
    strong = sum(
        int(np.sum((part.heights > MEASURABLE * part.height_errors)[list(piece.whole)]))
        for piece, part in zip(pieces, done.parts, strict=True)
    )
    if strong == 0:
        raise SlxrdError(f"{data.source}: no reflection stands out of the noise")
    told = []
    if strong < FEWEST:
        told.append(
            f"U, V and W need {FEWEST} reflections, and {strong} stand{'s' if strong == 1 else ''} out: the "
            "width over 2θ is taken to be the same everywhere (U = V = 0)"
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
            x[: optics.n_width + 1] = _inside(done.x[: optics.n_width + 1], optics.n_width)
            fits[name] = (optics, refine(optics, pieces, ratio, x))
    chosen, remark = _choose({name: fit[1] for name, fit in fits.items()}) if shift == "auto" else (shift, [])
    told += remark
    optics, done = fits[chosen]
    if done.covariance is None and optics.curved:
        told.append("U, V and W cannot be told apart: the width over 2θ is taken to be the same everywhere")
        optics, x = _start(bragg, False, chosen, width, mixing, zero)
        done, pieces = refine_data(optics, data, whole, ratio, x)
    if done.covariance is None:
        raise SlxrdError(f"{data.source}: width and position of the lines are not determined by these data")
    return optics, done, pieces, told


def _start(
    bragg: FloatArray, curved: bool, moved_by: str, width: float, mixing: float, zero: float
) -> tuple[Optics, FloatArray]:
    optics = Optics(bragg, curved, moved_by != "displacement", moved_by in ("displacement", "both"))
    x = optics.start(width, mixing, zero)
    return optics, _inside(x, optics.n_width)


def _inside(x: FloatArray, mixing: int) -> FloatArray:
    """Begin away from the bounds of the mixing, where a search would stick."""
    x = x.copy()
    x[mixing] = min(max(float(x[mixing]), 0.05), 0.95)
    return x


def _choose(fits: Mapping[str, Refinement]) -> tuple[str, list[str]]:
    """Zero error, displacement, or both: what χ² asks for."""
    if len(fits) == 1:
        return "angle", [
            "one reflection: its shift is given as a zero error, and may as well be a displacement"
        ]
    both = fits["both"]
    unit = max(1.0, both.chi2 / max(both.degrees, 1))
    angle, displacement = (fits[name].chi2 / unit for name in ("angle", "displacement"))
    best = min(angle, displacement)
    if best - both.chi2 / unit > BELIEVED and both.covariance is not None:
        return "both", []
    if abs(angle - displacement) > BELIEVED:
        return ("angle", []) if angle < displacement else ("displacement", [])
    return "angle", [
        "zero error and displacement cannot be told apart by these reflections (χ² differs by "
        f"{abs(angle - displacement):.2g}): their common shift is given as a zero error"
    ]
