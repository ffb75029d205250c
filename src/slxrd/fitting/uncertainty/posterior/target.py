"""Density of the posterior, for the samplers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from slxrd.errors import SlxrdError
from slxrd.fitting.minimise.batch import Batch
from slxrd.fitting.minimise.least_squares import Minimum
from slxrd.fitting.objective.residuals import Objective
from slxrd.fitting.result.derived import with_derived
from slxrd.fitting.result.fit import Fit
from slxrd.fitting.result.length_terms import length_terms
from slxrd.parameters.parameter_set import Parameters
from slxrd.units import FloatArray

Priors = Mapping[str, tuple[float, float]]


class Target:
    """Logarithm of the posterior's density, up to a constant; called with vectors of shape (n, f).

    It is −χ²/2 plus the logarithm of the priors, which are flat within the bounds, and Gaussian where given.
    Scale and background have their best values, as in the fit.

    Parameters
    ----------
    objective : Objective
        Residuals of the data and the model.
    minima : sequence of Minimum
        The solutions; their free parameters are those of the vectors.
    added : mapping of str to (float, float)
        Mean and standard deviation of Gaussian priors in addition to those of the fit.
    fit : Fit, optional
        The finished fit to which the minima belong.

    Raises
    ------
    SlxrdError
        If a prior is invalid.
    """

    def __init__(
        self, objective: Objective, minima: Sequence[Minimum], added: Priors, fit: Fit | None = None
    ) -> None:
        self.objective, self.added = objective, added
        self.minima, self.fit = tuple(minima), fit
        self.parameters, self.names = minima[0].parameters, minima[0].names
        self._values = [minima[0].values[name] for name in objective.model.names]
        self.priors = {**self.parameters.priors, **added}
        self.lower, self.upper = self.parameters.limits()
        for name, (centre, spread) in added.items():
            text = f"prior {name} = {centre:g} ± {spread:g}"
            if name not in self.names:
                raise SlxrdError(f"{text}: only what is refined has a prior: {', '.join(self.names)}")
            if name in self.parameters.priors:
                raise SlxrdError(f"{text}: the fit has one of it already, which holds here too")
            if not (np.isfinite(centre) and np.isfinite(spread) and spread > 0.0):
                raise SlxrdError(f"{text}: the standard deviation must be positive, both finite")
        self.prepare(np.array([minimum.vector for minimum in minima]))

    def prepare(self, vectors: FloatArray) -> None:
        """Prepare the grids for parameters like ``vectors``, from their longest correlations."""
        plain = Parameters({name: replace(row, prior=None) for name, row in self.parameters.items()})
        self._batch = Batch(self.objective, plain, self.full(vectors))

    def full(self, vectors: FloatArray) -> FloatArray:
        """Values of all parameters at ``vectors``, shape (n, p); NaN if a tie is outside its bounds."""
        points = np.tile(self._values, (len(vectors), 1))
        columns = self.objective.model.names
        points[:, [columns.index(name) for name in self.names]] = vectors
        if any(row.expression is not None for row in self.parameters.values()):
            for point, vector in zip(points, vectors, strict=True):
                try:
                    point[:] = list(self.parameters.resolve(vector)[0].values())
                except SlxrdError:
                    point[:] = np.nan
        return points

    def quantities(self, vectors: FloatArray, random: np.random.Generator) -> dict[str, FloatArray]:
        """Every parameter and derived quantity at ``vectors``, with the direct terms of effects in lengths.

        Parameters
        ----------
        vectors : ndarray, shape (n, f)
            Values of the refined parameters.
        random : numpy.random.Generator
            For the sizes of the effects.
        """
        columns = with_derived(self.full(vectors), self.objective.model.stack)
        terms = length_terms(self.objective, self.minima[0])
        return terms.add(columns, self._from_nearest(vectors), random) if terms.lengths else columns

    def _from_nearest(self, vectors: FloatArray) -> FloatArray:
        """Differences of vectors, shape (n, f), from the solution that is nearest, in units of the errors."""
        away = np.array([vectors - minimum.vector for minimum in self.minima])
        # The triangle R of the Jacobian has |R x| = |J x|, and a row per parameter instead of per point.
        triangle = np.asarray(np.linalg.qr(self.minima[0].jacobian, mode="r"))
        nearest = np.argmin(np.sum((away @ triangle.T) ** 2, axis=2), axis=0)
        return np.asarray(away[nearest, np.arange(len(vectors))])

    def _chi2(self, points: FloatArray) -> FloatArray:
        try:
            return self._batch.chi2(points)
        except SlxrdError:  # a tied value is outside its bounds, or the curve has no logarithm
            if len(points) == 1:
                return np.array([np.inf])
            return np.concatenate([self._chi2(point[None]) for point in points])

    def log_prior(self, vectors: FloatArray) -> FloatArray:
        """Logarithm of the Gaussian priors at ``vectors``, shape (n, f)."""
        total = np.zeros(len(vectors))
        for name, (centre, spread) in self.priors.items():
            total -= 0.5 * ((vectors[:, self.names.index(name)] - centre) / spread) ** 2
        return total

    def __call__(self, vectors: FloatArray) -> FloatArray:
        """Evaluate the logarithm of the density, shape (n,)."""
        density = np.full(len(vectors), -np.inf)
        inside = np.all((vectors >= self.lower) & (vectors <= self.upper), axis=1)
        if inside.any():
            within = vectors[inside]
            density[inside] = self.log_prior(within) - 0.5 * self._chi2(self.full(within))
        return density
