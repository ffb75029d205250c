from functools import cache
from typing import Any

import numpy as np
import pytest

from slxrd.data.baseline import Method, subtract_background
from slxrd.data.corrections import counting_statistics
from slxrd.data.pattern import Pattern
from slxrd.data.regions import Region, select_points
from slxrd.errors import SlxrdError
from slxrd.fitting.api import fit, setup
from slxrd.fitting.fit_options import prepare_objective
from slxrd.fitting.minimise.least_squares import minimise
from slxrd.fitting.pipeline import RECOUNTED
from slxrd.fitting.request.declaration import collect
from slxrd.model.simulation import simulate
from slxrd.units import FloatArray, two_theta_from_q

CUBES = {"d": 5.84, "L": 36.9, "sigma_L": 1.43, "N": 13.0, "sigma_N": 1.55}
PLATELETS = {"d": 6.0166, "L": 32.0, "sigma_L": 0.6, "N": 6.0, "sigma_N": 0.6}
SHEETS = {"d": 3.0083, "L": 44.444, "sigma_L": 0.325, "N": 3.98, "sigma_N": 0.85}
CUBE_REGIONS: list[Any] = [(0.88, 1.28), (1.98, 2.33, 0.1)]
Q = np.round(np.arange(0.6, 2.6, 0.002), 6)
BLIND: list[Method] = ["aspls", "iarpls", "snip"]


def diffuse(q: FloatArray) -> FloatArray:
    """Air scattering that falls, a constant, and a weak halo: 30 % of a peak of 1500 at its highest."""
    return 360.0 * np.exp(-(q - 0.5) / 0.6) + 70.0 + 45.0 * np.exp(-0.5 * ((q - 1.45) / 0.3) ** 2)


def counts(truth: dict[str, float], seed: int, q: FloatArray = Q) -> Pattern:
    expected = simulate(q, truth, peak=1500.0).intensity + diffuse(q)
    return Pattern(q, np.random.default_rng(seed).poisson(expected), per_count=1.0, source="film.xrdml")


def far(q: FloatArray) -> FloatArray:
    """Where the cubes scatter next to nothing."""
    return np.asarray(((q > 0.65) & (q < 0.85)) | ((q > 1.4) & (q < 1.9)) | (q > 2.4))


@pytest.mark.parametrize(("method", "tolerance"), [("aspls", 18.0), ("iarpls", 18.0), ("snip", 60.0)])
def test_baseline_lies_on_the_background(method: Method, tolerance: float) -> None:
    """Against the truth; the noise of a point is 12 to 20 there, and snip lies at its lower edge."""
    done = subtract_background(counts(CUBES, 1), method)
    away = (done.baseline - diffuse(Q))[far(Q)]
    assert np.sqrt(np.mean(away**2)) < tolerance
    under = (Q > 1.0) & (Q < 1.15)
    assert np.abs(done.baseline - diffuse(Q))[under].max() < 75.0  # 5 % of the peak
    np.testing.assert_allclose(done.pattern.intensity + done.baseline, done.before.intensity, rtol=1e-12)


def test_bridge_knows_nothing_of_the_signal() -> None:
    signal = [(0.88, 1.28), (1.98, 2.33)]
    pattern = counts(CUBES, 1)
    done = subtract_background(pattern, signal=signal)
    assert done.pattern.history[-1].details["method"] == "bridge"
    assert np.sqrt(np.mean((done.baseline - diffuse(Q))[far(Q)] ** 2)) < 5.0
    assert np.abs(done.baseline - diffuse(Q)).max() < 40.0
    inside = (Q > 0.88) & (Q < 1.28)
    other = Pattern(Q, np.where(inside, 1e5, pattern.intensity), per_count=1.0)
    np.testing.assert_allclose(subtract_background(other, signal=signal).baseline, done.baseline, rtol=1e-6)


@pytest.mark.parametrize("step", [0.001, 0.004])
def test_width_is_the_period_that_is_followed_by_half(step: float) -> None:
    q = np.arange(0.5, 6.5, step)
    wave = np.cos(2.0 * np.pi * (q - 0.5) / 0.75)
    # A signal of a few points makes it a smoothing of all others.
    done = subtract_background(
        Pattern(q, 100.0 + 10.0 * wave), "bridge", width=0.75, signal=[(0.6, 0.6 + 3.0 * step)]
    )
    middle = (q > 2.0) & (q < 5.0)
    amplitude = 2.0 * np.mean((done.baseline * wave)[middle])
    assert amplitude == pytest.approx(5.0, rel=0.02)
    assert np.mean(done.baseline[middle]) == pytest.approx(100.0, rel=1e-3)


@pytest.mark.parametrize("method", BLIND)
def test_a_finer_step_does_not_matter(method: Method) -> None:
    q = np.arange(0.6, 2.6, 0.001)
    smooth = simulate(q, CUBES, peak=1500.0).intensity + diffuse(q)
    fine = subtract_background(Pattern(q, smooth), method).baseline[::2]
    coarse = subtract_background(Pattern(q[::2], smooth[::2]), method).baseline
    assert np.abs(fine - coarse).max() < 0.03 * diffuse(q).max()


def test_over_two_theta_it_is_the_same() -> None:
    pattern = counts(CUBES, 2)
    angles = Pattern(two_theta_from_q(Q, 1.5406), pattern.intensity, axis="2theta", wavelength=1.5406)
    done = subtract_background(angles)
    assert done.pattern.axis == "2theta"
    # Rounding may decide whether one more round is made; the noise is 15 to 20.
    np.testing.assert_allclose(done.baseline, subtract_background(pattern).baseline, atol=3.0)


def test_uneven_steps_are_evened() -> None:
    keep = np.sort(np.random.default_rng(3).permutation(Q.size)[: Q.size // 2])
    smooth = simulate(Q, CUBES, peak=1500.0).intensity + diffuse(Q)
    some = subtract_background(Pattern(Q[keep], smooth[keep])).baseline
    every = subtract_background(Pattern(Q, smooth)).baseline[keep]
    assert np.abs(some - every).max() < 0.05 * diffuse(Q).max()


@pytest.mark.parametrize("method", BLIND)
def test_masked_points_do_not_take_part(method: Method) -> None:
    pattern = counts(CUBES, 4)
    substrate = 1e6 * np.exp(-0.5 * ((Q - 1.7) / 0.005) ** 2)
    with_it = Pattern(Q, pattern.intensity + substrate, per_count=1.0).masked(1.64, 1.76)
    done = subtract_background(with_it, method)
    without = subtract_background(pattern.masked(1.64, 1.76), method)
    np.testing.assert_allclose(done.baseline, without.baseline, rtol=1e-6)
    assert done.pattern.mask.tolist() == with_it.mask.tolist()
    assert done.pattern.intensity.max() > 9e5


def test_sigma_is_that_of_the_counts_before() -> None:
    pattern = Pattern(Q, 3.0 * counts(CUBES, 5).intensity, per_count=3.0)
    after = subtract_background(pattern).pattern
    np.testing.assert_allclose(after.sigma, 3.0 * np.sqrt(pattern.intensity / 3.0), rtol=1e-12)
    assert [step.name for step in after.history] == ["σ from counting statistics", "background"]
    region = select_points(after, [Region(0.9, 1.25)], "counting")[0]
    inside = (Q >= 0.9) & (Q <= 1.25)
    np.testing.assert_allclose(region.sigma, np.sqrt(3.0 * pattern.intensity[inside]), rtol=1e-12)
    with pytest.raises(SlxrdError, match="raw counts"):
        counting_statistics(after)


def test_sigma_of_the_file_is_kept() -> None:
    pattern = Pattern(Q, counts(CUBES, 5).intensity, sigma=np.full(Q.size, 7.0), per_count=1.0)
    after = subtract_background(pattern).pattern
    assert after.sigma is not None
    assert set(after.sigma.tolist()) == {7.0}
    assert after.per_count is None
    assert subtract_background(Pattern(Q, pattern.intensity)).pattern.sigma is None


@cache
def without_background(truth: tuple[tuple[str, float], ...], seed: int) -> Pattern:
    return subtract_background(counts(dict(truth), seed)).pattern


def deviations(truth: dict[str, float], regions: list[Any], background: Any) -> dict[str, float]:
    """Mean deviation of what is refined behind a baseline, in its errors, over six patterns."""
    found: dict[str, list[float]] = {name: [] for name in truth}
    for seed in range(6):
        given = {"regions": regions, "start": truth, "fix": {"q_zero": 0.0}, "noise": "counting"}
        pattern, options = setup(
            without_background(tuple(truth.items()), 100 + seed), collect({**given, "background": background})
        )
        objective, _ = prepare_objective(pattern, options)
        result = minimise(objective, options.parameters)
        for _ in range(RECOUNTED if objective.counted else 0):
            objective = objective.recounted(result.evaluation.regions)
            result = minimise(objective, result.parameters)
        assert result.converged
        for name, value in truth.items():
            error = result.covariance.error(name)
            assert error is not None
            found[name].append((result.values[name] - value) / error)
    return {name: float(np.mean(values)) for name, values in found.items()}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("truth", "regions"), [(CUBES, CUBE_REGIONS), (PLATELETS, [(0.62, 0.78, 0.1), (0.8, 1.3)])]
)
def test_a_fit_that_refines_the_rest_is_not_biased(truth: dict[str, float], regions: list[Any]) -> None:
    """The mean of six has an error of 0.4; a baseline misjudges, up or down, as a parabola."""
    assert max(map(abs, deviations(truth, regions, "signed-quadratic").values())) < 1.7


@pytest.mark.slow
def test_a_baseline_alone_biases() -> None:
    """What the page says of cubes: too many planes, since the foot of the Bragg peak is taken away."""
    assert deviations(CUBES, CUBE_REGIONS, "none")["N"] > 1.7


@pytest.mark.slow
def test_broad_peaks_are_reported() -> None:
    """Sheets of four planes: the baseline takes what lies between the fringes, and the user is warned."""
    q = np.round(np.arange(1.0, 2.8, 0.002), 6)
    pattern = counts(SHEETS, 6, q)
    done = subtract_background(pattern)
    assert any("sigma_L too small" in note for note in done.notes)
    assert subtract_background(counts(CUBES, 6)).notes == ()
    result = fit(
        done.pattern,
        regions=[(1.65, 2.6)],
        start=SHEETS,
        fix={"q_zero": 0.0},
        background="constant",
        systematics="none",
    ).parameters["sigma_L"]
    assert result.value is not None
    assert result.error is not None
    assert result.value < SHEETS["sigma_L"] - 3.0 * result.error


def test_the_step_names_method_width_and_signal() -> None:
    done = subtract_background(counts(CUBES, 7), width=0.5, signal=[(0.9, 1.25), (2.0, 2.3)])
    assert str(done.pattern.history[-1]) == (
        "background (method = bridge, width (Å⁻¹) = 0.5, signal (Å⁻¹) = 0.9:1.25, 2:2.3)"
    )
    with pytest.raises(ValueError, match="read-only"):
        done.baseline[0] = 0.0


def test_not_twice() -> None:
    once = subtract_background(counts(CUBES, 8)).pattern
    with pytest.raises(SlxrdError, match="already"):
        subtract_background(once)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"method": "rolling"}, "aspls, iarpls, snip, bridge"),
        ({"method": "bridge"}, "give signal"),
        ({"method": "snip", "signal": [(0.9, 1.2)]}, "leave out signal"),
        ({"width": 0.0}, "positive"),
        ({"width": float("nan")}, "positive"),
        ({"width": 0.005}, "hardly larger than the step"),
        ({"width": 1e4}, "straight line"),
        ({"signal": [(1.2, 0.9)]}, "lower end"),
        ({"signal": [(0.5, 0.9)]}, "both sides"),
        ({"signal": [(0.61, 2.59)]}, "fewer than 20 points"),
    ],
)
def test_refused(options: dict[str, object], message: str) -> None:
    with pytest.raises(SlxrdError, match=message):
        subtract_background(counts(CUBES, 9), **options)  # type: ignore[arg-type]


def test_too_few_points() -> None:
    with pytest.raises(SlxrdError, match="too few"):
        subtract_background(Pattern(np.arange(1.0, 2.0, 0.1), np.ones(10)))


@pytest.mark.parametrize("method", BLIND)
def test_nothing_but_a_constant(method: Method) -> None:
    """No noise and no peak, on which weights that come from the scatter are 0/0."""
    done = subtract_background(Pattern(Q, np.full(Q.size, 5.0)), method)
    np.testing.assert_allclose(done.baseline, 5.0, rtol=1e-3)
