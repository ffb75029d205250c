"""Systematic effect: a small departure of sample or instrument from the model of a fit."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from slxrd._registry import Registry
from slxrd.fitting.objective.residuals import Objective
from slxrd.units import FloatArray


@dataclass(frozen=True)
class SystematicEffect:
    """A departure from the model with a size that is known to be near 0, and its effect on the intensity.

    The size has a prior around 0: a normal one, or a mixture of absence and a normal one. To first order the
    calculated intensity changes by the size times the columns.

    Parameters
    ----------
    name : str
        Name in options and files.
    label : str
        Name in tables.
    unit : str
        Unit of the size; empty for a fraction.
    prior : callable
        From the objective to the standard deviation of the size; 0 where the effect does not apply, or cannot
        be calculated.
    columns : callable
        From the objective and the values of all parameters to the derivatives of the calculated intensity
        with respect to the size, at size 0: one array of shape (n,) for each region, before the scale.
    of_region : bool
        Whether the size differs from region to region; otherwise it belongs to the sample or the instrument.
    lengths : callable, optional
        From the objective and the values of all parameters to the derivatives of derived lengths in Å with
        respect to the size, at given parameters. None if the effect changes no length, not for effects
        of a region.
    remedy : str
        How to make the effect smaller.
    reference : str
        Where the effect and its prior are explained.
    absent : float
        Prior probability that there is no such effect, at least 0 and below 1. The standard deviation of the
        prior contains it: the data may show that the effect is absent.
    """

    name: str
    label: str
    unit: str
    prior: Callable[[Objective], float]
    columns: Callable[[Objective, Mapping[str, float]], tuple[FloatArray, ...]]
    of_region: bool = False
    lengths: Callable[[Objective, Mapping[str, float]], Mapping[str, float]] | None = None
    remedy: str = ""
    reference: str = ""
    absent: float = 0.0


#: All systematic effects by name.
EFFECTS: Registry[SystematicEffect] = Registry(
    "systematic effect",
    "slxrd.systematics",
    "slxrd.fitting.systematics.effects",
    lambda item: isinstance(item, SystematicEffect),
)
