"""Effects that may be absent: what the data leave of their priors.

The prior of such an effect is a mixture: with a probability it is absent, otherwise its size is normal. The
data change this probability: an effect that they would show, and do not, is probably absent. The mixtures
are approximated by normal distributions around 0, one after the other until none changes (expectation
propagation: Minka, Proc. UAI 2001, 362; for mixtures of this kind Hernández-Lobato et al., Mach. Learn. 2015,
99, 437). Each is such that the variance of the size, given the data, is that with the mixture in its place.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from itertools import pairwise

import numpy as np

from slxrd.fitting.minimise.least_squares import Minimum
from slxrd.fitting.objective.residuals import Objective
from slxrd.fitting.objective.whitening import weighted_sigma
from slxrd.fitting.systematics.covariance import EffectRows
from slxrd.units import FloatArray

#: Cycles over all effects, and the change of a standard deviation, relative to the prior, that ends them.
_CYCLES, _CLOSE = 50, 1e-3
#: Columns are taken as dependent below this size, relative to the largest.
_DEPENDENT = 1e-9


def given_data(
    objective: Objective,
    minimum: Minimum,
    effects: Sequence[EffectRows],
    zero: float,
    exact: Collection[str] = (),
) -> tuple[EffectRows, ...]:
    """Return effects with the normal approximations of their priors, given the data.

    Parameters
    ----------
    objective : Objective
        Residuals of the data and the model, with independent errors.
    minimum : Minimum
        The minimum of its χ² at which the rows of the effects are calculated.
    effects : sequence of EffectRows
        The effects with the standard deviations of their priors.
    zero : float
        Standard deviation of the prior of q_zero, which the minimum does not refine; 0 if it has none.
    exact : collection of str
        Names of the effects whose priors are normal, as they were given.
    """
    absent = [0.0 if each.effect.name in exact else each.effect.absent for each in effects]
    if not any(absent):
        return tuple(effects)
    information, score = _information(objective, minimum, effects, zero)
    counts = [len(each.rows[0]) for each in effects]
    scales = np.sqrt(normal_approximations(information, score, counts, absent))
    ends = np.cumsum(counts)[:-1].tolist()
    return tuple(each.scaled(own) for each, own in zip(effects, np.split(scales, ends), strict=True))


def _information(
    objective: Objective, minimum: Minimum, effects: Sequence[EffectRows], zero: float
) -> tuple[FloatArray, FloatArray]:
    """Information matrix and score of the sizes, in their priors, if everything else is refined with them."""
    evaluation = minimum.evaluation
    sigma = np.concatenate([weighted_sigma(points) for points in objective.data])
    slopes, known = np.split(minimum.jacobian, [sigma.size])
    if zero:
        own = evaluation.jacobian[:, [objective.model.names.index("q_zero")]]
        slopes = np.hstack([slopes, own])
        known = np.pad(known, ((0, 1), (0, 1)))
        known[-1, -1] = 1.0 / zero
    others = np.vstack(
        [
            np.hstack([evaluation.nuisance, slopes]),
            np.hstack([np.zeros((len(known), evaluation.nuisance.shape[1])), known]),
        ]
    )
    norms = np.linalg.norm(others, axis=0)
    U, spreads, _ = np.linalg.svd(others[:, norms > 0.0] / norms[norms > 0.0], full_matrices=False)
    basis = U[:, spreads > _DEPENDENT * spreads[0]]
    rows = np.concatenate([np.concatenate(each.rows, axis=1) for each in effects]) / sigma
    sizes = np.pad(rows.T, ((0, len(known)), (0, 0)))
    sizes -= basis @ (basis.T @ sizes)
    return sizes.T @ sizes, sizes[: sigma.size].T @ evaluation.residual


def normal_approximations(
    information: FloatArray, score: FloatArray, counts: Sequence[int], absent: Sequence[float]
) -> FloatArray:
    """Approximate priors that are mixtures by normal distributions, given the data.

    Parameters
    ----------
    information : ndarray, shape (k, k)
        Information matrix of the sizes of all effects, in standard deviations of their priors.
    score : ndarray, shape (k,)
        Derivatives of the logarithm of the likelihood with respect to the sizes, at 0.
    counts : sequence of int
        Number of sizes of each effect, which is present or absent with all of them.
    absent : sequence of float
        Prior probability that each effect is absent, below 1; 0 if its prior is normal.

    Returns
    -------
    ndarray, shape (k,)
        Variance of each normal distribution: at most 1/(1 − absent), as the mixture has the variance 1.
    """
    ends = np.cumsum([0, *counts]).tolist()
    variances = np.ones(len(score))
    for _ in range(_CYCLES):
        before = np.sqrt(variances)
        for (first, end), probability in zip(pairwise(ends), absent, strict=True):
            if not probability:
                continue
            covariance = np.linalg.inv(information + np.diag(1.0 / variances))
            together = np.linalg.inv(covariance[first:end, first:end])
            without_prior = together - np.diag(1.0 / variances[first:end])
            own = together @ (covariance[first:end] @ score)
            variances[first:end] = _variances(without_prior, own, probability)
        if np.abs(np.sqrt(variances) - before).max() < _CLOSE:
            break
    return variances


def _variances(information: FloatArray, score: FloatArray, absent: float) -> FloatArray:
    """Variances of the normal priors with which the sizes of an effect vary as with the mixture.

    ``information`` and ``score`` are those of the data and the other effects.
    """
    largest = 1.0 / (1.0 - absent)
    spread = np.linalg.inv(information + np.eye(len(score)) / largest)
    mean = spread @ score
    # Likelihood if the effect is present over that if it is absent.
    _, log_volume = np.linalg.slogdet(spread / largest)
    log_ratio = 0.5 * float(score @ mean + log_volume)
    present = 1.0 / (1.0 + absent / (1.0 - absent) * math.exp(-max(log_ratio, -500.0)))
    alone = np.diag(spread)
    wanted = present * alone + present * (1.0 - present) * mean**2
    precisions = 1.0 / wanted - 1.0 / alone + 1.0 / largest
    return np.asarray(1.0 / np.maximum(precisions, 1.0 / largest))
