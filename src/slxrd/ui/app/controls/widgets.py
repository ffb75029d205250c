"""Widgets that several steps use: text, tables, buttons, downloads, collapsible groups."""

from __future__ import annotations

import base64
import io
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import panel as pn
from bokeh.models import Tooltip

from slxrd._escape import html_text as escape
from slxrd.ui.app.state.workspace import Workspace
from slxrd.ui.symbols_html import text_html

#: Width of the controls in the inspector, in pixels.
CONTROLS_WIDTH = 384
#: Width of a field that shares a line with another one, in pixels.
NARROW = 160
#: Style of texts; colours are inherited from the theme of the page.
TEXT_STYLE = """
:host { color: inherit; font-size: 13px; line-height: 1.45; }
h2 { font-size: 14px; margin: 4px 0; }
h3 { font-size: 13px; margin: 12px 0 4px; }
p { margin: 0 0 8px; }
table { border-collapse: collapse; width: 100%; }
th, td {
  text-align: left; padding: 4px 8px 4px 0; vertical-align: top; border-bottom: 1px solid var(--slxrd-grid);
}
th { font-size: 12px; font-weight: 500; color: var(--slxrd-muted); }
td.n, th.n { text-align: right; white-space: nowrap; font-variant-numeric: tabular-nums; }
tr.open td { border-bottom: 0; }
ul { margin: 4px 0; padding-left: 18px; }
li { margin: 0 0 4px; }
a { color: var(--slxrd-accent); }
pre { white-space: pre-wrap; overflow-wrap: anywhere; font-size: 12px; margin: 4px 0; }
small, .muted { color: var(--slxrd-muted); font-size: 12px; }
"""
#: Style of images that are drawn dark on white; the page sets the filter of its theme.
IMAGE_STYLE = """
img { filter: var(--slxrd-image-filter, none); border-radius: 4px; }
img.dark { filter: none; }
"""


def text(html: str = "", **options: Any) -> pn.pane.HTML:
    """Make a pane with HTML. Text from files must be escaped first."""
    options.setdefault("sizing_mode", "stretch_width")
    options.setdefault("margin", (2, 10))
    return pn.pane.HTML(html, stylesheets=[TEXT_STYLE, IMAGE_STYLE], **options)


def html_table(head: Sequence[str], rows: Iterable[Sequence[str]], numbers: Iterable[int] = ()) -> str:
    """Return a table as HTML, with all cells escaped and their symbols typeset.

    Parameters
    ----------
    head : sequence of str
        Column headings.
    rows : iterable of sequence of str
        Cells.
    numbers : iterable of int
        Indices of the columns that are right-aligned.
    """
    right = set(numbers)

    def line(cells: Sequence[str], tag: str) -> str:
        return "".join(
            f"<{tag}{' class=n' if i in right else ''}>{text_html(cell)}</{tag}>"
            for i, cell in enumerate(cells)
        )

    body = "".join(f"<tr>{line(row, 'td')}</tr>" for row in rows)
    return f"<table><thead><tr>{line(head, 'th')}</tr></thead><tbody>{body}</tbody></table>"


def picture_html(picture: bytes, title: str) -> str:
    """Return a PNG as HTML, in its own shape; a pane of an image does not keep what is below it away."""
    data = base64.b64encode(picture).decode()
    return (
        f"<img alt='{escape(title, quote=True)}' style='width:100%;max-width:860px' "
        f"src='data:image/png;base64,{data}'>"
    )


def tip(sentence: str) -> Tooltip:
    """Make a tooltip that does not cover the controls beside it, and lets clicks through."""
    return Tooltip(content=sentence, position="bottom", styles={"pointer-events": "none"})


def button(name: str, action: Callable[[], object], **options: Any) -> pn.widgets.Button:
    """Make a button that calls a function without arguments."""
    options.setdefault("margin", (5, 0, 5, 10))
    if "description" in options:
        options["description"] = tip(options["description"])
    made = pn.widgets.Button(label=name, **options)
    made.on_click(lambda _: action())
    return made


def collapsible(title: str, *items: Any, open: bool = False) -> pn.Card:
    """Make a collapsible group of widgets."""
    return pn.Card(
        *items,
        header=pn.pane.HTML(f"<b>{escape(title)}</b>", margin=0, styles={"font-size": "13px"}),
        collapsed=not open,
        sizing_mode="stretch_width",
        margin=(4, 8),
        header_background="transparent",
        stylesheets=[_CARD],
    )


_CARD = """
:host(.card) {
  box-shadow: none; border: 1px solid var(--slxrd-border); border-radius: 8px;
  background: var(--slxrd-background); outline: none;
}
.card-header.card-header {
  border-radius: 8px; padding: 8px; background: transparent; color: var(--slxrd-text); outline: none;
}
.card-header:focus-visible { box-shadow: 0 0 0 2px var(--slxrd-accent); }
"""


def card(*items: Any, **options: Any) -> pn.Column:
    """Place widgets one below the other on a surface of their own."""
    return pn.Column(*items, margin=8, stylesheets=[_SURFACE], **options)


def card_below(*items: Any, **options: Any) -> pn.Column:
    """Make a card of full width among others that are reached by scrolling; it keeps its height."""
    # Panel limits heights to that of what contains them.
    return card(*items, sizing_mode="stretch_width", styles={"flex": "none", "max-height": "none"}, **options)


_SURFACE = """
:host {
  background: var(--slxrd-background); border: 1px solid var(--slxrd-border); border-radius: 8px;
  padding: 8px 0; min-width: 0;
}
"""


def row(*items: Any) -> pn.Row:
    """Place widgets side by side."""
    return pn.Row(*items, sizing_mode="stretch_width", margin=0)


class _Download(pn.widgets.FileDownload):
    """A download that sends nothing where no file was made; the reason is shown in the status bar."""

    def _sync_data(self, fileobj: Any) -> None:
        if fileobj is not None:
            super()._sync_data(fileobj)


def download_button(
    workspace: Workspace, label: str, filename: str, make: Callable[[], bytes | str]
) -> pn.widgets.FileDownload:
    """Make a button that downloads a file; the content is made when it is pressed.

    Parameters
    ----------
    workspace : Workspace
        Shows whether it succeeded.
    label : str
        Text of the button.
    filename : str
        Name of the file; also a tag of the widget.
    make : callable
        Returns the content.
    """

    def content() -> io.BytesIO | None:
        made: list[bytes | str] = []
        if not workspace.try_action(lambda: made.append(make())):
            return None
        workspace.show_message(f"Downloaded {widget.filename}.", "success")
        return io.BytesIO(made[0].encode() if isinstance(made[0], str) else made[0])

    widget = _Download(
        callback=content,
        label=label,
        filename=filename,
        auto=True,
        embed=False,
        color="primary",
        width=176,
        margin=(4, 8),
        tags=[filename],
    )
    return widget
