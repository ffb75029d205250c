"""Directions as they are typed, and the parameters that cuts in them have."""

from __future__ import annotations

import pytest

from slxrd.errors import SlxrdError
from slxrd.model.directions.axes import Axes
from slxrd.model.directions.direction import Direction
from slxrd.parameters.definitions import info


@pytest.mark.parametrize(
    ("text", "vector", "fibre", "wide"),
    [
        ("scan", (0, 0, 1), False, True),
        ("001", (0, 0, 1), False, False),
        ("110", (0.5**0.5, 0.5**0.5, 0), False, False),
        ("-3,0,4", (0.6, 0, 0.8), False, False),
        ("0.6,.8,0.", (0.6, 0.8, 0), False, False),
        ("In-plane", (1, 0, 0), True, False),
        ("in-plane-wide", (1, 0, 0), True, True),
        ("fibre-304", (0.6, 0, 0.8), True, False),
        ("fibre-110-wide", (1, 0, 0), True, True),
        ("100-wide", (1, 0, 0), False, True),
    ],
)
def test_typed(text: str, vector: tuple[float, ...], fibre: bool, wide: bool) -> None:
    found = Direction.parse(text)
    assert found.vector == pytest.approx(vector)
    assert (found.fibre, found.wide, found.name) == (fibre, wide, text.lower())


NONE = [
    "",
    "12",
    "1110",
    "1,2",
    "plane",
    "000",
    "a,b,c",
    "110-wide",
    "fibre-001",
    "fibre-101-wide",
    "nan,0,0",
]


@pytest.mark.parametrize("text", NONE)
def test_not_a_direction(text: str) -> None:
    with pytest.raises(SlxrdError, match="direction"):
        Direction.parse(text)


def test_made_names() -> None:
    assert Direction((1, 1, 0)).name == "110"
    assert Direction((1, 0.5, 0)).name == "1,0.5,0"
    assert Direction((1, 0, 0), fibre=True, wide=True).name == "fibre-100-wide"


def names(axes: Axes, *directions: str) -> list[str]:
    return list(axes.table(map(Direction.parse, directions)))


def test_parameters_of_cuts() -> None:
    plain = ["d_z", "L_z", "sigma_L_z", "N_z", "sigma_N_z"]
    in_plane = ["d_xy", "L_xy", "sigma_L_xy", "N_xy", "sigma_N_xy"]
    assert names(Axes(), "scan") == plain
    # Without slits that integrate, the steps along x and y across themselves are seen too.
    assert names(Axes(), "001") == [*plain, "sigma_T_xy"]
    assert names(Axes(), "100-wide") == in_plane
    # y is seen through steps across itself only, x through its own steps: σ_T of both has one name.
    assert names(Axes(), "100") == [*in_plane, "sigma_T_z", "sigma_T_xy"]
    assert names(Axes(separate=("sigma_T",)), "100") == [*in_plane, "sigma_T_z", "sigma_T_y"]
    assert names(Axes(share=("d", "N", "sigma_N", "L", "sigma_L", "sigma_T")), "111") == [
        "d", "L", "sigma_L", "N", "sigma_N", "sigma_T",
    ]  # fmt: skip
    assert names(Axes(disorder="sinusoidal", share=("W",)), "scan") == [
        "d_z", "L_z", "N_z", "sigma_N_z", "A_L_z", "W",
    ]  # fmt: skip
    assert names(Axes(coherent=(1, 1, 1)), "scan", "100") == [
        "d_z", "d_xy", "N_z", "N_xy", "sigma_N_z", "sigma_N_xy",
    ]  # fmt: skip


def test_definitions_name_their_axes() -> None:
    assert info("L_xy").symbol == "L(xy)"
    assert info("L_xy").meaning.endswith("; x and y")
    assert info("sigma_T").unit == "Å"
    assert info("W_z").lower == 2.0
    assert info("d_x").step == info("d").step
    for name in ("rho_z", "q_zero_z", "L_zx"):
        with pytest.raises(SlxrdError, match="unknown parameter"):
            info(name)


def test_sharing_is_checked() -> None:
    with pytest.raises(SlxrdError, match="share A_L: with cumulative disorder"):
        Axes(share=("A_L",))
    with pytest.raises(SlxrdError, match="separate sigma_L: with sinusoidal disorder"):
        Axes(separate=("sigma_L",), disorder="sinusoidal")
    with pytest.raises(SlxrdError, match="d cannot be shared"):
        Axes(share=("d",), separate=("d",))
    with pytest.raises(SlxrdError, match="disorder 'waves'"):
        Axes(disorder="waves")  # type: ignore[arg-type]
