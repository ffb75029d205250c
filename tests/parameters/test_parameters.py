"""Sets of parameters: what may be said, what is refused, and how ties pass derivatives on."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slxrd.errors import SlxrdError
from slxrd.parameters.definitions import TABLE, info
from slxrd.parameters.lmfit_bridge import from_lmfit, to_lmfit
from slxrd.parameters.parameter_set import Parameter, Parameters

Change = Callable[[Parameters], object]

VALUES = {"d": 5.84, "L": 36.9, "sigma_L": 1.43, "N": 13.0, "sigma_N": 1.55, "q_zero": 0.0}


def started(**changed: float) -> Parameters:
    return Parameters().start(**{**VALUES, **changed})


def test_the_table() -> None:
    assert list(TABLE) == ["d", "L", "sigma_L", "N", "sigma_N", "q_zero"]
    for name, row in TABLE.items():
        assert row.name == name
        assert row.least <= row.lower < row.upper
        assert row.meaning
        assert row.source
        assert row.unit
    assert [name for name, row in TABLE.items() if row.default is not None] == ["q_zero"]


def test_the_defaults() -> None:
    parameters = Parameters()
    assert parameters.unknown == ("d", "L", "sigma_L", "N", "sigma_N")
    assert parameters.free_names == ("d", "L", "sigma_L", "N", "sigma_N")
    assert parameters["q_zero"].free is None
    assert parameters["q_zero"].value == 0.0
    for name, row in TABLE.items():
        assert (parameters[name].lower, parameters[name].upper) == (row.lower, row.upper)
    assert len(parameters) == 6
    assert "d" in parameters
    assert "x" not in parameters


def test_changes_leave_the_original_alone() -> None:
    first = Parameters()
    second = first.start(d=5.84).bound(L=(20, 60)).fix(q_zero=0.001).tie(sigma_N="0.1*N")
    assert first["d"].value is None
    assert first["L"].lower == 5.0
    assert first["q_zero"].free is None
    assert first["sigma_N"].expression is None
    assert second["d"].value == 5.84
    assert (second["L"].lower, second["L"].upper) == (20.0, 60.0)
    assert second["q_zero"].free is False
    assert second.free_names == ("d", "L", "sigma_L", "N")
    assert second.release("sigma_N", "q_zero").free_names == tuple(TABLE)
    with pytest.raises(TypeError):
        first["d"] = second["d"]  # type: ignore[index]


@pytest.mark.parametrize(
    "change",
    [
        lambda p: p.start(D=1.0),
        lambda p: p.fix(sigmaL=1.0),
        lambda p: p.bound(width=(1.0, 2.0)),
        lambda p: p.tie(x="d"),
        lambda p: p.release("M"),
        lambda p: p["M"],
        lambda p: Parameters({"M": p["d"]}),
        lambda p: info("M"),
        lambda p: Parameter("M", 1.0, 0.0, 2.0),
    ],
)
def test_unknown_names(change: Change) -> None:
    with pytest.raises(SlxrdError, match=r"unknown parameter.*d, L, sigma_L, N, sigma_N, q_zero"):
        change(Parameters())


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda p: p.start(L=2000.0), "start L=2000 lies outside its bounds 5:"),
        (lambda p: p.start(N=0.5), "outside its bounds 1:2000"),
        (lambda p: p.start(d=math.nan), "not a finite number"),
        (lambda p: p.start(d=math.inf), "not a finite number"),
        (lambda p: p.start(L=30.0).bound(L=(40.0, 50.0)), "outside its bounds 40:50"),
        (lambda p: p.bound(L=(60.0, 20.0)), "the lower must be below the upper"),
        (lambda p: p.bound(L=(20.0, 20.0)), "the lower must be below the upper"),
        (lambda p: p.bound(L=(math.nan, 20.0)), "the lower must be below the upper"),
        (lambda p: p.bound(d=(0.0, 6.0)), "d cannot be below 0.001"),
        (lambda p: p.bound(L=(-1.0, 6.0)), "L cannot be below 0"),
        (lambda p: p.bound(sigma_L=(-0.1, 6.0)), "sigma_L cannot be below 0"),
        (lambda p: p.bound(N=(0.5, 6.0)), "N cannot be below 1"),
        (lambda p: p.bound(sigma_N=(-0.5, 6.0)), "sigma_N cannot be below 0"),
        (lambda p: p.fix(N=0.5), "N = 0.5: cannot be below 1 planes"),
        (lambda p: p.fix(d=0.0), "d = 0: cannot be below 0.001 Å"),
        (lambda p: p.fix(sigma_L=-0.1), "cannot be below 0 Å"),
        (lambda p: p.fix(L=math.nan), "not a finite number"),
        (lambda p: p.fix(q_zero=math.inf), "not a finite number"),
        (lambda p: p.fix(L=2000.0).release("L"), "start L=2000 lies outside its bounds 5:"),
        (lambda p: p.redefine("L", 1.0, 2.0, 3.0), "outside its bounds 1:2"),
    ],
)
def test_what_cannot_be(change: Change, says: str) -> None:
    with pytest.raises(SlxrdError, match=says):
        change(Parameters())


def test_a_fixed_value_may_lie_outside_the_bounds_of_a_fit() -> None:
    assert Parameters().fix(L=2000.0, sigma_L=0.0, sigma_N=0.0)["L"].value == 2000.0


@pytest.mark.parametrize(
    ("ties", "says"),
    [
        ({"d": "d"}, "circle"),
        ({"d": "d + 1"}, "circle"),
        ({"d": "2*L", "L": "d/2"}, "circle"),
        ({"d": "2*L", "L": "N", "N": "d"}, "circle"),
        ({"sigma_N": "0.1*M"}, "unknown parameter 'M'"),
        ({"sigma_N": "sqrt"}, "unknown parameter 'sqrt'"),
        ({"sigma_N": "N.real"}, "only numbers, parameter names"),
        ({"sigma_N": "0.1 N"}, "not arithmetic"),
    ],
)
def test_ties_that_are_refused(ties: dict[str, str], says: str) -> None:
    with pytest.raises(SlxrdError, match=says):
        Parameters().tie(**ties)


def test_a_tie_of_functions_is_accepted() -> None:
    for _ in range(20):
        values, _ = started().tie(sigma_N="0.5*sqrt(N)*exp(q_zero)").resolve(started().vector()[:4])
        assert values["sigma_N"] == pytest.approx(0.5 * math.sqrt(13.0), rel=1e-15)


def test_a_tie_that_leads_outside_the_bounds() -> None:
    parameters = started().tie(sigma_N="N")  # up to 20
    parameters.resolve(parameters.vector())
    with pytest.raises(SlxrdError, match=r"tie sigma_N=N gives 31, outside the bounds 0\.2:20"):
        parameters.resolve(parameters.start(N=31.0).vector())


def test_missing_values() -> None:
    parameters = Parameters().start(d=5.0)
    with pytest.raises(SlxrdError, match="no starting value for L, sigma_L, N, sigma_N"):
        parameters.vector()
    with pytest.raises(SlxrdError, match="L has no value yet"):
        Parameters({"L": Parameter("L", None, 5.0, 50.0, free=False)}).start(
            d=5.0, sigma_L=1.0, N=5.0, sigma_N=1.0
        ).resolve(np.array([5.0, 1.0, 5.0, 1.0]))


def test_vector_and_limits_follow_the_free_names() -> None:
    parameters = started().fix(L=40.0).release("q_zero").bound(N=(5, 20))
    assert parameters.free_names == ("d", "sigma_L", "N", "sigma_N", "q_zero")
    assert parameters.vector().tolist() == [5.84, 1.43, 13.0, 1.55, 0.0]
    lower, upper = parameters.limits()
    assert lower.tolist() == [1.0, 0.0, 5.0, 0.2, -0.02]
    assert upper.tolist() == [50.0, 10.0, 20.0, 20.0, 0.02]
    values, chain = parameters.resolve(np.array([6.0, 1.0, 10.0, 2.0, 0.01]))
    assert values == {"d": 6.0, "L": 40.0, "sigma_L": 1.0, "N": 10.0, "sigma_N": 2.0, "q_zero": 0.01}
    assert chain.tolist() == np.eye(6)[:, [0, 2, 3, 4, 5]].tolist()


def test_nothing_free() -> None:
    values, chain = Parameters().fix(**VALUES).resolve(np.zeros(0))
    assert values == VALUES
    assert chain.shape == (6, 0)


TIED = [
    {"sigma_N": "0.1*N"},
    {"L": "120 - d*N"},
    {"sigma_N": "0.1*N + 0.01*d**2", "sigma_L": "sigma_N/2"},
    {"sigma_N": "sqrt(N)/3", "sigma_L": "1 + sin(sigma_N)*d/9", "L": "30 + sigma_L**2 + q_zero"},
    {"d": "sigma_L*4", "sigma_L": "exp(sigma_N/9)"},
]


@pytest.mark.parametrize("ties", TIED)
def test_the_chain_rule_against_differences(ties: dict[str, str]) -> None:
    parameters = started().release("q_zero").tie(**ties)
    vector = parameters.vector()
    _, chain = parameters.resolve(vector)
    assert chain.shape == (6, 6 - len(ties))
    h = 1e-5
    for column in range(vector.size):
        step = h * np.eye(vector.size)[column]
        up, down = (np.array([*parameters.resolve(vector + s)[0].values()]) for s in (step, -step))
        np.testing.assert_allclose(chain[:, column], (up - down) / (2 * h), rtol=1e-8, atol=1e-8)


@pytest.mark.slow
@given(st.floats(-0.5, 0.5), st.floats(0.02, 0.2))
@settings(max_examples=40, deadline=None, derandomize=True, database=None)
def test_ties_of_ties_by_hand(a: float, b: float) -> None:
    parameters = started().tie(sigma_N=f"{b!r}*N", sigma_L=f"5 + ({a!r})*sigma_N**2/10")
    values, chain = parameters.resolve(np.array([5.0, 40.0, 12.0]))
    assert values["sigma_L"] == pytest.approx(5 + a * (b * 12.0) ** 2 / 10, rel=1e-14)
    assert chain[2].tolist() == pytest.approx([0.0, 0.0, a * b**2 * 12.0 / 5], rel=1e-12)


# lmfit


@pytest.mark.slow
@pytest.mark.parametrize(
    "make",
    [
        lambda: started().release("q_zero"),
        lambda: started(L=44.4).fix(q_zero=0.002, sigma_N=0.85).bound(L=(20, 60), d=(5, 7)),
        lambda: started().fix(q_zero=0.0).tie(sigma_N="0.1*N"),
        lambda: started().fix(q_zero=0.0).tie(sigma_L="2*sigma_N", sigma_N="0.1*N"),
        lambda: started().fix(q_zero=0.0).tie(sigma_N="N/9", L="30 + sigma_N"),
        lambda: started().fix(q_zero=0.0).tie(sigma_N="sqrt(N)/3"),
    ],
    ids=["free", "fixed", "tied", "tied to a tie", "tied to a later tie", "a function"],
)
def test_there_and_back_through_lmfit(make: Callable[[], Parameters]) -> None:
    parameters = make()
    theirs = to_lmfit(parameters)
    expected, _ = parameters.resolve(parameters.vector())
    assert theirs.valuesdict() == pytest.approx(expected, rel=1e-14)
    back = from_lmfit(theirs)
    assert back.free_names == parameters.free_names
    for name, row in parameters.items():
        if row.expression is None:
            assert back[name] == row
        else:
            assert back[name].expression == row.expression


def test_from_lmfit() -> None:
    lmfit = pytest.importorskip("lmfit")
    theirs = lmfit.Parameters()
    theirs.add("d", 5.84, min=5.0)
    theirs.add("L", 36.9, vary=False)
    theirs.add("N", 13.0, min=3.0, max=30.0)
    theirs.add("sigma_N", expr="0.1*N")
    parameters = from_lmfit(theirs)
    assert parameters["d"] == Parameter("d", 5.84, 5.0, 50.0)
    assert parameters["L"] == Parameter("L", 36.9, 5.0, TABLE["L"].upper, free=False)
    assert parameters["N"] == Parameter("N", 13.0, 3.0, 30.0)
    assert parameters["sigma_N"].expression is not None
    assert parameters.unknown == ("sigma_L",)
    theirs.add("slope", 1.0)
    with pytest.raises(SlxrdError, match="unknown parameter 'slope'"):
        from_lmfit(theirs)


def test_lmfit_does_not_invent_what_is_unknown() -> None:
    """lmfit needs numbers: a value still to be found must not come back as a start on a bound."""
    with pytest.raises(SlxrdError, match="without a value: give d, L, sigma_L, N, sigma_N one first"):
        to_lmfit(Parameters())


def test_lmfit_does_not_free_what_is_undecided() -> None:
    """q_zero left for the data to decide must not come back as freed by hand, which may be refused."""
    back = from_lmfit(to_lmfit(started()))
    assert back["q_zero"].free is not True
