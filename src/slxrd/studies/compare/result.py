"""Models ranked by how well they describe the same points: the result of a comparison; frozen."""

from __future__ import annotations

import csv
import io
import math
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any, Literal

from slxrd.fitting.result.fit import Fit
from slxrd.studies.compare.evidence import Ranges
from slxrd.studies.compare.text import CRITERIA, quantities, told

Criterion = Literal["evidence", "aic", "bic"]

#: Models whose odds are below this cannot be told apart.
DECISIVE = 20.0
#: A reduced χ² is 1 within so many of its standard deviations, √(2/(n−k)), or within this of it.
_SCATTER, _NEAR_ONE = 4.0, 0.2


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
    """

    name: str
    fit: Fit
    k: int
    log_evidence: float
    approximate: bool
    aic: float
    bic: float
    probability: float


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

    def odds(self, model: Compared, other: Compared) -> float:
        """Odds of one model against another by the evidence; ``inf`` where no number holds them.

        Parameters
        ----------
        model, other : Compared
            Of this comparison.
        """
        difference = model.log_evidence - other.log_evidence
        return math.exp(difference) if difference < 700.0 else math.inf

    def rivals(self) -> tuple[Compared, ...]:
        """Models that cannot be told from the best: odds below :data:`DECISIVE`."""
        return tuple(model for model in self.models[1:] if self.odds(self.best, model) < DECISIVE)

    def by(self, criterion: Criterion) -> tuple[Compared, ...]:
        """The models in the order of a criterion, the best first."""
        keys = {
            "evidence": lambda m: -m.log_evidence,
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
            "log_evidence": model.log_evidence,
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
