"""A hostile text in every text of every document: what is made of it shows it as text."""

import json
import tomllib
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from cli_shell import call
from planted_texts import (
    HOSTILE,
    PLAIN,
    accepted,
    check_page,
    check_sentence,
    check_svg,
    check_table,
    check_terminal,
    places_of_texts,
    planted,
)  # fmt: skip

import slxrd
from slxrd.errors import SlxrdError
from slxrd.fitting.record.write import curves_csv
from slxrd.instrument.calibration.file import read_resolution
from slxrd.sample.library.crystals import crystal
from slxrd.ui.gallery.page import GalleryPage
from slxrd.ui.plotting.fit import figure_bytes
from slxrd.ui.report.page import report_html
from slxrd.ui.session.controller import Session

FILES = Path(__file__).parents[1] / "files"
RESULTS = [*sorted(FILES.glob("results/*/result.json")), FILES / "v0.1" / "fits" / "own" / "result.json"]
SESSIONS = sorted(FILES.glob("v0.1/sessions/*.json"))
SERIES = sorted(FILES.glob("v0.1/series/**/series.json"))


def _reader(path: Path, read: Callable[[Path], object]) -> Callable[[Any], object]:
    def read_document(document: Any) -> object:
        path.write_text(json.dumps(document), encoding="utf-8")
        return read(path)

    return read_document


@pytest.mark.slow
@pytest.mark.parametrize("file", RESULTS, ids=lambda path: path.parent.name)
def test_a_result(file: Path, tmp_path: Path) -> None:
    document = json.loads(file.read_text(encoding="utf-8"))
    path = tmp_path / "result.json"
    read = _reader(path, slxrd.load)
    places = accepted(document, read, SlxrdError)
    assert len(places) > 5
    # All that are read one by one, as far as they are read together.
    together: list[tuple[Any, ...]] = []
    for place in places:
        try:
            read(planted(document, [*together, place]))
        except SlxrdError:
            continue
        together.append(place)
    read(planted(document, together))
    saved = slxrd.load(path)
    check_page(report_html(saved))
    if saved.regions:
        check_svg(figure_bytes(slxrd.plot(saved), "svg"))
        check_table(curves_csv(saved))
    else:
        with pytest.raises(SlxrdError, match="has no curves to draw"):
            slxrd.plot(saved)
    for words in (["show"], ["show", "--script"]):
        shown = call(*words, path)
        assert shown.code in (0, 2)
        check_terminal(shown.out + shown.err)


@pytest.mark.slow
@pytest.mark.parametrize("file", SESSIONS, ids=lambda path: path.stem)
def test_a_session(file: Path, tmp_path: Path) -> None:
    document = json.loads(file.read_text(encoding="utf-8"))
    path = tmp_path / "session.json"
    read = _reader(path, Session.open)
    for place in accepted(document, read, SlxrdError):
        read(planted(document, [place]))
        for words in (["show"], ["show", "--script"]):
            shown = call(*words, path)
            assert shown.code in (0, 2), place
            check_terminal(shown.out + shown.err)


@pytest.mark.slow
@pytest.mark.parametrize("file", SERIES, ids=lambda path: path.parent.name)
def test_a_series(file: Path, tmp_path: Path) -> None:
    document = json.loads(file.read_text(encoding="utf-8"))
    path = tmp_path / "series.json"
    for place in places_of_texts(document):
        path.write_text(json.dumps(planted(document, [place])), encoding="utf-8")
        shown = call("show", path)
        assert shown.code in (0, 2), (place, shown.err)
        check_terminal(shown.out + shown.err)


def test_a_gallery(tmp_path: Path) -> None:
    entry = {"title": "t", "order": 0, "caption": "c", "table": [["a"], ["b"]], "pictures": {"x.png": "0"}}
    document = {"slxrd": slxrd.__version__, "figures": {"S2": entry}}
    read = _reader(tmp_path / "gallery.json", lambda path: GalleryPage.open(path.parent, force=False))
    places = accepted(document, read, SlxrdError)
    assert len(places) >= 4
    page = read(planted(document, places))
    assert isinstance(page, GalleryPage)
    check_page(page._html())


@pytest.mark.parametrize(("name", "read"), [("own.toml", crystal), ("resolution.toml", read_resolution)])
def test_settings(name: str, read: Callable[[Path], object], tmp_path: Path) -> None:
    """What is wrong in a file of settings is stated in one line without control characters."""
    path = tmp_path / name
    for text in (f"a = '''{PLAIN}'''", f"name = {json.dumps(HOSTILE)}", f"{json.dumps(HOSTILE)} = 1"):
        path.write_text(text, encoding="utf-8")
        tomllib.loads(text)
        with pytest.raises(SlxrdError) as error:
            read(path)
        assert "\n" not in str(error.value)


SCANS = {
    path.suffix + str(i): path
    for i, path in enumerate(sorted(FILES.iterdir()))
    if path.suffix in (".xrdml", ".uxd", ".udf", ".x00", ".jdx", ".ras") and path.stat().st_size < 300_000
}


def _first_points(data: bytes) -> bytes:
    """The beginning of a measurement, which is read sooner."""
    root = ElementTree.fromstring(data)
    for element in root.iter():
        element.text = " ".join((element.text or "").split(" ")[:99])
    return ElementTree.tostring(root)


def _headers(path: Path) -> list[bytes]:
    """Copies of a file with the hostile text in one line of its header, or one element, each."""
    data = path.read_bytes()
    if path.suffix == ".xrdml":
        data, copies = _first_points(data), []
        count = sum(1 for _ in ElementTree.fromstring(data).iter())
        for i in range(count):
            for name in [None, *list(ElementTree.fromstring(data).iter())[i].attrib]:
                root = ElementTree.fromstring(data)
                element = list(root.iter())[i]
                if name is not None:
                    element.set(name, PLAIN)
                elif (element.text or "").strip():
                    element.text = PLAIN
                copies.append(ElementTree.tostring(root))
        return copies
    lines = data.decode("latin-1").splitlines()
    copies = []
    for i, line in enumerate(lines[:80]):
        for mark in ("=", ",", " "):
            key, found, _ = line.partition(mark)
            if found and any(letter.isalpha() for letter in key):
                changed = [*lines[:i], f"{key}{mark}{PLAIN}", *lines[i + 1 :]]
                copies.append("\n".join(changed).encode("latin-1"))
                break
    return copies


@pytest.mark.slow
@pytest.mark.parametrize("path", SCANS.values(), ids=list(SCANS))
def test_headers_of_instruments(path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    file = tmp_path / f"scan{path.suffix}"
    shown = set()
    for data in _headers(path):
        file.write_bytes(data)
        try:
            scans = [
                scan for scan in slxrd.read_scans(file, wavelength="CuKa1") if isinstance(scan, slxrd.Pattern)
            ]
        except SlxrdError as error:
            check_sentence(str(error))
            continue
        for pattern in scans[:1]:
            if PLAIN in str(pattern.metadata) and str(pattern.metadata) not in shown:
                shown.add(str(pattern.metadata))
                few = replace(
                    pattern,
                    x=pattern.x[:9],
                    intensity=pattern.intensity[:9],
                    sigma=None,
                    mask=None,
                    per_count=None,
                )
                check_svg(figure_bytes(slxrd.plot(few), "svg"))
                described = call(
                    "convert", file, "out.csv", "--force", "--wavelength", "CuKa1", "--scan", "1"
                )
                check_terminal(described.out + described.err)
                if described.code == 0:
                    lines = Path("out.csv").read_text(encoding="utf-8").splitlines()
                    check_table("\n".join(lines[:99]))  # and then numbers alone
