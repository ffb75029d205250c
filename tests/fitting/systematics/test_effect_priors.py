"""Which systematic effects apply to which structures and instruments, and how large they are taken to be."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from slxrd.data.regions import Region, RegionData
from slxrd.fitting.objective.residuals import Objective
from slxrd.fitting.systematics.columns.sizes import change_of_shares
from slxrd.fitting.systematics.effect import EFFECTS
from slxrd.instrument.broadening import Broadening
from slxrd.instrument.diffractometer import Instrument
from slxrd.model.intensity import Model
from slxrd.model.sizes import size_weights
from slxrd.sample.library.crystals import crystal
from slxrd.sample.stack import Stack
from slxrd.sample.substrate import Substrate
from slxrd.units import SecondLine

Q = np.linspace(1.95, 2.35, 60)
VALUES = {"d": 5.84, "L": 36.9, "sigma_L": 1.0, "N": 6.0, "sigma_N": 0.9, "q_zero": 0.001}
REGION = ["background_curvature", "background_inflection", "curvature", "slope"]
INSTRUMENT = ["resolution_shape", "resolution_width", "second_line"]
OF_SIZES = ["size_kurtosis", "size_skewness", "strain_spread", "surface_relaxation"]
OF_STACKS = ["gap_kurtosis", "gap_skewness", "shorter_stacks", "size_mixing", "unstacked", "wide_gaps"]
OF_REGIONS = [*REGION, "gap_skewness", "wide_gaps_width"]
MEASURED = Broadening(0.0, 0.0, 0.01, 0.2, 1.540593)


def objective(stack: Stack, *instruments: Instrument) -> Objective:
    first, *further = instruments or (Instrument(),)
    data = [
        RegionData(Region(1.95, 2.35), Q, np.ones(Q.size), np.ones(Q.size), scan=scan)
        for scan in range(1 + len(further))
    ]
    if further:
        stack = stack.using(["q_zero_2"])
    return Objective(Model(stack, first, tuple(further)), data)


def in_use(made: Objective) -> list[str]:
    return sorted(name for name, effect in EFFECTS.items() if effect.prior(made) > 0.0)


def prior(effect: str, *instruments: Instrument) -> float:
    return EFFECTS[effect].prior(objective(Stack(), *instruments))


def test_each_effect_has_its_own_name() -> None:
    assert all(effect.name == name for name, effect in EFFECTS.items())
    assert len({effect.label for _, effect in EFFECTS.items()}) == len(EFFECTS)
    assert {effect.name for _, effect in EFFECTS.items() if effect.of_region} == set(OF_REGIONS)


def test_all_of_them_apply_to_equal_planes() -> None:
    assert in_use(objective(Stack())) == sorted(EFFECTS.names)


def test_films_have_no_gaps() -> None:
    assert in_use(objective(Stack(coherent=1))) == sorted([*REGION, *INSTRUMENT, *OF_SIZES])


@pytest.mark.parametrize("stack", [Stack(coherent=1), Stack(substrate=Substrate(3.9))])
def test_distances_common_to_a_stack_need_stacks_without_substrate(stack: Stack) -> None:
    assert "order_broadening" in in_use(objective(Stack(stack="alternating")))
    assert "order_broadening" not in in_use(objective(stack))


def test_single_crystals_have_one_spread_of_distances() -> None:
    """Each is a stack of its own: stacks that differ in proportion are crystals that differ in d."""
    made = objective(Stack(coherent=1))
    of_stacks, of_crystals = (
        EFFECTS[name].columns(made, VALUES)[0] / unit**2
        for name, unit in (("order_broadening", 0.004), ("strain_spread", 0.003))
    )
    np.testing.assert_allclose(of_stacks, of_crystals, rtol=0.0, atol=1e-4 * np.max(np.abs(of_crystals)))


def test_mixed_sizes_are_part_of_the_model() -> None:
    assert "size_mixing" not in in_use(objective(Stack(stack="mixed")))


def test_refined_fractions_are_parameters() -> None:
    assert "unstacked" not in in_use(objective(Stack().using(["unstacked"])))


def test_atomic_planes_contain_the_form_factors() -> None:
    equal, atomic = objective(Stack()), objective(Stack(crystal=crystal("CsPbBr3")))
    assert EFFECTS["slope"].prior(atomic) < EFFECTS["slope"].prior(equal)
    assert EFFECTS["curvature"].prior(atomic) < EFFECTS["curvature"].prior(equal)


@pytest.mark.parametrize(
    ("effect", "assumed", "measured"), [("resolution_width", 0.2, 0.02), ("resolution_shape", 0.1, 0.03)]
)
def test_measured_resolutions_are_known_better(effect: str, assumed: float, measured: float) -> None:
    assert prior(effect, Instrument()) == assumed
    assert prior(effect, Instrument(broadening=MEASURED)) == measured
    assert prior(effect, Instrument(sigma_G=0.0)) == 0.0


@pytest.mark.parametrize(
    ("wavelength", "expected"),
    [(None, 0.2), (1.5406, 0.2), (1.540593, 0.03), (1.5418, 1.0 / 3.0), (0.7093, 0.2), (1.0, 0.0)],
)
def test_second_lines_of_laboratory_tubes(wavelength: float | None, expected: float) -> None:
    assert prior("second_line", Instrument(wavelength=wavelength)) == pytest.approx(expected)


def test_modelled_second_lines_need_no_effect() -> None:
    both = Instrument(wavelength=1.540593, second_line=SecondLine(1.544427, 0.5))
    assert prior("second_line", both) == 0.0


def test_the_mean_wavelength_stands_for_both_lines() -> None:
    mean = (1.540593 + 0.5 * 1.544427) / 1.5
    made = objective(Stack(), Instrument(wavelength=mean))
    column = EFFECTS["second_line"].columns(made, VALUES)[0]
    model = Model(Stack(), Instrument())
    q = np.concatenate((Q * mean / 1.540593, Q * mean / 1.544427, Q))
    order = np.argsort(q)
    curves = np.empty(q.size)
    curves[order] = model.intensity(q[order], VALUES)
    first, second, single = curves.reshape(3, -1)
    expected = 3.0 * ((2.0 * first + second) / 3.0 - single)
    np.testing.assert_allclose(column, expected, rtol=0.0, atol=1e-6 * np.max(np.abs(expected)))


def test_scans_that_are_known_better_have_smaller_columns() -> None:
    assumed, measured = Instrument(), Instrument(broadening=MEASURED)
    values = VALUES | {"q_zero_2": 0.001}
    effect = EFFECTS["resolution_width"]
    both = effect.columns(objective(Stack(), assumed, measured), values)
    np.testing.assert_array_equal(both[0], effect.columns(objective(Stack(), assumed), VALUES)[0])
    alone = effect.columns(objective(Stack(), measured), VALUES)[0]
    np.testing.assert_allclose(both[1], 0.1 * alone, rtol=1e-12)


def test_shapes_with_tails_have_the_same_derivative() -> None:
    """The intensity is linear in the Lorentzian share."""
    none, some = (
        objective(Stack(), Instrument(broadening=replace(MEASURED, lorentzian=share))) for share in (0.0, 0.4)
    )
    curves = [made.region_models[0].evaluate(VALUES, derivatives=False)[0] for made in (none, some)]
    for made in (none, some):
        column = EFFECTS["resolution_shape"].columns(made, VALUES)[0]
        expected = (curves[1] - curves[0]) / 0.4
        np.testing.assert_allclose(column, expected, rtol=0.0, atol=1e-3 * np.max(np.abs(expected)))


def test_second_lines_take_part_in_the_resolution() -> None:
    made = [
        objective(Stack(), Instrument(0.006 * factor, None, 1.540593, SecondLine(1.544427, 0.5)))
        for factor in (1.0, 1.005, 0.995)
    ]
    _, wider, narrower = (each.region_models[0].evaluate(VALUES, derivatives=False)[0] for each in made)
    column = EFFECTS["resolution_width"].columns(made[0], VALUES)[0]
    expected = (wider - narrower) / 0.01
    np.testing.assert_allclose(column, expected, rtol=0.0, atol=1e-4 * np.max(np.abs(expected)))


@pytest.mark.parametrize("order", [3, 4])
@pytest.mark.parametrize("sigma_N", [0.5, 1.0, 3.0])
def test_shares_of_another_shape_keep_the_lower_moments(sigma_N: float, order: int) -> None:
    weights = size_weights(20.3, sigma_N)
    n, P = weights.sizes.astype(float), weights.weights
    change = change_of_shares(weights.sizes[:, None], P[:, None], order).ravel()
    mean = P @ n
    x = (n - mean) / np.sqrt(P @ (n - mean) ** 2)
    for power in range(order):
        assert abs(change @ x**power) < 1e-12
    moment = change @ x**order
    # Mean square of the orthogonal polynomial, by the determinants of the matrices of moments.
    moments = [P @ x**power for power in range(2 * order + 1)]
    upper, lower = (
        np.linalg.det([[moments[i + j] for j in range(size)] for i in range(size)])
        for size in (order + 1, order)
    )
    assert moment == pytest.approx(upper / lower / math.factorial(order), rel=1e-6)
    # That of a normal distribution; five sizes cannot be as skewed, nor have its kurtosis.
    if sigma_N > 0.8:
        assert moment == pytest.approx(1.0, rel=3e-3 if order == 3 else 1e-2)


@pytest.mark.parametrize("effect", ["size_skewness", "size_kurtosis"])
def test_sizes_without_width_have_no_other_shape(effect: str) -> None:
    made = objective(Stack())
    column = EFFECTS[effect].columns(made, VALUES | {"N": 6.0, "sigma_N": 0.0})[0]
    np.testing.assert_array_equal(column, 0.0)
