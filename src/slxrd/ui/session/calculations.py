"""What follows from the state of a session: its pattern, parameters, objective and curves."""

from __future__ import annotations

from collections.abc import Mapping

from slxrd.data.pattern import Pattern
from slxrd.data.regions import Region
from slxrd.errors import SlxrdError
from slxrd.fitting.diagnosis.options import diagnosis_for
from slxrd.fitting.objective.evaluation import Fitted
from slxrd.fitting.objective.residuals import Objective
from slxrd.fitting.record.saved_fit import SavedFit
from slxrd.fitting.record.state import State
from slxrd.fitting.result.fit import Fit
from slxrd.fitting.search.initial_guess import first_guess
from slxrd.parameters.definitions import info
from slxrd.parameters.parameter_set import Parameters
from slxrd.ui.session.fitted_curves import FittedDifference, has_points_of, with_sigma_of
from slxrd.ui.session.history import History
from slxrd.ui.session.pattern_source import Cache, PatternSource, objective_of, ranges_of


class Calculations(History):
    """A history of states, and what is calculated from the current one; nothing here changes it.

    Parameters
    ----------
    state : State
        Initial state.
    """

    def __init__(self, state: State) -> None:
        super().__init__(state)
        self._source = PatternSource()
        self._objectives: Cache[Objective] = Cache()
        self._fits: Cache[Fit] = Cache()
        self._parameters: Cache[Parameters] = Cache()
        self._differences: Cache[tuple[Objective, FittedDifference]] = Cache()

    def pattern(self) -> Pattern:
        """Return the pattern, read and corrected; over 2θ if it was measured over 2θ.

        Raises
        ------
        SlxrdError
            If no file is open, the file cannot be read, or it has changed since it was opened.
        """
        return self._source.pattern(self.state)

    def pattern_of_file(self) -> Pattern:
        """Return the pattern as it is in the file, without corrections.

        Raises
        ------
        SlxrdError
            If no file is open, the file cannot be read, or it has changed since it was opened.
        """
        return self._source.raw(self.state)

    def ranges(self) -> tuple[tuple[Region, ...], tuple[tuple[float, float], ...]]:
        """Return the regions and the masks that a fit would use, chosen or from the pattern.

        Raises
        ------
        SlxrdError
            If there is no pattern, or no region in it.
        """
        return ranges_of(self.pattern(), self.state.choices)

    @property
    def fit_result(self) -> Fit | None:
        """The fit of the current state; None if there is none, or after reopening (:attr:`saved_result`)."""
        return None if self.state.result is None else self._fits.get(self.state.key)

    @property
    def saved_result(self) -> SavedFit | None:
        """The result of the current state as it is saved, or None without a result."""
        return None if self.state.result is None else SavedFit.from_dictionary(self.state.result)

    def parameters(self) -> Parameters:
        """Return the parameters with start values, bounds and fixed values: of the choices and the pattern.

        Without a pattern, or where nothing in it can be fitted, they are those of the choices alone.
        """
        state, fit = self.state, self.fit_result
        key = f"{state.key} {fit is None}"
        return self._parameters.get_or_compute(key, lambda: self._source.parameters(state, fit))

    def first_guess(self) -> dict[str, float]:
        """Estimate all parameters from the pattern, as a start by hand.

        Raises
        ------
        SlxrdError
            If the choices do not suit the pattern.
        """
        found = diagnosis_for(self._source.pattern(self.state), self.state.choices)
        proposed = {} if found is None else found.proposal.options.get("start", {})
        return first_guess(self.objective(), self.parameters(), proposed)

    def objective(self) -> Objective:
        """Return the objective of the current state; it is built once for each state.

        After a fit it is that of the fit. After reopening it has the background and the σ of the fit, without
        correlated errors.

        Raises
        ------
        SlxrdError
            If the choices do not suit the pattern.
        """
        fitted = self.fit_result
        if fitted is not None:
            return fitted.objective
        state = self.state
        chosen = "" if state.result is None else str(state.result["input"]["background"])

        def compute() -> Objective:
            found = objective_of(self._source.pattern(state), state.choices)
            if chosen not in ("", found.settings.background):
                found = found.with_background(chosen)
            saved = self.saved_result
            if saved is not None and has_points_of(found, saved.regions):
                found = with_sigma_of(found, saved.regions)
            return found

        return self._objectives.get_or_compute(f"{state.key} {chosen}", compute)

    def model_curve(self, values: Mapping[str, float], solution: int = 0) -> tuple[Fitted, ...]:
        """Calculate the curve of each region at given parameter values, with optimal scale and background.

        After a fit the curves contain its systematic effects, with the sizes that they have at a solution; at
        the values of that solution they are those of the fit. A saved fit has them at the first only.
        Without a fit the curves are those of the model alone.

        Parameters
        ----------
        values : mapping of str to float
            Parameter values. Missing ones are taken from the solution, the fixed values, or the start values.
        solution : int
            Number of the solution, from 0.

        Returns
        -------
        tuple of Fitted
            For each region q in Å⁻¹, and the measured, calculated and residual intensities.

        Raises
        ------
        SlxrdError
            If a name is unknown, there is no such solution, or a value is missing or invalid.
        """
        for name in values:
            info(name)
        known = {n: row.value for n, row in self.parameters().items() if row.value is not None}
        result = self.state.result
        found = [] if result is None else result["solutions"]
        if not 0 <= solution < max(len(found), 1):
            raise SlxrdError(f"there is no solution {solution}; there are {len(found)}, counted from 0")
        if result is None:
            return self.objective().curves({**known, **values})
        model, difference = self._difference(solution)
        curves = model.curves({**known, **found[solution]["parameters"], **values})
        return curves if difference is None else difference.added_to(curves)

    def _difference(self, solution: int) -> tuple[Objective, FittedDifference | None]:
        """Return the objective of the model alone, and the difference of the curves of the fit from it."""
        fit, state, objective = self.fit_result, self.state, self.objective()
        key = f"{state.key} {solution} {fit is None}"
        found = self._differences.get(key)
        if found is not None:
            return found
        if fit is not None:
            values, fitted = fit.minima[solution].values, fit.minima[solution].evaluation.regions
            objective = objective.with_correlated([None] * len(objective.data))
        else:
            saved = self.saved_result
            if saved is None or not has_points_of(objective, saved.regions):
                return objective, None
            values, fitted = saved.solutions[0].values, saved.regions
        logarithmic = objective.settings.objective == "log"
        found = objective, FittedDifference(fitted, objective.curves(values), logarithmic)
        self._differences.put(key, found)
        return found
