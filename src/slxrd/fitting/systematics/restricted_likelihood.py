"""Restricted likelihood of residuals with a Gaussian process, in a space of few dimensions.

With residuals r and columns X over σ, and C = s²·1 + BᵀB + a² G₁ + b² G₂ the covariance of a region,

    ℒ = ½ ln|C| + ½ ln|XᵀC⁻¹X| + ½ rᵀP r,     P = C⁻¹ − C⁻¹X (XᵀC⁻¹X)⁻¹ XᵀC⁻¹

(Patterson and Thompson, Biometrika 1971, 58, 545). An orthonormal basis of everything but s²·1 turns the n
points of a region into as many coordinates as there are rows and columns; the others contribute ln s each.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.linalg import cho_solve, cholesky, qr
from scipy.linalg.lapack import dpotri

from slxrd._cached import cached_property
from slxrd.fitting.systematics.squared_exponential import Interval
from slxrd.units import FloatArray

#: Columns are taken as dependent below this size, relative to the largest.
_DEPENDENT = 1e-9
#: Part of the trace of a covariance added to its diagonal, so that rounding leaves it positive.
_ROUNDING = 1e-15


@dataclass(frozen=True, eq=False)
class WhitenedRegion:
    """Residuals of a region and everything that enters their covariance, over σ.

    Parameters
    ----------
    q, residual, curve : ndarray, shape (n,)
        Scattering vectors in Å⁻¹, residuals, and the fitted curve.
    flat : ndarray, shape (n,)
        The highest intensity of the curve over σ of each point.
    slopes : ndarray, shape (n, f)
        Derivatives with respect to parameters that the regions share.
    linear : ndarray, shape (n, k)
        Columns of the region alone.
    known : ndarray, shape (m, n)
        Rows B of the known part of the covariance.
    """

    q: FloatArray
    residual: FloatArray
    curve: FloatArray
    flat: FloatArray
    slopes: FloatArray
    linear: FloatArray
    known: FloatArray


@dataclass(frozen=True, eq=False)
class _Compressed:
    """One region at one correlation length, in p coordinates; the other n − p have variance s²."""

    others: int
    columns: FloatArray
    residual: FloatArray
    known: FloatArray
    relative: FloatArray
    flat: FloatArray


def orthonormal_columns(regions: Sequence[WhitenedRegion]) -> list[FloatArray]:
    """Return an orthonormal basis of all slopes and linear columns, cut into the regions.

    The restricted likelihood depends on the space of the columns only, up to a constant.
    """
    sizes = [region.q.size for region in regions]
    ends = np.cumsum(sizes)
    blocks = [np.concatenate([region.slopes for region in regions])]
    for region, end in zip(regions, ends.tolist(), strict=True):
        block = np.zeros((sum(sizes), region.linear.shape[1]))
        block[end - region.q.size : end] = region.linear
        blocks.append(block)
    columns = np.hstack(blocks)
    norms = np.linalg.norm(columns, axis=0)
    columns = columns[:, norms > 0.0] / norms[norms > 0.0]
    if columns.shape[1]:
        basis, triangle, _ = qr(columns, mode="economic", pivoting=True)
        sizes_of = np.abs(np.diag(triangle))
        columns = basis[:, : np.count_nonzero(sizes_of > _DEPENDENT * sizes_of[0])]
    return np.split(columns, ends[:-1])


class RestrictedLikelihood:
    """Restricted likelihood of several regions as a function of correlation length, amplitudes and noise.

    Parameters
    ----------
    regions : sequence of WhitenedRegion
        The regions.
    shortest : float
        Shortest correlation length, in Å⁻¹, at which it will be evaluated.
    """

    def __init__(self, regions: Sequence[WhitenedRegion], shortest: float) -> None:
        self.regions = tuple(regions)
        self.columns = orthonormal_columns(regions)
        self.freedom = sum(region.q.size for region in regions) - self.columns[0].shape[1]
        self._intervals = [Interval(region.q, shortest) for region in regions]

    @cached_property
    def _bases(self) -> list[tuple[int, tuple[FloatArray, ...]]]:
        """Number of points; columns, residual, known rows and both interpolations in common coordinates."""
        found = []
        for region, columns, interval in zip(self.regions, self.columns, self._intervals, strict=True):
            values = interval.matrix()
            parts = (
                columns,
                region.residual[:, None],
                region.known.T,
                region.curve[:, None] * values,
                region.flat[:, None] * values,
            )
            found.append((region.q.size, _in_fewer_coordinates(parts)))
        return found

    def features(self, index: int, length: float) -> FloatArray:
        """Return F, shape (n, k), with F·Fᵀ the squared-exponential covariance of a region's points."""
        interval = self._intervals[index]
        return interval.at_points(interval.root(length))

    def at(self, length: float) -> LikelihoodAtLength:
        """Return the restricted likelihood at one correlation length, in Å⁻¹."""
        compressed = []
        for (count, parts), interval in zip(self._bases, self._intervals, strict=True):
            columns, residual, known, relative, flat = parts
            root = interval.root(length)
            small = _in_fewer_coordinates((columns, residual, known, relative @ root, flat @ root))
            columns, residual, known, relative, flat = small
            compressed.append(
                _Compressed(
                    count - residual.shape[0],
                    columns,
                    residual[:, 0],
                    known @ known.T,
                    relative @ relative.T,
                    flat @ flat.T,
                )
            )
        return LikelihoodAtLength(compressed)

    @cached_property
    def without(self) -> LikelihoodAtLength:
        """The restricted likelihood without a Gaussian process; it depends on the noise only."""
        compressed = []
        for region, columns in zip(self.regions, self.columns, strict=True):
            parts = _in_fewer_coordinates((columns, region.residual[:, None], region.known.T))
            none = np.zeros((parts[1].shape[0],) * 2)
            others = region.q.size - parts[1].shape[0]
            compressed.append(
                _Compressed(others, parts[0], parts[1][:, 0], parts[2] @ parts[2].T, none, none)
            )
        return LikelihoodAtLength(compressed)


class LikelihoodAtLength:
    """Restricted likelihood at one correlation length as a function of amplitudes and noise."""

    def __init__(self, regions: Sequence[_Compressed]) -> None:
        self._regions = regions

    def __call__(self, relative: float, flat: float, noise: float) -> tuple[float, FloatArray]:
        """Evaluate −ln of the restricted likelihood, without its constant.

        Parameters
        ----------
        relative, flat, noise : float
            a, b and s.

        Returns
        -------
        value : float
        gradient : ndarray, shape (3,)
            With respect to ln a, ln b and ln s.
        """
        value, inverses = 0.0, []
        width = self._regions[0].columns.shape[1]
        matrix, right, square = np.zeros((width, width)), np.zeros(width), 0.0
        for region in self._regions:
            C = region.known + relative**2 * region.relative + flat**2 * region.flat
            C[np.diag_indices_from(C)] += noise**2 + _ROUNDING * np.trace(C)
            triangle = cholesky(C, lower=True, overwrite_a=True, check_finite=False)
            half, _ = dpotri(triangle, lower=1)  # with zeros above the diagonal
            inverse = half + half.T
            inverse[np.diag_indices_from(inverse)] *= 0.5
            with_columns = inverse @ region.columns
            value += float(np.log(np.diag(triangle)).sum()) + region.others * np.log(noise)
            matrix += region.columns.T @ with_columns
            right += with_columns.T @ region.residual
            square += float(region.residual @ inverse @ region.residual)
            inverses.append((inverse, with_columns))
        if width:
            factor = cholesky(matrix, lower=True)
            best = cho_solve((factor, True), right)
            value += float(np.log(np.diag(factor)).sum())
            covariance = cho_solve((factor, True), np.eye(width))
        else:
            best, covariance = right, matrix
        value += 0.5 * (square - float(right @ best))
        gradient = np.zeros(3)
        for region, (inverse, with_columns) in zip(self._regions, inverses, strict=True):
            left = inverse @ (region.residual - region.columns @ best)
            weights = inverse
            weights -= with_columns @ covariance @ with_columns.T
            weights -= np.outer(left, left)
            gradient += [
                relative**2 * float(np.vdot(weights, region.relative)),
                flat**2 * float(np.vdot(weights, region.flat)),
                noise**2 * float(np.trace(weights)) + region.others,
            ]
        return value, gradient


def _in_fewer_coordinates(parts: tuple[FloatArray, ...]) -> tuple[FloatArray, ...]:
    """Express columns in an orthonormal basis of all of them, if that has fewer coordinates."""
    together = np.hstack(parts)
    if together.shape[1] >= together.shape[0]:
        return parts
    (triangle,) = qr(together, mode="r", check_finite=False, pivoting=False)
    triangle = triangle[: together.shape[1]]
    ends = np.cumsum([part.shape[1] for part in parts])[:-1]
    return tuple(np.split(triangle, ends, axis=1))
