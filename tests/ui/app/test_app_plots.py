"""The plots of the page, without a browser."""

from __future__ import annotations

import math

import numpy as np
import pytest

import slxrd

pytest.importorskip("bokeh")
pytest.importorskip("panel")

from slxrd.ui.app.plots.curves import fringe_threshold, order_positions
from slxrd.ui.app.plots.pattern import MouseActions, PatternPlot, PatternView, decimate
from slxrd.ui.app.plots.readout import positions
from slxrd.ui.app.plots.stack import CRYSTALS, StackPlot, period_of, stack_layout
from slxrd.ui.app.plots.theme import LIGHT

VALUES = {"d": 5.84, "L": 36.9, "sigma_L": 0.0, "N": 13.0, "sigma_N": 1.55}


def test_the_stack_has_the_period_of_the_paper() -> None:
    planes, gaps = stack_layout(VALUES)
    middle = np.array(
        [h for h, left in zip(planes["height"], planes["left"], strict=True) if 1.0 < left < 2.0]
    )
    assert middle.size == CRYSTALS * 13
    period = 12 * 5.84 + 36.9
    assert middle[13] == pytest.approx(period)
    assert np.allclose(np.diff(middle[:13]), 5.84)
    assert np.allclose(np.array(gaps["top"]) - np.array(gaps["bottom"]), 36.9)


def test_alternating_crystals_have_the_period_of_both() -> None:
    values = {**VALUES, "d_B": 2.9, "N_B": 6.0, "sigma_N_B": 0.0, "dL_B": 1.5}
    planes, gaps = stack_layout(values)
    middle = [h for h, left in zip(planes["height"], planes["left"], strict=True) if 1.0 < left < 2.0]
    pair = 12 * 5.84 + 36.9 + 5 * 2.9 + 36.9 + 1.5
    assert len(middle) == 2 * (13 + 6)
    assert middle[13 + 6] == pytest.approx(pair)
    assert period_of(values)[1] == pytest.approx(pair)
    assert np.allclose((np.array(gaps["top"]) - np.array(gaps["bottom"]))[:2], [36.9, 38.4])


def test_disorder_changes_gaps_only() -> None:
    planes, gaps = stack_layout({**VALUES, "sigma_L": 1.5})
    widths = np.array(gaps["top"]) - np.array(gaps["bottom"])
    assert widths.std() > 0.3
    assert np.allclose(np.diff(planes["height"][:11]), 5.84)
    assert stack_layout({**VALUES, "sigma_L": 1.5})[1] == gaps


def test_a_single_crystal_has_no_gap() -> None:
    planes, gaps = stack_layout(VALUES, stacked=False)
    assert gaps["top"] == []
    assert len(planes["height"]) == 11 + 13 + 15


def test_an_undetermined_gap_is_dashed_and_not_to_scale() -> None:
    plot = StackPlot(LIGHT)
    plot.show(VALUES)
    assert plot._gaps.data["top"]
    assert plot._words.data["text"] == []
    plot.show(VALUES, True, {"L", "sigma_L"})
    assert plot._gaps.data["top"] == []
    assert len(plot._unknown_gaps.data["top"]) == 3 * (CRYSTALS - 1)
    assert set(plot._words.data["text"]) == {"not determined"}
    assert "L, σ_L" in plot.figure.title.text
    assert not plot.figure.yaxis[0].visible


def test_a_stack_without_its_planes_is_not_drawn() -> None:
    plot = StackPlot(LIGHT)
    for unknown, rejected, words in (({"N"}, False, "N: not determined"), (set(), True, "no result")):
        plot.show(VALUES)
        plot.show(VALUES, True, unknown, rejected)
        assert plot._planes.data["height"] == []
        assert plot._words.data["text"] == [words]


def test_marks_are_at_orders_of_the_period() -> None:
    places = order_positions(1.0, 1.2, 107.0, 0.001)
    orders = (places + 0.001) * 107.0 / (2.0 * math.pi)
    assert np.allclose(orders, np.round(orders))
    assert places.size == len([m for m in range(40) if 1.0 <= 2.0 * math.pi * m / 107.0 - 0.001 <= 1.2])
    assert order_positions(1.0, 1.2, 1e6).size == 0  # too many to be drawn


def test_the_threshold_is_that_of_the_paper() -> None:
    assert fringe_threshold(1.1) == pytest.approx(1.43, abs=0.005)
    assert fringe_threshold(2.2) == pytest.approx(0.71, abs=0.005)


def test_decimation_keeps_every_extreme_and_the_ends() -> None:
    random = np.random.default_rng(5)
    x, y = np.arange(100_000.0), random.normal(size=100_000)
    y[[123, 77_777]] = 50.0, -50.0
    fewer_x, fewer_y = decimate(x, y, 2000)
    assert fewer_x.size <= 2000
    assert {123.0, 77_777.0, 0.0, 99_999.0} <= set(fewer_x.tolist())
    assert (fewer_y.max(), fewer_y.min()) == (50.0, -50.0)
    assert np.all(np.diff(fewer_x) > 0.0)
    assert np.all(y[fewer_x.astype(int)] == fewer_y)


def test_the_readout_has_q_two_theta_and_d() -> None:
    q, wavelength = np.array([1.0, 2.0]), 1.5406
    columns = positions(q, wavelength)
    assert np.allclose(columns["d"], [2.0 * math.pi, math.pi])
    theta = np.radians(columns["two_theta"] / 2.0)
    assert np.allclose(4.0 * math.pi * np.sin(theta) / wavelength, q)
    assert "two_theta" not in positions(q, None)


def test_the_whole_pattern_is_shown_again_after_a_zoom() -> None:
    pattern = slxrd.Pattern(np.linspace(1.0, 2.0, 50), np.linspace(5.0, 50.0, 50), "q")
    ignored = MouseActions(lambda kind, *ends: None, lambda kind, i, *ends: None, lambda kind, i: None)
    plot = PatternPlot(LIGHT, ignored)
    plot.show(pattern, PatternView())
    assert plot._zoom is not None
    plot._zoom.update(start=1.4, end=1.5)
    plot.show(pattern, PatternView(scale="linear"))
    assert (plot._zoom.start, plot._zoom.end) == (1.4, 1.5)
    assert (plot._zoom.reset_start, plot._zoom.reset_end) == (1.0, 2.0)
    plot.show_whole()
    assert (plot._zoom.start, plot._zoom.end) == (1.0, 2.0)


def test_what_the_mouse_changed_keeps_its_kind() -> None:
    """A change is applied once the mouse rests, when its button may already mean masks."""
    pattern = slxrd.Pattern(np.linspace(1.0, 2.0, 50), np.linspace(5.0, 50.0, 50), "q")
    done: list[tuple[object, ...]] = []
    actions = MouseActions(
        lambda *given: done.append(("add", *given)),
        lambda *given: done.append(("change", *given)),
        lambda *given: done.append(("remove", *given)),
    )
    plot = PatternPlot(LIGHT, actions)
    plot.show(pattern, PatternView(regions=((1.2, 1.4),), by_user=True, mouse="region"))
    (region,) = plot.view[0].object.select({"name": "region"})
    plot.show(pattern, PatternView(regions=((1.2, 1.4),), by_user=True, mouse="mask"))
    region.left = 1.1
    assert done == [("change", "region", 0, 1.1, 1.4)]


@pytest.mark.slow
def test_a_range_of_a_kind_is_changed_and_not_the_other() -> None:
    from slxrd.ui.app.controls.plot_bar import PlotBar
    from slxrd.ui.app.state.workspace import Workspace
    from slxrd.ui.app.views.regions import RegionsView

    workspace = Workspace()
    workspace.open_file("example:cspbbr3-cubes")
    view = RegionsView(workspace, LIGHT, PlotBar(lambda: None))
    choices = {"regions": [[0.9, 1.28]], "mask": [[1.4, 1.6]]}
    assert workspace.do("ranges", choices=choices)
    view._bar._mouse.value = "mask"
    view._change_range("region", 0, 0.88, 1.28)
    view._change_range("region", 1, 0.5, 0.6)
    assert view._choice("regions") == [[0.88, 1.28]]
    assert view._choice("mask") == [[1.4, 1.6]]
    view._add_range("mask", 1.7, 1.8)
    view._remove_range("mask", 0)
    assert view._choice("mask") == [[1.7, 1.8]]


@pytest.mark.slow
def test_a_curve_is_interrupted_at_a_mask() -> None:
    from slxrd.fitting.search.initial_guess import first_guess
    from slxrd.ui.app.plots.curves import CurvePlot
    from slxrd.ui.session.controller import Session

    session = Session()
    session.open_file("example:cspbbr3-cubes")
    session.do("regions", choices={"regions": [[0.88, 1.28]], "mask": [[1.0, 1.05]]})
    values = first_guess(session.objective(), session.parameters())
    plot = CurvePlot(LIGHT)
    plot.draw(session.model_curve(values), "linear", "simulated", values)
    after = session.model_curve({**values, "L": 40.0})
    plot.update(after, {**values, "L": 40.0})
    left, right = (source.data for source in plot.curves())
    assert left["q"][-1] < 1.0 < 1.05 < right["q"][0]
    assert np.allclose(np.concatenate([left["calculated"], right["calculated"]]), after[0].calculated)


@pytest.mark.slow
def test_the_curve_of_the_page_follows_a_slider() -> None:
    from bokeh.models import ColumnDataSource

    from slxrd.ui.app.state.workspace import Workspace
    from slxrd.ui.app.views.page import Page
    from slxrd.ui.session.controller import Session

    session = Session()
    session.open_file("example:cspbbr3-cubes")
    workspace = Workspace(session)
    page = Page(workspace)
    page.step("model")
    if (
        workspace.job is not None and workspace.job.thread is not None
    ):  # the first model may have to be compiled
        workspace.job.thread.join(timeout=300)
    root = page.view.get_root()
    sources = [model for model in root.select({"type": ColumnDataSource}) if model.name == "calculated"]
    assert len(sources) == 2  # one for each Bragg peak
    sources.sort(key=lambda source: source.data["q"][0])  # the page's models come in no order
    workspace.move_sliders({"L": 40.0})
    for source, expected in zip(sources, session.model_curve({**workspace.values, "L": 40.0}), strict=True):
        assert np.allclose(source.data["calculated"], expected.calculated)
    assert slxrd.notebook_app(session).get_root() is not None
