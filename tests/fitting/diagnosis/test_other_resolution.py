"""A resolution that was assumed, and with which a fit is rejected."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

import slxrd
from slxrd.fitting.diagnosis.other_resolution import best_resolution

TRUE = {"d": 5.55, "L": 15.1, "sigma_L": 0.6, "N": 15.75, "sigma_N": 1.2, "q_zero": 0.0}
SIGMA_G = 0.002


def counted(values: dict[str, float] | None = None, **model: Any) -> slxrd.Pattern:
    """Simulated counts of a stack, seen with a resolution of 0.002 Å⁻¹."""
    q = np.arange(0.95, 1.35, 0.0015)
    pattern = slxrd.simulate(q, {**TRUE, **(values or {})}, resolution=SIGMA_G, **model)
    expected = pattern.intensity * 2e4 / pattern.intensity.max() + 5.0
    measured = np.random.default_rng(1).poisson(expected).astype(float)
    return slxrd.Pattern(q, measured, per_count=1.0, source="simulated")


@pytest.mark.slow
def test_the_resolution_with_the_lowest_chi2_describes_the_pattern() -> None:
    fit = slxrd.fit(counted())
    assert fit.assessment is not None
    assert not fit.rejected
    assert "σ_G = 0.007 Å⁻¹, which was assumed" in fit.assessment.replaced
    assert fit.assessment.headline.count("Changed:") == 1
    assert fit.objective.model.instrument.sigma_G == pytest.approx(SIGMA_G, rel=0.05)
    for name, true in TRUE.items():
        found = fit.parameters[name]
        if name != "q_zero":
            assert found.error is not None
            assert abs((found.value or 0.0) - true) < 3.0 * found.error, name


@pytest.mark.slow
def test_a_resolution_that_was_given_stays() -> None:
    fit = slxrd.fit(counted(), resolution=0.007)
    assert fit.rejected
    assert fit.objective.model.instrument.sigma_G == 0.007
    assert best_resolution(fit, {"resolution": 0.007}) is None
    assert best_resolution(fit, {"resolution": None}) == pytest.approx(SIGMA_G, rel=0.05)


@pytest.mark.slow
def test_no_resolution_describes_another_structure() -> None:
    """Layers of two kinds, fitted as equal crystals."""
    layers = {"d_B": 5.2, "N_B": 9.0, "sigma_N_B": 0.5}
    fit = slxrd.fit(counted(layers, stack="alternating"), coherent=40)
    assert fit.rejected
    assert fit.assessment is not None
    assert not fit.assessment.replaced


def test_the_peak_of_a_substrate_shows_the_resolution() -> None:
    fit: Any = SimpleNamespace(
        options=SimpleNamespace(further=()), stack=SimpleNamespace(substrate=object()), rejected=True
    )
    assert best_resolution(fit, {"resolution": None}) is None
    fit.options.further = ("another scan",)
    fit.stack.substrate = None
    assert best_resolution(fit, {"resolution": None}) is None
