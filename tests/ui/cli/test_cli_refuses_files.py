"""Files that cannot be fitted: exit code 2, one line with the file and the remedy, nothing written."""

import re
from pathlib import Path

import numpy as np
import pytest
from cli_shell import QUICK, REGION, call, untouched, write_columns

Q = np.arange(0.8, 1.4, 0.005)
ROWS = [f"{q:.4f} {100 + i % 7}" for i, q in enumerate(Q)]
CU = ["--axis", "2theta", "--wavelength", "CuKa1"]


def _with(line: str, at: int = 10) -> str:
    return "\n".join([*ROWS[:at], line, *ROWS[at:]]) + "\n"


MANY = "\n".join(["{0}"] * 20)
FILES: dict[str, tuple[str | bytes, str]] = {
    "empty.txt": ("", r"choose|export|check|give"),
    "header-only.txt": ("# q, intensity\n", "two columns"),
    "binary.dat": (bytes(range(256)) * 40, "export"),
    "archive.brml": (b"PK\x03\x04" + bytes(400), "export"),
    "one-column.txt": ("\n".join(f"{q:.4f}" for q in Q), "two columns"),
    "four-columns.txt": ("\n".join(f"{row} 1 1" for row in ROWS), "remove the others"),
    "nan-intensity.txt": (_with(MANY.format("2 nan")), r"20 of 140 .*line 11.*correct or remove"),
    "inf-intensity.txt": (_with(MANY.format("2 inf")), r"20 of 140 .*line 11.*correct or remove"),
    "nan-axis.txt": (_with(MANY.format("nan 12")), r"20 of 140 .*line 11.*correct or remove"),
    "text.txt": (_with("0.84901 shutter"), r"line 11.*(correct|remove)"),
    "words.txt": (_with("beam lost here"), r"line 11.*(correct|remove|put #)"),
    "duplicate.txt": (_with("0.8450 100"), r"line 11.*merge"),
    "negative-q.txt": (_with(MANY.format("-0.1 100")), r"20 of 140 .*line 11.*correct or remove"),
    "negative-sigma.txt": ("\n".join(f"{row} -1" for row in ROWS), r"line 1.*third column"),
    "short.txt": ("\n".join(ROWS[:3]), "at least 5"),
    "nm.txt": ("# q in nm^-1\n" + "\n".join(ROWS), r"divide it by 10"),
    "broken.xrdml": ("<?xml version='1.0'?><xrdMeasurements><x", "export it again"),
}


@pytest.mark.parametrize("name", FILES)
def test_broken_file(here: Path, name: str) -> None:
    content, remedy = FILES[name]
    data = content if isinstance(content, bytes) else content.encode()
    (here / name).write_bytes(data)
    with untouched(here):
        said = call("fit", name, *QUICK, "--out", "results").refused()
    assert said.startswith(name)
    assert re.search(remedy, said), said


@pytest.mark.parametrize("angle", [-3.0, 180.0])
def test_impossible_angles(here: Path, angle: float) -> None:
    x = np.sort(np.append(np.linspace(10.0, 20.0, 50), angle + np.arange(6.0) / 2.0))
    write_columns(here / "angles.txt", [x, np.full(56, 5.0)], "# 2theta intensity")
    with untouched(here):
        said = call("fit", "angles.txt", *CU, "--out", "results").refused()
    assert re.search(r"angles\.txt: . of 56 points cannot be used \(2θ not between 0 and 180°: line", said)
    assert "correct or remove" in said


@pytest.mark.parametrize("angle", [0.0, -3.0, 180.0, 200.0])
def test_single_impossible_angle_is_left_out(here: Path, angle: float) -> None:
    x = np.sort(np.append(np.linspace(10.0, 20.0, 50), angle))
    write_columns(here / "angles.txt", [x, np.full(51, 5.0)], "# 2theta intensity")
    outcome = call("info", "angles.txt", *CU)
    assert outcome.code == 0
    assert "50 points" in outcome.out
    assert "points left out (number = 1, 2θ not between 0 and 180° = line " in outcome.out


def test_two_theta_called_q(here: Path) -> None:
    write_columns(here / "angles.txt", [np.linspace(10.0, 20.0, 50), np.full(50, 5.0)], "# data")
    for axis in ([], ["--axis", "q"]):
        with untouched(here):
            said = call("fit", "angles.txt", *axis, "--out", "results").refused()
        assert said.startswith("angles.txt: ")
        assert "--axis 2theta" in said


def test_q_called_two_theta(here: Path) -> None:
    with untouched(here):
        said = call("fit", "cubes.csv", *CU, "--out", "results").refused()
    assert said.startswith("cubes.csv: ")
    assert "--axis q" in said


def test_two_theta_without_wavelength(here: Path) -> None:
    write_columns(here / "angles.txt", [np.linspace(10.0, 20.0, 50), np.full(50, 5.0)], "# 2theta I")
    with untouched(here):
        said = call("fit", "angles.txt", "--out", "results").refused()
    assert said.startswith("angles.txt: ")
    assert "--wavelength CuKa" in said


@pytest.mark.parametrize("name", ["missing.csv", "folder"])
def test_no_such_file(here: Path, name: str) -> None:
    (here / "folder").mkdir()
    with untouched(here):
        said = call("fit", name, "--out", "results").refused()
    assert said.startswith(name)
    assert re.search("check the path|name one file", said)


@pytest.mark.parametrize("level", [0.0, -5.0])
@pytest.mark.parametrize("options", [[], REGION])
def test_no_signal(here: Path, level: float, options: list[str]) -> None:
    write_columns(here / "dark.txt", [Q, level - (level < 0) * np.arange(Q.size) % 3])
    with untouched(here):
        said = call("fit", "dark.txt", *options, "--out", "results").refused()
    assert "dark.txt" in said
    assert re.search(r"--region|another region|--mask|choose|give", said), said
