"""Figures of the heated cubes: S1, S10 and S11."""

from __future__ import annotations

import numpy as np

from slxrd.fitting.examples import SERIES, SeriesExample
from slxrd.fitting.result.fit import Estimate
from slxrd.fitting.result.summary import format_estimate
from slxrd.fitting.search.scan import Progress
from slxrd.studies.lowangle.fit import fit_low_angle
from slxrd.studies.lowangle.result import LowAngle
from slxrd.studies.series.result import SeriesFit
from slxrd.studies.series.run import fit_series
from slxrd.ui.gallery.figures import series as draw
from slxrd.ui.gallery.samples import DrawnFigure, Figure, Samples
from slxrd.ui.plotting.fit import figure_bytes
from slxrd.ui.plotting.series import series_stack_figure
from slxrd.units import FloatArray

#: Low-angle region in Å⁻¹: two dips, above the range affected by the critical angle and the direct beam.
LOW = (0.12, 0.45)


def _example() -> SeriesExample:
    return SERIES["cspbbr3-annealing"]


def _fitted(samples: Samples, report: Progress) -> SeriesFit:
    of = _example()
    patterns = of.patterns()

    def make() -> SeriesFit:
        return fit_series(
            patterns.values(), patterns, variable=of.variable, unit=of.unit, processes=1, report=report,
            **of.options,
        )  # fmt: skip

    return samples.once("annealing", make)


def _low_angles(report: Progress) -> dict[float, LowAngle]:
    patterns, found = _example().patterns(), {}
    for value, pattern in patterns.items():
        # The patterns were simulated without refraction.
        found[value] = fit_low_angle(pattern, LOW, d=_example().truth[value]["d"], critical=0.0)
        report(len(found), len(patterns))
    return found


def determined(estimates: dict[float, Estimate]) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return temperatures, values and errors of the determined estimates, each of shape (n,)."""
    known = {
        at: (e.value, e.error)
        for at, e in estimates.items()
        if e.value is not None and e.error is not None and e.status in ("determined", "ambiguous")
    }
    values, errors = np.array(list(known.values()), dtype=np.float64).reshape(-1, 2).T
    return np.array(list(known), dtype=np.float64), values, errors


def _estimates(fit: SeriesFit, name: str) -> dict[float, Estimate]:
    return {member.value: member.estimates[name] for member in fit.members if not member.failed}


def low_angles(samples: Samples, report: Progress) -> DrawnFigure:
    """S1: low-angle region of the heated cubes, and the gap."""
    fit, found = _fitted(samples, report), _low_angles(report)
    spacing = _estimates(fit, "L")
    gaps = {at: one.gap for at, one in found.items()}
    truth = _example().truth
    at, w, error_w = determined(gaps)
    known, L, error_L = determined({value: spacing[value] for value in at.tolist()})
    both = np.isin(at, known)
    at, w, error_w = at[both], w[both], error_w[both]
    weight = 1.0 / (error_w**2 + error_L**2)
    mean, spread = float(np.average(L - w, weights=weight)), float(weight.sum() ** -0.5)
    dips = [2.0 * np.pi * k / w[0] for k in (1, 2)]
    pictures = {
        "a": draw.patterns({value: one.pattern for value, one in found.items()}, dips),
        "b": draw.gaps(determined(spacing), determined(gaps), mean),
    }
    caption = (
        f"a, low angles of cubes heated from {at[0]:.0f} to {max(found):.0f} °C, shifted for clarity; "
        f"dotted lines mark 2π/w and 4π/w at {at[0]:.0f} °C. The dips, which the falling background shifts "
        "to the right of them, move to larger q as the gap decreases, and at "
        f"{max(found):.0f} °C there are none. b, L from the Bragg peaks ({L[0]:.2f} to {L[-1]:.2f} "
        f"Å) and the gap of low density w from the dips ({w[0]:.2f} to {w[-1]:.2f} Å). Their "
        f"difference is constant, {mean:.2f} ± {spread:.2f} Å: d, as expected and as simulated (w = "
        f"L − d, d from {truth[at[0]]['d']:g} to {truth[at[-1]]['d']:.2f} Å). The paper obtained 5.56 ± "
        "0.04 Å from the dips, which a sloping background and refraction shift; with the critical angle "
        f"unknown w is uncertain by a further 0.2 Å. At {max(found):.0f} °C neither is determined."
    )
    rows = [("T (°C)", "L (Å), Bragg peaks", "w (Å), low angles")]
    rows += [
        (f"{value:g}", format_estimate(spacing[value]), format_estimate(one)) for value, one in gaps.items()
    ]
    return DrawnFigure(caption, pictures, tuple(rows))


def regions(samples: Samples, report: Progress) -> DrawnFigure:
    """S10: all regions of the heated cubes."""
    fit = _fitted(samples, report)
    caption = (
        "Low angles (logarithmic), first and second Bragg peak of the cubes while they are heated; "
        "intensities are not normalised. Up to 125 °C the peaks grow and the fringes sharpen. At 150 °C "
        "the intensity drops, the fringes disappear in every region, and the Bragg peaks are sharper: the "
        "crystals have sintered. From the fits: "
        + ". ".join(change.text(fit.series) for change in fit.changes)
        + "."
    )
    return DrawnFigure(caption, {"": figure_bytes(series_stack_figure(fit, (LOW,)))})


def sizes(samples: Samples, report: Progress) -> DrawnFigure:
    """S11: N and σ_N of the heated cubes."""
    fit = _fitted(samples, report)
    N, spread = determined(_estimates(fit, "N")), determined(_estimates(fit, "sigma_N"))
    ordered = N[0] < _example().order_lost
    weight = N[2][ordered] ** -2.0
    mean = float(np.average(N[1][ordered], weights=weight))
    chi2 = float(np.sum(weight * (N[1][ordered] - mean) ** 2))
    caption = (
        f"N and σ_N with their errors. Up to 125 °C they are constant: N = {mean:.2f} ± "
        f"{weight.sum() ** -0.5:.2f} on average, with χ² = {chi2:.1f} for {int(ordered.sum()) - 1} degrees "
        f"of freedom. At 150 °C crystals have sintered: N = {N[1][-1]:.1f}. The paper shows this "
        "figure up to 125 °C."
    )
    return DrawnFigure(caption, {"": draw.sizes(N, spread, _example().order_lost)})


FIGURES = (
    Figure("S1", "Low angles and gap of heated CsPbBr₃ nanocubes", 1, low_angles, ("a", "b")),
    Figure("S10", "Annealing of CsPbBr₃ nanocubes", 10, regions),
    Figure("S11", "N and σ_N during annealing", 11, sizes),
)
