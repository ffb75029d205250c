"""Electron diffraction: centre, spacings, arcs, spots and zone axis of simulated images."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import slxrd
from slxrd.fitting.result.fit import Estimate
from slxrd.studies.images.rings.lattice import Lattice
from slxrd.studies.images.rings.profile import Extraction, Profile, RingData, Shape, fit_shape
from slxrd.studies.images.saed.arcs import find_arcs
from slxrd.studies.images.saed.camera import Camera, electron_wavelength
from slxrd.studies.images.saed.prepare import binned, find_centre, photon_of, shadow
from slxrd.studies.images.saed.spots import Spot, find_spots, spot_lattice
from slxrd.studies.images.saed.zone import ArcsOfRing, zones_of

pytest.importorskip("pyFAI")
saed = pytest.importorskip("simulated_saed")

#: Two rings in a small image.
SMALL: dict[str, Any] = {"shape": (290, 300), "centre": (147.3, 152.8), "constant": 500.0}


def within(estimate: Estimate, truth: float, errors: float = 4.0) -> bool:
    assert estimate.value is not None
    assert estimate.error
    return abs(estimate.value - truth) < errors * estimate.error


def test_the_wavelength_of_electrons() -> None:
    # Of tables: 200 kV, 0.0250793 Å; 300 kV, 0.0196875 Å.
    assert electron_wavelength(200.0) == pytest.approx(0.0250793, rel=1e-5)
    assert electron_wavelength(300.0) == pytest.approx(0.0196875, rel=1e-5)


@pytest.mark.slow
def test_a_ring_is_where_the_camera_constant_says() -> None:
    camera = Camera(720.0, 7.0)
    q = 2.0 * np.pi / 5.84
    assert camera.radius(q) == pytest.approx(720.0 / 5.84, rel=1e-4)
    assert camera.q(np.array(camera.radius(q))) == pytest.approx(q)
    geometry = camera.geometry(200.0, 250.0)
    q_xy, q_z = slxrd.scattering_vectors(geometry, (400, 440))
    radius = np.hypot(200.5 - 200.0, 400.5 - 250.0)
    assert np.hypot(q_xy[200, 400], q_z[200, 400]) == pytest.approx(camera.q(np.array(radius)), rel=1e-4)


@pytest.mark.slow
@pytest.mark.parametrize("gain", [1.0, 7.0])
def test_the_value_of_an_electron_from_the_scatter_of_neighbours(gain: float) -> None:
    image = saed.measured(saed.diffraction(), gain=gain)
    assert photon_of(image) == pytest.approx(gain, rel=0.1)


@pytest.mark.slow
def test_the_shadow_and_the_centre() -> None:
    expected = saed.diffraction(counts=10.0)
    image = saed.measured(expected)
    dark = shadow(image)
    assert dark is not None
    assert dark[210, 60]
    assert dark[207, 205]
    assert not dark[100:150].any()
    centre = find_centre(image.masked(dark, "shadow"))
    assert centre == pytest.approx(saed.CENTRE, abs=1.0)
    assert shadow(saed.measured(saed.diffraction(stop=False))) is None
    noise = slxrd.DetectorImage(np.random.default_rng(1).poisson(20.0, (300, 300)).astype(float))
    with pytest.raises(slxrd.SlxrdError, match=r"no centre is found.*--centre"):
        find_centre(noise)


def test_large_images_are_binned_to_sums() -> None:
    counts = np.arange(1200.0 * 1200.0).reshape(1200, 1200)
    image, k = binned(slxrd.DetectorImage(counts))
    assert k == 2
    assert image.counts[0, 0] == counts[:2, :2].sum()


@pytest.mark.slow
def test_errors_of_weak_rings_are_their_scatter() -> None:
    """The height at each azimuth is fitted, and is little larger than its own noise."""
    azimuth, q, width = np.radians(np.arange(0.0, 360.0, 3.0)), 1.0 + 0.004 * np.arange(-16.0, 17.0), 0.012
    expected = np.tile(4.0 + 1.8 * np.exp(-0.5 * ((q - 1.0) / width) ** 2), (azimuth.size, 1))
    found = []
    for seed in range(50):
        counts = np.random.default_rng(seed).poisson(expected).astype(float)
        extraction = Extraction(
            RingData(azimuth, np.tile(q, (azimuth.size, 1)), counts, np.ones(counts.shape))
        )
        shape = fit_shape(extraction, Shape(1.0, width), ("q", "width"), {}).shape
        extraction.weigh(shape)
        fit = fit_shape(extraction, shape, ("q", "width"), {})
        found.append((fit.shape.q, fit.variances[0, 0]))
    places, variances = np.array(found).T
    assert np.std((places - 1.0) / np.sqrt(variances)) == pytest.approx(1.0, abs=0.3)
    assert abs(places.mean() - 1.0) < 3.0 * places.std() / np.sqrt(50.0)


def test_arcs_of_a_profile() -> None:
    azimuth = np.linspace(-np.pi, np.pi, 720, endpoint=False)
    away = np.mod(azimuth - np.radians(30.0) + np.pi / 2.0, np.pi) - np.pi / 2.0
    height = 10.0 + 40.0 * np.exp(-0.5 * (away / np.radians(5.0)) ** 2)
    sigma = np.full(azimuth.size, 2.0)
    noisy = height + np.random.default_rng(2).normal(0.0, sigma)
    arcs = find_arcs(Profile(azimuth, noisy, sigma), (np.radians(3.0), 0.0))
    assert [each.value for each in arcs.azimuths] == pytest.approx([30.0], abs=0.5)
    assert within(arcs.spread, 4.0)
    # Areas: 40·5°·√(2π) on 180°, and 10.
    assert within(arcs.fraction, 1.0 / (1.0 + 10.0 / (40.0 * 5.0 * np.sqrt(2.0 * np.pi) / 180.0)))
    hidden = np.where(np.abs(away) < np.radians(15.0), np.nan, sigma)
    part = find_arcs(Profile(azimuth, noisy, hidden), (0.05, 0.0))
    assert part.fraction.status == "undetermined"
    even = find_arcs(Profile(azimuth, noisy - height + 10.0, sigma), (0.05, 0.0))
    assert not even.azimuths
    assert even.fraction.status == "upper bound"
    assert even.fraction.value is not None
    assert even.fraction.value < 0.1


def test_zone_axes_of_arcs() -> None:
    lattice = Lattice.parse("5.84")
    first, second = lattice.families(1.6)
    all_measured = np.radians(np.arange(-180.0, 180.0, 0.5))

    def ring(family: object, *at: float) -> ArcsOfRing:
        azimuths = np.radians(np.array(at))
        return ArcsOfRing([family], azimuths, np.full(len(at), 0.005), all_measured)  # type: ignore[list-item]

    square = zones_of(lattice, [ring(first, 10.0, 100.0), ring(second, 55.0, 145.0)])
    assert [(zone.axis, zone.missing) for zone in square] == [((1, 0, 0), 0)]
    # <110>: one pair of {100} and one of {110}, at right angles.
    other = zones_of(lattice, [ring(first, 10.0), ring(second, 100.0)])
    assert other[0].axis == (1, 1, 0)
    assert other[0].missing == 0
    assert not zones_of(lattice, [ring(first, 10.0, 75.0)])


def test_two_vectors_index_the_spots_of_a_lattice() -> None:
    random = np.random.default_rng(3)
    vectors, centre = np.array([[10.0, 61.0], [-72.0, 12.0]]), np.array([200.0, 210.0])
    places = [i * vectors[0] + j * vectors[1] for i in range(-3, 4) for j in range(-2, 3) if i or j]
    spots = [Spot(*(centre + each + random.normal(0.0, 0.1, 2)), 0.1) for each in places]
    found = spot_lattice(spots, (200.4, 209.8))
    assert found is not None
    assert found.indexed == len(spots)
    assert np.linalg.norm(found.vectors, axis=1) == pytest.approx(np.linalg.norm(vectors, axis=1), abs=0.2)
    assert found.centre == pytest.approx(centre, abs=0.1)
    nowhere = [Spot(*each, 0.1) for each in random.uniform(0.0, 400.0, (25, 2))]
    assert spot_lattice(nowhere, (200.0, 200.0)) is None


@pytest.fixture(scope="module")
def arcs() -> slxrd.Saed:
    image = saed.measured(saed.diffraction())
    return slxrd.measure_saed(image, saed.CONSTANT * 1.008, "CsPbBr3", camera_error=0.01 * saed.CONSTANT)


@pytest.mark.slow
def test_rings_with_arcs(arcs: slxrd.Saed) -> None:
    assert arcs.conclusion.startswith("arcs on 3 of 4 rings")
    assert [ring.planes for ring in arcs.rings] == ["{100}", "{110}", "{200}", "{210}"]
    for found, truth in zip(arcs.centre, saed.CENTRE, strict=True):
        assert within(found, truth)
    for ring, order in zip(arcs.rings, (1.0, 2.0, 4.0, 5.0), strict=True):
        assert within(ring.radius, saed.CONSTANT * np.sqrt(order) / saed.EDGE)
        assert within(ring.d, saed.EDGE / np.sqrt(order), 2.0)
    for ring in arcs.rings[:2]:
        assert within(ring.arcs.fraction, 0.6)
        assert within(ring.arcs.spread, 4.0)
    # A part of the ring is outside the image.
    assert arcs.rings[2].arcs.fraction.status == "undetermined"
    assert arcs.lattice_constant is not None
    assert within(arcs.lattice_constant, saed.EDGE, 2.0)
    assert arcs.zone_axis == "<100>"
    assert arcs.spots is None
    assert "simulated" in str(arcs)


@pytest.mark.slow
def test_without_the_error_of_the_constant_d_has_none() -> None:
    image = saed.measured(saed.diffraction(oriented=0.0, counts=15.0, **SMALL))
    found = slxrd.measure_saed(image, SMALL["constant"], "5.84", q=(0.8, 1.8), centre=SMALL["centre"])
    assert all(ring.d.error is None for ring in found.rings)
    assert found.lattice_constant is not None
    assert found.lattice_constant.error is None
    assert any("--camera-constant" in note for note in found.notes)
    assert found.conclusion.startswith("2 even rings")
    assert not found.zone_axis
    assert found.rings[1].ratio.error
    assert within(found.rings[1].ratio, np.sqrt(2.0))


@pytest.mark.slow
def test_spots_of_a_single_crystal() -> None:
    image = saed.measured(saed.diffraction(oriented=1.0, spread=0.0, counts=4.0, **SMALL))
    found = slxrd.measure_saed(image, SMALL["constant"], "5.84", camera_error=1.0)
    assert found.conclusion == "spots of a single crystal"
    assert found.spots is not None
    for length in found.spots.lengths:
        assert within(length, SMALL["constant"] / saed.EDGE)
    assert within(found.spots.angle, 90.0)
    assert found.zone_axis == "<100>"


def test_a_spot_on_a_slope_is_where_it_was_made() -> None:
    """The background of a diffraction image decreases from the centre."""
    rows, columns = np.indices((40, 44)) + 0.5
    y, x = rows - 20.3, columns - 23.6
    counts = 40.0 + 0.8 * x - 0.5 * y + 60.0 * np.exp(-0.5 * (x**2 + y**2) / 2.5**2)
    (spot,) = find_spots(slxrd.DetectorImage(counts), (100.0, -100.0), 1.0)
    assert (spot.row, spot.column) == pytest.approx((20.3, 23.6), abs=3e-3)


def test_a_short_arc_is_at_its_radius() -> None:
    rows, columns = np.indices((140, 140)) + 0.5
    radius, width, turns = 100.0, 1.8, np.radians(2.0)
    counts = np.full(rows.shape, 20.0)
    for turn in np.linspace(-4.0, 4.0, 161) * turns:
        distance = np.hypot(
            rows - 10.0 - radius * np.sin(turn + 0.7), columns - 10.0 - radius * np.cos(turn + 0.7)
        )
        counts += 8.0 * np.exp(-0.5 * (turn / turns) ** 2 - 0.5 * (distance / width) ** 2)
    spot = max(
        find_spots(slxrd.DetectorImage(counts), (10.0, 10.0), 20.0),
        key=lambda each: counts[int(each.row), int(each.column)],
    )
    # The mean of its intensity is 0.06 pixels nearer.
    assert np.hypot(spot.row - 10.0, spot.column - 10.0) == pytest.approx(radius, abs=0.02)
    assert np.arctan2(spot.row - 10.0, spot.column - 10.0) == pytest.approx(0.7, abs=1e-3)


@pytest.mark.slow
def test_planes_are_assigned_with_a_common_scale() -> None:
    # With a constant that is 4 % too large, {110} alone would be 4 % off, beyond the tolerance.
    image = saed.measured(saed.diffraction(oriented=0.0, counts=15.0, **SMALL))
    found = slxrd.measure_saed(
        image, 1.04 * SMALL["constant"], "5.84", camera_error=0.02 * SMALL["constant"], q=(0.8, 1.8)
    )
    assert [ring.planes for ring in found.rings] == ["{100}", "{110}"]
    assert found.scale is not None
    assert found.scale.value == pytest.approx(1.04, rel=2e-3)
    assert within(found.scale, 1.0)
    assert found.ratio_test is not None
    assert found.ratio_test[0] < 10.0
    exact = slxrd.measure_saed(
        image, 1.04 * SMALL["constant"], "5.84", camera_error=1.0, q=(0.8, 1.8), centre=SMALL["centre"]
    )
    assert not any(ring.planes for ring in exact.rings)
    assert any("check it and the camera constant" in note for note in exact.notes)


@pytest.mark.slow
def test_two_orientations_have_no_zone_axis() -> None:
    first = saed.diffraction(oriented=0.9, counts=20.0, **SMALL)
    other = saed.diffraction(oriented=0.9, counts=20.0, turn=55.0, background=0.0, **SMALL)
    found = slxrd.measure_saed(
        saed.measured(first + other), SMALL["constant"], "5.84", camera_error=7.0, q=(0.8, 1.8)
    )
    assert len(found.rings[0].arcs.azimuths) == 4
    assert not found.zone_axis
    assert any("two orientations may be mixed" in note for note in found.notes)


@pytest.mark.slow
def test_a_centre_that_is_wrong_is_noted() -> None:
    image = saed.measured(saed.diffraction(oriented=0.0, counts=15.0, **SMALL))
    row, column = SMALL["centre"]
    found = slxrd.measure_saed(image, SMALL["constant"], q=(0.8, 1.8), centre=(row + 2.5, column))
    assert found.centre[0].error is None
    assert any("the rings are centred at row 147." in note for note in found.notes)
    assert found.rings[0].radius.value == pytest.approx(SMALL["constant"] / saed.EDGE, abs=0.3)


@pytest.mark.slow
def test_two_crystals_are_not_one() -> None:
    first = saed.diffraction(oriented=1.0, spread=0.0, counts=4.0, **SMALL)
    other = saed.diffraction(oriented=1.0, spread=0.0, counts=4.0, turn=48.0, background=0.0, **SMALL)
    found = slxrd.measure_saed(saed.measured(first + other), SMALL["constant"], "5.84", camera_error=1.0)
    assert found.spots is None
    assert not found.zone_axis
    assert any("two" in note for note in found.notes)


def test_what_is_refused() -> None:
    image = slxrd.DetectorImage(np.zeros((100, 100)), name="dark.tif")
    with pytest.raises(slxrd.SlxrdError, match=r"dark\.tif: all pixels are zero; choose another"):
        slxrd.measure_saed(image, 720.0)
    bright = slxrd.DetectorImage(np.ones((100, 100)))
    for arguments, message in (
        ({"camera_constant": -1.0}, "camera constant"),
        ({"camera_error": 600.0}, "half of the constant"),
        ({"voltage": 2.0}, "voltage"),
        ({"tolerance": 0.5}, "tolerance"),
        ({"lattice": "gold"}, "neither a crystal"),
        ({"centre": (500.0, 20.0)}, "outside the image"),
    ):
        with pytest.raises(slxrd.SlxrdError, match=message):
            slxrd.measure_saed(bright, **{"camera_constant": 720.0, **arguments})  # type: ignore[arg-type]
