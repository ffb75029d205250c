"""Error budget of a fit: how much noise and each systematic effect contribute to the errors."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from slxrd._short_repr import short_repr


@short_repr
@dataclass(frozen=True)
class Contribution:
    """The part of the errors that follows from one systematic effect.

    Parameters
    ----------
    name, label : str
        Of the effect, in options and in tables.
    prior : float
        Standard deviation of its size; NaN for the discrepancy of the model, which has none.
    unit : str
        Unit of its size; empty for a fraction.
    errors : mapping of str to float
        Standard deviations that it contributes to the parameters and derived quantities, in their units.
    without : mapping of str to float
        Standard deviations of everything if the effect did not exist, and the data were fitted again.
    remedy : str
        How the effect can be made smaller.
    """

    name: str
    label: str
    prior: float
    unit: str
    errors: Mapping[str, float]
    without: Mapping[str, float]
    remedy: str = ""


@short_repr
@dataclass(frozen=True)
class ErrorBudget:
    """Contributions to the errors of the quantities of a fit; their squares add up to that of the total.

    Parameters
    ----------
    statistical : mapping of str to float
        Standard deviations by the noise of the points alone, by the names of the quantities.
    contributions : tuple of Contribution
        Those of the systematic effects.
    total : mapping of str to float
        Standard deviations of everything.
    """

    statistical: Mapping[str, float]
    contributions: tuple[Contribution, ...]
    total: Mapping[str, float]

    def share(self, name: str) -> float:
        """Statistical part of the error of a quantity, as a fraction of the whole error; 1 if unknown."""
        total = self.total.get(name, 0.0)
        return min(self.statistical[name] / total, 1.0) if total > 0.0 else 1.0

    def best_remedy(self, name: str) -> Contribution | None:
        """Contribution without which the error of a quantity would be smallest; None without a remedy."""
        known = [part for part in self.contributions if part.remedy and name in part.without]
        return min(known, key=lambda part: part.without[name], default=None)
