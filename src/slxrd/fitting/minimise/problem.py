"""Arrays for the compiled refinement of an objective with linear residuals, a free scale and no ties."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from slxrd.fitting.minimise.layout import Layout
from slxrd.fitting.objective.residuals import Objective
from slxrd.model.arrays_of_stack import check_bounds, sample
from slxrd.model.kernel.arrays import Sample
from slxrd.model.kernel.dispatch import is_native
from slxrd.parameters.parameter_set import Parameters
from slxrd.parameters.scans import scan_of_zero
from slxrd.units import FloatArray

#: Ratio of the longest correlations on an auxiliary grid to those at the starts.
MARGIN = 1.5
#: The largest number of background shapes of a region, as in native/background.c.
MOST_SHAPES = 8
#: Time in seconds per scattering vector and size that an evaluation with derivatives takes at most, roughly,
#: and the longest time between two looks at the clock.
_PER_TERM, _AT_ONCE, _SIZE_WINDOW = 3e-8, 0.5, 5.0


def is_compiled(objective: Objective, parameters: Parameters) -> bool:
    """Whether compiled code can refine this objective."""
    settings = objective.settings
    tied = any(row.expression is not None for row in parameters.values())
    return (
        objective.model.in_kernels
        and settings.objective == "linear"
        and settings.scale == "free"
        and not tied
        and _zeros_fixed(parameters)
        and (objective.model.stack.crystal is None or not objective.model.further)
        and objective.backgrounds[0].shape[1] <= MOST_SHAPES
        and is_native()
    )


def _zeros_fixed(parameters: Parameters) -> bool:
    """Whether the zero errors of all scans after the first are fixed: compiled code refines only one."""
    return all(row.free is False for name, row in parameters.items() if scan_of_zero(name) is not None)


@dataclass(frozen=True)
class Problem:
    """Input of the compiled refinement that does not depend on the intensities.

    Parameters
    ----------
    free : ndarray of bool, shape (p,)
        Whether each parameter is refined, in the order of ``model.names``.
    lower, upper : ndarray, shape (p,)
        Their bounds.
    layout : Layout
        Grids, smearing and weights of all regions.
    sample : Sample
        The structure as arrays on the layout's grid.
    longest : float
        Longest fringe in Å that is resolved.
    reach : float
        Longest distance in Å over which correlations are represented.
    """

    free: NDArray[np.bool_]
    lower: FloatArray
    upper: FloatArray
    layout: Layout
    sample: Sample
    longest: float
    reach: float

    def targets(self, intensities: Sequence[FloatArray]) -> FloatArray:
        """Divide sets of intensities by σ.

        Parameters
        ----------
        intensities : sequence of ndarray, shape (s, points)
            One array per region, with a row for each set.

        Returns
        -------
        ndarray, shape (s, n)
        """
        return np.asarray(np.concatenate(intensities, axis=1) * self.layout.root)


def prepare_problem(objective: Objective, parameters: Parameters, starts: FloatArray) -> Problem:
    """Convert an objective to arrays for refinements that begin at ``starts``, shape (s, p)."""
    rows = [parameters[name] for name in objective.model.names]
    free = np.array([row.free is True for row in rows])
    lower = np.where(free, [row.lower for row in rows], -np.inf)
    upper = np.where(free, [row.upper for row in rows], np.inf)
    reach = MARGIN * float(np.max(correlated(objective, starts)))
    # Rounded up to a power of 1.25, so that refinements from similar starts share a layout.
    reach = 1.25 ** math.ceil(math.log(reach) / math.log(1.25))
    check_bounds(objective.model.stack, rows[5].lower, rows[5].upper)
    longest = max(model.longest_fringe for model in objective.region_models)
    zeros = tuple(row.value or 0.0 for name, row in parameters.items() if scan_of_zero(name) is not None)
    priors = tuple((name, *known) for name, known in parameters.priors.items())
    layout = _layout(objective, reach, priors, zeros)
    return Problem(
        free,
        lower,
        upper,
        layout,
        _sample(objective, reach, zeros),
        longest,
        reach,
    )


def steps_at_once(problem: Problem, start: FloatArray) -> int:
    """Return a number of steps of a refinement from a start, shape (1, p), that takes at most about 0.5 s.

    It depends on the sizes alone, not on the speed of the computer, so that results do not.
    """
    return max(int(_AT_ONCE / seconds_of_evaluation(problem, start)), 2)


def seconds_of_evaluation(problem: Problem, start: FloatArray) -> float:
    """Estimate the time of one evaluation, in s, from the sizes alone; ``start`` has shape (1, p)."""
    sizes = 2.0 * _SIZE_WINDOW * float(start[0, 4]) + 1.0
    return _PER_TERM * float(problem.layout.grid.size) * sizes


def correlated(objective: Objective, rows: FloatArray) -> FloatArray:
    """Return the longest distances in Å, shape (n,), over which models of shape (n, p) are correlated."""
    return objective.region_models[0].correlated(rows)


@lru_cache(maxsize=16)
def _sample(objective: Objective, reach: float, zeros: tuple[float, ...]) -> Sample:
    model = objective.model
    return sample(model.stack, _layout(objective, reach, (), zeros).grid, model.instrument.wavelength)


@lru_cache(maxsize=16)
def _layout(
    objective: Objective,
    reach: float,
    priors: tuple[tuple[str, float, float], ...],
    zeros: tuple[float, ...],
) -> Layout:
    data = objective.data
    bands = [model.band(reach) for model in objective.region_models]
    width = max(band.weights.shape[1] for band in bands)
    scans = [points.scan for points in data]
    # The grids of further scans are moved by their fixed zero errors, not by that of the first scan.
    grids = [b.q + zeros[k - 1] * b.shift if k else b.q for b, k in zip(bands, scans, strict=True)]
    moved = [np.zeros(b.q.size) if k else b.shift for b, k in zip(bands, scans, strict=True)]
    grid = np.concatenate([*grids, np.full(width, grids[-1][-1])])
    shift = np.concatenate([*moved, np.ones(width)])
    before = np.cumsum([0, *(band.q.size for band in bands[:-1])])
    root = [math.sqrt(points.region.weight) / points.sigma for points in data]
    shapes = [
        _shapes(columns, scale, objective.positive)
        for columns, scale in zip(objective.backgrounds, root, strict=True)
    ]
    basis, inverse = zip(*map(_basis, shapes), strict=True)
    names = objective.model.names
    mean, weight = np.zeros(len(names)), np.zeros(len(names))
    for name, centre, spread in priors:
        mean[names.index(name)], weight[names.index(name)] = centre, 1.0 / spread**2
    return Layout(
        grid,
        shift,
        np.concatenate([band.first + begin for band, begin in zip(bands, before, strict=True)]),
        np.concatenate([np.pad(b.weights, ((0, 0), (0, width - b.weights.shape[1]))) for b in bands]),
        np.concatenate(root),
        np.ascontiguousarray(np.concatenate(basis, axis=1)),
        np.ascontiguousarray(np.concatenate(shapes, axis=1)),
        np.stack(inverse),
        objective.positive is not None,
        np.cumsum([0, *(points.q.size for points in data)], dtype=np.int64),
        mean,
        weight,
        objective.whitening,
    )


def _shapes(columns: FloatArray, root: FloatArray, positive: FloatArray | None) -> FloatArray:
    """Rows of the background, times ``root``; with coefficients that may not be negative if it may not."""
    shapes = columns if positive is None else columns @ np.linalg.inv(positive)
    return np.ascontiguousarray((shapes * root[:, None]).T)


def _basis(shapes: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Orthonormal rows of the same span, shape (k, n), and the matrix from their coefficients, (k, k)."""
    if not len(shapes):
        return shapes, np.zeros((0, 0))
    Q, R = np.linalg.qr(shapes.T)
    return np.asarray(Q.T), np.linalg.inv(R)
