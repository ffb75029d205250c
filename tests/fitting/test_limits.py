"""What a pattern does not determine: one-sided limits against χ² profiles made by hand."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from scipy.special import chdtri

from slxrd.data.pattern import Pattern
from slxrd.data.regions import Region, select_points
from slxrd.errors import SlxrdError
from slxrd.fitting.api import fit
from slxrd.fitting.examples import EXAMPLES
from slxrd.fitting.minimise.least_squares import minimise
from slxrd.fitting.objective.residuals import Objective
from slxrd.fitting.result.fit import Fit
from slxrd.fitting.search.minima import search
from slxrd.fitting.uncertainty.limits import ONE_SIDED_95, least_disorder, limit, without_fringes
from slxrd.instrument.diffractometer import Instrument
from slxrd.model.intensity import Model
from slxrd.model.simulation import simulate
from slxrd.parameters.parameter_set import Parameters

CUBES = {"d": 5.84, "L": 36.9, "sigma_L": 1.43, "N": 13.0, "sigma_N": 1.55}
BOTH = [(0.88, 1.28), (1.98, 2.33)]
Q = np.arange(0.86, 2.36, 0.002)


def sharp(seed: int) -> Fit:
    """Crystals all of 13 planes: σ_N ends at its lower bound of 0.2, or near it."""
    values = {**CUBES, "sigma_N": 0.0}
    pattern = simulate(Q, values, peak=1500.0, noise="counting", seed=seed, resolution=0.0)
    return fit(pattern, regions=BOTH, resolution=0.0, bounds={"L": (27.0, 47.0)}, systematics="none")


def ordered(seed: int) -> Objective:
    """A thin-sheet sample without stacking disorder, 3 % noise."""
    values = {**CUBES, "N": 4.0, "sigma_N": 0.8, "sigma_L": 0.0, "q_zero": 0.0}
    pattern = simulate(Q, values, noise=0.03, seed=seed)
    return Objective(Model(), select_points(pattern, [Region(0.88, 1.4), Region(1.75, 2.33)]))


def test_the_rise_of_a_one_sided_limit() -> None:
    """95 % of one side are 90 % of two: χ² of one degree of freedom."""
    assert pytest.approx(chdtri(1, 0.10), abs=0.01) == ONE_SIDED_95


@pytest.mark.slow
@pytest.mark.parametrize("seed", [0, 1])
def test_a_sharp_size_gives_an_upper_bound_of_its_spread(seed: int) -> None:
    """Below 0.35 only two sizes are left, and one fraction cannot give N and σ_N.

    But χ² rises as soon as a third size comes in, and N cannot leave the two: both are well known.
    """
    found = sharp(seed)
    spread, size = found.parameters["sigma_N"], found.parameters["N"]
    assert spread.value is not None
    assert spread.status == "upper bound" or (spread.status == "determined" and spread.error is not None)
    assert 0.2 < spread.value < 0.6
    assert size.value == pytest.approx(13.0, abs=0.6)
    assert size.error is None or size.error < 1.0


@pytest.mark.slow
def test_disorder_on_its_bound_is_an_upper_bound() -> None:
    values = {**CUBES, "N": 4.0, "sigma_N": 0.8, "sigma_L": 0.0}
    pattern = simulate(np.arange(0.8, 2.5, 0.002), values, noise=0.03, seed=0)
    found = fit(pattern, regions=[(0.85, 1.4), (1.7, 2.48)], bounds={"L": (27.0, 47.0)}, systematics="none")
    estimate = found.parameters["sigma_L"]
    assert (estimate.status, estimate.error, estimate.why) == ("upper bound", None, "95 % limit")
    assert estimate.value == pytest.approx(0.06, abs=0.02)
    assert np.isnan(found.covariance[found.names.index("sigma_L")]).all()
    assert found.parameters["L"].status == "determined"


@pytest.mark.slow
@pytest.mark.parametrize("seed", [0, 1])
def test_an_upper_limit_is_where_the_profile_says(seed: int) -> None:
    """χ² with σ_L kept at values of our own, everything else refined; its crossing by interpolation."""
    objective = ordered(seed)
    start = Parameters().start(d=5.84, L=36.9, sigma_L=0.05, N=4.0, sigma_N=0.8).fix(q_zero=0.0)
    best = minimise(objective, start)
    found = limit(objective, best, "sigma_L", 10.0)
    grid = np.linspace(best.values["sigma_L"] + 0.005, 0.15, 30)
    rise = [minimise(objective, best.parameters.fix(sigma_L=s)).chi2 - best.chi2 for s in grid]
    assert np.all(np.diff(rise) > 0.0)
    assert found == pytest.approx(float(np.interp(2.706, rise, grid)), rel=0.03)


@pytest.mark.slow
def test_upper_limits_hold_the_truth_as_often_as_they_say() -> None:
    """σ_L = 0 in truth is below any limit; what counts is that limits are not needlessly far.

    Of 12 experiments about half have their best σ_L on the bound; the limits of those are alike.
    """
    limits = []
    for seed in range(12):
        objective = ordered(seed)
        start = Parameters().start(d=5.84, L=36.9, sigma_L=0.05, N=4.0, sigma_N=0.8).fix(q_zero=0.0)
        best = minimise(objective, start)
        if best.values["sigma_L"] < 1e-3:
            limits.append(limit(objective, best, "sigma_L", 10.0))
    assert 2 <= len(limits) <= 11
    assert np.ptp(limits) < 0.5 * np.mean(limits)
    assert 0.02 < np.mean(limits) < 0.1


def test_no_limit_where_chi2_never_rises() -> None:
    objective = ordered(0)
    start = Parameters().start(d=5.84, L=36.9, sigma_L=0.05, N=4.0, sigma_N=0.8).fix(q_zero=0.0)
    best = minimise(objective, start)
    assert limit(objective, best, "sigma_L", best.values["sigma_L"] + 1e-4) == pytest.approx(
        best.values["sigma_L"] + 1e-4
    )


# Without fringes


def spheres(seed: int) -> Objective:
    q, truth = np.arange(1.9, 2.32, 0.002), EXAMPLES["pbs-spheres"].truth
    pattern = simulate(q, truth, peak=1500.0, noise="counting", seed=seed, resolution=0.0)
    return Objective(Model(instrument=Instrument(0.0)), select_points(pattern, [Region(1.9, 2.32)]))


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1, 2])
def test_a_lower_limit_of_disorder_is_where_fringes_would_show(seed: int) -> None:
    """The least χ² over L and σ_L kept at values of our own, from a finer grid of L than the program's."""
    objective = spheres(seed)
    parameters = Parameters().fix(q_zero=0.0).bound(L=(10.0, 30.0))
    best = search(objective, parameters).minima[0]
    fringeless = without_fringes(objective, best)
    assert fringeless.values["sigma_L"] == 8.0
    found = least_disorder(objective, fringeless, parameters)
    assert 0.5 < found < EXAMPLES["pbs-spheres"].truth["sigma_L"]
    row = fringeless.parameters["L"]

    def rise(sigma_L: float) -> float:
        values = {**fringeless.values, "sigma_L": sigma_L}
        grid = np.arange(row.lower, row.upper, fringeless.values["d"] / 12.0)
        chi2 = np.array([objective.chi2({**values, "L": L}) for L in grid])
        tried = []
        for i in np.argsort(chi2)[:3]:
            start = fringeless.parameters.fix(sigma_L=sigma_L).start(L=float(grid[i])).release("L")
            tried.append(minimise(objective, start).chi2)
        return min(tried) - fringeless.chi2

    assert rise(0.93 * found) > ONE_SIDED_95
    assert rise(1.07 * found) < ONE_SIDED_95


@pytest.mark.slow
def test_a_fixed_gap_gives_a_sharper_limit() -> None:
    """Fringes that may lie anywhere hide better than those whose place is known."""
    objective = spheres(1)
    anywhere = Parameters().fix(q_zero=0.0).bound(L=(10.0, 30.0))
    known = anywhere.fix(L=20.0)
    limits = []
    for parameters in (anywhere, known):
        best = search(objective, parameters).minima[0]
        limits.append(least_disorder(objective, without_fringes(objective, best), parameters))
    assert limits[1] > limits[0]


@pytest.mark.slow
@pytest.mark.parametrize(
    "said",
    [{"fix": {"sigma_L": 1.43}}, {"tie": {"sigma_L": "L/25.8"}}],
    ids=["fixed", "tied"],
)
def test_fringes_are_seen_whoever_says_how_sharp_they_are(said: dict[str, Any]) -> None:
    """A σ_L that is fixed or tied must not count as missing fringes: L is as well known as before."""
    pattern = simulate(Q, CUBES, peak=1500.0, noise="counting", seed=1, resolution=0.0)
    found = fit(pattern, regions=BOTH, resolution=0.0, bounds={"L": (27.0, 47.0)}, **said)
    estimate = found.parameters["L"]
    assert estimate.status == "determined"
    assert estimate.value == pytest.approx(36.9, abs=0.15)
    assert not any(note.startswith("no fringes") for note in found.notes)


def test_too_few_points_with_a_logarithm() -> None:
    """Points that are left out do not count: eight cannot give five parameters, scale and background."""
    pattern = simulate(Q, CUBES, peak=1500.0, noise="counting", seed=1)
    inside = np.flatnonzero((pattern.q > 0.88) & (pattern.q < 1.28))
    for left in (1, 6):
        intensity = np.array(pattern.intensity)
        intensity[inside] = -1.0
        intensity[inside[:left]] = 3.0
        spoilt = Pattern(pattern.q, intensity, sigma=pattern.sigma)
        with pytest.raises(SlxrdError, match="points"):
            fit(spoilt, regions=[(0.881, 1.279)], objective="log", background="linear")


# The size is known even where the spread of sizes is not


@pytest.mark.slow
@pytest.mark.parametrize(("values", "noise"), [((60.0, 3.0), 0.01), ((40.0, 0.0), 0.01)])
def test_a_sharp_size_is_still_a_size(values: tuple[float, float], noise: float) -> None:
    """Its fringes say to a plane or so how thick a film is, whatever is not known about σ_N."""
    q = np.arange(1.9, 2.25, 0.001)
    N, sigma_N = values
    truth = {"d": 3.0664, "N": N, "sigma_N": sigma_N}
    pattern = simulate(q, truth, coherent=1, resolution=0.002, noise=noise, seed=8)
    found = fit(pattern, coherent=1, resolution=0.002, regions=[(1.9, 2.25)])
    estimate = found.parameters["N"]
    assert estimate.value == pytest.approx(N, abs=1.0)
    assert estimate.error is None or estimate.error < 1.0
    assert found.derived["thickness"].value == pytest.approx((N - 1.0) * 3.0664, abs=4.0)


@pytest.mark.slow
def test_noise_that_hides_everything() -> None:
    """A reduced χ² near zero: nothing is determined, and the cause is stated."""
    values = {"d": 5.84, "L": 36.9, "sigma_L": 1.4, "N": 13.0, "sigma_N": 1.5}
    made = simulate(np.arange(0.85, 1.3, 0.005), values, noise=0.02, seed=1)
    pattern = replace(made, sigma=np.full(made.x.size, 1e4 * made.intensity.max()))
    found = fit(pattern, start=values, regions=[(0.9, 1.25)])
    assert any("σ is more than 1,000 times too large" in note for note in found.notes)
    for name in values:
        assert found.parameters[name].status == "undetermined"


def test_as_many_points_as_parameters() -> None:
    """A curve through every point would have χ² = 0, whatever the model."""
    pattern = Pattern(np.linspace(0.9, 1.25, 5), np.array([1e5, 2e5, 9e5, 2e5, 1e5]))
    with pytest.raises(SlxrdError, match="5 points, not more than the 5 free parameters"):
        fit(pattern, start=CUBES, regions=[(0.9, 1.25)], scale="peak", fix={"q_zero": 0.0})
