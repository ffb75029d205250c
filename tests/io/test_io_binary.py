"""Measured binary files, against the same scan as text and against what is known of the samples."""

from pathlib import Path

import numpy as np
import pytest

from slxrd.errors import FileError
from slxrd.io import read
from slxrd.units import SecondLine

DATA = Path(__file__).parents[1] / "files"
SAME_SCAN = ["xrr003.raw", "xrr003v1.raw", "xrr003.rd", "xrr003.sd"]


@pytest.fixture(scope="module")
def printed() -> tuple[np.ndarray, np.ndarray]:
    """2θ and counts of the scan as they are printed in its text file."""
    table = np.loadtxt(DATA / "xrr003.xy")
    return table[:, 0], table[:, 1]


@pytest.mark.parametrize("name", SAME_SCAN)
def test_angles_of_the_same_scan(name: str, printed: tuple[np.ndarray, np.ndarray]) -> None:
    pattern = read(DATA / name, wavelength="CuKa")
    assert pattern.axis == "2theta"
    np.testing.assert_allclose(pattern.x, printed[0], rtol=0, atol=1e-9)


def test_counts_of_version_3(printed: tuple[np.ndarray, np.ndarray]) -> None:
    pattern = read(DATA / "xrr003.raw")
    np.testing.assert_array_equal(pattern.intensity, printed[1])
    assert pattern.per_count is not None
    assert set(pattern.per_count.tolist()) == {1.0}
    assert pattern.history == ()
    assert dict(pattern.metadata) | {"sha256": ""} == {
        "format": "Bruker .raw, version 3 (RAW1.01)",
        "scan axis": "locked coupled",
        "date": "07-11-17 11:03:40",
        "anode": "Cu",
        "counting time (s)": 2.0,
        "wavelength from": "the file",
        "sha256": "",
    }


@pytest.mark.parametrize("name", ["xrr003.rd", "xrr003.sd"])
def test_counts_from_their_roots(name: str, printed: tuple[np.ndarray, np.ndarray]) -> None:
    pattern = read(DATA / name)
    counts = printed[1]
    # A root kept to a tenth is off by 0.05 at most, its square by 0.1·√counts and a little.
    assert np.all(np.abs(pattern.intensity - counts) <= 0.1 * np.sqrt(counts) + 0.51)
    np.testing.assert_array_equal(pattern.intensity[counts < 25], counts[counts < 25])
    assert np.count_nonzero(counts < 25) > 500
    assert pattern.per_count is not None
    assert set(pattern.per_count.tolist()) == {1.0}
    assert str(pattern.history[0]).startswith("counts from their roots")


def test_version_1_holds_the_squares_of_rounded_roots(printed: tuple[np.ndarray, np.ndarray]) -> None:
    pattern = read(DATA / "xrr003v1.raw", wavelength="CuKa")
    from_roots = read(DATA / "xrr003.rd").intensity
    assert np.all(np.abs(pattern.intensity - from_roots) <= 0.5)
    np.testing.assert_array_equal(pattern.intensity, from_roots)
    assert pattern.per_count is not None
    assert set(pattern.per_count.tolist()) == {1.0}
    assert [step.name for step in pattern.history] == ["counts from their roots"]


@pytest.mark.parametrize("name", ["xrr003.raw", "xrr003.rd", "xrr003.sd"])
def test_doublet_of_the_same_scan(name: str) -> None:
    pattern = read(DATA / name)
    assert pattern.wavelength == pytest.approx(1.54056, abs=1e-7)
    assert pattern.second_line == pytest.approx(SecondLine(1.54439, 0.5), abs=1e-7)
    assert pattern.metadata["wavelength from"] == "the file"


def test_a_negative_second_line_is_not_understood() -> None:
    with pytest.raises(
        FileError, match=r"lines at 1.54056 and -1.54439 Å, which are not a doublet: use --wave"
    ):
        read(DATA / "xrr003v1.raw")


def test_version_4_shows_the_lattice_of_copper() -> None:
    pattern = read(DATA / "xrdpattern_bruker.raw")
    assert (len(pattern), pattern.x[0]) == (4059, 37.0001)
    assert pattern.x[-1] == pytest.approx(120.0046, abs=1e-4)
    assert (pattern.wavelength, pattern.second_line) == (1.5406, SecondLine(1.54439, 0.5))
    assert pattern.metadata["sample id"] == "Cu-12%Ag_500C1700h_P5n5rpm1_RT"
    assert pattern.metadata["date"] == "08/30/2021 20:35:58"
    assert pattern.metadata["scan axis"] == "Locked Coupled"
    assert pattern.metadata["anode"] == "Cu"
    # 192 strips of the detector, 1.5 s each.
    assert pattern.metadata["counting time (s)"] == 288.0
    assert pattern.per_count is not None
    edges = []
    for low, high, hkl in [(42, 44, 3), (49, 51, 4), (72, 75, 8), (88, 91, 11), (93, 96, 12)]:
        inside = (pattern.x > low) & (pattern.x < high)
        peak = pattern.q[inside][np.argmax(pattern.intensity[inside])]
        edges.append(2.0 * np.pi / peak * np.sqrt(hkl))
    # Face-centred cubic, a little wider than copper (3.615 Å) for its silver (4.086 Å).
    np.testing.assert_allclose(edges, 3.638, atol=0.006)
    assert pattern.x[np.argmax(pattern.intensity)] == pytest.approx(43.01, abs=0.01)


def test_version_4_scatters_as_counts_do() -> None:
    counts = read(DATA / "xrdpattern_bruker.raw").intensity
    apart = (counts[1:] - counts[:-1]) / np.sqrt(counts[1:] + counts[:-1])
    assert np.median(np.abs(apart)) / 0.6745 == pytest.approx(1.0, abs=0.05)


def test_version_4_with_two_numbers_a_point() -> None:
    pattern = read(DATA / "TwoTheta_scan_scrambled.raw")
    assert (len(pattern), pattern.x[0]) == (7134, 10.0)
    assert pattern.x[-1] == pytest.approx(85.0413, abs=1e-4)
    assert (pattern.wavelength, pattern.second_line) == (pytest.approx(1.5406, abs=1e-7), None)
    assert pattern.intensity[:4] == pytest.approx([283.7692, -164.53447, -164.53447, 3158.1521])
    assert pattern.per_count is None
    assert str(pattern.history[0]) == "not taken for counts (because some are negative)"


def test_stoe_agrees_with_what_its_header_states_twice() -> None:
    pattern = read(DATA / "stoe.raw", wavelength=1.20793)
    assert (len(pattern), pattern.x[0], pattern.x[-1]) == (5404, 10.0, pytest.approx(91.045, abs=1e-9))
    assert (pattern.intensity.min(), pattern.intensity.max()) == (1129.0, 5824.0)
    assert pattern.metadata["date"] == "22-Sep-20 17:18"
    assert pattern.metadata["scan axis"] == "2θ/ω"
    assert "counting time (s)" not in pattern.metadata
    assert pattern.per_count is not None
    # Broad peaks whose sin²θ are as 1 : 2 : 3.
    peaks = []
    for low, high in [(33, 35.5), (47, 51), (59.5, 62)]:
        inside = (pattern.x > low) & (pattern.x < high)
        peaks.append(pattern.q[inside][np.argmax(pattern.intensity[inside])])
    np.testing.assert_allclose((np.array(peaks) / peaks[0]) ** 2, [1, 2, 3], rtol=0.02)


def test_stoe_without_a_word_on_the_second_line() -> None:
    with pytest.raises(
        FileError, match=r"1.20793 and 1.20839 Å but not whether both .* --wavelength 1.20793"
    ):
        read(DATA / "stoe.raw")


@pytest.mark.parametrize("name", [*SAME_SCAN, "xrdpattern_bruker.raw", "stoe.raw"])
def test_axis_q_contradicts(name: str) -> None:
    with pytest.raises(FileError, match=r"the axis of a .* file is 2θ; leave --axis out"):
        read(DATA / name, axis="q")
    assert len(read(DATA / name, axis="2theta", wavelength=1.2)) > 1000


@pytest.mark.parametrize(
    "name", [*SAME_SCAN, "xrdpattern_bruker.raw", "TwoTheta_scan_scrambled.raw", "stoe.raw"]
)
def test_a_changed_length_is_refused(name: str, tmp_path: Path) -> None:
    data = (DATA / name).read_bytes()
    path = tmp_path / "scan"
    for length in (*range(8, 600, 7), len(data) // 2, len(data) - 4, len(data) - 1):
        path.write_bytes(data[:length])
        with pytest.raises(FileError):
            read(path, wavelength="CuKa")
    if name != "stoe.raw":  # its file is of whole records, and may be followed by more
        path.write_bytes(data + b"\1\0\0\0")
        with pytest.raises(FileError):
            read(path, wavelength="CuKa")
    path.write_bytes(data + bytes(512))
    assert len(read(path, wavelength="CuKa")) == len(read(DATA / name, wavelength="CuKa"))
