"""Small parts that the views share: headings, texts, tables, buttons that say what goes wrong.

Buttons whose content is made when they are pressed.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable, Sequence
from html import escape
from typing import Any

import panel as pn

from slxrd.ui.app.state.workspace import Workspace


def download(
    workspace: Workspace, label: str, end: str, make: Callable[[], bytes | str]
) -> pn.widgets.FileDownload:
    """A button that makes a file and gives it to the browser.

    Parameters
    ----------
    workspace : Workspace
        Says what was done, or what went wrong.
    label, end : str
        On the button, and the end of the file's name.
    make : callable
        Returns the content.
    """

    def content() -> io.BytesIO | None:
        made: list[bytes | str] = []
        if not workspace.try_action(lambda: made.append(make())):
            return None
        workspace.show_message(f"{widget.filename} went to your downloads.", "success")
        return io.BytesIO(made[0].encode() if isinstance(made[0], str) else made[0])

    widget = pn.widgets.FileDownload(
        callback=content,
        label=label,
        filename=end,
        auto=True,
        embed=False,
        color="primary",
        width=185,
        tags=[end],
    )
    return widget


#: Width of the column with the controls.
LEFT = 400
#: Width of a field that shares a line, inside what is folded too.
NARROW = 160
#: For the insides of texts: they follow the page's light or dark.
TEXT_STYLE = """
:host { color: inherit; font-size: 14px; line-height: 1.4; }
h2 { font-size: 17px; margin: 4px 0 2px; }
h3 { font-size: 14px; margin: 8px 0 2px; }
p { margin: 2px 0 6px; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; padding: 2px 8px 2px 0; vertical-align: top; border-bottom: 1px solid #8884; }
td.n, th.n { text-align: right; white-space: nowrap; font-variant-numeric: tabular-nums; }
ul { margin: 2px 0; padding-left: 18px; }
pre { white-space: pre-wrap; overflow-wrap: anywhere; font-size: 12px; margin: 4px 0; }
small { opacity: 0.8; }
"""
#: Pictures drawn dark on white follow the page too; the page sets the variable.
PICTURE_STYLE = """
img { filter: var(--slxrd-picture, none); border-radius: 3px; }
img.dark { filter: none; }
"""


def text(html: str = "", **options: Any) -> pn.pane.HTML:
    """Text on the page; what comes from files must have been escaped."""
    options.setdefault("sizing_mode", "stretch_width")
    options.setdefault("margin", (2, 10))
    return pn.pane.HTML(html, stylesheets=[TEXT_STYLE, PICTURE_STYLE], **options)


def table(head: Sequence[str], rows: Iterable[Sequence[str]], numbers: Iterable[int] = ()) -> str:
    """A table as HTML; everything in it is escaped.

    Parameters
    ----------
    head : sequence of str
        Names of the columns.
    rows : iterable of sequence of str
        Cells.
    numbers : iterable of int
        Columns that are aligned as numbers.
    """
    right = set(numbers)

    def line(cells: Sequence[str], tag: str) -> str:
        return "".join(
            f"<{tag}{' class=n' if i in right else ''}>{escape(cell)}</{tag}>" for i, cell in enumerate(cells)
        )

    body = "".join(f"<tr>{line(row, 'td')}</tr>" for row in rows)
    return f"<table><thead><tr>{line(head, 'th')}</tr></thead><tbody>{body}</tbody></table>"


def button(name: str, action: Callable[[], object], **options: Any) -> pn.widgets.Button:
    """A button that does something without arguments."""
    options.setdefault("margin", (5, 0, 5, 10))
    made = pn.widgets.Button(label=name, **options)
    made.on_click(lambda _: action())
    return made


def folded(title: str, *items: Any, open: bool = False) -> pn.Card:
    """What is seldom needed, under a title that unfolds it."""
    return pn.Card(
        *items,
        title=title,
        collapsed=not open,
        sizing_mode="stretch_width",
        margin=(4, 10),
        header_background="transparent",
        styles={"box-shadow": "none", "border": "1px solid #8886"},
    )


def row(*items: Any) -> pn.Row:
    """Beside one another."""
    return pn.Row(*items, sizing_mode="stretch_width", margin=0)
