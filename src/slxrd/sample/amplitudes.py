"""Scattering amplitudes of the planes of a crystal, as arrays for the kernels and as a plain sum."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from slxrd._frozen import Sealed, read_only
from slxrd.sample.crystal import Crystal
from slxrd.sample.form_factors import ComplexArray, f0_slope, scattering
from slxrd.sample.planes import Plane
from slxrd.units import FloatArray


@dataclass(frozen=True, eq=False)
class PlaneArrays(Sealed):
    """Some planes as arrays: p planes with s sites altogether, at n scattering vectors.

    The amplitude of plane k, without the phase of its height, is the sum over its sites of
    occupancy · ``sites``; its height is ``positions[k]``·d + ``shifts[k]``. The derivative with respect to an
    occupancy is thus the row of ``sites``, that with respect to a shift iq times the amplitude of the plane,
    and that with respect to B −(q/4π)² times occupancy · ``sites``.

    Parameters
    ----------
    positions : ndarray, shape (p,)
        Heights in fractions of the period.
    shifts : ndarray, shape (p,)
        Added to the heights, in Å.
    plane : ndarray of int64, shape (s,)
        To which plane each site belongs.
    occupancies : ndarray, shape (s,)
        Share of each site that is filled.
    sites : ndarray of complex, shape (s, n)
        count · f(q) · exp(−B(q/4π)²) of each site, as if it were full, in electrons.
    slopes : ndarray of complex, shape (s, n)
        Derivatives of ``sites`` with respect to q, in electrons times Å.
    """

    positions: FloatArray
    shifts: FloatArray
    plane: NDArray[np.int64]
    occupancies: FloatArray
    sites: ComplexArray
    slopes: ComplexArray

    def amplitudes(self) -> ComplexArray:
        """Amplitudes of the planes, shape (p, n), in electrons."""
        return self._summed(self.sites)

    def amplitude_slopes(self) -> ComplexArray:
        """Derivatives of the amplitudes with respect to q, shape (p, n), in electrons times Å."""
        return self._summed(self.slopes)

    def _summed(self, rows: ComplexArray) -> ComplexArray:
        total = np.zeros((self.positions.size, rows.shape[1]), dtype=np.complex128)
        np.add.at(total, self.plane, self.occupancies[:, None] * rows)
        return total


@dataclass(frozen=True, eq=False)
class CrystalArrays:
    """A crystal as arrays.

    With A = Σ amplitude · e^{iq·height} over the planes of a part, the amplitude of the crystal is

    F_N = A_bottom + A_repeat Σ_{k<n} e^{ikqd} + A_top e^{inqd},   n = N − ``closing``,

    measured from the first plane of reference; the last one is at (N−1)d.

    Parameters
    ----------
    bottom, repeat, top : PlaneArrays
        Its planes; the terminations may have none.
    closing : int
        1 if the top has a plane of reference, and 0 otherwise.
    """

    bottom: PlaneArrays
    repeat: PlaneArrays
    top: PlaneArrays
    closing: int


def crystal_arrays(crystal: Crystal, q: ArrayLike, wavelength: float | None) -> CrystalArrays:
    """Arrays for a kernel.

    Parameters
    ----------
    crystal : Crystal
        What the planes are.
    q : array_like, shape (n,)
        Scattering vector in Å⁻¹.
    wavelength : float or None
        Å; None leaves f′ and f″ out.

    Raises
    ------
    SlxrdError
        If the wavelength lies outside the tables.
    """
    values = np.atleast_1d(np.asarray(q, dtype=np.float64))
    bottom, repeat, top = (
        plane_arrays(part, values, wavelength) for part in (crystal.bottom, crystal.repeat, crystal.top)
    )
    return CrystalArrays(bottom, repeat, top, crystal.closing)


def crystal_amplitude(
    crystal: Crystal, N: int, q: ArrayLike, wavelength: float | None, d: float | None = None
) -> ComplexArray:
    """Amplitude of one crystal, plane by plane: F = Σ_k f_k o_k e^{−B_k(q/4π)²} e^{iqz_k}.

    Parameters
    ----------
    crystal : Crystal
        What the planes are.
    N : int
        Number of planes of reference.
    q : array_like, shape (n,)
        Scattering vector in Å⁻¹.
    wavelength : float or None
        Å; None leaves f′ and f″ out.
    d : float, optional
        Period in Å; that of the crystal if not given.

    Returns
    -------
    ndarray of complex, shape (n,)
        In electrons in a surface cell; the phase is measured from the first plane of reference.

    Raises
    ------
    SlxrdError
        If N is not a whole number, 1 or more, or the wavelength lies outside the tables.
    """
    return _summed(crystal.planes(N), q, wavelength, crystal.period if d is None else d)


def structure_factor(
    crystal: Crystal, q: ArrayLike, wavelength: float | None, d: float | None = None
) -> ComplexArray:
    """Amplitude of one repeat, shape (n,), in electrons; arguments as in :func:`crystal_amplitude`.

    At q = 2πl/d it is the structure factor of the l-th order of reflection, in a surface cell.
    """
    return _summed(crystal.repeat, q, wavelength, crystal.period if d is None else d)


def _summed(planes: Sequence[Plane], q: ArrayLike, wavelength: float | None, d: float) -> ComplexArray:
    values = np.atleast_1d(np.asarray(q, dtype=np.float64))
    arrays = plane_arrays(planes, values, wavelength)
    heights = arrays.positions * d + arrays.shifts
    total = (arrays.amplitudes() * np.exp(1j * np.outer(heights, values))).sum(axis=0)
    return np.asarray(total)


def plane_arrays(planes: Sequence[Plane], q: FloatArray, wavelength: float | None) -> PlaneArrays:
    """Arrays of some planes; arguments as in :func:`crystal_arrays`."""
    listed = [(number, site) for number, plane in enumerate(planes) for site in plane.sites]
    sites = np.zeros((len(listed), q.size), dtype=np.complex128)
    slopes = np.zeros_like(sites)
    for row, (_, site) in enumerate(listed):
        damped = site.count * np.exp(-site.B * (q / (4.0 * np.pi)) ** 2)
        factor = scattering(site.species, q, wavelength)
        sites[row] = damped * factor
        slopes[row] = damped * (f0_slope(site.species, q) - factor * site.B * q / (8.0 * np.pi**2))
    arrays = PlaneArrays(
        np.array([plane.position for plane in planes], dtype=np.float64),
        np.array([plane.shift for plane in planes], dtype=np.float64),
        np.array([number for number, _ in listed], dtype=np.int64),
        np.array([site.occupancy for _, site in listed], dtype=np.float64),
        sites,
        slopes,
    )
    for array in vars(arrays).values():
        read_only(array)
    return arrays
