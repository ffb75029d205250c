"""Starting values of the axes: each cut by itself, as if it were the scan of a single stack."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product

import numpy as np

from slxrd.data.regions import RegionData
from slxrd.errors import SlxrdError
from slxrd.fitting.objective.residuals import Objective
from slxrd.fitting.objective.settings import Settings
from slxrd.fitting.search.budget import Budget
from slxrd.fitting.search.minima import search
from slxrd.model.directions.model import DirectionsModel
from slxrd.model.intensity import Model
from slxrd.parameters.parameter_set import Parameters
from slxrd.sample.stack import Stack

#: Solutions of one cut that are combined with those of the others, and the largest Δχ² per point of one.
MOST, WORST = 5, 1.0
#: Wavelengths of a sinusoidal displacement that are tried, in crystals.
WAVELENGTHS = (2.6, 4.0, 6.0, 10.0, 20.0)
#: σ_T at the start, over σ_L.
ACROSS = 0.7
#: Components of a direction that are as large as this are equal.
_EQUAL = 1e-3


@dataclass(frozen=True)
class Start:
    """Values of a stack, and the axes to which they belong."""

    axes: frozenset[str]
    values: Mapping[str, float]


def starts(
    model: DirectionsModel, data: Sequence[RegionData], parameters: Parameters, budget: Budget
) -> list[dict[str, float]]:
    """Combine the solutions of the single cuts to values of all parameters.

    Parameters
    ----------
    model : DirectionsModel
        The model of all cuts.
    data : sequence of RegionData
        Their points.
    parameters : Parameters
        Fixed values and bounds.
    budget : Budget
        Time budget.

    Raises
    ------
    SlxrdError
        If no cut leads to starting values.
    """
    found: dict[frozenset[str], list[Start]] = {}
    for scan in range(len(model.directions)):
        for start in _of_cut(model, [one for one in data if one.scan == scan], scan, parameters, budget):
            found.setdefault(start.axes, []).append(start)
    if not found:
        raise SlxrdError(
            "no cut along an axis or a diagonal: the search has nothing to begin with; give starting values "
            "of d, L and N of each axis (--start L_xy=37)"
        )
    combined = []
    for choice in product(*found.values()):
        for first in range(len(choice)):
            # What axes share, the first of them decides.
            combined += _combined(model, (*choice[first:], *choice[:first]), parameters)
    unique: list[dict[str, float]] = []
    for values in combined:
        if values not in unique:
            unique.append(values)
    return unique


def _of_cut(
    model: DirectionsModel, data: Sequence[RegionData], scan: int, parameters: Parameters, budget: Budget
) -> list[Start]:
    """Solutions of one cut as a stack: of a diagonal, of the root of the intensity at one component of q."""
    direction = model.directions[scan]
    components = [c for c in direction.vector if c]
    if max(components) - min(components) > _EQUAL:
        return []
    root = 1.0 / len(components)
    axes = direction.along if not direction.fibre else frozenset(direction.along)
    least = min(model.axes.number(axis) for axis in axes)
    if least == 1:
        return []
    seen = [
        replace(
            points,
            q=points.q * components[0],
            intensity=np.maximum(points.intensity, 0.0) ** root,
            sigma=_sigma_of_root(points, root),
            region=replace(points.region, low=points.region.low * components[0],
                           high=points.region.high * components[0]),
            scan=0,
            per_count=None,
        )
        for points in data
    ]  # fmt: skip
    width = float(np.max(model.region(data[0].q, scan).instrument.sigma(data[0].q)))
    narrow = replace(model.region(data[0].q, scan).instrument, sigma_G=width * components[0], broadening=None)
    objective = Objective(Model(Stack(least), narrow), seen, Settings(background="linear"))
    own = _own_parameters(model, sorted(axes)[-1], parameters)
    minima = search(objective, own, None, budget).minima
    worst = minima[0].chi2 + WORST * objective.n_points
    kept = [minimum for minimum in minima if minimum.chi2 <= worst][:MOST]
    return [Start(frozenset(axes), dict(minimum.values)) for minimum in kept]


def _sigma_of_root(points: RegionData, root: float) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    if root == 1.0:
        return points.sigma
    level = np.maximum(points.intensity, points.sigma)
    return np.asarray(root * points.sigma * level ** (root - 1.0))


def _own_parameters(model: DirectionsModel, axis: str, parameters: Parameters) -> Parameters:
    """Parameters of a stack with the bounds and fixed values of an axis."""
    own = Parameters().fix(q_zero=0.0)
    for base in ("d", "L", "N", "sigma_N", "sigma_L"):
        name = model.axes.name(base, axis)
        if name not in parameters:
            continue
        row = parameters[name]
        own = own.redefine(base, row.lower, row.upper, row.value)
        if row.free is False and row.value is not None:
            own = own.fix(**{base: row.value})
    return own


def _combined(
    model: DirectionsModel, choice: Sequence[Start], parameters: Parameters
) -> list[dict[str, float]]:
    """Values of all parameters from a solution of each cut; the first that has a parameter decides it."""
    values: dict[str, float] = {}
    for start in choice:
        for axis in sorted(start.axes):
            for base in ("d", "L", "N", "sigma_N", "sigma_L"):
                name = model.axes.name(base, axis)
                if name in model.table:
                    values.setdefault(name, start.values[base])
    spread = choice[0].values["sigma_L"]
    usual = {"sigma_L": spread, "sigma_T": ACROSS * spread, **choice[0].values}
    sinusoidal = model.axes.disorder == "sinusoidal"
    found = []
    for wavelength in WAVELENGTHS if sinusoidal else WAVELENGTHS[:1]:
        # The root mean square of the change from a crystal to the next is that of the stack.
        amplitude = max(spread, 0.2) / (np.sqrt(2.0) * np.sin(np.pi / wavelength))
        waves = {"A_L": amplitude, "A_T": ACROSS * amplitude, "W": wavelength}
        filled = dict(values)
        for name, row in parameters.items():
            base = name.rsplit("_", 1)[0] if name not in usual and name not in waves else name
            known = row.value if row.free is False or row.value is not None else None
            value = known if known is not None else filled.get(name, {**usual, **waves}.get(base, 0.0))
            filled[name] = float(np.clip(value, row.lower, row.upper)) if row.free else float(value)
        found.append(filled)
    return found
