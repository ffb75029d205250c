"""Fit a map: search the mean pattern, refine all patterns, and search a random sample afresh."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Unpack

import numpy as np
from numpy.typing import ArrayLike, NDArray

from slxrd._arguments import check_arguments
from slxrd._version import __version__
from slxrd.data.pattern import Axis
from slxrd.errors import SlxrdError
from slxrd.fitting.assessment.estimates import SigmaTooLarge
from slxrd.fitting.request.declaration import documented, flatten
from slxrd.fitting.request.groups import FitKeywords
from slxrd.fitting.result.fit import Fit
from slxrd.fitting.search.scan import Progress
from slxrd.studies.maps.blocks.refinement import SIGNAL
from slxrd.studies.maps.check import Check
from slxrd.studies.maps.files.store import BlockStore
from slxrd.studies.maps.pattern_stack import PatternStack, make_stack
from slxrd.studies.maps.plan import fixed_by, patterns_at_once
from slxrd.studies.maps.prepare import prepare
from slxrd.studies.maps.result import MapFit
from slxrd.studies.maps.stages import NEIGHBOURS, Stages

#: Patterns that are searched in full for the check, and before the refinement for further starts.
SAMPLE, PILOT = 50, 6
#: Arrays of a block that are part of the result under the same name.
_OF_BLOCK = ("errors", "status", "grade", "chi2", "reduced_chi2", "widening", "rises", "competing")


@dataclass(frozen=True)
class MapSettings:
    """How a map is run; nothing here changes its numbers but ``check``, ``pilot`` and ``seed``.

    Parameters
    ----------
    check : int
        Patterns that are searched in full for the check.
    seed : int
        Of the samples.
    pilot : int
        Patterns that are searched in full for further starts.
    workers : int, optional
        Threads; all cores if not given.
    folder : Path, optional
        Where finished blocks are kept.
    """

    check: int = SAMPLE
    seed: int = 0
    pilot: int = PILOT
    workers: int | None = None
    folder: Path | None = None

    def __post_init__(self) -> None:
        for name, value, least in (
            ("check", self.check, 0),
            ("seed", self.seed, 0),
            ("pilot", self.pilot, 0),
        ):
            if value < least:
                raise SlxrdError(f"{name} {value}: must be {least} or more")
        if self.workers is not None and self.workers < 1:
            raise SlxrdError(f"workers {self.workers}: at least 1")


@documented
@check_arguments
def fit_map(
    q: ArrayLike,
    intensity: Any,
    *,
    axis: Axis = "q",
    wavelength: float | str | None = None,
    saturation: float | None = None,
    check: int = SAMPLE,
    seed: int = 0,
    workers: int | None = None,
    executor: Executor | None = None,
    folder: str | Path | None = None,
    source: str = "map",
    report: Progress | None = None,
    **options: Unpack[FitKeywords],
) -> MapFit:
    """Fit a map: many patterns of one kind, without a full search for each.

    The mean pattern is searched as :func:`slxrd.fit` does. Every pattern is refined from all solutions that
    compete there, then from those of its neighbours, and assessed. A random sample is searched in full, and
    compared. q_zero is that of the mean pattern, unless ``free`` names it.

    Parameters
    ----------
    q : array_like, shape (n,)
        Scattering vectors in Å⁻¹, or 2θ in degrees.
    intensity : array, shape (..., n)
        Intensities: an array, a memory map or an h5py dataset, which is read in blocks.
    axis : {"q", "2theta"}
        Quantity of ``q``. Data over 2θ are corrected by the Lorentz-polarisation factor.
    wavelength : float or str, optional
        Å, or a name such as "CuKa1"; needed for 2θ.
    saturation : float, optional
        Intensity from which on the detector is saturated; default: the largest number of an integer type.
    check : int
        Number of patterns that are searched in full for the check.
    seed : int
        Of the samples.
    workers : int, optional
        Threads; all cores if not given.
    executor : concurrent.futures.Executor, optional
        Executor in place of threads, such as that of a dask client.
    folder : path-like, optional
        Where finished blocks are kept; the same call goes on from there.
    source : str
        Name of the map.
    report : callable, optional
        Called with steps done and steps in all.
    {options}

    Returns
    -------
    MapFit
        Print it for a summary.

    Raises
    ------
    SlxrdError
        If the arrays or an option are at fault.
    MapInterrupted
        After Ctrl-C; finished blocks are in ``folder``.
    """
    stack = make_stack(q, intensity, axis=axis, wavelength=wavelength, saturation=saturation, source=source)
    settings = MapSettings(check, seed, workers=workers, folder=None if folder is None else Path(folder))
    return run_map(stack, options, settings, executor, report)


def run_map(
    stack: PatternStack,
    options: Mapping[str, Any],
    settings: MapSettings | None = None,
    executor: Executor | None = None,
    report: Progress | None = None,
) -> MapFit:
    """Fit the patterns of a stack; see :func:`fit_map`.

    Parameters
    ----------
    stack : PatternStack
        The patterns.
    options : mapping
        Options of :func:`slxrd.fit`.
    settings : MapSettings, optional
        How it is run.
    executor : concurrent.futures.Executor, optional
        Executor in place of threads.
    report : callable, optional
        Called with steps done and steps in all.
    """
    settings = settings or MapSettings()
    chosen = flatten(options)
    plan, found, notes = prepare(stack, chosen, settings.pilot, settings.seed)
    _ = plan.objective  # made before there are threads
    size = patterns_at_once(plan)
    with ExitStack() as opened:
        folder = settings.folder
        if folder is None:
            folder = Path(opened.enter_context(tempfile.TemporaryDirectory(prefix="slxrd-map-")))
        store = BlockStore(folder)
        key = repr((__version__, stack.shape, size, settings.seed, stack.source, plan.model, plan.settings))
        if store.open(key, fixed_by(plan)):
            notes.append("finished blocks of an earlier run were used")
        if executor is None:
            executor = opened.enter_context(ThreadPoolExecutor(settings.workers or os.cpu_count() or 1))
        stages = Stages(stack, plan, size, store, executor, report)
        stages.refine()
        stages.pass_on()
        stages.assess()
        # The mean scatters less than the single patterns, whose σ its fit has.
        of_mean = [
            f"of the mean pattern: {note}" for note in found.notes if not isinstance(note, SigmaTooLarge)
        ]
        return _result(stages, found, settings, (*notes, *stages.notes, *of_mean))


def _result(stages: Stages, found: Fit, settings: MapSettings, notes: tuple[str, ...]) -> MapFit:
    """Put the blocks together, and check a random sample of the patterns."""
    stack, plan = stages.stack, stages.plan
    arrays: dict[str, NDArray[Any]] = {}

    def put(name: str, first: int, values: NDArray[Any]) -> None:
        if name not in arrays:
            arrays[name] = np.empty((stack.count, *values.shape[1:]), dtype=values.dtype)
        arrays[name][first : first + len(values)] = values

    for index, first, _ in stages.blocks():
        block = stages.assessed(index)
        known = stages.solutions(NEIGHBOURS, index)
        for name in _OF_BLOCK:
            put(name, first, getattr(block, name))
        put("best", first, block.values)
        put("solutions", first, known.values)
        put("kind", first, known.kind)
    check = stages.check(arrays["kind"], settings.check, settings.seed)
    common = {
        name: float(row.systematic)
        for name, row in found.parameters.items()
        if row.systematic and name in plan.parameters.free_names
    }
    shaped = {name: values.reshape(*stack.shape, *values.shape[1:]) for name, values in arrays.items()}
    return MapFit(
        source=stack.source, shape=stack.shape, names=plan.names, free=plan.parameters.free_names,
        doubtful=_doubtful(stack.shape, check, shaped["kind"] == SIGNAL), check=check, common=common,
        noise=plan.noise.text, notes=notes, simulated=stack.simulated, **shaped,
    )  # fmt: skip


def _doubtful(shape: tuple[int, ...], check: Check, fitted: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Fitted patterns whose closest searched pattern is one in which the search found something else."""
    found = np.zeros(int(np.prod(shape)), dtype=bool)
    if check.disagreeing:
        from scipy.spatial import cKDTree

        places = np.stack(np.unravel_index(np.array(check.patterns), shape), axis=1)
        bad = np.isin(check.patterns, check.disagreeing)
        every = np.stack(np.unravel_index(np.arange(found.size), shape), axis=1)
        found = bad[cKDTree(places).query(every)[1]]
    return np.asarray(found.reshape(shape) & fitted)
