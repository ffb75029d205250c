"""The auxiliary grid: a normalised Gaussian at every point, and the same one whatever the region."""

from __future__ import annotations

import math

import numpy as np
import pytest

from slxrd.errors import SlxrdError
from slxrd.instrument.diffractometer import Band, Instrument
from slxrd.model.intensity import apply_resolution

Q = np.linspace(0.8, 1.3, 101)


def sampled(band: Band, i: int) -> tuple[np.ndarray, np.ndarray]:
    """Grid points and weights that make point i."""
    first = int(band.first[i])
    return band.q[first : first + band.weights.shape[1]], band.weights[i]


@pytest.mark.parametrize("correlated", [10.0, 500.0, 5000.0])
@pytest.mark.parametrize("sigma_G", [0.0005, 0.007, 0.05])
def test_moments_of_the_resolution(sigma_G: float, correlated: float) -> None:
    """Area 1, mean q, variance σ_G², fourth moment 3σ_G⁴, as a Gaussian has."""
    band = Instrument(sigma_G).band(Q, correlated)
    assert band.weights.shape[0] == Q.size
    for i in (0, 1, 50, 100):
        t, w = sampled(band, i)
        assert t.size == w.size
        assert w.sum() == pytest.approx(1.0, abs=1e-10)
        assert w @ (t - Q[i]) == pytest.approx(0.0, abs=1e-9 * sigma_G)
        assert w @ (t - Q[i]) ** 2 == pytest.approx(sigma_G**2, rel=1e-8)
        assert w @ (t - Q[i]) ** 4 == pytest.approx(3.0 * sigma_G**4, rel=1e-6)


@pytest.mark.parametrize("distance", [0.0, 30.0, 300.0, 1000.0])
def test_a_fringe_loses_its_contrast_as_it_must(distance: float) -> None:
    """∫ cos(t·r) G(q−t) dt = cos(q·r)·exp(−½σ_G²r²)."""
    sigma_G = 0.007
    band = Instrument(sigma_G).band(Q, 1000.0)
    smeared = apply_resolution(band, np.array([np.cos(band.q * distance), np.sin(band.q * distance)]))
    contrast = math.exp(-0.5 * (sigma_G * distance) ** 2)
    np.testing.assert_allclose(smeared[0], contrast * np.cos(Q * distance), atol=1e-10)
    np.testing.assert_allclose(smeared[1], contrast * np.sin(Q * distance), atol=1e-10)


def test_a_constant_and_a_slope_stay_what_they_are() -> None:
    band = Instrument(0.007).band(Q, 300.0)
    smeared = apply_resolution(band, np.array([np.full(band.q.size, 3.0), band.q]))
    np.testing.assert_allclose(smeared[0], 3.0, rtol=1e-10)
    np.testing.assert_allclose(smeared[1], Q, rtol=1e-10)


def test_the_grid_does_not_depend_on_the_region() -> None:
    wide, narrow = Instrument(0.007).band(Q, 300.0), Instrument(0.007).band(Q[40:60], 300.0)
    for i in range(20):
        (t, w), (t_alone, w_alone) = sampled(wide, 40 + i), sampled(narrow, i)
        np.testing.assert_array_equal(t, t_alone)
        np.testing.assert_array_equal(w, w_alone)


def test_points_need_not_be_evenly_spaced() -> None:
    q = np.sort(np.random.default_rng(5).uniform(0.8, 1.3, 40))
    band = Instrument(0.01).band(q, 200.0)
    smeared = apply_resolution(band, np.cos(band.q * 50.0)[None, :])[0]
    np.testing.assert_allclose(smeared, math.exp(-0.125) * np.cos(q * 50.0), atol=1e-10)


def test_around_zero() -> None:
    q = np.linspace(0.0, 0.05, 11)
    band = Instrument(0.007).band(q, 300.0)
    assert band.q[0] < -6.0 * 0.007
    np.testing.assert_allclose(apply_resolution(band, (band.q**2)[None, :])[0], q**2 + 0.007**2, rtol=1e-8)


def test_no_resolution_at_all() -> None:
    instrument = Instrument(0.0)
    assert math.isinf(instrument.longest_fringe(Q))
    band = instrument.band(Q, 1e9)
    rows = np.arange(2.0 * Q.size).reshape(2, -1)
    assert band.q.tolist() == Q.tolist()
    assert apply_resolution(band, rows).tolist() == rows.tolist()


def test_one_point() -> None:
    band = Instrument(0.007).band(np.array([1.0]), 100.0)
    assert apply_resolution(band, band.q[None, :])[0].tolist() == pytest.approx([1.0], rel=1e-10)


def test_the_longest_fringe_is_one_that_is_not_seen() -> None:
    longest = Instrument(0.007).longest_fringe(Q)
    assert math.exp(-0.5 * (0.007 * longest) ** 2) < 1e-10


@pytest.mark.parametrize("sigma_G", [-0.001, math.nan, math.inf])
def test_resolutions_refused(sigma_G: float) -> None:
    with pytest.raises(SlxrdError, match="σ_G must be 0 or more"):
        Instrument(sigma_G)


@pytest.mark.parametrize(("sigma_G", "correlated"), [(1e-9, 100.0), (0.007, 1e8)])
def test_absurd_grids_refused(sigma_G: float, correlated: float) -> None:
    with pytest.raises(SlxrdError, match="auxiliary points; use 0 for no smearing"):
        Instrument(sigma_G).band(Q, correlated)
