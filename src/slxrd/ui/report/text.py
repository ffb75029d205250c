"""Text of a report: rows of the tables, sentences and conventions, without layout."""

from __future__ import annotations

import math
from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass

from slxrd.fitting.record.saved_fit import SavedFit
from slxrd.fitting.result.assessment import LEAST_WIDENING
from slxrd.fitting.result.ensemble import Pieces
from slxrd.fitting.result.fit import Estimate
from slxrd.fitting.result.summary import format_estimate, format_interval
from slxrd.parameters.definitions import STACKING, described, symbol_of


@dataclass(frozen=True)
class Row:
    """Row of the table of results, as text.

    Parameters
    ----------
    symbol, value, interval_68, interval_95, state, why, meaning : str
        Cells of the row.
    open : bool
        Whether there is no value with an error that could be quoted.
    """

    symbol: str
    value: str
    interval_68: str
    interval_95: str
    state: str
    why: str
    meaning: str
    open: bool


def shown(fit: SavedFit) -> dict[str, Estimate]:
    """Return the parameters and derived quantities that apply to a fit, in order."""
    if fit.stack.coherent > 1:
        return {**fit.parameters, **fit.derived}
    both = {**fit.parameters, **{n: e for n, e in fit.derived.items() if n.startswith("thickness")}}
    return {name: estimate for name, estimate in both.items() if name not in STACKING}


def rows(fit: SavedFit) -> list[Row]:
    """Return the rows of the table of results."""
    table = []
    for name, e in shown(fit).items():
        symbol, meaning = described(name)
        if name == "period" and fit.stack.alternating:
            meaning = "superlattice period: both crystals of mean size, and both gaps"
        table.append(
            Row(
                symbol=symbol,
                value=format_estimate(e),
                interval_68=_interval(e, e.interval_68),
                interval_95=_interval(e, e.interval_95),
                state="" if e.status == "determined" else e.status,
                why=e.why,
                meaning=meaning,
                open=e.status not in ("determined", "fixed"),
            )
        )
    return table


def _interval(estimate: Estimate, pieces: Pieces) -> str:
    return f"{format_interval(pieces, estimate.error)} {estimate.unit}" if pieces else "–"


def sentences(fit: SavedFit) -> list[str]:
    """Return one sentence on each refined parameter and the period: whether and how well it is determined."""
    lines = []
    for name, e in shown(fit).items():
        if name in fit.derived and name != "period":
            continue
        symbol = symbol_of(name)
        if e.status == "rejected":
            continue
        if e.status == "determined" and e.value is not None and e.error:
            relative = f", {100.0 * e.error / abs(e.value):.2g} %" if abs(e.value) > 10.0 * e.error else ""
            tied = f" ({e.why})" if e.why else ""
            lines.append(f"{symbol} is determined: {format_estimate(e)}{relative}{tied}.")
        elif e.status == "ambiguous":
            intervals = format_interval(e.interval_95, e.error)
            lines.append(
                f"{symbol} is ambiguous: with 95 % probability it is {intervals} {e.unit}. Do not "
                "quote only one of these values."
            )
        elif e.status in ("lower bound", "upper bound"):
            side = "larger" if e.status == "lower bound" else "smaller"
            lines.append(
                f"Only a limit of {symbol} is determined: it is {side} than {e.value:.3g} {e.unit} (95 %)."
            )
        elif e.status == "at bound":
            lines.append(
                f"{symbol} is at its bound, {e.value:.6g} {e.unit}: {e.why}. "
                "Widen the bound, or check the model."
            )
        elif e.status == "undetermined":
            lines.append(f"{symbol} is not determined: {e.why}.")
        elif name in fit.parameters and e.value is not None:
            lines.append(f"{symbol} was not refined but fixed at {e.value:.6g} {e.unit}".rstrip() + ".")
    return lines


def about_solutions(fit: SavedFit) -> str:
    """Return a sentence on whether the solution is unique."""
    n = len(fit.solutions)
    if n == 1:
        return "All minima of χ² were searched; only one was found, or all others have a much larger χ²."
    if fit.rejected:
        return f"χ² has {n} minima of similar χ²; the best of them does not describe the data."
    near = sum(s.delta_chi2 < fit.ambiguous for s in fit.solutions[1:])
    if near:
        return (
            f"χ² has {n} minima of similar χ², and {near} of them, not counting the first, within "
            f"{fit.ambiguous:.3g} in χ²: the solution is not unique. The first is the most probable; the "
            "probabilities are relative to each other."
        )
    return f"χ² has {n} minima of similar χ²; only the best is within {fit.ambiguous:.3g} in χ²."


def solution_names(fit: SavedFit) -> list[str]:
    """Return the parameters to list for each solution."""
    single = fit.stack.coherent == 1
    return [name for name in fit.solutions[0].values if not (single and name in STACKING)]


def solution_numbers(fit: SavedFit, values: Mapping[str, float], unknown: Container[str]) -> list[str]:
    """Return the values of a solution with the decimals of the result, so that the points are aligned."""
    numbers = []
    for name in solution_names(fit):
        estimate = fit.parameters.get(name)
        error = None if estimate is None else estimate.error
        decimals = 5 if not error else max(0, 1 - math.floor(math.log10(error)))
        numbers.append("–" if name in unknown else f"{values[name]:z.{decimals}f}")
    return numbers


def without_value(fit: SavedFit) -> set[str]:
    """Return the parameters without a determined value; their values in a solution have no meaning."""
    return {
        n for n, e in fit.parameters.items() if e.status in ("undetermined", "lower bound", "upper bound")
    }


def lead(fit: SavedFit) -> str:
    """Return one line on the fitted data and the model."""
    n = len(fit.document["regions"])
    return (
        f"{fit.n_points} points in {n} region{'s' if n > 1 else ''}, {fit.structure}, "
        f"{fit.instrument}, {fit.noise}; {fit.settings}"
    )


def quality(fit: SavedFit) -> str:
    """Return a sentence on χ² and convergence."""
    reduced = "not defined" if math.isnan(fit.reduced_chi2) else f"{fit.reduced_chi2:.3g}"
    return (
        f"χ² = {fit.chi2:.5g}, reduced χ² = {reduced} with the σ of the fit (near 1 if σ and the model are "
        f"correct); {fit.why_stopped}."
    )


def fitted_input(fit: SavedFit) -> list[tuple[str, str | list[str]]]:
    """Return the file, radiation, corrections and metadata of the fitted pattern."""
    pattern = fit.pattern
    rows: list[tuple[str, str | list[str]]] = [("file", pattern.source)]
    request = fit.request
    if request is not None and request.file not in (None, pattern.source):
        rows.append(("opened as", str(request.file)))
    rows.append(
        ("SHA-256", str(pattern.metadata.get("sha256", "not known: the pattern was not read from a file")))
    )
    length = pattern.wavelength
    rows.append(("wavelength", "not known; the axis is q" if length is None else f"{length:.7g} Å"))
    if pattern.second_line is not None:
        rows.append(
            (
                "second line",
                f"{pattern.second_line.wavelength:.7g} Å, {pattern.second_line.ratio:g} as strong",
            )
        )
    rows.append(("corrections", list(pattern.history) or "none"))
    if request is not None and request.reading:
        rows.append(("read with", _listed(request.reading)))
    rows += [(f"in the file: {key}", str(item)) for key, item in pattern.metadata.items() if key != "sha256"]
    return rows


def _listed(mapping: Mapping[str, object]) -> str:
    return ", ".join(f"{key} = {value}" for key, value in mapping.items())


def conventions(fit: SavedFit) -> Iterable[str]:
    """Yield the definitions and conventions of the numbers."""
    yield "Lengths in Å, q = 4π sin θ/λ in Å⁻¹, angles in degrees 2θ. True q = measured q + q₀."
    if fit.stack.coherent > 1:
        yield (
            "L is the distance from the last plane of a crystal to the first plane of the next. σ_L is that "
            "of a single gap: gaps fluctuate independently, so that m gaps together have √m·σ_L. "
            "Programs with one σ at each of the two interfaces of a gap give σ_L/√2."
        )
        yield (
            f"M = {fit.stack.coherent} is the number of crystals that scatter coherently. The C of the 2021 "
            "paper is the number of pairs: M = 2C."
        )
    yield (
        f"N is the number of planes; sizes within {fit.stack.size_window:g} σ_N of N are "
        "included, weighted by "
        + {
            "number": "the area that crystals of a size cover, as in the 2021 paper.",
            "volume": "the number of cubes, which cover an area in proportion to n².",
        }[fit.stack.weighting]
    )
    if fit.stack.coherent > 1 and not fit.stack.mixed:
        yield "Every stack is assumed to consist of crystals of one size, as in the 2021 paper."
    if any(region["weight"] != 1.0 for region in fit.document["regions"]):
        yield (
            "The weight of a region multiplies its contribution to χ², not its residuals. Errors take the "
            "weights into account."
        )
    yield {
        "linear": "Residuals are (measured − calculated)/σ.",
        "log": "Residuals are ln(measured/calculated)·measured/σ.",
        "paper2021": "Residuals are those of the program of 2021: intensities and their derivatives, scaled "
        "to their maxima.",
    }[fit.settings.objective]
    if fit.rejected:
        yield "The model does not describe the data, so that there are no errors and no intervals."
    elif any(e.interval_95 for e in fit.parameters.values()):
        yield (
            "An error is half the width of the 68 % interval. Intervals are the smallest sets that contain "
            "the true value with that probability, from samples of the posterior over all solutions, "
            "for priors "
            "that are flat within the bounds."
        )
    else:
        yield (
            "Errors are those of the covariance at the first solution; samples over all solutions were not "
            "available."
        )
    yield (
        "Reduced χ² is χ² divided by its expectation from noise alone, weights included. "
        + (
            "Errors are not multiplied by its square root."
            if fit.assessment is None or fit.assessment.widening < LEAST_WIDENING
            else "Errors, limits and intervals from noise are widened by a factor of "
            f"{fit.assessment.widening:.3g}."
        )
    )
    yield "A 95 % limit is the value at which χ², with all other parameters refined, has risen by 2.71."
