"""Style of all figures: widths of journals' columns, fonts, colours, symbols, captions."""

from __future__ import annotations

import functools
import gc
import re
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from importlib import import_module
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar
from weakref import WeakKeyDictionary

from slxrd._escape import on_one_line
from slxrd.parameters.definitions import described, info

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Given = ParamSpec("Given")
Result = TypeVar("Result")

#: Widths of figures in inches: one column, and the page.
COLUMN, PAGE = 3.3, 7.0
#: Pixels per inch of a PNG.
DPI = 300
#: The colours of Okabe and Ito, which colour-blind readers can distinguish.
BLACK, ORANGE, SKY, GREEN = "#000000", "#e69f00", "#56b4e9", "#009e73"
YELLOW, BLUE, VERMILION, PURPLE = "#f0e442", "#0072b2", "#d55e00", "#cc79a7"
PALETTE = (BLUE, VERMILION, GREEN, PURPLE, ORANGE, SKY, BLACK)
#: Labels of the axes of scattering vector and angle.
INTENSITY = "intensity (arb. units)"
Q, TWO_THETA = "$q$ (Å$^{-1}$)", "$2\\theta$ (°)"
#: Measured points, and what is of less importance.
POINTS, FAINT = "#4d4d4d", "#999999"
#: Ratio of intensities above which a panel with a logarithmic axis is needed.
WIDE_RANGE = 100.0
#: Fonts of journals, the first that is installed; DejaVu Sans comes with Matplotlib and has all symbols.
FONTS = ("Arial", "Helvetica", "Nimbus Sans", "Liberation Sans", "DejaVu Sans")

_width: ContextVar[float] = ContextVar("width", default=PAGE)
_captions: WeakKeyDictionary[Any, str] = WeakKeyDictionary()
_GREEK = {
    "α": r"\alpha", "δ": r"\delta", "Δ": r"\Delta", "ε": r"\epsilon", "η": r"\eta", "Λ": r"\Lambda",
    "λ": r"\lambda", "ξ": r"\xi", "ρ": r"\rho", "σ": r"\sigma", "φ": r"\phi", "χ": r"\chi", "ℓ": r"\ell",
}  # fmt: skip
#: Indices that are quantities themselves, and italic too.
_QUANTITIES = ("L", "N", "T", "u")
_DIGITS = str.maketrans("₀₁₂₃₄₅₆₇₈₉", "0123456789")
_RAISED = str.maketrans("¹²³⁴", "1234")
_SYMBOL = re.compile(r"(?P<letter>[^_(₀-₉]+)(?P<digits>[₀-₉]*)(?:_(?P<index>\w+))?(?:\((?P<of>.*)\))?")


@functools.cache
def fonts() -> tuple[str, ...]:
    """Return the installed fonts of :data:`FONTS`: the first one, and DejaVu Sans for missing characters."""
    from matplotlib.font_manager import fontManager

    installed = set(fontManager.get_font_names())
    found = [name for name in FONTS if name in installed]
    return tuple(dict.fromkeys([*found[:1], FONTS[-1]]))


def settings() -> dict[str, Any]:
    """Return the style as settings of Matplotlib, for ``matplotlib.rcParams.update``."""
    from cycler import cycler

    family = list(fonts())
    return {
        "font.family": family, "font.size": 8.0, "axes.labelsize": 8.0, "axes.titlesize": 8.0,
        "figure.titlesize": 8.0, "xtick.labelsize": 7.0, "ytick.labelsize": 7.0, "legend.fontsize": 7.0,
        "legend.frameon": False, "legend.handlelength": 1.6, "legend.borderpad": 0.2,
        "mathtext.fontset": "custom", "mathtext.rm": family[0], "mathtext.it": f"{family[0]}:italic",
        "mathtext.bf": f"{family[0]}:bold", "mathtext.cal": family[0], "mathtext.fallback": "stixsans",
        "axes.linewidth": 0.6, "axes.prop_cycle": cycler(color=list(PALETTE)),
        "lines.linewidth": 1.0, "lines.markersize": 3.0, "patch.linewidth": 0.6, "hatch.linewidth": 0.5,
        "xtick.direction": "in", "ytick.direction": "in", "xtick.top": False, "ytick.right": False,
        "xtick.major.width": 0.6, "ytick.major.width": 0.6, "xtick.minor.width": 0.4,
        "ytick.minor.width": 0.4, "xtick.major.size": 3.0, "ytick.major.size": 3.0,
        "xtick.minor.size": 1.5, "ytick.minor.size": 1.5, "axes.formatter.useoffset": False,
        "figure.constrained_layout.h_pad": 0.03, "figure.constrained_layout.w_pad": 0.03,
        "savefig.dpi": DPI, "pdf.fonttype": 42, "ps.fonttype": 42,
    }  # fmt: skip


def use() -> None:
    """Draw all further figures of Matplotlib in this style."""
    import matplotlib as mpl

    chosen: Any = settings()  # Matplotlib lists the names of its settings as types
    mpl.rcParams.update(chosen)


@contextmanager
def context(width: float | None = None) -> Iterator[None]:
    """Draw figures in this style inside a ``with`` block.

    Parameters
    ----------
    width : float, optional
        Width of the figures of slxrd in inches: :data:`COLUMN`, or :data:`PAGE`, which is the default.
    """
    import matplotlib as mpl

    token = _width.set(_width.get() if width is None else float(width))
    try:
        chosen: Any = settings()
        with mpl.rc_context(chosen):
            yield
    finally:
        _width.reset(token)


def styled(function: Callable[Given, Result]) -> Callable[Given, Result]:
    """Make a function that draws a figure draw it in this style."""

    @functools.wraps(function)
    def draw(*args: Given.args, **kwargs: Given.kwargs) -> Result:
        with _without_collection():
            _import_matplotlib()
            with context():
                return function(*args, **kwargs)

    return draw


@contextmanager
def _without_collection() -> Iterator[None]:
    """Collect no garbage: a figure is thousands of objects, none of them garbage until it is drawn."""
    collected = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collected:
            gc.enable()


def _import_matplotlib() -> None:
    """Import Matplotlib; in the program without its lists of the properties of artists.

    These docstrings, which nobody reads there, take a third of the time of the import.
    """
    if "matplotlib.figure" in sys.modules:
        return
    from matplotlib import artist as module

    artist: Any = module
    listed = getattr(artist, "kwdoc", None)
    if listed is not None and "slxrd.ui.cli.frame" in sys.modules:
        artist.kwdoc = lambda _: ""
    try:
        import_module("matplotlib.backends.backend_agg")
        import_module("matplotlib.figure")
    finally:
        if listed is not None:
            artist.kwdoc = listed


def width() -> float:
    """Return the width of a figure in inches."""
    return _width.get()


def is_narrow() -> bool:
    """Whether panels stand below one another, as for one column of a journal."""
    return _width.get() < 5.0


def new_figure(height: float) -> Figure:
    """Return a figure of the width of the style that arranges its panels by itself.

    Parameters
    ----------
    height : float
        In inches.
    """
    from matplotlib.figure import Figure

    return Figure(figsize=(width(), height), layout="constrained")


def math(text: str) -> str:
    """Typeset a symbol such as ``σ_L``, ``q₀`` or ``d(B)``: the letter italic, its index below.

    Parameters
    ----------
    text : str
        A symbol as it is printed; products such as ``N·d`` are letters too.
    """
    found = _SYMBOL.fullmatch(text)
    if found is None:
        return on_one_line(text).replace("$", r"\$")
    letter = "".join(
        f"{_GREEK[c]} " if c in _GREEK else r"\cdot " if c == "·" else c for c in found["letter"]
    )
    below = [found["digits"].translate(_DIGITS)] if found["digits"] else []
    if found["index"]:
        below.append(found["index"] if found["index"] in _QUANTITIES else rf"\mathrm{{{found['index']}}}")
    if found["of"]:
        below.append(rf"\mathrm{{{_plain(found['of'])}}}")
    return f"${letter.strip()}{'_{' + ','.join(below) + '}' if below else ''}$"


def _plain(text: str) -> str:
    return re.sub(r"[^A-Za-z0-9,.+−-]", r"\\ ", text)


def symbol(name: str) -> str:
    """Typeset the symbol of a parameter or derived quantity, by its name in code."""
    return math(described(name)[0])


def label(name: str, unit: str | None = None) -> str:
    """Return the label of an axis: the symbol, and the unit in parentheses.

    Parameters
    ----------
    name : str
        Parameter or derived quantity, by its name in code.
    unit : str, optional
        Unit; that of the definition if it is not given.
    """
    if unit is None:
        unit = info(name).unit
    return with_unit(symbol(name), unit)


def typeset(text: str) -> str:
    """Typeset ``⁻¹`` and ``₂`` outside of formulas, where no other font supplies a missing character."""
    parts = text.split("$")
    for k in range(0, len(parts), 2):
        part = re.sub("⁻([¹²³⁴])", lambda found: f"$^{{-{found[1].translate(_RAISED)}}}$", parts[k])
        parts[k] = re.sub("[₀-₉]+", lambda found: f"$_{{{found[0].translate(_DIGITS)}}}$", part)
    return "$".join(parts)


def symbols(text: str) -> str:
    """Typeset the symbols with an index in a text, such as ``zero error q₀``."""
    return typeset(re.sub(r"(?<!\w)[^\W\d_](?:_\w+|[₀-₉])", lambda found: math(found[0]), text))


def with_unit(text: str, unit: str) -> str:
    """Return a text with a unit in parentheses."""
    return f"{text} ({typeset(unit)})" if unit else text


def formula(text: str) -> str:
    """Typeset a chemical formula, ``CsPbBr3``, with its numbers as subscripts."""
    return re.sub(r"(?<=[A-Za-z)])(\d+)", lambda found: rf"$_{{{found[1]}}}$", text)


def set_symmetric(panel: Axes, reach: float) -> None:
    """Show residuals from −reach to reach.

    The ticks do not depend on the size of the panel: other, wider labels would be cut off by a layout that
    has been made before.
    """
    from matplotlib.ticker import MaxNLocator

    panel.set_ylim(-reach, reach)
    panel.yaxis.set_major_locator(MaxNLocator(4, steps=(1, 2, 4, 5, 10)))


def letter_panels(panels: Sequence[Axes]) -> None:
    """Write (a), (b) … above the left corner of panels, if there are several."""
    for k, panel in enumerate(panels if len(panels) > 1 else ()):
        panel.set_title(f"({chr(ord('a') + k % 26)})", loc="left", fontweight="bold", fontsize=8.0)


def mark_simulated(figure: Figure, simulated: bool) -> None:
    """Write above a figure that its points are simulated."""
    if simulated:
        figure.suptitle("simulated", x=0.99, ha="right", fontsize=7.0, color="0.35")


def set_caption(figure: Figure, *sentences: str) -> None:
    """Set the caption of a figure: what it shows, and the values of parameters.

    Parameters
    ----------
    figure : matplotlib.figure.Figure
        The figure.
    *sentences : str
        Sentences or lines; empty ones are left out.
    """
    _captions[figure] = "\n".join(text for text in sentences if text)


def caption(figure: Figure) -> str:
    """Return the caption of a figure that slxrd drew; empty if it has none."""
    return _captions.get(figure, "")
