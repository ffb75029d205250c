import hashlib
import warnings
import xml.etree.ElementTree as ET
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from slxrd.data.pattern import Pattern
from slxrd.errors import FileError
from slxrd.io import read, registry
from slxrd.io.panalytical import xrdml
from slxrd.io.panalytical.xrdml_document import open_documents
from slxrd.io.shared.scan import Request
from slxrd.units import SecondLine

DATA = Path(__file__).parents[1] / "files"

WAVELENGTH = """<usedWavelength intended="K-Alpha">
<kAlpha1 unit="Angstrom">1.5</kAlpha1><kAlpha2 unit="Angstrom">1.504</kAlpha2>
<kBeta unit="Angstrom">1.4</kBeta>
<ratioKAlpha2KAlpha1>0.5</ratioKAlpha2KAlpha1></usedWavelength>"""


def positions(inside: str) -> str:
    return f'<positions axis="2Theta" unit="deg">{inside}</positions>'


TWO_THETA = positions("<startPosition>20</startPosition><endPosition>24</endPosition>")
TIME = """<commonCountingTime unit="seconds">2.5</commonCountingTime>"""
COUNTS = """<counts unit="counts">1 2 30 4 5</counts>"""
FACTORS = "<beamAttenuationFactors>1 1 10 1 1</beamAttenuationFactors>"
POINTS = TWO_THETA + TIME + COUNTS
HEAD = """<?xml version="1.0" encoding="UTF-8"?>
<xrdMeasurements xmlns="http://www.xrdml.com/XRDMeasurement/1.5">
<sample><id>S1</id><name> Film </name></sample>"""


def scan(points: str) -> str:
    return f'<scan scanAxis="Gonio"><dataPoints>{points}</dataPoints></scan>'


def document(points: str = POINTS, wavelength: str = WAVELENGTH, scans: str | None = None) -> str:
    inside = wavelength + (scan(points) if scans is None else scans)
    return f"{HEAD}<xrdMeasurement>{inside}</xrdMeasurement></xrdMeasurements>"


@pytest.fixture
def read_xml(tmp_path: Path) -> Callable[..., Pattern]:
    def reading(content: str | bytes, **options: Any) -> Pattern:
        path = tmp_path / "scan.xml"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return read(path, **options)

    return reading


def from_file(name: str, tag: str) -> list[float]:
    """Numbers of one element, read without the library."""
    element = ET.parse(DATA / name).getroot().find(f".//{{*}}dataPoints/{{*}}{tag}")
    assert element is not None
    return [float(word) for word in (element.text or "").split()]


@pytest.mark.slow
def test_raw_counts_are_multiplied_once() -> None:
    pattern = read(DATA / "m54313_om2th_10.xrdml")
    counts = np.array(from_file("m54313_om2th_10.xrdml", "counts"))
    factors = np.array(from_file("m54313_om2th_10.xrdml", "beamAttenuationFactors"))
    assert factors.max() == 188.0
    np.testing.assert_array_equal(pattern.intensity, counts * factors)
    np.testing.assert_array_equal(pattern.per_count, factors)
    assert len(pattern) == 1800
    peak = int(np.argmax(pattern.intensity))
    assert (peak, counts[peak], factors[peak]) == (1336, 1877.0, 188.0)
    assert pattern.x[peak] == pytest.approx(66.105, abs=1e-9)
    assert pattern.intensity[peak] == 352876.0
    np.testing.assert_allclose(pattern.x, 26.025 + 0.03 * np.arange(1800), atol=1e-9)
    assert (pattern.wavelength, pattern.metadata["wavelength from"]) == (1.540598, "the file")
    assert [str(step) for step in pattern.history] == ["attenuator corrected (largest factor = 188)"]


@pytest.mark.slow
def test_intensities_are_taken_as_they_are() -> None:
    pattern = read(DATA / "H1202_o2t_fine_002.xrdml")
    assert pattern.intensity.tolist() == from_file("H1202_o2t_fine_002.xrdml", "intensities")
    assert (len(pattern), pattern.intensity.max()) == (299, 1718763.0)
    assert (pattern.x[0], pattern.x[-1]) == (26.1052, 32.0652)
    assert pattern.axis == "2theta"
    assert pattern.wavelength == 1.540598
    assert pattern.per_count is not None
    assert set(pattern.per_count.tolist()) == {1.0}
    digest = hashlib.sha256(Path(pattern.source).read_bytes()).hexdigest()
    assert dict(pattern.metadata) == {
        "sha256": digest,
        "format": "PANalytical .xrdml",
        "counting time (s)": 12.0,
        "wavelength from": "the file",
        "sample id": "H1202",
        "scan axis": "Omega-2Theta",
        "date": "2019-02-06T12:06:52+01:00",
        "anode": "Cu",
    }
    assert pattern.history == ()


def test_the_same_scan_in_two_formats() -> None:
    xml = read(DATA / "xrr003.xrdml", wavelength="CuKa1")
    text = read(DATA / "xrr003.xy", axis="2theta", wavelength="CuKa1")
    np.testing.assert_allclose(xml.x, text.x, atol=1e-9)
    np.testing.assert_array_equal(xml.intensity, text.intensity)
    assert xml.intensity[:2].tolist() == [4746468.0, 5122644.0]
    assert (xml.wavelength, xml.metadata["wavelength from"]) == (1.540593, "the user")


def test_wavelength_absent() -> None:
    with pytest.raises(FileError, match=r"does not give the wavelength: use --wavelength CuKa"):
        read(DATA / "xrr003.xrdml")


def test_axis_q_contradicts() -> None:
    with pytest.raises(FileError, match=r"axis of a PANalytical \.xrdml file is 2θ"):
        read(DATA / "H1202_o2t_fine_002.xrdml", axis="q")
    assert read(DATA / "H1202_o2t_fine_002.xrdml", axis="2theta", wavelength=1.2).wavelength == 1.2


def test_small_document(read_xml: Callable[..., Pattern]) -> None:
    pattern = read_xml(document(TWO_THETA + FACTORS + TIME + COUNTS))
    assert pattern.x.tolist() == [20, 21, 22, 23, 24]
    assert pattern.intensity.tolist() == [1, 2, 300, 4, 5]
    assert pattern.per_count is not None
    assert pattern.per_count.tolist() == [1, 1, 10, 1, 1]
    assert pattern.metadata["title"] == "Film"
    assert pattern.metadata["counting time (s)"] == 2.5


def test_attenuated_intensities_are_not_multiplied_again(read_xml: Callable[..., Pattern]) -> None:
    pattern = read_xml(document(TWO_THETA + FACTORS + TIME + "<intensities>1 2 300 4 5</intensities>"))
    assert pattern.intensity.tolist() == [1, 2, 300, 4, 5]
    assert pattern.per_count is not None
    assert pattern.per_count.tolist() == [1, 1, 10, 1, 1]


@pytest.mark.slow
def test_equal_values_are_not_closed_up(read_xml: Callable[..., Pattern]) -> None:
    factors = "<beamAttenuationFactors>10 10 10 10 10</beamAttenuationFactors>"
    pattern = read_xml(document(TWO_THETA + factors + TIME + "<counts>7 7 7 7 7</counts>"))
    assert pattern.x.tolist() == [20, 21, 22, 23, 24]
    assert pattern.intensity.tolist() == [70] * 5
    assert pattern.per_count is not None
    assert pattern.per_count.tolist() == [10] * 5


def test_listed_and_descending_positions(read_xml: Callable[..., Pattern]) -> None:
    listed = positions("<listPositions>9 7 6 5 1</listPositions>")
    pattern = read_xml(document(listed + TIME + COUNTS))
    assert pattern.x.tolist() == [1, 5, 6, 7, 9]
    assert pattern.intensity.tolist() == [5, 4, 30, 2, 1]
    assert [str(step) for step in pattern.history] == ["sorted by 2θ (in the file = descending)"]


@pytest.mark.parametrize(
    ("old", "new", "wavelength", "second"),
    [
        ("", "", 1.5, SecondLine(1.504, 0.5)),
        (">0.5<", ">0.25<", 1.5, SecondLine(1.504, 0.25)),
        (">0.5<", ">0.0000<", 1.5, None),
        # Programs write "K-Alpha 1" whether or not Kα₂ is there: see the measured file below.
        ('"K-Alpha"', '"K-Alpha 1"', 1.5, SecondLine(1.504, 0.5)),
        ('"K-Alpha"', '"K-Alpha 2"', 1.504, None),
        ('"K-Alpha"', '"K-Beta"', 1.4, None),
    ],
)
def test_which_radiation(
    read_xml: Callable[..., Pattern], old: str, new: str, wavelength: float, second: SecondLine | None
) -> None:
    pattern = read_xml(document(wavelength=WAVELENGTH.replace(old, new)))
    assert (pattern.wavelength, pattern.second_line) == (wavelength, second)
    given = read_xml(document(wavelength=WAVELENGTH.replace(old, new)), wavelength="CuKa")
    assert (given.wavelength, given.second_line) == (1.540593, SecondLine(1.544427, 0.5))


def test_alpha1_alone(read_xml: Callable[..., Pattern]) -> None:
    used = '<usedWavelength intended="K-Alpha 1"><kAlpha1 unit="Angstrom">1.5</kAlpha1></usedWavelength>'
    pattern = read_xml(document(wavelength=used))
    assert (pattern.wavelength, pattern.second_line) == (1.5, None)


@pytest.mark.parametrize(
    ("path", "crystal", "second"),
    [
        ("incidentBeamPath", "Ge", None),
        ("incidentBeamPath", "Graphite", SecondLine(1.504, 0.5)),
        ("diffractedBeamPath", "Ge", SecondLine(1.504, 0.5)),
    ],
)
@pytest.mark.parametrize("intended", ["K-Alpha", "K-Alpha 1"])
def test_monochromators(
    read_xml: Callable[..., Pattern], path: str, crystal: str, second: SecondLine | None, intended: str
) -> None:
    optics = f"<{path}><monochromator><crystal>{crystal}</crystal></monochromator></{path}>"
    used = WAVELENGTH.replace('"K-Alpha"', f'"{intended}"')
    pattern = read_xml(document(wavelength=used + optics))
    assert (pattern.wavelength, pattern.second_line) == (1.5, second)


def beside(pattern: Pattern, peak: float) -> tuple[float, float]:
    """Intensity where Kα₂ of a peak stands and in the valley before it, of the peak's."""
    theta = np.deg2rad(peak / 2.0)
    shift = float(np.rad2deg(2.0 * np.tan(theta) * (1.544426 / 1.540598 - 1.0)))
    x, y = pattern.x, pattern.intensity
    height = y[np.abs(x - peak) < 0.05].max()
    there = y[np.abs(x - peak - shift) < 0.02].max()
    valley = y[(x > peak) & (x < peak + shift)].min()
    return float(there / height), float(valley / height)


def test_measured_doublets() -> None:
    """The radiation agrees with what the intensities show, not with the word in the file."""
    both = read(DATA / "XRD-918-16_10.xrdml")
    assert 'intended="K-Alpha 1"' in Path(both.source).read_text()
    assert both.second_line == SecondLine(1.544426, 0.5)
    there, valley = beside(both, 59.942)
    assert valley < 0.3
    assert 0.4 < there < 0.6
    one = read(DATA / "m54313_om2th_10.xrdml")
    assert 'intended="K-Alpha"' in Path(one.source).read_text()
    assert one.second_line is None
    assert beside(one, 66.105)[0] < 0.001


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('"K-Alpha"', '"User"', "intended wavelength 'User' is not known"),
        (">0.5<", "><", "ratioKAlpha2KAlpha1 is '', not a positive number"),
        (">1.5<", ">nan<", "kAlpha1 is 'nan'"),
        (">1.504<", ">0<", "kAlpha2 is '0'"),
        (
            '"Angstrom">1.5',
            '"9**9**9**9">1.5',
            "kAlpha1 is in '9[*]+9[*]+9[*]+9' instead of 'Angstrom'",
        ),
    ],
)
def test_wavelength_refused(read_xml: Callable[..., Pattern], old: str, new: str, message: str) -> None:
    text = document(wavelength=WAVELENGTH.replace(old, new))
    with pytest.raises(FileError, match=message):
        read_xml(text)
    assert read_xml(text, wavelength=1.2).wavelength == 1.2


@pytest.mark.parametrize("measurements", [False, True])
def test_several_scans(read_xml: Callable[..., Pattern], measurements: bool) -> None:
    between = f"</xrdMeasurement><xrdMeasurement>{WAVELENGTH}" if measurements else ""
    text = document(scans=scan(POINTS) + between + scan(POINTS.replace("30", "77")))
    with pytest.raises(FileError, match="has 2 scans; choose one with --scan 1 … 2"):
        read_xml(text)
    assert read_xml(text, scan=1).intensity.tolist() == [1, 2, 30, 4, 5]
    assert read_xml(text, scan=2).intensity.tolist() == [1, 2, 77, 4, 5]
    for wrong in (0, 3, -1):
        with pytest.raises(FileError, match=f"scan {wrong} does not exist; the file has 2"):
            read_xml(text, scan=wrong)


def test_a_scan_with_its_neighbours_gone(read_xml: Callable[..., Pattern]) -> None:
    """Each scan is read with its own measurement's radiation and its own numbers."""
    other = WAVELENGTH.replace("1.5<", "1.6<").replace("1.504", "1.603")
    between = f"</xrdMeasurement><xrdMeasurement>{other}"
    counts = [POINTS.replace("30", str(number)) for number in (31, 32, 33)]
    text = document(scans=scan(counts[0]) + scan(counts[1]) + between + scan(counts[2]))
    found = [read_xml(text, scan=number) for number in (3, 1, 2, 1)]
    assert [pattern.intensity[2] for pattern in found] == [33, 31, 32, 31]
    assert [pattern.wavelength for pattern in found] == [1.6, 1.5, 1.5, 1.5]


def test_all_scans(tmp_path: Path) -> None:
    """A broken one stands in its place as an error."""
    path = tmp_path / "scan.xml"
    path.write_text(document(scans=scan(POINTS) + scan(POINTS.replace("24", "20")) + scan(POINTS)))
    first, second, third = registry.read_scans(path)
    assert isinstance(first, Pattern)
    assert isinstance(third, Pattern)
    assert isinstance(second, FileError)
    assert "2θ does not move" in str(second)


def test_each_of_a_thousand_scans_is_alone() -> None:
    """Reading one scan of many must not cost more the more there are."""
    request = Request("scan.xml", document(scans=scan(POINTS) * 1000).encode())
    documents, loads = open_documents(request), xrdml.scans(request)
    assert len(documents) == len(loads) == 1000
    for load in loads[::100]:
        assert np.asarray(load().intensity)[2] == 30
    alone = documents[500]()
    assert not [*alone.root.findall(".//{*}scan"), *alone.measurement.findall(".//{*}scan")]
    assert len(list(alone.scan.iter())) == len(list(documents[0]().scan.iter()))


@pytest.mark.parametrize(
    ("points", "celsius"),
    [
        ('type="Temperature"><nonAmbientValues>373.15 373.25</nonAmbientValues>', 100.05),
        ('type="Temperature"><nonAmbientValues unit="K">298.15</nonAmbientValues>', 25.0),
        ('type="Temperature"><nonAmbientValues unit="Celsius">80 81</nonAmbientValues>', 80.5),
        ('type="Temperature"><nonAmbientValues unit="degF">80</nonAmbientValues>', None),
        ('type="Temperature"><nonAmbientValues>x</nonAmbientValues>', None),
        ('type="Temperature"><nonAmbientValues>nan</nonAmbientValues>', None),
        ('type="Temperature"><nonAmbientValues> </nonAmbientValues>', None),
        ('type="Temperature">', None),
        ('type="Humidity"><nonAmbientValues>40</nonAmbientValues>', None),
    ],
)
def test_temperatures(read_xml: Callable[..., Pattern], points: str, celsius: float | None) -> None:
    within = f"</dataPoints><nonAmbientPoints {points}</nonAmbientPoints>"
    text = document(scans=scan(POINTS).replace("</dataPoints>", within))
    assert read_xml(text).metadata.get("temperature (°C)") == celsius


def test_numbers_that_are_no_counts(read_xml: Callable[..., Pattern]) -> None:
    pattern = read_xml(document(POINTS.replace("30", "30.5")))
    assert pattern.per_count is None
    assert pattern.intensity[2] == 30.5
    assert [step.name for step in pattern.history] == ["not taken for counts"]


def test_rounded_products_are_counts(read_xml: Callable[..., Pattern]) -> None:
    """9 counts behind a factor of 8.3 are written as 75; 80 cannot be a number of counts."""
    points = TWO_THETA + FACTORS.replace("10", "8.3") + TIME + "<intensities>1 2 75 4 5</intensities>"
    pattern = read_xml(document(points))
    assert pattern.per_count is not None
    assert pattern.per_count.tolist() == [1, 1, 8.3, 1, 1]
    assert read_xml(document(points.replace("75", "80"))).per_count is None


@pytest.mark.slow
@pytest.mark.parametrize(
    ("points", "message"),
    [
        (TWO_THETA + TIME, "neither intensities nor counts"),
        (TWO_THETA + TIME + "<counts> </counts>", "has no points"),
        (TWO_THETA + TIME + '<counts unit="cps">1 2</counts>', "intensities are in 'cps'"),
        (TWO_THETA + COUNTS, "no common counting time"),
        (TWO_THETA + TIME.replace("2.5", "0") + COUNTS, "counting time is 0 s"),
        (TWO_THETA + TIME.replace("2.5", "") + COUNTS, "cannot be read"),
        (TIME + COUNTS, "scan of 'Gonio' with 0 axes of 2θ"),
        (TWO_THETA + POINTS, "with 2 axes of 2θ"),
        (POINTS.replace("2Theta", "Omega"), "with 0 axes of 2θ"),
        (POINTS.replace('"deg"', '"rad"'), "positions is in 'rad' instead of 'deg'"),
        (positions("<commonPosition>3</commonPosition>") + TIME + COUNTS, "2θ does not move"),
        (POINTS.replace("24", "20"), "2θ does not move"),
        (positions("<listPositions>1 2 3</listPositions>") + TIME + COUNTS, "3 angles for 5 points"),
        (
            positions("<listPositions>1 2 3 2 5</listPositions>") + TIME + COUNTS,
            "neither increases nor decreases",
        ),
        (POINTS.replace("<startPosition>20", "<startPosition>0"), "only 4 points .*180°: point 1"),
        (POINTS.replace("<startPosition>20", "<startPosition>x"), "cannot be read"),
        (POINTS.replace("<endPosition>24", "<endPosition>180"), "2θ not between 0 and 180°: point 5"),
        (POINTS.replace("30", "-3"), "negative counts: point 3"),
        (POINTS.replace("30", "nan"), "intensity not a number: point 3"),
        (POINTS.replace("30", "3x"), "cannot be read"),
        (POINTS.replace("30", "3-0"), "cannot be read"),
        (POINTS.replace("30", "3_0"), "cannot be read"),
        (positions("<startPosition>20</startPosition>") + TIME + COUNTS, "endPosition is missing"),
        (POINTS + FACTORS.replace("10", "10 1"), "6 attenuation factors for 5 points"),
        (POINTS + FACTORS.replace("10", "0"), "intensity not a number: point 3"),
        (POINTS + FACTORS.replace("10", "inf"), "intensity not a number: point 3"),
        ("<a>" * 100_000 + "</a>" * 100_000 + POINTS, "cannot be read"),
    ],
)  # fmt: skip
def test_scans_refused(read_xml: Callable[..., Pattern], points: str, message: str) -> None:
    with pytest.raises(FileError, match=message) as caught:
        read_xml(document(points))
    assert "scan.xml" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_documents_refused(read_xml: Callable[..., Pattern], monkeypatch: pytest.MonkeyPatch) -> None:
    whole = document()
    with pytest.raises(FileError, match="has no scan"):
        read_xml(document(scans=""))
    with pytest.raises(FileError, match="the scan has no dataPoints"):
        read_xml(document(scans="<scan/>"))
    with pytest.raises(
        FileError, match=r"scan\.xml, line 6: is broken or incomplete XML \(no element found\)"
    ):
        read_xml(whole[: whole.index("<counts")])
    with pytest.raises(FileError, match=r"line 3: is broken or incomplete XML \(mismatched tag\)"):
        read_xml(whole.replace("</id>", "</name>"))
    with pytest.raises(FileError, match=r"cannot be decoded|broken or incomplete XML"):
        read_xml(whole.replace('"UTF-8"', '"shift-jis"'))
    monkeypatch.setattr("slxrd.io.shared.xml.MARKUP_LIMIT", 10)
    with pytest.raises(FileError, match="is too large"):
        read_xml(whole)


BOMB = '<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;">'


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
@pytest.mark.parametrize(
    "doctype", ["<!DOCTYPE x>", f"<!DOCTYPE x [{BOMB}]>", '<!DOCTYPE x SYSTEM "file:///etc/hosts">']
)
def test_document_types_refused(read_xml: Callable[..., Pattern], doctype: str, encoding: str) -> None:
    text = document().replace("<xrdMeasurements ", doctype + "<xrdMeasurements ", 1).replace("S1", "&c;")
    with pytest.raises(FileError, match="declares a document type"):
        read_xml(text.replace("UTF-8", encoding).encode(encoding))


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "iso-8859-1"])
def test_encodings(read_xml: Callable[..., Pattern], encoding: str) -> None:
    text = document().replace("S1", "Prüfling").replace("UTF-8", encoding.removesuffix("-sig"))
    assert read_xml(text.encode(encoding)).metadata["sample id"] == "Prüfling"


def test_recognised_by_content(tmp_path: Path) -> None:
    path = tmp_path / "misnamed.xy"
    path.write_bytes((DATA / "H1202_o2t_fine_002.xrdml").read_bytes())
    assert len(read(path)) == 299


@pytest.mark.slow
@pytest.mark.parametrize("name", ["H1202_o2t_fine_002", "XRD-918-16_10", "m54313_om2th_10", "xrr003"])
def test_against_another_reader(name: str) -> None:
    fairmat = pytest.importorskip("fairmat_readers_xrd")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        other = fairmat.read_panalytical_xrdml(str(DATA / f"{name}.xrdml"))
    pattern = read(DATA / f"{name}.xrdml", wavelength="CuKa")
    np.testing.assert_array_equal(pattern.intensity, other["intensity"].magnitude)
    np.testing.assert_array_equal(pattern.x, other["2Theta"].magnitude)
    assert pattern.metadata["counting time (s)"] == float(other["countTime"].magnitude[0])
