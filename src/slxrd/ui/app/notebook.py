"""The page as a component of a notebook."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from slxrd.errors import SlxrdError
from slxrd.ui.session.controller import Session

if TYPE_CHECKING:
    import panel as pn


def notebook_app(file: str | Path | Session | None = None, *, dark: bool = False) -> pn.Column:
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
        If Panel is not installed, or the file cannot be read.
    """
    if find_spec("panel") is None:
        raise SlxrdError('the page in a notebook needs panel: python -m pip install "slxrd[app]"')
    import panel as pn

    from slxrd.ui.app.controls.style import PageDesign
    from slxrd.ui.app.state.workspace import Workspace
    from slxrd.ui.app.views.page import Page

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
