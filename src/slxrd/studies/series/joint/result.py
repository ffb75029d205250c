"""Result of a joint fit, frozen."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from slxrd._short_repr import short_repr
from slxrd.fitting.result.fit import AMBIGUOUS, Estimate
from slxrd.units import FloatArray


@short_repr
@dataclass(frozen=True)
class JointSolution:
    """One minimum of the sum of χ².

    Parameters
    ----------
    values : tuple of mapping
        Values of all parameters of each pattern.
    chi2, delta_chi2 : float
        χ², and χ² minus that of the best solution.
    probability : float
        Probability among the solutions, in the Laplace approximation with flat priors.
    """

    values: tuple[Mapping[str, float], ...]
    chi2: float
    delta_chi2: float
    probability: float


@short_repr
@dataclass(frozen=True)
class JointFit:
    """Patterns of a series fitted jointly.

    Parameters
    ----------
    labels : tuple of str
        Labels of the patterns in the fit.
    values : tuple of float
        Value of the variable for each.
    shared, smooth : tuple of str
        Parameters with one value, and those that are a polynomial of the variable.
    degree : int
        Degree of the polynomial.
    names : tuple of str
        Names of the refined unknowns: ``N``, ``L at 25 °C``, ``d of film_25C``.
    vector : ndarray, shape (n,)
        Values of the unknowns.
    columns : tuple of tuple of int
        For each pattern, the indices of the unknowns on which it depends.
    covariances : tuple of ndarray, shape (c, c)
        For each pattern, the covariance of these unknowns; NaN where there is no error.
    estimates : tuple of mapping
        Parameters, period and thickness_with_surface of each pattern.
    chi2 : float
        Sum of χ² over the patterns.
    rise : float
        χ² minus that of separate fits.
    constraints : int
        Number of unknowns of separate fits minus that of the joint fit.
    expected_rise : float
        Expected rise due to noise alone.
    p_value : float
        Probability of at least this rise if the constraints hold.
    solutions : tuple of JointSolution
        All minima, best first.
    notes : tuple of str
        Remarks on the result.
    """

    labels: tuple[str, ...]
    values: tuple[float, ...]
    shared: tuple[str, ...]
    smooth: tuple[str, ...]
    degree: int
    names: tuple[str, ...]
    vector: FloatArray
    columns: tuple[tuple[int, ...], ...] = field(repr=False)
    covariances: tuple[FloatArray, ...] = field(repr=False)
    estimates: tuple[Mapping[str, Estimate], ...]
    chi2: float
    rise: float
    constraints: int
    expected_rise: float
    p_value: float
    solutions: tuple[JointSolution, ...]
    notes: tuple[str, ...]

    @property
    def unique(self) -> bool:
        """Whether no other joint solution is nearly as good (Δχ² < 9)."""
        return not any(solution.delta_chi2 < AMBIGUOUS for solution in self.solutions[1:])
