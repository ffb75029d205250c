"""Normal equations of many patterns with common unknowns, in time and memory that grow with their number.

The unknowns of one pattern meet those of another only through the common ones, so the matrix has the shape
of an arrow: a small block for each pattern, and a border. The patterns' own unknowns are eliminated one
pattern after the other (Schur complement), which is exact.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from slxrd.units import FloatArray

#: Added to the diagonal, relative to it, so that what is flat can be inverted.
_RIDGE = 1e-13
#: Of a diagonal of ones, an inverse beyond this is that of a flat direction.
_FLAT = 1e11


@dataclass(frozen=True)
class _Block:
    """One pattern: places of its kept unknowns in its columns, and what is left of its equations."""

    own: NDArray[np.int64]
    common: NDArray[np.int64]
    border: NDArray[np.int64]
    inverse: FloatArray
    across: FloatArray


class Arrow:
    """A symmetric matrix Σ Pᵀ h P, factorised.

    Parameters
    ----------
    columns : sequence of ndarray of int
        For each pattern the unknowns that it depends on, shape (c,).
    blocks : sequence of ndarray
        For each pattern h, shape (c, c).
    common : int
        How many of the unknowns, the first ones, are common; the others belong to one pattern each.
    kept : ndarray of bool, shape (n,)
        Unknowns that take part; the rows and columns of the others are left out.
    damping : float
        Added to the diagonal, relative to it.
    """

    def __init__(
        self,
        columns: Sequence[NDArray[np.int64]],
        blocks: Sequence[FloatArray],
        common: int,
        kept: NDArray[np.bool_],
        damping: float = 0.0,
    ) -> None:
        self.columns, self.kept = tuple(columns), kept
        diagonal = np.zeros(kept.size)
        for places, block in zip(columns, blocks, strict=True):
            np.add.at(diagonal, places, np.diag(block))
        self.steep = np.sqrt(np.where(diagonal > 0.0, diagonal, 1.0))
        self._border = np.flatnonzero(kept[:common])
        place = np.full(kept.size, -1)
        place[self._border] = np.arange(self._border.size)
        left = np.zeros((self._border.size,) * 2)
        self._blocks: list[_Block] = []
        self.log_determinant = 2.0 * float(np.log(self.steep[kept]).sum())
        more = 1.0 + damping + _RIDGE
        for places, block in zip(columns, blocks, strict=True):
            own = np.flatnonzero((places >= common) & kept[places])
            shared = np.flatnonzero((places < common) & kept[places])
            border = place[places[shared]]
            scaled = block / np.outer(self.steep[places], self.steep[places])
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
        """Solve for a right side of shape (n,); 0 for what is left out."""
        scaled = right / self.steep
        out, total = np.zeros(right.size), scaled[self._border].copy()
        for places, block in zip(self.columns, self._blocks, strict=True):
            np.subtract.at(total, block.border, block.across.T @ (block.inverse @ scaled[places[block.own]]))
        border = self._left @ total
        out[self._border] = border
        for places, block in zip(self.columns, self._blocks, strict=True):
            mine = scaled[places[block.own]] - block.across @ border[block.border]
            out[places[block.own]] = block.inverse @ mine
        return out / self.steep

    def flat(self) -> NDArray[np.bool_]:
        """Unknowns that the matrix does not tell, or only together with others, shape (n,)."""
        out = np.zeros(self.kept.size, dtype=bool)
        out[self._border] = np.diag(self._left) > _FLAT
        for places, block in zip(self.columns, self._blocks, strict=True):
            edge = block.inverse @ block.across
            left = self._left[np.ix_(block.border, block.border)]
            out[places[block.own]] = np.diag(block.inverse + edge @ left @ edge.T) > _FLAT
        return out

    def sandwiched(self, meat: Sequence[FloatArray]) -> list[FloatArray]:
        """H⁻¹ S H⁻¹ for S of the same shape, by each pattern's unknowns.

        Parameters
        ----------
        meat : sequence of ndarray
            For each pattern s, shape (c, c).

        Returns
        -------
        list of ndarray
            For each pattern shape (c, c); NaN for what is left out.
        """
        scaled = [
            s / np.outer(self.steep[places], self.steep[places])
            for places, s in zip(self.columns, meat, strict=True)
        ]
        total = np.zeros(self._left.shape)
        with_own = []
        for block, s in zip(self._blocks, scaled, strict=True):
            # The border sees g_common − Cᵀ B⁻¹ g_own of each pattern.
            seen = np.zeros((block.border.size, len(s)))
            seen[:, block.own] = -block.across.T @ block.inverse
            seen[:, block.common] = np.eye(block.border.size)
            total[np.ix_(block.border, block.border)] += seen @ s @ seen.T
            with_own.append(self._left[:, block.border] @ seen @ s[:, block.own])
        border = self._left @ total @ self._left
        out = []
        for places, block, s, cross in zip(self.columns, self._blocks, scaled, with_own, strict=True):
            C, own = block.across, s[np.ix_(block.own, block.own)]
            at = border[np.ix_(block.border, block.border)]
            x = cross[block.border]
            whole = np.full(s.shape, np.nan)
            inner = own - C @ x - x.T @ C.T + C @ at @ C.T
            whole[np.ix_(block.own, block.own)] = block.inverse @ inner @ block.inverse
            whole[np.ix_(block.common, block.common)] = at
            edge = block.inverse @ (x.T - C @ at)
            whole[np.ix_(block.own, block.common)] = edge
            whole[np.ix_(block.common, block.own)] = edge.T
            out.append(whole / np.outer(self.steep[places], self.steep[places]))
        return out

    def traced(self, meat: Sequence[FloatArray]) -> float:
        """Trace of H⁻¹ S for S of the same shape, each of shape (c, c)."""
        total = 0.0
        for places, block, s in zip(self.columns, self._blocks, meat, strict=True):
            scaled = s / np.outer(self.steep[places], self.steep[places])
            C, B = block.across, block.inverse
            left = self._left[np.ix_(block.border, block.border)]
            edge = -B @ C @ left
            total += float(np.sum((B - edge @ C.T @ B) * scaled[np.ix_(block.own, block.own)]))
            total += 2.0 * float(np.sum(edge * scaled[np.ix_(block.own, block.common)]))
            total += float(np.sum(left * scaled[np.ix_(block.common, block.common)]))
        return total
