"""Refinement of one model to many sets of intensities by the native core.

The method is that of Levenberg and Marquardt, with bounds and linear residuals; scale and background are
eliminated from every region by variable projection. Grids, weights and model are the same for all sets, as a
bootstrap needs it.
"""

from __future__ import annotations

import ctypes
import math
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from slxrd._interruption import check_interruption
from slxrd.fitting.minimise.problem import Problem
from slxrd.model.kernel.native.conversion import address, integers, reals
from slxrd.model.kernel.native.library import PAUSED, check_status, core
from slxrd.model.kernel.native.structures import NativeRefinement, native_sample
from slxrd.units import FloatArray

#: How a refinement ended.
CONVERGED, OUT_OF_STEPS, NOT_FINITE = 0, 1, 2


def chi2_of(problem: Problem, points: FloatArray, target: FloatArray) -> FloatArray:
    """χ² of one set of intensities at many parameter values.

    Parameters
    ----------
    problem : Problem
        Regions, structure and free parameters.
    points : ndarray, shape (s, p)
        Values of the parameters, of which d, L, σ_L, N, σ_N and q_zero are the first.
    target : ndarray, shape (n,)
        Intensity times ``layout.root``.

    Returns
    -------
    ndarray, shape (s,)
    """
    width, n = problem.free.size, problem.layout.root.size
    points, target = reals(points, len(points), width), reals(target, n)
    chi2 = np.empty(len(points))
    refinement = _refinement(problem, 0.0, 0, math.inf, False)
    done = ctypes.c_int64(0)
    _until_done(
        core().slxrd_chi2_of,
        ctypes.addressof(refinement),
        address(points),
        len(points),
        address(target),
        address(chi2),
        ctypes.addressof(done),
    )
    return chi2


def refine_many(
    problem: Problem,
    starts: FloatArray,
    targets: FloatArray,
    tolerance: float,
    most: int,
    hopeless: float = math.inf,
    leap: bool = False,
) -> tuple[FloatArray, FloatArray, NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Refine many sets of intensities, each from every start, and keep the best of each.

    Parameters
    ----------
    problem : Problem
        Regions, structure, free parameters and bounds.
    starts : ndarray, shape (s, p)
        Where the refinements begin.
    targets : ndarray, shape (n_sets, n)
        Intensity times ``layout.root``, a row for each set.
    tolerance : float
        Relative change of χ² at which a refinement ends.
    most : int
        The largest number of steps.
    hopeless : float
        A start is not refined if its χ² exceeds the lowest χ² found from another start by more than this.
    leap : bool
        Take the last step, whose predicted decrease is within the tolerance, without evaluating the model
        there. Near a quadratic minimum this is as accurate as another evaluation.

    Returns
    -------
    values : ndarray, shape (n_sets, p)
    chi2 : ndarray, shape (n_sets,)
    how : ndarray of int, shape (n_sets,)
        :data:`CONVERGED`, :data:`OUT_OF_STEPS` or :data:`NOT_FINITE`.
    start : ndarray of int, shape (n_sets,)
        Index of the start that led to each minimum.
    count : ndarray of int, shape (n_sets,)
        Number of evaluations of the model.
    """
    width, n = problem.free.size, problem.layout.root.size
    starts, targets = reals(starts, len(starts), width), reals(targets, len(targets), n)
    sets = len(targets)
    values, chi2 = np.empty((sets, width)), np.empty(sets)
    how, start, count = (np.empty(sets, dtype=np.int64) for _ in range(3))
    refinement = _refinement(problem, tolerance, most, hopeless, leap)
    paused = ctypes.c_void_p()
    try:
        _until_done(
            core().slxrd_refine_many,
            ctypes.addressof(refinement), address(starts), len(starts), address(targets), sets,
            *(address(each) for each in (values, chi2, how, start, count)), ctypes.addressof(paused),
        )  # fmt: skip
    finally:
        core().slxrd_end_refinements(paused)
    return values, chi2, how, start, count


def _until_done(function: Callable[..., int], *arguments: int) -> None:
    """Call a function of the core until it is done; it pauses several times a second, to be interrupted."""
    status = PAUSED
    while status == PAUSED:
        check_interruption()
        status = function(*arguments)
    check_status(status)


def _refinement(problem: Problem, tolerance: float, most: int, hopeless: float, leap: bool) -> Any:
    """The structure of the core; it keeps all arrays that it refers to."""
    layout, structure = problem.layout.native, native_sample(problem.sample)
    width = problem.free.size
    if width != layout.parameters or width < structure.parameters:
        raise ValueError(f"{width} parameters for a structure that has at least {structure.parameters}")
    if structure.needed_points not in (None, layout.grid_points):
        raise ValueError(f"amplitudes at {structure.needed_points} places of a grid of {layout.grid_points}")
    made = NativeRefinement.of(
        {
            "regions": ctypes.addressof(layout),
            "s": ctypes.addressof(structure),
            "free": integers(problem.free, width, below=2),
            "lower": reals(problem.lower, width),
            "upper": reals(problem.upper, width),
            "longest": problem.longest,
            "tolerance": tolerance,
            "hopeless": hopeless,
            "most": most,
            "leap": int(leap),
        }
    )
    made.needed = layout, structure
    return made
