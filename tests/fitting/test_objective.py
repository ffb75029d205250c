"""Residuals, weights, scale and background: every combination against differences and explicit fits."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from numpy.typing import NDArray

from slxrd.data.pattern import Pattern
from slxrd.data.regions import Region, RegionData, select_points
from slxrd.fitting.objective.residuals import Objective
from slxrd.fitting.objective.settings import Settings
from slxrd.instrument.diffractometer import Instrument
from slxrd.model.intensity import Model
from slxrd.model.simulation import simulate
from slxrd.sample.stack import Stack

FloatArray = NDArray[np.float64]

TRUTH = {"d": 5.84, "L": 36.9, "sigma_L": 1.43, "N": 13.0, "sigma_N": 1.55, "q_zero": 0.0}
AWAY = {"d": 5.835, "L": 37.0, "sigma_L": 1.3, "N": 12.8, "sigma_N": 1.7, "q_zero": 0.001}
MODEL = Model(Stack(), Instrument())
REGIONS = [Region(0.94, 1.22), Region(2.0, 2.3, 0.1)]

COMBINATIONS = [
    Settings(kind, scale, background)
    for kind in ("linear", "log")
    for scale in ("free", "peak")
    for background in ("none", "constant", "linear")
] + [Settings("paper2021")]


def name(settings: object) -> str:
    return (
        f"{settings.objective}-{settings.scale}-{settings.background}"
        if isinstance(settings, Settings)
        else ""
    )


@cache
def pattern(seed: int = 11, factor: float = 1.0, noise: float = 0.02) -> Pattern:
    made = simulate(np.arange(0.9, 2.4, 0.004), TRUTH, background=80.0, noise=noise, seed=seed)
    assert made.sigma is not None
    # Points at or below zero are a matter of their own.
    return Pattern(made.q, factor * np.maximum(made.intensity, 5.0), sigma=factor * made.sigma)


def objective(settings: Settings, regions: list[Region] | None = None, **made: float) -> Objective:
    return Objective(MODEL, select_points(pattern(**made), regions or REGIONS), settings)  # type: ignore[arg-type]


@pytest.mark.parametrize("settings", COMBINATIONS, ids=name)
@pytest.mark.parametrize("values", [TRUTH, AWAY], ids=["truth", "away"])
def test_jacobian_against_differences(settings: Settings, values: dict[str, float]) -> None:
    tested = objective(settings)
    jacobian = tested.evaluate(values).jacobian
    for column, parameter in zip(jacobian.T, Model().names, strict=True):
        h = {"d": 1e-5, "L": 1e-4, "q_zero": 1e-6}.get(parameter, 1e-4)
        near = [
            tested.evaluate({**values, parameter: values[parameter] + k * h}).residual for k in (-2, -1, 1, 2)
        ]
        expected = (near[0] - 8.0 * near[1] + 8.0 * near[2] - near[3]) / (12.0 * h)
        np.testing.assert_allclose(
            column, expected, rtol=0.0, atol=1e-6 * np.abs(column).max(), err_msg=parameter
        )


@pytest.mark.parametrize("settings", COMBINATIONS, ids=name)
def test_the_short_way_to_chi2(settings: Settings) -> None:
    tested = objective(settings)
    for values in (TRUTH, AWAY):
        evaluation = tested.evaluate(values)
        assert evaluation.chi2 == pytest.approx(float(np.sum(evaluation.residual**2)), rel=1e-12)
        assert tested.chi2(values) == pytest.approx(evaluation.chi2, rel=1e-12)


@pytest.mark.parametrize("settings", COMBINATIONS, ids=name)
@pytest.mark.parametrize("factor", [1e-6, 1e6])
def test_the_unit_of_intensity_does_not_matter(settings: Settings, factor: float) -> None:
    one, other = (objective(settings, factor=f).evaluate(AWAY) for f in (1.0, factor))
    np.testing.assert_allclose(other.residual, one.residual, rtol=0.0, atol=1e-9 * np.abs(one.residual).max())
    np.testing.assert_allclose(other.jacobian, one.jacobian, rtol=0.0, atol=1e-8 * np.abs(one.jacobian).max())
    for mine, theirs in zip(one.regions, other.regions, strict=True):
        assert theirs.scale == pytest.approx(factor * mine.scale, rel=1e-8)
        np.testing.assert_allclose(theirs.calculated, factor * mine.calculated, rtol=1e-8)


@pytest.mark.parametrize("settings", COMBINATIONS, ids=name)
def test_a_weight_multiplies_the_regions_share(settings: Settings) -> None:
    """The 2021 program weighs residuals, so that its share goes as the square."""
    shares = [objective(settings, [replace(REGIONS[1], weight=w)]).chi2(AWAY) for w in (1.0, 0.1)]
    expected = 0.01 if settings.objective == "paper2021" else 0.1
    assert shares[1] / shares[0] == pytest.approx(expected, rel=1e-12)
    both = objective(settings).chi2(AWAY)
    assert both == pytest.approx(objective(settings, REGIONS[:1]).chi2(AWAY) + shares[1], rel=1e-10)


@pytest.mark.parametrize("settings", COMBINATIONS, ids=name)
def test_masked_points_have_no_influence(settings: Settings) -> None:
    clean = pattern()
    disturbed = np.array(clean.intensity)
    inside = (clean.q >= 1.05) & (clean.q <= 1.07)
    disturbed[inside] = 1e5
    results = []
    for intensity in (clean.intensity, disturbed):
        masked = Pattern(clean.q, intensity, sigma=clean.sigma).masked(1.05, 1.07)
        results.append(Objective(MODEL, select_points(masked, REGIONS), settings).evaluate(AWAY))
    np.testing.assert_array_equal(results[0].residual, results[1].residual)
    np.testing.assert_array_equal(results[0].jacobian, results[1].jacobian)
    whole = Objective(MODEL, select_points(Pattern(clean.q, disturbed, sigma=clean.sigma), REGIONS), settings)
    assert whole.chi2(AWAY) > 2.0 * results[0].chi2
    assert sum(region.q.size for region in results[0].regions) == whole.n_points - int(inside.sum())


@pytest.mark.parametrize("settings", COMBINATIONS, ids=name)
def test_a_point_of_no_model_is_the_data(settings: Settings) -> None:
    """Fitted to its own noiseless pattern nothing is left, and the scale is the one it was made with."""
    q = np.arange(0.95, 1.2, 0.003)
    truth = MODEL.intensity(q, TRUTH)
    data = RegionData(Region(0.95, 1.2), q, 7.0 * truth, np.full(q.size, 0.01 * 7.0 * truth.max()))
    (fitted,) = Objective(MODEL, [data], settings).evaluate(TRUTH).regions
    np.testing.assert_allclose(fitted.residual, 0.0, atol=1e-8)
    assert fitted.scale == pytest.approx(7.0, rel=1e-8)
    np.testing.assert_allclose(fitted.background, 0.0, atol=1e-6 * truth.max())


def test_known_scale_and_background_are_found() -> None:
    q = np.arange(0.95, 1.2, 0.003)
    truth = MODEL.intensity(q, TRUTH)
    middle, half = (q[0] + q[-1]) / 2.0, (q[-1] - q[0]) / 2.0
    intensity = 0.5 * truth + 0.2 * truth.max() + 0.05 * truth.max() * (q - middle) / half
    data = RegionData(Region(0.95, 1.2), q, intensity, np.sqrt(intensity))
    for kind in ("linear", "log"):
        (fitted,) = Objective(MODEL, [data], Settings(kind, "free", "linear")).evaluate(TRUTH).regions
        assert fitted.scale == pytest.approx(0.5, rel=1e-6)
        assert fitted.background[0] == pytest.approx(0.2 * truth.max(), rel=1e-6)
        assert fitted.background[1] == pytest.approx(0.05 * truth.max(), rel=1e-6)


@pytest.mark.parametrize("settings", [s for s in COMBINATIONS if s.scale == "peak"], ids=name)
def test_scaled_to_the_peak_the_curve_passes_through_the_highest_point(settings: Settings) -> None:
    for region in objective(settings).evaluate(AWAY).regions:
        top = int(np.argmax(MODEL.intensity(region.q, AWAY)))
        assert region.calculated[top] == pytest.approx(region.measured.max(), rel=1e-12)


@pytest.mark.parametrize("settings", [s for s in COMBINATIONS if s.objective != "paper2021"], ids=name)
def test_the_curve_is_scale_times_model_and_background(settings: Settings) -> None:
    for region in objective(settings).evaluate(AWAY).regions:
        x = (region.q - (region.q[0] + region.q[-1]) / 2.0) / ((region.q[-1] - region.q[0]) / 2.0)
        expected = region.scale * MODEL.intensity(region.q, AWAY)
        expected = expected + sum(b * x**k for k, b in enumerate(region.background))
        np.testing.assert_allclose(region.calculated, expected, rtol=1e-9)
        residual = (region.measured - region.calculated) / region.sigma
        if settings.objective == "log":
            residual = np.log(region.measured / region.calculated) * region.measured / region.sigma
        np.testing.assert_allclose(region.residual, residual, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize(
    "settings", [Settings("log"), Settings("log", "free", "constant"), Settings("log", "peak")], ids=name
)
def test_points_without_a_logarithm_are_left_out_and_counted(settings: Settings) -> None:
    clean = pattern()
    spoilt = np.array(clean.intensity)
    spoilt[[20, 30, 31]] = 0.0, -3.0, -1e-9
    tested = Objective(MODEL, select_points(Pattern(clean.q, spoilt, sigma=clean.sigma), REGIONS), settings)
    assert len(tested.notes) == 1
    assert "3 points at or below zero have no logarithm and were left out" in tested.notes[0]
    without = Pattern(clean.q, clean.intensity, sigma=clean.sigma)
    for i in (20, 30, 31):
        without = without.masked(clean.q[i] - 1e-9, clean.q[i] + 1e-9)
    expected = Objective(MODEL, select_points(without, REGIONS), settings)
    assert expected.notes == ()
    np.testing.assert_array_equal(tested.evaluate(AWAY).residual, expected.evaluate(AWAY).residual)
    assert tested.n_points == expected.n_points
