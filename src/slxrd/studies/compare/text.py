"""Print a comparison of models: the ranking, the conclusion, and the quantities on which the models agree."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import combinations
from typing import TYPE_CHECKING

from slxrd._escape import on_one_line
from slxrd._html import table
from slxrd.fitting.result.assessment import sentence
from slxrd.fitting.result.fit import Estimate, Fit
from slxrd.fitting.result.summary import format_estimate, is_simulated

if TYPE_CHECKING:
    from slxrd.studies.compare.result import ComparedModel, Comparison

CRITERIA = {
    "evidence": "exp(−χ²/2) integrated over the refined parameters and all solutions, normalised priors",
    "aic": "χ² + 2k",
    "bic": "χ² + k·ln n",
}
#: Quantities in which models are compared, with symbol and heading.
ROWS = {
    "L": ("L", "L (Å)"),
    "d": ("d", "d (Å)"),
    "N": ("N", "N"),
    "period": ("Λ", "Λ (Å)"),
    "thickness_of_atoms": ("T", "T (Å)"),
    "free_gap": ("ℓ", "ℓ (Å)"),
}
#: Odds above this are printed as "more than".
_LARGEST_ODDS = 1e6


def quantities(fit: Fit) -> dict[str, str]:
    """Format the quantities of :data:`ROWS`, value and error in the units of the headings.

    Parameters
    ----------
    fit : Fit
        Fit of one model. An asterisk marks a quantity with several solutions, a dash one that the structure
        does not have.
    """
    return {name: _cell(_estimate(fit, name)) for name in ROWS}


def _estimate(fit: Fit, name: str) -> Estimate | None:
    return fit.parameters.get(name) or fit.derived.get(name)


def _cell(estimate: Estimate | None) -> str:
    if estimate is None:
        return "–"
    if estimate.status == "rejected":
        return "no result"
    text = format_estimate(estimate).removesuffix(estimate.unit).strip()
    if estimate.status == "ambiguous":
        return f"{text} *"
    return f"{text} ({estimate.status})" if estimate.status in ("fixed", "at bound") else text


def comparison_text(comparison: Comparison) -> str:
    """Return a comparison as text: data, ranking, conclusion, quantities of each model, notes."""
    best = comparison.best.fit
    title = f"{on_one_line(best.pattern.source)}{'  [simulated]' if is_simulated(best.pattern) else ''}"
    points = f"{best.n_points} points in {len(best.regions)} region{'s' if len(best.regions) > 1 else ''}"
    lines = [
        title,
        f"{points}, {best.instrument}, {best.noise}",
        str(best.settings),
        *(f"  {step}" for step in best.pattern.history),
        "",
        f"{len(comparison.models)} models, each with all its solutions",
        "ln evidence, AIC and BIC are relative to the best",
        "",
        *_aligned(_ranking(comparison)),
        "",
        *conclusion(comparison),
        "",
        *_estimates(comparison),
    ]
    return "\n".join([*lines, *(f"! {note}" for note in comparison.notes)])


def _aligned(rows: Sequence[Sequence[str]]) -> list[str]:
    """Pad the cells to columns: the first column left-aligned, the others right-aligned."""
    widths = [max(len(cell) for cell in column) for column in zip(*rows, strict=True)]
    lines = []
    for first, *others in rows:
        cells = [f"{first:<{widths[0]}}"]
        cells += [f"{cell:>{width}}" for cell, width in zip(others, widths[1:], strict=True)]
        lines.append("  " + "  ".join(cells))
    return lines


def comparison_html(comparison: Comparison) -> str:
    """Write the ranking as HTML, for notebooks, with the quantities that each model gives."""
    head, *rows = _ranking(comparison)
    given = [[cells[name].strip() for name in ROWS] for cells in comparison.table()]
    return table(
        comparison.best.fit.pattern.source,
        [(*row, *cells) for row, cells in zip(rows, given, strict=True)],
        head=(*head, *(heading for _, heading in ROWS.values())),
        notes=[*conclusion(comparison), *(f"! {note}" for note in comparison.notes)],
    )


def _ranking(comparison: Comparison) -> list[list[str]]:
    models = comparison.models
    aic, bic = min(m.aic for m in models), min(m.bic for m in models)
    rows = [["model", "assessment", "χ²", "reduced χ²", "k", "ln evidence", "AIC", "BIC", "probability"]]
    for m in models:
        below_best = m.log_evidence - models[0].log_evidence
        rows.append(
            [
                m.name, "" if m.fit.assessment is None else m.fit.assessment.grade,
                f"{m.fit.chi2:.1f}", f"{m.fit.reduced_chi2:.3g}", str(m.k),
                f"{'≈ ' if m.approximate else ''}{_difference(below_best)}", _difference(m.aic - aic),
                _difference(m.bic - bic), _probability(m.probability),
            ]
        )  # fmt: skip
    return rows


def _difference(value: float) -> str:
    """Format with one decimal and a typographic minus; zero has no sign."""
    text = f"{abs(value):.1f}"
    return f"−{text}" if value < 0.0 and float(text) else text


def _probability(value: float) -> str:
    return f"{value:.2g}" if value > 1e-4 else "< 0.0001"


def format_odds(odds: float) -> str:
    """Format odds as ``3.1 to 1``, ``1 to 2.4``, or ``more than 10⁶ to 1``."""
    if odds <= 0.0:
        return "1 to more than 10⁶"
    if odds < 1.0:
        return " to ".join(reversed(format_odds(1.0 / odds).split(" to ")))
    if odds >= _LARGEST_ODDS:
        return "more than 10⁶ to 1"
    return f"{odds:.2g} to 1" if odds < 99.5 else f"{odds:.0f} to 1"


def conclusion(comparison: Comparison) -> list[str]:
    """Return sentences on which model the data prefer, and whether the preference is decisive."""
    best, lines = comparison.best, []
    factor = math.sqrt(comparison.reduced_chi2)
    if comparison.rejected:
        lines.append(
            "REJECTED: no model describes these data, and the odds have no meaning. Of the best, "
            f"{best.name}: {_misfit(best.fit)}"
        )
    elif comparison.misfit == "too large":
        lines.append(
            f"No model describes these data: the lowest reduced χ² is {comparison.reduced_chi2:.3g}. Either "
            f"σ is {factor:.2g} times too small (--noise), or all models are wrong; the odds have no meaning."
        )
    else:
        if comparison.misfit == "too small":
            lines.append(
                f"The lowest reduced χ² is {comparison.reduced_chi2:.2g}: σ is about {1.0 / factor:.2g} "
                "times too large (--noise), and the data discriminate better than the odds show."
            )
        lines.append(_decision(comparison))
        if best.fit.rejected:
            lines.append(f"{best.name} does not describe these data: {_misfit(best.fit)}")
    for criterion, title in (("aic", "AIC"), ("bic", "BIC")):
        other = comparison.by(criterion)[0]  # type: ignore[arg-type]
        by = getattr(best, criterion) - getattr(other, criterion)
        if float(_difference(by)) > 0.0:  # none that the table shows as equal
            lines.append(f"{title} prefers {other.name} to {best.name}, by {by:.1f}.")
    return lines


def _misfit(fit: Fit) -> str:
    assert fit.assessment is not None
    found = fit.assessment.misfit
    return sentence(found.text) if found is not None else f"{fit.assessment.reasons[0]}."


def _decision(comparison: Comparison) -> str:
    (best, *others), rivals = comparison.models, comparison.rivals()
    if rivals:
        against = ", ".join(f"{m.name} ({format_odds(comparison.odds(best, m))})" for m in rivals)
        excluded = [m.name for m in others if m not in rivals]
        without = f" They exclude {', '.join(excluded)}." if excluded else ""
        few = "by the evidence the odds are below 20 to 1"
        return f"These data cannot distinguish {best.name} from {against}: {few}.{without}"
    second = others[0]
    odds = format_odds(comparison.odds(best, second))
    return (
        f"These data decide for {best.name}: by the evidence the odds are {odds} against {second.name}, "
        "the next."
    )


def _estimates(comparison: Comparison) -> list[str]:
    """Table of the quantities that each model gives, and on which of them the models agree."""
    cells = {model.name: quantities(model.fit) for model in comparison.models}
    shown = [name for name in ROWS if any(row[name] != "–" for row in cells.values())]
    rows = [["model", *(ROWS[name][1] for name in shown)]]
    rows += [[name, *(row[key] for key in shown)] for name, row in cells.items()]
    lines = ["Values from each model (error from noise alone):", "", *_aligned(rows)]
    if any("*" in row[key] for row in cells.values() for key in shown):
        lines.append("  * ambiguous: several solutions; this is the best of them")
    meanings = {
        "thickness_of_atoms": "T: from the lowest to the highest atoms",
        "free_gap": "ℓ: between the atoms",
    }
    explained = [meaning for name, meaning in meanings.items() if name in shown]
    if explained:
        lines.append(f"  {'; '.join(explained)}")
    return [*lines, "", *_agreement(comparison)]


def _agreement(comparison: Comparison) -> list[str]:
    """Sentences on the quantities on which the models that remain agree, and those in which they differ."""
    rivals = () if comparison.misfit == "too large" else comparison.rivals()
    models = (comparison.best, *rivals) if rivals else comparison.models
    same, different = [], []
    for name, (symbol, _) in ROWS.items():
        values = _determined(models, name)
        if len(values) < 2:
            continue
        pairs = [(abs(a - b), max(s, t)) for (a, s), (b, t) in combinations(values, 2)]
        if all(distance <= error for distance, error in pairs):
            same.append(symbol)
        else:
            widest = max(distance for distance, _ in pairs)
            different.append(f"{symbol} (by {_spread(name, widest, comparison.best.fit)})")
    which = "The models that cannot be distinguished" if rivals else "The models"
    lines = []
    if same:
        lines.append(f"{which} agree, within their errors, on {', '.join(same)}.")
    if different:
        lines.append(
            f"{which} differ in {', '.join(different)}: quote these with the model, not as measured alone."
        )
    return [*lines, ""] if lines else []


def _determined(models: Sequence[ComparedModel], name: str) -> list[tuple[float, float]]:
    """Value and error of a quantity, for the models that determine it."""
    estimates = (_estimate(model.fit, name) for model in models)
    return [
        (e.value, e.error)
        for e in estimates
        if e is not None
        and e.value is not None
        and e.error is not None
        and e.status in ("determined", "ambiguous")
    ]


def _spread(name: str, distance: float, fit: Fit) -> str:
    """Format the difference of a quantity between models; that of a gap also in units of d."""
    symbol, heading = ROWS[name]
    unit = " Å" if heading != symbol else " planes"
    spacing = fit.parameters["d"].value
    in_planes = f", {distance / spacing:.1f} d" if name in ("L", "free_gap") and spacing else ""
    return f"{distance:.2g}{unit}{in_planes}"
