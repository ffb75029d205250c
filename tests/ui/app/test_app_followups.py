"""Bootstrap and χ² maps on the page, without a browser."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("panel")

import panel as pn
from bokeh.models import HoverTool

from slxrd.fitting.record.kept_followup import KeptBootstrap, KeptMap, KeptMaps
from slxrd.fitting.uncertainty.profile.map1d import Chi2Curve
from slxrd.ui.app.plots.bootstrap import ReplicatesPlot
from slxrd.ui.app.plots.theme import LIGHT
from slxrd.ui.app.state.workspace import Workspace
from slxrd.ui.app.views.followups import FollowUpsView
from slxrd.ui.session.controller import Session

FITTED = Path(__file__).parents[2] / "files" / "results" / "schema-4" / "fitted.json"
L = np.linspace(36.0, 37.0, 5)
BOOTSTRAP = KeptBootstrap(
    {"L": L, "N": L - 24.0, "sigma_L": np.ones(5)}, np.array([0, 0, 1, 0, 0]), 7, 6, 5, 1, "printed"
)


@pytest.fixture
def workspace() -> Workspace:
    return Workspace(Session.open(FITTED))


def _plots(place: Any) -> dict[str, Any]:
    plots = (pane.object for pane in place.select(pn.pane.Bokeh))
    return {plot.name: plot for plot in plots}


def _maps(chi2: float) -> KeptMaps:
    section = Chi2Curve(L, chi2 + 4.0 * (L - 36.5) ** 2, ((36.5, chi2),))
    profile = Chi2Curve(L[1:4], chi2 + (L[1:4] - 36.5) ** 2, ((36.5, chi2),))
    return KeptMaps((KeptMap("L", section, profile, (1.0, 3.84)),), "")


def test_what_is_kept_is_drawn_and_goes_with_its_fit(workspace: Workspace) -> None:
    view = FollowUpsView(workspace, LIGHT)
    workspace.subscribe(view.refresh)
    assert not view.bootstrap.visible
    assert not view.maps.visible
    workspace.keep_followup(BOOTSTRAP)
    assert view.bootstrap.visible
    assert list(_plots(view.bootstrap)) == ["histogram of L", "histogram of N", "replicates"]
    assert not view.maps.visible
    assert workspace.do("M", choices={"coherent": 20})
    assert not view.bootstrap.visible
    assert not view.controls.visible
    workspace.undo()
    assert view.bootstrap.visible


def test_a_bootstrap_is_no_loss_when_the_session_is_not_saved(workspace: Workspace) -> None:
    workspace.mark_saved()
    assert not workspace.unsaved
    workspace.keep_followup(BOOTSTRAP)
    assert workspace.unsaved
    workspace.mark_saved()
    assert not workspace.unsaved


def test_the_maps_show_the_rise_of_chi2(workspace: Workspace) -> None:
    view = FollowUpsView(workspace, LIGHT)
    workspace.subscribe(view.refresh)
    assert workspace.saved is not None
    workspace.keep_followup(_maps(workspace.saved.chi2))
    plot = _plots(view.maps)["map of L"]
    data = plot.select_one({"name": "map of L", "type": type(plot.renderers[0].data_source)}).data
    np.testing.assert_allclose(data["x"], L)
    np.testing.assert_allclose(data["kept_rise"], 4.0 * (L - 36.5) ** 2, atol=1e-9)
    np.testing.assert_allclose(data["refined_rise"][1:4], (L[1:4] - 36.5) ** 2, atol=1e-9)
    assert np.isnan(data["refined_rise"][[0, 4]]).all()
    np.testing.assert_allclose(data["kept"] ** 2, data["kept_rise"], atol=1e-9)
    readout = plot.select_one(HoverTool)
    assert [label for label, _ in readout.tooltips] == [
        "L (Å)", "χ² − χ²min, others fixed", "χ² − χ²min, others refined"
    ]  # fmt: skip


def test_the_table_of_the_bootstrap_states_what_was_made(workspace: Workspace) -> None:
    view = FollowUpsView(workspace, LIGHT)
    workspace.subscribe(view.refresh)
    workspace.keep_followup(BOOTSTRAP)
    table = view.bootstrap[0].object
    assert "5 of 6 replicates, seed 7." in table
    assert "36.50" in table
    assert "σ" not in table.split("<tbody>")[1].split("</td>")[0]


def test_two_quantities_are_chosen() -> None:
    plot = ReplicatesPlot(BOOTSTRAP, LIGHT)
    plot.show("N", "L")
    np.testing.assert_allclose(plot.source.data["x"], BOOTSTRAP.all_values["N"])
    assert plot.figure.yaxis.axis_label == "L (Å)"
    assert plot.figure.x_range.start < BOOTSTRAP.all_values["N"].min()
    assert "reached from solution 2" in plot.legend
    assert len(set(plot.source.data["colour"])) == 2
