"""Remapping against vector algebra, an analytic pattern, and pyFAI's own integration."""

from dataclasses import replace

import numpy as np
import pytest
from simulated_images import corrections, scattering_vectors, simulated_image, spots

from slxrd.detector import integrator, maps
from slxrd.detector.geometry import UPS, Geometry
from slxrd.detector.image import DetectorImage
from slxrd.detector.integrator import coordinates
from slxrd.detector.maps import cartesian_map, polar_map
from slxrd.errors import SlxrdError

#: The import of pyFAI takes seconds.
pytestmark = pytest.mark.slow
#: Wide angles: a detector of 60 × 50 pixels of 2 mm at 100 mm.
WIDE = Geometry(100.0, 48.0, 24.0, 2000.0, 2000.0, 1.0, incidence=0.5)
SHAPE = (60, 50)


@pytest.mark.parametrize("incidence", [None, 0.0, 0.5, 8.0])
def test_coordinates_of_pixels(incidence: float | None) -> None:
    geometry = replace(WIDE, incidence=incidence)
    beam, side, up = scattering_vectors(geometry, SHAPE)
    in_plane = np.hypot(beam, side) * np.sign(side)
    q = np.sqrt(beam**2 + side**2 + up**2)
    wanted = {"q_xy": in_plane, "q_z": up, "q": q, "azimuth": np.rad2deg(np.arctan2(in_plane, up))}
    _, right, high = scattering_vectors(replace(geometry, incidence=None), SHAPE)
    wanted["detector azimuth"] = np.rad2deg(np.arctan2(right, high))
    wanted["q horizontal"] = right
    for name, values in wanted.items():
        assert coordinates(geometry, SHAPE, name) == pytest.approx(values, abs=1e-6), name


@pytest.mark.parametrize("orientation", [1, 2, 3, 4])
def test_the_normal_points_where_it_is_said(orientation: int) -> None:
    """q_z grows towards the side of the picture, and q_xy to the right of an observer who turns with it."""
    turned = {"up": (-1, 0, 0, 1), "right": (0, 1, 1, 0), "down": (1, 0, 0, -1), "left": (0, -1, -1, 0)}
    for up in UPS:
        geometry = replace(WIDE, centre_row=30.0, incidence=0.0, up=up, orientation=orientation)
        down_z, right_z, down_xy, right_xy = turned[up]
        rows, columns = np.gradient(coordinates(geometry, SHAPE, "q_z"))
        assert np.median(rows * down_z + columns * right_z) > 0.08
        rows, columns = np.gradient(coordinates(geometry, SHAPE, "q_xy"))
        assert np.median(rows * down_xy + columns * right_xy) > 0.08


@pytest.mark.parametrize("orientation", [2, 3])
def test_strips_change_nothing(orientation: int, monkeypatch: pytest.MonkeyPatch) -> None:
    geometry = replace(WIDE, orientation=orientation, rot1=0.1, rot2=-0.05, rot3=0.02)
    image = simulated_image(WIDE, SHAPE, spots([(1.0, 1.5)], 0.2, 50.0, 5.0))
    once = cartesian_map(image, geometry)
    monkeypatch.setattr(integrator, "_STRIP", 20 * SHAPE[1])
    again = cartesian_map(image, geometry)
    assert again.intensity == pytest.approx(once.intensity, rel=1e-6, nan_ok=True)
    assert again.sigma == pytest.approx(once.sigma, rel=1e-6, nan_ok=True)


def test_an_analytic_pattern_comes_back() -> None:
    """Corrections, positions and the missing wedge of a smooth pattern without noise."""
    pattern = spots([(1.2, 1.5), (2.0, 2.2)], 0.3, 100.0, 10.0)
    found = cartesian_map(simulated_image(WIDE, SHAPE, pattern, seed=None), WIDE)
    x, z = np.meshgrid(found.q_xy, found.q_z)
    there = np.isfinite(found.intensity)
    # A bin is 0.19 Å⁻¹ wide; its mean differs from the value at its centre by the slope.
    assert np.abs(found.intensity - pattern(x, z))[there].max() < 12.0
    assert np.abs((found.intensity - pattern(x, z))[there].mean()) < 0.3
    assert np.array_equal(there, np.isfinite(found.sigma))
    # Scattering vectors on the normal are not reached by a film at a fixed small angle.
    row = int(np.argmin(np.abs(found.q_z - 2.5)))
    assert not there[row, np.abs(found.q_xy) < 0.2].any()
    assert there[row, np.abs(np.abs(found.q_xy) - 1.0) < 0.2].all()


def test_a_single_pixel_arrives_in_its_bin() -> None:
    counts = np.zeros(SHAPE)
    counts[20, 40] = 50.0
    beam, side, up = (values[20, 40] for values in scattering_vectors(WIDE, SHAPE))
    weight = corrections(WIDE, SHAPE)[20, 40]
    found = cartesian_map(DetectorImage(counts), WIDE, bins=(400, 400))
    (row,), (column,) = np.nonzero(found.intensity > 0.0)
    assert abs(found.q_z[row] - up) <= 0.5 * (found.q_z[1] - found.q_z[0])
    assert abs(found.q_xy[column] - np.hypot(beam, side)) <= 0.5 * (found.q_xy[1] - found.q_xy[0])
    assert found.intensity[row, column] == pytest.approx(50.0 / weight, rel=1e-5)
    assert found.sigma[row, column] == pytest.approx(np.sqrt(50.0) / weight, rel=1e-5)
    around = polar_map(DetectorImage(counts), WIDE, bins=(400, 720))
    (row,), (column,) = np.nonzero(around.intensity > 0.0)
    assert around.azimuth[row] == pytest.approx(np.rad2deg(np.arctan2(np.hypot(beam, side), up)), abs=0.26)
    assert around.q[column] == pytest.approx(np.sqrt(beam**2 + side**2 + up**2), abs=0.01)


def test_as_pyfai_itself() -> None:
    """The same image by pyFAI's public functions for films, without strips."""
    fiber = pytest.importorskip("pyFAI.integrator.fiber")
    detectors = pytest.importorskip("pyFAI.detectors")
    image = simulated_image(WIDE, SHAPE, spots([(1.0, 1.5)], 0.2, 50.0, 5.0))
    own = fiber.FiberIntegrator(
        dist=0.1, poni1=48 * 2e-3, poni2=24 * 2e-3, wavelength=1e-10,
        detector=detectors.Detector(pixel1=2e-3, pixel2=2e-3, max_shape=SHAPE, orientation=3),
    )  # fmt: skip
    theirs = own.integrate2d_grazing_incidence(
        image.counts.copy(), npt_ip=20, npt_oop=30, unit_ip="qip_A^-1", unit_oop="qoop_A^-1",
        ip_range=(-1.5, 1.5), oop_range=(0.0, 3.0), incident_angle=np.deg2rad(0.5), sample_orientation=4,
        polarization_factor=0.0, method=("no", "histogram", "python"),
    )  # fmt: skip
    ours = cartesian_map(image, WIDE, q_xy=(-1.5, 1.5), q_z=(0.0, 3.0), bins=(20, 30))
    assert ours.q_xy == pytest.approx(theirs.inplane, abs=1e-6)
    assert ours.q_z == pytest.approx(theirs.outofplane, abs=1e-6)
    there = theirs.count > 0
    assert np.array_equal(there, np.isfinite(ours.intensity))
    assert ours.intensity[there] == pytest.approx(theirs.intensity[there], rel=1e-5)


def test_sigma_is_the_scatter_of_repeated_images() -> None:
    pattern = spots([(1.2, 1.5)], 0.4, 20.0, 2.0)
    expected = cartesian_map(simulated_image(WIDE, SHAPE, pattern, seed=None), WIDE, bins=(12, 12))
    draws = [
        cartesian_map(simulated_image(WIDE, SHAPE, pattern, seed), WIDE, bins=(12, 12)) for seed in range(20)
    ]
    pulls = np.array([(draw.intensity - expected.intensity) / expected.sigma for draw in draws])
    pulls = pulls[:, np.isfinite(expected.intensity)]
    # 20 draws of some 100 bins: the mean square is 1 within 0.03; 4 standard errors are allowed.
    assert np.mean(pulls**2) == pytest.approx(1.0, abs=4.0 * np.sqrt(2.0 / pulls.size))
    # σ of single images follows the counts, so that its mean square is that of the expectation.
    ratio = np.mean([draw.sigma**2 for draw in draws], axis=0) / expected.sigma**2
    assert np.nanmean(ratio) == pytest.approx(1.0, abs=0.02)


def test_a_gain_scales_sigma() -> None:
    image = simulated_image(WIDE, SHAPE, spots([], 1.0, 0.0, 20.0))
    counted = cartesian_map(image, WIDE, bins=(10, 10))
    amplified = replace(image, counts=image.counts * 3.0, photon=3.0)
    found = cartesian_map(amplified, WIDE, bins=(10, 10))
    assert found.intensity == pytest.approx(3.0 * counted.intensity, nan_ok=True)
    assert found.sigma == pytest.approx(3.0 * counted.sigma, nan_ok=True)


@pytest.mark.parametrize(
    ("image", "options", "message"),
    [
        (np.zeros(SHAPE), {}, "all pixels are zero"),
        (np.ones((60, 51)), {}, r"60 × 51 pixels, but geometry is for a detector of 60 × 50"),
        (np.ones(SHAPE), {"q_z": (50.0, 60.0)}, "q_z 50:60 is outside image, which covers"),
        (np.ones(SHAPE), {"q_z": (2.0, 1.0)}, "the lower end must come first"),
        (np.ones(SHAPE), {"q_xy": (-0.01, 0.01), "q_z": (3.0, 3.1)}, "there is no pixel, outside"),
        (np.ones(SHAPE), {"bins": (0, 3)}, "bins 0: must be from 1"),
        (np.ones(SHAPE), {"polarisation": 2.0}, "polarisation 2: must be from -1 to 1"),
        (np.full(SHAPE, np.nan), {}, "all pixels are left out"),
    ],
)  # fmt: skip
def test_wrong_input_is_one_sentence(image: np.ndarray, options: dict[str, object], message: str) -> None:
    with pytest.raises(SlxrdError, match=message) as caught:
        cartesian_map(DetectorImage(image), replace(WIDE, shape=SHAPE), **options)
    assert "\n" not in str(caught.value)


def test_a_range_that_no_image_has_is_refused() -> None:
    image = DetectorImage(np.ones((20, 20)))
    for q_xy in ((0.1, 1e308), (-1e308, 1e308)):
        with pytest.raises(SlxrdError, match="is a mistake"):
            cartesian_map(image, WIDE, q_xy=q_xy)
    for azimuth in ((float("nan"), 180.0), (0.0, float("inf"))):
        with pytest.raises(SlxrdError, match="the lower end must come first"):
            polar_map(image, WIDE, azimuth=azimuth)
    for shape in ((0, 80), (60, 10**12)):
        with pytest.raises(SlxrdError, match="must be from 1 to"):
            maps.scattering_vectors(WIDE, shape)
