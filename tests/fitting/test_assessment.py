"""Whether a model describes the data: grades of exact patterns and of known departures."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from departures import OPTIONS, D, N, film_pattern

import slxrd
from slxrd.fitting.assessment.difference import DIFFERENCE
from slxrd.fitting.assessment.disguise import coincident_lattices
from slxrd.fitting.assessment.goodness_of_fit import (
    UNLIKELY,
    MeasuredNoise,
    assess_region,
    chi2_scatter,
    correlation_time,
)
from slxrd.fitting.assessment.misfit import Kind, advice
from slxrd.fitting.assessment.scatter import measured_noise
from slxrd.fitting.assessment.structure import _root, difference_of_logarithms, explained_structure
from slxrd.fitting.objective.evaluation import Fitted


def fitted(
    seed: int, counts: float = 3e4, noise: Any = "counting", systematics: str = "default", **departure: float
) -> slxrd.Fit:
    pattern = film_pattern(seed, counts, **departure)
    return slxrd.fit(pattern, noise=noise, systematics=systematics, **OPTIONS)


@pytest.mark.slow
@pytest.mark.parametrize("counts", [1e3, 1e6])
@pytest.mark.parametrize("noise", ["counting", 0.03])
def test_exact_patterns_are_described(counts: float, noise: Any) -> None:
    for seed in range(2):
        fit = fitted(seed, counts, noise)
        assert fit.assessment is not None
        assert fit.assessment.grade == "describes", fit.assessment
        assert fit.assessment.widening == 1.0
        # Errors are those of the covariance with the σ of the fit.
        assert fit.parameters["d"].error == pytest.approx(fit.minima[0].covariance.error("d"), rel=0.2)
        thickness = fit.derived["thickness_with_surface"]
        assert thickness.value == pytest.approx(N * D, abs=6.0 * (thickness.error or 0.0))


@pytest.mark.slow
def test_an_assumed_noise_makes_no_fit_good() -> None:
    """Three times the resolution: reduced χ² far below 1 with 3 % of the maximum, and yet no description."""
    fit = fitted(1, 1e5, 0.03, resolution=0.009)
    assert fit.reduced_chi2 < 0.5
    assert fit.assessment is not None
    assert fit.assessment.grade != "describes"
    assert fit.assessment.noise_ratio < 0.5
    assert fit.assessment.reduced_chi2 > fit.assessment.limit


@pytest.mark.slow
def test_an_assumed_noise_makes_no_fit_bad() -> None:
    """σ ten times too small: the scatter shows it, and errors are widened to the true noise."""
    fit = fitted(2, 1e4, 0.001)
    assert fit.reduced_chi2 > 5.0
    assert fit.assessment is not None
    assert fit.assessment.grade == "describes"
    true = fitted(2, 1e4, "counting")
    assert fit.parameters["d"].error == pytest.approx(true.parameters["d"].error, rel=1.0)


@pytest.mark.slow
def test_a_rejected_fit_has_no_errors(tmp_path: Path) -> None:
    fit = fitted(3, 1e5, rod=2.0)
    assert fit.rejected
    assert fit.assessment is not None
    assert fit.assessment.misfit is not None
    assert fit.assessment.misfit.high > 2.2  # on the side of the substrate
    assert "substrate" in " ".join(fit.assessment.advice)
    for estimate in (*fit.parameters.values(), *fit.derived.values()):
        assert estimate.status == "rejected"
        assert estimate.error is None
        assert estimate.interval_68 == estimate.interval_95 == ()
    assert "±" not in str(fit)
    assert str(fit).startswith("REJECTED")
    assert np.isnan(fit.covariance).all()
    assert fit.ensemble is None
    slxrd.save(fit, tmp_path)
    saved = slxrd.load(tmp_path)
    assert saved.assessment == fit.assessment
    assert saved.rejected
    assert json.loads((tmp_path / "result.json").read_text("utf-8"))["assessment"]["grade"] == "rejected"


@pytest.mark.slow
def test_systematic_residuals_widen_errors() -> None:
    fit = fitted(4, 1e5, resolution=0.0036, systematics="none")
    assert fit.assessment is not None
    assert fit.assessment.grade == "systematic"
    widening = fit.assessment.widening
    assert widening > 1.5
    for name in ("d", "N"):
        own = fit.minima[0].covariance.error(name)
        assert own is not None
        assert fit.parameters[name].error == pytest.approx(widening * own, rel=0.3)
    assert fit.chi2 == pytest.approx(fit.objective.chi2(fit.minima[0].values))


@pytest.mark.slow
def test_effects_that_explain_residuals_are_in_the_errors_instead() -> None:
    """The resolution is 20 % wider than assumed, which is within the prior of its effect."""
    fit, plain = (fitted(4, 1e5, resolution=0.0036, systematics=each) for each in ("default", "none"))
    assert fit.assessment is not None
    assert fit.assessment.grade == "systematic"
    assert fit.assessment.widening == 1.0
    assert "part of all errors" in fit.assessment.reasons[-1]
    assert fit.reduced_chi2 < 0.8 * plain.reduced_chi2  # the curve contains the effects
    thickness = fit.derived["thickness_with_surface"]
    assert thickness.value == pytest.approx(N * D, abs=3.0 * (thickness.error or 0.0))
    own = plain.minima[0].covariance.error("d")
    assert own is not None
    assert (fit.parameters["d"].error or 0.0) > 2.0 * own


@pytest.mark.slow
def test_a_background_that_was_left_out_is_not_described() -> None:
    fit = fitted(5, 1e5, slope=0.05)
    assert fit.assessment is not None
    assert fit.assessment.grade != "describes"


def test_the_limit_of_reduced_chi2() -> None:
    assert chi2_scatter(200.0) == pytest.approx(0.4)
    assert chi2_scatter(200.0, 0.1) == pytest.approx(4.0 * np.sqrt(0.01 + 0.04))


def polynomials(n: int, count: int) -> np.ndarray[Any, np.dtype[np.float64]]:
    return np.linalg.qr(np.polynomial.legendre.legvander(np.linspace(-1.0, 1.0, n), count - 1))[0]


def test_noise_fitted_by_a_correct_model_is_seldom_structured() -> None:
    """Twelve fitted columns take most of the smooth part of the noise; the test allows for them."""
    random, found = np.random.default_rng(11), []
    basis = polynomials(120, 12)
    for _ in range(60):
        noise = random.normal(size=120)
        rest = noise - basis @ (basis.T @ noise)
        known = MeasuredNoise(np.ones(120), 1.0, 0.0, True)
        region = assess_region("", rest, known, np.ones(120), basis, np.random.default_rng(0), None)
        found.append((region.probability, region.reduced_chi2))
        assert region.good
    assert np.mean([p < 0.1 for p, _ in found]) < 0.3
    assert np.mean([chi2 for _, chi2 in found]) == pytest.approx(1.0, abs=0.06)


def test_a_weak_wave_in_the_residuals_is_found() -> None:
    random = np.random.default_rng(12)
    wave = 0.9 * np.sin(np.arange(200) / 3.0)
    rest = random.normal(size=200) + wave
    known = MeasuredNoise(np.ones(200), 1.0, 0.0, True)
    region = assess_region("", rest, known, np.ones(200), polynomials(200, 6), np.random.default_rng(0), None)
    assert region.probability < UNLIKELY
    assert not region.good


def test_the_correlation_time_of_an_autoregressive_series() -> None:
    """(1 + φ)/(1 − φ) for x_i = φ x_{i−1} + noise."""
    random, phi = np.random.default_rng(13), 0.7
    series = np.zeros(20000)
    for i, kick in enumerate(random.normal(size=series.size - 1).tolist()):
        series[i + 1] = phi * series[i] + kick
    assert correlation_time(series) == pytest.approx((1.0 + phi) / (1.0 - phi), rel=0.15)
    assert correlation_time(random.normal(size=2000)) < 1.3


def region_of(measured: Any, calculated: Any, sigma: Any) -> Fitted:
    q = np.linspace(1.0, 1.5, measured.size)
    return Fitted(slxrd.Region(0.9, 1.6), q, measured, sigma, calculated, measured - calculated, 1.0, ())


@pytest.mark.parametrize("known", [True, False])
def test_the_scatter_of_counts(known: bool) -> None:
    """An assumed σ of 3 % of the maximum is given up for √counts; a right one is kept."""
    curve = 2e4 * np.exp(-0.5 * ((np.linspace(-4.0, 4.0, 400)) / 0.7) ** 2) + 50.0
    counts = np.random.default_rng(14).poisson(curve).astype(float)
    kept = measured_noise(region_of(counts, curve, np.sqrt(curve)), np.sqrt(curve), known=known)
    assert kept.kept
    assumed = np.full(400, 600.0)
    found = measured_noise(region_of(counts, curve, assumed), assumed, known=known)
    assert not found.kept
    assert np.median(found.sigma / np.sqrt(curve)) == pytest.approx(1.0, abs=0.25)
    assert found.sigma[200] == pytest.approx(np.sqrt(curve[200]), rel=0.4)


def test_the_scatter_does_not_take_a_smooth_misfit_for_noise() -> None:
    x = np.arange(300)
    curve = np.full(300, 1e4)
    wave = curve + 300.0 * np.sin(x / 5.0)
    data = wave + np.random.default_rng(15).normal(0.0, 20.0, 300)
    assumed = np.full(300, 300.0)
    found = measured_noise(region_of(data, curve, assumed), assumed, known=False)
    assert np.median(found.sigma) == pytest.approx(20.0, rel=0.3)


def test_the_share_of_the_structure_does_not_depend_on_the_counts() -> None:
    x = np.arange(400)
    true = 1.0 + 0.5 * np.cos(x / 4.0)
    shares = []
    for counts in (3e3, 3e5):
        data = np.random.default_rng(16).poisson(counts * true).astype(float)
        half = counts * (1.0 + 0.25 * np.cos(x / 4.0))
        shares.append(explained_structure(data, half, np.sqrt(half), logarithmic=False).share)
        right = explained_structure(data, counts * true, np.sqrt(counts * true), logarithmic=False)
        assert right.share > 0.98
    assert shares[0] == pytest.approx(shares[1], abs=0.05)
    assert shares[1] == pytest.approx(0.75, abs=0.06)  # half of the amplitude: a quarter of the power is left


@pytest.mark.parametrize("counts", [0.5, 2.0, 8.0])
def test_few_counts_are_not_taken_for_structure(counts: float) -> None:
    """Strong and weak stretches in turn: the mean root of few counts is less than the root of their mean."""
    x = np.arange(40_000)
    curve = np.where(x // 8 % 2, 60.0, counts)
    data = np.random.default_rng(18).poisson(curve).astype(float)
    transform, spread = _root(curve, np.sqrt(curve))
    rest = transform(data) - transform(curve)
    assert abs(rest[curve == counts].mean() - rest[curve > counts].mean()) < 0.07
    assert np.var(rest[curve == counts]) == pytest.approx(np.mean(spread[curve == counts] ** 2), rel=0.3)


def test_the_difference_of_logarithms_is_that_of_the_factor() -> None:
    curve = np.full(500, 1e5)
    data = np.random.default_rng(17).poisson(1.3 * curve).astype(float)
    assert difference_of_logarithms(data, curve, np.sqrt(curve)) == pytest.approx(np.log(1.3), rel=0.05)


@pytest.mark.slow
def test_a_gap_of_whole_plane_distances_is_a_crystal_in_disguise() -> None:
    q = np.arange(0.85, 1.32, 0.003)
    truth = {"d": 5.8, "L": 23.2, "sigma_L": 0.05, "N": 9.0, "sigma_N": 0.8}
    pattern = slxrd.simulate(q, truth, coherent=10, noise=0.005, seed=1)
    options: dict[str, Any] = {"coherent": 10, "regions": [(0.86, 1.31)], "start": truth, "budget": 5.0}
    fit = slxrd.fit(pattern, **options)
    assert fit.assessment is not None
    assert any("perfect crystal in disguise" in reason for reason in fit.assessment.reasons)
    assert fit.parameters["L"].status == "undetermined"
    assert fit.derived["period"].status == "undetermined"
    assert fit.assessment.rivals[0].name.startswith("single crystals")
    truth["L"] = 26.1
    other = slxrd.fit(
        slxrd.simulate(q, truth, coherent=10, noise=0.005, seed=1), **{**options, "start": truth}
    )
    assert other.parameters["L"].status != "undetermined"
    assert coincident_lattices(other.minima[0], 1.0) == ""


@pytest.mark.slow
def test_a_measured_film_whose_fringes_the_model_misses() -> None:
    """Owners' thickness 368 Å: no discrepancy in place of the model; the zero error has its own size in d."""
    fit = slxrd.fit(slxrd.example("cumnsb-film").pattern())
    assert fit.assessment is not None
    assert fit.assessment.grade == "systematic"
    thickness, d = fit.derived["thickness_with_surface"], fit.parameters["d"]
    assert thickness.value == pytest.approx(368.0, abs=2.0 * (thickness.error or 0.0))
    assert d.error is not None
    assert 0.003 < d.error < 0.006  # 0.0044 by q_zero = 0 ± 0.003 Å⁻¹
    region = fit.regions[0]
    highest = region.measured.max()
    assert np.abs(region.calculated - region.measured).max() < 0.15 * highest
    assert fit.budget is not None
    names = [part.name for part in fit.budget.contributions]
    assert names[-2:] == ["systematic_residuals", "without_effects"]
    assert fit.budget.total["d"] == pytest.approx(np.sqrt(fit.covariance[0, 0]), rel=1e-6)


@pytest.mark.slow
def test_solutions_without_effects_keep_half_of_their_probability() -> None:
    """Of very skewed gaps, which residuals show and effects of their first order describe badly."""
    truth = {"d": 5.933, "L": 38.801, "sigma_L": 1.457, "N": 12.583, "sigma_N": 1.692, "skew_L": 0.958}
    regions = [(0.862, 1.256), (1.921, 2.315)]
    q = np.concatenate([np.arange(*region, 0.008) for region in regions])
    pattern = slxrd.simulate(q, truth, coherent=40, noise=0.012, seed=1)
    options: dict[str, Any] = {"regions": regions, "coherent": 40, "noise": 0.012}
    plain, fit = slxrd.fit(pattern, systematics="none", **options), slxrd.fit(pattern, **options)
    assert fit.assessment is not None
    assert fit.budget is not None
    assert not fit.assessment.white
    assert len(plain.solutions) > 1
    for other in plain.solutions:
        nearest = min(fit.solutions, key=lambda one: abs(one.values["L"] - other.values["L"]))
        assert abs(nearest.values["L"] - other.values["L"]) < 1.0
        assert nearest.probability > 0.35 * other.probability
    gap = fit.parameters["L"]
    assert gap.status == "ambiguous"
    (margin,) = (part.errors["L"] for part in fit.budget.contributions if part.name == DIFFERENCE)
    assert all(high - low >= 2.0 * 1.96 * margin for low, high in gap.interval_95)


@pytest.mark.slow
def test_the_difference_from_the_fit_without_effects_is_in_the_errors() -> None:
    """Stacks whose gaps differ by 0.8 Å, which is no effect: the effects move L by 8 of their errors."""
    values = {"d": 5.84, "L": 36.9, "sigma_L": 1.4, "N": 13.0, "sigma_N": 1.5}
    q = np.arange(0.85, 2.4, 0.004)
    gaps = values["L"] + 0.8 * np.linspace(-np.sqrt(3.0), np.sqrt(3.0), 9)
    mean = np.mean([slxrd.simulate(q, {**values, "L": gap}).intensity for gap in gaps], axis=0)
    sigma = np.full(q.size, 0.005 * mean.max())
    noisy = mean + np.random.default_rng(1).normal(0.0, sigma)
    fit = slxrd.fit(slxrd.Pattern(q, noisy, sigma=sigma), regions=[(0.88, 1.28), (1.98, 2.33)])
    assert fit.assessment is not None
    assert fit.assessment.grade == "systematic"
    for name, value in values.items():
        estimate = fit.parameters[name]
        assert estimate.value == pytest.approx(value, abs=2.5 * (estimate.error or 0.0)), name
    assert fit.budget is not None
    for name in fit.names:
        parts = [fit.budget.statistical[name], *(part.errors[name] for part in fit.budget.contributions)]
        assert fit.budget.total[name] == pytest.approx(np.linalg.norm(parts), rel=1e-6)
        assert np.sqrt(fit.covariance.diagonal()[fit.names.index(name)]) == pytest.approx(
            fit.budget.total[name], rel=1e-6
        )
    gap = fit.parameters["L"]
    assert gap.error == pytest.approx(np.hypot(gap.statistical or 0.0, gap.systematic or 0.0))
    ((low, high),) = gap.interval_95
    assert low < values["L"] < high


@pytest.mark.slow
def test_a_pattern_without_noise_has_no_systematic_residuals() -> None:
    """Residuals of 1e-10 σ are rounding errors, which are correlated."""
    values = {"d": 5.84, "L": 36.9, "sigma_L": 1.4, "N": 8.0, "sigma_N": 1.0}
    exact = slxrd.simulate(np.arange(0.88, 1.28, 0.004), values)
    pattern = replace(exact, sigma=np.full(exact.x.size, 0.003 * exact.intensity.max()))
    fit = slxrd.fit(pattern, regions=[(0.88, 1.28)], start=values, fix={"q_zero": 0.0})
    assert fit.assessment is not None
    assert fit.assessment.grade == "describes"


@pytest.mark.parametrize("what", ["peak", "fringes", "background"])
@pytest.mark.parametrize("shifted", [False, True])
@pytest.mark.parametrize("film", [False, True])
def test_what_the_model_has_already_is_not_advised(what: str, shifted: bool, film: bool) -> None:
    kind = Kind("", shifted, flat=False)
    for substrate in (False, True):
        for alternating in (False,) if film else (False, True):
            for strained in (False, True):
                model = {
                    "film": film,
                    "substrate": substrate,
                    "alternating": alternating,
                    "strained": strained,
                }
                found = advice(what, kind, **model)
                assert found
                assert not (strained and any("strain" in each for each in found))
                assert not (substrate and any("--substrate" in each for each in found))
                if film and not substrate:
                    assert any("--substrate" in each for each in found)
                assert not (alternating and any("alternating" in each for each in found))
