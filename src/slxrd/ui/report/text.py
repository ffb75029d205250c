"""What a report says of a fit: rows, sentences and conventions, without their layout."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from slxrd.fitting.record.saved_fit import SavedFit
from slxrd.fitting.result.ensemble import Pieces
from slxrd.fitting.result.fit import AMBIGUOUS, Estimate
from slxrd.fitting.result.summary import format_estimate, format_interval
from slxrd.parameters.definitions import STACKING, described, symbol_of


@dataclass(frozen=True)
class Row:
    """A line of the table of results; all of it text.

    Parameters
    ----------
    symbol, value, interval_68, interval_95, state, why, meaning : str
        As they are shown.
    open : bool
        Whether there is no value with an error to be quoted.
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
    """The parameters and derived quantities that mean something for a fit, in order."""
    if fit.stack.coherent > 1:
        return {**fit.parameters, **fit.derived}
    both = {**fit.parameters, **{n: e for n, e in fit.derived.items() if n.startswith("thickness")}}
    return {name: estimate for name, estimate in both.items() if name not in STACKING}


def rows(fit: SavedFit) -> list[Row]:
    """The table of results."""
    told = []
    for name, e in shown(fit).items():
        symbol, meaning = described(name)
        if name == "period" and fit.stack.alternating:
            meaning = "superlattice period: both crystals of mean size, and both gaps"
        told.append(
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
    return told


def _interval(estimate: Estimate, pieces: Pieces) -> str:
    return f"{format_interval(pieces, estimate.error)} {estimate.unit}" if pieces else "–"


def sentences(fit: SavedFit) -> list[str]:
    """What the data tell of each refined parameter and of the period, one sentence each."""
    told = []
    for name, e in shown(fit).items():
        if name in fit.derived and name != "period":
            continue
        symbol = symbol_of(name)
        if e.status == "determined" and e.value is not None and e.error:
            share = f", {100.0 * e.error / abs(e.value):.2g} %" if abs(e.value) > 10.0 * e.error else ""
            tied = f" ({e.why})" if e.why else ""
            told.append(f"{symbol} is determined: {format_estimate(e)}{share}{tied}.")
        elif e.status == "ambiguous":
            where = format_interval(e.interval_95, e.error)
            told.append(
                f"{symbol} is ambiguous: with 95 % probability it is {where} {e.unit}. Do not quote one "
                "value of several."
            )
        elif e.status in ("lower bound", "upper bound"):
            side = "larger" if e.status == "lower bound" else "smaller"
            told.append(
                f"Of {symbol} only a limit is known: it is {side} than {e.value:.3g} {e.unit} (95 %)."
            )
        elif e.status == "at bound":
            told.append(
                f"{symbol} ended on its bound, {e.value:.6g} {e.unit}: {e.why}. Widen the bound, or ask why."
            )
        elif e.status == "undetermined":
            told.append(f"{symbol} is not determined: {e.why}.")
        elif name in fit.parameters and e.value is not None:
            told.append(f"{symbol} was not refined but kept at {e.value:.6g} {e.unit}".rstrip() + ".")
    return told


def about_solutions(fit: SavedFit) -> str:
    """Whether the answer is unique, in words."""
    n = len(fit.solutions)
    if n == 1:
        return "All minima of χ² were searched; one was found, or all others are worse by far."
    near = sum(s.delta_chi2 < AMBIGUOUS for s in fit.solutions[1:])
    if near:
        return (
            f"χ² has {n} minima that are not worse by far, and {near} of them besides the best within "
            f"{AMBIGUOUS:g} in χ²: the answer is not unique. The probabilities are relative to one another."
        )
    return f"χ² has {n} minima that are not worse by far; none but the best is within {AMBIGUOUS:g} in χ²."


def solution_names(fit: SavedFit) -> list[str]:
    """The parameters that are listed for each solution."""
    single = fit.stack.coherent == 1
    return [name for name in fit.solutions[0].values if not (single and name in STACKING)]


def without_value(fit: SavedFit) -> set[str]:
    """The parameters of which the data tell no value; what stands for them in a solution means nothing."""
    return {
        n for n, e in fit.parameters.items() if e.status in ("undetermined", "lower bound", "upper bound")
    }


def lead(fit: SavedFit) -> str:
    """What was fitted, in one line."""
    n = len(fit.document["regions"])
    return (
        f"{fit.n_points} points in {n} region{'s' if n > 1 else ''}, {fit.structure}, "
        f"{fit.instrument}, {fit.noise}; {fit.settings}"
    )


def quality(fit: SavedFit) -> str:
    """χ² in words."""
    reduced = "not defined" if math.isnan(fit.reduced_chi2) else f"{fit.reduced_chi2:.3g}"
    return (
        f"χ² = {fit.chi2:.5g}, reduced χ² = {reduced} (near 1 where σ and the model are right); "
        f"{fit.why_stopped}."
    )


def fitted_input(fit: SavedFit) -> list[tuple[str, str | list[str]]]:
    """The file, its scan, its radiation, and what was done to the numbers."""
    pattern = fit.pattern
    told: list[tuple[str, str | list[str]]] = [("file", pattern.source)]
    request = fit.request
    if request is not None and request.file not in (None, pattern.source):
        told.append(("opened as", str(request.file)))
    told.append(
        ("SHA-256", str(pattern.metadata.get("sha256", "not known: the pattern was not read from a file")))
    )
    length = pattern.wavelength
    told.append(("wavelength", "not known; the axis is q" if length is None else f"{length:.7g} Å"))
    if pattern.second_line is not None:
        told.append(
            (
                "second line",
                f"{pattern.second_line.wavelength:.7g} Å, {pattern.second_line.ratio:g} as strong",
            )
        )
    told.append(("done to the numbers", list(pattern.history) or "nothing"))
    if request is not None and request.reading:
        told.append(("read with", _listed(request.reading)))
    told += [(f"file says: {key}", str(item)) for key, item in pattern.metadata.items() if key != "sha256"]
    return told


def _listed(mapping: Mapping[str, object]) -> str:
    return ", ".join(f"{key} = {value}" for key, value in mapping.items())


def conventions(fit: SavedFit) -> Iterable[str]:
    """How the numbers are meant."""
    yield "Lengths in Å, q = 4π sin θ/λ in Å⁻¹, angles in degrees 2θ. True q = measured q + q₀."
    if fit.stack.coherent > 1:
        yield (
            "L goes from the last plane of a crystal to the first plane of the next. σ_L belongs to each gap "
            "by itself: gaps fluctuate independently, so that two crystals m places apart have √m·σ_L. "
            "Programs with one σ at each of the two interfaces of a gap give σ_L/√2."
        )
        yield (
            f"M = {fit.stack.coherent} counts the crystals that scatter coherently. The C of the 2021 "
            "paper counts pairs: M = 2C."
        )
    yield (
        f"N counts planes; sizes within {fit.stack.size_window:g} σ_N of N are counted, in shares of "
        + {
            "number": "the area that crystals of a size cover, as in the 2021 paper.",
            "volume": "the number of cubes, which cover an area in proportion to n².",
        }[fit.stack.weighting]
    )
    if fit.stack.coherent > 1 and not fit.stack.mixed:
        yield "Every stack is taken to hold crystals of one size, as in the 2021 paper."
    if any(region["weight"] != 1.0 for region in fit.document["regions"]):
        yield (
            "The weight of a region multiplies its share of χ², not its residual. Errors allow for it: a "
            "region of weight 0.1 has the noise that it has."
        )
    yield {
        "linear": "Residuals are (measured − calculated)/σ.",
        "log": "Residuals are ln(measured/calculated)·measured/σ.",
        "paper2021": "Residuals are those of the program of 2021: intensities and their derivatives, scaled "
        "to their maxima.",
    }[fit.settings.objective]
    if any(e.interval_95 for e in fit.parameters.values()):
        yield (
            "An error is half the width of the 68 % interval. Intervals are the smallest sets that hold the "
            "truth with that probability, from samples of the posterior over all solutions, under priors "
            "that are flat within the bounds."
        )
    else:
        yield (
            "Errors are those of the covariance at the best solution; samples over all solutions could not "
            "be had."
        )
    yield (
        "Reduced χ² is χ² over what the noise alone would give, weights included. Errors are not multiplied "
        "by its root."
    )
    yield "Limits of 95 % are where χ², everything else refined, has risen by 2.71."
