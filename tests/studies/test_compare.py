"""Compare the evidence with integrals on a grid, and the conclusion with the model that made the pattern."""

import math
from dataclasses import replace

import numpy as np
import pytest

import slxrd
from slxrd.studies.compare.evidence import integral
from slxrd.studies.compare.ranking import compare_fits
from slxrd.studies.compare.run import compare_models, fit_models

#: Cubes of the 2021 paper, and smaller ones with another surface.
CUBES = {"d": 5.84, "L": 36.9, "sigma_L": 1.43, "N": 13.0, "sigma_N": 1.55}
SMALL = {"d": 5.84, "L": 31.0, "sigma_L": 1.43, "N": 9.0, "sigma_N": 0.9}
FIRST_PEAK = np.arange(0.9, 1.26, 0.003)
#: Region of ``cubes``, and what narrows the search where the test is not about it.
NARROW = {"regions": [(0.92, 1.24)], "fix": {"q_zero": 0.0}, "bounds": {"L": (28.0, 46.0)}}
KNOWN = {name: CUBES[name] for name in ("d", "L", "sigma_N")} | {"q_zero": 0.0}


@pytest.fixture(scope="module")
def cubes():
    return slxrd.simulate(np.arange(0.92, 1.24, 0.004), CUBES, noise=0.03, seed=1)


@pytest.fixture(scope="module")
def two(cubes):
    """Fits of σ_L and N, and of N alone; the other parameters are fixed."""
    bounds = {"sigma_L": (0.5, 2.5), "N": (9.0, 17.0)}
    alone = {"regions": [(0.92, 1.24)], "systematics": "none"}
    both = slxrd.fit(cubes, fix=KNOWN, bounds=bounds, **alone)
    only = slxrd.fit(cubes, fix={**KNOWN, "sigma_L": 1.3}, bounds={"N": bounds["N"]}, **alone)
    return both, only


def on_grid(fit, **ranges):
    """ln ∫ exp(−χ²/2) over a grid of one or two parameters (midpoints)."""
    names = list(ranges)
    axes = [np.linspace(a, b, 61)[:-1] + (b - a) / 120 for a, b in ranges.values()]
    cell = math.prod((b - a) / 60 for a, b in ranges.values())
    values = fit.minima[0].values
    heights = [
        -0.5 * fit.objective.chi2({**values, **dict(zip(names, point, strict=True))})
        for point in np.stack(np.meshgrid(*axes), axis=-1).reshape(-1, len(names)).tolist()
    ]
    return float(np.logaddexp.reduce(heights)) + math.log(cell)


@pytest.mark.slow
def test_evidence_is_the_integral_over_the_parameters(two):
    both, only = two
    # The posterior lies well within these ranges; the priors are wider.
    brute = on_grid(both, sigma_L=(1.0, 2.0), N=(12.0, 14.0)) - math.log(2.0 * 8.0)
    brute_only = on_grid(only, N=(12.0, 14.0)) - math.log(8.0)
    found = compare_fits({"both": both, "only": only})
    evidence = {model.name: model.log_evidence for model in found.models}
    assert evidence["both"] == pytest.approx(brute, abs=0.1)
    assert evidence["only"] == pytest.approx(brute_only, abs=0.1)
    odds = math.exp(brute - brute_only)
    assert {m.name: m.probability for m in found.models}["both"] == pytest.approx(odds / (1 + odds), abs=0.03)


@pytest.mark.slow
def test_without_samples_the_evidence_is_nearly_the_same_and_marked_approximate(cubes, two):
    both, _ = two
    tied = slxrd.fit(
        cubes, regions=[(0.92, 1.24)], tie={"sigma_N": "1.55 + 0*N"},
        fix={name: KNOWN[name] for name in ("d", "L", "q_zero")},
        bounds={"sigma_L": (0.5, 2.5), "N": (9.0, 17.0)}, systematics="none",
    )  # fmt: skip
    assert tied.ensemble is None
    assert both.ensemble is not None
    assert integral(tied).logarithm == pytest.approx(integral(both).logarithm, abs=0.15)
    found = compare_fits({"samples": both, "none": tied})
    assert [m.approximate for m in found.models if m.name == "none"] == [True]
    assert "the evidence of none is a Laplace approximation" in str(found)


def test_a_parameter_on_its_bound_is_integrated_away_from_it(cubes):
    fit = slxrd.fit(
        cubes, regions=[(0.92, 1.24)], tie={"sigma_N": "1.55 + 0*N"}, bounds={"sigma_L": (1.7, 2.7)},
        fix={name: KNOWN[name] for name in ("d", "L", "q_zero")} | {"N": 13.0},
    )  # fmt: skip
    assert fit.minima[0].values["sigma_L"] == pytest.approx(1.7, abs=1e-3)
    assert integral(fit).logarithm == pytest.approx(on_grid(fit, sigma_L=(1.7, 1.8)), abs=0.1)


@pytest.mark.slow
def test_a_gaussian_prior_is_normalised(cubes, two):
    both, _ = two
    prior = slxrd.fit(
        cubes, regions=[(0.92, 1.24)], fix=KNOWN, prior={"N": (13.0, 0.5)},
        bounds={"sigma_L": (0.5, 2.5), "N": (9.0, 17.0)}, systematics="none",
    )  # fmt: skip
    ranges = {"sigma_L": (0.5, 2.5), "N": (9.0, 17.0)}
    error = both.parameters["N"].error
    difference = integral(prior).log_evidence(ranges) - integral(both).log_evidence(ranges)
    away = (both.parameters["N"].value - 13.0) ** 2 / (0.25 + error**2)
    # Product of two Gaussians over that of a Gaussian and 1/8.
    expected = math.log(8.0 / math.sqrt(2.0 * math.pi * (0.25 + error**2))) - 0.5 * away
    assert difference == pytest.approx(expected, abs=0.1)


@pytest.mark.slow
def test_an_additional_parameter_costs_its_prior_and_wrong_models_are_excluded(cubes):
    found = compare_models(
        cubes,
        ["planes", "planes+fix=sigma_L:1.8"],
        regions=[(0.92, 1.24)],
        background="none",
        systematics="none",
    )
    assert found.best.name == "planes"
    assert not found.rivals()
    # The other model has fringes too, though residuals are systematic.
    assert "no fringes" not in str(found)
    assert "These data decide for planes" in str(found)
    assert "only some models refine sigma_L (0 to 10)" in str(found)
    aic = {model.name: model.aic for model in found.models}
    assert aic["planes"] == pytest.approx(found.best.fit.chi2 + 2 * (len(found.best.fit.names) + 1))


@pytest.mark.slow
def test_the_odds_have_no_meaning_when_no_model_fits(cubes):
    names = ["planes", "planes+fix=sigma_L:1.5"]
    found = compare_models(cubes, names, noise=0.01, **NARROW)
    assert found.misfit == "too large"
    assert "No model describes these data" in str(found)
    assert "decide for" not in str(found)
    assert found.as_dictionary()["decisive"] is False
    # With σ increased by the printed factor, the misfit is gone.
    again = compare_models(cubes, names, noise=0.01 * math.sqrt(found.reduced_chi2), **NARROW)
    assert again.misfit == ""
    assert "No model describes" not in str(again)


@pytest.mark.slow
def test_too_large_a_sigma_is_reported_and_the_odds_remain(cubes):
    found = compare_models(cubes, ["planes", "planes+fix=sigma_L:1.8"], noise=0.09, **NARROW)
    assert found.misfit == "too small"
    factor = 1.0 / math.sqrt(found.reduced_chi2)
    scatter = np.std(cubes.intensity - slxrd.simulate(cubes.x, CUBES).intensity) / cubes.intensity.max()
    assert factor == pytest.approx(0.09 / scatter, rel=0.1)
    assert f"σ is about {factor:.2g} times too large (--noise)" in str(found)
    assert "These data decide for" in str(found) or "These data cannot distinguish" in str(found)


@pytest.mark.slow
def test_size_purity_cannot_be_seen_at_the_first_peak():
    made = slxrd.simulate(FIRST_PEAK, CUBES, stack="mixed", noise=0.03, seed=1)
    found = compare_models(made, ["planes", "planes+mixed"], regions=[(0.9, 1.26)])
    assert found.rivals()
    assert "These data cannot distinguish" in str(found)
    assert "cannot be distinguished agree, within their errors, on L" in str(found)


@pytest.mark.slow
def test_the_surface_that_made_the_pattern_is_found():
    made = slxrd.simulate(FIRST_PEAK, SMALL, crystal="CsPbBr3:Br", noise=0.005, seed=1)
    found = compare_models(made, ["planes", "CsPbBr3:PbBr2", "CsPbBr3:Br"], regions=[(0.9, 1.26)])
    assert found.best.name == "CsPbBr3:Br"
    assert not found.rivals()
    assert "These data decide for CsPbBr3:Br" in str(found)
    gaps = {model.name: model.fit.parameters["L"].value for model in found.models}
    assert abs(gaps["CsPbBr3:Br"] - SMALL["L"]) < 0.2
    # Without the bromide of the surface the gap is a whole plane wider.
    assert gaps["CsPbBr3:PbBr2"] - gaps["CsPbBr3:Br"] == pytest.approx(SMALL["d"], abs=0.3)
    assert "differ in L" in str(found)


@pytest.mark.slow
def test_parameter_options_apply_to_the_models_that_have_the_parameter(cubes):
    with pytest.raises(slxrd.SlxrdError, match="none of the models has rho"):
        fit_models(cubes, ["planes", "planes+mixed"], regions=[(0.92, 1.24)], free=["rho"])
    with pytest.raises(slxrd.SlxrdError, match=r"model planes\+slab=0\.3: a slab between crystals needs"):
        fit_models(cubes, ["planes", "planes+slab=0.3"], regions=[(0.92, 1.24)])
    with pytest.raises(slxrd.SlxrdError, match="N is given in the model and by --fix too"):
        fit_models(cubes, ["planes", "planes+fix=N:12"], regions=[(0.92, 1.24)], fix={"N": 13.0})
    with pytest.raises(slxrd.SlxrdError, match="no likelihood"):
        fit_models(cubes, ["planes", "planes+mixed"], objective="paper2021")
    with pytest.raises(slxrd.SlxrdError, match="one model alone"):
        fit_models(cubes, ["planes"])


@pytest.mark.slow
def test_fits_of_different_points_are_refused(cubes, two):
    both, _ = two
    other = slxrd.fit(cubes, regions=[(0.94, 1.24)], fix={**KNOWN, "sigma_L": 1.4})
    with pytest.raises(slxrd.SlxrdError, match="not fitted to the same points"):
        compare_fits({"a": both, "b": other})


def test_a_criterion_that_is_the_same_for_both_prefers_none(two):
    compared = compare_fits({"one": two[0], "other": two[0]})
    best, other = compared.models
    for by, preferred in ((0.04, 0), (0.06, 1)):  # the table shows one decimal
        better = replace(other, aic=best.aic - by)
        assert str(replace(compared, models=(best, better))).count("AIC prefers") == preferred
