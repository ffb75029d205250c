"""The discrete size distribution: SI Eq. S2, over whole planes."""

from __future__ import annotations

import math

import numpy as np
import pytest
import reference
from hypothesis import given, settings
from hypothesis import strategies as st
from reference import Sample

import slxrd
from slxrd.errors import SlxrdError
from slxrd.fitting.result.derived import with_derived
from slxrd.model.sizes import SizeWeights, moment_slopes, size_moments, size_weights
from slxrd.sample.stack import Stack

CASES = [(13.0, 1.55), (3.98, 0.817), (1.2, 0.5), (1.0, 4.0), (40.3, 6.0), (12.5, 0.2), (1.0, 0.3)]


def assert_sane(w: SizeWeights) -> None:
    assert w.sizes.dtype == np.int64
    assert w.sizes.size >= 1
    assert w.sizes[0] >= 1
    np.testing.assert_array_equal(np.diff(w.sizes), 1)
    for a in (w.weights, w.d_N, w.d_sigma_N):
        assert a.dtype == np.float64
        assert a.shape == w.sizes.shape
        assert np.all(np.isfinite(a))
    assert np.all(w.weights >= 0.0)
    assert w.weights.sum() == pytest.approx(1.0, abs=1e-14)
    for a in (w.d_N, w.d_sigma_N):
        assert a.sum() == pytest.approx(0.0, abs=1e-12 * max(1.0, np.abs(a).max()))


@pytest.mark.parametrize("window", [5.0, 3.0])
@pytest.mark.parametrize(("N", "sigma_N"), CASES)
def test_values_and_derivatives(N: float, sigma_N: float, window: float) -> None:
    w = size_weights(N, sigma_N, window)
    assert_sane(w)
    p, p_N, p_sigma_N = reference.weights(Sample(N=N, sigma_N=sigma_N, sizes=tuple(map(int, w.sizes))))
    np.testing.assert_allclose(w.weights, p, rtol=1e-12, atol=1e-15)
    np.testing.assert_allclose(w.d_N, p_N, rtol=1e-12, atol=1e-12 / sigma_N)
    np.testing.assert_allclose(w.d_sigma_N, p_sigma_N, rtol=1e-12, atol=1e-12 / sigma_N)


@pytest.mark.parametrize(("N", "sigma_N"), [(13.01, 1.55), (4.02, 0.817), (1.2, 0.5), (1.1, 1.01)])
def test_derivatives_are_those_of_the_function_itself(N: float, sigma_N: float) -> None:
    h = 1e-5
    w = size_weights(N, sigma_N)
    for d_N, d_sigma_N, slope in ((h, 0.0, w.d_N), (0.0, h, w.d_sigma_N)):
        up, down = size_weights(N + d_N, sigma_N + d_sigma_N), size_weights(N - d_N, sigma_N - d_sigma_N)
        np.testing.assert_array_equal(up.sizes, down.sizes)
        np.testing.assert_allclose(slope, (up.weights - down.weights) / (2 * h), atol=1e-8)


def test_the_window_reaches_as_far_as_it_says() -> None:
    for window in (3.0, 5.0):
        sizes = size_weights(20.0, 1.5, window).sizes
        assert set(range(int(np.ceil(20 - 1.5 * window)), int(20 + 1.5 * window) + 1)) <= set(sizes.tolist())
        assert np.all(np.abs(sizes - 20.0) <= 1.5 * window + 1.0)


def test_a_wider_window_changes_little() -> None:
    wide, narrow = size_weights(13.2, 1.55), size_weights(13.2, 1.55, 3.0)
    assert set(narrow.sizes.tolist()) < set(wide.sizes.tolist())
    shared = wide.weights[np.isin(wide.sizes, narrow.sizes)]
    np.testing.assert_allclose(shared / shared.sum(), narrow.weights, rtol=1e-13)
    assert 0.0 < 1.0 - shared.sum() < 5e-3


def test_the_wide_window_is_smooth_where_the_papers_jumps() -> None:
    """A size that enters the sum must bring next to nothing: at 5σ its weight is 4e-6, at 3σ 1e-2."""

    def largest_jump(window: float) -> float:
        N = 13.0 + np.arange(0.0, 1.0, 1e-3)
        means = [float(np.sum(w.sizes * w.weights)) for w in (size_weights(n, 1.55, window) for n in N)]
        steps = np.diff(means)
        return float(np.max(np.abs(steps - np.median(steps))))

    assert largest_jump(5.0) < 5e-5
    assert largest_jump(3.0) > 5e-3


@pytest.mark.parametrize("sigma_N", [0.0, 1e-300, 1e-160, 1e-12, 1e-3, 0.02])
@pytest.mark.parametrize("N", [1.0, 1.2, 4.0, 12.7, 13.3])
def test_a_vanishing_width_leaves_the_nearest_size(N: float, sigma_N: float) -> None:
    w = size_weights(N, sigma_N)
    assert_sane(w)
    nearest = w.weights[w.sizes == round(N)]
    assert nearest.size == 1
    assert nearest[0] == pytest.approx(1.0, abs=1e-12)
    np.testing.assert_allclose(w.d_N, 0.0, atol=1e-12)
    np.testing.assert_allclose(w.d_sigma_N, 0.0, atol=1e-12)


@pytest.mark.parametrize("sigma_N", [0.0, 1e-12, 1e-3, 0.02, 0.09])
@pytest.mark.parametrize("N", [1.5, 12.5, 13.5])
def test_halfway_between_two_sizes_both_count_alike(N: float, sigma_N: float) -> None:
    """A tie must not be decided by rounding: half and half is the limit for σ_N → 0."""
    w = size_weights(N, sigma_N)
    assert_sane(w)
    assert float(np.sum(w.sizes * w.weights)) == pytest.approx(N, abs=1e-12)


@pytest.mark.parametrize("sigma_N", [0.0, 1e-6, 0.1])
def test_one_plane_is_the_smallest_crystal(sigma_N: float) -> None:
    w = size_weights(1.0, sigma_N)
    assert_sane(w)
    assert w.weights[w.sizes == 1] == pytest.approx([1.0], abs=1e-12)


@pytest.mark.parametrize(
    ("N", "sigma_N"),
    [(0.99, 1.0), (0.0, 1.0), (-3.0, 1.0), (np.nan, 1.0), (np.inf, 1.0), (13.0, -1e-9), (13.0, np.nan)],
)
def test_what_cannot_be_is_refused(N: float, sigma_N: float) -> None:
    with pytest.raises(SlxrdError, match="N ="):
        size_weights(N, sigma_N)


@pytest.mark.slow
@given(st.floats(1.0, 200.0), st.one_of(st.just(0.0), st.floats(0.0, 20.0)), st.floats(1.0, 8.0))
@settings(max_examples=300, deadline=None, derandomize=True, database=None)
def test_always_finite_and_normalised(N: float, sigma_N: float, window: float) -> None:
    assert_sane(size_weights(N, sigma_N, window))


def test_frozen() -> None:
    w = size_weights(13.0, 1.55)
    with pytest.raises(AttributeError):
        w.sizes = np.array([1])  # type: ignore[misc]


@pytest.mark.parametrize("closing", ["CsBr", "PbBr2"])
@pytest.mark.parametrize(
    ("N", "sigma_N"), [(2.8, 0.3), (2.5, 0.2), (13.0, 1.5), (2.0, 1.4), (1.3, 0.9), (4.0, 0.0)]
)
def test_what_a_microscope_counts(N: float, sigma_N: float, closing: str) -> None:
    """Mean and standard deviation of the sizes by an ordinary sum, and their slopes by differences."""
    stack = Stack(crystal=slxrd.crystal("CsPbBr3", closing))

    def counted(N: float, sigma_N: float) -> tuple[float, float]:
        shares = {
            n: math.exp(-0.5 * ((n - N) ** 2 - (round(N) - N) ** 2) / max(sigma_N, 1e-4) ** 2)
            for n in range(1, 40)
        }
        total = sum(shares.values())
        mean = sum(n * share for n, share in shares.items()) / total
        return mean, math.sqrt(sum((n - mean) ** 2 * share for n, share in shares.items()) / total)

    mean, spread = size_moments(stack, [7.0, N], [1.0, sigma_N])
    assert (mean[0], spread[0]) == pytest.approx(counted(7.0, 1.0), abs=1e-4)
    assert (mean[1], spread[1]) == pytest.approx(counted(N, sigma_N), abs=1e-4)
    if sigma_N == 0.0:
        return
    slopes = moment_slopes(stack, N, sigma_N)
    h = 1e-5
    for k in (0, 1):
        by_N = (counted(N + h, sigma_N)[k] - counted(N - h, sigma_N)[k]) / (2 * h)
        by_sigma_N = (counted(N, sigma_N + h)[k] - counted(N, sigma_N - h)[k]) / (2 * h)
        assert slopes[k] == pytest.approx({"N": by_N, "sigma_N": by_sigma_N}, abs=2e-3)


def test_thickness_of_few_sizes_is_theirs() -> None:
    """Platelets of N = 2.8, σ_N = 0.3 nearly all have three planes; (N−1)d would be 1.2 Å too thin."""
    stack = Stack(crystal=slxrd.crystal("CsPbBr3", "Br"))
    values = {"d": 6.0, "L": 40.0, "sigma_L": 0.5, "N": 2.8, "sigma_N": 0.3, "q_zero": 0.0}
    columns = with_derived(np.array([[values[name] for name in stack.names]]), stack)
    two, three = math.exp(-0.5 * (0.8 / 0.3) ** 2), math.exp(-0.5 * (0.2 / 0.3) ** 2)
    share = two / (two + three)
    assert columns["thickness_of_atoms"][0] == pytest.approx(6.0 * (3.0 - share), abs=5e-3)
    assert columns["thickness_spread"][0] == pytest.approx(6.0 * math.sqrt(share * (1.0 - share)), abs=2e-2)
    assert columns["free_gap"][0] == pytest.approx(34.0)
