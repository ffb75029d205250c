"""What all views of a page share: session, sliders, the solution shown, and what is being done."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from slxrd.errors import FileError, SlxrdError
from slxrd.fitting.objective.evaluation import Fitted
from slxrd.fitting.result.fit import Fit
from slxrd.fitting.search.initial_guess import first_guess
from slxrd.fitting.search.scan import Progress
from slxrd.ui.app.state.background_work import Working
from slxrd.ui.app.state.series import SeriesDesk
from slxrd.ui.session.controller import Session


@dataclass(frozen=True)
class _Step:
    """What undoing takes back: a step of the session, or of the sliders alone."""

    of_session: bool
    values: Mapping[str, float]
    chosen: int


class Bench(Working):
    """The session and what surrounds it on a page; it knows nothing of widgets.

    Parameters
    ----------
    session : Session, optional
        To work on; an empty one otherwise.

    Attributes
    ----------
    session : Session
        What is kept.
    values : mapping of str to float
        Where the sliders stand; empty while there is nothing to compare.
    chosen : int
        Which solution is shown, from 0.
    series : SeriesDesk
        Many patterns of one sample; beside the session, and not undone with it.
    """

    def __init__(self, session: Session | None = None) -> None:
        super().__init__()
        self.session = session or Session()
        self.values: Mapping[str, float] = {}
        self.chosen = 0
        self.series = SeriesDesk()
        self._followed: dict[tuple[str, str], tuple[str, bytes | None]] = {}
        self._past: list[_Step] = []
        self._future: list[_Step] = []
        self._resting: _Step | None = None
        self._saved = self.session.state
        self.settle()

    @property
    def unsaved(self) -> bool:
        """Whether something was chosen or fitted since it was saved last."""
        state = self.session.state
        return state != self._saved and (state.result is not None or bool(state.choices))

    def saved(self) -> None:
        """Remember that what there is now has been saved."""
        self._saved = self.session.state

    def do(self, action: str, **change: Any) -> bool:
        """Change the session, as one step that can be undone; whether it was possible."""
        if not self.free_to_change():
            return False
        before = self._step(True)
        old = self.session.state
        if not self.attempt(lambda: self.session.do(action, **change)):
            return False
        if self.session.state is not old:
            self._moved(before)
        return True

    def _step(self, of_session: bool) -> _Step:
        return _Step(of_session, self.values, self.chosen)

    def _moved(self, before: _Step) -> None:
        self._past.append(before)
        self._future.clear()
        self.settle()
        self.say("")
        self.tell("state", "values")

    def open_file(self, file: str | bytes, name: str = "", **reading: Any) -> bool:
        """Open a measured file; whether that was possible."""
        if not self.free_to_change():
            return False
        before = self._step(True)
        if not self.attempt(lambda: self.session.open_file(file, name, **reading)):
            return False
        self.values = {}
        self._moved(before)
        return True

    def supply(self, content: bytes) -> bool:
        """Take the content of a file for that of the session, where that is missing and this is it."""
        try:
            self.session.pattern()
        except FileError:
            if self.session.supply(content):
                self.settle()
                self.say("The measured file of this session is here again.", "good")
                self.tell("state", "values")
                return True
        except SlxrdError:
            pass
        return False

    def read_file(self, content: bytes, name: str, refused: Callable[[], object]) -> None:
        """Open a long file in a thread; call a function if it cannot be read."""
        if not self.free_to_change():
            return
        before = self._step(True)

        def work(_: Progress) -> None:
            try:
                self.session.open_file(content, name)
            except SlxrdError:
                refused()
                raise

        def opened(_: None) -> None:
            self.values = {}
            self._moved(before)

        self.run(f"reading {name}", work, opened)

    def reopen(self, session: Session) -> None:
        """Go on with a session that was saved."""
        if not self.free_to_change():
            return
        self.session, self.values, self.chosen = session, {}, 0
        self.saved()
        self._past.clear()
        self._future.clear()
        self.settle()
        self.say("The saved session is open again.", "good")
        self.tell("state", "values")

    def settle(self) -> None:
        """Put the sliders where the state says: at the best solution, where they are, or at a guess."""
        state = self.session.state
        self.chosen = 0
        if state.file is None:
            self.values = {}
        elif state.result is not None:
            self.values = dict(state.result["solutions"][0]["parameters"])
        else:
            try:
                parameters = self.session.parameters()
                if set(self.values) != set(parameters):
                    self.values = first_guess(self.session.objective(), parameters)
                kept = {n: r.value for n, r in parameters.items() if r.free is False and r.value is not None}
                self.values = {**self.values, **kept}
            except SlxrdError:
                self.values = {}

    @property
    def moving(self) -> bool:
        """Whether a slider is being moved and has not been let go."""
        return self._resting is not None

    def move(self, values: Mapping[str, float], *, finished: bool = False) -> None:
        """Move sliders; a finished movement is a step that can be undone."""
        before = self._resting if self._resting is not None else self._step(False)
        self.values = {**self.values, **values}
        if finished:
            self._resting = None
            if self.values != before.values:
                self._past.append(before)
                self._future.clear()
                self.tell("work")
        else:
            self._resting = before
        self.tell("values")

    def choose(self, number: int) -> None:
        """Show a solution, counted from 0."""
        result = self.session.state.result
        if result is None or not 0 <= number < len(result["solutions"]):
            return
        if number == self.chosen and dict(result["solutions"][number]["parameters"]) == dict(self.values):
            return
        self._past.append(self._step(False))
        self._future.clear()
        self.chosen = number
        self.values = dict(result["solutions"][number]["parameters"])
        self.tell("values", "work")

    @property
    def can_undo(self) -> bool:
        """Whether there is a step back."""
        return bool(self._past) and not self.busy

    @property
    def can_redo(self) -> bool:
        """Whether a step was taken back and nothing done since."""
        return bool(self._future) and not self.busy

    def undo(self) -> None:
        """Take back the last step, of the session or of the sliders."""
        if self._past and self.free_to_change():
            self._back(self._past, self._future, self.session.undo)

    def redo(self) -> None:
        """Do again what was undone."""
        if self._future and self.free_to_change():
            self._back(self._future, self._past, self.session.redo)

    def _back(self, source: list[_Step], target: list[_Step], step: Callable[[], bool]) -> None:
        wanted = source.pop()
        target.append(self._step(wanted.of_session))
        if wanted.of_session:
            step()
        self.values, self.chosen = wanted.values, wanted.chosen
        self.say("")
        self.tell("state", "values")

    def curves(self) -> tuple[Fitted, ...]:
        """The regions at the sliders' values; empty where there is nothing to compare.

        Of a fit that was reopened without its measured file, the curves that it was saved with.
        """
        if not self.values:
            return ()
        try:
            return self.session.model_curve(self.values)
        except FileError:
            saved = self.session.saved_result
            if saved is None or not saved.regions or dict(self.values) != dict(saved.solutions[0].values):
                raise
            return saved.regions

    @property
    def fit(self) -> Fit | None:
        """The fit, while it belongs to the state."""
        return self.session.fit_result

    def follow(self, name: str, told: str, picture: bytes | None) -> None:
        """Keep what came after the fit: a name as :data:`.CAPTIONS` has it, text, and a PNG."""
        self._followed[self.session.state.key, name] = (told, picture)
        self.tell("work")

    @property
    def followed(self) -> dict[str, tuple[str, bytes | None]]:
        """What came after the fit of this state, the latest last."""
        if self.session.state.result is None:
            return {}
        here = self.session.state.key
        return {name: found for (key, name), found in self._followed.items() if key == here}

    def start_fit(self, from_sliders: bool = False) -> None:
        """Begin a fit: by a search of its own, or from where the sliders stand."""
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
        before = self._step(True)

        def fitted(result: Fit) -> None:
            if self.session.fit_result is not result:
                self.say("The fit is the one that is shown already.")
                return
            self._moved(before)
            found = len(result.solutions)
            told = "One solution" if found == 1 else f"{found} solutions"
            self.say(f"{told}; reduced χ² {result.reduced_chi2:.3g}.", "good")

        self.run("the fit", self.session.fit, fitted)
