"""Error budgets: contributions add up, and are the response of the parameters to each error of the points."""

import json
import math
from functools import lru_cache

import numpy as np
import pytest

import slxrd
from slxrd.fitting.minimise.least_squares import minimise
from slxrd.fitting.objective.correlated import most_probable_sizes
from slxrd.fitting.record.saved_fit import SavedFit, load
from slxrd.fitting.record.write import result_dictionary
from slxrd.fitting.result.budget_table import (
    budget_lines,
    describe_budget,
    format_error,
    quantities,
    remedies,
)
from slxrd.fitting.result.ensemble import Ensemble
from slxrd.fitting.systematics.correction import rounded
from slxrd.fitting.systematics.effect import EFFECTS
from slxrd.model.intensity import Model
from slxrd.sample.stack import Stack

pytestmark = pytest.mark.slow


@lru_cache
def cubes(systematics: str = "default") -> slxrd.Fit:
    example = slxrd.example("cspbbr3-cubes")
    return slxrd.fit(example.pattern(), regions=[(0.88, 1.28), (1.98, 2.33)], systematics=systematics)


def test_contributions_and_noise_add_up_to_the_covariance() -> None:
    fit = cubes()
    assert fit.budget is not None
    errors = np.sqrt(np.diag(fit.covariance))
    for name, error in zip(fit.names, errors.tolist(), strict=True):
        parts = [part.errors[name] for part in fit.budget.contributions]
        together = np.sqrt(fit.budget.statistical[name] ** 2 + np.sum(np.square(parts)))
        assert together == pytest.approx(error, rel=1e-6)
        assert fit.budget.total[name] == pytest.approx(error, rel=1e-6)


def test_errors_have_two_parts_whose_squares_add_up() -> None:
    fit = cubes()
    for estimate in (*fit.parameters.values(), *fit.derived.values()):
        if estimate.statistical is None or estimate.systematic is None:
            continue
        assert estimate.error == pytest.approx(np.hypot(estimate.statistical, estimate.systematic), rel=1e-9)
        assert 0.0 < estimate.statistical < estimate.error
    assert fit.parameters["L"].systematic is not None
    assert fit.derived["period"].systematic is not None


@pytest.mark.parametrize("name", ["second_line", "gap_skewness", "slope"])
def test_a_contribution_is_the_shift_of_the_minimum(name: str) -> None:
    """Data moved along the row of an effect are refined again; the rows of a region count in squares.

    Without noise, as the budget has no second derivatives of the model, which residuals are multiplied by.
    """
    fit = cubes()
    assert fit.budget is not None
    objective, best = fit.objective, fit.minima[0]
    first = 0  # the rows of the effects follow each other in the order of the contributions
    for part in fit.budget.contributions:
        count = 2 if EFFECTS[part.name].of_region else 1
        if part.name == name:
            break
        first += count
    sizes = most_probable_sizes(objective, best.evaluation.residual)
    curves = [
        region.calculated - sizes @ np.asarray(points.correlated)[: sizes.size]
        for region, points in zip(best.evaluation.regions, objective.data, strict=True)
    ]
    squares = dict.fromkeys(best.names, 0.0)
    for k in range(first, first + count):
        ends = []
        for sign in (-0.01, 0.01):
            moved = [
                curve + sign * np.asarray(p.correlated)[k]
                for curve, p in zip(curves, objective.data, strict=True)
            ]
            ends.append(minimise(objective.with_intensities(moved), best.parameters).values)
        for each in best.names:
            squares[each] += ((ends[1][each] - ends[0][each]) / 0.02) ** 2
    for each in ("d", "L", "q_zero"):
        expected = pytest.approx(part.errors[each], rel=0.1, abs=0.02 * fit.budget.total[each])
        assert np.sqrt(squares[each]) == expected


def test_without_systematic_effects_the_errors_are_statistical() -> None:
    fit, whole = cubes("none"), cubes()
    assert fit.budget is not None
    assert fit.budget.contributions == ()
    assert budget_lines(fit) == []
    assert fit.parameters["L"].systematic == 0.0
    for name in ("d", "L", "sigma_L", "N", "sigma_N"):
        assert fit.parameters[name].error < whole.parameters[name].error  # type: ignore[operator]


def with_priors(**priors: float) -> slxrd.Fit:
    pattern = slxrd.example("cspbbr3-cubes").pattern()
    return slxrd.fit(pattern, regions=[(0.88, 1.28), (1.98, 2.33)], systematics=priors)


def test_an_effect_is_left_out_by_a_prior_of_zero_and_the_error_is_as_predicted() -> None:
    whole = cubes()
    assert whole.budget is not None
    usual = {part.name: part for part in whole.budget.contributions}
    for name, quantity in (("second_line", "d"), ("unstacked", "sigma_L")):
        fit = with_priors(**{name: 0.0})
        assert fit.budget is not None
        assert name not in {part.name for part in fit.budget.contributions}
        assert fit.budget.total[quantity] == pytest.approx(usual[name].without[quantity], rel=0.1)
        assert fit.budget.total[quantity] < 0.95 * whole.budget.total[quantity]


def test_a_prior_is_used() -> None:
    fit = with_priors(second_line=0.4)
    whole = cubes()
    assert fit.budget is not None
    assert whole.budget is not None
    (part,) = (part for part in fit.budget.contributions if part.name == "second_line")
    assert part.prior == 0.4
    assert fit.budget.total["d"] > 1.2 * whole.budget.total["d"]


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"ghosts": 0.1}, "'ghosts' is not an effect; there are .*gap_skewness"),
        ({"gap_skewness": -0.1}, "gap_skewness=-0.1: the prior of an effect must be 0 or more"),
        ({"discrepancy": 0.1}, "it has no prior"),
        ("all", "give default, none, or names"),
    ],
)
def test_what_is_refused(given: object, message: str) -> None:
    with pytest.raises(slxrd.SlxrdError, match=message):
        slxrd.fit(slxrd.example("cspbbr3-cubes").pattern(), systematics=given)


def test_an_effect_that_does_not_apply_is_refused() -> None:
    film = slxrd.example("cumnsb-film").pattern()
    with pytest.raises(slxrd.SlxrdError, match=r"gap_skewness=0\.1: the effect does not apply"):
        slxrd.fit(film, coherent=1, regions=[(1.94, 2.15)], systematics={"gap_skewness": 0.1})


def test_a_saved_fit_has_the_same_budget(tmp_path) -> None:  # type: ignore[no-untyped-def]
    fit = cubes()
    slxrd.save(fit, tmp_path / "saved")
    saved = load(tmp_path / "saved")
    assert saved.budget == fit.budget
    assert saved.parameters["L"] == fit.parameters["L"]
    assert describe_budget(saved).splitlines()[1:] == describe_budget(fit).splitlines()[1:]


def test_a_damaged_budget_is_refused() -> None:
    document = json.loads(json.dumps(result_dictionary(cubes())))
    document["budget"]["total"]["L"] = "wide"
    with pytest.raises(slxrd.FileError):
        SavedFit.from_dictionary(document)


def test_the_table_of_a_fit_is_short_and_the_whole_one_complete() -> None:
    fit = cubes()
    assert fit.budget is not None
    short, whole = budget_lines(fit), budget_lines(fit, None)
    assert len(short) == 6  # head, noise, the two largest, the others, all
    assert len(whole) == 3 + len(fit.budget.contributions)
    assert "other effects" in short[4]
    assert all(line in fit.text(verbose=True) for line in short)
    assert quantities(fit) == ("d", "L", "sigma_L", "N", "sigma_N", "period", "q_zero")


def test_remedies_name_what_makes_the_largest_part_smaller() -> None:
    lines = remedies(cubes())
    assert any(line.startswith("d ±") and "name the radiation" in line for line in lines)


@pytest.mark.parametrize(("error", "text"), [(0.0, "-"), (0.0123, "0.012"), (1.26, "1.3"), (26.4, "26")])
def test_errors_have_two_digits(error: float, text: str) -> None:
    assert format_error(error) == text


def test_shares_of_solutions_can_be_changed() -> None:
    weights = np.array([0.3, 0.3, 0.4])
    ensemble = Ensemble(("L",), {"L": np.arange(3.0)}, weights, np.array([0, 0, 1]), {}, 2.9, 0.0)
    changed = ensemble.with_shares(np.array([0.2, 0.8]))
    assert changed.share(0) == pytest.approx(0.2)
    np.testing.assert_allclose(changed.weights, [0.1, 0.1, 0.8])


def test_skewed_gaps_are_within_the_error_of_a_gaussian_model() -> None:
    """Gaps of skewness 0.8 move L by many statistical errors, at a reduced χ² of 1."""
    q = np.concatenate([np.arange(0.9, 1.25, 0.003), np.arange(2.0, 2.32, 0.003)])
    values = {"d": 5.84, "L": 36.9, "sigma_L": 1.43, "N": 13.0, "sigma_N": 1.55, "skew_L": 0.8}
    pattern = slxrd.simulate(q, values, noise=0.01, seed=2)
    options = {"regions": [(0.9, 1.25), (2.0, 2.32)], "resolution": 0.007, "coherent": 40}
    pulls = {}
    for systematics in ("none", "default"):
        L = slxrd.fit(pattern, systematics=systematics, **options).parameters["L"]
        assert L.value is not None
        assert L.error
        pulls[systematics] = (L.value - 36.9) / L.error
    assert abs(pulls["none"]) > 4.0
    assert abs(pulls["default"]) < 3.0


def test_errors_beyond_what_is_possible_have_a_budget() -> None:
    """σ_N that the data do not determine has an error far larger than itself: steps end at the bounds."""
    truth = {"d": 5.84, "L": 36.9, "sigma_L": 1.43, "N": 120.0, "sigma_N": 8.0, "q_zero": 0.001}
    q = np.arange(0.9, 2.45, 0.002)
    clean = Model(Stack(20)).intensity(q, truth)
    noise = 0.01 * clean.max() * np.random.default_rng(1).standard_normal(q.size)
    pattern = slxrd.Pattern(q, np.abs(clean + noise), axis="q")
    fit = slxrd.fit(pattern, regions=[(1.0, 1.15), (2.08, 2.22)], noise=0.01)
    assert fit.parameters["sigma_N"].status == "undetermined"
    assert fit.budget is not None
    assert all(np.isfinite(error) for error in fit.budget.total.values())


@pytest.mark.parametrize(("value", "shown"), [(-4e-5, 0.0), (-6e-5, -1e-4), (0.00123, 0.0012)])
def test_a_zero_error_that_is_rounded_to_zero_has_no_sign(value: float, shown: float) -> None:
    assert rounded(value, 0.003) == shown
    assert math.copysign(1.0, rounded(value, 0.003)) == math.copysign(1.0, shown)
