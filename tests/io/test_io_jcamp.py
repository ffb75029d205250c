import itertools
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slxrd.data.pattern import Pattern
from slxrd.errors import FileError
from slxrd.io import read
from slxrd.io.jcamp import Decoder
from slxrd.io.registry import read_scans

DATA = Path(__file__).parents[1] / "files"
CU = {"wavelength": "CuKa"}
STEPS = {
    "TITLE": "a film",
    "JCAMP-DX": "4.24",
    "DATA TYPE": "XRD pattern",
    "XUNITS": "2-THETA",
    "YUNITS": "COUNTS",
    "XFACTOR": "0.01",
    "YFACTOR": "1",
    "FIRSTX": "20.00",
    "LASTX": "20.18",
    "NPOINTS": "10",
    "XYDATA": "(X++(Y..Y))",
}


def file(lines: list[str], end: str = "##END=\n", **changes: str | None) -> str:
    records = {key: value for key, value in (STEPS | changes).items() if value is not None}
    return "".join(f"##{key}={value}\n" for key, value in records.items()) + "\n".join([*lines, end])


@pytest.fixture
def read_jdx(tmp_path: Path) -> Callable[..., Pattern]:
    def reading(text: str, **options: Any) -> Pattern:
        path = tmp_path / "scan.jdx"
        path.write_text(text)
        return read(path, **(CU | options))

    return reading


# The forms of one row of numbers in the paper's own example (McDonald and Wilks 1988, section 5).
PUBLISHED = [1, 2, 3, 3, 2, 1, 0, -1, -2, -3]


@pytest.mark.parametrize(
    "row", ["1 2 3 3 2 1 0 -1 -2 -3", "1+2+3+3+2+1+0-1-2-3", "1BCCBA@abc", "1JJ%jjjjjj", "1JJ%jX"]
)
def test_published_forms(row: str) -> None:
    decoder = Decoder("file")
    assert decoder.feed(f"500 {row}", 1) == ("500", 0)
    assert decoder.ordinates == PUBLISHED


COUNTS = [0, 7, 7, 7, 12, 10, 10, 123, 123, 4]


@pytest.mark.parametrize(
    "lines",
    [
        ["2000 0 7 7 7 12", "2010 10 10 123 123 4"],
        ["2000,0,7,7,7,12", "2010;10;10;123;123;4"],
        ["2000 0 7 7 7 1.2E+01", "2010 10 10 1.23E+02 123 4"],
        ["2000+0+7+7+7+12", "2010+10+10+123+123+4"],
        ["2000@GGGA2", "2010A0A0A23A23D"],
        ["2000@GUA2", "2010A0TA23TD"],
        ["2000@P%%N", "2008A2k%J13%j19"],
        ["2000@P%TN", "2008A2k%J13%j19", "2018D"],
        ["2000@P%TN $$ a remark", "$$ another", "2008A2k%J13%j19", "2018D"],
    ],
)
def test_one_table_in_all_forms(read_jdx: Callable[..., Pattern], lines: list[str]) -> None:
    pattern = read_jdx(file(lines))
    np.testing.assert_allclose(pattern.x, 20.0 + 0.02 * np.arange(10), atol=1e-12)
    assert pattern.intensity.tolist() == COUNTS
    assert pattern.per_count is not None
    assert pattern.metadata["title"] == "a film"
    assert pattern.history == ()


def squeezed(number: int) -> str:
    digits = str(abs(number))
    return ("@ABCDEFGHI" if number >= 0 else "@abcdefghi")[int(digits[0])] + digits[1:]


def differing(number: int) -> str:
    digits = str(abs(number))
    return ("%JKLMNOPQR" if number >= 0 else "%jklmnopqr")[int(digits[0])] + digits[1:]


def repeated(times: int) -> str:
    digits = str(times)
    return "?STUVWXYZs"[int(digits[0])] + digits[1:]


@pytest.mark.slow
@settings(max_examples=200, deadline=None, database=None)
@given(
    counts=st.lists(st.integers(-30, 30) | st.integers(-(10**6), 10**6), min_size=2, max_size=60),
    width=st.integers(2, 9),
)
def test_differences_and_repetitions_come_back(counts: list[int], width: int) -> None:
    """Encoded here as section 5 of the paper describes it: DIFDUP with checks."""
    decoder = Decoder("file")
    start = 0
    while start < len(counts) - 1:
        part = counts[start : start + width]
        steps = [b - a for a, b in itertools.pairwise(part)]
        text, i = squeezed(part[0]), 0
        while i < len(steps):
            times = 1
            while i + times < len(steps) and steps[i + times] == steps[i]:
                times += 1
            text += differing(steps[i]) + (repeated(times) if times > 1 else "")
            i += times
        assert decoder.feed(f"{start}{text}", 1)[1] == start
        start += len(part) - 1
    assert decoder.ordinates == counts


def test_factors(read_jdx: Callable[..., Pattern]) -> None:
    pattern = read_jdx(file(["2000 0 7 7 7 12 10 10 123 123 4"], YFACTOR="0.5"))
    assert pattern.intensity.tolist() == [count / 2 for count in COUNTS]
    assert pattern.per_count is None
    assert str(pattern.history[0]) == "intensity scaled (YFACTOR = 0.5)"


PAIRS: dict[str, str | None] = {
    "XYDATA": None,
    "FIRSTX": None,
    "LASTX": None,
    "NPOINTS": "5",
    "XFACTOR": None,
}
ROWS = ["20.0, 5; 20.1, 6", "20.3 7", "20.4,8 20.5,9"]


@pytest.mark.parametrize("label", ["XYPOINTS", "XYDATA", "PEAK TABLE", "xy-points"])
def test_pairs(read_jdx: Callable[..., Pattern], label: str) -> None:
    pattern = read_jdx(file(ROWS, **PAIRS | {label: "(XY..XY)"}))
    assert pattern.x.tolist() == [20.0, 20.1, 20.3, 20.4, 20.5]
    assert pattern.intensity.tolist() == [5, 6, 7, 8, 9]
    scaled = read_jdx(file(ROWS, **PAIRS | {"XFACTOR": "2", "YFACTOR": "3", label: "(XY..XY)"}))
    assert (scaled.x[0], scaled.intensity[0]) == (40.0, 15.0)


def test_the_axis(read_jdx: Callable[..., Pattern]) -> None:
    lines = ["2000 0 7 7 7 12 10 10 123 123 4"]
    assert read_jdx(file(lines, XUNITS="2ϴ [°]")).axis == "2theta"
    with pytest.raises(FileError, match=r"is in '2-THETA' by its XUNITS; leave --axis out"):
        read_jdx(file(lines), axis="q")
    with pytest.raises(FileError, match=r"XUNITS is 'DEGREES', .* use --axis 2theta or --axis q"):
        read_jdx(file(lines, XUNITS="DEGREES"))
    assert read_jdx(file(lines, XUNITS="DEGREES"), axis="2theta").axis == "2theta"
    q = {"XUNITS": "1/Å", "FIRSTX": "1", "LASTX": "1.9", "XFACTOR": "1"}
    pattern = read_jdx(file(["1 0 7 7 7 12 10 10 123 123 4"], **q), wavelength=None)
    assert (pattern.axis, pattern.x[-1]) == ("q", 1.9)
    with pytest.raises(FileError, match=r"XUNITS is 'q \(1/nm\)'; export it in 1/Å"):
        read_jdx(file(lines, XUNITS="q (1/nm)"))


def test_missing_ordinate(read_jdx: Callable[..., Pattern]) -> None:
    pattern = read_jdx(file(["2000 0 7 ? 7 12", "2010 10 10 123 123 4"]))
    np.testing.assert_allclose(pattern.x, np.delete(20.0 + 0.02 * np.arange(10), 2), atol=1e-12)
    assert pattern.intensity.tolist() == [0, 7, 7, 12, 10, 10, 123, 123, 4]
    assert pattern.per_count is not None
    assert "intensity not a number = point 3" in str(pattern.history[-1])


LINES = ["2000@P%TN", "2008A2k%J13%j19", "2018D"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (file(LINES, end=""), "has no ##END=: it is truncated"),
        (file(LINES[:1]), "claims 10 points but has 5"),
        (file([LINES[0], "2008A3k%J13%j19"]), r"line 13: begins with '13' and not with the 12 of the line"),
        (file([LINES[0], "2016A2k%J13%j19"]), r"line 13: begins at 20.16 instead of 20.08"),
        (file([LINES[0], "2008A2k!J13%j19"]), r"line 13: '!J13%j19' is not understood"),
        (file(["2000@Z9999999"]), "repeats a number 89999999 times"),
        (file(["2000@" + "S" + "9" * 5000]), "repeats a number 1999999"),
        (file(["2000T"]), "begins with a repetition of nothing"),
        (file(["2000J"]), "begins with a difference to nothing"),
        (file(["A0"]), "does not begin with its abscissa"),
        (file(["2000 9E+999"]), "inf is not an intensity"),
        (file(LINES, NPOINTS="ten"), "NPOINTS is 'ten', not a number"),
        (file(LINES, YFACTOR="0"), "XFACTOR or YFACTOR is 0"),
        (file(LINES, XUNITS="1/CM"), "XUNITS is '1/CM', which is neither 2θ nor q"),
        (file(LINES, XUNITS=None), "has no XUNITS"),
        (file(LINES, XYDATA="(X++(R..R))"), r"its table XYDATA=\(X\+\+\(R..R\)\) is not supported"),
        (file([], NTUPLES="NMR FID", XYDATA=None), "its table NTUPLES=NMRFID is not supported"),
        (file(["20 1 21"], **PAIRS | {"XYPOINTS": "(XY..XY)"}), "has 3 numbers, not pairs"),
        (file(ROWS, **PAIRS | {"NPOINTS": "6", "XYPOINTS": "(XY..XY)"}), "claims 6 points but has 5"),
        (
            file(["20 1", "20.1 2", "20.2 3", "27 4", "27.1 5"], **PAIRS | {"PEAK TABLE": "(XY..XY)"}),
            "is a list of peaks, not a pattern",
        ),
        (file([], XYDATA=None), "has no scan"),
    ],
)
def test_refused(read_jdx: Callable[..., Pattern], text: str, message: str) -> None:
    with pytest.raises(FileError, match=message) as caught:
        read_jdx(text)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 400


def test_blocks_are_scans(read_jdx: Callable[..., Pattern], tmp_path: Path) -> None:
    linked = "##TITLE=both\n##JCAMP-DX=4.24\n##BLOCKS=2\n" + file(LINES) + file(LINES, TITLE="b") + "##END=\n"
    with pytest.raises(FileError, match="has 2 scans"):
        read_jdx(linked)
    assert read_jdx(linked, scan=2).metadata["title"] == "b"
    assert len(read_scans(tmp_path / "scan.jdx", wavelength="CuKa")) == 2


def test_measured_file() -> None:
    path = DATA / "test.jdx"
    with pytest.raises(FileError, match="does not give the wavelength: use --wavelength"):
        read(path)
    pattern = read(path, wavelength="CuKa")
    rows = re.findall(r"^(\d+\.?\d*) (\d+)$", path.read_text("utf-8"), re.M)
    assert len(pattern) == len(rows) == 2443
    assert pattern.x.tolist() == [float(x) for x, _ in rows]
    assert pattern.intensity.tolist() == [float(y) for _, y in rows]
    assert (pattern.intensity.min(), pattern.intensity.max()) == (1064, 6933)  # FIRSTY and LASTY in the file
    assert pattern.per_count is not None
