"""Step 6: open and fit a series of patterns with the choices of the session."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import panel as pn

from slxrd._escape import html_text as escape
from slxrd.errors import SlxrdError
from slxrd.fitting.search.scan import Progress
from slxrd.ui.app.controls.file_drop import file_dropper, take_dropped
from slxrd.ui.app.controls.series_fields import JointFields, NamingFields
from slxrd.ui.app.controls.widgets import CONTROLS_WIDTH, button, collapsible, download_button, row, text
from slxrd.ui.app.state.messages import Topic
from slxrd.ui.app.state.series import (
    RESULTS_FOLDER,
    FittedSeries,
    OpenSeries,
    SeriesOptions,
    expand_path,
    open_example,
    open_files,
    open_folder,
)
from slxrd.ui.app.state.workspace import Workspace
from slxrd.ui.app.views.series_downloads import series_downloads
from slxrd.ui.app.views.series_tables import (
    onset_html,
    opened_html,
    pictures_html,
    printed_html,
    results_html,
)

_EXAMPLE = "cspbbr3-annealing"
_FORCE = "overwrite results of other data or options in it (force)"


class SeriesView:
    """Controls and results of a series.

    Parameters
    ----------
    workspace : Workspace
        Holds the choices and the series.
    """

    def __init__(self, workspace: Workspace) -> None:
        self.workspace = workspace
        self._seen: tuple[OpenSeries | None, FittedSeries | None] | None = None
        self._dropped: dict[str, bytes] = {}
        wide = {"sizing_mode": "stretch_width", "min_width": 0}
        self._drop = file_dropper()
        self._drop.param.watch(lambda _: take_dropped(self._drop, self.take), "value")
        self.drop_button = button(
            "Read the dropped files",
            self.read_dropped,
            color="primary",
            visible=False,
            description="Read the files that were dropped above as patterns of one sample.",
        )
        self._folder = pn.widgets.TextInput(
            label="folder on this machine",
            placeholder="/home/me/films",
            description="Path of the folder that contains the patterns.",
            **wide,
        )
        self._naming = NamingFields()
        self._found, self._choices = text(), text()
        self._joint = JointFields()
        self._results = pn.widgets.TextInput(
            label="folder for results",
            placeholder="none: kept only while slxrd app runs",
            description="Path of the folder in which the result of each pattern is written.",
            **wide,
        )
        self._force = pn.widgets.Checkbox(label=_FORCE, value=False, margin=(2, 10))
        self._fit_button = button(
            "Fit the series",
            self._fit,
            color="primary",
            width=220,
            description="Fit all patterns with the choices of this page.",
        )
        self._files = {
            end: download_button(workspace, label, end, self._with_result(make))
            for end, (label, make) in series_downloads().items()
        }
        self._downloads = pn.Column(
            text("<h3>Downloads</h3>"),
            *(row(*list(self._files.values())[i : i + 2]) for i in range(0, len(self._files), 2)),
            margin=0,
        )
        self.left = pn.Column(
            text(
                "<h2>6 Series</h2><p>Many patterns of one sample: over temperature, time or position. The "
                "value of the variable is read from the file names (film_125C.xy). To choose regions and the "
                "model, open one of the patterns first (1 Open, 2 Regions, 3 Model).</p>"
            ),
            self._drop,
            self.drop_button,
            self._folder,
            row(
                button(
                    "Read the folder",
                    self._read,
                    color="primary",
                    width=150,
                    description="Read all patterns in the folder.",
                ),
                button(
                    "Open the example series",
                    self._open_example,
                    width=200,
                    description="Open a simulated annealing series.",
                ),
            ),
            self._naming.view,
            self._found,
            self._choices,
            self._joint.view,
            self._results,
            self._force,
            self._fit_button,
            self._downloads,
            width=CONTROLS_WIDTH,
            margin=0,
        )
        self._summary, self._pictures, self._printed = text(), text(), text()
        self._output = collapsible("Output of slxrd series", self._printed)
        self.right = pn.Column(
            self._summary,
            self._pictures,
            self._output,
            sizing_mode="stretch_width",
            margin=0,
            styles={"max-height": "none"},  # Panel limits heights to that of what contains them
        )
        self.refresh("state")
        self.refresh("series")
        self.refresh("job")

    def _read(self) -> None:
        state, typed = self.workspace.session.state, str(self._folder.value)
        try:
            naming = self._naming.naming()
        except SlxrdError as error:
            self.workspace.show_message(f"{error}.", "error")
            return

        def work(report: Progress) -> OpenSeries:
            return open_folder(typed, state, naming, report)

        self.workspace.start_job("reading the series", work, self._opened)

    def take(self, name: str, content: bytes) -> None:
        """Keep a file that was dropped here; those of a folder arrive one by one."""
        self._dropped[name] = content
        count = len(self._dropped)
        self.drop_button.param.update(
            label=f"Read the {count} dropped files" if count > 1 else "Read the dropped file", visible=True
        )

    def read_dropped(self) -> None:
        """Read the files that were dropped here as a series."""
        if self.workspace.check_idle():
            files = dict(self._dropped)
            self._dropped.clear()
            self.drop_button.visible = False
            self.open_files(files)

    def open_files(self, files: Mapping[str, bytes]) -> None:
        """Read dropped files as a series.

        Parameters
        ----------
        files : mapping of str to bytes
            Contents by name.
        """
        files, state = dict(files), self.workspace.session.state
        self.workspace.start_job(
            "reading the series", lambda report: open_files(files, state, report), self._opened
        )

    def _open_example(self) -> None:
        self.workspace.start_job("simulation of the example", lambda _: open_example(_EXAMPLE), self._opened)

    def _opened(self, opened: OpenSeries) -> None:
        self.workspace.series.open(opened)
        out = len(opened.series.left_out)
        count = f"{len(opened.series)} patterns read" + (f", {out} left out" if out else "")
        self.workspace.show_message(f"{count}; they are listed on the left.", "success")
        self.workspace.notify("series")

    def _fit(self) -> None:
        self.workspace.try_action(self._start_fit)

    def _start_fit(self) -> None:
        series, state = self.workspace.series, self.workspace.session.state
        if series.opened is None:
            raise SlxrdError("open a series first: read a folder, or open the example series")
        extra = SeriesOptions(
            *self._joint.shared_and_smooth(),
            self._joint.degree,
            self._joint.shown_ranges(),
            expand_path(self._results.value),
            bool(self._force.value),
        )

        def work(report: Progress) -> FittedSeries | None:
            return series.fit(state, extra, report, lambda: self.workspace.notify("series"))

        def fitted(found: FittedSeries | None) -> None:
            if found is not None:
                series.fitted = found
            if found is None or not found.fit.complete:
                self.workspace.show_message(
                    "The fit of the series was cancelled. Finished patterns are kept; fit again to continue."
                )
            else:
                done = sum(not member.failed for member in found.fit.members)
                self.workspace.show_message(f"{done} of {len(found.fit.members)} patterns fitted.", "success")
            self.workspace.notify("series")

        self.workspace.start_job("the fit of the series", work, fitted, partial=True)

    def _with_result(self, make: Callable[[FittedSeries], bytes | str]) -> Callable[[], bytes | str]:
        def content() -> bytes | str:
            if self.workspace.series.fitted is None:
                raise SlxrdError("there is no result yet; fit the series first")
            return make(self.workspace.series.fitted)

        return content

    def refresh(self, topic: Topic) -> None:
        """Update the list of patterns, the results and the buttons."""
        if topic == "job":
            self._fit_button.disabled = self.workspace.busy
        elif topic == "state":
            self._choices.object = self._choices_html()
        if topic == "series" or (topic == "job" and not self.workspace.busy):  # a fit may have failed
            series = self.workspace.series
            seen = (series.opened, series.running or series.fitted)
            if self._seen is None or seen[0] is not self._seen[0]:
                self._show_opened(seen[0])
            if seen != self._seen:
                self._show_fitted(seen[1])
            self._seen = seen
            self._choices.object = self._choices_html()

    def _choices_html(self) -> str:
        """Return the choices that the fit uses, with a warning if the results belong to others."""
        series, choices = self.workspace.series, self.workspace.session.state.choices
        names = ", ".join(choices) or "none: automatic regions, and defaults"
        if series.opened is not None and series.opened.regions and not choices.get("regions"):
            names = ", ".join([*choices, "regions of the example"])
        stale = series.fitted is not None and series.fitted.choices != choices
        return f"<p><b>Choices used for the fit:</b> {escape(names)}.</p>" + (
            "<p><b>The results belong to other choices:</b> fit the series again.</p>" if stale else ""
        )

    def _show_opened(self, opened: OpenSeries | None) -> None:
        self._found.object = "" if opened is None else opened_html(opened)
        if opened is not None:
            self._results.value = "" if opened.folder is None else str(opened.folder / RESULTS_FOLDER)
            if opened.folder is not None:
                self._folder.value = str(opened.folder)

    def _show_fitted(self, fitted: FittedSeries | None) -> None:
        running = fitted is not None and fitted is self.workspace.series.running
        if not running:
            self._force.value = False
        self._downloads.visible = self._output.visible = fitted is not None and not running
        if fitted is None:
            opened = self.workspace.series.opened
            self._summary.object = (
                "<p>Read a folder, or open the example series.</p>"
                if opened is None
                else "<h2>Results</h2><p>Not fitted yet. Press <b>Fit the series</b>: each pattern "
                "appears here as soon as it is finished.</p>"
            )
            self._pictures.object = self._printed.object = ""
            return
        self._summary.object = f"<h2>Results</h2>{onset_html(fitted, running)}{results_html(fitted)}"
        self._printed.object = printed_html(fitted)
        self._pictures.object = pictures_html(fitted)
        opened = self.workspace.series.opened
        stem = opened.folder.name if opened is not None and opened.folder is not None else _EXAMPLE
        for end, widget in self._files.items():
            widget.filename = f"{stem}-{end}"
            widget.disabled = end.endswith(".png") and Path(end).stem not in fitted.pictures
        self._files["joint.csv"].visible = fitted.fit.joint is not None
