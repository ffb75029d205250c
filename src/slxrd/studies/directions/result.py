"""Result of a fit of several cuts: estimates, solutions, curves."""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from slxrd._escape import CsvWriter, on_one_line
from slxrd._short_repr import short_repr
from slxrd.fitting.minimise.least_squares import Minimum
from slxrd.fitting.objective.evaluation import Fitted
from slxrd.fitting.objective.residuals import Objective
from slxrd.fitting.objective.settings import Settings
from slxrd.fitting.record.write import assessment_dictionary
from slxrd.fitting.result.assessment import Assessment, sentence
from slxrd.fitting.result.fit import AMBIGUOUS, Estimate, Solution
from slxrd.fitting.result.printed import MOST_SHOWN, row_of, table_lines, wrapped
from slxrd.fitting.result.summary import is_simulated
from slxrd.model.directions.axes import Axes
from slxrd.parameters.axes import ENDINGS
from slxrd.parameters.definitions import info
from slxrd.studies.directions.cuts import Cut
from slxrd.units import FloatArray

#: Symbols and meanings of the derived quantities, without their axes.
DERIVED = {
    "period": ("Λ", "superlattice period, (N−1)·d + L"),
    "thickness": ("t", "crystal thickness, (N−1)·d"),
    "wave": ("W·Λ", "wavelength of the displacement"),
}


@short_repr
@dataclass(frozen=True, eq=False, kw_only=True)
class DirectionsFit:
    """Cuts in several directions, fitted together; print it for a table.

    Parameters
    ----------
    cuts : tuple of Cut
        The cuts, with their directions.
    axes : Axes
        Which parameters the axes share, M, and the kind of disorder.
    settings : Settings
        Residuals, scale and background.
    parameters, derived : mapping of str to Estimate
        Of the parameters, and of periods, thicknesses and further quantities; the endings ``_z``, ``_xy``, …
        of their names are the axes.
    names : tuple of str
        The refined parameters.
    covariance : ndarray, shape (f, f)
        Of the refined parameters, by the noise alone; NaN where there is no error bar.
    chi2, reduced_chi2 : float
        χ², and its ratio to the value expected from noise alone.
    n_points : int
        Number of points fitted.
    solutions : tuple of Solution
        All minima, the best first.
    regions : tuple of Fitted
        The curves.
    converged : bool
        Whether the refinement ended at a minimum.
    why_stopped : str
        Why the refinement ended.
    notes : tuple of str
        Decisions, and limits of the result.
    assessment : Assessment
        Whether the model describes the data.
    objective : Objective
        Residuals of the data and the model.
    minima : tuple of Minimum
        Minima of χ², one for each of ``solutions``.
    """

    cuts: tuple[Cut, ...]
    axes: Axes
    settings: Settings
    parameters: Mapping[str, Estimate]
    derived: Mapping[str, Estimate]
    names: tuple[str, ...]
    covariance: FloatArray
    chi2: float
    reduced_chi2: float
    n_points: int
    solutions: tuple[Solution, ...]
    regions: tuple[Fitted, ...]
    converged: bool
    why_stopped: str
    notes: tuple[str, ...]
    assessment: Assessment
    objective: Objective
    minima: tuple[Minimum, ...]

    @property
    def rejected(self) -> bool:
        """Whether the model does not describe the data, so that no quantity is a result."""
        return self.assessment.rejected

    @property
    def unique(self) -> bool:
        """Whether no other solution is nearly as good."""
        limit = AMBIGUOUS * self.assessment.widening**2
        return not any(solution.near(limit) for solution in self.solutions[1:])

    def __str__(self) -> str:
        found = [*wrapped(self.assessment.headline, 80)]
        if self.assessment.misfit is not None:
            found += wrapped(f"  Largest misfit: {sentence(self.assessment.misfit.text)}", 80)
        found.append("")
        for cut in self.cuts:
            label = "  [simulated]" if is_simulated(cut.pattern) else ""
            found.append(f"{on_one_line(cut.name)}{label}: {cut.describe()}")
        found += [*wrapped(self._model(), 80), ""]
        rows = [
            row_of(info(name).symbol, estimate, info(name).short or info(name).meaning)
            for name, estimate in self.parameters.items()
            if not (name.startswith("q_zero") and estimate.status == "fixed" and estimate.value == 0.0)
        ]
        for name, estimate in self.derived.items():
            symbol, meaning = describe_derived(name)
            rows.append(row_of(symbol, estimate, meaning))
        found += [*table_lines(rows), "", *self._solutions()]
        reasons = [each for each in self.assessment.reasons if each not in self.assessment.headline]
        advice = [f"to try: {'; '.join(self.assessment.advice)}"] if self.assessment.advice else []
        unfinished = (
            [] if self.converged else [f"the refinement did not end at a minimum: {self.why_stopped}"]
        )
        for note in (*unfinished, *reasons, *advice, *self.notes):
            found += wrapped(f"! {note}", 80)
        return "\n".join(found)

    def _model(self) -> str:
        M = "{} × {} × {}".format(*self.axes.coherent)
        shared = f", all axes share {', '.join(self.axes.share)}" if self.axes.share else ""
        return (
            f"{self.n_points} points in {len(self.regions)} regions; {self.axes.disorder} disorder, "
            f"M = {M}{shared}; background {self.settings.background}"
        )

    def _solutions(self) -> list[str]:
        first = f"χ² = {self.chi2:.5g}, reduced χ² = {self.reduced_chi2:.3g}"
        if len(self.solutions) < 2:
            return [first]
        lines = [f"{first}; {len(self.solutions)} solutions (minima of χ²):"]
        for k, solution in enumerate(self.solutions[:MOST_SHOWN], start=1):
            values = "  ".join(
                f"{info(name).symbol} {solution.values[name]:.4g}"
                for name in self.names
                if "q_zero" not in name and name not in without_value(self.parameters)
            )
            chance = "" if self.rejected else f"  p {solution.probability:.2g}"
            lines += wrapped(f"  {k}. {values}  Δχ² {solution.delta_chi2:.2f}{chance}", 80, 5)
        if len(self.solutions) > MOST_SHOWN:
            lines.append(f"  and {len(self.solutions) - MOST_SHOWN} more")
        return lines

    def as_dictionary(self) -> dict[str, Any]:
        """Return plain data for JSON; lengths in Å."""
        n = len(self.names)
        return {
            "cuts": [
                {
                    "file": cut.pattern.source,
                    "direction": cut.direction.name,
                    "vector": list(cut.direction.vector),
                    "fibre": cut.direction.fibre,
                    "wide": cut.direction.wide,
                    "instrument": str(cut.instrument),
                    "metadata": dict(cut.pattern.metadata),
                    "history": [str(step) for step in cut.pattern.history],
                }
                for cut in self.cuts
            ],
            "share": list(self.axes.share),
            "separate": list(self.axes.separate),
            "coherent": list(self.axes.coherent),
            "disorder": self.axes.disorder,
            "settings": asdict(self.settings),
            "assessment": assessment_dictionary(self.assessment),
            "parameters": {name: asdict(estimate) for name, estimate in self.parameters.items()},
            "derived": {name: asdict(estimate) for name, estimate in self.derived.items()},
            "names": list(self.names),
            "covariance": [
                [None if value != value else value for value in self.covariance[i].tolist()] for i in range(n)
            ],
            "chi2": self.chi2,
            "reduced_chi2": None if self.reduced_chi2 != self.reduced_chi2 else self.reduced_chi2,
            "n_points": self.n_points,
            "solutions": [asdict(solution) for solution in self.solutions],
            "converged": self.converged,
            "notes": list(self.notes),
        }

    def csv(self) -> str:
        """Return the curves as CSV: region, q (Å⁻¹), measured, sigma, calculated, residual (in σ)."""
        text = io.StringIO()
        table = CsvWriter(text)
        table.writerow(["region", "q", "measured", "sigma", "calculated", "residual"])
        for region in self.regions:
            columns = (region.q, region.measured, region.sigma, region.calculated, region.residual)
            for row in zip(*(column.tolist() for column in columns), strict=True):
                table.writerow([region.region.name, *(f"{value:.10g}" for value in row)])
        return text.getvalue()


def describe_derived(name: str) -> tuple[str, str]:
    """Return symbol and meaning of a derived quantity.

    Parameters
    ----------
    name : str
        Name in :attr:`DirectionsFit.derived`, ``"period_z"``.
    """
    base, _, ending = name.partition("_")
    if base in DERIVED:
        symbol, meaning = DERIVED[base]
        axes = ENDINGS[f"_{ending}" if ending else ""]
        return (f"{symbol}({axes})", f"{meaning}; {axes}") if ending else (symbol, meaning)
    direction, _, axes = ending.partition("_")
    which = f"{direction}; {axes}" if axes else direction
    return f"σ({which})", f"spread of steps as seen along {direction}"


def without_value(parameters: Mapping[str, Estimate]) -> set[str]:
    """Return the parameters without a determined value; their values in a solution have no meaning."""
    return {
        name
        for name, each in parameters.items()
        if each.status in ("undetermined", "lower bound", "upper bound")
    }
