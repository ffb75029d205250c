"""Superlattices crystal by crystal and atom by atom: what the intensity in any direction is an average of.

Every crystal has an explicit position, displaced by the sum of the displacements of its three coordinates,
and every crystal has its atoms at explicit positions. Nothing is summed in closed form.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]

#: Groups of lattices, from whose means the standard error follows.
GROUPS = 16


@dataclass(frozen=True)
class ExplicitLattice:
    """A superlattice of equal cuboids; lengths in Å, one value for each axis x, y, z.

    ``along`` and ``across`` are the standard deviations of the steps between neighbours for cumulative
    disorder, the amplitudes for sinusoidal disorder of the wavelengths ``period``, in crystals.
    """

    d: Sequence[float]
    L: Sequence[float]
    N: Sequence[float]
    sigma_N: Sequence[float]
    crystals: Sequence[int]
    along: Sequence[float]
    across: Sequence[float]
    disorder: Literal["cumulative", "sinusoidal"] = "cumulative"
    period: Sequence[float] = (1.0, 1.0, 1.0)

    def average(
        self, rng: np.random.Generator, vectors: FloatArray, draws: int, *, turned: bool = False
    ) -> tuple[FloatArray, FloatArray]:
        """Mean intensity at scattering vectors, shape (n, 3), and its standard error, shape (n,).

        ``turned``: every lattice is turned about z; those of a group by angles spread over a quarter turn.
        """
        each = draws // GROUPS
        groups = np.zeros((GROUPS, len(vectors)))
        for group in groups:
            for k in range(each):
                angle = 0.5 * np.pi * (k + rng.uniform()) / each if turned else 0.0
                group += self._intensity(rng, turned_about_z(vectors, angle)) / each
        return groups.mean(axis=0), groups.std(axis=0, ddof=1) / np.sqrt(GROUPS)

    def _intensity(self, rng: np.random.Generator, vectors: FloatArray) -> FloatArray:
        sizes = [draw_size(rng, N, spread) for N, spread in zip(self.N, self.sigma_N, strict=True)]
        atoms = grid([np.arange(n) * d for n, d in zip(sizes, self.d, strict=True)])
        form = wave_sum(vectors, atoms)
        periods = [(n - 1) * d + L for n, d, L in zip(sizes, self.d, self.L, strict=True)]
        places = grid([np.arange(M) * length for M, length in zip(self.crystals, periods, strict=True)])
        index = grid([np.arange(M) for M in self.crystals]).astype(int)
        for axis in range(3):
            places = places + self.displacements(rng, axis)[index[:, axis]]
        lattice = wave_sum(vectors, places)
        return np.asarray(np.abs(form * lattice) ** 2)

    def displacements(self, rng: np.random.Generator, axis: int) -> FloatArray:
        """Displacements of the M positions along an axis, shape (M, 3)."""
        M = self.crystals[axis]
        size = np.array([self.along[axis] if k == axis else self.across[axis] for k in range(3)])
        if self.disorder == "cumulative":
            return np.cumsum(rng.normal(size=(M, 3)) * size, axis=0)
        phase = rng.uniform(0.0, 2.0 * np.pi, 3)
        return np.asarray(size * np.sin(2.0 * np.pi * np.arange(M)[:, None] / self.period[axis] + phase))


def wave_sum(vectors: FloatArray, places: FloatArray) -> NDArray[np.complex128]:
    """Sum of the waves from all places, shape (n,); sine and cosine take a fraction of the time of np.exp."""
    phase = vectors @ places.T
    return np.asarray(np.cos(phase).sum(axis=1) + 1j * np.sin(phase).sum(axis=1))


def draw_size(rng: np.random.Generator, N: float, spread: float) -> int:
    """Number of planes from a Gaussian over whole numbers from 1."""
    sizes = np.arange(max(1, int(N - 5 * spread)), int(N + 5 * spread) + 2)
    if spread == 0.0:
        return round(N)
    weights = np.exp(-0.5 * ((sizes - N) / spread) ** 2)
    return int(rng.choice(sizes, p=weights / weights.sum()))


def grid(ticks: Sequence[FloatArray]) -> FloatArray:
    """All combinations of coordinates, shape (n, 3)."""
    return np.stack([each.ravel() for each in np.meshgrid(*ticks, indexing="ij")], axis=1).astype(float)


def turned_about_z(vectors: FloatArray, angle: float) -> FloatArray:
    """Turn vectors of shape (n, 3) about z."""
    cosine, sine = np.cos(angle), np.sin(angle)
    x, y, z = vectors.T
    return np.column_stack((cosine * x - sine * y, sine * x + cosine * y, z))
