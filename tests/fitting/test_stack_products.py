"""Products of the columns of stacks on a substrate, by the native core and in NumPy."""

from __future__ import annotations

import numpy as np
import pytest
from native_core import needs_native_core

from slxrd.fitting.search.film.curves import Weighted, rod_curves
from slxrd.fitting.search.satellites.curves import stack_curves
from slxrd.fitting.search.satellites.products import (
    PORTION,
    chi2_of_structures,
    native_products,
    numpy_products,
)
from slxrd.instrument.broadening import Broadening
from slxrd.instrument.diffractometer import Instrument
from slxrd.model.intensity import Model
from slxrd.sample.stack import Stack
from slxrd.sample.substrate import Substrate
from slxrd.units import FloatArray

D_S = 1.413


def region(rng: np.random.Generator, q: FloatArray, instrument: Instrument, background: int) -> Weighted:
    """A region with random errors and counts."""
    root = rng.uniform(0.5, 2.0, q.size)
    basis = np.linalg.qr(np.vander(q - q.mean(), background) * root[:, None])[0]

    def without(column: FloatArray) -> FloatArray:
        return column - basis @ (basis.T @ column)

    amplitude, intensity = rod_curves(q, D_S, instrument)
    below = np.conj(amplitude) * np.exp(1j * q * D_S)
    target = without(rng.uniform(0.0, 5.0, q.size) * root)
    return Weighted(q, target, root, basis, below, without(intensity * root))


def structures(rng: np.random.Generator, count: int, layered: bool) -> dict[str, FloatArray]:
    """Random structures; four in a row differ in σ_L only, as in a scan."""
    names = ("d", "N", "d_B", "N_B")[: 4 if layered else 2]
    values = {
        name: np.repeat(rng.uniform(1.38, 1.45, count) if name[0] == "d" else rng.integers(3, 90, count), 4)
        for name in names
    }
    values |= {
        "L": np.repeat(rng.uniform(1.4, 30.0, count), 4),
        "sigma_L": np.tile([0.1, 0.3, 0.7, 60.0], count),
    }
    return {name: column.astype(float) for name, column in values.items()}


@needs_native_core
@pytest.mark.parametrize("layered", [False, True])
@pytest.mark.parametrize(("points", "background"), [(1, 0), (64, 1), (150, 3)])
@pytest.mark.parametrize("width", [0.0, 3e-4, "from point to point"])
def test_products_are_those_of_numpy(layered: bool, points: int, background: int, width: float | str) -> None:
    rng = np.random.default_rng(points)
    instrument = (
        Instrument(width)
        if isinstance(width, float)
        else Instrument(broadening=Broadening(0.0, 0.0, 0.004, 0.0, 1.54))
    )
    model = Model(Stack(7, stack="alternating" if layered else "pure", substrate=Substrate(D_S)), instrument)
    q = np.linspace(4.2, 4.5, points)
    regions = [region(rng, q, instrument, background) for _ in range(2)]
    values = structures(rng, PORTION // 3, layered)
    found, expected = (calculate(regions, values, model) for calculate in (native_products, numpy_products))
    curves = stack_curves(q, values, model)
    assert curves.amplitude is not None
    # Products of columns, before the background is subtracted, limit the precision.
    scale = np.max(curves.intensity**2 + np.abs(regions[0].below[:, None] * curves.amplitude) ** 2, axis=0)
    for one, other in zip(found, expected, strict=True):
        assert np.all(
            np.abs(one.gram[:, :3, :3] - other.gram[:, :3, :3]) <= 1e-9 * points * scale[:, None, None]
        )
        for mine, theirs in ((one.gram[:, 3], other.gram[:, 3]), (one.along, other.along)):
            largest = np.abs(theirs).max(axis=1, keepdims=True)
            assert np.all(np.abs(mine - theirs) <= 1e-8 * largest + 1e-9 * np.sqrt(scale)[:, None])


def test_chi2_is_the_least_one_of_scale_background_and_interference() -> None:
    """Data of one of the structures on the substrate: only that structure has no residuals."""
    rng = np.random.default_rng(3)
    instrument = Instrument(3e-4)
    model = Model(Stack(5, substrate=Substrate(D_S)), instrument)
    q = np.linspace(4.2, 4.5, 200)
    plain = region(rng, q, instrument, 2)
    values = structures(rng, 30, layered=False)
    curves = stack_curves(q, values, model)
    amplitude, intensity = rod_curves(q, D_S, instrument)
    wave = amplitude * np.exp(-1j * q * D_S)
    assert curves.amplitude is not None
    cross = 2.0 * np.real(np.conj(wave) * curves.amplitude[:, 40] * np.exp(0.7j))
    data = (
        curves.intensity[:, 40] + 0.81 * intensity + 0.9 * 0.8 * cross + 40.0 + 3.0 * (q - 4.3)
    ) * plain.root
    target = data - plain.basis @ (plain.basis.T @ data)
    measured = Weighted(q, target, plain.root, plain.basis, plain.below, plain.substrate)
    (chi2,) = chi2_of_structures([[measured]], values, model)
    assert int(np.argmin(chi2)) == 40
    assert chi2[40] < 1e-9 * float(target @ target)
    assert np.partition(chi2, 1)[1] > 1e-4 * float(target @ target)
