"""Derived quantities: the superlattice period and the crystal's thickness."""

from __future__ import annotations

import math
from collections.abc import Mapping

from slxrd.estimates import Covariance
from slxrd.model import REFINABLE
from slxrd.result import Estimate
from slxrd.units import FloatArray


def period_S13(d: float, error_d: float, L: float, error_L: float, N: float) -> tuple[float, float]:
    """Superlattice period and its error as the paper quotes them.

    Λ = (N_int − 1)·d + L ± √(((N_int − 1)·ε_d)² + ε_L²), Eq. S13 of Toso, Baranov et al., ACS Nano
    2021, 15, 6243. Rounding N makes Λ jump by d, and the covariance of d and L is left out.

    Parameters
    ----------
    d, error_d, L, error_L : float
        Å.
    N : float
        Planes; rounded to the nearest whole number.
    """
    gaps = round(N) - 1
    return gaps * d + L, math.hypot(gaps * error_d, error_L)


def with_derived(points: FloatArray) -> dict[str, FloatArray]:
    """Name the columns of many sets of parameters, and add the derived quantities of each.

    Parameters
    ----------
    points : ndarray, shape (n, 6)
        Values of all parameters, in the order of ``model.REFINABLE``.

    Returns
    -------
    dict of str to ndarray, shape (n,)
        Every parameter, thickness (N−1)·d, thickness_with_surface N·d and period (N−1)·d + L, in Å.
    """
    columns = dict(zip(REFINABLE, points.T, strict=True))
    columns["thickness"] = (columns["N"] - 1.0) * columns["d"]
    columns["thickness_with_surface"] = columns["N"] * columns["d"]
    columns["period"] = columns["thickness"] + columns["L"]
    return columns


def derived_quantities(
    parameters: Mapping[str, Estimate], values: Mapping[str, float], errors: Covariance
) -> dict[str, Estimate]:
    """Work out the derived quantities of a fit.

    Parameters
    ----------
    parameters : mapping of str to Estimate
        The estimates.
    values : mapping of str to float
        The values at the minimum.
    errors : Covariance
        Of the refined parameters.

    Returns
    -------
    dict of str to Estimate
        period (of the mean size, N as it is), period_of_most_probable (N rounded, with the covariance
        of d and L), period_S13 (the same as the paper quotes it), thickness, thickness_with_surface.
    """
    d, L, N = values["d"], values["L"], values["N"]
    error_d, error_L = parameters["d"].error, parameters["L"].error
    S13_value, S13_error = period_S13(d, error_d or 0.0, L, error_L or 0.0, N)
    crystal = [(name, parameters[name]) for name in ("d", "N")]
    stack = [*crystal, ("L", parameters["L"])]
    along = {"d": N - 1.0, "N": d}
    period, surface = {**along, "L": 1.0}, {"d": N, "N": d}
    most_probable = {"d": round(N) - 1.0, "L": 1.0}
    quoted = S13_error if error_d and error_L else None
    return {
        "period": _estimate((N - 1.0) * d + L, errors.of(period), stack, period),
        "period_of_most_probable": _estimate(S13_value, errors.of(most_probable), stack, most_probable),
        "period_S13": _estimate(S13_value, quoted, stack, most_probable),
        "thickness": _estimate((N - 1.0) * d, errors.of(along), crystal, along),
        "thickness_with_surface": _estimate(N * d, errors.of(surface), crystal, surface),
    }


def _estimate(
    value: float,
    error: float | None,
    parts: list[tuple[str, Estimate]],
    slopes: Mapping[str, float],
) -> Estimate:
    unknown = [name for name, part in parts if part.value is None]
    if unknown:
        return Estimate(None, None, "Å", "undetermined", f"{unknown[0]} is not determined")
    if error is not None:
        return Estimate(value, error, "Å")
    if all(part.error is not None for _, part in parts):
        # The covariance is silent where the profile spoke: errors added as if they were independent.
        known = dict(parts)
        along = {"d": slopes["d"], "N": slopes.get("N", 0.0), "L": slopes.get("L", 0.0)}
        combined = math.hypot(*(along[name] * (known[name].error or 0.0) for name in known))
        return Estimate(value, combined, "Å", "determined", "errors of the profile, taken as independent")
    bound = [name for name, part in parts if part.status == "at bound"]
    if bound:
        return Estimate(value, None, "Å", "at bound", f"no error bar: {bound[0]} lies on a bound")
    return Estimate(value, None, "Å", "fixed", "what it is made of is fixed")
