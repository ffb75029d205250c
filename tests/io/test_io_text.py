from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from slxrd.data.pattern import Pattern
from slxrd.errors import FileError
from slxrd.io import read
from slxrd.io.shared.bad_points import usable

DATA = Path(__file__).parents[1] / "files"
CU = {"axis": "2theta", "wavelength": 1.540593}


@pytest.fixture
def read_text(tmp_path: Path) -> Callable[..., Pattern]:
    def reading(content: str | bytes, **options: Any) -> Pattern:
        path = tmp_path / "scan.dat"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return read(path, **options)

    return reading


def lines(form: str, n: int = 6) -> str:
    """Lines with {i} = 1 … n put into ``form``."""
    return "".join(form.replace("{i}", str(i)) + "\n" for i in range(1, n + 1))


@pytest.mark.parametrize(
    "form",
    [
        "{i}.05 200.{i}",
        "  {i}.05   200.{i}  ",
        "{i}.05\t200.{i}",
        " {i}.05 \t 200.{i}",
        "{i}.05,200.{i}",
        "{i}.05 , 200.{i},",
        "{i}.05;200.{i};;",
        "{i},05 200,{i}",
        "{i},05\t200,{i}",
        "{i},05;200,{i}",
        "{i},05 ; 200,{i}",
        "{i}.05 200.{i} # remark",
        "+{i}.05e0 .200{i}E+03",
        "{i}.05D+00 200{i}d-1",
        "{i}05e-2, 200{i}e-1",
        "{i}.05\u00a0200.{i}",
    ],
)
def test_layouts_of_two_columns(read_text: Callable[..., Pattern], form: str) -> None:
    pattern = read_text(lines(form), axis="q")
    assert pattern.x.tolist() == [1.05, 2.05, 3.05, 4.05, 5.05, 6.05]
    assert pattern.intensity.tolist() == [200.1, 200.2, 200.3, 200.4, 200.5, 200.6]
    assert pattern.sigma is None
    assert pattern.per_count is None
    assert pattern.history == ()


@pytest.mark.parametrize(
    "form",
    [
        "{i}.5 20 1.{i}",
        "{i}.5,20,1.{i}",
        "{i},5 20 1,{i}",
        "{i},5;20;1,{i};",
        "{i}.5\t20\t1.{i}\t\t",
        "{i}.5, 20, 1.{i}",
    ],
)
def test_layouts_of_three_columns(read_text: Callable[..., Pattern], form: str) -> None:
    pattern = read_text(lines(form), axis="q")
    assert pattern.x.tolist() == [1.5, 2.5, 3.5, 4.5, 5.5, 6.5]
    assert pattern.intensity.tolist() == [20.0] * 6
    assert pattern.sigma is not None
    assert pattern.sigma.tolist() == [1.1, 1.2, 1.3, 1.4, 1.5, 1.6]


def test_comma_between_whole_numbers_parts_columns(read_text: Callable[..., Pattern]) -> None:
    pattern = read_text(lines("{i},200"), axis="q")
    assert pattern.x.tolist() == [1, 2, 3, 4, 5, 6]
    assert pattern.intensity.tolist() == [200.0] * 6


@pytest.mark.parametrize("form", ["{i},5,200,3", "{i},5,200", "{i},05", "{i},5, 200,3"])
def test_ambiguous_commas(read_text: Callable[..., Pattern], form: str) -> None:
    with pytest.raises(FileError, match=r"line 1: .* is ambiguous: .*semicolons or tabs"):
        read_text(lines(form))


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "latin-1"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_encodings_and_line_ends(read_text: Callable[..., Pattern], encoding: str, end: str) -> None:
    text = "# Probe für 2theta in °\n\n" + lines("{i}0.5 7") + "\n\n"
    pattern = read_text(text.replace("\n", end).encode(encoding), wavelength=1.5)
    assert pattern.axis == "2theta"
    assert pattern.x.tolist() == [10.5, 20.5, 30.5, 40.5, 50.5, 60.5]
    assert pattern.metadata["header"] == "Probe für 2theta in °"


def test_header_and_comments(read_text: Callable[..., Pattern]) -> None:
    header = "My sample\n! made on Monday\n\nq I\n"
    text = header + "1 5\n# pause\n2 5\n; x\n! x\n% x\n// x\n' x\n\n3 5\n4 5\n5 5\n\x1a"
    pattern = read_text(text)
    assert pattern.x.tolist() == [1, 2, 3, 4, 5]
    assert pattern.metadata["header"] == "My sample\nmade on Monday\nq I"
    assert pattern.metadata["axis"] == "q (header)"


@pytest.mark.parametrize(
    "header",
    [
        "2theta", "2Theta (deg), Intensity", "# 2theta_deg intensity", "2θ/°", "2ϴ [°]", "Two Theta", "tth I",
        "2-Theta", "_2THETACOUNTS", "2Th", "q series\n2theta I",
    ],
)  # fmt: skip
def test_header_names_two_theta(read_text: Callable[..., Pattern], header: str) -> None:
    text = header + "\n" + lines("{i}0 5")
    pattern = read_text(text, wavelength=1.540593)
    assert pattern.axis == "2theta"
    assert pattern.wavelength == 1.540593
    assert pattern.metadata["axis"] == "2theta (header)"
    with pytest.raises(FileError, match=r"its header names 2θ.*--wavelength CuKa"):
        read_text(text)


@pytest.mark.parametrize(
    "header", ["q I", "# Q(1/Å)", "qz,I", "x (A^-1)", "Å-1 counts", "2theta\nq I", "q_z"]
)
def test_header_names_q(read_text: Callable[..., Pattern], header: str) -> None:
    pattern = read_text(header + "\n" + lines("{i} 5"))
    assert pattern.metadata["axis"] == "q (header)"


@pytest.mark.parametrize(
    "header",
    ["", "angle counts\n", "12thetas\n", "equal sqrt\n", "q-dots on Si\n", "Sample A-1\n", "1/Al\n"],
)
def test_axis_is_asked_for(read_text: Callable[..., Pattern], header: str) -> None:
    text = header + lines("{i} 5")
    with pytest.raises(FileError, match=r"from 1 to 6 is: use --axis q if .*, or --axis 2theta if "):
        read_text(text)
    with pytest.raises(FileError, match=r"from 1 to 6 is: use --axis q"):
        read_text(text, wavelength="CuKa")  # 2θ to 6° is as good as q to 6 Å⁻¹
    with pytest.raises(FileError, match=r"from 1 to 6 is: use --axis q"):
        read_text(text, trust_axis=True)
    assert read_text(text, axis="q").metadata["axis"] == "q (given)"
    assert read_text(text, axis="2theta", wavelength="CuKa").axis == "2theta"


def test_axis_beyond_any_q_is_two_theta(read_text: Callable[..., Pattern]) -> None:
    text = lines("{i} 5", 10)
    pattern = read_text(text, wavelength=1.3)  # 4π/1.3 = 9.67
    assert pattern.metadata["axis"] == "2theta (range)"
    with pytest.raises(FileError, match=r"from 1 to 10 is: use --axis q"):
        read_text(text, wavelength=1.2)  # 4π/1.2 = 10.47
    with pytest.raises(FileError, match=r"from 1 to 10 is; it looks like 2θ.*--axis 2theta with"):
        read_text(text)
    for options in ({}, {"axis": "2theta"}):
        pattern = read_text("180 5\n" + text, wavelength=1.3, **options)
        assert (len(pattern), pattern.x[-1]) == (10, 10.0)


def test_the_callers_axis_goes_first(read_text: Callable[..., Pattern]) -> None:
    pattern = read_text("q I\n" + lines("{i}0 5"), axis="2theta", wavelength="CuKa1")
    assert (pattern.axis, pattern.wavelength) == ("2theta", 1.540593)
    assert pattern.metadata["axis"] == "2theta (given)"
    assert read_text("2theta I\n" + lines("{i} 5"), axis="q").axis == "q"


def test_header_of_two_minds(read_text: Callable[..., Pattern]) -> None:
    with pytest.raises(FileError, match="both q and 2θ; choose with --axis"):
        read_text("q from 2theta\n" + lines("{i} 5"))


def test_inverse_nanometres(read_text: Callable[..., Pattern]) -> None:
    text = "q (nm^-1)\n" + lines("{i} 5")
    with pytest.raises(FileError, match="nm⁻¹; convert"):
        read_text(text)
    with pytest.raises(FileError, match="nm⁻¹; convert"):
        read_text(text, axis="q")
    assert read_text(text, trust_axis=True).axis == "q"


def test_q_too_large(read_text: Callable[..., Pattern]) -> None:
    text = "q I\n" + lines("{i} 5", 10)
    with pytest.raises(FileError, match=r"ends at 10, which looks like 2θ .*--axis 2theta .*--trust-axis"):
        read_text(text)
    assert read_text(text, trust_axis=True).x[-1] == 10.0
    assert read_text(text, wavelength=1.2).x[-1] == 10.0  # 4π/1.2 = 10.47
    with pytest.raises(FileError, match="looks like 2θ"):
        read_text(text, wavelength=1.3)  # 4π/1.3 = 9.67
    assert read_text("q I\n" + lines("{i} 5", 9)).x[-1] == 9.0


@pytest.mark.parametrize(("header", "options"), [("2theta I", {"wavelength": 1.54}), ("q I", CU)])
def test_two_theta_too_small(read_text: Callable[..., Pattern], header: str, options: Any) -> None:
    text = header + "\n" + lines("0.{i} 5")
    with pytest.raises(FileError, match=r"ends at 0\.6, which looks like q .*--axis q .*--trust-axis"):
        read_text(text, **options)
    assert read_text(text, **options, trust_axis=True).x[-1] == 0.6
    assert read_text(header + "\n" + lines("{i} 5", 5), **options).x[-1] == 5.0


def test_small_two_theta_is_believed_of_the_caller(read_text: Callable[..., Pattern]) -> None:
    assert read_text(lines("0.{i} 5"), **CU).x[-1] == 0.6  # a reflectivity scan, say


@pytest.mark.parametrize(
    ("text", "found"), [("5 1\n4 2\n3 3\n2 4\n1 5", "descending"), ("3 3\n1 5\n5 1\n4 2\n2 4", "unsorted")]
)
def test_sorting_is_recorded(read_text: Callable[..., Pattern], text: str, found: str) -> None:
    pattern = read_text(text, axis="q")
    assert pattern.x.tolist() == [1, 2, 3, 4, 5]
    assert pattern.intensity.tolist() == [5, 4, 3, 2, 1]
    assert [str(step) for step in pattern.history] == [f"sorted by q (in the file = {found})"]


GOOD = lines("0.{i} 5")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (GOOD + "0.7\n", "line 7: has one column where the other lines have 2"),
        (GOOD + "0.7 1 2\n", "line 7: has 3 columns where the other lines have 2"),
        ("0.05 ---\n" + GOOD, "line 1: '0.05 ---' is a damaged line of data or a heading"),
        (GOOD + "0.7 abc\n", "line 7: column 2 is 'abc', which is not a number"),
        (GOOD + "0.7 1_000\n", "line 7: column 2 is '1_000'"),
        (GOOD + "0.7 0x10\n", "line 7: column 2 is '0x10'"),
        (GOOD + "end of the data\n", "line 7: 'end of the data' is text among the data"),
        (GOOD + "0.7 2,5\n", "line 7: decimal commas and decimal points are mixed"),
        (lines("0.{i} 1,200.5"), "line 1: decimal commas and decimal points are mixed"),
        (GOOD + "\n0.3 9\n", r"line 8: axis value = 0\.3 is in line 3 too"),
        (lines("{i}"), "line 1: has one column"),
        (lines("{i} 1 2 3"), "line 1: has 4 columns .*; choose with --columns 1,2 .* remove the others"),
        (lines("{i}.5\t\t1"), "line 1: column 2 is empty"),
        (lines("{i};;1"), "line 1: column 2 is empty"),
        (
            "q I sigma\n" + lines("{i} 5 -1"),
            r"6 of 6 points .*σ not positive: line 2, .* and 1 more.*--columns",
        ),
        ("q I\n" + lines("-{i} 5") + GOOD, r"6 of 12 points .*q not positive: line 2, 3, 4, 5, 6 and 1 more"),
        (
            GOOD + "1 nan\n2 inf\n3 n/a\n",
            r"3 of 9 points cannot be used \(intensity not a number: line 7, 8, 9",
        ),
        (lines("0.{i} 5", 4), "has only 4 points, and at least 5 are needed"),
        ("only words\n", "has no line of numbers"),
        (",\n,\n", "has no line of numbers"),
        ("\n\n", "has no line of numbers"),
        ("", "is empty"),
        (b"\x00\x01\x02", "is a binary file"),
        (b"0.1 5\n" * 5000 + b"\x00", "contains binary data"),
        (b"\xff\xfe1", "broken UTF-16"),
        ("<html>", "is XML, but not"),
        (b"PK\x03\x04abc", "is a ZIP archive"),
        (b"RAW1.01\x00", r"is a \.raw file"),
    ],
)
def test_refused(read_text: Callable[..., Pattern], text: str | bytes, message: str) -> None:
    with pytest.raises(FileError, match=message) as caught:
        read_text(text)
    assert "scan.dat" in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("0 5\n-1 5\n180 5\n" + lines("{i}0 5"), "2θ not between 0 and 180°: line 1, 2, 3"),
        (lines("{i}0 5") + "20.0 5\n", "line 7: 2θ = 20 is in line 2 too"),
    ],
)
def test_two_theta_refused(read_text: Callable[..., Pattern], text: str, message: str) -> None:
    with pytest.raises(FileError, match=message):
        read_text(text, **CU)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("2theta I\n{rows}70 nan\n", "intensity not a number = line 8"),
        ("2theta I\n{rows}70 -inf\n", "intensity not a number = line 8"),
        ("2theta I\n{rows}70 1e999\n", "intensity not a number = line 8"),
        ("2theta I\n{rows}70 1e150\n", "intensity infinite or above 1e+100 = line 8"),
        ("2theta I\n{rows}70 N/A\n", "intensity not a number = line 8"),
        ("2theta I\n{rows}70 ****\n", "intensity not a number = line 8"),
        ("2theta I\nnan 5\n{rows}", "2θ not a number = line 2"),
        ("2theta I\n\n0 5\n{rows}", "2θ not between 0 and 180° = line 3"),
        ("2theta I\n-1 5\n{rows}", "2θ not between 0 and 180° = line 2"),
        ("2theta I\n{rows}180 5\n", "2θ not between 0 and 180° = line 8"),
    ],
)
def test_single_bad_points_are_left_out(read_text: Callable[..., Pattern], text: str, reason: str) -> None:
    pattern = read_text(text.replace("{rows}", lines("{i}0 5{i}")), wavelength="CuKa")
    assert pattern.x.tolist() == [10, 20, 30, 40, 50, 60]
    assert pattern.intensity.tolist() == [51, 52, 53, 54, 55, 56]
    assert [str(step) for step in pattern.history] == [f"points left out (number = 1, {reason})"]


@pytest.mark.parametrize("sigma", ["0", "-2", "nan", "inf"])
def test_single_bad_sigma_is_left_out(read_text: Callable[..., Pattern], sigma: str) -> None:
    pattern = read_text(f"q I sigma\n0.05 0 {sigma}\n" + lines("0.{i} 5{i} 7.{i}"))
    assert pattern.x.tolist() == [0.1, 0.2, 0.3, 0.4, 0.5, 0.6]
    assert pattern.sigma is not None
    assert pattern.sigma.tolist() == [7.1, 7.2, 7.3, 7.4, 7.5, 7.6]
    assert "line 2" in str(pattern.history[0])


def test_most_points_that_are_left_out(read_text: Callable[..., Pattern]) -> None:
    """A tenth of the points; three of twelve or more are always few enough."""
    good = "".join(f"{i / 100:.2f} 5\n" for i in range(1, 91))
    assert len(read_text("q I\n" + "2 nan\n" * 10 + good)) == 90
    with pytest.raises(FileError, match="11 of 101 points cannot be used"):
        read_text("q I\n" + "2 nan\n" * 11 + good)
    assert len(read_text("q I\n" + "2 nan\n" * 3 + lines("0.1{i} 5", 9))) == 9
    with pytest.raises(FileError, match="3 of 11 points cannot be used"):
        read_text("q I\n" + "2 nan\n" * 3 + lines("0.1{i} 5", 8))
    with pytest.raises(FileError, match="only 4 points"):
        read_text("q I\n2 nan\n" + lines("0.1{i} 5", 4))


def test_reflectivity_from_zero_over_two_theta_by_its_header(read_text: Callable[..., Pattern]) -> None:
    pattern = read_text("2theta counts\n0.00 99\n" + lines("0.0{i} 5", 9), wavelength="CuKa")
    assert (pattern.axis, pattern.x[0], len(pattern)) == ("2theta", 0.01, 9)


def test_long_texts_refused(read_text: Callable[..., Pattern]) -> None:
    with pytest.raises(FileError, match="more than 1,010,000 lines"):
        read_text(GOOD + "\n" * 1_010_000)
    with pytest.raises(FileError, match="line 2: is too long a line"):
        read_text("q\n" + "1 " * 60_000)


def test_measured_film() -> None:
    pattern = read(DATA / "Cs3Bi2Br9_a200_Rat21_2-Theta_Omega.xy", **CU)  # type: ignore[arg-type]
    assert len(pattern) == 1374
    assert (pattern.x[0], pattern.x[-1]) == (5.0, 59.92)
    assert (pattern.intensity[0], pattern.intensity[-1]) == (1282.0, 371.0)
    # 001 of d = 9.86 Å stands at 2θ = 8.96°.
    window = (pattern.x > 8.5) & (pattern.x < 9.5)
    assert pattern.x[window][np.argmax(pattern.intensity[window])] == pytest.approx(8.96, abs=0.1)
    with pytest.raises(FileError, match=r"5 to 59\.92 is; it looks like 2θ"):
        read(DATA / "Cs3Bi2Br9_a200_Rat21_2-Theta_Omega.xy")


@pytest.mark.slow
def test_a_large_file(tmp_path: Path) -> None:
    path = tmp_path / "large.xy"
    rows = [f"{10 + i * 0.003:.6f} {800 + i % 97}.8650" for i in range(23333)]
    path.write_text("\n".join(["# 2theta_deg intensity", *rows]))
    pattern = read(path, wavelength=1.5)
    assert len(pattern) == 23333
    assert pattern.intensity[-1] == 800 + 23332 % 97 + 0.865


def test_a_bad_attenuation_factor_is_named() -> None:
    """Not the intensity that was calculated with it."""
    columns = {
        "2θ": np.arange(10.0, 20.0), "intensity": np.full(10, 5.0), "attenuation factor": np.ones(10),
    }  # fmt: skip
    columns["attenuation factor"][3] = columns["intensity"][3] = np.nan
    good, (step,) = usable(columns, "scan.xy", counts=True)
    assert good.tolist() == [i != 3 for i in range(10)]
    assert str(step) == "points left out (number = 1, attenuation factor not a number = point 4)"
