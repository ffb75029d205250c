"""State shared by all parts of the page: session, parameter values, shown solution, background job."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from slxrd.errors import FileError, SlxrdError
from slxrd.fitting.objective.evaluation import Fitted
from slxrd.fitting.record.kept_followup import FollowUps, KeptBootstrap, KeptMaps
from slxrd.fitting.record.kept_sample import SampleResult
from slxrd.fitting.record.saved_fit import SavedFit
from slxrd.fitting.record.state import State
from slxrd.fitting.result.fit import Fit
from slxrd.fitting.search.scan import Progress
from slxrd.ui.app.state.background_job import JobRunner
from slxrd.ui.app.state.image import ImageState
from slxrd.ui.app.state.models import ComparedModels
from slxrd.ui.app.state.series import SeriesState
from slxrd.ui.app.state.steps import Step, Steps
from slxrd.ui.session.controller import Session


class Workspace(JobRunner):
    """The session and the state of the page around it, without any widgets.

    Parameters
    ----------
    session : Session, optional
        An empty one by default.

    Attributes
    ----------
    session : Session
        The pattern, the choices and the result.
    values : mapping of str to float
        Parameter values of the sliders; empty if no curve can be calculated.
    solution : int
        Index of the solution shown.
    series : SeriesState
        The series of patterns; undo does not affect it.
    compared : ComparedModels or None
        Result of the last comparison of models.
    image : ImageState
        The detector image; undo does not affect it.
    files : dict of str to bytes
        Contents of the files that were dropped on the page, by name.
    """

    def __init__(self, session: Session | None = None) -> None:
        super().__init__()
        self.session = session or Session()
        self.values: Mapping[str, float] = {}
        self.solution = 0
        self.series = SeriesState()
        self.compared: ComparedModels | None = None
        self.image = ImageState()
        self.files: dict[str, bytes] = {}
        self._steps = Steps()
        self._before_drag: Step | None = None
        self._saved = self._contents()
        self._values_reset: Mapping[str, float] = {}
        self._converted: tuple[object, SavedFit | None] = (None, None)
        self.reset_values()

    @property
    def unsaved(self) -> bool:
        """Whether the session has options, a result, kept fits or other results that are not saved."""
        contents = state, fits, sample = self._contents()
        given = state.result is not None or state.choices or state.reading or state.preparation
        return contents != self._saved and bool(given or fits or sample)

    def _contents(self) -> tuple[State, tuple[tuple[int, FollowUps], ...], tuple[SampleResult, ...]]:
        """Return what is saved: the state, the kept fits with bootstraps and maps, results of the sample."""
        fits = tuple((kept.number, kept.followups) for kept in self.session.fits)
        return self.session.state, fits, self.session.sample

    @property
    def sliders_moved(self) -> bool:
        """Whether sliders, which no session contains, were moved since they were set or all was saved."""
        return dict(self.values) != dict(self._values_reset)

    def mark_saved(self) -> None:
        """Record that the current state has been saved."""
        self._saved, self._values_reset = self._contents(), self.values
        self.notify("job")

    def mark_recovered(self, values: Mapping[str, float], solution: int) -> None:
        """Record that nothing has been saved, and set the sliders to values that fit the parameters.

        Parameters
        ----------
        values : mapping of str to float
            Parameter values.
        solution : int
            Index of the solution that was shown.
        """
        self._saved = State(), (), ()
        result = self.session.state.result
        if set(values) == set(self.values):
            self.values = dict(values)
            if result is not None and 0 <= solution < len(result["solutions"]):
                self.solution = solution

    def do(self, action: str, **change: Any) -> bool:
        """Change the session as one step that can be undone; return whether the change was valid."""
        return self._change(action, lambda: self.session.do(action, **change))

    def _change(self, action: str, change: Callable[[], object]) -> bool:
        """Change the session, as one step if it records one; return whether that was possible."""
        if not self.check_idle():
            return False
        before, log = self._step(True, action), self.session.log
        if not self.try_action(change):
            return False
        if self.session.log is not log:
            self._record(before)
        return True

    def restore_fit(self, number: int) -> None:
        """Return to a kept fit, with its options and its result."""
        if self._change(f"return to fit {number}", lambda: self.session.restore_fit(number)):
            self.show_message(f"Fit {number} is shown, with its options.", "success")

    def remove_fit(self, number: int) -> None:
        """Remove a kept fit from the list."""
        if self._change(f"removal of fit {number}", lambda: self.session.remove_fit(number)):
            self.show_message(f"Fit {number} was removed from the list; Undo restores it.")

    def _step(self, of_session: bool, action: str) -> Step:
        return Step(of_session, action, self.values, self.solution)

    def _record(self, before: Step) -> None:
        self._steps.add(before)
        self.reset_values()
        self.show_message("")
        self.notify("state", "values")

    def open_file(self, file: str | bytes, name: str = "", **reading: Any) -> bool:
        """Open a measured file; return whether it could be read."""
        if not self.check_idle():
            return False
        before = self._step(True, f"opening of {name or file!s}")
        if not self.try_action(lambda: self.session.open_file(file, name, **reading)):
            return False
        self.values = {}
        self._record(before)
        return True

    def restore_file(self, content: bytes) -> bool:
        """Supply the bytes of the session's missing data file; ignored unless the SHA-256 matches."""
        try:
            self.session.pattern()
        except FileError:
            if self.session.restore_file(content):
                self.reset_values()
                self.show_message("The measured file of this session is available again.", "success")
                self.notify("state", "values")
                return True
        except SlxrdError:
            pass
        return False

    def open_file_in_background(self, content: bytes, name: str, on_error: Callable[[], object]) -> None:
        """Open a large file in a background job; call ``on_error`` if it cannot be read."""
        if not self.check_idle():
            return
        before = self._step(True, f"opening of {name}")

        def read(_: Progress) -> None:
            try:
                self.session.open_file(content, name)
            except SlxrdError:
                on_error()
                raise

        def opened(_: None) -> None:
            self.values = {}
            self._record(before)

        self.start_job(f"reading {name}", read, opened)

    def open_session(self, session: Session) -> None:
        """Replace the session by a saved one."""
        if not self.check_idle():
            return
        self.session, self.values, self.solution = session, {}, 0
        self.mark_saved()
        self._steps.clear()
        self.reset_values()
        self.show_message("The saved session is open again.", "success")
        self.notify("state", "values", "sample")

    def reset_values(self) -> None:
        """Set the sliders to the first solution; without a fit leave them, or set them to the first guess."""
        state = self.session.state
        self.solution = 0
        if state.file is None:
            self.values = {}
        elif state.result is not None:
            self.values = dict(state.result["solutions"][0]["parameters"])
        else:
            try:
                parameters = self.session.parameters()
                if set(self.values) != set(parameters):
                    self.values = self.session.first_guess()
                fixed = {n: r.value for n, r in parameters.items() if r.free is False and r.value is not None}
                self.values = {**self.values, **fixed}
            except SlxrdError:
                self.values = {}
        self._values_reset = self.values

    @property
    def dragging(self) -> bool:
        """Whether a slider is being dragged."""
        return self._before_drag is not None

    def move_sliders(self, values: Mapping[str, float], *, finished: bool = False) -> None:
        """Set parameter values; if ``finished``, the change since the last step can be undone."""
        before = self._before_drag or self._step(False, f"change of {', '.join(values)}")
        self.values = {**self.values, **values}
        if finished:
            self._before_drag = None
            if self.values != before.values:
                self._steps.add(before)
                self.notify("job")
        else:
            self._before_drag = before
        self.notify("values")

    def select_solution(self, number: int) -> None:
        """Show the solution with this index."""
        result = self.session.state.result
        if result is None or not 0 <= number < len(result["solutions"]):
            return
        if number == self.solution and dict(result["solutions"][number]["parameters"]) == dict(self.values):
            return
        self._steps.add(self._step(False, f"choice of solution {number + 1}"))
        self.solution = number
        self.values = dict(result["solutions"][number]["parameters"])
        self.notify("values", "job")

    @property
    def can_undo(self) -> bool:
        """Whether there is a change to undo, and no job is running."""
        return bool(self.next_undo) and not self.busy

    @property
    def can_redo(self) -> bool:
        """Whether there is an undone change to redo, and no job is running."""
        return bool(self.next_redo) and not self.busy

    @property
    def next_undo(self) -> str:
        """What :meth:`undo` would undo; empty if nothing."""
        return self._steps.next_undo

    @property
    def next_redo(self) -> str:
        """What :meth:`redo` would do again; empty if nothing."""
        return self._steps.next_redo

    def undo(self) -> None:
        """Undo the last change of the session or the sliders."""
        if self.next_undo and self.check_idle():
            self._restore(self._steps.undo(self._step), self.session.undo, "Undone")

    def redo(self) -> None:
        """Redo the change that was undone last."""
        if self.next_redo and self.check_idle():
            self._restore(self._steps.redo(self._step), self.session.redo, "Done again")

    def _restore(self, wanted: Step, step: Callable[[], bool], done: str) -> None:
        if wanted.of_session:
            step()
        self.values, self.solution = wanted.values, wanted.solution
        self.show_message(f"{done}: {wanted.action}.")
        self.notify("state", "values")

    def curves(self) -> tuple[Fitted, ...]:
        """Calculate the curves of the regions at the sliders' values; empty without values.

        For a reopened fit whose measured file is missing, the saved curves are returned.
        """
        if not self.values:
            return ()
        try:
            return self.session.model_curve(self.values, self.solution)
        except FileError:
            saved = self.saved
            if saved is None or not saved.regions or dict(self.values) != dict(saved.solutions[0].values):
                raise
            return saved.regions

    @property
    def stacked(self) -> bool:
        """Whether the model is a stack of crystals, by the choices or the pattern, not a single one."""
        try:
            saved = self.saved
            stack = self.session.objective().model.stack if saved is None else saved.stack
            return stack.coherent > 1
        except SlxrdError:
            return int(self.session.state.choices.get("coherent") or 2) > 1

    @property
    def saved(self) -> SavedFit | None:
        """The result of the current state as it is saved, converted once; None without a result."""
        document = self.session.state.result
        if document is not self._converted[0]:
            self._converted = (document, self.session.saved_result)
        return self._converted[1]

    @property
    def fit(self) -> Fit | None:
        """The fit of the current state, or None."""
        return self.session.fit_result

    def keep_followup(self, found: KeptBootstrap | KeptMaps) -> None:
        """Keep a bootstrap or χ² maps of the current fit, which are saved with the session."""
        self.session.keep_followup(found)
        self.notify("followups")

    def keep_sample(self, found: SampleResult) -> None:
        """Keep a result of the sample by another method, which is saved with the session."""
        self.session.keep_sample(found)
        self.notify("sample")

    def clear_sample(self) -> None:
        """Remove all results of the sample by other methods; a fit of the scan stays."""
        self.session.clear_sample()
        self.notify("sample")

    def start_fit(self, from_sliders: bool = False) -> None:
        """Start a fit, by a global search or from the values of the sliders."""
        start = None
        if from_sliders:
            rows = self.session.parameters()
            start = {
                n: v
                for n, v in self.values.items()
                if rows[n].free is not False and rows[n].expression is None
            }
        if self.session.state.choices.get("start") != start:
            action = "start from the sliders" if from_sliders else "search from the pattern"
            if not self.do(action, choices={"start": start}):
                return
        before = self._step(True, "fit")

        def fitted(result: Fit) -> None:
            if self.session.fit_result is not result:
                self.show_message("The fit gave the result that is already shown.")
                return
            self._record(before)
            found = len(result.solutions)
            count = "one solution" if found == 1 else f"{found} solutions"
            self.show_message(f"Fitted: {count}.", "error" if result.rejected else "success")

        self.start_job("the fit", self.session.fit, fitted)
