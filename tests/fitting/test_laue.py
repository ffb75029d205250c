"""Laue fringes: the spacing of their minima against films of known thickness."""

from __future__ import annotations

import numpy as np
import pytest

from slxrd.data.pattern import Pattern
from slxrd.errors import SlxrdError
from slxrd.fitting.diagnosis.laue import LaueFringes, laue_fringes
from slxrd.fitting.examples import EXAMPLES

D = 3.0664


def film(
    N: int, step: float = 0.0004, seed: int | None = None, shift: float = 0.0, peak: float = 1e6
) -> Pattern:
    """sin²(Nqd/2)/sin²(qd/2), the fringes above the Bragg peak moved by ``shift`` (Å⁻¹)."""
    q = np.arange(1.9, 2.2, step)
    bragg = 2.0 * np.pi / D
    moved = np.where(q > bragg + np.pi / (N * D), q - shift, q)
    intensity = peak * (np.sin(0.5 * N * moved * D) / (N * np.sin(0.5 * moved * D))) ** 2
    if seed is not None:
        intensity = np.random.default_rng(seed).poisson(intensity).astype(float)
    return Pattern(q, intensity, source="film")


@pytest.mark.parametrize("N", [40, 120, 200])
def test_a_perfect_film(N: int) -> None:
    found = laue_fringes(film(N), 1.9, 2.2)
    assert found.thickness == pytest.approx(N * D, rel=1e-3)
    assert found.error < 1e-3 * N * D


def test_places_and_numbers_of_the_minima() -> None:
    """Minimum k at q_B + 2πk/(N·d), k = ±1, ±2, …, counted from 0 on either side."""
    found = laue_fringes(film(120), 1.95, 2.15)
    spacing, bragg = 2.0 * np.pi / (120 * D), 2.0 * np.pi / D
    k = np.round((found.minima - bragg) / spacing)
    np.testing.assert_allclose(found.minima, bragg + k * spacing, atol=1e-4)
    assert k.tolist() == [-5, -4, -3, -2, -1, 1, 2, 3, 4, 5]
    assert found.orders.tolist() == [-4, -3, -2, -1, 0, 0, 1, 2, 3, 4]


@pytest.mark.parametrize("shift", [-0.004, 0.002, 0.004])
def test_the_two_sides_may_be_apart(shift: float) -> None:
    found = laue_fringes(film(120, shift=shift), 1.9, 2.2)
    assert found.thickness == pytest.approx(120 * D, rel=1e-3)


def test_missing_minima_are_counted() -> None:
    pattern = film(120).masked(1.98, 2.012).masked(2.06, 2.09)
    found = laue_fringes(pattern, 1.9, 2.2)
    assert found.thickness == pytest.approx(120 * D, rel=1e-3)
    assert np.diff(found.orders).max() > 1


@pytest.mark.slow
def test_the_error_is_that_of_repeated_measurements() -> None:
    """60 noisy films: pulls of mean 0 and width 1. Limits at 4 standard errors: ±0.5, and 1 ± 0.4."""
    found = [laue_fringes(film(80, seed=seed, peak=2e5), 1.9, 2.2) for seed in range(60)]
    pulls = np.array([(fringes.thickness - 80 * D) / fringes.error for fringes in found])
    assert abs(pulls.mean()) < 0.5
    assert 0.6 < pulls.std(ddof=1) < 1.5


@pytest.mark.parametrize("step", [0.001, 0.0013, 0.0015, 0.0017, 0.002])
@pytest.mark.parametrize("N", [80, 100, 120])
def test_a_usual_step_is_fine_enough(N: int, step: float) -> None:
    """Nine to 25 points from one minimum to the next, as in real scans: 0.25 % is a tenth of a fringe."""
    found = laue_fringes(film(N, step), 1.9, 2.2)
    assert found.thickness == pytest.approx(N * D, rel=2.5e-3)


@pytest.mark.parametrize("seed", range(8))
def test_noise_between_the_fringes_is_not_a_fringe(seed: int) -> None:
    """A short measurement of fine steps: the far fringes are single counts, and zeros abound."""
    try:
        found = laue_fringes(film(120, 0.0004, seed, peak=2e4), 1.9, 2.2)
    except SlxrdError:
        return
    assert found.thickness == pytest.approx(120 * D, rel=0.02)
    assert abs(found.thickness - 120 * D) < 5.0 * found.error


def measured() -> LaueFringes:
    return laue_fringes(EXAMPLES["cumnsb-film"].pattern(), 1.94, 2.15)


@pytest.mark.slow
def test_the_measured_film() -> None:
    """Its fringes, read off by hand: 1.9466 to 2.0319 are 5 apart, so 2π·5/0.0853 = 368 Å."""
    found = measured()
    assert found.thickness == pytest.approx(368.3, abs=1.0)
    assert 0.1 < found.error < 1.0
    assert found.minima[0] == pytest.approx(1.9465, abs=5e-4)


def test_too_little_to_see() -> None:
    with pytest.raises(SlxrdError, match="film: fewer than 8 points"):
        laue_fringes(film(120), 2.0, 2.001)
    with pytest.raises(SlxrdError, match=r"Laue minima.*at least 4 are needed"):
        laue_fringes(film(120), 2.0, 2.03)
    smooth = Pattern(film(120).q, np.exp(-(((film(120).q - 2.05) / 0.03) ** 2)) * 1e4)
    with pytest.raises(SlxrdError, match="at least 4 are needed"):
        laue_fringes(smooth, 1.9, 2.2)
