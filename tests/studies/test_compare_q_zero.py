"""q_zero is refined in all compared models or in none."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest

from slxrd.errors import SlxrdError
from slxrd.fitting.api import fit
from slxrd.fitting.result.fit import Fit
from slxrd.model.simulation import simulate
from slxrd.studies.compare.q_zero import same_q_zero
from slxrd.studies.compare.ranking import compare_fits

CUBES = {"d": 5.84, "L": 36.9, "sigma_L": 1.0, "N": 9.0, "sigma_N": 1.2}
#: Arguments of the models: both choose whether to refine q_zero, one of them at a larger M.
ARGUMENTS: dict[str, dict[str, Any]] = {
    name: {"start": CUBES, "fix": {}, "free": [], "coherent": coherent}
    for name, coherent in (("one", 40), ("other", 20))
}


def fitted(arguments: Mapping[str, Any], regions: list[tuple[float, float]]) -> Fit:
    q = np.arange(0.8, 2.5, 0.004)
    pattern = simulate(q, {**CUBES, "q_zero": 0.002}, noise=0.01, seed=5)
    return fit(pattern, regions=regions, **arguments)


BOTH = [(0.85, 1.3), (1.95, 2.35)]


@pytest.fixture(scope="module")
def own() -> dict[str, Fit]:
    """Fits of which the first refines q_zero and the second, by construction, does not."""
    refined = fitted(ARGUMENTS["one"], BOTH)
    fixed = fitted({**ARGUMENTS["other"], "fix": {"q_zero": 0.0}}, BOTH)
    object.__setattr__(fixed, "options", refined.options)
    assert "q_zero" in refined.names
    assert "q_zero" not in fixed.names
    return {"one": refined, "other": fixed}


@pytest.mark.slow
def test_the_better_model_decides_to_refine(own: dict[str, Fit]) -> None:
    better, worse = (own[name].assessment for name in ("one", "other"))
    assert better is not None
    assert worse is not None
    assert better.reduced_chi2 < worse.reduced_chi2
    alike = same_q_zero(own, ARGUMENTS, lambda name, arguments: fitted(arguments, BOTH))
    assert all("q_zero" in found.names for found in alike.values())
    assert alike["one"].chi2 == own["one"].chi2, "a fit that refines q_zero already is not repeated"
    expected = "q_zero is refined in all models: it can be separated from d with one"
    assert any(note.startswith(expected) for note in compare_fits(alike).notes)


@pytest.mark.slow
def test_q_zero_is_fixed_in_all_where_one_model_cannot_refine_it(own: dict[str, Fit]) -> None:
    def refused(name: str, arguments: Mapping[str, Any]) -> Fit:
        if "q_zero" in arguments["free"]:
            raise SlxrdError("q_zero was freed, but these data cannot separate it from d")
        return fitted(arguments, BOTH)

    alike = same_q_zero(own, ARGUMENTS, refused)
    assert not any("q_zero" in found.names for found in alike.values())
    assert any(note.startswith("q_zero is fixed in all") for note in compare_fits(alike).notes)


@pytest.mark.slow
def test_models_that_agree_or_have_q_zero_fixed_by_the_user_are_not_fitted_again(own: dict[str, Fit]) -> None:
    def never(name: str, arguments: Mapping[str, Any]) -> Fit:
        raise AssertionError("fitted again")

    assert same_q_zero({"one": own["one"], "same": own["one"]}, ARGUMENTS, never) == {}
    given = fitted({**ARGUMENTS["other"], "fix": {"q_zero": 0.0}}, BOTH)
    assert same_q_zero({"one": own["one"], "given": given}, ARGUMENTS, never) == {}
