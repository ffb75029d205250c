"""A fit as printed text: assessment, one table, contributions to the errors, notes."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from slxrd._escape import on_one_line
from slxrd.fitting.result.assessment import AS_PROBABLE, rival_text, sentence
from slxrd.fitting.result.budget_table import budget_lines, largest_parts
from slxrd.fitting.result.fit import Estimate, Fit
from slxrd.fitting.result.summary import (
    format_estimate,
    format_interval,
    is_simulated,
    named_estimates,
    remark,
)
from slxrd.parameters.definitions import TABLE, info

#: Columns of the text where the width of the terminal is not known.
WIDTH = 80
#: Least columns that remain for the last column of the table.
LEAST = 24
#: Solutions shown in the printed list.
MOST_SHOWN = 6
#: Derived quantities that only the long text contains; of a film, the thickness is that from its fringes.
DETAILS = ("period_of_most_probable", "period_S13", "thickness_with_surface")
DETAILS_OF_FILM = ("thickness",)


def summarise(fit: Fit, *, verbose: bool = False, width: int = WIDTH, findings: Iterable[str] = ()) -> str:
    """Write the result of a fit as text, in paragraphs; the first is the assessment.

    Parameters
    ----------
    fit : Fit
        The fit.
    verbose : bool
        Whether all derived quantities, solutions, contributions to the errors, regions and processing steps
        are included.
    width : int
        Columns at which lines are wrapped, at least 80. Names of files and, with ``verbose``, tables can be
        wider.
    findings : iterable of str
        What the pattern shows, in lines.
    """
    width = max(width, 80)
    paragraphs = [
        _assessment(fit, width),
        list(_subject(fit, width, verbose)),
        _table(fit, width, verbose),
        _solutions(fit, width, verbose),
        budget_lines(fit) if verbose else _parts_of_errors(fit, width),
        _details(fit) if verbose else [],
        [line for note in _notes(fit) for line in wrapped(f"! {note}", width)],
        [line for finding in findings for line in wrapped(finding, width, 4)],
    ]
    return "\n\n".join("\n".join(lines) for lines in paragraphs if lines)


def wrapped(text: str, width: int, indent: int = 2) -> list[str]:
    """Wrap a text; its further lines are indented."""
    leading = len(text) - len(text.lstrip())
    return textwrap.wrap(
        text.strip(),
        width,
        initial_indent=" " * leading,
        subsequent_indent=" " * (leading + indent),
        break_long_words=False,
        break_on_hyphens=False,
    )


def _assessment(fit: Fit, width: int) -> list[str]:
    """Headline, solutions and models that are as probable, and the largest misfit."""
    if fit.assessment is None:
        return ["Whether the model describes the data was not tested."]
    found = [fit.assessment.headline]
    if not fit.unique and not fit.rejected:
        near = sum(solution.near(fit.ambiguous) for solution in fit.solutions[1:])
        found.append(f"  Not unique: {near} other solution{'s are' if near > 1 else ' is'} nearly as good.")
    found += [f"  {rival_text(each)}" for each in fit.assessment.rivals if each.log_odds < AS_PROBABLE]
    if fit.assessment.misfit is not None:
        found.append(f"  Largest misfit: {sentence(fit.assessment.misfit.text)}")
    return [line for text in found for line in wrapped(text, width)]


def _subject(fit: Fit, width: int, verbose: bool) -> Iterator[str]:
    """File, points, structure, instrument and noise."""
    yield on_one_line(fit.pattern.source) + ("  [simulated]" if is_simulated(fit.pattern) else "")
    regions = f"{len(fit.regions)} region{'s' if len(fit.regions) > 1 else ''}"
    yield from wrapped(
        f"{fit.n_points} points in {regions}, {fit.stack}, {fit.instrument}, {fit.noise}", width
    )
    for scan in fit.further_scans:
        yield f"with {on_one_line(scan.pattern.source)}: {scan.instrument}"
    if verbose:
        yield str(fit.settings)
        yield from (f"  {step}" for step in fit.pattern.history)


@dataclass(frozen=True)
class Row:
    """A row of a table: symbol, value, error with its unit, and status or meaning."""

    symbol: str
    value: str
    error: str
    text: str


def row_of(symbol: str, estimate: Estimate, short: str) -> Row:
    """Return the row of an estimate: symbol, value, error, and its meaning or why it has no value."""
    if estimate.status == "rejected":
        curve = "" if estimate.value is None else f"{estimate.value:.4g} {estimate.unit}".rstrip()
        return Row(symbol, "no result", "", curve and f"{curve} in the curve")
    if estimate.status == "ambiguous" and estimate.interval_95:
        pieces = format_interval(estimate.interval_95, estimate.error)
        return Row(symbol, "ambiguous", "", f"95 %: {pieces} {estimate.unit}".rstrip())
    value, _, error = format_estimate(estimate).partition(" ± ")
    text = remark(estimate).strip(" []")
    if estimate.status == "determined":
        text = f"{short} [{text}]" if text else short
    elif estimate.status != "undetermined":
        text = f"{estimate.status}: {text}" if text else estimate.status
    return Row(symbol, value, error and f"± {error}", text or short)


def _table(fit: Fit, width: int, verbose: bool) -> list[str]:
    """One row for each quantity."""
    left_out: tuple[str, ...] = ()
    if not verbose:
        left_out = DETAILS if fit.stack.coherent > 1 else DETAILS_OF_FILM
    rows = [
        row_of(symbol, estimate, short)
        for name, symbol, estimate, short, _ in named_estimates(fit.stack, fit.parameters, fit.derived)
        if name not in left_out
    ]
    return table_lines(rows, width)


def table_lines(rows: Sequence[Row], width: int = WIDTH) -> list[str]:
    """Lay out rows with aligned decimal points, in lines of at most this width.

    Parameters
    ----------
    rows : sequence of Row
        At least one.
    width : int
        Columns.
    """
    measured = [row for row in rows if row.error]
    whole = max((len(row.value.partition(".")[0]) for row in measured), default=0)
    decimals = max((len(row.value) - len(row.value.partition(".")[0]) for row in measured), default=0)
    middle = []
    for row in rows:
        if row.error:
            before, point, after = row.value.partition(".")
            middle.append(f"{before:>{whole}}{point + after:<{decimals}} {row.error}")
        else:
            middle.append(row.value)
    first, second = max(len(row.symbol) for row in rows), max(map(len, middle))
    indent = first + second + 6
    lines: list[str] = []
    for row, text in zip(rows, middle, strict=True):
        head = f"  {row.symbol:<{first}}  {text:<{second}}  "
        parts = textwrap.wrap(row.text, max(width - indent, LEAST), break_on_hyphens=False) or [""]
        lines += [(head + parts[0]).rstrip(), *(" " * indent + line for line in parts[1:])]
    return lines


def _solutions(fit: Fit, width: int, verbose: bool) -> list[str]:
    """All solutions, or that the others are improbable."""
    number = len(fit.solutions)
    if number < 2:
        return []
    if fit.rejected:
        return wrapped(
            f"{number} minima of χ² were found; the best of them does not describe the data", width
        )
    if not verbose and fit.unique:
        rest = fit.solutions[1:]
        least, chance = min(each.delta_chi2 for each in rest), sum(each.probability for each in rest)
        which = "one other solution" if number == 2 else f"{number - 1} other solutions"
        return wrapped(
            f"{which} (minima of χ²): Δχ² at least {least:.1f}, probability {chance:.1g} "
            f"{'' if number == 2 else 'together '}(--verbose)",
            width,
        )
    lines = [f"{number} solutions (minima of χ²), the most probable first:"]
    for i, solution in enumerate(fit.solutions[:MOST_SHOWN]):
        v = solution.values
        further = "".join(f"{info(n).symbol} {v[n]:.4g}  " for n in fit.names if n not in TABLE)
        gap = f"L {v['L']:7.3f}  σ_L {v['sigma_L']:6.3f}  " if fit.stack.coherent > 1 else ""
        lines.append(
            f"  {i + 1}. {gap}N {v['N']:6.2f}  σ_N {v['sigma_N']:5.2f}  "
            f"d {v['d']:7.4f}  {further if verbose else ''}Δχ² {solution.delta_chi2:7.2f}  "
            f"p {solution.probability:.2g}"
        )
    if number > MOST_SHOWN:
        lines.append(f"  and {number - MOST_SHOWN} more")
    return lines


def _parts_of_errors(fit: Fit, width: int) -> list[str]:
    """The largest contribution to each error, in a line for each contribution."""
    parts = largest_parts(fit)
    if not parts:
        return []
    lines = ["Largest part of each error, in % of its variance (slxrd budget lists all):"]
    for label, shares in parts.items():
        lines += wrapped(f"  {label}: " + ", ".join(f"{s} {share:.0%}" for s, share in shares.items()), width)
    return lines


def _details(fit: Fit) -> list[str]:
    """Regions and χ²."""
    lines = []
    for region in fit.regions:
        share = float(region.residual @ region.residual) / region.q.size
        lines.append(
            f"region {on_one_line(region.region.name)}: weight {region.region.weight:g}, "
            f"{region.q.size} points, mean squared residual {share:.3g}"
        )
    lines.append(f"χ² = {fit.chi2:.5g}, reduced χ² = {fit.reduced_chi2:.3g}; {fit.why_stopped}")
    return lines


def _notes(fit: Fit) -> Iterator[str]:
    """Reasons and advice of the assessment, other models, and the notes of the fit."""
    if not fit.converged:
        yield f"the refinement did not end at a minimum: {fit.why_stopped}"
    if fit.assessment is not None:
        shown = fit.assessment.headline
        yield from (reason for reason in fit.assessment.reasons if reason not in shown)
        if fit.assessment.advice:
            yield f"to try: {'; '.join(fit.assessment.advice)}"
        yield from (rival_text(each) for each in fit.assessment.rivals if each.log_odds >= AS_PROBABLE)
    yield from fit.notes
