"""Comparison of models on the page, without a browser."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

pytest.importorskip("panel")

import slxrd
from slxrd.errors import SlxrdError
from slxrd.fitting.record.write import pattern_csv
from slxrd.studies.compare.specification import model_options
from slxrd.ui.app.state import models as state_of_models
from slxrd.ui.app.state.models import choices_of_model, compare, model_of
from slxrd.ui.app.state.workspace import Workspace
from slxrd.ui.app.views.models import ModelsView

CHOICES: dict[str, Any] = {
    "regions": [(0.9, 1.25)],
    "bounds": {"L": (30.0, 45.0)},
    "fix": {"q_zero": 0.0},
    "background": "none",
    "coherent": 20,
    "resolution": 0.005,
    "noise": 0.03,
    "budget": 1.0,
}
MODELS = ["planes", "planes+coherent=1"]


@pytest.fixture
def workspace() -> Workspace:
    truth = {"d": 5.84, "L": 36.9, "sigma_L": 1.2, "N": 13.0, "sigma_N": 1.55}
    pattern = slxrd.simulate(np.arange(0.9, 1.2501, 0.0025), truth, peak=3000.0, noise="counting", seed=1)
    made = Workspace()
    assert made.open_file(pattern_csv(pattern).encode(), "film.csv")
    assert made.do("choices", choices=CHOICES)
    return made


def _wait(workspace: Workspace) -> None:
    if workspace.job is not None and workspace.job.thread is not None:
        workspace.job.thread.join(timeout=300)
    assert not workspace.busy


@pytest.mark.parametrize(
    "choices",
    [
        {},
        {"stack": "mixed"},
        {"crystal": "CsPbBr3:Br", "slab": 0.28, "weighting": "volume"},
        {"crystal": "CsPbBr3", "coherent_spread": 2.5},
    ],
)
def test_a_model_of_choices_means_these_choices(choices: dict[str, Any]) -> None:
    assert model_options(model_of(choices)) == choices


def test_a_model_replaces_the_structure_and_keeps_the_rest() -> None:
    present = {
        "crystal": "CsPbBr3",
        "stack": "mixed",
        "coherent": 20,
        "fix": {"q_zero": 0.0},
        "start": {"L": 36.0},
    }
    changed = choices_of_model("planes+coherent=1+fix=N:12", present)
    assert changed["crystal"] is None
    assert changed["stack"] is None
    assert changed["start"] is None
    assert changed["coherent"] == 1
    assert changed["fix"] == {"q_zero": 0.0, "N": 12}
    back = choices_of_model("planes", present)
    assert back["coherent"] == 20
    assert back["fix"] == {"q_zero": 0.0}
    with pytest.raises(SlxrdError):
        choices_of_model("unobtainium", {})


def test_what_a_comparison_does_not_take_is_refused(workspace: Workspace) -> None:
    assert workspace.do("order", choices={"order": 2})
    with pytest.raises(SlxrdError, match="order of the strongest peak"):
        compare(workspace.session, MODELS, lambda done, total: None)


@pytest.mark.slow
def test_the_ranking_is_that_of_compare_models_and_a_model_is_sent_to_the_fit(workspace: Workspace) -> None:
    view = ModelsView(workspace)
    workspace.subscribe(view.refresh)
    view.models.value = MODELS
    state = workspace.session.state
    view.start()
    _wait(workspace)
    assert workspace.level == "success", workspace.message
    assert workspace.session.state == state
    found = workspace.compared
    assert found is not None
    assert found.complete
    assert found.picture is not None
    assert found.picture.startswith(b"\x89PNG")
    expected = slxrd.compare_models(workspace.session.pattern(), MODELS, **{**CHOICES, "zero": "q"})
    ranked = [(model.name, model.fit.chi2) for model in found.comparison.models]
    assert ranked == [(model.name, pytest.approx(model.fit.chi2, rel=1e-6)) for model in expected.models]
    assert view.result.visible
    view.chosen.value = "planes+coherent=1"
    view.use()
    assert workspace.next_undo == "model planes+coherent=1"
    assert workspace.session.state.choices["coherent"] == 1
    view.chosen.value = "planes"
    view.use()
    assert workspace.session.state.choices["coherent"] == 20


def test_a_cancelled_comparison_changes_nothing(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: object, **__: object) -> Any:
        raise KeyboardInterrupt

    monkeypatch.setattr(state_of_models, "fit_models", interrupted)
    view = ModelsView(workspace)
    view.models.value = MODELS
    view.start()
    _wait(workspace)
    assert workspace.compared is None
    assert "cancelled before two models" in workspace.message
    view.models.value = MODELS[:1]
    view.start()
    assert "Tick two or more" in workspace.message


def test_a_model_is_added_from_its_fields(workspace: Workspace) -> None:
    view = ModelsView(workspace)
    view._crystal.value = "CsPbBr3"
    view._stack.value = "mixed"
    view.add()
    assert "CsPbBr3+mixed" in view.models.value
    view._crystal.value = "unobtainium"
    view.add()
    assert workspace.level == "error"
    assert "unobtainium+mixed" not in view.models.options
