"""Which maxima are taken for the peak of a substrate."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from films_on_substrates import film, stack

import slxrd
from slxrd.fitting.diagnosis.fringes_between import without_fringes_between
from slxrd.fitting.diagnosis.maxima import Maximum
from slxrd.fitting.diagnosis.substrate import find_substrate


def maxima(*rows: tuple[float, float, float]) -> list[Maximum]:
    """Maxima of given q, width and height."""
    return [Maximum(i, q, width, height, 0.0, 100.0, i, i) for i, (q, width, height) in enumerate(rows)]


#: The second order of a noisy simulated stack: a satellite beside weak ones that noise has merged.
SATELLITE = ((2.1264, 0.0894, 253.0), (2.1620, 0.0146, 469.0))


def test_a_satellite_is_no_substrate_where_those_of_another_order_are_as_sharp() -> None:
    assert find_substrate(maxima((1.0602, 0.0170, 839.0), (1.0972, 0.0852, 180.0), *SATELLITE)) is None


def test_satellites_on_both_sides_of_a_bragg_peak_are_no_film_and_substrate() -> None:
    """The second order, where disorder blurs the fringes, is at twice a place between the two."""
    two = ((1.0323, 0.0229, 0.306), (1.0834, 0.0111, 0.573))
    assert find_substrate(maxima(*two, (2.1264, 0.0765, 1.024))) is None
    assert find_substrate(maxima(*two, (1.5948, 0.0765, 1.024))) is None  # third and second order
    # The second order of the film alone, or that of both.
    film_of_two = ((1.0323, 0.0229, 0.306), (1.0834, 0.0111, 0.573), (2.0646, 0.0240, 0.5))
    halo = (*two, (2.1264, 0.5, 0.4))  # of an amorphous part, which has no orders
    for peaks in (film_of_two, (*film_of_two, (2.1668, 0.0130, 0.7)), halo):
        found = find_substrate(maxima(*peaks))
        assert found is not None
        assert found[1].q in (1.0834, 2.1668)


def test_orders_of_one_substrate_are_equally_sharp() -> None:
    found = find_substrate(maxima((1.0810, 0.0120, 839.0), (1.0350, 0.0700, 180.0), *SATELLITE))
    assert found is not None
    assert found[1].q in (1.0810, 2.1620)


def test_a_film_elsewhere_does_not_hide_a_substrate() -> None:
    """Its peaks are weaker, or broader."""
    for elsewhere in ((1.5, 0.0170, 100.0), (1.5, 0.0500, 839.0)):
        found = find_substrate(maxima(elsewhere, *SATELLITE))
        assert found is not None
        assert found[1].q == 2.1620


def test_a_satellite_may_be_higher_than_the_substrate_beside_it() -> None:
    """The broad peak of a film that is hardly broader is no such satellite."""
    sharp, satellite = (1.8654, 0.0015, 3.5e4), (1.8770, 0.0062, 4.5e4)
    found = find_substrate(maxima(sharp, satellite))
    assert found is not None
    assert found[1].q == 1.8654
    assert find_substrate(maxima((1.8654, 0.0025, 3.5e4), satellite)) is None


def test_a_sharper_peak_among_equidistant_satellites_is_that_of_a_substrate() -> None:
    """No satellite is as near to the peak as that of a film would be."""
    satellites = (
        (1.1654, 0.0073, 4487.0),
        (1.3322, 0.0077, 1999.0),
        (1.4973, 0.0082, 642.0),
        (1.8310, 0.0086, 7e4),
    )
    for q in (1.6615, 1.6400):
        found = find_substrate(maxima(*satellites[:3], (q, 0.0025, 1.2e6), satellites[3]))
        assert found is not None
        assert found[1].q == q
    # Satellites are about as wide as their Bragg peak, and other maxima may be of other crystals.
    assert find_substrate(maxima(*satellites[:3], (1.6615, 0.0045, 1.2e6), satellites[3])) is None
    other = (1.4100, 0.0080, 700.0)
    assert (
        find_substrate(maxima(*satellites[:2], other, satellites[2], (1.6615, 0.0025, 1.2e6), satellites[3]))
        is None
    )


def test_a_peak_on_one_of_many_satellites_is_hardly_sharper_than_they_are() -> None:
    """Disorder makes satellites wider with q, so that none is sharper than those at lower q."""
    places, widths = np.arange(1.129, 1.9, 0.0664), np.linspace(0.0040, 0.0054, 12)
    rows = [(q, width, 3e3) for q, width in zip(places.tolist(), widths.tolist(), strict=True)]
    rows[5] = (1.4610, 0.0032, 1.5e5)  # overlaps with the peak
    found = find_substrate(maxima(*rows[:6], (1.4679, 0.0026, 1e6), *rows[6:]))
    assert found is not None
    assert found[1].q == 1.4679
    assert find_substrate(maxima(*rows[:5], (1.4610, 0.0040, 1e6), *rows[6:])) is None
    # The sharpest satellite is that of the lowest q.
    first = (places[0], 0.0026, 1e6)
    assert find_substrate(maxima(first, *rows[1:5], (1.4610, 0.0044, 1e5), *rows[6:])) is None


def test_a_peak_between_satellites_that_are_as_narrow_is_that_of_a_substrate() -> None:
    rows = [(1.5493 + 0.0815 * k, 0.0037, 500.0) for k in range(12) if k != 3]
    rows[4] = (1.9568, 0.0037, 8.7e4)
    for q, height in ((1.9171, 3.9e4), (1.9000, 1e4)):
        found = find_substrate(maxima(*rows[:4], (q, 0.0035, height), *rows[4:]))
        assert found is not None
        assert found[1].q == q
    sharp = (1.9171, 0.0035, 3.9e4)
    assert find_substrate(maxima(*rows[1:4], sharp, rows[4])) is None  # too few satellites
    assert find_substrate(maxima(*rows[:4], (1.9171, 0.0045, 3.9e4), *rows[4:])) is None  # broader
    assert find_substrate(maxima(*rows[:4], (1.9171, 0.0035, 5e3), *rows[4:])) is None  # weak
    assert find_substrate(maxima(*rows[:4], (1.9505, 0.0035, 3.9e4), *rows[4:])) is None  # on a satellite
    # Two of them are satellites too, of another period.
    assert find_substrate(maxima(*rows[:4], sharp, rows[4], (1.9980, 0.0035, 2e4), *rows[5:])) is None
    # A weaker one needs to be separate.
    weak = maxima(*rows[:4], (1.9171, 0.0035, 1e4), *rows[4:])
    assert find_substrate(weak) is not None
    assert (
        find_substrate([replace(one, background=6e3) if one.height == 1e4 else one for one in weak]) is None
    )


@pytest.mark.slow
@pytest.mark.parametrize(("substrate", "seed"), [(3.79, 1), (3.79, 2)])
def test_a_thin_period_has_no_satellite_near_its_substrate(substrate: float, seed: int) -> None:
    pattern = stack(
        8, 3.639, 12.3, sigma_L=0.2, repeats=23, substrate=substrate, strength=0.57, sigma=0.0009,
        step=0.0007, reach=3.6, peak=1.4e5, draws=1000, seed=seed,
    )  # fmt: skip
    found = slxrd.diagnose(pattern)
    assert found.substrate is not None
    assert found.substrate.d == pytest.approx(substrate, abs=0.002)


def test_the_width_of_a_satellite_that_overlaps_with_the_substrate_is_not_compared() -> None:
    """It is cut off by the substrate's peak; the next satellite is as broad as all."""
    substrate, overlapping, satellite = maxima(
        (1.8139, 0.0027, 7.1e4), (1.8214, 0.0049, 3.0e4), (1.9324, 0.0094, 2.7e4)
    )
    found = find_substrate([substrate, replace(overlapping, background=4.4e4), satellite])
    assert found is not None
    assert found[1].q == 1.8139
    assert find_substrate([substrate, overlapping, satellite]) is None


@pytest.mark.parametrize("N", [10, 14])
def test_a_thin_film_is_hidden_by_its_substrate(N: int) -> None:
    pattern = film(N, 3.413, substrate=3.367, peak=5e6, seed=1, sigma=0.0006, half=0.5)
    found = slxrd.diagnose(pattern)
    assert found.substrate is not None
    assert found.substrate.d == pytest.approx(3.367, abs=0.002)
    assert found.proposal.kind == "film on substrate"
    assert found.proposal.options["start"]["d"] == pytest.approx(3.367, abs=0.002)
    ((low, high),) = found.proposal.options["regions"]
    assert low < found.substrate.q - 0.2 < found.substrate.q + 0.2 < high


def test_a_lone_sharp_peak_hides_nothing() -> None:
    alone = maxima((1.8664, 0.0016, 6e6))
    assert find_substrate(alone) is None
    other_crystals = maxima((1.8664, 0.0016, 6e6), (2.1937, 0.0782, 12.0), (2.4, 0.004, 300.0))
    assert find_substrate(other_crystals) is None


def test_broad_fringes_far_from_a_lone_sharp_peak_are_of_a_film_as_well() -> None:
    """Two crystals of eight planes on a substrate, to 0.91 Å⁻¹ above its peak."""
    fringes = [(2.2153, 0.155, 103.0), (2.8087, 0.135, 1854.0), (3.1394, 0.147, 198.0), (3.4737, 0.145, 56.0)]
    found = find_substrate(maxima(*fringes[:1], (2.5659, 0.0032, 1.77e7), *fringes[1:]))
    assert found is not None
    assert found[1].q == 2.5659


@pytest.mark.parametrize("substrate", [1.97, 2.06])
@pytest.mark.parametrize("repeats", [8, 19])
def test_fringes_of_the_whole_stack_are_not_those_of_its_period(repeats: int, substrate: float) -> None:
    pattern = stack(
        substrate=substrate, strength=1.0, repeats=repeats, step=0.003, sigma=0.002, reach=3.2, peak=3e4,
        seed=1, draws=60,
    )  # fmt: skip
    (fringes,) = slxrd.diagnose(pattern).fringes
    assert fringes.kind == "superlattice"
    assert fringes.period == pytest.approx(11 * 2.03 + 6.1, rel=0.02)


def test_chance_maxima_between_fringes_are_left_out() -> None:
    """Five equidistant maxima, and fringes of the whole stack beside the strongest; irregular ones stay."""
    satellites = [(1.86 + 0.085 * k, 0.006, height) for k, height in enumerate((790, 800, 110, 28, 10))]
    between = [(1.8727, 0.002, 0.8), (1.9316, 0.003, 26.0), (1.9393, 0.002, 48.0)]
    all_of_them = maxima(*sorted(satellites + between))
    assert [peak.height for peak in without_fringes_between(all_of_them)] == [790, 800, 110, 28, 10]
    irregular = maxima((1.2, 0.01, 5.0), (1.31, 0.01, 7.0), (1.5, 0.01, 6.0), (1.52, 0.01, 3.0))
    assert without_fringes_between(irregular) == irregular


def test_fringes_of_the_whole_stack_between_all_satellites_are_left_out() -> None:
    satellites = [
        (1.936 + 0.2424 * k, 0.012, height) for k, height in enumerate((6e3, 1e4, 4e4, 5e5, 2e5, 3e4))
    ]
    between = [
        (q + 0.0133 * k, 0.006, 0.04 * height / k)
        for q, _, height in satellites
        for k in (*range(-8, 0), *range(1, 9))
    ]
    between = [(q, width, abs(height)) for q, width, height in between]
    kept = without_fringes_between(maxima(*sorted(satellites + between)))
    assert [peak.height for peak in kept] == [height for *_, height in satellites]


def test_options_for_a_film_under_a_lone_sharp_peak_are_named() -> None:
    """The film's own intensity is no maximum beside the rod, and too weak to be found in its tail."""
    pattern = film(14, 2.675, substrate=2.766, peak=1e4, seed=1, sigma=0.0007, half=0.5)
    with pytest.raises(slxrd.SlxrdError, match=r"--coherent 1 --substrate 2\.76\d+ --mask 2\.\d+:2\.\d+"):
        slxrd.fit(pattern)


def lone_peak(film_below: bool, edge: float = 1.0) -> slxrd.Pattern:
    """A sharp peak, whose tails an absorption edge divides by ``edge`` above 1.95 Å⁻¹, and a film or none."""
    q = np.arange(1.6, 2.22, 0.0004)
    rods = 300.0 * (0.02 / (q - 1.9079)) ** 2
    sharp = 4e5 * np.exp(-0.5 * ((q - 1.9079) / 0.0006) ** 2)
    hump = 200.0 * np.exp(-0.5 * ((q - 1.96) / 0.025) ** 2) if film_below else 0.0
    expected = (np.minimum(rods, 4e5) + sharp + hump + 3.0) / np.where(q > 1.95, edge, 1.0)
    return slxrd.Pattern(
        q, np.random.default_rng(4).poisson(expected).astype(float), per_count=1.0, source="simulated"
    )


def test_a_shoulder_of_a_lone_sharp_peak_is_a_film() -> None:
    found = slxrd.diagnose(lone_peak(True))
    assert found.substrate is not None
    assert found.substrate.q == pytest.approx(1.9079, abs=2e-4)
    (shoulder,) = [peak for peak in found.peaks if peak.kind != "substrate"]
    assert shoulder.q == pytest.approx(1.96, abs=0.015)
    assert shoulder.width == pytest.approx(2.355 * 0.025, rel=0.5)
    assert found.proposal.kind == "film on substrate"


def test_a_shoulder_is_found_beside_faint_maxima() -> None:
    """Fringes of the film are maxima where its own peak is a shoulder in the tail of the substrate's."""
    pattern = film(14, 2.675, substrate=2.766, peak=1e5, seed=1, sigma=0.0007, half=0.5)
    assert slxrd.diagnose(pattern).proposal.kind == "film on substrate"
    faint = np.round(9.0 * np.exp(-0.5 * ((pattern.q - 2.0) / 0.03) ** 2))
    found = slxrd.diagnose(replace(pattern, intensity=pattern.intensity + faint))
    assert found.proposal.kind == "film on substrate"
    assert found.substrate is not None
    assert any(found.substrate.q < peak.q < 2.0 * np.pi / 2.6 for peak in found.peaks)


@pytest.mark.parametrize("edge", [1.0, 2.0])
def test_equal_tails_and_those_at_an_absorption_edge_are_no_film(edge: float) -> None:
    assert slxrd.diagnose(lone_peak(False, edge)).substrate is None
