"""Readings of equidistant satellites: alternating layers, equal crystals with gaps, or one thick film."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from slxrd.data.pattern import Pattern
from slxrd.errors import SlxrdError
from slxrd.fitting.assessment.disguise import coincident_lattices
from slxrd.fitting.diagnosis.options import diagnosis_for, named_parameters, options_of_layers
from slxrd.fitting.fit_options import FitOptions, prepare_objective, without_neighbours
from slxrd.fitting.minimise.least_squares import Minimum
from slxrd.fitting.objective.residuals import Objective
from slxrd.fitting.result.assessment import Rival
from slxrd.fitting.search.budget import Budget
from slxrd.fitting.search.film.interference import near_interface
from slxrd.fitting.search.film.minima import search_films
from slxrd.fitting.search.minima import search
from slxrd.fitting.search.on_substrate import completed, without_substrate
from slxrd.fitting.search.q_zero import fix_q_zero
from slxrd.fitting.search.repetitions import nearby_repetitions
from slxrd.fitting.search.satellites.scan import Scanned, scan_satellites
from slxrd.fitting.search.stages import best_starts, lowest, refine_roughly
from slxrd.parameters.parameter_set import Parameters

#: Time in seconds of the search of each reading, from which the best is chosen.
SECONDS = 5.0
#: A film is preferred to a stack whose information criterion is lower by less: it assumes less.
INDECISIVE = 10.0
#: Crystals with gaps are excluded if their information criterion is so many times as large.
MUCH_WORSE = 3.0
#: A film whose χ² is so many times the information criterion of another reading is not refined further.
HOPELESS = 5.0
#: Parameters of one layer and the same of the other.
OF_LAYERS = {"d": "d_B", "d_B": "d", "N": "N_B", "N_B": "N"}
#: Structures of a reading that are refined on the substrate.
MOST_REFINED = 4

Setup = Callable[[Pattern, Mapping[str, Any]], tuple[Pattern, FitOptions]]
LAYERS = "alternating layers without gaps (--stack alternating)"
OTHER_ORDER = "alternating layers in the other order"
ORDERS = (LAYERS, OTHER_ORDER)
CRYSTALS = "equal crystals with gaps (--stack pure)"
FILM = "one film (--coherent 1)"


@dataclass(frozen=True)
class Reading:
    """The best reading of a pattern, set up for a fit.

    Parameters
    ----------
    pattern : Pattern
        Over q, masked.
    options : FitOptions
        For :func:`slxrd.fitting.pipeline.fit_pattern`.
    crystals_excluded : bool
        Whether equal crystals with gaps describe the pattern much worse.
    other_order : Rival, optional
        Of two layers in turn: the same layers in the other order, with χ² of a rough refinement.
    """

    pattern: Pattern
    options: FitOptions
    crystals_excluded: bool = False
    other_order: Rival | None = None


def best_reading(pattern: Pattern, options: Mapping[str, Any], setup: Setup) -> Reading:
    """Set up the fit of a pattern; of a multilayer, with the best reading.

    Parameters
    ----------
    pattern : Pattern
        Over q, or over 2θ with a known wavelength.
    options : mapping
        All options by name, as :func:`slxrd.fitting.request.declaration.collect` returns them.
    setup : callable
        Makes the pattern and the options of the fit from them.

    Raises
    ------
    SlxrdError
        If the options do not suit each other or the pattern.
    """
    as_layers = setup(pattern, options)
    found = diagnosis_for(pattern, options)
    if found is None or found.proposal.kind != "multilayer" or not as_layers[1].estimated_coherent:
        return Reading(*as_layers)
    proposed = found.proposal.options
    given = {**options, "regions": options["regions"] or proposed["regions"]}
    readings = {LAYERS: as_layers}
    with contextlib.suppress(SlxrdError):  # options may name parameters that these readings do not have
        readings[FILM] = setup(pattern, {**given, "coherent": 1})
    with contextlib.suppress(SlxrdError):
        masked, stacked = setup(pattern, {**given, "coherent": proposed["coherent"]})
        readings[CRYSTALS] = (masked, replace(stacked, estimated_coherent=True))
    # Without a substrate, both orders are the same stack seen from its two sides.
    on_substrate = as_layers[1].stack.substrate is not None
    if on_substrate and "tie" in proposed and not named_parameters(options) & set(OF_LAYERS):
        readings[OTHER_ORDER] = _in_other_order(given, proposed, pattern, setup)
    compared = {LAYERS: _compare(*as_layers)}
    for name in (OTHER_ORDER, CRYSTALS, FILM):
        if name in readings:
            with contextlib.suppress(SlxrdError):
                least = min(one.criterion for one in compared.values())
                compared[name] = _compare(*readings[name], HOPELESS * least)
    rival = _compare_orders(compared, Budget(min(SECONDS, as_layers[1].budget / 4.0)))
    values = {name: one.criterion for name, one in compared.items()}
    best, *others = sorted((name for name in values if values[name] < math.inf), key=values.__getitem__)
    as_well = FILM in others and values[FILM] < values[best] + INDECISIVE
    if as_well:
        others = [best, *(name for name in others if name != FILM)]
        best = FILM
    pattern, chosen = readings[best]
    if not others:
        return Reading(pattern, chosen)
    note = (
        f"{best} {'describes' if best == FILM else 'describe'} the satellites "
        f"{'nearly as well as' if as_well else 'better than'} {' or '.join(others)}: information criterion "
        f"{values[best]:.4g}, not {' or '.join(f'{values[name]:.4g}' for name in others)}"
    )
    chosen = replace(chosen, notes=(*chosen.notes, note), satellites=compared[best].satellites)
    worse = values.get(CRYSTALS, math.inf) > MUCH_WORSE * values[best]
    return Reading(pattern, chosen, worse, rival if best in ORDERS else None)


def _in_other_order(
    options: Mapping[str, Any], proposed: Mapping[str, Any], pattern: Pattern, setup: Setup
) -> tuple[Pattern, FitOptions]:
    """Set up the fit of alternating layers with the bounds of the two layers exchanged."""
    bounds = {OF_LAYERS.get(name, name): pair for name, pair in proposed["bounds"].items()}
    of_layers = options_of_layers({**proposed, "bounds": bounds}, named_parameters(options))
    of_layers |= {name: {**of_layers[name], **(options[name] or {})} for name in ("fix", "tie", "bounds")}
    of_layers |= {"coherent": proposed["coherent"], "free": (*of_layers["free"], *(options["free"] or ()))}
    masked, exchanged = setup(pattern, {**options, **of_layers})
    note = ", ".join(f"--bounds {name}={low:g}:{high:g}" for name, (low, high) in bounds.items())
    notes = (*exchanged.notes, f"the other layer above the substrate: {note}")
    return masked, replace(exchanged, estimated_coherent=True, notes=notes)


@dataclass(frozen=True)
class _Compared:
    """The best minimum of a reading that is found in a short time, and the starts of a complete scan.

    A stack whose planes all lie on one lattice is excluded: it is a film, which has a reading of its own.
    """

    objective: Objective
    best: Minimum
    satellites: Scanned | None = None
    excluded: bool = False

    @property
    def criterion(self) -> float:
        """χ² and a penalty for each parameter."""
        if self.excluded:
            return math.inf
        return self.best.chi2 + len(self.best.names) * math.log(self.objective.n_points)


def _compare(pattern: Pattern, options: FitOptions, hopeless: float = math.inf) -> _Compared:
    """Find the best minimum of a reading in a short time; of a film, as for :func:`search_films`."""
    objective, _ = prepare_objective(pattern, options)
    parameters = options.parameters.within(objective.model.stack.table)
    budget = Budget(min(SECONDS, options.budget / 4.0))
    if objective.model.stack.coherent == 1:
        parameters = near_interface(objective, fix_q_zero(without_neighbours(parameters)))
        return _Compared(objective, search_films(objective, parameters, None, budget, hopeless)[0][0])
    found = roughly_on_substrate(objective, fix_q_zero(parameters), budget)
    if found is None:
        best, satellites = _alone(objective, parameters, budget), None
    else:
        best, satellites = found
    complete = satellites is not None and satellites.complete
    return _Compared(
        objective, best, satellites if complete else None, excluded=bool(coincident_lattices(best, 1.0))
    )


def _compare_orders(compared: dict[str, _Compared], budget: Budget) -> Rival | None:
    """Compare both orders of layers, each with its best number of repetitions; return the worse one."""
    lowest = min(one.criterion for one in compared.values())
    close = [name for name in ORDERS if name in compared and compared[name].criterion < MUCH_WORSE * lowest]
    if len(close) < 2 or min(compared[name].criterion for name in close) > lowest:
        return None
    for name in close:
        one = compared[name]
        objective, best = nearby_repetitions(one.objective, one.best, budget)
        compared[name] = replace(one, objective=objective, best=best)
    better, worse = sorted((compared[name] for name in close), key=lambda one: one.criterion)
    shown = {name: float(worse.best.values[name]) for name in OF_LAYERS}
    odds = 0.5 * (worse.criterion - better.criterion)
    return Rival("the layers in the other order", worse.best.chi2, odds, shown)


def roughly_on_substrate(
    objective: Objective, parameters: Parameters, budget: Budget
) -> tuple[Minimum, Scanned] | None:
    """Refine the best structures with the period of the satellites.

    Parameters
    ----------
    objective : Objective
        Residuals of the data and a stack.
    parameters : Parameters
        Its parameters; q_zero is fixed.
    budget : Budget
        Time budget.

    Returns
    -------
    tuple of Minimum and Scanned, or None
        The best minimum and the starting points. None without a substrate, and where no structure lies within
        the bounds.
    """
    if objective.model.stack.substrate is None:
        return None
    parameters = near_interface(objective, parameters)
    satellites = scan_satellites(objective, parameters, budget)
    starts = completed(parameters, satellites)
    if not starts:
        return None
    starts = best_starts(objective, parameters, starts, MOST_REFINED, budget)
    return lowest(refine_roughly(objective, parameters, starts, budget, "on the substrate")), satellites


def _alone(objective: Objective, parameters: Parameters, budget: Budget) -> Minimum:
    """Search the stack without its substrate."""
    if objective.model.stack.substrate is not None:
        objective, parameters = without_substrate(objective, parameters) or (objective, parameters)
    return search(objective, parameters, budget=budget).minima[0]
