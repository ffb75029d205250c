"""Saved fits: estimates, solutions and curves; they print as the original fit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from slxrd._arguments import check_arguments
from slxrd._frozen import Sealed
from slxrd.errors import FileError, SlxrdError
from slxrd.fitting.record.document import read_document
from slxrd.fitting.record.read import SavedPattern, fields_of
from slxrd.fitting.record.state import State
from slxrd.fitting.result.fit import FitResult


@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class SavedFit(FitResult, Sealed):
    """A saved fit; frozen.

    Parameters
    ----------
    pattern : SavedPattern
        Description of the fitted pattern.
    structure : str
        Description of the whole structure; ``stack`` has no atoms.
    unique : bool
        Whether there is one solution only.
    request : State or None
        Request that repeats the fit, if known.
    command : str
        Command line of the fit, if there was one.
    version : str
        Version of slxrd that made the fit.
    versions : mapping of str to str
        Versions of Python and of the packages used.
    printed : str
        Table as it was printed.
    document : mapping
        Content of the file, in the present layout.
    stack, instrument, noise, settings, parameters, derived, names, covariance, correlation, chi2
        As for :class:`slxrd.fitting.result.fit.FitResult`.
    reduced_chi2, n_points, solutions, regions, converged, why_stopped, notes, assessment, budget
        As for :class:`slxrd.fitting.result.fit.FitResult`.
    """

    pattern: SavedPattern
    structure: str
    unique: bool
    request: State | None
    command: str
    version: str
    versions: Mapping[str, str]
    printed: str
    document: Mapping[str, Any]

    def __str__(self) -> str:
        return self.printed

    @classmethod
    def from_dictionary(cls, document: Mapping[str, Any], source: str | Path = "result") -> SavedFit:
        """Convert plain data of the present layout to a fit.

        Parameters
        ----------
        document : mapping
            Data as :func:`slxrd.fitting.record.write.result_dictionary` returns them.
        source : path-like
            Path of the file, for messages.

        Raises
        ------
        FileError
            If it contains no fit, or something in it is missing or invalid.
        """
        if "parameters" not in document:
            raise FileError(source, "holds a session without a fit; open it and fit first")
        try:
            return cls(**fields_of(document))
        except SlxrdError as error:
            raise FileError(source, f"is damaged: {error}") from None
        except (KeyError, TypeError, ValueError, AttributeError, IndexError, OverflowError) as error:
            raise FileError(source, f"is damaged ({type(error).__name__}: {error}); save it again") from None


@check_arguments
def load(path: str | Path) -> SavedFit:
    """Load a saved fit.

    Parameters
    ----------
    path : path-like
        A ``result.json``, or the folder that contains one.

    Returns
    -------
    SavedFit
        The saved fit; print it for the table, or plot it with ``slxrd.plot``.

    Raises
    ------
    FileError
        If it is not a saved fit, was written by a later version, or is damaged.
    """
    path = Path(path)
    if path.is_dir():
        path = path / "result.json"
    return SavedFit.from_dictionary(read_document(path), path)
