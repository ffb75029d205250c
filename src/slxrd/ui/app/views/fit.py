"""Step 4: the fit; all solutions, their errors, and what is said of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from html import escape
from typing import Any

import panel as pn

from slxrd.errors import SlxrdError
from slxrd.fitting.record.saved_fit import SavedFit
from slxrd.fitting.result.summary import format_estimate, format_interval
from slxrd.fitting.search.scan import Progress
from slxrd.parameters.definitions import TABLE
from slxrd.ui.app.controls.widgets import LEFT, PICTURE_STYLE, button, folded, row, table, text
from slxrd.ui.app.state.messages import Topic, name_page_fields
from slxrd.ui.app.state.workspace import Workspace
from slxrd.ui.followup.steps import FollowUp
from slxrd.ui.report.page import CAPTIONS

_LISTED = """
select, label { font-family: monospace; font-size: 11.5px; white-space: pre; }
select { padding: 4px 2px; }
"""
_DERIVED = {"period": "Λ", "thickness": "t", "thickness_with_surface": "N·d"}
_MEANING = {
    "period": "superlattice period (N−1)·d + L",
    "thickness": "crystal, first to last plane",
    "thickness_with_surface": "with half a plane on either side",
}


class FitView:
    """What is found, and what may be believed of it.

    Parameters
    ----------
    workspace : Workspace
        Whose fit it is.
    """

    def __init__(self, workspace: Workspace) -> None:
        self.workspace = workspace
        self._afresh = pn.widgets.RadioBoxGroup(
            options={"search everything (recommended)": False, "start from the sliders": True},
            value=False,
            margin=(2, 10),
        )
        self._button = button("Find all solutions", self._fit, color="primary", width=220)
        self._estimates = text()
        self._solutions = pn.widgets.Select(
            label="solution shown",
            options={},
            size=4,
            sizing_mode="stretch_width",
            visible=False,
            stylesheets=[_LISTED],
        )
        self._solutions.param.watch(self._picked, "value")
        self._notes = text()
        self._number = pn.widgets.IntInput(label="replicates", value=300, start=2, end=100000, width=110)
        self._seed = pn.widgets.IntInput(label="seed", value=0, start=0, width=90)
        self.picture = pn.Column(sizing_mode="stretch_width")
        self._shown: dict[str, tuple[str, bytes | None]] = {}
        self._filling = False
        self._after = folded(
            "How far to trust it: bootstrap and χ² maps",
            text(
                "<p>The fit repeated on patterns that might as well have been measured, and χ² along each "
                "parameter.</p>"
            ),
            row(self._number, self._seed, button("Bootstrap", self._bootstrap, margin=(22, 5, 5, 5))),
            button("χ² maps", self._maps),
        )
        self.left = pn.Column(
            text("<h2>4 Fit</h2>"),
            self._afresh,
            self._button,
            self._solutions,
            self._estimates,
            self._notes,
            self._after,
            width=LEFT,
        )
        self.refresh("state")
        self.refresh("job")

    def _fit(self) -> None:
        if self.workspace.session.state.file is None:
            self.workspace.show_message("Open a file first (1 Open).", "error")
        else:
            self.workspace.try_action(lambda: self.workspace.start_fit(bool(self._afresh.value)))

    def _picked(self, event: Any) -> None:
        if not self._filling and event.new is not None:
            self.workspace.select_solution(int(event.new))

    def _bootstrap(self) -> None:
        session, count, seed = self.workspace.session, int(self._number.value), int(self._seed.value)
        if not self.workspace.try_action(FollowUp(bootstrap=count, seed=seed).check_libraries):
            return

        def work(report: Progress) -> tuple[bytes | None, str]:
            from slxrd.ui.followup.samples import draw_bootstrap

            fit = session.fit_again(report)
            told, contents, _ = draw_bootstrap(fit, count, "noise", seed, _bar(report))
            picture = contents[2] if len(contents) > 2 else None
            return (picture if isinstance(picture, bytes) else None), told

        self.workspace.start_job(
            "the bootstrap", work, lambda found: self._came("bootstrap.png", *found), partial=True
        )

    def _maps(self) -> None:
        session = self.workspace.session

        def work(report: Progress) -> tuple[bytes | None, str]:
            from slxrd.ui.followup.maps import draw_maps

            told, contents, _ = draw_maps(session.fit_again(report), _bar(report))
            picture = contents[0]
            return (picture if isinstance(picture, bytes) else None), told

        self.workspace.start_job(
            "mapping χ²", work, lambda found: self._came("chi2maps.png", *found), partial=True
        )

    def _came(self, name: str, picture: bytes | None, told: str) -> None:
        self.workspace.show_message(
            "Done: scroll down below the curves. The report will have it too.", "success"
        )
        self.workspace.add_followup(name, told, picture)

    def refresh(self, topic: Topic) -> None:
        """Show the result, and what can be done now."""
        if topic == "state":
            self._results()
        elif topic == "values":
            self._mark()
        elif topic == "job":
            self._button.disabled = self.workspace.busy
            self._show_followed()

    def _show_followed(self) -> None:
        followed = self.workspace.followups
        if followed == self._shown:
            return
        self._shown = followed
        parts: list[Any] = []
        for name, (told, picture) in reversed(followed.items()):
            parts.append(text(f"<h3>{CAPTIONS[name]}</h3>"))
            if picture:
                parts.append(
                    pn.pane.PNG(
                        picture, sizing_mode="scale_width", max_width=860, stylesheets=[PICTURE_STYLE]
                    )
                )
            if told:
                parts.append(text(f"<pre>{escape(told)}</pre>"))
        self.picture.objects = parts

    def _mark(self) -> None:
        self._filling = True
        try:
            if self._solutions.options and self._solutions.value != self.workspace.solution:
                self._solutions.value = self.workspace.solution
        finally:
            self._filling = False

    def _results(self) -> None:
        self._show_followed()
        try:
            result = self.workspace.session.saved_result
        except SlxrdError as error:
            self.workspace.show_message(f"{error}.", "error")
            result = None
        self._after.visible = result is not None
        self._solutions.visible = result is not None
        if result is None:
            self._estimates.object = "<p>Not fitted yet.</p>"
            self._notes.object = ""
            return
        self._filling = True
        try:
            head, options = _solutions(result)
            self._solutions.param.update(
                options=options,
                value=self.workspace.solution,
                label=f"Solutions: choose one to see its curve\n{head}",
                size=min(max(len(options), 2), 7),
            )
        finally:
            self._filling = False
        self._estimates.object = _estimates(result)
        self._notes.object = _notes(result)


def _solutions(result: SavedFit) -> tuple[str, dict[str, int]]:
    """A head, and one line for each solution with its number, in columns."""
    names = [n for n in ("L", "N", "sigma_L", "d") if n in result.solutions[0].values]
    heads = [TABLE[n].symbol + (f" ({TABLE[n].unit})" if TABLE[n].unit == "Å" else "") for n in names]
    lines = {}
    for i, one in enumerate(result.solutions):
        values = [f"{one.values[n]:.4g}" for n in names]
        share = f"{100.0 * one.probability:.1f} %" if one.probability > 5e-4 else "< 0.1 %"
        lines[_columns(str(i + 1), share, f"{one.delta_chi2:.1f}", values)] = i
    return _columns("", "prob.", "Δχ²", heads), lines


def _columns(number: str, share: str, delta: str, values: Sequence[str]) -> str:
    # Browsers draw several spaces in a list as one.
    told = f"{number:>2} {share:>7} {delta:>6}" + "".join(f"{value:>8}" for value in values)
    return told.replace(" ", "\u00a0")


def _estimates(result: SavedFit) -> str:
    rows: list[tuple[str, str, str]] = []
    stacked = result.stack.coherent > 1
    for name, estimate in {**result.parameters, **result.derived}.items():
        if name in TABLE:
            symbol, meaning = TABLE[name].symbol, ""
        elif name in _DERIVED and (stacked or name != "period"):
            symbol, meaning = _DERIVED[name], _MEANING[name]
        else:
            continue
        if not stacked and name in ("L", "sigma_L"):
            continue
        remark: list[str] = [] if estimate.status == "determined" else [estimate.status]
        if estimate.status == "ambiguous":
            remark.append(f"95 %: {format_interval(estimate.interval_95, estimate.error)}")
        if estimate.why:
            remark.append(name_page_fields(estimate.why))
        rows.append((symbol, format_estimate(estimate).replace(" ", "\u00a0"), "; ".join(remark) or meaning))
    quality = (
        f"<p>χ² {result.chi2:.5g}, reduced χ² {result.reduced_chi2:.3g}; {escape(result.why_stopped)}.</p>"
    )
    return table(("", "value ± error (1 σ)", ""), rows) + quality


def _notes(result: SavedFit) -> str:
    doubt = "" if result.unique else "<p><b>Not unique:</b> do not quote one L of several.</p>"
    items = "".join(f"<li>{escape(name_page_fields(note))}</li>" for note in result.notes)
    return f"{doubt}<h3>What is to be known</h3><ul>{items}</ul>" if items or doubt else ""


class _Bar:
    """A progress bar of the page, where the command line has one of its own."""

    def __init__(self, report: Progress) -> None:
        self._report = report

    def __enter__(self) -> Progress:
        return self._report

    def __exit__(self, *_: object) -> None:
        pass


def _bar(report: Progress) -> Callable[[str], _Bar]:
    return lambda _: _Bar(report)
