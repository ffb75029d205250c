"""Predictions from one noise-free pattern agree with the fits of many noisy ones."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import pytest

from slxrd.data.regions import Region
from slxrd.fitting.fit_options import FitOptions
from slxrd.model.simulation import simulate
from slxrd.studies.planning.distinguishability import Distinguishability, distinguishability
from slxrd.studies.planning.plan import plan
from slxrd.studies.planning.result import Plan

CUBES = {"d": 5.84, "L": 36.9, "sigma_L": 1.43, "N": 13.0, "sigma_N": 1.55}
SCAN: dict[str, Any] = {"q_low": 0.9, "q_high": 1.3, "step": 0.0025, "regions": [(0.9, 1.3)]}


@cache
def predicted(counts: float, **changed: float) -> Distinguishability:
    values = {**CUBES, **changed}
    noise_free = simulate(np.arange(0.9, 1.3, 0.0025), values, peak=counts)
    sigma = np.sqrt(np.maximum(noise_free.intensity, 1e-3))
    found = distinguishability(noise_free, sigma, FitOptions((Region(0.9, 1.3),)), {"q_zero": 0.0, **values})
    assert found is not None
    return found


@cache
def dim() -> Plan:
    return plan(CUBES, **SCAN, counts=150.0, n=12, seed=1)


@pytest.mark.slow
def test_fraction_of_unique_solutions_agrees_with_simulations() -> None:
    assert dim().distinguishability is not None
    share = dim().distinguishability.unique()
    assert 0.4 < share < 0.6
    assert abs(dim().unique - share) < 3.0 * np.sqrt(share * (1.0 - share) / 20)


@pytest.mark.slow
def test_the_needed_counting_time_makes_nearly_all_unique() -> None:
    assert dim().distinguishability is not None
    time = dim().distinguishability.needed()
    assert time is not None
    assert 1.8 < time < 3.0
    enough = plan(CUBES, **SCAN, counts=150.0 * time, n=8, seed=3)
    assert enough.unique >= 0.85
    assert dim().distinguishability.unique(time) == pytest.approx(0.95, abs=0.002)


@pytest.mark.slow
def test_needed_counts_do_not_depend_on_the_counts_of_the_pattern() -> None:
    needed = [counts * (predicted(counts).needed() or 0.0) for counts in (50.0, 400.0, 20_000.0)]
    assert needed == pytest.approx([needed[0]] * 3, rel=0.03)


@pytest.mark.slow
def test_the_nearest_solutions_are_one_plane_away() -> None:
    found = predicted(50.0)
    assert set(sorted(found.rivals, key=lambda step: found.rivals[step])[:2]) == {-1, 1}
    assert found.rivals[-2] > found.rivals[-1] > 0.0
    assert found.fringes > 90.0


@pytest.mark.slow
def test_weak_fringes_need_more_time_and_absent_ones_cannot_be_seen() -> None:
    faint = predicted(100.0, sigma_L=2.2)
    assert 5.0 < faint.fringes < 25.0
    assert faint.unique() < 0.01
    assert (faint.needed() or 0.0) > 20.0
    hidden = predicted(1000.0, sigma_L=5.0)
    assert hidden.fringes < 0.1
    assert hidden.needed() is None


def test_shares_rise_with_the_counting_time() -> None:
    found = Distinguishability(100.0, {-1: 9.0, 1: 30.0}, True)
    shares = [found.unique(time) for time in (0.01, 0.1, 1.0, 3.0, 30.0)]
    assert shares == sorted(shares)
    assert Distinguishability(1e6, {-1: 9.0}, True).unique() == pytest.approx(0.5)
    assert Distinguishability(1e6, {-1: 25.0}, True).unique() == pytest.approx(0.9452, abs=1e-4)  # Φ(1.6)
    assert Distinguishability(0.0, {}, False).unique() == 1.0


@pytest.mark.slow
def test_noise_as_a_fraction() -> None:
    """Four times the variance is a quarter of the information."""
    plans = [plan(CUBES, **SCAN, noise=noise, n=2, seed=1) for noise in (0.01, 0.02)]
    first, second = (
        each.distinguishability.needed() for each in plans if each.distinguishability is not None
    )
    assert second == pytest.approx(4.0 * (first or 0.0), rel=0.02)
    assert "noise of 1 % of the peak" in str(plans[0])
    assert "% of noise" in str(plans[0])


@pytest.mark.slow
def test_a_single_crystal_has_no_other_solutions() -> None:
    single = {name: CUBES[name] for name in ("d", "N", "sigma_N")}
    found = plan(single, **SCAN, counts=500.0, coherent=1, n=2, seed=1)
    assert found.distinguishability is not None
    assert not found.distinguishability.stacked
    assert "a single solution" not in str(found)
