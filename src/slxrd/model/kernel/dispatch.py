"""One entry to all kernels: the native core where it is installed, NumPy otherwise."""

from __future__ import annotations

from functools import cache
from typing import Any, Protocol, cast

from slxrd._interruption import check_interruption
from slxrd.model.kernel.arrays import (
    AmplitudeSums,
    ComplexArray,
    FloatArray,
    GapFunction,
    IntArray,
    Sample,
)
from slxrd.model.kernel.native.library import native_core


class _Kernels(Protocol):
    """Interface of the modules ``native.kernels`` and ``reference.kernels``."""

    COMPILED: bool

    def curves(self, *arguments: Any) -> FloatArray:
        """See :func:`slxrd.model.kernel.dispatch.curves`."""

    def amplitude_sums(self, *arguments: Any) -> AmplitudeSums:
        """See :func:`slxrd.model.kernel.dispatch.amplitude_sums`."""

    def reach(self, *arguments: Any) -> tuple[float, int]:
        """See :func:`slxrd.model.kernel.dispatch.reach`."""

    def distances(self, *arguments: Any) -> FloatArray:
        """See :func:`slxrd.model.kernel.dispatch.distances`."""

    def smear(self, *arguments: Any) -> FloatArray:
        """See :func:`slxrd.model.kernel.dispatch.smear`."""


@cache
def kernels() -> _Kernels:
    """Return the module of the native kernels, or where they are not installed that of the NumPy kernels."""
    if native_core() is not None:
        import slxrd.model.kernel.native.kernels as found
    else:
        import slxrd.model.kernel.reference.kernels as found  # type: ignore[no-redef]
    return cast(_Kernels, found)


def is_native() -> bool:
    """Whether the native core is in use."""
    return kernels().COMPILED


def curves(
    p: FloatArray,
    q: FloatArray,
    delta: FloatArray,
    s: Sample,
    pairs: int,
    derivatives: bool,
    gaps: GapFunction | None = None,
) -> FloatArray:
    """Mean intensity of the stacks and its exact derivatives, as the rows of one array.

    Parameters
    ----------
    p : ndarray, shape (k,)
        Parameters; d, L, σ_L, N, σ_N and q_zero are the first six.
    q, delta : ndarray, shape (n,)
        True scattering vector in Å⁻¹, and its difference from that of the sample's amplitudes.
    s : Sample
        The structure as arrays.
    pairs : int
        Only cells less than this number of places apart interfere.
    derivatives : bool
        Whether derivatives are needed; otherwise only the first row is valid.
    gaps : GapFunction, optional
        The gaps, by default Gaussian and empty; the NumPy form calculates those that the native kernels do
        not have.

    Returns
    -------
    ndarray, shape (1 + k, n)
        Intensity, in squared units of the amplitudes, and its derivatives with respect to the parameters,
        in their order; that with respect to q in the row of q_zero.
    """
    check_interruption()
    if gaps is not None and not (gaps.compiled and is_native()):
        from slxrd.model.kernel.reference import cells

        return cells.curves(p, q, delta, s, pairs, derivatives, gaps)
    return kernels().curves(p, q, delta, s, pairs, derivatives)


def amplitude_sums(
    rows: ComplexArray,
    first: int,
    closing: int,
    sizes: FloatArray,
    numbers: IntArray,
    shares: FloatArray,
) -> AmplitudeSums:
    """Sums over the sizes of a crystal, and over the cells of a stack, for the mean amplitude.

    Parameters
    ----------
    rows : ndarray of complex, shape (7, n)
        r = e^{iqd}; e^{iq(N−1)d} r^{−n}; amplitudes of bottom, repeat and top of the crystal, and of the
        density in the gap; mean phase factor of the gap.
    first : int
        Least number n of repeats; 0 or more.
    closing : int
        Planes of reference that are not part of a repeat, N − n.
    sizes : ndarray, shape (3, s)
        Shares of s consecutive sizes, and their derivatives with respect to N and σ_N.
    numbers : ndarray of int, shape (m,)
        Numbers of cells, 1 or more.
    shares : ndarray, shape (m,)
        Their shares.
    """
    check_interruption()
    return kernels().amplitude_sums(rows, first, closing, sizes, numbers, shares)


def reach(p: FloatArray, s: Sample, longest: float) -> tuple[float, int]:
    """How far correlations reach, in Å, that a resolution shows up to ``longest`` Å, and in cells."""
    distance, pairs = kernels().reach(p, s, longest)
    return float(distance), int(pairs)


def distances(rows: FloatArray, s: Sample, longest: float) -> FloatArray:
    """Return the distance of :func:`reach`, shape (n,), for n vectors of k parameters, shape (n, k)."""
    return kernels().distances(rows, s, longest)


def smear(rows: FloatArray, first: IntArray, weights: FloatArray) -> FloatArray:
    """Weighted sums over an auxiliary grid; see :func:`slxrd.model.kernel.reference.smearing.smear`."""
    return kernels().smear(rows, first, weights)
