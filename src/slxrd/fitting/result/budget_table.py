"""The error budget as a table."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from slxrd._escape import on_one_line
from slxrd.fitting.result.error_budget import Contribution, ErrorBudget
from slxrd.fitting.result.fit import Estimate, FitResult
from slxrd.parameters.definitions import info

#: Quantities of the columns, in this order, where they have an error.
QUANTITIES = ("d", "L", "sigma_L", "N", "sigma_N", "period", "thickness_with_surface")
#: Symbols of the derived ones.
_SYMBOLS = {"period": "Λ", "thickness_with_surface": "N·d"}
#: Effects of a short table; the others are added up.
SHORT = 2
#: A remedy is named if it would reduce an error to less than this part.
WORTHWHILE = 0.9


def quantities(fit: FitResult) -> tuple[str, ...]:
    """Names of the quantities of a fit whose errors have a budget."""
    if fit.budget is None:
        return ()
    estimates = {**fit.parameters, **fit.derived}
    film = fit.stack.coherent == 1
    names = [name for name in QUANTITIES if name != ("period" if film else "thickness_with_surface")]
    names += [name for name in fit.names if name not in QUANTITIES]
    return tuple(name for name in names if name in fit.budget.total and _has_error(estimates.get(name)))


def _has_error(estimate: Estimate | None) -> bool:
    return estimate is not None and bool(estimate.error)


def symbol(name: str) -> str:
    """Symbol of a quantity."""
    return _SYMBOLS.get(name) or info(name).symbol


def scaled_errors(fit: FitResult, errors: Mapping[str, float], names: Sequence[str]) -> list[float]:
    """Return contributions on the scale of the errors of the estimates, which intervals can make wider.

    Parameters
    ----------
    fit : FitResult
        A fit with a budget.
    errors : mapping of str to float
        Contributions of the budget.
    names : sequence of str
        Quantities.
    """
    assert fit.budget is not None
    estimates = {**fit.parameters, **fit.derived}
    return [errors.get(name, 0.0) * (estimates[name].error or 0.0) / fit.budget.total[name] for name in names]


def budget_rows(
    fit: FitResult, most: int | None = None
) -> tuple[tuple[str, ...], list[tuple[str, list[float]]]]:
    """Return the table of an error budget.

    Parameters
    ----------
    fit : FitResult
        The fit.
    most : int, optional
        Largest number of effects, the largest ones; the others are added up. All by default.

    Returns
    -------
    tuple of str
        The quantities, for the columns; empty without a budget.
    list of (str, list of float)
        Label and errors of each row: noise, the effects, and all together.
    """
    names = quantities(fit)
    if fit.budget is None or not names:
        return (), []
    ranked = ranked_contributions(fit.budget, names)
    shown = ranked if most is None or len(ranked) <= most + 1 else ranked[:most]
    rest = ranked[len(shown) :]
    rows = [("noise", scaled_errors(fit, fit.budget.statistical, names))]
    rows += [(part.label, scaled_errors(fit, part.errors, names)) for part in shown]
    if rest:
        together = {name: math.hypot(*(part.errors.get(name, 0.0) for part in rest)) for name in names}
        rows.append((f"{len(rest)} other effects", scaled_errors(fit, together, names)))
    return names, [*rows, ("all", scaled_errors(fit, fit.budget.total, names))]


def ranked_contributions(budget: ErrorBudget, names: Sequence[str]) -> list[Contribution]:
    """Return the contributions by the largest share of the variance of one quantity, the largest first."""

    def share(part: Contribution) -> float:
        return max(part.errors.get(name, 0.0) / budget.total[name] for name in names)

    return sorted((part for part in budget.contributions if share(part) > 0.0), key=share, reverse=True)


def largest_parts(fit: FitResult) -> dict[str, dict[str, float]]:
    """Return, for each contribution that is the largest of an error, symbols and shares of the variance.

    Parameters
    ----------
    fit : FitResult
        The fit.

    Returns
    -------
    dict of str to dict of str to float
        By labels of contributions; empty without systematic effects.
    """
    if fit.budget is None or not fit.budget.contributions:
        return {}
    found: dict[str, dict[str, float]] = {}
    for name in quantities(fit):
        parts = {part.label: part.errors.get(name, 0.0) for part in fit.budget.contributions}
        parts = {"noise": fit.budget.statistical[name], **parts}
        label = max(parts, key=lambda each: parts[each])
        found.setdefault(label, {})[symbol(name)] = (parts[label] / fit.budget.total[name]) ** 2
    return found


def budget_lines(fit: FitResult, most: int | None = SHORT) -> list[str]:
    """Write the error budget as lines of text; none if the errors are statistical alone.

    Parameters
    ----------
    fit : FitResult
        The fit.
    most : int, optional
        See :func:`budget_rows`.
    """
    names, rows = budget_rows(fit, most)
    if fit.budget is None or not names or not fit.budget.contributions:
        return []
    units = {**fit.parameters, **fit.derived}
    heads = [f"{symbol(name)} {units[name].unit}".rstrip() for name in names]
    cells = [["errors from", *heads], *([label, *map(format_error, errors)] for label, errors in rows)]
    widths = [max(len(row[i]) for row in cells) for i in range(len(heads) + 1)]
    return [
        "  "
        + "  ".join(
            [row[0].ljust(widths[0]), *(c.rjust(w) for c, w in zip(row[1:], widths[1:], strict=True))]
        )
        for row in cells
    ]


def format_error(error: float) -> str:
    """Write an error with two digits, and - for one that is zero."""
    if not error > 0.0:
        return "-"
    digits = max(0, 1 - math.floor(math.log10(error)))
    return f"{error:.{min(digits, 6)}f}" if error >= 1e-6 else f"{error:.0e}"


def remedies(fit: FitResult) -> list[str]:
    """Describe what would reduce the error of each quantity most."""
    lines = []
    for name in quantities(fit):
        assert fit.budget is not None
        part = fit.budget.best_remedy(name)
        if part is None or part.without[name] > WORTHWHILE * fit.budget.total[name]:
            continue
        (now,) = scaled_errors(fit, fit.budget.total, [name])
        (then,) = scaled_errors(fit, part.without, [name])
        lines.append(f"{symbol(name)} ± {format_error(now)} → ± {format_error(then)}: {part.remedy}")
    return lines


def describe_budget(fit: FitResult) -> str:
    """Write the whole error budget as text: the table, the priors, and what would reduce the errors."""
    assert fit.budget is not None
    names = quantities(fit)
    lines = [
        on_one_line(fit.pattern.source),
        "Standard deviations, whose squares add up:",
        "",
        *budget_lines(fit, None),
        "",
        "Sizes of the effects (standard deviations, 0 expected; --systematics NAME=PRIOR changes them):",
    ]
    parts = ranked_contributions(fit.budget, names)
    width = max((len(part.name) for part in parts), default=0)
    for part in parts:
        size = "estimated from the residuals" if math.isnan(part.prior) else f"{part.prior:.3g} {part.unit}"
        lines.append(f"  {part.name.ljust(width)}  {size.rstrip()}")
    reduced = remedies(fit)
    if reduced:
        lines += ["", "What would reduce an error most, with the error then:"]
        lines += [f"  {line}" for line in reduced]
    return "\n".join(lines)
