"""Maps of a simulated raster: true values, a boundary between domains, and patterns that cannot be fitted."""

import numpy as np
import pytest
from simulated_raster import BOUNDARY, BROKEN, EMPTY, OPTIONS, OTHER, SATURATED, Q, fitted, raster

import slxrd
from slxrd.errors import SlxrdError
from slxrd.fitting.objective.residuals import Objective
from slxrd.studies.maps.result import GRADES, KINDS, STATUSES
from slxrd.ui.plotting.raster import map_figure


@pytest.mark.slow
def test_values_are_true_within_their_errors() -> None:
    found, truth = fitted(), raster()
    usable = truth.usable
    assert np.mean(found.grade[usable] == 0) > 0.95
    for name, true in (("d", truth.d), ("L", truth.L)):
        pull = ((found.value(name) - true) / found.error(name))[usable]
        known = np.isfinite(pull)
        assert known.mean() > 0.9, name
        assert np.abs(pull[known]).max() < 4.5, name
        assert 0.8 < pull[known].std() < 1.25, name


@pytest.mark.slow
def test_the_boundary_is_sharp() -> None:
    """No pattern of either domain has L of the other one, or a mean of both."""
    L = fitted().value("L")
    left, right = L[:, 1:BOUNDARY], L[:, BOUNDARY:]
    assert np.nanmax(left) < 37.5
    assert np.nanmin(right) > 42.0


@pytest.mark.slow
def test_patterns_that_cannot_be_fitted_are_counted_and_masked() -> None:
    found = fitted()
    assert KINDS[found.kind[EMPTY]] == "empty"
    assert KINDS[found.kind[SATURATED]] == "saturated"
    assert KINDS[found.kind[BROKEN]] == "not finite"
    assert GRADES[found.grade[OTHER]] == "rejected"
    counts = found.counts()
    assert (counts["empty"], counts["saturated"], counts["not finite"], counts["rejected"]) == (1, 1, 1, 1)
    for place in (EMPTY, SATURATED, BROKEN, OTHER):
        for name in found.free:
            assert np.isnan(found.value(name)[place])
            assert np.isnan(found.error(name)[place])
    text = str(found)
    assert "REJECTED: the model does not describe them" in text
    assert "systematic errors that all patterns have in common" in text
    assert "σ is about" not in text  # of the mean, which scatters less than one pattern


@pytest.mark.slow
def test_patterns_have_the_minimum_and_the_errors_of_single_fits() -> None:
    """Against refinements by SciPy of the same residuals, without anything from the map but where to look."""
    from slxrd.fitting.minimise.least_squares import minimise
    from slxrd.studies.maps.pattern_stack import make_stack
    from slxrd.studies.maps.prepare import prepare

    found, truth = fitted(), raster()
    stack = make_stack(Q, truth.intensity, source="simulated raster")
    plan, _, _ = prepare(stack, OPTIONS, 0, 0)
    for place in ((1, 3), (4, 6), (2, 10)):
        scale = 1.0
        own = plan.objective_of(truth.intensity[place], scale)
        true = {"d": truth.d[place], "L": truth.L[place], "sigma_L": 1.2, "N": 13.0, "sigma_N": 1.3}
        alone = minimise(Objective(own.model, own.data, own.settings), plan.parameters.start(**true), 1e-12)
        for name in plan.parameters.free_names:
            i = found.names.index(name)
            error = found.errors[(*place, i)]
            assert found.best[(*place, i)] == pytest.approx(alone.values[name], abs=1e-3 * error), name
            # Errors are those of the noise of this pattern, whose intensity differs from the mean.
            ratio = error / (alone.covariance.error(name) or np.nan)
            assert ratio == pytest.approx(
                float(plan.noise_scale(truth.intensity[place][None])[0]), rel=0.35
            ), name


@pytest.mark.slow
def test_an_ordinary_fit_of_a_pattern_agrees() -> None:
    """With its own weights a fit differs by a small part of the error."""
    found, truth = fitted(), raster()
    place = (4, 5)
    pattern = slxrd.Pattern(Q, truth.intensity[place], per_count=1.0)
    alone = slxrd.fit(pattern, noise="counting", systematics="none", bounds={"L": (30.0, 40.0)}, **OPTIONS)
    for name in ("d", "L", "sigma_L", "N"):
        i = found.names.index(name)
        error = found.errors[(*place, i)]
        assert abs(alone.minima[0].values[name] - found.best[(*place, i)]) < 0.5 * error, name
        own = alone.minima[0].covariance.error(name)
        assert own is not None
        assert 0.8 < error / own < 1.25, name


@pytest.mark.slow
def test_neither_threads_nor_seeds_of_the_check_change_values() -> None:
    one = fitted()
    other = slxrd.fit_map(Q, raster().intensity, check=0, workers=1, source="simulated raster", **OPTIONS)
    for name in ("best", "errors", "status", "grade", "solutions", "rises"):
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name), err_msg=name)
    assert "whether solutions were missed is not known" in str(other)


@pytest.mark.slow
def test_patterns_without_fringes_have_no_gap() -> None:
    """Where all crystals scatter by themselves, L and σ_L have no value, and d has one."""
    random = np.random.default_rng(3)
    truth = {"d": 5.84, "L": 36.5, "sigma_L": 9.9, "N": 13.0, "sigma_N": 1.3}
    rows = raster().intensity[0, 1:5].copy()
    clean = slxrd.simulate(Q, truth, peak=2000.0, background=30.0).intensity
    rows[1:3] = random.poisson(clean, size=(2, Q.size))
    found = slxrd.fit_map(Q, rows, check=0, workers=1, **OPTIONS)
    i = found.names.index("L")
    assert [STATUSES[code] for code in found.status[1:3, i]] == ["undetermined", "undetermined"]
    assert np.isnan(found.value("L")[1:3]).all()
    assert np.isfinite(found.value("d")).all()
    assert np.isfinite(found.value("L")[[0, 3]]).all()


@pytest.mark.slow
def test_solutions_that_compete_are_kept_and_their_values_masked() -> None:
    """With few counts L and L + d describe a pattern as well."""
    random = np.random.default_rng(5)
    truth = {"d": 5.84, "L": 36.5, "sigma_L": 2.2, "N": 13.0, "sigma_N": 2.5}
    clean = slxrd.simulate(Q, truth, peak=250.0, background=10.0).intensity
    found = slxrd.fit_map(Q, random.poisson(clean, size=(24, Q.size)), check=0, workers=1, **OPTIONS)
    some = found.competing > 0
    assert some.mean() > 0.3
    i = found.names.index("L")
    rivals = np.isfinite(found.rises[:, 1]) & (found.rises[:, 1] < 9.0)
    np.testing.assert_array_equal(rivals & (found.grade <= 1), some & (found.grade <= 1))
    apart = np.abs(found.solutions[some, 1, i] - found.solutions[some, 0, i])
    assert np.median(apart) == pytest.approx(5.84, abs=1.5)
    assert np.isnan(found.value("L")[some & (found.status[:, i] != 1)]).all()


@pytest.mark.slow
def test_the_figure_has_a_panel_for_every_parameter_and_hides_what_is_no_result() -> None:
    found = fitted()
    picture = map_figure(found)
    titles = [panel.get_title() for panel in picture.axes]
    assert sum("error of" in title for title in titles) == len(found.free)
    image = next(panel for panel in picture.axes if panel.get_title().startswith("$d$"))
    assert image.images[0].get_array().mask[OTHER]
    line = slxrd.fit_map(Q, raster().intensity[2, 1:5], check=0, workers=1, **OPTIONS)
    assert map_figure(line).axes


@pytest.mark.parametrize(
    ("intensity", "options", "said"),
    [
        (np.ones((3, 5)), {}, "do not fit an axis of 160 points"),
        (np.zeros((3, Q.size)), {}, "none of 3 patterns has a positive intensity"),
        (np.full((3, Q.size), np.nan), {}, "none of 3 patterns has a positive intensity"),
        (np.ones((3, Q.size), dtype=complex), {}, "real numbers are needed"),
        (np.ones((3, Q.size)), {"tie": {"N": "13"}}, "tie: a map does not have this option"),
        (np.ones((3, Q.size)), {"check": -1}, "check -1: must be 0 or more"),
        (np.ones((3, Q.size)), {"workers": 0}, "workers 0: at least 1"),
        (np.ones((3, Q.size)), {"saturation": 0.0}, "saturation 0: must be a positive intensity"),
        (np.ones((3, Q.size)), {"regions": [(3.0, 4.0)]}, "contains 0 points"),
        (np.ones((3, Q.size)), {"regionz": 1}, "unknown option"),
    ],
)
def test_mistakes(intensity: np.ndarray, options: dict, said: str) -> None:
    with pytest.raises(SlxrdError, match=said):
        slxrd.fit_map(Q, intensity, **{**OPTIONS, **options})


@pytest.mark.slow
def test_a_map_has_only_its_parameters() -> None:
    found = fitted()
    with pytest.raises(SlxrdError, match="the map has no parameter 'f_B'"):
        found.value("f_B")


@pytest.mark.slow
def test_signed_backgrounds_are_for_data_from_which_too_much_was_subtracted() -> None:
    """Exact patterns with the same noise everywhere, of which 3 % of the maximum is missing."""
    random = np.random.default_rng(4)
    truth = {"d": 5.84, "L": 36.5, "sigma_L": 1.2, "N": 13.0, "sigma_N": 1.3}
    clean = slxrd.simulate(Q, truth, peak=2000.0).intensity - 60.0
    rows = clean + random.normal(0.0, 20.0, size=(6, Q.size))
    found = slxrd.fit_map(
        Q, rows, check=0, workers=1, noise=0.01, **{**OPTIONS, "background": "signed-constant"}
    )
    assert {GRADES[code] for code in found.grade} == {"described"}
