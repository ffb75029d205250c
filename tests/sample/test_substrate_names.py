"""Substrates by plane distance and by name, and as they are written in saved files."""

from __future__ import annotations

import numpy as np
import pytest

import slxrd
from slxrd.errors import SlxrdError
from slxrd.fitting.fit_options import FitOptions, prepare_objective
from slxrd.fitting.record.request_of_fit import choices_of
from slxrd.sample.specification import as_stack, as_substrate
from slxrd.sample.substrate import Substrate


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (None, None),
        ("none", None),
        (3.905, Substrate(3.905)),
        ("3.905", Substrate(3.905)),
        ("SrTiO3:002", Substrate(3.905 / 2.0, "SrTiO3:002")),
        ("srtio3:002", Substrate(3.905 / 2.0, "SrTiO3:002")),
        (Substrate(2.0, "mine"), Substrate(2.0, "mine")),
    ],
)
def test_names(given: object, expected: Substrate | None) -> None:
    assert as_substrate(given) == expected  # type: ignore[arg-type]


@pytest.mark.parametrize("wrong", ["nothing", "SrTiO3", "SrTiO3:0", 0.0, -1.0, float("nan"), True, "nan"])
def test_wrong_names(wrong: object) -> None:
    with pytest.raises(SlxrdError, match="substrate"):
        as_substrate(wrong)  # type: ignore[arg-type]


def test_parameters_of_a_substrate() -> None:
    stack = as_stack(coherent=1, substrate=2.0, naming=["sigma_top"])
    table = stack.table
    assert (table["d_S"].default, table["d_S"].free) == (2.0, False)
    assert (table["L_S"].lower, table["L_S"].upper) == (0.6, 6.0)
    assert "sigma_top" in table
    assert not stack.in_kernels
    assert str(stack) == "M = 1, substrate (d = 2 Å)"
    assert as_stack(coherent=1).in_kernels


def film() -> slxrd.Pattern:
    values = {"d": 3.0, "N": 20.0, "sigma_N": 1.0, "d_S": 2.9, "f_S": 0.5, "L_S": 3.0}
    return slxrd.simulate(np.linspace(1.9, 4.4, 300), values, coherent=1, substrate=2.9)


def test_several_orders_are_noted() -> None:
    pattern = film()
    stack = as_stack(coherent=1, substrate=2.9)
    for regions, many in (([(1.9, 2.14), (2.2, 2.4)], False), ([(1.9, 2.14), (4.0, 4.3)], True)):
        options = FitOptions([slxrd.Region(*region) for region in regions], stack=stack)
        _, notes = prepare_objective(pattern, options)
        assert any("f_S" in note for note in notes) is many


@pytest.mark.slow
@pytest.mark.parametrize("substrate", [2.9, "SrTiO3:002"])
def test_choices_of_a_fit(substrate: float | str) -> None:
    values = {"d": 3.0, "N": 20.0, "sigma_N": 1.0, "f_S": 0.5, "L_S": 3.0}
    fit = slxrd.fit(
        film(), regions=[(1.95, 2.14)], coherent=1, substrate=substrate, fix={**values, "q_zero": 0.0}
    )
    assert choices_of(fit)["substrate"] == substrate
