"""Rigaku .rasx: measured files against their own content and another reader; built ones for the rest."""

import warnings
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from small_archives import CONDITIONS, PROFILE
from small_archives import rasx_archive as archive

from slxrd.data.pattern import Pattern
from slxrd.errors import FileError, SlxrdError
from slxrd.io import read, registry
from slxrd.units import SecondLine

DATA = Path(__file__).parents[1] / "files"
HOT = DATA / "Omega-2Theta_scan_high_temperature.rasx"
POWDER = DATA / "TwoTheta_scan_powder.rasx"


def changed(old: str, new: str) -> bytes:
    assert old in CONDITIONS
    return archive(conditions=CONDITIONS.replace(old, new))


@pytest.fixture
def read_bytes(tmp_path: Path) -> Callable[..., Pattern]:
    def reading(content: bytes, **options: Any) -> Pattern:
        path = tmp_path / "scan.rasx"
        path.write_bytes(content)
        return read(path, **options)

    return reading


@pytest.mark.parametrize(("path", "n", "time"), [(HOT, 1042, 7.2), (POWDER, 2726, 2.4)])
def test_measured_files(path: Path, n: int, time: float) -> None:
    """Every number against the text of the file."""
    pattern = read(path)
    with zipfile.ZipFile(path) as opened:
        lines = opened.read("Data0/Profile0.txt").decode("utf-8-sig").split("\r\n")
    rows = np.array([line.split("\t") for line in lines if line], dtype=float)
    assert rows.shape == (n, 3)
    np.testing.assert_array_equal(pattern.x, rows[:, 0])
    np.testing.assert_array_equal(pattern.intensity, rows[:, 1])
    assert set(rows[:, 2]) == {1.0}
    assert (pattern.axis, pattern.wavelength, pattern.second_line) == ("2theta", 1.540593, None)
    assert pattern.metadata["counting time (s)"] == pytest.approx(time, rel=1e-12)


def test_metadata() -> None:
    pattern = read(HOT)
    assert dict(pattern.metadata) | {"sha256": ""} == {
        "sha256": "",
        "format": "Rigaku .rasx",
        "counting time (s)": 7.2,
        "scan axis": "TwoThetaOmega",
        "date": "2020-08-03T20:16:09Z",
        "anode": "Cu",
        "temperature (°C)": 550.0,
        "wavelength from": "the file",
    }


@pytest.mark.parametrize("path", [HOT, POWDER])
def test_counts_times_factors_near_1(path: Path) -> None:
    """The detector's factors differ by a few percent from point to point: no value is whole."""
    pattern = read(path)
    assert pattern.per_count is not None
    assert np.ptp(pattern.per_count) == 0.0
    assert pattern.per_count[0] == pytest.approx(1.0, abs=0.02)
    assert [step.name for step in pattern.history] == ["counts found"]


@pytest.mark.slow
@pytest.mark.parametrize("path", [HOT, POWDER])
def test_against_another_reader(path: Path) -> None:
    fairmat = pytest.importorskip("fairmat_readers_xrd")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        other = fairmat.read_rigaku_rasx(str(path))
    pattern = read(path)
    np.testing.assert_array_equal(pattern.intensity, other["intensity"].magnitude)
    np.testing.assert_array_equal(pattern.x, other["2Theta"].magnitude)
    source = other["metadata"]["source"]
    assert (source["kAlpha1"].magnitude, source["anode_material"]) == (pattern.wavelength, "Cu")
    assert other["countTime"].to("second").magnitude == pytest.approx(pattern.metadata["counting time (s)"])


def test_built_file(read_bytes: Callable[..., Pattern]) -> None:
    pattern = read_bytes(archive())
    assert pattern.x.tolist() == [10.0, 10.1, 10.2, 10.3, 10.4]
    assert pattern.intensity.tolist() == [7, 8, 900, 8, 0]
    assert pattern.per_count is not None
    assert pattern.per_count.tolist() == [1] * 5
    assert (pattern.wavelength, pattern.second_line) == (1.5406, SecondLine(1.5444, 0.5))
    assert pattern.metadata["title"] == "Film 7"
    assert pattern.metadata["counting time (s)"] == 3.0  # 0.1° at 2° a minute
    assert pattern.metadata["temperature (°C)"] == 25.0
    assert pattern.history == ()


def test_the_attenuator_is_applied_once(read_bytes: Callable[..., Pattern]) -> None:
    pattern = read_bytes(archive(PROFILE.replace("900\t1", "90\t73.5")))
    assert pattern.intensity.tolist() == [7, 8, 90 * 73.5, 8, 0]
    assert pattern.per_count is not None
    assert pattern.per_count.tolist() == [1, 1, 73.5, 1, 1]
    assert [str(step) for step in pattern.history] == ["attenuator corrected (largest factor = 73.5)"]


def test_without_an_attenuator_column(read_bytes: Callable[..., Pattern]) -> None:
    pattern = read_bytes(archive(PROFILE.replace("\t1\r\n", "\r\n")))
    assert pattern.intensity.tolist() == [7, 8, 900, 8, 0]


def test_rates_become_counts(read_bytes: Callable[..., Pattern]) -> None:
    rates = "\n".join(f"{10 + i / 10:.1f} {count / 3.0:.10f} {factor}" for i, count, factor in
                      [(0, 7, 1), (1, 8, 1), (2, 91, 10), (3, 8, 1), (4, 0, 1)])  # fmt: skip
    conditions = CONDITIONS.replace(">counts<", ">cps<")
    pattern = read_bytes(archive(rates, conditions))
    assert pattern.intensity.tolist() == [7, 8, 910, 8, 0]
    assert pattern.per_count is not None
    assert pattern.per_count.tolist() == [1, 1, 10, 1, 1]
    assert [step.name for step in pattern.history] == ["rates to counts", "attenuator corrected"]
    untold = read_bytes(archive(rates, conditions.replace("<Speed>2<", "<Speed><")))
    assert untold.per_count is None
    assert untold.intensity[2] == pytest.approx(10 * 91 / 3.0, rel=1e-9)
    assert "counting time (s)" not in untold.metadata


@pytest.mark.parametrize(
    ("speed", "unit", "time"),
    [
        ("2", "deg/min", 3.0),
        ("2", "deg/sec", 0.05),
        ("4", "sec", 4.0),
        ("2", "pulse", None),
        ("0", "deg/min", None),
        ("", "deg/min", None),
        ("2", "", None),
    ],
)
def test_counting_times(
    read_bytes: Callable[..., Pattern], speed: str, unit: str, time: float | None
) -> None:
    text = CONDITIONS.replace("<Speed>2<", f"<Speed>{speed}<").replace(">deg/min<", f">{unit}<")
    assert read_bytes(archive(conditions=text)).metadata.get("counting time (s)") == time


@pytest.mark.parametrize("unit", ["", "a.u."])
def test_numbers_of_another_unit_are_no_counts(read_bytes: Callable[..., Pattern], unit: str) -> None:
    pattern = read_bytes(changed(">counts<", f">{unit}<"))
    assert pattern.per_count is None
    assert pattern.intensity.tolist() == [7, 8, 900, 8, 0]


def test_omega_becomes_two_theta(read_bytes: Callable[..., Pattern]) -> None:
    """At the start ω = 10.0 and 2θ = 20.3, and a coupled scan keeps 2θ - 2ω."""
    text = CONDITIONS.replace("TwoThetaTheta", "OmegaTwoTheta")
    pattern = read_bytes(archive(conditions=text))
    np.testing.assert_allclose(pattern.x, [20.3, 20.5, 20.7, 20.9, 21.1], atol=1e-12)
    assert [str(step) for step in pattern.history] == ["2θ = 2ω + offset (offset (°) = 0.3)"]
    plain = read_bytes(archive(conditions=text.replace('Position="20.3"', "")))
    np.testing.assert_allclose(plain.x, [20.0, 20.2, 20.4, 20.6, 20.8], atol=1e-12)
    assert [str(step) for step in plain.history] == ["2θ = 2ω"]


@pytest.mark.parametrize(
    ("kind", "wavelength", "second"),
    [
        ("Ka", 1.5406, SecondLine(1.5444, 0.5)),
        ("Ka1", 1.5406, None),
        ("Ka2", 1.5444, None),
        ("Kb", 1.3922, None),
    ],
)
def test_radiation(
    read_bytes: Callable[..., Pattern], kind: str, wavelength: float, second: SecondLine | None
) -> None:
    pattern = read_bytes(changed(">Ka<", f">{kind}<"))
    assert (pattern.wavelength, pattern.second_line) == (wavelength, second)


@pytest.mark.parametrize(
    ("crystal", "second"),
    [("Ge(220)x2", None), ("None", SecondLine(1.5444, 0.5)), ("", SecondLine(1.5444, 0.5))],
)
def test_monochromators(read_bytes: Callable[..., Pattern], crystal: str, second: SecondLine | None) -> None:
    pair = f"<string>*HW_I_MONOCHRO_NAME_INTERNAL</string><string>{crystal}</string>"
    pattern = read_bytes(changed("<Axes>", f"<RASHeader><Pair>{pair}</Pair></RASHeader><Axes>"))
    assert (pattern.wavelength, pattern.second_line) == (1.5406, second)


def test_the_measured_files_name_their_monochromator() -> None:
    """What the word Ka1 says of them is what their optics say."""
    for path in (HOT, POWDER):
        with zipfile.ZipFile(path) as opened:
            text = opened.read("Data0/MesurementConditions0.xml").decode("utf-8-sig")
        assert "<WaveType>Ka1</WaveType>" in text
        assert "PB-Ge(220)x2" in text


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (">Ka<", ">La<", "wave type 'La' is not known"),
        (">Ka<", "><", "does not give the wavelength"),
        (">1.5406<", ">0<", "WavelengthKalpha1 is '0', not a positive"),
        (">1.5444<", "><", "WavelengthKalpha2 is '', not a positive"),
        (">1.5444<", ">1.9<", "is not that of a doublet"),
    ],
)
def test_radiation_refused(read_bytes: Callable[..., Pattern], old: str, new: str, message: str) -> None:
    with pytest.raises(SlxrdError, match=message):
        read_bytes(changed(old, new))
    assert read_bytes(changed(old, new), wavelength=1.2).wavelength == 1.2


def test_temperatures(read_bytes: Callable[..., Pattern]) -> None:
    ramp = read_bytes(changed('Position="25"', 'Position="25" EndPosition="80"')).metadata
    assert (ramp["temperature (°C)"], ramp["temperature at the end (°C)"]) == (25.0, 80.0)
    still = read_bytes(changed('Position="25"', 'Position="25" EndPosition="25"')).metadata
    assert "temperature at the end (°C)" not in still
    for other in ('Position="None"', 'Position="inf"', ""):
        assert "temperature (°C)" not in read_bytes(changed('Position="25"', other)).metadata


def test_several_scans_in_the_order_of_their_numbers(tmp_path: Path) -> None:
    path = tmp_path / "scan.rasx"
    with zipfile.ZipFile(path, "w") as opened:
        for number in (10, 2, 0):
            opened.writestr(f"Data{number}/Profile{number}.txt", PROFILE.replace("900", str(100 + number)))
            opened.writestr(f"Data{number}/MesurementConditions{number}.xml", CONDITIONS)
        opened.writestr("Data3/Image0.bin", bytes(100))
        opened.writestr("Data3/MesurementConditions0.xml", CONDITIONS)
    found = registry.read_scans(path)
    shown = [scan.intensity[2] if isinstance(scan, Pattern) else "image" for scan in found]
    assert shown == [100, 102, "image", 110]
    with pytest.raises(FileError, match="has 4 scans"):
        read(path)
    with pytest.raises(FileError, match="contains a detector image, not a scan"):
        read(path, scan=3)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (archive(""), "the scan has no points"),
        (archive("10 1 1\n" * 4), "only 4 points"),
        (archive(PROFILE + "10.5 7"), "point 6 has 2 numbers instead of two or three"),
        (archive("10 1 1 1\n" * 9), "point 1 has 4 numbers"),
        (archive("10\n" * 9), "point 1 has 1 numbers"),
        (archive(PROFILE + "10.5 x 1"), "a value that is not a number"),
        (
            archive(PROFILE + "10.5 nan 1\n10.6 5 0"),
            r"2 of 7 points .*\(intensity not a number: point 6, 7\)",
        ),
        (
            archive(PROFILE + "inf 5 1\n10.5 -5 1"),
            r"2θ infinite or above 1e\+100: point 6; negative counts: point 7\)",
        ),
        (archive(PROFILE + "10.4 5 1"), "neither increases nor decreases"),
        (changed("TwoThetaTheta", "Omega"), "is a scan of 'Omega'; only scans over 2θ"),
        (changed("TwoThetaTheta", "TwoThetaChiPhi"), "is a scan of 'TwoThetaChiPhi'; only"),
        (changed("<AxisName>TwoThetaTheta</AxisName>", ""), "is a scan of ''; only"),
        (changed(">deg<", ">mm<"), "its angles are in 'mm'"),
        (changed("<Speed>2<", "<Speed>x<"), "the speed of the scan is 'x', not a number"),
        (changed("</Axes>", ""), "its Data0/MesurementConditions0.xml is broken or incomplete XML"),
        (changed("<MeasurementConditions>", "<!DOCTYPE x><MeasurementConditions>"), "document type"),
    ],
)
def test_scans_refused(read_bytes: Callable[..., Pattern], content: bytes, message: str) -> None:
    with pytest.raises(FileError, match=message) as caught:
        read_bytes(content)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("10.5 nan 1", "intensity not a number = point 6"),
        ("10.5 5 0", "intensity not a number = point 6"),
        ("10.5 5 inf", "intensity not a number = point 6"),
        ("inf 5 1", "2θ infinite or above 1e+100 = point 6"),
        ("180 5 1", "2θ not between 0 and 180° = point 6"),
        ("10.5 -5 1", "negative counts = point 6"),
    ],
)
def test_single_bad_points_are_left_out(read_bytes: Callable[..., Pattern], row: str, reason: str) -> None:
    pattern, whole = read_bytes(archive(PROFILE + row)), read_bytes(archive(PROFILE))
    np.testing.assert_array_equal(pattern.x, whole.x)
    np.testing.assert_array_equal(pattern.intensity, whole.intensity)
    np.testing.assert_array_equal(pattern.per_count, whole.per_count)
    assert str(pattern.history[-1]) == f"points left out (number = 1, {reason})"


def test_files_refused(read_bytes: Callable[..., Pattern], tmp_path: Path) -> None:
    with pytest.raises(FileError, match=r"axis of a Rigaku \.rasx file is 2θ"):
        read_bytes(archive(), axis="q")
    path = tmp_path / "bare.rasx"
    with zipfile.ZipFile(path, "w") as opened:
        opened.writestr("Data0/Profile0.txt", PROFILE)
    with pytest.raises(FileError, match=r"without its 'Data0/MesurementConditions0\.xml'"):
        read(path)
