"""Repeated measurements: a known fluctuation is recovered, and its kind recognised."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from slxrd.data.pattern import Pattern
from slxrd.data.regions import Region
from slxrd.data.repeats import Fluctuation, Scaling, fluctuation
from slxrd.errors import SlxrdError
from slxrd.fitting.api import fit
from slxrd.model.simulation import simulate

CUBES = {"d": 5.84, "L": 36.9, "sigma_L": 1.43, "N": 13.0, "sigma_N": 1.55}
Q = np.arange(0.9, 1.3001, 0.0025)
PEAK = Region(0.9, 1.3)


@cache
def measurements(count: int, noise: float | str = 0.03, peak: float = 1000.0, seed: int = 0) -> list[Pattern]:
    return [
        replace(simulate(Q, CUBES, noise=noise, peak=peak, seed=1000 * seed + i), source=f"scan{i + 1}.xy")
        for i in range(count)
    ]


@pytest.mark.parametrize("count", [3, 4, 5])
def test_a_known_flat_error_is_recovered(count: int) -> None:
    patterns = measurements(count)
    found = fluctuation(patterns, PEAK)
    # As a fraction of the measured maximum, which noise raises a little above the true one.
    truth = 0.03 * 1000.0 / np.mean([pattern.intensity.max() for pattern in patterns])
    assert abs(found.flat_error - truth) < 3.0 * found.flat_error_error
    assert found.flat_error_error == pytest.approx(truth / np.sqrt(2.0 * (count - 1) * Q.size), rel=0.3)
    assert found.behaviour == "flat"
    assert found.constant == pytest.approx(truth, rel=0.1)


@pytest.mark.slow
def test_the_error_of_the_flat_error_is_what_it_scatters_by() -> None:
    off = []
    for seed in range(40):
        patterns = measurements(3, seed=seed)
        found = fluctuation(patterns, PEAK)
        truth = 30.0 / np.mean([pattern.intensity.max() for pattern in patterns])
        off.append((found.flat_error - truth) / found.flat_error_error)
    assert abs(np.mean(off)) < 3.5 / np.sqrt(40)
    assert 0.7 < np.std(off) < 1.3


@pytest.mark.slow
def test_counting_statistics_are_recognised() -> None:
    kinds: Counter[str | None] = Counter()
    for seed in range(10):
        found = fluctuation(measurements(3, "counting", seed=seed), PEAK)
        kinds[found.behaviour] += 1
        # The variance of a count is the count.
        assert found.per_intensity == pytest.approx(1e-3, rel=0.4)
    assert kinds["counting"] >= 9
    assert any("too large where the intensity is low" in note for note in found.notes)
    assert "--noise counting" in str(found)


@pytest.mark.slow
def test_a_flat_error_is_seldom_taken_for_counting() -> None:
    kinds = Counter(fluctuation(measurements(4, seed=seed), PEAK).behaviour for seed in range(40))
    assert kinds["flat"] >= 37


def test_both_together_are_distinguished_from_either() -> None:
    random = np.random.default_rng(1)
    clear = simulate(Q, CUBES, peak=400.0).intensity
    patterns = [Pattern(Q, random.poisson(clear) + random.normal(0.0, 8.0, Q.size)) for _ in range(6)]
    found = fluctuation(patterns, PEAK)
    assert found.behaviour == "mixed"
    assert found.constant == pytest.approx(8.0 / 400.0, rel=0.2)


@pytest.mark.slow
def test_the_flat_error_serves_as_noise() -> None:
    patterns = measurements(5)
    noise = fluctuation(patterns, PEAK).flat_error
    found = fit(replace(patterns[0], sigma=None), regions=[(0.9, 1.3)], noise=noise)
    assert 0.75 < found.reduced_chi2 < 1.25


def test_brightness_and_order_do_not_matter() -> None:
    patterns = measurements(4)
    found = fluctuation(patterns, PEAK)
    brighter = [
        replace(pattern, intensity=pattern.intensity * (1.0 + i)) for i, pattern in enumerate(patterns)
    ]
    other = fluctuation(brighter[::-1], PEAK)
    np.testing.assert_allclose(other.std, found.std, rtol=1e-10)
    np.testing.assert_allclose(other.mean, found.mean, rtol=1e-10, atol=1e-14)


def test_the_spread_is_the_unbiased_one() -> None:
    q = np.linspace(1.0, 1.1, 11)
    base = np.full(11, 10.0)
    shapes = [base, base + np.where(np.arange(11) == 2, 1.0, 0.0) - np.where(np.arange(11) == 3, 1.0, 0.0)]
    found = fluctuation([Pattern(q, shape) for shape in shapes], Region(0.9, 1.2))
    assert found.std[2] == pytest.approx(np.std([10.0, 11.0], ddof=1) / 10.5)
    assert any("two measurements" in note for note in found.notes)


def test_divided_by_the_maximum_as_in_the_paper() -> None:
    patterns = measurements(3)
    found = fluctuation(patterns, PEAK, "maximum")
    rows = np.array([pattern.intensity / pattern.intensity.max() for pattern in patterns])
    np.testing.assert_allclose(found.mean, rows.mean(axis=0))
    np.testing.assert_allclose(found.std, rows.std(axis=0, ddof=1))
    assert found.flat_error == pytest.approx(np.sqrt(np.mean(found.std**2)))


def test_masked_points_and_other_regions_are_left_out() -> None:
    patterns = measurements(3)
    patterns = [patterns[0].masked(1.0, 1.02), *patterns[1:]]
    found = fluctuation(patterns, Region(0.95, 1.2))
    assert found.q.min() >= 0.95
    assert found.q.max() <= 1.2
    assert not np.any((found.q >= 1.0) & (found.q <= 1.02))


def test_few_points_say_nothing_about_the_kind() -> None:
    found = fluctuation(measurements(3), Region(1.05, 1.065))
    assert found.behaviour is None
    assert "too few points" in str(found)


def test_text_and_csv() -> None:
    found = fluctuation(measurements(4), PEAK)
    assert "4 measurements, region 0.9–1.3 Å⁻¹, 161 points" in str(found)
    assert f"(--noise {found.flat_error:.3g})" in str(found)
    lines = [line for line in found.csv().splitlines() if not line.startswith("#")]
    assert lines[0] == "q,mean,std"
    table = np.array([[float(cell) for cell in line.split(",")] for line in lines[1:]])
    np.testing.assert_allclose(table, np.column_stack([found.q, found.mean, found.std]), rtol=1e-9)
    assert "scan1.xy, scan2.xy" in found.csv()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda p: [p], "1 pattern: give two or more repeated measurements"),
        (lambda p: [p, replace(p, x=p.x + 0.001, source="b.xy")], "b.xy: point .* nothing is interpolated"),
        (
            lambda p: [p, Pattern(p.x[:-1], p.intensity[:-1], source="b.xy")],
            "b.xy: 160 points, but scan1.xy has 161",
        ),
        (lambda p: [p, replace(p, intensity=0.0 * p.intensity, source="b.xy")], "b.xy: no signal"),
        (lambda p: [p, replace(p, intensity=2.0 * p.intensity)], "differ only by a factor"),
        (lambda p: [p, replace(p, axis="2theta")], "wavelength is not known"),
    ],
)
def test_what_cannot_be_compared_is_refused(change, message: str) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(SlxrdError, match=message):
        fluctuation(change(measurements(1)[0]), PEAK)


def test_a_region_without_points_and_an_unknown_scaling_are_refused() -> None:
    with pytest.raises(SlxrdError, match="has 0 points"):
        fluctuation(measurements(2), Region(2.0, 3.0))
    with pytest.raises(SlxrdError, match="neither area nor maximum"):
        fluctuation(measurements(2), PEAK, "peak")  # type: ignore[arg-type]


def test_rounded_axes_agree() -> None:
    one, two = measurements(2)
    assert isinstance(fluctuation([one, replace(two, x=np.round(two.x, 5) + 1e-5)], PEAK), Fluctuation)
    scaling: Scaling = "area"
    assert fluctuation([one, two], PEAK, scaling).scaling == "area"
