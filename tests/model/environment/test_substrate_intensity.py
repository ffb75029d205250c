"""Stacks on a substrate against sums over their planes and random stacks, and their derivatives."""

from __future__ import annotations

from collections.abc import Iterator

import brute_substrates
import numpy as np
import pytest
from cells_samples import CRYSTALS, CU, all_offers, crystal, values_of

from slxrd.instrument.diffractometer import Instrument
from slxrd.model.environment.rod import rod
from slxrd.model.intensity import Model
from slxrd.sample.stack import Stack, StackKind
from slxrd.sample.substrate import Substrate
from slxrd.units import SecondLine

#: Between the Bragg peaks of the substrate, on its flanks, and far away.
Q = np.concatenate((np.linspace(0.35, 1.58, 30), np.linspace(1.63, 2.5, 30)))
SUBSTRATE = {"d_S": 3.905, "f_S": 0.8, "L_S": 3.3, "sigma_S": 0.7, "coherence_S": 0.6, "phase_S": 0.4}


def some_stacks() -> Iterator[tuple[str, Stack, dict[str, float]]]:
    """Structures of every kind at random values, with all their parameters in use."""
    for seed in range(16):
        rng = np.random.default_rng(100 + seed)
        key, other = rng.choice(list(CRYSTALS), 2, replace=False).tolist()
        kind = seed % 4
        M = 1 if seed in (4, 6, 10) else int(rng.integers(2, 7))
        arrangement: StackKind = "mixed" if rng.random() < 0.5 else "pure"
        if kind == 3 or seed in (2, 14):
            arrangement = "alternating"
        stack = Stack(
            M,
            2.5,
            None if kind == 2 else crystal(key),
            crystal(other) if kind == 3 else None,
            None if kind == 2 or seed % 3 == 0 or M == 1 else 0.3,
            arrangement,
            "volume" if rng.random() < 0.5 else "number",
            0.0 if rng.random() < 0.5 or M == 1 else M / 4.0,
            substrate=Substrate(3.905),
        )
        if kind != 2:
            stack = stack.using(all_offers(stack, "apart_" if seed % 2 else "shift_"))
        elif M > 1:
            stack = stack.using(all_offers(stack))
        if M > 1:
            stack = stack.using((["skew_L"], ["wide_L", "widening_L"], [])[seed % 3])
        values = values_of(
            stack,
            CRYSTALS[key][2],
            L=float(rng.uniform(20.0, 40.0)),
            sigma_L=float(rng.uniform(0.1, 1.5)),
            N=float(rng.uniform(3.1, 3.9)),
            sigma_N=float(rng.uniform(0.3, 1.1)),
            **({"d_B": CRYSTALS[other][2], "N_B": 2.63} if stack.alternating else {}),
            **SUBSTRATE,
        )
        if kind != 2:
            values["f_S"] = 1.7
        what = f"{seed}: {'points' if kind == 2 else key}{f' and {other}' if kind == 3 else ''}"
        yield f"{what}, M {M}, {stack.stack}", stack, values


STACKS = [pytest.param(stack, values, id=what) for what, stack, values in some_stacks()]


@pytest.mark.slow
@pytest.mark.parametrize(("stack", "values"), STACKS)
def test_intensity_is_that_of_the_sum_over_planes(stack: Stack, values: dict[str, float]) -> None:
    found = Model(stack, Instrument(0.0, wavelength=CU)).intensity(Q, values)
    expected = brute_substrates.expected(stack, values, Q, CU)
    np.testing.assert_allclose(found, expected, rtol=1e-8)


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["pure", "mixed", "alternating"])
def test_random_stacks(kind: StackKind) -> None:
    """The mean of |A_s + A|² over explicit stacks, within five standard errors."""
    stack = Stack(4, 3.0, stack=kind, substrate=Substrate(3.905))
    values = {"d": 3.99, "L": 4.2, "sigma_L": 0.5, "N": 6.3, "sigma_N": 0.8, "q_zero": 0.0, **SUBSTRATE}
    values |= {"sigma_S": 0.0, "coherence_S": 1.0, "phase_S": 0.0, "f_S": 1.3}
    if kind == "alternating":
        values |= {"d_B": 3.8, "N_B": 4.6, "sigma_N_B": 0.6}
    q = np.linspace(1.3, 1.9, 61)
    found = Model(stack, Instrument(0.0)).intensity(q, values)
    mean, error = brute_substrates.random_stacks(stack, values, q, 4000, np.random.default_rng(5))
    assert np.max(np.abs(found - mean) / error) < 5.0


@pytest.mark.slow
@pytest.mark.parametrize(
    ("stack", "values", "instrument"),
    [(*each.values, "sharp") for each in STACKS] + [(*each.values, "doublet") for each in STACKS[:4]],
    ids=[
        f"{each.id}, {kind}" for kind, some in (("sharp", STACKS), ("doublet", STACKS[:4])) for each in some
    ],
)
def test_derivatives(stack: Stack, values: dict[str, float], instrument: str) -> None:
    doublet = Instrument(0.006, None, CU, SecondLine(1.544427, 0.5), "angle")
    model = Model(stack, Instrument(0.0, wavelength=CU) if instrument == "sharp" else doublet)
    region = model.region(Q[20:])
    intensity, slopes = region.evaluate(values)
    np.testing.assert_array_equal(intensity, region.evaluate(values, False)[0])
    for name, slope in zip(model.names, slopes, strict=True):
        h = {"q_zero": 2e-6, "d": 2e-5, "d_B": 2e-5, "L": 1e-4, "dL_B": 1e-4, "d_S": 2e-6}.get(name, 2e-4)
        near = [region.evaluate({**values, name: values[name] + k * h}, False)[0] for k in (-2, -1, 1, 2)]
        expected = (near[0] - 8.0 * near[1] + 8.0 * near[2] - near[3]) / (12.0 * h)
        least = 1e-6 * np.abs(expected).max() + 1e-9 * intensity.max()
        np.testing.assert_allclose(slope, expected, rtol=2e-6, atol=least, err_msg=name)


@pytest.mark.parametrize(("kind", "M"), [("pure", 1), ("pure", 12), ("mixed", 7), ("alternating", 5)])
@pytest.mark.parametrize("sigma_G", [0.0, 0.004])
def test_substrate_without_amplitude_changes_nothing(kind: StackKind, M: int, sigma_G: float) -> None:
    plain = Stack(M, stack=kind)
    values = {"d": 3.99, "L": 14.2, "sigma_L": 0.5, "N": 9.3, "sigma_N": 0.8, "q_zero": 0.002}
    if kind == "alternating":
        values |= {"d_B": 3.8, "N_B": 4.6, "sigma_N_B": 0.6}
    below = Stack(M, stack=kind, substrate=Substrate(3.905))
    one, one_slopes = Model(plain, Instrument(sigma_G)).region(Q).evaluate(values)
    two, two_slopes = (
        Model(below, Instrument(sigma_G)).region(Q).evaluate({**values, **SUBSTRATE, "f_S": 0.0})
    )
    np.testing.assert_array_equal(one, two)
    np.testing.assert_array_equal(one_slopes, two_slopes[: len(one_slopes)])


def test_rod_is_the_sum_over_planes() -> None:
    q = np.array([0.3, 1.2, 1.609, 1.61, 3.0])
    found = rod(q, 3.905)
    np.testing.assert_allclose(found.amplitude, brute_substrates.rod(q, 3.905), rtol=1e-9)
    np.testing.assert_allclose(found.intensity, np.abs(found.amplitude) ** 2, rtol=1e-9)
    h = 1e-7
    for more, less, by in (
        (rod(q + h, 3.905), rod(q - h, 3.905), "q"),
        (rod(q, 3.905 + h), rod(q, 3.905 - h), "d"),
    ):
        for what in ("amplitude", "intensity"):
            slope = getattr(found, f"{what}_by_{by}")
            difference = (getattr(more, what) - getattr(less, what)) / (2.0 * h)
            np.testing.assert_allclose(slope, difference, rtol=1e-4, atol=1e-7 * np.abs(slope).max())


@pytest.mark.slow
@pytest.mark.parametrize("sigma_G", [0.0007, 0.004])
def test_resolution_of_the_sharp_peak(sigma_G: float) -> None:
    """Smeared on its short grid as on one that resolves the peak of the substrate, also on that peak."""
    stack = Stack(1, substrate=Substrate(3.905))
    values = {"d": 3.99, "L": 0.0, "sigma_L": 0.0, "N": 40.0, "sigma_N": 1.0, "q_zero": 0.0, **SUBSTRATE}
    q = 2.0 * np.pi / 3.905 + sigma_G * np.array([-30.0, -8.0, -4.0, -1.0, 0.0, 2.0, 5.0, 20.0])
    found = Model(stack, Instrument(sigma_G)).intensity(q, values)
    step = 1e-5
    for place, intensity in zip(q, found, strict=True):
        near = place + np.arange(-8.0 * sigma_G, 8.0 * sigma_G, step)
        exact = Model(stack, Instrument(0.0)).intensity(near, values)
        weights = np.exp(-0.5 * ((near - place) / sigma_G) ** 2) * step / (sigma_G * np.sqrt(2.0 * np.pi))
        assert intensity == pytest.approx(float(weights @ exact), rel=1e-7)
