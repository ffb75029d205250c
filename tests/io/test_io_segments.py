"""Scans of which parts were counted for different times: the intensity of one count in each part."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from slxrd.data.pattern import Pattern
from slxrd.data.regions import Region
from slxrd.fitting.fit_options import FitOptions, prepare_objective
from slxrd.io import read
from slxrd.io.shared.counting import from_unknown_unit
from slxrd.io.shared.segments import find_segments
from slxrd.model.simulation import simulate

Q = np.arange(0.8, 2.5, 0.002)
CUBES = {"d": 5.84, "L": 36.9, "sigma_L": 1.43, "N": 13.0, "sigma_N": 1.55}


def rates(times: np.ndarray, digits: int, seed: int = 1) -> np.ndarray:
    curve = simulate(Q, CUBES, peak=300.0, background=6.0).intensity
    return np.round(np.random.default_rng(seed).poisson(curve * times) / times, digits)


@pytest.mark.parametrize(
    ("first", "second", "digits"), [(1.0, 10.0, 1), (7.0, 2.0, 5), (2.0, 7.0, 5), (0.5, 5.0, 4)]
)
@pytest.mark.parametrize("place", [1.3, 1.6])
def test_rates_of_two_times(first: float, second: float, digits: int, place: float) -> None:
    """Right, or unknown where the scatter is not clear; mostly right."""
    times = np.where(place > Q, first, second)
    known = 0
    for seed in range(3):
        counted = from_unknown_unit(rates(times, digits, seed), 10.0**-digits)
        if counted.size is None:
            continue
        # By chance a few points beside the change are multiples of both.
        assert np.count_nonzero(np.abs(counted.size * times - 1.0) > 0.01) <= 3
        assert "different times" in str(counted.history[-1].details["because"])
        known += 1
    assert known >= 2


def test_three_parts() -> None:
    times = np.select([Q < 1.3, Q < 1.9], [1.0, 10.0], 2.0)
    sizes = find_segments(rates(times, 3), np.full(Q.size, 5e-4), 1e-3)
    assert sizes is not None
    assert np.count_nonzero(np.abs(sizes * times - 1.0) > 0.01) <= 6


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(4))
def test_scans_that_are_no_counts_have_no_parts(seed: int) -> None:
    """Gaussian noise of two sizes, printed with few digits and with many, and smoothed counts."""
    random = np.random.default_rng(seed)
    curve = simulate(Q, CUBES, peak=300.0, background=6.0).intensity
    noisy = curve + np.where(Q < 1.6, 1.0, 3.0) * random.normal(size=Q.size)
    smooth = np.convolve(random.poisson(curve), np.full(5, 0.2), "same")
    for values, digit in ((np.abs(noisy), 1e-9), (np.abs(np.round(noisy, 1)), 0.1), (smooth, 0.2)):
        found = find_segments(values, np.full(Q.size, 0.5 * digit), digit)
        assert found is None


@pytest.mark.parametrize("value", [0.0, 3.5])
def test_a_flat_scan_has_no_parts(value: float) -> None:
    flat = np.full(Q.size, value)
    assert find_segments(flat, np.full(Q.size, 0.05), 0.1) is None
    flat[::9] += 0.5
    find_segments(flat, np.full(Q.size, 0.05), 0.1)  # without a warning


def test_one_time_has_no_parts() -> None:
    counted = from_unknown_unit(rates(np.full(Q.size, 3.0), 5), 1e-5)
    assert counted.size == pytest.approx(1.0 / 3.0, rel=1e-5)


def test_a_file_has_the_noise_of_each_part(tmp_path: Path) -> None:
    times = np.where(Q < 1.6, 1.0, 10.0)
    values = rates(times, 1)
    np.savetxt(tmp_path / "film.xy", np.column_stack((Q, values)), fmt=["%.4f", "%.1f"])
    pattern = read(tmp_path / "film.xy", axis="q")
    assert pattern.per_count is not None
    assert np.unique(pattern.per_count).tolist() == pytest.approx([0.1, 1.0])
    objective, _ = prepare_objective(pattern, FitOptions([Region(0.88, 1.28), Region(1.98, 2.33)]))
    for points, time in zip(objective.data, (1.0, 10.0), strict=True):
        np.testing.assert_allclose(points.sigma, np.sqrt(np.maximum(points.intensity, 1.0 / time) / time))


def test_counts_that_are_not_divided_by_their_times_are_noticed() -> None:
    curve = simulate(Q, CUBES, peak=300.0, background=6.0).intensity
    counts = np.random.default_rng(5).poisson(curve * np.where(Q < 1.05, 1.0, 10.0)).astype(float)
    pattern = Pattern(Q, counts, source="film.xy")
    _, notes = prepare_objective(pattern, FitOptions([Region(0.88, 1.28), Region(1.98, 2.33)]))
    assert ["the intensity jumps by a factor of" in note for note in notes].count(True) == 1


def test_scans_of_very_many_points_are_not_divided() -> None:
    values = np.random.default_rng(1).poisson(400.0, 60_000).astype(float)
    values[30_000:] /= 5.0
    assert find_segments(values[10_000:50_000], np.full(40_000, 1e-7), 0.0) is not None
    assert find_segments(values, np.full(60_000, 1e-7), 0.0) is None
