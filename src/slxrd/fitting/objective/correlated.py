"""Residuals of all regions together where their errors are correlated.

Scales and backgrounds of all regions are at the minimum of the generalised χ² together, and so is the choice
of those coefficients of backgrounds that are zero because none may be negative. With the residuals e over σ
and their covariance 1 + BᵀB, the most probable sizes of the effects are B(1 + BᵀB)⁻¹e.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from slxrd.fitting.objective.evaluation import Evaluation, Joint, Part
from slxrd.fitting.objective.variable_projection import (
    Design,
    Projection,
    project_linear,
    project_logarithmic,
)
from slxrd.fitting.objective.whitening import weighted_sigma, whiten
from slxrd.units import FloatArray

if TYPE_CHECKING:
    from slxrd.fitting.objective.residuals import Objective


def correlated_evaluation(
    objective: Objective, calculated: Sequence[tuple[FloatArray, FloatArray]], parts: tuple[Part, ...]
) -> Evaluation:
    """Evaluate the residuals of an objective with correlated errors.

    Parameters
    ----------
    objective : Objective
        The objective; with a free scale.
    calculated : sequence of (ndarray, ndarray)
        Intensity, shape (n,), and derivatives, shape (p, n), of each region.
    parts : tuple of Part
        The regions with their noise alone.

    Returns
    -------
    Evaluation
        The curves contain the effects that are described, at their most probable sizes.
    """
    data = objective.data
    sizes = [points.q.size for points in data]
    ends = np.cumsum([0, *sizes])
    slopes_count = len(calculated[0][1])
    models = np.zeros((ends[-1], len(data)))
    d_models = np.zeros((len(data), slopes_count, ends[-1]))
    backgrounds, scales = [], []
    for i, ((model, slopes), part) in enumerate(zip(calculated, parts, strict=True)):
        own = slice(ends[i], ends[i + 1])
        height = float(np.max(np.abs(model)))
        models[own, i], d_models[i, :, own] = model / height, slopes / height
        scales.append(part.fitted.scale * height)
        shapes = objective.backgrounds[i]
        columns = np.zeros((ends[-1], shapes.shape[1]))
        columns[own] = shapes
        backgrounds.append(columns)
    design = Design(
        np.zeros(ends[-1]),
        np.zeros((slopes_count, ends[-1])),
        np.column_stack([models, *backgrounds]),
        d_models,
        positive=None
        if objective.positive is None
        else np.asarray(np.kron(np.eye(len(data)), objective.positive), dtype=np.float64),
        whitening=objective.whitening,
        start=np.concatenate([scales, *(part.fitted.background for part in parts)]),
    )
    y = np.concatenate([points.intensity for points in data])
    sigma = np.concatenate([weighted_sigma(points) for points in data])
    eliminate = project_logarithmic if objective.settings.objective == "log" else project_linear
    left = eliminate(y, sigma, design)
    curve = _with_effects(objective, left, y)
    first = len(data)
    described = []
    for i, (points, part) in enumerate(zip(data, parts, strict=True)):
        shown = curve[ends[i] : ends[i + 1]]
        difference = points.intensity - shown
        if objective.settings.objective == "log":
            difference = points.intensity * np.log(points.intensity / shown)
        coefficients = left.coefficients[first : first + len(part.fitted.background)]
        first += len(coefficients)
        scale = float(left.coefficients[i]) / float(np.max(np.abs(calculated[i][0])))
        fitted = objective.fitted(points, shown, difference / points.sigma, scale, tuple(coefficients))
        described.append(replace(part, fitted=fitted))
    joint = Joint(left.columns, partial(_response, objective))
    return Evaluation(left.residual, left.jacobian, tuple(described), joint)


def most_probable_sizes(objective: Objective, residual: FloatArray) -> FloatArray:
    """Calculate the most probable sizes of the described effects.

    Parameters
    ----------
    objective : Objective
        With correlated errors.
    residual : ndarray, shape (n,)
        Its whitened residuals.

    Returns
    -------
    ndarray, shape (described,)
        In standard deviations of the priors.
    """
    count = objective.data[0].described
    if not count:
        return np.zeros(0)
    rows = np.concatenate([np.asarray(points.correlated)[:count] for points in objective.data], axis=1)
    sigma = np.concatenate([weighted_sigma(points) for points in objective.data])
    return np.asarray((rows / sigma) @ whiten(residual, objective.whitening))


def _with_effects(objective: Objective, left: Projection, y: FloatArray) -> FloatArray:
    """The calculated curve of all regions with the described effects at their most probable sizes."""
    count = objective.data[0].described
    if not count:
        return left.curve
    rows = np.concatenate([np.asarray(points.correlated)[:count] for points in objective.data], axis=1)
    effect = most_probable_sizes(objective, left.residual) @ rows
    if objective.settings.objective == "log":
        return np.asarray(left.curve * np.exp(effect / y))
    return np.asarray(left.curve + effect)


def _response(objective: Objective) -> FloatArray:
    """Response of the residuals to independent standard errors, which all evaluations share."""
    return objective.response


def response(objective: Objective) -> FloatArray:
    """Calculate the response of the residuals to independent standard errors, shape (r,) or (r, r + k).

    With weights other than 1 the covariance that is whitened is not that of the errors.
    """
    roots = np.concatenate([np.full(p.q.size, np.sqrt(p.region.weight)) for p in objective.data])
    if np.all(roots == 1.0):
        return roots
    rows = [np.asarray(points.correlated) / points.sigma for points in objective.data]
    sources = np.vstack([np.diag(roots), roots * np.concatenate(rows, axis=1)])
    return whiten(sources, objective.whitening).T
