"""Calculated intensity of cuts in several directions, measured with their instruments."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from slxrd._cached import cached_property
from slxrd._frozen import FrozenDict
from slxrd.errors import SlxrdError
from slxrd.model.arrays_of_stack import sample
from slxrd.model.directions.axes import Axes
from slxrd.model.directions.direction import SCAN, Direction
from slxrd.model.directions.factors import Factor, cumulative_factor, sinusoidal_factor
from slxrd.model.directions.fibre import azimuths
from slxrd.model.intensity import Model, RegionModel, apply_resolution
from slxrd.model.kernel.arrays import Sample
from slxrd.model.kernel.dispatch import reach
from slxrd.model.sizes import check_sizes
from slxrd.parameters.definitions import info
from slxrd.parameters.parameter_info import ParameterInfo
from slxrd.parameters.scans import zero_of_scan
from slxrd.sample.stack import Stack
from slxrd.units import FloatArray

#: Range of a displacement, in its standard deviations or amplitudes, that lengthens correlations.
_JITTER, _SWING = 7.0, 4.0
#: Exponent of the decay at which cumulative disorder has removed interference in an average over azimuths.
_VISIBLE = 12.0


@dataclass(frozen=True)
class DirectionsModel(Model):
    """Calculated intensity of a superlattice in several directions.

    Parameters
    ----------
    stack : Stack
        Follows from ``axes``.
    instrument : Instrument
        That of the first cut.
    further : tuple of Instrument
        Those of the following cuts.
    directions : tuple of Direction
        One for each cut.
    axes : Axes
        Which parameters the axes share, M, and the kind of disorder.
    """

    directions: tuple[Direction, ...] = (Direction.parse(SCAN),)
    axes: Axes = field(default_factory=Axes)

    def __post_init__(self) -> None:
        if len(self.directions) != 1 + len(self.further):
            raise SlxrdError(
                f"{len(self.directions)} directions for {1 + len(self.further)} cuts; give one for each"
            )
        along = frozenset[str]().union(*(one.along for one in self.directions))
        first = next(axis for axis in "zxy" if axis in along)
        object.__setattr__(self, "stack", Stack(self.axes.number(first)))

    @cached_property
    def table(self) -> FrozenDict[str, ParameterInfo]:
        """Definitions of the parameters, in the order of the rows of a Jacobian; zero errors are the last."""
        zeros = {name: info(name) for name in map(zero_of_scan, range(len(self.directions)))}
        zeros = {name: _fixed(row) for name, row in zeros.items()}
        return FrozenDict({**self.axes.table(self.directions), **zeros})

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the parameters."""
        return tuple(self.table)

    @property
    def in_kernels(self) -> bool:
        """Whether the compiled kernels calculate the whole intensity: they do not."""
        return False

    def region(self, q: FloatArray, scan: int = 0) -> CutModel:
        """Prepare the model for the measured points ``q`` (Å⁻¹, increasing) of a cut."""
        return CutModel(self, np.asarray(q, dtype=np.float64), scan)


def _fixed(row: ParameterInfo) -> ParameterInfo:
    return replace(row, free=False)


class CutModel(RegionModel):
    """Model of a cut at a fixed set of points."""

    model: DirectionsModel

    def __init__(self, model: DirectionsModel, q: FloatArray, scan: int = 0) -> None:
        super().__init__(model, q, scan)
        self.direction = model.directions[scan]
        self._zero_name = zero_of_scan(scan)
        seen = self.direction.along | self.direction.across
        self._axes = tuple(_Axis.of_model(model, axis) for axis in "xyz" if axis in seen)

    def evaluate(
        self, values: Mapping[str, float], derivatives: bool = True
    ) -> tuple[FloatArray, FloatArray]:
        """Calculate intensity and derivatives; as in :meth:`slxrd.model.intensity.RegionModel.evaluate`."""
        self._check(values)
        correlated = {one: self._correlated(one, one.of(values)) for one in self._axes}
        along = sum(each.along for each in correlated.values())
        band = self.band(along + sum(each.smooth for each in correlated.values()))
        q = band.q + values[self._zero_name] * band.shift
        rows = np.zeros((1 + len(self.names) * derivatives, q.size))
        turns = float(np.abs(q).max()) * math.hypot(*(one.in_plane for one in correlated.values()))
        for direction, weight in self._nodes(turns):
            rows += weight * self._rows(q, direction, values, correlated, derivatives)
        if derivatives:
            rows[1 + self.names.index(self._zero_name)] *= band.shift
        smeared = apply_resolution(band, rows)
        return smeared[0], smeared[1:] if derivatives else np.empty((0, self.q.size))

    def _nodes(self, turns: float) -> list[tuple[FloatArray, float]]:
        """Unit vectors whose intensities are averaged, and their weights."""
        x, y, z = self.direction.vector
        if not self.direction.fibre:
            return [(np.array((x, y, z)), 1.0)]
        angles, weights = azimuths(turns, self.model.axes.square)
        vectors = np.column_stack((x * np.cos(angles), x * np.sin(angles), np.full(angles.size, z)))
        vectors[np.abs(vectors) < 1e-12] = 0.0
        return list(zip(vectors, weights.tolist(), strict=True))

    def _rows(
        self,
        q: FloatArray,
        direction: FloatArray,
        values: Mapping[str, float],
        correlated: Mapping[_Axis, _Correlated],
        derivatives: bool,
    ) -> FloatArray:
        """Intensity along a unit vector, and its derivatives, as rows."""
        factors = [
            self._factor(one, q, direction, one.of(values), correlated[one].pairs, derivatives)
            for one in self._axes
        ]
        rows = np.zeros((1 + len(self.names) * derivatives, q.size))
        rows[0] = np.prod([factor.value for factor in factors], axis=0)
        if not derivatives:
            return rows
        zero = 1 + self.names.index(self._zero_name)
        for k, (one, factor) in enumerate(zip(self._axes, factors, strict=True)):
            others = np.prod([other.value for i, other in enumerate(factors) if i != k], axis=0)
            rows[zero] += others * factor.by_q
            for base, slope in factor.slopes.items():
                rows[1 + self.names.index(one.names[base])] += others * slope
        return rows

    def _factor(
        self,
        one: _Axis,
        q: FloatArray,
        direction: FloatArray,
        own: Mapping[str, float],
        pairs: int,
        derivatives: bool,
    ) -> Factor:
        index = "xyz".index(one.axis)
        if self.model.axes.disorder == "cumulative":
            return cumulative_factor(q, float(direction[index]), own, one.stack, pairs, derivatives)
        return sinusoidal_factor(q, direction, index, own, one.stack, pairs)

    def _correlated(self, one: _Axis, own: Mapping[str, float]) -> _Correlated:
        """How far the crystals along an axis are correlated, as this cut shows it."""
        x, y, z = self.direction.vector
        fibre = self.direction.fibre and one.axis in "xy"
        c = x if fibre else (x, y, z)["xyz".index(one.axis)]
        slanted = math.sqrt(max(1.0 - c**2, 0.0)) if not fibre else 1.0
        spread = math.hypot(c * own.get("sigma_L", 0.0), slanted * own.get("sigma_T", 0.0))
        swing = _SWING * (c * own.get("A_L", 0.0) + slanted * own.get("A_T", 0.0))
        M = int(one.stack.numbers[0])
        if c == 0.0:
            return _Correlated(0.0, _JITTER * math.sqrt(M) * spread + swing, 0.0, M)
        p = np.array([own["d"], own.get("L", 0.0), 0.0, own["N"], own["sigma_N"], 0.0])
        # Distances along several axes can cancel, so that the resolution alone does not limit them.
        longest = self.longest_fringe if self.direction.axis else math.inf
        distance, pairs = reach(p, one.stack, longest)
        if fibre and self.model.axes.disorder == "cumulative":
            step = float(self.q[0]) * x * min(own.get("sigma_L", 0.0), own.get("sigma_T", 0.0))
            visible = 1 + math.ceil(_VISIBLE / max(0.5 * step**2, 1e-9))
            if visible < pairs:
                distance, pairs = distance * visible / pairs, visible
        jitter = _JITTER * math.sqrt(pairs) * spread + swing
        return _Correlated(c * distance, jitter, c * distance + jitter if fibre else 0.0, pairs)

    def _check(self, values: Mapping[str, float]) -> None:
        """Check the values of all parameters against their physical limits.

        Raises
        ------
        SlxrdError
            If one is beyond them.
        """
        for name, row in self.model.table.items():
            value = float(values[name])
            if not row.least <= value <= row.greatest:
                raise SlxrdError(
                    f"{name} = {value:g}: must lie between {row.least:g} and {row.greatest:g} {row.unit}"
                )
        for one in self._axes:
            if "N" in one.names:
                check_sizes(values[one.names["N"]], values[one.names["sigma_N"]], Stack.size_window)


@dataclass(frozen=True, eq=False)
class _Axis:
    """An axis as a stack, and the names of its parameters by those without endings."""

    axis: str
    stack: Sample
    names: Mapping[str, str]

    @classmethod
    def of_model(cls, model: DirectionsModel, axis: str) -> _Axis:
        bases = model.axes.bases(axis, model.directions)
        stack = sample(Stack(model.axes.number(axis)), np.ones(1), None)
        return cls(axis, stack, {base: model.axes.name(base, axis) for base in bases})

    def of(self, values: Mapping[str, float]) -> dict[str, float]:
        """Values of its parameters without endings."""
        return {base: float(values[name]) for base, name in self.names.items()}


@dataclass(frozen=True)
class _Correlated:
    """Distances over which the crystals along an axis are correlated.

    Parameters
    ----------
    along : float
        Along the cut, in Å.
    smooth : float
        By how much displacements lengthen it.
    in_plane : float
        In the plane, for the average over the azimuth; 0 for other cuts.
    pairs : int
        Only crystals less than this number of places apart interfere.
    """

    along: float
    smooth: float
    in_plane: float
    pairs: int
