"""Noise of points that were smoothed or interpolated, simulated with filters that are written out here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from films_on_substrates import counted, planes, rod
from scipy.interpolate import CubicSpline
from scipy.signal import savgol_coeffs

import slxrd
from slxrd.data.regions import Region
from slxrd.fitting.assessment.correlated_noise import draw_noise, find_correlation
from slxrd.fitting.assessment.kernels import POLYNOMIALS, _cubic_spline, _savitzky_golay, kernels
from slxrd.fitting.assessment.scatter import measured_noise
from slxrd.fitting.examples import EXAMPLES
from slxrd.fitting.objective.evaluation import Fitted
from slxrd.units import FloatArray

CUBES = EXAMPLES["cspbbr3-cubes"]


def boxcar(values: FloatArray, points: int) -> FloatArray:
    sums = np.cumsum(np.concatenate(([0.0], values)))
    return (sums[points:] - sums[:-points]) / points


def quadratic(values: FloatArray, half: int) -> FloatArray:
    """Value in the middle of a parabola through 2·half + 1 points, by least squares at every place."""
    x = np.arange(-half, half + 1.0)
    middle = np.linalg.pinv(np.vander(x, 3))[2]
    return np.convolve(values, middle[::-1], "valid")


def finer(values: FloatArray, factor: float) -> FloatArray:
    return np.interp(np.arange(0.0, values.size - 1.0, 1.0 / factor), np.arange(values.size), values)


FILTERS: dict[str, tuple[Callable[[FloatArray], FloatArray], float]] = {
    "boxcar 3": (lambda y: boxcar(y, 3), 3.0),
    "boxcar 5": (lambda y: boxcar(y, 5), 5.0),
    "parabola 5": (lambda y: quadratic(y, 2), 35.0 / 17.0),
    "parabola 7": (lambda y: quadratic(y, 3), 3.0),
    "finer 3": (lambda y: finer(y, 3.0), 4.5),
}


def found(noise: FloatArray) -> object:
    return find_correlation([noise], [np.zeros_like(noise)])


@pytest.mark.parametrize("name", FILTERS)
def test_filters_are_found_with_their_correlation_time(name: str) -> None:
    change, time = FILTERS[name]
    for seed in range(5):
        noise = change(np.random.default_rng(seed).normal(size=400))
        correlation = find_correlation([noise], [np.zeros_like(noise)])
        assert correlation is not None
        assert correlation.time == pytest.approx(time, rel=0.35)
        assert "not independent" in correlation.text


@pytest.mark.parametrize("size", [36, 45, 60, 100, 200])
def test_independent_points_are_left_alone(size: int) -> None:
    """A false alarm in fewer than 1 of 1000; none of 200 is expected."""
    random = np.random.default_rng(size)
    assert not any(found(random.normal(size=size)) for _ in range(200))


def test_counts_over_four_decades_are_left_alone() -> None:
    random = np.random.default_rng(4)
    q = np.geomspace(0.5, 2.5, 400)  # uneven steps
    mean = 0.2 + 2e3 * np.exp(-0.5 * ((q - 1.2) / 0.08) ** 2) * (1.2 + np.cos(107.0 * q))
    for _ in range(50):
        counts = random.poisson(mean).astype(float)
        sigma = np.sqrt(np.maximum(mean, 1.0))
        assert find_correlation([(counts - mean) / sigma], [mean / sigma], [counts]) is None


def test_errors_of_the_model_are_no_correlation_of_the_noise() -> None:
    """Fringes of six points each that are 5 % too weak in the model."""
    random = np.random.default_rng(5)
    curve = 50.0 * (1.0 + np.cos(2.0 * np.pi * np.arange(300) / 6.0))
    for _ in range(20):
        assert find_correlation([0.05 * curve + random.normal(size=300)], [curve]) is None


@pytest.mark.slow
def test_fringes_that_the_model_lacks_are_no_smoothed_noise() -> None:
    """A film fitted to counts of a superlattice: noise of ten times √n would be needed."""
    q = np.arange(4.21, 4.51, 0.0006)
    layers = [(131, 1.4135, 1.0), (72, 1.4135, 1.0), (50, 1.455, 1.1)] * 4
    amplitude = planes(q, layers) + rod(q, 1.4135, 3.0)
    measured = counted(q, np.abs(amplitude) ** 2, 2e6, 0.3, 1, 0.0003)
    fit = slxrd.fit(
        slxrd.Pattern(q, measured.intensity, per_count=1.0, source="simulated"),
        coherent=1, substrate=1.4135, mask=[(4.437, 4.453)], regions=[(4.215, 4.505)], resolution=0.0003,
        systematics="none", budget=5.0,
    )  # fmt: skip
    assert fit.assessment is not None
    assert fit.assessment.rejected
    assert fit.derived["thickness"].error is None


@pytest.mark.slow
def test_correlation_times_are_those_of_the_spectrum_at_frequency_zero() -> None:
    """The variance of a mean over many points is the correlation time times that of independent points."""
    random = np.random.default_rng(6)
    for kernel in kernels():
        if kernel.time > 6.0:
            continue
        means = draw_noise(kernel.autocorrelation, (1000, 400), random).mean(axis=1)
        assert np.var(means) * 400.0 == pytest.approx(kernel.time, rel=0.2), kernel.name


def smoothed(seed: int, points: int) -> slxrd.Pattern:
    how = CUBES.settings
    q = np.arange(round((how["high"] - how["low"]) / how["step"]) + 1) * how["step"] + how["low"]
    pattern = slxrd.simulate(q, CUBES.truth, peak=how["peak"], noise="counting", seed=seed)
    padded = np.pad(pattern.intensity, points // 2, mode="edge")
    return replace(pattern, intensity=boxcar(padded, points))


@pytest.mark.slow
def test_a_fit_of_smoothed_data_states_it_and_covers_the_truth() -> None:
    """Reported as not independent, not rejected, with errors at least those of the original points."""
    covered = []
    for seed in range(2):
        fit = slxrd.fit(smoothed(seed, 5), **CUBES.options)
        assert fit.assessment is not None
        assert fit.assessment.grade == "systematic"
        assert fit.assessment.noise_time == pytest.approx(5.0, rel=0.2)
        assert fit.assessment.reasons[0].startswith("neighbouring points are not independent")
        covered += [
            any(low <= CUBES.truth[name] <= high for low, high in fit.parameters[name].interval_95)
            for name in ("d", "L", "sigma_L", "N")
        ]
    assert np.mean(covered) > 0.8


@pytest.mark.parametrize("mean", [10.0, 100.0])
@pytest.mark.parametrize("factor", [0.5, 1.0, 2.0])
def test_a_known_sigma_that_is_wrong_by_two_is_found(mean: float, factor: float) -> None:
    random = np.random.default_rng(7)
    q = np.linspace(0.5, 1.0, 175)
    curve = mean * np.exp(np.sin(20.0 * np.pi * q))
    kept, ratios = [], []
    for _ in range(40):
        counts = random.poisson(curve).astype(float)
        sigma = factor * np.sqrt(np.maximum(counts, 1.0))
        region = Fitted(Region(0.5, 1.0), q, counts, sigma, curve, (counts - curve) / sigma, 1.0, ())
        noise = measured_noise(region, sigma, known=True)
        kept.append(noise.kept)
        ratios.append(noise.ratio)
    assert np.median(ratios) == pytest.approx(1.0 / factor, rel=0.25)
    assert np.mean(kept) == 1.0 if factor == 1.0 else np.mean(kept) < 0.1


def test_the_filters_are_those_of_scipy() -> None:
    """The spline of SciPy ends after 12 points on either side."""
    x, knots = np.arange(-480, 481) / 40.0, np.arange(-12.0, 13.0)
    found = _cubic_spline(x)
    assert found == pytest.approx(CubicSpline(knots, (knots == 0.0).astype(float))(x), abs=2e-6)
    for points, order in POLYNOMIALS:
        assert _savitzky_golay(points, order) == pytest.approx(savgol_coeffs(points, order), abs=1e-12)
