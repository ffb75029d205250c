"""Regions: which points are taken, and where their σ comes from."""

from __future__ import annotations

import math

import numpy as np
import pytest

from slxrd.data.corrections import correct_lorentz_polarisation, counting_statistics
from slxrd.data.pattern import Pattern
from slxrd.data.regions import DEFAULT_NOISE, Region, select_points
from slxrd.errors import SlxrdError

Q = np.round(np.arange(0.8, 1.3001, 0.01), 10)
PATTERN = Pattern(Q, np.arange(1.0, Q.size + 1.0), source="film")


def test_ends_belong_to_a_region() -> None:
    (points,) = select_points(PATTERN, [Region(0.9, 1.0)])
    np.testing.assert_allclose(points.q, np.arange(0.9, 1.001, 0.01), rtol=1e-12)
    assert points.intensity.tolist() == list(range(11, 22))
    assert points.region == Region(0.9, 1.0)


def test_regions_keep_the_order_in_which_they_were_given() -> None:
    first, second = select_points(PATTERN, [Region(1.1, 1.2), Region(0.9, 1.0, 0.1, "low")])
    assert first.q[0] > second.q[-1]
    assert second.region.weight == 0.1
    assert second.region.name == "low"
    assert first.region.name == "1.1–1.2 Å⁻¹"


def test_regions_may_touch_but_not_overlap() -> None:
    assert len(select_points(PATTERN, [Region(0.9, 1.0), Region(1.0, 1.1)])) == 2
    with pytest.raises(SlxrdError, match=r"regions 0\.9:1\.01 and 1:1\.1 overlap"):
        select_points(PATTERN, [Region(1.0, 1.1), Region(0.9, 1.01)])
    with pytest.raises(SlxrdError, match="overlap"):
        select_points(PATTERN, [Region(0.85, 1.2), Region(0.9, 1.0)])


def test_masked_points_are_left_out() -> None:
    (points,) = select_points(PATTERN.masked(0.945, 0.985), [Region(0.9, 1.0)])
    assert points.intensity.tolist() == [11, 12, 13, 14, 15, 20, 21]


@pytest.mark.parametrize(
    ("low", "high", "weight", "says"),
    [
        (1.0, 0.9, 1.0, "lower end must come first"),
        (1.0, 1.0, 1.0, "lower end must come first"),
        (math.nan, 1.0, 1.0, "lower end must come first"),
        (0.9, math.inf, 1.0, "both finite"),
        (0.9, 1.0, 0.0, "weight 0 must be positive"),
        (0.9, 1.0, -1.0, "must be positive"),
        (0.9, 1.0, math.nan, "must be positive"),
        (0.9, 1.0, math.inf, "must be positive"),
    ],
)
def test_regions_refused(low: float, high: float, weight: float, says: str) -> None:
    with pytest.raises(SlxrdError, match=says):
        Region(low, high, weight)


def test_regions_that_do_not_suit_the_pattern() -> None:
    with pytest.raises(SlxrdError, match="no region to fit"):
        select_points(PATTERN, [])
    with pytest.raises(SlxrdError, match=r"1\.4:1\.5 lies outside film, which covers 0\.8 to 1\.3"):
        select_points(PATTERN, [Region(1.4, 1.5)])
    with pytest.raises(SlxrdError, match="contains no point of film"):
        select_points(PATTERN, [Region(0.901, 0.909)])
    with pytest.raises(SlxrdError, match="contains no point of film"):
        select_points(PATTERN.masked(0.9, 1.0), [Region(0.9, 1.0)])
    with pytest.raises(SlxrdError, match="has no positive intensity"):
        select_points(Pattern(Q, np.zeros(Q.size)), [Region(0.9, 1.0)])
    with pytest.raises(SlxrdError, match=r"up to 1 with σ of 1e\+07 or more"):
        select_points(Pattern(Q, np.ones(Q.size), sigma=np.full(Q.size, 1e7)), [Region(0.9, 1.0)])


def test_a_region_in_degrees_is_recognised() -> None:
    """16° to 20° at 1.5406 Å are q = 1.1352 and 1.4164 Å⁻¹."""
    pattern = Pattern(Q, np.ones(Q.size), wavelength=1.5406)
    with pytest.raises(SlxrdError, match=r"if degrees 2θ were meant, give q: 1\.1352:1\.4164"):
        select_points(pattern, [Region(16.0, 20.0)])
    with pytest.raises(SlxrdError) as refused:
        select_points(pattern, [Region(60.0, 70.0)])
    assert "degrees" not in str(refused.value)


# σ


def test_a_fraction_of_each_regions_own_maximum() -> None:
    low, high = select_points(PATTERN, [Region(0.8, 0.9), Region(1.2, 1.3)], 0.05)
    np.testing.assert_allclose(low.sigma, 0.05 * 11.0)
    np.testing.assert_allclose(high.sigma, 0.05 * 51.0)


def test_the_maximum_is_that_of_the_points_that_are_fitted() -> None:
    intensity = np.ones(Q.size)
    intensity[15] = 1000.0
    (points,) = select_points(Pattern(Q, intensity).masked(0.945, 0.955), [Region(0.9, 1.0)], 0.03)
    np.testing.assert_allclose(points.sigma, 0.03)


def test_without_a_word_the_files_sigma_or_the_papers() -> None:
    assert DEFAULT_NOISE == 0.03
    (points,) = select_points(PATTERN, [Region(0.9, 1.0)])
    np.testing.assert_allclose(points.sigma, 0.03 * 21.0)
    known = Pattern(Q, PATTERN.intensity, sigma=np.full(Q.size, 0.7))
    (points,) = select_points(known, [Region(0.9, 1.0)])
    np.testing.assert_allclose(points.sigma, 0.7)
    (points,) = select_points(known, [Region(0.9, 1.0)], 0.1)
    np.testing.assert_allclose(points.sigma, 2.1)


def test_counting_statistics_of_raw_counts() -> None:
    (points,) = select_points(PATTERN, [Region(0.9, 1.0)], "counting")
    np.testing.assert_allclose(points.sigma, np.sqrt(np.arange(11.0, 22.0)))


def test_counting_statistics_survive_a_correction() -> None:
    """σ/I is that of the counts, whatever the intensity was divided by since."""
    raw = Pattern(Q, PATTERN.intensity, wavelength=1.5406, per_count=1.0)
    for pattern in (
        correct_lorentz_polarisation(raw),
        correct_lorentz_polarisation(counting_statistics(raw)),
    ):
        (points,) = select_points(pattern, [Region(0.9, 1.0)], "counting")
        np.testing.assert_allclose(points.sigma / points.intensity, np.arange(11.0, 22.0) ** -0.5, rtol=1e-12)


@pytest.mark.parametrize("noise", [0.0, -0.1, math.nan, math.inf, "poisson"])
def test_noises_refused(noise: object) -> None:
    with pytest.raises(SlxrdError, match="noise"):
        select_points(PATTERN, [Region(0.9, 1.0)], noise)  # type: ignore[arg-type]


def test_noise_that_the_pattern_does_not_have() -> None:
    with pytest.raises(SlxrdError, match="has no σ"):
        select_points(PATTERN, [Region(0.9, 1.0)], "file")
    with pytest.raises(SlxrdError, match="raw counts"):
        select_points(Pattern(Q, PATTERN.intensity + 0.5), [Region(0.9, 1.0)], "counting")
