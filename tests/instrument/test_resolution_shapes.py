"""Shapes of the resolution: densities, tables, and one that another package might add."""

import math
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pytest
from scipy.integrate import quad, trapezoid

from slxrd.errors import FileError, SlxrdError
from slxrd.instrument.broadening import (
    FWHM,
    RESOLUTIONS,
    Broadening,
    Gaussian,
    NoSmearing,
    ResolutionShape,
    resolution_from_table,
)
from slxrd.instrument.calibration.file import read_resolution
from slxrd.instrument.diffractometer import Instrument
from slxrd.model.intensity import apply_resolution


@dataclass(frozen=True)
class Squared(ResolutionShape):
    """A line (1 − x²)² between two ends: that of a slit with rounded edges."""

    shape: ClassVar[str] = "squared"
    half: float

    def sigma(self, q):
        return np.full(np.shape(q), 2.0 * self.half * math.sqrt(1.0 - math.sqrt(0.5)) / FWHM)

    def line(self, offset, sigma):
        return np.where(
            np.abs(offset) < self.half,
            (1.0 - (offset / self.half) ** 2) ** 2 * 15.0 / (16.0 * self.half),
            0.0,
        )

    def longest_fringe(self, sigma):
        return 400.0 / self.half


SHAPES = [Gaussian(0.01), Broadening(0.01, -0.01, 0.02, 0.4, 1.5406), Squared(0.02)]


@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: shape.shape)
def test_lines_have_unit_area_and_the_width_of_sigma(shape: ResolutionShape) -> None:
    sigma = shape.sigma(np.array([1.1]))[:, None]

    def density(x: float) -> float:
        return float(shape.line(np.array([[x]]), sigma)[0, 0])

    end = shape.reach * float(sigma[0, 0])
    area = quad(density, -end, end, points=[-0.02, 0.0, 0.02], limit=400)[0]
    assert area == pytest.approx(1.0, abs=1e-6)
    half = FWHM / 2.0 * float(sigma[0, 0])
    assert density(half) == pytest.approx(density(0.0) / 2.0, rel=1e-9)


@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: shape.shape)
def test_smearing_is_a_convolution(shape: ResolutionShape) -> None:
    """A wave along q is damped by the Fourier transform of the line, integrated here point by point."""
    q, period = np.array([1.05, 1.1, 1.15]), 60.0
    band = Instrument(broadening=shape, wavelength=1.5406).band(q, period)
    found = apply_resolution(band, np.cos(period * band.q)[None])[0]
    for at, value in zip(q.tolist(), found.tolist(), strict=True):
        sigma = shape.sigma(np.array([at]))[:, None]
        end = shape.reach * float(sigma[0, 0])
        x = np.linspace(-end, end, 40001)
        weights = shape.line(x[None], sigma)[0]
        assert value == pytest.approx(trapezoid(weights * np.cos(period * (at + x)), x), abs=2e-5)


def test_tables() -> None:
    assert {"none", "gaussian", "caglioti"} <= set(RESOLUTIONS)
    for shape in (NoSmearing(), *SHAPES[:2]):
        assert resolution_from_table(shape.to_table()) == shape
    # Files of slxrd 0.1 hold the numbers of U, V and W alone.
    assert "shape" not in SHAPES[1].to_table()
    with pytest.raises(SlxrdError, match=r"unknown resolution shape .square.; known are none, gaussian"):
        resolution_from_table({"shape": "square"})
    with pytest.raises(SlxrdError, match="give sigma_G, all of them numbers"):
        resolution_from_table({"shape": "gaussian", "sigma_G": "0.01"})


def test_without_smearing_the_grid_is_that_of_the_points() -> None:
    q = np.array([1.05, 1.1, 1.15])
    for instrument in (Instrument(0.0), Instrument(broadening=NoSmearing())):
        assert np.array_equal(instrument.band(q, 60.0).q, q)


def test_a_file_may_name_the_shape(tmp_path) -> None:
    path = tmp_path / "slit.toml"
    head = 'kind = "resolution"\nschema = 1\n[line]\n'
    path.write_text(head + 'shape = "gaussian"\nsigma_G = 0.009\n')
    assert read_resolution(path) == Gaussian(0.009)
    path.write_text(head + 'shape = "gaussian"\nsigma_G = "wide"\n')
    with pytest.raises(FileError, match=r"slit.toml: \[line\] give sigma_G, all of them numbers"):
        read_resolution(path)
