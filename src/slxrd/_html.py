"""Small HTML tables, which notebooks display in place of a printed text."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from slxrd._escape import html_text as escape

_CELL = "padding:0.15em 0.8em 0.15em 0;text-align:left"
#: Rows of a table that are displayed at most.
MOST_ROWS = 60


def table(
    title: str, rows: Iterable[Sequence[object]], *, head: Sequence[object] = (), notes: Iterable[object] = ()
) -> str:
    """Write a table as HTML with inline styles; all texts are escaped.

    Parameters
    ----------
    title : str
        Text above the table.
    rows : iterable of sequences
        Cells; those beyond the first 60 rows are counted, not displayed.
    head : sequence, optional
        Headings of the columns.
    notes : iterable, optional
        Lines below the table.

    Returns
    -------
    str
        One ``div`` element.
    """
    rows = list(rows)
    heading = f"<thead>{_row(head, 'th')}</thead>" if head else ""
    body = "".join(_row(row, "td") for row in rows[:MOST_ROWS])
    below = [*notes]
    if len(rows) > MOST_ROWS:
        below.insert(0, f"and {len(rows) - MOST_ROWS} more rows")
    lines = "".join(f"<div>{escape(str(note))}</div>" for note in below)
    return (
        f"<div><div><b>{escape(title)}</b></div>"
        f'<table style="border-collapse:collapse">{heading}<tbody>{body}</tbody></table>{lines}</div>'
    )


def _row(cells: Sequence[object], element: str) -> str:
    inside = "".join(f'<{element} style="{_CELL}">{escape(str(cell))}</{element}>' for cell in cells)
    return f"<tr>{inside}</tr>"
