"""How thorough a search was: starting points that agree, time budget, interrupts; q_zero in the search."""

from __future__ import annotations

import itertools
import threading
from typing import Any

import numpy as np
import pytest

from slxrd._interruption import check_interruption
from slxrd.data.regions import Region, select_points
from slxrd.fitting.api import fit
from slxrd.fitting.examples import example
from slxrd.fitting.minimise.least_squares import minimise
from slxrd.fitting.objective.residuals import Objective
from slxrd.fitting.record.write import result_dictionary
from slxrd.fitting.search.budget import Budget, in_parallel
from slxrd.fitting.search.certificate import SearchCertificate
from slxrd.fitting.search.minima import search
from slxrd.model.intensity import Model
from slxrd.model.simulation import simulate
from slxrd.parameters.parameter_set import Parameters

CUBES = {"d": 5.84, "L": 36.9, "sigma_L": 1.43, "N": 13.0, "sigma_N": 1.55, "q_zero": 0.0}


class Clock:
    """A clock that advances by one second whenever it is read."""

    def __init__(self) -> None:
        self._ticks = itertools.count()
        self._lock = threading.Lock()

    def __call__(self) -> float:
        with self._lock:
            return float(next(self._ticks))


def cubes() -> Objective:
    q = np.arange(0.88, 1.28, 0.003)
    pattern = simulate(q, CUBES, noise=0.02, seed=3)
    return Objective(Model(), select_points(pattern, [Region(0.88, 1.28)]))


def test_all_items_are_done_within_the_budget() -> None:
    seen: list[int] = []
    done = in_parallel(lambda k: k * k, range(50), Budget(), report=seen.append)
    assert done == [k * k for k in range(50)]
    assert seen == sorted(set(seen))
    assert seen[-1] == 50


def test_items_beyond_the_budget_are_left_out() -> None:
    budget = Budget(10.0, Clock())
    done = in_parallel(lambda k: k, range(50), budget)
    assert 1 <= len(done) < 50
    assert done == list(range(len(done)))
    assert not budget.reached  # the caller states what it left out
    budget.leave_out("half of the starting points")
    budget.leave_out("half of the starting points")
    assert budget.left_out == ("half of the starting points",)
    # The first item is always done.
    assert in_parallel(lambda k: k, range(50), budget) == [0]


def test_the_time_begins_with_the_first_work() -> None:
    now = [0.0]
    budget = Budget(10.0, lambda: now[0])
    now[0] = 100.0
    assert not budget.spent()
    now[0] = 109.0
    assert not budget.spent()
    now[0] = 111.0
    assert budget.spent()


def test_an_interrupt_stops_the_workers() -> None:
    budget, begun = Budget(), threading.Event()

    def endless(k: int) -> None:
        begun.set()
        while True:
            check_interruption()

    def interrupt(k: int) -> None:
        begun.wait()
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        in_parallel(lambda k: endless(k) if k == 0 else interrupt(k), range(2), budget)


def test_a_certificate_reports_disagreement_and_what_was_left_out() -> None:
    good = SearchCertificate(90, 40, 5)
    assert not good.low
    assert good.notes == ()
    assert str(good) == "search: 5 of 90 starting points led to the best of 40 minima"
    poor = SearchCertificate(90, 40, 1, True, ("half of the trial values",))
    assert poor.low
    assert any("half of the trial values" in note for note in poor.notes)
    assert any(note.startswith("1 of 90 starting points") for note in poor.notes)
    # A single crystal has few starting points.
    assert not SearchCertificate(3, 1, 1).low


@pytest.mark.slow
def test_the_search_counts_its_starting_points() -> None:
    found = search(cubes(), Parameters())
    certificate = found.certificate
    assert certificate.starts >= certificate.distinct >= len(found.minima)
    assert 1 <= certificate.ended_in_best < certificate.starts
    assert not certificate.budget_reached
    assert certificate.not_examined == ()
    again = search(cubes(), Parameters(), budget=Budget(1e6))
    assert again.certificate == certificate
    assert [m.chi2 for m in again.minima] == [m.chi2 for m in found.minima]


@pytest.mark.slow
def test_a_search_without_time_still_finds_something_and_says_what_is_missing() -> None:
    found = search(cubes(), Parameters(), budget=Budget(5.0, Clock()))
    assert found.minima
    assert found.certificate.budget_reached
    assert any("trial values" in what for what in found.certificate.not_examined)


@pytest.mark.slow
def test_a_fit_states_its_certificate() -> None:
    q = np.arange(0.88, 1.28, 0.003)
    found = fit(simulate(q, CUBES, noise=0.02, seed=3), regions=[(0.88, 1.28)], budget=1e-9)
    assert found.certificate is not None
    assert found.certificate.budget_reached
    assert any("time budget" in note for note in found.notes)
    saved = result_dictionary(found)["search"]
    assert saved["budget_reached"] is True
    assert saved["ended_in_best"] == found.certificate.ended_in_best


#: Two orders and a zero error: drawn at random, N 14 to 24.
SHIFTED: dict[str, dict[str, float]] = {
    "as reported": {"d": 5.55, "L": 15.1, "sigma_L": 1.3, "N": 15.75, "sigma_N": 2.2, "q_zero": 0.004},
    "large": {"d": 5.8156, "L": 23.3654, "sigma_L": 1.1269, "N": 22.1582, "sigma_N": 2.0, "q_zero": 0.0095},
    "negative": {"d": 5.5505, "L": 18.2476, "sigma_L": 1.2, "N": 23.4675, "sigma_N": 1.69, "q_zero": -0.009},
}


@pytest.mark.slow
@pytest.mark.parametrize("name", list(SHIFTED))
def test_a_zero_error_does_not_lead_to_a_wrong_gap(name: str) -> None:
    """With q_zero = 0 in the search, d is wrong, and a gap 4 to 18 Å off was the only solution."""
    truth = SHIFTED[name]
    first = 2.0 * np.pi / truth["d"]
    pattern = simulate(np.arange(0.95, 2.45, 0.003), truth, noise=0.004, seed=1)
    given: dict[str, Any] = {
        "regions": [(first - 0.11, first + 0.11), (2 * first - 0.115, 2 * first + 0.115)]
    }
    found = fit(pattern, **given)
    assert found.reduced_chi2 < 1.5
    for parameter in ("d", "L", "q_zero"):
        estimate = found.parameters[parameter]
        assert estimate.value is not None
        assert estimate.error is not None
        assert abs(estimate.value - truth[parameter]) < 4.0 * estimate.error
    assert found.unique


@pytest.mark.parametrize("tied", [False, True])
def test_a_refinement_ends_where_it_is_when_its_time_has_passed(
    tied: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In compiled code and, with a tie, in that of SciPy."""
    monkeypatch.setattr("slxrd.fitting.minimise.least_squares.steps_at_once", lambda problem, start: 2)
    objective = cubes()
    parameters = Parameters().start(**{**CUBES, "L": 37.3}).fix(q_zero=0.0)
    if tied:
        parameters = parameters.tie(sigma_N="0.12*N")
    begin = objective.chi2(parameters.resolve(parameters.vector())[0])
    calls: list[bool] = []

    def expired() -> bool:
        calls.append(len(calls) > 1)
        return calls[-1]

    ended = minimise(objective, parameters, expired=expired)
    whole = minimise(objective, parameters)
    assert not ended.converged
    assert "time budget" in ended.why
    assert whole.chi2 < ended.chi2 < begin
    assert whole.converged


@pytest.mark.slow
def test_a_fit_that_runs_out_of_time_says_what_it_left_out() -> None:
    q = np.arange(0.88, 1.28, 0.003)
    pattern = simulate(q, CUBES, noise=0.02, seed=3)
    short = fit(pattern, regions=[(0.88, 1.28)], budget=1e-6)
    assert short.certificate.budget_reached
    assert short.assessment.grade != "describes"
    assert "starting points" in "; ".join(short.certificate.not_examined)
    assert any("not finished within the time budget" in note for note in short.notes)


@pytest.mark.slow
def test_few_starting_points_determine_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """The time has passed at once: one starting point is refined, and its L may be wrong by d."""
    pattern = example("cspbbr3-cubes").pattern()
    options: dict[str, Any] = {"regions": [(0.88, 1.28), (1.98, 2.33)], "systematics": "none"}
    whole = fit(pattern, **options)
    monkeypatch.setattr(Budget, "spent", lambda self, share=1.0: share < np.inf)
    found = fit(pattern, **options)
    assert found.assessment is not None
    assert "time budget" in found.assessment.reasons[0]
    for name in ("d", "L", "sigma_L", "N", "sigma_N", "period", "thickness"):
        assert {**whole.parameters, **whole.derived}[name].error is not None
        estimate = {**found.parameters, **found.derived}[name]
        assert estimate.value is None, name
        assert estimate.status == "undetermined"
        assert estimate.why
