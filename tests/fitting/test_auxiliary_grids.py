"""Auxiliary grids: each as long as the parameters need, and made once for the same points."""

from __future__ import annotations

import gc
import weakref
from typing import Any

import numpy as np
import pytest

from slxrd.data.regions import Region, select_points
from slxrd.fitting.minimise import least_squares
from slxrd.fitting.minimise.batch import Batch
from slxrd.fitting.minimise.compiled import chi2_of
from slxrd.fitting.minimise.problem import (
    EXACT_BEYOND,
    LADDER,
    Problem,
    correlated,
    prepare_problem,
    problems_at,
    within_grid,
)
from slxrd.fitting.objective.residuals import Objective
from slxrd.instrument.broadening import Broadening
from slxrd.instrument.diffractometer import Instrument
from slxrd.model.intensity import Model
from slxrd.model.kernel.dispatch import is_native
from slxrd.model.simulation import simulate
from slxrd.parameters.parameter_set import Parameters

TRUTH = {"d": 5.84, "L": 36.9, "sigma_L": 1.43, "N": 13.0, "sigma_N": 1.5, "q_zero": 0.0}
#: The longest correlations, and those that need the shortest grid.
LONG = [5.84, 60.0, 0.6, 25.0, 3.0, 0.0]
SHORT = [5.84, 20.0, 1.9, 8.0, 0.5, 0.0]

native = pytest.mark.skipif(not is_native(), reason="the native core is not installed")


def objective(sigma_G: float = 0.007) -> Objective:
    pattern = simulate(np.arange(0.9, 1.25, 0.004), TRUTH, noise=0.03, seed=1)
    return Objective(Model(instrument=Instrument(sigma_G)), select_points(pattern, [Region(0.9, 1.25)]))


@native
def test_chi2_does_not_depend_on_the_starts() -> None:
    compared = objective()
    points = np.array([SHORT, LONG, list(TRUTH.values()), SHORT])
    parameters = Parameters().fix(q_zero=0.0)
    chi2 = Batch(compared, parameters, points[:1]).chi2(points)
    expected = [compared.chi2(dict(zip(TRUTH, point, strict=True))) for point in points.tolist()]
    np.testing.assert_allclose(chi2, expected, rtol=1e-10)


@native
def test_the_sharpest_region_decides_which_correlations_are_seen() -> None:
    widths = Broadening(U=0.0, V=-1.5, W=0.5, lorentzian=0.0, wavelength=1.5406)
    pattern = simulate(np.arange(0.9, 2.3, 0.004), TRUTH, noise=0.03, seed=1)
    data = select_points(pattern, [Region(0.9, 1.25), Region(1.95, 2.3)])
    compared = Objective(Model(instrument=Instrument(broadening=widths)), data)
    first, second = (model.longest_fringe for model in compared.region_models)
    assert second > 2.0 * first
    points = np.array([LONG, list(TRUTH.values())])
    chi2 = Batch(compared, Parameters().fix(q_zero=0.0), points).chi2(points)
    expected = [compared.chi2(dict(zip(TRUTH, point, strict=True))) for point in points.tolist()]
    np.testing.assert_allclose(chi2, expected, rtol=1e-10)


@native
def test_points_are_grouped_by_the_grid_that_they_need() -> None:
    compared = objective()
    points = np.array([SHORT, LONG, SHORT])
    groups = list(problems_at(compared, Parameters().fix(q_zero=0.0), points))
    assert [some.tolist() for some, _ in groups] == [[0, 2], [1]]
    for some, made in groups:
        needed = correlated(compared, points[some]).max()
        assert needed <= made.reach <= LADDER * needed
    assert groups[0][1].layout.grid.size < groups[1][1].layout.grid.size


@native
def test_there_is_one_grid_without_a_resolution() -> None:
    compared = objective(0.0)
    ((some, made),) = problems_at(compared, Parameters().fix(q_zero=0.0), np.array([SHORT, LONG]))
    assert some.tolist() == [0, 1]
    assert made.layout.band.shape[1] == 1


@native
@pytest.mark.parametrize("resolution", [0.003, 0.007, 0.012])
def test_a_grid_is_exact_where_it_is_used(resolution: float) -> None:
    compared, parameters = objective(resolution), Parameters().fix(q_zero=0.0)
    rows = np.array([[5.84, 36.9, 0.4, 13.0, sigma_N, 0.0] for sigma_N in np.arange(0.5, 4.0, 0.05)])
    made = prepare_problem(compared, parameters, rows[:1])
    target = made.targets([points.intensity[None, :] for points in compared.data])[0]
    used = rows[within_grid(compared, made, rows)]
    assert correlated(compared, used).max() > 1.1 * made.reach  # beyond that for which it was made
    assert len(used) < len(rows)
    expected = [compared.chi2(dict(zip(TRUTH, row, strict=True))) for row in used.tolist()]
    np.testing.assert_allclose(chi2_of(made, used, target), expected, rtol=1e-10)


@native
def test_a_refinement_that_leaves_its_grid_goes_on_with_a_longer_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    reaches: list[float] = []

    def prepared(*given: Any) -> Problem:
        made = prepare_problem(*given)
        reaches.append(made.reach)
        return made

    monkeypatch.setattr(least_squares, "prepare_problem", prepared)
    compared = objective()
    start = np.array([[5.84, 33.0, 1.0, 9.0, 0.3, 0.0]])
    found = Batch(compared, Parameters().fix(q_zero=0.0), start).refine_from(0)
    needed = correlated(compared, found.values)[0]
    assert found.converged.all()
    assert EXACT_BEYOND * reaches[0] < needed <= EXACT_BEYOND * reaches[-1]
    values = dict(zip(TRUTH, found.values[0].tolist(), strict=True))
    np.testing.assert_allclose(found.chi2[0], compared.chi2(values), rtol=1e-9)


def test_the_model_at_the_same_points_is_made_once() -> None:
    model, q = Model(), np.arange(0.9, 1.2, 0.01)
    one = model.region(q)
    assert model.region(q.copy()) is one
    assert model.region(q[1:]) is not one
    assert Model(instrument=Instrument(0.01)).region(q) is not one
    place = weakref.ref(one)
    del one
    gc.collect()
    assert place() is None


def test_points_that_the_caller_changes_later_are_not_those_of_the_model() -> None:
    model, q = Model(), np.arange(0.9, 1.2, 0.01)
    one, before = model.region(q), q.copy()
    q += 0.1
    np.testing.assert_array_equal(one.q, before)
    assert model.region(q) is not one
