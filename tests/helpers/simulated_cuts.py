"""Cuts through reciprocal space, simulated with explicit superlattices: a scan, (100) and (110).

``python tests/helpers/simulated_cuts.py`` writes those of ``tests/files/directions``. Every superlattice has
explicit sizes, positions and displacements of its crystals. As displacements are the sum of those of three
coordinates, the sum over crystals is, for each superlattice, the product of three sums. The model is not
used.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from explicit_lattices import ExplicitLattice, draw_size
from numpy.typing import NDArray

import slxrd
from slxrd.fitting.record.write import pattern_csv

FOLDER = Path(__file__).resolve().parents[1] / "files" / "directions"
#: Scattering vectors in Å⁻¹ around the first Bragg peak of each cut.
Q = {
    "scan": np.round(np.arange(0.86, 1.3, 0.0025), 6),
    "100": np.round(np.arange(0.86, 1.3, 0.0025), 6),
    "110": np.round(np.arange(1.3, 1.75, 0.0025), 6),
}
#: Standard deviation of the resolution in Å⁻¹.
RESOLUTION = 0.007
#: CsPbBr3 cubes, six along each axis; the gaps along z are narrower than those in the plane.
CUBES = ExplicitLattice(
    d=(5.84,) * 3, L=(39.5, 39.5, 36.9), N=(13.0,) * 3, sigma_N=(1.2,) * 3, crystals=(6,) * 3,
    along=(1.4, 1.4, 1.0), across=(0.8, 0.8, 0.6),
)  # fmt: skip
WAVES = ExplicitLattice(
    d=(5.84,) * 3, L=(39.5, 39.5, 36.9), N=(13.0,) * 3, sigma_N=(1.2,) * 3, crystals=(6,) * 3,
    along=(1.5, 1.5, 1.2), across=(0.8, 0.8, 0.6), disorder="sinusoidal", period=(5.0,) * 3,
)  # fmt: skip
CUTS = {"scan": (0.0, 0.0, 1.0), "100": (1.0, 0.0, 0.0), "110": (0.5**0.5, 0.5**0.5, 0.0)}


def expected(rng: np.random.Generator, lattice: ExplicitLattice, cut: str, draws: int) -> NDArray[np.float64]:
    """Mean intensity of explicit superlattices, with the resolution; of a scan, of single columns."""
    points = Q[cut]
    total = np.zeros(points.size)
    axes = (2,) if cut == "scan" else (0, 1, 2)
    for _ in range(draws):
        q = (points + rng.normal(0.0, RESOLUTION, points.size))[:, None] * np.array(CUTS[cut])
        amplitude = np.ones(points.size, complex)
        for axis in axes:
            n = draw_size(rng, lattice.N[axis], lattice.sigma_N[axis])
            planes = np.arange(n) * lattice.d[axis]
            period = (n - 1) * lattice.d[axis] + lattice.L[axis]
            places = lattice.displacements(rng, axis)
            places[:, axis] += np.arange(lattice.crystals[axis]) * period
            amplitude *= np.exp(1j * np.outer(q[:, axis], planes)).sum(axis=1)
            amplitude *= np.exp(1j * q @ places.T).sum(axis=1)
        total += np.abs(amplitude) ** 2
    return total / draws


def pattern(
    rng: np.random.Generator, intensity: NDArray[np.float64], cut: str, *, peak: float = 2000.0
) -> slxrd.Pattern:
    """Counts of an intensity on a constant background."""
    mean = peak * intensity / intensity.max() + 20.0
    counts = rng.poisson(mean).astype(float)
    return slxrd.Pattern(
        Q[cut], counts, sigma=np.sqrt(mean), per_count=1.0, source=f"{cut}.csv",
        metadata={"simulated": f"explicit superlattices of 6 × 6 × 6 crystals, {cut}"},
    )  # fmt: skip


def write() -> None:
    """Write the files, and the mean intensities."""
    for kind, lattice in (("cumulative", CUBES), ("sinusoidal", WAVES)):
        for k, cut in enumerate(CUTS):
            rng = np.random.default_rng([20260, k])
            made = pattern(rng, expected(rng, lattice, cut, 12_000), cut)
            (FOLDER / f"{kind}-{cut}.csv").write_text(pattern_csv(made), encoding="utf-8")


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    write()
