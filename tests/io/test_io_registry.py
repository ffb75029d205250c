from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slxrd.data.pattern import Pattern
from slxrd.errors import FileError, SlxrdError
from slxrd.io import read, registry
from slxrd.io.formats import formats
from slxrd.io.shared import archive
from slxrd.io.text import columns_file as text

DATA = Path(__file__).parents[1] / "files"
GOOD = "q I\n" + "".join(f"0.{i} 5\n" for i in range(1, 7))

#: Whose format every file in the tests' data is, by the ends of their names.
FORMATS = {
    "H1202_o2t_fine_002.xrdml": "PANalytical .xrdml",
    "XRD-918-16_10.xrdml": "PANalytical .xrdml",
    "23-012-AG_2thomegascan_long.brml": "Bruker .brml",
    "TwoTheta_scan_powder.rasx": "Rigaku .rasx",
    "Omega-2Theta_scan_high_temperature.rasx": "Rigaku .rasx",
    "xrr003.xy": text.NAME,
}


def test_options_refused(tmp_path: Path) -> None:
    path = tmp_path / "scan.dat"
    path.write_text(GOOD)
    assert len(read(str(path))) == 6
    with pytest.raises(SlxrdError, match="axis 'd'"):
        read(path, axis="d")  # type: ignore[arg-type]
    with pytest.raises(SlxrdError, match="wavelength 'CuKz'"):
        read(path, wavelength="CuKz")
    with pytest.raises(FileError, match="scan 2 does not exist; the file has one scan"):
        read(path, scan=2)


def test_paths_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(FileError, match="does not exist"):
        read(tmp_path / "none.xy")
    with pytest.raises(FileError, match="is a directory"):
        read(tmp_path)
    with pytest.raises(FileError, match="not a valid path"):
        read("a\0b")
    (tmp_path / "big.xy").write_text(GOOD)
    monkeypatch.setattr("slxrd.io.registry.SIZE_LIMIT", 20)
    with pytest.raises(FileError, match="is larger than"):
        read(tmp_path / "big.xy")


def test_all_scans_of_a_file_with_one(tmp_path: Path) -> None:
    path = tmp_path / "scan.dat"
    path.write_text(GOOD)
    (pattern,) = registry.read_scans(path)
    assert isinstance(pattern, Pattern)
    assert pattern.metadata == {key: value for key, value in read(path).metadata.items() if key != "sha256"}
    with pytest.raises(FileError, match="does not exist"):
        registry.read_scans(tmp_path / "none.xy")


def test_errors_of_single_scans_are_listed_not_raised(tmp_path: Path) -> None:
    path = tmp_path / "scan.dat"
    path.write_text(GOOD + "0.7 x\n")
    (error,) = registry.read_scans(path)
    assert isinstance(error, FileError)


@pytest.mark.parametrize("name", FORMATS)
def test_files_are_recognised_by_one_format_alone(name: str) -> None:
    data = (DATA / name).read_bytes()
    found = [candidate.name for candidate in formats() if candidate.recognises(data)]
    assert found == [FORMATS[name]]


def test_order_and_names() -> None:
    names = [candidate.name for candidate in formats()]
    assert len(set(names)) == len(names) == 14
    assert [candidate.name for candidate in formats() if candidate.generic] == [text.NAME] == names[-1:]


def test_an_archive_is_opened_once(monkeypatch: pytest.MonkeyPatch) -> None:
    opened = []
    original = archive._open
    monkeypatch.setattr(archive, "_open", lambda *given: opened.append(given) or original(*given))
    for name in ("23-012-AG_2thomegascan_long.brml", "TwoTheta_scan_powder.rasx"):
        opened.clear()
        read(DATA / name)
        assert len(opened) == 1


def test_the_known_formats_are_named(tmp_path: Path) -> None:
    path = tmp_path / "scan.bin"
    path.write_bytes(bytes(100))
    with pytest.raises(FileError, match="is a binary file; export it as") as caught:
        read(path)
    for candidate in formats():
        assert candidate.name in str(caught.value)


@pytest.mark.slow
@settings(max_examples=300, deadline=None, database=None)
@given(start=st.sampled_from(sorted({b"", b"PK\x03\x04", b"<xrdMeasurements ", b"RAW", b"*", b"_", b"#"})),
       data=st.binary(max_size=100))  # fmt: skip
def test_recognising_never_raises(start: bytes, data: bytes) -> None:
    for candidate in formats():
        assert candidate.recognises(start + data) in (True, False)


def test_columns_are_those_of_text_alone() -> None:
    with pytest.raises(
        FileError, match=r"is PANalytical \.xrdml, whose columns are known; leave --columns out"
    ):
        read(DATA / "H1202_o2t_fine_002.xrdml", columns="1,2")
