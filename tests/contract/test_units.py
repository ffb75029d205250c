import math

import numpy as np
import pytest

from slxrd import units
from slxrd.errors import SlxrdError
from slxrd.units import Radiation, SecondLine


def test_named_radiation() -> None:
    assert units.radiation("CuKa1") == Radiation(1.540593)
    assert units.radiation(" cuka2 ") == Radiation(1.544427)
    assert units.radiation("CuKa") == Radiation(1.540593, SecondLine(1.544427, 0.5))
    assert units.radiation("MoKa1") == Radiation(0.709317)
    assert len(units.RADIATIONS) == 24


def test_mean_wavelength() -> None:
    mean, second = units.radiation("CuKaMean")
    assert mean == pytest.approx(1.541871, abs=1e-6)  # the usual Kα mean
    assert second is None


@pytest.mark.parametrize("anode", ["Cr", "Fe", "Co", "Cu", "Mo", "Ag"])
def test_doublets(anode: str) -> None:
    """Kα₂ is less energetic by the spin-orbit splitting of 2p, which grows with the atomic number."""
    alpha1, second = units.radiation(f"{anode}Ka")
    assert second is not None
    splitting = 12398.42 * (1.0 / alpha1 - 1.0 / second.wavelength)  # eV
    number = {"Cr": 24, "Fe": 26, "Co": 27, "Cu": 29, "Mo": 42, "Ag": 47}[anode]
    assert splitting == pytest.approx(19.9 * (number / 29.0) ** 4.5, rel=0.1)
    assert units.radiation(f"{anode}Ka1") == Radiation(alpha1)
    assert units.radiation(f"{anode}Ka2") == Radiation(second.wavelength)
    mean = units.radiation(f"{anode}KaMean").wavelength
    assert mean == pytest.approx((2.0 * alpha1 + second.wavelength) / 3.0, rel=1e-12)


def test_radiation_as_a_number_or_its_text() -> None:
    assert units.radiation(1.2) == Radiation(1.2)
    assert units.radiation("1.2") == Radiation(1.2)


@pytest.mark.parametrize("value", ["CuKb", "", 0, -1.5, "nan", math.inf, "1,54"])
def test_radiation_refused(value: float | str) -> None:
    with pytest.raises(SlxrdError, match="wavelength"):
        units.radiation(value)


def test_unknown_name_lists_the_known() -> None:
    with pytest.raises(SlxrdError, match=r"CuKa1.*AgKa"):
        units.radiation("XyKa")


def test_q_by_hand() -> None:
    # At 2θ = 60° sin θ = 1/2, so q = 2π/λ; at 180° q = 4π/λ.
    assert units.q_from_two_theta(60.0, 1.0) == pytest.approx(2.0 * math.pi, rel=1e-15)
    assert units.q_from_two_theta(180.0, 2.0) == pytest.approx(2.0 * math.pi, rel=1e-15)
    # Silicon 111: a = 5.431 Å, d = 3.1356 Å, 2θ = 28.442° for Cu Kα1.
    q = 2.0 * math.pi * math.sqrt(3.0) / 5.431
    assert units.two_theta_from_q(q, 1.540593) == pytest.approx(28.442, abs=1e-4)


def test_bragg_law() -> None:
    d = 19.6
    theta = math.asin(1.540593 / (2.0 * d))
    q = float(units.q_from_two_theta(2.0 * math.degrees(theta), 1.540593))
    assert units.d_from_q(q) == pytest.approx(d, rel=1e-14)


def test_there_and_back() -> None:
    angles = np.linspace(0.01, 179.0, 1001)
    back = units.two_theta_from_q(units.q_from_two_theta(angles, 1.54), 1.54)
    np.testing.assert_allclose(back, angles, rtol=1e-11)


def test_q_out_of_reach() -> None:
    with pytest.raises(SlxrdError, match=r"beyond 8\.157 Å⁻¹"):
        units.two_theta_from_q([1.0, 8.2], 1.540593)
