"""Geometry: .poni files, headers, typed values, and what is wrong with them."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from slxrd.detector.geometry import Geometry
from slxrd.detector.image import DetectorImage
from slxrd.detector.integrator import gaps
from slxrd.errors import FileError, SlxrdError

PONI = """# Calibration of 2026-01-01
poni_version: 2.1
Detector: {detector}
Detector_config: {config}
Distance: 0.25
Poni1: 0.0344
Poni2: 0.0172
Rot1: 0.01
Rot2: -0.02
Rot3: 0.03
Wavelength: 1e-10
"""
PLAIN = '{"pixel1": 0.000172, "pixel2": 8.6e-05, "max_shape": [300, 400], "orientation": 3}'


def poni(folder: Path, detector: str = "Detector", config: str = PLAIN, cut: str = "") -> Path:
    path = folder / "calibration.poni"
    text = PONI.format(detector=detector, config=config)
    path.write_text("\n".join(line for line in text.splitlines() if not (cut and line.startswith(cut))))
    return path


@pytest.mark.slow
def test_poni(tmp_path: Path) -> None:
    found = Geometry.from_poni(poni(tmp_path), incidence=0.2)
    assert (found.distance, found.wavelength) == pytest.approx((250.0, 1.0))
    assert (found.centre_row, found.centre_column) == pytest.approx((200.0, 200.0))
    assert (found.pixel_row, found.pixel_column) == pytest.approx((172.0, 86.0))
    assert (found.rot1, found.rot2, found.rot3) == (0.01, -0.02, 0.03)
    assert (found.shape, found.incidence, found.orientation) == ((300, 400), 0.2, 3)
    with pytest.raises(SlxrdError, match=r"300 × 401 pixels, but .* is for a detector of 300 × 400"):
        found.check(DetectorImage(np.ones((300, 401)), name="other.tif"))


@pytest.mark.slow
def test_poni_of_a_known_detector(tmp_path: Path) -> None:
    found = Geometry.from_poni(poni(tmp_path, "Pilatus100k", '{"orientation": 2}'))
    assert (found.detector, found.shape, found.orientation) == ("Pilatus100k", (195, 487), 2)
    missing = gaps(found)
    assert missing is None or missing.shape == (195, 487)
    large = Geometry.from_poni(poni(tmp_path, "Pilatus300k", '{"orientation": 3}'))
    missing = gaps(large)
    assert missing is not None
    assert missing[200].all()
    assert not missing[10].any()


@pytest.mark.slow
def test_wavelength_of_a_poni(tmp_path: Path) -> None:
    path = poni(tmp_path, cut="Wavelength")
    with pytest.raises(SlxrdError, match="no wavelength"):
        Geometry.from_poni(path)
    assert Geometry.from_poni(path, wavelength="CuKa1").wavelength == pytest.approx(1.540593)


@pytest.mark.slow
def test_what_is_no_poni(tmp_path: Path) -> None:
    other = tmp_path / "notes.txt"
    other.write_text("a diffractogram\n1 2\n")
    with pytest.raises(FileError, match=r"notes\.txt: is not a \.poni file"):
        Geometry.from_poni(other)
    with pytest.raises(FileError, match="does not exist"):
        Geometry.from_poni(tmp_path / "missing.poni")
    with pytest.raises(FileError, match=r"cannot be read as \.poni"):
        Geometry.from_poni(poni(tmp_path, config="{'pixel"))
    with pytest.raises(FileError, match="pixels are not equal"):
        Geometry.from_poni(poni(tmp_path, "Xpad_flat", "{}"))
    for shape in ("[300]", '["a", "b"]', "[1e999, 4]"):
        config = PLAIN.replace("[300, 400]", shape)
        with pytest.raises(FileError, match="no shape"):
            Geometry.from_poni(poni(tmp_path, config=config))


DECTRIS = """
# Pixel_size 172e-6 m x 172e-6 m
# Wavelength 0.9184 A
# Detector_distance 0.3 m
# Beam_xy (244.5, 120.25) pixels
"""


def test_headers_that_name_their_units() -> None:
    image = DetectorImage(np.ones((3, 3)), header={"_array_data.header_contents": DECTRIS})
    found = Geometry.from_header(image, incidence=0.15)
    assert (found.distance, found.wavelength) == pytest.approx((300.0, 0.9184))
    assert (found.centre_row, found.centre_column) == (120.25, 244.5)
    assert (found.pixel_row, found.incidence) == pytest.approx((172.0, 0.15))
    assert Geometry.from_header(image, distance=310.0).distance == 310.0


def test_headers_that_fabio_has_taken_apart() -> None:
    parted = {"Detector_distance": "0.3 m", "Wavelength": "0.9184 A", "Pixel_size": "172e-6 m x 100e-6 m"}
    image = DetectorImage(np.ones((3, 3)), header={**parted, "Beam_xy": "(244.5, 120.25) pixels"})
    found = Geometry.from_header(image)
    assert (found.distance, found.pixel_column, found.pixel_row) == pytest.approx((300.0, 172.0, 100.0))


def test_headers_of_esrf() -> None:
    header = {
        "SampleDistance": "2.5", "PSize_1": "7.5e-05", "PSize_2": "7.5e-05", "Center_1": "500.2",
        "Center_2": "900.7", "WaveLength": "1.0e-10",
    }  # fmt: skip
    found = Geometry.from_header(DetectorImage(np.ones((3, 3)), header=header))
    assert (found.distance, found.wavelength, found.pixel_row) == pytest.approx((2500.0, 1.0, 75.0))
    assert (found.centre_row, found.centre_column) == (900.7, 500.2)


def test_a_header_contains_the_geometry_that_was_written() -> None:
    made = Geometry(250.5, 470.25, 350.0, 172.0, 100.0, 0.9184)
    image = DetectorImage(np.ones((3, 3)), header=made.as_header())
    found = Geometry.from_header(image, incidence=0.3)
    for name in ("distance", "centre_row", "centre_column", "pixel_row", "pixel_column", "wavelength"):
        assert getattr(found, name) == pytest.approx(getattr(made, name), rel=1e-10)
    for rotated in (replace(made, rot2=0.01), replace(made, orientation=2)):
        with pytest.raises(SlxrdError, match="has no entries for a rotated detector"):
            rotated.as_header()


def test_values_without_units_are_not_guessed() -> None:
    image = DetectorImage(np.ones((3, 3)), name="a.tif", header={"distance": "250", "pixel": "172"})
    with pytest.raises(
        SlxrdError, match=r"a\.tif: .* not known without distance \(mm\), centre row"
    ) as caught:
        Geometry.from_header(image, wavelength=1.0)
    assert "wavelength" not in str(caught.value)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"distance": 0.25}, r"distance 0\.25 mm is not between 1 and 100000 mm; check its unit"),
        ({"pixel_row": 0.172}, r"pixel \(row\) 0\.172 µm is not between"),
        ({"wavelength": 1e-10}, "wavelength 1e-10 Å is not between"),
        ({"centre_row": float("nan")}, "centre row nan is not a finite number"),
        ({"incidence": 90.0}, "incidence 90°"),
        ({"incidence": -0.2}, "incidence -0.2°"),
        ({"up": "top"}, "up 'top' is not one of up, down, left, right"),
        ({"orientation": 7}, "orientation 7"),
        ({"distance": "far"}, "distance: expected a number"),
    ],
)  # fmt: skip
def test_impossible_values(values: dict[str, object], message: str) -> None:
    typed: dict[str, object] = {
        "distance": 250.0, "centre_row": 1.0, "centre_column": 1.0, "pixel_row": 172.0, "pixel_column": 172.0,
        "wavelength": 1.0,
    }  # fmt: skip
    with pytest.raises(SlxrdError, match=message):
        Geometry(**{**typed, **values})
