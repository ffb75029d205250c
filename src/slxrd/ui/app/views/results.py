"""Results of a fit as HTML: the assessment, the values of the chosen solution, notes."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence

from slxrd._escape import html_text as escape
from slxrd.fitting.record.kept_followup import KeptBootstrap
from slxrd.fitting.record.saved_fit import SavedFit
from slxrd.fitting.result.assessment import AS_PROBABLE, Assessment
from slxrd.fitting.result.fit import Estimate
from slxrd.fitting.result.summary import format_estimate, format_interval
from slxrd.parameters.definitions import STACKING, TABLE, described, symbol_of
from slxrd.ui.app.plots.stack import period_of
from slxrd.ui.app.state.messages import name_page_fields
from slxrd.ui.app.state.shown import Shown
from slxrd.ui.report.text import without_value
from slxrd.ui.symbols_html import symbol_html, text_html

_MEANING = {
    "period": "superlattice period",
    "thickness": "thickness, (N−1)·d",
    "thickness_with_surface": "thickness, N planes",
}
#: Signs and colours of the grades, of which the words beside them do not depend.
_GRADES = {"describes": ("✓", "#1a8a5f"), "systematic": ("≈", "#b37400"), "rejected": ("✗", "#c62f24")}
_WORDS = {
    "describes": "describes the data",
    "systematic": "systematic residuals",
    "rejected": "model rejected",
}
_NOT_UNIQUE = "<b>Not unique:</b> several solutions fit nearly as well."
#: Decimals of the values in the list of solutions.
_DECIMALS = {"L": 2, "N": 2, "sigma_L": 3, "d": 4}
#: A symbol with an index.
_INDEXED = re.compile(r"σ_\w+")
#: Length of a comment that stands beside a value; a longer one stands below it.
BESIDE = 24


def probability_text(probability: float) -> str:
    """Write a probability in per cent."""
    return f"{100.0 * probability:.1f} %" if probability > 5e-4 else "< 0.1 %"


def banner_html(shown: Shown) -> str:
    """Return the assessment of the fit, and what is shown if that is not its result; empty without a fit."""
    result = shown.result
    if result is None:
        return ""
    sign, colour = "", "#888888"
    parts = []
    if result.assessment is not None:
        sign, colour = _GRADES[result.assessment.grade]
        parts.append(f"<b>{sign} {text_html(name_page_fields(result.assessment.headline))}</b>")
        rivals = [each.name for each in result.assessment.rivals if each.log_odds < AS_PROBABLE]
        if rivals and not result.rejected:
            parts.append(f"<b>As probable:</b> {text_html(name_page_fields('; '.join(rivals)))}.")
    if not result.unique and not result.rejected:
        parts.append(_NOT_UNIQUE)
    n = len(result.solutions)
    if shown.moved:
        parts.append("Sliders were moved: curve, ticks and stack are not those of the fit.")
    elif shown.solution > 0:
        chance = "" if result.rejected else f", probability {_probability(result, shown.solution)}"
        parts.append(
            f"Solution {shown.solution + 1} of {n} is shown{chance}; the most probable is solution 1."
        )
    return _box(colour, parts)


def _box(colour: str, parts: Sequence[str]) -> str:
    return (
        f"<div role='status' style='border-left:8px solid {colour};background:{colour}26;padding:6px 16px;"
        f"font-size:13px'>{' &nbsp; '.join(parts)}</div>"
    )


def assessment_html(assessment: Assessment, unique: bool) -> str:
    """Return the assessment of a fit in colour and words, and whether other solutions fit nearly as well."""
    sign, colour = _GRADES[assessment.grade]
    parts = [f"<b>{sign} {text_html(name_page_fields(assessment.headline))}</b>"]
    return _box(colour, [*parts, *([] if unique or assessment.rejected else [_NOT_UNIQUE])])


def grade_html(result: SavedFit | None) -> str:
    """Return the assessment in one word and its colour; empty without a fit."""
    if result is None or result.assessment is None:
        return ""
    sign, colour = _GRADES[result.assessment.grade]
    return (
        f"<span style='border:1px solid {colour};background:{colour}26;border-radius:12px;padding:2px 12px;"
        f"white-space:nowrap'>{sign} {_WORDS[result.assessment.grade]}</span>"
    )


def _probability(result: SavedFit, solution: int) -> str:
    return escape(probability_text(result.solutions[solution].probability))


def solution_lines(result: SavedFit) -> tuple[str, dict[str, int]]:
    """Return the header, and one line for each solution with its index, in columns."""
    names = [n for n in ("L", "N", "sigma_L", "d") if n in result.solutions[0].values]
    if result.stack.coherent == 1:
        names = [n for n in names if n not in STACKING]
    headings = [TABLE[n].symbol + (f" ({TABLE[n].unit})" if TABLE[n].unit == "Å" else "") for n in names]
    lines, unknown = {}, without_value(result)
    for i, one in enumerate(result.solutions):
        values = ["–" if n in unknown else f"{one.values[n]:.{_DECIMALS[n]}f}" for n in names]
        probability = "–" if result.rejected else probability_text(one.probability)
        lines[_columns(str(i + 1), probability, f"{one.delta_chi2:.1f}", values)] = i
    return _columns("", "prob.", "Δχ²", headings), lines


def _columns(number: str, probability: str, delta: str, values: Sequence[str]) -> str:
    # Browsers join several spaces in a list; non-breaking spaces stay.
    line = f"{number:>2} {probability:>7} {delta:>6}" + "".join(f"{value:>8}" for value in values)
    return line.replace(" ", "\u00a0")


def columns_html(header: str) -> str:
    """Typeset the symbols of a header in letters of equal width, at the width that they have as text."""
    return _INDEXED.sub(
        lambda found: (
            f"<span style='display:inline-block;width:{len(found[0])}ch;text-align:right;height:1em'>"
            f"{symbol_html(found[0])}</span>"
        ),
        escape(header),
    )


def estimates_html(result: SavedFit, solution: int) -> str:
    """Return the table of values: of the result, or of another solution, which has no errors.

    Parameters
    ----------
    result : SavedFit
        The fit.
    solution : int
        Number of the solution, from 0.
    """
    found = quantities_of(result)
    values = None if solution == 0 else _values_of(result, solution)
    decimals = max((_split(each)[1] for each in found.values()), default=0)
    rows = []
    for name, estimate in found.items():
        said = ("determined", "ambiguous", "undetermined", *(("fixed",) if estimate.why else ()))
        comment: list[str] = [] if estimate.status in said else [estimate.status]
        if estimate.why and not result.rejected:
            comment.append(name_page_fields(estimate.why))
        if values is not None and estimate.value is not None and not result.rejected:
            cells, comment = _number(values.get(name), _split(estimate)[1], decimals, "", estimate.unit), []
        else:
            cells = _cells(estimate, decimals)
        plain = "; ".join(comment) or _MEANING.get(name, "")
        note = text_html(plain)
        beside = note if len(plain) <= BESIDE else ""
        edge = " class=open" if note and not beside else ""
        rows.append(
            f"<tr{edge}><td title='{escape(described(name)[1], quote=True)}'>"
            f"{symbol_html(symbol_of(name))}</td>{cells}<td class=muted>{beside}</td></tr>"
        )
        if edge:
            rows.append(f"<tr><td></td><td colspan=4 class=muted>{note}</td></tr>")
    if result.rejected:
        head = "no result"
    elif solution == 0:
        head = "value ± error (1 σ)"
    else:
        head = f"solution {solution + 1}: values without errors"
    quality = f"χ² {result.solutions[solution].chi2:.5g}"
    if solution == 0:
        quality += (
            f", reduced χ² {result.reduced_chi2:.3g} with the σ of the fit (the assessment uses the noise "
            f"of the data); {escape(result.why_stopped)}"
        )
    return (
        f"<table><thead><tr><th></th><th colspan=3>{head}</th><th></th></tr></thead>"
        f"<tbody>{''.join(rows)}</tbody></table><p>{quality}.</p>"
    )


def estimate_text(estimate: Estimate | None) -> str:
    """Write an estimate in one cell without its unit; an error only where the status permits one."""
    if estimate is None:
        return "–"
    if estimate.status == "rejected":
        return "no result"
    if estimate.status == "ambiguous" and estimate.interval_95:
        return _minus(f"{format_interval(estimate.interval_95, estimate.error)} (95 %)")
    written = _minus(format_estimate(estimate).rstrip().removesuffix(f" {estimate.unit}"))
    return f"{written} ({estimate.status})" if estimate.status in ("fixed", "at bound") else written


def estimate_with_unit(estimate: Estimate) -> str:
    """Write an estimate in one cell, with its unit."""
    written = estimate_text(estimate)
    if estimate.value is None or not estimate.unit or estimate.status == "rejected":
        return written
    value, bracket, rest = written.partition(" (")
    return f"{value} {estimate.unit}{bracket}{rest}"


def replicates_html(kept: KeptBootstrap, result: SavedFit) -> str:
    """Return the table of a bootstrap beside the values of the fit.

    Parameters
    ----------
    kept : KeptBootstrap
        The replicates.
    result : SavedFit
        The fit.
    """
    found = {**result.parameters, **result.derived}
    rows = []
    for name in kept.all_values:
        spread = kept.std(name)
        if spread == 0.0:
            continue
        digits = max(0, 1 - math.floor(math.log10(spread)))
        numbers = (kept.mean(name), spread, *(kept.quantile(name, share) for share in (0.025, 0.5, 0.975)))
        cells = "".join(f"<td class=n>{_minus(f'{number:.{digits}f}')}</td>" for number in numbers)
        estimate = found.get(name)
        unit = "" if estimate is None or not estimate.unit else f" ({escape(estimate.unit)})"
        rows.append(
            f"<tr><td>{symbol_html(symbol_of(name))}{unit}</td>{cells}<td>{escape(estimate_text(estimate))}</td>"
            "</tr>"
        )
    made = f"{kept.done} of {kept.requested} replicates, seed {kept.seed}."
    if kept.every > 1:
        made += f" One of every {kept.every} is kept, for the table and the plots."
    warning = ""
    if result.rejected:
        warning = "<p><b>The model does not describe the data:</b> the spread is no error of a quantity.</p>"
    elif result.assessment is not None and result.assessment.grade != "describes":
        warning = (
            "<p><b>Residuals are systematic:</b> these values spread by the noise alone; the errors of "
            f"the fit contain those of noise × {result.assessment.widening:.2g}.</p>"
        )
    heads = ("mean", "standard deviation", "2.5 %", "median", "97.5 %")
    head = "".join(f"<th class=n>{each}</th>" for each in heads)
    return (
        f"<p>{made}</p>{warning}<table><thead><tr><th></th>{head}<th>of the fit (1 σ)</th></tr></thead>"
        f"<tbody>{''.join(rows)}</tbody></table>"
    )


def quantities_of(result: SavedFit) -> dict[str, Estimate]:
    """Return the quantities of the table: of single crystals and films without those of gaps."""
    stacked = result.stack.coherent > 1
    found = {}
    for name, estimate in {**result.parameters, **result.derived}.items():
        if name in STACKING or name == "period":
            wanted = stacked
        elif name in result.parameters:
            wanted = name in TABLE or estimate.status != "fixed"
        else:
            wanted = name in _MEANING
        if wanted:
            found[name] = estimate
    return found


def _values_of(result: SavedFit, solution: int) -> dict[str, float]:
    """Return the values of a solution, with those that follow from them."""
    values = dict(result.solutions[solution].values)
    thickness = (values["N"] - 1.0) * values["d"]
    values |= {"thickness": thickness, "thickness_with_surface": thickness + values["d"]}
    if result.stack.coherent > 1:
        values["period"] = period_of(values)[1]
    return values


def _split(estimate: Estimate) -> tuple[str, int]:
    """Return the number of an estimate as it is written, and its decimals."""
    if estimate.value is None or estimate.error is None:
        return "", 0
    number = format_estimate(estimate).split(" ")[0]
    return number, len(number.partition(".")[2])


def _cells(estimate: Estimate, decimals: int) -> str:
    """Return value, error and unit in three cells, or in one what is not a value with an error."""
    if estimate.status == "ambiguous" and estimate.interval_95:
        intervals = _minus(format_interval(estimate.interval_95, estimate.error))
        return f"<td colspan=3>{escape(f'{intervals} {estimate.unit}')} (95 %)</td>"
    number, own = _split(estimate)
    if not number or estimate.status in ("lower bound", "upper bound", "rejected"):
        written = _minus(format_estimate(estimate)).replace(" ", "\u00a0")
        return f"<td colspan=3>{escape(written)}</td>"
    error = format_estimate(estimate).split(" ")[2]
    return _number(float(number), own, decimals, f"± {error}", estimate.unit)


def _number(value: float | None, own: int, decimals: int, error: str, unit: str) -> str:
    """Return cells of a number with its own decimals; hidden digits align the decimal points."""
    if value is None:
        return "<td colspan=3>–</td>"
    missing = ("" if own else ".") + "0" * (decimals - own) if decimals > own else ""
    hidden = f"<span style='visibility:hidden' aria-hidden='true'>{missing}</span>" if missing else ""
    written = _minus(f"{value:.{own}f}")
    return (
        f"<td class=n>{written}{hidden}</td><td style='white-space:nowrap'>{escape(error)}</td>"
        f"<td>{escape(unit)}</td>"
    )


def reasons_html(result: SavedFit) -> str:
    """Return what the assessment rests on, and what to try; empty if there is nothing to add."""
    if result.assessment is None:
        return ""
    lines = [text_html(name_page_fields(line.strip())) for line in result.assessment.lines[1:]]
    return f"<p>{'<br>'.join(lines)}</p>" if lines else ""


def warning_html(result: SavedFit) -> str:
    """Return a warning if a fit is not unique; empty otherwise."""
    if result.unique or result.rejected:
        return ""
    return "<p><b>Not unique:</b> several solutions fit nearly as well. Do not quote a single L.</p>"


def notes_html(result: SavedFit) -> str:
    """Return the notes of a fit, and a warning if it is not unique."""
    items = "".join(f"<li>{text_html(name_page_fields(note))}</li>" for note in result.notes)
    warning = warning_html(result)
    return f"<h3>Notes and warnings</h3>{warning}<ul>{items}</ul>" if items or warning else ""


def _minus(text: str) -> str:
    """Write negative numbers with a minus sign."""
    return re.sub(r"(?<!\w)-(?=\d)", "−", text)
