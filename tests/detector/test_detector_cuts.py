"""Cuts: the sums of the right pixels, σ, and what cannot be cut."""

import itertools
from dataclasses import replace

import numpy as np
import pytest
from simulated_images import corrections, scattering_vectors, simulated_image, spots

from slxrd.data.pattern import Pattern
from slxrd.detector.cuts import Cut, cut_image
from slxrd.detector.geometry import Geometry
from slxrd.detector.image import DetectorImage
from slxrd.detector.masks import MaskRectangle, mask_pixels
from slxrd.errors import SlxrdError
from slxrd.fitting.record.write import pattern_csv
from slxrd.io.registry import read

pytestmark = pytest.mark.slow  # the import of pyFAI takes seconds

#: Small angles: 90 × 80 pixels of 0.2 mm at 1 m.
SMALL = Geometry(1000.0, 80.0, 40.0, 200.0, 200.0, 1.0, incidence=0.3)
SHAPE = (90, 80)
PATTERN = spots([(0.03, 0.05), (0.03, 0.08)], 0.004, 200.0, 5.0)
IMAGE = simulated_image(SMALL, SHAPE, PATTERN)


def by_hand(inside: np.ndarray, along: np.ndarray, low: float, high: float) -> tuple[float, float, float]:
    """Place, intensity and σ of a bin, from the pixels inside; a place of 0 without pixels."""
    used = inside & (along >= low) & (along < high)
    if not used.any():
        return 0.0, 0.0, 0.0
    weight = corrections(SMALL, SHAPE)[used].sum()
    counts = IMAGE.counts[used].sum()
    return along[used].mean(), counts / weight, np.sqrt(max(counts, 1.0)) / weight


@pytest.mark.parametrize(
    ("text", "side"),
    [
        ("out-of-plane:0.025:0.035", "both"), ("out-of-plane:0.025:0.035", "left"),
        ("out-of-plane:-0.002:0.004", "both"), ("in-plane:0.045:0.055", "both"),
        ("in-plane:0.045:0.055", "right"), ("yoneda:0.15:0.25", "both"), ("radial", "both"),
        ("radial", "right"), ("sector:20:40", "both"), ("sector:20:40", "left"),
        ("box:0.02:0.04:0.03:0.09", "both"), ("box:0.01:0.06:0.045:0.055", "both"),
    ],
)  # fmt: skip
def test_every_bin_is_the_sum_of_its_pixels(text: str, side: str) -> None:
    cut = Cut.parse(text, side)
    found = cut_image(IMAGE, SMALL, cut, bins=17)
    beam, sideways, q_z = scattering_vectors(SMALL, SHAPE)
    q_xy = np.hypot(beam, sideways) * np.sign(sideways)
    azimuth = np.rad2deg(np.arctan2(q_xy, q_z))
    signed = azimuth if cut.kind in ("radial", "sector") else q_xy
    low, high = cut.ranges[:2] if cut.ranges else (0.0, 180.0)
    inside = np.zeros(SHAPE, dtype=bool)
    if cut.kind in ("in-plane", "yoneda"):
        if cut.kind == "yoneda":
            low, high = (2 * np.pi * (np.sin(np.deg2rad(a)) + np.sin(np.deg2rad(0.3))) for a in (low, high))
        inside = (q_z >= low) & (q_z < high)
        inside &= {"both": True, "right": signed > 0.0, "left": signed < 0.0}[side]
    else:
        if side != "left":
            inside |= (signed >= low) & (signed < high)
        if side != "right":
            inside |= (-signed >= low) & (-signed < high)
        if cut.kind == "box":
            inside &= (q_z >= cut.ranges[2]) & (q_z < cut.ranges[3])
    along = {"q": np.hypot(q_xy, q_z), "q_z": q_z, "q_xy": np.abs(q_xy)}[cut.along]
    ends = (along.min(), along.max())
    if cut.along == "q_xy":
        ends = (0.0, along.max())
    if cut.kind == "box":
        ends = cut.ranges[2:] if cut.along == "q_z" else cut.ranges[:2]
    edges = np.linspace(*ends, 18)
    points = [by_hand(inside, along, *pair) for pair in itertools.pairwise(edges)]
    wanted = np.array([point for point in points if point[0] > 0.0])
    # Pixels on the outermost edges may be counted in no bin here.
    inner = slice(1, -1) if cut.kind != "box" else slice(None)
    assert len(found) == len(wanted) >= 8
    assert np.transpose([found.x, found.intensity, found.sigma])[inner] == pytest.approx(
        wanted[inner], rel=1e-4
    )


def test_a_cut_is_a_pattern_that_is_read_again(tmp_path) -> None:  # type: ignore[no-untyped-def]
    found = cut_image(IMAGE, SMALL, Cut.parse("in-plane:0.045:0.055"))
    assert isinstance(found, Pattern)
    assert (found.axis, found.wavelength, found.metadata["axis"]) == ("q", 1.0, "q_xy")
    assert found.x[np.argmax(found.intensity)] == pytest.approx(0.03, abs=0.003)
    counts = np.maximum(found.intensity / found.per_count, 1.0)
    assert found.sigma == pytest.approx(found.per_count * np.sqrt(counts))
    assert "cut in-plane:0.045:0.055 (axis = q_xy, side = both" in str(found.history[-1])
    assert any("incidence 0.3°" in step.name for step in found.history)
    path = tmp_path / "cut.csv"
    path.write_text(pattern_csv(found))
    again = read(path)
    assert again.x == pytest.approx(found.x)
    assert again.sigma == pytest.approx(found.sigma)


def test_sigma_is_the_scatter_of_repeated_cuts() -> None:
    cut = Cut.parse("in-plane:0.045:0.055")
    expected = cut_image(simulated_image(SMALL, SHAPE, PATTERN, seed=None), SMALL, cut)
    pulls = []
    for seed in range(10):
        draw = cut_image(simulated_image(SMALL, SHAPE, PATTERN, seed), SMALL, cut)
        pulls.append((draw.intensity - expected.intensity) / draw.sigma)
    square = np.mean(np.square(pulls))
    # The mean square of the pulls is 1 within 4 standard errors, and 1/counts of a bin from σ of the draw.
    counts = expected.intensity / expected.per_count
    assert square == pytest.approx(1.0, abs=4.0 * np.sqrt(2.0 / np.size(pulls)) + np.mean(2.0 / counts))


def test_one_side_is_enough() -> None:
    """A detector beside the beam sees one side of the normal only."""
    shifted = replace(SMALL, centre_column=-5.0)
    image = simulated_image(shifted, SHAPE, PATTERN)
    found = cut_image(image, shifted, Cut.parse("out-of-plane:0.025:0.035"))
    assert found.x[np.argmax(found.intensity)] == pytest.approx(0.05, abs=0.03)
    with pytest.raises(SlxrdError, match="there is no pixel"):
        cut_image(image, shifted, Cut.parse("out-of-plane:0.025:0.035", "left"))


def test_transmission_takes_azimuths_as_they_are() -> None:
    flat = replace(SMALL, incidence=None, centre_row=45.0)
    counts = np.zeros(SHAPE)
    counts[45, 60:70] = 10.0  # to the right of the beam
    image = DetectorImage(counts)
    assert cut_image(image, flat, Cut.parse("sector:80:100")).intensity.max() > 0.0
    assert cut_image(image, flat, Cut.parse("sector:-100:-80")).intensity.max() == 0.0
    with pytest.raises(SlxrdError, match="exit angles need the angle of incidence"):
        cut_image(image, flat, Cut.parse("yoneda:0.1:0.2"))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("in-plane:5:6", "cut in-plane:5:6: image: in .* there is no pixel, outside the detector"),
        ("out-of-plane:5:6", "there is no pixel, outside the detector"),
        ("box:-0.05:0.05:0.04:0.05", "a box begins at 0 or above"),
        ("box:0.01:0.02:3:4", "q_z 3:4 is outside image"),
        ("out-of-plane:-0.003:0.003", "left out by the masks"),
    ],
)  # fmt: skip
def test_cuts_that_cannot_be(text: str, message: str) -> None:
    regions = [MaskRectangle(0.0, 90.0, 36.0, 44.0)] if "masks" in message else []
    image = mask_pixels(replace(IMAGE, name="image"), regions=regions)
    with pytest.raises(SlxrdError, match=message) as caught:
        cut_image(image, SMALL, Cut.parse(text))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("diagonal:1:2", "--cut diagonal:1:2: write one of out-of-plane:QXY_MIN:QXY_MAX, in-plane"),
        ("in-plane", "cut in-plane: write in-plane:QZ_MIN:QZ_MAX"),
        ("in-plane:1", "write in-plane:QZ_MIN:QZ_MAX"),
        ("in-plane:a:b", "write numbers after the kind"),
        ("in-plane:2:1", "the lower end must come first"),
        ("in-plane:nan:1", "must be finite"),
        ("box:1:2:4:3", "the lower end must come first"),
    ],
)  # fmt: skip
def test_what_is_no_cut(text: str, message: str) -> None:
    with pytest.raises(SlxrdError, match=message):
        Cut.parse(text)
