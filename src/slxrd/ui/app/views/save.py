"""Step 5: download session, report, tables and figures; copy the command and the script of the fit."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import cast

import panel as pn

from slxrd._escape import html_text as escape
from slxrd.errors import SlxrdError
from slxrd.fitting.record import write as output
from slxrd.fitting.record.saved_fit import SavedFit
from slxrd.fitting.result.fit import Fit
from slxrd.ui.app.controls.code_area import code_area, copy_button
from slxrd.ui.app.controls.widgets import CONTROLS_WIDTH, download_button, row, text
from slxrd.ui.app.state.messages import Topic
from slxrd.ui.app.state.sample import report_section
from slxrd.ui.app.state.workspace import Workspace

_REPEATS = "It repeats this fit with the same data and options."


class SaveView:
    """Downloads, and the equivalent command and script.

    Parameters
    ----------
    workspace : Workspace
        Holds the session that is saved.
    """

    def __init__(self, workspace: Workspace) -> None:
        self.workspace = workspace
        self._session = download_button(workspace, "Session (.json)", "slxrd.json", self._document)
        contents: dict[str, tuple[str, Callable[[SavedFit], bytes | str]]] = {
            "Report (.html)": ("report.html", self._report),
            "Numbers (result.json)": ("result.json", lambda fit: output.to_json(fit.document)),
            "Curves (fit.csv)": ("fit.csv", _curves),
            "Figure (.png)": ("fit.png", lambda fit: _figure(fit, "png")),
            "Figure (.svg)": ("fit.svg", lambda fit: _figure(fit, "svg")),
        }
        self._fit_files = [
            download_button(workspace, label, end, self._with_result(make))
            for label, (end, make) in contents.items()
        ]
        self._hint = text()
        self._command = code_area("command line", 110, _REPEATS)
        self._script = code_area("Python script", 230, _REPEATS)
        self._folder_hint, self._log = text(), text()
        self.left = pn.Column(
            text(
                "<h2>5 Save</h2><p>Files go to the downloads of your browser. The session contains the "
                "measured data; drop it under 1 Open to continue.</p>"
            ),
            self._session,
            *(row(*self._fit_files[i : i + 2]) for i in range(0, len(self._fit_files), 2)),
            self._hint,
            width=CONTROLS_WIDTH,
            margin=0,
        )
        self.right = pn.Column(
            text("<h2>The same fit without this page</h2>"),
            self._folder_hint,
            self._command,
            copy_button(self._command),
            self._script,
            copy_button(self._script),
            text("<h3>Log</h3>"),
            self._log,
            sizing_mode="stretch_width",
        )
        self.refresh("state")

    def _with_result(self, make: Callable[[SavedFit], bytes | str]) -> Callable[[], bytes | str]:
        def content() -> bytes | str:
            fit = self.workspace.session.saved_result
            if fit is None:
                raise SlxrdError("there is no fit yet; run it under 4 Fit")
            return make(fit)

        return content

    def _document(self) -> str:
        document = self.workspace.session.document()
        self.workspace.mark_saved()
        return document

    def _report(self, fit: SavedFit) -> str:
        from slxrd.ui.followup.kept import report_parts
        from slxrd.ui.report.page import FollowUpSection, report_html

        text, pictures = report_parts(fit, self.workspace.session.followups)
        followed = FollowUpSection(text, pictures)
        return report_html(fit, followed=followed, sample=report_section(self.workspace))

    def refresh(self, topic: Topic) -> None:
        """Update the buttons, the command, the script and the log."""
        if topic not in ("state", "job", "sample"):
            return
        session = self.workspace.session
        opened, fitted = session.state.file is not None, session.state.result is not None
        stem = Path(session.state.file or "").name.removeprefix("example:").rsplit(".", 1)[0] or "slxrd"
        self._session.disabled = not (opened or session.sample)
        self._session.filename = f"{stem}-session.json"
        for widget in self._fit_files:
            widget.disabled = not fitted
            widget.filename = f"{stem}-{widget.tags[0]}"
        if topic != "state":
            return
        without_fit = opened and not fitted
        self._hint.object = (
            "<p>Run a fit (4 Fit) to get report, numbers and figures.</p>" if without_fit else ""
        )
        for area, make in ((self._command, session.command_line), (self._script, session.script)):
            try:
                area.value = make()
            except SlxrdError as error:
                area.value = f"# {error}"
        name = session.state.file or ""
        uploaded = opened and not name.startswith("example:") and Path(name).name == name
        self._folder_hint.object = (
            f"<p>Run the command or script in the folder of {escape(name)}.</p>" if uploaded else ""
        )
        self._log.object = "<ul>" + "".join(f"<li>{escape(step)}</li>" for step in session.log) + "</ul>"


def _with_curves(fit: SavedFit) -> Fit:
    """Return a saved fit that has its curves, for functions that draw and write a fit."""
    if len(fit.regions) < len(fit.document["regions"]):
        raise SlxrdError("the saved fit has no curves; press Find all solutions (4 Fit) to calculate them")
    return cast(Fit, fit)


def _curves(fit: SavedFit) -> str:
    return output.curves_csv(_with_curves(fit))


def _figure(fit: SavedFit, kind: str) -> bytes:
    from slxrd.ui.plotting.fit import figure, figure_bytes

    return figure_bytes(figure(_with_curves(fit)), kind)
