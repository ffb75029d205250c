from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from slxrd.data.pattern import Pattern
from slxrd.errors import FileError
from slxrd.io import read
from slxrd.units import SecondLine

HEADER = {
    "SampleIdent": "AgCOOC5H11 ",
    "Title1": "a, title, with commas",
    "Title2": "",
    "Anode": "Cu",
    "LabdaAlpha1": " 1.54060",
    "LabdaAlpha2": " 1.54439",
    "RatioAlpha21": " 0.50000",
    "DivergenceSlit": "Automatic, 12",
    "MonochromatorUsed": "YES ",
    "FileDateTime": "19-feb-1995 11:48",
    "DataAngleRange": "  10.0000,  10.1000",
    "ScanStepSize": "   0.020",
    "ScanStepTime": "    5.00",
}
SCAN = "      640,      625,      729,      635\n      610,      666,/"


@pytest.fixture
def read_udf(tmp_path: Path) -> Callable[..., Pattern]:
    def reading(scan: str = SCAN, marker: str = "RawScan\n", **changes: str | None) -> Pattern:
        header = {key: value for key, value in (HEADER | changes).items() if value is not None}
        path = tmp_path / "scan.udf"
        path.write_text("".join(f"{key},{value},/\n" for key, value in header.items()) + marker + scan)
        return read(path)

    return reading


def test_counts_over_two_theta(read_udf: Callable[..., Pattern]) -> None:
    pattern = read_udf()
    np.testing.assert_allclose(pattern.x, [10.0, 10.02, 10.04, 10.06, 10.08, 10.1], atol=1e-12)
    assert pattern.intensity.tolist() == [640, 625, 729, 635, 610, 666]
    assert pattern.per_count is not None
    assert pattern.history == ()
    assert (pattern.wavelength, pattern.second_line) == (1.5406, SecondLine(1.54439, 0.5))
    assert pattern.metadata["sample id"] == "AgCOOC5H11"
    assert pattern.metadata["title"] == "a, title, with commas"
    assert pattern.metadata["date"] == "19-feb-1995 11:48"
    assert pattern.metadata["anode"] == "Cu"
    assert "counting time (s)" not in pattern.metadata  # not the time of a point with strip detectors


def test_variants(read_udf: Callable[..., Pattern]) -> None:
    assert read_udf(SCAN.replace(",/", "/")).intensity[-1] == 666.0
    assert read_udf(SCAN + "\n\n").intensity[-1] == 666.0
    assert read_udf(marker="RawScan\t\n").intensity[-1] == 666.0
    assert read_udf(LabdaAlpha1=None, LambdaAlpha1="1.5").wavelength == 1.5
    assert read_udf(RatioAlpha21="0.0").second_line is None
    fractions = read_udf(SCAN.replace("640", "640.5"))
    assert fractions.per_count is None
    assert [step.name for step in fractions.history] == ["not taken for counts"]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"scan": SCAN.replace(",/", "")}, "has no / at its end: it is truncated"),
        ({"scan": SCAN.replace("625,", "")}, "10 to 10.1° in steps of 0.02°, but 5 points follow"),
        ({"scan": SCAN.replace("625", "6x5")}, r"line 15: the intensity is '6x5', not a number"),
        ({"scan": SCAN + "\nRawScan\n1,2,/"}, r"line 17: there are lines after the end of the scan"),
        ({"marker": ""}, "has no RawScan"),
        ({"ScanStepSize": None}, "has no ScanStepSize"),
        ({"ScanStepSize": "0"}, "ScanStepSize is 0"),
        ({"DataAngleRange": "10"}, "DataAngleRange is '10', not two angles"),
        ({"DataAngleRange": "10, inf"}, "DataAngleRange is 'inf', not a number"),
        ({"LabdaAlpha1": ""}, "does not give the wavelength"),
        ({"LabdaAlpha2": "2.5"}, "are not a doublet: use --wavelength"),
    ],
)
def test_refused(read_udf: Callable[..., Pattern], changes: dict[str, str | None], message: str) -> None:
    with pytest.raises(FileError, match=message) as caught:
        read_udf(**changes)  # type: ignore[arg-type]
    assert "\n" not in str(caught.value)
