"""The function ``slxrd.fit``, and the objects that it makes from its keywords."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Unpack

import numpy as np

from slxrd._arguments import check_arguments
from slxrd.data.corrections import prepare_like
from slxrd.data.pattern import Pattern
from slxrd.data.regions import as_regions
from slxrd.errors import SlxrdError
from slxrd.fitting.diagnosis.alternatives import fit_best
from slxrd.fitting.diagnosis.options import complete, resolution_note
from slxrd.fitting.fit_options import FitOptions
from slxrd.fitting.objective.scans import FurtherScan
from slxrd.fitting.objective.settings import Settings
from slxrd.fitting.request.declaration import collect, documented, options_of
from slxrd.fitting.request.effects import as_systematics
from slxrd.fitting.request.groups import FitKeywords
from slxrd.fitting.result.fit import Fit
from slxrd.fitting.search.scan import Progress
from slxrd.io.registry import read
from slxrd.model.simulation import as_instrument
from slxrd.parameters.definitions import info
from slxrd.parameters.lmfit_bridge import from_lmfit
from slxrd.parameters.parameter_set import Parameters
from slxrd.parameters.scans import scan_of_zero, zero_of_scan
from slxrd.sample.library.ligands import gap_range
from slxrd.sample.specification import as_stack
from slxrd.sample.stack import Stack
from slxrd.units import radiation_name


@check_arguments
def build_parameters(
    parameters: Any = None,
    *,
    start: Mapping[str, float] | None = None,
    fix: Mapping[str, float] | None = None,
    bounds: Mapping[str, tuple[float, float]] | None = None,
    free: Iterable[str] = (),
    tie: Mapping[str, str] | None = None,
    prior: Mapping[str, tuple[float, float]] | None = None,
    ligand: str | None = None,
    stack: Stack | None = None,
) -> Parameters:
    """Build the set of parameters of a fit.

    Parameters
    ----------
    parameters : Parameters or lmfit.Parameters, optional
        Set that the other arguments change; default: that of the structure.
    start, fix : mapping of str to float, optional
        Start values, and values to fix parameters at.
    bounds : mapping of str to (float, float), optional
        Lower and upper bounds.
    free : iterable of str
        Parameters to refine in any case.
    tie : mapping of str to str, optional
        Expressions, ``{"sigma_N": "0.1*N"}``.
    prior : mapping of str to (float, float), optional
        Gaussian priors, as mean and standard deviation, ``{"L": (36, 2)}``.
    ligand : str, optional
        Name or chain length (``"C18"``) of the ligand, which bounds L; see
        :mod:`slxrd.sample.library.ligands`.
    stack : Stack, optional
        Structure to which they belong; default: equal planes, as in the 2021 paper.

    Raises
    ------
    SlxrdError
        If a name is unknown, a start value lies outside its bounds, or two options contradict each other.
    """
    start, fix, tie, free, prior = start or {}, fix or {}, tie or {}, tuple(free), prior or {}
    bounds = dict(bounds or {})
    if ligand is not None:
        if "L" in bounds:
            raise SlxrdError(f"ligand {ligand}: L has bounds of its own; leave one out")
        bounds["L"] = gap_range(ligand)
    result = _as_parameters(parameters)
    for name in (*start, *fix, *bounds, *tie, *free, *prior):
        info(name)
    result = result.within((stack or Stack()).using(result).table)
    _check_contradictions(result, start, fix, tie, free)
    # Together: a start may lie outside the bounds that are being replaced, and the other way round.
    for name in {*bounds, *start}:
        row = result[name]
        lower, upper = bounds.get(name, (row.lower, row.upper))
        value = start.get(name, row.value)
        inside = value is not None and lower <= value <= upper
        if name == "q_zero" and name not in start and not inside:
            value = min(max(0.0, lower), upper)
        result = result.redefine(name, lower, upper, value)
    return result.fix(**fix).tie(**tie).release(*free).prior(**prior)


def _as_parameters(parameters: Any) -> Parameters:
    if parameters is None:
        return Parameters()
    if isinstance(parameters, Parameters):
        return parameters
    if hasattr(parameters, "valuesdict"):
        return from_lmfit(parameters)
    raise SlxrdError(
        f"parameters: expected slxrd.Parameters or lmfit.Parameters, got {type(parameters).__name__}"
    )


def _check_contradictions(
    known: Parameters,
    start: Mapping[str, float],
    fix: Mapping[str, float],
    tie: Mapping[str, str],
    free: tuple[str, ...],
) -> None:
    states = [*fix, *tie, *free]
    for name in states:
        if states.count(name) > 1:
            raise SlxrdError(f"{name} cannot be fixed, tied and free at once")
    fixed = {name for name, row in known.items() if row.free is False}
    for name in start:
        if name in {*fix, *tie} or (name in fixed and name not in free):
            raise SlxrdError(f"{name} has a start but is {'tied' if name in tie else 'fixed'}; leave one out")


def sample_of(options: Mapping[str, Any]) -> tuple[Stack, Parameters]:
    """Build the structure and its parameters from options of a fit.

    Parameters
    ----------
    options : mapping
        Options by name; others have their defaults.

    Raises
    ------
    SlxrdError
        If the structure is invalid or does not have one of the parameters, or options contradict each other.
    """
    refinement = {name: options[name] for name in options_of("refinement") if name in options}
    refinement.pop("budget", None)
    base = refinement.get("parameters")
    named = list(base) if isinstance(base, Parameters) else []
    for key, value in refinement.items():
        if key not in ("parameters", "ligand"):
            named += value or ()
    zeros = [zero_of_scan(scan) for scan, _ in enumerate(options.get("further_scans") or (), start=1)]
    _check_zeros(named, zeros)
    named += zeros
    structure = {name: options[name] for name in options_of("sample") if name in options}
    stack = as_stack(**structure, naming=named)
    return stack, build_parameters(**refinement, stack=stack)


def _check_zeros(named: Iterable[str], zeros: list[str]) -> None:
    for name in named:
        if scan_of_zero(name) is not None and name not in zeros:
            scans = "is one scan" if not zeros else f"are {len(zeros) + 1} scans"
            raise SlxrdError(f"{name}: there {scans} only; leave it out, or give the file of the scan too")


def further_patterns(first: Pattern, options: Mapping[str, Any]) -> list[Pattern]:
    """Read and correct the further scans of a fit.

    Parameters
    ----------
    first : Pattern
        The first scan, whose radiation and corrections files have too.
    options : mapping
        Options by name.

    Raises
    ------
    SlxrdError
        If a file cannot be read.
    """
    items = options["further_scans"]
    return [item if isinstance(item, Pattern) else _read_like(first, item) for item in items]


def further_scans(patterns: Sequence[Pattern], options: Mapping[str, Any]) -> tuple[FurtherScan, ...]:
    """Mask the further scans of a fit.

    Parameters
    ----------
    patterns : sequence of Pattern
        The scans.
    options : mapping
        Options by name.

    Raises
    ------
    SlxrdError
        If the number of resolutions is not that of the further scans.
    """
    widths = list(options["further_resolutions"])
    if len(widths) not in (0, len(patterns)):
        raise SlxrdError(
            f"{len(widths)} resolutions of further scans, but {len(patterns)} further scans; give one for "
            "each"
        )
    found: list[FurtherScan] = []
    for scan, width in zip(patterns, widths or [options["resolution"]] * len(patterns), strict=True):
        pattern = _masked(scan, options["mask"])
        found.append(FurtherScan(pattern, as_instrument(pattern, width, options["zero"])))
    return tuple(found)


def _masked(pattern: Pattern, mask: Iterable[tuple[float, float]]) -> Pattern:
    """Mask the ranges that contain points of one of several scans."""
    q = pattern.to_q().q
    return pattern.without([(a, b) for a, b in mask if np.any((q >= a) & (q <= b))])


def _read_like(first: Pattern, file: str | Path) -> Pattern:
    wavelength: float | str | None = None
    if first.metadata.get("wavelength from") == "the user":
        wavelength = radiation_name(first.wavelength, first.second_line)
    return prepare_like(first, read(file, wavelength=wavelength))


def setup(pattern: Pattern, options: Mapping[str, Any]) -> tuple[Pattern, FitOptions]:
    """Complete options from the pattern, mask it, and convert options to the objects that the fit works with.

    Parameters
    ----------
    pattern : Pattern
        Over q, or over 2θ with a known wavelength.
    options : mapping
        All options by name, as :func:`slxrd.fitting.request.declaration.collect` returns them.

    Returns
    -------
    Pattern
        Over q, masked.
    FitOptions
        Regions, parameters, structure, instrument, noise and settings.

    Raises
    ------
    SlxrdError
        If the options do not suit each other or the pattern.
    """
    scans = further_patterns(pattern, options)
    given, wide = options["coherent"], resolution_note(pattern, options)
    options, notes = complete(pattern, options, scans)
    stack, parameters = sample_of(options)
    pattern = _masked(pattern, options["mask"]) if scans else pattern.without(options["mask"])
    return pattern, FitOptions(
        as_regions(options["regions"]),
        parameters,
        stack,
        as_instrument(pattern, options["resolution"], options["zero"]),
        options["noise"],
        Settings(options["objective"], options["scale"], options["background"]),
        options["budget"],
        further_scans(scans, options),
        options,
        notes,
        systematics=as_systematics(options["systematics"]),
        estimated_coherent=given is None and options["coherent"] not in (1, Stack.coherent),
        resolution_note=wide,
    )


@documented
@check_arguments
def fit(pattern: Pattern, *, report: Progress | None = None, **options: Unpack[FitKeywords]) -> Fit:
    """Fit the structure of a superlattice to its diffraction pattern.

    Every option is a keyword. Options of one group can also be given together, as a mapping or record of
    the group, ``sample={"crystal": "CsPbBr3:Br", "slab": 0.28}``; an option given both ways is an error.

    Parameters
    ----------
    pattern : Pattern
        Measured pattern, over q or over 2θ with a known wavelength.
    report : callable, optional
        Called with steps done and steps in all.
    {options}

    Returns
    -------
    Fit
        Print it for a table.

    Raises
    ------
    SlxrdError
        If the pattern or an option is at fault.
    """
    return fit_best(pattern, collect(options), setup, report)
