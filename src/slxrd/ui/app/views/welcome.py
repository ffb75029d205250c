"""What the page shows before a file is open: what it does, its symbols, and other open files."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from slxrd._escape import html_text as escape
from slxrd.ui.app.controls.widgets import html_table
from slxrd.ui.symbols_html import symbol_html

HEADING = (
    "<h2>1 Open a diffractogram</h2><p class='muted'>Files or a folder (Bruker, PANalytical, "
    "Rigaku, STOE, text, Excel, …), or a saved session</p>"
)
_ABOUT = """
<h2>What this page does</h2>
<p>A film of nanocrystals or nanoplatelets that are stacked face to face shows fringes on its Bragg peaks.
From the fringes in an ordinary X-ray diffractogram, slxrd determines the thickness of the crystals, the gap
between them, and how much both vary.</p>
"""
#: Two columns where there is room for them.
_SIDE_BY_SIDE = (
    "<div style='display:grid;gap:8px 48px;grid-template-columns:repeat(auto-fit,minmax(480px,1fr))'>"
)
_STEPS = (
    ("1 Open", "Drop a file or a folder of your diffractometer above, or open an example."),
    ("2 Regions", "View the pattern, and choose a region around each Bragg peak with its fringes."),
    ("3 Model", "Move sliders to see how each parameter changes the calculated curve. Choose the model."),
    ("4 Fit", "Find all solutions with their errors, and check how reliable they are."),
    ("5 Save", "Download report, numbers, figures, and the session to continue later."),
    ("6 Series", "Fit many patterns of one sample, for example over temperature or time."),
    (
        "7 Image",
        "Cut patterns out of detector images, measure periods and orientation, fit several directions.",
    ),
)
_SYMBOLS = (
    (("d",), "distance between the atomic planes of a crystal"),
    (("N", "σ_N"), "number of planes in a crystal: mean, and spread from crystal to crystal"),
    (("L", "σ_L"), "distance from the last plane of a crystal to the first of the next: mean, and spread"),
    (("Λ",), "period of the superlattice, (N−1)·d + L"),
    (("q₀",), "zero error of the diffractometer"),
)


def welcome_html() -> str:
    """Return the text that is shown before a file is open: what the page does, and the symbols."""
    symbols = "".join(
        f"<tr><td style='white-space:nowrap'>{', '.join(map(symbol_html, names))}</td>"
        f"<td>{escape(about)}</td></tr>"
        for names, about in _SYMBOLS
    )
    return (
        f"{_SIDE_BY_SIDE}<div>{_ABOUT}"
        f"{html_table(('', ''), [(_unbroken(step), about) for step, about in _STEPS])}"
        "<p style='margin-top:8px'>Your files stay on this computer. Every step can be undone.</p></div>"
        f"<div><h2>Symbols</h2><table><tbody>{symbols}</tbody></table></div></div>"
    )


def _unbroken(text: str) -> str:
    """Replace spaces by non-breaking ones."""
    return text.replace(" ", "\u00a0")


def other_files_html(others: Sequence[tuple[str, str]]) -> str:
    """Return links to the other workspaces of this server, from their keys and file names."""
    if not others:
        return ""
    items = "".join(
        f"<li><a href='?session={escape(key, quote=True)}'>{escape(Path(file).name)}</a></li>"
        for key, file in others
    )
    return f"<h3>Also open</h3><ul>{items}</ul>"
