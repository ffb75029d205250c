"""Step 6: many patterns of one sample, with the choices that were made for one."""

from __future__ import annotations

from collections.abc import Callable
from html import escape
from pathlib import Path

import panel as pn

from slxrd.errors import SlxrdError
from slxrd.fitting.record import arguments
from slxrd.fitting.search.scan import Progress
from slxrd.studies.series.files import Naming
from slxrd.studies.series.table import joint_csv, series_csv, series_json
from slxrd.ui.app.controls.widgets import LEFT, button, download, folded, row, text
from slxrd.ui.app.state.messages import Topic
from slxrd.ui.app.state.series import (
    RESULTS_FOLDER,
    FittedSeries,
    OpenSeries,
    SeriesOptions,
    expand_path,
    open_example,
    open_folder,
)
from slxrd.ui.app.state.workspace import Workspace
from slxrd.ui.app.views.series_tables import (
    onset_html,
    opened_html,
    pictures_html,
    printed_html,
    results_html,
)

_EXAMPLE = "cspbbr3-annealing"
_FORCE = "overwrite results of other data or choices there (force)"


class SeriesView:
    """Where a series is opened, fitted and kept.

    Parameters
    ----------
    workspace : Workspace
        Whose choices are taken, and on whose series the series lies.
    """

    def __init__(self, workspace: Workspace) -> None:
        self.workspace = workspace
        self._seen: tuple[OpenSeries | None, FittedSeries | None] | None = None
        wide = {"sizing_mode": "stretch_width"}
        self._folder = pn.widgets.TextInput(
            label="folder on this machine", placeholder="/home/me/films", **wide
        )
        self._variable = pn.widgets.TextInput(label="variable", placeholder="temperature", width=110)
        self._table = pn.widgets.TextInput(label="table", placeholder="CSV: file, value", width=130)
        self._name = pn.widgets.TextInput(label="pattern of name", placeholder=r"_(\d+)C", width=120)
        self._found, self._choices = text(), text()
        self._shared = pn.widgets.TextInput(label="shared", placeholder="N,sigma_N", width=120)
        self._smooth = pn.widgets.TextInput(label="smooth", placeholder="d,L", width=120)
        self._degree = pn.widgets.IntInput(label="degree", value=2, start=0, end=4, width=80)
        self._show = pn.widgets.TextInput(label="show too (Å⁻¹)", placeholder="0.06:0.45", width=130)
        self._results = pn.widgets.TextInput(
            label="keep what is finished in", placeholder="nowhere: only while slxrd app runs", **wide
        )
        self._force = pn.widgets.Checkbox(label=_FORCE, value=False, margin=(2, 10))
        self._fit_button = button("Fit the series", self._fit, color="primary", width=220)
        self._files = {
            end: download(workspace, label, end, self._made(make))
            for end, (label, make) in _contents().items()
        }
        self._of_files = pn.Column(
            text("<h3>To your downloads</h3>"),
            *(row(*list(self._files.values())[i : i + 2]) for i in range(0, len(self._files), 2)),
            margin=0,
        )
        self.left = pn.Column(
            text(
                "<h2>6 Series</h2><p>Many patterns of one sample: heated, aged, or measured from place to "
                "place. What was varied is taken from the files' names (film_125C.xy). Regions, and what the "
                "sample is, are chosen with one of them open (1 Open, 2 Look, 3 Play).</p>"
            ),
            self._folder,
            row(
                button("Read the folder", self._read, color="primary", width=150),
                button("Open the example series", self._open_example, width=200),
            ),
            folded("Where the values are told", row(self._variable, self._table, self._name)),
            self._found,
            self._choices,
            folded(
                "All together, and what is drawn",
                text(
                    "<p>In a fit of all patterns together, parameters can be the same in all (shared) or a "
                    "polynomial of what was varied (smooth).</p>"
                ),
                row(self._shared, self._smooth, self._degree),
                self._show,
            ),
            self._results,
            self._force,
            self._fit_button,
            self._of_files,
            width=LEFT,
        )
        self._told, self._pictures, self._printed = text(), text(), text()
        self._as_printed = folded("As slxrd series prints it", self._printed)
        self.right = pn.Column(
            self._told, self._pictures, self._as_printed, sizing_mode="stretch_width", margin=0
        )
        self.refresh("state")
        self.refresh("series")
        self.refresh("job")

    def _read(self) -> None:
        state, typed = self.workspace.session.state, str(self._folder.value)
        naming = Naming(
            self._variable.value.strip() or None,
            self._name.value.strip() or None,
            expand_path(self._table.value),
        )
        if naming.pattern_of_name and naming.table:
            self.workspace.show_message(
                "“table” and “pattern of name” both tell the values: leave one empty.", "error"
            )
            return

        def work(report: Progress) -> OpenSeries:
            return open_folder(typed, state, naming, report)

        self.workspace.start_job("reading the series", work, self._take)

    def _open_example(self) -> None:
        self.workspace.start_job("making the example", lambda _: open_example(_EXAMPLE), self._take)

    def _take(self, opened: OpenSeries) -> None:
        self.workspace.series.open(opened)
        out = len(opened.series.left_out)
        told = f"{len(opened.series)} patterns read" + (f", {out} left out" if out else "")
        self.workspace.show_message(f"{told}; see on the left.", "success")
        self.workspace.notify("series")

    def _fit(self) -> None:
        self.workspace.try_action(self._begin)

    def _begin(self) -> None:
        series, state = self.workspace.series, self.workspace.session.state
        if series.opened is None:
            raise SlxrdError("open a series first: read a folder, or open the example series")
        ranges = [arguments.interval(part, f"show too {part}") for part in _parts(self._show.value)]
        if any(not low < high for low, high in ranges):
            raise SlxrdError(f"show too {self._show.value}: the lower end must come first")
        extra = SeriesOptions(
            _parts(self._shared.value),
            _parts(self._smooth.value),
            int(self._degree.value),
            ranges,
            expand_path(self._results.value),
            bool(self._force.value),
        )

        def work(report: Progress) -> FittedSeries | None:
            return series.fit(state, extra, report)

        def fitted(found: FittedSeries | None) -> None:
            if found is not None:
                series.fitted = found
            if found is None or not found.fit.complete:
                told = "The fit of the series was cancelled; what is finished is kept: fit again to go on."
                self.workspace.show_message(told)
            else:
                done = sum(not member.failed for member in found.fit.members)
                self.workspace.show_message(
                    f"{done} of {len(found.fit.members)} patterns are fitted.", "success"
                )
            self.workspace.notify("series")

        self.workspace.start_job("the fit of the series", work, fitted, partial=True)

    def _made(self, make: Callable[[FittedSeries], bytes | str]) -> Callable[[], bytes | str]:
        def content() -> bytes | str:
            if self.workspace.series.fitted is None:
                raise SlxrdError("fit the series first: there is nothing to write yet")
            return make(self.workspace.series.fitted)

        return content

    def refresh(self, topic: Topic) -> None:
        """Show the series, its results, and what can be done now."""
        if topic == "job":
            self._fit_button.disabled = self.workspace.busy
        elif topic == "state":
            self._choices.object = self._choices_told()
        elif topic == "series":
            seen = (self.workspace.series.opened, self.workspace.series.fitted)
            if self._seen is None or seen[0] is not self._seen[0]:
                self._show_opened(seen[0])
            if seen != self._seen:
                self._show_fitted(seen[1])
            self._seen = seen
            self._choices.object = self._choices_told()

    def _choices_told(self) -> str:
        """With what the series is, or was, fitted."""
        series, choices = self.workspace.series, self.workspace.session.state.choices
        told = ", ".join(choices) or "none, so each pattern's own regions and what slxrd takes by itself"
        if series.opened is not None and series.opened.regions and not choices.get("regions"):
            told = ", ".join([*choices, "the regions of the example"])
        stale = series.fitted is not None and series.fitted.choices != choices
        return f"<p><b>Choices of this page that are taken:</b> {escape(told)}.</p>" + (
            "<p><b>The results belong to other choices:</b> fit the series again.</p>" if stale else ""
        )

    def _show_opened(self, opened: OpenSeries | None) -> None:
        self._found.object = "" if opened is None else opened_html(opened)
        if opened is not None:
            self._results.value = "" if opened.folder is None else str(opened.folder / RESULTS_FOLDER)
            if opened.folder is not None:
                self._folder.value = str(opened.folder)

    def _show_fitted(self, fitted: FittedSeries | None) -> None:
        self._force.value = False
        self._of_files.visible = self._as_printed.visible = fitted is not None
        if fitted is None:
            opened = self.workspace.series.opened
            self._told.object = (
                "<p>Read a folder, or open the example series.</p>"
                if opened is None
                else "<p>Not fitted yet.</p>"
            )
            self._pictures.object = self._printed.object = ""
            return
        self._told.object = f"<h2>What was found</h2>{onset_html(fitted)}{results_html(fitted)}"
        self._printed.object = printed_html(fitted)
        self._pictures.object = pictures_html(fitted)
        opened = self.workspace.series.opened
        stem = opened.folder.name if opened is not None and opened.folder is not None else _EXAMPLE
        for end, widget in self._files.items():
            widget.filename = f"{stem}-{end}"
            widget.disabled = end.endswith(".png") and Path(end).stem not in fitted.pictures
        self._files["joint.csv"].visible = fitted.fit.joint is not None


def _parts(typed: str) -> list[str]:
    return [part.strip() for part in typed.replace(";", ",").split(",") if part.strip()]


def _contents() -> dict[str, tuple[str, Callable[[FittedSeries], bytes | str]]]:
    """Names of files, with what is on their buttons and what makes them."""

    def together(fitted: FittedSeries) -> str:
        if fitted.fit.joint is None:
            raise SlxrdError("there is no fit of all together: say what is shared or smooth, and fit again")
        return joint_csv(fitted.fit.joint, fitted.fit.series.variable)

    def picture(name: str) -> Callable[[FittedSeries], bytes]:
        return lambda fitted: fitted.pictures[name]

    return {
        "series.csv": ("Table (series.csv)", lambda fitted: series_csv(fitted.fit)),
        "series.json": ("All numbers (series.json)", lambda fitted: series_json(fitted.fit)),
        "parameters.png": ("Parameters (.png)", picture("parameters")),
        "stack.png": ("Stack (.png)", picture("stack")),
        "waterfall.png": ("Waterfall (.png)", picture("waterfall")),
        "heatmap.png": ("Heat map (.png)", picture("heatmap")),
        "joint.csv": ("Together (joint.csv)", together),
    }
