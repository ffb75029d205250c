"""A field for an option that is a choice of some names."""

from __future__ import annotations

from collections.abc import Sequence

import panel as pn
import param

from slxrd._escape import html_text as escape
from slxrd.parameters.definitions import info
from slxrd.ui.app.controls.widgets import text


class NameChoice(pn.viewable.Viewer):
    """A box to tick for each parameter.

    Parameters
    ----------
    label : str
        Heading.
    names : sequence of str
        Parameters that can be ticked.
    """

    value = param.List(default=[], doc="The ticked names.")
    label = param.String()

    def __init__(self, label: str, names: Sequence[str]) -> None:
        super().__init__(label=label)
        self._heading = text(f"<small>{escape(label)}</small>", margin=(4, 10, 0, 10))
        self.boxes = pn.widgets.CheckBoxGroup(inline=True, margin=(0, 10))
        self.boxes.link(self, value="value", bidirectional=True)
        self._view = pn.Column(self._heading, self.boxes, sizing_mode="stretch_width", margin=0)
        self.offer(names)

    def offer(self, names: Sequence[str]) -> None:
        """Offer other parameters; those of them that are ticked stay so."""
        kept = [name for name in self.value if name in names]
        self.boxes.param.update(options={info(name).symbol: name for name in names}, value=kept)

    def __panel__(self) -> pn.Column:
        """Return what is shown."""
        return self._view
