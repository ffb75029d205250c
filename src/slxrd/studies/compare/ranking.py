"""Fits of the same points, compared: evidence, AIC and BIC of each, and what the reader must know."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np

from slxrd.errors import SlxrdError
from slxrd.fitting.objective.settings import BACKGROUNDS
from slxrd.fitting.result.fit import Fit
from slxrd.studies.compare.evidence import Ranges, integral
from slxrd.studies.compare.result import Compared, Comparison

#: Notes of fits begin so whose matter the comparison tells itself.
_KEPT = "q_zero was kept"
_SAID = ("reduced χ²", "no fringes", _KEPT, "q_zero was refined")


def compare_fits(fits: Mapping[str, Fit]) -> Comparison:
    """Rank fits of the same points by the evidence of their models.

    ln Z is the logarithm of the likelihood integrated over the refined parameters and all solutions, with
    flat priors, normalised; each parameter's prior has the same range in all models that refine it: the
    union of their bounds. A crystal of known d restricts the search for d to its neighbourhood; that does not
    count in its favour. Where no fringes are seen, L and σ_L leave the likelihood as it is, and their priors
    integrate to 1. Scale factors and background stand at their best values; there are as many in all models,
    which are equally probable beforehand.

    Parameters
    ----------
    fits : mapping of str to Fit
        Two or more, by the names of their models.

    Raises
    ------
    SlxrdError
        If they are fewer, or not of the same points with the same settings, or have no likelihood
        (objective paper2021).
    """
    if len(fits) < 2:
        raise SlxrdError("one model alone cannot be compared; name two or more")
    first, *others = fits.items()
    if first[1].settings.kind == "paper2021":
        raise SlxrdError("objective paper2021 has no likelihood to compare models by; take linear or log")
    for name, fit in others:
        _check_same(first, (name, fit))
    parts = {name: integral(fit) for name, fit in fits.items()}
    ranges: dict[str, tuple[float, float]] = {}
    for part in parts.values():
        for name, (low, high) in part.limits.items():
            known = ranges.get(name, (low, high))
            ranges[name] = min(low, known[0]), max(high, known[1])
    widths = {name: _log_sigma(fit, first[1]) for name, fit in fits.items()}
    evidence = {name: part.log_evidence(ranges) - widths[name] for name, part in parts.items()}
    lowest = min(fit.reduced_chi2 for fit in fits.values())
    if not (math.isfinite(lowest) and lowest > 0.0):
        raise SlxrdError("as many parameters as points: the models cannot be compared; take more points")
    probability = _shares(evidence)
    models = []
    for name, fit in fits.items():
        k = _count(fit)
        deviance = fit.chi2 + 2.0 * widths[name]
        models.append(
            Compared(
                name,
                fit,
                k,
                evidence[name],
                parts[name].approximate,
                deviance + 2.0 * k,
                deviance + k * math.log(fit.n_points),
                probability[name],
            )
        )
    models.sort(key=lambda model: -model.log_evidence)
    refined = [frozenset(part.names) for part in parts.values()]
    notes = [*_idle(refined, ranges), *_notes(models)]
    return Comparison(tuple(models), ranges, tuple(notes))


def _check_same(one: tuple[str, Fit], other: tuple[str, Fit]) -> None:
    (name, a), (other_name, b) = one, other
    pairs = list(zip(a.regions, b.regions, strict=False))
    same = len(a.regions) == len(b.regions) and all(
        np.array_equal(x.q, y.q)
        and np.array_equal(x.measured, y.measured)
        and x.region.weight == y.region.weight
        for x, y in pairs
    )
    if not same:
        raise SlxrdError(
            f"{name} and {other_name} were not fitted to the same points; compare fits that were"
        )
    if a.settings != b.settings:
        raise SlxrdError(f"{name} and {other_name} were fitted with different objective, scale or background")
    if not a.objective.counted and not all(np.array_equal(x.sigma, y.sigma) for x, y in pairs):
        raise SlxrdError(f"{name} and {other_name} were fitted with different σ; take the same noise")


def _log_sigma(fit: Fit, reference: Fit) -> float:
    """Σ ln σ over that of another fit, weighted as χ² is: σ of counts follows from each fit's own curve."""
    return float(
        sum(
            mine.region.weight * np.sum(np.log(mine.sigma / other.sigma))
            for mine, other in zip(fit.regions, reference.regions, strict=True)
        )
    )


def _count(fit: Fit) -> int:
    linear = BACKGROUNDS.index(fit.settings.background) + (fit.settings.scale == "free")
    return len(fit.names) + linear * len(fit.regions)


def _shares(logarithms: Mapping[str, float]) -> dict[str, float]:
    highest = max(logarithms.values())
    relative = {name: math.exp(value - highest) for name, value in logarithms.items()}
    total = sum(relative.values())
    return {name: value / total for name, value in relative.items()}


def _idle(refined: list[frozenset[str]], ranges: Ranges) -> list[str]:
    """Say which bounds the odds depend on: of what some models refine, and others do not."""
    some = frozenset.union(*refined) - frozenset.intersection(*refined)
    bounds = [f"{name} ({low:g} to {high:g})" for name, (low, high) in ranges.items() if name in some]
    if not bounds:
        return []
    return [f"only some models refine {', '.join(bounds)}: the odds depend on these bounds (--bounds)"]


def _notes(models: list[Compared]) -> list[str]:
    notes = []
    rough = [model.name for model in models if model.approximate]
    if rough:
        notes.append(
            f"the evidence of {', '.join(rough)} is a Laplace approximation, each solution taken as a "
            "Gaussian: no samples could be drawn"
        )
    if any(region.region.weight != 1.0 for region in models[0].fit.regions):
        notes.append(
            "region weights other than 1 change what σ says, in every criterion: below 1, the odds are more "
            "even than the data's own"
        )
    zero = [model.name for model in models if "q_zero" in model.fit.names]
    if 0 < len(zero) < len(models):
        notes.append(
            f"q_zero was refined in {', '.join(zero)} only; --fix q_zero=0, or --free q_zero, treats all "
            "models alike"
        )
    blind = [
        model.name
        for model in models
        if model.fit.stack.n_coherent > 1 and model.fit.parameters["L"].status == "undetermined"
    ]
    if blind:
        notes.append(f"no fringes are seen with {', '.join(blind)}: its evidence is that without L and σ_L")
    unfinished = [model.name for model in models if not model.fit.converged]
    if unfinished:
        notes.append(f"the fit of {', '.join(unfinished)} did not converge")
    if all(any(note.startswith(_KEPT) for note in model.fit.notes) for model in models):
        notes.append("q_zero was kept at its value in all models: these data do not tell it from d")
    said = [note for note in models[0].fit.notes if all(note in model.fit.notes for model in models)]
    notes += [note for note in said if not note.startswith(_SAID)]
    whose: dict[str, list[str]] = {}
    for model in models:
        for note in model.fit.notes:
            if note not in said and not note.startswith(_SAID):
                whose.setdefault(note, []).append(model.name)
    notes += [f"{', '.join(names)}: {note}" for note, names in whose.items()]
    return notes
