"""The input of the kernels: crystals, gaps and stack as plain arrays."""

from __future__ import annotations

from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
ComplexArray = NDArray[np.complex128]
IntArray = NDArray[np.int64]

#: Kinds of structure, for each of which there is a kernel; those before "general" are its special cases.
Kind = Literal["equal planes", "atoms", "general"]
#: Parts of a crystal.
BOTTOM, REPEAT, TOP = 0, 1, 2
#: Coefficients of the polynomials that carry scattering amplitudes to a shifted q.
COEFFICIENTS = 5


class Sample(NamedTuple):
    """One or two crystals that alternate in a stack, at given scattering vectors.

    An index of −1 stands for a parameter that the structure does not have.

    Attributes
    ----------
    amplitudes : ndarray, shape (t, 5, 2, n)
        Coefficients of the amplitude of every term in powers of the shift of q, in Å; real and imaginary
        parts.
    term_plane, term_occupancy : ndarray of int64, shape (t,)
        The plane of each term; the parameter that multiplies it.
    crystal, part : ndarray of int64, shape (p,)
        Of each plane: which crystal, and :data:`BOTTOM`, :data:`REPEAT` or :data:`TOP`.
    position, shift, sign : ndarray, shape (p,)
        Height of each plane in periods, plus Å; what a displacement is multiplied with.
    displacement : ndarray of int64, shape (p,)
        The parameter that displaces each plane.
    same_amplitude : ndarray of int64, shape (p,)
        Of each plane: the first plane with the same amplitude.
    lowest, highest : ndarray of int64, shape (c,)
        The outermost planes of each crystal.
    closing : ndarray of int64, shape (c,)
        A crystal of N planes of reference has N − closing repeats.
    own : ndarray of int64, shape (c, 3)
        The parameters d, N and σ_N of each crystal.
    dL_B, f_B, rho, sigma_u, unstacked, B : int
        The parameters of these names.
    area : float
        Of the surface cell in Å², by which the electron density is multiplied.
    unit_planes : bool
        Whether every plane is a point of unit amplitude, as in the 2021 paper.
    mixed : bool
        Whether sizes are mixed inside the stacks.
    power : int
        Sizes are weighted with this power of N.
    window : float
        Sizes are counted within this many σ_N of N.
    numbers : ndarray of int64, shape (m,)
        Numbers M of crystals in a stack.
    shares : ndarray, shape (m,)
        Their shares, which sum to 1.
    """

    amplitudes: FloatArray
    term_plane: IntArray
    term_occupancy: IntArray
    crystal: IntArray
    part: IntArray
    position: FloatArray
    shift: FloatArray
    sign: FloatArray
    displacement: IntArray
    same_amplitude: IntArray
    lowest: IntArray
    highest: IntArray
    closing: IntArray
    own: IntArray
    dL_B: int
    f_B: int
    rho: int
    sigma_u: int
    unstacked: int
    B: int
    area: float
    unit_planes: bool
    mixed: bool
    power: int
    window: float
    numbers: IntArray
    shares: FloatArray
