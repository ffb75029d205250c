"""Scrolls the page to what has appeared below."""

from __future__ import annotations

import weakref

import panel as pn
from panel.viewable import Viewable

#: Waits for the layout of what has just become visible.
_SCROLL = """
const view = Bokeh.index.find_one_by_id(target.id)
if (view != null) setTimeout(() => view.el.scrollIntoView({behavior: 'smooth', block: 'start'}), 150)
"""


class Scroller:
    """Scrolls to parts of the page.

    Parameters
    ----------
    targets : Viewable
        The parts.

    Attributes
    ----------
    view : panel.Column
        Invisible; it has to be on the page.
    """

    def __init__(self, *targets: Viewable) -> None:
        self._calls = {}
        for target in targets:
            call = pn.widgets.StaticText(value="0", visible=False)  # a change of its text scrolls
            # Panel keeps the arguments of such calls, and would keep with them all that is on the page.
            call.jscallback(value=_SCROLL, args={"target": weakref.proxy(target)})
            self._calls[id(target)] = call
        self.view = pn.Column(*self._calls.values(), margin=0, visible=False)

    def show(self, target: Viewable) -> None:
        """Scroll to one of the parts."""
        call = self._calls[id(target)]
        call.value = str(int(call.value) + 1)
