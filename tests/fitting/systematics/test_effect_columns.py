"""The columns of all systematic effects against explicit stacks with small effects of both signs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from brute_effects import CUBES, REGIONS, SHEETS, STEP, FloatArray, Measurement, Sample, measured

from slxrd.data.regions import Region, RegionData
from slxrd.fitting.objective.residuals import Objective
from slxrd.fitting.objective.settings import Settings
from slxrd.fitting.systematics.effect import EFFECTS
from slxrd.instrument.diffractometer import Instrument
from slxrd.model.intensity import Model
from slxrd.sample.stack import Stack

EVERY = 8
SAMPLES = {"cubes": CUBES, "sheets": SHEETS}
#: Size of the departures, and whether the intensity is linear in it.
OF_SAMPLE = {
    "gap_skewness": (0.02, False),
    "gap_kurtosis": (0.02, False),
    "wide_gaps": (0.001, False),
    "wide_gaps_width": (0.001, False),
    "unstacked": (0.5, True),
    "shorter_stacks": (0.5, True),
    "size_skewness": (0.02, False),
    "size_kurtosis": (0.002, False),
    "size_mixing": (0.5, True),
    "surface_relaxation": (1e-4, False),
    "strain_spread": (0.01, False),
}


def objective(name: str, sample: Sample, background: str = "constant") -> Objective:
    data = []
    for low, high in REGIONS[name]:
        q = np.arange(round(low / STEP), round(high / STEP) + 1, EVERY) * STEP
        data.append(RegionData(Region(low, high), q, np.ones(q.size), np.ones(q.size)))
    stack = Stack(coherent=sample.M, stack="mixed" if sample.mixed else "pure")
    return Objective(Model(stack, Instrument()), data, Settings(background=background))


def differences(
    name: str, curve: Callable[[tuple[float, float], float], FloatArray], size: float, linear: bool
) -> list[FloatArray]:
    """Derivatives of the intensity of every region with respect to the size of an effect, at 0."""
    if linear:
        return [(curve(ends, size) - curve(ends, 0.0)) / size for ends in REGIONS[name]]
    slopes = [
        [(curve(ends, h) - curve(ends, -h)) / (2.0 * h) for h in (size, 2.0 * size)] for ends in REGIONS[name]
    ]
    return [(4.0 * near - far) / 3.0 for near, far in slopes]


def compare(columns: tuple[FloatArray, ...], expected: list[FloatArray], tolerance: float = 1e-6) -> None:
    assert len(columns) == len(expected)
    for column, slope in zip(columns, expected, strict=True):
        np.testing.assert_allclose(column, slope, rtol=0.0, atol=tolerance * np.max(np.abs(slope)))


@pytest.mark.slow
@pytest.mark.parametrize("name", SAMPLES)
@pytest.mark.parametrize("effect", OF_SAMPLE)
def test_effects_of_the_sample(effect: str, name: str) -> None:
    sample = SAMPLES[name]
    size, linear = OF_SAMPLE[effect]
    expected = differences(
        name,
        lambda ends, h: measured(sample.departing(effect, h, ends), ends, EVERY, Measurement()),
        size,
        linear,
    )
    compare(EFFECTS[effect].columns(objective(name, sample), sample.values), expected)


@pytest.mark.slow
@pytest.mark.parametrize("effect", [name for name in OF_SAMPLE if name != "size_mixing"])
def test_effects_of_stacks_of_mixed_sizes(effect: str) -> None:
    sample = replace(SHEETS, mixed=True, M=12)
    size, linear = OF_SAMPLE[effect]
    expected = differences(
        "sheets",
        lambda ends, h: measured(sample.departing(effect, h, ends), ends, EVERY, Measurement()),
        size,
        linear,
    )
    compare(EFFECTS[effect].columns(objective("sheets", sample), sample.values), expected)


@pytest.mark.slow
@pytest.mark.parametrize("effect", ["size_skewness", "size_kurtosis", "surface_relaxation", "strain_spread"])
def test_effects_of_films(effect: str) -> None:
    sample = replace(SHEETS, M=1, N=14.0, sigma_N=1.2)
    size, linear = OF_SAMPLE[effect]
    expected = differences(
        "sheets",
        lambda ends, h: measured(sample.departing(effect, h, ends), ends, EVERY, Measurement()),
        size,
        linear,
    )
    compare(EFFECTS[effect].columns(objective("sheets", sample), sample.values), expected)


@pytest.mark.slow
@pytest.mark.parametrize("name", SAMPLES)
def test_broadening_in_proportion_to_q(name: str) -> None:
    sample = SAMPLES[name]
    size, expected = 1e-3, []
    for ends in REGIONS[name]:
        none, some, more = (
            measured(sample.departing("order_broadening", h), ends, EVERY, Measurement())
            for h in (0.0, size, 2.0 * size)
        )
        expected.append((4.0 * some - 3.0 * none - more) / (2.0 * size))
    compare(EFFECTS["order_broadening"].columns(objective(name, sample), sample.values), expected, 1e-5)


OF_INSTRUMENT = {
    "resolution_width": (0.005, False, lambda h: Measurement(sigma_G=0.007 * (1.0 + h))),
    "resolution_shape": (0.5, True, lambda h: Measurement(lorentzian=h)),
    "second_line": (0.3, True, lambda h: Measurement(second=h)),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", SAMPLES)
@pytest.mark.parametrize("effect", OF_INSTRUMENT)
def test_effects_of_the_instrument(effect: str, name: str) -> None:
    sample = SAMPLES[name]
    size, linear, how = OF_INSTRUMENT[effect]
    expected = differences(name, lambda ends, h: measured(sample, ends, EVERY, how(h)), size, linear)
    tails = 2e-4 if effect == "resolution_shape" else 1e-6  # between two points, a Lorentzian is cut off
    compare(EFFECTS[effect].columns(objective(name, sample), sample.values), expected, tails)


@pytest.mark.slow
@pytest.mark.parametrize("name", SAMPLES)
@pytest.mark.parametrize(("effect", "power"), [("slope", 1), ("curvature", 2)])
def test_smooth_factors(effect: str, power: int, name: str) -> None:
    sample = SAMPLES[name]

    def curve(ends: tuple[float, float], h: float) -> FloatArray:
        middle = (ends[0] + ends[1]) / 2.0
        how = Measurement(factor=lambda q: 1.0 + h * (q - middle) ** power / power)
        return measured(sample, ends, EVERY, how)

    expected = differences(name, curve, 0.5, True)
    compare(EFFECTS[effect].columns(objective(name, sample), sample.values), expected)


@pytest.mark.parametrize(
    ("background", "further"),
    [
        ("none", (lambda x: 1.0 + 0.0 * x, lambda x: x)),
        ("constant", (lambda x: x, lambda x: 1.5 * x**2 - 0.5)),
        ("linear", (lambda x: 1.5 * x**2 - 0.5, lambda x: 2.5 * x**3 - 1.5 * x)),
    ],
)
def test_backgrounds_of_further_degrees(
    background: str, further: tuple[Callable[[FloatArray], FloatArray], ...]
) -> None:
    made = objective("sheets", SHEETS, background)
    highest = measured(SHEETS, REGIONS["sheets"][0], EVERY, Measurement()).max()
    x = np.linspace(-1.0, 1.0, made.data[0].q.size)
    for effect, polynomial in zip(("background_curvature", "background_inflection"), further, strict=True):
        compare(EFFECTS[effect].columns(made, SHEETS.values), [highest * polynomial(x)], 1e-9)
