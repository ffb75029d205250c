"""What is said of a quantity that several solutions leave open, wherever it is said."""

import json
from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from matplotlib.figure import Figure

import slxrd
import slxrd.style
from slxrd.fitting.examples import EXAMPLES
from slxrd.fitting.record.saved_fit import SavedFit
from slxrd.fitting.record.write import result_dictionary, to_json
from slxrd.fitting.result.fit import Fit
from slxrd.fitting.uncertainty.bootstrap import bootstrap
from slxrd.ui.demo import _against_truth
from slxrd.ui.plotting.fit import figure

TRUTH = {"d": 5.84, "L": 36.9, "sigma_L": 1.43, "N": 13.0, "sigma_N": 1.55}


@cache
def ambiguous() -> Fit:
    pattern = slxrd.simulate(np.arange(0.85, 1.3, 0.0025), TRUTH, noise=0.06, seed=3)
    return slxrd.fit(pattern, regions=[(0.88, 1.28)])


def beside(picture: Figure) -> dict[str, str]:
    """Return the values in the caption of a figure, by their symbols."""
    lines = [line.partition(" = ") for line in slxrd.style.caption(picture).splitlines()]
    return {symbol: value for symbol, _, value in lines}


@pytest.mark.slow
def test_the_figure_says_so() -> None:
    assert ambiguous().parameters["L"].status == "ambiguous"
    picture = figure(ambiguous())
    first = next(line for line in slxrd.style.caption(picture).splitlines() if line.startswith("L = "))
    assert first.endswith("(ambiguous, 95 %)")
    assert "±" not in first
    assert "Not unique; also" in slxrd.style.caption(picture)
    assert slxrd.style.caption(picture).splitlines()[-1].startswith("L = ")


@pytest.mark.slow
def test_the_demonstration_looks_whether_the_interval_holds_the_truth() -> None:
    example = replace(EXAMPLES["cspbbr3-cubes"], truth=TRUTH)
    (line,) = [line for line in _against_truth(example, ambiguous()) if line.split()[0] == "L"]
    assert line.endswith("36.9      ambiguous; inside the 95 % interval")
    off = replace(example, truth={**TRUTH, "L": 34.0})
    (line,) = [line for line in _against_truth(off, ambiguous()) if line.split()[0] == "L"]
    assert line.endswith("outside the 95 % interval")


@cache
def another_first() -> Fit:
    """Return a fit whose most probable solution, 31 Å, is not that of the lowest χ², 37 Å."""
    pattern = slxrd.simulate(np.arange(0.88, 1.28, 0.004), TRUTH, noise=0.03, seed=7)
    return slxrd.fit(pattern, regions=[(0.88, 1.28)])


@pytest.mark.slow
def test_the_most_probable_solution_is_first_everywhere() -> None:
    fit = another_first()
    chances = [solution.probability for solution in fit.solutions]
    heights = [solution.chi2 for solution in fit.solutions]
    assert chances[0] == max(chances)
    assert heights[0] > heights[1] == min(heights)
    assert heights[1:] == sorted(heights[1:])
    for solution, minimum in zip(fit.solutions, fit.minima, strict=True):
        assert solution.delta_chi2 == pytest.approx(solution.chi2 - min(heights), abs=1e-9)
        assert solution.values == dict(minimum.values)
    first = fit.solutions[0].values
    for name in ("d", "L", "N"):
        assert fit.parameters[name].value == pytest.approx(first[name])
    curve = fit.objective.curves(first)[0].calculated
    np.testing.assert_allclose(fit.regions[0].calculated, curve, rtol=1e-9)
    assert float(beside(figure(fit))["d"].split()[0]) == pytest.approx(first["d"], abs=0.06)  # as printed
    line = next(line for line in str(fit).splitlines() if line.startswith("  1. "))
    assert f"L {first['L']:7.3f}" in line
    document = json.loads(to_json(result_dictionary(fit)))
    assert document["parameters"]["L"]["value"] == pytest.approx(first["L"])
    assert document["solutions"][0]["parameters"]["L"] == first["L"]
    saved = SavedFit.from_dictionary(document)
    assert saved.solutions[0].values["L"] == first["L"]


@pytest.mark.slow
def test_samples_of_the_posterior_belong_to_the_solutions_in_their_order() -> None:
    fit = another_first()
    samples = fit.ensemble
    assert samples is not None
    for number, solution in enumerate(fit.solutions[:3]):
        assert samples.share(number) == pytest.approx(solution.probability, abs=0.01)
        inside = samples.values["L"][samples.solution == number]
        assert np.median(inside) == pytest.approx(solution.values["L"], abs=1.0)


@pytest.mark.slow
def test_replicates_start_at_all_solutions_of_the_fit() -> None:
    fit = another_first()
    done = bootstrap(fit, 20, kind="noise", seed=1)
    gaps = np.array([solution.values["L"] for solution in fit.solutions])
    nearest = np.argmin(np.abs(done.all_values["L"][:, None] - gaps), axis=1)
    assert np.mean(nearest == done.solution) > 0.9


@pytest.mark.slow
def test_a_fit_whose_posterior_cannot_be_sampled_is_ambiguous_too(monkeypatch: pytest.MonkeyPatch) -> None:
    """The profile of L around one solution is no answer where others are as good."""
    monkeypatch.setattr("slxrd.fitting.assessment.determination.importance_samples", lambda *_: None)
    pattern = slxrd.simulate(np.arange(0.85, 1.3, 0.0025), TRUTH, noise=0.06, seed=3)
    fix = {name: TRUTH[name] for name in ("sigma_L", "N", "sigma_N")}
    fit = slxrd.fit(pattern, regions=[(0.88, 1.28)], fix=fix, bounds={"L": (20.0, 55.0)})
    assert fit.ensemble is None
    assert fit.parameters["L"].status == "ambiguous"
    assert fit.derived["period_of_most_probable"].status == "ambiguous"
    near = [solution.values["L"] for solution in fit.solutions if solution.near(fit.ambiguous)]
    assert len(near) > 1
    pieces = fit.parameters["L"].interval_95
    assert all(any(low < gap < high for low, high in pieces) for gap in near)
