"""Derived quantities: the superlattice period and the crystal's thickness."""

from __future__ import annotations

import math
from collections.abc import Mapping

from slxrd.estimates import Covariance
from slxrd.result import Estimate


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
    along = {"d": N - 1.0, "N": d}
    error_d, error_L = parameters["d"].error, parameters["L"].error
    S13_value, S13_error = period_S13(d, error_d or 0.0, L, error_L or 0.0, N)
    crystal = [(name, parameters[name]) for name in ("d", "N")]
    stack = [*crystal, ("L", parameters["L"])]
    most_probable = errors.of({"d": round(N) - 1.0, "L": 1.0})
    return {
        "period": _estimate((N - 1.0) * d + L, errors.of({**along, "L": 1.0}), stack),
        "period_of_most_probable": _estimate(S13_value, most_probable, stack),
        "period_S13": _estimate(S13_value, S13_error if error_d and error_L else None, stack),
        "thickness": _estimate((N - 1.0) * d, errors.of(along), crystal),
        "thickness_with_surface": _estimate(N * d, errors.of({"d": N, "N": d}), crystal),
    }


def _estimate(value: float, error: float | None, parts: list[tuple[str, Estimate]]) -> Estimate:
    unknown = [name for name, part in parts if part.value is None]
    if unknown:
        return Estimate(None, None, "Å", "undetermined", f"{unknown[0]} is not determined")
    if error is not None:
        return Estimate(value, error, "Å")
    bound = [name for name, part in parts if part.status == "at bound"]
    if bound:
        return Estimate(value, None, "Å", "at bound", f"no error bar: {bound[0]} lies on a bound")
    return Estimate(value, None, "Å", "fixed", "what it is made of is fixed")
