"""Smooth factors on the intensity of a region."""

from __future__ import annotations

from collections.abc import Mapping

from slxrd.fitting.objective.residuals import Objective
from slxrd.model.intensity import apply_resolution
from slxrd.units import FloatArray


def relative_power(objective: Objective, values: Mapping[str, float], power: int) -> tuple[FloatArray, ...]:
    """Calculate (q − q̄)^power I of every region, averaged over the resolution.

    Parameters
    ----------
    objective : Objective
        Regions and model.
    values : mapping of str to float
        Values of all parameters.
    power : int
        The power.

    Returns
    -------
    tuple of ndarray, shape (n,)
        With q̄ the middle of the region, on the measured scale.
    """
    made = []
    for region in objective.region_models:
        on = region.on_grid(values)
        middle = 0.5 * (region.q[0] + region.q[-1])
        curve = (on.band.q - middle) ** power * region.before_resolution(on)
        made.append(apply_resolution(on.band, curve[None])[0])
    return tuple(made)
