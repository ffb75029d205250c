"""Fit several models to one pattern."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any

from slxrd._arguments import check_arguments
from slxrd.data.pattern import Pattern
from slxrd.data.peaks import find_regions
from slxrd.data.regions import RegionLike, as_regions, select_points
from slxrd.errors import SlxrdError
from slxrd.fitting.api import build_parameters, fit
from slxrd.fitting.objective.settings import AUTO, Settings
from slxrd.fitting.request.declaration import collect, flatten, options_of, undiagnosed
from slxrd.fitting.request.named import Named, Names
from slxrd.fitting.result.fit import Fit
from slxrd.fitting.search.background import SEARCHED
from slxrd.fitting.search.scan import Progress
from slxrd.model.simulation import as_instrument
from slxrd.parameters.definitions import STACKING, info
from slxrd.parameters.expressions import Expression
from slxrd.sample.library.ligands import gap_range
from slxrd.sample.specification import as_stack
from slxrd.studies.compare.q_zero import same_q_zero
from slxrd.studies.compare.ranking import compare_fits
from slxrd.studies.compare.result import Comparison
from slxrd.studies.compare.specification import model_names, model_options

#: Specifications of models, or the arguments of a fit by names chosen by the user.
Models = Iterable[str] | Mapping[str, Mapping[str, Any]]

#: Steps of the progress bar for each model.
_STEPS = 100
#: Options of the structure, and options that name parameters.
_STRUCTURE = tuple(options_of("sample"))
_PARAMETERS = tuple(
    name for name, option in options_of("refinement").items() if isinstance(option.kind, Named | Names)
)


@check_arguments
def compare_models(
    pattern: Pattern, models: Models, *, report: Progress | None = None, **options: Any
) -> Comparison:
    """Fit several models to a pattern and rank them.

    Parameters
    ----------
    pattern : Pattern
        Measured pattern, over q or over 2θ with a known wavelength.
    models : iterable of str, or mapping of str to mapping
        Specifications of models, ``["planes", "planes+mixed", "CsPbBr3:Br+slab=0.28"]``, see
        :func:`slxrd.studies.compare.specification.model_options`; or the arguments of :func:`slxrd.fit`
        for each name, ``{"mine": {"crystal": my_crystal}}``.
    report : callable, optional
        Called with the number of completed steps and of all steps.
    **options
        Arguments of :func:`slxrd.fit` for all models. Parameter options apply to the models that have the
        parameter.

    Returns
    -------
    Comparison
        Print it for the ranking and the conclusion.

    Raises
    ------
    SlxrdError
        If the pattern, a model or an option is invalid; raised before the first fit.
    """
    return compare_fits(dict(fit_models(pattern, models, report=report, **options)))


def fit_models(
    pattern: Pattern,
    models: Models,
    *,
    regions: Iterable[RegionLike] = (),
    mask: Iterable[tuple[float, float]] = (),
    report: Progress | None = None,
    **options: Any,
) -> Iterator[tuple[str, Fit]]:
    """Check all models at once, then fit them one after the other as the iterator advances.

    Parameters
    ----------
    pattern, models, report, **options
        As in :func:`compare_models`.
    regions, mask
        As in :func:`slxrd.fit`.

    Returns
    -------
    iterator of (str, Fit)
        Name and fit of each model. A name that is yielded a second time replaces the first fit: where only
        some models would refine q_zero, they are fitted again so that all or none do.

    Raises
    ------
    SlxrdError
        If the pattern, a model or an option is invalid; raised by the call, before the first fit.
    """
    specified = _arguments_by_name(models)
    if len(specified) < 2:
        raise SlxrdError("one model alone cannot be compared; name two or more, such as planes,planes+mixed")
    pattern = pattern.to_q()
    for low, high in mask:
        pattern = pattern.masked(low, high)
    selected = as_regions(regions) or find_regions(pattern)
    options = flatten(options)
    if options.get("background", AUTO) == AUTO and options.get("scale") != "peak":
        options["background"] = SEARCHED  # the same for all models
    common = {name: options.pop(name, None) for name in (*_PARAMETERS, "ligand")}
    common = {name: value for name, value in common.items() if value}
    shared = {name: options.pop(name) for name in _STRUCTURE if name in options}
    own = {name: {**shared, **arguments} for name, arguments in specified.items()}
    most = _check_common(pattern, selected, options)
    prepared = _all_arguments(own, common, most)
    return _fit_in_turn(pattern, selected, prepared, options, report or (lambda done, total: None))


def _arguments_by_name(models: Models) -> dict[str, dict[str, Any]]:
    """Return the arguments of the fit of each model, by its name."""
    if isinstance(models, str):
        models = [models]
    if isinstance(models, Mapping):
        specified = {str(name): dict(arguments) for name, arguments in models.items()}
    else:
        specified = {name: model_options(name) for name in model_names(models)}
    for name, arguments in specified.items():
        unknown = set(arguments) - {*_STRUCTURE, *_PARAMETERS}
        if unknown:
            known = ", ".join((*_STRUCTURE, *_PARAMETERS))
            raise SlxrdError(f"model {name}: {min(unknown)} is not an argument of a model; those are {known}")
    return specified


def _check_common(pattern: Pattern, regions: Any, given: Mapping[str, Any]) -> int:
    """Check the options that all models share; return how many parameters the smallest region allows."""
    options = collect(given)
    if options["objective"] == "paper2021":
        raise SlxrdError("objective paper2021 has no likelihood to compare models by; take linear or log")
    settings = Settings(options["objective"], options["scale"], options["background"])
    data = select_points(pattern, regions, options["noise"])
    as_instrument(pattern, options["resolution"], options["zero"])
    return min(points.q.size - settings.n_coefficients(points.q) for points in data)


def _all_arguments(
    own: Mapping[str, dict[str, Any]], common: Mapping[str, Any], most: int
) -> dict[str, dict[str, Any]]:
    """Return the arguments of each model's fit: its own, and common ones of parameters that it has."""
    requested = [(kind, name) for kind in _PARAMETERS for name in common.get(kind, ())]
    for _, name in requested:
        info(name)
    if "ligand" in common:
        gap_range(common["ligand"])
        requested.append(("ligand", "L"))
    prepared, used = {}, set()
    for model, arguments in own.items():
        try:
            prepared[model], taken = _model_arguments(arguments, common, most)
        except SlxrdError as error:
            raise SlxrdError(f"model {model}: {error}") from None
        used |= taken
    for kind, name in requested:
        if (kind, name) not in used:
            raise SlxrdError(
                f"--{kind} {name}: none of the models has {name}; leave it out, or add one that has it"
            )
    return prepared


def _model_arguments(
    arguments: Mapping[str, Any], common: Mapping[str, Any], most: int
) -> tuple[dict[str, Any], set[tuple[str, str]]]:
    """Return the arguments of one model's fit, and which common ones, as (kind, name), are among them."""
    structure = {name: arguments[name] for name in _STRUCTURE if name in arguments}
    own = {kind: arguments.get(kind) or () for kind in _PARAMETERS}
    named = {name for kind in _PARAMETERS for name in own[kind]}
    stack = as_stack(**structure, naming=sorted(named))
    available = {*stack.table, *stack.offers} - (set(STACKING) if stack.coherent == 1 else set())
    merged: dict[str, Any] = {}
    taken: set[tuple[str, str]] = set()
    for kind in _PARAMETERS:
        given = common.get(kind, ())
        names = _applicable(kind, given, available)
        for name in names:
            if name in named:
                raise SlxrdError(f"{name} is given in the model and by --{kind} too; leave one out")
        taken |= {(kind, name) for name in names}
        if kind == "free":
            merged[kind] = [*own[kind], *names]
        else:
            merged[kind] = {**dict(own[kind]), **{name: given[name] for name in names}}
    if "ligand" in common and "L" in available:
        merged["ligand"] = common["ligand"]
        taken.add(("ligand", "L"))
    used = as_stack(**structure, naming=sorted({name for kind in _PARAMETERS for name in merged[kind]}))
    parameters = build_parameters(**merged, stack=used).within(used.table)
    refined = len(parameters.free_names) - (2 if used.coherent == 1 else 0)
    if most < refined:
        raise SlxrdError(
            f"its {refined} parameters are more than the points of the smallest region allow; widen it"
        )
    return {**structure, **merged}, taken


def _applicable(kind: str, given: Any, available: Collection[str]) -> list[str]:
    """Names in a common option that the model has; a tie needs all names of its expression."""
    names = [name for name in given if name in available]
    if kind != "tie":
        return names
    return [name for name in names if Expression(given[name]).names <= set(available)]


def _fit_in_turn(
    pattern: Pattern,
    regions: Any,
    prepared: Mapping[str, dict[str, Any]],
    options: Mapping[str, Any],
    report: Progress,
) -> Iterator[tuple[str, Fit]]:
    """Fit each model, yielding a model a second time when it is fitted again or gets another note."""
    total = _STEPS * len(prepared)
    started = 0

    def fit_one(name: str, arguments: Mapping[str, Any]) -> Fit:
        nonlocal started
        before, started = _STEPS * started, started + 1

        def step(done: int, of: int) -> None:
            report(before + int(0.9 * _STEPS * done / max(of, 1)), max(total, _STEPS * started))

        try:
            result = fit(pattern, regions=regions, report=step, **undiagnosed({**arguments, **options}))
        except SlxrdError as error:
            raise SlxrdError(f"model {name}: {error}") from None
        report(_STEPS * started, max(total, _STEPS * started))
        return result

    fits: dict[str, Fit] = {}
    for name, arguments in prepared.items():
        fits[name] = fit_one(name, arguments)
        yield name, fits[name]
    yield from same_q_zero(fits, prepared, fit_one).items()
