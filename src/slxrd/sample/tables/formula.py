"""Chemical formulas with parentheses and fractions."""

from __future__ import annotations

import re
from collections import defaultdict

from slxrd.sample.tables.xray import atomic_numbers

_TOKEN = re.compile(r"([A-Z][a-z]*)|(\()|(\))")
_NUMBER = re.compile(r"(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][-+]?\d+)?")
#: Parentheses inside one another are not needed beyond this.
_DEEPEST = 50


def parse_formula(formula: str) -> dict[str, float]:
    """Return the numbers of atoms by element.

    Parameters
    ----------
    formula : str
        Such as ``"CsPbBr3"``, ``"Cs0.8(CH5N2)0.2PbBr3"``; D is hydrogen.

    Raises
    ------
    ValueError
        If it is not a formula; the message gives the reason.
    """
    text = formula.replace(" ", "")
    open_groups: list[dict[str, float]] = [defaultdict(float)]
    at = 0
    while at < len(text):
        token = _TOKEN.match(text, at)
        if token is None:
            raise ValueError(f"neither an element nor its number at {text[at : at + 12]!r}")
        at = token.end()
        symbol, opening, _ = token.groups()
        if opening:
            open_groups.append(defaultdict(float))
            if len(open_groups) > _DEEPEST:
                raise ValueError("too many parentheses inside one another")
            continue
        if symbol:
            inside = {_element(symbol): 1.0}
        else:
            if len(open_groups) == 1:
                raise ValueError("a parenthesis is closed that was not opened")
            inside = open_groups.pop()
        number = _NUMBER.match(text, at)
        if number is not None:
            at = number.end()
        for element, count in inside.items():
            open_groups[-1][element] += count * (1.0 if number is None else float(number[0]))
    if len(open_groups) > 1:
        raise ValueError("a parenthesis is not closed")
    return dict(open_groups[0])


def _element(symbol: str) -> str:
    name = "H" if symbol == "D" else symbol
    if name not in atomic_numbers():
        raise ValueError(f"{symbol!r} is not an element symbol")
    return name
