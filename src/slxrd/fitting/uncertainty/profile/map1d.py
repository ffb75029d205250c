"""χ² along one parameter: sections (other parameters fixed) and profiles (other parameters refined).

The 2021 paper shows sections (SI Figs. S6 and S13). Where parameters are correlated a section is narrower
than the uncertainty; errors follow from the profile.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike

from slxrd._arguments import check_arguments
from slxrd._local_maxima import prominent_maxima
from slxrd._short_repr import short_repr
from slxrd.errors import SlxrdError
from slxrd.fitting.minimise.covariance import noise_scale
from slxrd.fitting.minimise.least_squares import minimise, prior_chi2
from slxrd.fitting.result.fit import Fit
from slxrd.fitting.uncertainty.profile.constrained import check_axis, check_refined
from slxrd.fitting.uncertainty.profile.interval import rise_at
from slxrd.fitting.uncertainty.profile.likelihood import default_axis, profile
from slxrd.units import FloatArray

#: Points of a section and of a profile, in addition to those close to the solutions.
SECTION_POINTS, PROFILE_POINTS, PROFILE_POINTS_L = 121, 33, 57
#: A local minimum counts if χ² rises by this much on both sides.
_DEPTH = 0.05

Progress = Callable[[int, int], None]


@short_repr
@dataclass(frozen=True)
class Chi2Curve:
    """χ² along a parameter.

    Parameters
    ----------
    values, chi2 : ndarray, shape (m,)
        Values of the parameter, increasing, in the table's unit, and χ².
    minima : tuple of (float, float)
        Value and χ² of each local minimum, refined between the points.
    """

    values: FloatArray
    chi2: FloatArray
    minima: tuple[tuple[float, float], ...]


@short_repr
@dataclass(frozen=True)
class Map1D:
    """χ² along one parameter.

    Parameters
    ----------
    fit : Fit
        The fit.
    name : str
        The parameter.
    section : Chi2Curve
        Curve with the other parameters fixed at the best solution.
    profile : Chi2Curve or None
        Curve with the other parameters refined, from all solutions; None if it was not calculated.
    rises : (float, float)
        Rise of χ² at 68 % and 95 %, scaled for the weights as in
        :mod:`slxrd.fitting.uncertainty.profile.interval`.
    """

    fit: Fit = field(repr=False)
    name: str
    section: Chi2Curve
    profile: Chi2Curve | None
    rises: tuple[float, float]


def section(fit: Fit, name: str, values: ArrayLike | None = None) -> Chi2Curve:
    """Calculate χ² along one parameter, the others fixed at the best solution, and ties applied.

    Parameters
    ----------
    fit : Fit
        The fit.
    name : str
        A refined parameter.
    values : array_like, shape (m,), optional
        At least 3 values within the bounds. By default 121, and more near the minima.

    Raises
    ------
    SlxrdError
        If the parameter was not refined or the values are invalid.
    """
    from scipy.optimize import minimize_scalar

    at = section_chi2(fit, name)
    axis = default_axis(fit, name, SECTION_POINTS) if values is None else check_axis(fit, name, values)
    chi2 = np.array([at(value) for value in axis.tolist()])
    minima: list[tuple[float, float]] = []
    for i in _minima(chi2, fit, name, axis):
        found = minimize_scalar(
            at, bounds=(axis[max(i - 1, 0)], axis[min(i + 1, axis.size - 1)]), method="bounded",
            options={"xatol": 1e-4 * (axis[-1] - axis[0]) / axis.size},
        )  # fmt: skip
        better = found.fun < chi2[i]
        minima.append((float(found.x if better else axis[i]), float(found.fun if better else chi2[i])))
    return _with_minima(axis, chi2, minima)


@check_arguments
def chi2_map(
    fit: Fit,
    name: str,
    values: ArrayLike | None = None,
    *,
    profiled: bool = True,
    report: Progress | None = None,
) -> Map1D:
    """Calculate χ² along one parameter: section and profile.

    Parameters
    ----------
    fit : Fit
        The fit, with all its solutions.
    name : str
        A refined parameter.
    values : array_like, shape (m,), optional
        Values for both curves; by default each has its own.
    profiled : bool
        Whether to calculate the profile, which takes longer.
    report : callable, optional
        Called with points of the profile done and points in all.

    Raises
    ------
    SlxrdError
        If the parameter was not refined or the values are invalid.
    """
    scale = noise_scale(fit.minima[0], name) if name in fit.names else 1.0
    kept = section(fit, name, values)
    refined = None
    if profiled:
        axis = values
        if axis is None:
            points = PROFILE_POINTS_L if name == "L" else PROFILE_POINTS
            axis = default_axis(fit, name, points, [value for value, _ in kept.minima])
        refined = _profile_curve(fit, name, axis, report)
    return Map1D(fit, name, kept, refined, (rise_at(0.68) * scale, rise_at(0.95) * scale))


def _profile_curve(fit: Fit, name: str, values: ArrayLike, report: Progress | None) -> Chi2Curve:
    """Calculate a profile, and refine its local minima with the parameter free."""
    found = profile(fit, name, values, report)
    axis, chi2, minima = found.values, found.chi2, []
    for i in _minima(chi2, fit, name, axis):
        here = {other: float(along[i]) for other, along in found.all_values.items() if other in fit.names}
        released = minimise(fit.objective, fit.minima[0].parameters.start(**here), 1e-9)
        place = released.values[name]
        inside = axis[max(i - 1, 0)] <= place <= axis[min(i + 1, axis.size - 1)]
        better = inside and released.chi2 <= chi2[i]
        minima.append((place, released.chi2) if better else (float(axis[i]), float(chi2[i])))
    return _with_minima(axis, chi2, minima)


def _with_minima(axis: FloatArray, chi2: FloatArray, minima: list[tuple[float, float]]) -> Chi2Curve:
    """Insert the minima among the points, so that a drawn curve includes them."""
    axis = np.concatenate([[value for value, _ in minima], axis])
    axis, order = np.unique(axis, return_index=True)
    return Chi2Curve(axis, np.concatenate([[height for _, height in minima], chi2])[order], tuple(minima))


@check_arguments
def chi2_maps(
    fit: Fit, names: Iterable[str] | None = None, *, profiled: bool = True, report: Progress | None = None
) -> tuple[Map1D, ...]:
    """Calculate χ² along several parameters, by default all refined ones; see :func:`chi2_map`.

    Parameters
    ----------
    fit : Fit
        The fit, with all its solutions.
    names : iterable of str, optional
        Refined parameters.
    profiled : bool
        Whether to calculate profiles.
    report : callable, optional
        Called with maps done and maps in all. A KeyboardInterrupt ends the run; the finished maps are
        returned.

    Raises
    ------
    SlxrdError
        If a parameter was not refined, or none was.
    """
    chosen = tuple(fit.names if names is None else names)
    if not chosen:
        raise SlxrdError("no parameter was refined, so there is nothing to map")
    for name in chosen:
        check_refined(fit, name)
    maps: list[Map1D] = []
    try:
        for done, name in enumerate(chosen):
            maps.append(chi2_map(fit, name, profiled=profiled))
            if report is not None:
                report(done + 1, len(chosen))
    except KeyboardInterrupt:
        if not maps:
            raise
    return tuple(maps)


def section_chi2(fit: Fit, *names: str) -> Callable[..., float]:
    """Return χ² as a function of some parameters, the others fixed at the best solution."""
    parameters = fit.minima[0].parameters

    def chi2(*held: float) -> float:
        kept = parameters.fix(**dict(zip(names, held, strict=True)))
        values, _ = kept.resolve(kept.vector())
        return fit.objective.chi2(values) + prior_chi2(parameters, values)

    return chi2


def _minima(chi2: FloatArray, fit: Fit, name: str, axis: FloatArray) -> list[int]:
    """Indices of the local minima; at an end of the axis only where that is the parameter's bound."""
    row = fit.minima[0].parameters[name]
    before = np.inf if axis[0] > row.lower else -chi2.max()
    after = np.inf if axis[-1] < row.upper else -chi2.max()
    found, _ = prominent_maxima(np.concatenate([[before], -chi2, [after]]), _DEPTH)
    return [int(i) - 1 for i in found]
