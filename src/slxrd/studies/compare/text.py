"""A comparison of models in words: the ranking, the verdict, and what the models agree on."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import combinations
from typing import TYPE_CHECKING

from slxrd.fitting.result.fit import Estimate, Fit
from slxrd.fitting.result.summary import format_estimate, is_simulated

if TYPE_CHECKING:
    from slxrd.studies.compare.result import Compared, Comparison

CRITERIA = {
    "evidence": "exp(−χ²/2) integrated over the refined parameters and all solutions, normalised priors",
    "aic": "χ² + 2k",
    "bic": "χ² + k·ln n",
}
#: Quantities that models are compared by, with symbol and heading.
ROWS = {
    "L": ("L", "L (Å)"),
    "d": ("d", "d (Å)"),
    "N": ("N", "N"),
    "period": ("Λ", "Λ (Å)"),
    "thickness_of_atoms": ("T", "T (Å)"),
    "free_gap": ("ℓ", "ℓ (Å)"),
}
#: Odds beyond this are not written out.
_BEYOND = 1e6


def quantities(fit: Fit) -> dict[str, str]:
    """Write what a fit says of :data:`ROWS`, value and error in the units of the headings.

    Parameters
    ----------
    fit : Fit
        With an asterisk where there are several solutions, and a dash for what the structure has not.
    """
    return {name: _cell(_of(fit, name)) for name in ROWS}


def _of(fit: Fit, name: str) -> Estimate | None:
    return fit.parameters.get(name) or fit.derived.get(name)


def _cell(estimate: Estimate | None) -> str:
    if estimate is None:
        return "–"
    text = format_estimate(estimate).removesuffix(estimate.unit).strip()
    if estimate.status == "ambiguous":
        return f"{text} *"
    return f"{text} ({estimate.status})" if estimate.status in ("fixed", "at bound") else text


def told(comparison: Comparison) -> str:
    """Write a comparison as text.

    Parameters
    ----------
    comparison : Comparison
        What to tell.
    """
    best = comparison.best.fit
    title = f"{best.pattern.source}{'  [simulated]' if is_simulated(best.pattern) else ''}"
    points = f"{best.n_points} points in {len(best.regions)} region{'s' if len(best.regions) > 1 else ''}"
    lines = [
        title,
        f"{points}, {best.instrument}, {best.noise}",
        f"objective {best.settings.kind}, scale {best.settings.scale}, background {best.settings.background}",
        *(f"  {step}" for step in best.pattern.history),
        "",
        f"{len(comparison.models)} models, each with all its solutions; Δ ln Z, ΔAIC, ΔBIC against the best",
        "",
        *_ranking(comparison),
        "",
        *verdict(comparison),
        "",
        *_shared(comparison),
    ]
    return "\n".join([*lines, *(f"! {note}" for note in comparison.notes)])


def _aligned(rows: Sequence[Sequence[str]]) -> list[str]:
    """Columns of even width, the first to the left."""
    widths = [max(len(cell) for cell in column) for column in zip(*rows, strict=True)]
    lines = []
    for first, *others in rows:
        cells = [f"{first:<{widths[0]}}"]
        cells += [f"{cell:>{width}}" for cell, width in zip(others, widths[1:], strict=True)]
        lines.append("  " + "  ".join(cells))
    return lines


def _ranking(comparison: Comparison) -> list[str]:
    models = comparison.models
    aic, bic = min(m.aic for m in models), min(m.bic for m in models)
    rows = [["model", "χ²", "reduced χ²", "k", "Δ ln Z", "ΔAIC", "ΔBIC", "probability"]]
    for m in models:
        less = m.log_evidence - models[0].log_evidence
        rows.append(
            [
                m.name, f"{m.fit.chi2:.1f}", f"{m.fit.reduced_chi2:.3g}", str(m.k),
                f"{'≈ ' if m.approximate else ''}{_difference(less)}", _difference(m.aic - aic),
                _difference(m.bic - bic), _probability(m.probability),
            ]
        )  # fmt: skip
    return _aligned(rows)


def _difference(value: float) -> str:
    """One digit after the point, with a real minus; a difference of nothing has no sign."""
    text = f"{abs(value):.1f}"
    return f"−{text}" if value < 0.0 and float(text) else text


def _probability(value: float) -> str:
    return f"{value:.2g}" if value > 1e-4 else "< 0.0001"


def odds_in_words(odds: float) -> str:
    """``3.1 to 1``, ``1 to 2.4``, or ``more than 10⁶ to 1``."""
    if odds < 1.0:
        return (
            " to ".join(reversed(odds_in_words(1.0 / odds).split(" to ")))
            if odds > 0.0
            else "1 to more than 10⁶"
        )
    if odds >= _BEYOND:
        return "more than 10⁶ to 1"
    return f"{odds:.2g} to 1" if odds < 99.5 else f"{odds:.0f} to 1"


def verdict(comparison: Comparison) -> list[str]:
    """Say which model the data decide for, or that they cannot.

    Parameters
    ----------
    comparison : Comparison
        Of two models or more.
    """
    best, lines = comparison.best, []
    factor = math.sqrt(comparison.reduced_chi2)
    if comparison.misfit == "too large":
        lines.append(
            f"No model describes these data: the lowest reduced χ² is {comparison.reduced_chi2:.3g}. Either "
            f"σ is {factor:.2g} times too small (--noise), or all models are wrong; the odds mean nothing."
        )
    else:
        if comparison.misfit == "too small":
            lines.append(
                f"The lowest reduced χ² is {comparison.reduced_chi2:.2g}: σ is about {1.0 / factor:.2g} "
                "times too large (--noise), and the data tell more of the models than the odds say."
            )
        lines.append(_decision(comparison))
    for criterion, title in (("aic", "AIC"), ("bic", "BIC")):
        other = comparison.by(criterion)[0]  # type: ignore[arg-type]
        if other is not best:
            by = getattr(best, criterion) - getattr(other, criterion)
            lines.append(f"{title} prefers {other.name} to {best.name}, by {by:.1f}.")
    return lines


def _decision(comparison: Comparison) -> str:
    (best, *others), rivals = comparison.models, comparison.rivals()
    if rivals:
        against = ", ".join(f"{m.name} ({odds_in_words(comparison.odds(best, m))})" for m in rivals)
        excluded = [m.name for m in others if m not in rivals]
        without = f" They exclude {', '.join(excluded)}." if excluded else ""
        few = "by the evidence the odds are below 20 to 1"
        return f"These data cannot tell {best.name} from {against}: {few}.{without}"
    second = others[0]
    odds = odds_in_words(comparison.odds(best, second))
    return (
        f"These data decide for {best.name}: by the evidence the odds are {odds} against {second.name}, "
        "the next."
    )


def _shared(comparison: Comparison) -> list[str]:
    """What the models say of the same quantities, and which of them they agree on."""
    cells = {model.name: quantities(model.fit) for model in comparison.models}
    shown = [name for name in ROWS if any(row[name] != "–" for row in cells.values())]
    rows = [["model", *(ROWS[name][1] for name in shown)]]
    rows += [[name, *(row[key] for key in shown)] for name, row in cells.items()]
    lines = ["What each model says (error from noise alone):", "", *_aligned(rows)]
    if any("*" in row[key] for row in cells.values() for key in shown):
        lines.append("  * ambiguous: several solutions; this is the best of them")
    words = {
        "thickness_of_atoms": "T: from the lowest to the highest atoms",
        "free_gap": "ℓ: between the atoms",
    }
    explained = [text for name, text in words.items() if name in shown]
    if explained:
        lines.append(f"  {'; '.join(explained)}")
    return [*lines, "", *_agreement(comparison)]


def _agreement(comparison: Comparison) -> list[str]:
    best, rivals = comparison.best, () if comparison.misfit == "too large" else comparison.rivals()
    chosen: Sequence[Compared] = [best, *rivals] if rivals else comparison.models
    same, different = [], []
    for name, (symbol, heading) in ROWS.items():
        known = [
            e for e in (_of(model.fit, name) for model in chosen) if e is not None and e.value is not None
        ]
        known = [e for e in known if e.error is not None and e.status in ("determined", "ambiguous")]
        if len(known) < 2:
            continue
        apart = [
            (abs(_value(a) - _value(b)), max(a.error or 0.0, b.error or 0.0))
            for a, b in combinations(known, 2)
        ]
        widest = max(distance for distance, _ in apart)
        if all(distance <= error for distance, error in apart):
            same.append(symbol)
            continue
        unit = " Å" if heading != symbol else " planes"
        spacing = best.fit.parameters["d"].value
        as_planes = f", {widest / spacing:.1f} d" if name in ("L", "free_gap") and spacing else ""
        different.append(f"{symbol} (by {widest:.2g}{unit}{as_planes})")
    who = "The models that cannot be told apart" if rivals else "The models"
    lines = []
    if same:
        lines.append(f"{who} agree, within their errors, on {', '.join(same)}.")
    if different:
        lines.append(
            f"{who} differ in {', '.join(different)}: quote these with the model, not as measured alone."
        )
    return [*lines, ""] if lines else []


def _value(estimate: Estimate) -> float:
    assert estimate.value is not None
    return estimate.value
