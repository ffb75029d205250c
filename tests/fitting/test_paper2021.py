"""The 2021 program's objective against residuals written down anew, with SciPy's own filter."""

from __future__ import annotations

import math

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.signal import savgol_filter

from slxrd.data.regions import Region, select_points
from slxrd.errors import SlxrdError
from slxrd.fitting.objective.paper2021 import derivative_filter
from slxrd.fitting.objective.residuals import Objective
from slxrd.fitting.objective.settings import Settings
from slxrd.instrument.diffractometer import Instrument
from slxrd.model.intensity import Model
from slxrd.model.simulation import simulate
from slxrd.sample.stack import Stack

FloatArray = NDArray[np.float64]

TRUTH = {"d": 5.84, "L": 36.9, "sigma_L": 1.43, "N": 13.0, "sigma_N": 1.55, "q_zero": 0.0}
AWAY = {"d": 5.83, "L": 37.2, "sigma_L": 1.2, "N": 12.6, "sigma_N": 1.7, "q_zero": 0.001}
REGIONS = [Region(0.94, 1.22), Region(2.0, 2.3, 0.1)]
PATTERN = simulate(np.arange(0.9, 2.4, 0.002), TRUTH, noise=0.02, seed=3)


def objective(sigma_G: float = 0.007, regions: list[Region] | None = None) -> Objective:
    model = Model(Stack(40, 3.0), Instrument(sigma_G))
    return Objective(model, select_points(PATTERN, regions or REGIONS), Settings("paper2021"))


def corrected_s9(q: FloatArray, n: int, values: dict[str, float], C: int = 20) -> FloatArray:
    """SI Eqs. S3 to S9 for one size, e^{2ξ}T² for the misprint, with 2C = 40 crystals."""
    d = values["d"]
    F = (1 - np.exp(1j * n * d * q)) / (1 - np.exp(1j * d * q))
    T = np.exp(1j * (n - 1) * d * q)
    phi = T * np.conj(F)
    xi = 1j * q * values["L"] - 0.5 * (q * values["sigma_L"]) ** 2
    x = np.exp(2 * xi) * T**2
    series = (C - (C + 1) * x + x ** (C + 1)) / (1 - x) ** 2 - C
    near = 2 * C * (np.abs(F) ** 2 + (np.exp(xi) * phi * F).real)
    return near + 2 * (phi * F * (np.exp(-xi) / T**2 + 2 / T + np.exp(xi)) * series).real


def intensity(q: FloatArray, values: dict[str, float]) -> FloatArray:
    sizes = np.arange(
        math.floor(values["N"] - 3 * values["sigma_N"]), math.ceil(values["N"] + 3 * values["sigma_N"])
    )
    p = np.exp(-0.5 * ((sizes - values["N"]) / values["sigma_N"]) ** 2)
    q = q + values["q_zero"]
    return sum(w * corrected_s9(q, int(n), values) for n, w in zip(sizes, p / p.sum(), strict=True))


def published(values: dict[str, float]) -> FloatArray:
    """Differences of intensities, then of slopes, each over its own maximum, times the weight."""
    parts = []
    for region in REGIONS:
        inside = (PATTERN.q >= region.low) & (PATTERN.q <= region.high)
        data, model = PATTERN.intensity[inside], intensity(PATTERN.q[inside], values)
        data, model = data / data.max(), model / model.max()
        rise, climb = (savgol_filter(y, 15, 3, deriv=1) for y in (data, model))
        parts += [region.weight * (data - model), region.weight * (rise / rise.max() - climb / climb.max())]
    return np.concatenate(parts)


@pytest.mark.parametrize("values", [TRUTH, AWAY], ids=["truth", "away"])
def test_residuals_of_the_2021_program(values: dict[str, float]) -> None:
    """Without resolution, whose convolution over the measured points only is not repeated here.

    The paper's ⌊N−3σ_N⌋ counts one size more below than our window, with 1 % of the mean size's share.
    """
    residual = objective(0.0).evaluate(values).residual
    expected = published(values)
    assert residual.shape == expected.shape
    assert np.abs(expected).max() > 0.01
    np.testing.assert_allclose(residual, expected, rtol=0.0, atol=0.01 * np.abs(expected).max())


def test_to_the_last_digit_with_the_same_sizes() -> None:
    """At N = 13, σ_N = 1.5 the paper counts 8 to 17; with 8 left out both hold the same."""
    values = {**AWAY, "N": 13.0, "sigma_N": 1.5}
    q = PATTERN.q[(PATTERN.q >= 0.94) & (PATTERN.q <= 1.22)]
    sizes = np.arange(9, 18)
    p = np.exp(-0.5 * ((sizes - 13.0) / 1.5) ** 2)
    own = sum(w * corrected_s9(q + 0.001, int(n), values) for n, w in zip(sizes, p / p.sum(), strict=True))
    data = PATTERN.intensity[(PATTERN.q >= 0.94) & (PATTERN.q <= 1.22)]
    rise, climb = savgol_filter(data, 15, 3, deriv=1), savgol_filter(own, 15, 3, deriv=1)
    expected = np.concatenate([data / data.max() - own / own.max(), rise / rise.max() - climb / climb.max()])
    residual = objective(0.0, REGIONS[:1]).evaluate(values).residual
    np.testing.assert_allclose(residual, expected, rtol=0.0, atol=1e-10)


def test_with_resolution_the_same_of_the_smeared_model() -> None:
    tested = objective()
    expected = []
    for points in tested.data:
        model = tested.model.intensity(points.q, AWAY)
        rise, climb = (savgol_filter(y, 15, 3, deriv=1) for y in (points.intensity, model))
        expected.append(
            points.region.weight * (points.intensity / points.intensity.max() - model / model.max())
        )
        expected.append(points.region.weight * (rise / rise.max() - climb / climb.max()))
    np.testing.assert_allclose(tested.evaluate(AWAY).residual, np.concatenate(expected), rtol=0.0, atol=1e-12)


def test_sigma_plays_no_part() -> None:
    wider = Objective(objective().model, select_points(PATTERN, REGIONS, 0.5), Settings("paper2021"))
    np.testing.assert_array_equal(wider.evaluate(AWAY).residual, objective().evaluate(AWAY).residual)


@pytest.mark.parametrize("n", [15, 16, 50])
def test_the_filter_is_scipys(n: int) -> None:
    q = np.linspace(1.0, 1.1, n)
    points = select_points(simulate(q, TRUTH, noise=0.02, seed=n), [Region(0.9, 1.2)])[0]
    D = derivative_filter(points, 15, 3)
    y = np.random.default_rng(n).normal(size=n)
    np.testing.assert_allclose(D @ y, savgol_filter(y, 15, 3, deriv=1), atol=1e-12)
    # Exact for cubics: the slope of x³ at point i is 3i².
    x = np.arange(float(n))
    np.testing.assert_allclose(D @ x**3, 3.0 * x**2, atol=1e-8 * n**3)


def test_too_few_points_for_the_filter() -> None:
    with pytest.raises(SlxrdError, match="at least 15 points in a region"):
        objective(regions=[Region(1.0, 1.0275)])
