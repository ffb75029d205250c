"""Residuals of doublets on straight backgrounds, by variable projection, with exact derivatives.

The line is the pseudo-Voigt of :mod:`slxrd.data.decomposition.lineshapes` over 2θ; the area of the second
line is that of the first times their intensity ratio. Heights and background of each window are at their
least-squares values for all widths and positions (variable projection: Golub and Pereyra, SIAM J. Numer.
Anal. 1973, 10, 413).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from slxrd.data.backgrounds import legendre
from slxrd.data.decomposition.lineshapes import pseudo_voigt
from slxrd.units import FloatArray

#: Columns of :attr:`Shapes.values`.
CENTRE, WIDTH, CENTRE_2, WIDTH_2, MIXING = range(5)
#: Singular values of the columns of a window that are smaller, relative to the largest, are left out.
_DEGENERATE = 1e-10


@dataclass(frozen=True, eq=False)
class Window:
    """A part of a pattern, and the reflections in it.

    Parameters
    ----------
    two_theta : ndarray, shape (n,)
        Degrees.
    intensity, sigma : ndarray, shape (n,)
        Measured intensity and its standard deviation.
    members : tuple of int
        Indices of the reflections in the window.
    whole : tuple of bool
        True for those not cut off by an end of the pattern or a gap in it.
    """

    two_theta: FloatArray
    intensity: FloatArray
    sigma: FloatArray
    members: tuple[int, ...]
    whole: tuple[bool, ...]


@dataclass(frozen=True, eq=False)
class Shapes:
    """Positions, widths and mixing of reflections, with derivatives by the p refined parameters.

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
        """Return the shapes of some reflections."""
        chosen = list(members)
        return Shapes(self.values[chosen], self.chain[chosen])


@dataclass(frozen=True, eq=False)
class LinearFit:
    """Residual of a window at the least-squares heights and background.

    Parameters
    ----------
    residual : ndarray, shape (n,)
        (measured − calculated)/σ.
    jacobian : ndarray, shape (n, p)
        Exact derivatives of the residual.
    information : ndarray, shape (p, p)
        Inverse of the covariance of the parameters, with free heights and background.
    curve : ndarray, shape (n,)
        Calculated intensity.
    heights, height_errors : ndarray, shape (k,)
        Heights of the first lines, and their standard deviations at fixed parameters.
    n_linear : int
        Number of heights and background coefficients that are determined.
    """

    residual: FloatArray
    jacobian: FloatArray
    information: FloatArray
    curve: FloatArray
    heights: FloatArray
    height_errors: FloatArray
    n_linear: int


def unit_intensities(
    two_theta: FloatArray, values: FloatArray, ratio: float
) -> tuple[FloatArray, FloatArray]:
    """Evaluate doublets whose first lines have unit height.

    Parameters
    ----------
    two_theta : ndarray, shape (n,)
        Degrees.
    values : ndarray, shape (k, 5)
        As in :class:`Shapes`.
    ratio : float
        Area of the second line relative to the first; 0 without a second line.

    Returns
    -------
    intensity : ndarray, shape (n, k)
    derivatives : ndarray, shape (n, k, 5)
        With respect to the columns of ``values``.
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


def fit_linear(window: Window, shapes: Shapes, ratio: float) -> LinearFit:
    """Fit heights and background of a window by linear least squares.

    Parameters
    ----------
    window : Window
        A window with k reflections.
    shapes : Shapes
        Shapes of these reflections.
    ratio : float
        Area of the second line relative to the first; 0 without a second line.
    """
    x, sigma = window.two_theta, window.sigma[:, None]
    k = len(shapes.values)
    lines, derivatives = unit_intensities(x, shapes.values, ratio)
    design = np.column_stack((lines, legendre(x, 1))) / sigma
    orthogonal, rest = np.linalg.qr(design)
    left, size, right = np.linalg.svd(rest)
    kept = size > _DEGENERATE * size[0]
    left, inverse = orthogonal @ left[:, kept], right[kept].T / size[kept]
    coefficients = inverse @ (left.T @ (window.intensity / sigma[:, 0]))
    residual = window.intensity / sigma[:, 0] - design @ coefficients
    # Derivatives of the curve at fixed heights, and of the columns projected on the residual.
    flat = derivatives.reshape(x.size, -1) / sigma
    p = shapes.chain.shape[2]
    moved = flat @ (shapes.chain * coefficients[:k, None, None]).reshape(-1, p)
    turned = ((flat.T @ residual).reshape(k, -1)[:, :, None] * shapes.chain).sum(axis=1)
    across = moved - left @ (left.T @ moved)
    errors = np.sqrt(np.sum(inverse**2, axis=1))
    return LinearFit(
        residual,
        -across - left @ (inverse[:k].T @ turned),
        across.T @ across,
        design @ coefficients * sigma[:, 0],
        coefficients[:k],
        errors[:k],
        int(kept.sum()),
    )
