"""What the kernel tests share: samples, hostile places, and how a pattern is compared."""

from __future__ import annotations

from types import ModuleType

import numpy as np
import pytest
import reference
from numpy.typing import NDArray
from reference import Sample

from slxrd.model.kernel.native import kernels as native
from slxrd.model.kernel.reference import equal_planes as readable

FloatArray = NDArray[np.float64]

KERNELS = [pytest.param(readable, id="readable"), pytest.param(native, id="native")]
NAMES = ("d", "L", "sigma_L", "N", "sigma_N", "q")

PAPER = Sample()
SHEETS = Sample(3.0233, 44.3933, 0.324, 3.98, 0.817, 40, tuple(range(1, 9)))
FRAGILE = Sample(N=4.0, sigma_N=0.6, sizes=(3, 4, 5))

PLAIN = np.linspace(0.11, 2.47, 37)


def pairs(sample: Sample) -> tuple[int, ...]:
    """The limit on correlated pairs, passed only where there is one, so that the default is tested too."""
    return () if sample.n_correlated is None else (sample.n_correlated,)


def run(kernel: ModuleType, sample: Sample, q: FloatArray) -> FloatArray:
    p, _, _ = reference.weights(sample)
    return run_weighted(kernel, sample, p, q)


def run_weighted(kernel: ModuleType, sample: Sample, p: FloatArray, q: FloatArray) -> FloatArray:
    sizes = np.array(sample.sizes, dtype=np.int64)
    return kernel.curves_of_sizes(
        q, sample.d, sample.L, sample.sigma_L, sizes, p, p, p, sample.n_coherent, *pairs(sample)
    )[0]


def run_derivatives(kernel: ModuleType, sample: Sample, q: FloatArray) -> tuple[FloatArray, FloatArray]:
    sizes = np.array(sample.sizes, dtype=np.int64)
    p, p_N, p_sigma_N = reference.weights(sample)
    rows = kernel.curves_of_sizes(
        q, sample.d, sample.L, sample.sigma_L, sizes, p, p_N, p_sigma_N, sample.n_coherent, *pairs(sample)
    )
    return rows[0], rows[1:]


def hostile(sample: Sample, q_max: float = 3.0) -> FloatArray:
    """0, Bragg peaks and fringes of three sizes, hit as exactly as a float can and just missed.

    Ordinary points are among them, so that the pattern's maximum never rests on one singular point.
    """
    middle = len(sample.sizes) // 2
    periods = [sample.d]
    periods += [(sample.sizes[i] - 1) * sample.d + sample.L for i in (0, middle, -1)]
    spots = [0.0]
    for period in periods:
        top = int(q_max * period / (2 * np.pi))
        spots += [2 * np.pi * m / period for m in sorted({1, 2, top // 2, top}) if 0 < m <= top]
    at = np.array(spots)
    near = [at, np.nextafter(at, np.inf), np.nextafter(at, -np.inf)]
    near += [at + shift for shift in (1e-12, -1e-12, 1e-8, -1e-8, 1e-5)]
    return np.unique(np.concatenate([*near, PLAIN[::6]]))


def assert_within(
    actual: FloatArray, expected: FloatArray, relative: float, q: FloatArray, what: str
) -> None:
    """Every value finite and within ``relative`` of the largest expected magnitude."""
    assert actual.shape == expected.shape
    assert np.all(np.isfinite(actual)), f"{what}: not finite at q = {q[~np.isfinite(actual)]!r}"
    error = np.abs(actual - expected)
    scale = np.max(np.abs(expected))
    worst = int(np.argmax(error))
    assert error[worst] <= relative * scale, (
        f"{what}: {actual[worst]!r} for {expected[worst]!r} at q = {q[worst]!r}, "
        f"{error[worst] / scale if scale else np.inf:.2e} of the maximum {scale:.6g}"
    )


def assert_derivatives(kernel: ModuleType, sample: Sample, q: FloatArray) -> None:
    values, slopes = run_derivatives(kernel, sample, q)
    assert_within(values, reference.intensity(sample, tuple(q)), 1e-10, q, "I")
    for name, row, expected in zip(NAMES, slopes, reference.derivatives(sample, tuple(q)), strict=True):
        assert_within(row, expected, 1e-9, q, f"dI/d{name}")
