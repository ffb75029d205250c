"""Bruker .brml: a measured file against its own content and another reader; built ones for the rest."""

import re
import warnings
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from small_archives import CHANNEL_CUT, POINTS, TUBE, VIEWS, raw_data
from small_archives import brml_archive as archive

from slxrd.data.pattern import Pattern
from slxrd.errors import FileError, SlxrdError
from slxrd.io import read, registry
from slxrd.units import SecondLine

DATA = Path(__file__).parents[1] / "files"
MEASURED = DATA / "23-012-AG_2thomegascan_long.brml"


@pytest.fixture
def read_bytes(tmp_path: Path) -> Callable[..., Pattern]:
    def reading(content: bytes, **options: Any) -> Pattern:
        path = tmp_path / "scan.brml"
        path.write_bytes(content)
        return read(path, **options)

    return reading


def test_the_measured_file() -> None:
    """Every number against the text of the file, read by a regular expression."""
    pattern = read(MEASURED)
    with zipfile.ZipFile(MEASURED) as opened:
        text = opened.read("Experiment0/RawData0.xml").decode()
    rows = np.array([row.split(",") for row in re.findall("<Datum>(.*?)</Datum>", text)], dtype=float)
    assert rows.shape == (2001, 8)
    np.testing.assert_array_equal(pattern.x, rows[:, 2])
    np.testing.assert_array_equal(pattern.intensity, rows[:, 7])
    np.testing.assert_array_equal(pattern.per_count, rows[:, 1])
    assert set(rows[:, 1]) == {1.0, 8.3}
    statistics = re.search(r'<Statistics Mean="([\d.]+)".*? Maximum="([\d.]+)"', text)
    assert statistics is not None
    assert pattern.intensity.mean() == pytest.approx(float(statistics[1]), rel=1e-9)
    assert pattern.intensity.max() == float(statistics[2]) == 495559.8
    assert (pattern.axis, pattern.wavelength, pattern.second_line) == ("2theta", 1.5406, None)
    assert dict(pattern.metadata) | {"sha256": ""} == {
        "sha256": "",
        "format": "Bruker .brml",
        "counting time (s)": 1.0,
        "title": "Commander Sample ID",
        "scan axis": "2Theta-Omega",
        "date": "2023-01-26T15:23:09.837152+01:00",
        "anode": "Cu",
        "wavelength from": "the file",
    }
    assert [str(step) for step in pattern.history] == [
        "attenuator corrected (largest factor = 8.3, by = the file)"
    ]


def test_the_absorber_is_applied_already() -> None:
    """At its edges the intensities run on, and what one photon stands for makes them whole."""
    pattern = read(MEASURED)
    assert pattern.per_count is not None
    behind = np.flatnonzero(pattern.per_count > 1.0)
    assert behind.size == 29
    for edge in (behind[0], behind[-1] + 1):
        steps = np.diff(np.log(pattern.intensity[edge - 3 : edge + 3]))
        assert np.abs(steps).max() < 0.3
        assert abs(np.diff(np.log(pattern.per_count[edge - 1 : edge + 1]))[0]) > 2.0
    detected = pattern.intensity / pattern.per_count
    np.testing.assert_allclose(detected, np.round(detected), atol=0.05 / 8.3 + 1e-9)


def test_no_alpha2_behind_the_channel_cut() -> None:
    """Kα₂ of the strongest peak would stand 0.119° above it with half its height."""
    pattern = read(MEASURED)
    peak = int(np.argmax(pattern.intensity))
    theta = np.deg2rad(pattern.x[peak] / 2.0)
    shift = np.rad2deg(2.0 * np.tan(theta) * (1.54439 / 1.5406 - 1.0))
    there = np.interp(pattern.x[peak] + shift, pattern.x, pattern.intensity)
    assert there < 0.03 * pattern.intensity[peak]


@pytest.mark.slow
def test_against_another_reader() -> None:
    fairmat = pytest.importorskip("fairmat_readers_xrd")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        other = fairmat.read_bruker_brml(str(MEASURED))
    pattern = read(MEASURED)
    np.testing.assert_array_equal(pattern.intensity, other["intensity"].magnitude)
    np.testing.assert_allclose(pattern.x, other["2Theta"].magnitude, atol=1e-9)
    source = other["metadata"]["source"]
    assert (source["kAlpha1"].magnitude, source["anode_material"]) == (pattern.wavelength, "Cu")


def test_built_file(read_bytes: Callable[..., Pattern]) -> None:
    pattern = read_bytes(archive(raw_data()))
    assert pattern.x.tolist() == [10.0, 10.1, 10.2, 10.3, 10.4]
    assert pattern.intensity.tolist() == [7, 8, 900, 8, 0]
    assert pattern.per_count is not None
    assert pattern.per_count.tolist() == [1] * 5
    assert pattern.metadata["title"] == "Film 7"
    assert pattern.metadata["scan axis"] == "Coupled TwoTheta/Theta"
    assert pattern.metadata["counting time (s)"] == 0.5
    assert (pattern.wavelength, pattern.second_line) == (1.5406, SecondLine(1.5444, 0.5))
    assert pattern.history == ()


def test_columns_are_found_by_their_description(read_bytes: Callable[..., Pattern]) -> None:
    views = """
    <RawDataView xsi:type="RecordedRawDataView" Start="0" Length="1">
    <Recording LogicName="Temp"><Unit Prefix="None" Base="Celsius" /></Recording></RawDataView>
    <RawDataView xsi:type="RecordedRawDataView" Start="3" Length="1">
    <Recording LogicName="Sum"><Unit Base="Counts" /></Recording></RawDataView>
    <RawDataView xsi:type="VaryingRawDataView" Start="1" Length="2"><Varying>
    <FieldDefinitions AxisId="Theta" /><FieldDefinitions FieldName="TwoTheta" AxisId="" />
    </Varying></RawDataView>
    """
    points = [f"25.5,{angle / 2},{angle},{10 + angle}" for angle in (21, 22, 23, 24, 25, 26)]
    pattern = read_bytes(archive(raw_data(points, views)))
    assert pattern.x.tolist() == [21, 22, 23, 24, 25, 26]
    assert pattern.intensity.tolist() == [31, 32, 33, 34, 35, 36]
    assert "counting time (s)" not in pattern.metadata


def test_counts_that_are_not_whole(read_bytes: Callable[..., Pattern]) -> None:
    """Detectors with many channels spread photons over points: their numbers are no plain counts."""
    pattern = read_bytes(archive(raw_data([*POINTS[:4], "0.5,1,10.4,5.2,3.25"])))
    assert pattern.per_count is None
    assert pattern.intensity[-1] == 3.25
    assert [step.name for step in pattern.history] == ["not taken for counts"]


def test_an_absorber_that_was_not_applied(read_bytes: Callable[..., Pattern]) -> None:
    with pytest.raises(FileError, match=r"behind the absorber \(factor 8.3\) seem not to be corrected"):
        read_bytes(archive(raw_data([*POINTS[:4], "0.5,8.3,10.4,5.2,1001"])))
    applied = read_bytes(archive(raw_data([*POINTS[:4], "0.5,8.3,10.4,5.2,8308.3"])))
    assert applied.per_count is not None
    assert (applied.intensity[-1], applied.per_count[-1]) == (8308.3, 8.3)
    # Of larger numbers the file writes no decimals: 300001 × 8.3 = 2490008.3.
    large = read_bytes(archive(raw_data([*POINTS[:4], "0.5,8.3,10.4,5.2,2490008"])))
    assert large.per_count is not None
    fractions = read_bytes(archive(raw_data([*POINTS[:4], "0.5,8.3,10.4,5.2,2490005"])))
    assert (fractions.per_count, fractions.intensity[-1]) == (None, 2490005)
    # A whole factor leaves whole counts whole.
    whole = read_bytes(archive(raw_data([*POINTS[:4], "0.5,100,10.4,5.2,1000"])))
    assert whole.per_count is not None
    assert (whole.intensity[-1], whole.per_count[-1]) == (1000.0, 100.0)


def test_descending(read_bytes: Callable[..., Pattern]) -> None:
    pattern = read_bytes(archive(raw_data(POINTS[::-1])))
    assert pattern.x[0] == 10.0
    assert pattern.intensity.tolist() == [7, 8, 900, 8, 0]


def test_stopped_early(read_bytes: Callable[..., Pattern]) -> None:
    pattern = read_bytes(archive(raw_data().replace("<MeasurementPoints>5", "<MeasurementPoints>500")))
    assert len(pattern) == 5
    assert [str(step) for step in pattern.history] == ["scan stopped early (points planned = 500)"]


@pytest.mark.parametrize(
    ("tube", "primary", "secondary", "second"),
    [
        (TUBE, "", "", SecondLine(1.5444, 0.5)),
        (TUBE, CHANNEL_CUT, "", None),
        (TUBE, CHANNEL_CUT.replace("ChannelCut/B2", "Monochromator/Johansson"), "", None),
        (TUBE, CHANNEL_CUT.replace("ChannelCut/B2", "GoebelMirror/Standard"), "", SecondLine(1.5444, 0.5)),
        (TUBE, "", CHANNEL_CUT, SecondLine(1.5444, 0.5)),  # an analyser
        (TUBE.replace('"0.5"', '"0"'), "", "", None),
    ],
)
def test_radiation(
    read_bytes: Callable[..., Pattern], tube: str, primary: str, secondary: str, second: SecondLine | None
) -> None:
    content = archive(raw_data(tube=tube, primary=primary, secondary=secondary))
    pattern = read_bytes(content)
    assert (pattern.wavelength, pattern.second_line) == (1.5406, second)
    given = read_bytes(content, wavelength="CoKa1")
    assert (given.wavelength, given.metadata["wavelength from"]) == (1.788996, "the user")


@pytest.mark.parametrize(
    ("tube", "message"),
    [
        ("", "does not give the wavelength"),
        ("<Tube />", "does not give the wavelength"),
        (TUBE.replace('"1.5406"', '"0"'), "WaveLengthAlpha1 is '0', not a positive number"),
        (TUBE.replace('"1.5406"', '"x"'), "WaveLengthAlpha1 is 'x'"),
        (TUBE.replace('"0.5"', '"nan"'), "WaveLengthRatio is 'nan'"),
        (TUBE.replace('"Å" Value="1.5444"', '"nm" Value="0.15444"'), "WaveLengthAlpha2 is in 'nm'"),
        (TUBE.replace('"1.5444"', '"1.9"'), "is not that of a doublet"),
    ],
)
def test_radiation_refused(read_bytes: Callable[..., Pattern], tube: str, message: str) -> None:
    with pytest.raises(SlxrdError, match=message):
        read_bytes(archive(raw_data(tube=tube)))
    assert read_bytes(archive(raw_data(tube=tube)), wavelength=1.5).wavelength == 1.5


def test_several_scans(read_bytes: Callable[..., Pattern], tmp_path: Path) -> None:
    scans = [raw_data([point.replace("900", str(number)) for point in POINTS]) for number in (100, 200, 300)]
    # The list decides on the order, not the archive.
    listed = [f"Experiment0\\RawData{number}.xml" for number in (2, 0, 1)]
    content = archive(*scans, listed=listed, folder="copy of it/")
    with pytest.raises(FileError, match="has 3 scans; choose one with --scan 1 … 3"):
        read_bytes(content)
    assert [read_bytes(content, scan=number).intensity[2] for number in (1, 2, 3)] == [300, 100, 200]


def test_one_broken_scan_leaves_the_others(tmp_path: Path) -> None:
    path = tmp_path / "scan.brml"
    path.write_bytes(archive(raw_data(), "<RawData>", raw_data()))
    first, second, third = registry.read_scans(path)
    assert isinstance(first, Pattern)
    assert isinstance(third, Pattern)
    assert isinstance(second, FileError)
    assert "its Experiment0/RawData1.xml is broken or incomplete XML" in str(second)


def test_several_experiments(tmp_path: Path) -> None:
    path = tmp_path / "scan.brml"
    path.write_bytes(archive(raw_data()))
    with zipfile.ZipFile(path, "a") as opened:
        for number in (10, 2):
            scan = raw_data([point.replace("900", str(number)) for point in POINTS])
            name = f"Experiment{number}/RawData0.xml"
            opened.writestr(name, scan)
            opened.writestr(
                f"Experiment{number}/DataContainer.xml",
                f"<C><RawDataReferenceList><string>{name}</string></RawDataReferenceList></C>",
            )
    found = registry.read_scans(path)
    assert [scan.intensity[2] for scan in found if isinstance(scan, Pattern)] == [900, 2, 10]


def test_processed_points_are_left_out(read_bytes: Callable[..., Pattern]) -> None:
    text = raw_data()
    start, end = text.index("<DataRoute "), text.index("</DataRoutes>")
    route = text[start:end]
    processed = route.replace('"Measured"', '"Processed"').replace("900", "1")
    both = text[:start] + processed + route + text[end:]
    assert read_bytes(archive(both)).intensity[2] == 900
    with pytest.raises(FileError, match="has 2 sets of measured points instead of one"):
        read_bytes(archive(text[:start] + route + route + text[end:]))
    with pytest.raises(FileError, match="has 0 sets of measured points"):
        read_bytes(archive(text[:start] + processed + text[end:]))


def changed(old: str, new: str) -> str:
    text = raw_data()
    assert old in text
    return text.replace(old, new)


PSD = VIEWS.replace('Start="4" Length="1"', 'Start="4" Length="1280"')


@pytest.mark.parametrize(
    ("scan", "message"),
    [
        (raw_data([]), "the scan has no points"),
        (raw_data(POINTS[:4]), "only 4 points"),
        (raw_data([*POINTS, "0.5,1,10.5,5.25"]), "point 6 has 4 numbers but the first has 5"),
        (raw_data([*POINTS, "0.5,1,10.5,5.25,x"]), "a value that is not a number"),
        (raw_data([*POINTS, *("0.5,1,10.5,5.25,nan",) * 2]), "2 of 7 points cannot be used"),
        (raw_data([*POINTS, "0.5,1,9,4.5,5"]), "neither increases nor decreases"),
        (raw_data([*POINTS, "5,1,10.5,5.25,5"]), "counted for 0.5 to 5 s"),
        (raw_data([*POINTS, "0,1,10.5,5.25,5"]), "counting time is 0 s"),
        (raw_data([*POINTS, "nan,1,10.5,5.25,5"]), "counting time is nan s"),
        (raw_data([f"0.5,1,10,{omega},5" for omega in range(9)]), "is a scan of 'Coupled TwoTheta/Theta'"),
        (changed('"TwoTheta" AxisId="TwoTheta"', '"Phi" AxisId="Phi"'), "2θ does not move in it"),
        (raw_data(views=VIEWS.replace("VaryingRawDataView", "Other")), "2θ does not move in it"),
        (raw_data(views=VIEWS.replace('Unit="°"', 'Unit="rad"')), "2θ is in 'rad' instead of degrees"),
        (raw_data(views=VIEWS.replace('Start="4"', 'Start="5"')), "no column 6 [(]counts[)]"),
        (raw_data(views=VIEWS.replace('Start="4"', 'Start="-1"')), "starts at '-1', which is not a position"),
        (raw_data(views=VIEWS.replace('Start="2"', 'Start="²"')), "starts at '²', which is not a position"),
        (raw_data(views=VIEWS.replace('Base="Counts"', 'Base="CountsPerSecond"')), "0 columns of counts"),
        (raw_data(views=VIEWS.replace('Prefix="None"', 'Prefix="Kilo"')), "0 columns of counts"),
        (raw_data(views=VIEWS + VIEWS), "2 columns of counts"),
        (raw_data(views=PSD), "detector frames [(]1280 channels per point[)]"),
        (raw_data(views=VIEWS.replace('"Recorded', '"ExtMemoryRecorded')), "contains detector frames"),
        ("<RawData>", "its Experiment0/RawData0.xml is broken or incomplete XML"),
        ("<!DOCTYPE x [<!ENTITY a 'b'>]>" + raw_data()[21:], "declares a document type"),
        ("<RawData />", "has 0 sets of measured points"),
    ],
)  # fmt: skip
def test_scans_refused(read_bytes: Callable[..., Pattern], scan: str, message: str) -> None:
    with pytest.raises(FileError, match=message) as caught:
        read_bytes(archive(scan))
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 400


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("0.5,1,10.5,5.25,nan", "intensity not a number = point 6"),
        ("0.5,0,10.5,5.25,5", "intensity not a number = point 6"),
        ("0.5,-1,10.5,5.25,5", "intensity not a number = point 6"),
        ("0.5,1,10.5,5.25,-9999", "negative counts = point 6"),
        ("0.5,1,180,5.25,5", "2θ not between 0 and 180° = point 6"),
    ],
)
def test_single_bad_points_are_left_out(read_bytes: Callable[..., Pattern], row: str, reason: str) -> None:
    pattern, whole = read_bytes(archive(raw_data([*POINTS, row]))), read_bytes(archive(raw_data()))
    np.testing.assert_array_equal(pattern.x, whole.x)
    np.testing.assert_array_equal(pattern.intensity, whole.intensity)
    np.testing.assert_array_equal(pattern.per_count, whole.per_count)
    assert str(pattern.history[-1]) == f"points left out (number = 1, {reason})"


def test_files_refused(read_bytes: Callable[..., Pattern]) -> None:
    with pytest.raises(FileError, match=r"axis of a Bruker \.brml file is 2θ"):
        read_bytes(archive(raw_data()), axis="q")
    with pytest.raises(FileError, match=r"without its 'Experiment0/RawData9\.xml'"):
        read_bytes(archive(raw_data(), listed=["Experiment0/RawData9.xml"]))
    with pytest.raises(FileError, match="has no scan"):
        read_bytes(archive())
