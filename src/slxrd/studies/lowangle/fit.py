"""The low-angle region: the width of the gap between crystals, by a fit of its dips (SI section S.a).

Toso, Baranov et al. (ACS Nano 2021, 15, 6243) read the distance of the dips off; here the whole curve is
fitted, with its slope, its background, and refraction. What is fitted stands in ``edges``.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import replace

import numpy as np

from slxrd.data.pattern import Pattern
from slxrd.data.regions import Region, RegionData
from slxrd.errors import SlxrdError
from slxrd.fitting.result.fit import AMBIGUOUS, Estimate
from slxrd.instrument.broadening import Broadening
from slxrd.instrument.diffractometer import Instrument
from slxrd.model.simulation import as_instrument
from slxrd.sample.stack import Stack
from slxrd.studies.lowangle.average import CRITICAL_STEPS, EVIDENT, MOST_MISFIT, Average, average
from slxrd.studies.lowangle.data import Noise, low_angle_points
from slxrd.studies.lowangle.dips import find_dips, read_off
from slxrd.studies.lowangle.model import NAMES, SMOOTH, Edges, Smooth
from slxrd.studies.lowangle.refinement import UPPER, Refined, refine
from slxrd.studies.lowangle.result import LowAngle

#: Largest critical scattering vector that is thought of, in Å⁻¹ (bulk PbS: 0.052).
MOST_CRITICAL = 0.06
#: Of the lowest q, the most that the critical scattering vector may be.
LEAST_ABOVE = 0.7
#: Rise of χ² that a one-sided limit of 95 % stands for.
ONE_SIDED = 2.71
#: Beyond this reduced χ² the curve is not what it is taken for.
POOR = 2.0


def fit_low_angle(
    pattern: Pattern,
    region: Region | tuple[float, float] | None = None,
    *,
    d: float | None = None,
    mask: Iterable[tuple[float, float]] = (),
    coherent: int = Stack.n_coherent,
    resolution: float | Broadening = Instrument.sigma_G,
    critical: float | None = None,
    background: Smooth | None = None,
    noise: Noise | None = None,
) -> LowAngle:
    """Fit the dips of the low-angle region.

    Parameters
    ----------
    pattern : Pattern
        Over q, or over 2θ with a known wavelength.
    region : Region or (q_min, q_max), optional
        Å⁻¹. By default from 0.12 to 0.5, with ``d`` to 0.6, as far as the pattern goes.
    d : float, optional
        Distance of the planes in Å. With it the crystals are stacks of planes, and L = w + d; without
        it they are slabs.
    mask : iterable of (q_min, q_max)
        Å⁻¹, to be left out.
    coherent : int
        M, number of crystals that scatter coherently.
    resolution : float or Broadening
        As in :func:`slxrd.fit`.
    critical : float, optional
        Critical scattering vector q_c of the film in Å⁻¹, 0 for no refraction. By default it is taken to be
        anything up to 0.06, and the error of w holds that.
    background : {"power", "exponential", "both"}, optional
        Shape of the background, besides a constant: a power law, an exponential, or one of each. By default
        all three are fitted with and weighed by their χ², and the error of w holds how much they differ.
    noise : {"file", "counting", "scatter"}, optional
        σ from the file, from counting statistics, or a fraction of each point that is read off the
        points' scatter. By default the first of these that there is.

    Returns
    -------
    LowAngle
        Print it for a table.

    Raises
    ------
    SlxrdError
        If the pattern has no low-angle part, or an argument is at fault.
    """
    if background is not None and background not in SMOOTH:
        raise SlxrdError(f"background {background!r} is not one of {', '.join(SMOOTH)}")
    if d is not None and not (math.isfinite(d) and d > 0.0):
        raise SlxrdError(f"d = {d!r}: must be a positive number of Å")
    Stack(coherent)
    if coherent < 2:
        raise SlxrdError(f"coherent {coherent}: a gap has two neighbours, so M must be 2 or more")
    pattern = pattern.to_q()
    for low, high in mask:
        pattern = pattern.masked(low, high)
    data, said = low_angle_points(pattern, region, d, noise)
    low = float(data.q[0])
    if critical is not None and not (math.isfinite(critical) and 0.0 <= critical < low):
        raise SlxrdError(f"critical {critical!r}: q_c must be 0 or more, and below the region, {low:.3g} Å⁻¹")
    instrument = as_instrument(pattern, resolution, "q")
    most = min(MOST_CRITICAL, LEAST_ABOVE * low)
    values = np.linspace(0.0, most, CRITICAL_STEPS + 1) if critical is None else np.array([critical])
    kinds = [
        Edges(
            instrument.band(data.q, UPPER[0] + UPPER[2]),
            0.5 * low,
            math.sqrt(low * float(data.q[-1])),
            d or 0.0,
            coherent,
            float(values[values.size // 2]),
            float(instrument.sigma(data.q).min()),
            kind,
            False,
        )
        for kind in (SMOOTH if background is None else (background,))
    ]
    found = average(kinds, data, values)
    return _Telling(
        pattern, found, instrument, said, d, None if critical is None else float(critical)
    ).result()


class _Telling:
    """What is said of a fitted region."""

    def __init__(
        self,
        pattern: Pattern,
        found: Average,
        instrument: Instrument,
        noise: str,
        d: float | None,
        critical: float | None,
    ) -> None:
        self.pattern, self.instrument, self.noise, self.d = pattern, instrument, noise, d
        self.found, self.best, self.data, self.given = found, found.best, found.data, critical

    def result(self) -> LowAngle:
        """Put together what is to be said."""
        best, data = self.best, self.data
        fringes = best.edges.fringes
        period = best.value("w") + best.value("t")
        dips = find_dips(data, 2.0 * math.pi / period if fringes and self.found.seen else None)
        paper = self._paper()
        estimates = self._estimates(paper)
        estimates["read_off"] = read_off(dips)
        under = best.edges.under(best.values)
        return LowAngle(
            self.pattern,
            data.region,
            self.d,
            best.edges.coherent,
            self.instrument,
            self.found.of_backgrounds(),
            self.noise,
            estimates,
            dips,
            self.found.seen,
            fringes and self.found.seen,
            self.found.evidence,
            best.chi2,
            best.chi2 / max(data.q.size - int(best.free.sum()), 1),
            data.q,
            data.intensity,
            data.sigma,
            best.curve,
            under,
            paper.curve,
            tuple(self._notes(dips)),
        )

    def _paper(self) -> Refined:
        """sinc²(qw/2) on the same kind of background: slabs, without refraction, fluctuation or slope."""
        bare = replace(self.best.edges, d=0.0, critical=0.0, fringes=False, coherent=10**6)
        tries = []
        for w in (self.best.value("w"), 0.97 * self.best.value("w"), 1.03 * self.best.value("w")):
            start = self.best.values.copy()
            start[[NAMES.index(name) for name in ("w", "sigma_w", "slope")]] = w, 0.0, 0.0
            tries.append(refine(bare, self.data, start, keep=("sigma_w", "slope")))
        return min(tries, key=lambda each: each.chi2)

    def _estimates(self, paper: Refined) -> dict[str, Estimate]:
        missing = Estimate(None, None, "Å", "undetermined", self._why_unseen())
        if not self.found.seen:
            names = ("gap", "spacing", "gap_sinc2", "sigma_gap", "thickness", "sigma_thickness", "period")
            return {**dict.fromkeys(names, missing), "critical": replace(missing, unit="Å⁻¹")}
        gap = self._weighted({"w": 1.0})
        rivals = self.found.rivals(AMBIGUOUS)
        if rivals and gap.value is not None:
            others = ", ".join(f"{w:.2f}" for w in rivals)
            gap = replace(gap, status="ambiguous", why=f"also {others} Å")
        spacing = Estimate(None, None, "Å", "undetermined", "d is not known: give it (--d)")
        if self.d is not None:
            spacing = replace(gap, value=None if gap.value is None else gap.value + self.d)
        told = {
            "gap": gap,
            "spacing": spacing,
            "gap_sinc2": _sinc2(paper, self.data),
            "sigma_gap": self._sigma(),
        }
        without = Estimate(None, None, "Å", "undetermined", "no fringes of the stack are resolved")
        for name, slopes in (
            ("thickness", {"t": 1.0}),
            ("sigma_thickness", {"sigma_t": 1.0}),
            ("period", {"w": 1.0, "t": 1.0}),
        ):
            told[name] = self._weighted(slopes) if self.best.edges.fringes else without
        return {**told, "critical": self._refraction()}

    def _why_unseen(self) -> str:
        w = self.best.value("w")
        if self.found.evidence <= EVIDENT:
            return "no dips: a smooth curve is as good"
        if self.found.misfit >= MOST_MISFIT:
            return f"the curve misses the points by {100.0 * self.found.misfit:.0f} %"
        return f"no dips in the region: what the fit finds, {w:.3g} Å, is none that it could show"

    def _weighted(self, slopes: dict[str, float]) -> Estimate:
        """Mean and standard deviation over all backgrounds and critical scattering vectors."""
        mean, error = self.found.of(slopes)
        if any(not self.best.free[NAMES.index(name)] for name in slopes):
            return Estimate(mean, None, "Å", "at bound", "no error bar: it lies on a bound")
        if not math.isfinite(error):
            return Estimate(None, None, "Å", "undetermined", "χ² hardly depends on it")
        return Estimate(mean, error, "Å")

    def _sigma(self) -> Estimate:
        """Fluctuation of the gap: a value, or the limit that χ² sets."""
        if self.d is None or self.found.scatter > POOR:
            reason = "d is not known" if self.d is None else "the curve does not fit well enough"
            return Estimate(None, None, "Å", "undetermined", reason)
        found = self._weighted({"sigma_w": 1.0})
        why = "indicative: a background fills the dips too"
        if found.value is not None and found.error is not None and found.value > 2.0 * found.error:
            return replace(found, why=why)
        i, least = NAMES.index("sigma_w"), self.best.chi2 + ONE_SIDED * self.found.scatter
        start, before = self.best.values.copy(), (self.best.value("sigma_w"), self.best.chi2)
        for value in np.linspace(before[0], UPPER[i], 41)[1:].tolist():
            start[i] = value
            kept = refine(self.best.edges, self.data, start, keep=("sigma_w",), tolerance=1e-6)
            if kept.chi2 > least:
                share = (least - before[1]) / (kept.chi2 - before[1])
                limit = before[0] + share * (value - before[0])
                return Estimate(limit, None, "Å", "upper bound", f"95 % limit; {why}")
            start, before = kept.values.copy(), (value, kept.chi2)
        return Estimate(None, None, "Å", "undetermined", "χ² hardly depends on it")

    def _refraction(self) -> Estimate:
        unit = "Å⁻¹"
        if self.given is not None:
            return Estimate(self.given, None, unit, "fixed", "as given")
        most = min(MOST_CRITICAL, LEAST_ABOVE * float(self.data.q[0]))
        places, shares = self.found.critical()
        mean = float(shares @ places)
        error = math.sqrt(float(shares @ (places - mean) ** 2))
        limit = float(places[int(np.searchsorted(np.cumsum(shares), 0.95))])
        if error < 0.15 * most and mean > 2.5 * error and mean + error < most:
            return Estimate(mean, error, unit)
        if limit < 0.7 * most:
            return Estimate(limit, None, unit, "upper bound", "95 % limit")
        why = f"anything from 0 to {most:.3g} Å⁻¹; the error of w holds that"
        return Estimate(None, None, unit, "undetermined", why)

    def _notes(self, dips: Sequence[object]) -> list[str]:
        told = []
        if not self.found.seen:
            return [f"{self._why_unseen()}; w is not determined"]
        if self.found.scatter > POOR:
            told.append(
                f"reduced χ² {self.found.scatter:.3g}: the curve is not quite this one, or σ is too small; "
                f"errors are widened by {math.sqrt(self.found.scatter):.2g}"
            )
        if len(dips) < 2:
            told.append(
                f"{len(dips) or 'no'} dip{'s' if len(dips) != 1 else ''} can be read off: w rests on the "
                "shape of the curve; measure to larger q, or count longer"
            )
        if not self.best.edges.fringes:
            told.append("no fringes of the stack are resolved: the curve is that of the gap alone")
        if self.d is None:
            told.append("d is not given: crystals are taken as slabs, and L = w + d is not told")
        if float(self.data.q[0]) < 0.1:
            told.append(
                "below 0.1 Å⁻¹ misalignment, footprint and dynamical scattering may change the intensity; "
                "compare with a region that begins at 0.12"
            )
        return told


def _sinc2(paper: Refined, data: RegionData) -> Estimate:
    scatter = max(1.0, paper.chi2 / max(data.q.size - int(paper.free.sum()), 1))
    error = paper.error("w")
    if not (0.0 < error < math.inf):
        return Estimate(paper.value("w"), None, "Å", "at bound", "no error bar")
    why = f"reduced χ² {scatter:.3g}, for comparison only"
    return Estimate(paper.value("w"), error * math.sqrt(scatter), "Å", "determined", why)
