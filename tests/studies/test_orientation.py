"""Orientation of crystals from simulated images: preferred plane, tilt, random fraction, other rings."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

import slxrd
from slxrd.detector.bins import Sums
from slxrd.studies.images.orientation.texture import fibre_poles
from slxrd.studies.images.rings.lattice import Lattice, plane_text
from slxrd.studies.images.rings.search import find_rings
from slxrd.ui.plotting.style import caption

pytest.importorskip("pyFAI")
rings = pytest.importorskip("simulated_rings")
Q = (0.5, 1.7)


def test_families_of_a_cubic_and_of_a_tetragonal_lattice() -> None:
    cubic = Lattice.parse("5.84")
    assert [str(each) for each in cubic.families(2.3)] == ["{100}", "{110}", "{111}", "{200}"]
    assert cubic.families(2.3)[0].q == pytest.approx(2.0 * np.pi / 5.84)
    assert len(cubic.equivalent((2, 1, 0))) == 24
    assert [str(each) for each in Lattice.parse("PbS-100").families(3.1)] == ["{111}", "{200}", "{220}"][:3]
    tetragonal = Lattice.parse("5.8,5.8,6.2:I")
    assert [str(each) for each in tetragonal.families(1.8)] == ["{101}", "{110}"]
    assert (0, 0, 1) not in tetragonal.equivalent((1, 0, 0))
    assert [plane_text(each) for each in cubic.orientations()][:4] == ["{100}", "{110}", "{111}", "{210}"]
    families = cubic.families(4.0)
    both = next(each for each in families if str(each) == "{300}")
    assert not cubic.alone(both, families)
    assert cubic.alone(families[0], families)


def test_lattices_that_are_none() -> None:
    for text, message in (
        ("5.84,5.84", "one edge in Å"), ("gold", "neither a crystal of the library"), ("-3", "positive"),
        ("5.84:C", "'C' is not one of P, I, F"), ("Cs2PbI2Cl2", "only planes in one direction"),
    ):  # fmt: skip
        with pytest.raises(slxrd.SlxrdError, match=message):
            Lattice.parse(text)


@pytest.mark.parametrize("tilt", [1.0, 6.0, 20.0])
@pytest.mark.parametrize("family", [(1, 0, 0), (1, 1, 0), (1, 1, 1)])
def test_the_density_of_poles_is_that_of_explicit_rotations(
    tilt: float, family: tuple[int, int, int]
) -> None:
    lattice = Lattice.parse("5.84")
    (wanted,) = [each for each in lattice.families(2.0) if each.plane == family]
    edges = np.radians(np.arange(0.0, 180.05, 0.1)).reshape(-1)
    centres = 0.5 * (edges[1:] + edges[:-1])
    density = fibre_poles(lattice, (1, 0, 0), wanted).density(centres, np.radians(tilt) ** 2)
    share = density * 0.5 * np.sin(centres) * np.diff(edges)
    assert share.sum() == pytest.approx(1.0, abs=2e-3)
    explicit = rings.pole_angles((1, 0, 0), family, tilt)
    # In bins of 3°; at 20°, a Gaussian of the tilt on a sphere is no longer that of von Mises and Fisher.
    difference = np.abs(explicit - share).reshape(-1, 30).sum(axis=1)
    assert difference.max() < (0.01 if tilt < 10.0 else 0.02)


def rows(rate: np.ndarray, seed: int, weight: float = 30.0) -> Sums:
    counts = np.random.default_rng(seed).poisson(weight * rate).astype(float)
    ones = np.full(rate.shape, weight)
    return Sums(counts, ones, ones, np.zeros(rate.shape), 1.0)


@pytest.mark.slow
def test_noise_is_no_ring_and_rings_are_found() -> None:
    q = np.arange(0.5, 2.5, 0.03)
    for level in (0.05, 1.0, 50.0):
        flat = np.tile(level * (0.3 + 1.0 / q**2), (12, 1))
        assert not any(find_rings(rows(flat, seed), q) for seed in range(5)), level
    spot = np.tile(0.3 + 1.0 / q**2, (12, 1))
    spot[4] += 2.0 * np.exp(-0.5 * ((q - 1.8) / 0.05) ** 2)
    spot += 0.4 * np.exp(-0.5 * ((q - 1.1) / 0.04) ** 2)
    found = find_rings(rows(spot, 1), q)
    assert [each.q for each in found] == pytest.approx([1.1, 1.8], abs=0.02)
    assert found[0].width == pytest.approx(0.04, rel=0.4)


@pytest.fixture(scope="module")
def measured() -> slxrd.Orientations:
    textures = (rings.Textured(fraction=0.5, tilt=3.0), rings.Textured((1, 1, 0), 0.3, 2.0))
    expected = rings.film(textures, powder=0.2, impurity=(0.9, 12.0), counts=40.0, families=2)
    return slxrd.measure_orientation(rings.measured(expected), rings.GEOMETRY, "CsPbBr3", q=Q)


@pytest.mark.slow
def test_two_orientations_are_both_listed(measured: slxrd.Orientations) -> None:
    assert measured.conclusion == "{100} and {110} parallel to the substrate"
    for each, fraction, tilt in zip(measured.orientations, (0.5, 0.3), (3.0, 2.0), strict=True):
        assert each.fraction.error is not None
        assert each.tilt.error is not None
        assert each.fraction.value == pytest.approx(fraction, abs=4.0 * each.fraction.error)
        assert each.tilt.value == pytest.approx(tilt, abs=4.0 * each.tilt.error)
        assert each.tilt.error < 0.2
        assert not each.rivals
    assert measured.random is not None
    assert measured.random.value == pytest.approx(0.2, abs=0.03)
    assert measured.misfit == pytest.approx(1.0, abs=0.3)


@pytest.mark.slow
def test_an_impurity_is_listed_with_its_significance(measured: slxrd.Orientations) -> None:
    (impurity,) = measured.impurities
    assert impurity.q.value == pytest.approx(0.9, abs=0.01)
    assert impurity.significance > 5.0
    assert impurity.even
    assert [ring.planes for ring in measured.rings] == ["", "{100}", "{110}"]
    assert [ring.even for ring in measured.rings[1:]] == [False] * 2
    assert "not of the lattice" in str(measured)
    assert "0.9" in measured.csv()


@pytest.mark.slow
def test_a_figure_of_orientations(measured: slxrd.Orientations) -> None:
    figure = slxrd.orientation_figure(measured)
    assert len(figure.axes) == 2
    assert "{100} and {110} parallel to the substrate" in caption(figure)


@pytest.mark.slow
def test_a_tilt_below_the_width_of_the_spots_is_a_limit() -> None:
    expected = rings.film((rings.Textured(fraction=0.9, tilt=0.2),), powder=0.1, counts=5.0, families=2)
    found = slxrd.measure_orientation(rings.measured(expected), rings.GEOMETRY, "5.84", q=Q)
    (only,) = found.orientations
    assert only.planes == "{100}"
    assert only.tilt.status == "upper bound"
    assert 0.2 < (only.tilt.value or 0.0) < 2.0


@pytest.mark.slow
def test_a_powder_and_an_image_without_rings() -> None:
    expected = rings.film((), powder=1.0, counts=10.0, families=2)
    found = slxrd.measure_orientation(rings.measured(expected), rings.GEOMETRY, "5.84", q=Q)
    assert found.conclusion == "no preferred orientation is seen"
    assert found.random is not None
    assert found.random.status == "lower bound"
    assert (found.random.value or 0.0) > 0.8
    empty = slxrd.measure_orientation(rings.measured(rings.film(())), rings.GEOMETRY, "5.84")
    assert not empty.rings
    assert "no rings" in str(empty)
    assert empty.random is None
    slxrd.orientation_figure(empty)


@pytest.mark.slow
def test_a_centre_that_is_wrong_is_noted() -> None:
    expected = rings.film((rings.Textured(fraction=0.8),), powder=0.2, counts=30.0, families=2)
    wrong = replace(rings.GEOMETRY, centre_column=rings.GEOMETRY.centre_column - 2.0)
    found = slxrd.measure_orientation(rings.measured(expected), wrong, spacings=[5.84, 4.13], q=Q)
    assert found.displacement is not None
    assert found.displacement[0].value == pytest.approx(2.0, abs=0.3)
    assert any("correct the centre" in note for note in found.notes)
    assert [ring.planes for ring in found.rings] == ["d = 5.84 Å", "d = 4.13 Å"]
    assert found.random is None


@pytest.mark.slow
def test_wrong_arguments_of_orientation_are_refused() -> None:
    image = rings.measured(np.full(rings.SHAPE, 5.0))
    for options, message in (
        ({"lattice": "5.84", "spacings": [5.84]}, "both name the rings"),
        ({"spacings": [-1.0]}, "spacing -1"),
        ({"size": 0.0}, "size 0"),
        ({"tolerance": 0.5}, "tolerance 0.5"),
        ({"q": (2.0, 1.0)}, "the lower end first"),
        ({"q": (1.0, 1.1)}, "choose another range"),
    ):
        with pytest.raises(slxrd.SlxrdError, match=message):
            slxrd.measure_orientation(image, rings.GEOMETRY, **options)  # type: ignore[arg-type]
    with pytest.raises(slxrd.SlxrdError, match="angle of incidence"):
        slxrd.measure_orientation(image, rings.GEOMETRY.with_incidence(None))
