"""The style of slxrd's figures, for figures of your own: widths, colours, fonts, symbols.

>>> import slxrd.style
>>> slxrd.style.use()                             # all further figures of Matplotlib
>>> with slxrd.style.context(slxrd.style.COLUMN): # figures of slxrd for one column
...     slxrd.plot(result, "fit.pdf")
"""

from slxrd.ui.plotting.style import (
    COLUMN,
    DPI,
    PAGE,
    PALETTE,
    caption,
    context,
    formula,
    label,
    letter_panels,
    settings,
    symbol,
    use,
)

__all__ = [
    "COLUMN",
    "DPI",
    "PAGE",
    "PALETTE",
    "caption",
    "context",
    "formula",
    "label",
    "letter_panels",
    "settings",
    "symbol",
    "use",
]
