"""One reflectivity scan in ten formats (tests/data/xrr003.*): two native, eight converted from them.

Every one must give the same angles to its printed digits and the same counts to its stored ones.
"""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from slxrd.data.pattern import Pattern
from slxrd.io import read

DATA = Path(__file__).parents[1] / "files"
GIVEN: dict[str, Any] = {"xrr003.xy": {"axis": "2theta"}}


@pytest.fixture(scope="module")
def printed() -> tuple[np.ndarray, np.ndarray]:
    """2θ and counts as they are printed in the text file, read without the package."""
    x, y = np.loadtxt(DATA / "xrr003.xy").T
    return x, y


def reading(name: str) -> Pattern:
    return read(DATA / name, wavelength="CuKa", **GIVEN.get(name, {}))


@pytest.mark.slow
@pytest.mark.parametrize(
    "name",
    ["xrr003.xy", "xrr003.x00", "xrr003.xrdml", "xrr003.uxd", "xrr003.udf", "xrr003.rig", "xrr003.raw"],
)
def test_the_same_angles_and_counts(name: str, printed: tuple[np.ndarray, np.ndarray]) -> None:
    pattern = reading(name)
    assert len(pattern) == 1999
    np.testing.assert_array_equal(np.round(pattern.x, 5), printed[0])
    np.testing.assert_array_equal(pattern.intensity, printed[1])


@pytest.mark.parametrize("name", ["xrr003.rd", "xrr003.sd", "xrr003v1.raw"])
def test_the_same_as_far_as_roots_were_stored(name: str, printed: tuple[np.ndarray, np.ndarray]) -> None:
    # These hold 10·√counts as whole numbers, be it by way of another file.
    pattern = reading(name)
    assert len(pattern) == 1999
    np.testing.assert_array_equal(np.round(pattern.x, 5), printed[0])
    roots = 10.0 * np.sqrt(printed[1])
    off = np.abs(10.0 * np.sqrt(pattern.intensity) - roots)
    # Half a unit for the root, and what half a count makes of it where the squares are whole counts.
    assert np.all(off <= 0.5 + 50.0 / np.maximum(roots, 10.0))


def test_the_counts_are_those_of_the_instrument(printed: tuple[np.ndarray, np.ndarray]) -> None:
    """The native .x00 has counts per second, 2 s a point, over ω: read here by hand."""
    text = (DATA / "xrr003.x00").read_text().split("ScanData")
    rates = np.array(text[1].split(), dtype=float)
    np.testing.assert_array_equal(2.0 * rates, printed[1])
    assert "FirstAngle, 0.00050" in text[0]
    np.testing.assert_allclose(2.0 * (0.0005 + 0.001 * np.arange(1999)), printed[0], atol=1e-9)


@pytest.mark.slow
def test_what_is_known_of_the_counts() -> None:
    counted = {
        name: reading(name).per_count is not None for name in ("xrr003.x00", "xrr003.uxd", "xrr003.udf")
    }
    assert counted == {"xrr003.x00": True, "xrr003.uxd": True, "xrr003.udf": True}
    # Text does not say what its numbers are, and the .rig calls counts rates; the step and the scatter do.
    rig = reading("xrr003.rig")
    assert "the file calls them rates, but all are whole" in str(rig.history[0])
    for pattern in (rig, reading("xrr003.xy")):
        assert pattern.per_count is not None
        assert set(pattern.per_count.tolist()) == {1.0}
        assert "it is the last digit of the numbers, and they scatter as counts do" in str(
            pattern.history[-1]
        )


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(path.name for path in DATA.glob("xrr003*")))
def test_one_count_is_one_in_all_formats(name: str) -> None:
    pattern = reading(name)
    assert pattern.per_count is not None
    assert set(pattern.per_count.tolist()) == {1.0}
