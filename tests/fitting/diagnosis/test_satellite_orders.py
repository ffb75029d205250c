"""Satellites of thin crystals on a substrate, which are as far apart as orders of a crystal."""

from __future__ import annotations

import numpy as np
import pytest

import slxrd


def stack(
    seed: int, d: float, N: int, L: float, M: int, d_S: float, *, sigma_L: float = 0.1, step: float = 0.0004
) -> slxrd.Pattern:
    """Simulated counts of a stack on a substrate; ``step`` in units of the place of the Bragg peak."""
    q = np.arange(0.72, 1.45, step) * 2.0 * np.pi / d
    values = {
        "d": d, "L": L, "sigma_L": sigma_L, "N": float(N), "sigma_N": 0.2, "q_zero": 0.0, "d_S": d_S,
        "f_S": 0.6, "L_S": d_S,
    }  # fmt: skip
    expected = slxrd.simulate(q, values, coherent=M, substrate=d_S, resolution=0.0008).intensity
    away = np.abs(q - 2.0 * np.pi / d_S) > 0.02
    expected = expected / expected[away].max() * 5e4 + 3.0
    counts = np.random.default_rng(seed).poisson(expected).astype(float)
    return slxrd.Pattern(q, counts, per_count=1.0, source="simulated")


@pytest.mark.parametrize(
    ("d", "N", "L", "M", "d_S"),
    [
        (2.329, 5, 3.2, 24, 2.349),
        (2.153, 4, 3.2, 20, 2.224),
        (3.161, 4, 5.3, 18, 3.068),
        (1.922, 5, 2.7, 15, 1.984),
    ],
)
def test_satellites_of_a_short_period(d: float, N: int, L: float, M: int, d_S: float) -> None:
    """They were taken for the peak of a film and others, and their fringes for those of the film."""
    found = slxrd.diagnose(stack(1, d, N, L, M, d_S))
    assert found.proposal.kind == "multilayer"
    (satellites,) = found.fringes
    assert satellites.period == pytest.approx((N - 1) * d + L, rel=0.01)
    assert satellites.repeats == pytest.approx(M, rel=0.3)


@pytest.mark.parametrize(
    ("d", "N", "L", "M", "d_S"), [(3.314, 5, 6.5, 18, 3.191), (2.487, 6, 8.6, 18, 2.569)]
)
def test_weaker_satellites_between_strong_ones_are_not_overlooked(
    d: float, N: int, L: float, M: int, d_S: float
) -> None:
    found = slxrd.diagnose(stack(2, d, N, L, M, d_S))
    assert found.proposal.kind == "multilayer"
    assert found.fringes[0].period == pytest.approx((N - 1) * d + L, rel=0.02)


def test_fringes_of_a_thin_film_are_no_satellites() -> None:
    """They are as far apart, but half as wide as their distance."""
    q = np.arange(1.6, 4.4, 0.001)
    values = {"d": 2.15, "N": 5.0, "sigma_N": 0.2, "q_zero": 0.0, "d_S": 2.224, "f_S": 0.6, "L_S": 2.224}
    pattern = slxrd.simulate(q, values, coherent=1, substrate=2.224, resolution=0.0008)
    counts = np.random.default_rng(3).poisson(pattern.intensity / pattern.intensity.min() * 20.0)
    found = slxrd.diagnose(slxrd.Pattern(q, counts.astype(float), per_count=1.0, source="simulated"))
    assert not [period for period in found.fringes if period.kind == "superlattice"]


@pytest.mark.slow
def test_thin_crystals_are_fitted_with_their_period() -> None:
    """N within half a plane of four is four planes: the period is known better than N."""
    fit = slxrd.fit(stack(1, 2.153, 4, 3.2, 20, 2.224, step=0.0014), systematics="none", budget=60.0)
    assert fit.assessment is not None
    assert not fit.assessment.rejected
    period, N = fit.derived["period"], fit.parameters["N"]
    assert abs(period.value - (3.0 * 2.153 + 3.2)) < 3.0 * period.error
    assert period.error < 0.02
    assert abs(N.value - 4.0) < 2.0 * N.error
    assert 0.25 < N.error <= 0.5
