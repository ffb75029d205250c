"""What a joint fit of a series gave; frozen."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from slxrd.fitting.result.fit import AMBIGUOUS, Estimate
from slxrd.units import FloatArray


@dataclass(frozen=True)
class JointSolution:
    """One minimum of the sum of χ².

    Parameters
    ----------
    values : tuple of mapping
        All parameters of each pattern.
    chi2, delta_chi2 : float
        χ², and how much it lies above the best one.
    probability : float
        Relative to the others, Laplace approximation under flat priors.
    """

    values: tuple[Mapping[str, float], ...]
    chi2: float
    delta_chi2: float
    probability: float


@dataclass(frozen=True)
class JointFit:
    """Patterns of a series fitted together.

    Parameters
    ----------
    labels : tuple of str
        The patterns that took part.
    values : tuple of float
        The variable at each.
    shared, smooth : tuple of str
        Parameters with one value, and those that are a polynomial of the variable.
    degree : int
        Of the polynomial.
    names : tuple of str
        The refined unknowns: ``N``, ``L at 25 °C``, ``d of film_25C``.
    vector : ndarray, shape (n,)
        Their values.
    columns : tuple of tuple of int
        For each pattern, the unknowns that it depends on.
    covariances : tuple of ndarray, shape (c, c)
        For each pattern their joint covariance; NaN where there is no error.
    estimates : tuple of mapping
        Parameters, period and thickness_with_surface of each pattern.
    chi2 : float
        Sum over the patterns.
    rise : float
        How much higher that is than with every pattern fitted by itself.
    constraints : int
        How many unknowns fewer there are.
    expected_rise : float
        What the noise alone would make of the rise.
    p_value : float
        Probability of such a rise, or a higher one, if the constraints hold.
    solutions : tuple of JointSolution
        All minima found, the best first.
    notes : tuple of str
        What is to be known.
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
