"""Backgrounds are not negative: the coefficients are those of SciPy's NNLS, in NumPy and in compiled code."""

from __future__ import annotations

import math

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.optimize import minimize, nnls

from slxrd.data.backgrounds import background_columns, bernstein_of_legendre, legendre, positive_form
from slxrd.data.regions import Region, RegionData
from slxrd.fitting.minimise.batch import Batch
from slxrd.fitting.minimise.least_squares import minimise
from slxrd.fitting.objective.residuals import Objective
from slxrd.fitting.objective.settings import Settings
from slxrd.instrument.diffractometer import Instrument
from slxrd.model.intensity import Model
from slxrd.parameters.parameter_set import Parameters
from slxrd.sample.stack import Stack

FloatArray = NDArray[np.float64]
TRUTH = {"d": 5.84, "L": 36.9, "sigma_L": 1.43, "N": 13.0, "sigma_N": 1.55, "q_zero": 0.0}
MODEL = Model(Stack(), Instrument())
PARAMETERS = Parameters().fix(q_zero=0.0)
Q = np.arange(0.9, 1.25, 0.004)
X = (Q - Q.mean()) / (Q[-1] - Q[0]) * 2.0
#: Backgrounds of which some are negative in part of the region.
SHAPES = {
    "negative": np.full_like(X, -0.05),
    "slope": 0.05 * X,
    "valley": 0.1 * X**2 - 0.05,
    "hill": 0.1 * (1.0 - X**2) - 0.02,
    "none": np.zeros_like(X),
}
NAMES = ["constant", "linear", "quadratic", "cubic"]


def objective(name: str, shape: str, kind: str = "linear", seed: int = 0) -> Objective:
    rng = np.random.default_rng(seed)
    curve = MODEL.intensity(Q, TRUTH)
    sigma = np.full(Q.size, 0.01)
    y = curve / curve.max() + SHAPES[shape] + (rng.normal(0.0, sigma) if kind == "linear" else 0.1)
    return Objective(MODEL, [RegionData(Region(0.8, 1.3), Q, y, sigma)], Settings(kind, "free", name))  # type: ignore[arg-type]


def nearby(count: int, seed: int = 1) -> FloatArray:
    rng = np.random.default_rng(seed)
    values = np.array(list(TRUTH.values()))
    return np.asarray(values + rng.normal(size=(count, 6)) * np.array([0.01, 0.5, 0.1, 0.3, 0.1, 0.0]))


def values_of(point: FloatArray) -> dict[str, float]:
    return dict(zip(TRUTH, point.tolist(), strict=True))


@pytest.mark.parametrize("degree", range(4))
def test_bernstein_coefficients_of_a_polynomial(degree: int) -> None:
    x = np.linspace(-1.0, 1.0, 101)
    coefficients = np.random.default_rng(degree).normal(size=degree + 1)
    other = bernstein_of_legendre(degree) @ coefficients
    up, down = (1.0 + x) / 2.0, (1.0 - x) / 2.0
    powers = [math.comb(degree, k) * up**k * down ** (degree - k) for k in range(degree + 1)]
    expected = np.column_stack(powers) @ other
    np.testing.assert_allclose(legendre(x, degree) @ coefficients, expected, atol=1e-12)


@pytest.mark.slow
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("name", NAMES)
def test_the_coefficients_are_those_of_nnls(name: str, shape: str) -> None:
    own, points = objective(name, shape), nearby(4)
    (data,) = own.data
    form = positive_form(name)
    assert form is not None
    shapes = background_columns(name, Q) @ np.linalg.inv(form)
    compiled = Batch(own, PARAMETERS, points).chi2(points)
    for point, chi2 in zip(points, compiled.tolist(), strict=True):
        model = MODEL.intensity(Q, values_of(point))
        A = np.column_stack([model / model.max(), shapes]) / data.sigma[:, None]
        _, norm = nnls(A, data.intensity / data.sigma)
        assert own.chi2(values_of(point)) == pytest.approx(norm**2, rel=1e-9)
        assert chi2 == pytest.approx(norm**2, rel=1e-8)
        (fitted,) = own.curves(values_of(point))
        background = background_columns(name, Q) @ np.array(fitted.background)
        assert background.min() > -1e-12
        np.testing.assert_allclose(fitted.scale * model + background, fitted.calculated, atol=1e-10)


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["linear", "log"])
@pytest.mark.parametrize("name", ["constant", "linear", "quadratic"])
@pytest.mark.parametrize("shape", ["negative", "slope", "valley"])
def test_derivatives_where_coefficients_are_zero(name: str, shape: str, kind: str) -> None:
    own, step = objective(name, shape, kind), 1e-5
    values = values_of(nearby(1)[0])
    evaluation = own.evaluate(values)
    for column, parameter in enumerate(list(TRUTH)[:5]):
        up = own.evaluate({**values, parameter: values[parameter] + step}).residual
        down = own.evaluate({**values, parameter: values[parameter] - step}).residual
        exact = evaluation.jacobian[:, column]
        np.testing.assert_allclose((up - down) / (2.0 * step), exact, atol=1e-5 * np.abs(exact).max())


@pytest.mark.slow
def test_logarithmic_residuals_with_a_bound() -> None:
    own, values = objective("linear", "slope", "log", seed=3), values_of(nearby(1)[0])
    (data,) = own.data
    data = RegionData(data.region, data.q, data.intensity - 0.1 + 0.06, data.sigma)
    own = Objective(MODEL, [data], own.settings)
    model = MODEL.intensity(Q, values)
    shapes = np.column_stack([model / model.max(), (1.0 - X) / 2.0, (1.0 + X) / 2.0])

    def chi2(c: FloatArray) -> float:
        return float(np.sum((np.log(data.intensity / (shapes @ c)) * data.intensity / data.sigma) ** 2))

    bounds = [(1e-3, None), (0.0, None), (0.0, None)]
    found = minimize(chi2, [0.9, 0.05, 0.05], bounds=bounds, method="L-BFGS-B", options={"ftol": 1e-14})
    assert own.chi2(values) == pytest.approx(found.fun, rel=1e-5)
    assert own.chi2(values) <= found.fun * (1.0 + 1e-9)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["linear", "quadratic"])
@pytest.mark.parametrize("shape", SHAPES)
def test_the_refinement_ends_in_a_minimum_with_the_bound(name: str, shape: str) -> None:
    own = objective(name, shape, seed=5)
    found = minimise(own, PARAMETERS.start(**{key: TRUTH[key] for key in list(TRUTH)[:5]}))
    assert found.converged
    (fitted,) = found.evaluation.regions
    assert (background_columns(name, Q) @ np.array(fitted.background)).min() > -1e-12
    for i in range(5):
        for change in (-1e-3, 1e-3):
            moved = found.vector.copy()
            moved[i] *= 1.0 + change
            others = {**found.values, **dict(zip(found.names, moved.tolist(), strict=True))}
            assert own.chi2(others) > found.chi2 - 1e-6
