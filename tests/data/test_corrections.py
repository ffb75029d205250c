import math

import numpy as np
import pytest

from slxrd.data.correction_factors import lorentz_polarisation
from slxrd.data.corrections import correct_lorentz_polarisation, counting_statistics
from slxrd.data.pattern import Pattern
from slxrd.errors import SlxrdError

LAMBDA = 1.540593


@pytest.mark.parametrize(
    ("two_theta", "monochromator", "expected"),
    [
        (90.0, None, 0.5),  # cos 2θ = 0, sin 2θ = 1
        (30.0, None, 1.75),  # (1 + 3/4)/(2 · 1/2)
        (60.0, None, 1.25 / math.sqrt(3.0)),  # (1 + 1/4)/(2 · √3/2)
        (150.0, None, 1.75),
        (90.0, 0.0, 0.5),  # cos²0 = 1: as without
        (90.0, 30.0, 0.8),  # A = cos²60° = 1/4
        (30.0, 30.0, 1.9),  # (1 + 3/16)/(5/4 · 1/2)
        (90.0, 45.0, 1.0),  # A = 0: one polarisation only
        (30.0, 45.0, 2.0),
    ],
)
def test_factor_by_hand(two_theta: float, monochromator: float | None, expected: float) -> None:
    assert float(lorentz_polarisation(two_theta, monochromator)) == pytest.approx(expected, rel=1e-14)


def test_factor_at_small_angles() -> None:
    # (1 + A cos²2θ)/(1 + A) → 1, so Lp → 1/2θ whatever the monochromator.
    assert float(lorentz_polarisation(1e-4, 13.64)) == pytest.approx(180.0 / math.pi * 1e4, rel=1e-9)


@pytest.mark.parametrize("angle", [0.0, -1.0, 180.0])
def test_angles_refused(angle: float) -> None:
    with pytest.raises(SlxrdError, match="between 0 and 180"):
        lorentz_polarisation([10.0, angle])


@pytest.mark.parametrize("theta_m", [-1.0, 90.0, math.nan])
def test_monochromators_refused(theta_m: float) -> None:
    with pytest.raises(SlxrdError, match="monochromator"):
        lorentz_polarisation(10.0, theta_m)


def test_pattern_is_divided() -> None:
    pattern = Pattern(
        x=[30.0, 90.0], intensity=[7.0, 8.0], axis="2theta", sigma=[1.75, 1.0], per_count=[1.0, 10.0]
    )
    corrected = correct_lorentz_polarisation(pattern)
    np.testing.assert_allclose(corrected.intensity, [4.0, 16.0], rtol=1e-14)
    np.testing.assert_allclose(corrected.sigma, [1.0, 2.0], rtol=1e-14)
    np.testing.assert_allclose(corrected.per_count, [1.0 / 1.75, 20.0], rtol=1e-14)
    assert pattern.intensity.tolist() == [7.0, 8.0]
    assert str(corrected.history[-1]) == "Lorentz-polarisation (monochromator θ_M (°) = none)"


def test_same_over_q() -> None:
    pattern = Pattern(x=[20.0, 40.0], intensity=[1.0, 1.0], axis="2theta", wavelength=LAMBDA)
    over_q = correct_lorentz_polarisation(pattern.to_q(), 13.3)
    np.testing.assert_allclose(
        over_q.intensity, correct_lorentz_polarisation(pattern, 13.3).intensity, rtol=1e-13
    )
    assert over_q.history[-1].details == {"monochromator θ_M (°)": 13.3}


def test_not_twice() -> None:
    once = correct_lorentz_polarisation(Pattern(x=[30.0], intensity=[1.0], axis="2theta", wavelength=LAMBDA))
    with pytest.raises(SlxrdError, match="already"):
        correct_lorentz_polarisation(once.to_q())


def test_q_without_wavelength() -> None:
    with pytest.raises(SlxrdError, match="--wavelength"):
        correct_lorentz_polarisation(Pattern(x=[1.0], intensity=[1.0]))


def test_counting_statistics_of_counts() -> None:
    counted = counting_statistics(Pattern(x=[1, 2, 3], intensity=[0, 9, 10000]))
    assert counted.sigma is not None
    assert counted.sigma.tolist() == [1.0, 3.0, 100.0]
    assert counted.history[-1].name == "σ from counting statistics"


def test_counting_statistics_behind_an_attenuator() -> None:
    # 4 counts behind a factor of 188: σ = 188 · 2; no count there: σ = 188.
    counted = counting_statistics(Pattern(x=[1, 2, 3], intensity=[4, 752, 0], per_count=[1, 188, 188]))
    assert counted.sigma is not None
    assert counted.sigma.tolist() == [2.0, 376.0, 188.0]


def test_counting_statistics_survive_the_correction() -> None:
    pattern = Pattern(x=[30.0, 90.0], intensity=[16.0, 25.0], axis="2theta", per_count=1.0)
    first = correct_lorentz_polarisation(counting_statistics(pattern))
    last = counting_statistics(correct_lorentz_polarisation(pattern))
    np.testing.assert_allclose(first.sigma, [4.0 / 1.75, 10.0], rtol=1e-14)
    np.testing.assert_allclose(last.sigma, first.sigma, rtol=1e-14)


@pytest.mark.parametrize("intensity", [[0.5, 2.0], [-1.0, 5.0], [0.0, 0.0]])
def test_not_counts(intensity: list[float]) -> None:
    with pytest.raises(SlxrdError, match="raw counts"):
        counting_statistics(Pattern(x=[1, 2], intensity=intensity))
