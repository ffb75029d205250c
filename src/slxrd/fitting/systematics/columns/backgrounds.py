"""Backgrounds that the model of a fit does not contain."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from slxrd.data.backgrounds import legendre
from slxrd.fitting.objective.residuals import Objective
from slxrd.fitting.systematics.effect import SystematicEffect
from slxrd.units import FloatArray

#: Standard deviation of the amplitude, of the maximum of the calculated intensity of a region.
AMPLITUDE = 0.01


def background_effect(name: str, label: str, further: int) -> SystematicEffect:
    """Return the effect of a smooth background some degrees above the polynomial of the fit.

    Parameters
    ----------
    name, label : str
        Name in options, and in tables.
    further : int
        As for :func:`further_degree`.
    """
    return SystematicEffect(
        name,
        label,
        "",
        lambda objective: AMPLITUDE,
        lambda objective, values: further_degree(objective, values, further),
        of_region=True,
        remedy="measure a wider range around the peaks, and an empty substrate",
        reference="docs/systematic-effects.md",
        absent=0.5,
    )


def further_degree(objective: Objective, values: Mapping[str, float], further: int) -> tuple[FloatArray, ...]:
    """Calculate the Legendre polynomial some degrees above the background of the fit, for every region.

    Parameters
    ----------
    objective : Objective
        Regions, model and background.
    values : mapping of str to float
        Values of all parameters.
    further : int
        Degrees above that of the background, which has k columns and thereby the degree k − 1.

    Returns
    -------
    tuple of ndarray, shape (n,)
        Times the maximum of the calculated intensity of the region.
    """
    made = []
    for region, background in zip(objective.region_models, objective.backgrounds, strict=True):
        degree = background.shape[1] - 1 + further
        highest = float(np.max(region.evaluate(values, derivatives=False)[0]))
        made.append(highest * legendre(region.q, degree)[:, -1])
    return tuple(made)
