"""The chosen part of a structure, and the shared arrays of sizes (their numbers: physics/test_sizes)."""

from __future__ import annotations

import math
import pickle
from dataclasses import replace

import numpy as np
import pytest

from slxrd.errors import SlxrdError
from slxrd.fitting.api import fit
from slxrd.fitting.fit_options import without_neighbours
from slxrd.model.simulation import simulate
from slxrd.model.sizes import size_weights
from slxrd.parameters.parameter_set import Parameters
from slxrd.sample.library.crystals import crystal
from slxrd.sample.stack import Stack
from slxrd.sample.substrate import Substrate


def test_defaults_are_those_of_the_paper_where_they_can_be() -> None:
    assert Stack() == Stack(coherent=40, size_window=5.0)


@pytest.mark.parametrize("n_coherent", [0, -1, 1.5, True, False, math.inf, math.nan])
def test_numbers_of_crystals_refused(n_coherent: float) -> None:
    with pytest.raises(SlxrdError, match="M must be a whole number of crystals"):
        Stack(n_coherent)  # type: ignore[arg-type]


@pytest.mark.parametrize("window", [0.0, -5.0, math.inf, math.nan])
def test_windows_refused(window: float) -> None:
    with pytest.raises(SlxrdError, match="positive number of σ_N"):
        Stack(40, window)


@pytest.mark.parametrize("n_coherent", [1, 2, 7, 40, 10_000])
def test_any_whole_number_of_crystals(n_coherent: int) -> None:
    assert Stack(n_coherent).coherent == n_coherent


def test_shared_weights_cannot_be_spoilt() -> None:
    first = size_weights(13.0, 1.55)
    for array in (first.sizes, first.weights, first.d_N, first.d_sigma_N):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 1
    assert size_weights(13.0, 1.55).weights.tolist() == first.weights.tolist()
    assert size_weights(13.0, 1.56).weights.tolist() != first.weights.tolist()


def test_weights_by_hand() -> None:
    """N = 2, σ_N = 1, sizes 1 to 7: exp(−½(n−2)²) over their sum."""
    shares = size_weights(2.0, 1.0)
    assert shares.sizes.tolist() == [1, 2, 3, 4, 5, 6, 7]
    raw = [math.exp(-0.5 * (n - 2) ** 2) for n in range(1, 8)]
    np.testing.assert_allclose(shares.weights, np.array(raw) / sum(raw), rtol=1e-14)


def test_a_window_of_three() -> None:
    """The paper's cut: 13 ± 3·1.55 holds 9 to 17."""
    assert size_weights(13.0, 1.55, 3.0).sizes.tolist() == list(range(9, 18))
    assert size_weights(13.0, 1.55, 5.0).sizes.tolist() == list(range(6, 21))


def test_crystals_that_would_overlap_are_refused() -> None:
    """Half a plane distance of CsBr stands out on either side: 5.84 Å together."""
    q = np.arange(0.8, 1.4, 0.004)
    values = {"d": 5.84, "L": 5.0, "sigma_L": 1.0, "N": 9.0, "sigma_N": 1.0}
    with pytest.raises(SlxrdError, match=r"L = 5 Å: CsPbBr3 .* would overlap.* stand out by 5.84 Å"):
        simulate(q, values, crystal="CsPbBr3:CsBr")
    pattern = simulate(q, {**values, "L": 5.9}, crystal="CsPbBr3:CsBr", noise=0.01, seed=1)
    simulate(q, values, crystal="CsPbBr3:PbBr2")
    for options in ({"fix": {"L": 5.0}}, {"bounds": {"L": (3.0, 5.5)}}):
        with pytest.raises(SlxrdError, match="would overlap"):
            fit(pattern, crystal="CsPbBr3:CsBr", regions=[(0.85, 1.3)], **options)
    pair = Stack(crystal=crystal("CsPbBr3", "Br"), partner=crystal("PbS-100"))
    pair.check_gap({"L": 3.0})
    with pytest.raises(SlxrdError, match=r"L = 2 Å"):
        pair.check_gap({"L": 3.0, "dL_B": -1.0})
    assert pair.table["L"].lower == 5.0
    assert Stack(crystal=crystal("CsPbBr3", "Br")).table["L"].lower == pytest.approx(5.84)


def test_the_table_is_built_once_and_follows_replaced_settings() -> None:
    stack = Stack(crystal=crystal("CsPbBr3"))
    assert stack.table is stack.table
    other = replace(stack, slab=0.31)
    assert "rho" not in stack.table
    assert other.table["rho"].default == 0.31
    copied = pickle.loads(pickle.dumps(other))
    assert copied == other
    assert hash(copied) == hash(other)
    assert copied.table == other.table
    with pytest.raises(TypeError, match="frozen"):
        stack.table["d"] = stack.table["L"]


def test_gaps_on_a_substrate_may_be_shorter_than_a_ligand() -> None:
    """And other default bounds are no option that a single crystal refuses."""
    on_substrate = Stack(substrate=Substrate(3.2))
    assert on_substrate.table["L"].lower < 3.0 < Stack().table["L"].lower
    parameters = Parameters().within(on_substrate.table)
    assert parameters.is_default("L")
    assert without_neighbours(parameters)["L"].value == 0.0
    with pytest.raises(SlxrdError, match="L means nothing for a single crystal"):
        without_neighbours(Parameters().bound(L=(5.0, 50.0)).within(on_substrate.table))
