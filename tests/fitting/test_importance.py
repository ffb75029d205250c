"""The posterior by importance sampling, against integrals on a grid and against the covariance."""

import numpy as np
import pytest

from slxrd.fitting.api import fit
from slxrd.fitting.result.fit import Fit
from slxrd.fitting.uncertainty.posterior.importance import importance_samples
from slxrd.model.simulation import simulate

CUBES = {"d": 5.84, "L": 36.9, "sigma_L": 1.43, "N": 13.0, "sigma_N": 1.55}
REGIONS = [(0.9, 1.25), (1.95, 2.4)]
FIRST = [(0.9, 1.25)]


def cubes(noise: float, seed: int, regions: list, **options: object) -> Fit:
    q = np.arange(0.85, 2.45, 0.003)
    pattern = simulate(q, CUBES, noise=noise, seed=seed, resolution=0.0)
    options = {"coherent": 40, "substrate": "none", "background": "none", "systematics": "none", **options}
    return fit(pattern, regions=regions, resolution=0.0, **options)  # type: ignore[arg-type]


@pytest.mark.slow
def test_shares_of_solutions_are_those_of_integrals() -> None:
    """With L and N alone refined, exp(−χ²/2) is integrated around every solution on a grid."""
    kept = {name: CUBES[name] for name in ("d", "sigma_L", "sigma_N")} | {"q_zero": 0.0}
    for seed in range(20):
        found = cubes(0.06, seed, FIRST, fix=kept)
        if len(found.solutions) > 1 and found.solutions[1].delta_chi2 < 4.0:
            break
    else:
        raise AssertionError("no seed gives two solutions")
    volumes = []
    for solution in found.solutions:
        L = solution.values["L"] + np.linspace(-1.0, 1.0, 41)
        N = np.clip(solution.values["N"] + np.linspace(-1.5, 1.5, 31), 1.0, None)
        chi2 = [[found.objective.chi2({**kept, "L": a, "N": b}) for b in N] for a in L]
        volumes.append(np.exp(-0.5 * (np.array(chi2) - found.chi2)).sum())
    expected = np.array(volumes) / sum(volumes)
    assert found.ensemble is not None
    shares = [found.ensemble.share(k) for k in range(len(expected))]
    np.testing.assert_allclose(shares, expected, atol=0.04)
    np.testing.assert_allclose([s.probability for s in found.solutions], expected, atol=0.04)


@pytest.mark.slow
def test_a_single_sharp_solution_is_its_covariance() -> None:
    found = cubes(0.005, 1, REGIONS)
    assert found.ensemble is not None
    assert found.ensemble.effective > 800.0
    for i, name in enumerate(found.names):
        error = np.sqrt(found.covariance[i, i])
        assert found.ensemble.std(name) == pytest.approx(error, rel=0.1)
        assert abs(found.ensemble.mean(name) - found.minima[0].values[name]) < 0.15 * error
        assert found.parameters[name].error == pytest.approx(error, rel=0.12)
        low, high = found.parameters[name].interval_95[0]
        assert high - low == pytest.approx(2.0 * 1.96 * error, rel=0.12)


@pytest.mark.slow
def test_weights_do_not_make_errors_of_their_own() -> None:
    """A second order at a weight of 1/10 has the noise that it has: the sandwich says the errors."""
    found = cubes(0.005, 2, [REGIONS[0], (*REGIONS[1], 0.1)])
    assert found.ensemble is not None
    J = found.minima[0].jacobian
    naive = np.sqrt(np.diag(np.linalg.inv(J.T @ J)))
    true = np.sqrt(np.diag(found.covariance))
    assert np.max(naive / true) > 1.2
    for i, name in enumerate(found.names):
        assert found.ensemble.std(name) == pytest.approx(true[i], rel=0.12)


@pytest.mark.slow
def test_the_same_samples_every_time() -> None:
    found = cubes(0.03, 3, REGIONS)
    one, other = (importance_samples(found.objective, found.minima) for _ in range(2))
    assert one is not None
    assert other is not None
    np.testing.assert_array_equal(one.weights, other.weights)
    again = importance_samples(found.objective, found.minima, seed=1)
    assert again is not None
    assert not np.array_equal(one.values["L"][:5], again.values["L"][:5])
    assert again.mean("L") == pytest.approx(one.mean("L"), abs=0.1 * one.std("L"))


@pytest.mark.slow
def test_derived_quantities_come_from_the_joint_samples() -> None:
    found = cubes(0.03, 4, REGIONS)
    assert found.ensemble is not None
    values = found.ensemble.values
    sizes = np.arange(1, 41)
    away = (sizes - values["N"][:, None]) / values["sigma_N"][:, None]
    shares = np.exp(-0.5 * (away**2 - np.min(away**2, axis=1, keepdims=True)))
    shares[(np.abs(away) > 5.0) & (shares < 1.0)] = 0.0  # the sizes that are counted by default
    # The mean of a Gaussian over whole sizes, which is not N where σ_N is much smaller than a plane.
    planes = np.where(values["sigma_N"] < 0.7, shares @ sizes / shares.sum(axis=1), values["N"])
    np.testing.assert_allclose(values["period"], (planes - 1.0) * values["d"] + values["L"])
    np.testing.assert_allclose(values["thickness_with_surface"], planes * values["d"])
    low, high = found.derived["period"].interval_68[0]
    assert low < found.ensemble.mean("period") < high


@pytest.mark.slow
def test_where_the_gap_is_ambiguous_it_is_said() -> None:
    """One order, much noise: the printed line names all pieces of the 95 % interval."""
    for seed in range(20):
        found = cubes(0.05, seed, FIRST)
        if found.parameters["L"].status == "ambiguous":
            break
    else:
        raise AssertionError("no seed leaves L ambiguous")
    estimate = found.parameters["L"]
    assert len(estimate.interval_95) > 1
    assert any(low <= CUBES["L"] <= high for low, high in estimate.interval_95)
    assert found.derived["period_S13"].status == "ambiguous"
    of_gap = str(found).partition("\n  L ")[2].partition("\n  σ_L")[0]  # in as many lines as it needs
    assert of_gap.split()[0] == "ambiguous"
    assert of_gap.partition("95 %:")[2].split().count("to") == len(estimate.interval_95)
