"""Profiles, intervals and limits: against the covariance, brute force, and the search's own limits."""

from __future__ import annotations

import math
from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from slxrd.errors import SlxrdError
from slxrd.fitting.api import fit
from slxrd.fitting.examples import EXAMPLES
from slxrd.fitting.minimise.least_squares import minimise
from slxrd.fitting.result.fit import Fit
from slxrd.fitting.uncertainty.profile.interval import estimate_from_profile, interval, noise_scale
from slxrd.fitting.uncertainty.profile.likelihood import profile
from slxrd.model.simulation import simulate

TRUTH = {"d": 5.84, "L": 36.9, "sigma_L": 1.43, "N": 13.0, "sigma_N": 1.55}
Q = np.arange(0.8, 1.32, 0.004)
REGION = (0.85, 1.3)


@cache
def example(name: str) -> Fit:
    return fit(EXAMPLES[name].pattern(), **EXAMPLES[name].options, systematics="none")


@cache
def spheres() -> Fit:
    """Too much disorder for fringes."""
    q, truth = np.arange(1.9, 2.32, 0.004), EXAMPLES["pbs-spheres"].truth
    pattern = simulate(q, truth, peak=3000.0, noise="counting", seed=1, resolution=0.0)
    return fit(pattern, regions=[(1.9, 2.32)], bounds={"L": (10.0, 30.0)}, resolution=0.0, systematics="none")


@cache
def quiet(weight: float = 1.0) -> Fit:
    """One order with 0.4 % noise: well determined, χ² nearly a parabola."""
    pattern = simulate(Q, TRUTH, noise=0.004, seed=5)
    return fit(
        pattern,
        regions=[(*REGION, weight)],
        fix={"q_zero": 0.0},
        bounds={"L": (25.0, 50.0)},
        systematics="none",
    )


@cache
def ambiguous() -> Fit:
    """Two orders with 3 % noise: two solutions d apart in L, almost equally good."""
    pattern = simulate(np.arange(0.85, 2.4, 0.004), TRUTH, noise=0.03, seed=7)
    return fit(pattern, regions=[(0.88, 1.28), (1.98, 2.33)], bounds={"L": (15.0, 60.0)}, systematics="none")


@pytest.mark.slow
@pytest.mark.parametrize("name", ["d", "L", "sigma_L", "N", "sigma_N"])
def test_intervals_of_a_well_determined_fit_are_those_of_the_covariance(name: str) -> None:
    result = quiet()
    error, value = result.parameters[name].error, result.parameters[name].value
    assert error is not None
    assert value is not None
    for level, errors in ((0.68, 1.0), (0.95, 1.96)):
        found = interval(result, name, level)
        assert found.lower is not None
        assert found.upper is not None
        assert found.lower < value < found.upper
        assert (found.upper - found.lower) / 2.0 == pytest.approx(errors * error, rel=0.05)
        assert len(found.pieces) == 1
        assert found.note == ""
        assert found.refinements <= 30


@pytest.mark.slow
def test_ends_are_where_the_profile_has_risen_by_one() -> None:
    result = quiet()
    found = interval(result, "sigma_N")
    assert found.lower is not None
    assert found.upper is not None
    for end in (found.lower, found.upper):
        kept = result.minima[0].parameters.fix(sigma_N=end)
        assert minimise(result.objective, kept).chi2 - result.chi2 == pytest.approx(1.0, abs=0.03)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["L", "sigma_L", "N"])
def test_a_weight_that_is_no_inverse_variance_does_not_change_the_interval(name: str) -> None:
    """Weight 0.1 makes χ² ten times flatter, and the parameters no worse."""
    one, tenth = interval(quiet(), name), interval(quiet(0.1), name)
    assert tenth.rise == pytest.approx(0.1, rel=1e-6)
    assert tenth.lower == pytest.approx(one.lower, rel=1e-4)
    assert tenth.upper == pytest.approx(one.upper, rel=1e-4)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["d", "L", "sigma_L", "N", "sigma_N", "q_zero"])
def test_regions_of_different_weight(name: str) -> None:
    """What half the interval of two regions, weights 1 and 0.1, must be: the sandwich's error."""
    result = example("cspbbr3-cubes")
    error = result.parameters[name].error
    assert error is not None
    assert 0.1 < noise_scale(result.minima[0], name) < 1.0
    found = estimate_from_profile(result, name)
    assert found.status == "determined"
    assert found.error == pytest.approx(error, rel=0.03)
    assert found.value == result.parameters[name].value


@pytest.mark.slow
def test_the_scale_of_the_noise_is_a_ratio_of_variances() -> None:
    minimum = example("cspbbr3-cubes").minima[0]
    J, noise = minimum.jacobian, minimum.evaluation.noise
    naive = np.linalg.inv(J.T @ J)
    sandwich = naive @ (J.T * noise**2) @ J @ naive
    for k, name in enumerate(minimum.names):
        assert noise_scale(minimum, name) == pytest.approx(sandwich[k, k] / naive[k, k], rel=1e-5)
    assert noise_scale(quiet().minima[0], "L", "N") == pytest.approx(1.0)


@pytest.mark.slow
def test_the_profile_finds_every_solution_that_a_brute_force_finds() -> None:
    """Near each solution, dozens of starts over N, σ_L and σ_N lead nowhere lower."""
    result = ambiguous()
    near = [m.values["L"] for m in result.minima if m.chi2 - result.chi2 < 20.0]
    assert len(near) >= 3
    values = np.sort(np.concatenate([[L - 0.3, L, L + 0.2] for L in near]))
    found = profile(result, "L", values[::-1])
    assert found.values.tolist() == values.tolist()
    for L, chi2 in zip(found.values, found.chi2, strict=True):
        kept = result.minima[0].parameters.fix(L=L)
        starts = [
            kept.start(N=N, sigma_L=sigma_L, sigma_N=sigma_N)
            for N in (12.0, 12.6, 13.2, 13.8)
            for sigma_L in (0.8, 1.5)
            for sigma_N in (0.8, 2.0)
        ]
        assert chi2 < min(minimise(result.objective, start, 1e-8).chi2 for start in starts) + 0.01
    assert found.chi2.min() == pytest.approx(result.chi2, abs=1e-5)
    assert found.best == int(found.chi2.argmin())
    for k in (0, 1):
        assert found.solution[found.values == result.minima[k].values["L"]].tolist() == [k]
    for name, along in found.all_values.items():
        assert along.shape == values.shape, name
    assert np.array_equal(found.all_values["L"], found.values)


@pytest.mark.slow
def test_two_solutions_make_two_intervals_and_are_named_in_the_judgement() -> None:
    result = ambiguous()
    one, other = (m.values["L"] for m in result.minima[:2])
    assert 1.0 < result.minima[1].chi2 - result.chi2 < 2.71
    assert len(interval(result, "L", 0.68).pieces) == 1
    found = interval(result, "L", 0.95)
    first, second = found.pieces
    assert first[0] is not None
    assert first[1] is not None
    assert second[0] is not None
    assert second[1] is not None
    assert first[0] < other < first[1] < other + 1.0
    assert one - 1.0 < second[0] < one < second[1]
    assert (found.lower, found.upper) == (first[0], second[1])
    said = estimate_from_profile(result, "L")
    assert said.status == "determined"
    assert said.value == one
    assert "also 31." in said.why
    # Of N the two solutions overlap: one interval, longer than that of the best solution alone.
    assert len(interval(result, "N", 0.95).pieces) == 1


@pytest.mark.slow
def test_without_fringes_there_is_a_lower_limit_of_the_disorder_and_no_gap() -> None:
    result = spheres()
    theirs, mine = result.parameters["sigma_L"], estimate_from_profile(result, "sigma_L")
    assert (theirs.status, mine.status) == ("lower bound", "lower bound")
    assert mine.value == pytest.approx(theirs.value, rel=0.15)
    assert mine.value is not None
    assert mine.value < EXAMPLES["pbs-spheres"].truth["sigma_L"]
    assert estimate_from_profile(result, "L").status == "undetermined"
    gap = interval(result, "L", 0.95)
    assert (gap.lower, gap.upper) == (None, None)
    assert "no fringes" in gap.note
    disorder = interval(result, "sigma_L", 0.95)
    assert disorder.upper is None
    assert disorder.lower is not None
    assert disorder.lower < mine.value
    assert estimate_from_profile(result, "N").status == "determined"


@pytest.mark.slow
def test_a_parameter_on_its_bound_has_a_limit_on_the_other_side() -> None:
    """Crystals of one size: the profile says how large σ_N may be, and that it may be nothing."""
    pattern = simulate(Q, {**TRUTH, "sigma_N": 0.2}, noise=0.03, seed=1)
    bounds = {"sigma_N": (0.2, 5.0), "L": (30.0, 43.0)}
    result = fit(pattern, regions=[REGION], bounds=bounds, fix={"q_zero": 0.0}, systematics="none")
    found = estimate_from_profile(result, "sigma_N")
    assert found.status == "upper bound"
    assert found.error is None
    assert found.value is not None
    kept = result.minima[0].parameters.fix(sigma_N=found.value)
    assert minimise(result.objective, kept).chi2 - result.chi2 == pytest.approx(2.71, abs=0.05)
    assert minimise(result.objective, kept.fix(sigma_N=0.2)).chi2 - result.chi2 < 2.71
    assert interval(result, "sigma_N", 0.95).lower is None


@pytest.mark.slow
def test_a_bound_that_cuts_a_parameter_off_is_said() -> None:
    pattern = simulate(Q, TRUTH, noise=0.01, seed=5)
    bounds = {"N": (5.0, 12.0), "L": (30.0, 43.0)}
    result = fit(pattern, regions=[REGION], bounds=bounds, fix={"q_zero": 0.0}, systematics="none")
    found = estimate_from_profile(result, "N")
    assert found.status == "at bound"
    assert "upper bound" in found.why


@pytest.mark.slow
def test_ties_are_followed() -> None:
    """Also where the compiled refinement does not serve."""
    pattern = simulate(Q, TRUTH, noise=0.01, seed=5)
    tied = fit(
        pattern,
        regions=[REGION],
        tie={"sigma_N": "0.12*N"},
        fix={"q_zero": 0.0},
        bounds={"L": (34.0, 40.0)},
        coherent=40,
        substrate="none",
        background="none",
        systematics="none",
    )
    found = interval(tied, "N")
    error = tied.parameters["N"].error
    assert found.lower is not None
    assert found.upper is not None
    assert error is not None
    assert (found.upper - found.lower) / 2.0 == pytest.approx(error, rel=0.05)
    along = profile(tied, "N", [12.9, 13.0, 13.1]).all_values
    assert along["sigma_N"] == pytest.approx(0.12 * along["N"])
    with pytest.raises(SlxrdError, match=r"sigma_N is tied \(0.12\*N\) in this fit"):
        interval(tied, "sigma_N")


@pytest.mark.slow
def test_a_solution_that_the_fit_missed_is_reported() -> None:
    """A fit that was stopped on its way."""
    result = ambiguous()
    start = result.minima[0].parameters.start(d=5.87, N=12.0)
    stopped = minimise(result.objective, start, most_evaluations=1)
    assert stopped.chi2 > result.chi2 + 10.0
    early = replace(result, minima=(stopped,), chi2=stopped.chi2)
    assert "the fit has missed a solution there" in interval(early, "N").note
    assert interval(result, "N").note == ""


def test_progress_is_reported_and_an_interruption_is_passed_on() -> None:
    seen: list[tuple[int, int]] = []
    profile(quiet(), "N", [12.9, 13.0, 13.1, 13.2], lambda done, of: seen.append((done, of)))
    assert seen == [(1, 4), (2, 4), (3, 4), (4, 4)]

    def stop(done: int, of: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        profile(quiet(), "N", [12.9, 13.0, 13.1], stop)


@pytest.mark.parametrize(
    ("name", "values", "says"),
    [
        ("x", [1.0, 2.0, 3.0], "unknown parameter 'x'"),
        ("q_zero", [0.0, 0.001, 0.002], "q_zero is not refined in this fit"),
        ("L", [36.0, 37.0], "at least 3 different, finite values"),
        ("L", [36.0, 37.0, 37.0], "at least 3 different, finite values"),
        ("L", [36.0, 37.0, math.nan], "at least 3 different, finite values"),
        ("L", [1.0, 2.0, 30.0], "leaves the fit's bounds 25:"),
        ("N", [1.0, 2.0, 3000.0], "leaves the fit's bounds 1:2000"),
    ],
)
def test_what_is_refused(name: str, values: list[float], says: str) -> None:
    with pytest.raises(SlxrdError, match=says):
        profile(quiet(), name, values)


@pytest.mark.parametrize("level", [0.0, 1.0, -0.1, 68.0])
def test_levels_are_probabilities(level: float) -> None:
    with pytest.raises(SlxrdError, match="must be between 0 and 1"):
        interval(quiet(), "L", level)
