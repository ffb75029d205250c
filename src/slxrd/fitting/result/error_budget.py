"""Error budget of a fit: how much noise and each systematic effect contribute to the errors."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass


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
    remedy : str
        How the effect can be made smaller.
    """

    name: str
    label: str
    prior: float
    unit: str
    errors: Mapping[str, float]
    remedy: str = ""


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

    def largest(self, name: str) -> tuple[Contribution, ...]:
        """Contributions to the error of a quantity, the largest first."""
        ranked = sorted(self.contributions, key=lambda part: part.errors.get(name, 0.0), reverse=True)
        return tuple(part for part in ranked if part.errors.get(name, 0.0) > 0.0)

    def without(self, name: str, contribution: Contribution) -> float:
        """Error of a quantity without one of the contributions."""
        rest = self.total[name] ** 2 - contribution.errors.get(name, 0.0) ** 2
        return math.sqrt(max(rest, 0.0))
