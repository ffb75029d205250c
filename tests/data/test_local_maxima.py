"""Local maxima and their prominences are those that SciPy finds."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.signal import find_peaks, peak_prominences

from slxrd._local_maxima import local_maxima, prominences, prominent_maxima
from slxrd.units import FloatArray

#: Few different values, so that there are flat maxima, equal heights and equal bases.
STEPPED = arrays(np.float64, st.integers(0, 60), elements=st.integers(-4, 4).map(float))
SMOOTH = arrays(np.float64, st.integers(0, 60), elements=st.floats(-1e6, 1e6))


@pytest.mark.slow
@settings(deadline=None, max_examples=200)
@given(STEPPED | SMOOTH)
def test_all_maxima_and_prominences(curve: FloatArray) -> None:
    tops = local_maxima(curve)
    np.testing.assert_array_equal(tops, find_peaks(curve)[0])
    heights, left, right = peak_prominences(curve, tops)
    found = prominences(curve, tops)
    np.testing.assert_array_equal(found.heights, heights)
    np.testing.assert_array_equal(found.left, left)
    np.testing.assert_array_equal(found.right, right)


@pytest.mark.slow
@settings(deadline=None, max_examples=200)
@given(STEPPED, st.integers(0, 5))
def test_the_prominent_maxima(curve: FloatArray, least: int) -> None:
    tops, heights = prominent_maxima(curve, float(least))
    expected, facts = find_peaks(curve, prominence=float(least))
    np.testing.assert_array_equal(tops, expected)
    np.testing.assert_array_equal(heights, facts["prominences"])


@pytest.mark.parametrize("end", [np.inf, -np.inf])
def test_infinite_ends(end: float) -> None:
    curve = np.array([end, 1.0, 3.0, 2.0, 5.0, 0.0, end])
    assert prominent_maxima(curve, 1.5)[0].tolist() == find_peaks(curve, prominence=1.5)[0].tolist() == [4]
