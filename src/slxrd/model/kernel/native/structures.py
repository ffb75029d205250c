"""The structures of core.h, made from arrays."""

from __future__ import annotations

import ctypes
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np

from slxrd.model.kernel.arrays import COEFFICIENTS, Sample
from slxrd.model.kernel.geometry import is_equal_planes
from slxrd.model.kernel.native.conversion import Structure, integers, reals

_WHOLE, _REAL, _ADDRESS = ctypes.c_int64, ctypes.c_double, ctypes.c_void_p


class NativeSample(Structure):
    """``sample`` of core.h."""

    _fields_ = (
        *((name, _WHOLE) for name in ("points", "terms", "planes", "crystals", "stacks")),
        *((name, _ADDRESS) for name in (
            "amplitudes", "term_plane", "term_occupancy", "crystal", "part", "position", "shift", "sign",
            "displacement", "same_amplitude", "lowest", "highest", "closing", "own",
        )),
        *((name, _WHOLE) for name in ("dL_B", "f_B", "rho", "sigma_u", "unstacked", "B_factor")),
        ("area", _REAL),
        *((name, _WHOLE) for name in ("unit_planes", "mixed", "power")),
        ("window", _REAL),
        *((name, _ADDRESS) for name in ("numbers", "shares")),
    )  # fmt: skip
    #: Number of parameters that the structure needs at least.
    parameters: int
    #: Number of scattering vectors that it is for; None if for any.
    needed_points: int | None


class NativeLayout(Structure):
    """``layout`` of core.h."""

    _fields_ = (
        *((name, _WHOLE) for name in (
            "grid_points", "points", "width", "shapes", "regions", "correlated", "parameters",
        )),
        *((name, _ADDRESS) for name in (
            "grid", "shift", "first", "band", "root", "basis", "bounded", "inverse",
        )),
        ("positive", _WHOLE),
        *((name, _ADDRESS) for name in ("ends", "prior_mean", "prior_weight", "whitening")),
    )  # fmt: skip


class NativeRefinement(Structure):
    """``refinement`` of core.h."""

    _fields_ = (
        *((name, _ADDRESS) for name in ("regions", "s", "free", "lower", "upper")),
        *((name, _REAL) for name in ("longest", "tolerance", "hopeless")),
        *((name, _WHOLE) for name in ("most", "leap")),
    )


class NativeStackScan(Structure):
    """``stack_scan`` of core.h."""

    _fields_ = (
        *((name, _WHOLE) for name in (
            "n", "kinds", "others", "structures", "spreads", "cells", "layered",
        )),
        ("fading", _REAL),
        *((name, _ADDRESS) for name in (
            "q", "width", "below", "root", "other", "values", "which", "spread",
        )),
    )  # fmt: skip


#: Sizes of the structures in bytes.
SIZES = tuple(ctypes.sizeof(each) for each in (NativeSample, NativeLayout, NativeRefinement, NativeStackScan))

_samples: WeakKeyDictionary[Sample, NativeSample] = WeakKeyDictionary()


def native_sample(s: Sample) -> NativeSample:
    """Convert a sample; the result is stored as long as the sample exists.

    Raises
    ------
    ValueError
        If an array has a wrong shape, or an index is beyond its array.
    """
    found = _samples.get(s)
    if found is None:
        found = _samples[s] = _converted(s)
    return found


def _converted(s: Sample) -> NativeSample:
    terms, planes, crystals, stacks = s.term_plane.size, s.position.size, s.closing.size, s.numbers.size
    points = s.amplitudes.shape[-1]
    indices: list[int] = [s.dL_B, s.f_B, s.rho, s.sigma_u, s.unstacked, s.B]
    members: dict[str, Any] = {
        "points": points,
        "terms": terms,
        "planes": planes,
        "crystals": crystals,
        "stacks": stacks,
        "amplitudes": reals(s.amplitudes, terms, COEFFICIENTS, 2, points),
        "term_plane": integers(s.term_plane, terms, below=planes),
        "term_occupancy": integers(s.term_occupancy, terms, least=-1),
        "crystal": integers(s.crystal, planes, below=crystals),
        "part": integers(s.part, planes, below=3),
        **{name: reals(getattr(s, name), planes) for name in ("position", "shift", "sign")},
        "displacement": integers(s.displacement, planes, least=-1),
        "same_amplitude": integers(s.same_amplitude, planes, below=planes),
        "lowest": integers(s.lowest, crystals, below=max(planes, 1)),
        "highest": integers(s.highest, crystals, below=max(planes, 1)),
        "closing": integers(s.closing, crystals),
        "own": integers(s.own, crystals, 3),
        **{name: getattr(s, name) for name in ("dL_B", "f_B", "rho", "sigma_u", "unstacked")},
        "B_factor": s.B,
        "area": s.area,
        "unit_planes": int(s.unit_planes),
        "mixed": int(s.mixed),
        "power": int(s.power),
        "window": s.window,
        "numbers": integers(s.numbers, stacks, least=1),
        "shares": reals(s.shares, stacks),
    }
    if crystals not in (1, 2) or stacks < 1:
        raise ValueError(f"{crystals} crystals and {stacks} numbers of them in a stack")
    if np.any(np.diff(s.numbers) <= 0):
        raise ValueError(f"numbers of crystals that do not increase: {s.numbers}")
    made: NativeSample = NativeSample.of(members)
    used = [np.array(indices), s.term_occupancy, s.displacement, s.own.ravel()]
    made.parameters = 1 + max(5, *(int(np.max(each, initial=-1)) for each in used))
    made.needed_points = None if is_equal_planes(s) else points
    return made
