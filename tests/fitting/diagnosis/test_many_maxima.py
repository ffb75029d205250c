"""Patterns with very many maxima: a diagnosis ends in a short time, or states why there is none."""

import numpy as np
import pytest

from slxrd.errors import SlxrdError
from slxrd.fitting.diagnosis.diagnose import _families
from slxrd.fitting.diagnosis.maxima import MOST, Maximum, _falls, find_maxima


def test_columns_that_are_no_pattern_are_refused() -> None:
    q = np.linspace(0.5, 5.0, 4 * (MOST + 2))
    level = np.where(np.arange(q.size) % 4 < 1, 100.0, 1.0) * (1.0 + 0.2 * q)
    with pytest.raises(SlxrdError, match="no diffraction pattern has; check that the right columns"):
        find_maxima(q, level, level)


def test_all_maxima_of_a_comb_are_found() -> None:
    q = np.linspace(0.5, 5.0, 9000)
    level = 50.0 * (1.0 + np.cos(2.0 * np.pi * np.arange(q.size) / 30.0)) + 10.0 * q
    found = find_maxima(q, level, level)
    assert len(found) == pytest.approx(300, abs=1)
    assert np.diff([each.q for each in found]) == pytest.approx(30 * (q[1] - q[0]), rel=0.02)


def test_how_far_a_curve_falls_between_points() -> None:
    curve = np.random.default_rng(1).normal(size=300).cumsum()
    points = np.array([0, 7, 40, 41, 150, 298])
    lowest = np.minimum.reduceat(curve, points)
    for one, at in enumerate(points):
        falls = _falls(curve[points], lowest, one)
        for fall, other in zip(falls, points, strict=True):
            low, high = min(at, other), max(at, other)
            expected = min(curve[at], curve[other]) - curve[low : high + 1].min()
            assert max(fall, 0.0) == pytest.approx(expected)


@pytest.mark.slow
def test_a_series_is_found_among_many_faint_maxima() -> None:
    random = np.random.default_rng(2)
    places = [(q, 10.0) for q in random.uniform(0.5, 4.9, 300)] + [
        (1.07 * n, 5000.0 / n) for n in (1, 2, 3, 4)
    ]
    peaks = [Maximum(i, q, 0.01, h, 1.0, h, 0, 0) for i, (q, h) in enumerate(sorted(places))]
    first = max(_families(peaks), key=lambda each: sum(peaks[i].height for i in each.orders))
    assert first.first == pytest.approx(1.07, rel=1e-3)
    assert {n for i, n in first.orders.items() if peaks[i].height > 100.0} == {1, 2, 3, 4}
