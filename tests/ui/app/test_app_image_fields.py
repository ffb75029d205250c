"""Fields for the options of an image: each number has its own, and they give the texts of the command."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

pytest.importorskip("panel")

import panel as pn

from slxrd.detector.geometry import Geometry
from slxrd.studies.images.remapping.options import OPTIONS
from slxrd.ui.app.controls.image_fields import GEOMETRY_ROWS, PIXEL_ROWS, ImageFields
from slxrd.ui.app.controls.image_source import ImageSource

GEOMETRY = Geometry(1000.0, 80.0, 40.0, 200.0, 150.0, 1.0)


class Page:
    """Fields as the page has them: what is asked is shown."""

    def __init__(self, geometry: Geometry | None = None) -> None:
        self.asked: Mapping[str, str | bool] = {}
        self.fields = ImageFields(self._take)
        self.fields.show_found(geometry)

    def _take(self, typed: Mapping[str, str | bool]) -> None:
        self.asked = {name: text for name, text in typed.items() if (name, text) != ("up", "up")}
        self.fields.show(typed, [])

    def _all(self, kind: type) -> list[Any]:
        return [each for view in (self.fields.geometry, self.fields.pixels) for each in view.select(kind)]

    def set(self, label: str, value: object) -> None:
        found = [each for each in self._all(pn.widgets.Widget) if each.label == label]
        assert len(found) == 1, label
        found[0].value = value

    def press(self, label: str) -> None:
        next(each for each in self._all(pn.widgets.Button) if each.label == label).clicks += 1


def test_every_option_has_a_place() -> None:
    placed = [name for line in (*GEOMETRY_ROWS, *PIXEL_ROWS) for name in line]
    assert sorted(placed) == sorted(OPTIONS)


def test_texts_are_shown_in_fields_and_read_again() -> None:
    texts: dict[str, str | bool] = {
        "distance": "1000.5", "centre": "80.25,40", "pixel": "200", "wavelength": "CuKa1", "incidence": "0.3",
        "up": "left", "polarisation": "none", "frame": "sum", "beam_stop": "1:2,3:4; 5,6,7.5",
        "saturated": "60000", "keep_hot": True, "photon": "2",
    }  # fmt: skip
    page = Page()
    page.fields.show(texts, [])
    page.set("keep negative: use negative values", True)
    assert page.asked == {**texts, "keep_negative": True}
    page.set("not corrected", False)
    page.set("polarisation", 0.95)
    assert page.asked["polarisation"] == "0.95"
    page.set("sum of all frames", False)
    page.set("frame", 3)
    assert page.asked["frame"] == "3"


def test_a_number_of_a_pair_is_completed_by_the_value_in_use() -> None:
    page = Page(GEOMETRY)
    page.set("centre, row (pixels)", 82.5)
    assert page.asked == {"centre": "82.5,40"}
    page.set("centre, column (pixels)", None)
    assert page.asked == {}  # both are from the file again
    page.set("pixel, width (µm)", 100.0)
    assert page.asked == {"pixel": "200,100"}


def test_without_a_known_value_a_centre_needs_both_numbers_and_pixels_are_squares() -> None:
    page = Page()
    page.set("centre, row (pixels)", 82.5)
    assert page.asked == {}
    page.set("centre, column (pixels)", 40.0)
    assert page.asked == {"centre": "82.5,40"}
    page.set("pixel, height (µm)", 172.0)
    assert page.asked["pixel"] == "172"
    page.set("pixel, width (µm)", 100.0)
    assert page.asked["pixel"] == "172,100"


def test_regions_that_are_left_out_are_added_changed_and_deleted() -> None:
    page = Page()
    page.press("Add a circle")
    page.set("row", 10.0)
    page.set("column", 20.0)
    assert page.asked == {}  # not complete
    page.set("radius", 3.0)
    assert page.asked == {"beam_stop": "10,20,3"}
    page.press("Add a rectangle")
    for label, value in (("rows from", 1.0), ("rows to", 2.0), ("columns from", 3.0), ("columns to", 4.5)):
        page.set(label, value)
    assert page.asked == {"beam_stop": "10,20,3; 1:2,3:4.5"}
    page.set("radius", 4.0)
    assert page.asked == {"beam_stop": "10,20,4; 1:2,3:4.5"}
    page.press("×")
    assert page.asked == {"beam_stop": "1:2,3:4.5"}


def test_the_dataset_of_a_file_has_its_own_field() -> None:
    asked: list[str] = []
    source = ImageSource(asked.append)
    _, file, dataset = source.views
    source.show("film.edf", ["film.edf"])
    assert not dataset.visible
    source.show("film.h5::/entry/data", ["film.h5"])
    assert (file.value, dataset.value, dataset.visible) == ("film.h5", "/entry/data", True)
    dataset.value = "/entry/other"
    dataset.value = ""
    assert asked == ["film.h5::/entry/other", "film.h5"]
