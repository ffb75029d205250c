"""Nothing that a figure shows is cut off when it is written."""

from __future__ import annotations

import io
import json
import struct
from pathlib import Path

import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.image import imread

from slxrd.fitting.record.saved_fit import SavedFit
from slxrd.ui.plotting.fit import figure as fit_figure
from slxrd.ui.plotting.fit import figure_bytes
from slxrd.ui.plotting.style import DPI

FITTED = Path(__file__).parents[1] / "files" / "results" / "schema-4" / "result.json"


def assert_all_inside(figure: Figure) -> None:
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    drawn = figure.get_tightbbox(canvas.get_renderer())
    width, height = figure.get_size_inches()
    assert min(drawn.x0, drawn.y0) >= 0.0
    assert drawn.x1 <= width
    assert drawn.y1 <= height


@pytest.mark.slow
@pytest.mark.parametrize("title", ["short", "a file with an uncommonly long name " * 5])
def test_titles_and_texts_beside_the_panels(title: str) -> None:
    figure = Figure(figsize=(6.0, 4.0), layout="constrained")
    for panel in figure.subplots(2, 2).flat:
        panel.plot([0.0, 1e7], [1e-7, 2e-7], label="points")
        panel.set_ylabel("intensity")
    figure.legend(*panel.get_legend_handles_labels(), loc="outside upper right")
    figure.suptitle(title, x=0.01, ha="left", fontsize=11)
    figure.supxlabel(f"{title}\nin two lines", x=0.01, ha="left", fontsize=9)
    picture = figure_bytes(figure)
    assert_all_inside(figure)
    width, height = struct.unpack(">II", picture[16:24])
    assert (width, height) == tuple(round(DPI * x) for x in figure.get_size_inches())


def test_a_figure_without_a_layout_engine_is_written_with_all_that_it_shows() -> None:
    figure = Figure(figsize=(2.0, 2.0))
    figure.subplots()
    figure.suptitle("above", y=1.5)
    height = struct.unpack(">I", figure_bytes(figure)[20:24])[0]
    assert height > 1.2 * 2.0 * DPI


@pytest.mark.slow
def test_labels_that_are_wider_after_the_panels_were_arranged() -> None:
    # Automatic ticks of residuals are multiples of 2, and of 2.5 once there is less room.
    saved = SavedFit.from_dictionary(json.loads(FITTED.read_text(encoding="utf-8")))
    edge = imread(io.BytesIO(figure_bytes(fit_figure(saved))))[:, 0, :3]
    assert edge.min() == 1.0  # white
