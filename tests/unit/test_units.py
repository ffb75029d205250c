import math

import numpy as np
import pytest

from slxrd import units
from slxrd.errors import SlxrdError


def test_named_wavelengths() -> None:
    assert units.wavelength("CuKa1") == 1.540593
    assert units.wavelength(" cuka2 ") == 1.544427
    assert units.wavelength("CuKa") == pytest.approx(1.541871, abs=1e-6)  # the usual Kα mean
    assert units.wavelength("MoKa1") == 0.709317
    assert len(units.WAVELENGTHS) == 18


def test_wavelength_as_a_number_or_its_text() -> None:
    assert units.wavelength(1.2) == 1.2
    assert units.wavelength("1.2") == 1.2


@pytest.mark.parametrize("value", ["CuKb", "", 0, -1.5, "nan", math.inf, "1,54"])
def test_wavelength_refused(value: float | str) -> None:
    with pytest.raises(SlxrdError, match="wavelength"):
        units.wavelength(value)


def test_unknown_name_lists_the_known() -> None:
    with pytest.raises(SlxrdError, match=r"CuKa1.*AgKa"):
        units.wavelength("XyKa")


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
