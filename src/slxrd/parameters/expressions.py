"""Arithmetic on parameters, such as ``"2*d + 5"``, with exact derivatives; no other code is evaluated."""

from __future__ import annotations

import ast
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from threading import Lock
from typing import Literal

import numpy as np

from slxrd.errors import SlxrdError
from slxrd.units import FloatArray

#: The longest expression in characters, well below what Python's parser can nest.
LONGEST = 300


@dataclass(frozen=True)
class Dual:
    """A value and its gradient."""

    value: float
    gradient: FloatArray


def _power(base: Dual, exponent: Dual) -> Dual:
    value = base.value**exponent.value
    if isinstance(value, complex):
        raise ValueError("a root of a negative number")
    gradient = exponent.value * base.value ** (exponent.value - 1.0) * base.gradient
    if np.any(exponent.gradient):
        gradient = gradient + value * math.log(base.value) * exponent.gradient
    return Dual(value, gradient)


_BINARY: dict[str, Callable[[Dual, Dual], Dual]] = {
    "+": lambda a, b: Dual(a.value + b.value, a.gradient + b.gradient),
    "-": lambda a, b: Dual(a.value - b.value, a.gradient - b.gradient),
    "*": lambda a, b: Dual(a.value * b.value, a.gradient * b.value + a.value * b.gradient),
    "/": lambda a, b: Dual(a.value / b.value, a.gradient / b.value - a.value / b.value**2 * b.gradient),
    "**": _power,
}
_SYMBOLS: dict[type, str] = {ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/", ast.Pow: "**"}
_SIGNS: dict[type, float] = {ast.UAdd: 1.0, ast.USub: -1.0}
_FUNCTIONS: dict[str, tuple[Callable[[float], float], Callable[[float], float]]] = {
    "sqrt": (math.sqrt, lambda x: 0.5 / math.sqrt(x)),
    "exp": (math.exp, math.exp),
    "log": (math.log, lambda x: 1.0 / x),
    "sin": (math.sin, math.cos),
    "cos": (math.cos, lambda x: -math.sin(x)),
    "tan": (math.tan, lambda x: 1.0 + math.tan(x) ** 2),
}


#: A step of an expression in postfix order: a number, a parameter's name, or what is done with the
#: values that the steps before it have left.
_Step = tuple[Literal["number", "name", "sign", "binary", "function"], int | float | str]

#: Python 3.11 can fail with a SystemError where two threads build syntax trees at the same time.
_PARSER = Lock()


@dataclass(frozen=True)
class Expression:
    """A checked arithmetic expression, parsed once.

    Parameters
    ----------
    text : str
        Numbers, parameter names, ``+ - * / **``, parentheses, and sqrt, exp, log, sin, cos, tan.

    Attributes
    ----------
    names : frozenset of str
        The parameters that the expression uses.

    Raises
    ------
    SlxrdError
        If the text is anything else.
    """

    text: str
    names: frozenset[str] = field(init=False, repr=False, compare=False)
    _steps: tuple[_Step, ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if len(self.text) > LONGEST:
            raise SlxrdError(f"expression {self.text[:40]!r}…: longer than {LONGEST} characters; shorten it")
        try:
            with _PARSER:
                tree = ast.parse(self.text.strip(), mode="eval").body
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            raise SlxrdError(f"expression {self.text!r} is not arithmetic that can be read") from None
        steps = tuple(self._postfix(tree))
        object.__setattr__(self, "_steps", steps)
        object.__setattr__(self, "names", frozenset(str(what) for kind, what in steps if kind == "name"))

    def _postfix(self, node: ast.expr) -> Iterator[_Step]:
        """Check a syntax tree and list its steps, operands before what is done with them."""
        match node:
            case ast.Constant(value=int() | float() as number) if not isinstance(number, bool):
                yield "number", number
            case ast.Name(id=name):
                yield "name", name
            case ast.UnaryOp(op=op, operand=operand) if type(op) in _SIGNS:
                yield from self._postfix(operand)
                yield "sign", _SIGNS[type(op)]
            case ast.BinOp(left=left, op=operation, right=right) if type(operation) in _SYMBOLS:
                yield from self._postfix(left)
                yield from self._postfix(right)
                yield "binary", _SYMBOLS[type(operation)]
            case ast.Call(func=ast.Name(id=function), args=[argument], keywords=[]) if function in _FUNCTIONS:
                yield from self._postfix(argument)
                yield "function", function
            case _:
                raise SlxrdError(
                    f"expression {self.text!r}: only numbers, parameter names, + - * / **, parentheses and "
                    f"{', '.join(_FUNCTIONS)} may be used"
                )

    def evaluate(self, lookup: Callable[[str], Dual], size: int) -> Dual:
        """Evaluate with gradient.

        Parameters
        ----------
        lookup : callable
            From a parameter's name to its value and gradient, shape (size,).
        size : int
            Length of the gradients.

        Raises
        ------
        SlxrdError
            If the result is not a finite number.
        """
        try:
            result = self._evaluate(lookup, size)
        except (ValueError, ZeroDivisionError, OverflowError) as problem:
            if isinstance(problem, SlxrdError):
                raise
            raise SlxrdError(f"expression {self.text!r} cannot be evaluated: {problem}") from None
        if not (math.isfinite(result.value) and np.all(np.isfinite(result.gradient))):
            raise SlxrdError(f"expression {self.text!r} gives {result.value}")
        return result

    def _evaluate(self, lookup: Callable[[str], Dual], size: int) -> Dual:
        stack: list[Dual] = []
        for kind, what in self._steps:
            match kind:
                case "number":
                    stack.append(Dual(float(what), np.zeros(size)))
                case "name":
                    stack.append(lookup(str(what)))
                case "sign":
                    inner, sign = stack.pop(), float(what)
                    stack.append(Dual(sign * inner.value, sign * inner.gradient))
                case "binary":
                    right = stack.pop()
                    stack.append(_BINARY[str(what)](stack.pop(), right))
                case "function":
                    inner = stack.pop()
                    value, slope = _FUNCTIONS[str(what)]
                    stack.append(Dual(value(inner.value), slope(inner.value) * inner.gradient))
        return stack.pop()
