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

HEADER = {
    "FILE_SAMPLE": "platelets",
    "FILE_COMMENT": "",
    "HW_XG_TARGET_NAME": "Cu",
    "HW_XG_WAVE_LENGTH_ALPHA1": "1.540593",
    "HW_XG_WAVE_LENGTH_ALPHA2": "1.544414",
    "HW_XG_WAVE_LENGTH_BETA": "1.392246",
    "MEAS_COND_AXIS_NAME_INTERNAL-7": "IncidentMonochromator",
    "MEAS_COND_AXIS_POSITION-7": "IPS_adaptor",
    "MEAS_COND_XG_WAVE_TYPE": "Ka",
    "MEAS_SCAN_AXIS_X": "2θ/θ",
    "MEAS_SCAN_AXIS_X_INTERNAL": "TwoThetaTheta",
    "MEAS_SCAN_SPEED": "0.6000",
    "MEAS_SCAN_SPEED_UNIT": "deg/min",
    "MEAS_SCAN_START_TIME": "11/21/2017 08:32:31",
    "MEAS_SCAN_STEP": "0.0200",
    "MEAS_SCAN_UNIT_X": "deg",
    "MEAS_SCAN_UNIT_Y": "counts",
}
ROWS = [
    "25.0000 12.0000 1.0000",
    "25.0200 400.0000 1.0000",
    "25.0400 40.0000 11.5000",
    "25.0600 700.0000 1.0000",
]
ROWS += ["25.0800 3.0000 1.0000"]


def block(rows: list[str] | None = None, **changes: str) -> str:
    rows = ROWS if rows is None else rows
    header = {"MEAS_DATA_COUNT": str(len(rows))} | HEADER | changes
    lines = ["*RAS_HEADER_START", *(f'*{key} "{value}"' for key, value in header.items()), "*RAS_HEADER_END"]
    return "\n".join([*lines, "*RAS_INT_START", *rows, "*RAS_INT_END", ""])


@pytest.fixture
def path(tmp_path: Path) -> Callable[..., Path]:
    def writing(*blocks: str, encoding: str = "utf-8") -> Path:
        text = "*RAS_DATA_START\n" + "".join(blocks) + "*RAS_DATA_END\n*DSC_DATA_END\n"
        path = tmp_path / "scan.ras"
        path.write_bytes(text.replace("\n", "\r\n").encode(encoding))
        return path

    return writing


def test_the_attenuator_is_applied_once(path: Callable[..., Path]) -> None:
    pattern = read(path(block()))
    assert pattern.x.tolist() == [25.0, 25.02, 25.04, 25.06, 25.08]
    assert pattern.intensity.tolist() == [12, 400, 460, 700, 3]
    assert pattern.per_count is not None
    assert pattern.per_count.tolist() == [1, 1, 11.5, 1, 1]
    assert [str(step) for step in pattern.history] == ["attenuator corrected (largest factor = 11.5)"]
    assert (pattern.wavelength, pattern.second_line) == (1.540593, SecondLine(1.544414, 0.5))
    expected = {
        "sample id": "platelets",
        "anode": "Cu",
        "scan axis": "TwoThetaTheta",
        "counting time (s)": 2.0,
    }
    assert {name: pattern.metadata[name] for name in expected} == expected
    assert "title" not in pattern.metadata


def test_without_a_third_column(path: Callable[..., Path]) -> None:
    pattern = read(path(block([row.rsplit(" ", 1)[0] for row in ROWS])))
    assert pattern.intensity.tolist() == [12, 400, 40, 700, 3]
    assert pattern.history == ()


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"MEAS_COND_XG_WAVE_TYPE": "Ka1"}, (1.540593, None)),
        ({"MEAS_COND_XG_WAVE_TYPE": "Ka2"}, (1.544414, None)),
        ({"MEAS_COND_XG_WAVE_TYPE": "Kb"}, (1.392246, None)),
        ({"MEAS_COND_XG_WAVE_TYPE": "K_alpha1"}, (1.540593, None)),
        ({"MEAS_COND_AXIS_POSITION-7": "Ge(220)x2"}, (1.540593, None)),
    ],
)
def test_lines(path: Callable[..., Path], changes: dict[str, str], expected: Any) -> None:
    pattern = read(path(block(**changes)))
    assert (pattern.wavelength, pattern.second_line) == expected


@pytest.mark.parametrize(
    ("rate", "per_count", "said"),
    [
        ([6.0, 200.5, 20.0, 350.0, 1.5], [1, 1, 11.5, 1, 1], "rates to counts (counting time (s) = 2)"),
        ([6.0, 200.3, 20.0, 350.0, 1.5], None, "rate × counting time is not whole"),
        ([12.0, 401.0, 40.0, 700.0, 3.0], None, "all are whole, as counts are"),
    ],
)
def test_rates(path: Callable[..., Path], rate: list[float], per_count: Any, said: str) -> None:
    rows = [f"{25 + i * 0.02:.4f} {r:.4f} {11.5 if i == 2 else 1:.4f}" for i, r in enumerate(rate)]
    pattern = read(path(block(rows, MEAS_SCAN_UNIT_Y="cps")))
    factors = np.array([1, 1, 11.5, 1, 1])
    time = 1.0 if per_count is None else 2.0
    np.testing.assert_allclose(pattern.intensity, np.array(rate) * factors * time)
    assert (pattern.per_count if per_count is None else pattern.per_count.tolist()) == per_count  # type: ignore[union-attr]
    assert said in str(pattern.history[0])


def test_speed_in_degrees_a_second(path: Callable[..., Path]) -> None:
    pattern = read(path(block(MEAS_SCAN_SPEED="0.01", MEAS_SCAN_SPEED_UNIT="deg/sec")))
    assert pattern.metadata["counting time (s)"] == 2.0
    pattern = read(path(block(MEAS_SCAN_SPEED="4.0", MEAS_SCAN_SPEED_UNIT="sec/step")))
    assert pattern.metadata["counting time (s)"] == 4.0
    assert "counting time (s)" not in read(path(block(MEAS_SCAN_SPEED_UNIT=""))).metadata


def test_counts_that_are_not_whole(path: Callable[..., Path]) -> None:
    pattern = read(path(block([row.replace("12.0000", "84.3047") for row in ROWS])))
    assert pattern.intensity[0] == 84.3047
    assert pattern.per_count is None
    assert str(pattern.history[0]).startswith("not taken for counts (because they are not whole numbers;")


@pytest.mark.parametrize(
    ("internal", "shown", "factor"),
    [
        ("TwoThetaOmega", "2θ/ω", 1.0),
        ("TwoTheta", "2-Theta", 1.0),
        ("", "Theta/2-Theta", 1.0),
        ("", "2θ/θ", 1.0),
        ("OmegaTwoTheta", "ω/2θ", 2.0),
    ],
)
def test_scans_over_two_theta(path: Callable[..., Path], internal: str, shown: str, factor: float) -> None:
    changes = {"MEAS_SCAN_AXIS_X_INTERNAL": internal, "MEAS_SCAN_AXIS_X": shown}
    pattern = read(path(block(**changes)))
    assert pattern.x[0] == 25.0 * factor
    assert ("2θ = 2ω" in [step.name for step in pattern.history]) == (factor == 2.0)


def test_several_scans(path: Callable[..., Path]) -> None:
    other = block([row.replace("25.", "35.") for row in ROWS], FILE_SAMPLE="second")
    rocking = block(MEAS_SCAN_AXIS_X_INTERNAL="Omega")
    file = path(block(), other, rocking)
    with pytest.raises(FileError, match="has 3 scans; choose one with --scan"):
        read(file)
    pattern = read(file, scan=2)
    assert (pattern.x[0], pattern.metadata["sample id"]) == (35.0, "second")
    found = read_scans(file)
    assert [isinstance(one, Pattern) for one in found] == [True, True, False]
    assert "is a scan of 'Omega'; only scans over 2θ are supported" in str(found[2])


def test_each_scan_between_marks_of_its_own(path: Callable[..., Path]) -> None:
    file = path(block() + "*RAS_DATA_END\n*RAS_DATA_START\n" + block())
    assert len(read_scans(file)) == 2


def test_temperature_and_foreign_characters(path: Callable[..., Path]) -> None:
    changes = {f"MEAS_COND_AXIS_{key}-12": value for key, value in [
        ("NAME_INTERNAL", "Temp"), ("POSITION", "550"), ("UNIT", "C")
    ]}  # fmt: skip
    pattern = read(path(block(FILE_SAMPLE="試料", **changes), encoding="shift-jis"))
    assert pattern.metadata["temperature (°C)"] == 550.0
    assert len(pattern) == 5


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (block(MEAS_SCAN_AXIS_X_INTERNAL="Phi"), "is a scan of 'Phi'; only scans over 2θ are supported"),
        (block(MEAS_SCAN_AXIS_X_INTERNAL="TwoThetaChiPhi"), "is a scan of 'TwoThetaChiPhi'"),
        (block().replace("*RAS_INT_END\n", ""), r"has no end \(\*RAS_INT_END\): it is truncated"),
        (block(MEAS_DATA_COUNT="6"), "claims 6 points but has 5"),
        (block([*ROWS[:4], "25.0800 3.0000"]), r"line \d+: has 2 numbers, not angle, intensity and"),
        (block([*ROWS[:4], "25.0800 x 1.0000"]), r"line \d+: the intensity is 'x', not a number"),
        (block([*ROWS[:3], "25.0600 -- 1.0", "25.0800 3.0 0.0"]), r"2 of 5 points .*: point 4, 5\)"),
        (block([*ROWS[:4], "25.0000 3.0 1.0"]), "neither increases nor decreases"),
        (block([]), "the scan has no points"),
        (block(MEAS_COND_XG_WAVE_TYPE=""), "does not give the wavelength"),
        (block(HW_XG_WAVE_LENGTH_ALPHA1=""), "does not give the wavelength"),
        ("", "has no scan"),
    ],
)
def test_refused(path: Callable[..., Path], text: str, message: str) -> None:
    with pytest.raises(FileError, match=message) as caught:
        read(path(text))
    assert "\n" not in str(caught.value)


def exported(*changes: tuple[str, str]) -> str:
    keys = {"MEAS_SCAN_STOP": "25.08", **HEADER}
    lines = [*(f'*{key} "{value}"' for key, value in keys.items()), "#Attenuator_coefficient=1.0000"]
    text = "\n".join([*lines, "#Intensity_unit=counts", *(row.rsplit(" ", 1)[0] for row in ROWS), ""])
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    return text


def test_text_export(tmp_path: Path) -> None:
    path = tmp_path / "scan.txt"
    path.write_text(exported())
    pattern = read(path)
    assert pattern.x.tolist() == [25.0, 25.02, 25.04, 25.06, 25.08]
    assert pattern.intensity.tolist() == [12, 400, 40, 700, 3]
    assert (pattern.wavelength, pattern.metadata["format"]) == (1.540593, "Rigaku .ras")
    path.write_text(exported() + exported(("platelets", "second")))
    assert read(path, scan=2).metadata["sample id"] == "second"
    assert len(read_scans(path)) == 2


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (("25.0600 700.0000\n25.0800 3.0000\n", ""), "ends at 25.04°, not at 25.08°; copy"),
        (('*MEAS_SCAN_STOP "25.08"\n', ""), "has no MEAS_SCAN_STOP"),
        (
            ("=1.0000", "=11.5000"),
            "whether its attenuator of 11.5000 is corrected for; export the scan as .ras",
        ),
        (("25.0800 3.0000", "25.0800 x"), r"line \d+: the intensity is 'x', not a number"),
    ],
)
def test_text_export_refused(tmp_path: Path, changes: tuple[str, str], message: str) -> None:
    path = tmp_path / "scan.txt"
    path.write_text(exported(changes))
    with pytest.raises(FileError, match=message):
        read(path)


RIG = """*TYPE           =  Raw
*SAMPLE         =  film
*DATE           =  25-Dec-97 19:12
{blank}
*SCAN_AXIS      =  2theta/theta
*TARGET         =  29
*XRAY_CHAR      =  K-ALPHA
*WAVE_LENGTH1   =  1.54056
*WAVE_LENGTH2   =  1.5444
*SPEED_DIM      =  sec./step
*YUNIT          =  counts
"""
GROUP = """*BEGIN
*START          =  3
*STOP           =  3.08
*STEP           =  0.02
*OFFSET         =  0.000000
*SPEED          =  4
*COUNT          =  5
948, 952, 990, 962
994
*END
"""


@pytest.fixture
def rig(tmp_path: Path) -> Callable[..., Path]:
    def writing(text: str) -> Path:
        path = tmp_path / "scan.asc"
        path.write_text(text.replace("{blank}", "\t\t").replace("\n", "\r\n") + "*EOF\r\n")
        return path

    return writing


def test_rigaku_text(rig: Callable[..., Path]) -> None:
    pattern = read(rig(RIG + GROUP))
    np.testing.assert_allclose(pattern.x, [3.0, 3.02, 3.04, 3.06, 3.08], atol=1e-12)
    assert pattern.intensity.tolist() == [948, 952, 990, 962, 994]
    assert pattern.per_count is not None
    assert (pattern.wavelength, pattern.second_line) == (1.54056, SecondLine(1.5444, 0.5))
    expected = {"sample id": "film", "anode": "Cu", "counting time (s)": 4.0, "scan axis": "2theta/theta"}
    assert {name: pattern.metadata[name] for name in expected} == expected
    assert "offset in the file (°)" not in pattern.metadata


def test_rigaku_text_in_rates(rig: Callable[..., Path]) -> None:
    fractions = GROUP.replace("948, 952", "948.25, 952.5")
    pattern = read(rig(RIG.replace("counts", "cps") + fractions))
    assert pattern.intensity.tolist() == [3793, 3810, 3960, 3848, 3976]
    assert pattern.per_count is not None
    # The listing in DASH has 952.8 in 0.4 s a step, which are no whole counts.
    other = fractions.replace("952.5", "952.8").replace("SPEED          =  4", "SPEED          =  0.4")
    pattern = read(rig(RIG.replace("counts", "cps") + other))
    assert (pattern.intensity[1], pattern.per_count) == (952.8, None)


def test_rigaku_text_with_several_groups(rig: Callable[..., Path]) -> None:
    second = GROUP.replace("START          =  3", "START          =  4").replace("3.08", "4.08")
    file = rig(RIG + GROUP + "\n" + second.replace("948", "9480"))
    with pytest.raises(FileError, match="has 2 scans"):
        read(file)
    assert (read(file, scan=2).x[0], read(file, scan=2).intensity[0]) == (4.0, 9480.0)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (RIG + GROUP.replace("*END\n", ""), r"has no \*END: it is truncated"),
        (RIG + GROUP.replace("994\n", ""), "claims 5 points but has 4"),
        (RIG + GROUP.replace("3.08", "3.18"), "end at 3.08°, not at the 3.18° in its header"),
        (RIG + GROUP.replace("990", "99O"), r"line 19: the intensity is '99O', not a number"),
        (RIG.replace("2theta/theta", "theta") + GROUP, "is a scan of 'theta'; only scans over 2θ"),
        (RIG + GROUP.replace("*STEP           =  0.02\n", ""), "has no STEP"),
        (RIG.replace("K-ALPHA", "K-ALPHA1") + GROUP, "says K-ALPHA1, .* --wavelength CuKa for both"),
        (RIG.replace("*XRAY_CHAR", "*XRAY") + GROUP, "does not give the wavelength"),
        (RIG, "has no scan"),
    ],
)
def test_rigaku_text_refused(rig: Callable[..., Path], text: str, message: str) -> None:
    with pytest.raises(FileError, match=message) as caught:
        read(rig(text))
    assert "\n" not in str(caught.value)


def test_rigaku_text_behind_a_monochromator(rig: Callable[..., Path]) -> None:
    text = RIG.replace("K-ALPHA", "K-ALPHA1") + "*I_MONOCHRO = Ge(220)x2, 0.000000\n" + GROUP
    pattern = read(rig(text))
    assert (pattern.wavelength, pattern.second_line) == (1.54056, None)
