"""Unknowns of a joint fit, and how the parameters of each pattern follow from them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from slxrd.fitting.minimise.least_squares import prior_residuals
from slxrd.fitting.objective.residuals import Objective
from slxrd.fitting.result.fit import Estimate
from slxrd.parameters.definitions import info
from slxrd.parameters.parameter_set import Parameters
from slxrd.units import FloatArray

if TYPE_CHECKING:
    from slxrd.studies.series.joint.refinement import JointMinimum


@dataclass(frozen=True)
class Part:
    """One pattern of a joint fit.

    Parameters
    ----------
    label : str
        Label of the pattern.
    value : float
        Value of the variable.
    objective : Objective
        χ² of its data.
    parameters : Parameters
        Its parameters; the free ones are refined.
    """

    label: str
    value: float
    objective: Objective
    parameters: Parameters


@dataclass(frozen=True)
class Evaluated:
    """χ² of one pattern at given unknowns, with its derivatives by the free parameters.

    Parameters
    ----------
    columns : ndarray of int, shape (c,)
        Indices of the unknowns on which the pattern depends.
    block : ndarray, shape (f, c)
        Derivatives of its free parameters by these unknowns.
    chi2 : float
        χ², including the priors.
    gradient : ndarray, shape (f,)
        Jᵀr, with the residuals r.
    matrix : ndarray, shape (f, f)
        JᵀJ.
    noise_matrix : ndarray, shape (f, f), optional
        Jᵀ n nᵀ J with the noise n, if requested.
    """

    columns: NDArray[np.int64]
    block: FloatArray
    chi2: float
    gradient: FloatArray
    matrix: FloatArray
    noise_matrix: FloatArray | None = None


@dataclass(frozen=True)
class Layout:
    """Map from the vector of unknowns to the parameters of all patterns.

    Parameters
    ----------
    parts : tuple of Part
        The patterns.
    names : tuple of str
        Names of the unknowns, for output.
    kinds : tuple of str
        Parameter of which each unknown is a value.
    columns : tuple of ndarray of int
        For each pattern, the indices of the unknowns on which it depends, shape (c,).
    blocks : tuple of ndarray
        For each pattern, the derivatives of its free parameters by these unknowns, shape (f, c).
    shared : tuple of str
        Shared parameters.
    common : int
        Number of unknowns that are common to several patterns; they come first.
    """

    parts: tuple[Part, ...]
    names: tuple[str, ...]
    kinds: tuple[str, ...]
    columns: tuple[NDArray[np.int64], ...]
    blocks: tuple[FloatArray, ...]
    shared: tuple[str, ...]
    common: int

    @property
    def labels(self) -> tuple[str, ...]:
        """Labels of the patterns."""
        return tuple(part.label for part in self.parts)

    @property
    def values(self) -> tuple[float, ...]:
        """Value of the variable for each pattern."""
        return tuple(part.value for part in self.parts)

    def limits(self) -> tuple[FloatArray, FloatArray]:
        """Return the lower and upper bounds of the unknowns, each of shape (n,)."""
        rows = [self.parts[0].parameters[kind] for kind in self.kinds]
        return np.array([row.lower for row in rows]), np.array([row.upper for row in rows])

    def start(self, path: Sequence[Mapping[str, float]]) -> FloatArray:
        """Return the unknowns that best reproduce given values of every pattern, shape (n,)."""
        n, k = len(self.names), self.common
        H, g, out = np.zeros((k, k)), np.zeros(k), np.zeros(n)
        for part, columns, block, values in zip(self.parts, self.columns, self.blocks, path, strict=True):
            target = np.array([values[name] for name in part.parameters.free_names])
            shared = columns < k
            H[np.ix_(columns[shared], columns[shared])] += block[:, shared].T @ block[:, shared]
            g[columns[shared]] += block[:, shared].T @ target
            out[columns[~shared]] = block[:, ~shared].T @ target  # each is one parameter
        out[:k] = np.linalg.lstsq(H, g, rcond=None)[0]
        return out

    def all_values(self, vector: FloatArray) -> list[dict[str, float]]:
        """Return the values of all parameters of every pattern."""
        return [
            part.parameters.resolve(block @ vector[columns])[0]
            for part, columns, block in zip(self.parts, self.columns, self.blocks, strict=True)
        ]

    def evaluated(self, vector: FloatArray, noise: bool = False) -> Iterator[Evaluated]:
        """Evaluate all patterns, one after the other.

        Parameters
        ----------
        vector : ndarray, shape (n,)
            Values of the unknowns.
        noise : bool
            Whether what the noise does is target too.
        """
        for part, columns, block in zip(self.parts, self.columns, self.blocks, strict=True):
            values, chain = part.parameters.resolve(block @ vector[columns])
            evaluation = part.objective.evaluate(values)
            prior, slopes = self.priors(part, values)
            J = evaluation.jacobian @ chain
            noise_matrix = None
            if noise:
                n = evaluation.noise
                row = n[:, None] * J if n.ndim == 1 else n.T @ J
                noise_matrix = row.T @ row + slopes.T @ slopes
            yield Evaluated(
                columns,
                block,
                evaluation.chi2 + float(prior @ prior),
                J.T @ evaluation.residual + slopes.T @ prior,
                J.T @ J + slopes.T @ slopes,
                noise_matrix,
            )

    def priors(self, part: Part, values: Mapping[str, float]) -> tuple[FloatArray, FloatArray]:
        """Return the residuals of the priors of a pattern; that of a shared parameter counts once."""
        residuals, slopes = prior_residuals(part.parameters, values)
        counts = [part is self.parts[0] or name not in self.shared for name in part.parameters.priors]
        selected = np.array(counts, dtype=bool)
        return residuals[selected], slopes[selected]

    def quantities(self, vector: FloatArray, minimum: JointMinimum) -> list[dict[str, Estimate]]:
        """Return parameters, period and size of every pattern, with errors from the joint covariance."""
        quantities = []
        parts = zip(self.parts, self.columns, self.blocks, strict=True)
        for k, (part, columns, block) in enumerate(parts):
            values, chain = part.parameters.resolve(block @ vector[columns])
            slopes = dict(zip(values, chain @ block, strict=True))
            d, N = values["d"], values["N"]
            rows = {name: (values[name], slopes[name], info(name).unit) for name in values}
            if "N_B" not in values:  # with two alternating crystals the period is a different one
                along = (N - 1.0) * slopes["d"] + d * slopes["N"] + slopes["L"]
                rows["period"] = ((N - 1.0) * d + values["L"], along, "Å")
            rows["thickness_with_surface"] = (N * d, N * slopes["d"] + d * slopes["N"], "Å")
            quantities.append(
                {name: _estimate(value, minimum.error(k, slope), unit, slope.any())
                 for name, (value, slope, unit) in rows.items()}
            )  # fmt: skip
        return quantities


def _estimate(value: float, error: float | None, unit: str, refined: bool) -> Estimate:
    if not refined:
        return Estimate(value, None, unit, "fixed", "not refined")
    if error is None:
        return Estimate(
            value,
            None,
            unit,
            "at bound",
            "an unknown on which it depends is on a bound, or the data do not determine it",
        )
    reach = 1.959964 * error
    return Estimate(value, error, unit, "determined", "", (), ((value - reach, value + reach),))


def joint_layout(
    parts: Sequence[Part],
    shared: Sequence[str],
    smooth: Sequence[str],
    degree: int,
    at: Callable[[float], str],
) -> Layout:
    """Define the unknowns of a joint fit.

    Parameters
    ----------
    parts : sequence of Part
        The patterns.
    shared, smooth : sequence of str
        Shared and smooth parameters.
    degree : int
        Degree of the polynomial of a smooth parameter.
    at : callable
        Formats a value of the variable with its unit.
    """
    values = np.array([part.value for part in parts])
    low, high = float(values.min()), float(values.max())
    points = (
        low + (high - low) * (1.0 - np.cos(np.pi * np.arange(degree + 1) / max(degree, 1))) / 2.0
        if degree
        else np.array([(low + high) / 2.0])
    )
    names: list[str] = []
    kinds: list[str] = []

    def new(name: str, kind: str) -> int:
        names.append(name)
        kinds.append(kind)
        return len(names) - 1

    common = {name: [new(name, name)] for name in shared}
    common |= {name: [new(f"{name} at {at(round(p, 6))}", name) for p in points.tolist()] for name in smooth}
    columns, blocks, n_common = [], [], len(names)
    for part in parts:
        free = part.parameters.free_names
        used: list[int] = []
        entries: list[list[tuple[int, float]]] = []
        for name in free:
            if name in shared:
                entry = [(common[name][0], 1.0)]
            elif name in smooth:
                entry = list(zip(common[name], _lagrange(points, part.value), strict=True))
            else:
                entry = [(new(f"{name} of {part.label}", name), 1.0)]
            entries.append(entry)
            used += [index for index, _ in entry]
        block = np.zeros((len(free), len(used)))
        for i, entry in enumerate(entries):
            for index, weight in entry:
                block[i, used.index(index)] = weight
        columns.append(np.array(used, dtype=np.int64))
        blocks.append(block)
    return Layout(
        tuple(parts), tuple(names), tuple(kinds), tuple(columns), tuple(blocks), tuple(shared), n_common
    )


def _lagrange(points: FloatArray, at: float) -> list[float]:
    """Return the Lagrange weights of the values at the points, for the polynomial through them."""
    weights = []
    for i, point in enumerate(points):
        others = np.delete(points, i)
        weights.append(float(np.prod((at - others) / (point - others))) if others.size else 1.0)
    return weights
