"""Diagnosis and fit of patterns that were interpolated onto a finer grid after the measurement."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

import slxrd
from slxrd.fitting.diagnosis.diagnose import diagnose
from slxrd.fitting.diagnosis.noise import estimate_noise

TRUTH = {"d": 5.84, "L": 36.9, "sigma_L": 1.43, "N": 13.0, "sigma_N": 1.55}
REGIONS = [(0.88, 1.28), (1.98, 2.33)]
STEP, NOISE = 0.003, 0.015


@cache
def measured(seed: int) -> slxrd.Pattern:
    return slxrd.simulate(np.arange(0.86, 2.36, STEP), TRUTH, noise=NOISE, seed=seed)


@cache
def finer(seed: int, factor: int) -> slxrd.Pattern:
    original = measured(seed)
    q = np.arange(original.q[0], original.q[-1], STEP / factor)
    return slxrd.Pattern(q, np.interp(q, original.q, original.intensity), source="finer")


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("factor", [2, 3, 4])
def test_the_noise_of_interpolated_points_is_that_of_the_measured_ones(seed: int, factor: int) -> None:
    """A point between two measured ones has between half and all of their variance, 2/3 on average."""
    level = NOISE * measured(seed).intensity.max()
    found, original = estimate_noise(finer(seed, factor)), estimate_noise(measured(seed))
    assert original.time == 1.0
    assert original.constant == pytest.approx(level, rel=0.15)
    assert found.time > 1.0
    assert found.constant == pytest.approx(np.sqrt(2.0 / 3.0) * level, rel=0.35)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("factor", [2, 3])
def test_bumps_of_the_noise_are_no_sharp_peaks(seed: int, factor: int) -> None:
    """They were, and the fit had their width, a tenth of the true one, as its resolution."""
    found = diagnose(finer(seed, factor))
    assert found.resolution is not None
    assert found.resolution.sigma > 0.007
    assert "resolution" not in found.proposal.options
    assert len(found.peaks) < 2 * len(diagnose(measured(seed)).peaks)


def test_a_diagnosis_states_that_points_are_not_independent() -> None:
    lines = str(diagnose(finer(0, 3))).splitlines()
    assert "neighbouring points are not independent" in lines[0]
    assert "graded systematic at best" in lines[1]
    assert "independent" not in str(diagnose(measured(0)))


CUBES = (0.86, 2.36, TRUTH)
SHEETS = (1.6, 2.6, {"d": 3.0, "L": 44.0, "sigma_L": 0.34, "N": 4.0, "sigma_N": 0.8})


@pytest.mark.parametrize("sample", [CUBES, SHEETS], ids=["cubes", "sheets"])
@pytest.mark.parametrize("step", [0.004, 0.002, 0.001, 0.0005, 0.00025])
@pytest.mark.parametrize("noise", [None, 1e-5, 1e-4, 1e-3, 0.01])
def test_points_that_were_neither_smoothed_nor_interpolated_are_independent(
    sample: tuple[float, float, dict[str, float]], step: float, noise: float | None
) -> None:
    """Without noise all of these looked smoothed, and some had no peaks, as their fringes were its noise."""
    low, high, truth = sample
    pattern = slxrd.simulate(np.arange(low, high, step), truth, noise=noise, seed=1)
    found = estimate_noise(pattern)
    assert found.time == 1.0
    highest = pattern.intensity.max()
    assert np.median(found.sigma(pattern.intensity)) < max(1.5 * (noise or 0.0), 1e-3) * highest


def test_averages_of_noisy_points_are_found() -> None:
    """In most patterns: of 500 points, only those between the peaks count."""
    times = []
    for seed in range(8):
        original = measured(seed)
        mean = np.convolve(original.intensity, np.full(3, 1.0 / 3.0), "same")[3:-3]
        times.append(estimate_noise(slxrd.Pattern(original.q[3:-3], mean, source="mean")).time)
    assert times.count(pytest.approx(3.0)) >= 5


@pytest.mark.parametrize("seed", range(3))
def test_a_grid_that_is_eight_times_finer_is_found(seed: int) -> None:
    assert estimate_noise(finer(seed, 8)).time > 1.0


@pytest.mark.parametrize("N", [40, 120])
@pytest.mark.parametrize("step", [0.002, 0.0008, 0.0004, 0.0001])
def test_films_without_noise_are_not_smoothed(N: int, step: float) -> None:
    """sin²(Nqd/2)/sin²(qd/2)"""
    q, d = np.arange(1.9, 2.2, step), 3.0664
    curve = 1e6 * (np.sin(0.5 * N * q * d) / (N * np.sin(0.5 * q * d))) ** 2
    assert estimate_noise(slxrd.Pattern(q, curve, source="film")).time == 1.0


@pytest.mark.parametrize("noise", [None, 1e-4])
def test_a_diagnosis_of_patterns_with_hardly_any_noise(noise: float | None) -> None:
    for step in (0.004, 0.001):
        low, high, truth = SHEETS
        found = diagnose(slxrd.simulate(np.arange(low, high, step), truth, noise=noise, seed=1))
        assert found.proposal.kind == "stack"
        assert len(found.peaks) > 5
        assert "independent" not in str(found)


@pytest.mark.slow
def test_the_gap_of_interpolated_data_is_the_true_one() -> None:
    fit = slxrd.fit(finer(0, 3), regions=REGIONS, noise=NOISE)
    assert fit.assessment is not None
    assert fit.assessment.grade == "systematic"
    assert fit.instrument.sigma_G == 0.007
    gap = fit.parameters["L"]
    assert gap.error is not None
    assert abs(fit.solutions[0].values["L"] - TRUTH["L"]) < 3.0 * gap.error


@pytest.mark.slow
@pytest.mark.parametrize("systematics", ["none", "default"])
def test_errors_of_interpolated_points_are_not_those_of_independent_ones(systematics: str) -> None:
    """Three times the points contain no more than the measured ones, and errors are widened for that."""
    start = {name: TRUTH[name] for name in TRUTH}
    fit = slxrd.fit(finer(1, 3), regions=REGIONS, noise=NOISE, start=start, systematics=systematics)
    assert fit.assessment is not None
    assert fit.assessment.noise_time > 2.0
    assert fit.assessment.widening > 1.3
