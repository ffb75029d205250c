"""The session: one pattern from file to fit, with undo and redo, saving and reopening."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path
from typing import Any, Self

from slxrd._arguments import check_arguments
from slxrd._files import check_writable, same_file, write
from slxrd.data.regions import as_regions, select_points
from slxrd.errors import FileError, SlxrdError
from slxrd.fitting.api import fit
from slxrd.fitting.record.command_line import command_line, path_of, script
from slxrd.fitting.record.document import from_document, read_document, to_document
from slxrd.fitting.record.kept_fit import (
    with_fit,
)
from slxrd.fitting.record.saved_fit import SavedFit
from slxrd.fitting.record.state import State as State
from slxrd.fitting.record.state import arguments_of
from slxrd.fitting.record.validation import check
from slxrd.fitting.record.write import result_dictionary
from slxrd.fitting.result.fit import Fit
from slxrd.fitting.search.scan import Progress
from slxrd.ui.session.history import Snapshot
from slxrd.ui.session.kept_results import KeptResults
from slxrd.ui.session.sample_results import check_sample


class Cancelled(Exception):
    """Raised by a progress callback to cancel a fit; the session is not changed."""


class Session(KeptResults):
    """Work on one pattern, from the file to the fit, with undo and redo.

    Every change is validated first. An invalid change raises and leaves the session as it was; a valid one is
    logged and can be undone.

    Parameters
    ----------
    state : State, optional
        Initial state; empty by default.

    Raises
    ------
    SlxrdError
        If the state is invalid.
    """

    @check_arguments
    def __init__(self, state: State | None = None) -> None:
        state = state or State()
        check(state)
        super().__init__(state)

    def do(self, action: str, **change: Any) -> None:
        """Change parts of the state as one step that can be undone.

        Parameters
        ----------
        action : str
            Description for the log.
        **change
            ``reading``, ``preparation`` and ``choices``: mappings with the values to change, None resetting a
            choice to its default; ``file`` and ``sha256``. The result is dropped if the state changes; if
            nothing changes, no step is recorded.

        Raises
        ------
        SlxrdError
            If a name is unknown or a value invalid; the session is then unchanged.
        """
        with self._lock:
            if "result" in change:
                raise SlxrdError("the result cannot be set; run a fit")
            if "file" in change:
                change = {"sha256": None, **change}
            new = replace(self.state.changed(**change), result=None)
            check(new)
            if new.key == self.state.key:
                return
            width = new.choices.get("resolution")
            if isinstance(width, str) and width != self.state.choices.get("resolution"):
                arguments_of({"resolution": width})  # reads the file
            if new.file is not None:
                new = replace(new, sha256=self._checked_against_pattern(new))
            self._record(new, action)
        self._notify()

    def _checked_against_pattern(self, new: State) -> str | None:
        """Check that regions, masks and σ suit the pattern, and return the SHA-256 of its file."""
        try:
            pattern = self._source.pattern(new)
        except FileError:
            if (new.file, new.sha256, new.reading) != (
                self.state.file,
                self.state.sha256,
                self.state.reading,
            ):
                raise
            return new.sha256  # The file is missing now; other choices may still change.
        seen = pattern.without(new.choices.get("mask", ()))
        regions = arguments_of(new.choices, resolve=False).get("regions", ())
        if regions:
            select_points(seen, as_regions(regions), new.choices.get("noise"))
        return str(pattern.metadata["sha256"])

    def open_file(self, file: str | Path | bytes, name: str = "", **reading: Any) -> None:
        """Open a measured file and reset all choices.

        Parameters
        ----------
        file : path-like or bytes
            Path, ``"example:NAME"``, or the bytes of a file.
        name : str
            Name of the file if its bytes are given.
        **reading
            Options of :func:`slxrd.read`.

        Raises
        ------
        SlxrdError
            If it cannot be read; the session is then unchanged.
        """
        if isinstance(file, bytes):
            if not name:
                raise SlxrdError("the bytes of a file were given without its name; give name as well")
            source, digest = name, self._source.store(file)
        else:
            source, digest = str(file), None
        new = State(source, digest).changed(reading=reading)
        check(new)
        pattern = self._source.pattern(new)
        new = replace(new, sha256=str(pattern.metadata["sha256"]))
        with self._lock:
            self._record(new, f"open {source}")
        self._notify()

    def restore_file(self, content: bytes) -> bool:
        """Supply the bytes of the session's missing data file; ignored unless the SHA-256 matches.

        Parameters
        ----------
        content : bytes
            Bytes of a file.

        Returns
        -------
        bool
            Whether the SHA-256 matches.
        """
        same = hashlib.sha256(content).hexdigest() == self.state.sha256
        if same:
            self._source.store(content)
        return same

    def fit(self, report: Progress | None = None) -> Fit:
        """Fit the pattern with the current choices, and record the result as a step.

        Parameters
        ----------
        report : callable, optional
            Progress callback ``report(done, total)``; it may raise :class:`Cancelled`.

        Returns
        -------
        Fit
            The result; it is not recorded if the state has changed during the fit.

        Raises
        ------
        SlxrdError
            If the choices do not suit the pattern.
        Cancelled
            If ``report`` raised it; the state is then unchanged.
        """
        state = self.state
        result = self._fitted(state, report)
        document = result_dictionary(result, _command(state), state.request())
        with self._lock:
            if self.state.key != state.key:
                return result
            fitted = replace(self.state, result=document)
            assessed = result if result.assessment is None else result.assessment
            self._record(fitted, f"fit: reduced χ² {assessed.reduced_chi2:.3g}")
            self._kept = with_fit(self._kept, fitted)
        self._notify()
        return result

    def _fitted(self, state: State, report: Progress | None) -> Fit:
        pattern = self._source.pattern(state)
        result = fit(pattern, **arguments_of(state.choices), report=report)
        with self._lock:
            self._fits.put(state.key, result)
        return result

    def fit_again(self, report: Progress | None = None) -> Fit:
        """Return the fit of the current state; it is repeated if only its saved result is at hand.

        Nothing is recorded.

        Parameters
        ----------
        report : callable, optional
            As for :meth:`fit`.

        Raises
        ------
        SlxrdError, Cancelled
            As for :meth:`fit`.
        """
        return self.fit_result or self._fitted(self.state, report)

    def command_line(self) -> str:
        """Return the ``slxrd fit`` command that repeats the fit."""
        return command_line(self.state)

    def script(self) -> str:
        """Return a Python script that repeats the fit."""
        return script(self.state)

    def save(self, path: str | Path, force: bool = False) -> None:
        """Write the session, with its result if there is one, as JSON.

        Parameters
        ----------
        path : path-like
            File to write.
        force : bool
            Overwrite an existing file.

        Raises
        ------
        FileError
            If the file exists or cannot be written.
        SlxrdError
            If it would be too large to be opened again.
        """
        path = Path(path)
        measured = None if self.state.file is None else path_of(self.state.file)
        if measured is not None and same_file(path, measured):
            raise FileError(path, "is the pattern itself; choose another name")
        check_writable([path], force)
        write(path, self.document())

    def document(self) -> str:
        """Return the JSON text that :meth:`save` writes; one that could not be opened again is an error."""
        content = self._source.content(self.state)
        return to_document(self.state, self.log, content, self.fits, self.sample)

    @classmethod
    def open(cls, path: str | Path) -> Self:
        """Reopen a saved session or a ``result.json``.

        Parameters
        ----------
        path : path-like
            File written by :meth:`save`, ``slxrd fit --out`` or :func:`slxrd.save`.

        Returns
        -------
        Session
            The measured file is searched at its old path and beside the saved file.

        Raises
        ------
        FileError
            If the file is of another kind, or was written by a later version.
        """
        found = from_document(read_document(path), Path(path))
        session = cls(found.state)
        session._now = Snapshot(found.state, found.log)
        if found.fits:
            session._kept = found.fits
        for kept in session._kept:
            SavedFit.from_dictionary(kept.result, path)
        for each in found.sample:
            try:
                check_sample(each)
            except SlxrdError as error:
                raise FileError(path, f"has a result of the sample that {error}") from None
        session._sample = found.sample
        if found.content is not None:
            session._source.store(found.content)
        return session


def _command(state: State) -> str:
    try:
        return command_line(state)
    except SlxrdError:
        return ""
