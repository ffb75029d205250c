"""Calculated intensity of a region and its derivatives, from structure and instrument."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from slxrd.errors import SlxrdError
from slxrd.instrument.diffractometer import Band, Instrument
from slxrd.model.arrays_of_stack import check_shift, function_of_gaps, sample
from slxrd.model.disorder import curves_with_disorder
from slxrd.model.environment.curves import Surroundings
from slxrd.model.kernel.arrays import Sample
from slxrd.model.kernel.dispatch import distances, reach, smear
from slxrd.model.sizes import check_sizes
from slxrd.parameters.scans import zero_of_scan
from slxrd.sample.stack import Stack
from slxrd.units import FloatArray

#: Ratio of the longest correlations of successive auxiliary grids.
_LADDER = 1.25
#: The tails of the gaps' distribution in standard deviations per skewness, beyond those of a Gaussian.
_TAIL = 7.0
#: Parameters of the distributions of sizes.
_OF_SIZES = ("N", "sigma_N", "N_B", "sigma_N_B")


@dataclass(frozen=True)
class Model:
    """Calculated intensity of a structure, measured with an instrument.

    Parameters
    ----------
    stack : Stack
        The structure.
    instrument : Instrument
        The diffractometer.
    further : tuple of Instrument
        Those of the second and following scans, where several scans of a sample are fitted.
    """

    stack: Stack = field(default_factory=Stack)
    instrument: Instrument = field(default_factory=Instrument)
    further: tuple[Instrument, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the parameters, in the order of the rows of a Jacobian."""
        return self.stack.names

    @property
    def in_kernels(self) -> bool:
        """Whether the compiled kernels calculate the whole intensity."""
        return self.stack.in_kernels

    def region(self, q: FloatArray, scan: int = 0) -> RegionModel:
        """Prepare the model for the measured points ``q`` (Å⁻¹, increasing) of a scan."""
        return RegionModel(self, np.asarray(q, dtype=np.float64), scan)

    def intensity(self, q: FloatArray, values: Mapping[str, float]) -> FloatArray:
        """Calculate the intensity at ``q``, shape (n,), in squared units of a plane or an electron."""
        return self.region(q).evaluate(values)[0]


class OnGrid(NamedTuple):
    """The input of a calculation on the auxiliary grid of a region.

    Attributes
    ----------
    p : ndarray, shape (p,)
        Parameters, in the order of the names of the model; the zero error of the scan is the sixth.
    band : Band
        The auxiliary grid.
    q, delta : ndarray, shape (m,)
        True scattering vector of its points in Å⁻¹, and its difference from the measured one.
    sample : Sample
        The structure as arrays.
    pairs : int
        Only cells less than this number of places apart visibly interfere.
    """

    p: FloatArray
    band: Band
    q: FloatArray
    delta: FloatArray
    sample: Sample
    pairs: int


class RegionModel:
    """Model at a fixed set of points, with a cache of auxiliary grids.

    A grid is made for a range of correlations, and used for all parameter values with a shorter range. The
    smearing is exact on each grid, so a change of grids does not change the intensity.
    """

    def __init__(self, model: Model, q: FloatArray, scan: int = 0) -> None:
        self.model = model
        self.q = q
        self.scan = scan
        self.instrument = (model.instrument, *model.further)[scan]
        self.longest_fringe = self.instrument.longest_fringe(q)
        self.names = model.names
        self._zero = self.names.index(zero_of_scan(scan))
        self._sizes = [name for name in _OF_SIZES if name in self.names]
        self._bands: dict[int, Band] = {}
        self._samples: dict[int, tuple[Band, Sample]] = {}
        # The range of correlations needs only the structure without amplitudes.
        self._plain = sample(model.stack, np.ones(1), None)
        self._disorders = model.stack.disorders
        self.gaps = function_of_gaps(model.stack)
        self._distribution = model.stack.gap_distribution
        self._surroundings = (
            Surroundings(model.stack, self.longest_fringe, self.gaps)
            if Surroundings.needed(model.stack)
            else None
        )

    def evaluate(
        self, values: Mapping[str, float], derivatives: bool = True
    ) -> tuple[FloatArray, FloatArray]:
        """Calculate intensity and derivatives.

        Parameters
        ----------
        values : mapping
            Values of all parameters: d, L, sigma_L in Å, N, sigma_N in planes, q_zero in Å⁻¹, and further
            parameters of the structure.
        derivatives : bool
            Whether they are needed.

        Returns
        -------
        intensity : ndarray, shape (n,)
        jacobian : ndarray, shape (p, n), or (0, n) without derivatives
            Derivatives with respect to the parameters, in the order of ``names``.

        Raises
        ------
        SlxrdError
            If a value is physically impossible.
        """
        on = self.on_grid(values)
        band = on.band
        rows = self._curves(on.p, on.q, on.delta, on.sample, on.pairs, derivatives)
        if not derivatives:
            return apply_resolution(band, rows[:1])[0], np.empty((0, self.q.size))
        rows[6] *= band.shift
        if self._zero != 5:
            rows[1 + self._zero], rows[6] = rows[6].copy(), 0.0
        smeared = apply_resolution(band, rows)
        return smeared[0], smeared[1:]

    def on_grid(self, values: Mapping[str, float]) -> OnGrid:
        """Check the values of all parameters, and choose the auxiliary grid for them.

        Raises
        ------
        SlxrdError
            If a value is physically impossible.
        """
        p = self._checked(values)
        distance, pairs = self._reach(p)
        band = self.band(distance)
        delta = p[5] * band.shift
        return OnGrid(p, band, band.q + delta, delta, self.sample(band), pairs)

    def before_resolution(self, on: OnGrid) -> FloatArray:
        """Calculate the intensity on the auxiliary grid, shape (m,), not averaged over the resolution."""
        rows = self._curves(on.p, on.q, on.delta, on.sample, on.pairs, False)
        return np.asarray(rows[0])

    def _curves(
        self, p: FloatArray, q: FloatArray, delta: FloatArray, s: Sample, pairs: int, derivatives: bool
    ) -> FloatArray:
        """Calculate intensity and derivatives on an auxiliary grid, as rows."""
        if self._surroundings is not None:
            return self._surroundings.curves(p, q, delta, s, pairs, derivatives)
        return curves_with_disorder(
            p, q, delta, s, pairs, derivatives, self._disorders, self.names, self.gaps
        )

    def _checked(self, values: Mapping[str, float]) -> FloatArray:
        """Return the values of the parameters, shape (p,), after checking that a stack can have them."""
        p = np.array([float(values[name]) for name in self.names])
        p[5] = p[self._zero]
        d, L, sigma_L, _, _, q_zero = p[:6].tolist()
        _check(d, L, sigma_L, q_zero)
        self._check_sizes(values)
        if self.model.stack.crystal is not None:
            check_shift(q_zero)
        self._check_further(values)
        return p

    def _check_further(self, values: Mapping[str, float]) -> None:
        """Check the parameters that only some structures have against their physical limits."""
        stack = self.model.stack
        table = stack.table
        for name in self.names[6:]:
            row, value = table[name], float(values[name])
            if not row.least <= value <= row.greatest:
                raise SlxrdError(
                    f"{name} = {value:g}: must lie between {row.least:g} and {row.greatest:g} {row.unit}"
                )
        smallest = int(max(1, self._plain.closing[0]))
        if values["N"] < smallest:
            raise SlxrdError(
                f"N = {values['N']:g}: crystals of these surfaces have at least {smallest} planes"
            )
        if stack.alternating and values["L"] + values.get("dL_B", 0.0) < 0.0:
            raise SlxrdError(f"L + dL_B = {values['L'] + values['dL_B']:g} Å: must be 0 or more")

    def _check_sizes(self, values: Mapping[str, float]) -> None:
        """Check that the sizes of all crystals can be listed."""
        stack = self.model.stack
        check_sizes(values["N"], values["sigma_N"], stack.size_window)
        if stack.alternating:
            check_sizes(values["N_B"], values["sigma_N_B"], stack.size_window)

    def correlated(self, rows: FloatArray) -> FloatArray:
        """Return the longest distances in Å over which correlations remain that can be resolved.

        Parameters
        ----------
        rows : ndarray, shape (n, p)
            Vectors of the parameters, in the order of ``names``.

        Returns
        -------
        ndarray, shape (n,)

        Raises
        ------
        SlxrdError
            If the sizes of the crystals are beyond what can be calculated.
        """
        of_sizes = rows[:, [self.names.index(name) for name in self._sizes]]
        for row in np.unique(of_sizes, axis=0).tolist():
            self._check_sizes(dict(zip(self._sizes, row, strict=True)))
        typical = np.array([self._of_all_gaps(p)[0] for p in rows]).reshape(rows.shape)
        found = distances(typical, self._plain, self.longest_fringe)
        return found + [self._further(p) for p in rows] if self._adds else found

    def _reach(self, p: FloatArray) -> tuple[float, int]:
        """Return this distance, and the largest number of places between crystals that visibly interfere."""
        distance, pairs = reach(self._of_all_gaps(p)[0], self._plain, self.longest_fringe)
        return (distance + self._further(p) if self._adds else distance), pairs

    @property
    def _adds(self) -> bool:
        """Whether something outside the kernels adds to the range of correlations."""
        skewed = bool(self._distribution.parameters)
        return skewed or bool(self._disorders) or self._surroundings is not None

    def _of_all_gaps(self, p: FloatArray) -> tuple[FloatArray, float]:
        """Parameters with mean and standard deviation of all gaps as L and σ_L, and the length of a tail."""
        if not self._distribution.parameters:
            return p, 0.0
        values = self._distribution.values(dict(zip(self.names, p.tolist(), strict=True)))
        found = self._distribution.moments(float(p[1]), float(p[2]), values)
        typical = p.copy()
        typical[1:3] = found.mean, found.deviation
        return typical, _TAIL * abs(found.skewness) * found.deviation

    def _further(self, p: FloatArray) -> float:
        """Return the distance in Å that disorder, skewed gaps and surroundings outside the kernels add."""
        values = dict(zip(self.names, p.tolist(), strict=True))
        found = sum(disorder.reach(disorder.values(values)) for disorder in self._disorders)
        found += self._of_all_gaps(p)[1]
        return found + (0.0 if self._surroundings is None else self._surroundings.reach(values))

    def sample(self, band: Band) -> Sample:
        """Return the structure as arrays on one of the auxiliary grids."""
        key = id(band)
        if key not in self._samples:
            # The grid is stored too: the identity of one that no longer exists can be that of another.
            made = sample(self.model.stack, band.q, self.instrument.wavelength)
            self._samples[key] = band, made
        return self._samples[key][1]

    def band(self, longest: float) -> Band:
        """Return the auxiliary grid for correlations up to ``longest``, in Å."""
        if not math.isfinite(longest):
            raise SlxrdError("the distances in a stack are too long to calculate with; give other values")
        rung = math.ceil(math.log(max(longest, 1.0)) / math.log(_LADDER))
        if rung not in self._bands:
            # Of several threads the first one decides.
            self._bands.setdefault(rung, self.instrument.band(self.q, _LADDER**rung))
        return self._bands[rung]


def _check(d: float, L: float, sigma_L: float, q_zero: float) -> None:
    if not (math.isfinite(d) and d > 0.0):
        raise SlxrdError(f"d = {d!r}: must be a positive number of Å")
    if not (math.isfinite(L) and L >= 0.0):
        raise SlxrdError(f"L = {L!r}: must be 0 or more, in Å")
    if not (math.isfinite(sigma_L) and sigma_L >= 0.0):
        raise SlxrdError(f"sigma_L = {sigma_L!r}: must be 0 or more, in Å")
    if not math.isfinite(q_zero):
        raise SlxrdError(f"q_zero = {q_zero!r}: must be a number of Å⁻¹")


def apply_resolution(band: Band, rows: FloatArray) -> FloatArray:
    """Average curves on the auxiliary grid of an instrument over its resolution.

    Parameters
    ----------
    band : Band
        The auxiliary grid and its weights.
    rows : ndarray, shape (k, m)
        Curves on ``band.q``.

    Returns
    -------
    ndarray, shape (k, n)
        Curves at the points of the band.
    """
    if band.weights.shape[1] == 1:
        return rows
    return smear(rows, band.first, band.weights)
