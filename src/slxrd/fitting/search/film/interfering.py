"""Linear least squares of a film, its substrate and their interference, within what amplitudes can give.

A film of intensity I_F on a substrate of intensity I_S scatters a·I_F + b·I_S + 2·Re(c·X), where X is the
product of their amplitudes, and |c|² ≤ ab. Where both have the same tails, the four columns differ by little
more than the fringes, and least squares without that bound gives films of negative intensity.
"""

from __future__ import annotations

import numpy as np

from slxrd.model.kernel.dispatch import is_native
from slxrd.model.kernel.native.conversion import address, reals
from slxrd.model.kernel.native.library import core
from slxrd.units import FloatArray

#: The bound |c|² − ab as a quadratic form of (a, 2·Re c, 2·Im c, b).
_BOUND = np.array(
    [[0.0, 0.0, 0.0, -0.5], [0.0, 0.25, 0.0, 0.0], [0.0, 0.0, 0.25, 0.0], [-0.5, 0.0, 0.0, 0.0]]
)
#: Least squared length of a combination of columns of unit length, and steps of a bisection.
LEAST_DIFFERENCE, BISECTIONS = 1e-12, 60


def best_mixtures(gram: FloatArray, along: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Find the coefficients of the columns I_F, Re X, −Im X and I_S.

    With x the coefficients, G the products of the columns, v those with the data, and B the form of the
    bound, x = (G + λB)⁻¹v. The multiplier λ ≥ 0 follows from xᵀBx = 0, which decreases with λ; it is 0 where
    least squares already gives xᵀBx ≤ 0.

    Parameters
    ----------
    gram : ndarray, shape (k, 4, 4)
        Products of the columns of k films.
    along : ndarray, shape (k, 4)
        Products of the columns and the data.

    Returns
    -------
    gain : ndarray, shape (k,)
        By how much χ² is less than that of no film and no substrate; 0 where no film improves it.
    coefficients : ndarray, shape (k, 4)
        (a, 2·Re c, 2·Im c, b).
    """
    return (native_mixtures if is_native() else numpy_mixtures)(gram, along)


def native_mixtures(gram: FloatArray, along: FloatArray) -> tuple[FloatArray, FloatArray]:
    """As :func:`best_mixtures`, by the native core."""
    count = len(gram)
    gram, along = reals(gram, count, 4, 4), reals(along, count, 4)
    gain, coefficients = np.empty(count), np.empty((count, 4))
    core().slxrd_best_mixtures(address(gram), address(along), count, address(gain), address(coefficients))
    return gain, coefficients


def numpy_mixtures(gram: FloatArray, along: FloatArray) -> tuple[FloatArray, FloatArray]:
    """As :func:`best_mixtures`, in NumPy."""
    size = np.sqrt(np.einsum("kcc->kc", gram))
    size = np.where(size > 0.0, size, 1.0)
    each = size[:, :, None] * size[:, None, :]
    bound = _BOUND / each
    bound /= np.abs(bound).max(axis=(1, 2), keepdims=True)
    # In coordinates in which G is 1 and B is diagonal.
    lengths, lower = np.linalg.eigh(gram / each)
    lower = lower.transpose(0, 2, 1) / np.sqrt(np.maximum(lengths, LEAST_DIFFERENCE))[:, :, None]
    curvature, axes = np.linalg.eigh(lower @ bound @ lower.transpose(0, 2, 1))
    axes = axes.transpose(0, 2, 1) @ lower
    place = (axes @ (along / size)[:, :, None])[:, :, 0]

    def violation(multiplier: FloatArray) -> FloatArray:
        return np.asarray((curvature * (place / (1.0 + multiplier[:, None] * curvature)) ** 2).sum(axis=1))

    low = np.zeros(len(gram))
    high = np.where(violation(low) > 0.0, -1.0 / np.minimum(curvature[:, 0], -1e-300), 0.0)
    for _ in range(BISECTIONS):
        middle = 0.5 * (low + high)
        outside = violation(middle) > 0.0
        low, high = np.where(outside, middle, low), np.where(outside, high, middle)
    place = place / (1.0 + low[:, None] * curvature)
    coefficients = (axes.transpose(0, 2, 1) @ place[:, :, None])[:, :, 0] / size
    quadratic = np.einsum("kc,kcd,kd->k", coefficients, gram, coefficients)
    gain = 2.0 * np.einsum("kc,kc->k", coefficients, along) - quadratic
    return np.where(coefficients[:, 0] > 0.0, np.maximum(gain, 0.0), 0.0), coefficients
