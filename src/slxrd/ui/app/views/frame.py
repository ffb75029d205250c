"""The frame of the page: the rail of steps, the header, the assessment, and the status bar."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import panel as pn

from slxrd._escape import html_text as escape
from slxrd.ui.app.controls.style import PROGRESS, QUIET, RAIL, RAIL_WIDTH
from slxrd.ui.app.controls.widgets import button, text, tip
from slxrd.ui.app.plots.theme import Colours
from slxrd.ui.app.state.messages import Level, Topic
from slxrd.ui.app.state.shown import shown_by
from slxrd.ui.app.state.workspace import Workspace
from slxrd.ui.app.views.results import banner_html, grade_html, notes_html

_IN_HEADER: dict[str, Any] = {"margin": (4, 4), "stylesheets": [QUIET]}
#: Prefix of a message, so that its kind does not depend on colour alone.
_PREFIXES = {"info": "", "success": "✓ ", "error": "! "}
_TOGGLE_THEME = "slxrdTheme.set(slxrdTheme.shown() === 'dark' ? 'light' : 'dark')"


class Frame:
    """What surrounds the steps.

    Parameters
    ----------
    workspace : Workspace
        Session and state of the page.
    colours : Colours
        Theme of the page.
    steps : dict of str to str
        Labels and names of the steps.
    dark : bool
        Whether the theme is the dark one.

    Attributes
    ----------
    steps : panel.widgets.RadioButtonGroup
        The chosen step.
    rail, header, assessment, drawer, status_bar : panel.viewable.Viewable
        Its parts. The drawer holds the notes of the fit.
    """

    def __init__(self, workspace: Workspace, colours: Colours, steps: dict[str, str], dark: bool) -> None:
        self.workspace, self._colours = workspace, colours
        self._steps_named = ("", "")
        self._of_fit, self._notes_open = True, False
        self.assessment = pn.pane.HTML("", sizing_mode="stretch_width", margin=0, visible=False)
        self.drawer = text(visible=False, margin=0, styles=self._drawer_style)
        self.rail = self._rail(steps)
        self.header = self._header(dark)
        self.status_bar = self._status_bar()

    def _rail(self, steps: dict[str, str]) -> pn.Column:
        self.steps = pn.widgets.RadioButtonGroup(
            options=steps,
            value="open",
            orientation="vertical",
            width=RAIL_WIDTH - 16,
            margin=(8, 8),
            stylesheets=[RAIL],
        )
        return pn.Column(
            pn.pane.HTML("<b style='font-size:20px'>slxrd</b>", margin=(10, 0, 0, 16)),
            self.steps,
            width=RAIL_WIDTH,
            sizing_mode="stretch_height",
            margin=0,
            styles=self.edge("right"),
        )

    def _header(self, dark: bool) -> pn.Row:
        self._file = pn.pane.HTML(
            "",
            sizing_mode="stretch_width",
            margin=(9, 16),
            styles={"font-size": "14px", "font-weight": "600"},
        )
        self._undo = button("↶ Undo", self.workspace.undo, description="Undo the last step.", **_IN_HEADER)
        self._redo = button("↷ Redo", self.workspace.redo, description="Redo the undone step.", **_IN_HEADER)
        self._notes_button = button(
            "Notes",
            self._toggle_notes,
            visible=False,
            description="Show or hide the notes of the fit.",
            **_IN_HEADER,
        )
        theme = pn.widgets.Button(
            label="Light" if dark else "Dark",
            description=tip("Change between the light and the dark theme."),
            **_IN_HEADER,
        )
        theme.js_on_click(code=_TOGGLE_THEME)
        return pn.Row(
            self._file,
            self._notes_button,
            self._undo,
            self._redo,
            theme,
            sizing_mode="stretch_width",
            margin=0,
            height=40,
            styles=self.edge("bottom"),
        )

    def _status_bar(self) -> pn.Row:
        self._grade = pn.pane.HTML("", margin=(8, 8))
        self._message = pn.pane.HTML("", sizing_mode="stretch_width", margin=(9, 8))
        self._progress = pn.indicators.Progress(
            value=0, max=100, width=220, height=8, visible=False, margin=(16, 8), stylesheets=[PROGRESS]
        )
        self._cancel = button(
            "Cancel",
            self.workspace.cancel,
            color="danger",
            visible=False,
            width=80,
            margin=(4, 8),
            description="End what is running.",
        )
        return pn.Row(
            self._grade,
            self._message,
            self._progress,
            self._cancel,
            sizing_mode="stretch_width",
            margin=0,
            height=40,
            styles=self.edge("top"),
        )

    def edge(self, side: str) -> dict[str, str]:
        """Return the style of a part of the frame with a line on one side."""
        return {
            "background": self._colours.background,
            f"border-{side}": f"1px solid {self._colours.border}",
        }

    @property
    def _drawer_style(self) -> dict[str, str]:
        return {
            **self.edge("top"),
            "max-height": "40vh",
            "overflow-y": "auto",
            "padding": "8px 16px",
            "flex": "none",
        }

    def _toggle_notes(self) -> None:
        self._notes_open = not self._notes_open
        self._show_or_hide()

    def show_fit(self, visible: bool) -> None:
        """Show or hide the assessment and the notes, which do not belong to a series or an image."""
        self._of_fit = visible
        self._show_or_hide()

    def _show_or_hide(self) -> None:
        self.assessment.visible = self._grade.visible = self._of_fit and bool(self.assessment.object)
        self._notes_button.visible = self._of_fit and bool(self.drawer.object)
        self.drawer.visible = self._notes_button.visible and self._notes_open

    def refresh(self, topic: Topic) -> None:
        """Show what has changed."""
        if topic == "state":
            name = self.workspace.session.state.file or "no file open"
            self._file.object = (
                f"<div title='{escape(name, quote=True)}' style='overflow:hidden;text-overflow:ellipsis;"
                f"white-space:nowrap'>{escape(Path(name).name)}</div>"
            )
        if topic in ("state", "values"):
            self._refresh_assessment()
        self._undo.disabled = not self.workspace.can_undo
        self._redo.disabled = not self.workspace.can_redo
        steps = (self.workspace.next_undo, self.workspace.next_redo)
        if steps != self._steps_named:  # a new tooltip with every movement of a slider would delay its curve
            self._steps_named = steps
            self._undo.description = tip(f"Undo: {steps[0] or 'nothing'}.")
            self._redo.description = tip(f"Do again: {steps[1] or 'nothing'}.")
        self._refresh_status(topic)

    def _refresh_assessment(self) -> None:
        banner = banner_html(shown_by(self.workspace))
        if self.assessment.object != banner:
            self.assessment.object = banner
        result = shown_by(self.workspace).result
        notes = "" if result is None else notes_html(result)
        if self.drawer.object != notes:
            self.drawer.object = notes
        count = 0 if result is None else len(result.notes)
        self._notes_button.label = f"Notes and warnings ({count})"
        if not notes:
            self._notes_open = False
        self._grade.object = grade_html(result)
        self._show_or_hide()

    def _refresh_status(self, topic: Topic) -> None:
        job = self.workspace.job
        self._cancel.visible = self._progress.visible = job is not None
        if job is not None:
            self._progress.value = round(100 * job.done / job.total) if job.done < job.total else -1
            detail = f" ({self.workspace.message})" if self.workspace.message else ""
            self._show_text(f"{'Cancelling' if job.cancelled else 'Running'}: {job.name} …{detail}")
        elif topic in ("message", "job"):
            level = self.workspace.level
            self._show_text(_PREFIXES[level] + self.workspace.message, level)

    def _show_text(self, text: str, level: Level = "info") -> None:
        colours = {
            "info": self._colours.text,
            "success": self._colours.success,
            "error": self._colours.error,
        }
        self._message.object = (
            f"<div role='status' aria-live='polite' style='color:{colours[level]}'>{escape(text)}</div>"
        )
