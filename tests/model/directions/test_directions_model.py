"""Intensity in any direction: against explicit lattices, a single stack, and finite differences."""

from __future__ import annotations

import numpy as np
import pytest
from explicit_lattices import ExplicitLattice

from slxrd.errors import SlxrdError
from slxrd.instrument.diffractometer import Instrument
from slxrd.model.directions.axes import Axes, Disorder
from slxrd.model.directions.direction import Direction
from slxrd.model.directions.fibre import azimuths
from slxrd.model.directions.model import DirectionsModel
from slxrd.model.intensity import Model

Q = np.linspace(0.9, 1.25, 24)
SHARP = Instrument(0.0)
PER_AXIS: dict[Disorder, tuple[str, ...]] = {
    "cumulative": ("d", "L", "N", "sigma_N", "sigma_L", "sigma_T"),
    "sinusoidal": ("d", "L", "N", "sigma_N", "A_L", "A_T", "W"),
}


def lattice(disorder: Disorder, crystals: int, sigma_N: float = 0.0) -> ExplicitLattice:
    """Three different axes."""
    return ExplicitLattice(
        d=(5.84, 5.7, 6.0), L=(15.0, 18.0, 16.0), N=(4, 4, 3), sigma_N=(sigma_N,) * 3,
        crystals=(crystals,) * 3, along=(0.9, 0.7, 1.1), across=(0.5, 0.8, 0.6), disorder=disorder,
        period=(4.3, 6.0, 11.0),
    )  # fmt: skip


def calculated(one: ExplicitLattice, direction: str) -> np.ndarray:
    axes = Axes(separate=PER_AXIS[one.disorder], coherent=tuple(one.crystals), disorder=one.disorder)
    parsed = Direction.parse(direction)
    model = DirectionsModel(instrument=SHARP, directions=(parsed,), axes=axes)
    of_base = {
        "d": one.d, "L": one.L, "N": one.N, "sigma_N": one.sigma_N, "sigma_L": one.along,
        "sigma_T": one.across, "A_L": one.along, "A_T": one.across, "W": one.period,
    }  # fmt: skip
    values = {"q_zero": 0.0}
    for name in model.names[:-1]:
        base, axis = name.rsplit("_", 1)
        values[name] = of_base[base]["xyz".index(axis)]
    hidden = [one.N["xyz".index(axis)] for axis in "xyz" if axis not in parsed.along]
    return model.intensity(Q, values) * np.prod(np.array(hidden, dtype=float) ** 2)


@pytest.mark.slow
@pytest.mark.parametrize("disorder", ["cumulative", "sinusoidal"])
@pytest.mark.parametrize("direction", ["100", "110", "111", "210", "in-plane"])
def test_explicit_lattices(disorder: Disorder, direction: str) -> None:
    """5×5×5 crystals: as often within one and two standard errors as chance has it."""
    compare_with_explicit(lattice(disorder, 5), direction, 1600 if direction == "in-plane" else 400)


@pytest.mark.slow
@pytest.mark.parametrize("disorder", ["cumulative", "sinusoidal"])
def test_larger_explicit_lattices(disorder: Disorder) -> None:
    """8×8×8 crystals."""
    compare_with_explicit(lattice(disorder, 8), "110", 320)


@pytest.mark.slow
@pytest.mark.parametrize("disorder", ["cumulative", "sinusoidal"])
def test_explicit_sizes(disorder: Disorder) -> None:
    """The sizes along the three axes vary independently from superlattice to superlattice."""
    compare_with_explicit(lattice(disorder, 4, 0.6), "111", 1500)


def compare_with_explicit(one: ExplicitLattice, direction: str, draws: int) -> None:
    parsed = Direction.parse(direction)
    vectors = Q[:, None] * np.array(parsed.vector)
    mean, error = one.average(np.random.default_rng(7), vectors, draws, turned=parsed.fibre)
    deviation = (calculated(one, direction) - mean) / error
    assert np.abs(deviation).max() < 6.0
    assert np.mean(deviation**2) < 3.0
    # A model without disorder is far outside.
    ordered = ExplicitLattice(**{**vars(one), "along": (0.0,) * 3, "across": (0.0,) * 3})
    assert np.mean(((calculated(ordered, direction) - mean) / error) ** 2) > 10.0


def test_a_scan_is_a_stack() -> None:
    """θ:2θ is the special case: the same numbers to the last digit, with their derivatives."""
    values = {"d": 5.84, "L": 36.9, "sigma_L": 1.1, "N": 13.2, "sigma_N": 1.5, "q_zero": 0.001}
    intensity, jacobian = Model().region(Q).evaluate(values)
    model = DirectionsModel()
    named = {name if name == "q_zero" else f"{name}_z": value for name, value in values.items()}
    own, own_jacobian = model.region(Q).evaluate(named)
    np.testing.assert_array_equal(own, intensity)
    order = [model.names.index(name) for name in named]
    np.testing.assert_array_equal(own_jacobian[order], jacobian)


def test_sinusoidal_without_amplitude_is_a_perfect_stack() -> None:
    values = {"d_z": 5.84, "L_z": 20.0, "N_z": 6.0, "sigma_N_z": 1.0, "q_zero": 0.0}
    waves = DirectionsModel(axes=Axes(coherent=(9, 9, 9), disorder="sinusoidal"))
    still = waves.intensity(Q, {**values, "A_L_z": 0.0, "W_z": 7.0})
    perfect = DirectionsModel(axes=Axes(coherent=(9, 9, 9))).intensity(Q, {**values, "sigma_L_z": 0.0})
    np.testing.assert_allclose(still, perfect, rtol=1e-9)


BASE = {
    "d": 5.84, "L": 20.0, "sigma_L": 1.3, "N": 4.2, "sigma_N": 0.8, "sigma_T": 0.9, "A_L": 1.5, "A_T": 1.1,
    "W": 4.3,
}  # fmt: skip
FEW = np.linspace(1.0, 1.1, 9)


@pytest.mark.parametrize(
    ("disorder", "directions"),
    [
        ("cumulative", ("111",)),
        ("cumulative", ("1,0.5,0.2",)),
        ("cumulative", ("scan", "100", "110")),
        pytest.param("cumulative", ("fibre-101",), marks=pytest.mark.slow),
        ("sinusoidal", ("1,0.5,0.2",)),
        ("sinusoidal", ("scan", "100", "110")),
        pytest.param("sinusoidal", ("in-plane-wide",), marks=pytest.mark.slow),
    ],
)
def test_derivatives(disorder: Disorder, directions: tuple[str, ...]) -> None:
    parsed = tuple(map(Direction.parse, directions))
    further = (Instrument(0.01),) * (len(parsed) - 1)
    axes = Axes(coherent=(3, 3, 3), disorder=disorder)
    model = DirectionsModel(instrument=Instrument(0.01), further=further, directions=parsed, axes=axes)
    values = dict.fromkeys(model.names, 0.0005)
    for k, name in enumerate(model.names[: -len(parsed)]):
        values[name] = BASE[name.rsplit("_", 1)[0]] * (1.0 + 0.01 * k)
    for scan in range(len(parsed)):
        region = model.region(FEW, scan)
        intensity, jacobian = region.evaluate(values)
        for name, row in zip(model.names, jacobian, strict=True):
            step = 1e-5 * max(abs(values[name]), 0.01)
            above, below = (
                region.evaluate({**values, name: values[name] + sign * step}, False)[0] for sign in (1, -1)
            )
            difference = (above - below) / (2.0 * step)
            scale = max(np.abs(difference).max(), 1e-9 * intensity.max())
            np.testing.assert_allclose(row, difference, atol=2e-6 * scale, rtol=0.0, err_msg=name)


@pytest.mark.slow
def test_average_over_azimuths_does_not_depend_on_their_number() -> None:
    """The rule is exact: explicit averages over many more azimuths agree."""
    values = {
        "d_xy": 5.84,
        "L_xy": 20.0,
        "sigma_L_xy": 0.3,
        "N_xy": 4.0,
        "sigma_N_xy": 0.5,
        "sigma_T_xy": 0.4,
    }
    axes, at = Axes(coherent=(3, 3, 3)), np.array([1.0, 1.076, 1.1])

    def along(angle: float) -> np.ndarray:
        # σ_T of z is fixed at 0, so that its factor is the constant 3².
        direction = Direction((np.cos(angle), np.sin(angle), 0.0))
        model = DirectionsModel(instrument=SHARP, directions=(direction,), axes=axes)
        return model.intensity(at, {**values, "sigma_T_z": 0.0, "q_zero": 0.0}) / 9.0

    angles = np.linspace(0.0, np.pi / 2.0, 150, endpoint=False) + 1e-3
    explicit = np.mean([along(angle) for angle in angles], axis=0)
    model = DirectionsModel(instrument=SHARP, directions=(Direction.parse("in-plane-wide"),), axes=axes)
    np.testing.assert_allclose(model.intensity(at, {**values, "q_zero": 0.0}), explicit, rtol=1e-6)


def test_azimuths() -> None:
    angle, weight = azimuths(50.0, square=True)
    assert angle[[0, -1]] == pytest.approx([0.0, np.pi / 4])
    assert weight.sum() == pytest.approx(1.0)
    for order in (8, 40, 48):
        assert weight @ np.cos(order * angle) == pytest.approx(0.0, abs=1e-12)
    with pytest.raises(SlxrdError, match="fewer crystals along x and y"):
        azimuths(1e6, square=False)


def test_impossible_values() -> None:
    model = DirectionsModel()
    values = {"d_z": 5.84, "L_z": -1.0, "sigma_L_z": 1.0, "N_z": 4.0, "sigma_N_z": 1.0, "q_zero": 0.0}
    with pytest.raises(SlxrdError, match="L_z = -1: must lie between 0 and"):
        model.intensity(Q, values)
    with pytest.raises(SlxrdError, match="1 directions for 2 cuts"):
        DirectionsModel(further=(SHARP,))
