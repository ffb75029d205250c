"""What a measurement would tell, by simulation: before the beam time, not after.

Patterns of a sample as it is expected are simulated with counting statistics, and each is fitted as if
nothing were known of it: no starting values, and all solutions searched.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from slxrd.analysis import FitOptions, fit_pattern
from slxrd.api import RegionLike, as_region, simulate
from slxrd.errors import SlxrdError
from slxrd.instrument import Instrument
from slxrd.pattern import Pattern
from slxrd.peaks import find_regions
from slxrd.regions import Region, select
from slxrd.result import AMBIGUOUS, Fit
from slxrd.scan import Progress
from slxrd.settings import Settings
from slxrd.structure import Stack
from slxrd.table import STACKING, TABLE

#: The most points a scan may have, and the most counts a point.
MOST_POINTS, MOST_COUNTS = 100_000, 1e15


@dataclass(frozen=True)
class Expected:
    """What is to be expected of one parameter.

    Parameters
    ----------
    name, symbol, unit : str
        Which; the period and the thickness are among them.
    truth : float
        What was simulated with.
    determined : float
        Share of the fits that give it an error.
    rms, bias : float or None
        Root mean square and mean of fitted minus true value over those of them whose best solution is
        the right one; None where there is none.
    quoted : float or None
        Median of the errors that those fits quote.
    """

    name: str
    symbol: str
    unit: str
    truth: float
    determined: float
    rms: float | None
    bias: float | None
    quoted: float | None


@dataclass(frozen=True)
class Rival:
    """Another solution that the measurement may not exclude.

    Parameters
    ----------
    step : int
        Its L is about the true one plus so many d.
    L, N : float
        Where it lies on average, in Å and planes.
    near : float
        Share of the fits in which its χ² is less than 9 above the best one's.
    best : float
        Share in which it is the best.
    """

    step: int
    L: float
    N: float
    near: float
    best: float


@dataclass(frozen=True)
class Plan:
    """What a measurement would tell.

    Parameters
    ----------
    values : mapping of str to float
        The sample.
    regions : tuple of Region
        What was fitted.
    counts, background : float
        Expected counts at the highest point above the background, and in the background.
    points, asked, done, seed : int
        Points measured; simulations wanted and made (fewer if interrupted), and their seed.
    expected : mapping of str to Expected
        By parameter.
    fringes, right, unique : float
        Share of the fits that see fringes, so that there is an L; whose best solution is the right
        one (L within d/2 of the truth); and of those where no other has Δχ² < 9.
    rivals : tuple of Rival
        The other solutions, the most frequent first.
    notes : tuple of str
        What the reader must know.
    """

    values: Mapping[str, float]
    regions: tuple[Region, ...]
    counts: float
    background: float
    points: int
    asked: int
    done: int
    seed: int
    expected: Mapping[str, Expected]
    fringes: float
    right: float
    unique: float
    rivals: tuple[Rival, ...]
    notes: tuple[str, ...]

    def __str__(self) -> str:
        lines = [
            f"{self.done} simulated measurements of {self.points} points, {self.counts:.4g} counts at the "
            f"peak, {self.background:.4g} in the background,",
            "fitted in " + ", ".join(region.name for region in self.regions),
            "",
            f"  {'':3} {'true':>9}  {'error':>9}  {'quoted':>9}  {'bias':>9}  determined",
        ]
        for row in self.expected.values():
            numbers = (row.rms, row.quoted, row.bias)
            cells = "  ".join(f"{'-' if x is None else f'{x:.2g}':>9}" for x in numbers)
            lines.append(f"  {row.symbol:3} {row.truth:>9.5g}  {cells}  {row.determined:>9.0%}  {row.unit}")
        if "L" in self.expected:
            rest = f"; the right solution is the best in {self.right:.0%}, the only one in {self.unique:.0%}"
            lines += ["", f"fringes are seen in {self.fringes:.0%} of the fits{rest if self.fringes else ''}"]
        lines += [
            f"  L {rival.step:+d}·d: L {rival.L:.2f} Å, N {rival.N:.2f}; Δχ² < {AMBIGUOUS:g} in "
            f"{rival.near:.0%}, the best in {rival.best:.0%}"
            for rival in self.rivals
        ]
        return "\n".join([*lines, *(f"! {note}" for note in self.notes)])


def plan(
    values: Mapping[str, float],
    *,
    q_low: float,
    q_high: float,
    step: float,
    counts: float,
    regions: Sequence[RegionLike] = (),
    background: float = 0.0,
    resolution: float = Instrument.sigma_G,
    coherent: int = Stack.n_coherent,
    n: int = 20,
    seed: int = 0,
    report: Progress | None = None,
) -> Plan:
    """Simulate a measurement many times, and fit each as if nothing were known.

    Parameters
    ----------
    values : mapping of str to float
        The sample as it is expected: d, L, sigma_L, N, sigma_N, and q_zero (0 if left out).
    q_low, q_high, step : float
        The scan, in Å⁻¹.
    counts : float
        Expected at the highest point, above the background.
    regions : sequence of Region or (q_min, q_max[, weight])
        What is fitted; the Bragg peaks found in the expected pattern where none are given.
    background : float
        Counts at every point; where there are any, a constant background is fitted.
    resolution, coherent
        As in :func:`slxrd.api.fit`.
    n : int
        Number of simulations, 2 or more.
    seed : int
        Of the noise; the same gives the same plan.
    report : callable, optional
        Called with simulations done and asked for. A KeyboardInterrupt ends the run and keeps what
        was done.

    Raises
    ------
    SlxrdError
        If a value is missing or cannot be, or no simulation can be fitted.
    """
    clear, options = _prepare(
        values, (q_low, q_high, step), counts, tuple(regions), background, resolution, coherent, n
    )
    fits: list[Fit] = []
    errors: list[str] = []
    try:
        for i, child in enumerate(np.random.SeedSequence(seed).spawn(n), 1):
            counted = np.random.default_rng(child).poisson(clear.intensity).astype(np.float64)
            measured = Pattern(clear.q, counted, source="simulation", metadata=clear.metadata)
            try:
                fits.append(fit_pattern(measured, options))
            except SlxrdError as error:
                errors.append(str(error))
            if report is not None:
                report(i, n)
    except KeyboardInterrupt:
        if not fits:
            raise
    if not fits:
        raise SlxrdError(f"none of {n} simulated measurements can be fitted: {errors[0]}")
    true = {"q_zero": 0.0, **values}
    done = len(fits) + len(errors)
    notes = [f"interrupted after {done} of {n} simulations"] if done < n else []
    if errors:
        notes.append(f"{len(errors)} of {done} simulations could not be fitted: {errors[0]}")
    notes += [
        f"{name} = {true[name]:g} lies outside the bounds of the fits, {row.lower:g}:{row.upper:g}"
        for name, row in options.parameters.items()
        if name in true and not row.lower <= true[name] <= row.upper
    ]
    steps = [_step(fit, true, 0) for fit in fits]
    return Plan(
        values=true, regions=tuple(options.regions), counts=counts, background=background,
        points=len(clear), asked=n, done=done, seed=seed, expected=_expected(fits, steps, true),
        fringes=float(np.mean([step is not None for step in steps])),
        right=float(np.mean([step == 0 for step in steps])),
        unique=float(np.mean([step == 0 and fit.unique for fit, step in zip(fits, steps, strict=True)])),
        rivals=_rivals(fits, true), notes=tuple(notes),
    )  # fmt: skip


def _prepare(
    values: Mapping[str, float], scan: tuple[float, float, float], counts: float,
    regions: Sequence[RegionLike], background: float, resolution: float, coherent: int, n: int,
) -> tuple[Pattern, FitOptions]:  # fmt: skip
    """Return the expected pattern, without noise, and what the fits are told."""
    low, high, step = scan
    text, real = f"scan {low:g}:{high:g}:{step:g}", 0.0 < low < high < math.inf and 0.0 < step < math.inf
    for right, message in (
        (n >= 2, f"{n} simulation: at least 2 are needed for a spread, better 20"),
        (real, f"{text}: give 0 < start < end and a positive step, in Å⁻¹"),
        (high - low < MOST_POINTS * step, f"{text} has more than {MOST_POINTS} points; take a longer step"),
        (0.0 < counts < MOST_COUNTS, f"counts {counts!r}: give those expected at the peak, above 0"),
        (0.0 <= background < MOST_COUNTS, f"background {background!r}: give counts per point, 0 or more"),
    ):
        if not right:
            raise SlxrdError(message)
    q = low + step * np.arange(math.floor((high - low) / step + 1e-6) + 1)
    clear = simulate(q, values, coherent=coherent, resolution=resolution, peak=counts, background=background)
    options = FitOptions(
        tuple(as_region(region) for region in regions) or find_regions(clear),
        stack=Stack(coherent),
        instrument=Instrument(resolution),
        noise="counting",
        settings=Settings(background="constant" if background > 0.0 else "none"),
    )
    select(clear, options.regions, 1.0)  # says now what each fit would say
    return clear, options


def _step(fit: Fit, true: Mapping[str, float], solution: int) -> int | None:
    """How many d a solution's L lies from the true one; None where the pattern shows no fringes."""
    if fit.stack.n_coherent == 1:
        return 0
    if fit.parameters["L"].status == "undetermined":
        return None
    return round((fit.solutions[solution].values["L"] - true["L"]) / true["d"])


def _expected(
    fits: Sequence[Fit], steps: Sequence[int | None], true: Mapping[str, float]
) -> dict[str, Expected]:
    """What each parameter comes to; its errors in the fits that found the right solution."""
    single = fits[0].stack.n_coherent == 1
    rows = {name: (info.symbol, info.unit, true.get(name, 0.0)) for name, info in TABLE.items()}
    thickness = (true["N"] - 1.0) * true["d"]
    rows["thickness"] = ("t", "Å", thickness)
    rows["period"] = ("Λ", "Å", thickness + true.get("L", 0.0))
    expected = {}
    for name, (symbol, unit, truth) in rows.items():
        if single and name in (*STACKING, "period"):
            continue
        told = [{**fit.parameters, **fit.derived}[name] for fit in fits]
        sure = [e.status == "determined" and e.error is not None for e in told]
        if name == "q_zero" and not any(sure):
            continue
        row = Expected(name, symbol, unit, truth, float(np.mean(sure)), None, None, None)
        known = [e for e, step, good in zip(told, steps, sure, strict=True) if good and step in (0, None)]
        if known:
            off = np.array([e.value for e in known], dtype=np.float64) - truth
            quoted = float(np.median(np.array([e.error for e in known], dtype=np.float64)))
            row = replace(row, rms=float(np.sqrt(np.mean(off**2))), bias=float(np.mean(off)), quoted=quoted)
        expected[name] = row
    return expected


def _rivals(fits: Sequence[Fit], true: Mapping[str, float]) -> tuple[Rival, ...]:
    """Collect the solutions with another L that are not excluded."""
    places: dict[int, list[tuple[float, float]]] = {}
    best: dict[int, int] = {}
    for fit in fits:
        met = set()
        for i, solution in enumerate(fit.solutions):
            step = _step(fit, true, i)
            if not step or solution.delta_chi2 >= AMBIGUOUS or step in met:
                continue
            met.add(step)
            places.setdefault(step, []).append((solution.values["L"], solution.values["N"]))
            best[step] = best.get(step, 0) + (i == 0)
    rivals = []
    for step, found in places.items():
        L, N = np.mean(found, axis=0).tolist()
        rivals.append(Rival(step, L, N, len(found) / len(fits), best[step] / len(fits)))
    return tuple(sorted(rivals, key=lambda rival: (-rival.near, abs(rival.step))))
