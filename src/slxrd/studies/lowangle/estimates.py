"""Estimates and notes of a low-angle result, from the average over backgrounds and refraction."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from slxrd.data.pattern import Pattern
from slxrd.data.regions import RegionData
from slxrd.fitting.result.fit import AMBIGUOUS, Estimate
from slxrd.instrument.diffractometer import Instrument
from slxrd.studies.lowangle.average import EVIDENT, MAX_MISFIT, Average
from slxrd.studies.lowangle.dips import find_dips, gap_from_dips
from slxrd.studies.lowangle.model import NAMES
from slxrd.studies.lowangle.refinement import UPPER, Refinement, refine
from slxrd.studies.lowangle.result import LowAngle

#: Increase of χ² at a one-sided 95 % limit.
ONE_SIDED = 2.71
#: Reduced χ² above which the model does not describe the data well.
POOR = 2.0


@dataclass(frozen=True)
class ResultBuilder:
    """Builder of the result of a fitted region.

    Parameters
    ----------
    pattern : Pattern
        Pattern over q.
    found : Average
        Refinements of the region.
    instrument : Instrument
        Resolution and radiation.
    noise : str
        Source of σ.
    d : float or None
        Distance of the planes in Å.
    given : float or None
        Critical scattering vector in Å⁻¹ given by the user.
    max_critical : float
        Largest critical scattering vector that was considered, in Å⁻¹.
    """

    pattern: Pattern
    found: Average
    instrument: Instrument
    noise: str
    d: float | None
    given: float | None
    max_critical: float

    @property
    def best(self) -> Refinement:
        """The refinement of the largest weight."""
        return self.found.best

    def result(self) -> LowAngle:
        """Return the result with its estimates, curves and notes."""
        best, data = self.best, self.found.data
        fringes = best.model.fringes
        period = best.value("w") + best.value("t")
        dips = find_dips(data, 2.0 * math.pi / period if fringes and self.found.visible else None)
        paper = self._paper()
        estimates = self._estimates(paper)
        estimates["read_off"] = gap_from_dips(dips)
        return LowAngle(
            self.pattern,
            data.region,
            self.d,
            best.model.coherent,
            self.instrument,
            self.found.by_background(),
            self.noise,
            estimates,
            dips,
            self.found.visible,
            fringes and self.found.visible,
            self.found.evidence,
            best.chi2,
            best.chi2 / max(data.q.size - int(best.free.sum()), 1),
            data.q,
            data.intensity,
            data.sigma,
            best.curve,
            best.model.without_signal(best.values),
            paper.curve,
            tuple(self._notes(dips)),
        )

    def _paper(self) -> Refinement:
        """Fit sinc²(qw/2) with the same background: slabs, without refraction, fluctuation or slope."""
        model = replace(self.best.model, d=0.0, critical=0.0, fringes=False, coherent=10**6)
        tries = []
        for w in (self.best.value("w"), 0.97 * self.best.value("w"), 1.03 * self.best.value("w")):
            start = self.best.values.copy()
            start[[NAMES.index(name) for name in ("w", "sigma_w", "slope")]] = w, 0.0, 0.0
            tries.append(refine(model, self.found.data, start, fix=("sigma_w", "slope")))
        return min(tries, key=lambda each: each.chi2)

    def _estimates(self, paper: Refinement) -> dict[str, Estimate]:
        missing = Estimate(None, None, "Å", "undetermined", self._why_not_visible())
        if not self.found.visible:
            names = ("gap", "spacing", "gap_sinc2", "sigma_gap", "thickness", "sigma_thickness", "period")
            return {**dict.fromkeys(names, missing), "critical": replace(missing, unit="Å⁻¹")}
        gap = self._averaged({"w": 1.0})
        rivals = self.found.rivals(AMBIGUOUS)
        if rivals and gap.value is not None:
            others = ", ".join(f"{w:.2f}" for w in rivals)
            gap = replace(gap, status="ambiguous", why=f"also {others} Å")
        spacing = Estimate(None, None, "Å", "undetermined", "d is not known: give it (--d)")
        if self.d is not None:
            spacing = replace(gap, value=None if gap.value is None else gap.value + self.d)
        estimates = {
            "gap": gap,
            "spacing": spacing,
            "gap_sinc2": _sinc2(paper, self.found.data),
            "sigma_gap": self._fluctuation(),
        }
        without = Estimate(None, None, "Å", "undetermined", "no fringes of the stack are resolved")
        for name, coefficients in (
            ("thickness", {"t": 1.0}),
            ("sigma_thickness", {"sigma_t": 1.0}),
            ("period", {"w": 1.0, "t": 1.0}),
        ):
            estimates[name] = self._averaged(coefficients) if self.best.model.fringes else without
        return {**estimates, "critical": self._refraction()}

    def _why_not_visible(self) -> str:
        w = self.best.value("w")
        if self.found.evidence <= EVIDENT:
            return "no dips: a smooth curve fits as well"
        if self.found.misfit >= MAX_MISFIT:
            return f"the curve deviates from the points by {100.0 * self.found.misfit:.0f} %"
        return f"no dips in the region: the fitted gap, {w:.3g} Å, is outside the range that it can show"

    def _averaged(self, coefficients: dict[str, float]) -> Estimate:
        """Mean and standard deviation of a sum of parameters over all backgrounds and refraction."""
        mean, error = self.found.combination(coefficients)
        if any(not self.best.free[NAMES.index(name)] for name in coefficients):
            return Estimate(mean, None, "Å", "at bound", "no error bar: it lies on a bound")
        if not math.isfinite(error):
            return Estimate(None, None, "Å", "undetermined", "χ² hardly depends on it")
        return Estimate(mean, error, "Å")

    def _fluctuation(self) -> Estimate:
        """σ_w: a value, or an upper limit from the profile of χ²."""
        if self.d is None or self.found.scatter > POOR:
            reason = "d is not known" if self.d is None else "the curve does not fit well enough"
            return Estimate(None, None, "Å", "undetermined", reason)
        found = self._averaged({"sigma_w": 1.0})
        why = "indicative: a background fills the dips too"
        if found.value is not None and found.error is not None and found.value > 2.0 * found.error:
            return replace(found, why=why)
        i, limit_chi2 = NAMES.index("sigma_w"), self.best.chi2 + ONE_SIDED * self.found.scatter
        start, (sigma, chi2) = self.best.values.copy(), (self.best.value("sigma_w"), self.best.chi2)
        for value in np.linspace(sigma, UPPER[i], 41)[1:].tolist():
            start[i] = value
            fixed = refine(self.best.model, self.found.data, start, fix=("sigma_w",), tolerance=1e-6)
            if fixed.chi2 > limit_chi2:
                limit = sigma + (limit_chi2 - chi2) / (fixed.chi2 - chi2) * (value - sigma)
                return Estimate(limit, None, "Å", "upper bound", f"95 % limit; {why}")
            start, (sigma, chi2) = fixed.values.copy(), (value, fixed.chi2)
        return Estimate(None, None, "Å", "undetermined", "χ² hardly depends on it")

    def _refraction(self) -> Estimate:
        unit, most = "Å⁻¹", self.max_critical
        if self.given is not None:
            return Estimate(self.given, None, unit, "fixed", "as given")
        values, weights = self.found.critical()
        mean = float(weights @ values)
        error = math.sqrt(float(weights @ (values - mean) ** 2))
        limit = float(values[int(np.searchsorted(np.cumsum(weights), 0.95))])
        if error < 0.15 * most and mean > 2.5 * error and mean + error < most:
            return Estimate(mean, error, unit)
        if limit < 0.7 * most:
            return Estimate(limit, None, unit, "upper bound", "95 % limit")
        why = f"anything from 0 to {most:.3g} Å⁻¹; included in the error of w"
        return Estimate(None, None, unit, "undetermined", why)

    def _notes(self, dips: Sequence[object]) -> list[str]:
        if not self.found.visible:
            return [f"{self._why_not_visible()}; w is not determined"]
        notes = []
        if self.found.scatter > POOR:
            notes.append(
                f"reduced χ² {self.found.scatter:.3g}: the model does not describe the curve exactly, or σ "
                f"is too small; errors are multiplied by {math.sqrt(self.found.scatter):.2g}"
            )
        if len(dips) < 2:
            notes.append(
                f"{len(dips) or 'no'} significant dip{'s' if len(dips) != 1 else ''}: w depends on the "
                "shape of the curve; measure to larger q, or count longer"
            )
        if not self.best.model.fringes:
            notes.append("no fringes of the stack are resolved: the curve is that of the gap alone")
        if self.d is None:
            notes.append("d is not given: crystals are taken as slabs, and L = w + d is not calculated")
        if float(self.found.data.q[0]) < 0.1:
            notes.append(
                "below 0.1 Å⁻¹ misalignment, footprint and dynamical scattering may change the intensity; "
                "compare with a region that begins at 0.12"
            )
        return notes


def _sinc2(paper: Refinement, data: RegionData) -> Estimate:
    scatter = max(1.0, paper.chi2 / max(data.q.size - int(paper.free.sum()), 1))
    error = paper.error("w")
    if not (0.0 < error < math.inf):
        return Estimate(paper.value("w"), None, "Å", "at bound", "no error bar")
    why = f"reduced χ² {scatter:.3g}, for comparison only"
    return Estimate(paper.value("w"), error * math.sqrt(scatter), "Å", "determined", why)
