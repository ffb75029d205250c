"""One entry to all kernels: compiled where numba is installed, in NumPy otherwise."""

from __future__ import annotations

from functools import cache
from typing import Any, Protocol, cast

from slxrd.model.kernel.arrays import FloatArray, GapFunction, IntArray, Kind, Sample


class _Kernels(Protocol):
    """Interface of the modules ``compiled.kernels`` and ``reference.kernels``."""

    COMPILED: bool
    KERNELS: dict[Kind, Any]

    def reach(self, *arguments: Any) -> tuple[float, int]:
        """See :func:`slxrd.model.kernel.dispatch.reach`."""

    def distances(self, *arguments: Any) -> FloatArray:
        """See :func:`slxrd.model.kernel.dispatch.distances`."""

    def smear(self, *arguments: Any) -> FloatArray:
        """See :func:`slxrd.model.kernel.dispatch.smear`."""


@cache
def kernels() -> _Kernels:
    """Return the module of the compiled kernels, or without numba that of the NumPy kernels."""
    try:
        import slxrd.model.kernel.compiled.kernels as found
    except ImportError:
        import slxrd.model.kernel.reference.kernels as found  # type: ignore[no-redef]
    return cast(_Kernels, found)


def kind_of(s: Sample) -> Kind:
    """Return the most special kind of structure that describes a sample."""
    from slxrd.model.kernel.geometry import is_atoms, is_equal_planes  # loads numba where it is installed

    if is_equal_planes(s):
        return "equal planes"
    return "atoms" if is_atoms(s) else "general"


def kernel_of(s: Sample) -> Any:
    """Return the fastest kernel for a sample; its arguments are those of :func:`curves`."""
    return kernels().KERNELS[kind_of(s)]


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
        The gaps, by default Gaussian and empty; the NumPy form calculates those that the compiled kernels do
        not have.

    Returns
    -------
    ndarray, shape (1 + k, n)
        Intensity, in squared units of the amplitudes, and its derivatives with respect to the parameters,
        in their order; that with respect to q in the row of q_zero.
    """
    if gaps is not None and not (gaps.compiled and kernels().COMPILED):
        from slxrd.model.kernel.reference import cells  # loads numba where it is installed

        return cells.curves(p, q, delta, s, pairs, derivatives, gaps)
    rows: FloatArray = kernel_of(s)(p, q, delta, s, pairs, derivatives)
    return rows


def reach(p: FloatArray, s: Sample, longest: float) -> tuple[float, int]:
    """How far correlations reach, in Å, that a resolution shows up to ``longest`` Å, and in cells."""
    distance, pairs = kernels().reach(p, s, longest)
    return float(distance), int(pairs)


def distances(rows: FloatArray, s: Sample, longest: float) -> FloatArray:
    """Return the distance of :func:`reach`, shape (n,), for n vectors of k parameters, shape (n, k)."""
    found: FloatArray = kernels().distances(rows, s, longest)
    return found


def smear(rows: FloatArray, first: IntArray, weights: FloatArray) -> FloatArray:
    """Weighted sums over an auxiliary grid; see :func:`slxrd.model.kernel.reference.smearing.smear`."""
    return kernels().smear(rows, first, weights)
