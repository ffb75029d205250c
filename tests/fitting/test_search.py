"""All minima of χ²: the best one found from the pattern alone, and its rivals listed."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import pytest

from slxrd.data.pattern import Pattern
from slxrd.data.regions import Region, select_points
from slxrd.errors import SlxrdError
from slxrd.fitting.api import fit, setup
from slxrd.fitting.fit_options import prepare_objective
from slxrd.fitting.minimise.least_squares import minimise
from slxrd.fitting.objective.residuals import Objective
from slxrd.fitting.request.declaration import collect
from slxrd.fitting.result.fit import Fit
from slxrd.fitting.search.identity import distinct
from slxrd.fitting.search.minima import search
from slxrd.fitting.search.q_zero import fix_q_zero
from slxrd.model.intensity import Model
from slxrd.model.simulation import simulate
from slxrd.parameters.parameter_set import Parameters

CUBES = {"d": 5.84, "L": 36.9, "sigma_L": 1.43, "N": 13.0, "sigma_N": 1.55}


def drawn(count: int) -> list[dict[str, float]]:
    """Parameter sets drawn over what colloids may show."""
    rng = np.random.default_rng(77)
    return [
        {
            "d": rng.uniform(2.9, 6.1),
            "L": rng.uniform(12.0, 60.0),
            "sigma_L": rng.uniform(0.3, 1.5),
            "N": rng.uniform(4.0, 20.0),
            "sigma_N": rng.uniform(0.5, 2.0),
            "q_zero": 0.0,
        }
        for _ in range(count)
    ]


def first_order(values: dict[str, float], seed: int) -> Objective:
    """The first Bragg peak with 2 % noise, out to 1.3 times the first zero of its envelope."""
    bragg = 2.0 * np.pi / values["d"]
    reach = min(1.3 * bragg / values["N"], 0.45 * bragg)
    q = np.arange(bragg - reach, bragg + reach, 0.003)
    pattern = simulate(q, values, noise=0.02, seed=seed)
    return Objective(Model(), select_points(pattern, [Region(float(q[0]), float(q[-1]))]))


# The first ten as they were drawn, and others where only a start close to the truth leads to it.
@pytest.mark.slow
@pytest.mark.parametrize("case", [*range(10), 12, 18, 23, 25, 27, 30, 33, 38, 41, 46, 52, 58])
def test_nothing_better_is_known_than_what_is_found(case: int) -> None:
    """A refinement from the truth itself is no better than the search from nothing."""
    truth = drawn(60)[case]
    objective = first_order(truth, 1000 + case)
    found = search(objective, Parameters()).minima
    from_truth = minimise(objective, Parameters().start(**truth).fix(q_zero=0.0))
    assert found[0].chi2 < from_truth.chi2 + 0.01, (dict(found[0].values), dict(from_truth.values))
    assert found[0].converged
    assert [m.chi2 for m in found] == sorted(m.chi2 for m in found)


def test_the_search_takes_starts_bounds_ties_and_fixed_values() -> None:
    objective = first_order({**CUBES, "q_zero": 0.0}, 5)
    parameters = Parameters().start(d=5.8).bound(L=(34.0, 39.0)).fix(N=13.0, q_zero=0.0).tie(sigma_N="0.12*N")
    (best, *others) = search(objective, parameters).minima
    assert best.names == ("d", "L", "sigma_L")
    assert best.values["N"] == 13.0
    assert best.values["sigma_N"] == pytest.approx(1.56)
    for minimum in (best, *others):
        assert 34.0 <= minimum.values["L"] <= 39.0
    assert best.values["L"] == pytest.approx(36.9, abs=0.2)


@pytest.mark.slow
def test_progress_is_reported_to_the_end() -> None:
    steps: list[tuple[int, int]] = []
    search(first_order({**CUBES, "q_zero": 0.0}, 5), Parameters(), lambda done, of: steps.append((done, of)))
    done, of = zip(*steps, strict=True)
    assert list(done) == sorted(set(done))
    assert set(of) == {of[0]}
    assert done[-1] == of[0]


@pytest.mark.slow
def test_the_order_of_solutions_and_their_repetitions() -> None:
    objective = first_order({**CUBES, "q_zero": 0.0}, 5)
    (best, *others) = search(objective, Parameters()).minima
    again = distinct([*others[::-1], best, best])
    assert again[0] is best
    assert len(again) == 1 + len(others)
    with pytest.raises(SlxrdError, match="no start led to a fit"):
        distinct([])


# The ambiguity of L (the last point of section 9 of the physics)


@cache
def ambiguous(seed: int) -> Fit:
    q = np.arange(0.88, 1.28, 0.002)
    return fit(simulate(q, CUBES, noise=0.03, seed=seed), regions=[(0.88, 1.28)], systematics="none")


@pytest.mark.slow
@pytest.mark.parametrize("seed", [0, 3])
def test_L_is_ambiguous_by_d(seed: int) -> None:
    found = ambiguous(seed)
    assert len(found.solutions) >= 3
    gaps = np.array([solution.values["L"] for solution in found.solutions])
    steps = (gaps[1:] - gaps[0]) / found.solutions[0].values["d"]
    near = np.abs(steps) < 3.5
    np.testing.assert_allclose(steps[near], np.round(steps[near]), atol=0.08)
    assert {-1, 1} <= set(np.round(steps).astype(int).tolist())
    # One of them is the truth, and not far from the best.
    true = [s for s in found.solutions if abs(s.values["L"] - 36.9) < 0.3]
    assert len(true) == 1
    assert true[0].delta_chi2 < 9.0
    assert not found.unique
    assert any(note.startswith("the answer is not unique: L = ") for note in found.notes)


@pytest.mark.slow
def test_solutions_are_ordered_and_weighed() -> None:
    solutions = ambiguous(0).solutions
    chi2 = np.array([s.chi2 for s in solutions])
    assert chi2.tolist() == sorted(chi2.tolist())
    np.testing.assert_allclose([s.delta_chi2 for s in solutions], chi2 - chi2[0], atol=1e-9)
    p = np.array([s.probability for s in solutions])
    assert p.sum() == pytest.approx(1.0, rel=1e-12)
    assert np.all(p >= 0.0)
    # exp(−Δχ²/2) but for the volumes of the minima, which are alike.
    likely = p > 1e-3
    assert likely.sum() >= 2
    np.testing.assert_allclose(np.log(p[likely] / p[0]), -0.5 * (chi2 - chi2[0])[likely], atol=1.5)


@pytest.mark.slow
def test_a_second_order_settles_it() -> None:
    """With counting statistics and both Bragg orders no rival within Δχ² = 9 is left."""
    q = np.arange(0.8, 2.4, 0.002)
    pattern = simulate(q, CUBES, peak=1500.0, noise="counting", seed=1)
    found = fit(pattern, regions=[(0.88, 1.28), (1.98, 2.33)])
    assert found.unique
    assert found.parameters["L"].value == pytest.approx(36.9, abs=0.15)


# q_zero


@pytest.mark.slow
def test_one_bragg_peak_leaves_q_zero_alone() -> None:
    found = ambiguous(0)
    assert (found.parameters["q_zero"].value, found.parameters["q_zero"].status) == (0.0, "fixed")
    assert "q_zero" not in found.names
    assert any(note.startswith("q_zero was fixed at its value") for note in found.notes)


@pytest.mark.slow
def test_the_assumed_zero_error_of_one_bragg_peak_is_in_the_error_of_d() -> None:
    """Peaks are at q = 2π/d − q_zero, so that δd = d·δq_zero/q, with the prior of 0.003 Å⁻¹."""
    q = np.arange(0.88, 1.28, 0.002)
    found = fit(simulate(q, CUBES, noise=0.03, seed=0), regions=[(0.88, 1.28)])
    zero, spacing = found.parameters["q_zero"], found.parameters["d"]
    assert (zero.status, zero.error) == ("fixed", None)
    assert "0 ± 0.003 Å⁻¹ is assumed" in zero.why
    of_zero = [note for note in found.notes if "q_zero" in note or "q₀" in note]
    assert len(of_zero) == 1
    assert of_zero[0].startswith(
        "q_zero = 0 ± 0.003 Å⁻¹ is assumed, which is in the errors: these data do not"
    )
    assert zero.value == pytest.approx(0.0, abs=0.001)  # the prior decides it
    assert spacing.error is not None
    by_zero = 5.84 * 0.003 / (2.0 * np.pi / 5.84)
    assert spacing.error > by_zero
    assert spacing.error == pytest.approx(by_zero, rel=0.15)


@pytest.mark.slow
def test_freed_by_hand_it_is_refused() -> None:
    pattern = simulate(np.arange(0.88, 1.28, 0.002), CUBES, noise=0.03, seed=0)
    with pytest.raises(SlxrdError, match=r"q_zero was freed, but .* second Bragg order.*--fix q_zero=0"):
        fit(pattern, regions=[(0.88, 1.28)], free=["q_zero"])


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(2))
def test_two_orders_give_it_back(seed: int) -> None:
    """q_zero = 0.004 Å⁻¹; left at 0, d and χ² would be far off."""
    q = np.arange(0.8, 2.4, 0.002)
    pattern = simulate(q, {**CUBES, "q_zero": 0.004}, peak=1500.0, noise="counting", seed=seed)
    regions, bounds = [(0.88, 1.28), (1.98, 2.33)], {"L": (20.0, 55.0)}
    found = fit(pattern, regions=regions, bounds=bounds, systematics="none")
    estimate = found.parameters["q_zero"]
    assert estimate.status == "determined"
    assert estimate.error is not None
    assert estimate.value is not None
    assert estimate.error < 0.0005
    assert abs(estimate.value - 0.004) < 4.0 * estimate.error
    assert any(note.startswith("q_zero was refined") for note in found.notes)
    kept = fit(pattern, regions=regions, bounds=bounds, fix={"q_zero": 0.0}, systematics="none")
    assert kept.chi2 > found.chi2 + 50.0
    assert kept.parameters["q_zero"].status == "fixed"
    assert not any("q_zero" in note for note in kept.notes)


def test_settling_q_zero() -> None:
    assert fix_q_zero(Parameters())["q_zero"].free is False
    assert fix_q_zero(Parameters().start(q_zero=0.003))["q_zero"].value == 0.003
    assert fix_q_zero(Parameters().release("q_zero"))["q_zero"].free is True
    freed = Parameters().fix(q_zero=0.001)
    assert fix_q_zero(freed) is freed


@pytest.mark.slow
def test_a_single_crystal_is_searched_too() -> None:
    q = np.arange(1.9, 2.25, 0.001)
    values = {"d": 3.0664, "N": 60.0, "sigma_N": 3.0}
    pattern = simulate(q, values, coherent=1, resolution=0.002, noise=0.01, seed=8)
    found = fit(pattern, coherent=1, resolution=0.002, regions=[(1.9, 2.25)], systematics="none")
    assert found.names == ("d", "N", "sigma_N")
    for name, truth in values.items():
        estimate = found.parameters[name]
        assert estimate.value is not None
        assert estimate.error is not None
        assert abs(estimate.value - truth) < 4.5 * estimate.error
    for name in ("L", "sigma_L"):
        assert found.parameters[name].status == "undetermined"
    assert found.derived["period"].status == "undetermined"


@pytest.mark.slow
def test_a_second_order_that_outweighs_the_first() -> None:
    """Of CsPbBr₃ the second order is ten times as strong: it alone repeats with d/2 in L, not with d."""
    truth = {"d": 5.784, "L": 36.97, "sigma_L": 0.29, "N": 13.85, "sigma_N": 0.56}
    q = np.arange(0.65, 2.6, 0.003)
    pattern = simulate(
        q, truth, crystal="CsPbBr3:CsBr", wavelength="CuKa1", peak=300.0, background=20.0, noise="counting",
        seed=4,
    )  # fmt: skip
    regions = [(0.706, 1.466), (1.792, 2.553)]
    given: dict[str, Any] = {"background": "constant", "crystal": "CsPbBr3:CsBr", "noise": "counting"}
    given["bounds"] = {"L": (20.0, 55.0)}
    pattern, options = setup(pattern, collect({"regions": regions, **given}))
    objective, _ = prepare_objective(pattern, options)
    found = search(objective, options.parameters.within(objective.model.stack.table)).minima
    near = minimise(objective, found[0].parameters.start(**truth))
    assert found[0].chi2 < near.chi2 + 0.1
    assert min(abs(minimum.values["L"] - truth["L"]) for minimum in found) < 0.5


@pytest.mark.slow
def test_a_lone_fringe_is_no_first_order() -> None:
    """Each region is scaled to its own maximum, so that heights do not show which one is the Bragg peak."""
    truth = {"d": 2.9613, "L": 47.615, "sigma_L": 0.366, "N": 3.0, "sigma_N": 0.538, "q_zero": 0.0}
    bragg, period = 2.0 * np.pi / truth["d"], 2.0 * truth["d"] + truth["L"]
    fringe, half = 2.0 * np.pi * 9 / period, 0.45 * 2.0 * np.pi / period
    regions = [(fringe - half, fringe + half), (bragg - 0.35, bragg + 0.35)]
    q = np.arange(0.8, bragg + 0.4, 0.002)
    pattern = simulate(q, truth, noise=0.002, seed=3)
    scaled = pattern.intensity.copy()
    for low, high in regions:
        inside = (q >= low) & (q <= high)
        scaled[inside] /= scaled[inside].max()
    found = fit(Pattern(q, scaled), regions=regions, noise=0.03)
    assert found.parameters["d"].value == pytest.approx(truth["d"], abs=0.01)
    assert found.parameters["L"].value == pytest.approx(truth["L"], abs=0.3)


@pytest.mark.slow
def test_a_lone_satellite_beside_the_bragg_peak() -> None:
    """The true d is 1.4 % from that of the maximum of a simulated stack, at which no start led to it."""
    truth = {"d": 4.609156, "L": 13.018047, "sigma_L": 0.298204, "N": 10.728162, "sigma_N": 0.812}
    pattern = simulate(np.arange(0.84, 1.89, 0.003), truth, noise=0.038, seed=2)
    found = fit(pattern, regions=[(0.886, 1.84)], systematics="none", coherent=40, budget=200.0)
    assert found.chi2 < found.objective.chi2({**truth, "q_zero": 0.0})
    assert any(abs(solution.values["L"] - truth["L"]) < 0.3 for solution in found.solutions)
