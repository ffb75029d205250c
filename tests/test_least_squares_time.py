"""Refinements whose time passes at any moment end at the best point so far."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import count

import numpy as np
import pytest

from slxrd._least_squares import minimise
from slxrd.units import FloatArray


@dataclass(frozen=True)
class Valley:
    """Residuals of Rosenbrock's function and their derivatives."""

    residual: FloatArray
    jacobian: FloatArray


def valley(x: FloatArray) -> Valley:
    return Valley(
        np.array([10.0 * (x[1] - x[0] ** 2), 1.0 - x[0]]), np.array([[-20.0 * x[0], 10.0], [-1.0, 0.0]])
    )


def after(allowed: int) -> Callable[[], bool]:
    """Time that has passed after so many questions."""
    calls = count()
    return lambda: next(calls) >= allowed


@pytest.mark.parametrize("most", [2, 3, 4, 8, 29])
def test_time_that_passes_at_any_evaluation(most: int) -> None:
    """Also at the one after the last step, where that step was rejected."""
    start = np.array([-1.2, 1.0])
    first = float(np.sum(valley(start).residual ** 2))
    for allowed in range(most + 2):
        found = minimise(valley, start, most_evaluations=most, expired=after(allowed))
        assert found.chi2 <= first
        assert found.chi2 == pytest.approx(float(np.sum(valley(found.x).residual ** 2)))
