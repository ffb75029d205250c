"""Objectives with correlated errors against generalised least squares with the dense covariance."""

from dataclasses import replace

import numpy as np
import pytest
from native_core import needs_native_core
from scipy.linalg import solve_triangular
from scipy.optimize import lsq_linear, minimize

from slxrd.data.regions import Region, RegionData
from slxrd.fitting.minimise.batch import Batch
from slxrd.fitting.minimise.least_squares import minimise
from slxrd.fitting.objective.residuals import Objective
from slxrd.fitting.objective.settings import Settings
from slxrd.fitting.objective.whitening import whiten, whitening_rows
from slxrd.model.intensity import Model
from slxrd.parameters.parameter_set import Parameters
from slxrd.sample.stack import Stack

CUBES = {"d": 5.84, "L": 36.9, "sigma_L": 1.4, "N": 13.0, "sigma_N": 1.55, "q_zero": 0.0}
SMEARED = Model(Stack(coherent=8))


def rows(q: np.ndarray, height: float) -> np.ndarray:
    """Correlated errors: a slope, a wave, and a narrow bump."""
    x = (q - q.mean()) / np.ptp(q)
    return height * np.array([0.05 * x, 0.03 * np.sin(9.0 * x), 0.04 * np.exp(-0.5 * (x / 0.05) ** 2)])


def objective(kind: str = "linear", background: str = "constant", second: float = 1.0) -> Objective:
    random = np.random.default_rng(5)
    data, weight = [], 1.0
    for low, high in ((0.95, 1.2), (2.02, 2.28)):
        q = np.arange(low, high, 0.004)
        curve = SMEARED.intensity(q, CUBES)
        sigma = 0.01 * curve.max() * np.ones(q.size) + 0.02 * curve
        B = rows(q, float(curve.max()))
        y = curve + 0.05 * curve.max() + random.normal(0.0, sigma) + random.normal(size=3) @ B
        data.append(RegionData(Region(low, high, weight), q, np.abs(y), sigma, correlated=B))
        weight = second
    return Objective(SMEARED, data, Settings(kind, "free", background))  # type: ignore[arg-type]


def dense_root(made: Objective) -> np.ndarray:
    """Cholesky factor of the whole covariance of the points of all regions."""
    B = np.concatenate([np.asarray(points.correlated) for points in made.data], axis=1)
    return np.linalg.cholesky(np.diag(np.concatenate([points.sigma**2 for points in made.data])) + B.T @ B)


def dense_chi2(made: Objective, curves: list[np.ndarray], log: bool, root: np.ndarray) -> float:
    """χ² of the curves of all regions under the whole covariance, of which the factor is given."""
    differences = [
        points.intensity * np.log(points.intensity / curve) if log else points.intensity - curve
        for points, curve in zip(made.data, curves, strict=True)
    ]
    whitened = solve_triangular(root, np.concatenate(differences), lower=True, check_finite=False)
    return float(whitened @ whitened)


def test_the_rows_are_the_inverse_square_root_of_the_covariance() -> None:
    q = np.linspace(1.0, 2.0, 40)
    sigma = np.linspace(0.5, 2.0, 40)
    B = rows(q, 100.0)
    V = whitening_rows(B, sigma)
    W = whiten(np.eye(40), V)
    C = np.eye(40) + (B / sigma).T @ (B / sigma)
    np.testing.assert_allclose(W @ C @ W.T, np.eye(40), atol=1e-12)
    np.testing.assert_allclose(W, W.T, atol=1e-14)


@pytest.mark.parametrize("kind", ["linear", "log"])
def test_chi2_is_the_least_over_scales_and_backgrounds(kind: str) -> None:
    """The rows are shared by both regions, which scale and background of one therefore depend on."""
    made = objective(kind)
    values = {**CUBES, "L": 36.5, "sigma_L": 1.2}
    models = [SMEARED.intensity(points.q, values) for points in made.data]
    root = dense_root(made)

    def chi2(c: np.ndarray) -> float:
        curves = [
            points.intensity.max() * (c[2 * i] * model / model.max() + c[2 * i + 1])
            for i, (points, model) in enumerate(zip(made.data, models, strict=True))
        ]
        positive = min(curve.min() for curve in curves) > 0.0
        return dense_chi2(made, curves, kind == "log", root) if positive else np.inf

    tight = {"xatol": 1e-11, "fatol": 1e-11, "maxiter": 8000, "maxfev": 8000}
    found = minimize(chi2, [1.0, 0.05, 1.0, 0.05], method="Nelder-Mead", options=tight)
    found = minimize(chi2, found.x, method="Nelder-Mead", options=tight)
    assert made.chi2(values) == pytest.approx(found.fun, rel=1e-7)
    assert made.evaluate(values).chi2 == pytest.approx(found.fun, rel=1e-7)


@pytest.mark.parametrize("kind", ["linear", "log"])
def test_derivatives_are_those_of_the_residuals(kind: str) -> None:
    made = objective(kind)
    at = made.evaluate(CUBES)
    for column, (name, step) in enumerate(zip(CUBES, (1e-5, 1e-4, 1e-4, 1e-4, 1e-4, 1e-6), strict=True)):
        ends = [made.evaluate({**CUBES, name: CUBES[name] + s * step}).residual for s in (-1.0, 1.0)]
        slope = (ends[1] - ends[0]) / (2.0 * step)
        scale = np.abs(slope).max()
        np.testing.assert_allclose(at.jacobian[:, column] / scale, slope / scale, atol=3e-6)


def test_fitted_residuals_are_those_of_the_points() -> None:
    at = objective().evaluate(CUBES)
    for fitted in at.regions:
        np.testing.assert_allclose(
            fitted.residual, (fitted.measured - fitted.calculated) / fitted.sigma, rtol=1e-12
        )


@needs_native_core
@pytest.mark.slow
@pytest.mark.parametrize("weight", [1.0, 0.1])
@pytest.mark.parametrize("background", ["none", "constant", "linear", "quadratic"])
def test_the_compiled_chi2_is_that_of_numpy(background: str, weight: float) -> None:
    made = objective(background=background, second=weight)
    names = made.model.names
    points = np.array(
        [[{**CUBES, "L": L, "N": N}[name] for name in names] for L, N in ((36.9, 13.0), (34.0, 12.2))]
    )
    batch = Batch(made, Parameters(), points)
    expected = [made.chi2(dict(zip(names, point, strict=True))) for point in points.tolist()]
    np.testing.assert_allclose(batch.chi2(points), expected, rtol=1e-9)


@needs_native_core
@pytest.mark.parametrize("strength", [0.03, 3.0])
@pytest.mark.parametrize("count", [1, 4, 6, 7, 70])
def test_the_compiled_chi2_is_that_of_the_dense_covariance(count: int, strength: float) -> None:
    """With scales and backgrounds eliminated by dense generalised least squares."""
    made, random = objective(), np.random.default_rng(count)
    B = [strength * p.intensity.max() * random.normal(size=(count, p.q.size)) for p in made.data]
    made = made.with_correlated(B)
    at = {**CUBES, "L": 36.0}
    columns = np.zeros((sum(p.q.size for p in made.data), 4))
    begin = 0
    for i, points in enumerate(made.data):
        own = slice(begin, begin := begin + points.q.size)
        columns[own, i], columns[own, 2 + i] = SMEARED.intensity(points.q, at), 1.0
    sigma = np.concatenate([points.sigma for points in made.data])
    rows = np.concatenate(B, axis=1) / sigma
    root = np.linalg.cholesky(np.eye(sigma.size) + rows.T @ rows)
    A = np.linalg.solve(root, columns / sigma[:, None])
    y = np.linalg.solve(root, np.concatenate([p.intensity for p in made.data]) / sigma)
    scaled = A / np.linalg.norm(A, axis=0)
    left = y - scaled @ np.linalg.lstsq(scaled, y, rcond=None)[0]
    found = Batch(made, Parameters(), np.array([[at[name] for name in made.model.names]]))
    np.testing.assert_allclose(found.chi2(found.starts), left @ left, rtol=1e-9)


def without_background(background: str, weight: float = 1.0) -> Objective:
    """Data without a background, for some models of which a fitted one would be negative somewhere."""
    made = objective(background=background, second=weight)
    data = [replace(p, intensity=np.abs(p.intensity - 0.05 * p.intensity.max())) for p in made.data]
    return Objective(SMEARED, data, made.settings)


#: A path through models on which coefficients of the backgrounds become zero.
PATH = [{**CUBES, "L": L, "q_zero": 0.0004 * (L - 36.9)} for L in np.linspace(36.0, 37.8, 19).tolist()]


@pytest.mark.parametrize("background", ["constant", "linear", "quadratic"])
def test_backgrounds_are_at_the_generalised_minimum_without_negative_coefficients(background: str) -> None:
    """The dense covariance and bounded least squares of SciPy; the zeros are not those of the noise alone."""
    made = without_background(background)
    root = dense_root(made)
    y = np.linalg.solve(root, np.concatenate([points.intensity for points in made.data]))
    assert made.positive is not None
    width = len(made.positive)
    bounded = 0
    for values in PATH:
        columns = np.zeros((y.size, 2 * (1 + width)))
        begin = 0
        for i, points in enumerate(made.data):
            own = slice(begin, begin := begin + points.q.size)
            columns[own, i] = SMEARED.intensity(points.q, values)
            shapes = made.backgrounds[i] @ np.linalg.inv(made.positive)
            columns[own, 2 + i * width : 2 + (i + 1) * width] = shapes
        A = solve_triangular(root, columns, lower=True)
        lengths = np.linalg.norm(A, axis=0)
        low = np.concatenate(([-np.inf, -np.inf], np.zeros(2 * width)))
        found = lsq_linear(A / lengths, y, (low, np.full(low.size, np.inf)), method="bvls", tol=1e-14)
        bounded += bool(np.any(found.x[2:] < 1e-9))
        assert made.chi2(values) == pytest.approx(2.0 * found.cost, rel=1e-8)
        assert made.evaluate(values).chi2 == pytest.approx(2.0 * found.cost, rel=1e-8)
    assert bounded > 2


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["linear", "log"])
@pytest.mark.parametrize("background", ["constant", "linear"])
def test_chi2_is_continuous_where_a_background_becomes_zero(background: str, kind: str) -> None:
    made = without_background(background)
    made = Objective(SMEARED, made.data, Settings(kind, "free", background))  # type: ignore[arg-type]
    ends = [np.array([each[name] for name in CUBES]) for each in (PATH[0], PATH[-1])]
    chi2 = [
        made.chi2(dict(zip(CUBES, (ends[0] + t * (ends[1] - ends[0])).tolist(), strict=True)))
        for t in np.linspace(0.0, 1.0, 201)
    ]
    steps = np.diff(chi2)
    # A jump is a step that is unlike those before and after it.
    assert np.abs(np.diff(steps)).max() < 0.05 * np.abs(steps).max()


@needs_native_core
@pytest.mark.parametrize("weight", [1.0, 0.1])
@pytest.mark.parametrize("background", ["constant", "linear", "quadratic", "cubic"])
def test_the_compiled_backgrounds_are_not_negative_either(background: str, weight: float) -> None:
    made = without_background(background, weight)
    points = np.array([[values[name] for name in made.model.names] for values in PATH])
    expected = [made.chi2(values) for values in PATH]
    np.testing.assert_allclose(Batch(made, Parameters(), points).chi2(points), expected, rtol=1e-8)


@pytest.mark.slow
def test_refinement_ends_at_the_generalised_least_squares_minimum() -> None:
    made = objective()
    start = Parameters().fix(q_zero=0.0).start(**{k: v for k, v in CUBES.items() if k != "q_zero"})
    found = minimise(made, start)
    gradient = found.jacobian.T @ found.evaluation.residual
    steep = np.linalg.norm(found.jacobian, axis=0) * np.sqrt(found.chi2)
    assert np.all(np.abs(gradient) < 1e-4 * steep)
    plain = minimise(made.with_correlated([None, None]), start)
    assert made.chi2(plain.values) > found.chi2
    errors = [each.covariance.error("L") for each in (found, plain)]
    assert errors[0] is not None
    assert errors[1] is not None
    assert errors[0] > errors[1]


def test_weights_are_no_variances_with_correlated_errors_either() -> None:
    """The covariance is that of the estimates over repeated measurements, to first order."""
    made = objective(second=0.1)
    start = Parameters().fix(q_zero=0.0).start(**{k: v for k, v in CUBES.items() if k != "q_zero"})
    found = minimise(made, start)
    B = np.concatenate([np.asarray(p.correlated) / p.sigma for p in made.data], axis=1)
    J = found.jacobian[: B.shape[1]]
    roots = np.concatenate([np.full(p.q.size, p.region.weight**0.5) for p in made.data])
    gain = np.linalg.inv(J.T @ J) @ whiten(J.T, made.whitening) * roots
    expected = gain @ (np.eye(len(roots)) + B.T @ B) @ gain.T
    np.testing.assert_allclose(found.covariance.matrix, expected, rtol=1e-6)


def test_drawn_errors_have_the_covariance() -> None:
    made = objective()
    random = np.random.default_rng(1)
    drawn = np.array([np.concatenate(made.drawn_errors(random)) for _ in range(4000)])
    B = np.concatenate([np.asarray(points.correlated) for points in made.data], axis=1)
    C = np.diag(np.concatenate([points.sigma**2 for points in made.data])) + B.T @ B
    spread = np.sqrt(np.diag(C))
    np.testing.assert_allclose(
        drawn.T @ drawn / 4000 / np.outer(spread, spread), C / np.outer(spread, spread), atol=0.12
    )


def test_the_log_determinant_is_that_of_the_covariance_over_sigma() -> None:
    made = objective()
    B = np.concatenate([np.asarray(points.correlated) / points.sigma for points in made.data], axis=1)
    expected = np.linalg.slogdet(np.eye(B.shape[1]) + B.T @ B)[1]
    assert made.log_determinant == pytest.approx(expected, rel=1e-9)
    assert made.with_correlated([None, None]).log_determinant == 0.0
