"""Disorder from fringes, tilt, strain and coherence, compared with the paper and simulated patterns."""

import math

import numpy as np
import pytest

import slxrd
from slxrd.data.regions import Region
from slxrd.errors import SlxrdError
from slxrd.fitting.result.fit import Estimate
from slxrd.instrument.diffractometer import Instrument
from slxrd.studies.merit.coherence import (
    compare_coherent,
    compare_slits,
    longitudinal_coherence,
    transverse_coherence,
)
from slxrd.studies.merit.disorder import disorder_from_fringes
from slxrd.studies.merit.figures import strain, tilt
from slxrd.studies.merit.visibility import CHANCE, fringe_visibility

CUBES = {"d": 5.84, "L": 36.9, "sigma_L": 1.43, "N": 13.0, "sigma_N": 1.55}


@pytest.mark.slow
def test_the_cubes_of_the_paper() -> None:
    """Fringes at the first Bragg peak, none at the second: 0.7 Å < δ_Λ < 1.4 Å (SI section S.k)."""
    found = disorder_from_fringes(slxrd.example("cspbbr3-cubes").pattern(), [(0.88, 1.28), (1.98, 2.33)])
    first, second = found.orders
    assert first.seen
    assert not second.seen
    assert second.conclusive
    assert found.above == pytest.approx(math.pi / (2.0 * 2.152), abs=0.01)
    assert found.below == pytest.approx(math.pi / (2.0 * 1.076), abs=0.01)
    assert first.visibility == pytest.approx(
        math.exp(-0.5 * (1.076 * 1.43) ** 2), abs=4.0 * (first.error or 0.0)
    )
    assert found.sigma_L.value == pytest.approx(1.43, abs=4.0 * (found.sigma_L.error or 0.0))
    # The limit at the second peak is above the simulated visibility.
    assert second.limit is not None
    assert math.exp(-0.5 * (2.152 * 1.43) ** 2) < second.limit


@pytest.mark.slow
@pytest.mark.parametrize("sigma_L", [0.6, 1.2, 1.7])
def test_the_limits_contain_the_simulated_disorder(sigma_L: float) -> None:
    """With little noise weak fringes are seen at the second peak too, which do not mean δ_Λ < π/(2q)."""
    q = np.arange(0.85, 2.4, 0.003)
    pattern = slxrd.simulate(q, {**CUBES, "sigma_L": sigma_L}, noise=0.002, seed=7)
    found = disorder_from_fringes(pattern, [(0.88, 1.28), (1.98, 2.33)], noise=0.002)
    first, second = found.orders
    assert (found.above or 0.0) < sigma_L < (found.below or math.inf)
    for order in (first, second):
        assert order.within_threshold is (sigma_L < math.pi / (2.0 * order.q))
    if sigma_L == 1.2:
        assert second.seen
        assert second.visibility == pytest.approx(0.036, abs=0.01)
        assert "below the 0.29 of the threshold" in str(found)


@pytest.mark.slow
def test_a_visibility_at_the_threshold_gives_no_limit() -> None:
    threshold = math.pi / (2.0 * 2.0 * math.pi / CUBES["d"])
    q = np.arange(0.88, 1.28, 0.003)
    pattern = slxrd.simulate(q, {**CUBES, "sigma_L": threshold}, noise=0.02, seed=3)
    found = disorder_from_fringes(pattern, [(0.88, 1.28)], noise=0.02)
    assert found.orders[0].seen
    assert found.above is None
    assert found.below is None
    assert any("cannot be distinguished" in note for note in found.notes)


@pytest.mark.slow
def test_spheres_have_a_lower_limit() -> None:
    found = disorder_from_fringes(slxrd.example("pbs-spheres").pattern(), [(1.9, 2.32)])
    assert found.below is None
    assert found.above == pytest.approx(0.74, abs=0.01)
    assert found.sigma_L.status == "lower bound"
    assert 0.7 < (found.sigma_L.value or 0.0) < 2.5


@pytest.mark.slow
def test_no_false_fringes() -> None:
    """40 patterns without visible fringes; at a chance of 1/1000 each, none should appear to have them."""
    q = np.arange(0.88, 1.28, 0.003)
    chances = []
    for seed in range(40):
        random = np.random.default_rng(seed)
        values = {
            **CUBES,
            "sigma_L": 9.0,
            "N": random.uniform(8.0, 16.0),
            "sigma_N": random.uniform(0.8, 2.5),
        }
        pattern = slxrd.simulate(q, values, peak=10.0 ** random.uniform(2, 4), noise="counting", seed=seed)
        chances.append(fringe_visibility(pattern, Region(0.88, 1.28), Instrument(), 40).chance)
    assert min(chances) > CHANCE
    # ``chance`` is an upper bound of the probability.
    assert np.mean(np.array(chances) < 0.2) <= 0.2 + 3.0 * math.sqrt(0.2 * 0.8 / 40.0)


@pytest.mark.slow
def test_no_limit_at_high_noise() -> None:
    pattern = slxrd.simulate(np.arange(0.88, 1.28, 0.004), CUBES, noise=0.5, seed=1)
    found = disorder_from_fringes(pattern, [(0.88, 1.28)])
    assert not found.orders[0].seen
    assert not found.orders[0].conclusive
    assert found.above is None
    assert found.limits_text == "not limited"
    assert found.sigma_L.status in ("undetermined", "lower bound")
    assert "the peak gives no limit" in str(found)


def test_tilt_of_the_paper() -> None:
    """σ_L > 1.5 Å and a width of 90 Å give α > 1.9° (SI section S.p)."""
    d = Estimate(3.0, 0.0, "Å")
    limited = tilt(Estimate(1.5, None, "Å", "lower bound"), Estimate(31.0, 0.0, "planes"), d)
    assert limited.value == pytest.approx(1.9, abs=0.02)
    assert limited.status == "lower bound"
    assert limited.error is None
    random, n = np.random.default_rng(1), 200_000
    sigma_L, N = random.normal(1.5, 0.1, n), random.normal(31.0, 1.0, n)
    drawn = np.degrees(np.arctan(2.0 * sigma_L / ((N - 1.0) * random.normal(3.0, 0.02, n))))
    found = tilt(Estimate(1.5, 0.1, "Å"), Estimate(31.0, 1.0, "planes"), Estimate(3.0, 0.02, "Å"))
    assert found.error == pytest.approx(float(drawn.std()), rel=0.02)


def test_tilt_of_extreme_values() -> None:
    """The error of σ_L = 0 is not lost, and what is no distance is refused."""
    N, d = Estimate(31.0, 1.0, "planes"), Estimate(3.0, 0.02, "Å")
    none = tilt(Estimate(0.0, 0.3, "Å"), N, d)
    assert none.value == 0.0
    assert none.error == pytest.approx(math.degrees(0.6 / 90.0))
    for wrong in (0.0, -3.0, math.nan):
        with pytest.raises(SlxrdError, match="lengths"):
            tilt(Estimate(1.5, 0.1, "Å"), N, Estimate(wrong, 0.02, "Å"))
    with pytest.raises(SlxrdError, match="lengths"):
        tilt(Estimate(-1.5, 0.1, "Å"), N, d)
    with pytest.raises(SlxrdError, match="too large"):
        tilt(Estimate(1.5, 0.1, "Å"), N, Estimate(1e308, 0.02, "Å"))


def test_strain_of_the_platelets() -> None:
    """6.0166 Å along the stack, 5.836 Å across: +3.1 %; the paper quotes +3.0 %."""
    found = strain(Estimate(6.0166, 0.002, "Å"), 5.836, 0.003)
    assert found.value == pytest.approx(3.09, abs=0.01)
    random = np.random.default_rng(2)
    drawn = 100.0 * (random.normal(6.0166, 0.002, 100_000) / random.normal(5.836, 0.003, 100_000) - 1.0)
    assert found.error == pytest.approx(float(drawn.std()), rel=0.02)
    with pytest.raises(SlxrdError, match="bulk"):
        strain(Estimate(6.0, 0.1, "Å"), -1.0)


def test_coherence_of_the_paper() -> None:
    """24 nm with a slit of 3 mm correspond to a radius of 467 mm (SI Eq. S14)."""
    assert transverse_coherence(1.5406, 467.0, 3.0) == pytest.approx(240.0, abs=1.0)
    assert longitudinal_coherence(1.5406) == pytest.approx(2700.0, rel=0.02)
    for wrong in ((0.0, 467.0, 3.0), (1.54, -1.0, 3.0), (1.54, 467.0, math.nan)):
        with pytest.raises(SlxrdError, match="must be a positive number"):
            transverse_coherence(*wrong)


@pytest.mark.slow
def test_curves_with_other_numbers_of_crystals_and_slits() -> None:
    """Compared with simulated curves: M = 2 differs much from M = 40, and slits broaden."""
    q = np.arange(0.9, 1.25, 0.003)
    pattern = slxrd.simulate(q, CUBES, noise=0.01, seed=3, wavelength="CuKa1")
    fit = slxrd.fit(pattern, regions=[(0.9, 1.25)], start=CUBES, fix={"q_zero": 0.0}, systematics="none")
    by_number = {each.coherent: each for each in compare_coherent(fit, (2, 40, 80))}
    assert by_number[40].deviation == 0.0
    assert by_number[40].delta_chi2 == 0.0
    values = dict(fit.minima[0].values)
    two, forty = (slxrd.simulate(fit.regions[0].q, values, coherent=M, peak=1.0).intensity for M in (2, 40))
    fitted = fit.regions[0]
    scaled = [float((fitted.measured @ curve) / (curve @ curve)) * curve for curve in (two, forty)]
    expected = np.max(np.abs(scaled[0] - scaled[1])) / fitted.sigma[0]
    assert by_number[2].deviation == pytest.approx(float(expected), rel=1e-6)
    with pytest.raises(SlxrdError, match="cannot be measured with it"):
        compare_slits(fit, 1e308, 467.0)
    assert compare_slits(fit, 1.5406, 1e308, (0.1,))[0].coherent == 100_000
    slits = compare_slits(fit, 1.5406, 467.0, (0.1, 3.0))
    assert slits[0].curve.max() > slits[1].curve.max()
    assert slits[1].coherent == 2
    assert slits[1].deviation > 3.0 * slits[0].deviation


def test_the_error_of_a_strain_needs_no_division_by_d() -> None:
    assert slxrd.strain(slxrd.Estimate(0.0, 0.1, "Å"), 5.0).error == pytest.approx(2.0)
