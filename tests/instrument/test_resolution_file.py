"""The file of a resolution: what is written is read back, and what cannot be is refused in words."""

from __future__ import annotations

import json
import tomllib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import slxrd
from slxrd.data.pattern import Pattern
from slxrd.errors import FileError
from slxrd.instrument.broadening import Broadening
from slxrd.instrument.calibration.file import resolution_dictionary, resolution_toml, write_resolution
from slxrd.instrument.calibration.measure import MeasuredLine, Resolution
from slxrd.instrument.calibration.standards import STANDARDS, Reflection

LINE = MeasuredLine(Reflection("1 0 0", 1.5115), 21.36, 1e-3, 2e-4, 0.085, 9e-4, 2.5e-3, 3e-5, 4000.0)


def measured(**changes: object) -> Resolution:
    pattern = Pattern([20.0, 21.0], [1.0, 2.0], "2theta", wavelength=1.540593, source="LaB6.xy")
    result = Resolution(
        Broadening(6e-3, -4.1e-05, 8e-3, 0.4, 1.540593),
        {"U": 1e-4, "V": None, "W": 3e-4, "lorentzian": 0.01},
        np.arange(9.0).reshape(3, 3) * 1e-22,
        0.02,
        1e-4,
        None,
        None,
        STANDARDS["LaB6"],
        (LINE, LINE),
        (),
        (1.5, 5.0),
        1.02,
        300,
        (),
        (),
        pattern,
        ("one note",),
    )
    return replace(result, **changes)


NASTY = [
    "plain",
    "C:\\data\\new.xy",
    'with "quotes"',
    "line\nbreak\tand \x7f\x00\x1f",
    "σ\u2028\U0001f600",
    "\udcff",
    "]\n[line]",
]


@pytest.mark.parametrize("name", NASTY)
def test_what_is_written_is_read_back(tmp_path: Path, name: str) -> None:
    result = measured(pattern=replace(measured().pattern, source=name), notes=(name, "two"))
    path = tmp_path / "resolution.toml"
    write_resolution(path, result, sha256="ab" * 32, command=name)
    assert slxrd.read_resolution(path) == result.broadening
    document = tomllib.loads(path.read_text(encoding="utf-8"))
    kept = name.encode("utf-8", "replace").decode()
    assert document["source"]["file"] == document["source"]["command"] == document["notes"][0] == kept
    assert document["source"]["sha256"] == "ab" * 32
    assert document["source"]["standard"] == "LaB6"
    assert document["slxrd"] == slxrd.__version__
    assert document["schema"] == 1
    assert document["errors"] == {
        "U": 1e-4, "W": 3e-4, "lorentzian": 0.01, "covariance_of_U_V_W": result.covariance.tolist()
    }  # fmt: skip
    assert document["shift"] == {"zero": 0.02, "zero_error": 1e-4}
    assert document["measured"]["q"] == [1.5115, 1.5115]
    assert document["measured"]["hkl"] == ["1 0 0", "1 0 0"]


def test_toml_and_json_say_the_same() -> None:
    document = resolution_dictionary(measured(), sha256="0", command="c", date="2026-01-01")
    assert tomllib.loads(resolution_toml(measured(), sha256="0", command="c", date="2026-01-01")) == document
    assert json.loads(json.dumps(document, allow_nan=False)) == document


def test_a_number_that_is_none_is_left_out() -> None:
    document = resolution_dictionary(measured(reduced_chi2=float("nan")))
    assert "reduced_chi2" not in document["measured"]


def test_nothing_is_overwritten_unasked(tmp_path: Path) -> None:
    path = tmp_path / "resolution.toml"
    path.write_text("mine")
    with pytest.raises(FileError, match="--force"):
        write_resolution(path, measured())
    assert path.read_text() == "mine"
    write_resolution(path, measured(), force=True)
    assert slxrd.read_resolution(path) == measured().broadening


def test_a_byte_order_mark_is_no_obstacle(tmp_path: Path) -> None:
    path = tmp_path / "resolution.toml"
    path.write_text(resolution_toml(measured()), encoding="utf-8-sig")
    assert slxrd.read_resolution(path) == measured().broadening


GOOD = resolution_toml(measured())
BAD = {
    "empty": ("", 'has no kind = "resolution"'),
    "another TOML": ('[project]\nname = "slxrd"\n', 'has no kind = "resolution"'),
    "not TOML": ("<xml/>", "is not TOML"),
    "numbers": ("0.5 100\n0.6 101\n", "is not TOML"),
    "half a file": (GOOD[: GOOD.index("W = ")], r"\[line\] has no W"),
    "no line": (GOOD.replace("[line]", "[lines]"), r"has no table \[line\]"),
    "line is no table": ("kind = 'resolution'\nschema = 1\nline = 3\n", r"has no table \[line\]"),
    "no schema": (GOOD.replace("schema = 1", ""), "schema = None"),
    "schema true": (GOOD.replace("schema = 1", "schema = true"), "schema = True"),
    "a later schema": (GOOD.replace("schema = 1", "schema = 2"), "a later slxrd wrote it"),
    "text for a number": (GOOD.replace("U = 0.006", 'U = "0"', 1), r"\[line\] U = '0': must be a number"),
    "true for a number": (GOOD.replace("U = 0.006", "U = true", 1), r"\[line\] U = True: must be a number"),
    "nan": (GOOD.replace("U = 0.006", "U = nan", 1), r"\[line\] U = nan is not a finite number"),
    "inf": (GOOD.replace("U = 0.006", "U = inf", 1), r"\[line\] U = inf: must be a number"),
    "huge": (GOOD.replace("U = 0.006", "U = 1" + "0" * 400, 1), r"\[line\] U = 10+: must be a number"),
    "too many digits": (GOOD.replace("U = 0.006", "U = 1" + "0" * 5000, 1), "is not TOML"),
    "too much Lorentzian": (
        GOOD.replace("lorentzian = 0.4", "lorentzian = 1.4", 1),
        r"\[line\] lorentzian = 1.4 must be between 0 and 1",
    ),
    "no wavelength": (
        GOOD.replace("wavelength = 1.540593", "wavelength = 0", 1),
        r"\[line\] wavelength = 0.0 must be positive",
    ),
    "nested": ("a = " + "[" * 5000, "is not TOML"),
}  # fmt: skip


@pytest.mark.parametrize("case", BAD)
def test_bad_files_are_refused_in_words(tmp_path: Path, case: str) -> None:
    text, message = BAD[case]
    assert text != GOOD
    path = tmp_path / "resolution.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(FileError, match=message) as refused:
        slxrd.read_resolution(path)
    assert str(refused.value).startswith(str(path))
    assert "\n" not in str(refused.value)


def test_other_things_than_files(tmp_path: Path) -> None:
    with pytest.raises(FileError, match=r"nowhere\.toml: does not exist; check the path"):
        slxrd.read_resolution(tmp_path / "nowhere.toml")
    with pytest.raises(FileError, match="is a directory; name one file"):
        slxrd.read_resolution(tmp_path)
    (tmp_path / "picture.png").write_bytes(b"\x89PNG\r\n\x1a\n\xff\xfe")
    with pytest.raises(FileError, match="not text in UTF-8"):
        slxrd.read_resolution(tmp_path / "picture.png")
