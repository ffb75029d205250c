"""All minima of χ² of single films: crystals without neighbours."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

import numpy as np

from slxrd.errors import SlxrdError
from slxrd.fitting.minimise.least_squares import Minimum, minimise
from slxrd.fitting.objective.residuals import Objective
from slxrd.fitting.search.budget import Budget, in_parallel
from slxrd.fitting.search.certificate import SUPPORTED, SearchCertificate
from slxrd.fitting.search.film.interference import substrate_values
from slxrd.fitting.search.film.scan import FilmScan, Scanned
from slxrd.fitting.search.identity import worst_listed
from slxrd.fitting.search.scan import Progress, envelope_fits, filled, usual_spread
from slxrd.fitting.search.stages import best_starts
from slxrd.parameters.parameter_set import Parameters

#: Relative change of χ² and evaluations of the rough refinement of all starts.
ROUGHLY, ROUGH_EVALUATIONS = 1e-4, 40
#: Precision of the final refinement: relative change of χ² and of the parameters.
PRECISELY = 1e-8
#: Rough minima that are refined to full precision, and the largest χ² of them relative to the lowest.
MOST_REFINED, WORST_REFINED = 8, 3.0
#: Two films are the same if their thicknesses differ by less than this part of the distance of minima, and
#: the positions of their peaks by less than this part of a fringe.
SAME = 0.15
#: Standard deviations by which χ² of the best film on a substrate is too large, so that films from the
#: period of the fringes are refined as well.
POOR = 4.0
#: Films on a substrate that are refined.
MOST_ON_SUBSTRATE = 10
#: Films like the best one whose f_S differs by more than this part of it; the largest number of them.
OTHER_AMPLITUDE, MOST_VARIANTS = 0.05, 2
#: Starts near the best film: differences of the number of planes, shifts of its peak in fringes, and of the
#: phase at the interface in turns.
NEAR_SIZES = (-3.0, -2.0, -1.0, 1.0, 2.0, 3.0)
NEAR_FRINGES, NEAR_TURNS = (-0.6, -0.3, 0.0, 0.3, 0.6), (-0.33, 0.0, 0.33)
#: Parameters whose starts come from the search, if they are free.
_SEARCHED = ("d", "N", "sigma_N", "f_S", "L_S", "coherence_S")
#: Steps of progress.
_STEPS = 100


def search_films(
    objective: Objective,
    parameters: Parameters,
    report: Progress | None = None,
    budget: Budget | None = None,
    hopeless: float = math.inf,
) -> tuple[tuple[Minimum, ...], SearchCertificate]:
    """Find the minima of χ² of a film, the best first.

    Parameters
    ----------
    objective : Objective
        Residuals of the data and a model with one coherent crystal.
    parameters : Parameters
        Given values are starts; the others are searched. q_zero is fixed or free.
    report : callable, optional
        Called with steps done and steps in all.
    budget : Budget, optional
        Time of the search.
    hopeless : float
        If the films of the scan, refined roughly, all have a larger χ², only the best of them is refined.

    Returns
    -------
    tuple of Minimum
        Distinct ones, the best first.
    SearchCertificate
        Number of starts, and of those that ended in the best minimum.

    Raises
    ------
    SlxrdError
        If no start leads to a fit.
    """
    budget = budget or Budget()
    progress = _Progress(report)
    scan = FilmScan(objective, parameters, budget, progress.part(0.0, 0.4))
    starts = _starts(objective, parameters, scan.starts(), budget)
    rough = _refined(objective, parameters, starts, budget, progress.part(0.4, 0.9))
    expected = objective.n_points + POOR * math.sqrt(2.0 * objective.n_points)
    if scan.d_S is not None and min(chi2 for chi2, _ in rough) > expected:
        starts = [_above_substrate(objective, parameters, film) for film in _films(scan.starts_from_period())]
        rough += _refined(objective, parameters, starts, budget, lambda share: None) if starts else []
    if min(chi2 for chi2, _ in rough) > hopeless:
        rough = [min(rough, key=lambda each: each[0])]
    else:
        rough += _around_best(objective, parameters, rough, budget)
    order = np.argsort([chi2 for chi2, _ in rough])
    lowest = rough[int(order[0])][0]
    chosen = [rough[i][1] for i in order if rough[i][0] <= max(WORST_REFINED * lowest, lowest + 100.0)]
    most = MOST_REFINED if objective.model.stack.substrate is None else MOST_ON_SUBSTRATE // 3
    distinct_starts = _distinct_values(chosen, objective)[:most]
    distinct_starts += _with_other_substrates(chosen, distinct_starts[0], objective)

    def refine(values: dict[str, float]) -> Minimum | None:
        try:
            return minimise(objective, filled(parameters, values), PRECISELY, expired=budget.expired)
        except SlxrdError:
            return None

    polished = in_parallel(refine, distinct_starts, budget)
    if len(polished) < len(distinct_starts):
        budget.leave_out(f"refinement of {len(distinct_starts) - len(polished)} other minima")
    minima = distinct_films([minimum for minimum in polished if minimum is not None], objective)
    progress.part(0.9, 1.0)(1.0)
    ended = sum(same_film(values, minima[0].values, objective) for _, values in rough)
    return minima, SearchCertificate(
        len(rough),
        len(_distinct_values([values for _, values in rough], objective)),
        max(ended, 1),
        budget.reached,
        budget.left_out,
    )


def _starts(
    objective: Objective, parameters: Parameters, scanned: Scanned, budget: Budget
) -> list[dict[str, float]]:
    """Values of all parameters to start from: those of the scan, then those from the width of the peak."""
    starts = _films(scanned)
    on_substrate = objective.model.stack.substrate is not None
    try:
        if not (starts and on_substrate):
            starts += [dict(base.values) for base in envelope_fits(objective, parameters)]
    except SlxrdError:
        if not starts:
            raise
    if not on_substrate:
        return [_completed(parameters, start) for start in starts]
    return _on_substrate(objective, parameters, starts, budget)


def _films(scanned: Scanned) -> list[dict[str, float]]:
    return [
        {"d": d, "N": N, "sigma_N": spread}
        for d, N, spread in zip(scanned.d.tolist(), scanned.N.tolist(), scanned.sigma_N.tolist(), strict=True)
    ]


def _on_substrate(
    objective: Objective, parameters: Parameters, films: list[dict[str, float]], budget: Budget
) -> list[dict[str, float]]:
    """Add the substrate to films, and return the best of them, as each evaluation takes longer."""
    starts = [_above_substrate(objective, parameters, film) for film in films]
    return best_starts(objective, parameters, starts, MOST_ON_SUBSTRATE, budget)


def _above_substrate(
    objective: Objective, parameters: Parameters, film: dict[str, float]
) -> dict[str, float]:
    substrate = substrate_values(objective, parameters, film["d"], film["N"], film["sigma_N"])
    return _completed(parameters, {**film, **substrate})


def _completed(parameters: Parameters, values: dict[str, float]) -> dict[str, float]:
    """Add the values of parameters that are not searched, and the middle of their bounds without a value."""
    completed = {}
    for name, row in parameters.items():
        known = values.get(name)
        if row.value is not None and (
            known is None or row.free is False or name not in ("d", "N", "sigma_N")
        ):
            known = row.value
        completed[name] = (row.lower + row.upper) / 2.0 if known is None else known
    return completed


def _refined(
    objective: Objective,
    parameters: Parameters,
    starts: list[dict[str, float]],
    budget: Budget,
    report: Callable[[float], None],
) -> list[tuple[float, dict[str, float]]]:
    """Refine every start roughly; χ² and values of those that can be refined."""

    def one(start: dict[str, float]) -> tuple[float, dict[str, float]] | None:
        try:
            found = minimise(
                objective, filled(parameters, start), ROUGHLY, ROUGH_EVALUATIONS, expired=budget.expired
            )
        except (SlxrdError, np.linalg.LinAlgError):
            return None
        return (found.chi2, dict(found.values)) if math.isfinite(found.chi2) else None

    done = in_parallel(one, starts, budget, 0.8, lambda count: report(count / len(starts)))
    if len(done) < len(starts):
        budget.leave_out(f"{len(starts) - len(done)} of {len(starts)} starts", starts=True)
    found = [each for each in done if each is not None]
    if not found:
        raise SlxrdError(
            "no start of the search led to a fit of one crystal; choose another region, or give starts "
            "(--start d=… --start N=…)"
        )
    return found


def _around_best(
    objective: Objective, parameters: Parameters, rough: list[tuple[float, dict[str, float]]], budget: Budget
) -> list[tuple[float, dict[str, float]]]:
    """Refine films near the best one on a substrate: of other sizes and, if few starts agree, of other d.

    Size or position of a film's peak and the phase at the interface can replace each other in part.
    """
    if objective.model.stack.substrate is None:
        return []
    best = min(rough, key=lambda each: each[0])[1]
    if budget.spent(0.6):
        budget.leave_out("films near the best one", starts=True)
        return []
    sizes = [best["N"] + more for more in NEAR_SIZES if parameters["N"].free and best["N"] + more >= 1.0]
    starts = [{**best, "N": N, "sigma_N": max(best["sigma_N"], float(usual_spread(N)))} for N in sizes]
    if sum(same_film(values, best, objective) for _, values in rough) < SUPPORTED:
        starts += _beside(objective, parameters, best)
    return _refined(objective, parameters, starts, budget, lambda share: None) if starts else []


def _beside(objective: Objective, parameters: Parameters, best: dict[str, float]) -> list[dict[str, float]]:
    """Films whose peak is moved, with the same or another phase between substrate and film."""
    q = float(np.mean([points.q.mean() for points in objective.data]))
    turn = 2.0 * math.pi / q if parameters["L_S"].free else 0.0
    starts = []
    for fringes in NEAR_FRINGES if parameters["d"].free else (0.0,):
        for turns in NEAR_TURNS if turn else (0.0,):
            if fringes or turns:
                change = 1.0 + fringes / best["N"]
                # The phase between the substrate and the middle of the film stays the same.
                gap = best["L_S"] + (turns - 0.5 * fringes) * turn
                moved = {"d": best["d"] * change, "N": best["N"] / change, "L_S": gap}
                starts.append({**best, **moved})
    return starts


def same_film(one: Mapping[str, float], other: Mapping[str, float], objective: Objective) -> bool:
    """Whether two sets of values are the same minimum of χ²."""
    lowest = min(float(points.q[0]) for points in objective.data)
    highest = max(float(points.q[-1]) for points in objective.data)
    d, N = other["d"], other["N"]
    order = max(round((lowest + highest) / 2.0 * d / (2.0 * np.pi)), 1)
    peak = 2.0 * np.pi * order / d
    far = max(abs(lowest - peak), abs(highest - peak))
    in_thickness = abs(one["N"] * one["d"] - N * d) * far
    in_position = abs(one["d"] / d - 1.0) * peak * N * d
    at_surface = abs(one["L_S"] - other["L_S"]) * peak if "L_S" in other else 0.0
    return max(in_thickness, in_position) < SAME * 2.0 * np.pi and at_surface < np.pi


def _distinct_values(values: list[dict[str, float]], objective: Objective) -> list[dict[str, float]]:
    kept: list[dict[str, float]] = []
    for each in values:
        if not any(same_film(each, other, objective) for other in kept):
            kept.append(each)
    return kept


def _with_other_substrates(
    ordered: list[dict[str, float]], best: dict[str, float], objective: Objective
) -> list[dict[str, float]]:
    """Films like the best one whose amplitude relative to the substrate is another.

    The intensity does not contain the phase, so that two films of nearly the same thickness may describe it.
    """
    kept = [best]
    for each in ordered:
        if (
            "f_S" in each
            and len(kept) <= MOST_VARIANTS
            and same_film(each, best, objective)
            and all(abs(each["f_S"] / other["f_S"] - 1.0) > OTHER_AMPLITUDE for other in kept)
        ):
            kept.append(each)
    return kept[1:]


def distinct_films(minima: list[Minimum], objective: Objective) -> tuple[Minimum, ...]:
    """Order minima by χ², without duplicates and without those of a much larger χ²."""
    if not minima:
        raise SlxrdError("no start led to a fit")
    ordered = sorted(minima, key=lambda minimum: minimum.chi2)
    kept: list[Minimum] = []
    for minimum in ordered:
        if minimum.chi2 > worst_listed(ordered[0].chi2):
            break
        if not any(_same_minimum(minimum, other, objective) for other in kept):
            kept.append(minimum)
    return tuple(kept)


def _same_minimum(one: Minimum, other: Minimum, objective: Objective) -> bool:
    """Whether two refined films are nearly equal, and closer than the errors of the other one."""
    if not same_film(one.values, other.values, objective):
        return False
    if one.names != other.names:
        return True
    noise = max(other.chi2 / objective.n_points, 1.0)
    return float(np.sum((other.jacobian @ (one.vector - other.vector)) ** 2)) < noise


class _Progress:
    """Progress of the steps of a search, as one count."""

    def __init__(self, report: Progress | None) -> None:
        self._report = report

    def part(self, begin: float, end: float) -> Callable[[float], None]:
        """Return a function of the share of a step that is done, between two shares of the search."""

        def share(done: float) -> None:
            if self._report is not None:
                self._report(round(_STEPS * (begin + (end - begin) * min(done, 1.0))), _STEPS)

        return share
