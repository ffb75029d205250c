"""Model discrepancy of simulated stacks: exact patterns have none; with it the errors cover the truth."""

import numpy as np
import pytest
from scipy.optimize import least_squares

import slxrd
from slxrd.data.pattern import Pattern
from slxrd.data.regions import Region, select_points
from slxrd.fitting.objective.residuals import Objective
from slxrd.fitting.objective.settings import Settings
from slxrd.fitting.systematics.correction import LARGEST_RISE
from slxrd.fitting.systematics.discrepancy import RegionResiduals, estimate_discrepancy
from slxrd.instrument.diffractometer import Instrument
from slxrd.model.intensity import Model
from slxrd.model.simulation import simulate
from slxrd.sample.stack import Stack

TRUTH = {"d": 3.02, "L": 44.4, "sigma_L": 0.325, "N": 4.0, "sigma_N": 0.817, "q_zero": 0.0}
CUBES = {"d": 5.886, "L": 35.93, "sigma_L": 1.433, "N": 12.7, "sigma_N": 1.47}
NAMES = ["d", "L", "sigma_L", "N", "sigma_N"]
COLUMNS = [Model().names.index(name) for name in NAMES]


def objective(seed, hump=0.0, unstacked=0.0):
    """Sheets with a noise of 1 % of the maximum; a smooth background, or crystals that do not stack."""
    q = np.arange(1.65, 2.6, 0.003)
    curve = simulate(q, TRUTH).intensity
    single = simulate(q, TRUTH, coherent=1).intensity
    curve = curve + unstacked / (1.0 - unstacked) * single * curve.sum() / single.sum()
    curve = curve / curve.max() + hump * np.exp(-0.5 * ((q - 2.03) / 0.12) ** 2) + 0.01
    measured = curve + 0.01 * np.random.default_rng(seed).standard_normal(q.size)
    pattern = Pattern(q, measured, sigma=np.full(q.size, 0.01))
    data = select_points(pattern, [Region(1.65, 2.6)], "file")
    return Objective(Model(Stack(), Instrument()), data, Settings(background="constant"))


def at(x):
    return {**TRUTH, **dict(zip(NAMES, x.tolist(), strict=True))}


def refined(tested):
    """Ordinary least squares from the truth."""
    start = np.array([TRUTH[name] for name in NAMES])
    return least_squares(
        lambda x: tested.evaluate(at(x)).residual,
        start,
        lambda x: tested.evaluate(at(x)).jacobian[:, COLUMNS],
        x_scale="jac",
    ).x


def residuals(tested, x):
    (part,) = tested.evaluate(at(x)).parts
    region = part.fitted
    sigma, none = region.sigma, np.zeros((0, region.sigma.size))
    return RegionResiduals(
        region.q, region.measured - region.calculated, sigma, region.calculated,
        -part.jacobian[:, COLUMNS] * sigma[:, None], part.nuisance * sigma[:, None], none,
    )  # fmt: skip


def step(region, found):
    """Step to the minimum of generalised least squares and the errors there, with dense matrices."""
    C = np.diag(region.sigma**2)
    if found is not None:
        C = found.noise**2 * C + found.rows[0].T @ found.rows[0]
    X = np.hstack([region.slopes, region.linear])
    scale = np.linalg.norm(X, axis=0)
    X = X / scale
    normal = np.linalg.inv(X.T @ np.linalg.solve(C, X))
    best = normal @ X.T @ np.linalg.solve(C, region.difference) / scale
    return best[:5], np.sqrt(np.diag(normal))[:5] / scale[:5]


@pytest.mark.slow
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_exact_stacks_have_no_discrepancy(seed):
    tested = objective(seed)
    assert estimate_discrepancy([residuals(tested, refined(tested))]) is None


@pytest.mark.slow
@pytest.mark.parametrize("departure", [{"hump": 0.06}, {"unstacked": 0.2}])
@pytest.mark.parametrize("seed", [0, 1])
def test_errors_with_the_discrepancy_cover_the_truth(departure, seed):
    tested = objective(seed, **departure)
    x = refined(tested)
    truth = np.array([TRUTH[name] for name in NAMES])
    _, ordinary = step(residuals(tested, x), None)
    assert np.abs((x - truth) / ordinary).max() > 8.0
    found = estimate_discrepancy([residuals(tested, x)])
    assert found.log_likelihood_gain > 20.0
    for _ in range(4):
        change, errors = step(residuals(tested, x), found)
        x = x + change
    assert np.abs((x - truth) / errors).max() < 4.0
    assert np.median(errors / ordinary) < 2.0


@pytest.mark.slow
@pytest.mark.parametrize("seed", [0, 1])
def test_no_discrepancy_describes_the_data_in_place_of_the_model(seed: int) -> None:
    """On a background that waves, the curve that is drawn is near the data, whichever solution is first."""
    random = np.random.default_rng(seed)
    parts = []
    for q in (np.arange(0.87, 1.27, 0.005), np.arange(1.94, 2.33, 0.005)):
        curve = simulate(q, {**CUBES, "q_zero": 0.0}).intensity
        curve = curve / curve.max() + 0.056 * (1.0 + np.sin(2.0 * np.pi * q / 0.366 + 3.827))
        parts.append((q, curve + 0.014 * curve.max() * random.standard_normal(q.size)))
    q, measured = (np.concatenate(each) for each in zip(*parts, strict=True))
    pattern = Pattern(q, measured, source="simulated")
    fit = slxrd.fit(pattern, regions=[(0.868, 1.268), (1.937, 2.332)], noise=0.014)
    assert fit.assessment.grade == "systematic"
    assert fit.reduced_chi2 < LARGEST_RISE * fit.assessment.reduced_chi2
    assert any(low < CUBES["L"] < high for low, high in fit.parameters["L"].interval_95)
