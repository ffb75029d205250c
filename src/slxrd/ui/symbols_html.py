"""Symbols as HTML: italic, with subscripts. The page and the report share them."""

from __future__ import annotations

import re

from slxrd._escape import html_text as escape
from slxrd.parameters.definitions import symbol_of

#: Names that may be those of parameters, not in options such as ``--fix q_zero=0``.
_NAME = re.compile(r"(?<![\w./-])[A-Za-z]+_\w+(?![\w=./])")
#: Symbols with an index in a text.
_SYMBOL = re.compile(r"(?<!\w)(?:[σδβ]_[A-Za-zΛ]\w*|q₀|[εξσfLdcφ]\((?:S|bottom|top)\))")


def symbol_html(symbol: str) -> str:
    """Return a symbol in italics, with what follows ``_`` or is in brackets as a subscript.

    Parameters
    ----------
    symbol : str
        As in the table of parameters, such as ``σ_L``.
    """
    name, _, below = symbol.replace("₀", "_0").partition("_")
    if not below and symbol.endswith(")") and "(" in symbol[1:]:
        name, _, below = symbol[:-1].partition("(")
    return f"<i>{escape(name)}</i>" + (f"<sub style='line-height:0'>{escape(below)}</sub>" if below else "")


def text_html(text: str) -> str:
    """Escape a text, and write its symbols that have an index as :func:`symbol_html` does.

    Parameters
    ----------
    text : str
        Plain text. Names of parameters, such as ``q_zero``, become their symbols.
    """
    named = _NAME.sub(lambda found: symbol_of(found[0]), escape(text))
    return _SYMBOL.sub(lambda found: symbol_html(found[0]), named)
