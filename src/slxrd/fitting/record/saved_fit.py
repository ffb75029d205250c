"""Saved fits: estimates, solutions and curves; they print as the original fit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from slxrd._frozen import Sealed
from slxrd.errors import FileError, SlxrdError
from slxrd.fitting.objective.evaluation import Fitted
from slxrd.fitting.objective.settings import Settings
from slxrd.fitting.record.document import read_document
from slxrd.fitting.record.read import SavedPattern, fields_of
from slxrd.fitting.record.state import State
from slxrd.fitting.result.fit import Estimate, Solution
from slxrd.fitting.result.summary import fit_html, one_line
from slxrd.instrument.diffractometer import Instrument
from slxrd.sample.stack import Stack
from slxrd.units import FloatArray


@dataclass(frozen=True, eq=False)
class SavedFit(Sealed):
    """A saved fit; frozen. The attributes have the names of those of :class:`slxrd.fitting.result.fit.Fit`.

    Parameters
    ----------
    pattern : SavedPattern
        Description of the fitted pattern.
    stack : Stack
        Structure, without its atoms.
    structure : str
        Description of the whole structure.
    instrument : Instrument
        Resolution, radiation, kind of zero error.
    noise : str
        Source of σ.
    settings : Settings
        Residuals, scale and background.
    parameters, derived : mapping of str to Estimate
        Values, errors, status, intervals.
    names : tuple of str
        The refined parameters.
    covariance, correlation : ndarray, shape (f, f)
        NaN where there is no error bar.
    chi2, reduced_chi2 : float
        χ² and reduced χ² of the fit; reduced χ² is NaN without degrees of freedom.
    n_points : int
        Number of points fitted.
    solutions : tuple of Solution
        All minima, the best first.
    unique, converged : bool
        Whether there is one solution only, and whether the refinement ended at a minimum.
    why_stopped : str
        Why the refinement ended.
    regions : tuple of Fitted
        Curves; empty if the file contains none.
    notes : tuple of str
        Decisions, omissions, and limits of the result.
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
    """

    pattern: SavedPattern
    stack: Stack
    structure: str
    instrument: Instrument
    noise: str
    settings: Settings
    parameters: Mapping[str, Estimate]
    derived: Mapping[str, Estimate]
    names: tuple[str, ...]
    covariance: FloatArray
    correlation: FloatArray
    chi2: float
    reduced_chi2: float
    n_points: int
    solutions: tuple[Solution, ...]
    unique: bool
    converged: bool
    why_stopped: str
    regions: tuple[Fitted, ...]
    notes: tuple[str, ...]
    request: State | None
    command: str
    version: str
    versions: Mapping[str, str]
    printed: str = field(repr=False)
    document: Mapping[str, Any] = field(repr=False)

    def __str__(self) -> str:
        return self.printed

    def __repr__(self) -> str:
        return one_line(self)

    def _repr_html_(self) -> str:
        return fit_html(self)

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
        except (KeyError, TypeError, ValueError, AttributeError, IndexError) as error:
            raise FileError(source, f"is damaged ({type(error).__name__}: {error}); save it again") from None


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
