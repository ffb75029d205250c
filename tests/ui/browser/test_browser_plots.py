"""Plots of a saved fit in a browser: readout, choice by click, zoom, and what follows a slider."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from slxrd.fitting.record.kept_followup import KeptBootstrap, KeptMap, KeptMaps
from slxrd.fitting.uncertainty.profile.map1d import Chi2Curve
from slxrd.ui.session.controller import Session

FILES = Path(__file__).parents[2] / "files"
EXAMPLES = Path(__file__).parents[3] / "src" / "slxrd" / "io" / "examples"
FITTED = FILES / "results" / "schema-4" / "fitted.json"

#: Place on the page of a point of a data source, in the last plot that has it.
_PLACE = """([source, x, y, i]) => {
  const views = [...Bokeh.index.query(view => view.model.type === 'Figure'
    && view.model.renderers.some(r => r.data_source?.name === source)
    && view.el.getBoundingClientRect().width > 0)]
  if (!views.length) return null
  const {model, el, frame_view, frame} = views[0], inner = (frame_view || frame).bbox
  const {data} = model.renderers.find(r => r.data_source?.name === source).data_source
  const at = name => data instanceof Map ? data.get(name)[i] : data[name][i]
  const along = (range, value) => (value - range.start) / (range.end - range.start)
  const box = el.getBoundingClientRect()
  return [
    box.left + inner.left + along(model.x_range, at(x)) * inner.width,
    box.top + inner.top + (1 - along(model.y_range, at(y))) * inner.height,
  ]
}"""


@pytest.fixture(scope="module")
def fitted(opened: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """The page with a saved fit that has several solutions, a bootstrap and maps."""
    session = Session.open(FITTED)
    assert session.restore_file((FILES / "v0.1" / "fits" / "faint.csv").read_bytes())
    values = np.linspace(36.0, 37.0, 40)
    session.keep_followup(
        KeptBootstrap({"L": values, "N": values - 24.0}, np.zeros(40, dtype=int), 40, 40, 0, 1, "printed")
    )
    saved = session.saved_result
    assert saved is not None
    rise = Chi2Curve(values, saved.chi2 + 9.0 * (values - 36.5) ** 2, ((36.5, saved.chi2),))
    session.keep_followup(KeptMaps((KeptMap("L", rise, rise, (1.0, 3.84)),), ""))
    path = tmp_path_factory.mktemp("fitted") / "session.json"
    session.save(path)
    with opened() as user:
        user.drop(path)
        user.sees("Contents of faint.csv")
        user.press("4 Fit")
        user.sees("Do not quote a single L")
        yield user


@pytest.fixture(scope="module")
def film(opened: Any) -> Iterator[Any]:
    """The page with the measured pattern of a film on a substrate."""
    with opened() as user:
        user.drop(EXAMPLES / "H1202_o2t_fine_002.xrdml")
        user.sees("Contents of")
        yield user


@pytest.fixture(scope="module")
def cubes(opened: Any) -> Iterator[Any]:
    """The page with the simulated pattern of cubes."""
    with opened() as user:
        user.drop(EXAMPLES / "cspbbr3-cubes.csv")
        user.sees("Contents of")
        yield user


def _point(user: Any, source: str, x: str, y: str, i: int) -> tuple[float, float]:
    """Wait until a point has kept its place, and return it."""
    before = None
    for _ in range(100):
        now = user.page.evaluate(_PLACE, [source, x, y, i])
        if now is not None and now == before:
            return float(now[0]), float(now[1])
        before = now
        user.page.wait_for_timeout(200)
    raise AssertionError(f"{source} does not come to rest")


def _hover(user: Any, source: str, x: str, y: str, i: int, shown: str) -> None:
    """Move the mouse to a point until its values are shown."""
    tooltip = user.page.locator(".bk-Tooltip").filter(has_text=re.compile(shown, re.DOTALL))
    for _ in range(20):
        across, down = _point(user, source, x, y, i)
        user.page.mouse.move(across - 6, down)
        user.page.mouse.move(across, down)
        for _ in range(10):
            if tooltip.locator("visible=true").count():
                return
            user.page.wait_for_timeout(100)
    raise AssertionError(f"no readout of {source}")


def test_a_click_on_a_solution_shows_it_everywhere(fitted: Any) -> None:
    user = fitted
    best = user.column("calculated", "calculated")
    _hover(user, "solutions", "x", "percent", 1, "solution.*2.*probability")
    user.page.mouse.click(*_point(user, "solutions", "x", "percent", 1))
    user.sees_another_curve(best)
    user.sees("solution 2: values without errors")
    user.sees("Solution 2: χ²")
    user.page.get_by_role("status").filter(has_text=re.compile(r"Solution 2 of \d+ is shown")).wait_for()
    assert user.labelled("Solutions: choose one").input_value()


def test_a_readout_is_on_curves_replicates_and_maps(fitted: Any) -> None:
    user = fitted
    _hover(user, "residual", "x", "height", 40, "q.*d.*calculated.*residual")
    user.page.get_by_role("heading", name="Bootstrap").scroll_into_view_if_needed()
    _hover(user, "histogram of L", "left", "count", 3, "replicates")
    user.labelled("horizontal axis").select_option(label="N (planes)")
    user.page.wait_for_function(_FIRST_ACROSS, arg=[12.0, 13.0])
    user.page.get_by_role("heading", name="χ² maps").scroll_into_view_if_needed()
    _hover(user, "map of L", "x", "kept", 20, "others fixed")


#: Whether the first replicate is within limits.
_FIRST_ACROSS = """([low, high]) => {
  const found = [...Bokeh.documents[0]._all_models.values()].filter(m => m.name === 'replicates' && m.data)
  const {data} = found.at(-1)
  const x = (data instanceof Map ? data.get('x') : data.x)[0]
  return x >= low && x <= high
}"""


def test_a_slider_shows_the_last_fit_beside_its_curve_and_chi2_follows(fitted: Any) -> None:
    user = fitted
    user.press("3 Model")
    user.sees("Parameters")
    user.page.get_by_text("last fit").wait_for(state="hidden")
    before = user.page.evaluate(_CHI2)
    handle = user.page.get_by_role("slider").nth(1)
    handle.focus()
    handle.press("ArrowRight")
    user.page.wait_for_function(f"before => ({_CHI2})() !== before", arg=before)
    user.sees("last fit")
    assert user.column("ghost", "x")
    user.sees("Sliders were moved")


_CHI2 = """() => [...Bokeh.documents[0]._all_models.values()].filter(m => m.name === 'chi2').at(-1).text"""

_RANGE = """() => {
  const found = [...Bokeh.documents[0]._all_models.values()].filter(m => m.type === 'Figure')
  const {x_range} = found.find(m => m.renderers.some(r => r.data_source?.name === 'pattern'))
  return x_range.end - x_range.start
}"""


def test_the_wheel_zooms_and_the_whole_pattern_comes_back(film: Any) -> None:
    user = film
    user.sees("film on substrate")  # what the pattern shows
    user.press("2 Regions")
    user.sees("Automatic mask")
    across, down = _point(user, "pattern", "x", "x", 100)
    box = user.plot_box()
    whole = user.page.evaluate(_RANGE)
    for _ in range(20):
        user.page.mouse.move(across, box["y"] + box["height"] / 2)
        user.page.mouse.wheel(0, -300)
        user.page.wait_for_timeout(200)
        if user.page.evaluate(_RANGE) < 0.95 * whole:
            break
    assert user.page.evaluate(_RANGE) < 0.95 * whole
    user.press("Whole pattern")
    user.page.wait_for_function(f"whole => Math.abs(({_RANGE})() - whole) < 1e-6 * whole", arg=whole)
    assert down


def test_a_readout_is_under_the_cursor(film: Any) -> None:
    user = film
    user.press("2 Regions")
    user.press("Whole pattern")
    frame = user.plot_box()
    user.page.mouse.move(frame["x"] + 300, frame["y"] + 200)
    user.page.mouse.move(frame["x"] + 305, frame["y"] + 210)
    user.page.locator(".bk-Tooltip").filter(has_text=re.compile("q.*2θ.*d.*intensity", re.DOTALL)).wait_for()


def test_every_axis_and_scale_shows_the_pattern_and_the_curves(film: Any) -> None:
    user = film
    user.press("1 Open")
    user.sees("1718763 counts")  # those of the file, before corrections

    def shown_within(source: str, column: str, low: float, high: float) -> None:
        user.page.wait_for_function(_WITHIN, arg=[source, column, low, high])

    shown_within("pattern", "x", 1.8, 2.3)
    user.press("d")
    shown_within("pattern", "x", 2.7, 3.5)
    user.press("3 Model")
    user.sees("This curve: χ²")
    shown_within("calculated", "x", 2.7, 3.5)
    user.press("2θ")
    shown_within("calculated", "x", 26.0, 33.0)
    shown_within("measured", "measured", 0.0, 1e6)
    user.press("√")
    shown_within("measured", "measured", 0.0, 1e3)


#: The last model of a name is that of the plot that was drawn last.
_WITHIN = """([source, column, low, high]) => {
  const found = [...Bokeh.documents[0]._all_models.values()].filter(m => m.name === source && m.data).at(-1)
  if (!found) return false
  const values = Array.from(found.data instanceof Map ? found.data.get(column) : found.data[column])
  return values.length > 0 && Math.min(...values) >= low && Math.max(...values) <= high
}"""


def test_a_double_click_deletes_a_region_and_its_weight_is_a_field(cubes: Any) -> None:
    user = cubes
    user.press("2 Regions")
    user.press("Edit these regions")
    weight = user.labelled("weight").last
    weight.fill("0.1")
    weight.press("Enter")
    text = user.region_field()
    user.page.wait_for_function("field => /:0\\.1$/.test(field.value)", arg=text.element_handle())
    user.press("add a region")
    box = user.plot_box()
    index = int(np.argmax(user.column("pattern", "x")) * 0.79)  # within the second region
    for _ in range(20):
        across, _ = _point(user, "pattern", "x", "x", index)
        user.page.mouse.dblclick(across, box["y"] + box["height"] / 2)
        user.page.wait_for_timeout(300)
        if text.input_value().count(":") == 1:
            break
    assert text.input_value().startswith("0.9")
    assert "," not in text.input_value()


def test_bounds_are_set_without_typing_a_language(cubes: Any) -> None:
    user = cubes
    user.press("3 Model")
    user.sees("This curve: χ²")
    user.page.get_by_text("Bounds, ties, priors").click()
    user.press("Add: bounds")
    user.labelled("parameter 1").select_option(label="L")
    for label, value in (("from", "20"), ("to", "60")):
        field = user.labelled(label, exact=True)
        field.fill(value)
        field.press("Enter")
    user.press("5 Save")
    command = user.labelled("command line")
    user.page.wait_for_function(
        "field => field.value.includes('--bounds L=20:60')", arg=command.element_handle()
    )
