"""Lengths that a systematic effect changes directly, against the same effect as a refined parameter."""

from __future__ import annotations

from dataclasses import replace

import brute_effects
import numpy as np
import pytest

import slxrd
from slxrd.fitting.result.length_terms import LengthTerms
from slxrd.fitting.systematics.effect import EFFECTS
from slxrd.sample.library.crystals import crystal

Q = np.concatenate([np.arange(0.88, 1.28, 0.004), np.arange(1.98, 2.33, 0.004)])
REGIONS = [(0.88, 1.28), (1.98, 2.33)]
VALUES = {"d": 5.84, "L": 36.9, "sigma_L": 1.4, "N": 8.0, "sigma_N": 1.0}
ONLY = {name: 0.0 for name in EFFECTS if name != "surface_relaxation"} | {"zero_error": 0.0}
PRIOR = 0.02


@pytest.mark.slow
def test_a_refined_surface_has_the_same_errors() -> None:
    """With a prior on shift_surface, the posterior of explicit parameters is that of the effect."""
    exact = slxrd.simulate(Q, VALUES, crystal="CsPbBr3")
    pattern = replace(exact, sigma=np.full(Q.size, 0.003 * exact.intensity.max()))
    heights = [plane.height(VALUES["d"]) for plane in crystal("CsPbBr3").planes(4)]
    distance = float(np.mean([heights[1] - heights[0], heights[-1] - heights[-2]]))
    options = {"regions": REGIONS, "crystal": "CsPbBr3", "start": VALUES, "fix": {"q_zero": 0.0}}
    effect = slxrd.fit(pattern, systematics={**ONLY, "surface_relaxation": PRIOR}, **options)
    refined = slxrd.fit(
        pattern,
        systematics="none",
        free=["shift_surface"],
        prior={"shift_surface": (0.0, PRIOR * distance)},
        **options,
    )
    for name in ("d", "L", "N", "thickness", "period", "thickness_of_atoms", "free_gap"):
        own, other = (fit.parameters.get(name) or fit.derived[name] for fit in (effect, refined))
        assert own.error == pytest.approx(other.error, rel=0.1), name
    # The surfaces contribute most of it.
    gap, L = effect.derived["free_gap"], effect.parameters["L"]
    assert gap.error is not None
    assert L.error is not None
    assert gap.error > 2.0 * L.error
    assert effect.budget is not None
    (part,) = effect.budget.contributions
    assert part.errors["free_gap"] > 0.8 * gap.error


@pytest.mark.slow
@pytest.mark.parametrize("relaxation", [-0.03, 0.03])
def test_the_thickness_of_crystals_with_relaxed_surfaces(relaxation: float) -> None:
    """Sheets by explicit sums: the lengths are other than (N−1)d and (N−1)d + L."""
    sample = brute_effects.SHEETS.departing("surface_relaxation", relaxation)
    ends = brute_effects.REGIONS["sheets"][0]
    curve = brute_effects.measured(sample, ends, 8, brute_effects.Measurement())
    sigma = np.full(curve.size, 0.003 * curve.max())
    noise = np.random.default_rng(5).normal(0.0, sigma)
    q = brute_effects.STEP * np.arange(
        round(ends[0] / brute_effects.STEP), round(ends[1] / brute_effects.STEP) + 1
    )
    pattern = slxrd.Pattern(q[::8], curve + noise, sigma=sigma)
    fit = slxrd.fit(pattern, regions=[ends], coherent=sample.M)
    shares = brute_effects.size_distribution(sample)
    true = sum(p * brute_effects.heights(n, sample.d, relaxation)[-1] for n, p in shares.items())
    for name, length in (("thickness", true), ("period", true + sample.L)):
        estimate = fit.derived[name]
        assert estimate.value is not None
        assert estimate.error is not None
        assert abs(estimate.value - length) < 3.0 * estimate.error, name


def test_drawn_terms_have_slopes_and_spread() -> None:
    random = np.random.default_rng(1)
    gain, mixed = random.normal(size=(2, 3)), random.normal(size=(2, 2))
    terms = LengthTerms(("d", "L", "N"), {"period": np.array([0.3, -0.2])}, gain, mixed)
    offsets = random.normal(size=(20000, 3))
    columns = {"L": offsets[:, 1], "period": offsets[:, 0]}
    drawn = terms.add(columns, offsets, random)
    assert drawn["L"] is columns["L"]
    slopes = terms.slopes("period")
    left = drawn["period"] - offsets[:, 0] - offsets @ np.array([slopes[name] for name in terms.names])
    assert np.std(left) == pytest.approx(terms.spread("period"), rel=0.03)
    assert np.abs(np.corrcoef(left, offsets, rowvar=False)[0, 1:]).max() < 0.03
    assert terms.slopes("L") == {}
    assert terms.spread("L") == 0.0
