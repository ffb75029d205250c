"""Error bars: against explicit least squares, and against the scatter of repeated experiments."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from slxrd.data.regions import Region, RegionData
from slxrd.fitting.minimise.covariance import Covariance, covariance
from slxrd.fitting.minimise.least_squares import Minimum, minimise
from slxrd.fitting.objective.residuals import Objective
from slxrd.fitting.objective.settings import Settings
from slxrd.instrument.diffractometer import Instrument
from slxrd.model.intensity import Model
from slxrd.parameters.parameter_set import Parameters
from slxrd.sample.stack import Stack

FloatArray = NDArray[np.float64]

TRUTH = {"d": 5.84, "L": 36.9, "sigma_L": 1.43, "N": 13.0, "sigma_N": 1.55, "q_zero": 0.0}
STEPS = {"d": 1e-5, "L": 1e-4, "sigma_L": 1e-4, "N": 1e-4, "sigma_N": 1e-4, "q_zero": 1e-6}
MODEL = Model(Stack(), Instrument(0.0))
START = Parameters().start(**TRUTH).release("q_zero")
RANGES = ((0.9, 1.25, 0.005), (2.0, 2.3, 0.005))


def experiment(
    weight: float = 1.0, noise: float = 0.02, background: float = 0.2, rng: np.random.Generator | None = None
) -> list[RegionData]:
    """Two Bragg peaks of height 1 over a background; noisy if there is a generator."""
    data = []
    for (low, high, step), w in zip(RANGES, (1.0, weight), strict=True):
        q = np.arange(low, high, step)
        model = MODEL.intensity(q, TRUTH)
        intensity = model / model.max() + background
        sigma = np.full(q.size, noise)
        if rng is not None:
            intensity = intensity + rng.normal(0.0, sigma)
        data.append(RegionData(Region(low, high, w), q, intensity, sigma))
    return data


def refined(data: list[RegionData], settings: Settings) -> Minimum:
    return minimise(Objective(MODEL, data, settings), START)


# Against explicit least squares


def differences(f: Callable[[FloatArray], FloatArray], x: FloatArray, steps: FloatArray) -> FloatArray:
    columns = []
    for i, h in enumerate(steps):
        near = [f(x + k * h * np.eye(x.size)[i]) for k in (-2, -1, 1, 2)]
        columns.append((near[0] - 8.0 * near[1] + 8.0 * near[2] - near[3]) / (12.0 * h))
    return np.column_stack(columns)


def explicit_jacobian(data: list[RegionData], kind: str, n_background: int) -> FloatArray:
    """Residuals with scale and background of each region as parameters like any other."""
    names = list(TRUTH)
    k = 1 + n_background

    def residual(x: FloatArray) -> FloatArray:
        values, parts = dict(zip(names, x[:6], strict=True)), []
        for i, points in enumerate(data):
            c = x[6 + i * k : 6 + (i + 1) * k]
            u = (points.q - points.q.mean()) / np.ptp(points.q)
            model = MODEL.intensity(points.q, values) / 1e4
            curve = c[0] * model + sum(c[1 + j] * u**j for j in range(n_background))
            difference = points.intensity - curve
            if kind == "log":
                difference = np.log(points.intensity / curve) * points.intensity
            parts.append(np.sqrt(points.region.weight) * difference / points.sigma)
        return np.concatenate(parts)

    linear = []
    for points in data:
        scale = 1e4 / MODEL.intensity(points.q, TRUTH).max()
        linear += [scale, 0.2, 0.0][:k] if n_background else [scale]
    x = np.array([*TRUTH.values(), *linear])
    np.testing.assert_allclose(residual(x), 0.0, atol=1e-9)
    return differences(residual, x, np.array([*STEPS.values(), *[1e-4] * (x.size - 6)]))


@pytest.mark.parametrize(("background", "count"), [("none", 0), ("constant", 1), ("linear", 2)])
@pytest.mark.parametrize("kind", ["linear", "log"])
def test_the_marginal_covariance_of_the_whole_problem(kind: str, background: str, count: int) -> None:
    """(JᵀJ)⁻¹ with every coefficient explicit, its block of the six parameters; exact data, so r = 0."""
    data = experiment(background=0.2 if count else 0.0, noise=0.03)
    found = covariance(refined(data, Settings(kind, "free", background)))  # type: ignore[arg-type]
    J = explicit_jacobian(data, kind, count)
    expected = np.linalg.inv(J.T @ J)[:6, :6]
    scale = np.sqrt(np.diag(expected))
    np.testing.assert_allclose(np.sqrt(np.diag(found.matrix)), scale, rtol=1e-5)
    np.testing.assert_allclose(
        found.matrix / np.outer(scale, scale), expected / np.outer(scale, scale), rtol=0.0, atol=1e-5
    )
    points = sum(region.q.size for region in data)
    assert found.expected_chi2 == pytest.approx(points - 6 - 2 * (1 + count), rel=1e-9)


def test_the_sandwich_of_the_whole_problem() -> None:
    """H⁻¹(JᵀWΣWJ)H⁻¹ with explicit coefficients and region weights 1 and 0.1, and tr[(1−P)W]."""
    data = experiment(weight=0.1, background=0.2)
    found = covariance(refined(data, Settings("linear", "free", "constant")))
    J = explicit_jacobian(data, "linear", 1)
    w = np.concatenate([np.full(points.q.size, points.region.weight) for points in data])
    H = np.linalg.inv(J.T @ J)
    expected = (H @ (J.T * w) @ J @ H)[:6, :6]
    np.testing.assert_allclose(np.sqrt(np.diag(found.matrix)), np.sqrt(np.diag(expected)), rtol=1e-5)
    P = J @ H @ J.T
    assert found.expected_chi2 == pytest.approx(np.trace((np.eye(w.size) - P) @ np.diag(w)), rel=1e-6)


# Against repeated experiments


def repeated(
    settings: Settings, weight: float, noise: float, background: float, replicates: int = 200
) -> tuple[FloatArray, FloatArray, Covariance, FloatArray]:
    """Estimates and χ² of many experiments, the errors predicted at the truth, and the naive ones."""
    rng = np.random.default_rng(20211)
    fits = [refined(experiment(weight, noise, background, rng), settings) for _ in range(replicates)]
    assert all(fit.converged for fit in fits)
    exact = refined(experiment(weight, noise, background), settings)
    naive = np.sqrt(np.diag(np.linalg.inv(exact.jacobian.T @ exact.jacobian)))
    return np.array([f.vector for f in fits]), np.array([f.chi2 for f in fits]), exact.covariance, naive


def assert_scatter(found: FloatArray, predicted: Covariance) -> FloatArray:
    """Standard deviations within 20 %, four times their own error of 1/√(2·200) = 5 %."""
    errors = np.array([predicted.error(name) for name in predicted.names])
    ratio = found.std(axis=0, ddof=1) / errors
    np.testing.assert_allclose(ratio, 1.0, atol=0.2)
    # Means off the truth by less than 4 standard errors.
    assert np.all(np.abs(found.mean(axis=0) - [*TRUTH.values()]) < 4.0 * errors / np.sqrt(len(found)))
    return errors


def assert_chi2(chi2: FloatArray, expected: float) -> None:
    assert abs(chi2.mean() - expected) < 3.0 * chi2.std(ddof=1) / np.sqrt(chi2.size)


@pytest.mark.slow
def test_a_region_of_little_weight() -> None:
    """Weights are no inverse variances: the plain (JᵀJ)⁻¹ would be wrong by up to a factor √10."""
    found, chi2, predicted, naive = repeated(Settings(), weight=0.1, noise=0.02, background=0.0)
    errors = assert_scatter(found, predicted)
    assert_chi2(chi2, predicted.expected_chi2)
    assert np.max(naive / errors) > 1.6
    assert np.max(np.abs(naive / found.std(axis=0, ddof=1) - 1.0)) > 0.5
    # Neither the number of points less that of parameters, nor the same of the weighted points.
    assert abs(chi2.mean() - (130 - 8)) > 20.0


@pytest.mark.slow
def test_free_scale_and_background() -> None:
    found, chi2, predicted, naive = repeated(
        Settings("linear", "free", "linear"), weight=1.0, noise=0.02, background=0.2
    )
    errors = assert_scatter(found, predicted)
    np.testing.assert_allclose(naive, errors, rtol=1e-9)
    assert_chi2(chi2, predicted.expected_chi2)


@pytest.mark.slow
def test_logarithmic_residuals() -> None:
    found, chi2, predicted, _ = repeated(
        Settings("log", "free", "constant"), weight=0.1, noise=0.003, background=0.2
    )
    assert_scatter(found, predicted)
    assert_chi2(chi2, predicted.expected_chi2)


@pytest.mark.slow
def test_scaled_to_the_peak() -> None:
    """Then the noise of one point, the highest, moves the whole curve: the plain errors are too small."""
    found, chi2, predicted, naive = repeated(Settings(scale="peak"), weight=1.0, noise=0.002, background=0.0)
    errors = assert_scatter(found, predicted)
    assert_chi2(chi2, predicted.expected_chi2)
    assert np.min(naive / errors) < 0.8


@pytest.mark.slow
def test_the_2021_program() -> None:
    found, chi2, predicted, _ = repeated(Settings("paper2021"), weight=0.1, noise=0.002, background=0.0)
    assert_scatter(found, predicted)
    assert_chi2(chi2, predicted.expected_chi2)


@pytest.mark.slow
@pytest.mark.parametrize(
    "settings",
    [
        Settings(),
        Settings(scale="peak"),
        Settings("linear", "peak", "linear"),
        Settings("log", "peak", "constant"),
        Settings("log", "free", "linear"),
        Settings("paper2021"),
    ],
    ids=lambda s: f"{s.objective}-{s.scale}-{s.background}",
)
def test_the_answer_to_noise_against_differences(settings: Settings) -> None:
    """∂r/∂y·σ point by point, up to what scale and background take back."""
    data = experiment(weight=0.1, background=0.2 if settings.background != "none" else 0.0)
    evaluation = Objective(MODEL, data, settings).evaluate(TRUTH)
    noise = evaluation.noise
    noise = np.diag(noise) if noise.ndim == 1 else noise
    nuisance = evaluation.nuisance
    left = np.eye(len(noise)) - nuisance @ np.linalg.pinv(nuisance)
    places = [0, 20, int(np.argmax(data[0].intensity)), 69, 80, 70 + int(np.argmax(data[1].intensity))]
    for j in places:
        region, point = (0, j) if j < data[0].q.size else (1, j - data[0].q.size)
        residuals = []
        for sign in (1.0, -1.0):
            moved = list(data)
            intensity = data[region].intensity.copy()
            intensity[point] += sign * 1e-6
            old = data[region]
            moved[region] = RegionData(old.region, old.q, intensity, old.sigma)
            residuals.append(Objective(MODEL, moved, settings).evaluate(TRUTH).residual)
        slope = (residuals[0] - residuals[1]) / 2e-6 * data[region].sigma[point]
        np.testing.assert_allclose(left @ noise[:, j], slope, atol=2e-5 * np.abs(slope).max(), err_msg=str(j))
