"""Bragg peaks: found where they are, in order, and nothing else taken for one."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from numpy.typing import NDArray

from slxrd.data.pattern import Pattern
from slxrd.data.peaks import Peak, find_regions, lattice_period, measure_peak
from slxrd.errors import SlxrdError
from slxrd.fitting.examples import EXAMPLES
from slxrd.model.simulation import simulate

FloatArray = NDArray[np.float64]
Q = np.arange(0.3, 3.0, 0.002)


def gaussian(centre: float, height: float, fwhm: float = 0.15) -> FloatArray:
    return height * np.exp(-4.0 * np.log(2.0) * ((Q - centre) / fwhm) ** 2)


def noisy(intensity: FloatArray, seed: int = 4) -> Pattern:
    return Pattern(Q, np.random.default_rng(seed).poisson(intensity).astype(float), source="film")


def orders(pattern: Pattern) -> list[tuple[int, float]]:
    """Order and place of each region, read from its name."""
    words = [region.name.split() for region in find_regions(pattern)]
    return [(int(w[2]), float(w[4])) for w in words]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("cspbbr3-cubes", [1, 2]),
        ("cspbbr3-platelets", [1]),
        ("pbs-sheets", [1]),
        ("pbs-spheres", [1]),
        ("cumnsb-film", [1]),
    ],
)
def test_the_orders_of_the_examples(name: str, expected: list[int]) -> None:
    """2π/d times the order, to 1 %: a fringe next to the peak's top may pull at its middle."""
    d = EXAMPLES[name].truth.get("d", 2.0 * np.pi / 2.075)  # of the film's substrate
    found = orders(EXAMPLES[name].pattern().to_q())
    assert [order for order, _ in found] == expected
    for order, q in found:
        assert q == pytest.approx(order * 2.0 * np.pi / d, rel=0.012)


@pytest.mark.parametrize("name", ["cspbbr3-cubes", "cspbbr3-platelets", "pbs-sheets", "pbs-spheres"])
@pytest.mark.parametrize("seed", range(3))
def test_regions_hold_the_peaks_and_stay_apart(name: str, seed: int) -> None:
    example = EXAMPLES[name]
    regions = find_regions(simulate(Q[Q > 0.8], example.truth, noise=0.03, seed=seed))
    assert regions
    for one, other in pairwise(regions):
        assert one.high <= other.low
    for region in regions:
        bragg = 2.0 * np.pi / example.truth["d"] * int(region.name.split()[2])
        planes = example.truth["N"] * example.truth["d"]
        assert region.low < bragg - 0.4 * 2.0 * np.pi / planes
        assert region.high > bragg + 0.4 * 2.0 * np.pi / planes


def test_other_lattices_and_the_low_angle_region_are_left_out() -> None:
    pattern = noisy(
        20 + gaussian(0.35, 90000, 0.1) + gaussian(1.05, 1000) + gaussian(1.55, 500) + gaussian(2.1, 300)
    )
    assert [order for order, _ in orders(pattern)] == [1, 2]


def test_the_first_order_may_be_the_weaker() -> None:
    found = orders(noisy(20 + gaussian(1.05, 300) + gaussian(2.1, 1000)))
    assert [order for order, _ in found] == [1, 2]
    assert found[0][1] == pytest.approx(1.05, abs=0.01)
    assert found[1][1] == pytest.approx(2.1, abs=0.01)


def test_a_masked_peak_is_not_looked_at() -> None:
    pattern = noisy(20 + gaussian(1.05, 1000) + gaussian(1.7, 50000, 0.02))
    assert orders(pattern)[0][1] == pytest.approx(1.7, abs=0.01)
    assert orders(pattern.masked(1.6, 1.8))[0][1] == pytest.approx(1.05, abs=0.01)


def test_the_unit_of_intensity_does_not_matter() -> None:
    pattern = noisy(20 + gaussian(1.05, 1000) + gaussian(2.1, 300))
    for factor in (1e-6, 1e6):
        scaled = Pattern(Q, factor * pattern.intensity)
        assert find_regions(scaled) == find_regions(pattern)


def test_deeper_regions_are_wider() -> None:
    pattern = noisy(20 + gaussian(1.05, 1000))
    (deep,), (shallow,) = find_regions(pattern, 0.03), find_regions(pattern, 0.3)
    assert deep.low < shallow.low < 1.05 < shallow.high < deep.high


@pytest.mark.parametrize(
    "intensity",
    [np.full(Q.size, 500.0), 500.0 * np.exp(-Q), 100.0 + 100.0 * Q, 100.0 + 1000.0 * (Q - 1.6) ** 2],
    ids=["flat", "falling", "rising", "hollow"],
)
def test_noise_is_not_a_peak(intensity: FloatArray) -> None:
    for seed in range(5):
        with pytest.raises(SlxrdError, match="film: no Bragg peak is above the noise"):
            find_regions(noisy(intensity, seed))


def test_nothing_above_the_low_angle_region() -> None:
    q = np.linspace(0.05, 0.4, 100)
    with pytest.raises(SlxrdError, match=r"too few points above 0\.45"):
        find_regions(Pattern(q, np.exp(-q)))


@pytest.mark.parametrize("fwhm", [0.15, 0.25, 0.4])
@pytest.mark.parametrize("centre", [1.05, 2.1])
def test_a_plain_peak_is_described(centre: float, fwhm: float) -> None:
    inside = np.abs(Q - centre) < 1.2 * fwhm
    peak = measure_peak(Q[inside], gaussian(centre, 700.0, fwhm)[inside])
    assert peak.q == pytest.approx(centre, abs=0.002)
    assert peak.width == pytest.approx(fwhm, rel=0.25)
    assert peak.height == pytest.approx(700.0, rel=0.05)


def test_fringes_are_taken_together() -> None:
    """Sheets of 4 planes of 3.0083 Å: the envelope's half width is 0.886·2π/(4d), a fringe's 0.02."""
    truth = {**EXAMPLES["pbs-sheets"].truth, "sigma_N": 0.2, "N": 4.0}
    q = np.arange(1.6, 2.6, 0.002)
    peak = measure_peak(q, simulate(q, truth).intensity)
    assert peak.q == pytest.approx(2.0 * np.pi / 3.0083, rel=0.01)
    assert peak.width == pytest.approx(0.886 * 2.0 * np.pi / (4 * 3.0083), rel=0.25)


@pytest.mark.parametrize(
    ("peaks", "d"),
    [
        ([Peak(1.05, 0.1, 1000.0)], 2.0 * np.pi / 1.05),
        ([Peak(1.05, 0.1, 1000.0), Peak(2.10, 0.1, 300.0)], 2.0 * np.pi / 1.05),
        ([Peak(2.10, 0.1, 1000.0), Peak(1.05, 0.1, 300.0)], 2.0 * np.pi / 1.05),
        ([Peak(1.05, 0.1, 1000.0), Peak(1.55, 0.1, 900.0)], 2.0 * np.pi / 1.05),
        ([Peak(1.05, 0.1, 10.0), Peak(2.10, 0.1, 1000.0)], 2.0 * np.pi / 2.1),
        # The mean of q over order, weighted with the heights: (3·1.05 + 1·1.06)/4 = 1.0525.
        ([Peak(1.05, 0.1, 300.0), Peak(2.12, 0.1, 100.0)], 2.0 * np.pi / 1.0525),
    ],
)
def test_the_period_behind_several_peaks(peaks: list[Peak], d: float) -> None:
    assert lattice_period(peaks) == pytest.approx(d, rel=1e-12)
