"""Outlines of simulated superlattices: diagonal, sides and angles, with their errors."""

from pathlib import Path

import numpy as np
import pytest
from simulated_micrographs import Shape, grid, micrograph, quadrilateral, write_png

import slxrd
from slxrd.studies.images.outlines.quadrilateral import smallest_rectangle
from slxrd.ui.plotting.style import caption

pytest.importorskip("skimage")


def two(seed: int = 1, distorted: float = 1.0) -> tuple[list[Shape], np.ndarray]:
    """Two superlattices, the second of which is larger, and their picture."""
    random = np.random.default_rng(seed)
    shapes = [
        quadrilateral((50.0, 48.0), 44.0, 40.0, 20.0, random, distorted),
        quadrilateral((150.0, 52.0), 70.0, 60.0, 65.0, random, distorted),
    ]
    return shapes, micrograph(shapes, (100, 210), random)


def nearest(outline: slxrd.Outline, shapes: list[Shape]) -> Shape:
    at = outline.corners.mean(axis=0)
    return min(shapes, key=lambda shape: float(np.hypot(*(shape.corners.mean(axis=0) - at))))


@pytest.mark.slow
def test_two_superlattices_are_measured() -> None:
    shapes, picture = two()
    found = slxrd.find_outlines(picture, 2.0, pixel_error=0.02)
    assert found.dark
    assert len(found.outlines) == 2
    for each in found.outlines:
        truth = nearest(each, shapes)
        assert each.diagonal.value == pytest.approx(
            2.0 * truth.diagonal, abs=4.0 * (each.diagonal.error or 0.0)
        )
        assert each.diagonal.systematic == pytest.approx(0.01 * (each.diagonal.value or 0.0))
        assert (each.diagonal.statistical or 1.0) < 0.02 * truth.diagonal * 2.0
        assert each.length.value is not None
        assert each.width.value is not None
        assert each.length.value >= each.width.value > 2.0 * 30.0
        corners = np.array([min(np.hypot(*(each.corners - corner).T)) for corner in truth.corners])
        assert (corners < 1.5).all()
    assert "2 outlines of dark objects" in str(found)
    assert found.trend.correlation is None
    assert "fewer than 8" in found.trend.conclusion


@pytest.mark.slow
def test_errors_cover_the_truth() -> None:
    deviations: dict[str, list[float]] = {"diagonal": [], "side_ratio": [], "angle_error": []}
    limits = []
    for seed in range(2):
        shapes, size = grid(seed)
        outlines = slxrd.find_outlines(micrograph(shapes, size, np.random.default_rng(seed)), 1.0)
        assert outlines.trend.correlation is not None
        assert outlines.trend.correlation < -0.3
        for each in outlines.outlines:
            truth = nearest(each, shapes)
            for name, found in deviations.items():
                estimate, true = getattr(each, name), getattr(truth, name)
                if estimate.status == "upper bound":
                    limits.append(true < estimate.value)
                else:
                    found.append((estimate.value - true) / estimate.error)
    for name, found in deviations.items():
        inside = np.mean(np.abs(found) < 1.96)
        assert len(found) > 30, name
        assert inside > 0.85, name
        assert 0.6 < np.std(found) < 1.4, name
    assert limits
    assert np.mean(limits) > 0.7


@pytest.mark.slow
def test_a_perfect_rectangle_has_limits_and_no_angle_error() -> None:
    _, picture = two(distorted=0.0)
    small = slxrd.find_outlines(picture, 1.0).outlines[0]
    assert small.angle_error.status == "upper bound"
    assert small.angle_error.error is None
    assert small.angle_error.value is not None
    assert 0.0 < small.angle_error.value < 6.0


@pytest.mark.slow
def test_what_is_left_out_is_counted() -> None:
    random = np.random.default_rng(3)
    shapes = [
        quadrilateral((60.0, 60.0), 50.0, 45.0, 10.0, random, 1.0),
        quadrilateral((5.0, 150.0), 50.0, 45.0, 10.0, random, 1.0),
        quadrilateral((150.0, 60.0), 14.0, 14.0, 0.0, random, 0.0),
        # Two in contact.
        quadrilateral((140.0, 150.0), 45.0, 40.0, 0.0, random, 0.0),
        quadrilateral((178.0, 165.0), 45.0, 40.0, 40.0, random, 0.0),
    ]
    found = slxrd.find_outlines(micrograph(shapes, (220, 220), random), 1.0)
    assert len(found.outlines) == 1
    assert list(found.left_out.values()) == [1, 1, 1]
    assert "1 touching the edge" in str(found)
    bright = slxrd.find_outlines(255.0 - micrograph(shapes, (220, 220), random), 1.0, smallest=40.0)
    assert not bright.dark
    assert len(bright.outlines) == 1


def test_the_smallest_rectangle_of_a_turned_one() -> None:
    turned = quadrilateral((3.0, 4.0), 30.0, 20.0, 33.0, np.random.default_rng(0), 0.0).corners
    inner = np.vstack([turned, turned.mean(axis=0), 0.5 * (turned[0] + turned[1])])
    found = smallest_rectangle(inner)
    assert found is not None
    sides = np.hypot(*(found - np.roll(found, 1, axis=0)).T)
    assert sorted(sides) == pytest.approx([20.0, 20.0, 30.0, 30.0])
    assert smallest_rectangle(np.array([[0.0, 0.0], [1.0, 1.0], [2.0, 2.0]])) is None


@pytest.mark.slow
def test_a_figure_and_its_caption() -> None:
    found = slxrd.find_outlines(two()[1], 2.0)
    figure = slxrd.outlines_figure(found)
    assert len(figure.axes) == 3
    assert "outlines of 2 superlattices" in caption(figure)


def refuse(picture: object, message: str, **options: object) -> None:
    with pytest.raises(slxrd.SlxrdError, match=message):
        slxrd.find_outlines(picture, **{"pixel": 1.0, **options})  # type: ignore[arg-type]


def test_pictures_without_objects_are_refused() -> None:
    noise = np.random.default_rng(0).normal(100.0, 5.0, (80, 90))
    refuse(noise, "do not separate objects")
    refuse(np.full((50, 50), 3.0), "uniform, every pixel is 3")
    refuse(np.zeros((5, 50)), "at least 32 × 32")
    refuse(np.where(noise > 100.0, np.nan, noise), "not finite")
    refuse(two()[1], "all pixels lie on one side", threshold=1e4)


def test_wrong_arguments_are_refused() -> None:
    picture = two()[1]
    refuse(picture, "pixel -1: must be a positive", pixel=-1.0)
    refuse(picture, "pixel_error 2: must be 0 or more", pixel_error=2.0)
    refuse(picture, "rows 0:100: must lie within 0:99", rows=(0, 100))
    refuse(picture, "columns 5:10: must lie within 0:209, at least 20", columns=(5, 10))
    refuse(picture, "smallest 0: must be", smallest=0.0)
    refuse(picture, "no outline could be measured", smallest=90.0)


@pytest.mark.slow
def test_files_that_are_no_pictures(tmp_path: Path) -> None:
    for name, content in (("a.png", b"no picture"), ("a.tif", b"II*\0" + bytes(50)), ("b.png", b"")):
        (tmp_path / name).write_bytes(content)
        refuse(tmp_path / name, f"{name}: is not a picture")
    refuse(tmp_path / "none.png", "does not exist")


@pytest.mark.slow
def test_all_kinds_of_files_are_read(tmp_path: Path) -> None:
    import tifffile
    from PIL import Image

    picture = two()[1]
    expected = slxrd.find_outlines(np.clip(picture, 0, 255).astype(np.uint8).astype(float), 1.0)
    files = [write_png(tmp_path / "grey.png", picture)]
    levels = np.clip(picture, 0, 255).astype(np.uint8)
    Image.fromarray(np.stack([levels] * 3, axis=2)).save(tmp_path / "colour.png")
    tifffile.imwrite(tmp_path / "deep.tif", levels.astype(np.uint16), description="simulated")
    tifffile.imwrite(tmp_path / "float.tif", levels.astype(np.float32))
    files += [tmp_path / name for name in ("colour.png", "deep.tif", "float.tif")]
    for file in files:
        found = slxrd.find_outlines(file, 1.0)
        assert found.simulated == (file.name in ("grey.png", "deep.tif"))
        assert np.allclose(found.outlines[1].corners, expected.outlines[1].corners, atol=1e-6)
