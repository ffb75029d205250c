"""Search of single films: thickness and lattice period, with the peak seen, masked or left out."""

from __future__ import annotations

import signal
import threading
from typing import Any

import numpy as np
import pytest
from counted_films import counted, film_intensity, spread_sizes
from films_on_substrates import film as simulated_film

from slxrd.data.pattern import Pattern
from slxrd.fitting.api import setup
from slxrd.fitting.fit_options import prepare_objective
from slxrd.fitting.minimise.least_squares import Minimum, minimise
from slxrd.fitting.objective.residuals import Objective
from slxrd.fitting.request.declaration import collect
from slxrd.fitting.search.budget import Budget
from slxrd.fitting.search.film.continuation import extend
from slxrd.fitting.search.film.curves import film_curves, fringe_curves
from slxrd.fitting.search.film.interference import near_interface
from slxrd.fitting.search.film.minima import search_films
from slxrd.fitting.search.film.resolution import too_wide
from slxrd.fitting.search.scan import filled
from slxrd.instrument.diffractometer import Instrument
from slxrd.model.intensity import Model
from slxrd.model.simulation import simulate
from slxrd.parameters.parameter_set import Parameters
from slxrd.sample.stack import Stack

PLAIN = {"coherent": 1, "background": "constant", "noise": "file", "objective": "linear", "substrate": "none"}


def problem(pattern: Pattern, **options: Any) -> tuple[Objective, Parameters]:
    """Objective and parameters of a fit of one crystal."""
    masked, made = setup(pattern, collect({**PLAIN, **options}))
    objective, _ = prepare_objective(masked.to_q(), made)
    parameters = made.parameters.within(objective.model.stack.table)
    return objective, parameters.fix(q_zero=0.0, L=0.0, sigma_L=0.0)


def film(
    d: float, N: int, spread: float, counts: float, fringes: float, resolution: float, seed: int
) -> Pattern:
    """A film without substrate, out to a number of fringes on either side."""
    bragg, fringe = 2.0 * np.pi / d, 2.0 * np.pi / (N * d)
    q = np.arange(bragg - fringes * fringe, bragg + fringes * fringe, fringe / 10.0)
    sizes = spread_sizes(N, spread)
    return counted(q, film_intensity(q, d, sizes, resolution=resolution), counts, seed=seed)


def best_from_truth(
    objective: Objective, parameters: Parameters, d: float, N: float, spread: float
) -> Minimum:
    return minimise(objective, filled(parameters, {"d": d, "N": N, "sigma_N": max(spread, 0.3)}))


@pytest.mark.parametrize("resolution", [0.0, 0.002])
@pytest.mark.parametrize(("N", "spread"), [(20.0, 0.3), (57.4, 0.0), (61.0, 5.0)])
def test_curves_of_the_scan_are_those_of_the_model(resolution: float, N: float, spread: float) -> None:
    d = 3.1
    q = np.linspace(1.85, 2.2, 60)
    instrument = Instrument(resolution)
    values = {"d": d, "L": 0.0, "sigma_L": 0.0, "N": N, "sigma_N": spread, "q_zero": 0.0}
    if spread == 0.0:  # the model has whole sizes; the scan interpolates between them linearly
        share = N - np.floor(N)
        parts = [
            Model(Stack(coherent=1), instrument).intensity(
                q, {**values, "N": np.floor(N) + k, "sigma_N": 0.0}
            )
            for k in (0, 1)
        ]
        expected = (1.0 - share) * parts[0] + share * parts[1]
    else:
        expected = Model(Stack(coherent=1), instrument).intensity(q, values)
    curve = film_curves(q, d, np.array([N]), np.array([spread]), instrument, False).intensity[:, 0]
    np.testing.assert_allclose(curve, expected, atol=2e-3 * expected.max(), rtol=2e-3)


def test_amplitudes_of_the_scan_are_sums_over_planes() -> None:
    d, N = 3.1, 40
    q = np.linspace(1.85, 2.2, 60)
    expected = np.exp(1j * np.outer(q, d * np.arange(N))).sum(axis=1)
    for curves in (film_curves, fringe_curves):
        found = curves(q, d, np.array([float(N)]), np.array([1e-3]), Instrument(0.0), True).amplitude
        assert found is not None
        away = np.abs(q - 2.0 * np.pi / d) > (0.02 if curves is fringe_curves else 0.0)
        np.testing.assert_allclose(found[away, 0], expected[away], atol=0.05)


def test_fringes_of_the_scan_are_those_of_the_model_away_from_the_peak() -> None:
    d, N, spread = 3.1, 80.0, 1.5
    q = np.linspace(2.1, 2.4, 50)
    values = {"d": d, "L": 0.0, "sigma_L": 0.0, "N": N, "sigma_N": spread, "q_zero": 0.0}
    expected = Model(Stack(coherent=1), Instrument(0.001)).intensity(q, values)
    curve = fringe_curves(q, d, np.array([N]), np.array([spread]), Instrument(0.001), False).intensity[:, 0]
    np.testing.assert_allclose(curve, expected, rtol=0.05, atol=1e-3 * expected.max())


CASES = [
    # d, N, σ_N, counts, fringes, resolution, factor on it, objective, which part is fitted
    (3.06, 120, 0.0, 1e4, 9, 0.0005, 1.0, "linear", "both"),
    (1.938, 208, 1.0, 1e5, 15, 0.0007, 2.0, "linear", "both"),
    (5.8, 15, 0.6, 1e3, 5, 0.001, 1.0, "linear", "both"),
    (1.94, 400, 3.0, 1e5, 15, 0.0004, 0.5, "linear", "both"),
    (1.938, 212, 1.0, 2e5, 14, 0.0007, 1.0, "log", "masked"),
    (2.3, 80, 1.6, 4e5, 10, 0.001, 0.5, "linear", "left"),
    (4.4, 30, 0.0, 5e3, 8, 0.001, 1.0, "linear", "right"),
    (3.5, 150, 0.0, 1e6, 12, 0.0005, 2.0, "log", "right"),
]


@pytest.mark.slow
@pytest.mark.parametrize("case", range(len(CASES)))
def test_no_better_minimum_is_known(case: int) -> None:
    """A refinement from the truth is no better than the search from nothing, whatever part is fitted."""
    d, N, spread, counts, fringes, resolution, factor, residuals, part = CASES[case]
    pattern = film(d, N, spread, counts, fringes, resolution, case)
    bragg, fringe = 2.0 * np.pi / d, 2.0 * np.pi / (N * d)
    q = pattern.x
    options: dict[str, Any] = {"resolution": factor * resolution, "objective": residuals}
    if part == "masked":
        options["mask"] = [(bragg - 1.2 * fringe, bragg + 1.2 * fringe)]
    ends = {"left": (q[0], bragg - 1.5 * fringe), "right": (bragg + 1.5 * fringe, q[-1])}
    options["regions"] = [ends.get(part, (q[0], q[-1]))]
    objective, parameters = problem(pattern, **options)
    minima, certificate = search_films(objective, parameters)
    known = best_from_truth(objective, parameters, d, N, spread)
    assert minima[0].chi2 <= known.chi2 * 1.001 + 0.5
    assert minima[0].values["N"] * minima[0].values["d"] == pytest.approx(N * d, rel=0.02)
    assert 1 <= certificate.ended_in_best <= certificate.starts
    assert not certificate.budget_reached


D, D_S, F_S = 1.938, 1.9525, 1.3


def film_on_substrate(N: int, spread: float, counts: float, seed: int) -> Pattern:
    """A film on a substrate whose peak lies within that of the film, without resolution."""
    fringe = 2.0 * np.pi / (N * D)
    bragg = 2.0 * np.pi / D
    q = np.arange(bragg - 12.0 * fringe, bragg + 12.0 * fringe, fringe / 12.0)
    sizes = spread_sizes(N, spread)
    intensity = film_intensity(q, D, sizes, (D_S, F_S, (D + D_S) / 2.0))
    return counted(q, intensity, counts, background=5.0, seed=seed, about=(bragg, bragg + 0.5 * fringe))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("part", "N", "spread"), [("both", 150, 0.0), ("left", 208, 0.0), ("right", 120, 1.0)]
)
def test_film_on_a_substrate(part: str, N: int, spread: float) -> None:
    pattern = film_on_substrate(N, spread, 2e5, 4)
    q, fringe, bragg, peak = pattern.x, 2.0 * np.pi / (N * D), 2.0 * np.pi / D, 2.0 * np.pi / D_S
    regions = {
        "both": (q[0], q[-1]),
        "left": (q[0], peak - 1.5 * fringe),
        "right": (bragg - 0.1 * fringe, q[-1]),
    }
    options: dict[str, Any] = {"substrate": D_S, "resolution": 0.0, "regions": [regions[part]]}
    if part == "both":
        options["mask"] = [(peak - 0.7 * fringe, peak + 0.5 * fringe)]
    objective, parameters = problem(pattern, **options)
    minima, certificate = search_films(objective, near_interface(objective, parameters))
    best = minima[0]
    truth = {"d": D, "N": float(N), "sigma_N": max(spread, 0.3), "f_S": F_S, "L_S": (D + D_S) / 2.0}
    known = minimise(objective, filled(parameters, truth))
    assert best.chi2 <= known.chi2 * 1.001 + 0.5
    assert best.values["N"] == pytest.approx(N, abs=1.0)
    assert best.values["d"] == pytest.approx(D, abs=5e-4)
    assert certificate.ended_in_best >= (1 if part == "left" else 2)
    # The model describes the pattern, so nothing is added to it.
    extended = extend(objective, parameters, minima, Budget(20.0))
    assert extended.objective is objective
    assert not extended.notes


@pytest.mark.slow
def test_a_film_whose_fringes_are_below_the_tails_of_its_substrate() -> None:
    """A film that replaces the tails of the substrate is better in χ² before the substrate is refined."""
    pattern = simulated_film(
        17, 3.3, substrate=3.262, strength=1.7, peak=5e6, sigma=0.0011, step=0.0016, half=0.57, seed=1
    )
    kept = pattern.q < 2.1
    pattern = Pattern(pattern.q[kept], pattern.intensity[kept], source="simulated")
    options = {"substrate": 3.262, "resolution": 0.0011, "mask": [(1.91, 1.942)], "regions": [(1.35, 2.09)]}
    options["noise"] = "counting"
    objective, parameters = problem(pattern, **options)
    minima, _ = search_films(objective, near_interface(objective, parameters))
    assert minima[0].values["N"] == pytest.approx(17.0, abs=0.5)
    assert minima[0].chi2 < 1.3 * objective.n_points


@pytest.mark.slow
def test_a_weak_film_whose_fringes_are_below_the_tails_of_its_substrate() -> None:
    """Without it reduced χ² is below 2, as most of the points are background."""
    pattern = simulated_film(
        20, 4.101, substrate=4.142, strength=1.4, peak=1.4e5, sigma=0.0008, step=0.0006, half=0.25, seed=0
    )
    options = {"substrate": 4.142, "resolution": 0.0008, "mask": [(1.503, 1.531)], "noise": "counting"}
    ends = (float(pattern.q[0]), float(pattern.q[-1]))
    pattern = Pattern(pattern.q, pattern.intensity, per_count=1.0, source="simulated")
    objective, parameters = problem(pattern, regions=[ends], **options)
    minima, _ = search_films(objective, near_interface(objective, parameters))
    truth = {"d": 4.101, "N": 20.0, "sigma_N": 0.3, "f_S": 1.4, "L_S": 4.12}
    known = minimise(objective, filled(parameters, truth))
    assert minima[0].chi2 <= known.chi2 * 1.001 + 0.5
    assert minima[0].values["N"] == pytest.approx(20.0, abs=1.0)


@pytest.mark.slow
def test_roughness_is_added_where_the_pattern_supports_it() -> None:
    N, bragg = 60, 2.0 * np.pi / D
    fringe = 2.0 * np.pi / (N * D)
    q = np.arange(bragg - 9.0 * fringe, bragg + 9.0 * fringe, fringe / 9.0)
    values = {"d": D, "N": 60.0, "sigma_N": 0.4, "f_S": 1.0, "L_S": 1.94, "sigma_top": 4.0}
    exact = simulate(q, values, coherent=1, substrate=D_S, resolution=0.0)
    pattern = counted(q, exact.intensity, 1e5, seed=2, about=(bragg, bragg + 0.5 * fringe))
    mask = [(2.0 * np.pi / D_S - 0.4 * fringe, 2.0 * np.pi / D_S + 0.4 * fringe)]
    region = [(float(q[0]), float(q[-1]))]
    objective, parameters = problem(pattern, substrate=D_S, resolution=0.0, regions=region, mask=mask)
    minima, _ = search_films(objective, near_interface(objective, parameters))
    extended = extend(objective, parameters, minima, Budget(20.0))
    assert extended.minima[0].values["sigma_top"] == pytest.approx(4.0, abs=1.0)
    assert "σ(top)" in extended.notes[0]
    assert extended.minima[0].values["N"] == pytest.approx(60.0, abs=0.5)
    kept = extend(objective, parameters, minima, Budget(20.0), kept={"sigma_top"})
    assert "sigma_top" not in kept.minima[0].values


@pytest.mark.slow
def test_bounds_starts_and_fixed_values_are_kept() -> None:
    pattern = film(3.06, 100, 0.0, 1e4, 8, 0.0005, 3)
    region = [(float(pattern.x[0]), float(pattern.x[-1]))]
    objective, parameters = problem(pattern, regions=region, resolution=0.0005)
    (best, *_), _ = search_films(objective, parameters.fix(d=3.06))
    assert best.values["d"] == 3.06
    (best, *_), _ = search_films(objective, parameters.bound(N=(20.0, 60.0)))
    assert 20.0 <= best.values["N"] <= 60.0
    (best, *_), _ = search_films(objective, parameters.start(N=101.0))
    assert best.values["N"] == pytest.approx(100.0, abs=0.6)
    (doubled, *_), _ = search_films(objective, parameters.bound(d=(6.0, 6.3)))
    assert doubled.values["d"] == pytest.approx(6.12, abs=0.01)


@pytest.mark.slow
def test_the_time_is_limited_and_what_was_left_out_is_listed() -> None:
    pattern = film(3.06, 100, 2.0, 1e5, 8, 0.001, 1)
    region = [(float(pattern.x[0]), float(pattern.x[-1]))]
    objective, parameters = problem(pattern, regions=region, resolution=0.001)
    minima, certificate = search_films(objective, parameters, None, Budget(0.0))
    assert minima
    assert certificate.budget_reached
    assert certificate.not_examined


@pytest.mark.slow
def test_an_interrupt_ends_the_search() -> None:
    """Ctrl-C while other threads calculate."""
    pattern = film(3.06, 100, 2.0, 1e5, 20, 0.001, 1)
    region = [(float(pattern.x[0]), float(pattern.x[-1]))]
    objective, parameters = problem(pattern, regions=region, resolution=0.001)
    begun, sent, steps = threading.Event(), threading.Event(), []

    def interrupt() -> None:
        begun.wait()
        signal.raise_signal(signal.SIGINT)
        sent.set()

    def report(done: int, of: int) -> None:
        steps.append(done / of)
        begun.set()
        sent.wait()

    thread = threading.Thread(target=interrupt)
    thread.start()
    with pytest.raises(KeyboardInterrupt):
        search_films(objective, parameters, report)
    thread.join()
    assert steps[-1] < 0.5


def test_steps_of_progress_never_go_back() -> None:
    pattern = film(3.06, 40, 0.0, 1e4, 6, 0.001, 3)
    region = [(float(pattern.x[0]), float(pattern.x[-1]))]
    objective, parameters = problem(pattern, regions=region, resolution=0.001)
    steps: list[tuple[int, int]] = []
    search_films(objective, parameters, lambda done, of: steps.append((done, of)))
    assert steps[-1][0] == steps[-1][1]
    assert [done for done, _ in steps] == sorted(done for done, _ in steps)


def test_a_peak_narrower_than_the_resolution_is_noted() -> None:
    pattern = film(3.06, 100, 0.0, 1e4, 8, 0.0005, 3)
    region = [(float(pattern.x[0]), float(pattern.x[-1]))]
    wide, _ = problem(pattern, regions=region, resolution=0.02)
    (note,) = too_wide(wide)
    assert "--resolution" in note
    right, _ = problem(pattern, regions=region, resolution=0.0005)
    assert not too_wide(right)
