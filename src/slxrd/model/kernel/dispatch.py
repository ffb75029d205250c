"""One entry to all kernels: the native core where it is installed, NumPy otherwise."""

from __future__ import annotations

from functools import cache
from typing import Any, Protocol, cast

from slxrd._interruption import check_interruption
from slxrd.model.kernel.arrays import (
    ComplexArray,
    FloatArray,
    GapFunction,
    IntArray,
    PowerWeights,
    Sample,
)
from slxrd.model.kernel.native.library import native_core


class _Kernels(Protocol):
    """Interface of the modules ``native.kernels`` and ``reference.kernels``."""

    COMPILED: bool

    def curves(self, *arguments: Any) -> FloatArray:
        """See :func:`slxrd.model.kernel.dispatch.curves`."""

    def add_interference(self, *arguments: Any) -> ComplexArray:
        """See :func:`slxrd.model.kernel.dispatch.add_interference`."""

    def film_means(self, *arguments: Any) -> tuple[FloatArray, ComplexArray]:
        """See :func:`slxrd.model.kernel.dispatch.film_means`."""

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


def add_interference(
    rows: FloatArray,
    wave: ComplexArray,
    p: FloatArray,
    q: FloatArray,
    delta: FloatArray,
    s: Sample,
    pairs: int,
    derivatives: bool,
    gaps: GapFunction | None = None,
) -> ComplexArray:
    """Add the interference 2 Re(Z⟨A⟩) of the stacks with a wave Z to their mean intensity, in place.

    Displacements of crystals, and crystals that are not stacked, are left out.

    Parameters
    ----------
    rows : ndarray, shape (1 + k, n)
        Intensity and derivatives, as of :func:`curves`.
    wave : ndarray of complex, shape (n,)
        Z at the height of the lowest plane of the stacks. Its derivatives are not added.
    p, q, delta, s, pairs, derivatives, gaps
        As for :func:`curves`; only ``pairs`` cells from below are summed.

    Returns
    -------
    ndarray of complex, shape (n,)
        The mean amplitude ⟨A⟩ of the stacks.
    """
    check_interruption()
    if gaps is not None and not (gaps.compiled and is_native()):
        from slxrd.model.kernel.reference.interference import add_interference

        return add_interference(rows, wave, p, q, delta, s, pairs, derivatives, gaps)
    return kernels().add_interference(rows, wave, p, q, delta, s, pairs, derivatives)


def film_means(
    X: ComplexArray, Y: ComplexArray, phase: FloatArray, sizes: PowerWeights, steps: PowerWeights | None
) -> tuple[FloatArray, ComplexArray]:
    r"""Mean intensity and mean amplitude of films of F_N = Σ_p (X_p + r^N Y_p) e^{−pN/ℓ}, with r = e^{iφ}.

    With s_k = Σ_N P_N e^{−kN/ℓ} and χ_k = Σ_N P_N r^N e^{−kN/ℓ},

        ⟨F⟩ = Σ_p (X_p s_p + Y_p χ_p),
        ⟨|F|²⟩ = Σ_{p,p'} (X_p* X_p' + Y_p* Y_p') s_{p+p'} + 2 Re X_p* Y_p' χ_{p+p'}.

    Parameters
    ----------
    X, Y : ndarray of complex, shape (t, k, n)
        X_p and Y_p, and their derivatives, the first of them with respect to φ.
    phase : ndarray, shape (n,)
        φ.
    sizes : PowerWeights
        P_N, for 2t − 1 values of k.
    steps : PowerWeights, optional
        Shares w_m of steps m of a rough top, for t values of k, with which F is averaged first: X_p is
        multiplied by Σ_m w_m e^{−pm/ℓ}, and Y_p by Σ_m w_m r^m e^{−pm/ℓ}.

    Returns
    -------
    intensity : ndarray, shape (k, n)
    amplitude : ndarray of complex, shape (k, n)
        With derivatives.
    """
    return kernels().film_means(X, Y, phase, sizes, steps)


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
