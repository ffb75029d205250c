"""Pixels that are left out, and why."""

import numpy as np
import pytest

from slxrd.detector.image import DetectorImage
from slxrd.detector.masks import MaskCircle, MaskRectangle, mask_pixels
from slxrd.errors import SlxrdError


def image(rows: int = 30, columns: int = 40) -> np.ndarray:
    return np.random.default_rng(1).poisson(20.0, (rows, columns)).astype(float)


def test_negative_hot_and_saturated() -> None:
    counts = image()
    counts[10:12] = -1.0
    counts[5, 5] = 5000.0
    counts[20, 20:22] = 65535.0
    found = mask_pixels(DetectorImage(counts))
    assert found.mask[10:12].all()
    assert found.mask[5, 5]
    assert found.mask[20, 20:22].all()
    assert found.mask.sum() == 2 * 40 + 1 + 2
    assert found.history == (
        "left out: negative values (80 pixels)",
        "left out: saturated pixels (2 pixels)",
        "left out: hot pixels (1 pixels)",
    )
    kept = mask_pixels(DetectorImage(counts), negative=False, hot=False)
    assert kept.mask.sum() == 2


def test_a_spot_is_no_hot_pixel() -> None:
    """Bragg spots wider than a pixel stay, also where the background is zero."""
    rows, columns = np.mgrid[:30, :40]
    counts = np.round(1e4 * np.exp(-0.5 * ((rows - 15) ** 2 + (columns - 20) ** 2) / 0.8**2))
    assert not mask_pixels(DetectorImage(counts)).mask.any()
    sparse = np.random.default_rng(2).poisson(0.01, (300, 400)).astype(float)
    assert not mask_pixels(DetectorImage(sparse)).mask.any()


def test_regions() -> None:
    found = mask_pixels(
        DetectorImage(image()), regions=[MaskCircle(15.0, 20.0, 3.0), MaskRectangle(15, 30, 19, 21)]
    )
    assert found.mask[15, 20]
    assert found.mask[29, 20]
    assert not found.mask[10, 10]
    assert found.mask[:15].sum() == pytest.approx(np.pi * 9 / 2, abs=3)
    assert "circle of 3 pixels at row 15, column 20" in found.history[0]


def test_typed_saturation() -> None:
    counts = image()
    counts[3, 3:6] = 60.0
    assert mask_pixels(DetectorImage(counts), saturated=50.0).mask.sum() == 3


def test_what_cannot_be() -> None:
    with pytest.raises(SlxrdError, match="outside the image of 30 rows and 40 columns"):
        mask_pixels(DetectorImage(image()), regions=[MaskCircle(100.0, 20.0, 3.0)])
    with pytest.raises(SlxrdError, match="all pixels are left out"):
        mask_pixels(DetectorImage(image()), regions=[MaskRectangle(0, 30, 0, 40)])
    with pytest.raises(SlxrdError, match="a background was subtracted"):
        mask_pixels(DetectorImage(image() - 20.0))
    with pytest.raises(SlxrdError, match="radius must be positive"):
        MaskCircle(1.0, 1.0, 0.0)
    with pytest.raises(SlxrdError, match="lower end must come first"):
        MaskRectangle(3.0, 1.0, 0.0, 2.0)
    with pytest.raises(SlxrdError, match="the mask has 30 × 41 pixels, the image 30 × 40"):
        DetectorImage(image(), mask=np.zeros((30, 41), dtype=bool))
