"""Excel workbooks (.xlsx), read with openpyxl; each sheet is parsed like a text file."""

from __future__ import annotations

import io
import re
import warnings
import zipfile
from dataclasses import replace
from functools import partial

from slxrd.errors import FileError
from slxrd.io.formats import FORMATS, Format
from slxrd.io.shared import archive, xml
from slxrd.io.shared.scan import MIN_POINTS, Load, Request, Scan
from slxrd.io.text import columns_file as text

NAME = "Excel .xlsx"

#: Largest number of rows of a sheet, and number of columns that are read.
ROWS_LIMIT = 200_000
COLUMNS_LIMIT = 26

_WORKBOOK = "xl/workbook.xml"
#: Error values such as ``#N/A``; without the # removed they would start a comment in a text file.
_ERROR = re.compile(r"#([A-Z]+(?:/[A-Z0]+)?[!?]?)")


def recognises(data: bytes) -> bool:
    """Return True for an archive with an Excel workbook."""
    return _WORKBOOK in archive.member_names(data)


def scans(request: Request) -> list[Load]:
    """List the visible sheets with at least five rows that begin with two numbers.

    If the request selects columns, the rows need two numbers in any columns.

    Raises
    ------
    FileError
        If the workbook cannot be read, or has no such sheet.
    """
    loads: list[Load] = []
    numeric = _begins_with_two_numbers if request.columns is None else _holds_two_numbers
    for title, lines in _sheets(_checked_copy(request), request.source):
        if sum(map(numeric, lines)) >= MIN_POINTS:
            loads.append(partial(_read, title, lines, request))
    if not loads:
        raise FileError(
            request.source,
            f"has no visible sheet with {MIN_POINTS} rows that begin with two numbers (formulas need stored "
            "results); save the columns as values",
        )
    return loads


def _read(title: str, lines: list[str], request: Request) -> Scan:
    """Read one sheet as a text file; line numbers in messages are row numbers."""
    (load,) = text.scans(replace(request, data="\n".join(lines).encode()))
    scan = load()
    return replace(scan, metadata={**scan.metadata, "format": NAME, "title": title})


def _checked_copy(request: Request) -> bytes:
    """Repack the workbook with members of checked size, as openpyxl does not limit them.

    Raises
    ------
    FileError
        If the archive is damaged, too large, or has XML with a document type.
    """
    opened = archive.open_archive(request.data, request.source)
    copy = io.BytesIO()
    size = markup = 0
    with zipfile.ZipFile(copy, "w") as packed:
        for name in opened.members:
            content = opened.read(name)
            if b"<!DOCTYPE" in content.replace(b"\0", b""):
                raise FileError(request.source, "contains XML with a document type (DOCTYPE); save it again")
            size += len(content)
            markup += content.count(b"<") + content.count(b"=")
            if size > xml.SIZE_LIMIT or markup > xml.MARKUP_LIMIT:
                raise FileError(
                    request.source, "is too large a workbook; save the sheet of the scan on its own"
                )
            packed.writestr(name, content)
    return copy.getvalue()


def _sheets(data: bytes, source: str) -> list[tuple[str, list[str]]]:
    """Return title and lines of the visible sheets; convert all exceptions of openpyxl to FileError."""
    sheets = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about pictures, conditional formats and others left out
        try:
            from openpyxl import load_workbook

            workbook = load_workbook(io.BytesIO(data), read_only=True, data_only=True, keep_links=False)
            for sheet in workbook.worksheets:
                if sheet.sheet_state == "visible":
                    rows = sheet.iter_rows(max_row=ROWS_LIMIT + 1, max_col=COLUMNS_LIMIT, values_only=True)
                    sheets.append((sheet.title, list(map(_line, rows))))
        except ImportError:
            raise FileError(source, "needs openpyxl to be read: pip install openpyxl") from None
        except Exception as error:
            reason = " ".join(str(error).split())[:100] or type(error).__name__
            raise FileError(source, f"the workbook cannot be read ({reason}); save it again") from None
    if any(len(lines) > ROWS_LIMIT for _, lines in sheets):
        raise FileError(source, f"has a sheet of more than {ROWS_LIMIT:,} rows; cut out the scan you need")
    return sheets


def _line(cells: tuple[object, ...]) -> str:
    return "\t".join(map(_cell, cells)).rstrip("\t")


def _cell(value: object) -> str:
    if value is None:
        return ""
    shown = " ".join(str(value).split())
    failed = _ERROR.fullmatch(shown)
    return failed[1] if failed else shown


def _begins_with_two_numbers(line: str) -> bool:
    fields = [field for field in line.split("\t") if field]
    return len(fields) >= 2 and all(map(_is_number, fields[:2]))


def _holds_two_numbers(line: str) -> bool:
    return sum(map(_is_number, line.split("\t"))) >= 2


def _is_number(field: str) -> bool:
    try:
        float(field.replace(",", "."))
    except ValueError:
        return False
    return True


FORMATS.register("xlsx", Format(NAME, (".xlsx",), recognises, scans, columns=True))
