"""Fits of stacks whose gaps are not Gaussian: starting points, what is found and recorded, comparison."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.optimize import brentq
from scipy.stats import skewnorm
from waves import waves

import slxrd
from slxrd.data.regions import Region, select_points
from slxrd.fitting.objective.residuals import Objective
from slxrd.fitting.objective.settings import Settings
from slxrd.fitting.record.saved_fit import load
from slxrd.fitting.search.skewed_gaps import _trials, with_gaussian_gaps
from slxrd.instrument.diffractometer import Instrument
from slxrd.model.intensity import Model
from slxrd.parameters.parameter_set import Parameters
from slxrd.sample.stack import Stack

CUBES = {"d": 5.84, "L": 24.3, "sigma_L": 1.2, "N": 5.0, "sigma_N": 0.7}
REGIONS = [(0.88, 1.28), (1.98, 2.33)]
Q = np.concatenate([np.arange(low, high, 0.005) for low, high in REGIONS])
OPTIONS: dict[str, Any] = {"coherent": 6, "resolution": 0.01, "fix": {"q_zero": 0.0}, "background": "none"}
SKEWED = {"skew_L": 0.9}
NORMAL = {"skew_normal_L": 0.6}
TWO = {"wide_L": 0.2, "widening_L": 3.2}


#: That of a skew normal distribution of this skewness.
SHAPE = brentq(lambda a: float(skewnorm.stats(a, moments="s")) - NORMAL["skew_normal_L"], 0.0, 50.0)


def stacks(given: Mapping[str, float], seed: int) -> slxrd.Pattern:
    """Explicit stacks of six crystals, drawn gap by gap, of every size; noise of 1 % of the peak."""
    rng = np.random.default_rng(seed)
    fine = np.arange(0.80, 2.41, 0.004)
    sizes = np.arange(2, 9)
    shares = np.exp(-0.5 * ((sizes - CUBES["N"]) / CUBES["sigma_N"]) ** 2)
    shape = 4.0 / given.get("skew_L", 1.0) ** 2
    total = np.zeros(fine.size)
    for n, share in zip(sizes.tolist(), (shares / shares.sum()).tolist(), strict=True):
        count = 20 + int(8000 * share)
        if "skew_L" in given:
            gaps = (rng.gamma(shape, size=(count, 5)) / shape - 1.0) * np.sqrt(shape) * CUBES["sigma_L"]
        elif "skew_normal_L" in given:
            law = skewnorm(SHAPE)
            gaps = (law.rvs((count, 5), random_state=rng) - law.mean()) / law.std() * CUBES["sigma_L"]
        else:
            gaps = rng.normal(0.0, CUBES["sigma_L"], (count, 5))
            gaps += given.get("widening_L", 0.0) * (rng.random((count, 5)) < given.get("wide_L", 0.0))
        steps = gaps + CUBES["L"] + (n - 1) * CUBES["d"]
        squares = np.zeros(fine.size)
        for part in np.array_split(steps, 1 + count // 300):
            amplitude = np.ones((len(part), fine.size), complex)
            for k in reversed(range(5)):  # from the highest crystal downwards
                amplitude = 1.0 + amplitude * waves(part[:, k], fine)
            squares += (np.abs(amplitude) ** 2).sum(axis=0)
        crystal = np.exp(1j * np.outer(np.arange(n) * CUBES["d"], fine)).sum(axis=0)
        total += share * np.abs(crystal) ** 2 * squares / count
    away = np.arange(-15, 16) * 0.004
    kernel = np.exp(-0.5 * (away / 0.01) ** 2)
    total = np.interp(Q, fine, np.convolve(total, kernel / kernel.sum(), "same"))
    sigma = 0.01 * total.max()
    return slxrd.Pattern(Q, total + rng.normal(0.0, sigma, Q.size), sigma=np.full(Q.size, sigma))


def objective(given: Mapping[str, float]) -> Objective:
    pattern = slxrd.simulate(Q, {**CUBES, **given}, coherent=6, resolution=0.01, noise=0.01, seed=1)
    points = select_points(pattern, [Region(*one) for one in REGIONS], "file")
    return Objective(Model(Stack(6).using(given), Instrument(0.01)), points, Settings())


@pytest.mark.parametrize("given", [SKEWED, NORMAL, TWO], ids=str)
def test_trials_keep_the_phase_of_the_strongest_region(given: Mapping[str, float]) -> None:
    whole = objective(given)
    parameters = Parameters().within(whole.model.stack.table).release(*given)
    values = {**CUBES, "q_zero": 0.001}
    starts = _trials(whole, parameters, values)
    distribution = whole.model.stack.gap_distribution
    assert len(starts) == len(distribution.trials)
    q = np.array([float(whole.data[0].q.mean()) + 0.001])
    for start in starts:
        w = 1.0 + distribution.characteristic(q, start["L"], start["sigma_L"], start).less_one[0]
        assert np.angle(w * np.exp(-1j * q[0] * CUBES["L"])) == pytest.approx(0.0, abs=1e-9)
    fixed = parameters.fix(**given)
    (only,) = _trials(whole, fixed, values)
    assert {name: only[name] for name in given} == given
    chosen = {name: 0.75 * value for name, value in given.items()}
    (only,) = _trials(whole, parameters.start(**chosen), values)
    assert {name: only[name] for name in given} == chosen


def test_a_tie_to_the_distribution_is_kept_in_the_search() -> None:
    whole = objective(SKEWED)
    parameters = Parameters().within(whole.model.stack.table)
    simple = with_gaussian_gaps(whole, parameters)
    assert simple is not None
    assert simple[0].model.stack.in_kernels
    assert "skew_L" not in simple[1]
    assert with_gaussian_gaps(whole, parameters.tie(sigma_N="0.1*skew_L")) is None


@pytest.mark.slow
@pytest.mark.parametrize("given", [SKEWED, NORMAL, TWO], ids=str)
def test_the_distribution_of_explicit_stacks_is_found(given: Mapping[str, float], tmp_path: Path) -> None:
    """Without starting values; then the result as a file."""
    fit = slxrd.fit(stacks(given, 3), regions=REGIONS, free=list(given), **OPTIONS)
    assert fit.assessment is not None
    assert fit.assessment.grade == "describes"
    for name, expected in {**CUBES, **given}.items():
        estimate = fit.parameters[name]
        assert estimate.value is not None, name
        assert estimate.error is not None, name
        assert abs(estimate.value - expected) < 4.0 * estimate.error, name
    slxrd.save(fit, tmp_path)
    saved = load(tmp_path)
    assert dict(saved.parameters) == dict(fit.parameters)
    assert saved.solutions == fit.solutions


@pytest.mark.slow
def test_gaussian_gaps_give_a_wrong_width_of_skewed_ones() -> None:
    """What the skewness is for: χ² decides for it, and L without it is several errors off."""
    found = slxrd.compare_models(
        stacks(SKEWED, 5), ["planes", "planes+free=skew_L"], regions=REGIONS, start={"d": 5.84}, **OPTIONS
    )
    skewed, plain = found.models
    assert skewed.name == "planes+free=skew_L"
    assert plain.fit.chi2 > skewed.fit.chi2 + 30.0
    error = skewed.fit.parameters["L"].error
    assert error is not None
    assert abs(skewed.fit.minima[0].values["L"] - CUBES["L"]) < 4.0 * error
    assert abs(plain.fit.minima[0].values["L"] - CUBES["L"]) > 5.0 * error


@pytest.mark.slow
def test_two_widths_are_distinguished_from_skewed_gaps() -> None:
    models = [
        "planes+free=skew_L",
        "planes+free=skew_normal_L",
        "planes+free=wide_L+free=widening_L",
    ]
    found = slxrd.compare_models(
        stacks(TWO, 4), models, regions=REGIONS, bounds={"L": (20.0, 29.0)}, start=CUBES, **OPTIONS
    )
    assert found.models[0].name == models[-1]
