import dataclasses
from typing import Any

import numpy as np
import pytest

from slxrd.data.pattern import Pattern, Step
from slxrd.errors import SlxrdError


def make(**changes: Any) -> Pattern:
    given: dict[str, Any] = {"x": [1.0, 2.0, 3.0], "intensity": [10.0, 20.0, 30.0]}
    return Pattern(**(given | changes))


def test_plain_lists_become_frozen_arrays() -> None:
    pattern = make(sigma=[1, 2, 3])
    assert pattern.x.dtype == np.float64
    assert pattern.sigma is not None
    assert pattern.mask.tolist() == [False, False, False]
    assert len(pattern) == 3
    for name in ("x", "intensity", "sigma", "mask"):
        with pytest.raises(ValueError, match="read-only"):
            getattr(pattern, name)[0] = 5
    with pytest.raises(dataclasses.FrozenInstanceError):
        pattern.axis = "2theta"  # type: ignore[misc]
    with pytest.raises(TypeError):
        pattern.metadata["a"] = 1  # type: ignore[index]


def test_the_callers_array_stays_his_own() -> None:
    x = np.array([1.0, 2.0, 3.0])
    pattern = make(x=x)
    x[0] = 1.5
    assert pattern.x[0] == 1.0


def test_per_count_is_spread() -> None:
    per_count = make(per_count=0.5).per_count
    assert per_count is not None
    assert per_count.tolist() == [0.5, 0.5, 0.5]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"axis": "d"}, "axis 'd' is not one of q, 2theta"),
        ({"x": [], "intensity": []}, "non-empty"),
        ({"x": [[1.0, 2.0, 3.0]]}, r"shape \(1, 3\)"),
        ({"intensity": [1.0, 2.0]}, r"intensity has shape \(2,\), the axis has 3"),
        ({"sigma": [1.0, 2.0]}, "sigma has shape"),
        ({"mask": [True]}, "mask has shape"),
        ({"intensity": [1.0, np.nan, 2.0]}, "intensity is not finite at point 2"),
        ({"x": [1.0, 2.0, np.inf]}, "x is not finite at point 3"),
        ({"x": [1.0, 3.0, 2.0]}, r"does not increase after 3 \(point 2\)"),
        ({"x": [1.0, 1.0, 2.0]}, r"does not increase after 1 \(point 1\)"),
        ({"sigma": [1.0, 0.0, 2.0]}, "sigma at 2 is 0, must be positive"),
        ({"per_count": -1.0}, "per_count at 1 is -1"),
        ({"wavelength": 0.0}, "wavelength"),
        ({"wavelength": np.nan}, "wavelength"),
        ({"axis": "2theta", "x": [0.0, 1.0, 2.0]}, "2θ = 0°"),
        ({"axis": "2theta", "x": [1.0, 2.0, 180.0]}, "2θ = 180°"),
    ],
)
def test_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(SlxrdError, match=message):
        make(**changes)


def test_to_q() -> None:
    pattern = make(axis="2theta", x=[30.0, 60.0, 90.0], wavelength=1.0, sigma=[1, 2, 3])
    q = pattern.to_q()
    # q = 4π sin θ, θ = 15, 30, 45°
    np.testing.assert_allclose(q.x, [3.252416, 6.283185, 8.885766], atol=1e-6)
    assert q.axis == "q"
    assert [str(step) for step in q.history] == ["2θ to q (wavelength (Å) = 1)"]
    assert q.to_q() is q
    np.testing.assert_allclose(q.two_theta, pattern.x, rtol=1e-14)
    assert pattern.history == ()


def test_wavelength_is_asked_for() -> None:
    with pytest.raises(SlxrdError, match="--wavelength CuKa1"):
        _ = make(axis="2theta").q
    with pytest.raises(SlxrdError, match="wavelength is not known"):
        _ = make().two_theta


def test_masks_add_up() -> None:
    pattern = make().masked(0.5, 1.0).masked(2.5, 9.0)
    assert pattern.mask.tolist() == [True, False, True]
    assert [step.name for step in pattern.history] == ["mask", "mask"]
    assert pattern.history[1].details == {"from": 2.5, "to": 9.0}


@pytest.mark.parametrize(("low", "high"), [(2.0, 1.0), (1.0, 1.0), (1.1, 1.9), (np.nan, 2.0)])
def test_masks_refused(low: float, high: float) -> None:
    with pytest.raises(SlxrdError, match="mask"):
        make().masked(low, high)


def test_step_as_text() -> None:
    assert str(Step("sorted")) == "sorted"
    assert str(Step("mask", {"from": 1, "to": 2})) == "mask (from = 1, to = 2)"
