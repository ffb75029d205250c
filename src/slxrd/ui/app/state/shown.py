"""What the curve on the page is: a solution of the fit, or the values of the sliders."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from slxrd.errors import SlxrdError
from slxrd.fitting.objective.evaluation import Fitted
from slxrd.fitting.record.saved_fit import SavedFit
from slxrd.ui.app.state.workspace import Workspace
from slxrd.ui.report.text import without_value


@dataclass(frozen=True)
class Shown:
    """Origin of the values that header, curve, ticks and stack show.

    Parameters
    ----------
    result : SavedFit or None
        The fit of the current state.
    solution : int
        Number of the chosen solution, from 0.
    moved : bool
        Whether sliders were moved from that solution.
    """

    result: SavedFit | None
    solution: int
    moved: bool

    @property
    def of_fit(self) -> SavedFit | None:
        """The fit, if the values are those of one of its solutions."""
        return None if self.moved else self.result

    @property
    def rejected(self) -> bool:
        """Whether the values are those of a model that does not describe the data."""
        return self.of_fit is not None and self.of_fit.rejected

    @property
    def not_determined(self) -> frozenset[str]:
        """Parameters and derived quantities that the fit does not determine; none for values of sliders."""
        if self.of_fit is None:
            return frozenset()
        derived = {name for name, each in self.of_fit.derived.items() if each.value is None}
        return frozenset(without_value(self.of_fit) | derived)


def shown_by(workspace: Workspace) -> Shown:
    """Return what a page shows."""
    try:
        result = workspace.saved
    except SlxrdError:
        result = None
    if result is None:
        return Shown(None, 0, False)
    solution = min(workspace.solution, len(result.solutions) - 1)
    return Shown(result, solution, dict(result.solutions[solution].values) != dict(workspace.values))


def chi2_of(workspace: Workspace, shown: Shown, fitted: Sequence[Fitted]) -> float | None:
    """Return χ² of the curves, by the same definition as that of the fit; None where it is not known.

    Parameters
    ----------
    workspace : Workspace
        Session and values.
    shown : Shown
        What it shows.
    fitted : sequence of Fitted
        The curves.
    """
    if shown.of_fit is not None:
        return shown.of_fit.solutions[shown.solution].chi2
    if shown.result is None:
        return sum(float(one.residual @ one.residual) * one.region.weight for one in fitted)
    if workspace.fit is None:  # reopened: the covariance of the points is not saved
        return None
    return workspace.fit.objective.chi2({**workspace.fit.minima[shown.solution].values, **workspace.values})
