"""Covariance of the points of a fit by systematic effects and the discrepancy of the model.

The derivative of the calculated intensity with respect to the size of an effect, times the standard
deviation of that size, is a row B of the covariance diag(σ²) + BᵀB. To marginalise the size of an effect with
a Gaussian prior is the same as generalised least squares with this covariance, to first order in the size.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

from slxrd.errors import SlxrdError
from slxrd.fitting.minimise.least_squares import Minimum
from slxrd.fitting.objective.evaluation import Fitted
from slxrd.fitting.objective.residuals import Objective
from slxrd.fitting.search.budget import Budget
from slxrd.fitting.systematics.effect import EFFECTS, SystematicEffect
from slxrd.fitting.systematics.settings import Systematics
from slxrd.units import FloatArray

if TYPE_CHECKING:
    from slxrd.fitting.systematics.discrepancy import Discrepancy

#: Time of all effects for a point of the auxiliary grid and a size of the crystals, roughly, in s.
_PER_POINT_AND_SIZE = 1e-5


@dataclass(frozen=True, eq=False)
class EffectRows:
    """One systematic effect in the covariance of the points.

    Parameters
    ----------
    effect : SystematicEffect
        The effect.
    prior : float
        Standard deviation of its size.
    rows : tuple of ndarray, shape (k, n)
        For each region, its part of the rows, in units of the intensity.
    lengths : mapping of str to float
        Changes of derived lengths by one standard deviation of the size, at given parameters, in Å.
    scales : ndarray, shape (k,), or None
        Standard deviations of the sizes in the rows over the prior: what the data leave of it; None for 1.
    """

    effect: SystematicEffect
    prior: float
    rows: tuple[FloatArray, ...]
    lengths: Mapping[str, float] = field(default_factory=dict)
    scales: FloatArray | None = None

    def scaled(self, scales: FloatArray) -> EffectRows:
        """Return the effect with other standard deviations of its sizes, relative to the prior.

        Only an effect of one size changes lengths.
        """
        return replace(
            self,
            rows=tuple(scales[:, None] * rows for rows in self.rows),
            lengths={name: float(scales[0]) * change for name, change in self.lengths.items()},
            scales=scales,
        )


@dataclass(frozen=True, eq=False)
class SystematicErrors:
    """All correlated errors of the points of a fit.

    Parameters
    ----------
    effects : tuple of EffectRows
        The systematic effects.
    discrepancy : Discrepancy or None
        That of the model; None where the residuals are white, or it is left out.
    """

    effects: tuple[EffectRows, ...]
    discrepancy: Discrepancy | None = None

    @property
    def used(self) -> bool:
        """Whether there are any."""
        return bool(self.effects) or self.discrepancy is not None

    @property
    def described(self) -> int:
        """Number of rows of the effects, which come before those of the discrepancy."""
        return sum(len(each.rows[0]) for each in self.effects)

    @property
    def scales(self) -> FloatArray:
        """Standard deviations in the described rows over those of the priors, shape (described,)."""
        parts = [np.ones(len(each.rows[0])) if each.scales is None else each.scales for each in self.effects]
        return np.concatenate([*parts, np.zeros(0)])

    @property
    def lengths(self) -> dict[str, FloatArray]:
        """Changes of derived lengths by one standard deviation of each described row, shape (described,)."""
        changed: dict[str, FloatArray] = {}
        first = 0
        for each in self.effects:
            for name, change in each.lengths.items():
                changed.setdefault(name, np.zeros(self.described))[first] = change
            first += len(each.rows[0])
        return changed

    def applied(self, objective: Objective) -> Objective:
        """Return an objective with these correlated errors."""
        return objective.with_correlated(self.rows(len(objective.data)), self.described, self.lengths)

    def rows(self, count: int) -> tuple[FloatArray | None, ...]:
        """Return the rows B of each of ``count`` regions, None where there are none."""
        parts = [each.rows for each in self.effects]
        if self.discrepancy is not None:
            parts.append(independent_regions(self.discrepancy.rows))
        if not parts:
            return (None,) * count
        return tuple(np.concatenate(of_region) for of_region in zip(*parts, strict=True))


def check_effects(objective: Objective, settings: Systematics) -> None:
    """Check that the effects that were given a prior apply to a fit.

    Raises
    ------
    SlxrdError
        If one does not.
    """
    for name, prior in settings.priors.items():
        if prior > 0.0 and name in EFFECTS and not EFFECTS[name].prior(objective) > 0.0:
            raise SlxrdError(
                f"systematics {name}={prior:g}: the effect does not apply to structure and radiation, or "
                "is a parameter of the fit; leave it out"
            )


def systematic_effects(
    objective: Objective, minimum: Minimum, settings: Systematics, budget: Budget | None = None
) -> tuple[EffectRows, ...]:
    """Calculate the rows of the covariance by the systematic effects that apply to a fit.

    An effect of the sample or the instrument has the same size in all regions, one of a region its own.

    Parameters
    ----------
    objective : Objective
        Residuals of the data and the model.
    minimum : Minimum
        The minimum of χ² at which the derivatives are calculated.
    settings : Systematics
        Which effects are used, and their priors.
    budget : Budget, optional
        Time budget; effects that are not calculated within it are left out, which it reports.
    """
    if not settings.use or not objective.has_covariance:
        return ()
    regions = minimum.evaluation.regions
    slow = budget is not None and _seconds(objective, minimum) > budget.seconds
    found = []
    for name, effect in sorted(EFFECTS.items()):  # in whatever order they were imported
        usual = effect.prior(objective)
        prior = settings.prior(name, usual)
        if prior == 0.0 or usual == 0.0:
            continue
        if slow or (budget is not None and budget.expired()):
            assert budget is not None
            budget.leave_out(f"the systematic effect {name} in the errors")
            continue
        columns = effect.columns(objective, minimum.values)
        rows = tuple(
            prior * fitted.scale * unit * column[None, :]
            for unit, fitted, column in zip(_units(objective, regions), regions, columns, strict=True)
        )
        rows = independent_regions(rows) if effect.of_region else rows
        if any(np.any(row) for row in rows):
            by_size = effect.lengths(objective, minimum.values) if effect.lengths is not None else {}
            lengths = {length: prior * slope for length, slope in by_size.items()}
            found.append(EffectRows(effect, prior, rows, lengths))
    return tuple(found)


def _seconds(objective: Objective, minimum: Minimum) -> float:
    """Estimate the time of all columns in s, from the sizes alone, so that results do not vary."""
    row = np.array([[minimum.values[name] for name in objective.model.names]])
    bands = [region.band(float(region.correlated(row)[0])) for region in objective.region_models]
    sizes = 2.0 * objective.model.stack.size_window * minimum.values["sigma_N"] + 1.0
    return _PER_POINT_AND_SIZE * sizes * sum(band.q.size for band in bands)


def independent_regions(rows: Sequence[FloatArray]) -> tuple[FloatArray, ...]:
    """Return rows of each region, shape (k, n), as rows of all regions with zeros in the others."""
    before = np.cumsum([0, *(len(each) for each in rows)])
    total = int(before[-1])
    return tuple(
        np.pad(each, ((int(before[i]), total - int(before[i + 1])), (0, 0))) for i, each in enumerate(rows)
    )


def with_discrepancy(
    objective: Objective, minimum: Minimum, effects: Sequence[EffectRows]
) -> SystematicErrors:
    """Estimate the discrepancy of the model beside the systematic effects.

    Parameters
    ----------
    objective : Objective
        Linear residuals of the data and the model, without correlated errors.
    minimum : Minimum
        A minimum of χ².
    effects : sequence of EffectRows
        The systematic effects.
    """
    from slxrd.fitting.systematics.discrepancy import RegionResiduals, estimate_discrepancy  # needs SciPy

    errors = SystematicErrors(tuple(effects))
    known = errors.rows(len(objective.data))
    columns = [objective.model.names.index(name) for name in minimum.names]
    parts = []
    for index, points in enumerate(objective.data):
        fitted, rows = minimum.evaluation.regions[index], known[index]
        model, slopes = objective.region_models[index].evaluate(minimum.values)
        parts.append(
            RegionResiduals(
                points.q,
                fitted.measured - fitted.calculated,
                points.sigma,
                fitted.calculated,
                fitted.scale * slopes[columns].T,
                np.column_stack([model, objective.backgrounds[index]]),
                np.zeros((0, points.q.size)) if rows is None else rows,
            )
        )
    return SystematicErrors(errors.effects, estimate_discrepancy(parts))


def _units(objective: Objective, regions: Sequence[Fitted]) -> list[FloatArray]:
    """Factors from changes of the curves to those of the residuals times σ: 1, or y/f of logarithms."""
    if objective.settings.objective == "log":
        return [fitted.measured / fitted.calculated for fitted in regions]
    return [np.ones(fitted.q.size) for fitted in regions]
