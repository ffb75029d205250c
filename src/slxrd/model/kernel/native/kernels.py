"""The kernels of the native core; see :mod:`slxrd.model.kernel.dispatch` for what they calculate."""

from __future__ import annotations

import ctypes

import numpy as np

from slxrd.model.kernel.arrays import ComplexArray, FloatArray, IntArray, PowerWeights, Sample
from slxrd.model.kernel.native.conversion import address, integers, reals
from slxrd.model.kernel.native.library import check_status, core
from slxrd.model.kernel.native.structures import NativeSample, native_sample

#: Whether these kernels are compiled.
COMPILED = True
_ALL_PAIRS = 2**62


def _checked(s: Sample, parameters: int) -> NativeSample:
    found = native_sample(s)
    if parameters < found.parameters:
        raise ValueError(f"{parameters} parameters for a structure that has at least {found.parameters}")
    return found


def curves(
    p: FloatArray, q: FloatArray, delta: FloatArray, s: Sample, pairs: int, derivatives: bool
) -> FloatArray:
    """Mean intensity of the stacks and its exact derivatives; see ``dispatch.curves``."""
    p, q = reals(p, len(p)), reals(q, len(q))
    delta = reals(delta, q.size)
    structure = _checked(s, p.size)
    if structure.needed_points not in (None, q.size):
        raise ValueError(f"amplitudes at {structure.needed_points} scattering vectors for {q.size}")
    out = np.empty((1 + p.size, q.size))
    check_status(
        core().slxrd_curves(
            ctypes.addressof(structure), address(p), p.size, address(q), address(delta), q.size,
            min(int(pairs), _ALL_PAIRS), bool(derivatives), address(out),
        )
    )  # fmt: skip
    return out


def curves_of_sizes(
    q: FloatArray,
    d: float,
    L: float,
    sigma_L: float,
    sizes: IntArray,
    weights: FloatArray,
    weights_d_N: FloatArray,
    weights_d_sigma_N: FloatArray,
    n_coherent: int,
    n_correlated: int = _ALL_PAIRS,
) -> FloatArray:
    """Mean intensity and derivatives of stacks of equal planes of consecutive sizes.

    Parameters and rows are those of ``reference.equal_planes.curves_of_sizes``.
    """
    q, p = reals(q, len(q)), np.array([d, L, sigma_L, 0.0, 0.0, 0.0])
    sizes = integers(sizes, len(sizes), least=1)
    if (sizes[1:] - sizes[:-1] != 1).any():
        raise ValueError("sizes that are not consecutive")
    shares = [reals(each, sizes.size) for each in (weights, weights_d_N, weights_d_sigma_N)]
    out = np.empty((7, q.size))
    core().slxrd_equal_planes(
        address(p), address(q), q.size, int(sizes[0]), sizes.size,
        *(address(each) for each in shares), int(n_coherent), int(n_correlated), address(out),
    )  # fmt: skip
    return out


def add_interference(
    rows: FloatArray,
    wave: ComplexArray,
    p: FloatArray,
    q: FloatArray,
    delta: FloatArray,
    s: Sample,
    pairs: int,
    derivatives: bool,
) -> ComplexArray:
    """Interference of the stacks with a wave; see ``dispatch.add_interference``."""
    p, q = reals(p, len(p)), reals(q, len(q))
    delta = reals(delta, q.size)
    structure = _checked(s, p.size)
    wave = np.ascontiguousarray(wave, dtype=np.complex128)
    if reals(rows, 1 + p.size, q.size) is not rows or not rows.flags.writeable:
        raise ValueError("the rows cannot be changed in place")
    if wave.shape != q.shape or structure.points != q.size:
        raise ValueError(f"{wave.size} values of the wave, {structure.points} amplitudes, {q.size} points")
    mean = np.empty(q.size, np.complex128)
    check_status(
        core().slxrd_interference(
            ctypes.addressof(structure), address(p), p.size, address(q), address(delta), q.size,
            min(int(pairs), _ALL_PAIRS), bool(derivatives), address(wave), address(mean), address(rows),
        )
    )  # fmt: skip
    return mean


def film_means(
    X: ComplexArray, Y: ComplexArray, phase: FloatArray, sizes: PowerWeights, steps: PowerWeights | None
) -> tuple[FloatArray, ComplexArray]:
    """Mean intensity and mean amplitude of films; see ``dispatch.film_means``."""
    phase = reals(phase, len(phase))
    terms, rows, n = np.shape(X)
    if terms < 1 or rows < 2 or n != phase.size:
        raise ValueError(f"arrays of shape {np.shape(X)} for {phase.size} phases")
    modes = [
        reals(np.ascontiguousarray(each, np.complex128).view(np.float64), terms, rows, 2 * n)
        for each in (X, Y)
    ]
    weights = [_power_weights(sizes, 2 * terms - 1, rows), _power_weights(steps, terms, rows)]
    intensity, amplitude = np.empty((rows, n)), np.empty((rows, n), np.complex128)
    numbers = [
        (first, table.shape[2], places.size, address(places), address(table))
        for first, places, table in weights
    ]
    check_status(
        core().slxrd_film_means(
            *(address(each) for each in modes), terms, rows, address(phase), n, *numbers[0], *numbers[1],
            address(intensity), address(amplitude),
        )
    )  # fmt: skip
    return intensity, amplitude


def _power_weights(given: PowerWeights | None, terms: int, rows: int) -> PowerWeights:
    """Check weights; none are those of no number."""
    if given is None:
        return PowerWeights(0, np.zeros(1, np.int64), np.zeros((terms, 1, 0)))
    table = reals(given.weights, terms, len(given.rows), np.shape(given.weights)[-1])
    places = integers(given.rows, len(given.rows), below=rows)
    if not table.size or np.unique(places).size != places.size:
        raise ValueError(f"weights of shape {table.shape} for rows {places}")
    return PowerWeights(int(given.first), places, table)


def reach(p: FloatArray, s: Sample, longest: float) -> tuple[float, int]:
    """Range of the correlations; see :func:`slxrd.model.kernel.geometry.reach`."""
    distance, pairs = _reaches(np.asarray(p)[None, :], s, longest)
    return float(distance[0]), int(pairs[0])


def distances(rows: FloatArray, s: Sample, longest: float) -> FloatArray:
    """Distance of :func:`reach` for each of several vectors of parameters."""
    return _reaches(rows, s, longest)[0]


def _reaches(rows: FloatArray, s: Sample, longest: float) -> tuple[FloatArray, IntArray]:
    rows = reals(rows, *np.shape(rows))
    n, k = rows.shape
    structure = _checked(s, k)
    distance, pairs = np.empty(n), np.empty(n, dtype=np.int64)
    check_status(
        core().slxrd_reach(
            ctypes.addressof(structure), address(rows), n, k, float(longest), address(distance),
            address(pairs),
        )
    )  # fmt: skip
    return distance, pairs


def smear(rows: FloatArray, first: IntArray, weights: FloatArray) -> FloatArray:
    """Weighted sums over an auxiliary grid; see ``reference.smearing.smear``."""
    rows = reals(rows, *np.shape(rows))
    k, m = rows.shape
    weights = reals(weights, *np.shape(weights))
    n, width = weights.shape
    first = integers(first, n, below=max(m - width + 1, 0))
    out = np.empty((k, n))
    core().slxrd_smear(address(rows), k, m, address(first), address(weights), width, n, address(out))
    return out
