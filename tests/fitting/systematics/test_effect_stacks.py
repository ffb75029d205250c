"""The explicit sums behind the tests of the effects against random stacks, plane by plane."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from brute_effects import SHEETS, FloatArray, Sample, heights, intensity, size_distribution

Q = np.arange(1.9, 2.26, 0.02)
STACKS = 4000


def random_stacks(sample: Sample, seed: int) -> tuple[FloatArray, FloatArray]:
    """Mean intensity of random stacks at Q, and its standard error."""
    rng = np.random.default_rng(seed)
    sizes = size_distribution(sample)
    one = rng.choice(list(sizes), STACKS, p=list(sizes.values()))
    drawn = []
    for size in one.tolist():
        start, alone = 0.0, 0.0
        amplitude = np.zeros(Q.size, np.complex128)
        own = rng.random() < sample.departures.get("unstacked", 0.0)
        for _ in range(sample.M):
            n = rng.choice(list(sizes), p=list(sizes.values())) if sample.mixed else size
            d = sample.d * (1.0 + 0.003 * sample.departures.get("strain_spread", 0.0) ** 0.5 * rng.normal())
            z = start + heights(int(n), d, sample.departures.get("surface_relaxation", 0.0))
            part = np.exp(1j * np.outer(Q, z)).sum(axis=1)
            amplitude += part
            alone = alone + np.abs(part) ** 2
            skewness = sample.departures.get("gap_skewness", 0.0)
            shape = 4.0 / skewness**2 if skewness else 0.0
            normal = (rng.gamma(shape) - shape) / np.sqrt(shape) if skewness else rng.normal()
            start = z[-1] + sample.L + sample.sigma_L * normal
            start += 5.0 * (rng.random() < sample.departures.get("wide_gaps", 0.0))
        drawn.append(alone if own else np.abs(amplitude) ** 2)
    return np.mean(drawn, axis=0), np.std(drawn, axis=0) / np.sqrt(STACKS)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("departure", "size"),
    [
        ("gap_skewness", 1.0),
        ("wide_gaps", 0.2),
        ("unstacked", 0.3),
        ("surface_relaxation", 0.05),
        ("strain_spread", 16.0),
        ("size_mixing", 1.0),
    ],
)
def test_explicit_sums_against_random_stacks(departure: str, size: float) -> None:
    sample = replace(SHEETS, M=5, sigma_L=0.5).departing(departure, size)
    mean, error = random_stacks(replace(sample, mixed=departure == "size_mixing"), 5)
    away = (intensity(sample, Q) - mean) / error
    without = (intensity(replace(sample, departures={}), Q) - mean) / error
    assert np.max(np.abs(away)) < 4.0
    assert np.mean(away**2) < 2.5
    assert np.mean(without**2) > 3.0 * np.mean(away**2)
