"""The session: one pattern from file to fit, with undo and redo, saving and reopening."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Self

from slxrd._arguments import check_arguments
from slxrd._files import check_writable, same_file, write
from slxrd.data.pattern import Pattern
from slxrd.data.regions import Region, as_regions, select_points
from slxrd.errors import FileError, SlxrdError
from slxrd.fitting.api import fit
from slxrd.fitting.objective.evaluation import Fitted
from slxrd.fitting.objective.residuals import Objective
from slxrd.fitting.record.command_line import command_line, path_of, script
from slxrd.fitting.record.document import from_document, read_document, to_document
from slxrd.fitting.record.saved_fit import SavedFit
from slxrd.fitting.record.state import State as State
from slxrd.fitting.record.state import arguments_of
from slxrd.fitting.record.validation import check
from slxrd.fitting.record.write import result_dictionary
from slxrd.fitting.result.fit import Fit
from slxrd.fitting.search.scan import Progress
from slxrd.parameters.definitions import info
from slxrd.parameters.parameter_set import Parameters
from slxrd.ui.session.fitted_curves import FittedDifference, has_points_of, with_sigma_of
from slxrd.ui.session.history import History
from slxrd.ui.session.pattern_source import Cache, PatternSource, objective_of, ranges_of


class Cancelled(Exception):
    """Raised by a progress callback to cancel a fit; the session is not changed."""


class Session(History):
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
        super().__init__(state or State())
        check(self._state)
        self._source = PatternSource()
        self._objectives: Cache[Objective] = Cache()
        self._fits: Cache[Fit] = Cache()
        self._parameters: Cache[Parameters] = Cache()
        self._differences: Cache[tuple[Objective, FittedDifference]] = Cache()

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
            new = replace(self._state.changed(**change), result=None)
            check(new)
            if new.key == self._state.key:
                return
            width = new.choices.get("resolution")
            if isinstance(width, str) and width != self._state.choices.get("resolution"):
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
                self._state.file,
                self._state.sha256,
                self._state.reading,
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
        same = hashlib.sha256(content).hexdigest() == self._state.sha256
        if same:
            self._source.store(content)
        return same

    def pattern(self) -> Pattern:
        """Return the pattern, read and corrected; over 2θ if it was measured over 2θ.

        Raises
        ------
        SlxrdError
            If no file is open, the file cannot be read, or it has changed since it was opened.
        """
        return self._source.pattern(self._state)

    def pattern_of_file(self) -> Pattern:
        """Return the pattern as it is in the file, without corrections.

        Raises
        ------
        SlxrdError
            If no file is open, the file cannot be read, or it has changed since it was opened.
        """
        return self._source.raw(self._state)

    def ranges(self) -> tuple[tuple[Region, ...], tuple[tuple[float, float], ...]]:
        """Return the regions and the masks that a fit would use, chosen or from the pattern.

        Raises
        ------
        SlxrdError
            If there is no pattern, or no region in it.
        """
        return ranges_of(self.pattern(), self._state.choices)

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
        state = self._state
        result = self._fitted(state, report)
        document = result_dictionary(result, _command(state), state.request())
        with self._lock:
            if self._state.key != state.key:
                return result
            self._record(replace(self._state, result=document), f"fit: reduced χ² {result.reduced_chi2:.3g}")
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
        return self.fit_result or self._fitted(self._state, report)

    @property
    def fit_result(self) -> Fit | None:
        """The fit of the current state; None if there is none, or after reopening (:attr:`saved_result`)."""
        return None if self._state.result is None else self._fits.get(self._state.key)

    @property
    def saved_result(self) -> SavedFit | None:
        """The result of the current state as it is saved, or None without a result."""
        return None if self._state.result is None else SavedFit.from_dictionary(self._state.result)

    def parameters(self) -> Parameters:
        """Return the parameters with start values, bounds and fixed values: of the choices and the pattern.

        Without a pattern, or where nothing in it can be fitted, they are those of the choices alone.
        """
        state, fit = self._state, self.fit_result
        key = f"{state.key} {fit is None}"
        return self._parameters.get_or_compute(key, lambda: self._source.parameters(state, fit))

    def objective(self) -> Objective:
        """Return the objective of the current state; it is built once for each state.

        After a fit it is that of the fit. After reopening it has the background and the σ of the fit, without
        correlated errors.

        Raises
        ------
        SlxrdError
            If the choices do not suit the pattern.
        """
        fitted = self.fit_result
        if fitted is not None:
            return fitted.objective
        state = self._state
        chosen = "" if state.result is None else str(state.result["input"]["background"])

        def compute() -> Objective:
            found = objective_of(self._source.pattern(state), state.choices)
            if chosen not in ("", found.settings.background):
                found = found.with_background(chosen)
            saved = self.saved_result
            if saved is not None and has_points_of(found, saved.regions):
                found = with_sigma_of(found, saved.regions)
            return found

        return self._objectives.get_or_compute(f"{state.key} {chosen}", compute)

    def model_curve(self, values: Mapping[str, float], solution: int = 0) -> tuple[Fitted, ...]:
        """Calculate the curve of each region at given parameter values, with optimal scale and background.

        After a fit the curves contain its systematic effects, with the sizes that they have at a solution; at
        the values of that solution they are those of the fit. A saved fit has them at the first only.
        Without a fit the curves are those of the model alone.

        Parameters
        ----------
        values : mapping of str to float
            Parameter values. Missing ones are taken from the solution, the fixed values, or the start values.
        solution : int
            Number of the solution, from 0.

        Returns
        -------
        tuple of Fitted
            For each region q in Å⁻¹, and the measured, calculated and residual intensities.

        Raises
        ------
        SlxrdError
            If a name is unknown, there is no such solution, or a value is missing or invalid.
        """
        for name in values:
            info(name)
        known = {n: row.value for n, row in self.parameters().items() if row.value is not None}
        result = self._state.result
        found = [] if result is None else result["solutions"]
        if not 0 <= solution < max(len(found), 1):
            raise SlxrdError(f"there is no solution {solution}; there are {len(found)}, counted from 0")
        if result is None:
            return self.objective().curves({**known, **values})
        model, difference = self._difference(solution)
        curves = model.curves({**known, **found[solution]["parameters"], **values})
        return curves if difference is None else difference.added_to(curves)

    def _difference(self, solution: int) -> tuple[Objective, FittedDifference | None]:
        """Return the objective of the model alone, and the difference of the curves of the fit from it."""
        fit, state, objective = self.fit_result, self._state, self.objective()
        key = f"{state.key} {solution} {fit is None}"
        found = self._differences.get(key)
        if found is not None:
            return found
        if fit is not None:
            values, fitted = fit.minima[solution].values, fit.minima[solution].evaluation.regions
            objective = objective.with_correlated([None] * len(objective.data))
        else:
            saved = self.saved_result
            if saved is None or not has_points_of(objective, saved.regions):
                return objective, None
            values, fitted = saved.solutions[0].values, saved.regions
        logarithmic = objective.settings.objective == "log"
        found = objective, FittedDifference(fitted, objective.curves(values), logarithmic)
        self._differences.put(key, found)
        return found

    def command_line(self) -> str:
        """Return the ``slxrd fit`` command that repeats the fit."""
        return command_line(self._state)

    def script(self) -> str:
        """Return a Python script that repeats the fit."""
        return script(self._state)

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
        """
        path = Path(path)
        measured = None if self._state.file is None else path_of(self._state.file)
        if measured is not None and same_file(path, measured):
            raise FileError(path, "is the pattern itself; choose another name")
        check_writable([path], force)
        write(path, self.document())

    def document(self) -> str:
        """Return the JSON text that :meth:`save` writes."""
        return to_document(self._state, self._log, self._source.content(self._state))

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
        session._log = found.log
        if found.content is not None:
            session._source.store(found.content)
        return session


def _command(state: State) -> str:
    try:
        return command_line(state)
    except SlxrdError:
        return ""
