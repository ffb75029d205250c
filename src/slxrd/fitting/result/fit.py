"""What a fit gives: estimates, solutions, derived quantities, curves; frozen."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from slxrd.data.pattern import Pattern
from slxrd.fitting.minimise.least_squares import Minimum
from slxrd.fitting.objective.evaluation import Fitted
from slxrd.fitting.objective.residuals import Objective
from slxrd.fitting.objective.settings import Settings
from slxrd.fitting.result.ensemble import Ensemble, Pieces
from slxrd.instrument.diffractometer import Instrument
from slxrd.sample.stack import Stack
from slxrd.units import FloatArray

if TYPE_CHECKING:
    from slxrd.fitting.pipeline import FitOptions

#: Solutions within this of the best in χ² make the answer ambiguous.
AMBIGUOUS = 9.0

Status = Literal["determined", "ambiguous", "at bound", "fixed", "lower bound", "upper bound", "undetermined"]


@dataclass(frozen=True)
class Estimate:
    """What the data say about a quantity.

    Parameters
    ----------
    value : float or None
        Its value; the limit itself for a lower or upper bound; None where undetermined.
    error : float or None
        Standard deviation; None where there is none, and ``why`` says why.
    unit : str
        Unit of both.
    status : str
        determined; ambiguous, where the 95 % interval is in several pieces, and value and error are those
        of the best solution; at bound, fixed, lower bound, upper bound (both at 95 %), or undetermined.
    why : str
        Why there is no error bar, or what else is to be known.
    interval_68, interval_95 : tuple of (float, float)
        Smallest sets that hold it with these probabilities, over all solutions; empty where they were
        not worked out.
    """

    value: float | None
    error: float | None
    unit: str
    status: Status = "determined"
    why: str = ""
    interval_68: Pieces = ()
    interval_95: Pieces = ()


@dataclass(frozen=True)
class Solution:
    """One minimum of χ².

    Parameters
    ----------
    values : mapping
        Of all parameters.
    chi2, delta_chi2 : float
        χ², and how much it lies above the best one.
    probability : float
        Relative to the other solutions, under priors that are flat within the bounds, times the Gaussian
        ones given: its share of the ensemble. Where there is no ensemble, and for solutions too bad to
        take part in it, the Laplace approximation of the evidence,
        exp(−χ²/2)·√det(2πC)/Π(range of each parameter in C); a parameter that the data leave open in
        this solution fills its range and counts as 1.
    """

    values: Mapping[str, float]
    chi2: float
    delta_chi2: float
    probability: float


@dataclass(frozen=True)
class Fit:
    """A fitted pattern.

    Parameters
    ----------
    pattern : Pattern
        What was fitted, with its history.
    stack : Stack
        The chosen part of the structure.
    instrument : Instrument
        Resolution, radiation, and what kind of zero error there is.
    noise : str
        Where σ came from.
    settings : Settings
        How data and model were compared.
    parameters : mapping of str to Estimate
        Of each parameter of the table.
    derived : mapping of str to Estimate
        period (Λ, from the covariance), period_S13 (SI Eq. S13), thickness ((N−1)·d), and
        thickness_with_surface (N·d).
    names : tuple of str
        The refined parameters.
    covariance, correlation : ndarray, shape (f, f)
        Of the refined parameters, in their order; NaN where there is no error bar.
    chi2, reduced_chi2 : float
        χ² (weighted), and χ² over what the noise alone would give.
    n_points : int
        Number of points fitted.
    solutions : tuple of Solution
        All minima, the best first.
    regions : tuple of Fitted
        The curves.
    converged : bool
        Whether the refinement ended at a minimum.
    why_stopped : str
        In words.
    notes : tuple of str
        Decisions, omissions, and limits of the result.
    objective : Objective
        Data against model, for what comes after the fit: bootstrap, maps, posterior.
    minima : tuple of Minimum
        The minima behind ``solutions``.
    ensemble : Ensemble, optional
        Samples of the posterior over all solutions, behind the intervals and probabilities; None where
        they could not be drawn, and the errors are those of the covariance.
    options : FitOptions, optional
        Options of the fit; None if they are not known.
    """

    pattern: Pattern
    stack: Stack
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
    regions: tuple[Fitted, ...]
    converged: bool
    why_stopped: str
    notes: tuple[str, ...]
    objective: Objective = field(repr=False)
    minima: tuple[Minimum, ...] = field(repr=False)
    ensemble: Ensemble | None = field(repr=False, default=None)
    options: FitOptions | None = field(repr=False, default=None)

    @property
    def unique(self) -> bool:
        """Whether no other solution is nearly as good (Δχ² < 9)."""
        return not any(solution.delta_chi2 < AMBIGUOUS for solution in self.solutions[1:])

    def __str__(self) -> str:
        from slxrd.fitting.result.summary import summarise

        return summarise(self)

    def __repr__(self) -> str:
        from slxrd.fitting.result.summary import one_line

        return one_line(self)

    def _repr_html_(self) -> str:
        from slxrd.fitting.result.summary import fit_html

        return fit_html(self)
