"""Scale and background: the eliminated coefficients are the best, and their derivatives exact."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.optimize import minimize

from slxrd.data.regions import Region, RegionData
from slxrd.errors import SlxrdError
from slxrd.fitting.objective.residuals import Objective
from slxrd.fitting.objective.settings import Settings
from slxrd.fitting.objective.variable_projection import Design, project_linear, project_logarithmic
from slxrd.instrument.diffractometer import Instrument
from slxrd.model.intensity import Model
from slxrd.sample.stack import Stack

FloatArray = NDArray[np.float64]

TRUTH = {"d": 5.84, "L": 36.9, "sigma_L": 1.43, "N": 13.0, "sigma_N": 1.55, "q_zero": 0.0}
AWAY = {"d": 5.85, "L": 37.2, "sigma_L": 1.2, "N": 12.5, "sigma_N": 1.8, "q_zero": 0.0}
MODEL = Model(Stack(), Instrument())
Q = np.arange(0.93, 1.22, 0.004)
X = (Q - (Q[0] + Q[-1]) / 2.0) / ((Q[-1] - Q[0]) / 2.0)


def measured(seed: int) -> RegionData:
    """A peak of height 1 on a sloping background of 0.1 to 0.2, with 3 to 6 % noise."""
    rng = np.random.default_rng(seed)
    truth = MODEL.intensity(Q, TRUTH)
    curve = truth / truth.max() + 0.15 + 0.05 * X
    sigma = rng.uniform(0.03, 0.06, Q.size) * curve
    return RegionData(Region(0.9, 1.3), Q, curve + rng.normal(0.0, sigma), sigma)


def curves(settings: Settings, data: RegionData, coefficients: FloatArray) -> FloatArray:
    """Scale·model + background; for peak scaling the constant follows from the highest point."""
    model = MODEL.intensity(Q, AWAY)
    shapes = {"none": [], "constant": [np.ones_like(X)], "linear": [np.ones_like(X), X]}[settings.background]
    if settings.scale == "free":
        return np.column_stack([model, *shapes]) @ coefficients
    top, highest = int(np.argmax(model)), data.intensity.max()
    if not shapes:
        return highest * model / model[top]
    rest = np.column_stack([model, *shapes[1:]]) @ coefficients
    return rest + highest - rest[top]


def chi2(settings: Settings, data: RegionData, coefficients: FloatArray) -> float:
    curve = curves(settings, data, coefficients)
    if settings.objective == "linear":
        return float(np.sum(((data.intensity - curve) / data.sigma) ** 2))
    if curve.min() <= 0.0:
        return np.inf
    return float(np.sum((np.log(data.intensity / curve) * data.intensity / data.sigma) ** 2))


def found(settings: Settings, data: RegionData) -> tuple[float, FloatArray]:
    """χ² and free coefficients of the program."""
    evaluation = Objective(MODEL, [data], settings).evaluate(AWAY)
    (region,) = evaluation.regions
    background = region.background if settings.scale == "free" else region.background[1:]
    pinned = settings.scale == "peak" and settings.background == "none"
    return evaluation.chi2, np.array([] if pinned else [region.scale, *background])


@pytest.mark.slow
@pytest.mark.parametrize("background", ["none", "constant", "linear"])
@pytest.mark.parametrize("scale", ["free", "peak"])
@pytest.mark.parametrize("kind", ["linear", "log"])
@pytest.mark.parametrize("seed", range(3))
def test_the_coefficients_are_the_best(kind: str, scale: str, background: str, seed: int) -> None:
    settings = Settings(kind, scale, background)  # type: ignore[arg-type]
    data = measured(seed)
    least, coefficients = found(settings, data)
    assert chi2(settings, data, coefficients) == pytest.approx(least, rel=1e-9)
    for i in range(coefficients.size):
        for change in (-1e-3, 1e-3):
            moved = coefficients.copy()
            moved[i] *= 1.0 + change
            assert chi2(settings, data, moved) > least
    if coefficients.size:
        unit = np.abs(coefficients)
        start = np.where(np.arange(coefficients.size) == 0, 1.1, 0.9) * coefficients / unit
        independent = minimize(
            lambda c: chi2(settings, data, c * unit), start, method="Nelder-Mead",
            options={"xatol": 1e-10, "fatol": 1e-12, "maxiter": 4000, "maxfev": 8000},
        )  # fmt: skip
        assert independent.fun == pytest.approx(least, rel=1e-9)
        np.testing.assert_allclose(independent.x * unit, coefficients, rtol=1e-4)


def linear_algebra(y: FloatArray, sigma: FloatArray, design: Design) -> FloatArray:
    """Residual with coefficients from NumPy's own least squares."""
    c, *_ = np.linalg.lstsq(design.columns / sigma[:, None], (y - design.base) / sigma, rcond=None)
    return (y - design.base - design.columns @ c) / sigma


@pytest.mark.parametrize("k", [0, 1, 2, 3])
def test_any_design(k: int) -> None:
    """Random curves: residuals by NumPy's least squares, their slopes by differences along parameters."""
    rng = np.random.default_rng(k)
    n, p = 30, 2
    y, sigma = rng.uniform(1.0, 2.0, n), rng.uniform(0.1, 0.3, n)
    base, d_base = rng.uniform(0.1, 0.2, n), rng.normal(size=(p, n))
    columns, d_first = rng.uniform(0.5, 1.5, (n, k)), rng.normal(size=(p, n))

    def design(step: FloatArray) -> Design:
        moved = columns.copy()
        if k:
            moved[:, 0] += step @ d_first
        return Design(base + step @ d_base, d_base, moved, d_first)

    if k == 0:
        d_first[:] = 0.0
    left = project_linear(y, sigma, design(np.zeros(p)))
    np.testing.assert_allclose(left.residual, linear_algebra(y, sigma, design(np.zeros(p))), atol=1e-11)
    np.testing.assert_allclose(left.curve, y - left.residual * sigma, atol=1e-11)
    h = 1e-6
    for i in range(p):
        step = h * np.eye(p)[i]
        slope = (linear_algebra(y, sigma, design(step)) - linear_algebra(y, sigma, design(-step))) / (2.0 * h)
        np.testing.assert_allclose(left.jacobian[:, i], slope, atol=1e-6 * np.abs(slope).max())


def test_a_scale_by_hand() -> None:
    """y = (2, 4, 6), model (1, 2, 4), σ = 1: c = Σym/Σm² = 34/21."""
    y, model = np.array([2.0, 4.0, 6.0]), np.array([1.0, 2.0, 4.0])
    none = np.zeros((1, 3))
    left = project_linear(y, np.ones(3), Design(np.zeros(3), none, model[:, None], none))
    assert left.coefficients[0] == pytest.approx(34.0 / 21.0, rel=1e-14)
    # In logarithms with σ = y: ln c is the mean of ln(y/m), so c = (2·2·1.5)^⅓.
    left = project_logarithmic(y, y, Design(np.zeros(3), none, model[:, None], none))
    assert left.coefficients[0] == pytest.approx(6.0 ** (1.0 / 3.0), rel=1e-12)


def test_what_cannot_be_separated() -> None:
    none = np.zeros((1, 9))
    columns = np.ones((9, 2))
    with pytest.raises(SlxrdError, match="scale and background of a region cannot be separated"):
        project_linear(np.ones(9), np.ones(9), Design(np.zeros(9), none, columns, none))
    with pytest.raises(SlxrdError, match="scale and background of a region cannot be separated"):
        project_logarithmic(np.ones(9), np.ones(9), Design(np.zeros(9), none, columns, none))


def test_no_logarithm_of_nothing() -> None:
    none = np.zeros((1, 3))
    design = Design(np.zeros(3), none, np.array([[1.0], [0.0], [2.0]]), none)
    with pytest.raises(SlxrdError, match="above zero everywhere"):
        project_logarithmic(np.ones(3), np.ones(3), design)


@pytest.mark.parametrize("zeros", [1, 10])
def test_a_model_with_zeros_needs_a_background(zeros: int) -> None:
    model = np.abs(np.sin(np.linspace(0.0, 3.0, 60)))
    model[:zeros] = 0.0
    y, sigma, none = 3.0 * model + 0.2, np.full(60, 0.01), np.zeros((1, 60))
    found = project_logarithmic(
        y, sigma, Design(np.zeros(60), none, np.column_stack([model, np.ones(60)]), none)
    )
    np.testing.assert_allclose(found.coefficients, [3.0, 0.2], rtol=1e-9)
    with pytest.raises(SlxrdError, match="above zero everywhere"):
        project_logarithmic(y, sigma, Design(np.zeros(60), none, model[:, None], none))


def test_a_singular_curvature_is_solved_by_least_squares() -> None:
    from slxrd.fitting.objective.variable_projection import _solved

    K = np.column_stack([np.arange(1.0, 9.0), np.zeros(8), 1e8 * np.arange(1.0, 9.0)])
    right = K.T @ np.arange(2.0, 10.0)
    np.testing.assert_allclose(K.T @ K @ _solved(K.T @ K, right), right, rtol=1e-9)
    with pytest.raises(SlxrdError, match="not finite"):
        _solved(np.array([[np.inf]]), np.ones(1))
