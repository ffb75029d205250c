"""Derived quantities: the superlattice period and the crystal's thickness."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from slxrd.fitting.minimise.covariance import Covariance
from slxrd.fitting.result.fit import Estimate
from slxrd.fitting.result.length_terms import NO_TERMS, LengthTerms
from slxrd.model.sizes import moment_slopes, size_moments, size_weights
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


#: Below this σ_N, in planes, the mean size may differ from N.
NARROW = 0.7
#: Error of N above which the mean size is not limited to one step.
ONE_STEP = 0.5
#: Derivatives of the mean size below this are zero: all crystals have one size.
LEAST_SLOPE = 1e-3


def _mean_size(stack: Stack, N: float, sigma_N: float, end: str = "") -> tuple[float, dict[str, float]]:
    """Mean number of planes, and its derivatives with respect to N and σ_N where they matter.

    If the distribution is narrow, the mean is a step function of N, smoothed by σ_N.
    """
    if sigma_N >= NARROW:
        return N, {f"N{end}": 1.0}
    weights = size_weights(N, sigma_N, stack.size_window, 0, int(stack.table[f"N{end}"].lower))
    sizes = weights.sizes.astype(np.float64)
    slopes = {f"N{end}": float(weights.d_N @ sizes), f"sigma_N{end}": float(weights.d_sigma_N @ sizes)}
    return float(weights.weights @ sizes), {
        n: slope for n, slope in slopes.items() if abs(slope) > LEAST_SLOPE
    }


def _slopes_of_mean(by_size: Mapping[str, float], N: Estimate, end: str = "") -> dict[str, float]:
    """Return the derivatives of the mean size, 1 by N where N may be uncertain by more than one step."""
    stated = N.status in ("determined", "ambiguous", "fixed")
    return dict(by_size) if stated and (N.error or 0.0) <= ONE_STEP else {f"N{end}": 1.0}


def _known_slopes(
    parameters: Mapping[str, Estimate], slopes: Mapping[str, float], factor: float
) -> dict[str, float]:
    """Multiply derivatives, without those of a width that has no error: that of N contains its effect."""
    return {
        name: factor * slope
        for name, slope in slopes.items()
        if not name.startswith("sigma_") or parameters[name].error is not None
    }


def _mean_sizes(stack: Stack, N: FloatArray, sigma_N: FloatArray, end: str = "") -> FloatArray:
    """Mean numbers of planes of many sets of parameters, each of shape (n,)."""
    mean = N.copy()
    for k in np.flatnonzero(sigma_N < NARROW).tolist():
        mean[k] = _mean_size(stack, float(N[k]), float(sigma_N[k]), end)[0]
    return mean


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
        pair, if two crystals alternate), with the mean size in place of N where σ_N is small; and those of
        :data:`slxrd.parameters.definitions.OF_ATOMS` if the crystals consist of atoms.
    """
    columns = dict(zip(stack.names, points.T, strict=True))
    planes = _mean_sizes(stack, columns["N"], columns["sigma_N"])
    columns["thickness"] = (planes - 1.0) * columns["d"]
    columns["thickness_with_surface"] = planes * columns["d"]
    columns["period"] = columns["thickness"] + columns["L"]
    if stack.alternating:
        wider = columns.get("dL_B", np.zeros(len(points)))
        planes = _mean_sizes(stack, columns["N_B"], columns["sigma_N_B"], "_B")
        columns["period"] = columns["period"] + (planes - 1.0) * columns["d_B"] + columns["L"] + wider
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
    parameters: Mapping[str, Estimate],
    values: Mapping[str, float],
    errors: Covariance,
    stack: Stack,
    terms: LengthTerms = NO_TERMS,
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
    terms : LengthTerms, optional
        Direct terms of systematic effects; none by default.

    Returns
    -------
    dict of str to Estimate
        period (with the mean size N; of a pair, if two crystals alternate), period_of_most_probable (N
        rounded, with the covariance of d and L), period_S13 (the same as the paper quotes it), thickness,
        thickness_with_surface; and those of :data:`slxrd.parameters.definitions.OF_ATOMS`.
    """
    errors = _restated(errors, parameters)
    d, L, N = values["d"], values["L"], values["N"]
    error_d, error_L = parameters["d"].error, parameters["L"].error
    S13_value, S13_error = period_S13(d, error_d or 0.0, L, error_L or 0.0, N)
    planes, by_size = _mean_size(stack, N, values["sigma_N"])
    of_size = _known_slopes(parameters, _slopes_of_mean(by_size, parameters["N"]), d)
    along = {"d": planes - 1.0, **of_size}
    period, surface = {**along, "L": 1.0}, {"d": planes, **of_size}
    most_probable = {"d": round(N) - 1.0, "L": 1.0}
    quoted = S13_error if error_d and error_L else None

    def estimate(length: str, value: float, slopes: Mapping[str, float]) -> Estimate:
        parts = [(name, parameters[name]) for name in slopes if not name.startswith("sigma_N")]
        total = dict(slopes)
        for name, slope in terms.slopes(length).items():
            if parameters[name].error is not None:
                total[name] = total.get(name, 0.0) + slope
        error, spread = errors.of(total), terms.spread(length)
        return _estimate(value, None if error is None else math.hypot(error, spread), parts, slopes, spread)

    if stack.alternating:
        d_B = values["d_B"]
        planes_B, by_size_B = _mean_size(stack, values["N_B"], values["sigma_N_B"], "_B")
        by_size_B = _slopes_of_mean(by_size_B, parameters["N_B"], "_B")
        pair = (planes - 1.0) * d + (planes_B - 1.0) * d_B + 2.0 * L + values.get("dL_B", 0.0)
        slopes = {**along, "d_B": planes_B - 1.0, **_known_slopes(parameters, by_size_B, d_B), "L": 2.0}
        derived = {"period": estimate("period", pair, slopes | ({"dL_B": 1.0} if "dL_B" in values else {}))}
    else:
        whole = _estimate(S13_value, quoted, [(n, parameters[n]) for n in ("d", "N", "L")], most_probable)
        derived = {
            "period": estimate("period", (planes - 1.0) * d + L, period),
            "period_of_most_probable": estimate("period_of_most_probable", S13_value, most_probable),
            "period_S13": whole,
        }
    derived["thickness"] = estimate("thickness", (planes - 1.0) * d, along)
    derived["thickness_with_surface"] = estimate("thickness_with_surface", planes * d, surface)
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
        derived[name] = estimate(name, value, slopes)
    slopes = {"sigma_N": d, **of_spread, "d": float(spread)}
    derived["thickness_spread"] = estimate("thickness_spread", float(spread) * d, slopes)
    return derived


def _restated(errors: Covariance, parameters: Mapping[str, Estimate]) -> Covariance:
    """Scale the covariance to the errors of the estimates, which may be those of the profile.

    Where it is nearly singular, as with σ_N at a bound, its variances are meaningless, and derived quantities
    would not agree with the parameters that they follow from.
    """
    factors = np.ones(len(errors.names))
    for i, name in enumerate(errors.names):
        own, quoted = errors.error(name), parameters[name].error
        if own and quoted:
            factors[i] = quoted / own
    return replace(errors, matrix=errors.matrix * np.outer(factors, factors))


def _estimate(
    value: float,
    error: float | None,
    parts: list[tuple[str, Estimate]],
    slopes: Mapping[str, float],
    spread: float = 0.0,
) -> Estimate:
    unknown = [name for name, part in parts if part.value is None]
    if unknown:
        return Estimate(None, None, "Å", "undetermined", f"{unknown[0]} is not determined")
    limited = [name for name, part in parts if part.status in ("lower bound", "upper bound")]
    if limited:
        return Estimate(None, None, "Å", "undetermined", f"of {limited[0]} only a limit is known")
    bound = [name for name, part in parts if part.status == "at bound"]
    if bound:
        return Estimate(value, None, "Å", "at bound", f"no error bar: {bound[0]} lies on a bound")
    if error is not None:
        return Estimate(value, error, "Å")
    known = [part.error is not None or part.status == "fixed" for _, part in parts]
    if all(known) and any(part.error for _, part in parts):
        # The profile gives no covariances: the errors are added as if they were independent.
        named = dict(parts)
        combined = math.hypot(*(slopes.get(name, 0.0) * (named[name].error or 0.0) for name in named), spread)
        return Estimate(value, combined, "Å", "determined", "errors of the profile, taken as independent")
    return Estimate(value, None, "Å", "fixed", "what it is made of is fixed")
