"""Arrowhead matrices: normal equations of many patterns with common unknowns.

Unknowns of different patterns are coupled only through the common ones, so the matrix has a small block for
each pattern, and a border. The patterns' own unknowns are eliminated one pattern after the other (Schur
complement), which is exact. Time and memory are proportional to the number of patterns.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from slxrd.units import FloatArray

#: Added to the diagonal, relative to it, so that flat directions can be inverted.
_REGULARISATION = 1e-13
#: Diagonal element of the inverse of the scaled matrix above which a direction is flat.
_FLAT = 1e11


@dataclass(frozen=True)
class _Block:
    """One pattern: positions of its own and common unknowns, and its factorised equations."""

    own: NDArray[np.int64]
    common: NDArray[np.int64]
    border: NDArray[np.int64]
    inverse: FloatArray
    across: FloatArray


class Arrow:
    """Factorised symmetric arrowhead matrix Σ Pᵀ h P.

    Parameters
    ----------
    columns : sequence of ndarray of int
        For each pattern, the indices of the unknowns on which it depends, shape (c,).
    blocks : sequence of ndarray
        For each pattern, h of shape (c, c).
    common : int
        Number of common unknowns, which come first; the others belong to one pattern each.
    used : ndarray of bool, shape (n,)
        Whether each unknown is used; rows and columns of the others are omitted.
    damping : float
        Number added to the diagonal, relative to it.
    """

    def __init__(
        self,
        columns: Sequence[NDArray[np.int64]],
        blocks: Sequence[FloatArray],
        common: int,
        used: NDArray[np.bool_],
        damping: float = 0.0,
    ) -> None:
        self.columns, self.used = tuple(columns), used
        diagonal = np.zeros(used.size)
        for indices, block in zip(columns, blocks, strict=True):
            np.add.at(diagonal, indices, np.diag(block))
        self.steep = np.sqrt(np.where(diagonal > 0.0, diagonal, 1.0))
        self._border = np.flatnonzero(used[:common])
        place = np.full(used.size, -1)
        place[self._border] = np.arange(self._border.size)
        left = np.zeros((self._border.size,) * 2)
        self._blocks: list[_Block] = []
        self.log_determinant = 2.0 * float(np.log(self.steep[used]).sum())
        more = 1.0 + damping + _REGULARISATION
        for indices, block in zip(columns, blocks, strict=True):
            own = np.flatnonzero((indices >= common) & used[indices])
            shared = np.flatnonzero((indices < common) & used[indices])
            border = place[indices[shared]]
            scaled = block / np.outer(self.steep[indices], self.steep[indices])
            mine = scaled[np.ix_(own, own)]
            mine[np.diag_indices_from(mine)] *= more
            inverse, across = np.linalg.inv(mine), scaled[np.ix_(own, shared)]
            left[np.ix_(border, border)] += scaled[np.ix_(shared, shared)] - across.T @ inverse @ across
            self._blocks.append(_Block(own, shared, border, inverse, across))
            self.log_determinant += float(np.linalg.slogdet(mine)[1])
        left[np.diag_indices_from(left)] += more - 1.0
        self._left = np.linalg.inv(left)
        self.log_determinant += float(np.linalg.slogdet(left)[1])

    def solve(self, right: FloatArray) -> FloatArray:
        """Solve for a right-hand side of shape (n,); 0 for omitted unknowns."""
        scaled = right / self.steep
        out, total = np.zeros(right.size), scaled[self._border].copy()
        for indices, block in zip(self.columns, self._blocks, strict=True):
            np.subtract.at(total, block.border, block.across.T @ (block.inverse @ scaled[indices[block.own]]))
        border = self._left @ total
        out[self._border] = border
        for indices, block in zip(self.columns, self._blocks, strict=True):
            mine = scaled[indices[block.own]] - block.across @ border[block.border]
            out[indices[block.own]] = block.inverse @ mine
        return out / self.steep

    def flat(self) -> NDArray[np.bool_]:
        """Return the unknowns that the matrix does not determine, or only in combination, shape (n,)."""
        out = np.zeros(self.used.size, dtype=bool)
        out[self._border] = np.diag(self._left) > _FLAT
        for indices, block in zip(self.columns, self._blocks, strict=True):
            edge = block.inverse @ block.across
            left = self._left[np.ix_(block.border, block.border)]
            out[indices[block.own]] = np.diag(block.inverse + edge @ left @ edge.T) > _FLAT
        return out

    def sandwich(self, inner: Sequence[FloatArray]) -> list[FloatArray]:
        """Return H⁻¹ S H⁻¹ for S of the same structure, as a block for each pattern.

        Parameters
        ----------
        inner : sequence of ndarray
            For each pattern, the block of S, shape (c, c).

        Returns
        -------
        list of ndarray
            One for each pattern, shape (c, c); NaN for omitted unknowns.
        """
        scaled = [
            s / np.outer(self.steep[indices], self.steep[indices])
            for indices, s in zip(self.columns, inner, strict=True)
        ]
        total = np.zeros(self._left.shape)
        with_own = []
        for block, s in zip(self._blocks, scaled, strict=True):
            # The reduced gradient of the border is g_common − Cᵀ B⁻¹ g_own of each pattern.
            reduced = np.zeros((block.border.size, len(s)))
            reduced[:, block.own] = -block.across.T @ block.inverse
            reduced[:, block.common] = np.eye(block.border.size)
            total[np.ix_(block.border, block.border)] += reduced @ s @ reduced.T
            with_own.append(self._left[:, block.border] @ reduced @ s[:, block.own])
        border = self._left @ total @ self._left
        out = []
        for indices, block, s, cross in zip(self.columns, self._blocks, scaled, with_own, strict=True):
            C, own = block.across, s[np.ix_(block.own, block.own)]
            at = border[np.ix_(block.border, block.border)]
            x = cross[block.border]
            whole = np.full(s.shape, np.nan)
            centre = own - C @ x - x.T @ C.T + C @ at @ C.T
            whole[np.ix_(block.own, block.own)] = block.inverse @ centre @ block.inverse
            whole[np.ix_(block.common, block.common)] = at
            edge = block.inverse @ (x.T - C @ at)
            whole[np.ix_(block.own, block.common)] = edge
            whole[np.ix_(block.common, block.own)] = edge.T
            out.append(whole / np.outer(self.steep[indices], self.steep[indices]))
        return out

    def trace_with(self, inner: Sequence[FloatArray]) -> float:
        """Return the trace of H⁻¹ S for S of the same structure, given as blocks of shape (c, c)."""
        total = 0.0
        for indices, block, s in zip(self.columns, self._blocks, inner, strict=True):
            scaled = s / np.outer(self.steep[indices], self.steep[indices])
            C, B = block.across, block.inverse
            left = self._left[np.ix_(block.border, block.border)]
            edge = -B @ C @ left
            total += float(np.sum((B - edge @ C.T @ B) * scaled[np.ix_(block.own, block.own)]))
            total += 2.0 * float(np.sum(edge * scaled[np.ix_(block.own, block.common)]))
            total += float(np.sum(left * scaled[np.ix_(block.common, block.common)]))
        return total
