"""A fit whose profile contains a lower χ² is repeated from there."""

from dataclasses import replace
from functools import cache

import numpy as np
import pytest

import slxrd
from slxrd.fitting.assessment import assess
from slxrd.fitting.minimise.least_squares import Minimum, minimise
from slxrd.fitting.uncertainty.profile.interval import MissedSolutionError, estimate_from_profile

TRUTH = {"d": 3.0, "L": 45.0, "sigma_L": 0.35, "N": 3.6, "sigma_N": 0.45}


@cache
def sheets() -> slxrd.Fit:
    q = np.arange(1.65, 2.55, 0.003)
    curve = slxrd.simulate(q, TRUTH, coherent=40, resolution=0.007).intensity
    sigma = 0.02 * curve.max() + 0.04 * curve
    noise = np.random.default_rng(3).normal(0.0, sigma)
    pattern = slxrd.Pattern(q, curve + noise, sigma=sigma, source="simulated")
    return slxrd.fit(
        pattern, regions=[(1.65, 2.55)], coherent=40, resolution=0.007, noise="file", background="none",
        fix={"q_zero": 0.0}, systematics="none",
    )  # fmt: skip


@cache
def elsewhere() -> Minimum:
    """Values of N and σ_N that the refinement has not improved, with all others refined."""
    fit = sheets()
    best = fit.minima[0]
    fixed = minimise(fit.objective, best.parameters.fix(N=best.values["N"] - 0.02, sigma_N=0.25))
    start = best.parameters.start(**{name: fixed.values[name] for name in best.names})
    return minimise(fit.objective, start, most_evaluations=1, tolerance=1e9)


def assessed() -> slxrd.Fit:
    fit = sheets()
    return assess.assess_minima(
        fit.pattern, fit.objective, fit.minima[0].parameters, (elsewhere(),), "file", []
    )


@pytest.mark.slow
def test_the_fit_is_repeated_from_the_lower_chi2() -> None:
    fit, again = sheets(), assessed()
    assert elsewhere().chi2 > fit.chi2 + 20.0
    assert again.chi2 == pytest.approx(fit.chi2, abs=0.01)
    assert len(again.solutions) == 1
    for name in TRUTH:
        one, other = again.parameters[name], fit.parameters[name]
        assert one.status == other.status, name
        assert one.value == pytest.approx(other.value, rel=1e-3), name
    assert "missed" not in again.parameters["N"].why


@pytest.mark.slow
def test_what_cannot_be_repeated_is_stated(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(assess, "REPETITIONS", 0)
    why = assessed().parameters["N"].why
    assert "the fit has missed a solution there" in why


@pytest.mark.slow
def test_a_profile_of_the_best_solution_misses_nothing() -> None:
    estimate = estimate_from_profile(sheets(), "sigma_N", repeatable=True)
    assert estimate.status == "upper bound"
    fit = sheets()
    with pytest.raises(MissedSolutionError) as missed:
        estimate_from_profile(
            replace(fit, minima=(elsewhere(),), chi2=elsewhere().chi2), "N", repeatable=True
        )
    assert missed.value.values["N"] == pytest.approx(fit.parameters["N"].value, abs=0.05)


@pytest.mark.slow
def test_the_fit_is_repeated_from_a_sample_with_a_lower_chi2() -> None:
    """A refinement that ended early, two errors off in L, which has an error from the covariance."""
    values = {"d": 5.84, "L": 36.9, "sigma_L": 1.4, "N": 13.0, "sigma_N": 1.5}
    pattern = slxrd.simulate(np.arange(0.88, 1.28, 0.002), values, noise=0.01, seed=2)
    fit = slxrd.fit(pattern, regions=[(0.88, 1.28)], start=values, fix={"q_zero": 0.0}, systematics="none")
    best = fit.minima[0]
    away = best.values["L"] + 2.0 * (fit.parameters["L"].error or 0.0)
    fixed = minimise(fit.objective, best.parameters.fix(L=away))
    start = best.parameters.start(**{name: fixed.values[name] for name in best.names})
    early = minimise(fit.objective, start, most_evaluations=1, tolerance=1e9)
    assert early.chi2 > fit.chi2 + 2.0
    again = assess.assess_minima(pattern, fit.objective, best.parameters, (early,), "file", [])
    assert again.chi2 == pytest.approx(fit.chi2, abs=0.01)
    assert again.parameters["L"].value == pytest.approx(fit.parameters["L"].value, rel=1e-4)
