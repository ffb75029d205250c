"""Density of the poles of a family of planes over the azimuth, relative to that of a powder.

In grazing incidence, crystals have a plane parallel to the substrate, are turned at random about its normal,
and are tilted from it. Their normals n are distributed about that of the film as exp(κ n·z) (von Mises and
Fisher), κ = 1/σ², with σ the standard deviation of the tilt about one axis. Poles at the angle χ₀ from n then
have the density κ/sinh κ · exp(κ cos χ cos χ₀) I₀(κ sin χ sin χ₀) at the angle χ from the normal of the film,
for any σ. A spot that is itself isotropic in reciprocal space adds the square of its width over q to σ².
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import i0e

from slxrd.studies.images.rings.lattice import Family, Indices, Lattice
from slxrd.units import FloatArray


@dataclass(frozen=True, eq=False)
class Poles:
    """Where a family of planes has its poles in one orientation of the crystal.

    Parameters
    ----------
    angles : ndarray, shape (k,)
        From the normal of the film, rad.
    shares : ndarray, shape (k,)
        Fractions of the poles at these angles.
    """

    angles: FloatArray
    shares: FloatArray

    def density(self, azimuth: FloatArray, variance: FloatArray | float) -> FloatArray:
        """Return the density over the azimuth.

        Parameters
        ----------
        azimuth : ndarray, shape (m,)
            rad.
        variance : float or ndarray, shape (m,)
            Of a spot in rad², by tilt and its own width.

        Returns
        -------
        ndarray, shape (m,)
            1 for a powder: its mean over the sphere is 1.
        """
        total = np.zeros(azimuth.shape)
        for angle, share in zip(self.angles, self.shares, strict=True):
            total += share * _on_sphere(azimuth, float(angle), variance)
        return total


def _on_sphere(azimuth: FloatArray, angle: float, variance: FloatArray | float) -> FloatArray:
    kappa = 1.0 / np.asarray(variance)
    sines = np.abs(np.sin(azimuth)) * np.sin(angle)
    near = np.exp(kappa * (np.cos(azimuth) * np.cos(angle) + sines - 1.0))
    return np.asarray(2.0 * kappa / -np.expm1(-2.0 * kappa) * near * i0e(kappa * sines))


def fibre_poles(lattice: Lattice, plane: Indices, family: Family) -> Poles:
    """Return the angles between a family of planes and a plane that is parallel to the substrate."""
    normal = lattice.vector(plane) / np.linalg.norm(lattice.vector(plane))
    cosines = [lattice.vector(member) @ normal / family.q for member in lattice.equivalent(family.plane)]
    angles: FloatArray = np.arccos(np.clip(cosines, -1.0, 1.0))
    values, counts = np.unique(np.round(angles, 6), return_counts=True)
    return Poles(values, counts / counts.sum())
