"""Arithmetic on parameters, ``"2*d + 5"``, with exact derivatives; nothing else is ever evaluated."""

from __future__ import annotations

import ast
import math
import operator
from collections.abc import Callable
from dataclasses import dataclass

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


_BINARY: dict[type, Callable[[Dual, Dual], Dual]] = {
    ast.Add: lambda a, b: Dual(a.value + b.value, a.gradient + b.gradient),
    ast.Sub: lambda a, b: Dual(a.value - b.value, a.gradient - b.gradient),
    ast.Mult: lambda a, b: Dual(a.value * b.value, a.gradient * b.value + a.value * b.gradient),
    ast.Div: lambda a, b: Dual(a.value / b.value, a.gradient / b.value - a.value / b.value**2 * b.gradient),
    ast.Pow: _power,
}
_SIGNS: dict[type, Callable[[float], float]] = {ast.UAdd: operator.pos, ast.USub: operator.neg}
_FUNCTIONS: dict[str, tuple[Callable[[float], float], Callable[[float], float]]] = {
    "sqrt": (math.sqrt, lambda x: 0.5 / math.sqrt(x)),
    "exp": (math.exp, math.exp),
    "log": (math.log, lambda x: 1.0 / x),
    "sin": (math.sin, math.cos),
    "cos": (math.cos, lambda x: -math.sin(x)),
    "tan": (math.tan, lambda x: 1.0 + math.tan(x) ** 2),
}


@dataclass(frozen=True)
class Expression:
    """A checked arithmetic expression.

    Parameters
    ----------
    text : str
        Numbers, parameter names, ``+ - * / **``, parentheses, and sqrt, exp, log, sin, cos, tan.

    Raises
    ------
    SlxrdError
        If the text is anything else.
    """

    text: str

    def __post_init__(self) -> None:
        if len(self.text) > LONGEST:
            raise SlxrdError(f"expression {self.text[:40]!r}…: longer than {LONGEST} characters; shorten it")
        self._tree()

    def _tree(self) -> ast.expr:
        try:
            tree = ast.parse(self.text.strip(), mode="eval").body
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            raise SlxrdError(f"expression {self.text!r} is not arithmetic that can be read") from None
        self._check(tree)
        return tree

    def _check(self, node: ast.expr) -> None:
        match node:
            case ast.Constant(value=int() | float()) if not isinstance(node.value, bool):
                return
            case ast.Name():
                return
            case ast.UnaryOp(op=op, operand=operand) if type(op) in _SIGNS:
                self._check(operand)
            case ast.BinOp(left=left, op=operation, right=right) if type(operation) in _BINARY:
                self._check(left)
                self._check(right)
            case ast.Call(func=ast.Name(id=function), args=[argument], keywords=[]) if function in _FUNCTIONS:
                self._check(argument)
            case _:
                raise SlxrdError(
                    f"expression {self.text!r}: only numbers, parameter names, + - * / **, parentheses and "
                    f"{', '.join(_FUNCTIONS)} may be used"
                )

    @property
    def names(self) -> frozenset[str]:
        """The parameters that the expression uses."""
        nodes = list(ast.walk(self._tree()))
        functions = {id(node.func) for node in nodes if isinstance(node, ast.Call)}
        return frozenset(
            node.id for node in nodes if isinstance(node, ast.Name) and id(node) not in functions
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
            result = self._evaluate(self._tree(), lookup, size)
        except (ValueError, ZeroDivisionError, OverflowError) as problem:
            if isinstance(problem, SlxrdError):
                raise
            raise SlxrdError(f"expression {self.text!r} cannot be evaluated: {problem}") from None
        if not (math.isfinite(result.value) and np.all(np.isfinite(result.gradient))):
            raise SlxrdError(f"expression {self.text!r} gives {result.value}")
        return result

    def _evaluate(self, node: ast.expr, lookup: Callable[[str], Dual], size: int) -> Dual:
        match node:
            case ast.Constant(value=int() | float() as number):
                return Dual(float(number), np.zeros(size))
            case ast.Name(id=name):
                return lookup(name)
            case ast.UnaryOp(op=op, operand=operand):
                inner = self._evaluate(operand, lookup, size)
                sign = _SIGNS[type(op)](1.0)
                return Dual(sign * inner.value, sign * inner.gradient)
            case ast.BinOp(left=left, op=operation, right=right):
                return _BINARY[type(operation)](
                    self._evaluate(left, lookup, size), self._evaluate(right, lookup, size)
                )
            case ast.Call(func=ast.Name(id=function), args=[argument]):
                inner = self._evaluate(argument, lookup, size)
                value, slope = _FUNCTIONS[function]
                return Dual(value(inner.value), slope(inner.value) * inner.gradient)
        raise AssertionError(f"unchecked expression {self.text!r}")
