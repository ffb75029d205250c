"""Result of a comparison of models, frozen."""

from __future__ import annotations

import io
import math
from dataclasses import asdict, dataclass
from typing import Any, Literal

from slxrd._cached import cached_property
from slxrd._escape import CsvWriter
from slxrd._short_repr import short_repr
from slxrd.fitting.assessment.goodness_of_fit import chi2_scatter
from slxrd.fitting.record.write import assessment_dictionary
from slxrd.fitting.result.fit import Fit
from slxrd.studies.compare.evidence import Ranges
from slxrd.studies.compare.text import CRITERIA, comparison_html, comparison_text, quantities

Criterion = Literal["evidence", "aic", "bic"]

#: Odds below which two models cannot be distinguished.
DECISIVE = 20.0
#: Largest deviation of a reduced χ² from 1, in addition to its scatter.
_NEAR_ONE = 0.2


@short_repr
@dataclass(frozen=True, eq=False)
class ComparedModel:
    """One model of a comparison.

    Parameters
    ----------
    name : str
        Specification or name of the model.
    fit : Fit
        Its fit, with all solutions.
    k : int
        Number of refined parameters, scale factors and background coefficients.
    log_evidence : float
        ln Z up to a constant that is the same for all models.
    approximate : bool
        Whether ln Z is a Laplace approximation.
    aic, bic : float
        χ² + 2k and χ² + k·ln n; where σ follows from each fit's own curve, 2 Σ ln σ is added to χ².
    probability : float
        Posterior probability among the compared models, from the evidence and equal priors.
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
    """Several models of one pattern, ranked; print it for the ranking and the conclusion.

    Parameters
    ----------
    models : tuple of ComparedModel
        Most probable first.
    ranges : mapping of str to (float, float)
        Range of the flat prior of each parameter, the same in all models.
    notes : tuple of str
        Limits of the comparison, and notes of the fits.
    """

    models: tuple[ComparedModel, ...]
    ranges: Ranges
    notes: tuple[str, ...]

    @property
    def best(self) -> ComparedModel:
        """The most probable model."""
        return self.models[0]

    @cached_property
    def reduced_chi2(self) -> float:
        """The lowest reduced χ² of all models."""
        return min(model.fit.reduced_chi2 for model in self.models)

    @cached_property
    def misfit(self) -> Literal["too large", "too small", ""]:
        """Whether the lowest reduced χ² deviates from 1 by more than its scatter; empty if it does not."""
        best = min(self.models, key=lambda model: model.fit.reduced_chi2)
        scatter = chi2_scatter(best.fit.n_points - best.k)
        if abs(self.reduced_chi2 - 1.0) < max(scatter, _NEAR_ONE):
            return ""
        return "too large" if self.reduced_chi2 > 1.0 else "too small"

    @property
    def rejected(self) -> bool:
        """Whether none of the models describes the data."""
        return all(model.fit.rejected for model in self.models)

    def odds(self, model: ComparedModel, other: ComparedModel) -> float:
        """Return the odds of one model against another by the evidence; ``inf`` on overflow.

        Parameters
        ----------
        model, other : ComparedModel
            Models of this comparison.
        """
        difference = model.log_evidence - other.log_evidence
        return math.exp(difference) if difference < 700.0 else math.inf

    def rivals(self) -> tuple[ComparedModel, ...]:
        """Return the models that cannot be distinguished from the best: odds below :data:`DECISIVE`."""
        return tuple(model for model in self.models[1:] if self.odds(self.best, model) < DECISIVE)

    def by(self, criterion: Criterion) -> tuple[ComparedModel, ...]:
        """Return the models in the order of a criterion, best first."""
        keys = {
            "evidence": lambda m: -m.log_evidence,
            "aic": lambda m: m.aic,
            "bic": lambda m: m.bic,
        }
        return tuple(sorted(self.models, key=keys[criterion]))

    def __str__(self) -> str:
        return comparison_text(self)

    def __repr__(self) -> str:
        names = ", ".join(model.name for model in self.models)
        return f"<Comparison of {len(self.models)} models, the most probable first: {names}>"

    def _repr_html_(self) -> str:
        return comparison_html(self)

    def as_dictionary(self) -> dict[str, Any]:
        """Return plain data for JSON; lengths in Å, null for what is not determined."""
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
            "decisive": not self.rivals() and not self.misfit and not self.best.fit.rejected,
            "rivals": [model.name for model in self.rivals()],
            "misfit": self.misfit or None,
            "reduced_chi2": self.reduced_chi2,
            "prior_ranges": {name: list(ends) for name, ends in self.ranges.items()},
            "criteria": CRITERIA,
            "models": [self._dictionary(model) for model in self.models],
            "notes": list(self.notes),
            "printed": str(self),
        }

    def _dictionary(self, model: ComparedModel) -> dict[str, Any]:
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
            "assessment": assessment_dictionary(fit.assessment),
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
        """Return the curves as CSV: q (Å⁻¹), measured, sigma, region, and the intensity of each model."""
        text = io.StringIO()
        table = CsvWriter(text)
        table.writerow(["q", "measured", "sigma", "region", *(model.name for model in self.models)])
        for i, region in enumerate(self.best.fit.regions):
            curves = [model.fit.regions[i].calculated.tolist() for model in self.models]
            columns = (region.q.tolist(), region.measured.tolist(), region.sigma.tolist(), *curves)
            for q, measured, sigma, *calculated in zip(*columns, strict=True):
                row = [f"{value:.10g}" for value in (q, measured, sigma)]
                table.writerow([*row, region.region.name, *(f"{value:.10g}" for value in calculated)])
        return text.getvalue()

    def table(self) -> list[dict[str, str]]:
        """Return the formatted quantities of each model, most probable first."""
        return [quantities(model.fit) for model in self.models]
