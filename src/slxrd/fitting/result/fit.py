"""Result of a fit: estimates, solutions, derived quantities, curves; frozen."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from slxrd._short_repr import short_repr
from slxrd.data.pattern import Pattern
from slxrd.fitting.minimise.least_squares import Minimum
from slxrd.fitting.objective.evaluation import Fitted
from slxrd.fitting.objective.residuals import Objective
from slxrd.fitting.objective.scans import FurtherScan
from slxrd.fitting.objective.settings import Settings
from slxrd.fitting.result.assessment import Assessment
from slxrd.fitting.result.ensemble import Ensemble, Pieces
from slxrd.fitting.result.error_budget import ErrorBudget
from slxrd.fitting.search.certificate import SearchCertificate
from slxrd.instrument.diffractometer import Instrument
from slxrd.sample.stack import Stack
from slxrd.units import FloatArray

if TYPE_CHECKING:
    from slxrd.fitting.fit_options import FitOptions
    from slxrd.fitting.record.read import SavedPattern
    from slxrd.fitting.search.background import BackgroundChoice

#: Solutions with a smaller Δχ² make the result ambiguous.
AMBIGUOUS = 9.0
#: And so do solutions with a larger probability.
PROBABLE = 0.05

Status = Literal[
    "determined", "ambiguous", "at bound", "fixed", "lower bound", "upper bound", "undetermined", "rejected"
]


@dataclass(frozen=True)
class Estimate:
    """Estimate of a quantity from the data.

    Parameters
    ----------
    value : float or None
        Its value; the limit itself for a lower or upper bound; None where undetermined.
    error : float or None
        Standard deviation; None where there is none, for the reason in ``why``.
    unit : str
        Unit of both.
    status : str
        determined; ambiguous, if the 95 or the 68 % interval has several pieces, or contains another solution
        more than two errors away (value and error are then those of the most probable one); at bound, fixed,
        lower bound, upper bound (both at 95 %), undetermined, or rejected, if the model does not describe
        the data: the value is that of the curve, and no result.
    why : str
        Why there is no error bar, or another remark.
    interval_68, interval_95 : tuple of (float, float)
        Highest-density intervals with these probabilities, over all solutions; empty where they were not
        calculated.
    statistical, systematic : float or None
        Parts of the error by the noise of the points, and by everything else; their squares add up to that
        of the error. None where they are not known.
    """

    value: float | None
    error: float | None
    unit: str
    status: Status = "determined"
    why: str = ""
    interval_68: Pieces = ()
    interval_95: Pieces = ()
    statistical: float | None = None
    systematic: float | None = None

    def __repr__(self) -> str:
        from slxrd.fitting.result.summary import format_estimate

        return f"<Estimate {format_estimate(self).rstrip()}, {self.status}>"


@short_repr
@dataclass(frozen=True)
class Solution:
    """One minimum of χ².

    Parameters
    ----------
    values : mapping
        Of all parameters.
    chi2, delta_chi2 : float
        χ², and its difference from the lowest of all solutions.
    probability : float
        Relative to the other solutions, with priors that are flat within the bounds, times the given
        Gaussian priors: the fraction of the samples in ``Fit.ensemble``. Without an ensemble, and for
        solutions that it leaves out, the Laplace approximation of the evidence,
        exp(−χ²/2)·√det(2πC)/Π(range of each parameter in C). A parameter that is not determined in this
        solution contributes a factor of 1. Where noise alone describes the residuals, it is the mean of the
        probabilities with and without the systematic effects in the errors.
    """

    values: Mapping[str, float]
    chi2: float
    delta_chi2: float
    probability: float

    def near(self, ambiguous: float) -> bool:
        """Whether a solution that is not the best makes the result ambiguous, by Δχ² or probability."""
        return self.delta_chi2 < ambiguous or self.probability > PROBABLE


@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class FitResult:
    """What a fit and a saved one have in common.

    Parameters
    ----------
    pattern : Pattern or SavedPattern
        The fitted pattern, or its description.
    stack : Stack
        Structure, without the values of the parameters.
    instrument : Instrument
        Resolution, radiation, and kind of zero error.
    noise : str
        Source of σ.
    settings : Settings
        Residuals, scale and background.
    parameters : mapping of str to Estimate
        Estimates of all parameters of the structure.
    derived : mapping of str to Estimate
        period (Λ, from the covariance), period_S13 (SI Eq. S13), thickness ((N−1)·d), and
        thickness_with_surface (N·d).
    names : tuple of str
        The refined parameters.
    covariance, correlation : ndarray, shape (f, f)
        Of the refined parameters, in their order; NaN where there is no error bar.
    chi2, reduced_chi2 : float
        χ² (weighted, with the correlated errors of systematic effects), and the ratio of χ² without them to
        the value expected from noise alone; NaN without degrees of freedom.
    n_points : int
        Number of points fitted.
    solutions : tuple of Solution
        All minima, the most probable first, the others in the order of χ².
    regions : tuple of Fitted
        The curves; empty if a file contains none.
    converged : bool
        Whether the refinement ended at a minimum.
    why_stopped : str
        Why the refinement ended, as text.
    notes : tuple of str
        Decisions, omissions, and limits of the result.
    assessment : Assessment or None
        Whether the model describes the data; None for a file of a version that did not test it.
    budget : ErrorBudget or None
        What noise and systematic effects contribute to the errors; None where it was not calculated.
    """

    pattern: Pattern | SavedPattern
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
    assessment: Assessment | None = None
    budget: ErrorBudget | None = None

    @property
    def rejected(self) -> bool:
        """Whether the model does not describe the data, so that no quantity is a result."""
        return self.assessment is not None and self.assessment.rejected

    @property
    def ambiguous(self) -> float:
        """Solutions with a smaller Δχ² make the result ambiguous."""
        widening = 1.0 if self.assessment is None else self.assessment.widening
        return AMBIGUOUS * widening**2

    def __repr__(self) -> str:
        from slxrd.fitting.result.summary import one_line

        return one_line(self)

    def _repr_html_(self) -> str:
        from slxrd.fitting.result.summary import fit_html

        return fit_html(self)


@dataclass(frozen=True, repr=False, kw_only=True)
class Fit(FitResult):
    """A fitted pattern.

    Parameters
    ----------
    pattern : Pattern
        The fitted pattern, with its history.
    objective : Objective
        Residuals of the data and the model, for bootstrap, maps and posterior.
    minima : tuple of Minimum
        Minima of χ², one for each of ``solutions``.
    ensemble : Ensemble, optional
        Samples of the posterior over all solutions, from which intervals and probabilities follow. None if
        they could not be drawn; the errors are then those of the covariance.
    options : FitOptions, optional
        Options of the fit; None if they are not known.
    certificate : SearchCertificate, optional
        How many starting points were refined, and how many of them led to the lowest χ²; None if the
        minima were given.
    background_choice : BackgroundChoice, optional
        Evidence of the backgrounds; None if the background was given.
    stack, instrument, noise, settings, parameters, derived, names, covariance, correlation, chi2
        As for :class:`FitResult`.
    reduced_chi2, n_points, solutions, regions, converged, why_stopped, notes, assessment, budget
        As for :class:`FitResult`.
    """

    pattern: Pattern
    objective: Objective
    minima: tuple[Minimum, ...]
    ensemble: Ensemble | None = None
    options: FitOptions | None = None
    certificate: SearchCertificate | None = None
    background_choice: BackgroundChoice | None = None

    @property
    def further_scans(self) -> tuple[FurtherScan, ...]:
        """Further scans of the sample that were fitted with the pattern."""
        return () if self.options is None else self.options.further

    @property
    def unique(self) -> bool:
        """Whether no other solution is nearly as good.

        One is if its Δχ² is below 9, times the square of widened errors, or its probability above 5 %.
        """
        return not any(solution.near(self.ambiguous) for solution in self.solutions[1:])

    def __str__(self) -> str:
        return self.text()

    def text(self, *, verbose: bool = False, width: int = 80) -> str:
        """Return the result as text: assessment, values, contributions to the errors, notes.

        Parameters
        ----------
        verbose : bool
            Whether all derived quantities, solutions, regions and processing steps are included.
        width : int
            Columns at which lines are wrapped, at least 80.
        """
        from slxrd.fitting.result.printed import summarise

        return summarise(self, verbose=verbose, width=width)
