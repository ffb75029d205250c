"""Results of one sample by several methods in one table, as section S.l of the 2021 paper does in words."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from slxrd._arguments import check_arguments
from slxrd._escape import csv_text, on_one_line
from slxrd.errors import SlxrdError
from slxrd.fitting.result.ensemble import Pieces
from slxrd.fitting.result.fit import Estimate, FitResult
from slxrd.fitting.result.printed import WIDTH, Row, row_of, table_lines, wrapped
from slxrd.studies.directions.result import DirectionsFit
from slxrd.studies.images.orientation.result import Orientations
from slxrd.studies.images.saed.result import Saed
from slxrd.studies.images.spots.result import Periods
from slxrd.studies.sample_table.sources import SampleSource, SampleValue, of_document, of_fit, sources_in

#: Differences over their error up to which values agree, and from which they do not.
AGREE, DIFFER = 2.0, 3.0
#: Order of the quantities; others follow.
ORDER = tuple(f"{name} {where} plane" for name in ("Λ", "L", "σ_L", "σ_T", "d") for where in ("out of", "in"))
#: Results that the table takes.
Result = str | Path | FitResult | Periods | Orientations | Saed | DirectionsFit | Mapping[str, Any]


@dataclass(frozen=True)
class Agreement:
    """Whether two values agree.

    Parameters
    ----------
    deviation : float or None
        Difference over its error; None if there is none.
    agree : bool or None
        None if it is not clear, or cannot be compared.
    text : str
        The same in words.
    """

    deviation: float | None
    agree: bool | None
    text: str


@dataclass(frozen=True)
class SampleRow:
    """A row of the table.

    Parameters
    ----------
    quantity : str
        Its name.
    method : str
        How it was measured.
    estimate : Estimate
        The value.
    remark : str
        What the value is.
    against : str
        Method of the value that this one is compared with, the first that is determined; or empty.
    agreement : Agreement or None
        Whether both agree; None without another value.
    """

    quantity: str
    method: str
    estimate: Estimate
    remark: str
    against: str
    agreement: Agreement | None


@dataclass(frozen=True)
class SampleTable:
    """Results of one sample by several methods; print it for a table.

    Parameters
    ----------
    sources : tuple of SampleSource
        The results.
    rows : tuple of SampleRow
        All values; equal quantities follow one another.
    notes : tuple of str
        What to consider.
    """

    sources: tuple[SampleSource, ...]
    rows: tuple[SampleRow, ...]
    notes: tuple[str, ...]

    def __str__(self) -> str:
        lines = []
        for each in self.sources:
            names = ", ".join(on_one_line(name) for name in each.measured)
            label = "  [simulated]" if each.simulated else ""
            words = f"; {each.conclusion}" if each.conclusion else ""
            document = f"  ({on_one_line(each.document)})" if each.document else ""
            lines += wrapped(f"{each.method}: {names}{label}{words}{document}", WIDTH)
        rows, last = [], ""
        for row in self.rows:
            symbol = "" if row.quantity == last else row.quantity
            rows.append(_printed(symbol, row))
            last = row.quantity
        if rows:
            lines += ["", *table_lines(rows), ""]
        lines += [line for note in self.notes for line in wrapped(f"! {note}", WIDTH)]
        return "\n".join(lines).rstrip()

    def as_dictionary(self) -> dict[str, Any]:
        """Return plain data for JSON."""
        sources = [
            {name: each for name, each in asdict(source).items() if name != "values"}
            for source in self.sources
        ]
        return {"sources": sources, "rows": [asdict(row) for row in self.rows], "notes": list(self.notes)}

    def csv(self) -> str:
        """Return the rows as a table."""
        header = ["quantity", "method", "value", "error", "unit", "status", "against"]
        rows = [
            [
                row.quantity,
                row.method,
                _number(row.estimate.value),
                _number(row.estimate.error),
                row.estimate.unit,
                row.estimate.status,
                row.against,
                _number(row.agreement.deviation if row.agreement else None),
                row.agreement.text if row.agreement else "",
            ]
            for row in self.rows
        ]
        return csv_text([*header, "deviation_in_errors", "agreement"], rows)


@check_arguments
def sample_table(results: Sequence[Result]) -> SampleTable:
    """Put results of one sample beside each other, and state whether they agree.

    Parameters
    ----------
    results : sequence of path-like, FitResult, Periods, Orientations, Saed, DirectionsFit or mapping
        Fits of the θ:2θ scan, periods (GISAXS), orientations (GIWAXS), electron diffraction, and fits of
        cuts in several directions; or files of these as the commands write them, folders with such files, or
        their contents as plain data.

    Returns
    -------
    SampleTable
        Print it for a table.

    Raises
    ------
    SlxrdError
        If there is no result, or one occurs twice.
    FileError
        If a file is no such result, or is damaged.
    """
    sources: list[SampleSource] = []
    for each in results:
        if isinstance(each, str | Path):
            sources += sources_in(Path(each))
        elif isinstance(each, FitResult):
            sources.append(of_fit(each))
        else:
            sources.append(of_document(each if isinstance(each, Mapping) else each.as_dictionary()))
    if not sources:
        raise SlxrdError("no results; give files of slxrd fit, periods, orientation, saed or directions")
    known = [Path(each.document).resolve() for each in sources if each.document]
    for document in known:
        if known.count(document) > 1:
            raise SlxrdError(f"{document}: occurs twice")
    values = [(value, source) for source in sources for value in source.values]
    names = list(dict.fromkeys([*ORDER, *(value.quantity for value, _ in values)]))
    rows = []
    for name in names:
        group = [each for each in values if each[0].quantity == name]
        first = next((each for each in group if each[0].estimate.status == "determined"), None)
        for value, source in group:
            compared, against = None, ""
            if first is not None and value is not first[0]:
                compared, against = _compared(first, (value, source)), first[0].method
            rows.append(SampleRow(name, value.method, value.estimate, value.remark, against, compared))
    return SampleTable(tuple(sources), tuple(rows), tuple(_notes(sources, rows)))


def _compared(first: tuple[SampleValue, SampleSource], second: tuple[SampleValue, SampleSource]) -> Agreement:
    """Compare two values, which are not independent if one file was used for both."""
    found = agreement(first[0].estimate, second[0].estimate)
    if set(first[1].measured) & set(second[1].measured) and found.deviation is not None:
        return Agreement(found.deviation, None, f"{abs(found.deviation):.1f} errors apart, of the same file")
    return found


def agreement(first: Estimate, second: Estimate) -> Agreement:
    """State whether two estimates of one quantity agree.

    Parameters
    ----------
    first, second : Estimate
        Independent estimates.
    """
    for each in (first, second):
        if each.value is None or each.status == "rejected":
            return Agreement(None, None, "cannot be compared")
    ranges = [_range(each) for each in (first, second)]
    if all(each.status == "determined" for each in (first, second)):
        error = math.hypot(first.error or 0.0, second.error or 0.0)
        if not error:
            return Agreement(None, None, "cannot be compared without errors")
        deviation = ((second.value or 0.0) - (first.value or 0.0)) / error
        apart = f"{abs(deviation):.1f} errors apart"
        if abs(deviation) <= AGREE:
            return Agreement(deviation, True, f"{apart}: they agree")
        if abs(deviation) < DIFFER:
            return Agreement(deviation, None, f"{apart}: not clear")
        return Agreement(deviation, False, f"{apart}: they do not agree")
    overlap = any(low <= top and bottom <= high for low, high in ranges[0] for bottom, top in ranges[1])
    if any(each.status in ("fixed", "at bound") for each in (first, second)):
        return Agreement(None, None, "cannot be compared: one is not refined")
    if overlap and any(len(each) > 1 for each in ranges):
        return Agreement(None, None, "one of the possible values agrees")
    if overlap:
        return Agreement(None, None, "within the limits")
    return Agreement(None, False, "the intervals do not meet")


def _range(estimate: Estimate) -> Pieces:
    """Intervals at 95 %."""
    value, error = estimate.value or 0.0, estimate.error or 0.0
    if estimate.status == "upper bound":
        return ((-math.inf, value),)
    if estimate.status == "lower bound":
        return ((value, math.inf),)
    return estimate.interval_95 or ((value - 1.96 * error, value + 1.96 * error),)


def _notes(sources: Sequence[SampleSource], rows: Sequence[SampleRow]) -> list[str]:
    notes = []
    if len({each.simulated for each in sources}) > 1:
        notes.append("some files are simulated, and others are not: they cannot be of one sample")
    different = list(
        dict.fromkeys(row.quantity for row in rows if row.agreement and row.agreement.agree is False)
    )
    if different:
        notes.append(
            f"{', '.join(different)}: the methods do not agree; check calibrations and geometry, other "
            "solutions of the fit, and whether all see the same part of the film"
        )
    if not any(row.agreement for row in rows):
        notes.append("no quantity was measured by two methods: nothing can be compared")
    if any(row.agreement and row.agreement.text.endswith("of the same file") for row in rows):
        notes.append("values from the same file are not independent: that they agree is no confirmation")
    return notes


def _printed(symbol: str, row: SampleRow) -> Row:
    compared = f"; {row.agreement.text}" if row.agreement else ""
    remark = f", {row.remark}" if row.remark else ""
    plain = row_of(symbol, row.estimate, "")
    status = plain.text.removesuffix(": ")
    return Row(
        symbol, plain.value, plain.error, "; ".join(filter(None, [f"{row.method}{remark}{compared}", status]))
    )


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.6g}"
