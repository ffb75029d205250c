"""Tied parameters: arithmetic like Python's own, exact slopes, and nothing else whatever."""

from __future__ import annotations

import ast
import builtins
import copy
import math
import pickle
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import mpmath
import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from slxrd.errors import SlxrdError
from slxrd.parameters.expressions import Dual, Expression

FUNCTIONS = ("sqrt", "exp", "log", "sin", "cos", "tan")
NAMES = ("d", "L", "N")
ALLOWED = {name: getattr(math, name) for name in FUNCTIONS}


def python(text: str, values: dict[str, float], functions: dict[str, object] | None = None) -> object:
    """What Python itself makes of the text."""
    return eval(text, {"__builtins__": {}}, {**(functions or ALLOWED), **values})


def evaluate(text: str, **values: float) -> Dual:
    names = list(values)
    unit = np.eye(len(names))
    return Expression(text).evaluate(lambda n: Dual(values[n], unit[names.index(n)]), len(names))


numbers = st.floats(0.25, 4.0).map(lambda x: repr(round(x, 3)))
leaves = st.one_of(numbers, st.sampled_from(NAMES))
texts = st.recursive(
    leaves,
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from(["+", "-", "*", "/"]), inner).map(
            lambda t: f"({t[0]} {t[1]} {t[2]})"
        ),
        st.tuples(inner, st.sampled_from(["2", "3", "-1", "0.5", "d"])).map(lambda t: f"({t[0]})**{t[1]}"),
        st.tuples(st.sampled_from(["-", "+"]), inner).map("".join),
        st.tuples(st.sampled_from(FUNCTIONS), inner).map(lambda t: f"{t[0]}({t[1]})"),
    ),
    max_leaves=6,
)
places = st.fixed_dictionaries({name: st.floats(0.5, 3.0) for name in NAMES})


def tame(text: str, values: dict[str, float]) -> bool:
    """Whether every part of the text is a real number of a size at which digits are not lost."""
    for node in ast.walk(ast.parse(text, mode="eval").body):
        if isinstance(node, ast.BinOp | ast.Call | ast.UnaryOp):
            try:
                part = python(ast.unparse(node), values)
            except (ArithmeticError, ValueError, TypeError):
                return False
            if isinstance(part, complex) or not 1e-3 < abs(float(part)) < 1e3:  # type: ignore[arg-type]
                return False
    return True


@pytest.mark.slow
@given(texts, places)
@settings(max_examples=400, deadline=None, derandomize=True, database=None)
def test_the_value_is_pythons_to_the_last_bit(text: str, values: dict[str, float]) -> None:
    try:
        expected = python(text, values)
        usable = not isinstance(expected, complex) and math.isfinite(expected)  # type: ignore[arg-type]
    except (ArithmeticError, ValueError, TypeError):  # the last for the sine of a complex number
        usable = False
    if usable:
        try:
            assert evaluate(text, **values).value == expected
        except SlxrdError:
            assert not tame(text, values)  # the slope, but not the value, is infinite
    else:
        with pytest.raises(SlxrdError):
            evaluate(text, **values)


@pytest.mark.slow
@given(texts, places)
@settings(max_examples=300, deadline=None, derandomize=True, database=None)
def test_the_slope_is_that_of_differences(text: str, values: dict[str, float]) -> None:
    """Central differences with 40 digits, whose own error is far below the rounding of floats."""
    assume(tame(text, values))
    functions = {name: getattr(mpmath, name) for name in FUNCTIONS}
    gradient = evaluate(text, **values).gradient
    with mpmath.workdps(40):
        exact = {name: mpmath.mpf(value) for name, value in values.items()}
        step = mpmath.mpf(10) ** -12
        for name, slope in zip(values, gradient, strict=True):
            up, down = (
                python(text, {**exact, name: exact[name] + s}, functions)  # type: ignore[dict-item]
                for s in (step, -step)
            )
            expected = float((up - down) / (2 * step))  # type: ignore[operator]
            assert slope == pytest.approx(expected, rel=1e-8, abs=1e-8)


@pytest.mark.parametrize(
    ("text", "value", "gradient"),
    [
        ("2*d + 5", 11.0, [2.0, 0.0]),
        ("d**2/N", 2.25, [1.5, -0.5625]),
        ("-d**2", -9.0, [-6.0, 0.0]),
        ("2**d", 8.0, [8.0 * math.log(2.0), 0.0]),
        ("sqrt(N) - exp(0*d)", 1.0, [0.0, 0.25]),
        ("  (d) ", 3.0, [1.0, 0.0]),
        ("7", 7.0, [0.0, 0.0]),
        ("d/d", 1.0, [0.0, 0.0]),
    ],
)
def test_by_hand(text: str, value: float, gradient: list[float]) -> None:
    result = evaluate(text, d=3.0, N=4.0)
    assert result.value == pytest.approx(value, rel=1e-15)
    np.testing.assert_allclose(result.gradient, gradient, rtol=1e-14, atol=1e-15)


def test_names() -> None:
    assert Expression("2*d + sqrt(N)*d").names == {"d", "N"}
    assert Expression("3.5").names == frozenset()
    assert Expression("sin(cos(d)) - exp(log(sin(L)))").names == {"d", "L"}


FORBIDDEN = [
    "", "  ", "d +", "2d", "(d", "d)", "d d", "d;N", "d\nN", "d=1", "d\x00", "import os", "d.real",
    "d.__class__", "().__class__", "d[0]", "[d]", "(d, N)", "{d}", "{d: 1}", "'d'", "b'd'", "f'{d}'",
    "'a' * 3", "True", "None", "...", "1j", "lambda: 1", "(lambda: 1)()", "(d := 1)", "d if d else N",
    "d < N", "d and N", "not d", "~d", "d // 2", "d % 2", "d @ N", "d << 2", "d | N",
    "[d for d in (1, 2)]", "(d for d in (1, 2))", "*d", "await d", "yield d", "print(d)", "abs(d)",
    "pow(d, 2)", "eval('1')", "exec('1')", "__import__('os')", "open('x')", "sqrt()", "sqrt(d, N)",
    "sqrt(x=d)", "sqrt(*d)", "sqrt(d)(N)", "math.sqrt(d)", "sqrt.real", "sqrt('4')",
    "d if __import__('os').getpid() else d",
]  # fmt: skip


@pytest.mark.parametrize("text", FORBIDDEN, ids=repr)
def test_anything_else_is_refused_when_it_is_read(text: str) -> None:
    with pytest.raises(SlxrdError, match=r"^expression"):
        Expression(text)


def test_nothing_is_ever_executed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target = tmp_path / "executed"

    def forbidden(*arguments: object, **options: object) -> None:
        raise AssertionError("was executed")

    attacks = [
        f"open({str(target)!r}, 'w')",
        f"__import__('pathlib').Path({str(target)!r}).touch()",
        f"[x for x in [open({str(target)!r}, 'w')]]",
        f"sqrt(open({str(target)!r}, 'w'))",
    ]
    with monkeypatch.context() as patched:
        patched.setattr(builtins, "eval", forbidden)
        patched.setattr(builtins, "exec", forbidden)
        for text in attacks:
            with pytest.raises(SlxrdError):
                Expression(text)
        assert evaluate("2*d**2", d=3.0).value == 18.0
    assert not target.exists()


@pytest.mark.parametrize(
    "text",
    ["9**9**9**9", "9.0**9.0**9.0", "exp(exp(exp(d)))", "1/0", "log(0)", "log(-d)", "sqrt(-d)", "(-d)**0.5",
     "0**-1", "1e999", "1e999 - 1e999", "1e200*1e200", "1" + "0" * 400],
)  # fmt: skip
def test_what_has_no_finite_value(text: str) -> None:
    with pytest.raises(SlxrdError, match="expression"):
        evaluate(text, d=3.0)


@pytest.mark.parametrize(
    "text",
    [
        "+".join(["d"] * 20_000),
        "(" * 5_000 + "d" + ")" * 5_000,
        "-" * 20_000 + "d",
        "d**" * 5_000 + "1",
        "9" * 100_000,
    ],
    ids=["sum", "parentheses", "signs", "powers", "digits"],
)
def test_absurdly_long_text(text: str) -> None:
    with pytest.raises(SlxrdError, match="expression"):
        evaluate(text, d=1.0)


@pytest.mark.parametrize("terms", [50, 150, 300, 450, 600, 800, 900, 950, 990, 1100, 1500, 2500, 5000])
def test_a_long_sum_is_right_or_refused(terms: int) -> None:
    try:
        result = evaluate("+".join(["d"] * terms), d=1.0)
    except SlxrdError:
        assert terms > 50
    else:
        assert result.value == terms
        assert result.gradient.tolist() == [terms]


def test_a_name_looked_up_may_be_refused() -> None:
    def lookup(name: str) -> Dual:
        raise SlxrdError(f"no {name}")

    with pytest.raises(SlxrdError, match=r"^no d$"):
        Expression("1/d").evaluate(lookup, 0)


def test_an_expression_is_parsed_once(monkeypatch: pytest.MonkeyPatch) -> None:
    expression = Expression("2*d + 5")

    def parse(*arguments: object, **keywords: object) -> None:
        raise AssertionError("parsed again")

    monkeypatch.setattr(ast, "parse", parse)
    same = [expression, copy.deepcopy(expression), pickle.loads(pickle.dumps(expression))]
    for each in same:
        assert each == expression
        assert hash(each) == hash(expression)
        assert each.names == {"d"}
        assert each.evaluate(lambda _: Dual(6.0, np.array([1.0])), 1).value == 17.0


@pytest.mark.slow
def test_many_threads_build_and_evaluate_expressions_at_once() -> None:
    texts = [f"{k}.5*{'(' * 20}sigma_L + N**2/{k}{')' * 20} + sqrt(d)" for k in range(1, 41)]
    given = {name: Dual(value, np.ones(1)) for name, value in {"sigma_L": 3.0, "N": 10.0, "d": 4.0}.items()}
    expected = [(k + 0.5) * (3.0 + 100.0 / k) + 2.0 for k in range(1, 41)]
    ready = threading.Barrier(16)

    def run(_: int) -> list[float]:
        ready.wait()
        values = []
        for _ in range(20):
            values = [Expression(text).evaluate(given.__getitem__, 1).value for text in texts]
        return values

    with ThreadPoolExecutor(16) as pool:
        for values in pool.map(run, range(16)):
            assert values == pytest.approx(expected, rel=1e-14)
