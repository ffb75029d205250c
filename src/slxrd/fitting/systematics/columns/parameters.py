"""Effects that are parameters which a model could have: derivatives of the model with these in use."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from slxrd.fitting.objective.residuals import Objective
from slxrd.model.intensity import RegionModel
from slxrd.sample.stack import Stack
from slxrd.units import FloatArray


def with_parameters(region: RegionModel, names: tuple[str, ...]) -> RegionModel:
    """Return the model of a region with further parameters in use."""
    model = replace(region.model, stack=region.model.stack.using(names))
    return RegionModel(model, region.q, region.scan)


def has_other_gaps(stack: Stack) -> bool:
    """Whether a structure has gaps that could be distributed in another way than as Gaussians."""
    gaussian = not stack.gap_distribution.parameters
    return stack.coherent > 1 and gaussian and stack.gap_profile.any_distribution


def derivatives_by(
    objective: Objective,
    values: Mapping[str, float],
    weights: Mapping[str, float],
    further: Mapping[str, float] | None = None,
) -> tuple[FloatArray, ...]:
    """Calculate the sum of derivatives with respect to parameters that are 0, for every region.

    Parameters
    ----------
    objective : Objective
        Regions and model.
    values : mapping of str to float
        Values of all parameters of the model.
    weights : mapping of str to float
        Factors of the derivatives, by the names of the parameters.
    further : mapping of str to float, optional
        Values of other parameters of which they have need, where the model does not have these.

    Returns
    -------
    tuple of ndarray, shape (n,)
    """
    named = {**dict.fromkeys(weights, 0.0), **(further or {})} | dict(values)
    made = []
    for region in objective.region_models:
        extended = with_parameters(region, tuple(name for name in named if name not in region.names))
        _, jacobian = extended.evaluate(named)
        rows = (weight * jacobian[extended.names.index(name)] for name, weight in weights.items())
        made.append(sum(rows, start=0.0 * region.q))
    return tuple(made)
