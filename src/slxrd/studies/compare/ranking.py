"""Rank fits of the same points by evidence, AIC and BIC."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from slxrd._arguments import check_arguments
from slxrd.errors import SlxrdError
from slxrd.fitting.result.fit import Fit
from slxrd.studies.compare.evidence import Ranges, integral, without_visible_fringes
from slxrd.studies.compare.result import ComparedModel, Comparison

#: Beginnings of notes of fits that the comparison replaces by its own.
_Q_ZERO_FIXED = "q_zero was fixed"
_COVERED = ("reduced χ²", "no fringes", _Q_ZERO_FIXED, "q_zero was refined")


@check_arguments
def compare_fits(fits: Mapping[str, Fit]) -> Comparison:
    """Rank fits of the same points by the evidence of their models.

    ln Z is the logarithm of the likelihood integrated over the refined parameters and all solutions, with
    normalised flat priors. The prior of a parameter has the same range in all models that refine it: the
    union of their bounds, so that a crystal of known d, which restricts the search for d to its
    neighbourhood, has no advantage. Where no fringes are seen, the likelihood does not depend on L and σ_L,
    and their priors integrate to 1. Scale factors and background have their best values; their number is the
    same in all models. The prior probabilities of the models are equal.

    Parameters
    ----------
    fits : mapping of str to Fit
        Two or more fits, by the names of their models.

    Returns
    -------
    Comparison
        The models, most probable first.

    Raises
    ------
    SlxrdError
        If there are fewer than two fits, if they are not of the same points with the same settings, or if
        they have no likelihood (objective paper2021).
    """
    if len(fits) < 2:
        raise SlxrdError("one model alone cannot be compared; name two or more")
    first, *others = fits.items()
    if first[1].settings.objective == "paper2021":
        raise SlxrdError("objective paper2021 has no likelihood to compare models by; take linear or log")
    for name, fit in others:
        _check_same(first, (name, fit))
    parts = {name: integral(fit) for name, fit in fits.items()}
    ranges: dict[str, tuple[float, float]] = {}
    for part in parts.values():
        for name, (low, high) in part.limits.items():
            lowest_so_far, highest_so_far = ranges.get(name, (low, high))
            ranges[name] = min(low, lowest_so_far), max(high, highest_so_far)
    log_sigma = {name: _log_sigma(fit, first[1]) for name, fit in fits.items()}
    evidence = {name: part.log_evidence(ranges) - log_sigma[name] for name, part in parts.items()}
    lowest = min(fit.reduced_chi2 for fit in fits.values())
    if not (math.isfinite(lowest) and lowest > 0.0):
        raise SlxrdError("as many parameters as points: the models cannot be compared; take more points")
    probability = _probabilities(evidence)
    models = []
    for name, fit in fits.items():
        k = _count(fit)
        deviance = min(minimum.chi2 for minimum in fit.minima) + 2.0 * log_sigma[name]
        models.append(
            ComparedModel(
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
    notes = [*_prior_note(refined, ranges), *_notes(models)]
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
    """Half of the logarithm of the ratio of the determinants of both covariances, weighted as χ² is.

    σ of counts follows from each fit's own curve, and each has systematic effects of its own.
    """
    correlated = 0.5 * (fit.objective.log_determinant - reference.objective.log_determinant)
    return correlated + float(
        sum(
            mine.region.weight * np.sum(np.log(mine.sigma / other.sigma))
            for mine, other in zip(fit.regions, reference.regions, strict=True)
        )
    )


def _count(fit: Fit) -> int:
    """Number of refined parameters, scale factors and background coefficients."""
    linear = sum(len(region.background) + (fit.settings.scale == "free") for region in fit.regions)
    return len(fit.names) + linear


def _probabilities(log_evidence: Mapping[str, float]) -> dict[str, float]:
    highest = max(log_evidence.values())
    relative = {name: math.exp(value - highest) for name, value in log_evidence.items()}
    total = sum(relative.values())
    return {name: value / total for name, value in relative.items()}


def _prior_note(refined: list[frozenset[str]], ranges: Ranges) -> list[str]:
    """Name the bounds on which the odds depend: those of parameters that only some models refine."""
    some = frozenset.union(*refined) - frozenset.intersection(*refined)
    bounds = [f"{name} ({low:g} to {high:g})" for name, (low, high) in ranges.items() if name in some]
    if not bounds:
        return []
    return [f"only some models refine {', '.join(bounds)}: the odds depend on these bounds (--bounds)"]


def _notes(models: Sequence[ComparedModel]) -> list[str]:
    """Limits of the comparison, and the notes of the fits."""
    notes = []
    rough = _names(model for model in models if model.approximate)
    if rough:
        notes.append(
            f"the evidence of {rough} is a Laplace approximation, each solution taken as a "
            "Gaussian: no samples could be drawn"
        )
    if any(region.region.weight != 1.0 for region in models[0].fit.regions):
        notes.append(
            "region weights other than 1 rescale χ² in every criterion: below 1, the odds are more "
            "even than the data's own"
        )
    refined = [model for model in models if "q_zero" in model.fit.names]
    if 0 < len(refined) < len(models):
        notes.append(
            f"q_zero was refined in {_names(refined)} only; --fix q_zero=0, or --free q_zero, treats all "
            "models alike"
        )
    blind = _names(model for model in models if without_visible_fringes(model.fit))
    if blind:
        notes.append(f"no fringes are seen with {blind}: its evidence is that without L and σ_L")
    unfinished = _names(model for model in models if not model.fit.converged)
    if unfinished:
        notes.append(f"the fit of {unfinished} did not converge")
    return notes + _fit_notes(models)


def _names(models: Iterable[ComparedModel]) -> str:
    return ", ".join(model.name for model in models)


def _fit_notes(models: Sequence[ComparedModel]) -> list[str]:
    """Notes of the fits: those of all models once, the others after the names of their models."""
    notes = []
    if all(any(note.startswith(_Q_ZERO_FIXED) for note in model.fit.notes) for model in models):
        notes.append("q_zero is fixed in all models: these data cannot separate it from d")
    of_model: dict[str, list[str]] = {}
    for model in models:
        for note in dict.fromkeys(model.fit.notes):
            if not note.startswith(_COVERED):
                of_model.setdefault(note, []).append(model.name)
    notes += [note for note, names in of_model.items() if len(names) == len(models)]
    notes += [f"{', '.join(names)}: {note}" for note, names in of_model.items() if len(names) < len(models)]
    return notes
