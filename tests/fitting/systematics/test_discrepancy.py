"""Model discrepancy: the restricted likelihood against dense matrices, and recovery of what was simulated."""

import math
from dataclasses import replace
from functools import partial

import numpy as np
import pytest
from scipy.linalg import block_diag, null_space

from slxrd.errors import SlxrdError
from slxrd.fitting.systematics.discrepancy import RegionResiduals, estimate_discrepancy
from slxrd.fitting.systematics.restricted_likelihood import RestrictedLikelihood, WhitenedRegion


def covariance(q, curve, a, b, length):
    """Dense covariance of a discrepancy."""
    amplitudes = a**2 * np.outer(curve, curve) + b**2 * curve.max() ** 2
    return amplitudes * np.exp(-0.5 * ((q[:, None] - q) / length) ** 2)


def region(seed, n=150, a=0.0, b=0.0, length=0.03, counts=1e4, noise=1.0, rows=0, slopes=5):
    """Noise of counting and a discrepancy on a peak with fringes; a fit changes the columns' part only."""
    rng = np.random.default_rng(seed)
    q = np.linspace(1.0, 1.6, n)
    curve = counts * (np.exp(-0.5 * ((q - 1.3) / 0.1) ** 2) * (1.2 + np.cos(100.0 * q)) + 0.01)
    sigma = np.sqrt(np.maximum(curve, 1.0))
    difference = noise * sigma * rng.standard_normal(n)
    if a or b:
        dense = covariance(q, curve, a, b, length)
        difference += np.linalg.cholesky(dense + 1e-9 * np.diag(np.diag(dense))) @ rng.standard_normal(n)
    known = np.array([0.02 * curve * np.sin(9.0 * (k + 1) * q) for k in range(rows)]).reshape(rows, n)
    difference += rng.standard_normal(rows) @ known
    shapes = np.column_stack([curve * np.sin(20.0 * (k + 1) * (q - 1.3)) for k in range(slopes)])
    linear = np.column_stack([curve, np.ones(n), q])
    return RegionResiduals(q, difference, sigma, curve, shapes, linear, known)


def over_sigma(r):
    over = 1.0 / r.sigma
    return WhitenedRegion(
        r.q, r.difference * over, r.curve * over, r.curve.max() * over, r.slopes * over[:, None],
        r.linear * over[:, None], r.known * over,
    )  # fmt: skip


def contrasts_of(regions):
    """Orthonormal contrasts that no column changes."""
    parts = [over_sigma(r) for r in regions]
    X = np.hstack([np.vstack([p.slopes for p in parts]), block_diag(*[p.linear for p in parts])])
    return null_space((X / np.linalg.norm(X, axis=0)).T)


def dense_likelihood(regions, contrasts, a, b, length, s):
    """Minus the logarithm of the density of the contrasts."""
    parts = [over_sigma(r) for r in regions]
    blocks = [
        s**2 * np.eye(p.q.size)
        + p.known.T @ p.known
        + (a**2 * np.outer(p.curve, p.curve) + b**2 * np.outer(p.flat, p.flat))
        * np.exp(-0.5 * ((p.q[:, None] - p.q) / length) ** 2)
        for p in parts
    ]
    C = block_diag(*blocks)
    y = contrasts.T @ np.concatenate([p.residual for p in parts])
    K = contrasts.T @ C @ contrasts
    return 0.5 * np.linalg.slogdet(K)[1] + 0.5 * y @ np.linalg.solve(K, y)


@pytest.mark.parametrize("length", [0.012, 0.03, 0.2, 0.6])
@pytest.mark.parametrize(("a", "b", "s"), [(0.03, 0.002, 1.0), (0.1, 0.01, 1.3), (1e-4, 1e-5, 0.9)])
def test_the_restricted_likelihood_is_that_of_dense_matrices(length, a, b, s):
    regions = [region(1, 150, 0.03, 0.002, rows=2), region(2, 120, 0.03, 0.002)]
    likelihood = RestrictedLikelihood([over_sigma(r) for r in regions], 0.01)
    value, gradient = likelihood.at(length)(a, b, s)
    dense = partial(dense_likelihood, regions, contrasts_of(regions))
    assert value == pytest.approx(dense(a, b, length, s), abs=1e-6)
    for k, step in enumerate(1e-4 * np.eye(3)):
        ends = [
            dense(*(np.array([a, b]) * np.exp(sign * step[:2])), length, s * math.exp(sign * step[2]))
            for sign in (1.0, -1.0)
        ]
        assert gradient[k] == pytest.approx((ends[0] - ends[1]) / 2e-4, rel=1e-5, abs=1e-4)
    assert likelihood.without(0.0, 0.0, s)[0] == pytest.approx(dense(0.0, 0.0, 1.0, s), abs=1e-6)


@pytest.mark.slow
def test_more_points_than_coordinates_give_the_same_likelihood():
    regions = [region(3, 900, 0.03, 0.002, rows=1)]
    likelihood = RestrictedLikelihood([over_sigma(r) for r in regions], 0.02)
    value, _ = likelihood.at(0.05)(0.03, 0.002, 1.1)
    assert value == pytest.approx(
        dense_likelihood(regions, contrasts_of(regions), 0.03, 0.002, 0.05, 1.1), abs=1e-6
    )


@pytest.mark.slow
@pytest.mark.parametrize("counts", [1e2, 1e6])
def test_white_residuals_have_no_discrepancy(counts):
    assert all(estimate_discrepancy([region(seed, counts=counts)]) is None for seed in range(20, 24))


@pytest.mark.slow
def test_a_noise_that_was_given_too_small_is_no_discrepancy():
    assert estimate_discrepancy([region(31, noise=2.0), region(32, noise=2.0)]) is None


@pytest.mark.slow
def test_amplitude_and_length_are_recovered():
    found = [
        estimate_discrepancy([region(s, 120, 0.05, 0.0), region(100 + s, 120, 0.05, 0.0)]) for s in range(6)
    ]
    for values, true in (
        ([each.relative for each in found], 0.05),
        ([each.length for each in found], 0.03),
        ([each.noise for each in found], 1.0),
    ):
        logarithms = np.log(values) - math.log(true)
        assert abs(logarithms.mean()) < 3.0 * logarithms.std(ddof=1) / math.sqrt(len(found)) + 0.02
        assert logarithms.std(ddof=1) < 0.5


@pytest.mark.slow
def test_rows_are_a_root_of_the_covariance():
    data = region(41, 150, 0.05, 0.003)
    found = estimate_discrepancy([data])
    (rows,) = found.rows
    dense = covariance(data.q, data.curve, found.relative, found.floor, found.length)
    assert rows.shape[0] < 100
    error = (rows.T @ rows - dense) / np.outer(data.sigma, data.sigma)
    assert np.abs(error).max() < 1e-5
    assert found.log_likelihood_gain > 10.0


@pytest.mark.slow
def test_units_and_columns_in_another_form_change_nothing():
    data = region(51, 120, 0.05, 0.003)
    found = estimate_discrepancy([data])
    mixed = np.random.default_rng(0).standard_normal((5, 5))
    other = replace(
        data, difference=1e5 * data.difference, sigma=1e5 * data.sigma, curve=1e5 * data.curve,
        slopes=np.column_stack([data.slopes @ mixed, np.zeros(120)]), linear=1e-3 * data.linear,
    )  # fmt: skip
    again = estimate_discrepancy([other])
    for name in ("relative", "floor", "length", "noise", "log_likelihood_gain"):
        assert getattr(again, name) == pytest.approx(getattr(found, name), rel=1e-3, abs=1e-6)


@pytest.mark.slow
def test_columns_nearly_parallel_to_the_discrepancy():
    data = region(61, 150, 0.05, 0.0, length=0.1)
    root = np.linalg.eigh(covariance(data.q, data.curve, 1.0, 0.0, 0.1))[1][:, -6:] * data.curve.mean()
    twice = np.column_stack([root, root + 1e-8 * data.slopes[:, [0, 1, 2, 3, 4, 0]]])
    found = estimate_discrepancy([replace(data, slopes=twice)])
    assert found is None or np.isfinite(found.log_likelihood_gain)
    likelihood = RestrictedLikelihood([over_sigma(replace(data, slopes=root))], 0.02)
    value, _ = likelihood.at(0.1)(0.3, 0.01, 1.0)
    plain = [replace(data, slopes=root)]
    expected = dense_likelihood(plain, contrasts_of(plain), 0.3, 0.01, 0.1, 1.0)
    assert value == pytest.approx(expected, abs=1e-6)


@pytest.mark.slow
def test_a_curve_over_five_decades():
    data = region(71, 150)
    curve = 1e7 * 10.0 ** (-8.0 * np.abs(data.q - 1.3) / 0.5)
    sigma = np.sqrt(np.maximum(curve, 1.0))
    rng = np.random.default_rng(7)
    smooth = 0.05 * np.sin(90.0 * data.q) + 0.05 * np.cos(55.0 * data.q)
    difference = curve * smooth + sigma * rng.standard_normal(150)
    linear = np.column_stack([curve, np.ones(150)])
    found = estimate_discrepancy(
        [replace(data, difference=difference, sigma=sigma, curve=curve, linear=linear)]
    )
    assert 0.01 < found.relative < 0.3
    assert found.floor < 1e-4
    assert 0.7 < found.noise < 1.4


def test_too_few_points_or_no_curve_give_none():
    data = region(81, 9)
    assert estimate_discrepancy([data]) is None
    assert estimate_discrepancy([]) is None
    data = region(81, 60)
    assert estimate_discrepancy([replace(data, curve=np.zeros(60))]) is None


@pytest.mark.parametrize(("name", "value"), [("difference", np.nan), ("sigma", 0.0), ("known", np.inf)])
def test_values_that_are_not_finite_are_rejected(name, value):
    data = region(91, 60, rows=1)
    wrong = getattr(data, name).copy()
    wrong[..., 5] = value
    with pytest.raises(SlxrdError, match="mask such points"):
        estimate_discrepancy([replace(data, **{name: wrong})])
