"""The input of the kernels: crystals, gaps and stack as plain arrays."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
ComplexArray = NDArray[np.complex128]
IntArray = NDArray[np.int64]

#: Parts of a crystal.
BOTTOM, REPEAT, TOP = 0, 1, 2
#: Coefficients of the polynomials that carry scattering amplitudes to a shifted q.
COEFFICIENTS = 5


class GapFunction(NamedTuple):
    """The distribution of the gaps between crystals and the electron density in them, as a function.

    Attributes
    ----------
    averages : callable
        From q in Å⁻¹, shape (n,), L, the width ℓ of a gap that belongs to this L, σ_L in Å, and the
        parameters, shape (k,), to ⟨e^{iqg}⟩, ⟨B⟩, ⟨B* e^{iqℓ}⟩ and ⟨|B|²⟩ over gaps g. Each is followed by
        its derivatives with respect to q, L (the first) or ℓ (the others), σ_L and the f parameters of
        density and distribution; shape (4, 4 + f, n).
    columns : tuple of int, length f
        These parameters; −1 for one that the structure does not have.
    compiled : bool
        Whether the compiled kernels calculate these gaps themselves.
    """

    averages: Callable[[FloatArray, float, float, float, FloatArray], ComplexArray]
    columns: tuple[int, ...]
    compiled: bool


class PowerWeights(NamedTuple):
    """Weights of means of e^{−kn/ℓ} and of r^n e^{−kn/ℓ} over whole numbers n.

    Attributes
    ----------
    first : int
        The first number; the others follow it.
    rows : ndarray of int, shape (w,)
        Which row of the result each of the weights is for: 0 the mean, 1 its derivative with respect to the
        phase of r apart from the factor i, others further derivatives. Each row appears once.
    weights : ndarray, shape (t, w, m)
        Weights times e^{−kn/ℓ}, or their derivatives, for k = 0, 1, …, t − 1.
    """

    first: int
    rows: IntArray
    weights: FloatArray


@dataclass(frozen=True, eq=False)
class Sample:
    """One or two crystals that alternate in a stack, at given scattering vectors.

    An index of −1 means that the structure does not have the parameter.

    Attributes
    ----------
    amplitudes : ndarray, shape (t, 5, 2, n)
        Coefficients of the amplitude of every term in powers of the shift of q, in Å; real and imaginary
        parts.
    term_plane, term_occupancy : ndarray of int64, shape (t,)
        Index of the plane of each term, and of the parameter that multiplies it.
    crystal, part : ndarray of int64, shape (p,)
        Index of the crystal of each plane, and its part: :data:`BOTTOM`, :data:`REPEAT` or :data:`TOP`.
    position, shift, sign : ndarray, shape (p,)
        Height of each plane in periods, and in addition in Å; factor of its displacement.
    displacement : ndarray of int64, shape (p,)
        Index of the parameter that displaces each plane.
    same_amplitude : ndarray of int64, shape (p,)
        Index of the first plane with the same amplitude as each plane.
    lowest, highest : ndarray of int64, shape (c,)
        Indices of the outermost planes of each crystal.
    closing : ndarray of int64, shape (c,)
        A crystal of N planes of reference has N − closing repeats.
    own : ndarray of int64, shape (c, 3)
        Indices of the parameters d, N and σ_N of each crystal.
    dL_B, f_B, rho, sigma_u, unstacked, B : int
        Indices of the parameters of these names.
    area : float
        Area of the surface cell in Å², by which the electron density is multiplied.
    unit_planes : bool
        Whether every plane is a point of unit amplitude, as in the 2021 paper.
    mixed : bool
        Whether sizes are mixed inside the stacks.
    power : int
        Power of N by which sizes are weighted.
    window : float
        Sizes within this many σ_N of N are included.
    numbers : ndarray of int64, shape (m,)
        Numbers M of crystals in a stack.
    shares : ndarray, shape (m,)
        Fractions of the stacks with these numbers; their sum is 1.
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
