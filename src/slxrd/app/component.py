"""The page as a component: in a notebook, or served."""

from __future__ import annotations

from pathlib import Path

import panel as pn

from slxrd.app.bench import Bench
from slxrd.app.design import Readable
from slxrd.app.page import Page
from slxrd.session import Session


def component(file: str | Path | Session | None = None, *, dark: bool = False) -> pn.Column:
    """Make the page for a notebook; the same as ``slxrd app`` opens.

    Parameters
    ----------
    file : path-like or Session, optional
        A measured file, ``"example:NAME"``, or a session to go on with.
    dark : bool
        Light letters on a dark ground.

    Returns
    -------
    panel.Column
        Shown where it is the last thing in a cell.

    Raises
    ------
    SlxrdError
        If the file cannot be read.
    """
    pn.extension("filedropper", inline=True, design=Readable)
    if isinstance(file, Session):
        bench = Bench(file)
    else:
        bench = Bench()
        if file is not None:
            session = Session()
            session.open_file(file)
            bench = Bench(session)
    view = Page(bench, dark).view
    view.sizing_mode, view.height = "stretch_width", 820
    return view
