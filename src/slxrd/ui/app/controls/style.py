"""Design of the page: colours, type scale and spacing as CSS variables, and the look of the controls.

All distances are multiples of 4 pixels, most of 8. Sizes of type are 12 (labels), 13 (text and fields),
14 (headings) and 20 pixels (the name).
"""

from __future__ import annotations

from dataclasses import fields
from typing import Any, ClassVar
from urllib.parse import quote

from panel.theme.base import Inherit
from panel.theme.native import Native
from panel.viewable import Viewable
from panel.widgets import RadioButtonGroup, Select, Widget

from slxrd.ui.app.plots.theme import DARK, LIGHT, Colours

FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif"
#: Width in pixels of the rail of steps and of the inspector.
RAIL_WIDTH, INSPECTOR_WIDTH = 88, 400


def variables(colours: Colours) -> dict[str, str]:
    """Return the CSS variables of a theme; parts of the page inherit them."""
    named = {
        f"--slxrd-{each.name.replace('_', '-')}": getattr(colours, each.name) for each in fields(colours)
    }
    return {
        **named,
        "color": colours.text,
        "background": colours.frame,
        "font-family": FONT,
        "font-size": "13px",
    }


# The id that no button has outweighs the rules of Bokeh and Panel.
_CONTROLS = """
:host { font-family: inherit; color: var(--slxrd-text); }
.bk-input {
  border: 1px solid var(--slxrd-border); border-radius: 6px; background-color: var(--slxrd-background);
  color: var(--slxrd-text); font-size: 13px; padding: 4px 8px; min-height: 32px;
}
.bk-input::placeholder { color: var(--slxrd-muted); opacity: 0.9; }
.bk-input:focus {
  border-color: var(--slxrd-accent); box-shadow: 0 0 0 1px var(--slxrd-accent); outline: none;
}
.bk-input[disabled] { background-color: var(--slxrd-frame); color: var(--slxrd-muted); opacity: 1; }
.bk-input-group > label, .bk-slider-title { font-size: 12px; color: var(--slxrd-muted); }
.bk-slider-value { color: var(--slxrd-text); }
.bk-description > .bk-icon { background-color: var(--slxrd-muted); opacity: 1; }
.bk-btn:not(#_) {
  border: 1px solid var(--slxrd-border); border-radius: 6px; background: var(--slxrd-background);
  color: var(--slxrd-text); font: inherit; font-size: 13px; padding: 5px 12px; box-shadow: none;
}
.bk-btn:not(#_):hover:not([disabled]) {
  border-color: var(--slxrd-accent); background: var(--slxrd-accent-soft); color: var(--slxrd-text);
}
.bk-btn:not(#_):focus-visible { outline: 2px solid var(--slxrd-accent); outline-offset: 1px; }
.bk-btn:not(#_)[disabled] { opacity: 0.5; }
.bk-btn:not(#_).bk-btn-primary, .bk-btn:not(#_).bk-btn-primary:hover:not([disabled]) {
  background: var(--slxrd-accent); border-color: var(--slxrd-accent);
  color: var(--slxrd-on-accent); font-weight: 600;
}
.bk-btn:not(#_).bk-btn-primary:hover:not([disabled]) { filter: brightness(1.1); }
.bk-btn:not(#_).bk-btn-danger { border-color: var(--slxrd-error); color: var(--slxrd-error); }
.bk-btn:not(#_).bk-active { border-color: var(--slxrd-accent); color: var(--slxrd-accent); }
.bk-btn a { color: inherit; padding: 0; }
.bk-spin-btn-up:before { border-bottom-color: var(--slxrd-text); }
.bk-spin-btn-down:before { border-top-color: var(--slxrd-text); }
.noUi-target { background: var(--slxrd-border); border: 0; box-shadow: none; }
.noUi-connect { background: var(--slxrd-accent); }
.noUi-horizontal { height: 4px; }
.noUi-horizontal .noUi-handle {
  width: 16px; height: 16px; right: -8px; top: -6px; border-radius: 8px; cursor: grab;
  border: 2px solid var(--slxrd-accent); background: var(--slxrd-background); box-shadow: none;
}
.noUi-handle:focus-visible { outline: 2px solid var(--slxrd-accent); outline-offset: 2px; }
"""
#: Bokeh draws the arrow of a list in black, which cannot be seen on a dark page.
_LIST = """
select.bk-input:not([size]):not([multiple]) { background-image: none; }
.bk-input-group:has(select:not([size])) { position: relative; }
.bk-input-group:has(select:not([size]))::after {
  content: "▾"; position: absolute; right: 9px; bottom: 6px; pointer-events: none;
}
"""
SEGMENTS = """
.bk-btn-group {
  background: var(--slxrd-background); border: 1px solid var(--slxrd-border); border-radius: 6px;
  padding: 1px;
}
.bk-btn-group > .bk-btn:not(#_) {
  border: 0; border-radius: 5px; background: transparent; padding: 4px 10px; color: var(--slxrd-muted);
}
.bk-btn-group > .bk-btn:not(#_).bk-active {
  background: var(--slxrd-accent-soft); color: var(--slxrd-accent); font-weight: 600;
}
"""
TABS = """
.bk-btn-group:not(#_) {
  background: transparent; border: 0; border-bottom: 1px solid var(--slxrd-border); border-radius: 0;
  padding: 0;
}
.bk-btn-group > .bk-btn:not(#_) { flex: 1; border-radius: 0; padding: 10px 4px; }
.bk-btn-group > .bk-btn:not(#_).bk-active {
  background: transparent; box-shadow: inset 0 -2px 0 var(--slxrd-accent);
}
"""
#: A label that is read by screen readers, beside words that are seen.
HIDDEN_LABEL = """
.bk-input-group > label {
  position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap;
}
"""
QUIET = ".bk-btn:not(#_) { background: transparent; border-color: transparent; padding: 5px 8px; }"

_ICONS = (
    "M3 7h6l2 2h10v10H3z M12 17v-6 M9.5 13.5 12 11l2.5 2.5",
    "M3 19h18 M4 17c3 0 3-11 5-11s2 9 4 9 2-5 3.5-5 1.5 7 3.5 7 M7 3v4 M11 3v4",
    "M4 6h9 M17 6h3 M15 4v4 M4 12h3 M11 12h9 M9 10v4 M4 18h11 M19 18h1 M17 16v4",
    "M3 19h18 M4 16c4 0 4-11 8-11s4 11 8 11 M8 13h.01 M12 8h.01 M16 13h.01",
    "M12 4v10 M8 10l4 4 4-4 M4 15v5h16v-5",
    "M4 19l4-8 3 5 3-9 3 8 3-3 M3 21h18 M4 5h5",
    "M4 4h16v16H4z M12 20v-4 M8 20a4 4 0 0 1 8 0 M5 20a7 7 0 0 1 14 0",
)


def _icon(path: str) -> str:
    drawn = (
        "<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 24 24' fill='none' stroke='black' "
        f"stroke-width='1.8' stroke-linecap='round' stroke-linejoin='round'><path d='{path}'/></svg>"
    )
    return f'url("data:image/svg+xml,{quote(drawn)}")'


RAIL = """
.bk-btn-group:not(#_) { background: transparent; border: 0; gap: 8px; width: 100%; padding: 0; }
.bk-btn-group > .bk-btn:not(#_) {
  display: flex; flex-direction: column; align-items: center; justify-content: center; gap: 4px;
  height: 60px; width: 100%; border-radius: 8px; font-size: 12px; padding: 0;
}
.bk-btn::before {
  content: ""; width: 24px; height: 24px; background: currentColor;
  mask: var(--icon) center / contain no-repeat;
}
""" + "".join(f".bk-btn:nth-child({i}) {{ --icon: {_icon(path)}; }}\n" for i, path in enumerate(_ICONS, 1))


def _tooltips(theme: str, colours: Colours) -> str:
    """Return the look of tooltips, which are outside of the parts that inherit the variables of the theme."""
    return f"""
[data-theme={theme}] {{ color-scheme: {theme}; }}
[data-theme={theme}] .bk-Tooltip {{
  --tooltip-color: {colours.background}; --tooltip-text: {colours.text}; --tooltip-border: {colours.border};
  --tooltip-arrow-color: {colours.border}; --tooltip-arrow-inner-color: {colours.background};
  border-radius: 6px; padding: 6px 8px; font: 12px {FONT};
}}
"""


#: Style of the document, and of tooltips.
DOCUMENT = (
    _tooltips("light", LIGHT)
    + _tooltips("dark", DARK)
    + """
html { color-scheme: light dark; }
body { margin: 0; font-family: system-ui, sans-serif; }
"""
)


#: A slim bar in the middle of its line.
PROGRESS = """
progress { height: 8px; border: 0; border-radius: 4px; overflow: hidden; background: var(--slxrd-border); }
progress::-webkit-progress-bar { background: var(--slxrd-border); border-radius: 4px; }
progress::-webkit-progress-value { background: var(--slxrd-accent); border-radius: 4px; }
progress::-moz-progress-bar { background: var(--slxrd-accent); border-radius: 4px; }
progress:not([value]) { accent-color: var(--slxrd-accent); }
"""


class PageDesign(Native):
    """Panel's native design in the colours of the page."""

    modifiers: ClassVar[dict[type[Viewable], dict[str, Any]]] = {
        Widget: {"stylesheets": [Inherit, _CONTROLS]},
        Select: {"stylesheets": [Inherit, _LIST]},
        RadioButtonGroup: {"stylesheets": [Inherit, SEGMENTS]},
    }
