"""Variances of straight lines through rough edges, of which neighbouring points vary together.

Noise of a picture is smoothed, and real edges have steps, so that points of a contour are not independent.
Their covariance is that of a Matérn process (3/2) and of independent noise, with one variance for all sides;
the correlation length and the share of the noise are averaged over, by their restricted likelihood.
"""

from __future__ import annotations

import math

import numpy as np
from scipy.linalg import cho_factor, cho_solve

from slxrd.units import FloatArray

#: Shortest correlation length in pixels, and the longest as part of the longest side.
SHORTEST, LONGEST = 1.0, 0.5
#: Numbers of correlation lengths, and shares of independent noise, that are averaged over.
LENGTHS, SHARES = 9, (0.003, 0.03, 0.2, 0.6)
#: Least distance of the points that are used, in pixels, and most points of a side.
SPACING, MOST_POINTS = 2, 80


def line_variances(along: list[FloatArray], residuals: list[FloatArray]) -> tuple[FloatArray, FloatArray]:
    """Return the variances of position across and of direction of lines fitted without weights.

    Parameters
    ----------
    along, residuals : list of ndarray
        Positions of the points of each line along it, from their mean, and their distances from it.
    """
    sides = []
    for t, r in zip(along, residuals, strict=True):
        step = max(SPACING, -(-len(t) // MOST_POINTS))
        sides.append((t[::step], r[::step]))
    longest = max(float(np.ptp(t)) for t, _ in sides)
    lengths = np.geomspace(SHORTEST, max(LONGEST * longest, 2.0 * SHORTEST), LENGTHS)
    found = [_of_process(sides, length, share) for length in lengths.tolist() for share in SHARES]
    likelihood = np.array([each[0] for each in found])
    weights = np.exp(likelihood - likelihood.max())
    variances = np.average([each[1] for each in found], axis=0, weights=weights)
    return variances[:, 0], variances[:, 1]


def _of_process(
    sides: list[tuple[FloatArray, FloatArray]], length: float, share: float
) -> tuple[float, FloatArray]:
    """Return the restricted log-likelihood of a covariance, and the variances of the lines, shape (4, 2)."""
    square, free, log_determinants, shapes = 0.0, 0, 0.0, []
    for t, r in sides:
        distance = math.sqrt(3.0) * np.abs(t[:, None] - t) / length
        matrix = (1.0 - share) * (1.0 + distance) * np.exp(-distance) + share * np.eye(t.size)
        columns = np.stack([np.ones(t.size), t], axis=1)
        factor = cho_factor(matrix, lower=True, check_finite=False)
        weighted = cho_solve(factor, columns, check_finite=False)
        information = columns.T @ weighted
        part = weighted.T @ r
        square += float(
            r @ cho_solve(factor, r, check_finite=False) - part @ np.linalg.solve(information, part)
        )
        free += t.size - 2
        log_determinants += 2.0 * float(np.log(np.diag(factor[0])).sum()) + np.linalg.slogdet(information)[1]
        inverse = np.linalg.inv(columns.T @ columns) @ columns.T
        shapes.append(np.diag(inverse @ matrix @ inverse.T))
    variance = square / (free - 2)
    return -0.5 * (log_determinants + free * math.log(max(square, 1e-300))), variance * np.array(shapes)
