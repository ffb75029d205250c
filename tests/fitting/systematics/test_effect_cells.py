"""Means and interference of cells as the effects use them: the model's own intensity and derivatives."""

from __future__ import annotations

import numpy as np
import pytest

from slxrd.fitting.systematics.columns.cells import cells_of
from slxrd.instrument.diffractometer import Instrument
from slxrd.model.intensity import Model, RegionModel
from slxrd.sample.library.crystals import crystal
from slxrd.sample.stack import Stack

Q = np.linspace(0.95, 1.25, 40)
VALUES = {"d": 5.84, "L": 36.9, "sigma_L": 1.1, "N": 8.3, "sigma_N": 1.2, "q_zero": 0.002}
CUBE = crystal("CsPbBr3")
STRUCTURES = {
    "pure": (Stack(), {}),
    "mixed": (Stack(stack="mixed"), {}),
    "by volume": (Stack(weighting="volume"), {}),
    "numbers vary": (Stack(coherent=20, coherent_spread=4.0), {}),
    "displaced": (Stack().using(["sigma_u"]), {"sigma_u": 0.6}),
    "partly alone": (Stack().using(["unstacked"]), {"unstacked": 0.2}),
    "mixed and partly alone": (
        Stack(stack="mixed").using(["unstacked", "sigma_u"]),
        {"unstacked": 0.2, "sigma_u": 0.5},
    ),
    "atomic": (Stack(crystal=CUBE), {}),
    "atomic, with a slab": (Stack(crystal=CUBE, slab=0.3, stack="mixed"), {"rho": 0.3}),
    "atomic, moved surfaces": (
        Stack(crystal=CUBE).using(["shift_surface", "B"]),
        {"shift_surface": 0.1, "B": 1.0},
    ),
    "single": (Stack(coherent=1), {}),
}


def region(stack: Stack) -> RegionModel:
    return Model(stack, Instrument()).region(Q)


@pytest.mark.slow
@pytest.mark.parametrize("name", STRUCTURES)
def test_intensity(name: str) -> None:
    stack, further = STRUCTURES[name]
    made, values = region(stack), VALUES | further
    expected = made.evaluate(values, derivatives=False)[0]
    cells = cells_of(made, values)
    np.testing.assert_allclose(cells.smeared(cells.intensity()), expected, rtol=1e-9)


@pytest.mark.parametrize("name", STRUCTURES)
def test_changes_of_gaps_and_sizes_against_exact_derivatives(name: str) -> None:
    """A change of w with L, of the shares with N, and of the fraction alone, are derivatives of the model."""
    stack, further = STRUCTURES[name]
    made, values = region(stack), VALUES | further
    jacobian = dict(zip(made.names, made.evaluate(values)[1], strict=True))
    cells = cells_of(made, values)
    if stack.coherent > 1 and stack.slab is None:  # a slab changes with the gap
        by_L = cells.smeared(cells.by_gaps(1j * cells.on.q * cells.w))
        np.testing.assert_allclose(by_L, jacobian["L"], rtol=0.0, atol=1e-9 * np.max(np.abs(jacobian["L"])))
    n, P = cells.sizes, cells.shares
    change = P * (n - (P * n).sum()) / values["sigma_N"] ** 2
    by_N = cells.smeared(cells.by_shares(change))
    np.testing.assert_allclose(by_N, jacobian["N"], rtol=0.0, atol=1e-9 * np.max(np.abs(jacobian["N"])))
    if "unstacked" in made.names:
        alone = cells.smeared(cells.unstacked_minus_stacked())
        expected = jacobian["unstacked"]
        np.testing.assert_allclose(alone, expected, rtol=0.0, atol=1e-9 * np.max(np.abs(expected)))


def test_cells_of_other_values_are_calculated_anew() -> None:
    made = region(Stack())
    one = cells_of(made, VALUES)
    assert cells_of(made, dict(VALUES)) is one
    other = cells_of(made, VALUES | {"L": 37.0})
    assert other is not one
    assert np.max(np.abs(other.w - one.w)) > 0.01
