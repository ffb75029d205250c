from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from slxrd.data.pattern import Pattern
from slxrd.errors import FileError
from slxrd.io import read
from slxrd.io.registry import read_scans
from slxrd.units import SecondLine

FILE = (
    "; a comment\n_FILEVERSION=2\n_SAMPLE='a film'\n"
    "_WL1=1.540600\n_WL2=1.544390\n_WLRATIO=0.500000\n_ANODE='Cu'\n"
)
RANGE = "; Data for range 1\n_DRIVE='COUPLED'\n_STEPTIME=4.0\n_STEPSIZE=0.020000\n_START=10.000000\n"
COUNTS = "_COUNTS\n   3   5\n   8   6\n   7\n"


@pytest.fixture
def path(tmp_path: Path) -> Callable[..., Path]:
    def writing(text: str) -> Path:
        path = tmp_path / "scan.uxd"
        path.write_text(text.replace("\n", "\r\n"))
        return path

    return writing


def test_counts_from_start_and_step(path: Callable[..., Path]) -> None:
    pattern = read(path(FILE + RANGE + COUNTS))
    np.testing.assert_allclose(pattern.x, [10.0, 10.02, 10.04, 10.06, 10.08], atol=1e-12)
    assert pattern.intensity.tolist() == [3, 5, 8, 6, 7]
    assert pattern.per_count is not None
    assert (pattern.wavelength, pattern.second_line) == (1.5406, SecondLine(1.54439, 0.5))
    assert pattern.metadata["title"] == "a film"
    assert pattern.metadata["scan axis"] == "COUPLED"
    assert pattern.metadata["counting time (s)"] == 4.0


PAIRS = "_2THETACOUNTS\n  10.0  3\n  10.1  5\n 10.3 , 8\n 10.4 6\n 10.5\t7\n"
CPS = "_2THETACPS\n10.0 0.75\n10.1 1.25\n10.3 2.00\n10.4 1.50\n10.5 1.75\n"


@pytest.mark.parametrize("block", [PAIRS, CPS])
def test_angles_beside_the_intensities(path: Callable[..., Path], block: str) -> None:
    pattern = read(path(FILE + RANGE + block))
    assert pattern.x.tolist() == [10.0, 10.1, 10.3, 10.4, 10.5]
    assert pattern.intensity.tolist() == [3, 5, 8, 6, 7]
    assert pattern.per_count is not None


@pytest.mark.parametrize("drive", ["2THETA", "LOCKED COUPLED", "PSDSCAN", "coupled"])
def test_drives_over_two_theta(path: Callable[..., Path], drive: str) -> None:
    assert read(path(FILE + RANGE.replace("COUPLED", drive) + COUNTS)).metadata["scan axis"] == drive


def test_rates_without_a_time_stay_rates(path: Callable[..., Path]) -> None:
    pattern = read(path(FILE + RANGE.replace("_STEPTIME=4.0\n", "") + CPS))
    assert pattern.intensity.tolist() == [0.75, 1.25, 2.0, 1.5, 1.75]
    assert pattern.per_count is None
    assert "the counting time is not given" in str(pattern.history[-1])


def test_ranges_are_scans_with_their_own_header(path: Callable[..., Path]) -> None:
    second = RANGE.replace("=10.0", "=20.0").replace("_STEPTIME=4.0", "_STEPTIME=9.0") + COUNTS.replace(
        "8", "80"
    )
    third = RANGE.replace("COUPLED", "THETA") + PAIRS
    file = path(FILE + RANGE + COUNTS + second + third)
    with pytest.raises(FileError, match="has 3 scans; choose one with --scan"):
        read(file)
    pattern = read(file, scan=2)
    assert (pattern.x[0], pattern.intensity[2], pattern.metadata["counting time (s)"]) == (20.0, 80.0, 9.0)
    assert read(file, scan=1).metadata["counting time (s)"] == 4.0
    found = read_scans(file)
    assert [isinstance(one, Pattern) for one in found] == [True, True, False]
    assert "is a scan of 'THETA'; only scans over 2θ are supported" in str(found[2])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (FILE + RANGE.replace("COUPLED", "PHI") + COUNTS, r"line 13: is a scan of 'PHI'; only scans over 2θ"),
        (FILE + RANGE.replace("_DRIVE='COUPLED'\n", "") + COUNTS, r"a scan without its axis \(_DRIVE\)"),
        (FILE + RANGE.replace("_START=10.000000\n", "") + COUNTS, "has no START"),
        (FILE + RANGE + COUNTS + COUNTS, "has 2 scans"),
        (FILE + RANGE.replace("_STEPSIZE=0.02", "_STEPSIZE=0.00") + COUNTS, "its step is 0"),
        (FILE + RANGE + "_STEPCOUNT=6\n" + COUNTS, "claims 6 points but has 5"),
        (FILE + RANGE + COUNTS.replace("8", "eight"), r"line 15: the intensity is 'eight', not a number"),
        (
            FILE + RANGE + PAIRS.replace(" 10.4 6", " 10.4"),
            r"line 17: has 1 numbers, not angle and intensity",
        ),
        (FILE + RANGE + PAIRS.replace(" 10.4 6", " 10.0 6"), "neither increases nor decreases"),
        (FILE + RANGE + "_2THETACOUNTSTIME\n 10 3 1\n", "'_2THETACOUNTSTIME' begins an unknown kind of scan"),
        (FILE + RANGE + "_D-I\n 3.5 20\n", "'_D-I' begins an unknown kind of scan"),
        (FILE + RANGE, "has no scan"),
        (FILE.replace("_WL1=1.540600", "_WL1=0.0") + RANGE + COUNTS, "does not give the wavelength"),
        (
            FILE.replace("_WLRATIO=0.5", "_WLRATIO=5.5") + RANGE + COUNTS,
            "in the ratio 5.5, which are not a doublet",
        ),
    ],
)
def test_refused(path: Callable[..., Path], text: str, message: str) -> None:
    with pytest.raises(FileError, match=message) as caught:
        read(path(text))
    assert "\n" not in str(caught.value)


def test_a_second_range_does_not_inherit_where_it_starts(path: Callable[..., Path]) -> None:
    file = path(FILE + RANGE + COUNTS + COUNTS)
    with pytest.raises(FileError, match="has no START"):
        read(file, scan=2)


@pytest.mark.parametrize(
    ("unit", "options", "wavelength"),
    [("'A'", {}, 1.5406), ("'nm'", {"wavelength": 1.6}, 1.6), ("'furlong'", {"wavelength": 1.6}, 1.6)],
)
def test_unit_of_the_wavelength(
    path: Callable[..., Path], unit: str, options: Any, wavelength: float
) -> None:
    assert read(path(FILE + f"_WL_UNIT={unit}\n" + RANGE + COUNTS), **options).wavelength == wavelength
    if unit == "'furlong'":
        with pytest.raises(FileError, match="does not give the wavelength"):
            read(path(FILE + f"_WL_UNIT={unit}\n" + RANGE + COUNTS))


def test_nanometres(path: Callable[..., Path]) -> None:
    text = FILE.replace("1.540600", "0.1540600").replace("1.544390", "0.1544390") + "_WL_UNIT='nm'\n"
    assert read(path(text + RANGE + COUNTS)).wavelength == pytest.approx(1.5406, abs=1e-12)
