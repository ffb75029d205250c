"""The session behind the shells: read, correct, choose, fit; undo and redo; saved and reopened."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Self

from slxrd._files import check_writable, write
from slxrd.data.pattern import Pattern
from slxrd.data.regions import select
from slxrd.errors import FileError, SlxrdError
from slxrd.fitting.api import as_region, fit
from slxrd.fitting.objective.evaluation import Fitted
from slxrd.fitting.objective.residuals import Objective
from slxrd.fitting.record.command_line import command_line, path_of, script
from slxrd.fitting.record.document import from_document, read_document, to_document
from slxrd.fitting.record.request import State as State
from slxrd.fitting.record.request import arguments_of, resolution_of
from slxrd.fitting.record.saved_fit import SavedFit
from slxrd.fitting.record.validation import check, parameters_of
from slxrd.fitting.record.write import result_dictionary
from slxrd.fitting.result.fit import Fit
from slxrd.fitting.search.scan import Progress
from slxrd.parameters.definitions import info
from slxrd.parameters.parameter_set import Parameters
from slxrd.ui.session.history import Steps
from slxrd.ui.session.source import Kept, Source, curves, objective_of


class Cancelled(Exception):
    """What a ``report`` raises to stop a fit; the session stays as it was."""


class Session(Steps):
    """What is done to a pattern from the file to the fit, one step at a time.

    Every change is a command: it is refused before anything changes, or done, logged, and can be undone.

    Parameters
    ----------
    state : State
        To begin with.

    Raises
    ------
    SlxrdError
        If something in the state cannot be.
    """

    def __init__(self, state: State | None = None) -> None:
        super().__init__(state or State())
        check(self._state)
        self._source = Source()
        self._objectives: Kept[Objective] = Kept()
        self._fits: Kept[Fit] = Kept()

    def do(self, action: str, **change: Any) -> None:
        """Replace parts of the state, as one step that can be undone.

        Parameters
        ----------
        action : str
            What is done, in words, for the log.
        **change
            ``reading``, ``preparation`` and ``choices`` with what changes in them, None taking a choice back
            to its default; ``file`` and ``sha256``. A result that does not belong to the new state is
            dropped, and where nothing changes there is no step.

        Raises
        ------
        SlxrdError
            If a name is unknown or a value cannot be; then nothing has changed.
        """
        with self._lock:
            if "result" in change:
                raise SlxrdError("a result comes from a fit; it cannot be set")
            if "file" in change:
                change = {"sha256": None, **change}
            new = replace(self._state.changed(**change), result=None)
            check(new)
            if new.key == self._state.key:
                return
            width = new.choices.get("resolution")
            if isinstance(width, str) and width != self._state.choices.get("resolution"):
                resolution_of(width)
            if new.file is not None:
                new = replace(new, sha256=self._checked_against_pattern(new))
            self._move(new, action)
        self._tell()

    def _checked_against_pattern(self, new: State) -> str | None:
        """See that regions, masks and σ suit the pattern, and give its SHA-256."""
        try:
            pattern = self._source.pattern(new)
        except FileError:
            if (new.file, new.sha256, new.reading) != (
                self._state.file,
                self._state.sha256,
                self._state.reading,
            ):
                raise
            return new.sha256  # The file has gone since; what does not depend on it may change all the same.
        seen = pattern.without(new.choices.get("mask", ()))
        regions = arguments_of(new.choices, resolve=False).get("regions", ())
        if regions:
            select(seen, [as_region(region) for region in regions], new.choices.get("noise"))
        return str(pattern.metadata["sha256"])

    def open_file(self, file: str | Path | bytes, name: str = "", **reading: Any) -> None:
        """Open a measured file; choices made for another are dropped.

        Parameters
        ----------
        file : path-like or bytes
            Its path, ``"example:NAME"``, or its content.
        name : str
            Of the file, where its content is given.
        **reading
            As for :func:`slxrd.read`.

        Raises
        ------
        SlxrdError
            If it cannot be read; then nothing has changed.
        """
        if isinstance(file, bytes):
            if not name:
                raise SlxrdError("a file's content needs the file's name")
            source, digest = name, self._source.keep(file)
        else:
            source, digest = str(file), None
        new = State(source, digest).changed(reading=reading)
        check(new)
        pattern = self._source.pattern(new)
        new = replace(new, sha256=str(pattern.metadata["sha256"]))
        with self._lock:
            self._move(new, f"open {source}")
        self._tell()

    def supply(self, content: bytes) -> bool:
        """Give the content of this session's file, where the file itself is not found any more.

        Parameters
        ----------
        content : bytes
            Of a file.

        Returns
        -------
        bool
            Whether it is the one, by its SHA-256.
        """
        same = hashlib.sha256(content).hexdigest() == self._state.sha256
        if same:
            self._source.keep(content)
        return same

    def pattern(self) -> Pattern:
        """The pattern, read and corrected; over 2θ if it was measured so.

        Raises
        ------
        SlxrdError
            If no file is open, it cannot be read, or it has changed since it was opened.
        """
        return self._source.pattern(self._state)

    def fit(self, report: Progress | None = None) -> Fit:
        """Fit with the choices made, and record the result as a step.

        Parameters
        ----------
        report : callable, optional
            Called with steps done and steps in all; it may raise :class:`Cancelled`.

        Returns
        -------
        Fit
            Not recorded if the state has changed meanwhile.

        Raises
        ------
        SlxrdError
            If pattern and choices do not go together.
        Cancelled
            If ``report`` raised it; the state is then untouched.
        """
        state = self._state
        result = self._fitted(state, report)
        told = result_dictionary(result, _command(state), state.asked())
        with self._lock:
            if self._state.key != state.key:
                return result
            self._move(replace(self._state, result=told), f"fit: reduced χ² {result.reduced_chi2:.3g}")
        self._tell()
        return result

    def _fitted(self, state: State, report: Progress | None) -> Fit:
        pattern = self._source.pattern(state)
        result = fit(pattern, **arguments_of(state.choices), report=report)
        with self._lock:
            self._fits.put(state.key, result)
        return result

    def fit_again(self, report: Progress | None = None) -> Fit:
        """The fit of this state, made again where it was read from a file.

        Parameters
        ----------
        report : callable, optional
            As for :meth:`fit`.

        Raises
        ------
        SlxrdError, Cancelled
            As for :meth:`fit`; there is no step, and what was saved stays.
        """
        return self.fit_result or self._fitted(self._state, report)

    @property
    def fit_result(self) -> Fit | None:
        """The fit itself, while it belongs to the state; None after reopening, see :attr:`saved_result`."""
        return None if self._state.result is None else self._fits.get(self._state.key)

    @property
    def saved_result(self) -> SavedFit | None:
        """What the fit of this state said, be it of now or of a file."""
        return None if self._state.result is None else SavedFit.from_dictionary(self._state.result)

    def parameters(self) -> Parameters:
        """The parameters as the choices have them: starts, bounds, fixed or free."""
        return parameters_of(self._state.choices)

    def objective(self) -> Objective:
        """Data against model, built once for a pattern and its choices.

        Raises
        ------
        SlxrdError
            If pattern and choices do not go together.
        """
        state = self._state
        return self._objectives.made(
            state.key, lambda: objective_of(self._source.pattern(state), state.choices)
        )

    def model_curve(self, values: Mapping[str, float]) -> tuple[Fitted, ...]:
        """The pattern's regions against the model at given values, scale and background at their best.

        Parameters
        ----------
        values : mapping of str to float
            Of the parameters; those not given are as in the best solution, or fixed, or where a fit starts.

        Returns
        -------
        tuple of Fitted
            q in Å⁻¹, measured, calculated, residual of each region.

        Raises
        ------
        SlxrdError
            If a name is unknown, a value is missing or cannot be.
        """
        for name in values:
            info(name)
        known = {n: row.value for n, row in self.parameters().items() if row.value is not None}
        result = self._state.result
        best = result["solutions"][0]["parameters"] if result is not None else {}
        return curves(self.objective(), {**known, **best, **values})

    def command_line(self) -> str:
        """The command that makes the fit of this state."""
        return command_line(self._state)

    def script(self) -> str:
        """A Python script that makes the fit of this state."""
        return script(self._state)

    def save(self, path: str | Path, force: bool = False) -> None:
        """Write the session, and its result if there is one, as JSON.

        Parameters
        ----------
        path : path-like
            File to write.
        force : bool
            Whether an existing file may be overwritten.

        Raises
        ------
        FileError
            If it exists or cannot be written.
        """
        path = Path(path)
        measured = None if self._state.file is None else path_of(self._state.file)
        if measured is not None and path.exists() and measured.exists() and path.samefile(measured):
            raise FileError(path, "is the pattern itself; choose another name")
        check_writable([path], force)
        write(path, self.document())

    def document(self) -> str:
        """The text that :meth:`save` writes."""
        return to_document(self._state, self._log, self._source.content(self._state))

    @classmethod
    def open(cls, path: str | Path) -> Self:
        """Reopen a session, or the result of a ``slxrd fit``.

        Parameters
        ----------
        path : path-like
            What :meth:`save`, ``slxrd fit --out`` or :func:`slxrd.save` has written.

        Returns
        -------
        Session
            The measured file is looked for where it was, and beside this one.

        Raises
        ------
        FileError
            If it is not such a file, or of a later version.
        """
        found = from_document(read_document(path), Path(path))
        session = cls(found.state)
        session._log = found.log
        if found.content is not None:
            session._source.keep(found.content)
        return session


def _command(state: State) -> str:
    try:
        return command_line(state)
    except SlxrdError:
        return ""
