"""Figures are written as ``savefig`` of Matplotlib writes them, with less work."""

import gc
import io
import subprocess
import sys

import matplotlib as mpl
import pytest
from matplotlib.figure import Figure

from slxrd import style
from slxrd.ui.plotting.fit import figure_bytes
from slxrd.ui.plotting.rendering import is_saved_plainly, leave_out_spines
from slxrd.ui.plotting.style import new_figure, styled


def _drawn(direction: str = "in") -> Figure:
    with style.context():
        picture = new_figure(2.0)
        left, right = picture.subplots(1, 2)
        left.plot([0.9, 1.0, 1.3], [1.0, 30.0, 2.0])
        right.set_yscale("log")
        right.plot([0.9, 1.0, 1.3], [1e-3, 30.0, 2.0])
        right.set_xlabel(style.label("L"))
        for panel in (left, right):
            panel.tick_params(direction=direction, which="both")
        picture.legend(["a", "b"], loc="outside upper right")
    return picture


@pytest.mark.slow
@pytest.mark.parametrize("direction", ["in", "out"])
def test_a_png_is_that_of_savefig(direction: str) -> None:
    expected = io.BytesIO()
    with style.context():
        _drawn(direction).savefig(expected, dpi=style.DPI)
    assert figure_bytes(_drawn(direction)) == expected.getvalue()


def test_spines_are_left_out_of_the_layout_where_ticks_point_inwards() -> None:
    for direction, inside in (("in", False), ("out", True)):
        picture = _drawn(direction)
        leave_out_spines(picture)
        assert {s.get_in_layout() for panel in picture.axes for s in panel.spines.values()} == {inside}


@pytest.mark.slow
def test_a_figure_keeps_its_canvas_and_resolution() -> None:
    picture = _drawn()
    canvas, dpi = picture.canvas, picture.dpi
    figure_bytes(picture)
    assert picture.canvas is canvas
    assert picture.dpi == dpi


def test_settings_of_the_user_for_saved_figures_hold() -> None:
    with style.context():
        assert is_saved_plainly()
        with mpl.rc_context({"savefig.facecolor": "yellow"}):
            assert not is_saved_plainly()
        with mpl.rc_context({"savefig.transparent": True}):
            assert not is_saved_plainly()


@pytest.mark.parametrize("collected", [True, False])
def test_garbage_is_collected_after_a_figure_as_before(collected: bool) -> None:
    @styled
    def draw() -> None:
        assert not gc.isenabled()
        raise RuntimeError("not drawn")

    before = gc.isenabled()
    try:
        (gc.enable if collected else gc.disable)()
        with pytest.raises(RuntimeError, match="not drawn"):
            draw()
        assert gc.isenabled() is collected
    finally:
        (gc.enable if before else gc.disable)()


@pytest.mark.slow
@pytest.mark.parametrize(("imported", "listed"), [("slxrd", True), ("slxrd.ui.cli.frame", False)])
def test_only_the_program_imports_matplotlib_without_its_lists_of_properties(
    imported: str, listed: bool
) -> None:
    code = (
        f"import {imported}; from slxrd.ui.plotting.style import styled; styled(lambda: None)()\n"
        "from matplotlib import artist, lines\n"
        "assert 'markevery' in artist.kwdoc(lines.Line2D)\n"
        "print('markevery' in lines.Line2D.set.__doc__)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == str(listed)
