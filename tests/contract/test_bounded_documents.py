"""Documents that damage or an attacker could hand over: one sentence, and bounded memory."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import slxrd
import slxrd.style
from slxrd._documents import DEEPEST, LARGEST, LONGEST_NAME, check_values, read_bytes, read_json, read_toml
from slxrd.errors import FileError, SlxrdError
from slxrd.instrument.calibration.file import read_resolution
from slxrd.sample.library.crystals import crystal
from slxrd.studies.lowangle.against_fit import fitted_parameters
from slxrd.studies.maps.files.stacks import _axis_of_file
from slxrd.studies.series.files import Naming, find_series
from slxrd.ui.gallery.page import GalleryPage
from slxrd.ui.session.controller import Session

SAVED = Path(__file__).parents[1] / "files" / "v0.1" / "fits" / "own" / "result.json"


def _gallery(path: Path) -> object:
    return GalleryPage.open(path.parent, force=False)


def _series(path: Path) -> object:
    return find_series([], slxrd.read, Naming(table=path))


READERS: dict[str, tuple[str, Callable[[Path], object]]] = {
    "result": ("result.json", slxrd.load),
    "session": ("session.json", Session.open),
    "low angles": ("result.json", fitted_parameters),
    "gallery": ("gallery.json", _gallery),
    "crystal": ("own.toml", crystal),
    "resolution": ("resolution.toml", read_resolution),
    "table": ("table.csv", _series),
    "axis of a map": ("axis.txt", lambda path: _axis_of_file(str(path))),
}
CONTENTS: dict[str, bytes] = {
    "empty": b"",
    "not UTF-8": b"\xff\xfe\x00\x80",
    "deep list": b"[" * 100_000,
    "deep object": b'{"a":' * 3000 + b"1" + b"}" * 3000,
    "deep TOML": b"a = " + b"[" * 100_000,
    "deep table": b"[" + b"a." * 5000 + b"a]\nb = 1",
    "large integer": b'{"slxrd": "1", "schema": 4, "parameters": ' + b"9" * 400 + b"}",
    "larger integer": b"a = " + b"9" * 5000,
    "infinite": b'{"slxrd": "1", "schema": 4, "parameters": 1e999}',
    "not a number": b'{"slxrd": NaN}',
    "null bytes": b"a\0b,1\n\0,2\n",
    "long name": json.dumps({"a" * 10_000: 1}).encode(),
    "long cell": b"a" * 200_000 + b",1\n",
    "list": b"[1, 2]",
    "text": b'"x"',
}


@pytest.mark.parametrize("reader", READERS)
def test_a_damaged_document_is_one_sentence_that_names_it(reader: str, tmp_path: Path) -> None:
    name, read = READERS[reader]
    path = tmp_path / name
    for content, written in CONTENTS.items():
        path.write_bytes(written)
        with pytest.raises(SlxrdError) as error:
            read(path)
        assert name in str(error.value), content
        assert "\n" not in str(error.value), content
        assert len(str(error.value)) < 1000 + len(str(path)), content


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes on this system")
@pytest.mark.parametrize("reader", READERS)
def test_pipes_and_devices_are_not_read(reader: str, tmp_path: Path) -> None:
    name, read = READERS[reader]
    path = tmp_path / name
    for make in (lambda: os.mkfifo(path), lambda: path.symlink_to("/dev/zero"), path.mkdir):
        make()
        with pytest.raises(SlxrdError):
            read(path)
        path.rmdir() if path.is_dir() else path.unlink()


def test_the_limits_of_documents(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    nested: Any = 1.0
    for _ in range(DEEPEST):
        nested = [nested]
    check_values(nested, path)
    for wrong in (
        [nested],
        [LARGEST * 1.1],
        {"a": [-1e308]},
        {"a" * (LONGEST_NAME + 1): 1},
        2**64,
        float("nan"),
    ):
        with pytest.raises(FileError, match="damaged"):
            check_values(wrong, path)
    path.write_bytes(b"x" * 101)
    assert len(read_bytes(path, 101)) == 101
    with pytest.raises(FileError, match="is larger than"):
        read_bytes(path, 100)
    with pytest.raises(FileError, match="valid path"):
        read_bytes("a\0b")
    path.write_text("\ufeff" + json.dumps({"a": [1, -2.5, None, True, "µ"]}), encoding="utf-8")
    assert read_json(path, "is wrong") == {"a": [1, -2.5, None, True, "µ"]}
    path.write_text("a = 1\n[b]\nc = [1.5]\n")
    assert read_toml(path) == {"a": 1, "b": {"c": [1.5]}}


def test_numbers_of_a_result_beyond_measurement_are_refused(tmp_path: Path) -> None:
    document = json.loads(SAVED.read_text(encoding="utf-8"))
    document["chi2"] = 1e308
    path = tmp_path / "result.json"
    path.write_text(json.dumps(document))
    with pytest.raises(FileError, match="damaged"):
        slxrd.load(path)


def test_only_plain_names_are_pictures_of_a_gallery(tmp_path: Path) -> None:
    entry = {"title": "t", "order": 0, "caption": "c", "table": [], "pictures": {"../x.png": "0"}}
    record = {"slxrd": slxrd.__version__, "figures": {"S2": entry}}
    (tmp_path / "gallery.json").write_text(json.dumps(record))
    with pytest.raises(FileError, match="not written by slxrd gallery"):
        GalleryPage.open(tmp_path, force=False)
    assert GalleryPage.open(tmp_path, force=True).figures == {}


_READ = """
import resource, sys
import slxrd
from slxrd.errors import SlxrdError
from slxrd.ui.session.controller import Session
pages = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (pages + 500_000_000,) * 2)
for path in sys.argv[1:]:
    try:
        Session.open(path)
    except SlxrdError as error:
        print(error)
"""


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="memory is limited on Linux only")
@pytest.mark.parametrize(
    "content",
    [b"{},", b"0,", b'{"a":1},', '"😀"'.encode() + b"a" * 90 + b'",'],
    ids=lambda text: text.decode(),
)
def test_no_document_takes_more_than_500_megabytes(content: bytes, tmp_path: Path) -> None:
    """The largest that is read, and one just below the number of values."""
    for name, count in (("a.json", 49_000_000 // len(content)), ("b.json", 299_000 // content.count(b","))):
        with (tmp_path / name).open("wb") as file:
            file.write(b"[")
            for k in range(0, count, 10_000):  # not at once: these processes have little memory
                file.write(content * min(10_000, count - k))
            file.write(b"0]")
    done = subprocess.run(
        [sys.executable, "-c", _READ, str(tmp_path / "a.json"), str(tmp_path / "b.json")],
        capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-500:]
    assert done.stdout.count("result of slxrd") == 2, done.stdout


@pytest.mark.slow
def test_a_report_of_many_regions_draws_the_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from slxrd.ui.plotting.fit import MOST_REGIONS
    from slxrd.ui.report import page

    monkeypatch.setattr(page, "_picture", lambda saved: ("", ""))
    document = json.loads(SAVED.read_text(encoding="utf-8"))
    region = document["regions"][0]
    document["regions"] = [{**region, "name": f"region {i}"} for i in range(300)]
    path = tmp_path / "result.json"
    path.write_text(json.dumps(document))
    saved = slxrd.load(path)
    assert len(saved.regions) == 300
    figure = slxrd.plot(saved)
    assert len(figure.axes) == 3 * MOST_REGIONS
    assert f"the first {MOST_REGIONS} of 300 regions" in slxrd.style.caption(figure)
    assert "region 299" in page.report_html(saved)
