"""Samplers by name: those of slxrd, and one of another package."""

from dataclasses import dataclass

import numpy as np
import pytest

import slxrd
from slxrd.errors import SlxrdError
from slxrd.fitting.uncertainty.posterior.sampler import SAMPLERS, DrawnSamples, Sampler, draw_samples

FIXED = {"d": 5.84, "q_zero": 0.0}
TRUTH = {"d": 5.84, "L": 36.9, "sigma_L": 1.43, "N": 13.0, "sigma_N": 1.55}


@dataclass(frozen=True)
class Metropolis(Sampler):
    """Random walks of Metropolis from the best minimum, without their first quarter."""

    steps: int = 1000
    walkers: int = 16

    def sample(self, target, random, report=None):
        best = target.minima[0]
        root = np.linalg.cholesky(np.linalg.inv(best.jacobian.T @ best.jacobian))
        shape = (self.steps, self.walkers)
        moves = 2.4 / np.sqrt(len(target.names)) * random.normal(size=(*shape, len(target.names))) @ root.T
        at = np.tile(best.vector, (self.walkers, 1))
        height, chain = target(at), []
        for move, chances in zip(moves, np.log(random.random(shape)), strict=True):
            tried = target(at + move)
            taken = chances < tried - height
            at, height = np.where(taken[:, None], at + move, at), np.where(taken, tried, height)
            chain.append(at)
        return DrawnSamples.of(target, np.concatenate(chain[self.steps // 4 :]))


@pytest.fixture(scope="module")
def fit():
    q = np.arange(0.9, 1.25, 0.004)
    pattern = slxrd.simulate(q, TRUTH, noise=0.02, seed=3, resolution=0.0)
    return slxrd.fit(pattern, regions=[(0.9, 1.25)], fix=FIXED, noise=0.02, resolution=0.0)


@pytest.mark.slow
def test_a_sampler_of_another_package_agrees(fit, monkeypatch) -> None:
    monkeypatch.setitem(SAMPLERS._items, "metropolis", Metropolis)
    mine, known = draw_samples(fit, "metropolis", seed=1), draw_samples(fit, "importance", seed=1)
    main = known.solution == 0
    for name in fit.names:
        values, weights = known.values[name][main], known.weights[main] / known.weights[main].sum()
        mean = weights @ values
        spread = np.sqrt(weights @ (values - mean) ** 2)
        assert mine.mean(name) == pytest.approx(mean, abs=0.3 * spread)
        assert mine.std(name) == pytest.approx(spread, rel=0.3)
    assert mine.quantile("period", 0.5) == pytest.approx(mine.mean("period"), abs=mine.std("period"))


def test_weights_are_used() -> None:
    values = np.array([1.0, 2.0, 4.0])
    drawn = DrawnSamples(("L",), values[:, None], {"L": values}, np.array([0.5, 0.25, 0.25]))
    assert drawn.mean("L") == 2.0
    assert drawn.std("L") == pytest.approx(np.sqrt(1.5))
    with pytest.raises(SlxrdError, match="unknown quantity 'K'"):
        drawn.mean("K")


@pytest.mark.slow
def test_mcmc_by_name_is_sample_posterior(fit) -> None:
    one = slxrd.sample_posterior(fit, steps=120, seed=4)
    other = draw_samples(fit, "mcmc", seed=4, steps=120)
    assert np.array_equal(one.chain, other.chain)
    assert one.seed == other.seed == 4


@pytest.mark.slow
def test_unknown_samplers_and_settings_are_refused(fit) -> None:
    with pytest.raises(SlxrdError, match="unknown sampler 'nuts'; known are importance, mcmc"):
        draw_samples(fit, "nuts")
    with pytest.raises(SlxrdError, match=r"sampler 'mcmc': .*'step'"):
        draw_samples(fit, "mcmc", step=100)
