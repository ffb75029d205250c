"""Effect of the Lorentz-polarisation correction on the result of a fit (SI S.q, Table 1)."""

from __future__ import annotations

import io
import math
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from typing import Any

from slxrd._arguments import check_arguments
from slxrd._escape import CsvWriter, on_one_line
from slxrd._short_repr import short_repr
from slxrd.data.correction_factors import lorentz_polarisation
from slxrd.data.corrections import POLARISATION, correct_lorentz_polarisation, undo_correction
from slxrd.data.pattern import Pattern, Step
from slxrd.errors import SlxrdError
from slxrd.fitting.result.fit import Estimate, Fit
from slxrd.fitting.result.summary import format_estimate, is_simulated
from slxrd.parameters.definitions import TABLE

#: Derived quantities in the table, with their symbols; the first is that of the table in the paper.
DERIVED = {"period_S13": "Λ (S13)", "period": "Λ", "thickness": "t"}


@dataclass(frozen=True)
class Row:
    """One quantity before and after the correction.

    Parameters
    ----------
    name, symbol : str
        Name and symbol of the quantity.
    before, after : Estimate
        Estimates without and with the correction.
    shift : float or None
        after − before; None if either is undetermined.
    shift_in_errors : float or None
        Shift divided by the error after the correction. Both fits use the same counts, so that even a shift
        of a small fraction of an error is significant.
    """

    name: str
    symbol: str
    before: Estimate
    after: Estimate
    shift: float | None
    shift_in_errors: float | None


@short_repr
@dataclass(frozen=True, eq=False)
class LpComparison:
    """Fits before and after the Lorentz-polarisation correction.

    Parameters
    ----------
    before, after : Fit
        Fits without and with the correction.
    monochromator : float or None
        Bragg angle θ_M of the monochromator in degrees.
    multiplied : bool
        Whether the pattern was already corrected, so that ``before`` was calculated by multiplying with the
        factor.
    """

    before: Fit
    after: Fit
    monochromator: float | None
    multiplied: bool

    @property
    def rows(self) -> tuple[Row, ...]:
        """All parameters and derived quantities of both fits."""
        rows = []
        for name in [*self.after.parameters, *DERIVED]:
            one, two = (
                fit.derived if name in DERIVED else fit.parameters for fit in (self.before, self.after)
            )
            if name not in one or name not in two:
                continue
            before, after = one[name], two[name]
            valued = all(
                e.value is not None and e.status in ("determined", "ambiguous") for e in (before, after)
            )
            shift = ratio = None
            if valued and before.value is not None and after.value is not None:
                shift = after.value - before.value
                ratio = shift / after.error if after.error else None
            symbol = DERIVED.get(name) or (TABLE[name].symbol if name in TABLE else name)
            rows.append(Row(name, symbol, before, after, shift, ratio))
        return tuple(rows)

    @property
    def notes(self) -> tuple[str, ...]:
        """Remarks on the comparison."""
        notes = []
        if self.multiplied:
            notes.append(
                "the pattern was already corrected: the one before LP is its product with the factor"
            )
        if any(row.before.status == "ambiguous" or row.after.status == "ambiguous" for row in self.rows):
            notes.append("the solution is not unique: compare all solutions of both fits, not only the best")
        L = next(row for row in self.rows if row.name == "L")
        d = self.after.parameters["d"].value
        if L.shift is not None and d is not None and abs(L.shift) > 0.5 * d:
            notes.append("L differs by about d: the fits found different solutions, not shifted ones")
        return tuple(notes)

    def __str__(self) -> str:
        pattern = self.after.pattern
        label = "  [simulated]" if is_simulated(pattern) else ""
        angle = (
            "no monochromator"
            if self.monochromator is None
            else f"monochromator θ_M = {self.monochromator:g}°"
        )
        head = ("", "before LP", "after LP", "shift", "in errors")
        cells = [head]
        for row in self.rows:
            shift = "" if row.shift is None else f"{row.shift:+.2g} {row.after.unit}"
            ratio = "" if row.shift_in_errors is None else f"{row.shift_in_errors:+.2g}"
            if (
                row.after.status == "fixed"
                and row.before.status == "fixed"
                and row.after.why == "not refined"
            ):
                continue
            cells.append((row.symbol, _cell(row.before), _cell(row.after), shift, ratio))
        widths = [max(len(cell[i]) for cell in cells) for i in range(5)]
        lines = [
            "  " + "  ".join(f"{text:<{wide}}" for text, wide in zip(cell, widths, strict=True)).rstrip()
            for cell in cells
        ]
        quality = f"reduced χ² {self.before.reduced_chi2:.3g} before, {self.after.reduced_chi2:.3g} after"
        title = f"{on_one_line(pattern.source)}{label}\nLorentz-polarisation correction, {angle}"
        return "\n".join([title, "", *lines, "", quality, *(f"! {note}" for note in self.notes)])

    def as_dictionary(self) -> dict[str, Any]:
        """Return plain data for JSON."""
        return {
            "file": self.after.pattern.source,
            "metadata": dict(self.after.pattern.metadata),
            "monochromator": self.monochromator,
            "multiplied": self.multiplied,
            "rows": [asdict(row) for row in self.rows],
            "reduced_chi2": {"before": self.before.reduced_chi2, "after": self.after.reduced_chi2},
            "notes": list(self.notes),
        }

    def csv(self) -> str:
        """Return the table as CSV: name, unit, value and error before and after, shift, shift in errors."""
        text = io.StringIO()
        table = CsvWriter(text)
        table.writerow(
            ["name", "unit", "before", "error_before", "after", "error_after", "shift", "shift_in_errors"]
        )
        for row in self.rows:
            numbers = (
                row.before.value,
                row.before.error,
                row.after.value,
                row.after.error,
                row.shift,
                row.shift_in_errors,
            )
            table.writerow([row.name, row.after.unit, *("" if v is None else f"{v:.10g}" for v in numbers)])
        return text.getvalue()


def _cell(estimate: Estimate) -> str:
    state = (
        ""
        if estimate.status in ("determined", "undetermined", "lower bound", "upper bound")
        else estimate.status
    )
    return f"{format_estimate(estimate)} {state}".rstrip()


def without_and_with_correction(
    pattern: Pattern, monochromator: float | None = None
) -> tuple[Pattern, Pattern, bool]:
    """Return a pattern without and with the Lorentz-polarisation correction, both over q.

    Parameters
    ----------
    pattern : Pattern
        Pattern over 2θ, measured or corrected, or over q; over q it is taken as corrected.
    monochromator : float, optional
        Bragg angle θ_M of the monochromator in degrees.

    Returns
    -------
    before, after : Pattern
        Patterns over q.
    multiplied : bool
        Whether the pattern over q was already corrected.

    Raises
    ------
    SlxrdError
        If the wavelength is not known.
    """
    if any(step.name == POLARISATION for step in pattern.history):
        return undo_correction(pattern, POLARISATION).to_q(), pattern.to_q(), False
    if pattern.axis == "2theta":
        return pattern.to_q(), correct_lorentz_polarisation(pattern, monochromator).to_q(), False
    if pattern.wavelength is None:
        raise SlxrdError(
            f"{pattern.source}: the wavelength is not known, and the factor depends on it; give it "
            "(--wavelength CuKa1, or in Å)"
        )
    factor = lorentz_polarisation(pattern.two_theta, monochromator)
    angle: str | float = "none" if monochromator is None else monochromator
    before = pattern.changed(
        Step("times the Lorentz-polarisation factor", {"monochromator θ_M (°)": angle}),
        intensity=pattern.intensity * factor,
    )
    before = replace(
        before,
        sigma=None if pattern.sigma is None else pattern.sigma * factor,
        per_count=None if pattern.per_count is None else pattern.per_count * factor,
    )
    return before, pattern, True


@check_arguments
def compare_lp(
    pattern: Pattern, fit: Callable[[Pattern], Fit], monochromator: float | None = None
) -> LpComparison:
    """Fit a pattern with and without the Lorentz-polarisation correction.

    Toso, Baranov et al., ACS Nano 2021, 15, 6243, SI section S.q: for PbS sheets d 3.0233 → 3.0083 Å,
    L 44.393 → 44.444 Å, Λ 53.463 → 53.469 Å.

    Parameters
    ----------
    pattern : Pattern
        Pattern over 2θ, or over q, which is taken as corrected.
    fit : callable
        Function that fits a pattern over q; called for both.
    monochromator : float, optional
        Bragg angle θ_M of the monochromator in degrees; 1 in the paper.

    Returns
    -------
    LpComparison
        Print it for a table.

    Raises
    ------
    SlxrdError
        If the wavelength is not known, or the pattern has no intensity.
    """
    before, after, multiplied = without_and_with_correction(pattern, monochromator)
    if math.isclose(float(before.intensity.max()), 0.0):
        raise SlxrdError(f"{pattern.source}: has no intensity to fit")
    return LpComparison(fit(before), fit(after), monochromator, multiplied)
