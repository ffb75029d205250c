"""Figures of merit calculated from a fit: tilt, strain, thickness, coherence."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any

from slxrd._arguments import check_arguments
from slxrd._short_repr import short_repr
from slxrd.errors import SlxrdError
from slxrd.fitting.result.fit import Estimate, Fit
from slxrd.fitting.result.summary import format_estimate
from slxrd.studies.merit.coherence import NEGLIGIBLE, Alternative

_TILT = "indicative: all of σ_L is taken as tilt, and the displacement of an edge as an rms value"


@check_arguments
def tilt(sigma_L: Estimate, N: Estimate, d: Estimate) -> Estimate:
    """Return the tilt that would displace crystals by σ_L, α = arctan(2σ_L/W), W = (N−1)d (SI Eq. S22).

    The value is indicative: the displacement of an edge is taken as an rms value, and a tilt would also
    reduce the amplitude of the crystal itself. The errors of the three quantities are taken as independent.

    Parameters
    ----------
    sigma_L, N, d : Estimate
        Estimates of a fit, lengths in Å. A limit of σ_L gives a limit of α.

    Returns
    -------
    Estimate
        α in degrees.

    Raises
    ------
    SlxrdError
        If d is not positive, σ_L is negative, or the numbers are too large or too small.
    """
    if sigma_L.value is None or N.value is None or d.value is None or N.value <= 1.0:
        return Estimate(None, None, "°", "undetermined", "σ_L, N or d is not determined")
    if not (d.value > 0.0 and sigma_L.value >= 0.0):
        raise SlxrdError(f"σ_L {sigma_L.value!r}, d {d.value!r}: must be lengths in Å, d greater than 0")
    displaced, width = 2.0 * sigma_L.value, (N.value - 1.0) * d.value
    side = math.hypot(displaced, width)
    if not 0.0 < side < math.inf:
        raise SlxrdError("σ_L, N and d are too large or too small to calculate a tilt; give other values")
    value = math.degrees(math.atan2(displaced, width))
    if sigma_L.error is None:
        return Estimate(value, None, "°", sigma_L.status, _TILT)
    width_error = math.hypot((N.error or 0.0) * d.value, (N.value - 1.0) * (d.error or 0.0))
    error = math.hypot(width / side * (2.0 * sigma_L.error / side), displaced / side * (width_error / side))
    return Estimate(value, math.degrees(error), "°", sigma_L.status, _TILT)


@check_arguments
def strain(d: Estimate, bulk: float, bulk_error: float = 0.0) -> Estimate:
    """Return the strain along the stack, (d − d_bulk)/d_bulk, in per cent.

    For CsPbBr₃ platelets the SI (section S.o) compares d = 6.0166 Å with 5.836 Å from the (220)/(004) peak of
    the same sample: +3.1 %, quoted there as +3.0 %.

    Parameters
    ----------
    d : Estimate
        Distance of the planes in Å.
    bulk, bulk_error : float
        Distance in the unstrained crystal and its standard deviation, in Å.

    Returns
    -------
    Estimate
        Strain in per cent.

    Raises
    ------
    SlxrdError
        If ``bulk`` is not positive, or its error is negative.
    """
    if not (math.isfinite(bulk) and bulk > 0.0 and math.isfinite(bulk_error) and bulk_error >= 0.0):
        raise SlxrdError(
            f"bulk {bulk!r} ± {bulk_error!r}: must be a positive number of Å, its error not negative"
        )
    if d.value is None:
        return Estimate(None, None, "%", "undetermined", "d is not determined")
    value = 100.0 * (d.value / bulk - 1.0)
    if d.error is None:
        return Estimate(value, None, "%", d.status, d.why)
    error = 100.0 * math.hypot(d.error / bulk, d.value / bulk * (bulk_error / bulk))
    return Estimate(value, error, "%", d.status)


@short_repr
@dataclass(frozen=True, eq=False)
class FiguresOfMerit:
    """Figures of merit of a fit; print it for a table.

    Parameters
    ----------
    fit : Fit
        The fit.
    estimates : mapping of str to Estimate
        Tilt (°), strain (%) if a bulk value was given, and the period (three ways) and thicknesses of the
        fit.
    transverse, longitudinal : float or None
        Coherence lengths in Å, if they could be calculated.
    numbers, slits : tuple of Alternative
        The curve with other numbers of coherent crystals, and with other slits.
    """

    fit: Fit
    estimates: dict[str, Estimate]
    transverse: float | None
    longitudinal: float | None
    numbers: tuple[Alternative, ...]
    slits: tuple[Alternative, ...]

    def __str__(self) -> str:
        names = {
            "period": ("Λ", "superlattice period of the mean size"),
            "period_of_most_probable": ("Λ (N whole)", "that of the nearest whole N"),
            "period_S13": ("Λ (S13)", "with the error as in the 2021 paper"),
            "thickness": ("t", "crystal thickness (N−1)·d"),
            "thickness_with_surface": ("N·d", "with half a plane distance on either side"),
            "tilt": ("α", "tilt equivalent to σ_L, arctan(2σ_L/W)"),
            "strain": ("ε", "strain along the stack, (d − d_bulk)/d_bulk"),
        }
        rows = [(*names[name], estimate) for name, estimate in self.estimates.items() if name in names]
        width = max(len(symbol) for symbol, _, _ in rows)
        cells = [(symbol, format_estimate(estimate), meaning, estimate) for symbol, meaning, estimate in rows]
        wide = max(len(text) for _, text, _, _ in cells)
        lines = ["from the fit of the profile:"]
        for symbol, text, meaning, estimate in cells:
            why = f" [{estimate.why}]" if estimate.why and estimate.value is None else ""
            lines.append(f"  {symbol:<{width}}  {text:<{wide}}  {meaning}{why}")
        lines.append(f"  {'':<{width}}  (α is {_TILT})")
        lines += ["", *self._coherence()]
        return "\n".join(lines)

    def _coherence(self) -> list[str]:
        lines = []
        if self.transverse is not None:
            lines.append(
                f"transverse coherence λR/D (S14): {self.transverse / 10.0:.3g} nm, for a divergent source"
            )
        if self.longitudinal is not None:
            lines.append(f"longitudinal coherence λ²/2Δλ: {self.longitudinal / 10.0:.3g} nm of path")
        if self.numbers:
            lines.append("other numbers of coherent crystals, the rest fixed: largest change in σ, and of χ²")
            lines += [
                f"  M = {a.coherent:<4} {a.deviation:8.3g} σ  Δχ² {a.delta_chi2:+9.3g}" for a in self.numbers
            ]
            M = self.fit.stack.coherent
            larger = [a for a in self.numbers if a.coherent >= 2 * M]
            if larger and larger[0].deviation > NEGLIGIBLE:
                lines.append(
                    f"! M matters: above {M} the curve still changes, and σ_L depends on the choice of M"
                )
            elif larger:
                lines.append(
                    f"more than M = {M} changes the curve by at most {larger[0].deviation:.1g} σ: disorder, "
                    "not the beam, limits the interference"
                )
        if self.slits:
            lines.append("slits: T₁ by Eq. S14, M = T₁/Λ, and the resulting change of the curve in σ")
            lines += [
                f"  {a.slit:4g} mm  T₁ {(a.length or 0.0) / 10.0:7.3g} nm  M {a.coherent:<5} "
                f"σ_G {a.sigma_G:.4f} Å⁻¹  {a.deviation:8.3g} σ"
                for a in self.slits
            ]
            lines.append(
                "fringes that remain where Eq. S14 predicts none show that the beam is more coherent than S14"
            )
        return lines

    def as_dictionary(self) -> dict[str, Any]:
        """Return plain data for JSON; lengths in Å."""

        def row(each: Alternative) -> dict[str, Any]:
            return {key: value for key, value in vars(each).items() if key != "curve"}

        return {
            "estimates": {name: asdict(estimate) for name, estimate in self.estimates.items()},
            "transverse_coherence": self.transverse,
            "longitudinal_coherence": self.longitudinal,
            "coherent": [row(each) for each in self.numbers],
            "slits": [row(each) for each in self.slits],
        }
