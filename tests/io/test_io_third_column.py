"""Third columns of text files that are σ, or attenuation factors and others; and axes of θ."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from slxrd.errors import FileError
from slxrd.io import read

DATA = Path(__file__).parents[1] / "files"
MADE = DATA / "reading"


def with_third(
    tmp_path: Path, third: Any, intensity: Any = None, header: str = "", name: str = "a.txt"
) -> Path:
    y = np.arange(len(third)) + 5.0 if intensity is None else intensity
    rows = (f"{10 + 0.02 * i:.2f} {a:g} {b:.4f}" for i, (a, b) in enumerate(zip(y, third, strict=True)))
    path = tmp_path / "a.txt"
    path.write_text(header + "\n".join(rows))
    return path


CU: dict[str, Any] = {"axis": "2theta", "wavelength": "CuKa1"}


def test_attenuation_factors_in_a_text_file() -> None:
    with pytest.raises(FileError, match=r"not clear that the third column is σ .*1 to 43.*attenuation=3"):
        read(MADE / "att3.txt", **CU)
    plain = read(MADE / "ok.ras")
    pattern = read(MADE / "att3.txt", columns="2theta=1,intensity=2,attenuation=3", wavelength="CuKa1")
    np.testing.assert_allclose(pattern.x, plain.x)
    np.testing.assert_array_equal(pattern.intensity, plain.intensity)
    np.testing.assert_array_equal(pattern.per_count, plain.per_count)
    assert "attenuator corrected (largest factor = 43.0962)" in map(str, pattern.history)
    assert read(MADE / "att3.txt", columns="1,2", **CU).sigma is None
    sigma = read(MADE / "att3.txt", columns="1,2,3", **CU).sigma
    assert sigma is not None
    assert sigma.max() == 43.0962


def test_third_columns_that_are_not_sigma(tmp_path: Path) -> None:
    rng = np.random.default_rng(5)
    curve = 20.0 + 4000.0 * np.exp(-0.5 * ((np.arange(200) - 120) / 15.0) ** 2)
    counts = rng.poisson(curve)
    others = {
        "attenuators": np.where(counts > 1000, 11.3, 1.0),
        "transmissions": np.where(counts > 1000, 0.0885, 1.0),
        "three attenuators": np.select([counts > 2000, counts > 200], [120.0, 9.5], 1.0),
        "constant": np.full(200, 1.0),
        "time": np.full(200, 0.5),
        "monitor": rng.normal(2e5, 400.0, 200),
        "calculated": curve,
        "rates": counts / 3.0 + 0.01,
        "weights": 1.0 / np.maximum(counts, 1.0),
        "point": np.arange(1.0, 201.0),
    }
    for third in others.values():
        with pytest.raises(FileError, match=r"not clear that the third column is σ.*--columns 1,2,3 if"):
            read(with_third(tmp_path, third, counts), **CU)


@pytest.mark.parametrize("seed", range(5))
def test_plausible_third_columns_are_sigma(tmp_path: Path, seed: int) -> None:
    rng = np.random.default_rng(seed)
    curve = 3.0 + 10.0 ** rng.uniform(1, 5) * np.exp(-0.5 * ((np.arange(200) - 120) / 15.0) ** 2)
    counts = rng.poisson(curve)
    for intensity, sigma in (
        (counts, np.sqrt(np.maximum(counts, 1))),
        (counts / 7.0, np.sqrt(np.maximum(counts, 1)) / 7.0),
        (counts - 2.0, np.sqrt(counts + 3.0)),
        (counts, np.hypot(np.sqrt(np.maximum(counts, 1)), 0.03 * counts)),
        (np.round(curve, 3), np.sqrt(np.round(curve, 3))),
    ):
        assert read(with_third(tmp_path, sigma, intensity), **CU).sigma is not None


def test_column_named_sigma_is_accepted_as_it_is(tmp_path: Path) -> None:
    for header in ("2theta counts sigma\n", "# q, I, error\n", "x;y;esd\n", "# angle\tI\tstd\n"):
        assert read(with_third(tmp_path, np.full(20, 2.0), header=header), **CU).sigma is not None
    for header in ("2theta counts attenuator\n", "x;y;filter\n", "angle,I,absorber\n"):
        with pytest.raises(FileError, match="third column is headed"):
            read(with_third(tmp_path, np.full(20, 2.0), header=header), **CU)


@pytest.mark.parametrize(
    "header",
    [
        "theta counts",
        "Theta (deg), I",
        "θ;I",
        "# omega [°]\tcps",
        "Omega/deg counts",
        "# axis: theta\n# film 7",
    ],
)
def test_theta_in_the_header_is_a_question(tmp_path: Path, header: str) -> None:
    path = tmp_path / "reflectivity.dat"
    path.write_text(header + "\n" + "".join(f"0.{i} {900 - i}\n" for i in range(10, 50)))
    with pytest.raises(FileError, match=r"header names θ or ω .*--axis theta .*or --axis 2theta"):
        read(path, wavelength="CuKa1")
    pattern = read(path, wavelength="CuKa1", axis="theta")
    np.testing.assert_allclose(pattern.x, 0.02 * np.arange(10, 50))
    assert pattern.axis == "2theta"
    assert str(pattern.history[0]) == "2θ = 2 × θ"
    same_columns = read(path, wavelength="CuKa1", columns="theta=1,intensity=2")
    np.testing.assert_array_equal(same_columns.x, pattern.x)
    np.testing.assert_allclose(read(path, wavelength="CuKa1", axis="2theta").x, 0.01 * np.arange(10, 50))


@pytest.mark.parametrize(
    "header",
    [
        "theta-2theta counts",
        "2θ (deg) I",
        "# omega offset 0.1\n2theta I",
        "# ω-2θ scan",
        "2theta I\n# theta 0.1",
    ],
)
def test_two_theta_in_the_header_is_not_theta(tmp_path: Path, header: str) -> None:
    path = tmp_path / "scan.dat"
    path.write_text(header + "\n" + "".join(f"{i} {900 - i}\n" for i in range(10, 50)))
    assert read(path, wavelength="CuKa1").x[0] == 10.0


def test_theta_for_an_instrument_file_is_refused() -> None:
    with pytest.raises(FileError, match=r"the axis of a Philips \.x00 file is 2θ; leave --axis out"):
        read(DATA / "xrr003.x00", axis="theta")
