"""Text to be copied: a command or a script."""

from __future__ import annotations

import weakref

import panel as pn

from slxrd.ui.app.controls.widgets import tip

_COPY = "navigator.clipboard.writeText(area.value).then(() => { button.label = 'Copied' })"


def code_area(name: str, height: int, description: str) -> pn.widgets.TextAreaInput:
    """Make an area with a command or a script, in letters of equal width.

    Parameters
    ----------
    name : str
        Its label.
    height : int
        Pixels.
    description : str
        Its tooltip.
    """
    return pn.widgets.TextAreaInput(
        label=name,
        description=description,
        height=height,
        sizing_mode="stretch_width",
        max_length=100_000,
        stylesheets=["textarea { font-family: monospace; font-size: 12px; }"],
    )


def copy_button(area: pn.widgets.TextAreaInput) -> pn.widgets.Button:
    """Make a button that copies the text of an area."""
    made = pn.widgets.Button(
        label="Copy", width=80, margin=(0, 10, 8, 10), description=tip("Copy this text to the clipboard.")
    )
    # Panel keeps the arguments of such calls, and would keep with them all that is on the page.
    made.js_on_click(args={"area": weakref.proxy(area), "button": weakref.proxy(made)}, code=_COPY)
    return made
