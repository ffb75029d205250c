"""Stacks of one kind of crystal on the auxiliary grid, and the changes of their intensity to first order.

A cell is a crystal and the gap above it. With an amplitude f and a length t, Φ = ⟨f* e^{iqt}⟩ and
τ = ⟨e^{iqt}⟩, M cells scatter

    I = (1 − u)(M⟨|f|²⟩ + 2D Re[Φ⟨f⟩G(τ)]) + uM⟨|F|²⟩,   G(τ) = Σ_{m=1}^{M−1} (M−m) τ^{m−1}

(Fullerton et al., Phys. Rev. B 1992, 45, 9292), with the amplitude F of a crystal, the factor D of disorder
that does not accumulate, and the fraction u of crystals that stand alone. The means are those over gaps, and
where sizes are mixed inside the stacks also over sizes; otherwise I is averaged over sizes afterwards.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray

from slxrd._cached import cached_property
from slxrd.model.environment.curves import Surroundings
from slxrd.model.intensity import OnGrid, RegionModel, apply_resolution
from slxrd.model.kernel.size_shares import size_shares
from slxrd.parameters.disorder.term import combined_factor
from slxrd.sample.stack import Stack
from slxrd.units import FloatArray

ComplexArray = NDArray[np.complex128]


@dataclass(frozen=True)
class Cells:
    """The cells of every size of crystal, and their interference.

    Parameters
    ----------
    on : OnGrid
        Parameters and auxiliary grid, of m points.
    sizes, shares : ndarray, shape (s, 1)
        Numbers of planes, and their shares.
    F, E : ndarray, shape (s, m)
        Amplitude of a crystal from its first plane of reference, and e^{iqT} of its length T = (N−1)d.
    w : ndarray, shape (m,)
        ⟨e^{iqg}⟩ of the gaps.
    f, Phi, tau : ndarray, shape (s, m)
        ⟨f⟩, Φ and τ of the cells of one size.
    square, bare : ndarray, shape (s, m)
        ⟨|f|²⟩ and |F|².
    D : ndarray, shape (m,)
        Factor on the interference of crystals.
    alone : float
        u.
    M : float
        Mean number of crystals in a stack.
    mixed : bool
        Whether sizes are mixed inside the stacks.
    """

    on: OnGrid
    sizes: NDArray[np.int64]
    shares: FloatArray
    F: ComplexArray
    E: ComplexArray
    w: ComplexArray
    f: ComplexArray
    Phi: ComplexArray
    tau: ComplexArray
    square: FloatArray
    bare: FloatArray
    D: FloatArray
    alone: float
    M: float
    mixed: bool

    def smeared(self, curve: FloatArray) -> FloatArray:
        """Average a curve on the auxiliary grid over the resolution: shape (n,)."""
        return np.asarray(apply_resolution(self.on.band, np.ascontiguousarray(curve)[None])[0])

    def intensity(self) -> FloatArray:
        """Intensity on the auxiliary grid, shape (m,)."""
        f, Phi, _ = self._means
        between = self._over_sizes(2.0 * np.real(Phi * f * self._sums[0]))
        together = self.M * self._mean(self.square) + self.D * between
        return (1.0 - self.alone) * together + self.alone * self.M * self._mean(self.bare)

    def unstacked_minus_stacked(self) -> FloatArray:
        """Derivative of the intensity, shape (m,), with respect to u."""
        return (self.M * self._mean(self.bare) - self.intensity()) / (1.0 - self.alone)

    def by_gaps(self, dw: ComplexArray) -> FloatArray:
        """Change of the intensity, shape (m,), with a change of ⟨e^{iqg}⟩, shape (m,).

        A density in the gaps is kept as it is.
        """
        return self._by_interference(0.0, np.conj(self.F) * self.E * dw, self.E * dw)

    def by_crystals(self, dF: ComplexArray, dT: FloatArray) -> FloatArray:
        """Change of the intensity, shape (m,), with changes of amplitudes and lengths of the crystals.

        Parameters
        ----------
        dF : ndarray, shape (s, m)
            Of the amplitudes from the first plane.
        dT : ndarray, shape (s, 1)
            Of the lengths from the first to the last plane, in Å. Crystals with a density in their gaps are
            treated as if it were not there.
        """
        turned = 1j * self.on.q * dT
        square = 2.0 * np.real(np.conj(self.F) * dF)
        Phi = (np.conj(dF) + np.conj(self.F) * turned) * self.E * self.w
        return self._by_square(square) + self._by_interference(dF, Phi, turned * self.tau)

    def by_shares(self, dP: FloatArray) -> FloatArray:
        """Change of the intensity, shape (m,), with a change of the shares of the sizes, shape (s, 1)."""
        M, u = self.M, self.alone
        change = (dP * ((1.0 - u) * M * self.square + u * M * self.bare)).sum(axis=0)
        if self.mixed:
            changes = ((dP * each).sum(axis=0) for each in (self.f, self.Phi, self.tau))
            between = self._between(*changes)
        else:
            between = (dP * 2.0 * np.real(self.Phi * self.f * self._sums[0])).sum(axis=0)
        return np.asarray(change + (1.0 - u) * self.D * between)

    def by_means(
        self, square: FloatArray, f: ComplexArray, Phi: ComplexArray, tau: ComplexArray
    ) -> FloatArray:
        """Change of the intensity, shape (m,), with changes of ⟨|F|²⟩, ⟨f⟩, Φ and τ, each of shape (s, m)."""
        return self._by_square(square) + self._by_interference(f, Phi, tau)

    def _by_square(self, change: FloatArray) -> FloatArray:
        return self.M * self._mean(change)

    def _by_interference(self, *changes: Any) -> FloatArray:
        """Change of the interference with those of the means of f, Φ and τ over gaps."""
        if self.mixed:
            changes = tuple(self._mean(each + np.zeros_like(self.f)) for each in changes)
        return np.asarray((1.0 - self.alone) * self.D * self._over_sizes(self._between(*changes)))

    def _between(self, df: Any, dPhi: Any, dtau: Any) -> FloatArray:
        (f, Phi, _), (G, dG) = self._means, self._sums
        return np.asarray(2.0 * np.real((dPhi * f + Phi * df) * G + Phi * f * dG * dtau))

    def _mean(self, rows: NDArray[Any]) -> NDArray[Any]:
        return np.asarray((self.shares * rows).sum(axis=0))

    def _over_sizes(self, curves: FloatArray) -> FloatArray:
        """Average over stacks of one size each; of mixed sizes there is only one curve."""
        return curves if self.mixed else self._mean(curves)

    @cached_property
    def _means(self) -> tuple[ComplexArray, ...]:
        """⟨f⟩, Φ and τ of the cells of a stack: of every size, or of the mixture."""
        rows = self.f, self.Phi, self.tau
        return tuple(self._mean(each) for each in rows) if self.mixed else rows

    @cached_property
    def _sums(self) -> tuple[ComplexArray, ComplexArray]:
        """G(τ) and its derivative, of cells that visibly interfere."""
        from slxrd.model.kernel.reference.cell_parts import stacked

        _, G, dG = stacked(self._means[2], self.on.sample, self.on.pairs)
        return G, dG


def of_one_crystal(stack: Stack) -> bool:
    """Whether cells describe a structure: one kind of crystal, no film that is altered or on a substrate."""
    return not stack.alternating and (stack.coherent > 1 or not Surroundings.needed(stack))


def is_plain(stack: Stack) -> bool:
    """Whether crystals of one kind are stacked, without a substrate, which is no part of cells."""
    return stack.coherent > 1 and not stack.alternating and stack.substrate is None


_LAST: WeakKeyDictionary[RegionModel, tuple[dict[str, float], Cells]] = WeakKeyDictionary()


def cells_of(region: RegionModel, values: Mapping[str, float]) -> Cells:
    """Calculate the cells of a region; those of the last values are kept.

    Parameters
    ----------
    region : RegionModel
        The region; its structure has one kind of crystal.
    values : mapping of str to float
        Values of all parameters.

    Raises
    ------
    SlxrdError
        If a value is physically impossible.
    """
    key = {name: float(values[name]) for name in region.names}
    kept = _LAST.get(region)
    if kept is None or kept[0] != key:
        kept = key, cells_on(region, region.on_grid(key))
        _LAST[region] = kept
    return kept[1]


def cells_on(region: RegionModel, on: OnGrid) -> Cells:
    """Calculate the cells of a region on an auxiliary grid.

    Parameters
    ----------
    region : RegionModel
        The region.
    on : OnGrid
        Parameters and grid.
    """
    from slxrd.model.kernel.reference.cell_parts import gap, parts, planes

    s, p, q = on.sample, on.p, on.q
    values = dict(zip(region.names, p.tolist(), strict=True))
    bare, _, heights = planes(p, q, on.delta, s)
    between = gap(p, q, s, heights, 0, region.gaps)
    closing = int(s.closing[0])
    sizes, shares, _, _ = size_shares(p[3], p[4], s.window, s.power, max(1, closing))
    bottom, repeat, top = parts(bare, s, 0)
    # Phases of the planes of reference, and their sums, from one to the next.
    phases = np.exp(1j * q * p[0] * np.arange(int(sizes[-1]) + 1)[:, None])
    sums = np.concatenate((np.zeros((1, q.size)), np.cumsum(phases, axis=0)))
    F = bottom + repeat * sums[sizes - closing] + top * phases[sizes - closing]
    E = phases[sizes - 1]
    Ec = E * between.c
    squared = np.abs(F) ** 2
    D = combined_factor(region.model.stack.disorders, q, values).value
    if s.sigma_u >= 0:
        D = D * np.exp(-((q * p[s.sigma_u]) ** 2))
    return Cells(
        on=on,
        sizes=sizes[:, None],
        shares=shares[:, None],
        F=F,
        E=E,
        w=between.w,
        f=F + Ec,
        Phi=np.conj(F) * E * between.w + between.s,
        tau=E * between.w,
        square=squared + 2.0 * np.real(np.conj(F) * Ec) + between.square,
        bare=squared,
        D=D,
        alone=float(p[s.unstacked]) if s.unstacked >= 0 else 0.0,
        M=float(s.shares @ s.numbers),
        mixed=bool(s.mixed),
    )
