"""Probabilities of the solutions of a fit."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from slxrd.fitting.minimise.least_squares import Minimum
from slxrd.units import FloatArray


def probabilities(minima: Sequence[Minimum]) -> FloatArray:
    """Probabilities of solutions relative to each other, shape (n,), by the Laplace approximation."""
    weights = np.array([log_evidence(minimum) for minimum in minima])
    relative = np.exp(weights - weights.max())
    return np.asarray(relative / relative.sum())


def log_evidence(minimum: Minimum, scale: float = 1.0) -> float:
    """Laplace approximation under flat priors within the bounds; see :class:`.Solution`.

    Parameters
    ----------
    minimum : Minimum
        A minimum of χ².
    scale : float
        Variance of the residuals by which χ² is divided.
    """
    errors = minimum.covariance
    known = [i for i, name in enumerate(errors.names) if name not in errors.why_not]
    if not known:
        return -0.5 * minimum.chi2 / scale
    _, log_volume = np.linalg.slogdet(2.0 * np.pi * scale * errors.matrix[np.ix_(known, known)])
    rows = [minimum.parameters[errors.names[i]] for i in known]
    log_prior = float(sum(np.log(row.upper - row.lower) for row in rows))
    return -0.5 * minimum.chi2 / scale + 0.5 * float(log_volume) - log_prior
