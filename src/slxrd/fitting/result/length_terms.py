r"""Systematic effects that change lengths directly, as relaxed surfaces change the thickness of a crystal.

With t the derivatives of a length with respect to the sizes b of the effects, the length is g(θ) + t·b. The
sizes have standard normal priors. With the residuals r of the minimum, their Jacobian J, and the whitened
rows w of the effects, both over σ, the posterior of the sizes at parameters θ is to first order normal with

    mean  w·r + w·J·(θ − θ̂),    covariance  S = 1 − w·(1 − P)·wᵀ,

where P projects on the scales and backgrounds (Bishop, Pattern Recognition and Machine Learning, 2006,
section 2.3.3). Lengths are stated for sizes of 0, as the formulas of the printed values are, so that w·r is
added to their errors.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from slxrd.fitting.minimise.least_squares import Minimum
from slxrd.fitting.objective.residuals import Objective
from slxrd.fitting.objective.whitening import weighted_sigma, whiten
from slxrd.units import FloatArray


@dataclass(frozen=True, eq=False)
class LengthTerms:
    """Direct terms of systematic effects in the lengths of a fit.

    Parameters
    ----------
    names : tuple of str
        The f refined parameters.
    lengths : mapping of str to ndarray, shape (k,)
        Derivatives of lengths with respect to the sizes of the effects, in Å.
    gain : ndarray, shape (k, f)
        Derivatives of the most probable sizes with respect to the parameters.
    root : ndarray, shape (k, k)
        Root R of the covariance RᵀR of the sizes at given parameters.
    """

    names: tuple[str, ...]
    lengths: Mapping[str, FloatArray]
    gain: FloatArray
    root: FloatArray

    def slopes(self, length: str) -> dict[str, float]:
        """Derivatives of the direct term of a length with respect to the parameters, in Å."""
        if length not in self.lengths:
            return {}
        return dict(zip(self.names, (self.lengths[length] @ self.gain).tolist(), strict=True))

    def spread(self, length: str) -> float:
        """Standard deviation of the direct term of a length at given parameters, in Å."""
        if length not in self.lengths:
            return 0.0
        return float(np.linalg.norm(self.root @ self.lengths[length]))

    def add(
        self, columns: Mapping[str, FloatArray], offsets: FloatArray, random: np.random.Generator
    ) -> dict[str, FloatArray]:
        """Add the direct terms, drawn at random, to the lengths of samples.

        Parameters
        ----------
        columns : mapping of str to ndarray, shape (n,)
            Quantities of the samples.
        offsets : ndarray, shape (n, f)
            Refined parameters of each sample less those of its solution.
        random : numpy.random.Generator
            For the sizes of the effects.
        """
        if not self.lengths:
            return dict(columns)
        sizes = offsets @ self.gain.T + random.normal(size=(len(offsets), len(self.root))) @ self.root
        return {
            name: column + sizes @ self.lengths[name] if name in self.lengths else column
            for name, column in columns.items()
        }


#: Where no effect changes a length directly.
NO_TERMS = LengthTerms((), {}, np.zeros((0, 0)), np.zeros((0, 0)))


def length_terms(objective: Objective, minimum: Minimum) -> LengthTerms:
    """Return the direct terms of the systematic effects at a minimum.

    Parameters
    ----------
    objective : Objective
        Residuals with the correlated errors of the effects.
    minimum : Minimum
        The minimum of its χ².
    """
    if not objective.lengths:
        return NO_TERMS
    count = objective.data[0].described
    rows = np.concatenate([np.asarray(points.correlated)[:count] for points in objective.data], axis=1)
    sigma = np.concatenate([weighted_sigma(points) for points in objective.data])
    w = whiten(rows / sigma, objective.whitening)
    residual = minimum.evaluation.residual
    linear = np.linalg.qr(minimum.evaluation.nuisance)[0]
    left = w - (w @ linear) @ linear.T
    mean = w @ residual
    covariance = np.eye(count) - left @ left.T + np.outer(mean, mean)
    values, vectors = np.linalg.eigh(covariance)
    root = np.sqrt(np.maximum(values, 0.0))[:, None] * vectors.T
    return LengthTerms(minimum.names, objective.lengths, w @ minimum.jacobian[: residual.size], root)
