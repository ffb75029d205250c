"""Excel workbooks: read as the same columns of text would be, whatever wrote them."""

import datetime
import io
import sys
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from slxrd.data.pattern import Axis, Pattern
from slxrd.errors import FileError, SlxrdError
from slxrd.io import read, registry
from slxrd.io.shared.column_choice import parse_column_choice
from slxrd.io.shared.scan import Request
from slxrd.io.text import xlsx

openpyxl = pytest.importorskip("openpyxl")

Rows = Sequence[Sequence[Any]]
GOOD: Rows = [[0.1, 7], [0.2, 8.5], [0.3, 900], [0.4, 8], [0.5, 0]]


def workbook(sheets: dict[str, Rows]) -> bytes:
    book = openpyxl.Workbook()
    book.remove(book.active)
    for title, rows in sheets.items():
        sheet = book.create_sheet(title)
        for row in rows:
            sheet.append(row)
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


def edited(data: bytes, name: str, change: Callable[[str], str]) -> bytes:
    """Change one member of a workbook."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(buffer, "w") as new:
        for member in old.namelist():
            content = old.read(member)
            new.writestr(member, change(content.decode()).encode() if member == name else content)
    return buffer.getvalue()


SHEET = "xl/worksheets/sheet1.xml"


@pytest.fixture
def read_bytes(tmp_path: Path) -> Callable[..., Pattern]:
    def reading(content: bytes, axis: Axis | None = "q", **options: Any) -> Pattern:
        path = tmp_path / "scan.xlsx"
        path.write_bytes(content)
        return read(path, axis=axis, **options)

    return reading


def test_two_columns(read_bytes: Callable[..., Pattern]) -> None:
    pattern = read_bytes(workbook({"Film 7": GOOD}))
    assert pattern.x.tolist() == [0.1, 0.2, 0.3, 0.4, 0.5]
    assert pattern.intensity.tolist() == [7, 8.5, 900, 8, 0]
    assert (pattern.axis, pattern.sigma, pattern.per_count) == ("q", None, None)
    assert (pattern.metadata["format"], pattern.metadata["title"]) == ("Excel .xlsx", "Film 7")


def test_header_and_sigma(read_bytes: Callable[..., Pattern]) -> None:
    rows = [["Sample 5"], [], ["2theta (deg)", "I", "sigma"], *([10 + 10 * x, y, 2.5] for x, y in GOOD)]
    pattern = read_bytes(workbook({"a": rows}), axis=None, wavelength="CuKa1")
    assert pattern.axis == "2theta"
    assert pattern.x.tolist() == [11.0, 12.0, 13.0, 14.0, 15.0]
    assert pattern.sigma is not None
    assert pattern.sigma.tolist() == [2.5] * 5


@pytest.mark.parametrize("decimals", [1, 8])
def test_numbers_are_exact(read_bytes: Callable[..., Pattern], decimals: int) -> None:
    rng = np.random.default_rng(1)
    x = np.round(np.cumsum(rng.uniform(0.01, 0.02, 50)), decimals + 2)
    y = np.round(rng.uniform(0, 1e6, 50), decimals)
    pattern = read_bytes(workbook({"a": list(zip(x.tolist(), y.tolist(), strict=True))}))
    np.testing.assert_array_equal(pattern.x, x)
    np.testing.assert_array_equal(pattern.intensity, y)


def test_the_same_as_text(read_bytes: Callable[..., Pattern], tmp_path: Path) -> None:
    rows = [["q (1/Å)", "counts"], *GOOD[::-1]]
    (tmp_path / "scan.txt").write_text("\n".join(" ".join(map(str, row)) for row in rows))
    text, sheet = read(tmp_path / "scan.txt"), read_bytes(workbook({"a": rows}), axis=None)
    np.testing.assert_array_equal(text.x, sheet.x)
    np.testing.assert_array_equal(text.intensity, sheet.intensity)
    assert (text.axis, text.history) == (sheet.axis, sheet.history)


def test_columns_may_stand_anywhere(read_bytes: Callable[..., Pattern]) -> None:
    rows = [["title"], [], *([None, None, x, y] for x, y in GOOD), [], ["", None]]
    assert read_bytes(workbook({"a": rows})).intensity.tolist() == [7, 8.5, 900, 8, 0]


def test_numbers_written_as_text(read_bytes: Callable[..., Pattern]) -> None:
    rows = [[str(x).replace(".", ","), str(y).replace(".", ",")] for x, y in GOOD]
    assert read_bytes(workbook({"a": rows})).intensity.tolist() == [7, 8.5, 900, 8, 0]


def test_stored_results_of_formulas_are_read(read_bytes: Callable[..., Pattern]) -> None:
    def with_formula(text: str) -> str:
        assert "<v>900</v>" in text
        return text.replace("<v>900</v>", "<f>30*31</f><v>930</v>")

    pattern = read_bytes(edited(workbook({"a": GOOD}), SHEET, with_formula))
    assert pattern.intensity[2] == 930  # as stored: nothing is computed, and nothing from the file is run


def test_formulas_without_results(read_bytes: Callable[..., Pattern]) -> None:
    with pytest.raises(FileError, match=r"column 2 is empty|has one column") as caught:
        read_bytes(workbook({"a": [*GOOD, [0.6, "=SUM(B1:B5)"]]}))
    assert ", line 6" in str(caught.value)
    with pytest.raises(FileError, match="formulas need stored results"):
        read_bytes(workbook({"a": [[f"=0.{i}", "=1+1"] for i in range(1, 8)]}))


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ([0.6, "#DIV/0!"], "DIV/0!"),
        ([0.6, "=NA()"], "line 7"),
        ([0.6, "text"], "text"),
        ([0.6, True], "True"),
        ([0.6, datetime.datetime(2024, 1, 1)], "2024-01-01"),
        ([0.6], "one column"),
        ([0.6, 1, 2, 3], "4 columns"),
        ([0.3, 1], "q = 0.3 is in line 4 too"),
    ],
)
def test_rows_refused(read_bytes: Callable[..., Pattern], row: list[Any], message: str) -> None:
    """With the number of the row in the sheet."""
    rows = [["q", "I"], *GOOD, row, [0.7, 5]]
    with pytest.raises(FileError) as caught:
        read_bytes(workbook({"a": rows}))
    assert message in str(caught.value)
    assert "scan.xlsx, line 7" in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("row", [["#N/A", 5], [-0.3, 1], [0, 1], [0.65, "nan"], [0.65, "#N/A"]])
def test_single_bad_rows_are_left_out(read_bytes: Callable[..., Pattern], row: list[Any]) -> None:
    whole = read_bytes(workbook({"a": [["q", "I"], *GOOD, [0.7, 5]]}))
    pattern = read_bytes(workbook({"a": [["q", "I"], *GOOD, row, [0.7, 5]]}))
    assert pattern.x.tolist() == whole.x.tolist()
    assert pattern.intensity.tolist() == whole.intensity.tolist()
    assert "line 7" in str(pattern.history[0])


def test_rows_that_are_missing_count(read_bytes: Callable[..., Pattern]) -> None:
    with pytest.raises(FileError, match=r"scan\.xlsx, line 9: "):
        read_bytes(workbook({"a": [[], [], [], *GOOD, [0.6, "x"]]}))


def test_wrong_dimensions_are_not_believed(read_bytes: Callable[..., Pattern]) -> None:
    def spoil(text: str) -> str:
        assert '<dimension ref="A1:B5"' in text
        return text.replace('<dimension ref="A1:B5"', '<dimension ref="A1"')

    assert len(read_bytes(edited(workbook({"a": GOOD}), SHEET, spoil))) == 5


def test_sheets_with_patterns(tmp_path: Path, read_bytes: Callable[..., Pattern]) -> None:
    notes: Rows = [["measured by", "nobody"], [2024, 5], ["a", 5]]
    other: Rows = [[x, 2 * y] for x, y in GOOD]
    assert read_bytes(workbook({"notes": notes, "scan": GOOD})).metadata["title"] == "scan"
    both = workbook({"notes": notes, "scan": GOOD, "again": other})
    with pytest.raises(FileError, match="has 2 scans; choose one with --scan"):
        read_bytes(both)
    assert read_bytes(both, scan=2).intensity.tolist() == [14, 17, 1800, 16, 0]
    titles = [found.metadata["title"] for found in registry.read_scans(tmp_path / "scan.xlsx", axis="q") if
              isinstance(found, Pattern)]  # fmt: skip
    assert titles == ["scan", "again"]
    with pytest.raises(FileError, match="has no visible sheet with 5 rows"):
        read_bytes(workbook({"notes": notes}))


def test_chosen_columns(tmp_path: Path) -> None:
    rows = [["run", "q", "raw", "I"], *(["a", x, 1, y] for x, y in GOOD)]
    for picked in ("2,4", "q,I"):
        request = Request("scan.xlsx", workbook({"a": rows}), columns=parse_column_choice(picked), axis="q")
        (load,) = xlsx.scans(request)
        found = load()
        assert np.asarray(found.x).tolist() == [0.1, 0.2, 0.3, 0.4, 0.5]
        assert np.asarray(found.intensity).tolist() == [7, 8.5, 900, 8, 0]


def test_hidden_sheets_are_left_out(read_bytes: Callable[..., Pattern]) -> None:
    book = openpyxl.load_workbook(io.BytesIO(workbook({"shown": GOOD, "hidden": GOOD})))
    book["hidden"].sheet_state = "hidden"
    buffer = io.BytesIO()
    book.save(buffer)
    assert read_bytes(buffer.getvalue()).metadata["title"] == "shown"


def test_pictures_and_charts_do_not_disturb(read_bytes: Callable[..., Pattern]) -> None:
    book = openpyxl.load_workbook(io.BytesIO(workbook({"a": GOOD})))
    chart = openpyxl.chart.ScatterChart()
    book["a"].add_chart(chart, "E5")
    book.create_chartsheet("chart").add_chart(openpyxl.chart.LineChart())
    buffer = io.BytesIO()
    book.save(buffer)
    assert len(read_bytes(buffer.getvalue())) == 5


@pytest.mark.slow
def test_limits(read_bytes: Callable[..., Pattern], monkeypatch: pytest.MonkeyPatch) -> None:
    data = workbook({"a": GOOD})
    far = edited(data, SHEET, lambda text: text.replace('r="5"', 'r="999999999"').replace("B5", "B999999999"))
    with pytest.raises(FileError, match="more than 200,000 rows"):
        read_bytes(far)
    monkeypatch.setattr(xlsx, "ROWS_LIMIT", 5)
    assert len(read_bytes(data)) == 5
    monkeypatch.setattr(xlsx, "ROWS_LIMIT", 4)
    with pytest.raises(FileError, match="more than 4 rows"):
        read_bytes(data)
    monkeypatch.setattr("slxrd.io.shared.xml.SIZE_LIMIT", 1000)
    with pytest.raises(FileError, match="is too large a workbook"):
        read_bytes(data)
    monkeypatch.undo()
    monkeypatch.setattr("slxrd.io.shared.xml.MARKUP_LIMIT", 10)
    with pytest.raises(FileError, match="is too large a workbook"):
        read_bytes(data)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_document_types_refused(read_bytes: Callable[..., Pattern], encoding: str) -> None:
    data = workbook({"a": GOOD})
    buffer = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(buffer, "w") as new:
        for member in old.namelist():
            content = old.read(member)
            if member == SHEET:
                bomb = '<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]>' + content.decode()
                content = bomb.encode(encoding)
            new.writestr(member, content)
    with pytest.raises(FileError, match="contains XML with a document type"):
        read_bytes(buffer.getvalue())


def test_without_the_library(read_bytes: Callable[..., Pattern], monkeypatch: pytest.MonkeyPatch) -> None:
    data = workbook({"a": GOOD})
    monkeypatch.setitem(sys.modules, "openpyxl", None)
    with pytest.raises(FileError, match="needs openpyxl to be read: pip install openpyxl"):
        read_bytes(data)


fuzz = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow], database=None)


def reads_or_says_why(path: Path) -> None:
    message = ""
    try:
        pattern = read(path, axis="q")
    except SlxrdError as error:
        message = str(error)
        assert message
    else:
        assert np.all(np.isfinite(pattern.intensity))
        assert np.all(np.diff(pattern.x) > 0.0)
    assert "\n" not in message
    assert len(message) < 400


@pytest.mark.slow
@fuzz
@given(
    rows=st.lists(
        st.lists(
            st.one_of(st.none(), st.floats(allow_nan=False, allow_infinity=False), st.integers(-9, 9),
                      st.sampled_from(["q", "#N/A", "1,5", "2;5", "# note", "x\ty", "a\nb", "-"])),
            max_size=4,
        ),
        max_size=9,
    )
)  # fmt: skip
def test_any_cells(tmp_path_factory: pytest.TempPathFactory, rows: list[list[Any]]) -> None:
    path = tmp_path_factory.mktemp("xlsx") / "scan.xlsx"
    path.write_bytes(workbook({"a": rows}))
    reads_or_says_why(path)
