"""Effects of the instrument that are not known equally well for all scans of a fit."""

from __future__ import annotations

from collections.abc import Callable

from slxrd.fitting.objective.residuals import Objective
from slxrd.model.intensity import RegionModel
from slxrd.units import FloatArray


def least_known(objective: Objective, prior: Callable[[RegionModel], float]) -> float:
    """Return the largest prior of the regions of an objective, whose scans may differ."""
    return max(prior(region) for region in objective.region_models)


def in_proportion(
    objective: Objective,
    prior: Callable[[RegionModel], float],
    column: Callable[[RegionModel], FloatArray],
) -> tuple[FloatArray, ...]:
    """Calculate the columns of an effect, in a scan that is known better than another in proportion.

    The size of an effect is one for all scans, with the largest of their priors.

    Parameters
    ----------
    objective : Objective
        Regions and model.
    prior : callable
        Standard deviation of the size for a region.
    column : callable
        Derivative of the intensity of a region with respect to the size, shape (n,).

    Returns
    -------
    tuple of ndarray, shape (n,)
        For each region, the derivative times the prior of the region over the largest.
    """
    largest = least_known(objective, prior)
    return tuple(
        column(region) * (prior(region) / largest if largest else 0.0) for region in objective.region_models
    )


def prior_of_resolution(region: RegionModel, measured: float, assumed: float) -> float:
    """Return one prior for a resolution measured with a standard, another for an assumed one, 0 for none."""
    if not region.instrument.sigma(region.q).any():
        return 0.0
    return assumed if region.instrument.broadening is None else measured
