"""The posterior: against the covariance, importance sampling, and targets that are known."""

from __future__ import annotations

import sys
from functools import cache
from importlib.util import find_spec

import numpy as np
import pytest
from numpy.typing import NDArray

from slxrd.errors import SlxrdError
from slxrd.fitting.api import fit
from slxrd.fitting.result.fit import Fit
from slxrd.fitting.uncertainty.posterior.mcmc import (
    Posterior,
    autocorrelation_time,
    sample_posterior,
    split_rhat,
)
from slxrd.fitting.uncertainty.posterior.walkers import Proposal
from slxrd.model.simulation import simulate

pytestmark = pytest.mark.skipif(find_spec("emcee") is None, reason="emcee is not installed")

CUBES = {"d": 5.84, "L": 36.9, "sigma_L": 1.43, "N": 13.0, "sigma_N": 1.55}
Q = np.arange(0.9, 1.3001, 0.005)
Array = NDArray[np.float64]


@cache
def cubes(seed: int = 3, noise: float = 0.0212, weight: float = 1.0, sigma_L: float = 1.43) -> Fit:
    pattern = simulate(Q, {**CUBES, "sigma_L": sigma_L}, noise=noise, seed=seed, resolution=0.0)
    return fit(pattern, regions=[(0.9, 1.3, weight)], fix={"q_zero": 0.0}, resolution=0.0, systematics="none")


@cache
def of_cubes() -> Posterior:
    return sample_posterior(cubes(), steps=700, seed=1)


def importance(found: Fit, n: int, seed: int) -> tuple[Array, Array]:
    """Probability of the solutions within Δχ² < 25 and its error, by importance sampling of each."""
    from scipy.stats import multivariate_t

    random = np.random.default_rng(seed)
    lower, upper = found.minima[0].parameters.limits()
    volumes, errors = [], []
    for minimum in found.minima:
        if minimum.chi2 - found.chi2 > 25.0:
            continue
        wide = multivariate_t(minimum.vector, 1.5 * minimum.covariance.matrix, df=4, seed=random)
        points = wide.rvs(n)
        weights = np.zeros(n)
        for i in np.flatnonzero(np.all((points >= lower) & (points <= upper), axis=1)):
            values = {**minimum.values, **dict(zip(found.names, points[i].tolist(), strict=True))}
            weights[i] = np.exp(-0.5 * (found.objective.chi2(values) - found.chi2)) / wide.pdf(points[i])
        volumes.append(weights.mean())
        errors.append(weights.std() / np.sqrt(n))
    return np.array(volumes) / sum(volumes), np.array(errors) / sum(volumes)


@pytest.mark.slow
def test_where_the_posterior_is_gaussian_its_widths_are_those_of_the_covariance() -> None:
    found = cubes(seed=2, noise=0.007)
    assert found.unique
    posterior = sample_posterior(found, steps=600, seed=1)
    assert posterior.converged, posterior.why
    assert posterior.fractions[0] > 0.999
    for i, name in enumerate(found.names):
        error = np.sqrt(found.covariance[i, i])
        assert posterior.std(name) == pytest.approx(error, rel=0.1)
        assert abs(posterior.mean(name) - found.minima[0].values[name]) < 0.3 * error
    np.testing.assert_allclose(posterior.correlation(), found.correlation, atol=0.1)
    period = found.derived["period"]
    assert posterior.std("period") == pytest.approx(period.error, rel=0.1)


@pytest.mark.slow
def test_two_solutions_share_the_samples_as_importance_sampling_says() -> None:
    found, posterior = cubes(), of_cubes()
    assert 0.0 < found.solutions[1].delta_chi2 < 3.0
    assert abs(abs(found.solutions[1].values["L"] - found.solutions[0].values["L"]) - 5.84) < 0.2
    assert posterior.converged, posterior.why
    shares, errors = importance(found, 1200, seed=5)
    for k in (0, 1):
        difference = posterior.fractions[k] - shares[k]
        assert abs(difference) < 3.5 * np.hypot(posterior.fraction_errors[k], errors[k])
        assert errors[k] < 0.02
    assert posterior.fractions[2:].sum() < 0.02
    inside = posterior.solution == 1
    np.testing.assert_allclose(
        posterior.all_values["L"][inside].mean(), found.solutions[1].values["L"], atol=0.02
    )


@pytest.mark.slow
def test_the_errors_of_the_shares_are_what_they_scatter_by() -> None:
    runs = [sample_posterior(cubes(), steps=200, seed=seed) for seed in range(6)]
    shares = np.array([run.fractions[0] for run in runs])
    assert 0.4 < shares.std(ddof=1) / np.mean([run.fraction_errors[0] for run in runs]) < 2.2


@pytest.mark.slow
def test_jumps_alone_leave_a_known_target_as_it_is() -> None:
    """Two solutions of 70 and 30 %, one cut by a bound; centres, widths and wrong shares."""
    random = np.random.default_rng(1)
    n, weights = 20_000, np.array([0.7, 0.3])
    centres = np.array([[1.0, 10.0], [6.8, 9.4]])
    roots = np.array([[[0.1, 0.0], [0.1, 0.2]], [[0.05, 0.0], [-0.2, 0.4]]])

    def density(points: Array) -> Array:
        inner = np.einsum("sij,nsj->nsi", np.linalg.inv(roots), points[:, None, :] - centres)
        each = np.exp(-0.5 * np.sum(inner**2, axis=2)) / np.linalg.det(roots) * weights
        return np.where(points[:, 0] > 1.0, each.sum(axis=1), 0.0)

    chosen = random.choice(2, 2 * n, p=weights)
    points = centres[chosen] + np.einsum("nij,nj->ni", roots[chosen], random.normal(size=(2 * n, 2)))
    points = points[points[:, 0] > 1.0]
    precisions = np.linalg.inv(np.array([[[0.03, 0.0], [0.0, 0.03]], [[0.01, 0.0], [0.0, 0.3]]]))
    solutions = Proposal(
        centres + 0.1, precisions, np.array([0.2, 0.8]), np.array([-5.0, -5.0]), np.array([20.0, 20.0])
    )
    moved, accepted = points.copy(), 0
    legacy = np.random.RandomState(2)
    for _ in range(8):
        new, factor = solutions.jump(moved, legacy)
        ratio = np.exp(factor) * density(new) / density(moved)
        taken = random.random(len(moved)) < ratio
        moved[taken] = new[taken]
        accepted += int(np.count_nonzero(taken))
    assert accepted > 1.5 * len(points)
    for before, after in zip(points.T, moved.T, strict=True):
        for cut in np.quantile(before, [0.1, 0.3, 0.5, 0.6, 0.8, 0.95]):
            share = np.mean(before < cut)
            assert abs(np.mean(after < cut) - share) < 5.0 * np.sqrt(share * (1 - share) / len(points))
    mean_products = [np.mean(np.prod(x - x.mean(axis=0), axis=1)) for x in (points, moved)]
    assert mean_products[1] == pytest.approx(mean_products[0], rel=0.05)


def test_what_the_data_leave_open_is_drawn_anywhere() -> None:
    solutions = Proposal(
        np.array([[1.0, 3.0]]), np.array([[[4.0, 1.0], [1.0, 2.0]]]), np.array([1.0]),
        np.array([0.0, -9.0]), np.array([10.0, 9.0]), np.array([True, False]),
    )  # fmt: skip
    points = solutions.draw(np.zeros(4000, dtype=np.int64), np.random.RandomState(1))
    assert np.histogram(points[:, 0], bins=4, range=(0.0, 10.0))[0] == pytest.approx([1000] * 4, rel=0.15)
    # Its value makes no difference to the density that is drawn from.
    new, factor = solutions.jump(points, np.random.RandomState(2))
    shifted = points.copy()
    shifted[:, 0] = 10.0 - shifted[:, 0]
    np.testing.assert_allclose(solutions.jump(shifted, np.random.RandomState(2))[1], factor)
    assert np.all((new[:, 0] >= 0.0) & (new[:, 0] <= 10.0))


@pytest.mark.slow
def test_without_fringes_L_fills_its_bounds() -> None:
    found = cubes(seed=2, sigma_L=3.5)
    assert found.parameters["L"].status == "undetermined"
    posterior = sample_posterior(found, steps=600, seed=1)
    assert posterior.converged, posterior.why
    row = found.minima[0].parameters["L"]
    assert posterior.std("L") == pytest.approx((row.upper - row.lower) / np.sqrt(12.0), rel=0.1)
    pattern = found.pattern
    without = fit(
        pattern,
        regions=[(0.9, 1.3)],
        fix={"q_zero": 0.0, "L": 40.0, "sigma_L": 8.0},
        resolution=0.0,
        systematics="none",
    )
    assert posterior.std("d") == pytest.approx(without.parameters["d"].error, rel=0.15)


@pytest.mark.slow
def test_a_prior_decides_between_solutions() -> None:
    posterior = sample_posterior(cubes(), steps=600, seed=1, priors={"L": (36.0, 2.0)})
    pull = ((np.array([s.values["L"] for s in cubes().solutions]) - 36.0) / 2.0) ** 2
    expected = of_cubes().fractions * np.exp(-0.5 * pull)
    expected /= expected.sum()
    assert posterior.fractions[1] == pytest.approx(expected[1], abs=0.006)
    # A narrow one decides a value as well.
    narrow = sample_posterior(cubes(), steps=300, seed=1, priors={"N": (13.1, 0.02)})
    assert narrow.mean("N") == pytest.approx(13.1, abs=0.01)
    assert narrow.std("N") == pytest.approx(0.02, rel=0.15)
    assert narrow.chi2.min() >= cubes().chi2 - 1e-6


@pytest.mark.slow
@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"steps": 10}, "10 steps: at least 100"),
        ({"walkers": 6}, "6 walkers: 5 refined parameters need at least 10"),
        ({"priors": {"M": (40.0, 1.0)}}, "only what is refined has a prior: d, L"),
        ({"priors": {"q_zero": (0.0, 1.0)}}, "only what is refined"),
        ({"priors": {"L": (36.0, 0.0)}}, "standard deviation must be positive"),
        ({"priors": {"L": (np.nan, 1.0)}}, "both finite"),
        ({"priors": {"L": (150.0, 1.0)}}, "excludes all solutions: the nearest, "),
    ],
)
def test_what_cannot_be_is_refused(options: dict[str, object], message: str) -> None:
    with pytest.raises(SlxrdError, match=message):
        sample_posterior(cubes(), **options)  # type: ignore[arg-type]


@pytest.mark.slow
def test_without_emcee_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "emcee", None)
    with pytest.raises(SlxrdError, match=r'pip install "slxrd\[posterior\]"'):
        sample_posterior(cubes(), steps=100)


@pytest.mark.slow
def test_a_short_chain_says_so_and_the_same_seed_gives_the_same() -> None:
    one, two, other = (sample_posterior(cubes(), steps=150, seed=seed) for seed in (4, 4, 5))
    assert not one.converged
    assert "autocorrelation times" in one.why
    np.testing.assert_array_equal(one.chain, two.chain)
    assert not np.array_equal(one.chain, other.chain)
    assert one.chain.shape == (120, 40, 5)
    assert set(one.all_values) == {*CUBES, "q_zero", "period", "thickness", "thickness_with_surface"}
    np.testing.assert_allclose(one.all_values["L"], one.chain[:, :, 1].ravel())
    with pytest.raises(SlxrdError, match="unknown quantity"):
        one.mean("M")


@pytest.mark.slow
def test_an_interrupt_keeps_what_was_done() -> None:
    def stop_at(done_enough: int) -> Posterior:
        def report(done: int, asked: int) -> None:
            if done >= done_enough:
                raise KeyboardInterrupt

        return sample_posterior(cubes(), steps=5000, seed=1, report=report)

    posterior = stop_at(200)
    assert (posterior.done, posterior.requested) == (200, 5000)
    assert any("interrupted after 200 of 5000 steps" in note for note in posterior.notes)
    with pytest.raises(KeyboardInterrupt):
        stop_at(50)


@pytest.mark.slow
def test_weights_are_said_to_temper() -> None:
    assert not of_cubes().notes
    posterior = sample_posterior(cubes(weight=0.25), steps=300, seed=1)
    assert any("tempered" in note for note in posterior.notes)
    inside, plain = posterior.solution == 0, of_cubes().solution == 0
    widths = [p.all_values["L"][m].std() for p, m in ((posterior, inside), (of_cubes(), plain))]
    assert widths[0] == pytest.approx(2.0 * widths[1], rel=0.25)


@pytest.mark.slow
def test_autocorrelation_time_and_rhat_of_known_chains() -> None:
    random = np.random.default_rng(3)
    chain = np.zeros((20_000, 10))
    for i in range(1, len(chain)):
        chain[i] = 0.9 * chain[i - 1] + random.normal(size=10)
    assert autocorrelation_time(chain) == pytest.approx(19.0, rel=0.1)
    assert autocorrelation_time(random.normal(size=(2000, 10))) == pytest.approx(1.0, rel=0.1)
    assert split_rhat(chain) == pytest.approx(1.0, abs=0.01)
    stuck = random.normal(size=(2000, 10)) + 10.0 * (np.arange(10) < 5)
    assert autocorrelation_time(stuck) > 300.0
    assert split_rhat(stuck) > 3.0
    drifting = random.normal(size=(2000, 10)) + np.linspace(0.0, 3.0, 2000)[:, None]
    assert split_rhat(drifting) > 1.1
    assert autocorrelation_time(np.ones((50, 4))) == 50.0
