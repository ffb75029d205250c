"""Notes, comments and blank lines that someone put into an instrument's file do not hide its format."""

from pathlib import Path

import numpy as np
import pytest

from slxrd.data.pattern import Pattern
from slxrd.errors import FileError
from slxrd.io import read

DATA = Path(__file__).parents[1] / "files"
MADE = DATA / "reading"
FILES = (
    "reading/ok.ras",
    "xrr003.x00",
    "xrr003.udf",
    "xrr003.uxd",
    "xrr003.rig",
    "xrr003.xrdml",
    "test.jdx",
)
NOTES = (
    "* my note on this sample\n",
    "*my note\nhello\n",
    "\n\n  \n",
    "# measured on Monday\n# by someone\n",
    "; 2theta counts\n",
    "! a, b, c\n",
    "% q (1/A)\n",
    "' note\n",
    "film 7, annealed\n\n300 K\n",
    "note: signal < background & more\n",
    "# " + 60 * "long " + "\n" + 200 * "# more\n",
    "\ufeff# with a byte order mark\n",
)


def same(one: Pattern, other: Pattern) -> bool:
    return (
        np.array_equal(one.x, other.x)
        and np.array_equal(one.intensity, other.intensity)
        and np.array_equal(one.per_count, other.per_count)
        and one.metadata["format"] == other.metadata["format"]
        and one.history == other.history
    )


@pytest.mark.slow
@pytest.mark.parametrize("name", FILES)
def test_before_the_first_line(tmp_path: Path, name: str) -> None:
    plain = read(DATA / name, wavelength="CuKa")
    for note in NOTES:
        path = tmp_path / "noted"
        path.write_bytes(note.encode() + (DATA / name).read_bytes())
        assert same(read(path, wavelength="CuKa"), plain), note


@pytest.mark.parametrize("name", ["xrr003.x00", "xrr003.udf", "xrr003.uxd", "xrr003.rig", "test.jdx"])
def test_comments_anywhere(tmp_path: Path, name: str) -> None:
    plain = read(DATA / name, wavelength="CuKa")
    lines = (DATA / name).read_bytes().splitlines(keepends=True)
    commented = [
        part for i, line in enumerate(lines) for part in ([b"# a note\r\n", line] if i % 7 == 3 else [line])
    ]
    path = tmp_path / "noted"
    path.write_bytes(b"".join(commented))
    assert same(read(path, wavelength="CuKa"), plain)


@pytest.mark.parametrize("name", ["comment.ras", "comment_advice.ras"])
def test_attenuator_of_a_ras_file_with_a_note(name: str) -> None:
    pattern, plain = read(MADE / name), read(MADE / "ok.ras")
    assert same(pattern, plain)
    assert pattern.intensity.max() == pytest.approx(60 * 43.0962)  # 2585.77
    assert pattern.per_count is not None
    assert sorted(set(pattern.per_count.tolist())) == [1.0, 43.0962]


def test_all_of_a_ras_header_commented_out(tmp_path: Path) -> None:
    text = (MADE / "ok.ras").read_text()
    path = tmp_path / "commented.ras"
    path.write_text(
        "".join("# " + line if line[0] == "*" else line for line in text.splitlines(keepends=True))
    )
    assert same(read(path), read(MADE / "ok.ras"))


@pytest.mark.parametrize("after", ["*RAS_DATA_START", "*RAS_HEADER_START", '*MEAS_SCAN_MODE "CONTINUOUS"'])
def test_notes_within_a_ras_header(tmp_path: Path, after: str) -> None:
    path = tmp_path / "noted.ras"
    text = (MADE / "ok.ras").read_text()
    for note in ("a note\n", "film = 7\n", "# a note\n", "12.5\n"):
        path.write_text(text.replace(after + "\n", after + "\n" + note))
        assert same(read(path), read(MADE / "ok.ras")), note


@pytest.mark.parametrize("value", ["nan", "inf", "-inf", "-5"])
def test_single_bad_points_of_xrdml_are_left_out(tmp_path: Path, value: str) -> None:
    path = tmp_path / "scan.xrdml"
    path.write_text((MADE / "without_namespace.xrdml").read_text().replace(" 2000 ", f" {value} "))
    pattern = read(path)
    assert pattern.intensity.tolist() == [10, 12, 11, 14, 20, 600, 600, 20, 14, 12, 11, 10, 9]
    assert pattern.per_count is not None
    assert "points left out (number = 1, " in str(pattern.history[-1])
    path.write_text(path.read_text().replace(" 600 ", " nan ").replace(" 20 ", " nan "))
    with pytest.raises(FileError, match=r"5 of 14 points cannot be used"):
        read(path)


def test_xrdml_without_declaration_behind_notes(tmp_path: Path) -> None:
    path = tmp_path / "scan.xrdml"
    text = (MADE / "without_namespace.xrdml").read_text().partition("?>")[2]
    for note in ("a < b\n<!-- x -->\nnote\n", "note\n", "<!-- x -->\n"):
        path.write_text(note + text)
        assert read(path).intensity.max() == 2000.0
    path.write_text("<!DOCTYPE x>" + text)
    with pytest.raises(FileError, match="document type"):
        read(path)


def test_signature_behind_the_data_is_none(tmp_path: Path) -> None:
    path = tmp_path / "text.xy"
    path.write_text("1 5\n2 6\n3 5\n4 6\n5 5\n# *RAS_DATA_START\n# HR-XRDScan\n")
    assert read(path, axis="q").metadata["format"] == "text"


@pytest.mark.parametrize(
    "root",
    ['<xrdMeasurements xmlns="http://x/9.9"', '<a:xrdMeasurements xmlns:a="urn:b"', "<xrdMeasurements "],
)
def test_namespaces_of_xrdml(tmp_path: Path, root: str) -> None:
    """None, an unknown one, and one of the root only."""
    text = (MADE / "without_namespace.xrdml").read_text().replace("<xrdMeasurements ", root)
    if "a:" in root:
        text = text.replace("</xrdMeasurements>", "</a:xrdMeasurements>")
    path = tmp_path / "scan.xrdml"
    path.write_text(text)
    pattern = read(path)
    np.testing.assert_allclose(pattern.x, 20.0 + 0.02 * np.arange(14), atol=1e-12)
    assert pattern.intensity.tolist() == [10, 12, 11, 14, 20, 600, 2000, 600, 20, 14, 12, 11, 10, 9]
    assert (pattern.wavelength, pattern.metadata["counting time (s)"]) == (1.540598, 1.0)


def test_utf16_xrdml_behind_a_note(tmp_path: Path) -> None:
    text = (MADE / "without_namespace.xrdml").read_text().replace("UTF-8", "UTF-16")
    path = tmp_path / "scan.xrdml"
    for codec in ("utf-16-le", "utf-16-be"):
        path.write_bytes(("\ufeffa note\n" + text).encode(codec))
        assert read(path).intensity.max() == 2000.0


def test_message_for_xrdml_of_another_form(tmp_path: Path) -> None:
    path = tmp_path / "scan.xrdml"
    text = (MADE / "without_namespace.xrdml").read_text()
    path.write_text(text.replace("startPosition", "beginPosition"))
    with pytest.raises(FileError, match="export it again") as caught:
        read(path)
    assert "NoneType" not in str(caught.value)
