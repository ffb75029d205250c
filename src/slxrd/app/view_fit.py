"""Step 4: the fit; all solutions, their errors, and what is said of them."""

from __future__ import annotations

from collections.abc import Callable
from html import escape
from typing import Any

import panel as pn

from slxrd.app.bench import Bench
from slxrd.app.parts import LEFT, PICTURE_STYLE, button, folded, row, table, text
from slxrd.app.telling import Topic
from slxrd.errors import SlxrdError
from slxrd.saved import SavedFit
from slxrd.scan import Progress
from slxrd.summary import format_estimate, format_interval
from slxrd.table import TABLE

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
    bench : Bench
        Whose fit it is.
    """

    def __init__(self, bench: Bench) -> None:
        self.bench = bench
        self._afresh = pn.widgets.RadioBoxGroup(
            options={"search everything (recommended)": False, "start from the sliders": True},
            value=False,
            margin=(2, 10),
        )
        self._button = button("Find all solutions", self._fit, color="primary", width=220)
        self._estimates = text()
        self._solutions = pn.widgets.Select(
            label="solution shown", options={}, size=4, sizing_mode="stretch_width", visible=False
        )
        self._solutions.param.watch(self._picked, "value")
        self._notes = text()
        self._number = pn.widgets.IntInput(label="replicates", value=300, start=2, end=100000, width=110)
        self._seed = pn.widgets.IntInput(label="seed", value=0, start=0, width=90)
        self.picture = pn.Column(sizing_mode="stretch_width")
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
        self.refresh("work")

    def _fit(self) -> None:
        if self.bench.session.state.file is None:
            self.bench.say("Open a file first (1 Open).", "error")
        else:
            self.bench.attempt(lambda: self.bench.start_fit(bool(self._afresh.value)))

    def _picked(self, event: Any) -> None:
        if not self._filling and event.new is not None:
            self.bench.choose(int(event.new))

    def _bootstrap(self) -> None:
        session, count, seed = self.bench.session, int(self._number.value), int(self._seed.value)

        def work(report: Progress) -> tuple[bytes | None, str]:
            from slxrd.followup_samples import draw_bootstrap

            fit = session.fit_again(report)
            told, contents, _ = draw_bootstrap(fit, count, "noise", seed, _bar(report))
            picture = contents[2] if len(contents) > 2 else None
            return (picture if isinstance(picture, bytes) else None), told

        self.bench.run("the bootstrap", work, lambda found: self._show(*found), partial=True)

    def _maps(self) -> None:
        session = self.bench.session

        def work(report: Progress) -> tuple[bytes | None, str]:
            from slxrd.followup_maps import draw_maps

            told, contents, _ = draw_maps(session.fit_again(report), _bar(report))
            picture = contents[0]
            return (picture if isinstance(picture, bytes) else None), told

        self.bench.run("mapping χ²", work, lambda found: self._show(*found), partial=True)

    def _show(self, picture: bytes | None, told: str) -> None:
        self.extra = (picture, told)
        self.bench.say("Done; see below the curves.", "good")
        self.bench.tell("work")

    extra: tuple[bytes | None, str] = (None, "")
    _shown: tuple[bytes | None, str] = (None, "")

    def refresh(self, topic: Topic) -> None:
        """Show the result, and what can be done now."""
        if topic == "state":
            self._results()
        elif topic == "values":
            self._mark()
        elif topic == "work":
            self._button.disabled = self.bench.busy
            if self.extra is not self._shown:
                self._shown = self.extra
                picture, told = self.extra
                self.picture.objects = [
                    *(
                        [
                            pn.pane.PNG(
                                picture,
                                sizing_mode="scale_width",
                                max_width=860,
                                stylesheets=[PICTURE_STYLE],
                            )
                        ]
                        if picture
                        else []
                    ),
                    text(f"<pre>{escape(told)}</pre>"),
                ]

    def _mark(self) -> None:
        self._filling = True
        try:
            if self._solutions.options and self._solutions.value != self.bench.chosen:
                self._solutions.value = self.bench.chosen
        finally:
            self._filling = False

    def _results(self) -> None:
        self.extra = (None, "")
        self.picture.objects, self._shown = [], self.extra
        try:
            result = self.bench.session.saved_result
        except SlxrdError as error:
            self.bench.say(f"{error}.", "error")
            result = None
        self._after.visible = result is not None
        self._solutions.visible = result is not None
        if result is None:
            self._estimates.object = "<p>Not fitted yet.</p>"
            self._notes.object = ""
            return
        self._filling = True
        try:
            options = {_solution(i, result): i for i in range(len(result.solutions))}
            self._solutions.param.update(
                options=options,
                value=self.bench.chosen,
                label="solutions: choose one to see its curve",
                size=min(max(len(options), 2), 6),
            )
        finally:
            self._filling = False
        self._estimates.object = _estimates(result)
        self._notes.object = _notes(result)


def _solution(number: int, result: SavedFit) -> str:
    one = result.solutions[number]
    told = ", ".join(
        f"{TABLE[n].symbol} {one.values[n]:.4g}" for n in ("L", "N", "sigma_L", "d") if n in one.values
    )
    return f"{number + 1}.  p {one.probability:.2g}  Δχ² {one.delta_chi2:.1f}  {told}"


def _estimates(result: SavedFit) -> str:
    rows: list[tuple[str, str, str]] = []
    stacked = result.stack.n_coherent > 1
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
            remark.append(estimate.why)
        rows.append((symbol, format_estimate(estimate), "; ".join(remark) or meaning))
    quality = (
        f"<p>χ² {result.chi2:.5g}, reduced χ² {result.reduced_chi2:.3g}; {escape(result.why_stopped)}.</p>"
    )
    return table(("", "value ± error (1 σ)", ""), rows) + quality


def _notes(result: SavedFit) -> str:
    doubt = "" if result.unique else "<p><b>Not unique:</b> do not quote one L of several.</p>"
    items = "".join(f"<li>{escape(note)}</li>" for note in result.notes)
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
