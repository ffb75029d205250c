"""The low-angle region, compared with random stacks, sums over sizes, limits, and the paper's numbers."""

import math
from dataclasses import replace

import brute_force
import numpy as np
import pytest

from slxrd.data.pattern import Pattern
from slxrd.data.regions import Region, RegionData
from slxrd.fitting.examples import SERIES
from slxrd.fitting.result.fit import Estimate
from slxrd.instrument.diffractometer import Instrument
from slxrd.studies.lowangle.average import Average
from slxrd.studies.lowangle.dips import find_dips, gap_from_dips
from slxrd.studies.lowangle.fit import fit_low_angle
from slxrd.studies.lowangle.model import BACKGROUND_SHAPES, NAMES, BackgroundShape, LowAngleModel
from slxrd.studies.lowangle.refinement import Refinement
from slxrd.units import FloatArray

CUBES = {"d": 5.84, "L": 36.9, "sigma_L": 1.43, "N": 13.0, "sigma_N": 1.55}


def low_angle_model(
    q: FloatArray, d: float, *, coherent: int = 40, fringes: bool = True, sigma_G: float = 0.0
) -> LowAngleModel:
    band = Instrument(sigma_G).band(q, 600.0)
    return LowAngleModel(
        band, 0.5 * q[0], math.sqrt(q[0] * q[-1]), d, coherent, 0.0, sigma_G, "power", fringes
    )


def values(**given: float) -> FloatArray:
    return np.array([{"signal": 1.0, **given}.get(name, 0.0) for name in NAMES])


def summed(q: FloatArray, critical: float, slope: float, sigma_G: float = 0.007, M: int = 40) -> FloatArray:
    """Stacks of cubes by a sum over sizes and pairs, with refraction, slope and resolution at each point."""
    offsets = np.linspace(-6.0, 6.0, 121)
    weights = np.exp(-0.5 * offsets**2)
    places = q[:, None] + sigma_G * offsets
    inside = np.sqrt(places**2 - critical**2)
    sizes = np.arange(5, 22)
    shares = brute_force.gaussian_weights(sizes, CUBES["N"], CUBES["sigma_N"])
    total = np.zeros(places.shape)
    for n, share in zip(sizes, shares, strict=True):
        form = (np.sin(n * inside * CUBES["d"] / 2.0) / np.sin(inside * CUBES["d"] / 2.0)) ** 2
        period = (n - 1) * CUBES["d"] + CUBES["L"]
        wave = np.exp(1j * inside * period - 0.5 * (inside * CUBES["sigma_L"]) ** 2)
        pairs = wave * np.polynomial.polynomial.polyval(wave, np.arange(M - 1.0, 0.0, -1.0))
        total += share * form * (M + 2.0 * np.real(pairs))
    return (total * (places / 0.25) ** -slope) @ weights / weights.sum()


def cubes(seed: int, counts: float, critical: float = 0.037, slope: float = 1.0) -> Pattern:
    q = np.arange(0.1, 0.64, 0.003)
    signal = summed(q, critical, slope)
    expected = counts * signal / signal[q > 0.12].max() + counts / 500.0 * (1.0 + (q / 0.25) ** -3.0)
    intensity = np.random.default_rng(seed).poisson(expected).astype(float)
    return Pattern(q, intensity, per_count=1.0, metadata={"simulated": "cubes"})


@pytest.mark.slow
def test_model_is_the_average_of_random_stacks() -> None:
    d, L, sigma_L, N, sigma_N, M = 3.0, 13.0, 0.9, 6.0, 0.9, 6
    q = np.linspace(0.15, 1.4, 40)
    mean, error = brute_force.average(
        np.random.default_rng(4), q, d=d, L=L, sigma_L=sigma_L, N=N, sigma_N=sigma_N, sizes=range(2, 11),
        n_coherent=M, n_stacks=400,
    )  # fmt: skip
    curve, _ = low_angle_model(q, d, coherent=M).curve(
        values(w=L - d, sigma_w=sigma_L, t=N * d, sigma_t=sigma_N * d)
    )
    scale = float((mean / error**2) @ curve / np.sum((curve / error) ** 2))
    pulls = (mean - scale * curve) / np.hypot(error, 0.003 * scale * curve)
    assert np.abs(pulls).max() < 4.5
    assert np.ptp(curve) / curve.min() > 20.0, "the curve must vary for the comparison to mean anything"


def test_without_disorder_the_curve_is_that_of_the_gap() -> None:
    """Eq. S1 with sin²(qw/2), divided by the factor of the planes, sin²(qd/2)."""
    q, w, d = np.linspace(0.12, 0.6, 100), 31.06, 5.84
    curve, _ = low_angle_model(q, d, coherent=10**6, fringes=False).curve(values(w=w))
    expected = np.sin(q * w / 2.0) ** 2 / np.sin(q * d / 2.0) ** 2
    ratio = float(curve @ expected / (expected @ expected))
    assert np.abs(curve - ratio * expected).max() < 1e-5 * curve.max()


@pytest.mark.parametrize("d", [0.0, 5.84])
@pytest.mark.parametrize(("fringes", "background"), [(False, "exponential"), (True, "power"), (True, "both")])
def test_derivatives(d: float, fringes: bool, background: BackgroundShape) -> None:
    q = np.linspace(0.12, 0.6, 60)
    model = replace(low_angle_model(q, d, fringes=fringes, sigma_G=0.007), background=background)
    at = values(
        w=31.0, sigma_w=1.4, t=76.0, sigma_t=9.0, slope=0.5, fall=3.0, signal=2.0, smooth=0.3, constant=0.1,
        fall_2=4.0, smooth_2=0.2,
    )  # fmt: skip
    _, exact = model.curve(at)
    for i, name in enumerate(NAMES):
        step = 1e-5 * np.eye(len(NAMES))[i]
        numeric = (model.curve(at + step)[0] - model.curve(at - step)[0]) / 2e-5
        assert np.abs(exact[i] - numeric).max() <= 1e-6 * max(np.abs(numeric).max(), 1e-3), name


@pytest.mark.slow
def test_the_gap_is_found_with_its_error() -> None:
    """w is L − d = 31.06 Å, with unknown refraction, a slope, a background and fringes."""
    found = fit_low_angle(cubes(1, 1e4), d=CUBES["d"])
    gap, truth = found.gap, CUBES["L"] - CUBES["d"]
    assert found.fringes
    assert gap.status == "determined"
    assert gap.error is not None
    assert 0.01 < gap.error < 0.2
    assert gap.value == pytest.approx(truth, abs=4.0 * gap.error)
    spacing = found.estimates["spacing"]
    assert spacing.value == pytest.approx(CUBES["L"], abs=4.0 * gap.error)
    thickness = found.estimates["thickness"]
    assert thickness.value == pytest.approx(CUBES["N"] * CUBES["d"], abs=4.0 * (thickness.error or 0.0))
    L = Estimate(36.9, 0.1, "Å")
    assert found.mismatch(L).value == pytest.approx(CUBES["d"], abs=4.0 * math.hypot(gap.error, 0.1))


@pytest.mark.slow
def test_neglected_refraction_shifts_the_gap() -> None:
    """Neglected refraction shifts w by several errors, so all critical scattering vectors are tried."""
    pattern = cubes(5, 1e4)
    without, known = (
        fit_low_angle(pattern, d=CUBES["d"], critical=critical, background="power")
        for critical in (0.0, 0.037)
    )
    truth = CUBES["L"] - CUBES["d"]
    assert abs((without.gap.value or 0.0) - truth) > 0.15
    assert known.gap.value == pytest.approx(truth, abs=4.0 * (known.gap.error or 0.0))
    assert known.reduced_chi2 < without.reduced_chi2


def points(q: FloatArray, intensity: FloatArray, relative: float = 0.01) -> RegionData:
    return RegionData(Region(q[0], q[-1]), q, intensity, relative * intensity + 1e-6 * intensity.max())


def test_dips_of_the_paper() -> None:
    """Minima 0.201 Å⁻¹ apart correspond to 31.3 Å with sinc²(qw/2) (S1 as printed has them π/w apart)."""
    q = np.arange(0.1, 0.7, 0.002)
    dips = find_dips(points(q, np.sinc(q * 31.3 / 2.0 / np.pi) ** 2 + 1e-3))
    assert np.diff([dip.q for dip in dips]) == pytest.approx([0.201, 0.201], abs=0.002)
    assert gap_from_dips(dips).value == pytest.approx(31.3, abs=0.2)


def test_a_sloping_envelope_shifts_the_dips() -> None:
    """The gap from the dips is too large on a falling background, as 31.9 Å for a true 31.06 Å."""
    q = np.arange(0.12, 0.55, 0.002)
    w, d = 31.06, 5.84
    filled = (1.0 - np.exp(-0.5 * (1.43 * q) ** 2) * np.cos(q * w)) / np.sin(q * d / 2.0) ** 2
    level = gap_from_dips(find_dips(points(q, filled))).value
    sloping = gap_from_dips(find_dips(points(q, filled + 1.5 * (q / 0.2) ** -3.0))).value
    assert level == pytest.approx(w, abs=0.2)
    assert sloping is not None
    assert 0.3 < sloping - w < 3.0


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(3))
def test_no_gap_without_dips(seed: int) -> None:
    random = np.random.default_rng(seed)
    q = np.arange(0.1, 0.6, 0.003)
    expected = 10.0 ** random.uniform(2, 4) * ((q / 0.1) ** -random.uniform(2, 5) + random.uniform(0.0, 0.05))
    counts = Pattern(q, random.poisson(expected).astype(float), per_count=1.0)
    found = fit_low_angle(counts, d=5.84, critical=None if seed == 0 else 0.0)
    assert not found.seen
    assert found.gap.status == "undetermined"
    assert found.gap.value is None
    assert "no dips" in str(found)
    assert found.mismatch(Estimate(36.9, 0.1, "Å")).status == "undetermined"


@pytest.mark.slow
def test_the_shape_of_the_background_need_not_be_known() -> None:
    """The packaged cubes have an exponential background, which the data distinguish from a power law."""
    example = SERIES["cspbbr3-annealing"]
    pattern, truth = example.patterns()[25.0], example.truth[25.0]
    found = fit_low_angle(pattern, d=truth["d"], critical=0.0)
    gap = found.gap
    assert gap.error is not None
    assert gap.value == pytest.approx(truth["L"] - truth["d"], abs=3.0 * gap.error)
    assert found.background_shape == "exponential"
    assert sum(weight for weight, _ in found.backgrounds.values()) == pytest.approx(1.0)
    unknown = fit_low_angle(pattern, d=truth["d"])
    assert unknown.gap.error is not None
    assert unknown.gap.error > 2.0 * gap.error
    assert unknown.gap.value == pytest.approx(truth["L"] - truth["d"], abs=2.0 * unknown.gap.error)


def test_the_error_includes_differences_between_backgrounds() -> None:
    """Mean and variance are those of the mixture distribution."""
    region, shape = (
        points(np.linspace(0.12, 0.5, 60), np.ones(60)),
        low_angle_model(np.linspace(0.12, 0.5, 60), 5.84),
    )
    free = np.ones(len(NAMES), dtype=bool)
    covariance = np.diag([0.01, *[0.0] * (len(NAMES) - 1)])
    refined = [
        Refinement(replace(shape, background=kind), values(w=w), free, covariance, np.ones(60), 60.0)
        for kind, w in zip(BACKGROUND_SHAPES[:2], (31.4, 31.0), strict=True)
    ]
    average = Average(region, tuple(refined), tuple(refined), np.array([0.25, 0.75]), 99.0, 1.0)
    mean, error = average.combination({"w": 1.0})
    assert mean == pytest.approx(31.1)
    assert error == pytest.approx(math.sqrt(0.01 + 0.25 * 0.3**2 + 0.75 * 0.1**2))
    assert average.by_background() == {"power": (0.25, 31.4), "exponential": (0.75, 31.0)}


def test_other_gaps_are_listed_once() -> None:
    """Another minimum of nearly the same χ², and another gap at other refraction."""
    q = np.linspace(0.12, 0.5, 60)
    free, covariance = np.ones(len(NAMES), dtype=bool), np.zeros((len(NAMES),) * 2)

    def refined(w: float, chi2: float) -> Refinement:
        return Refinement(low_angle_model(q, 5.84), values(w=w), free, covariance, np.ones(60), chi2)

    minima = tuple(refined(w, chi2) for w, chi2 in ((31.0, 60.0), (11.3, 64.0), (50.0, 90.0)))
    paths = tuple(refined(w, chi2) for w, chi2 in ((31.0, 60.0), (31.4, 61.0), (35.0, 62.0), (40.0, 99.0)))
    average = Average(points(q, np.ones(60)), minima, paths, np.array([0.5, 0.3, 0.2, 0.0]), 99.0, 1.0)
    assert average.rivals(9.0) == [11.3, 35.0]


@pytest.mark.slow
def test_sum_of_two_backgrounds() -> None:
    """With a power law and an exponential, neither of which fits alone, w is correct and its error small."""
    q = np.arange(0.1, 0.64, 0.003)
    signal = summed(q, 0.0, 1.0)
    background = 0.3 * (q / 0.12) ** -2.5 + 0.4 * np.exp(-(q - 0.12) / 0.04)
    expected = 2e4 * (signal / signal[q > 0.12].max() + background)
    counts = np.random.default_rng(3).poisson(expected).astype(float)
    found = fit_low_angle(Pattern(q, counts, per_count=1.0), d=CUBES["d"], critical=0.0)
    assert found.background_shape == "both"
    assert found.reduced_chi2 < 1.4
    assert found.gap.error is not None
    assert found.gap.error < 0.2
    assert found.gap.value == pytest.approx(CUBES["L"] - CUBES["d"], abs=3.0 * found.gap.error)
    alone = fit_low_angle(Pattern(q, counts, per_count=1.0), d=CUBES["d"], critical=0.0, background="power")
    assert alone.chi2 > found.chi2 + 20.0
