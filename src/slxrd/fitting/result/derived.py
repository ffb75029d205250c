"""Derived quantities: the superlattice period and the crystal's thickness."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np

from slxrd.fitting.minimise.covariance import Covariance
from slxrd.fitting.result.fit import Estimate
from slxrd.model.sizes import moment_slopes, size_moments
from slxrd.sample.crystal import Crystal
from slxrd.sample.stack import Stack
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


def _surfaces(stack: Stack) -> dict[str, dict[str, float]]:
    """Lengths between outermost atoms: their derivatives by parameter and, under "", a constant."""
    if stack.crystal is None:
        return {}
    following = stack.partner or stack.crystal
    below, above = (_by_period(stack.crystal, end) for end in (0, 1))
    next_below = _by_period(following, 0)
    moved = 1.0 if "shift_surface" in stack.names else 0.0
    next_end = "" if stack.partner is None else "_B"
    gap = {"": -above[0] - next_below[0], "d": -above[1], "shift_surface": -moved}
    for name, share in ((f"d{next_end}", next_below[1]), (f"shift_surface{next_end}", 1.0)):
        gap[name] = gap.get(name, 0.0) - (share if name in stack.names else 0.0)
    return {
        "thickness_of_atoms": {
            "": below[0] + above[0],
            "d": below[1] + above[1],
            "shift_surface": 2.0 * moved,
        },
        "free_gap": {**gap, "L": 1.0},
    }


def _by_period(crystal: Crystal, end: int) -> tuple[float, float]:
    """Distance of the outermost atom from the last plane: a constant in Å, and a fraction of the period."""
    constant = crystal.overhang(0.0)[end]
    return constant, crystal.overhang(1.0)[end] - constant


def with_derived(points: FloatArray, stack: Stack) -> dict[str, FloatArray]:
    """Name the columns of many sets of parameters, and add the derived quantities of each.

    Parameters
    ----------
    points : ndarray, shape (n, p)
        Values of all parameters, in the order of ``stack.names``.
    stack : Stack
        The structure.

    Returns
    -------
    dict of str to ndarray, shape (n,)
        Every parameter, thickness (N−1)·d, thickness_with_surface N·d and period (N−1)·d + L, in Å (of a
        pair, if two crystals alternate); and those of
        :data:`slxrd.parameters.definitions.OF_ATOMS` if the crystals consist of atoms.
    """
    columns = dict(zip(stack.names, points.T, strict=True))
    columns["thickness"] = (columns["N"] - 1.0) * columns["d"]
    columns["thickness_with_surface"] = columns["N"] * columns["d"]
    columns["period"] = columns["thickness"] + columns["L"]
    if stack.alternating:
        wider = columns.get("dL_B", np.zeros(len(points)))
        columns["period"] = columns["period"] + (columns["N_B"] - 1.0) * columns["d_B"] + columns["L"] + wider
    mean, spread = columns["N"], columns["sigma_N"]
    if stack.crystal is not None:
        mean, spread = size_moments(stack, mean, spread)
    for name, parts in _surfaces(stack).items():
        total = np.full(len(points), parts[""])
        if name == "thickness_of_atoms":
            total = total + (mean - 1.0) * columns["d"]
        for part, share in parts.items():
            if part and share:
                total = total + share * columns[part]
        columns[name] = total
    if stack.crystal is not None:
        columns["thickness_spread"] = spread * columns["d"]
    return columns


def derived_quantities(
    parameters: Mapping[str, Estimate], values: Mapping[str, float], errors: Covariance, stack: Stack
) -> dict[str, Estimate]:
    """Calculate the derived quantities of a fit.

    Parameters
    ----------
    parameters : mapping of str to Estimate
        The estimates.
    values : mapping of str to float
        The values at the minimum.
    errors : Covariance
        Of the refined parameters.
    stack : Stack
        The structure.

    Returns
    -------
    dict of str to Estimate
        period (with the mean size N; of a pair, if two crystals alternate), period_of_most_probable (N
        rounded, with the covariance of d and L), period_S13 (the same as the paper quotes it), thickness,
        thickness_with_surface; and those of :data:`slxrd.parameters.definitions.OF_ATOMS`.
    """
    d, L, N = values["d"], values["L"], values["N"]
    error_d, error_L = parameters["d"].error, parameters["L"].error
    S13_value, S13_error = period_S13(d, error_d or 0.0, L, error_L or 0.0, N)
    along = {"d": N - 1.0, "N": d}
    period, surface = {**along, "L": 1.0}, {"d": N, "N": d}
    most_probable = {"d": round(N) - 1.0, "L": 1.0}
    quoted = S13_error if error_d and error_L else None

    def estimate(value: float, slopes: Mapping[str, float]) -> Estimate:
        return _estimate(value, errors.of(slopes), [(n, parameters[n]) for n in slopes], slopes)

    if stack.alternating:
        d_B, N_B = values["d_B"], values["N_B"]
        pair = (N - 1.0) * d + (N_B - 1.0) * d_B + 2.0 * L + values.get("dL_B", 0.0)
        slopes = {**along, "d_B": N_B - 1.0, "N_B": d_B, "L": 2.0}
        derived = {"period": estimate(pair, slopes | ({"dL_B": 1.0} if "dL_B" in values else {}))}
    else:
        whole = _estimate(S13_value, quoted, [(n, parameters[n]) for n in ("d", "N", "L")], most_probable)
        derived = {
            "period": estimate((N - 1.0) * d + L, period),
            "period_of_most_probable": estimate(S13_value, most_probable),
            "period_S13": whole,
        }
    derived["thickness"] = estimate((N - 1.0) * d, along)
    derived["thickness_with_surface"] = estimate(N * d, surface)
    if stack.crystal is None:
        return derived
    (mean,), (spread,) = size_moments(stack, N, values["sigma_N"])
    # A width that has only a limit has no error, so its derivatives are left out.
    of_mean, of_spread = (
        {name: d * slope for name, slope in each.items() if parameters[name].error is not None}
        for each in moment_slopes(stack, N, values["sigma_N"])
    )
    for name, parts in _surfaces(stack).items():
        slopes = {part: share for part, share in parts.items() if part and share}
        value = parts[""] + sum(share * values[part] for part, share in slopes.items())
        if name == "thickness_of_atoms":
            value += (float(mean) - 1.0) * d
            slopes |= {"N": d, **of_mean, "d": slopes.get("d", 0.0) + float(mean) - 1.0}
        derived[name] = estimate(value, slopes)
    slopes = {"sigma_N": d, **of_spread, "d": float(spread)}
    derived["thickness_spread"] = estimate(float(spread) * d, slopes)
    return derived


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
    known = [part.error is not None or part.status == "fixed" for _, part in parts]
    if all(known) and any(part.error for _, part in parts):
        # The profile gives no covariances: the errors are added as if they were independent.
        named = dict(parts)
        combined = math.hypot(*(slopes.get(name, 0.0) * (named[name].error or 0.0) for name in named))
        return Estimate(value, combined, "Å", "determined", "errors of the profile, taken as independent")
    limited = [name for name, part in parts if part.status in ("lower bound", "upper bound")]
    if limited:
        return Estimate(None, None, "Å", "undetermined", f"of {limited[0]} only a limit is known")
    bound = [name for name, part in parts if part.status == "at bound"]
    if bound:
        return Estimate(value, None, "Å", "at bound", f"no error bar: {bound[0]} lies on a bound")
    return Estimate(value, None, "Å", "fixed", "what it is made of is fixed")
