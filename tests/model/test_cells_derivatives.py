"""Derivatives of stacks of atomic crystals against differences, and the native kernels against NumPy."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from cells_samples import CRYSTALS, CU, FloatArray, all_offers, crystal, values_of
from native_core import needs_native_core

from slxrd.instrument.diffractometer import Instrument
from slxrd.model.arrays_of_stack import function_of_gaps
from slxrd.model.intensity import Model, RegionModel
from slxrd.model.kernel.dispatch import curves
from slxrd.model.kernel.reference import cells
from slxrd.sample.stack import Stack, StackKind
from slxrd.units import SecondLine

BANDS = (np.array([-0.013, 0.0, 1e-4, 0.004, 0.02, 0.1]), np.linspace(0.35, 2.5, 40))
DOUBLET = SecondLine(1.544427, 0.5)


def some_stacks() -> Iterator[tuple[str, Stack, dict[str, float]]]:
    """Structures drawn at random, all of whose parameters are in use, at random values."""
    for seed in range(16):
        rng = np.random.default_rng(seed)
        key, other = rng.choice(list(CRYSTALS), 2, replace=False).tolist()
        kind = seed % 4
        M = int(rng.integers(2, 12))
        size_window = float(rng.choice([2.0, 3.0]))
        arrangement: StackKind = "mixed" if rng.random() < 0.5 else "pure"
        if kind == 3 or seed % 8 == 2:
            arrangement = "alternating"
        stack = Stack(
            M,
            size_window,
            None if kind == 2 else crystal(key),
            crystal(other) if kind == 3 else None,
            None if kind == 2 or seed % 3 == 0 else 0.3,
            arrangement,
            "volume" if rng.random() < 0.5 else "number",
            0.0 if rng.random() < 0.5 else M / 4.0,
        )
        stack = stack.using(all_offers(stack, "apart_" if seed % 2 else "shift_"))
        values = values_of(
            stack,
            CRYSTALS[key][2],
            L=float(rng.uniform(20.0, 40.0)),
            sigma_L=float(rng.uniform(0.1, 1.5)),
            N=float(rng.uniform(3.1, 3.9)),
            sigma_N=float(rng.uniform(0.3, 1.1)),
            sigma_u=float(rng.uniform(0.1, 0.6)),
            **({"d_B": CRYSTALS[other][2], "N_B": 2.63} if stack.alternating else {}),
        )
        what = (
            f"{seed}: {'points' if kind == 2 else key}{f' and {other}' if kind == 3 else ''}, {stack.stack}"
        )
        yield what, stack, values


STACKS = [pytest.param(stack, values, id=what) for what, stack, values in some_stacks()]
STEPS = {"q_zero": 2e-6, "d": 2e-5, "d_B": 2e-5, "L": 1e-4, "dL_B": 1e-4}


def differences(region: RegionModel, values: dict[str, float], name: str) -> FloatArray:
    """Derivative by differences of the fourth order."""
    h = STEPS.get(name, 2e-4)
    near = [region.evaluate({**values, name: values[name] + k * h}, False)[0] for k in (-2, -1, 1, 2)]
    return (near[0] - 8.0 * near[1] + 8.0 * near[2] - near[3]) / (12.0 * h)


def assert_derivatives(model: Model, values: dict[str, float]) -> None:
    for q in BANDS:
        region = model.region(q)
        intensity, slopes = region.evaluate(values)
        assert slopes.shape == (len(model.names), q.size)
        alone = region.evaluate(values, derivatives=False)[0]
        np.testing.assert_allclose(intensity, alone, rtol=1e-9, atol=1e-12 * alone.max())
        for name, slope in zip(model.names, slopes, strict=True):
            expected = differences(region, values, name)
            scale = np.abs(expected).max()
            assert scale > 1e-9 * intensity.max(), f"{name} does nothing"
            error = np.abs(slope - expected)
            worst = int(np.argmax(error))
            assert error[worst] < 1e-6 * scale + 1e-9 * intensity.max(), (
                f"{name} at q = {q[worst]:g}: {slope[worst]} {expected[worst]}"
            )


@pytest.mark.parametrize(("stack", "values"), STACKS)
def test_derivatives(stack: Stack, values: dict[str, float]) -> None:
    assert_derivatives(Model(stack, Instrument(0.0, wavelength=CU)), values)


@pytest.mark.slow
@pytest.mark.parametrize(("stack", "values"), STACKS[::3])
def test_derivatives_of_what_the_instrument_sees(stack: Stack, values: dict[str, float]) -> None:
    """With resolution, a doublet, and a zero error of the angle."""
    assert_derivatives(Model(stack, Instrument(0.007, None, CU, DOUBLET, "angle")), values)


def one_sided(region: RegionModel, values: dict[str, float], name: str, way: float) -> FloatArray:
    """Derivative from five places on one side, of the fourth order in their distance."""
    step = 2e-3 * way
    places = [region.evaluate({**values, name: values[name] + k * step}, False)[0] for k in range(5)]
    weights = (-25.0, 48.0, -36.0, 16.0, -3.0)
    return np.asarray(sum(w * f for w, f in zip(weights, places, strict=True)) / (12.0 * step))


@pytest.mark.parametrize(
    "edge",
    [
        {"sigma_L": 0.0},
        {"sigma_u": 0.0},
        {"unstacked": 0.0},
        {"unstacked": 1.0},
        {"rho": 0.0},
        {"occ_surface_Br": 0.0},
        {"occ_CsBr_Cs": 1.0, "B": 0.0, "shift_surface": 0.0},
        {"N": 3.0, "sigma_N": 1e-5},
    ],
    ids=str,
)
def test_derivatives_at_the_edges(edge: dict[str, float]) -> None:
    """Against one-sided differences, since nothing is calculated outside of what can be."""
    stack = Stack(6, 3.0, crystal("Br"), slab=0.3)
    stack = stack.using(all_offers(stack))
    values = {**values_of(stack, 5.84), **edge}
    model = Model(stack, Instrument(0.0, wavelength=CU))
    region = model.region(BANDS[1])
    intensity, slopes = region.evaluate(values)
    assert np.all(np.isfinite(slopes))
    for name in set(edge) - {"sigma_L", "N", "sigma_N"}:
        expected = one_sided(region, values, name, -1.0 if values[name] == 1.0 else 1.0)
        error = np.abs(slopes[model.names.index(name)] - expected).max()
        assert error < 1e-6 * np.abs(expected).max() + 1e-9 * intensity.max(), name
    if edge.get("sigma_L") == 0.0 or "sigma_u" in edge:
        np.testing.assert_array_equal(slopes[model.names.index(next(iter(edge)))], 0.0)
    if "N" in edge:
        np.testing.assert_allclose(slopes[model.names.index("N")], 0.0, atol=1e-9 * intensity.max())


@needs_native_core
@pytest.mark.parametrize(("stack", "values"), STACKS)
@pytest.mark.parametrize("sigma_G", [0.0, 0.01])
def test_native_and_plain_are_one(stack: Stack, values: dict[str, float], sigma_G: float) -> None:
    model = Model(stack, Instrument(sigma_G, wavelength=CU))
    region = model.region(BANDS[1][::3])
    band = region.band(2000.0)
    p = np.array([values[name] for name in model.names])
    shift = values["q_zero"] * band.shift
    for pairs in (2, int(stack.numbers()[0][-1])):
        for derivatives in (False, True):
            asked = (p, band.q + shift, shift, region.sample(band), pairs, derivatives)
            assert_native(asked, stack)


def assert_native(asked: tuple[Any, ...], stack: Stack) -> None:
    """The native kernel gives what NumPy gives, in every row that was asked for."""
    plain, fast = cells.curves(*asked, function_of_gaps(stack)), curves(*asked)
    assert plain.shape == fast.shape
    assert np.any(plain[0] > 0.0)
    count = len(plain) if asked[-1] else 1
    for one, two in zip(plain[:count], fast[:count], strict=True):
        np.testing.assert_allclose(two, one, rtol=0.0, atol=1e-10 * np.abs(one).max())


@needs_native_core
@pytest.mark.parametrize("mixing", ["pure", "mixed"])
@pytest.mark.parametrize("slab", [None, 0.3])
@pytest.mark.parametrize("sigma_L", [0.0, 1e-6, 0.02, 30.0])
@pytest.mark.parametrize(
    ("M", "spread", "pairs"), [(1, 0.0, 9), (3, 1.0, 2), (40, 12.0, 21), (700, 0.0, 700)]
)
def test_native_and_plain_are_one_at_fringes(
    M: int, spread: float, pairs: int, sigma_L: float, slab: float | None, mixing: Any
) -> None:
    """Where order is perfect, on fringes and beside them, closed forms of the sums have no digits left."""
    if M == 1:
        slab, mixing = None, "pure"  # it has no neighbour
    stack = Stack(M, 3.0, crystal("Br"), slab=slab, stack=mixing, coherent_spread=spread)
    values = values_of(stack, 5.84, sigma_L=sigma_L, N=4.0, sigma_N=0.0 if sigma_L < 1e-3 else 0.4)
    period = 3.0 * 5.84 + values["L"]
    fringes = 2.0 * np.pi / period * np.arange(1, 24)
    q = np.concatenate(([1e-3], fringes, fringes + 1e-9, fringes + 1e-4 / M, fringes + 0.3 / (period * M)))
    model = Model(stack, Instrument(0.0, wavelength=CU))
    band = model.region(q).band(2000.0)
    p = np.array([values[name] for name in model.names])
    nothing = np.zeros(q.size)
    for derivatives in (False, True):
        assert_native((p, band.q, nothing, model.region(q).sample(band), pairs, derivatives), stack)
