"""χ² of many structures on a substrate, each with the best scale, background, and interference."""

from __future__ import annotations

import ctypes
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from slxrd.fitting.search.film.curves import Products, Weighted
from slxrd.fitting.search.satellites.curves import LEAST_FADING, stack_curves
from slxrd.model.intensity import Model
from slxrd.model.kernel.dispatch import is_native
from slxrd.model.kernel.native.conversion import address, integers, reals
from slxrd.model.kernel.native.library import check_status, core
from slxrd.model.kernel.native.structures import NativeStackScan
from slxrd.units import FloatArray

#: Structures that NumPy calculates together.
PORTION = 50
#: Products of intensity, and both parts of the interference, with each other.
_MUTUAL = np.tril_indices(3)


def chi2_of_structures(
    kinds: Sequence[Sequence[Weighted]], values: Mapping[str, FloatArray], model: Model
) -> FloatArray:
    """χ² of structures for each kind of errors.

    Parameters
    ----------
    kinds : sequence of sequences of Weighted
        The regions with the errors of each kind, on a substrate.
    values : mapping of str to ndarray, shape (k,)
        As for :func:`slxrd.fitting.search.satellites.curves.stack_curves`.
    model : Model
        Number of cells, and the resolution.

    Returns
    -------
    ndarray, shape (len(kinds), k)
    """
    calculate = native_products if is_native() else numpy_products
    chi2 = np.zeros((len(kinds), next(iter(values.values())).size))
    for regions in zip(*kinds, strict=True):
        found = calculate(regions, values, model)
        chi2 += [region.least_chi2(products) for region, products in zip(regions, found, strict=True)]
    return chi2


def numpy_products(
    regions: Sequence[Weighted], values: Mapping[str, FloatArray], model: Model
) -> list[Products]:
    """Calculate the products of a region with several kinds of errors."""
    pieces = []
    for first in range(0, next(iter(values.values())).size, PORTION):
        part = {name: column[first : first + PORTION] for name, column in values.items()}
        curves = stack_curves(regions[0].q, part, model)
        pieces.append([region.products(curves) for region in regions])
    return [Products(*map(np.concatenate, zip(*one, strict=True))) for one in zip(*pieces, strict=True)]


def native_products(
    regions: Sequence[Weighted], values: Mapping[str, FloatArray], model: Model
) -> list[Products]:
    """As :func:`numpy_products`, by the native core."""
    q, below = regions[0].q, _given(regions[0].below)
    n, k = q.size, next(iter(values.values())).size
    others = [np.vstack((one.target, _given(one.substrate), one.basis.T)) for one in regions]
    spreads, which = np.unique(values["sigma_L"], return_inverse=True)
    columns = ("d", "N", "L", "d_B", "N_B")
    table = np.column_stack([values.get(name, np.zeros(k)) for name in columns])
    members = {
        "n": n,
        "kinds": len(regions),
        "others": len(others[0]),
        "structures": k,
        "spreads": spreads.size,
        "cells": model.stack.coherent,
        "layered": int("d_B" in values),
        "fading": LEAST_FADING,
        "q": reals(q, n),
        "width": reals(model.instrument.sigma(q), n),
        "below": reals(np.ascontiguousarray(below, np.complex128).view(np.float64), 2 * n),
        "root": reals([one.root for one in regions], len(regions), n),
        "other": reals(others, len(regions), len(others[0]), n),
        "values": reals(table, k, len(columns)),
        "which": integers(which.reshape(-1), k, below=spreads.size),
        "spread": reals(spreads, spreads.size),
    }
    request = NativeStackScan.of(members)
    out = np.empty((k, len(regions), len(_MUTUAL[0]) + 3 * len(others[0])))
    check_status(core().slxrd_scan_stacks(ctypes.addressof(request), address(out)))
    return [
        _without_background(out[:, i, : len(_MUTUAL[0])], out[:, i, len(_MUTUAL[0]) :], region)
        for i, region in enumerate(regions)
    ]


def _without_background(mutual: FloatArray, with_others: FloatArray, region: Weighted) -> Products:
    """Products of columns from which the background is subtracted, from those of the columns themselves."""
    with_others = with_others.reshape(len(mutual), 3, -1)
    gram, along = region.empty_products(len(mutual))
    background = with_others[:, :, 2:]
    gram[:, _MUTUAL[0], _MUTUAL[1]] = mutual
    gram[:, _MUTUAL[1], _MUTUAL[0]] = mutual
    gram[:, :3, :3] -= background @ background.transpose(0, 2, 1)
    along[:, :3] = with_others[:, :, 0]
    gram[:, :3, 3] = gram[:, 3, :3] = with_others[:, :, 1]
    return Products(gram, along)


def _given(array: NDArray[Any] | None) -> NDArray[Any]:
    assert array is not None  # on a substrate
    return array
