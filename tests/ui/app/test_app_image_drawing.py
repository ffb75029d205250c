"""What is drawn of an image, and ranges that are drawn with the mouse; without a browser."""

from __future__ import annotations

import numpy as np
import pytest

import slxrd
from slxrd.detector.borders import borders_of
from slxrd.detector.image import DetectorImage
from slxrd.detector.maps import CartesianMap

pytest.importorskip("panel")

from bokeh.document import Document

from slxrd.ui.app.plots.cut_curve import CutCurve
from slxrd.ui.app.plots.image import ImageActions, ImagePlot
from slxrd.ui.app.plots.theme import LIGHT
from slxrd.ui.app.state.cut_ranges import drawn_ranges, drawn_sector, starting_cut
from slxrd.ui.app.state.image_picture import MOST, Picture, map_picture, pixel_picture

FILM = slxrd.Geometry(1000.0, 80.0, 40.0, 200.0, 200.0, 1.0, incidence=0.3)
TRANSMISSION = FILM.with_incidence(None)
AXIS = np.linspace(-0.1, 0.1, 21)
MAP = CartesianMap(AXIS, AXIS + 0.05, np.full((21, 21), 4.0), np.full((21, 21), 2.0))


@pytest.mark.parametrize("geometry", [FILM, TRANSMISSION], ids=["film", "transmission"])
@pytest.mark.parametrize("side", ["both", "left", "right"])
@pytest.mark.parametrize("kind", ["out-of-plane", "in-plane", "box"])
def test_a_cut_that_is_drawn_again_at_its_borders_is_the_same(kind: str, side: str, geometry: object) -> None:
    cut = starting_cut(kind, side, geometry, MAP)
    x, z = borders_of(cut, geometry, (-0.1, 0.1), (-0.05, 0.15))[0]
    again = drawn_ranges(kind, side, geometry, (x.min(), x.max()), (z.min(), z.max()))
    assert again == pytest.approx(cut.ranges, rel=1e-3)


def test_the_yoneda_cut_is_drawn_at_its_exit_angles() -> None:
    cut = slxrd.Cut("yoneda", (0.1, 0.4))
    _, z = borders_of(cut, FILM, (-0.1, 0.1), (-0.05, 0.15))[0]
    k = 2.0 * np.pi
    assert z.min() == pytest.approx(k * (np.sin(np.radians(0.1)) + np.sin(np.radians(0.3))))
    assert drawn_ranges("yoneda", "both", FILM, (-0.1, 0.1), (z.min(), z.max())) == pytest.approx((0.1, 0.4))
    assert drawn_ranges("yoneda", "both", FILM, (-0.1, 0.1), (0.0, 9.0)) is None


def test_cuts_drawn_on_the_left() -> None:
    assert drawn_ranges("out-of-plane", "both", FILM, (-0.06, -0.02), (0.0, 0.1)) == (0.02, 0.06)
    assert drawn_ranges("out-of-plane", "left", FILM, (-0.06, -0.02), (0.0, 0.1)) == (0.02, 0.06)
    assert drawn_ranges("out-of-plane", "both", TRANSMISSION, (-0.06, -0.02), (0.0, 0.1)) == (-0.06, -0.02)
    assert drawn_ranges("box", "right", FILM, (-0.01, 0.08), (0.04, 0.05)) == (0.0, 0.08, 0.04, 0.05)
    assert drawn_ranges("box", "right", FILM, (-0.09, -0.01), (0.04, 0.05)) is None


def test_a_sector_is_drawn_anew_or_by_one_of_its_edges() -> None:
    assert drawn_sector("both", FILM, (40.0, 60.0), (5.0, 20.0)) == (40.0, 60.0)
    assert drawn_sector("both", FILM, (-60.0, -40.0), (5.0, 20.0)) == (40.0, 60.0)
    assert drawn_sector("both", FILM, (21.0, 35.0), (5.0, 20.0)) == (5.0, 35.0)
    assert drawn_sector("both", FILM, (4.0, 10.0), (5.0, 20.0)) == (10.0, 20.0)
    assert drawn_sector("left", FILM, (-60.0, -40.0), ()) == (40.0, 60.0)


def test_borders_of_both_sides_and_of_sectors() -> None:
    both = borders_of(slxrd.Cut("box", (0.02, 0.04, 0.05, 0.1)), FILM, (-0.1, 0.1), (0.0, 0.1))
    assert sorted((float(x.min()), float(x.max())) for x, _ in both) == [(-0.04, -0.02), (0.02, 0.04)]
    sector = borders_of(slxrd.Cut("sector", (10.0, 30.0), "right"), FILM, (-0.1, 0.1), (0.0, 0.1))
    ((x, z),) = sector
    assert np.degrees(np.arctan2(x[1:-1], z[1:-1])).tolist() == pytest.approx(np.linspace(10.0, 30.0, 64))
    assert borders_of(slxrd.Cut("radial"), FILM, (-0.1, 0.1), (0.0, 0.1)) == []


def test_pictures_of_large_images_are_means_of_blocks() -> None:
    rows = MOST + 3
    counts = np.arange(float(rows * 5)).reshape(rows, 5)
    mask = np.zeros(counts.shape, dtype=bool)
    mask[:2, :2] = mask[2, 0] = True
    picture = pixel_picture(DetectorImage(counts, mask), None)
    assert picture.block == 2
    value = picture.columns["value"]
    assert value.shape == ((rows + 1) // 2, 3)
    assert np.isnan(value[0, 0])
    assert value[1, 0] == pytest.approx(np.mean([counts[2, 1], counts[3, 0], counts[3, 1]]))
    assert picture.ends == (0.0, 6.0, 0.0, float(rows + 1))
    found = CartesianMap(
        np.arange(2.0), np.arange(float(rows)), np.full((rows, 2), 4.0), np.full((rows, 2), 2.0)
    )
    whole = map_picture(found, FILM)
    assert whole.columns["sigma"][0, 0] == pytest.approx(1.0)  # of the mean of 4 independent values
    assert whole.ends[:3] == (-0.5, 1.5, -0.5)


@pytest.mark.slow
def test_the_readout_of_pixels_has_their_scattering_vectors() -> None:
    pytest.importorskip("pyFAI")
    image = DetectorImage(np.full((90, 80), 7.0))
    picture = pixel_picture(image, FILM)
    q_xy, q_z = slxrd.scattering_vectors(FILM, (90, 80))
    np.testing.assert_allclose(picture.columns["q_xy"], q_xy, rtol=1e-5, atol=1e-8)
    np.testing.assert_allclose(picture.columns["q_z"], q_z, rtol=1e-5, atol=1e-8)
    assert (picture.low, picture.downwards) == (7.0, True)
    assert Picture({"value": np.zeros((2, 2))}, (0, 1, 0, 1), ("", ""), ("", ""), "").high == 10.0


def test_the_plot_shows_the_cut_and_takes_what_is_drawn() -> None:
    drawn: list[tuple[float, ...]] = []
    plot = ImagePlot(LIGHT, ImageActions(lambda *ends: drawn.append(ends), lambda first, last: None))
    cut = slxrd.Cut("in-plane", (0.04, 0.06))
    plot.set_mouse("cut", "height")
    plot.show(map_picture(MAP, FILM), borders_of(cut, FILM, (-0.1, 0.1), (-0.05, 0.15)), "height")
    assert drawn == []  # the page has drawn it, not the user
    (box,) = (box for box in plot._boxes.values() if box.visible)
    assert (box.bottom, box.top, box.editable, box.movable) == (0.04, 0.06, True, "y")
    box.top = 0.07
    assert drawn[-1][2:] == (0.04, 0.07)
    plot.set_mouse("zoom", "height")
    assert not box.editable


def test_the_curve_has_error_bars_and_no_points_without_counts() -> None:
    curve = CutCurve(LIGHT)
    pattern = slxrd.Pattern(x=[0.1, 0.2, 0.3], intensity=[4.0, 0.0, 9.0], sigma=[5.0, 1.0, 3.0])
    curve.show(slxrd.Cut("radial"), pattern)
    data = curve._source.data
    assert data["q"].tolist() == [0.1, 0.3]
    assert data["foot"].tolist() == [2.0, 6.0]  # a bar ends above zero on a logarithmic scale
    assert data["top"].tolist() == [9.0, 12.0]
    curve.show(None, None)
    assert not len(curve._source.data["q"])


def test_a_redraw_keeps_the_zoom_of_the_image() -> None:
    plot = ImagePlot(LIGHT, ImageActions(lambda *ends: None, lambda first, last: None))
    plot.show(map_picture(MAP, FILM), [], "")
    pane = plot.view[0]
    brighter = CartesianMap(MAP.q_xy, MAP.q_z, 9.0 * MAP.intensity, MAP.sigma)
    plot.show(map_picture(brighter, FILM), [], "")
    assert plot.view[0] is pane  # the same plot, which the browser keeps as it is
    assert plot._picture.data["value"][0].max() == 36.0
    assert plot._mapper.low == 36.0
    plot.show(pixel_picture(DetectorImage(np.full((9, 8), 7.0)), None), [], "")
    assert plot.view[0] is not pane


def test_a_redraw_keeps_the_zoom_of_the_curve_unless_its_axis_changes() -> None:
    curve = CutCurve(LIGHT)
    one = slxrd.Pattern(x=[0.1, 0.2, 0.3], intensity=[4.0, 5.0, 9.0], sigma=[1.0, 1.0, 1.0])
    other = slxrd.Pattern(x=[0.1, 0.2, 0.5], intensity=[4.0, 5.0, 9.0], sigma=[1.0, 1.0, 1.0])
    shown = curve._plot.x_range
    curve.show(slxrd.Cut("radial"), one)
    assert shown.end == pytest.approx(0.304)
    curve.show(slxrd.Cut("radial"), other)
    assert shown.end == pytest.approx(0.508)
    shown.update(start=0.15, end=0.25)  # by the user
    curve.show(slxrd.Cut("radial"), one)
    assert (shown.start, shown.end) == (0.15, 0.25)
    assert shown.reset_end == pytest.approx(0.304)
    curve.show(slxrd.Cut("in-plane", (0.04, 0.06)), one)
    assert shown.end == pytest.approx(0.304)


def test_two_pages_draw_an_image() -> None:
    for _ in range(2):
        plot = ImagePlot(LIGHT, ImageActions(lambda *_: None, lambda *_: None))
        plot.show(map_picture(MAP, FILM), [], "")
        Document().add_root(plot.view.objects[0].object)  # refused if another page has a part of it
