"""Columns of effects for atomic planes, films on substrates and alternating stacks, against explicit sums."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import brute_cells
import brute_films
import numpy as np
import pytest
from brute_effects import Sample, size_distribution
from brute_substrates import rod

from slxrd.data.regions import Region, RegionData
from slxrd.fitting.objective.residuals import Objective
from slxrd.fitting.systematics.columns.parameters import derivatives_by
from slxrd.fitting.systematics.effect import EFFECTS
from slxrd.instrument.diffractometer import Instrument
from slxrd.model.intensity import Model
from slxrd.sample.library.crystals import crystal
from slxrd.sample.stack import Stack
from slxrd.sample.substrate import Substrate
from slxrd.units import FloatArray

Q = np.linspace(1.95, 2.3, 36)
STACK = {"d": 5.84, "L": 36.9, "sigma_L": 0.6, "N": 5.0, "sigma_N": 0.8, "q_zero": 0.0}
FILM = {"d": 3.0, "L": 20.0, "sigma_L": 0.0, "N": 12.0, "sigma_N": 0.9, "q_zero": 0.0}
BELOW = {"d_S": 2.7, "f_S": 1.3, "L_S": 4.1, "sigma_S": 0.0, "coherence_S": 1.0, "phase_S": 0.0}
ATOMS = Stack(coherent=6, crystal=crystal("CsPbBr3"))
PAIRS = Stack(coherent=5, stack="alternating")
OF_PAIRS = STACK | {"d_B": 3.1, "N_B": 4.0, "sigma_N_B": 0.7}


def column(effect: str, stack: Stack, values: Mapping[str, float]) -> FloatArray:
    return EFFECTS[effect].columns(objective(stack), values)[0]


def objective(stack: Stack) -> Objective:
    ones = np.ones(Q.size)
    data = [RegionData(Region(float(Q[0]), float(Q[-1])), Q, ones, ones)]
    return Objective(Model(stack, Instrument(sigma_G=0.0)), data)


def slope(curve: Callable[[float], FloatArray], h: float) -> FloatArray:
    near, far = ((curve(k * h) - curve(-k * h)) / (2.0 * k * h) for k in (1, 2))
    return (4.0 * near - far) / 3.0


def near(found: FloatArray, expected: FloatArray, tolerance: float = 1e-6) -> None:
    np.testing.assert_allclose(found, expected, rtol=0.0, atol=tolerance * np.max(np.abs(expected)))


@pytest.mark.slow
def test_relaxed_surfaces_of_atomic_planes() -> None:
    moved = ATOMS.using(["shift_surface"])
    heights = [plane.height(STACK["d"]) for plane in ATOMS.crystal.planes(4)]  # type: ignore[union-attr]
    distance = np.mean([heights[1] - heights[0], heights[-1] - heights[-2]])

    def curve(size: float) -> FloatArray:
        return brute_cells.expected(moved, STACK | {"shift_surface": size * distance}, Q)

    near(column("surface_relaxation", ATOMS, STACK), slope(curve, 1e-4))


@pytest.mark.slow
def test_spread_of_d_of_atomic_planes() -> None:
    gap = brute_cells.Gap(STACK["L"], STACK["sigma_L"], 0.0)

    def curve(squared: float) -> FloatArray:
        total = np.zeros(Q.size)
        ds, weights = brute_cells.nodes(STACK["d"], STACK["d"] * 0.003 * squared**0.5, 6)
        for n, share in brute_cells.shares(STACK["N"], STACK["sigma_N"], 5.0, 0, 1).items():
            bodies = tuple(
                brute_cells.body(ATOMS.crystal, n, weight, d, {}, Q, None)
                for d, weight in zip(ds.tolist(), weights.tolist(), strict=True)
            )
            layer = brute_cells.Layer(bodies, gap)
            total += share * brute_cells.pair_sum([layer], ATOMS.coherent, Q, 0.0, True)[0]
        return total

    none, some, more = (curve(h) for h in (0.0, 1e-3, 2e-3))
    near(column("strain_spread", ATOMS, STACK), (4.0 * some - 3.0 * none - more) / 2e-3, 1e-5)


@pytest.mark.parametrize("effect", ["unstacked", "wide_gaps"])
def test_stacks_that_alternate(effect: str) -> None:
    def curve(size: float) -> FloatArray:
        further = {"unstacked": size} if effect == "unstacked" else {"wide_L": size, "widening_L": 5.0}
        return brute_cells.expected(PAIRS.using(list(further)), OF_PAIRS | further, Q)

    near(column(effect, PAIRS, OF_PAIRS), slope(curve, 1e-3))


@pytest.mark.slow
@pytest.mark.parametrize(("stack", "values"), [(PAIRS, OF_PAIRS), (Stack(coherent=6, stack="mixed"), STACK)])
def test_distances_that_differ_from_stack_to_stack(stack: Stack, values: Mapping[str, float]) -> None:
    lengths = [name for name in ("d", "L", "sigma_L", "d_B") if name in values]

    def curve(squared: float) -> FloatArray:
        """One half of the stacks is longer, the other shorter."""
        ratios = (1.0 + sign * 0.004 * squared**0.5 for sign in (1.0, -1.0))
        scaled = (dict(values) | {name: r * values[name] for name in lengths} for r in ratios)
        return np.asarray(sum(0.5 * brute_cells.expected(stack, each, Q) for each in scaled))

    none, some, more = (curve(h) for h in (0.0, 1e-3, 2e-3))
    near(column("order_broadening", stack, values), (4.0 * some - 3.0 * none - more) / 2e-3, 1e-5)


@pytest.mark.parametrize("stack", [Stack(), ATOMS, Stack(stack="mixed")])
@pytest.mark.parametrize("effect", ["gap_skewness", "wide_gaps", "unstacked"])
def test_both_ways_of_calculation_agree(effect: str, stack: Stack) -> None:
    """The cells of one crystal against parameters of the model, which all structures have."""
    name, further = {
        "gap_skewness": ("skew_L", {}),
        "wide_gaps": ("wide_L", {"widening_L": 5.0}),
        "unstacked": ("unstacked", {}),
    }[effect]
    expected = derivatives_by(objective(stack), STACK, {name: 1.0}, further)[0]
    near(column(effect, stack, STACK), expected, 1e-8)


@pytest.mark.slow
@pytest.mark.parametrize(
    "effect", ["gap_skewness", "wide_gaps", "unstacked", "size_skewness", "size_kurtosis"]
)
def test_stacks_on_substrates_without_interference(effect: str) -> None:
    """A substrate that does not interfere changes nothing."""
    on = Stack(coherent=6, substrate=Substrate(2.7))
    values = STACK | BELOW | {"coherence_S": 0.0}
    near(column(effect, on, values), column(effect, Stack(coherent=6), STACK), 1e-8)


def on_substrate(film: tuple[FloatArray, np.ndarray]) -> FloatArray:
    intensity, amplitude = film
    below = BELOW["f_S"] * rod(Q, BELOW["d_S"])
    cross = 2.0 * np.real(np.conj(below) * np.exp(1j * Q * BELOW["L_S"]) * amplitude)
    return np.asarray(intensity + np.abs(below) ** 2 + cross)


@pytest.mark.slow
@pytest.mark.parametrize("effect", ["size_skewness", "size_kurtosis", "strain_spread", "surface_relaxation"])
def test_films_on_substrates(effect: str) -> None:
    film = Stack(coherent=1, substrate=Substrate(2.7))

    def relaxed(size: float) -> FloatArray:
        # The first distance is d(1 + size); the strain fades over half a plane.
        strain = size / (0.5 * (1.0 - np.exp(-2.0)))
        ends = {
            f"{what}_{end}": x
            for end in ("bottom", "top")
            for what, x in (("strain", strain), ("depth", 0.5))
        }
        return on_substrate(brute_films.expected(FILM | ends, Q))

    def spread(size: float) -> FloatArray:
        return on_substrate(brute_films.expected(FILM | {"sigma_d": 0.003 * size**0.5}, Q))

    def of_other_shape(size: float) -> FloatArray:
        sample = Sample(3.0, 20.0, 0.0, 12.0, 0.9, 1, departures={effect: size})
        intensity, amplitude = np.zeros(Q.size), np.zeros(Q.size, complex)
        for n, share in size_distribution(sample).items():
            A = brute_films.column(n, 3.0, {}, Q)
            intensity, amplitude = intensity + share * np.abs(A) ** 2, amplitude + share * A
        return on_substrate((intensity, amplitude))

    if effect == "strain_spread":
        none, some, more = (spread(h) for h in (0.0, 1e-3, 2e-3))
        expected = (4.0 * some - 3.0 * none - more) / 2e-3
    else:
        expected = slope(relaxed, 1e-4) if effect == "surface_relaxation" else slope(of_other_shape, 0.01)
    near(column(effect, film, FILM | BELOW), expected, 1e-5)
