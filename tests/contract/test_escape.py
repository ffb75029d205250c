"""Texts from files are shown as texts: by a page, a figure, a table and a terminal."""

import ast
import csv
import io
import json
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest
from cli_shell import call
from matplotlib.figure import Figure

import slxrd
from slxrd._escape import CsvWriter, csv_cell, figure_text, html_text, on_one_line, printable
from slxrd.errors import FileError
from slxrd.fitting.record.write import curves_csv
from slxrd.ui.gallery.page import GalleryPage
from slxrd.ui.plotting.fit import figure_bytes

SOURCES = Path(slxrd.__file__).parent
SAVED = Path(__file__).parents[1] / "files" / "v0.1" / "fits" / "own" / "result.json"
MARKUP = "<img src=x onerror=alert(1)>\"'&amp;"
FORMULA = r"$\frac{$ and $x^$"


class _Tags(HTMLParser):
    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))


def test_control_characters_and_directions_are_shown_by_their_code() -> None:
    assert printable("a\x1b[2Jb\nc\td\x9b\u202e\udcff") == "a\\u001b[2Jb\nc\td\\u009b\\u202e\\udcff"
    assert on_one_line("a\nb\tc\r") == "a\\u000ab\\u0009c\\u000d"
    assert printable("β-CsPbBr₃ 30 °C") == "β-CsPbBr₃ 30 °C"
    assert json.loads(printable(json.dumps("\x85\x7f", ensure_ascii=False))) == "\x85\x7f"


@pytest.mark.parametrize("problem", ["\x04" * 900, "a" * 5000])
def test_a_message_about_a_name_of_control_characters_is_short(problem: str) -> None:
    shown = str(FileError("\x04" * 250, problem, line=3))
    assert len(shown) < 1500
    assert shown.startswith(r"\u0004\u0004")
    assert ", line 3: " in shown
    assert "b" * 500 in str(FileError("b" * 500, problem))


@pytest.mark.slow
@pytest.mark.parametrize("text", [FORMULA, "$a$", "a$b", "\\$x$", "$", "x" * 300 + "$y$", "a\nb", "\udcff"])
def test_a_name_in_a_figure_is_drawn_as_itself(text: str) -> None:
    figure = Figure()
    drawn = figure.text(0.1, 0.5, figure_text(text))
    figure_bytes(figure)
    shown, math = drawn._preprocess_math(drawn.get_text())  # type: ignore[attr-defined]
    assert not math
    assert shown == text if len(text) < 100 and text.isascii() and "\n" not in text else len(shown) < 150


@pytest.mark.slow
def test_a_formula_that_cannot_be_read_loses_no_figure() -> None:
    figure = Figure(layout="constrained")
    figure.suptitle(FORMULA)
    axes = figure.subplots()
    axes.set_xlabel(r"$\sigma_L$")
    axes.plot([0.0, 1.0], label=r"$\frac{$")
    axes.legend()
    assert figure_bytes(figure, "svg").startswith(b"<?xml")


@pytest.mark.parametrize("text", ["=1+1", "+A1", "-A1", "@SUM(1)", "\t=1", "-1+cmd|'/C calc'!A0"])
def test_no_cell_is_a_formula(text: str) -> None:
    assert csv_cell(text) == f"'{text}"


@pytest.mark.parametrize("text", ["-1.5", "-2e-05", "-0.1 to 0.2 or 0.3 to 0.4", "-inf", "film", "", "a=b"])
def test_numbers_and_other_texts_are_cells_as_they_are(text: str) -> None:
    assert csv_cell(text) == text


def test_tables_are_read_back() -> None:
    text = io.StringIO()
    table = CsvWriter(text)
    table.writerow(["=x", -1.5, None, 'a,"b"\nc', True])
    assert list(csv.reader(io.StringIO(text.getvalue()))) == [["'=x", "-1.5", "", 'a,"b"\nc', "True"]]


def test_curves_of_a_region_named_like_a_formula_are_found_again(tmp_path: Path) -> None:
    fit = slxrd.load(SAVED)
    region = replace(fit.regions[0].region, name="=A1")
    document = {**fit.document, "regions": [{**fit.document["regions"][0], "name": "=A1", "curves": None}]}
    fit = replace(fit, regions=(replace(fit.regions[0], region=region),))
    (tmp_path / "result.json").write_text(json.dumps(document))
    (tmp_path / "fit.csv").write_text(curves_csv(fit))
    assert "'=A1" in (tmp_path / "fit.csv").read_text()
    assert len(slxrd.load(tmp_path).regions) == 1


@pytest.mark.slow
def test_every_writer_of_tables_and_pages_uses_the_same_functions() -> None:
    """Calls of csv.writer and html.escape, and names of files in figures that are not escaped."""
    for file in SOURCES.rglob("*.py"):
        if file.name == "_escape.py":
            continue
        text = file.read_text(encoding="utf-8")
        assert "csv.writer(" not in text, file
        assert "from html import escape" not in text, file
        assert "html.escape(" not in text, file
        if "plotting" in file.parts:
            for node in ast.walk(ast.parse(text)):
                if isinstance(node, ast.Attribute) and node.attr == "name":
                    piece = ast.get_source_segment(text, node) or ""
                    escaped = any(f"{escape}({piece}" in text for escape in ("figure_text", "on_one_line"))
                    assert "source" not in piece or escaped, (file, piece)


def test_the_page_of_the_gallery_shows_names_as_text(tmp_path: Path) -> None:
    entry = {"title": MARKUP, "order": 0, "caption": MARKUP, "table": [[MARKUP], [MARKUP]]}
    page = GalleryPage(tmp_path, {MARKUP: {**entry, "pictures": {f"x{MARKUP}.png": "0"}}})
    tags = _Tags(page._html()).found
    images = [attributes for tag, attributes in tags if tag == "img"]
    assert [set(image) for image in images] == [{"src", "alt"}]
    assert not any(name.startswith("on") for _, attributes in tags for name in attributes)
    assert html_text(MARKUP) in page._html()


@pytest.mark.slow
def test_a_terminal_gets_no_control_characters(tmp_path: Path) -> None:
    document = json.loads(SAVED.read_text(encoding="utf-8"))
    document["printed"] = "L 1\x1b]0;title\x07 Å\n\x9b31m\u202e"
    path = tmp_path / "result.json"
    path.write_text(json.dumps(document))
    shown = call("show", path)
    assert shown.code == 0
    assert "\\u001b]0;title\\u0007 Å\n\\u009b31m\\u202e" in shown.out
    missing = call("show", tmp_path / "\x07.json")
    assert missing.code == 2
    assert "\\u0007.json" in missing.err
    assert not {"\x1b", "\x07", "\x9b"} & set(shown.out + missing.err)
