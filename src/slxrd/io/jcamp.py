"""JCAMP-DX files (.jdx, .dx): ``##LABEL=value`` records, and tables ``(XY..XY)`` or ``(X++(Y..Y))``.

McDonald and Wilks, Appl. Spectrosc. 42, 151 (1988). Numbers in the tables are multiplied by ``XFACTOR`` and
``YFACTOR``. The format has no record for the wavelength.

Numbers of ``(X++(Y..Y))`` may be compressed (ASCII squeezed difference form, ASDF; section 5 and table VII).
The first character gives the form: an ordinary number (AFFN; in PAC, signs also separate the numbers) or
``?`` for a missing one;
``@A…I a…i``, a leading digit with sign (SQZ); ``%J…R j…r``, the difference to the previous number (DIF);
``S…Z s``, the number of repetitions of the previous number or difference (DUP). After a line that ends in a
difference, the next line begins with the last number of that line, as a check.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial

import numpy as np

from slxrd.data.pattern import LARGEST, Axis, Step
from slxrd.errors import FileError
from slxrd.io.formats import FORMATS, Format
from slxrd.io.shared import counting
from slxrd.io.shared.headers import metadata_entries, parse_number, parse_numbers, required
from slxrd.io.shared.rows import Row, decode, split_lines
from slxrd.io.shared.scan import Load, Request, Scan, check_number
from slxrd.io.shared.signature import from_signature, has_signature
from slxrd.io.text import axis as axes
from slxrd.units import FloatArray

#: Largest number of points of a scan: a few compressed characters can mean very many.
POINTS_LIMIT = 1_000_000

_FORMS = (
    r"(?P<affn>[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[Ee][+-]\d{1,3})?|\?)"
    r"|(?P<sqz>[@A-Ia-i]\d*)|(?P<dif>[%J-Rj-r]\d*)|(?P<dup>[S-Zs]\d*)"
)
_TOKEN = re.compile(rf"[ \t,;]*(?:{_FORMS})")
_LEADING = {"@": "0", "%": "0", "s": "9"}
_LEADING |= {chr(ord("A") + i): str(i + 1) for i in range(9)}
_LEADING |= {chr(ord("a") + i): str(-i - 1) for i in range(9)}
_LEADING |= {chr(ord("J") + i): str(i + 1) for i in range(9)}
_LEADING |= {chr(ord("j") + i): str(-i - 1) for i in range(9)}
_LEADING |= {chr(ord("S") + i): str(i + 1) for i in range(8)}


class Decoder:
    """Decode the ordinates of an ``(X++(Y..Y))`` table, line by line.

    Parameters
    ----------
    source : str
        Path of the file, for messages.
    """

    def __init__(self, source: str) -> None:
        self.source = source
        #: Ordinates decoded so far.
        self.ordinates: list[float] = []
        self._ends_in_difference = False

    def feed(self, text: str, line: int) -> tuple[str, int]:
        """Decode a line.

        Parameters
        ----------
        text : str
            The abscissa and its ordinates.
        line : int
            Number of the line, for messages.

        Returns
        -------
        abscissa : str
            As written.
        index : int
            Index of the ordinate at this abscissa.

        Raises
        ------
        FileError
            If the line is not numbers of these forms, or its first ordinate is not the last of the line
            before, where it must be.
        """
        numbers = self._numbers(text, line)
        form, written = next(numbers, ("", ""))
        if form != "affn":
            raise FileError(self.source, "does not begin with its abscissa", line)
        abscissa = written
        known = len(self.ordinates)
        checked = self._ends_in_difference
        if checked:
            form, written = next(numbers, ("", ""))
            last = self.ordinates[-1]
            if form not in ("affn", "sqz") or float(written) != last:
                raise FileError(
                    self.source,
                    f"begins with {written!r} and not with the {last:g} of the line before it",
                    line,
                )
        difference: float | None = None
        for form, written in numbers:
            if form == "dup":
                times = int(written[:8]) - 1
                if len(self.ordinates) == known and not checked:
                    raise FileError(self.source, "begins with a repetition of nothing", line)
                if times < 0 or len(self.ordinates) + times > POINTS_LIMIT:
                    raise FileError(self.source, f"repeats a number {written[:20]} times", line)
            else:
                times, difference = 1, float(written) if form == "dif" else None
                if form == "dif" and not self.ordinates:
                    raise FileError(self.source, "begins with a difference to nothing", line)
            for _ in range(times):
                if difference is None:
                    value = self.ordinates[-1] if form == "dup" else float(written)
                else:
                    value = self.ordinates[-1] + difference
                if abs(value) > LARGEST:
                    raise FileError(self.source, f"{value:g} is not an intensity; export it again", line)
                self.ordinates.append(value)
            if len(self.ordinates) > POINTS_LIMIT:
                raise FileError(self.source, f"has more than {POINTS_LIMIT:,} points", line)
        self._ends_in_difference = difference is not None
        return abscissa, known - 1 if checked else known

    def _numbers(self, text: str, line: int) -> Iterator[tuple[str, str]]:
        at = 0
        while at < len(text):
            found = _TOKEN.match(text, at)
            if not found:
                rest = text[at:].strip(" \t,;")
                if not rest:
                    return
                raise FileError(self.source, f"{rest[:20]!r} is not understood; export it again", line)
            at = found.end()
            form = str(found.lastgroup)
            written = found[form]
            if form == "affn":
                yield form, "nan" if written == "?" else written
            else:
                yield form, _LEADING[written[0]] + written[1:]


NAME = "JCAMP-DX"

#: A record; some programs write the last one of a block, END, without the equals sign.
_RECORD = re.compile(r"##(?:([^=]*)=(.*)|(END)\s*)$", re.I)
_START = re.compile(r"##\s*(?:TITLE|JCAMP[\s_-]*DX)\s*=", re.I)
#: Labels of tables that are read, and of tables that are not supported.
_TABLES = ("XYDATA", "XYPOINTS", "PEAKTABLE")
_OTHER_TABLES = ("DATATABLE", "NTUPLES", "PEAKASSIGNMENTS", "RADATA")
#: Largest ratio of a step to the median step of a pattern; larger ones occur in lists of peaks.
_GAP = 5.0


@dataclass
class _Block:
    """One table, and the records before it."""

    records: Mapping[str, str]
    label: str
    form: str
    start: Row
    rows: list[Row] = field(default_factory=list)
    complete: bool = False


def recognises(data: bytes) -> bool:
    """Return True for a file with the record ``TITLE`` or ``JCAMP-DX`` before the first row."""
    return has_signature(data, _START)


def scans(request: Request) -> list[Load]:
    """List the tables of a JCAMP-DX file."""
    text = decode(request.data, request.source)
    records: dict[str, str] = {}
    blocks: list[_Block] = []
    table, entries = False, 0
    for line in from_signature(split_lines(text, request.source, longest=len(text)), _START):
        if re.match(r"#(?!#)", line.text):
            continue
        row = Row(line.line, line.text.partition("$$")[0].strip())
        record = _RECORD.match(row.text)
        if not record:
            if table and row.text:
                blocks[-1].rows.append(row)
            continue
        if table:
            blocks[-1].complete = True
        label = re.sub(r"[\s/_-]", "", record[3] or record[1]).upper()
        value = (record[2] or "").strip()
        table = label in (*_TABLES, *_OTHER_TABLES)
        if table:
            entries += len(records)
            check_number(len(blocks) + 1, request.source, entries)
            blocks.append(_Block(dict(records), label, re.sub(r"\s", "", value).upper(), row))
        elif label == "TITLE":
            records = {label: value}
        else:
            records[label] = value
    return [partial(_read, block, request) for block in blocks]


def _read(block: _Block, request: Request) -> Scan:
    """Read one table.

    Raises
    ------
    FileError
        If the table is truncated, not a pattern, or of an unsupported form.
    """
    source, records = request.source, block.records
    if not block.complete:
        raise FileError(source, "the table has no ##END=: it is truncated; copy or export it again")
    axis, degrees = _axis(request, records)
    factors = [parse_number(records.get(f"{c}FACTOR") or "1", f"{c}FACTOR", source) for c in "XY"]
    if 0.0 in factors:
        raise FileError(source, "XFACTOR or YFACTOR is 0; export it again")
    if block.label in _TABLES and block.form == "(XY..XY)":
        x, y = _pairs(block, source)
        x = x * factors[0]
    elif block.label == "XYDATA" and block.form == "(X++(Y..Y))":
        x, y = _steps(block, factors[0], source)
    else:
        raise FileError(
            source,
            f"its table {block.label}={block.form[:40]} is not supported; export it as (XY..XY) or "
            "(X++(Y..Y))",
            block.start.line,
        )
    stated = records.get("NPOINTS")
    if stated and parse_number(stated, "NPOINTS", source) != x.size:
        raise FileError(source, f"claims {stated} points but has {x.size}; copy or export it again")
    if block.label == "PEAKTABLE":
        _check_not_peaks(x, source)
    intensity = y * factors[1]
    digit = counting.last_digit(y) * abs(factors[1])
    unit = records.get("YUNITS", "")
    if unit.lower() in ("counts", "count"):
        counted = counting.from_counts(intensity, digit)
    else:
        counted = counting.from_unknown_unit(intensity, digit)
    return Scan(
        x=degrees * x,
        intensity=counted.intensity,
        axis=axis,
        per_count=counted.per_count(),
        metadata=metadata_entries(
            {
                "format": NAME,
                "title": records.get("TITLE"),
                "date": records.get("LONGDATE") or records.get("$STARTTIME") or records.get("DATE"),
                "data type": records.get("DATATYPE"),
                "intensity unit": unit,
            }
        ),
        history=(
            *_scaling(factors),
            *counted.history,
            *((Step("2θ = 2 × θ"),) if degrees != 1.0 else ()),
        ),
    )


def _axis(request: Request, records: Mapping[str, str]) -> tuple[Axis, float]:
    """Return the quantity on the axis, and its value for one unit in the file (2 for θ)."""
    unit = required(records, "XUNITS", request.source)
    is_q, is_two_theta = axes.names_q_or_two_theta(unit)
    if axes.names_per_nm(unit):
        raise FileError(request.source, f"XUNITS is {unit[:40]!r}; export it in 1/Å or in degrees of 2θ")
    if is_q != is_two_theta:
        axis: Axis = "q" if is_q else "2theta"
        if request.axis not in (None, axis):
            raise FileError(request.source, f"the axis is in {unit!r} by its XUNITS; leave --axis out")
        return axis, 1.0
    if request.axis is None:
        raise FileError(
            request.source,
            f"XUNITS is {unit[:40]!r}, which is neither 2θ nor q in Å⁻¹ for certain: if it is one of them, "
            "use --axis 2theta or --axis q (--axis theta for θ)",
        )
    return ("2theta", 2.0) if request.axis == "theta" else (request.axis, 1.0)


def _pairs(block: _Block, source: str) -> tuple[FloatArray, FloatArray]:
    fields = [(text, row.line) for row in block.rows for text in re.split(r"[\s,;]+", row.text) if text]
    if len(fields) % 2:
        raise FileError(source, f"has {len(fields)} numbers, not pairs; copy or export it again")
    numbers = parse_numbers(fields, "the table", source)
    return numbers[0::2], numbers[1::2]


def _steps(block: _Block, factor: float, source: str) -> tuple[FloatArray, FloatArray]:
    """Return abscissae (computed from the ends of the axis) and ordinates; check those in the lines."""
    records = block.records
    first, last = (parse_number(required(records, key, source), key, source) for key in ("FIRSTX", "LASTX"))
    n = parse_number(required(records, "NPOINTS", source), "NPOINTS", source)
    decoder = Decoder(source)
    marks = [(*decoder.feed(row.text, row.line), row.line) for row in block.rows]
    found = len(decoder.ordinates)
    if found != n or found < 2:
        raise FileError(source, f"claims {n:g} points but has {found}; copy or export it again")
    step = (last - first) / (found - 1)
    for written, index, line in marks:
        abscissa = float(written) * factor
        printed = 0.5 * abs(factor) * 10.0 ** -counting.decimals([written])
        if abs(abscissa - (first + step * index)) > 0.6 * abs(step) + printed:
            raise FileError(
                source,
                f"begins at {abscissa:g} instead of {first + step * index:g}: there are too few or too many "
                "points before it; copy or export it again",
                line,
            )
    return first + step * np.arange(found, dtype=np.float64), np.array(decoder.ordinates)


def _check_not_peaks(x: FloatArray, source: str) -> None:
    steps = np.abs(np.diff(x))
    if steps.size and steps.max() > _GAP * np.median(steps):
        raise FileError(source, "is a list of peaks, not a pattern; export the measured points")


def _scaling(factors: list[float]) -> tuple[Step, ...]:
    if factors[1] == 1.0:
        return ()
    return (Step("intensity scaled", {"YFACTOR": factors[1]}),)


FORMATS.register("jcamp", Format(NAME, (".jdx", ".dx", ".jcamp"), recognises, scans))
