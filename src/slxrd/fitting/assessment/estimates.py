"""Result of a fit from the minima of χ²: estimates, limits, solutions and notes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from slxrd.data.noise import Noise, describe_noise
from slxrd.data.pattern import Pattern
from slxrd.data.regions import source_in
from slxrd.fitting.minimise.covariance import on_bound
from slxrd.fitting.minimise.least_squares import Minimum
from slxrd.fitting.objective.residuals import Objective
from slxrd.fitting.result.assessment import Assessment
from slxrd.fitting.result.derived import derived_quantities
from slxrd.fitting.result.fit import AMBIGUOUS, Estimate, Fit, Solution
from slxrd.fitting.result.length_terms import length_terms
from slxrd.fitting.result.probabilities import probabilities
from slxrd.fitting.search.identity import differing
from slxrd.fitting.search.pairs.scan import visible_periods
from slxrd.fitting.uncertainty.limits import fringes_detected, least_disorder, limit, without_fringes
from slxrd.parameters.definitions import STACKING, info
from slxrd.parameters.parameter_set import Parameters

#: Largest change of the curve, in σ, at which twice as many crystals M have no effect.
M_MATTERS = 0.2
#: Below this reduced χ², σ is too large.
LEAST_CHI2 = 0.5
#: Below this reduced χ², which may be zero, only a limit is given of how much too large σ is.
VANISHING_CHI2 = 1e-6

#: Note on two alternating crystals with a free gap.
GROWN = (
    "if these layers grew on one another, without anything between them, L is the distance of planes across "
    "the interface, the mean of both d: give it (--fix L=2.87 --fix sigma_L=0) and, if it is known, one of "
    "the d; free, they trade with the sizes, and such solutions are not found blind"
)
#: Beginnings of the names of parameters that cannot be negative; at zero they have an upper limit.
POSITIVE = ("sigma_", "A_", "unstacked", "occ_", "rho", "wide_L")


class SigmaTooLarge(str):
    """Note of a fit whose σ is larger than its residuals."""

    __slots__ = ()


class FitAssessment:
    """Build the result of a fit from its minima.

    Parameters
    ----------
    pattern : Pattern
        The pattern that was fitted.
    objective : Objective
        Residuals of its regions and the model.
    parameters : Parameters
        Parameters that were given to the fit.
    minima : tuple of Minimum
        Minima of χ², the best first.
    noise : float, str or None
        Noise that was given to the fit.
    notes : list of str
        Notes of the preceding steps.
    assessment : Assessment
        Whether the model describes the data. If it does not, no quantity is estimated.
    crystal : str
        Why the stack is one crystal in disguise; empty if it is not.
    without : tuple of Minimum
        The same minima without systematic effects, if those are in the errors. The probability of a solution
        is then the mean of those with and without them.
    """

    def __init__(
        self,
        pattern: Pattern,
        objective: Objective,
        parameters: Parameters,
        minima: tuple[Minimum, ...],
        noise: Noise | None,
        notes: list[str],
        assessment: Assessment,
        *,
        crystal: str = "",
        without: tuple[Minimum, ...] = (),
    ) -> None:
        self.crystal = crystal
        self.without = without
        self.assessment = assessment
        self.pattern = pattern
        self.objective = objective
        self.parameters = parameters
        self.noise = noise
        self.stack = objective.model.stack
        self.minima = minima
        self.best = minima[0]
        self.errors = self.best.covariance
        self.notes = notes

    def fit(self) -> Fit:
        """Return the fit."""
        for name, (mean, spread) in self.best.parameters.priors.items():
            if name == "q_zero" and name not in self.parameters.priors:
                continue  # assumed, on which there is a note
            row = info(name)
            self.notes.append(f"prior: {row.symbol} = {mean:g} {row.unit}, standard deviation {spread:g}")
        reduced = reduced_chi2(self.objective, self.best)
        covariance, correlation = self.errors.matrix, self.errors.correlation()
        terms = length_terms(self.objective, self.best)
        if self.assessment.rejected:
            estimates = {name: self._not_estimated(name) for name in self.best.parameters}
            derived = {
                name: rejected(each.value, each.unit)
                for name, each in derived_quantities(
                    estimates, self.best.values, self.errors, self.stack, terms
                ).items()
            }
            covariance, correlation = np.full_like(covariance, np.nan), np.full_like(correlation, np.nan)
            if self.stack.partner is not None:
                self._note_on_pairs()
        else:
            estimates = {name: self._estimate(name) for name in self.best.parameters}
            if self.crystal:
                self._without_superlattice(estimates)
            elif self.stack.coherent > 1:
                self._check_fringes(estimates)
            derived = derived_quantities(estimates, self.best.values, self.errors, self.stack, terms)
            self._check_chi2(reduced)
            self._check_coherence()
        solutions = self._solutions(estimates)
        return Fit(
            pattern=self.pattern,
            stack=self.stack,
            instrument=self.objective.model.instrument,
            noise=self._noise(),
            settings=self.objective.settings,
            parameters=estimates,
            derived=derived,
            names=self.best.names,
            covariance=covariance,
            correlation=correlation,
            chi2=self.best.chi2,
            reduced_chi2=reduced,
            n_points=self.objective.n_points,
            solutions=solutions,
            regions=self.best.evaluation.regions,
            converged=self.best.converged,
            why_stopped=self.best.why,
            notes=tuple(self.notes),
            assessment=self.assessment,
            objective=self.objective,
            minima=self.minima,
        )

    def _noise(self) -> str:
        source = source_in(self.pattern, self.noise)
        assumed = self.noise is None and not isinstance(source.source, str)
        return describe_noise(source) + (" (assumed; --noise sets it)" if assumed else "")

    def _not_estimated(self, name: str) -> Estimate:
        stacked = self.stack.coherent > 1 or name not in STACKING
        return rejected(self.best.values[name] if stacked else None, info(name).unit)

    def _estimate(self, name: str) -> Estimate:
        if self.stack.coherent == 1 and name in STACKING:
            return Estimate(None, None, info(name).unit, "undetermined", "a single crystal has no neighbours")
        return estimate_at(self.objective, self.best, name)

    def _without_superlattice(self, estimates: dict[str, Estimate]) -> None:
        """Leave gap and size of a stack that is one crystal in disguise undetermined."""
        for name in (*STACKING, "N", "sigma_N"):
            if self.best.parameters[name].free:
                unit = info(name).unit
                estimates[name] = Estimate(None, None, unit, "undetermined", self.crystal)

    def _check_fringes(self, estimates: dict[str, Estimate]) -> None:
        """If there are no fringes, L is undetermined and σ_L has a lower limit."""
        if not any(self.best.parameters[name].free for name in STACKING):
            return
        seen, gain = fringes_detected(self.objective, self.best)
        if seen:
            return
        parameters = self.parameters
        if self.assessment.grade != "describes":
            # With systematic residuals, a small gain shows neither fringes nor their absence.
            why = "residuals are systematic: nothing can be concluded about fringes"
            for name in STACKING:
                if parameters[name].free:
                    estimates[name] = Estimate(None, None, "Å", "undetermined", why)
            self.minima = (self.best,)
            return
        self.notes.append(
            f"no fringes: stacking improves χ² by {gain:.1f} only, so L is not determined (a larger "
            "coherent domain, better resolution or less noise might show them)"
        )
        if parameters["sigma_L"].free:
            fringeless = without_fringes(self.objective, self.best)
            least = least_disorder(self.objective, fringeless, parameters)
            estimates["sigma_L"] = (
                Estimate(least, None, "Å", "lower bound", "95 % limit")
                if least > 0.0
                else Estimate(None, None, "Å", "undetermined", "the pattern shows no fringes")
            )
        if parameters["L"].free:
            estimates["L"] = Estimate(None, None, "Å", "undetermined", "the pattern shows no fringes")
        self.minima = (self.best,)

    def _check_chi2(self, reduced: float) -> None:
        if self.settings_of_2021 or not reduced < LEAST_CHI2:
            return
        if self.assessment.grade == "describes":
            times = f"about {reduced**-0.5:.1f}" if reduced > VANISHING_CHI2 else "more than 1,000"
            note = (
                f"reduced χ² = {reduced:.2g} is too small: σ is {times} times too large, and the errors "
                "with it (--noise)"
            )
            self.notes.append(SigmaTooLarge(note))

    @property
    def settings_of_2021(self) -> bool:
        """Whether the residuals are those of the 2021 program, which have no expected χ²."""
        return self.objective.settings.objective == "paper2021"

    def _note_on_pairs(self) -> None:
        """Add notes on why two alternating crystals may not describe the pattern."""
        if self.parameters["L"].free:
            self.notes.append(GROWN)
        periods = visible_periods(self.objective)
        if periods:
            listed = ", ".join(f"{period:.0f}" for period in periods)
            self.notes.append(
                f"the pattern by itself repeats with {listed} Å, the strongest first (spectrum of √I): "
                "periods of a superlattice, or thicknesses of layers, whatever they are made of"
            )

    def _check_coherence(self) -> None:
        """Add a note if the chosen M affects the calculated pattern."""
        M = self.stack.coherent
        if M == 1:
            return
        doubled = Objective(
            replace(self.objective.model, stack=replace(self.stack, coherent=2 * M)),
            self.objective.data,
            self.objective.settings,
        ).evaluate(self.best.values)
        change = max(
            float(np.max(np.abs(other.calculated - mine.calculated) / mine.sigma))
            for other, mine in zip(doubled.regions, self.best.evaluation.regions, strict=True)
        )
        if change > M_MATTERS:
            self.notes.append(
                f"M = {M} matters here: {2 * M} crystals would change the curve by up to {change:.1f} σ; "
                "σ_L depends on that choice (--coherent)"
            )

    def _solutions(self, estimates: Mapping[str, Estimate]) -> tuple[Solution, ...]:
        shares = probabilities(self.minima)
        if len(self.without) == len(self.minima):
            shares = 0.5 * (shares + probabilities(self.without))
        least = min(m.chi2 for m in self.minima)
        solutions = tuple(
            Solution(dict(m.values), m.chi2, m.chi2 - least, float(p))
            for m, p in zip(self.minima, shares, strict=True)
        )
        near = [s for s in solutions[1:] if s.near(AMBIGUOUS) and not self.assessment.rejected]
        if near and estimates["L"].status != "undetermined":
            others = ", ".join(f"{self._difference(s)} (Δχ² {s.delta_chi2:.1f})" for s in near)
            self.notes.append(
                f"the answer is not unique: {others} would do as well or nearly so; another Bragg order, "
                "less noise, or an independent size (--bounds N=…) would settle it"
            )
        return solutions

    def _difference(self, solution: Solution) -> str:
        """Name a solution by its L, or, if it has the same, by the parameters in which it differs."""
        changed = differing(solution.values, self.best.values)
        named = ["L"] if "L" in changed or not changed else changed
        rows = [info(name) for name in named]
        return ", ".join(
            f"{row.symbol} = {solution.values[row.name]:.2f} {row.unit}".rstrip() for row in rows
        )


def estimate_at(objective: Objective, best: Minimum, name: str) -> Estimate:
    """Estimate a parameter at the best minimum: value and error, a limit, or why there is neither.

    Parameters
    ----------
    objective : Objective
        Residuals of the data and the model.
    best : Minimum
        The best minimum.
    name : str
        The parameter.
    """
    row, value, unit, errors = best.parameters[name], best.values[name], info(name).unit, best.covariance
    if row.expression is not None:
        error = errors.of({name: 1.0})
        return Estimate(
            value, error, unit, "determined" if error else "fixed", f"tied: {row.expression.text}"
        )
    if name not in best.names:
        return Estimate(value, None, unit, "fixed", "not refined")
    side = on_bound(best, name)
    if side == "upper" and name.startswith("occ_"):
        least = limit(objective, best, name, row.lower)
        if least > row.lower:
            return Estimate(least, None, unit, "lower bound", "95 % limit")
    if side == "lower" and name.startswith(POSITIVE):
        most = limit(objective, best, name, row.upper)
        if most < row.upper:
            return Estimate(most, None, unit, "upper bound", "95 % limit")
        return Estimate(None, None, unit, "undetermined", "χ² does not depend on it")
    if side is not None:
        return Estimate(value, None, unit, "at bound", f"no error bar: {errors.why_not[name]}")
    if name in errors.why_not:
        return Estimate(None, None, unit, "undetermined", f"no error bar: {errors.why_not[name]}")
    known = errors.error(name)
    assert known is not None
    if known > (row.upper - row.lower) / 2.0:
        return Estimate(
            None, None, unit, "undetermined", f"known only to ±{known:.3g}, wider than its bounds"
        )
    return Estimate(value, known, unit)


def reduced_chi2(objective: Objective, minimum: Minimum) -> float:
    """Ratio of χ² with the σ of the points, without correlated errors, to that of noise alone."""
    expected = minimum.covariance.expected_chi2
    if not expected > 0.0:
        return float("nan")
    if not objective.has_correlated:
        return minimum.chi2 / expected
    return (minimum.evaluation.chi2_of_curves + minimum.penalty) / expected


def rejected(value: float | None, unit: str) -> Estimate:
    """Return the estimate of a quantity of a model that does not describe the data."""
    return Estimate(value, None, unit, "rejected", "the model does not describe the data")
