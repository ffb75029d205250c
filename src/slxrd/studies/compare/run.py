"""Several models fitted to one pattern, one after the other."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from slxrd.data.pattern import Pattern
from slxrd.data.peaks import find_regions
from slxrd.data.regions import select
from slxrd.errors import SlxrdError
from slxrd.fitting.api import RegionLike, as_region, build_parameters, fit
from slxrd.fitting.objective.settings import BACKGROUNDS, Settings
from slxrd.fitting.result.fit import Fit
from slxrd.fitting.search.scan import Progress
from slxrd.instrument.diffractometer import Instrument, Zero
from slxrd.model.simulation import as_instrument
from slxrd.parameters.definitions import STACKING, info
from slxrd.parameters.expressions import Expression
from slxrd.sample.library.ligands import gap_range
from slxrd.sample.specification import as_stack
from slxrd.studies.compare.q_zero import q_zero_alike
from slxrd.studies.compare.ranking import compare_fits
from slxrd.studies.compare.result import Comparison
from slxrd.studies.compare.specification import model_names, model_options

#: Models in words, or what a fit is told of each by a name of one's own.
Models = Iterable[str] | Mapping[str, Mapping[str, Any]]

#: Steps of the progress bar for each model.
_STEPS = 100
#: What tells of a structure, and what tells of parameters.
_STRUCTURE = (
    "crystal",
    "partner",
    "slab",
    "stack",
    "weighting",
    "coherent",
    "coherent_spread",
    "size_window",
)
_PARAMETERS = ("start", "fix", "bounds", "prior", "tie", "free")


def compare_models(
    pattern: Pattern, models: Models, *, report: Progress | None = None, **options: Any
) -> Comparison:
    """Fit several models to a pattern, and rank them.

    Parameters
    ----------
    pattern : Pattern
        Measured pattern, over q or over 2θ with a known wavelength.
    models : iterable of str, or mapping of str to mapping
        Models in words, ``["planes", "planes+mixed", "CsPbBr3:Br+slab=0.28"]``, see
        :func:`slxrd.studies.compare.specification.model_options`; or arguments of :func:`slxrd.fit` by the
        models' names,
        ``{"mine": {"crystal": my_crystal}}``.
    report : callable, optional
        Called with steps done and steps in all.
    **options
        As for :func:`slxrd.fit`. What is said of a parameter holds for the models that have it.

    Returns
    -------
    Comparison
        Print it for a table and a verdict.

    Raises
    ------
    SlxrdError
        If the pattern, a model or an option is at fault; before anything is fitted.
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
    """Check all models, and then fit one after the other, as it is asked for.

    Parameters
    ----------
    pattern, models, report, **options
        As in :func:`compare_models`.
    regions, mask
        As in :func:`slxrd.fit`.

    Returns
    -------
    iterator of (str, Fit)
        Name of the model, and its fit. A name that comes again replaces what came before: where some models
        would refine q_zero and others would not, all are made to do the same.

    Raises
    ------
    SlxrdError
        As there; at once.
    """
    told = _told(models)
    if len(told) < 2:
        raise SlxrdError("one model alone cannot be compared; name two or more, such as planes,planes+mixed")
    pattern = pattern.to_q()
    for low, high in mask:
        pattern = pattern.masked(low, high)
    chosen = tuple(as_region(region) for region in regions) or find_regions(pattern)
    common = {name: options.pop(name, None) for name in (*_PARAMETERS, "ligand")}
    common = {name: value for name, value in common.items() if value}
    shared = {name: options.pop(name) for name in _STRUCTURE if name in options}
    apart = {name: {**shared, **words} for name, words in told.items()}
    fewest = _check(pattern, chosen, **options)
    prepared = _distributed(apart, common, fewest)
    return _fitted(pattern, chosen, prepared, options, report or (lambda done, of: None))


def _told(models: Models) -> dict[str, dict[str, Any]]:
    if isinstance(models, str):
        models = [models]
    if isinstance(models, Mapping):
        told = {str(name): dict(words) for name, words in models.items()}
    else:
        told = {name: model_options(name) for name in model_names(models)}
    for name, words in told.items():
        unknown = set(words) - {*_STRUCTURE, *_PARAMETERS}
        if unknown:
            known = ", ".join((*_STRUCTURE, *_PARAMETERS))
            raise SlxrdError(
                f"model {name}: {min(unknown)} does not belong to a model, which is told {known}"
            )
    return told


def _check(
    pattern: Pattern,
    regions: Any,
    noise: Any = None,
    objective: Any = "linear",
    scale: Any = None,
    background: Any = "none",
    resolution: Any = Instrument.sigma_G,
    zero: Zero = "q",
) -> int:
    """Check what is common to all models; how many parameters the smallest region allows."""
    if objective == "paper2021":
        raise SlxrdError("objective paper2021 has no likelihood to compare models by; take linear or log")
    settings = Settings(objective, scale, background)
    data = select(pattern, regions, noise)
    as_instrument(pattern, resolution, zero)
    linear = BACKGROUNDS.index(settings.background) + (settings.scale == "free")
    return min(points.q.size for points in data) - linear


def _distributed(
    apart: Mapping[str, dict[str, Any]], common: Mapping[str, Any], fewest: int
) -> dict[str, dict[str, Any]]:
    """Give each model its own words, and of the common ones those of parameters that it has."""
    wanted = [(kind, name) for kind in _PARAMETERS for name in common.get(kind, ())]
    for _, name in wanted:
        info(name)
    if "ligand" in common:
        gap_range(common["ligand"])
    prepared, used = {}, set()
    for model, words in apart.items():
        try:
            prepared[model], taken = _one(words, common, fewest)
        except SlxrdError as error:
            raise SlxrdError(f"model {model}: {error}") from None
        used |= taken
    for kind, name in (*wanted, *([("ligand", "L")] if "ligand" in common else [])):
        if (kind, name) not in used:
            raise SlxrdError(
                f"--{kind} {name}: none of the models has {name}; leave it out, or add one that has it"
            )
    return prepared


def _one(
    words: Mapping[str, Any], common: Mapping[str, Any], fewest: int
) -> tuple[dict[str, Any], set[tuple[str, str]]]:
    """Arguments of a fit of one model, and which of the common ones it has taken."""
    structure = {name: words[name] for name in _STRUCTURE if name in words}
    own = {kind: words.get(kind) or () for kind in _PARAMETERS}
    named = {name for kind in _PARAMETERS for name in own[kind]}
    stack = as_stack(**structure, naming=sorted(named))
    has = {*stack.table, *stack.offers} - (set(STACKING) if stack.n_coherent == 1 else set())
    told: dict[str, Any] = {}
    taken: set[tuple[str, str]] = set()
    for kind in _PARAMETERS:
        given = common.get(kind, ())
        kept = [
            name for name in given if name in has and (kind != "tie" or Expression(given[name]).names <= has)
        ]
        for name in kept:
            if name in named:
                raise SlxrdError(f"{name} is told in the model and by --{kind} too; leave one out")
        taken |= {(kind, name) for name in kept}
        if kind == "free":
            told[kind] = [*own[kind], *kept]
        else:
            told[kind] = {**dict(own[kind]), **{name: given[name] for name in kept}}
    if "ligand" in common and "L" in has:
        told["ligand"] = common["ligand"]
        taken.add(("ligand", "L"))
    used = as_stack(**structure, naming=sorted({name for kind in _PARAMETERS for name in told[kind]}))
    parameters = build_parameters(**told, stack=used).within(used.table)
    refined = len(parameters.free_names) - (2 if used.n_coherent == 1 else 0)
    if fewest < refined:
        raise SlxrdError(
            f"its {refined} parameters are more than the points of the smallest region allow; widen it"
        )
    return {**structure, **told}, taken


def _fitted(
    pattern: Pattern,
    regions: Any,
    prepared: Mapping[str, dict[str, Any]],
    options: Mapping[str, Any],
    report: Progress,
) -> Iterator[tuple[str, Fit]]:
    """Fit the models in turn; those that must be fitted once more, or told of it, come twice."""
    total = _STEPS * len(prepared)
    begun = 0

    def one(name: str, told: Mapping[str, Any]) -> Fit:
        nonlocal begun
        before, begun = _STEPS * begun, begun + 1

        def step(done: int, of: int) -> None:
            report(before + int(0.9 * _STEPS * done / max(of, 1)), max(total, _STEPS * begun))

        try:
            found = fit(pattern, regions=regions, report=step, **told, **options)
        except SlxrdError as error:
            raise SlxrdError(f"model {name}: {error}") from None
        report(_STEPS * begun, max(total, _STEPS * begun))
        return found

    done: dict[str, Fit] = {}
    for name, told in prepared.items():
        done[name] = one(name, told)
        yield name, done[name]
    yield from q_zero_alike(done, prepared, one).items()
