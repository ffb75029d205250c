"""Standard errors of the backgrounds at a minimum."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from slxrd.fitting.minimise.covariance import on_bound
from slxrd.fitting.minimise.least_squares import Minimum
from slxrd.fitting.objective.residuals import Objective
from slxrd.fitting.objective.whitening import weighted_sigma, whiten
from slxrd.units import FloatArray

#: Singular values below this part of the largest are those of directions that are not determined.
_FLAT = 1e-10


def background_errors(
    objective: Objective, minimum: Minimum, noise: Sequence[FloatArray]
) -> list[FloatArray]:
    """Calculate the standard errors of the background of each region, shape (n,).

    They are those of generalised least squares for parameters, scales and backgrounds together, with the
    weights of the fit and the errors of the data (the sandwich estimator of
    :mod:`slxrd.fitting.minimise.covariance`). Coefficients that may not be negative are free here.

    Parameters
    ----------
    objective : Objective
        Residuals of the data and the model.
    minimum : Minimum
        A minimum of χ².
    noise : sequence of ndarray, shape (n,)
        For each region, standard deviations of the independent errors of its points.
    """
    data, regions = objective.data, minimum.evaluation.regions
    ends = np.cumsum([0, *(points.q.size for points in data)])
    widths = [columns.shape[1] for columns in objective.backgrounds]
    free = [i for i, name in enumerate(minimum.names) if on_bound(minimum, name) is None]
    _, chain = minimum.parameters.resolve(minimum.vector)
    places = np.cumsum([len(free) + len(data), *widths])
    design = np.zeros((int(ends[-1]), int(places[-1])))
    for i, (region, columns) in enumerate(zip(regions, objective.backgrounds, strict=True)):
        own = slice(int(ends[i]), int(ends[i + 1]))
        model, slopes = objective.region_models[i].evaluate(minimum.values)
        design[own, : len(free)] = region.scale * (chain[:, free].T @ slopes).T
        design[own, len(free) + i] = model
        design[own, places[i] : places[i + 1]] = columns
    # Changes of a residual with the measured and the calculated intensity, without the sign.
    of_measured = np.concatenate([1.0 / weighted_sigma(points) for points in data])
    of_calculated = of_measured
    if objective.settings.objective == "log":
        of_calculated = of_measured * np.concatenate([r.measured / r.calculated for r in regions])
    priors = minimum.jacobian[minimum.evaluation.residual.size :]
    of_priors = np.zeros((len(priors), design.shape[1]))
    of_priors[:, : len(free)] = priors[:, free]
    whitened = np.vstack((whiten(of_calculated * design.T, objective.whitening).T, of_priors))
    size = np.linalg.norm(whitened, axis=0)
    size[size == 0.0] = 1.0
    answer = np.linalg.pinv(whitened / size, rcond=_FLAT) / size[:, None]
    of_points = of_measured * whiten(answer[:, : ends[-1]], objective.whitening)
    sources = [of_points * np.concatenate(noise), answer[:, ends[-1] :]]
    if objective.has_correlated:
        rows = np.concatenate([np.asarray(points.correlated) for points in data], axis=1)
        sources.append(of_points @ rows.T)
    response = np.hstack(sources)
    return [
        np.linalg.norm(columns @ response[places[i] : places[i + 1]], axis=1)
        for i, columns in enumerate(objective.backgrounds)
    ]
