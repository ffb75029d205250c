"""Step 5: what is kept: session, report, tables, figures, and the command and script that make it again."""

from __future__ import annotations

from collections.abc import Callable
from html import escape
from pathlib import Path
from typing import cast

import panel as pn

from slxrd.errors import SlxrdError
from slxrd.fitting.record import write as output
from slxrd.fitting.record.saved_fit import SavedFit
from slxrd.fitting.result.fit import Fit
from slxrd.ui.app.controls.widgets import LEFT, download, row, text
from slxrd.ui.app.state.messages import Topic
from slxrd.ui.app.state.workspace import Workspace

_COPY = "navigator.clipboard.writeText(area.value).then(() => { button.label = 'Copied' })"


class SaveView:
    """Files to take away.

    Parameters
    ----------
    workspace : Workspace
        Whose session it is.
    """

    def __init__(self, workspace: Workspace) -> None:
        self.workspace = workspace
        self._session = download(workspace, "Session (.json)", "slxrd.json", self._document)
        of_fit: dict[str, tuple[str, Callable[[SavedFit], bytes | str]]] = {
            "Report (.html)": ("report.html", self._report),
            "Numbers (result.json)": ("result.json", lambda fit: output.to_json(fit.document)),
            "Curves (fit.csv)": ("fit.csv", _curves),
            "Figure (.png)": ("fit.png", lambda fit: _figure(fit, "png")),
            "Figure (.svg)": ("fit.svg", lambda fit: _figure(fit, "svg")),
        }
        self._of_fit = [
            download(workspace, label, end, self._made(make)) for label, (end, make) in of_fit.items()
        ]
        self._told = text()
        self._command = _code("command line", 110)
        self._script = _code("Python script", 230)
        self._where, self._log = text(), text()
        self.left = pn.Column(
            text(
                "<h2>5 Keep</h2><p>Files go where your browser puts downloads. The session holds the "
                "measured data too: drop it under 1 Open to go on.</p>"
            ),
            self._session,
            *(row(*self._of_fit[i : i + 2]) for i in range(0, len(self._of_fit), 2)),
            self._told,
            width=LEFT,
        )
        self.right = pn.Column(
            text("<h2>The same without this page</h2>"),
            self._where,
            self._command,
            _copy(self._command),
            self._script,
            _copy(self._script),
            text("<h3>What was done</h3>"),
            self._log,
            sizing_mode="stretch_width",
        )
        self.refresh("state")

    def _made(self, make: Callable[[SavedFit], bytes | str]) -> Callable[[], bytes | str]:
        def content() -> bytes | str:
            fit = self.workspace.session.saved_result
            if fit is None:
                raise SlxrdError("fit first: there is nothing to write yet")
            return make(fit)

        return content

    def _document(self) -> str:
        told = self.workspace.session.document()
        self.workspace.mark_saved()
        return told

    def _report(self, fit: SavedFit) -> str:
        from slxrd.ui.report.page import Followed, report_html

        found = self.workspace.followups
        told = "\n\n".join(text for text, _ in found.values() if text)
        pictures = [(name, picture) for name, (_, picture) in found.items() if picture is not None]
        return report_html(fit, followed=Followed(told, pictures))

    def refresh(self, topic: Topic) -> None:
        """Show what can be kept."""
        if topic not in ("state", "job"):
            return
        session = self.workspace.session
        opened, fitted = session.state.file is not None, session.state.result is not None
        stem = Path(session.state.file or "").name.removeprefix("example:").rsplit(".", 1)[0] or "slxrd"
        self._session.disabled = not opened
        self._session.filename = f"{stem}-session.json"
        for widget in self._of_fit:
            widget.disabled = not fitted
            widget.filename = f"{stem}-{widget.tags[0]}"
        if topic != "state":
            return
        waiting = opened and not fitted
        self._told.object = "<p>Report, numbers and figures come with a fit (4 Fit).</p>" if waiting else ""
        for area, make in ((self._command, session.command_line), (self._script, session.script)):
            try:
                area.value = make()
            except SlxrdError as error:
                area.value = f"# {error}"
        name = session.state.file or ""
        dropped = opened and not name.startswith("example:") and Path(name).name == name
        self._where.object = (
            f"<p>The page knows the name of {escape(name)}, not its folder: run these in that folder.</p>"
            if dropped
            else ""
        )
        self._log.object = "<ul>" + "".join(f"<li>{escape(step)}</li>" for step in session.log) + "</ul>"


def _code(name: str, height: int) -> pn.widgets.TextAreaInput:
    return pn.widgets.TextAreaInput(
        label=name,
        height=height,
        sizing_mode="stretch_width",
        max_length=100_000,
        stylesheets=["textarea { font-family: monospace; font-size: 12px; }"],
    )


def _copy(area: pn.widgets.TextAreaInput) -> pn.widgets.Button:
    made = pn.widgets.Button(label="Copy", width=80, margin=(0, 10, 8, 10))
    made.js_on_click(args={"area": area, "button": made}, code=_COPY)
    return made


def _with_curves(fit: SavedFit) -> Fit:
    """As what draws fits takes it: all that it looks at is there."""
    if len(fit.regions) < len(fit.document["regions"]):
        raise SlxrdError("the saved fit holds no curves: press Find all solutions (4 Fit) to have them")
    return cast(Fit, fit)


def _curves(fit: SavedFit) -> str:
    return output.curves_csv(_with_curves(fit))


def _figure(fit: SavedFit, kind: str) -> bytes:
    from slxrd.ui.plotting.fit import figure, figure_bytes

    return figure_bytes(figure(_with_curves(fit)), kind)
