"""Backgrounds below zero: their errors against repeated measurements, and which of them reject a model."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from departures import OPTIONS, D, N, film_counts

import slxrd
from slxrd.data.regions import Region, RegionData
from slxrd.fitting.assessment.grade import grade_minimum
from slxrd.fitting.assessment.misfit import NegativeBackground, negative_background
from slxrd.fitting.minimise.background_errors import background_errors
from slxrd.fitting.minimise.least_squares import Minimum, minimise
from slxrd.fitting.objective.residuals import Objective
from slxrd.fitting.objective.settings import Settings
from slxrd.fitting.systematics.correction import beside_residuals
from slxrd.fitting.systematics.settings import Systematics
from slxrd.instrument.diffractometer import Instrument
from slxrd.model.intensity import Model
from slxrd.parameters.parameter_set import Parameters
from slxrd.sample.stack import Stack

TRUTH = {"d": 5.84, "L": 36.9, "sigma_L": 1.43, "N": 13.0, "sigma_N": 1.55, "q_zero": 0.0}
MODEL = Model(Stack(), Instrument())
PARAMETERS = (
    Parameters().fix(q_zero=0.0, sigma_N=1.55).start(**{k: TRUTH[k] for k in ("d", "L", "sigma_L", "N")})
)
RANGES = [(0.9, 1.25), (2.0, 2.3)]
NOISE = 0.01


def objective(
    background: str = "signed-linear", effect: float = 0.0, kind: str = "linear", level: float = 0.0
) -> Objective:
    """The exact curve of the model, and a correlated error like the square of q."""
    data = []
    for low, high in RANGES:
        q = np.arange(low, high, 0.004)
        x = 2.0 * (q - low) / (high - low) - 1.0
        curve = MODEL.intensity(q, TRUTH)
        curve = curve / curve.max() + level
        correlated = effect * (x**2)[None, :] if effect else None
        data.append(RegionData(Region(low, high), q, curve, np.full(q.size, NOISE), correlated=correlated))
    return Objective(MODEL, data, Settings(kind, "free", background))  # type: ignore[arg-type]


def refined(exact: Objective, random: np.random.Generator) -> tuple[Objective, Minimum]:
    """One measurement with the covariance of the points, and its minimum."""
    errors = exact.drawn_errors(random)
    own = exact.with_intensities([p.intensity + e for p, e in zip(exact.data, errors, strict=True)])
    return own, minimise(own, PARAMETERS, 1e-6)


def levels(own: Objective, minimum: Minimum) -> list[Any]:
    regions = minimum.evaluation.regions
    return [b @ np.array(r.background) for b, r in zip(own.backgrounds, regions, strict=True)]


def sigmas(own: Objective) -> list[Any]:
    return [points.sigma for points in own.data]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("effect", "kind", "level", "count"),
    [(0.0, "linear", 0.0, 120), (0.03, "linear", 0.0, 120), (0.03, "log", 0.5, 20)],
)
def test_errors_are_those_of_repeated_measurements(
    effect: float, kind: str, level: float, count: int
) -> None:
    """Standard deviations of n measurements are uncertain by 1/√2n; limits at four of these."""
    exact, random = objective(effect=effect, kind=kind, level=level), np.random.default_rng(1)
    drawn: list[list[Any]] = [[], []]
    for _ in range(count):
        for found, each in zip(drawn, levels(*refined(exact, random)), strict=True):
            found.append(each)
    expected = background_errors(exact, minimise(exact, PARAMETERS), sigmas(exact))
    for found, error in zip(drawn, expected, strict=True):
        np.testing.assert_allclose(np.std(found, axis=0), error, rtol=4.0 / np.sqrt(2.0 * count))


@pytest.mark.slow
def test_a_background_of_zero_is_seldom_negative() -> None:
    """It is below −0.002 of the maximum in most measurements, but beyond three errors in about 1 of 300."""
    exact, random = objective(effect=0.03), np.random.default_rng(2)
    low, called = 0, 0
    for _ in range(100):
        own, minimum = refined(exact, random)
        low += min(float(each.min()) for each in levels(own, minimum)) < -0.002
        called += negative_background(own, minimum, sigmas(own)) is not None
    assert low > 50
    assert called <= 2


def test_a_background_far_below_zero_is_found() -> None:
    own, minimum = refined(objective(level=-0.03), np.random.default_rng(3))
    found = negative_background(own, minimum, sigmas(own))
    assert found is not None
    assert found.share == pytest.approx(0.03, abs=5.0 * found.error)
    assert 0.0 < found.error < 0.01
    assert found.text.startswith("the background of region ")


def with_background(seed: int, level: float, background: str, **departure: float) -> slxrd.Fit:
    """A fit of counts from which a constant was subtracted; ``level`` is what is left, of the maximum."""
    q, y = film_counts(seed, 1e5, **departure)
    pattern = slxrd.Pattern(q, y + (level - 0.002) * 1e5, sigma=np.sqrt(np.maximum(y, 1.0)), source="film")
    return slxrd.fit(pattern, **{**OPTIONS, "background": background})


@pytest.mark.slow
def test_a_signed_background_describes_data_from_which_too_much_was_subtracted() -> None:
    """These fits were rejected, although the option is for such data."""
    fit = with_background(4, -0.01, "signed-constant")
    assert fit.assessment is not None
    assert fit.assessment.grade == "describes"
    assert "below zero, by 0.01 ± " in fit.assessment.reasons[-1]
    assert "too much was subtracted" in " ".join(str(fit).split())
    thickness = fit.derived["thickness_with_surface"]
    assert thickness.value == pytest.approx(N * D, abs=3.0 * (thickness.error or 0.0))


@pytest.mark.slow
def test_effects_explain_residuals_beside_a_negative_background() -> None:
    fit = with_background(4, -0.01, "signed-constant", resolution=0.0036)
    assert fit.assessment is not None
    assert fit.assessment.grade == "systematic"
    assert "effects explain the residuals" in fit.assessment.reasons[-1]
    assert fit.parameters["N"].systematic


def test_any_other_negative_background_rejects_the_model(monkeypatch: pytest.MonkeyPatch) -> None:
    own, minimum = refined(objective("constant"), np.random.default_rng(4))
    below = NegativeBackground("region", 0.02, 0.001)
    monkeypatch.setattr("slxrd.fitting.assessment.grade.negative_background", lambda *_: below)
    assessment = grade_minimum(own, minimum, known=True)
    assert assessment.rejected
    assert "an intensity cannot be" in assessment.reasons[-1]


@pytest.mark.parametrize("widening", [1.1, 3.0, 30.0])
def test_effects_that_do_not_explain_residuals_stay_in_the_errors(widening: float) -> None:
    """Errors by residuals and by effects add up: none is smaller than by one of them alone."""
    own, plain = refined(objective("none"), np.random.default_rng(5))
    found = beside_residuals(own, (plain,), Systematics(), ["q_zero"], widening)
    of_effects = found.errors.applied(own)
    alone = minimise(of_effects, plain.parameters)
    assert found.noise == widening
    for name in plain.names:
        before, effects, both = (each.covariance.error(name) for each in (plain, alone, found.minima[0]))
        assert before is not None
        assert effects is not None
        assert both is not None
        assert both >= 0.99 * widening * before
        assert both >= 0.99 * effects
        assert both <= 2.0 * np.hypot(widening * before, effects)
