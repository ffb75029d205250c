"""Jumps of the intensity where the counting time changes, and steep curves that are none."""

from __future__ import annotations

import numpy as np
import pytest

from slxrd.data.jumps import find_jump
from slxrd.model.simulation import simulate

Q = np.arange(0.88, 1.28, 0.002)
CUBES = {"d": 5.84, "L": 36.9, "sigma_L": 1.43, "N": 13.0, "sigma_N": 1.55}


def rate() -> np.ndarray:
    return np.asarray(simulate(Q, CUBES, peak=1000.0, background=10.0).intensity)


@pytest.mark.parametrize("factor", [0.1, 0.2, 5.0, 10.0])
@pytest.mark.parametrize("place", [1.0, 1.05, 1.2])
def test_steps_of_other_times(place: float, factor: float) -> None:
    times = np.where(place > Q, max(1.0, 1.0 / factor), max(1.0, factor))
    counts = np.random.default_rng(3).poisson(rate() * times).astype(float)
    jump = find_jump(Q, counts)
    assert jump is not None
    assert jump.q == pytest.approx(place, abs=0.0031)
    assert jump.factor == pytest.approx(factor, rel=0.35)


@pytest.mark.parametrize("seed", range(20))
def test_one_time(seed: int) -> None:
    random = np.random.default_rng(seed)
    assert find_jump(Q, random.poisson(rate() * 10.0 ** random.uniform(-1.5, 3.0)).astype(float)) is None


def test_peaks_of_a_substrate_are_no_jumps() -> None:
    for width in (0.001, 0.003, 0.01):
        for step in (0.0005, 0.002, 0.004):
            q = np.arange(1.9, 2.3, step)
            film = 1e3 * np.sinc((q - 2.05) / 0.02) ** 2 + 3.0
            peak = 1e6 / (1.0 + ((q - 2.1) / width) ** 2)
            assert find_jump(q, np.random.default_rng(1).poisson(film + peak).astype(float)) is None


def test_few_points_or_none_that_are_positive() -> None:
    assert find_jump(Q[:10], np.ones(10)) is None
    assert find_jump(Q, np.zeros(Q.size)) is None
    assert find_jump(Q, np.where(Q > 1.0, 1.0, -1.0)) is None


def test_a_masked_peak_is_no_jump() -> None:
    """The two sides of a substrate's peak are neighbours where it is masked."""
    q = np.arange(4.3, 4.5, 0.0003)
    sharp = 1e5 * np.exp(-0.5 * ((q - 4.4455) / 0.001) ** 2)
    expected = np.where(q < 4.445, 10.0, 400.0) + sharp
    counts = np.random.default_rng(2).poisson(expected).astype(float)
    left = (q < 4.441) | (q > 4.45)
    assert find_jump(q[left], counts[left]) is None
    assert find_jump(0.0003 * np.arange(left.sum()), counts[left]) is not None
