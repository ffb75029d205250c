"""Starts for single films: thickness and lattice period from a scan of χ².

The fringes of a film of N planes are 2π/(Nd) apart. χ² has minima in N at distances of 2π/(d·Δq), where Δq
is the distance from the Bragg peak over which fringes are seen. The scan has several points in each of them.
It is repeated with residuals that are mostly relative, in which weak fringes count as well.

The Bragg peak may be masked, or outside a region on one side of it. A second scan therefore estimates its
position and the thickness from the fringes alone, with a free phase.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import zip_longest

import numpy as np

from slxrd._interruption import check_interruption
from slxrd.data.peaks import highest_fringe_width, lattice_period, measure_peak
from slxrd.data.regions import RegionData
from slxrd.fitting.objective.residuals import Objective
from slxrd.fitting.search.budget import Budget, in_parallel
from slxrd.fitting.search.film.curves import (
    Curves,
    film_curves,
    fringe_curves,
    weighted_points,
)
from slxrd.fitting.search.film.fringes import (
    FOLLOWED,
    STEPS_PER_MINIMUM,
    fringe_periods,
    fringe_solutions,
)
from slxrd.instrument.diffractometer import Instrument
from slxrd.parameters.parameter_set import Parameters
from slxrd.units import FloatArray

#: Function for the curves of films; see :func:`.film_curves`.
_OfFilms = Callable[[FloatArray, float, FloatArray, FloatArray, Instrument, bool], Curves]
#: Sizes between these multiples of the one from the width of the Bragg peak are tried.
SMALLEST, LARGEST = 0.35, 3.0
#: Fringes are searched up to the thickness at which the resolution reduces them to exp(−½·2.5²) = 4 %.
FAINTEST = 2.5
#: Relative spreads of sizes that are tried, and the least one.
SPREADS, LEAST_SPREAD = (0.0, 0.03, 0.15), 0.3
#: Positions of a visible Bragg peak that are tried, in units of its width.
CENTRES = (0.0, -0.12, 0.12, -0.35, 0.35)
#: Trial positions of an invisible Bragg peak per fringe.
PER_FRINGE = 5
#: Starts returned for each kind of residuals; those closer than this, as a part of a fringe, count as one.
MOST_STARTS, SAME = 7, 0.7
#: Shortest period of fringes, per 2π over the range; starts for each period.
SHORTEST_PERIOD, FROM_PERIOD = 1.5, 4
#: Most trial thicknesses.
MOST_SIZES = 600


@dataclass(frozen=True)
class Scanned:
    """Starts from a scan.

    Parameters
    ----------
    d, N, sigma_N : ndarray, shape (k,)
        Starts, the best first.
    tried : int
        Number of films that were compared with the pattern.
    """

    d: FloatArray
    N: FloatArray
    sigma_N: FloatArray
    tried: int


class FilmScan:
    """Scan of χ² over lattice period, thickness and spread of sizes.

    Parameters
    ----------
    objective : Objective
        Regions and instrument.
    parameters : Parameters
        Fixed values, starts and bounds.
    budget : Budget
        Time.
    report : callable
        Called with the share that is done.
    """

    def __init__(
        self, objective: Objective, parameters: Parameters, budget: Budget, report: Callable[[float], None]
    ) -> None:
        self.objective = objective
        self.parameters = parameters
        self.budget = budget
        self.report = report
        self.instrument = objective.model.instrument
        q_zero = parameters["q_zero"].value or 0.0
        self.strongest = max(objective.data, key=lambda points: float(points.intensity.max()))
        self.d_S = parameters["d_S"].value if "d_S" in parameters else None
        self.kinds = tuple(
            weighted_points(objective, q_zero, relative, self.d_S) for relative in (False, True)
        )
        self.q = np.concatenate([points.q for points in self.kinds[0]])
        peaks = [measure_peak(points.q, points.intensity) for points in objective.data]
        given = parameters["d"].value
        self.d = float(given if given is not None else lattice_period(peaks))
        row = parameters["d"]
        if not row.lower <= self.d <= row.upper:
            self.d = self._within(self.d)
        self.peak = self.strongest.q[int(np.argmax(self.strongest.intensity))] + q_zero
        self.order = max(round(float(self.peak) * self.d / (2.0 * np.pi)), 1)
        self.tried = 0

    def _within(self, d: float) -> float:
        """A multiple of d within the bounds, if planes are counted in larger units; else their middle."""
        row = self.parameters["d"]
        multiples = [k * d for k in range(2, 13) if row.lower <= k * d <= row.upper]
        return multiples[0] if multiples else (row.lower + row.upper) / 2.0

    def thickest(self) -> float:
        """Largest thickness in Å that point distance and resolution can show."""
        step = min(float(np.median(np.diff(points.q))) for points in self.objective.data)
        width = min(float(self.instrument.sigma(points.q).min()) for points in self.objective.data)
        return min(np.pi / step, FAINTEST / width if width > 0.0 else np.inf)

    def starts(self) -> Scanned:
        """Scan, and return starts, the best of each part of the scan first."""
        found: list[Scanned] = []
        report = self.report
        if peak_is_visible(self.strongest):
            self.report = lambda done: report(0.4 * done)
            about = self._calculate(list(self._about_peak()))
            if self._free("d") and about:
                self.report = lambda done: report(0.4 + 0.4 * done)
                # The best sizes again, with positions of the peak a fraction of a fringe apart.
                about += self._calculate(list(self._beside(about)))
            found.append(self._best(about))
        self.report = lambda done: report(0.8 + 0.2 * done)
        found.append(self._best(self._calculate(list(self._from_fringes()), fringe_curves)))
        together = zip_longest(
            *(zip(s.d.tolist(), s.N.tolist(), s.sigma_N.tolist(), strict=True) for s in found)
        )
        d, N, spread = np.array([start for starts in together for start in starts if start]).reshape(-1, 3).T
        return Scanned(d, N, spread, self.tried)

    def starts_from_period(self) -> Scanned:
        """Scan films whose thickness is the period of the logarithm of the intensity.

        Where the tails of a substrate are higher than the fringes of a thin film, a film that replaces the
        tails is better in χ², until the substrate is refined with each.
        """
        span = max(float(np.ptp(points.q)) for points in self.objective.data)
        periods = fringe_periods(self.objective, SHORTEST_PERIOD * 2.0 * np.pi / span, self.thickest())
        found = [self._best(self._calculate(list(self._of_thickness(period)))) for period in periods[:2]]
        d, N, spread = (
            np.concatenate([getattr(each, name)[:FROM_PERIOD] for each in found] or [np.zeros(0)])
            for name in ("d", "N", "sigma_N")
        )
        return Scanned(d, N, spread, self.tried)

    def _of_thickness(self, thickness: float) -> Iterator[tuple[float, FloatArray]]:
        """Lattice periods of a known thickness, with their peak near the highest point."""
        fringe = 2.0 * np.pi / thickness
        places = self.peak + fringe * np.linspace(-1.0, 1.0, 2 * PER_FRINGE + 1)
        lattices = self._lattice(places[places > 0.3 * self.peak]) if self._free("d") else np.array([self.d])
        for d in self._in_bounds("d", lattices):
            sizes = self._in_bounds("N", np.maximum(thickness / d + np.linspace(-0.8, 0.8, 5), 1.0))
            sizes = sizes if self._free("N") else self._sizes(1.0, 2.0)
            if sizes.size:
                yield float(d), sizes

    def _free(self, name: str) -> bool:
        row = self.parameters[name]
        return bool(row.free) and row.value is None

    def _lattice(self, q: FloatArray) -> FloatArray:
        return np.asarray(2.0 * np.pi * self.order / q)

    def _in_bounds(self, name: str, values: FloatArray) -> FloatArray:
        row = self.parameters[name]
        return values[(values >= row.lower) & (values <= row.upper)]

    def _sizes(self, least: float, most: float) -> FloatArray:
        """Trial sizes in planes."""
        row = self.parameters["N"]
        if not self._free("N"):
            return np.array([row.value if row.value is not None else max(least, 1.0)])
        far = float(np.max(np.abs(self.q - self.peak)))
        step = max(2.0 * np.pi / (far * self.d * STEPS_PER_MINIMUM), (most - least) / MOST_SIZES, 0.02)
        geometric = np.geomspace(least, most, 25)  # where minima are far apart in N
        return self._in_bounds("N", np.union1d(np.arange(least, most + step, step), geometric))

    def _about_peak(self) -> Iterator[tuple[float, FloatArray]]:
        """Trial lattice periods around a visible peak, with sizes from its width to the resolution."""
        width = highest_fringe_width(self.strongest.q, self.strongest.intensity)
        planes = 0.9 * 2.0 * np.pi / (self.d * width)
        most = max(min(LARGEST * planes, self.thickest() / self.d), 2.0 * planes, 3.0)
        sizes = self._sizes(max(SMALLEST * planes, 1.0), most)
        places = [self.d] if not self._free("d") else self._lattice(self.peak + width * np.array(CENTRES))
        for d in self._in_bounds("d", np.array(places)) if self._free("d") else np.array(places):
            for part in np.array_split(sizes, max(round(sizes.size / 150), 1)):
                if part.size:
                    yield float(d), part

    def _beside(self, found: list[_Block]) -> Iterator[tuple[float, FloatArray]]:
        """Lattice periods a fraction of a fringe apart, with sizes next to the best ones."""
        far = float(np.max(np.abs(self.q - self.peak)))
        step = 2.0 * np.pi / (far * self.d * STEPS_PER_MINIMUM)
        for size in self._best(found).N[:FOLLOWED].tolist():
            centres = self.peak + np.linspace(-0.5, 0.5, PER_FRINGE + 1) * 2.0 * np.pi / (size * self.d)
            sizes = self._sizes(size, size) if not self._free("N") else size + step * np.arange(-2, 3)
            sizes = self._in_bounds("N", np.maximum(sizes, 1.0))
            for d in self._in_bounds("d", 2.0 * np.pi * self.order / centres):
                if sizes.size:
                    yield float(d), sizes

    def _from_fringes(self) -> Iterator[tuple[float, FloatArray]]:
        """Lattice periods and sizes from fringes with a free phase."""
        if not self._free("d"):
            yield self.d, self._sizes(2.0, self.thickest() / self.d)
            return
        for thickness, centre in fringe_solutions(self.kinds[1], self.thickest(), float(self.peak)):
            fringe = 2.0 * np.pi / thickness
            reach = max(0.1 * float(np.ptp(self.q)), 2.0 * fringe)
            centres = np.arange(centre - reach, centre + reach, fringe / PER_FRINGE)
            step = 2.0 * np.pi / (float(np.ptp(self.q)) * self.d)
            for d in self._in_bounds("d", 2.0 * np.pi * self.order / centres):
                sizes = np.maximum((thickness + self.d * step * np.linspace(-0.6, 0.6, 7)) / d, 1.0)
                sizes = self._in_bounds("N", sizes) if self._free("N") else self._sizes(1.0, 2.0)
                if sizes.size:
                    yield float(d), sizes

    def _calculate(
        self, blocks: list[tuple[float, FloatArray]], of_films: _OfFilms = film_curves
    ) -> list[_Block]:
        """χ² of both kinds of residuals for blocks of one lattice period and several sizes."""

        def one(block: tuple[float, FloatArray]) -> _Block:
            check_interruption()
            d, sizes = block
            N, spread = self._with_spreads(sizes)
            chi2 = np.zeros((len(self.kinds), N.size))
            first = 0
            intensity, amplitude = of_films(self.q, d, N, spread, self.instrument, self.d_S is not None)
            for parts in zip(*self.kinds, strict=True):
                last = first + parts[0].q.size
                within = Curves(intensity[first:last], None if amplitude is None else amplitude[first:last])
                chi2 += [part.chi2(within) for part in parts]
                first = last
            return _Block(np.full(N.size, d), N, spread, chi2)

        if not blocks:
            return []
        total = len(blocks)
        found = in_parallel(one, blocks, self.budget, 0.4, lambda done: self.report(done / total))
        if len(found) < total:
            self.budget.leave_out(
                f"{total - len(found)} of {total} lattice periods and sizes of the scan", starts=True
            )
        self.tried += sum(block.N.size for block in found)
        return found

    def _with_spreads(self, sizes: FloatArray) -> tuple[FloatArray, FloatArray]:
        row = self.parameters["sigma_N"]
        if not self._free("sigma_N"):
            value = row.value if row.value is not None else LEAST_SPREAD
            return sizes, np.full(sizes.size, value)
        tried = [np.clip(np.maximum(part * sizes, LEAST_SPREAD), row.lower, row.upper) for part in SPREADS]
        return np.tile(sizes, len(SPREADS)), np.concatenate(tried)

    def _best(self, found: list[_Block]) -> Scanned:
        """The lowest values of χ² of each kind of residuals that are a part of a fringe apart."""
        if not found:
            return Scanned(np.zeros(0), np.zeros(0), np.zeros(0), self.tried)
        d, N, spread = (np.concatenate([getattr(b, name) for b in found]) for name in ("d", "N", "spread"))
        chi2 = np.concatenate([block.chi2 for block in found], axis=1)
        far = float(np.max(np.abs(self.q - self.peak)))
        chosen: list[int] = []
        for row in chi2:
            kept: list[int] = []
            for i in np.argsort(row)[: 50 * MOST_STARTS].tolist():
                apart = [
                    max(
                        abs(N[i] * d[i] - N[k] * d[k]) * far, abs(d[i] / d[k] - 1.0) * self.peak * N[i] * d[i]
                    )
                    for k in kept
                ]
                if all(phase > SAME * 2.0 * np.pi for phase in apart):
                    kept.append(i)
                if len(kept) == MOST_STARTS:
                    break
            chosen += [i for i in kept if i not in chosen]
        return Scanned(d[chosen], N[chosen], spread[chosen], self.tried)


@dataclass(frozen=True)
class _Block:
    """Films of a scan: d, N and σ_N of shape (k,), and χ² of both kinds of residuals, (2, k)."""

    d: FloatArray
    N: FloatArray
    spread: FloatArray
    chi2: FloatArray


def peak_is_visible(points: RegionData) -> bool:
    """Whether the highest point is a maximum that falls to half on both sides, without a gap."""
    q, intensity = points.q, points.intensity
    top = int(np.argmax(intensity))
    low = np.flatnonzero(intensity < 0.5 * intensity[top])
    left, right = low[low < top], low[low > top]
    if not (left.size and right.size):
        return False
    steps = np.diff(q[left[-1] : right[0] + 1])
    return bool(steps.max() < 3.0 * float(np.median(np.diff(q))))
