"""Models that were fitted to the same points, ranked: evidence, AIC, BIC; frozen."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any, Literal

import numpy as np

from slxrd.compare_words import CRITERIA, quantities, told
from slxrd.errors import SlxrdError
from slxrd.evidence import Ranges, integral
from slxrd.result import Fit
from slxrd.settings import BACKGROUNDS

Criterion = Literal["evidence", "aic", "bic"]

#: Models whose odds are below this cannot be told apart.
DECISIVE = 20.0
#: A reduced χ² is 1 within so many of its standard deviations, √(2/(n−k)), or within this of it.
_SCATTER, _NEAR_ONE = 4.0, 0.2
#: Notes of fits begin so whose matter the comparison tells itself.
_KEPT = "q_zero was kept"
_SAID = ("reduced χ²", "no fringes", _KEPT, "q_zero was refined")


@dataclass(frozen=True, eq=False)
class Compared:
    """One of the models that were compared.

    Parameters
    ----------
    name : str
        In words.
    fit : Fit
        With all its solutions.
    k : int
        Refined parameters, scale factors and background coefficients.
    log_evidence : float
        ln Z, up to what is the same for all models.
    approximate : bool
        Whether that is a Laplace approximation.
    aic, bic : float
        χ² + 2k and χ² + k·ln n; with σ from each fit's own curve, 2 Σ ln σ is added to χ².
    probability : float
        Of the model among those compared, each of which was as probable before, by the evidence.
    log_evidence_scaled, probability_scaled : float
        The same, about, if σ is scaled so that the best reduced χ² is 1.
    """

    name: str
    fit: Fit
    k: int
    log_evidence: float
    approximate: bool
    aic: float
    bic: float
    probability: float
    log_evidence_scaled: float
    probability_scaled: float


@dataclass(frozen=True, eq=False)
class Comparison:
    """Several models of one pattern; print it for a table and a verdict.

    Parameters
    ----------
    models : tuple of Compared
        The most probable first.
    ranges : mapping of str to (float, float)
        Within which the flat prior of each parameter lies, the same in all models.
    notes : tuple of str
        What the reader must know of how they were compared.
    """

    models: tuple[Compared, ...]
    ranges: Ranges
    notes: tuple[str, ...]

    @property
    def best(self) -> Compared:
        """The most probable model."""
        return self.models[0]

    @cached_property
    def reduced_chi2(self) -> float:
        """The lowest reduced χ² of all models."""
        return min(model.fit.reduced_chi2 for model in self.models)

    @cached_property
    def misfit(self) -> Literal["too large", "too small", ""]:
        """Whether even the lowest reduced χ² is not 1, by more than it scatters."""
        best = min(self.models, key=lambda model: model.fit.reduced_chi2)
        scatter = _SCATTER * math.sqrt(2.0 / max(best.fit.n_points - best.k, 1))
        if abs(self.reduced_chi2 - 1.0) < max(scatter, _NEAR_ONE):
            return ""
        return "too large" if self.reduced_chi2 > 1.0 else "too small"

    def odds(self, model: Compared, other: Compared, *, scaled: bool = False) -> float:
        """Odds of one model against another by the evidence; ``inf`` where no number holds them.

        Parameters
        ----------
        model, other : Compared
            Of this comparison.
        scaled : bool
            With σ scaled so that the best reduced χ² is 1.
        """
        ends = (
            (model.log_evidence_scaled, other.log_evidence_scaled)
            if scaled
            else (model.log_evidence, other.log_evidence)
        )
        difference = ends[0] - ends[1]
        return math.exp(difference) if difference < 700.0 else math.inf

    def rivals(self, *, scaled: bool = False) -> tuple[Compared, ...]:
        """Models that cannot be told from the best: odds below :data:`DECISIVE`."""
        best = self.by("scaled")[0] if scaled else self.best
        return tuple(
            model
            for model in self.models
            if model is not best and self.odds(best, model, scaled=scaled) < DECISIVE
        )

    def by(self, criterion: Literal["evidence", "scaled", "aic", "bic"]) -> tuple[Compared, ...]:
        """The models in the order of a criterion, the best first."""
        keys = {
            "evidence": lambda m: -m.log_evidence,
            "scaled": lambda m: -m.log_evidence_scaled,
            "aic": lambda m: m.aic,
            "bic": lambda m: m.bic,
        }
        return tuple(sorted(self.models, key=keys[criterion]))

    def __str__(self) -> str:
        return told(self)

    def as_dictionary(self) -> dict[str, Any]:
        """Lay out as plain data, ready for JSON; lengths in Å, what is not determined is null."""
        best = self.best
        return {
            "file": best.fit.pattern.source,
            "history": [str(step) for step in best.fit.pattern.history],
            "n_points": best.fit.n_points,
            "regions": [
                {"low": r.region.low, "high": r.region.high, "weight": r.region.weight}
                for r in best.fit.regions
            ],
            "best": best.name,
            "decisive": not self.rivals() and not self.misfit,
            "rivals": [model.name for model in self.rivals()],
            "misfit": self.misfit or None,
            "reduced_chi2": self.reduced_chi2,
            "sigma_scaled_by": math.sqrt(self.reduced_chi2),
            "prior_ranges": {name: list(ends) for name, ends in self.ranges.items()},
            "criteria": CRITERIA,
            "models": [self._dictionary(model) for model in self.models],
            "notes": list(self.notes),
            "printed": str(self),
        }

    def _dictionary(self, model: Compared) -> dict[str, Any]:
        fit = model.fit
        return {
            "name": model.name,
            "structure": str(fit.stack),
            "probability": model.probability,
            "probability_scaled": model.probability_scaled,
            "log_evidence": model.log_evidence,
            "log_evidence_scaled": model.log_evidence_scaled,
            "approximate": model.approximate,
            "aic": model.aic,
            "bic": model.bic,
            "k": model.k,
            "chi2": fit.chi2,
            "reduced_chi2": fit.reduced_chi2 if math.isfinite(fit.reduced_chi2) else None,
            "refined": list(fit.names),
            "parameters": {name: asdict(estimate) for name, estimate in fit.parameters.items()},
            "derived": {name: asdict(estimate) for name, estimate in fit.derived.items()},
            "solutions": [
                {**asdict(solution), "values": dict(solution.values)} for solution in fit.solutions
            ],
            "noise": fit.noise,
            "converged": fit.converged,
            "notes": list(fit.notes),
        }

    def csv(self) -> str:
        """Write the curves: q (Å⁻¹), measured, sigma, region, and what each model calculates."""
        text = io.StringIO()
        table = csv.writer(text, lineterminator="\n")
        table.writerow(["q", "measured", "sigma", "region", *(model.name for model in self.models)])
        for i, region in enumerate(self.best.fit.regions):
            curves = [model.fit.regions[i].calculated.tolist() for model in self.models]
            columns = (region.q.tolist(), region.measured.tolist(), region.sigma.tolist(), *curves)
            for q, measured, sigma, *calculated in zip(*columns, strict=True):
                row = [f"{value:.10g}" for value in (q, measured, sigma)]
                table.writerow([*row, region.region.name, *(f"{value:.10g}" for value in calculated)])
        return text.getvalue()

    def table(self) -> list[dict[str, str]]:
        """What each model says of the quantities that they share, in words; see ``str``."""
        return [quantities(model.fit) for model in self.models]


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
    scale = min(fit.reduced_chi2 for fit in fits.values())
    if not (math.isfinite(scale) and scale > 0.0):
        raise SlxrdError("as many parameters as points: the models cannot be compared; take more points")
    scaled = {name: evidence[name] + part.with_noise_scaled(scale) for name, part in parts.items()}
    probability, probability_scaled = _shares(evidence), _shares(scaled)
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
                scaled[name],
                probability_scaled[name],
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
    for model in models:
        own = (note for note in model.fit.notes if note not in said)
        notes += [f"{model.name}: {note}" for note in own if not note.startswith(_SAID)]
    return notes
