"""The page as a component of a notebook."""

from __future__ import annotations

from pathlib import Path

import panel as pn

from slxrd.ui.app.plots.theme import PageDesign
from slxrd.ui.app.state.workspace import Workspace
from slxrd.ui.app.views.page import Page
from slxrd.ui.session.controller import Session


def component(file: str | Path | Session | None = None, *, dark: bool = False) -> pn.Column:
    """Make the page that ``slxrd app`` opens, for the output of a notebook cell.

    Parameters
    ----------
    file : path-like or Session, optional
        A measured file, ``"example:NAME"``, or a session to continue.
    dark : bool
        Use the dark theme.

    Returns
    -------
    panel.Column
        Displayed if it is the last expression of a cell.

    Raises
    ------
    SlxrdError
        If the file cannot be read.
    """
    pn.extension("filedropper", inline=True, design=PageDesign)
    if isinstance(file, Session):
        session = file
    else:
        session = Session()
        if file is not None:
            session.open_file(file)
    view = Page(Workspace(session), dark).view
    view.sizing_mode, view.height = "stretch_width", 820
    return view
