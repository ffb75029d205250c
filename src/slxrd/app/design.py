"""The look of all controls: Panel's own, with signs that can be seen on a dark page too."""

from __future__ import annotations

from typing import Any, ClassVar

from panel.theme.base import Inherit
from panel.theme.native import Native
from panel.viewable import Viewable
from panel.widgets import Select, Widget

#: Bokeh draws the arrows of lists and numbers black.
_ARROWS = """
.bk-spin-btn-up:before { border-bottom-color: currentColor; }
.bk-spin-btn-down:before { border-top-color: currentColor; }
"""
_LIST = """
select.bk-input:not([size]):not([multiple]) { background-image: none; }
.bk-input-group:has(select:not([size])) { position: relative; }
.bk-input-group:has(select:not([size]))::after {
  content: "▾"; position: absolute; right: 9px; bottom: 5px; pointer-events: none;
}
"""


class Readable(Native):
    """Panel's native design, with arrows in the colour of the text."""

    modifiers: ClassVar[dict[type[Viewable], dict[str, Any]]] = {
        Widget: {"stylesheets": [Inherit, _ARROWS]},
        Select: {"stylesheets": [Inherit, _LIST]},
    }
