"""Predict the uncertainties of a measurement by simulation.

Patterns of the expected sample are simulated with noise, and each is fitted without starting values,
searching all solutions.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from slxrd._arguments import check_arguments
from slxrd.data.pattern import Pattern
from slxrd.data.peaks import find_regions
from slxrd.data.regions import RegionLike, as_regions, select_points
from slxrd.errors import SlxrdError
from slxrd.fitting.fit_options import FitOptions
from slxrd.fitting.objective.settings import Settings
from slxrd.fitting.pipeline import fit_pattern
from slxrd.fitting.result.fit import AMBIGUOUS, Estimate, Fit
from slxrd.fitting.search.scan import Progress
from slxrd.fitting.systematics.settings import NONE, Systematics
from slxrd.instrument.broadening import ResolutionShape
from slxrd.instrument.diffractometer import Instrument
from slxrd.model.simulation import as_instrument, simulate
from slxrd.parameters.definitions import STACKING, TABLE
from slxrd.sample.stack import Stack
from slxrd.studies.planning.distinguishability import distinguishability, steps_away
from slxrd.studies.planning.result import ExpectedUncertainty, Plan, Rival

#: Largest number of simulations of a measurement.
MOST_SIMULATIONS = 100_000
#: Largest number of points of a scan, and of counts of a point.
MAX_POINTS, MAX_COUNTS = 100_000, 1e15
#: Number of simulations that are fitted again with systematic effects; their errors hardly differ.
WITH_EFFECTS = 5


@check_arguments
def plan(
    values: Mapping[str, float],
    *,
    q_low: float,
    q_high: float,
    step: float,
    counts: float | None = None,
    noise: float | None = None,
    regions: Sequence[RegionLike] = (),
    background: float = 0.0,
    resolution: float | ResolutionShape = Instrument.sigma_G,
    coherent: int = Stack.coherent,
    n: int = 20,
    seed: int = 0,
    report: Progress | None = None,
) -> Plan:
    """Simulate a measurement many times, and fit each simulation without starting values.

    These fits are without systematic effects, from which a simulated sample does not suffer. A few are made
    again with the usual ones, whose errors are those that a measurement will have.

    Parameters
    ----------
    values : mapping of str to float
        Parameters of the expected sample: d, L, sigma_L, N, sigma_N, and q_zero (default 0).
    q_low, q_high, step : float
        Range and step of the scan, in Å⁻¹.
    counts, noise : float, optional
        Expected counts at the highest point, above the background; or Gaussian noise as a fraction of
        that point. Exactly one of them.
    regions : sequence of Region or (q_min, q_max[, weight])
        Regions to fit; by default the Bragg peaks found in the expected pattern.
    background : float
        Background in counts, or as a fraction of the peak if ``noise`` is given. If it is not 0, a constant
        background is fitted.
    resolution, coherent
        As in :func:`slxrd.fitting.api.fit`.
    n : int
        Number of simulations, 2 or more.
    seed : int
        Seed of the noise; the same seed gives the same result.
    report : callable, optional
        Called with the number of completed simulations and of all. A KeyboardInterrupt ends the run, and
        the result is that of the completed simulations.

    Returns
    -------
    Plan
        Print it for a table.

    Raises
    ------
    SlxrdError
        If a value is missing or invalid, or no simulation can be fitted.
    """
    check_measurement((q_low, q_high, step), counts, noise, background, n, seed)
    peak = 1.0 if counts is None else counts
    q = q_low + step * np.arange(math.floor((q_high - q_low) / step + 1e-6) + 1)

    def simulated(random: np.random.Generator | None) -> Pattern:
        kind = None if random is None else "counting" if noise is None else noise
        return simulate(
            q, values, coherent=coherent, resolution=resolution, peak=peak, background=background,
            noise=kind, seed=random,
        )  # fmt: skip

    noise_free = simulated(None)
    options = FitOptions(
        as_regions(regions) or find_regions(noise_free),
        stack=Stack(coherent),
        instrument=as_instrument(noise_free, resolution, "q"),
        noise="counting" if noise is None else "file",
        settings=Settings(background="constant" if background > 0.0 else "none"),
        systematics=NONE,
    )
    select_points(noise_free, options.regions, 1.0)  # raise now what each fit would raise
    whole = replace(options, systematics=Systematics())
    fits: list[Fit] = []
    wider: list[Fit] = []
    errors: list[str] = []
    try:
        for i, child in enumerate(np.random.SeedSequence(seed).spawn(n), 1):
            try:
                pattern = simulated(np.random.default_rng(child))
                fits.append(fit_pattern(pattern, options))
                if len(wider) < WITH_EFFECTS:
                    wider.append(fit_pattern(pattern, whole, intervals=False))
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
    sigma = np.sqrt(np.maximum(noise_free.intensity, 1.0)) if noise is None else np.full(q.size, noise)
    steps = [_step(fit, true) for fit in fits]
    return Plan(
        values=true, regions=tuple(options.regions), counts=counts, noise=noise, background=background,
        points=len(noise_free), requested=n, done=done, seed=seed,
        expected=_expected(fits, steps, wider, true),
        fringes=float(np.mean([step is not None for step in steps])),
        right=float(np.mean([step == 0 for step in steps])),
        unique=float(np.mean([step == 0 and fit.unique for fit, step in zip(fits, steps, strict=True)])),
        rivals=_rivals(fits, true),
        distinguishability=None if done < n else distinguishability(noise_free, sigma, options, true),
        notes=_notes(options, true, done, n, errors),
    )  # fmt: skip


def _notes(
    options: FitOptions, true: Mapping[str, float], done: int, n: int, errors: Sequence[str]
) -> tuple[str, ...]:
    notes = [f"interrupted after {done} of {n} simulations"] if done < n else []
    if errors:
        notes.append(f"{len(errors)} of {done} simulations could not be fitted: {errors[0]}")
    notes += [
        f"{name} = {true[name]:g} lies outside the bounds of the fits, {row.lower:g}:{row.upper:g}"
        for name, row in options.parameters.items()
        if name in true and not row.lower <= true[name] <= row.upper
    ]
    return tuple(notes)


def check_measurement(
    scan: tuple[float, float, float], counts: float | None, noise: float | None, background: float,
    n: int, seed: int,
) -> None:  # fmt: skip
    """Check the arguments of :func:`plan`.

    Parameters
    ----------
    scan : (float, float, float)
        ``q_low``, ``q_high`` and ``step`` in Å⁻¹.
    counts, noise, background, n, seed
        As in :func:`plan`.

    Raises
    ------
    SlxrdError
        If one is invalid.
    """
    low, high, step = scan
    text, real = f"scan {low:g}:{high:g}:{step:g}", 0.0 < low < high < math.inf and 0.0 < step < math.inf
    for valid, message in (
        (n >= 2, f"{n} simulation{'s' * (n != 1)}: at least 2 are needed for a spread, better 20"),
        (n <= MOST_SIMULATIONS, f"{n} simulations: at most {MOST_SIMULATIONS}; 20 are usual"),
        (seed >= 0, f"seed {seed}: must be 0 or more"),
        (real, f"{text}: give 0 < start < end and a positive step, in Å⁻¹"),
        (high - low < MAX_POINTS * step, f"{text} has more than {MAX_POINTS} points; take a longer step"),
        ((counts is None) != (noise is None), "give the counts expected at the peak, or the noise"),
        (
            counts is None or 1.0 <= counts < MAX_COUNTS,
            f"counts {counts!r}: give those expected at the peak, 1 or more",
        ),
        (noise is None or 0.0 < noise < 1.0, f"noise {noise!r}: give a fraction of the peak, such as 0.03"),
        (0.0 <= background < MAX_COUNTS, f"background {background!r}: give what every point has, 0 or more"),
    ):
        if not valid:
            raise SlxrdError(message)


def _step(fit: Fit, true: Mapping[str, float]) -> int | None:
    """Return the distance of the best L from the true one in units of d, or None without fringes."""
    if fit.stack.coherent == 1:
        return 0
    if fit.parameters["L"].status == "undetermined":
        return None
    return steps_away(fit.solutions[0], true)


def _expected(
    fits: Sequence[Fit], steps: Sequence[int | None], wider: Sequence[Fit], true: Mapping[str, float]
) -> dict[str, ExpectedUncertainty]:
    """Return the expected uncertainties; errors are those of the fits that found the true solution.

    ``wider`` are fits with systematic effects.
    """
    found = [fit for fit in wider if _step(fit, true) in (0, None)]
    single = fits[0].stack.coherent == 1
    rows = {name: (info.symbol, info.unit, true.get(name, 0.0)) for name, info in TABLE.items()}
    thickness = (true["N"] - 1.0) * true["d"]
    rows["thickness"] = ("t", "Å", thickness)
    rows["period"] = ("Λ", "Å", thickness + true.get("L", 0.0))
    expected = {}
    for name, (symbol, unit, truth) in rows.items():
        if single and name in (*STACKING, "period"):
            continue
        estimates = [{**fit.parameters, **fit.derived}[name] for fit in fits]
        if name == "q_zero" and all(estimate.error is None for estimate in estimates):
            continue
        row = _row(estimates, steps, name, symbol, unit, truth)
        total = [e.error for fit in found if (e := {**fit.parameters, **fit.derived}[name]).error is not None]
        expected[name] = replace(row, with_effects=float(np.median(total)) if total else None)
    return expected


def _row(
    estimates: Sequence[Estimate],
    steps: Sequence[int | None],
    name: str,
    symbol: str,
    unit: str,
    truth: float,
) -> ExpectedUncertainty:
    known = [
        (estimate.value - truth, estimate.error)
        for estimate, step in zip(estimates, steps, strict=True)
        if step in (0, None)
        and estimate.status in ("determined", "ambiguous")
        and estimate.value is not None
        and estimate.error is not None
    ]
    deviations, quoted = np.array(known).reshape(-1, 2).T
    intervals = [estimate.interval_95 for estimate in estimates if estimate.interval_95]
    covered = [any(low <= truth <= high for low, high in pieces) for pieces in intervals]
    determined = [estimate.status == "determined" and estimate.error is not None for estimate in estimates]
    return ExpectedUncertainty(
        name, symbol, unit, truth,
        determined=float(np.mean(determined)),
        ambiguous=float(np.mean([estimate.status == "ambiguous" for estimate in estimates])),
        rms=float(np.sqrt(np.mean(deviations**2))) if known else None,
        bias=float(np.mean(deviations)) if known else None,
        quoted=float(np.median(quoted)) if known else None,
        coverage=float(np.mean(covered)) if covered else None,
    )  # fmt: skip


def _rivals(fits: Sequence[Fit], true: Mapping[str, float]) -> tuple[Rival, ...]:
    """Return the solutions with another L that are not excluded."""
    places: dict[int, list[tuple[float, float]]] = {}
    best: dict[int, int] = {}
    probability: dict[int, float] = {}
    for fit in fits:
        if _step(fit, true) is None or fit.stack.coherent == 1:
            continue
        counted = set()
        for i, solution in enumerate(fit.solutions):
            step = steps_away(solution, true)
            probability[step] = probability.get(step, 0.0) + solution.probability / len(fits)
            if not step or solution.delta_chi2 >= AMBIGUOUS or step in counted:
                continue
            counted.add(step)
            places.setdefault(step, []).append((solution.values["L"], solution.values["N"]))
            best[step] = best.get(step, 0) + (i == 0)
    rivals = []
    for step, found in places.items():
        L, N = np.mean(found, axis=0).tolist()
        rivals.append(Rival(step, L, N, len(found) / len(fits), best[step] / len(fits), probability[step]))
    return tuple(sorted(rivals, key=lambda rival: (-rival.near, abs(rival.step))))
