"""Windows of doublets on straight backgrounds: residuals and exact derivatives, heights taken out.

The line is the pseudo-Voigt of :mod:`slxrd.data.decomposition.lineshapes`, over 2θ; the second line of the
radiation has the
area of the first times the ratio of the lines. Heights and background of each window stand at their best
values for every set of widths and positions (variable projection: Golub and Pereyra, SIAM J. Numer. Anal.
1973, 10, 413).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from slxrd.data.backgrounds import legendre
from slxrd.data.decomposition.lineshapes import pseudo_voigt
from slxrd.units import FloatArray

#: What a reflection looks like: columns of :attr:`Shapes.values`.
CENTRE, WIDTH, CENTRE_2, WIDTH_2, MIXING = range(5)
#: Columns of a window whose singular values are below this part of the largest cannot be told apart.
_DEGENERATE = 1e-10


@dataclass(frozen=True, eq=False)
class Window:
    """A piece of a pattern with the reflections in it.

    Parameters
    ----------
    two_theta : ndarray, shape (n,)
        Degrees.
    intensity, sigma : ndarray, shape (n,)
        Measured, and its standard deviation.
    members : tuple of int
        Which reflections have their lines in it.
    whole : tuple of bool
        Which of these are not cut off by an end of the pattern or a gap in it.
    """

    two_theta: FloatArray
    intensity: FloatArray
    sigma: FloatArray
    members: tuple[int, ...]
    whole: tuple[bool, ...]


@dataclass(frozen=True, eq=False)
class Shapes:
    """Where reflections are and how wide, with derivatives by the p parameters refined.

    Parameters
    ----------
    values : ndarray, shape (k, 5)
        Centre and full width at half maximum (degrees of 2θ) of the first and of the second line, and
        mixing.
    chain : ndarray, shape (k, 5, p)
        Derivatives of ``values``.
    """

    values: FloatArray
    chain: FloatArray

    def of(self, members: tuple[int, ...]) -> Shapes:
        """Those of some reflections."""
        chosen = list(members)
        return Shapes(self.values[chosen], self.chain[chosen])


@dataclass(frozen=True, eq=False)
class Projected:
    """What a window leaves.

    Parameters
    ----------
    residual : ndarray, shape (n,)
        (measured − calculated)/σ, at the best heights and background.
    jacobian : ndarray, shape (n, p)
        Exact derivatives of the residual.
    information : ndarray, shape (p, p)
        Of the parameters, heights and background being free: the inverse of their covariance.
    curve : ndarray, shape (n,)
        Calculated intensity.
    heights, height_errors : ndarray, shape (k,)
        Of the first lines, and standard deviations at fixed parameters.
    n_linear : int
        How many heights and backgrounds are determined.
    """

    residual: FloatArray
    jacobian: FloatArray
    information: FloatArray
    curve: FloatArray
    heights: FloatArray
    height_errors: FloatArray
    n_linear: int


def columns(two_theta: FloatArray, values: FloatArray, ratio: float) -> tuple[FloatArray, FloatArray]:
    """Intensity of reflections of unit height.

    Parameters
    ----------
    two_theta : ndarray, shape (n,)
        Degrees.
    values : ndarray, shape (k, 5)
        As in :class:`Shapes`.
    ratio : float
        Area of the second line, of that of the first; 0 for none.

    Returns
    -------
    intensity : ndarray, shape (n, k)
        The first lines have height 1.
    derivatives : ndarray, shape (n, k, 5)
        By the columns of ``values``.
    """
    n, k = two_theta.size, len(values)
    intensity, derivatives = np.empty((n, k)), np.zeros((n, k, 5))
    for i, (centre, width, centre_2, width_2, mixing) in enumerate(values.tolist()):
        intensity[:, i], by = pseudo_voigt(two_theta, centre, 1.0, width, mixing)
        derivatives[:, i, [CENTRE, WIDTH, MIXING]] = by[:, [0, 2, 3]]
        if ratio > 0.0:
            height = ratio * width / width_2
            second, by = pseudo_voigt(two_theta, centre_2, height, width_2, mixing)
            intensity[:, i] += second
            derivatives[:, i, CENTRE_2] = by[:, 0]
            derivatives[:, i, WIDTH] += second / width
            derivatives[:, i, WIDTH_2] = by[:, 2] - second / width_2
            derivatives[:, i, MIXING] += by[:, 3]
    return intensity, derivatives


def project(window: Window, shapes: Shapes, ratio: float) -> Projected:
    """Residuals of a window at the best heights and background.

    Parameters
    ----------
    window : Window
        With k reflections.
    shapes : Shapes
        Of these k reflections.
    ratio : float
        Of the lines.
    """
    x, sigma = window.two_theta, window.sigma[:, None]
    k = len(shapes.values)
    lines, derivatives = columns(x, shapes.values, ratio)
    design = np.column_stack((lines, legendre(x, 1))) / sigma
    orthogonal, rest = np.linalg.qr(design)
    left, size, right = np.linalg.svd(rest)
    kept = size > _DEGENERATE * size[0]
    left, inverse = orthogonal @ left[:, kept], right[kept].T / size[kept]
    coefficients = inverse @ (left.T @ (window.intensity / sigma[:, 0]))
    residual = window.intensity / sigma[:, 0] - design @ coefficients
    # What a parameter changes: the curve at fixed heights, and the columns as seen by the residual.
    flat = derivatives.reshape(x.size, -1) / sigma
    p = shapes.chain.shape[2]
    moved = flat @ (shapes.chain * coefficients[:k, None, None]).reshape(-1, p)
    turned = ((flat.T @ residual).reshape(k, -1)[:, :, None] * shapes.chain).sum(axis=1)
    across = moved - left @ (left.T @ moved)
    errors = np.sqrt(np.sum(inverse**2, axis=1))
    return Projected(
        residual,
        -across - left @ (inverse[:k].T @ turned),
        across.T @ across,
        design @ coefficients * sigma[:, 0],
        coefficients[:k],
        errors[:k],
        int(kept.sum()),
    )
