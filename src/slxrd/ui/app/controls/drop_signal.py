"""Notes in the browser that files were dropped or chosen, before any of them arrives."""

from __future__ import annotations

from typing import Any, ClassVar

import param
from panel.reactive import ReactiveHTML


class DropSignal(ReactiveHTML):
    """Invisible part of the page that counts the times files were dropped on it, or chosen.

    The files of one drop arrive one by one, with pauses of unknown length. They arrive after ``drops`` has
    changed.
    """

    drops = param.Integer(default=0, doc="How often files were dropped or chosen.")

    _template = "<div id='signal'></div>"

    _scripts: ClassVar[dict[str, Any]] = {
        # Those of the shadow trees reach the window first.
        "render": """
            state.note = event => {
              const files = event.type === 'drop' || event.composedPath()[0].type === 'file'
              if (files) data.drops += 1
            }
            window.addEventListener('drop', state.note, true)
            window.addEventListener('input', state.note, true)
        """,
        "remove": """
            window.removeEventListener('drop', state.note, true)
            window.removeEventListener('input', state.note, true)
        """,
    }
