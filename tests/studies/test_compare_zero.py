"""One decision on q_zero for all models that are compared."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest

from slxrd.errors import SlxrdError
from slxrd.fitting.api import fit
from slxrd.fitting.result.fit import Fit
from slxrd.model.simulation import simulate
from slxrd.studies.compare.q_zero import q_zero_alike
from slxrd.studies.compare.ranking import compare_fits

CUBES = {"d": 5.84, "L": 36.9, "sigma_L": 1.0, "N": 9.0, "sigma_N": 1.2}
#: What the models are told: both decide on q_zero themselves, one of them at a larger M.
TOLD: dict[str, dict[str, Any]] = {
    name: {"start": CUBES, "fix": {}, "free": [], "coherent": coherent}
    for name, coherent in (("one", 40), ("other", 20))
}


def fitted(told: Mapping[str, Any], regions: list[tuple[float, float]]) -> Fit:
    q = np.arange(0.8, 2.5, 0.004)
    pattern = simulate(q, {**CUBES, "q_zero": 0.002}, noise=0.01, seed=5)
    return fit(pattern, regions=regions, **told)


BOTH = [(0.85, 1.3), (1.95, 2.35)]


@pytest.fixture(scope="module")
def own() -> dict[str, Fit]:
    """The one refines q_zero; the other is made to have kept it."""
    refined = fitted(TOLD["one"], BOTH)
    kept = fitted({**TOLD["other"], "fix": {"q_zero": 0.0}}, BOTH)
    object.__setattr__(kept, "options", refined.options)
    assert "q_zero" in refined.names
    assert "q_zero" not in kept.names
    return {"one": refined, "other": kept}


def test_the_better_model_decides_to_refine(own: dict[str, Fit]) -> None:
    assert own["one"].chi2 < own["other"].chi2
    alike = q_zero_alike(own, TOLD, lambda name, told: fitted(told, BOTH))
    assert all("q_zero" in found.names for found in alike.values())
    assert alike["one"].chi2 == own["one"].chi2, "a fit that decided so is not made again"
    assert any(note.startswith("q_zero is refined in all models: one") for note in compare_fits(alike).notes)


def test_where_one_model_cannot_all_keep_it(own: dict[str, Fit]) -> None:
    def refused(name: str, told: Mapping[str, Any]) -> Fit:
        if "q_zero" in told["free"]:
            raise SlxrdError("q_zero was freed, but these data do not tell it from d")
        return fitted(told, BOTH)

    alike = q_zero_alike(own, TOLD, refused)
    assert not any("q_zero" in found.names for found in alike.values())
    assert any(note.startswith("q_zero is kept at its value in all") for note in compare_fits(alike).notes)


def test_models_that_agree_or_were_told_are_left_alone(own: dict[str, Fit]) -> None:
    def never(name: str, told: Mapping[str, Any]) -> Fit:
        raise AssertionError("fitted again")

    assert q_zero_alike({"one": own["one"], "same": own["one"]}, TOLD, never) == {}
    told = fitted({**TOLD["other"], "fix": {"q_zero": 0.0}}, BOTH)
    assert q_zero_alike({"one": own["one"], "told": told}, TOLD, never) == {}
