"""Periods from simulated spots: found, indexed, and within their errors."""

import json
from dataclasses import replace

import numpy as np
import pytest

pytest.importorskip("pyFAI")

from simulated_spots import GEOMETRY, SHAPE, exits, gisaxs

import slxrd
from slxrd.studies.images.spots.combs import Comb, CombFit
from slxrd.studies.images.spots.estimates import estimates
from slxrd.studies.images.spots.find import find_spots
from slxrd.studies.images.spots.heights import Heights
from slxrd.studies.images.spots.index import Assignment
from slxrd.studies.images.spots.lattices import LATTICES
from slxrd.studies.images.spots.modes import Mode, along, mode_of, modes_of
from slxrd.studies.images.spots.profiles import Profile, cut_profiles
from slxrd.studies.images.spots.scattering import Positions, Vectors
from slxrd.studies.images.spots.search import highest
from slxrd.studies.images.spots.starts import exchanged, starts
from slxrd.studies.images.spots.teeth import (
    FIRST,
    GROWTH,
    INCIDENCE,
    INSIDE,
    PERIOD,
    WIDTH,
    Knowledge,
    Teeth,
    centres,
)
from slxrd.ui.plotting.style import caption


@pytest.fixture(scope="module")
def measured() -> slxrd.Periods:
    return slxrd.measure_periods(
        gisaxs(1, height=60.0, largest=1), GEOMETRY, critical=0.035, critical_error=0.002
    )


@pytest.mark.slow
def test_periods_of_a_tetragonal_lattice(measured: slxrd.Periods) -> None:
    assert "primitive" in measured.lattice
    for name, truth in (("in_plane", 104.0), ("out_of_plane", 102.0), ("ratio", 102.0 / 104.0)):
        estimate = measured.estimates[name]
        assert estimate.status == "determined"
        assert estimate.value is not None
        assert estimate.error is not None
        assert abs(estimate.value - truth) < 3.0 * estimate.error < 0.03 * truth
    in_plane = measured.estimates["in_plane"]
    assert in_plane.statistical is not None
    assert in_plane.error == pytest.approx(np.hypot(in_plane.statistical, in_plane.systematic or 0.0))
    assert measured.ranked[0].probability > 0.99
    assert any("hcp" in name for name in measured.excluded)
    assert np.isfinite(measured.indices[:, 0]).mean() > 0.95
    assert {"transmitted", "reflected"} <= set(measured.beams)
    assert measured.simulated
    json.dumps(measured.as_dictionary())
    assert len(measured.csv().splitlines()) == len(measured.spots) + 1
    assert "Λ out of plane = 10" in caption(slxrd.periods_figure(measured))


@pytest.mark.slow
def test_spots_of_two_beams_that_overlap() -> None:
    """Their shares are not known, so that the error contains the distance of the two beams."""
    geometry = GEOMETRY.with_incidence(0.19)
    image = gisaxs(4, largest=1, critical=0.0266, width=0.005, reflected=0.8, geometry=geometry)
    found = slxrd.measure_periods(image, geometry, critical=0.0266, critical_error=0.001)
    for name, truth in (("in_plane", 104.0), ("out_of_plane", 102.0)):
        estimate = found.estimates[name]
        assert estimate.value is not None
        assert abs(estimate.value - truth) < 3.0 * (estimate.error or 0.0)
        assert any(low < truth < high for low, high in estimate.interval_95)
    assert any("their shares are free" in note for note in found.notes)
    assert "both" in found.beams


@pytest.mark.slow
def test_layers_in_the_hollows_are_named() -> None:
    image = gisaxs(2, height=60.0, body_centred=True, largest=1)
    found = slxrd.measure_periods(image, GEOMETRY, critical=0.035, critical_error=0.001)
    assert "body-centred" in found.lattice
    assert found.ranked[0].layers == 2
    assert found.ranked[0].c == pytest.approx(204.0, rel=0.02)
    assert found.estimates["out_of_plane"].value == pytest.approx(102.0, rel=0.02)


def comb(heights: dict[float, float], known: Knowledge, period: float, seed: int = 0) -> Comb:
    """Simulated spots in one profile, and the positions of a period in it."""
    at = np.arange(0.02, 0.3, 0.0008)
    counts = np.full(at.size, 20.0)
    for place, height in heights.items():
        counts += height * np.exp(-0.5 * ((at - place) / known.width) ** 2)
    rate = np.random.default_rng(seed).poisson(counts).astype(float)
    profile = Profile(at, rate, np.sqrt(counts), np.zeros((at.size, 4)), np.array(list(heights)))
    factors = 2.0 * np.pi * np.arange(1, int(0.3 * period / (2.0 * np.pi)) + 1)
    teeth = Teeth(factors, np.zeros(factors.size), np.arange(factors.size))
    found = Comb([profile], [teeth], known)
    found.find_strays(start(known, period))
    return found


def start(known: Knowledge, period: float) -> np.ndarray:
    p = np.zeros(FIRST + 40)
    p[PERIOD], p[WIDTH] = period, np.log(known.width)
    return p


KNOWN = Knowledge(0.003, np.zeros(4))


def test_a_period_with_unseen_positions_is_less_probable() -> None:
    heights = {2.0 * np.pi / 100.0 * n: 200.0 for n in (1, 2, 3, 4)}
    fits = {}
    for period in (100.0, 200.0, 50.0):
        one = comb(heights, KNOWN, period)
        fits[period] = one.refine(one.adapted(start(KNOWN, period)))
    best = fits[100.0]
    assert best is not None
    assert abs(best.period - 100.0) < 3.0 * best.error
    assert best.statistical < best.error < 0.5
    for period in (200.0, 50.0):
        other = fits[period]
        assert other is not None
        assert best.log_evidence > other.log_evidence + 5.0


def test_derivatives_are_those_of_the_residuals() -> None:
    """Of positions with refraction, widths and displacements; heights are refined at each point."""
    known = Knowledge(0.003, np.full(4, 0.1), 0.03, 0.07, 0.0012, 0.0004)
    one = comb({0.07: 150.0, 0.11: 300.0}, known, 100.0)
    teeth = Teeth(2.0 * np.pi * np.array([1.0, 1.0]), np.array([-1.0, 1.0]), np.array([0, 1]))
    one = Comb(one.profiles, [teeth], known)
    p = one.adapted(start(known, 100.0))
    p[INSIDE], p[GROWTH], p[FIRST:] = 0.024, 0.4, (1.5, -1.0)
    state = one._evaluate(p)
    gradient = state.jacobian.T @ state.residual
    steps = {PERIOD: 1e-3, INSIDE: 1e-6, WIDTH: 1e-5, GROWTH: 1e-5, INCIDENCE: 1e-5, FIRST: 1e-4}
    for k, step in steps.items():
        ends = []
        for sign in (-1.0, 1.0):
            moved = p.copy()
            moved[k] += sign * step
            ends.append(one._evaluate(moved).objective)
        assert (ends[1] - ends[0]) / (2.0 * step) == pytest.approx(gradient[k], rel=1e-3, abs=1e-3)


def test_positions_agree_with_exits_of_the_simulation() -> None:
    incident = 2.0 * np.pi / GEOMETRY.wavelength * np.sin(np.deg2rad(GEOMETRY.incidence or 0.0))
    known = Knowledge(0.003, np.zeros(4), incident, 0.0, 0.035**2, 1e-6)
    one = comb({0.1: 10.0}, known, 102.0)
    teeth = Teeth(2.0 * np.pi * np.array([2.0, 2.0]), np.array([-1.0, 1.0]), np.array([0, 1]))
    p = start(known, 102.0)
    p[INSIDE] = known.inside(0.035**2)
    k = 2.0 * np.pi / GEOMETRY.wavelength
    assert centres(one.profiles[0], teeth, known, p, one.end) == pytest.approx(
        [k * each for each in exits(102.0, 2, GEOMETRY, 0.035)]
    )


def test_evidence_of_heights_is_that_of_an_integral() -> None:
    """Over two heights that overlap, of which none is negative; one of them is not seen."""
    x = np.linspace(-4.0, 4.0, 60)
    columns = np.stack([np.exp(-0.5 * (x - at) ** 2) for at in (0.0, 1.2)], axis=1)
    scale = np.array([3.0, 2.0])
    grid = np.linspace(0.0, 16.0, 801)
    prior = [np.exp(-0.5 * (grid / each) ** 2) * np.sqrt(2.0 / np.pi) / each for each in scale]
    for true in ((2.0, 1.5), (2.0, 0.0)):
        data = columns @ true + np.random.default_rng(3).normal(0.0, 0.4, x.size)
        matrix, linear = columns.T @ columns, columns.T @ data
        first, second = grid[:, None], grid
        chi2 = matrix[0, 0] * first**2 + 2.0 * matrix[0, 1] * first * second + matrix[1, 1] * second**2
        chi2 += float(data @ data) - 2.0 * (linear[0] * first + linear[1] * second)
        total = np.sum(np.exp(-0.5 * chi2) * prior[0][:, None] * prior[1]) * (grid[1] - grid[0]) ** 2
        assert Heights(columns, data).log_evidence(scale) == pytest.approx(np.log(total), abs=0.25)


@pytest.mark.slow
def test_exits_are_counted_from_a_horizon_that_moves_with_the_incidence() -> None:
    k = 2.0 * np.pi / GEOMETRY.wavelength
    tilted = GEOMETRY.with_incidence(0.42)
    horizons = [k * np.sin(np.deg2rad(each.incidence or 0.0)) for each in (GEOMETRY, tilted)]
    vectors = Vectors(GEOMETRY, SHAPE)
    values = np.array([[0.06, 0.05], [0.06, 0.15]])
    q = Positions(values, np.tile(1e-8 * np.eye(2), (2, 1, 1)), np.full((2, 2), 0.003))
    image = slxrd.DetectorImage(np.full(SHAPE, 5.0))
    (rod,) = cut_profiles(image, vectors, q, horizons[0], (horizons[1] - horizons[0]) / 0.02).rods
    place = np.array([[60.5, 160.5]])
    exits = [
        Vectors(each, SHAPE).at("q_z", place)[0] - horizon
        for each, horizon in zip((GEOMETRY, tilted), horizons, strict=True)
    ]
    assert rod.slopes_at(np.array([exits[0]]))[0, 3] == pytest.approx((exits[1] - exits[0]) / 0.02, rel=1e-3)
    assert exits[1] - exits[0] == pytest.approx(horizons[0] - horizons[1], rel=0.01)


#: Along a rod: k·sin(incidence) and its derivative, errors of the geometry, and the prior of q_c².
ALONG = Knowledge(0.0025, np.array([0.5, 0.5, 0.001, 0.02]), 0.036, 0.0712, 0.0012, 0.0008)


def rod(period: float, inside: float, deviation: float, seed: int = 0) -> tuple[Profile, Teeth]:
    """Simulated counts along a rod with spots of both beams, for a deviation of the incidence in degrees."""
    at = np.arange(0.012, 0.21, 0.0008)
    orders = np.repeat(np.arange(4), 2)[1:]
    beams = np.array([1.0, *(3 * [-1.0, 1.0])])
    teeth = Teeth(2.0 * np.pi * orders, beams, np.arange(7))
    incident = ALONG.incident + ALONG.incident_slope * deviation
    places = np.sqrt(
        incident**2 + (teeth.factor / period) ** 2 + 2.0 * beams * teeth.factor / period * inside
    )
    # The horizon moves too.
    places += ALONG.incident_slope * deviation
    counts = 15.0 + sum(
        height * np.exp(-0.5 * ((at - place) / ALONG.width) ** 2)
        for place, height in zip(places, (90.0, 60.0, 120.0, 50.0, 100.0, 40.0, 70.0), strict=True)
    )
    rate = np.random.default_rng(seed).poisson(counts).astype(float)
    slopes = np.tile([0.0, 0.0, 0.0, -ALONG.incident_slope], (at.size, 1))
    return Profile(at, rate, np.sqrt(counts), slopes, places), teeth


def test_starts_where_the_incidence_deviates() -> None:
    """By three of its errors: k_z in the film is larger than outside at the given incidence."""
    profile, teeth = rod(100.0, 0.0365, 0.06)
    begun = starts([profile], [teeth], ALONG, 100.0)
    fits = [Comb([profile], [teeth], ALONG).refine(np.concatenate([p, np.zeros(7)])) for p in begun]
    # One without a deviation, with another period, describes these spots as well: both are found.
    found = [fit for fit in fits if fit is not None and fit.p[INSIDE] > ALONG.incident]
    assert found
    assert found[0].p[INCIDENCE] == pytest.approx(0.06, abs=0.01)
    assert abs(found[0].period - 100.0) < 3.0 * found[0].error < 3.0
    assert any(fit is not None and abs(fit.p[INCIDENCE]) < 0.01 and fit.period < 98.5 for fit in fits)


def test_coinciding_beams_do_not_exclude_the_period() -> None:
    """The reflected spot of an order lies near the transmitted one of the next: half the period has both."""
    inside = np.pi / 100.0 + 0.0003
    profile, teeth = rod(100.0, inside, 0.0)
    half = Teeth(teeth.factor[:5], teeth.beam[:5], teeth.row[:5])
    evidence = []
    for period, positions in ((100.0, teeth), (50.0, half)):
        one = Comb([profile], [positions], ALONG)
        p = one.adapted(np.zeros(FIRST))
        p[PERIOD], p[INSIDE], p[WIDTH] = period, inside, np.log(ALONG.width)
        fit = one.refine(p)
        assert fit is not None
        evidence.append(fit.log_evidence)
    assert evidence[0] > evidence[1] - 3.0


def test_a_half_of_the_period_is_not_stated_alone() -> None:
    """Where the beams of neighbouring orders coincide."""
    inside = np.pi / 100.0 + 0.0003
    profile, teeth = rod(100.0, inside, 0.0)
    half = Comb([profile], [Teeth(teeth.factor[:5], teeth.beam[:5], teeth.row[:5])], ALONG)
    p = half.adapted(np.zeros(FIRST))
    p[PERIOD], p[INSIDE], p[WIDTH] = 50.0, inside, np.log(ALONG.width)
    fit = half.refine(p)
    assert fit is not None
    place = np.linspace(49.0, 51.0, 41)
    density = np.exp(-0.5 * ((place - 50.0) / 0.2) ** 2)
    mode = Mode(half, fit, place, density / density.sum(), 0.0)
    found = estimates([Assignment(LATTICES[0], mode, mode, (), (), 1.0, 1.0)], 0.001)
    assert found["in_plane"].status == "determined"
    for name in ("out_of_plane", "ratio"):
        assert found[name].status == "ambiguous"
    assert any(low < 100.0 < high for low, high in found["out_of_plane"].interval_95)


def test_errors_contain_that_of_k_z_in_the_film() -> None:
    """Also where it is known much better than by the widths of the spots: here by the critical angle."""
    inside = 0.02
    profile, teeth = rod(100.0, inside, 0.0)
    transmitted = Teeth(teeth.factor[1::2], teeth.beam[1::2], teeth.row[:3])
    critical2 = 4.0 * (ALONG.incident**2 - inside**2)
    known = replace(ALONG, geometry=np.full(4, 1e-6), critical2=critical2, critical2_error=5e-5)
    one = Comb([profile], [transmitted], known)
    p = one.adapted(np.zeros(FIRST))
    p[PERIOD], p[INSIDE], p[WIDTH] = 100.0, inside, np.log(known.width)
    one.find_strays(p)
    fit = one.refine(p)
    assert fit is not None
    part = one.refine(fit.p, fixed=INSIDE)
    assert part is not None
    assert part.error < 0.7 * fit.error
    assert mode_of(one, fit, along(one, fit)).error == pytest.approx(fit.error, rel=0.05)


def test_multiples_of_a_period_do_not_displace_it() -> None:
    """Multiples have more positions, and are higher between two steps of a search."""
    periods = np.geomspace(90.0, 400.0, 200)
    scores = np.full(200, -1000.0)
    listed = {
        100.0: -150.0,
        173.0: -140.0,
        200.0: -130.0,
        **dict.fromkeys(np.arange(220.0, 400.0, 20), -100.0),
    }
    for place, score in listed.items():
        scores[np.argmin(np.abs(periods - place))] = score
    found = highest(periods, scores)
    assert len(found) < 12
    assert min(abs(each - 100.0) for each in found) < 1.0


def refined_rod(inside: float) -> tuple[Comb, CombFit]:
    """Spots of a period of 100 Å along a rod, and their refined period."""
    profile, teeth = rod(100.0, inside, 0.0)
    one = Comb([profile], [teeth], ALONG)
    p = one.adapted(np.zeros(FIRST))
    p[PERIOD], p[INSIDE], p[WIDTH] = 100.0, inside, np.log(ALONG.width)
    fit = one.refine(p)
    assert fit is not None
    return one, fit


def test_a_period_of_unresolved_pairs_of_spots_is_not_stated_alone() -> None:
    """Each pair may be one spot of half of the period."""
    inside = np.pi / 100.0 + 0.0003
    one, fit = refined_rod(inside)
    place = np.linspace(98.0, 102.0, 41)
    density = np.exp(-0.5 * ((place - 100.0) / 0.3) ** 2)
    mode = Mode(one, fit, place, density / density.sum(), 0.0)
    found = estimates([Assignment(LATTICES[0], mode, mode, (), (), 1.0, 1.0)], 0.001)
    assert found["out_of_plane"].status == "ambiguous"
    assert any(low < 50.0 < high for low, high in found["out_of_plane"].interval_95)


def test_beams_are_exchanged() -> None:
    """The same spots with another incidence, k_z and period, by heights that are free."""
    inside = np.pi / 100.0 + 0.0025
    one, fit = refined_rod(inside)
    (profile,), (teeth,) = one.profiles, one.teeth
    other = exchanged(fit.p, 2.0 * np.pi / fit.period, ALONG)
    assert other is not None
    places = [np.sort(centres(profile, teeth, ALONG, each, one.end)[:-1]) for each in (fit.p, other)]
    assert np.abs(places[1] - places[0]).max() < ALONG.width
    again = one.refine(other)
    assert again is not None
    assert again.p[INSIDE] < np.pi / 100.0 < fit.p[INSIDE]
    assert abs(again.log_evidence - fit.log_evidence) < 5.0
    assert abs(again.period - fit.period) > 2.0 * fit.error
    far = fit.p.copy()
    far[INSIDE] = 0.01
    assert exchanged(far, 2.0 * np.pi / fit.period, ALONG) is None


@pytest.mark.slow
def test_other_ways_to_a_period_are_part_of_its_probability() -> None:
    """With the beams exchanged, k_z and the incidence are others, and the period is nearly the same."""
    one, fit = refined_rod(np.pi / 100.0 + 0.0018)
    other = exchanged(fit.p, 2.0 * np.pi / fit.period, ALONG)
    assert other is not None
    again = one.refine(other)
    assert again is not None
    assert abs(again.p[INSIDE] - fit.p[INSIDE]) > ALONG.width
    first, second = (mode_of(one, each, along(one, each)) for each in (fit, again))
    (mode,) = modes_of([(one, fit), (one, again)])
    assert mode.log_weight > max(first.log_weight, second.log_weight) + 0.05
    # What they have in common is counted once.
    assert mode.log_weight < np.logaddexp(first.log_weight, second.log_weight) - 0.1
    assert min(first.mean, second.mean) < mode.mean < max(first.mean, second.mean)


def test_displacements_are_parts_of_the_width_at_the_spot() -> None:
    known = Knowledge(0.003, np.zeros(4), 0.03, 0.07, 0.0012, 0.0004)
    one = comb({0.07: 150.0, 0.11: 300.0}, known, 100.0)
    teeth = Teeth(2.0 * np.pi * np.array([1.0, 2.0]), np.ones(2), np.array([0, 1]))
    p = np.concatenate([start(known, 100.0)[:FIRST], np.zeros(2)])
    p[INSIDE], p[GROWTH] = 0.02, 0.3
    at = centres(one.profiles[0], teeth, known, p, one.end)
    p[FIRST:] = 1.0
    shift = centres(one.profiles[0], teeth, known, p, one.end) - at
    assert shift == pytest.approx(0.1 * np.exp(p[WIDTH] + 0.3 * (at / one.end) ** 2))


def test_rods_of_lattices() -> None:
    primitive, centred, hexagonal, close_packed, cubic = LATTICES
    assert primitive.lines[0][:3] / (2.0 * np.pi) == pytest.approx([1.0, np.sqrt(2.0), 2.0])
    assert hexagonal.lines[0][1] / hexagonal.lines[0][0] == pytest.approx(np.sqrt(3.0))
    assert centred.residues(1, 0) == {1}
    assert centred.residues(1, 1) == {0}
    assert close_packed.residues(1, 1) == {0}
    assert close_packed.residues(1, 0) == {0, 1}
    assert cubic.residues(1, 0) == {1, 2}
    assert cubic.residues(1, 1) == {0}


@pytest.mark.slow
def test_spots_lie_where_they_were_made() -> None:
    random = np.random.default_rng(0)
    rows, columns = np.mgrid[:60, :80] + 0.5
    expected = np.full((60, 80), 3.0)
    truth = [(20.3, 15.7), (40.8, 60.2), (20.9, 22.4)]
    for row, column in truth:
        expected += 80.0 * np.exp(-0.5 * ((rows - row) ** 2 + (columns - column) ** 2) / 1.5**2)
    spots = find_spots(slxrd.DetectorImage(random.poisson(expected).astype(float)))
    assert len(spots) == 3
    for row, column in truth:
        spot = min(spots, key=lambda each: abs(each.row - row) + abs(each.column - column))
        assert abs(spot.row - row) < 4.0 * spot.row_error < 0.5
        assert abs(spot.column - column) < 4.0 * spot.column_error < 0.5


@pytest.mark.slow
def test_images_without_spots_are_refused() -> None:
    noise = np.random.default_rng(0).poisson(5.0, SHAPE).astype(float)
    image = slxrd.DetectorImage(noise, name="noise.tif")
    with pytest.raises(slxrd.SlxrdError, match=r"noise.tif: \d spots were found, fewer than 4"):
        slxrd.measure_periods(image, GEOMETRY)
    with pytest.raises(slxrd.SlxrdError, match="need the angle of incidence"):
        slxrd.measure_periods(image, GEOMETRY.with_incidence(None))
    with pytest.raises(slxrd.SlxrdError, match="all pixels are zero"):
        slxrd.measure_periods(slxrd.DetectorImage(np.zeros(SHAPE)), GEOMETRY)
    for options, message in (
        ({"critical": -1.0}, "critical -1: must be from 0 to 1"),
        ({"critical_error": 0.1}, "which is not given"),
    ):
        with pytest.raises(slxrd.SlxrdError, match=message):
            slxrd.measure_periods(image, GEOMETRY, **options)
    with pytest.raises(slxrd.SlxrdError, match="error of the centre -1"):
        slxrd.GeometryErrors(centre=-1.0)
