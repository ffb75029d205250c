"""Text files with whatever columns: named by the caller, or by the headers of refinement programs."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from slxrd.data.pattern import Pattern
from slxrd.errors import FileError, SlxrdError
from slxrd.io import read
from slxrd.io.registry import read_scans
from slxrd.io.shared.column_choice import parse_column_choice

CU = {"axis": "2theta", "wavelength": "CuKa"}


@pytest.fixture
def read_text(tmp_path: Path) -> Callable[..., Pattern]:
    def reading(content: str, **options: Any) -> Pattern:
        path = tmp_path / "scan.dat"
        path.write_text(content)
        return read(path, **options)

    return reading


def lines(form: str, n: int = 6) -> str:
    return "".join(form.replace("{i}", str(i)) + "\n" for i in range(1, n + 1))


X = [1.5, 2.5, 3.5, 4.5, 5.5, 6.5]
Y = [10.0, 20.0, 30.0, 40.0, 50.0, 60.0]
S = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6]


@pytest.mark.parametrize(
    ("form", "columns"),
    [
        ("9 {i}.5 7 {i}0 0.{i}", "2,4"),
        ("9 {i}.5 7 {i}0 0.{i}", "2, 4, 5"),
        ("0.{i} {i}0 {i}.5", "3,2,1"),
        ("9,{i}.5,7,{i}0,0.{i}", "2,4,5"),
        ("9;{i},5;7;{i}0;0,{i}", "2,4,5"),
        ("9\t{i},5\t7\t{i}0\t0,{i}\t", "q=2,intensity=4,sigma=5"),
        ("9 {i}.5 7 {i}0 0.{i}", "intensity=4,q=2"),
        ("9 {i}.5 7 {i}0 0.{i}", "AXIS = 2, Intensity = 4"),
        ("ok {i}.5 7 {i}0 0.{i}", "2,4"),
        ("2024-01-01 12:00,{i}.5,beam ok,{i}0,0.{i}", "2,4,5"),
        ("{i}.5\t{i}0\tsome words\t0.{i}", "1,2,4"),
        ('"{i}.5","{i}0","a"', "1,2"),
        ("{i},5 {i}0 x", "1,2"),
    ],
)
def test_numbers(read_text: Callable[..., Pattern], form: str, columns: str) -> None:
    pattern = read_text("a header\n" + lines(form), columns=columns, axis="q")
    assert pattern.x.tolist() == X
    assert pattern.intensity.tolist() == Y
    with_sigma = columns.count(",") == 2
    assert (None if pattern.sigma is None else pattern.sigma.tolist()) == (S if with_sigma else None)
    assert pattern.metadata["columns"] == str(parse_column_choice(columns))


@pytest.mark.parametrize(
    ("header", "form", "columns"),
    [
        ("Time,Angle,Counts,ESD", "9,{i}.5,{i}0,0.{i}", "Angle,Counts,ESD"),
        ("# Time Angle Counts ESD", "9 {i}.5 {i}0 0.{i}", "angle,COUNTS,esd"),
        ("! Time\tAngle (deg)\tCounts [a.u.]\tESD", "9\t{i}.5\t{i}0\t0.{i}", "Angle,Counts,ESD"),
        ("Time;My angle/°;Counts;ESD", "x;{i},5;{i}0;0,{i}", "axis=my angle,intensity=3,sigma=ESD"),
        ('"Time","Angle","Counts","ESD"', '"9","{i}.5","{i}0","0.{i}"', "Angle,Counts,ESD"),
        ("note\nTime,Angle,Counts,ESD\ns,deg,1,1", "9,{i}.5,{i}0,0.{i}", "Angle,Counts,ESD"),
    ],
)
def test_names(read_text: Callable[..., Pattern], header: str, form: str, columns: str) -> None:
    pattern = read_text(header + "\n" + lines(form), columns=columns, axis="q")
    assert pattern.sigma is not None
    assert (pattern.x.tolist(), pattern.intensity.tolist(), pattern.sigma.tolist()) == (X, Y, S)


def test_the_name_of_the_column_gives_the_axis(read_text: Callable[..., Pattern]) -> None:
    text = "2theta,q,I\n" + lines("{i}0,{i}.5,{i}0")
    for columns in ("q,I", "2,3", "Q,3"):
        pattern = read_text(text, columns=columns)
        assert (pattern.axis, pattern.metadata["axis"], pattern.x[0]) == ("q", "q (header)", 1.5)
    for columns in ("2theta,I", "1,3"):
        pattern = read_text(text, columns=columns, wavelength="CuKa")
        assert (pattern.axis, pattern.x[0]) == ("2theta", 10.0)
    assert read_text(text, columns="2theta=2,intensity=3", wavelength="CuKa").axis == "2theta"
    time = "time,2theta,I\n" + lines("{i}.0,{i}0,{i}0")
    with pytest.raises(FileError, match="does not state what the axis from 1 to 6 is"):
        read_text(time, columns="1,3")


def test_comments_and_blank_lines_among_the_data(read_text: Callable[..., Pattern]) -> None:
    text = "t x I\n" + lines("1 {i}.5 {i}0", 3) + "\n# pause\n! x\n" + "1 4.5 40 # late\n1 5.5 50\n1 6.5 60\n"
    assert read_text(text, columns="x,I", axis="q").intensity.tolist() == Y


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ("1", "two or three are needed; give --columns 1,3"),
        ("1,2,3,4", "two or three are needed"),
        ("1,1", "one is named twice"),
        ("0,1", "0 is not a column; they are counted from 1"),
        ("-1,2", "-1 is not a column"),
        ("99999,2", "99999 is not a column"),
        ("1,", "one is empty"),
        ("", "one is empty"),
        ("2theta=1", "axis and intensity are both needed"),
        ("2theta=1,q=2,intensity=3", "axis is given twice"),
        ("2theta=1,3", "'3' is not understood"),
        ("energy=1,intensity=3", "'energy=1' is not understood"),
    ],
)
def test_choices_not_understood(read_text: Callable[..., Pattern], columns: str, message: str) -> None:
    with pytest.raises(SlxrdError, match=message) as caught:
        read_text(lines("{i} 5 6"), columns=columns)
    assert not isinstance(caught.value, FileError)
    assert "\n" not in str(caught.value)


def test_axis_given_twice(read_text: Callable[..., Pattern]) -> None:
    with pytest.raises(SlxrdError, match="columns 'q=1,intensity=2' and axis '2theta' differ"):
        read_text(lines("{i} 5"), columns="q=1,intensity=2", axis="2theta")


FOUR = "x a b b\n" + lines("{i}.5 1 2 3")


@pytest.mark.parametrize(
    ("text", "columns", "message"),
    [
        (FOUR, "1,5", "has no line with numbers in columns 1, 5; see --columns"),
        (FOUR, "x,c", "has no header line with 'x' and 'c'; give the numbers"),
        (FOUR, "x,b", "line 1: 2 columns are named 'b'; give numbers"),
        (FOUR, "1,x", r"line 1: columns axis = 1, intensity = x are not all different"),
        (FOUR + "7.5 1 2\n", "1,2", r"line 8: has 3 columns where the other lines have 4; correct it"),
        (FOUR + "lost beam\n", "1,2", r"line 8: has 2 columns where the other lines have 4"),
        (FOUR + "7.5 1 2 x\n", "1,4", r"line 8: column 4 is 'x', which is not a number"),
        (lines("{i};;5"), "1,2", "has no line with numbers in columns 1, 2"),
        (lines("{i};1;5") + "7;;5\n", "1,2", r"line 7: column 2 is empty"),
        (lines("{i},5,200,3"), "1,2", r"line 1: .* is ambiguous"),
        (lines("{i},5 200,3"), "1,3", "has no column 3, only 2"),
        (lines("{i},5 200.3 x"), "1,2", "decimal commas and decimal points are mixed"),
        (lines("{i} 5 6"), "2,1", r"axis value = 5 is in line 1 too"),
    ],
)
def test_refused(read_text: Callable[..., Pattern], text: str, columns: str, message: str) -> None:
    with pytest.raises(FileError, match=message) as caught:
        read_text(text, columns=columns)
    assert "\n" not in str(caught.value)


def test_all_scans_of_a_file_with_chosen_columns(read_text: Callable[..., Pattern], tmp_path: Path) -> None:
    read_text(lines("9 {i}.5 {i}0"), columns="q=2,intensity=3")
    (pattern,) = read_scans(tmp_path / "scan.dat", columns="q=2,intensity=3")
    assert isinstance(pattern, Pattern)
    assert pattern.x.tolist() == X


@pytest.mark.parametrize(
    "third", ["sigma", "I_err", "ESD", "error", "σ", "dI", "std. dev.", "uncertainty", "s"]
)
def test_third_column_named_as_sigma(read_text: Callable[..., Pattern], third: str) -> None:
    pattern = read_text(f"q, I, {third}\n" + lines("{i}.5 {i}0 0.{i}"))
    assert pattern.sigma is not None
    assert pattern.sigma.tolist() == S


@pytest.mark.parametrize("header", ["2theta,I(obs),I(calc)", "# q I background", "q\tI\ttime"])
def test_third_column_that_may_be_something_else(read_text: Callable[..., Pattern], header: str) -> None:
    text = header + "\n" + lines("{i}.5 {i}0 0.{i}")
    with pytest.raises(FileError, match=r"third column is headed '.*', .* or --columns 1,2 to leave it out"):
        read_text(text, wavelength="CuKa", trust_axis=True)
    assert read_text(text, wavelength="CuKa", columns="1,2").sigma is None
    assert read_text(text, wavelength="CuKa", columns="1,2,3").sigma is not None


def test_words_before_three_columns_are_no_headings(read_text: Callable[..., Pattern]) -> None:
    for words in ("my old sample", "# q in 1/Å", "2theta scan 7"):
        pattern = read_text(words + "\n" + lines("{i}.5 {i}0 0.{i}"), axis="q")
        assert pattern.sigma is not None


@pytest.mark.parametrize("mark", ["#", "!", "%", "'", ";", "/", "//", "/*"])
def test_comment_marks(read_text: Callable[..., Pattern], mark: str) -> None:
    text = f"{mark} 2theta counts\n{mark} 1 2\n" + lines("{i}0 5", 3) + f"{mark} 4 5 6\n40 5\n50 5\n60 5\n"
    pattern = read_text(text, wavelength="CuKa")
    assert (pattern.axis, len(pattern)) == ("2theta", 6)


FXYE = """LaB6 in a capillary
# Wavelength 0.4127
BANK 1 6 6 CONS 1000.0 2.0 0 0 FXYE
"""


def test_gsas(read_text: Callable[..., Pattern]) -> None:
    text = FXYE + lines(" 100{i}.5 {i}0.0  0.{i}")
    pattern = read_text(text, wavelength=0.4127)
    np.testing.assert_allclose(pattern.x, [10.015, 10.025, 10.035, 10.045, 10.055, 10.065], atol=1e-12)
    assert pattern.sigma is not None
    assert pattern.sigma.tolist() == S
    assert str(pattern.history[0]) == "axis to degrees (unit in the file (°) = 0.01)"
    assert pattern.metadata["axis"] == "2theta (given)"
    with pytest.raises(FileError, match="is over 2θ, and needs the wavelength"):
        read_text(text)
    with pytest.raises(FileError, match="the axis of a GSAS file is 2θ; leave --axis out"):
        read_text(text, axis="q")
    small = read_text(FXYE + lines(" 1{i}.5 {i}0.0  0.{i}"), wavelength=0.4127)
    assert small.x[0] == pytest.approx(0.115)


@pytest.mark.parametrize(
    ("bank", "message"),
    [
        ("BANK 1 6 1 CONS 1000.0 2.0 0 0 STD", "is a GSAS file of packed intensities; save it as"),
        ("BANK 1 6 1 CONS 1000.0 2.0", "is a GSAS file of packed intensities"),
        ("BANK 1 6 6 RALF 48008 64 64331 0.0010 FXYE", "with an axis of RALF, not of steps in 2θ"),
    ],
)
def test_other_gsas_files(read_text: Callable[..., Pattern], bank: str, message: str) -> None:
    with pytest.raises(FileError, match=message):
        read_text(f"a title\n{bank}\n" + lines("100{i} 5 1"), **CU)


def test_two_banks(read_text: Callable[..., Pattern]) -> None:
    rows = lines("100{i} 5 1")
    with pytest.raises(FileError, match="is text among the data"):
        read_text(FXYE + rows + "BANK 2 6 6 CONS 1000.0 2.0 0 0 FXYE\n" + rows, **CU)


XYDATA = "XYDATA\nINTER {x} {y} 2 0.00000\nTEMP 300.0\n! a remark\n"


def test_fullprof(read_text: Callable[..., Pattern]) -> None:
    rows = lines("{i}0 5 0.1")
    assert read_text(XYDATA.format(x="1.00000", y="1.0") + rows, **CU).x[-1] == 60.0
    for x, y in (("0.01", "1"), ("1", "100"), ("1", "?")):
        with pytest.raises(FileError, match=r"must be multiplied by .* \(INTER\)"):
            read_text(XYDATA.format(x=x, y=y) + rows, **CU)


def test_chi_files(read_text: Callable[..., Pattern]) -> None:
    head = "image.chi\n2-Theta Angle (Degrees)\nIntensity\n"
    pattern = read_text(head + "       6\n" + lines("  {i}0.0E+00 5.0E+02"), wavelength="CuKa")
    assert (pattern.axis, pattern.x.tolist()) == ("2theta", [10, 20, 30, 40, 50, 60])
    with pytest.raises(FileError, match="line 4: has one column where the other lines have 2"):
        read_text(head + "       7\n" + lines("  {i}0.0E+00 5.0E+02"), wavelength="CuKa")


def test_quotation_marks(read_text: Callable[..., Pattern]) -> None:
    assert read_text('"q","I"\n' + lines('"{i}.5","{i}0"')).intensity.tolist() == Y
    with pytest.raises(FileError, match="line 7: column 2 is '7\"0'"):
        read_text("q I\n" + lines("{i}.5 {i}0", 5) + '6.5 7"0\n')
