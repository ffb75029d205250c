"""Result of the low-angle region, frozen."""

from __future__ import annotations

import io
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from slxrd._escape import CsvWriter, on_one_line
from slxrd._short_repr import short_repr
from slxrd.data.pattern import Pattern
from slxrd.data.regions import Region
from slxrd.fitting.result.fit import Estimate
from slxrd.fitting.result.summary import format_estimate, is_simulated
from slxrd.instrument.diffractometer import Instrument
from slxrd.studies.lowangle.dips import Dip
from slxrd.studies.lowangle.model import BackgroundShape
from slxrd.units import FloatArray

#: Symbol and meaning of each estimate, in the order of the table.
ROWS: dict[str, tuple[str, str]] = {
    "gap": ("w", "gap of low density between two crystals, from the fit of the curve"),
    "spacing": ("L = w + d", "distance from the last plane of a crystal to the first of the next"),
    "gap_sinc2": ("w (S1)", "from sinc²(qw/2) with the same background, as in the 2021 paper"),
    "read_off": ("w (dips)", "2π over the distance of the dips"),
    "sigma_gap": ("σ_w", "standard deviation of the gap, from the depth of the dips"),
    "thickness": ("t", "thickness of a crystal with its surface, N·d, from the fringes"),
    "sigma_thickness": ("σ_t", "standard deviation of the thickness from stack to stack"),
    "period": ("Λ", "superlattice period w + t"),
    "critical": ("q_c", "critical scattering vector of the film; refraction shifts the dips"),
}


@short_repr
@dataclass(frozen=True, eq=False)
class LowAngle:
    """Gap between crystals from the low-angle region; print it for a table.

    Parameters
    ----------
    pattern : Pattern
        Pattern over q.
    region : Region
        Fitted region in Å⁻¹.
    d : float or None
        Distance of the planes in Å, if given.
    coherent : int
        M, number of crystals that scatter coherently.
    instrument : Instrument
        Resolution and radiation.
    backgrounds : mapping of str to (float, float)
        For each shape of the background: its weight in the result, and w with it in Å.
    noise : str
        Source of σ.
    estimates : mapping of str to Estimate
        Estimates named gap, spacing, gap_sinc2, read_off, sigma_gap, thickness, sigma_thickness, period and
        critical; see :data:`ROWS`.
    dips : tuple of Dip
        Significant dips.
    seen : bool
        Whether the data show a gap.
    fringes : bool
        Whether the fitted curve includes the fringes of the stack.
    evidence : float
        BIC of a smooth curve minus BIC of the curve with a gap.
    chi2, reduced_chi2 : float
        χ² and reduced χ² of the fitted curve.
    q, measured, sigma, calculated, background, sinc2 : ndarray, shape (n,)
        Points, fitted curve, its background, and the fitted curve of Eq. S1.
    notes : tuple of str
        Remarks on the result.
    """

    pattern: Pattern
    region: Region
    d: float | None
    coherent: int
    instrument: Instrument
    backgrounds: Mapping[BackgroundShape, tuple[float, float]]
    noise: str
    estimates: Mapping[str, Estimate]
    dips: tuple[Dip, ...]
    seen: bool
    fringes: bool
    evidence: float
    chi2: float
    reduced_chi2: float
    q: FloatArray
    measured: FloatArray
    sigma: FloatArray
    calculated: FloatArray
    background: FloatArray
    sinc2: FloatArray
    notes: tuple[str, ...]

    @property
    def gap(self) -> Estimate:
        """Width w of the gap in Å."""
        return self.estimates["gap"]

    @property
    def background_shape(self) -> BackgroundShape:
        """Shape of the background of the largest weight, which is drawn."""
        return max(self.backgrounds, key=lambda kind: self.backgrounds[kind][0])

    def mismatch(self, L: Estimate) -> Estimate:
        """Return L − w in Å, which is d where both measure the same gap (SI Fig. S1b).

        Parameters
        ----------
        L : Estimate
            L from a fit of the Bragg peaks.
        """
        w = self.gap
        if w.value is None or w.error is None:
            return Estimate(None, None, "Å", "undetermined", f"w has no error: {w.why}")
        if L.value is None or L.error is None or L.status not in ("determined", "ambiguous"):
            return Estimate(None, None, "Å", "undetermined", f"L is {L.status}")
        return Estimate(L.value - w.value, math.hypot(L.error, w.error), "Å", L.status, L.why)

    def __str__(self) -> str:
        label = "  [simulated]" if is_simulated(self.pattern) else ""
        shape = "slabs" if self.d is None else f"planes {self.d:g} Å apart"
        fringes = ", with the fringes of the stack" if self.fringes else ""
        lines = [
            f"{on_one_line(self.pattern.source)}{label}",
            f"low angles: {self.q.size} points from {self.q[0]:.3g} to {self.q[-1]:.3g} Å⁻¹, "
            f"{self.instrument}, {self.noise}",
            f"faces of {shape}, M = {self.coherent}{fringes}; background {self._background()}",
            *(f"  {step}" for step in self.pattern.history),
            "",
        ]
        cells = self._cells()
        widths = [max(len(row[i]) for row in cells) for i in range(3)]
        lines += [
            f"  {a:<{widths[0]}}  {b:<{widths[1]}}  {c:<{widths[2]}}  {e}".rstrip() for a, b, c, e in cells
        ]
        dips = ", ".join(f"{dip.q:.4f} ± {dip.error:.4f}" for dip in self.dips)
        lines += ["", f"dips at {dips} Å⁻¹" if dips else "no significant dips"]
        lines.append(f"χ² = {self.chi2:.5g}, reduced χ² = {self.reduced_chi2:.3g}")
        return "\n".join([*lines, *(f"! {note}" for note in self.notes)])

    def _cells(self) -> list[tuple[str, str, str, str]]:
        """Return symbol, value, status and meaning of each estimate that is printed."""
        fringe_rows = () if self.fringes else ("thickness", "sigma_thickness", "period")
        cells: list[tuple[str, str, str, str]] = []
        for name, (symbol, meaning) in ROWS.items():
            estimate = self.estimates[name]
            if (
                estimate.value is None
                and name != "gap"
                and (name in fringe_rows or estimate.why == self.gap.why)
            ):
                continue
            explain = estimate.status != "determined" or name in ("read_off", "gap_sinc2")
            why = f" [{estimate.why}]" if estimate.why and explain else ""
            state = "" if estimate.status in ("determined", "undetermined") else estimate.status
            cells.append((symbol, format_estimate(estimate), state, meaning + why))
        return cells

    def _background(self) -> str:
        names = {"both": "power, exponential"}
        if len(self.backgrounds) == 1:
            return f"{names.get(self.background_shape, self.background_shape)} and constant"
        weights = sorted(((weight, kind) for kind, (weight, _) in self.backgrounds.items()), reverse=True)
        return " or ".join(
            f"{names.get(kind, kind)} and constant ({100.0 * weight:.0f} %)"
            for weight, kind in weights
            if weight > 0.005
        )

    def as_dictionary(self) -> dict[str, Any]:
        """Return plain data for JSON; lengths in Å."""
        return {
            "file": self.pattern.source,
            "metadata": dict(self.pattern.metadata),
            "history": [str(step) for step in self.pattern.history],
            "region": [self.region.low, self.region.high],
            "d": self.d,
            "coherent": self.coherent,
            "instrument": str(self.instrument),
            "background": self.background_shape,
            "backgrounds": {
                kind: {"share": share, "gap": gap} for kind, (share, gap) in self.backgrounds.items()
            },
            "noise": self.noise,
            "seen": self.seen,
            "fringes": self.fringes,
            "evidence": self.evidence,
            "estimates": {name: asdict(estimate) for name, estimate in self.estimates.items()},
            "dips": [asdict(dip) for dip in self.dips],
            "chi2": self.chi2,
            "reduced_chi2": self.reduced_chi2,
            "n_points": int(self.q.size),
            "notes": list(self.notes),
        }

    def csv(self) -> str:
        """Return the curves as CSV: q (Å⁻¹), measured, sigma, calculated, background, sinc2."""
        text = io.StringIO()
        table = CsvWriter(text)
        table.writerow(["q", "measured", "sigma", "calculated", "background", "sinc2"])
        columns = (self.q, self.measured, self.sigma, self.calculated, self.background, self.sinc2)
        for row in zip(*(column.tolist() for column in columns), strict=True):
            table.writerow([f"{value:.10g}" for value in row])
        return text.getvalue()
