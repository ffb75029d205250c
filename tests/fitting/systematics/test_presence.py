"""Priors of effects that may be absent: against the mixture of all combinations, and what the data decide."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

import slxrd
from slxrd.data.regions import Region, select_points
from slxrd.fitting.minimise.least_squares import Minimum, minimise
from slxrd.fitting.objective.residuals import Objective
from slxrd.fitting.objective.settings import Settings
from slxrd.fitting.systematics.covariance import SystematicErrors, systematic_effects
from slxrd.fitting.systematics.presence import given_data, normal_approximations
from slxrd.fitting.systematics.settings import Systematics
from slxrd.instrument.diffractometer import Instrument
from slxrd.model.intensity import Model
from slxrd.parameters.parameter_set import Parameters
from slxrd.sample.stack import Stack
from slxrd.units import FloatArray

HALF = 0.5


def mixture(
    information: FloatArray, score: FloatArray, counts: list[int], absent: list[float]
) -> tuple[FloatArray, FloatArray]:
    """Means and variances of the sizes over all combinations of effects, each weighted by its probability."""
    of_effect = np.repeat(np.arange(len(counts)), counts)
    total, mean, square = 0.0, np.zeros(len(score)), np.zeros(len(score))
    for chosen in product((False, True), repeat=len(counts)):
        prior = np.prod([1.0 - a if on else a for on, a in zip(chosen, absent, strict=True)])
        if not prior:
            continue
        here = np.flatnonzero(np.asarray(chosen)[of_effect])
        own = 1.0 - np.asarray(absent)[of_effect[here]]
        precision = information[np.ix_(here, here)] + np.diag(own)
        m = np.linalg.solve(precision, score[here])
        weight = prior * np.exp(0.5 * score[here] @ m) * np.sqrt(np.prod(own) / np.linalg.det(precision))
        total += weight
        mean[here] += weight * m
        square[here] += weight * (np.diag(np.linalg.inv(precision)) + m**2)
    return mean / total, square / total - (mean / total) ** 2


def test_one_effect_varies_as_with_the_mixture() -> None:
    """Exactly, as nothing else is approximated."""
    for information, score in product((0.1, 1.0, 30.0), (0.0, 0.3, 1.0)):
        data = np.array([[information]]), np.array([score * np.sqrt(information)])
        (variance,) = normal_approximations(*data, [1], [HALF])
        assert 1.0 / (information + 1.0 / variance) == pytest.approx(mixture(*data, [1], [HALF])[1][0])


def test_independent_effects_vary_as_with_the_mixture() -> None:
    """Each as if it were alone; the one that is always present, and the one of two sizes, too."""
    information = np.diag([0.5, 20.0, 20.0, 3.0, 7.0])
    score = np.array([0.4, 1.0, 6.0, 0.0, 3.0])
    counts, absent = [1, 1, 1, 1, 1], [HALF, HALF, HALF, 0.2, 0.0]
    variances = normal_approximations(information, score, counts, absent)
    posterior = 1.0 / (np.diag(information) + 1.0 / variances)
    np.testing.assert_allclose(posterior, mixture(information, score, counts, absent)[1], rtol=1e-9)
    two = normal_approximations(information[:2, :2], score[:2], [2], [HALF])
    posterior = 1.0 / (np.diag(information)[:2] + 1.0 / two)
    np.testing.assert_allclose(posterior, mixture(information[:2, :2], score[:2], [2], [HALF])[1], rtol=1e-9)


def test_errors_hold_for_sizes_drawn_from_the_mixture() -> None:
    """Pulls of what the effects do to a parameter, with effects that partly mimic each other."""
    random = np.random.default_rng(4)
    counts, absent = [1, 1, 2, 1], [HALF, HALF, HALF, 0.0]
    of_effect = np.repeat(np.arange(4), counts)
    pulls, narrower = [], []
    for _ in range(150):
        columns = random.normal(size=(8, 5)) * [3.0, 2.0, 1.0, 1.0, 2.0]
        columns[:, 1] += columns[:, 0]
        present = (random.random(4) >= absent)[of_effect]
        sizes = random.normal(size=5) * present / np.sqrt(1.0 - np.asarray(absent)[of_effect])
        score = columns.T @ (columns @ sizes + random.normal(size=8))
        moves = random.normal(size=5)
        errors = []
        for variances in (normal_approximations(columns.T @ columns, score, counts, absent), np.ones(5)):
            covariance = np.linalg.inv(columns.T @ columns + np.diag(1.0 / variances))
            errors.append(np.sqrt(moves @ covariance @ moves))
            if len(errors) == 1:
                pulls.append(moves @ (covariance @ score - sizes) / errors[0])
        narrower.append(errors[0] / errors[1])
    assert np.mean(np.abs(pulls) < 1.96) > 0.9
    assert np.sqrt(np.mean(np.square(pulls))) < 1.3
    assert np.mean(narrower) < 0.9


def test_data_without_information_leave_the_prior() -> None:
    assert normal_approximations(np.zeros((2, 2)), np.zeros(2), [1, 1], [HALF, 0.8]) == pytest.approx(
        [1.0, 1.0]
    )


def test_effects_are_excluded_or_present() -> None:
    """An effect that the data would show vanishes if they do not, and is wider than the prior if they do."""
    precise = np.array([[1e4]])
    (excluded,) = normal_approximations(precise, np.zeros(1), [1], [HALF])
    (present,) = normal_approximations(precise, np.array([1e4]), [1], [HALF])
    assert excluded < 1e-4
    assert present == 2.0


def fitted(**departure: float) -> tuple[Objective, Minimum]:
    """A fit of equal planes to stacks that may depart from them."""
    regions = [Region(0.88, 1.28), Region(1.98, 2.33)]
    q = np.concatenate([np.arange(region.low, region.high, 0.005) for region in regions])
    values = {"d": 5.84, "L": 36.9, "sigma_L": 1.4, "N": 13.0, "sigma_N": 1.5}
    pattern = slxrd.simulate(q, {**values, **departure}, coherent=40, noise=0.01, seed=2)
    points = select_points(pattern, regions, "file")
    objective = Objective(Model(Stack(40), Instrument()), points, Settings())
    parameters = Parameters().within(objective.model.stack.table).fix(q_zero=0.0).start(**values)
    return objective, minimise(objective, parameters)


def scales(objective: Objective, minimum: Minimum, settings: Systematics) -> dict[str, float]:
    effects = given_data(
        objective, minimum, systematic_effects(objective, minimum, settings), 0.0, settings.priors
    )
    return {each.effect.name: float(each.scales.max()) for each in effects if each.scales is not None}


def test_effects_are_excluded_by_a_pattern_without_them() -> None:
    without = scales(*fitted(), Systematics())
    for name in ("background_curvature", "order_broadening", "strain_spread", "gap_kurtosis"):
        assert without[name] < 0.5
    for name in ("second_line", "shorter_stacks", "size_kurtosis"):  # which it does not show
        assert without[name] == pytest.approx(1.0, abs=0.1)
    for name in ("slope", "curvature", "resolution_width", "resolution_shape"):  # which are never absent
        assert without[name] == 1.0
    assert scales(*fitted(unstacked=0.2), Systematics())["unstacked"] > 1.2


def test_priors_that_are_given_are_normal() -> None:
    assert scales(*fitted(), Systematics(priors={"unstacked": 0.1}))["unstacked"] == 1.0


def test_rows_and_lengths_have_the_scale() -> None:
    objective, minimum = fitted()
    effects = systematic_effects(objective, minimum, Systematics())
    (relaxed,) = (each for each in effects if each.effect.name == "surface_relaxation")
    half = relaxed.scaled(np.array([0.5]))
    np.testing.assert_allclose(half.rows[0], 0.5 * relaxed.rows[0])
    assert half.lengths == {name: 0.5 * change for name, change in relaxed.lengths.items()}
    assert half.prior == relaxed.prior
    assert SystematicErrors((half, relaxed)).scales.tolist() == [0.5, 1.0]
