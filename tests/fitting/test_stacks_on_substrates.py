"""Stacks and multilayers on a substrate: searched without it, refined with it; readings of satellites."""

from __future__ import annotations

from itertools import pairwise
from typing import Any, NoReturn

import numpy as np
import pytest
from films_on_substrates import superlattice

import slxrd
from slxrd.data.pattern import Pattern
from slxrd.fitting.api import setup
from slxrd.fitting.fit_options import prepare_objective
from slxrd.fitting.minimise.least_squares import minimise
from slxrd.fitting.objective.residuals import Objective
from slxrd.fitting.request.declaration import collect
from slxrd.fitting.search.budget import Budget
from slxrd.fitting.search.certificate import SearchCertificate
from slxrd.fitting.search.film.interference import near_interface
from slxrd.fitting.search.minima import SearchResult, search
from slxrd.fitting.search.q_zero import fix_q_zero
from slxrd.fitting.search.repetitions import choose_repetitions, search_repetitions
from slxrd.fitting.search.scan import filled
from slxrd.parameters.parameter_set import Parameters

CUBES = {
    "d": 5.84, "L": 36.9, "sigma_L": 1.43, "N": 13.0, "sigma_N": 1.55, "d_S": 5.6, "f_S": 0.3, "L_S": 9.0,
}  # fmt: skip
LAYERS = {
    "d": 1.4133, "L": 1.4133, "sigma_L": 0.0, "N": 60.0, "sigma_N": 0.4, "d_B": 1.44, "N_B": 30.0,
    "sigma_N_B": 0.4, "d_S": 1.4133, "f_S": 0.6, "L_S": 1.4133,
}  # fmt: skip
PERIOD = 59.0 * 1.4133 + 29.0 * 1.44 + 2.0 * 1.4133


def counted(pattern: Pattern, away: np.ndarray, peak: float, seed: int) -> Pattern:
    """Poisson counts, with the given highest number far from the substrate."""
    expected = pattern.intensity / pattern.intensity[away].max() * peak + 2.0
    counts = np.random.default_rng(seed).poisson(np.minimum(expected, 3e6)).astype(float)
    return Pattern(pattern.x, counts, per_count=1.0, wavelength=1.5406, source="simulated")


def cubes(seed: int) -> Pattern:
    q = np.arange(0.88, 1.30, 0.002)
    pattern = slxrd.simulate(q, CUBES, coherent=8, substrate=5.6, resolution=0.004)
    return counted(pattern, np.abs(q - 2.0 * np.pi / 5.6) > 0.02, 2e4, seed)


def layers(seed: int) -> Pattern:
    q = np.arange(4.25, 4.62, 0.0008)
    pattern = slxrd.simulate(q, LAYERS, stack="alternating", coherent=4, substrate=1.4133, resolution=0.0003)
    return counted(pattern, np.abs(q - 2.0 * np.pi / 1.4133) > 0.02, 3000.0, seed)


@pytest.mark.slow
def test_a_stack_on_a_given_substrate() -> None:
    fit = slxrd.fit(
        cubes(0),
        coherent=8,
        substrate=5.6,
        regions=[(0.88, 1.30)],
        mask=[(1.10, 1.145)],
        resolution=0.004,
        systematics="none",
    )
    assert fit.assessment is not None
    assert fit.assessment.grade == "describes"
    for name in ("d", "L", "sigma_L", "N", "sigma_N", "f_S", "L_S"):
        estimate = fit.parameters[name]
        assert estimate.error is not None, name
        assert abs(estimate.value - CUBES[name]) < 4.0 * estimate.error, name
    assert fit.parameters["L"].error < 0.1


@pytest.mark.slow
def test_a_multilayer_by_itself() -> None:
    fit = slxrd.fit(layers(0), budget=60.0)
    assert fit.stack.alternating
    assert fit.stack.coherent == 4
    assert any("alternating layers" in note and "better" in note for note in fit.notes)
    period = fit.derived["period"]
    assert period.error is not None
    assert abs(period.value - PERIOD) < 3.0 * period.error
    assert period.error < 0.5
    for name in ("d", "d_B"):
        assert fit.parameters[name].value == pytest.approx(LAYERS[name], abs=3e-4)


def test_what_is_given_of_a_multilayer_stays() -> None:
    from slxrd.fitting.diagnosis.options import complete
    from slxrd.fitting.request.declaration import collect

    options, _ = complete(layers(0), collect({"fix": {"d_B": 1.44}, "bounds": {"N": (50.0, 70.0)}}))
    assert options["stack"] == "alternating"
    assert options["fix"]["d_B"] == 1.44
    assert options["fix"]["sigma_L"] == 0.0
    assert options["bounds"]["N"] == (50.0, 70.0)
    assert "d_B" not in options["bounds"]
    as_stack, _ = complete(layers(0), collect({"coherent": 12}))
    assert as_stack["stack"] == "pure"
    assert not as_stack["fix"]


@pytest.mark.slow
@pytest.mark.parametrize("begin", [7, 12])
def test_the_number_of_repetitions_with_the_lowest_chi2(begin: int) -> None:
    q = np.arange(0.95, 1.22, 0.001)
    values = {"d": 5.84, "L": 20.0, "sigma_L": 0.2, "N": 6.0, "sigma_N": 0.7, "q_zero": 0.0}
    pattern = slxrd.simulate(q, values, coherent=9, resolution=0.0005, noise=0.01, seed=2)
    fit = slxrd.fit(pattern, coherent=begin, resolution=0.0005, regions=[(0.95, 1.22)], start=values)
    chosen, best = choose_repetitions(fit.objective, fit.minima[0], Budget())
    assert chosen.model.stack.coherent == 9
    assert best.chi2 <= fit.minima[0].chi2


@pytest.mark.slow
def test_the_number_of_repetitions_is_found_from_a_wrong_phase_at_the_interface() -> None:
    """With too few crystals the interference is weak: its phase was wrong, and with it the number."""
    q = np.arange(1.147, 1.818, 0.002)
    values = {"d": 4.176, "L": 10.43, "sigma_L": 0.16, "N": 6.0, "sigma_N": 0.25, "f_S": 0.68, "L_S": 4.13}
    known: dict[str, Any] = {"substrate": 4.0885, "resolution": 0.0007}
    pattern = slxrd.simulate(q, {**values, "q_zero": 0.0}, coherent=27, noise=2e-5, seed=1, **known)
    pattern = pattern.without([(1.526, 1.547)])
    start = {**values, "L_S": 6.25}
    _, options = setup(
        pattern, collect({**known, "coherent": 8, "start": start, "regions": [(1.147, 1.817)]})
    )
    objective, _ = prepare_objective(pattern, options)
    few = minimise(objective, fix_q_zero(options.parameters.within(objective.model.stack.table)))
    assert abs(few.values["L_S"] - 4.13) > 1.0
    chosen, best = choose_repetitions(objective, few, Budget())
    assert chosen.model.stack.coherent == 27
    assert best.values["L_S"] == pytest.approx(4.13, abs=0.05)


def prepared(
    q: np.ndarray,
    values: dict[str, float],
    resolution: float,
    masked: tuple[float, float],
    *,
    M: int,
    estimate: int,
) -> tuple[Objective, Parameters]:
    """Objective and parameters for counts of M crystals on a substrate, with an estimate of their number."""
    d_S = values["d_S"]
    known: dict[str, Any] = {"substrate": d_S, "resolution": resolution}
    pattern = slxrd.simulate(q, {**values, "q_zero": 0.0}, coherent=M, **known)
    pattern = counted(pattern, np.abs(q - 2.0 * np.pi / d_S) > 0.1, 3e5, M).without([masked])
    region = (float(q[0]), float(q[-1]))
    _, options = setup(pattern, collect({**known, "coherent": estimate, "regions": [region]}))
    objective, _ = prepare_objective(pattern, options)
    return objective, options.parameters.within(objective.model.stack.table)


@pytest.mark.slow
def test_another_number_of_repetitions_is_refined_from_other_phases_at_the_interface() -> None:
    """From the phase of one number, the refinement with the next one led to another minimum."""
    values = {"d": 2.894, "L": 10.09, "sigma_L": 0.06, "N": 16.0, "sigma_N": 0.2, "f_S": 0.89, "L_S": 2.884}
    q = np.arange(1.7, 2.62, 0.0008)
    objective, parameters = prepared(q, {**values, "d_S": 2.87}, 0.00084, (2.176, 2.203), M=15, estimate=14)
    parameters = near_interface(objective, fix_q_zero(parameters))
    near = minimise(objective, filled(parameters, {**values, "N": 16.3, "sigma_N": 0.22, "L_S": 1.45}))
    assert abs(near.values["L_S"] - 2.884) > 0.5
    chosen, best = choose_repetitions(objective, near, Budget())
    assert chosen.model.stack.coherent == 15
    assert best.values["L_S"] == pytest.approx(2.884, abs=0.05)


@pytest.mark.slow
def test_two_crystals_are_found_from_an_estimate_of_eight(monkeypatch: pytest.MonkeyPatch) -> None:
    """Their fringes led to another structure of eight crystals, and a fit that was rejected."""
    q = np.arange(1.75, 2.74, 0.0007)
    values = {"d": 2.619, "L": 8.24, "sigma_L": 0.1, "N": 11.0, "sigma_N": 0.3, "f_S": 0.5, "L_S": 2.58}
    objective, parameters = prepared(q, values | {"d_S": 2.547}, 0.0007, (2.452, 2.481), M=2, estimate=8)
    of_eight = search(objective, parameters)
    chosen, found = search_repetitions(objective, parameters, of_eight, Budget())
    assert chosen.model.stack.coherent == 2
    best = found.minima[0]
    assert best.chi2 < 1.3 * chosen.n_points
    assert best.values["L"] == pytest.approx(8.24, abs=0.05)
    assert best.values["N"] == pytest.approx(11.0, abs=0.1)

    def without_a_fit(_: object) -> NoReturn:
        raise slxrd.SlxrdError("no start leads to a fit")

    monkeypatch.setattr("slxrd.fitting.search.repetitions.MOST_COMPARED", 2)
    _, best = choose_repetitions(objective, of_eight.minima[0], Budget(), without_a_fit)
    assert best.chi2 <= of_eight.minima[0].chi2


@pytest.mark.slow
def test_satellites_that_describe_the_pattern_are_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    """A search without the substrate took the time that the choice of the number of crystals needed."""
    q = np.arange(1.389, 2.884, 0.0005)
    values = {"d": 2.941, "L": 5.19, "sigma_L": 0.1, "N": 8.0, "sigma_N": 0.2, "f_S": 0.433, "L_S": 5.12}
    objective, parameters = prepared(q, values | {"d_S": 2.912}, 0.0008, (2.145, 2.1702), M=29, estimate=28)
    monkeypatch.setattr("slxrd.fitting.search.satellites.scan.DECISIVE", 0.0)
    monkeypatch.setattr("slxrd.fitting.search.minima._search_in_stages", lambda *_: pytest.fail("searched"))
    best = search(objective, parameters).minima[0]
    assert best.values["L"] == pytest.approx(5.19, abs=0.05)
    assert best.values["N"] == pytest.approx(8.0, abs=0.1)

    def without_a_fit(*_: object) -> NoReturn:
        raise slxrd.SlxrdError("no start leads to a fit")

    other = SearchResult((best,), SearchCertificate(1, 1, 1), parameters)
    monkeypatch.setattr("slxrd.fitting.search.minima.search_satellites", without_a_fit)
    monkeypatch.setattr("slxrd.fitting.search.minima._search_in_stages", lambda *_: other)
    assert search(objective, parameters) is other


@pytest.mark.parametrize(("repeats", "substrate"), [(8, None), (6, 3.905), (6, 3.95), (8, 3.95)])
def test_satellites_with_lost_fringes_between_them(repeats: int, substrate: float | None) -> None:
    found = slxrd.diagnose(superlattice(repeats, substrate=substrate, seed=repeats))
    assert found.proposal.kind == "multilayer"
    (period,) = found.fringes
    assert period.period == pytest.approx(13 * 3.96 + 10 * 3.80, rel=0.02)
    assert found.proposal.options["coherent"] == repeats


def film_with_two_sizes(seed: int) -> slxrd.Pattern:
    """A film of N = 93 seen on one side only, so that N = 95.4 describes it too."""
    q = np.arange(1.9, 2.255, 0.00079)
    values = {"d": 2.922, "N": 93.0, "sigma_N": 0.2, "d_S": 2.8291, "f_S": 1.03, "L_S": 2.985}
    made = slxrd.simulate(q, values, coherent=1, substrate=2.8291, resolution=0.000986)
    away = np.abs(q - 2.0 * np.pi / 2.8291) > 0.012
    expected = made.intensity / made.intensity[away].max() * 2.77e5 + 4.0
    counts = np.random.default_rng(seed).poisson(np.minimum(expected, 2e7)).astype(float)
    return slxrd.Pattern(q, counts, per_count=1.0, source="simulated")


@pytest.mark.slow
def test_a_film_whose_size_and_interface_can_replace_each_other() -> None:
    """Sizes of N = 93 and 95.4, with different distances at the interface."""
    fit = slxrd.fit(film_with_two_sizes(2), resolution=0.000986, systematics="none")
    assert len(fit.solutions) == 2
    assert sorted(round(minimum.values["N"]) for minimum in fit.minima) == [93, 95]
    chances = [solution.probability for solution in fit.solutions]
    assert sum(chances) == pytest.approx(1.0)
    assert chances[0] > chances[1]
    for name, truth in (("thickness", 92.0 * 2.922), ("thickness_with_surface", 93.0 * 2.922)):
        estimate = fit.derived[name]
        assert estimate.status == "ambiguous"
        assert len(estimate.interval_95) == 2
        assert any(low < truth < high for low, high in estimate.interval_95)


@pytest.mark.slow
def test_intervals_of_sizes_that_replace_each_other_do_not_overlap() -> None:
    """Systematic errors of N are half of the difference of the two sizes."""
    fit = slxrd.fit(film_with_two_sizes(2), resolution=0.000986)
    estimate = fit.parameters["N"]
    assert estimate.status == "ambiguous"
    pieces = estimate.interval_95
    assert all(one[1] < other[0] for one, other in pairwise(pieces))
    for minimum in fit.minima:
        assert any(low < minimum.values["N"] < high for low, high in pieces)


@pytest.mark.slow
def test_a_film_as_thick_as_the_whole_stack_is_among_the_rivals() -> None:
    """A thick film on a substrate was stated as a stack of five crystals, with several gaps."""
    q = np.arange(2.03, 2.139, 0.0005)
    film = {"d": 3.02, "N": 196.0, "sigma_N": 0.2, "q_zero": 0.0, "d_S": 2.9594, "f_S": 1.2, "L_S": 2.98}
    known: dict[str, Any] = {"substrate": 2.9594, "resolution": 0.0012}
    pattern = slxrd.simulate(q, film, coherent=1, **known)
    pattern = counted(pattern, np.abs(q - 2.0 * np.pi / 2.9594) > 0.02, 3500.0, 1)
    pattern = pattern.without([(2.1057, 2.1406)])
    fit = slxrd.fit(
        pattern,
        coherent=5,
        regions=[(2.03, 2.139)],
        start={"d": 3.015, "L": 12.3, "sigma_L": 0.15, "N": 36.6, "sigma_N": 0.9, "f_S": 1.4, "L_S": 2.7},
        systematics="none",
        **known,
    )
    assert fit.assessment is not None
    (rival,) = fit.assessment.rivals
    assert rival.values["N"] == pytest.approx(196.0, abs=6.0)
    assert rival.chi2 < fit.chi2 + 30.0
    assert fit.parameters["L"].status == "undetermined"
    assert fit.derived["period"].value is None
