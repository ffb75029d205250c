"""The unknowns of a joint fit: which parameter of which pattern is made of which of them."""

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
    from slxrd.studies.series.joint.refinement import Normal


@dataclass(frozen=True)
class Part:
    """A pattern in a joint fit.

    Parameters
    ----------
    label : str
        Its name.
    value : float
        Of the variable.
    objective : Objective
        Its data against the model.
    parameters : Parameters
        What is refined in it.
    """

    label: str
    value: float
    objective: Objective
    parameters: Parameters


@dataclass(frozen=True)
class Evaluated:
    """A pattern at some values of the unknowns, summed over its points.

    Parameters
    ----------
    columns : ndarray of int, shape (c,)
        The unknowns that it depends on.
    block : ndarray, shape (f, c)
        Its free parameters' derivatives with respect to them.
    chi2 : float
        What is known beforehand included.
    gradient : ndarray, shape (f,)
        Jᵀr.
    matrix : ndarray, shape (f, f)
        JᵀJ.
    shaken : ndarray, shape (f, f), optional
        Jᵀ n nᵀ J with the noise n, where it was asked for.
    """

    columns: NDArray[np.int64]
    block: FloatArray
    chi2: float
    gradient: FloatArray
    matrix: FloatArray
    shaken: FloatArray | None = None


@dataclass(frozen=True)
class Layout:
    """How the parameters of all patterns follow from one vector.

    Parameters
    ----------
    parts : tuple of Part
        The patterns.
    names : tuple of str
        Of the unknowns, for people.
    kinds : tuple of str
        The parameter that each unknown is a value of.
    columns : tuple of ndarray of int
        For each pattern, the unknowns that it depends on, shape (c,).
    blocks : tuple of ndarray
        For each pattern, its free parameters' derivatives with respect to them, shape (f, c).
    shared : tuple of str
        Parameters with one value.
    common : int
        How many of the unknowns, the first ones, are not those of one pattern.
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
        """Of the patterns."""
        return tuple(part.label for part in self.parts)

    @property
    def values(self) -> tuple[float, ...]:
        """The variable at each pattern."""
        return tuple(part.value for part in self.parts)

    def limits(self) -> tuple[FloatArray, FloatArray]:
        """Bounds of the unknowns, each of shape (n,)."""
        rows = [self.parts[0].parameters[kind] for kind in self.kinds]
        return np.array([row.lower for row in rows]), np.array([row.upper for row in rows])

    def start(self, path: Sequence[Mapping[str, float]]) -> FloatArray:
        """The unknowns that come nearest to values of every pattern, shape (n,)."""
        n, k = len(self.names), self.common
        H, g, out = np.zeros((k, k)), np.zeros(k), np.zeros(n)
        for part, columns, block, values in zip(self.parts, self.columns, self.blocks, path, strict=True):
            wanted = np.array([values[name] for name in part.parameters.free_names])
            shared = columns < k
            H[np.ix_(columns[shared], columns[shared])] += block[:, shared].T @ block[:, shared]
            g[columns[shared]] += block[:, shared].T @ wanted
            out[columns[~shared]] = block[:, ~shared].T @ wanted  # each is one parameter
        out[:k] = np.linalg.lstsq(H, g, rcond=None)[0]
        return out

    def all_values(self, vector: FloatArray) -> list[dict[str, float]]:
        """All parameters of every pattern."""
        return [
            part.parameters.resolve(block @ vector[columns])[0]
            for part, columns, block in zip(self.parts, self.columns, self.blocks, strict=True)
        ]

    def evaluated(self, vector: FloatArray, noise: bool = False) -> Iterator[Evaluated]:
        """Evaluate all patterns, one after the other.

        Parameters
        ----------
        vector : ndarray, shape (n,)
            The unknowns.
        noise : bool
            Whether what the noise does is wanted too.
        """
        for part, columns, block in zip(self.parts, self.columns, self.blocks, strict=True):
            values, chain = part.parameters.resolve(block @ vector[columns])
            evaluation = part.objective.evaluate(values)
            known, slopes = self.priors(part, values)
            J = evaluation.jacobian @ chain
            shaken = None
            if noise:
                n = evaluation.noise
                row = n[:, None] * J if n.ndim == 1 else n.T @ J
                shaken = row.T @ row + slopes.T @ slopes
            yield Evaluated(
                columns,
                block,
                evaluation.chi2 + float(known @ known),
                J.T @ evaluation.residual + slopes.T @ known,
                J.T @ J + slopes.T @ slopes,
                shaken,
            )

    def priors(self, part: Part, values: Mapping[str, float]) -> tuple[FloatArray, FloatArray]:
        """What is known beforehand of a pattern; of a shared parameter it is known once, not every time."""
        known, slopes = prior_residuals(part.parameters, values)
        counts = [part is self.parts[0] or name not in self.shared for name in part.parameters.priors]
        chosen = np.array(counts, dtype=bool)
        return known[chosen], slopes[chosen]

    def quantities(self, vector: FloatArray, normal: Normal) -> list[dict[str, Estimate]]:
        """Parameters, period and size of every pattern, with errors from the joint covariance."""
        told = []
        parts = zip(self.parts, self.columns, self.blocks, strict=True)
        for k, (part, columns, block) in enumerate(parts):
            values, chain = part.parameters.resolve(block @ vector[columns])
            slopes = dict(zip(values, chain @ block, strict=True))
            d, N = values["d"], values["N"]
            rows = {name: (values[name], slopes[name], info(name).unit) for name in values}
            if "N_B" not in values:  # of two crystals in turn the period is another
                along = (N - 1.0) * slopes["d"] + d * slopes["N"] + slopes["L"]
                rows["period"] = ((N - 1.0) * d + values["L"], along, "Å")
            rows["thickness_with_surface"] = (N * d, N * slopes["d"] + d * slopes["N"], "Å")
            told.append(
                {name: _estimate(value, normal.error(k, slope), unit, slope.any())
                 for name, (value, slope, unit) in rows.items()}
            )  # fmt: skip
        return told


def _estimate(value: float, error: float | None, unit: str, refined: bool) -> Estimate:
    if not refined:
        return Estimate(value, None, unit, "fixed", "not refined")
    if error is None:
        return Estimate(
            value, None, unit, "at bound", "what it is made of lies on a bound, or the data do not tell it"
        )
    reach = 1.959964 * error
    return Estimate(value, error, unit, "determined", "", (), ((value - reach, value + reach),))


def lay_series_out(
    parts: Sequence[Part],
    shared: Sequence[str],
    smooth: Sequence[str],
    degree: int,
    at: Callable[[float], str],
) -> Layout:
    """Lay out the unknowns of a joint fit.

    Parameters
    ----------
    parts : sequence of Part
        The patterns.
    shared, smooth : sequence of str
        Parameters of either kind.
    degree : int
        Of the polynomial of what is smooth.
    at : callable
        Writes a value of the variable with its unit.
    """
    values = np.array([part.value for part in parts])
    low, high = float(values.min()), float(values.max())
    places = (
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
    common |= {name: [new(f"{name} at {at(round(p, 6))}", name) for p in places.tolist()] for name in smooth}
    columns, blocks, n_common = [], [], len(names)
    for part in parts:
        free = part.parameters.free_names
        used: list[int] = []
        entries: list[list[tuple[int, float]]] = []
        for name in free:
            if name in shared:
                entry = [(common[name][0], 1.0)]
            elif name in smooth:
                entry = list(zip(common[name], _lagrange(places, part.value), strict=True))
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


def _lagrange(places: FloatArray, at: float) -> list[float]:
    """Weights of the values at the places in that of the polynomial through them."""
    weights = []
    for i, place in enumerate(places):
        others = np.delete(places, i)
        weights.append(float(np.prod((at - others) / (place - others))) if others.size else 1.0)
    return weights
