"""Options of a fit that are not given, from the diagnosis of the pattern."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

import numpy as np

from slxrd.data.pattern import Pattern
from slxrd.errors import SlxrdError
from slxrd.fitting.diagnosis.diagnose import FEWEST, diagnose
from slxrd.fitting.diagnosis.noise import ResolutionEstimate
from slxrd.fitting.diagnosis.result import Diagnosis
from slxrd.fitting.request.declaration import OPTIONS, undiagnosed
from slxrd.parameters.definitions import STACKING

#: Options whose default is taken from the pattern. If all are given, it is not diagnosed.
FROM_PATTERN = ("coherent", "resolution", "substrate")
#: Proposals of one coherent crystal or few.
FILMS = ("single film", "film on substrate", "multilayer")
#: Largest relative difference of d from that of the given order.
OF_ORDER = 0.05
#: A given resolution is clearly larger than the limit from the sharpest peak by this factor.
CLEARLY_WIDER = 1.3
_OF_PARAMETERS = ("start", "fix", "bounds", "tie", "prior", "free")


class NothingToFitError(SlxrdError):
    """A pattern without a superlattice or film, which is not fitted unless options say what it is.

    Parameters
    ----------
    found : Diagnosis
        The diagnosis.
    """

    def __init__(self, found: Diagnosis) -> None:
        self.found = found
        proposal = found.proposal
        rivals = f"; not excluded: {'; '.join(proposal.rivals)}" if proposal.rivals else ""
        super().__init__(
            f"{found.source}: {proposal.kind} ({'; '.join(proposal.reasons)}){rivals}; to fit it "
            "nevertheless, give the number of coherent crystals "
            "(--coherent 1 for one crystal, 40 for a stack)"
        )


@lru_cache(maxsize=8)
def diagnosis_of(pattern: Pattern, material: str | None = None, order: int = 1) -> Diagnosis:
    """Diagnose a pattern; the last ones are kept."""
    return diagnose(pattern, material, order)


def diagnosis_for(pattern: Pattern, options: Mapping[str, Any]) -> Diagnosis | None:
    """Diagnose a pattern if an option of its fit is to be taken from it; None otherwise.

    Parameters
    ----------
    pattern : Pattern
        Over q, or over 2θ with a known wavelength.
    options : mapping
        Options of the fit by name.
    """
    material, without_plane = _material(options.get("substrate"))
    order = options.get("order")
    given = all(options.get(name) is not None for name in FROM_PATTERN)
    if len(pattern) < FEWEST or (given and order is None and not without_plane):
        return None
    return diagnosis_of(pattern, material, order or 1)


def complete(
    pattern: Pattern, options: Mapping[str, Any], further: Sequence[Pattern] = ()
) -> tuple[dict[str, Any], tuple[str, ...]]:
    """Take options that are not given from the diagnosis of the pattern.

    Parameters
    ----------
    pattern : Pattern
        Over q, or over 2θ with a known wavelength.
    options : mapping
        All options of a fit by name.
    further : sequence of Pattern
        Further scans of the sample, whose regions and masks are added.

    Returns
    -------
    dict
        The options; none of :data:`FROM_PATTERN` is None.
    tuple of str
        Notes on what was taken from the pattern.

    Raises
    ------
    NothingToFitError
        If the pattern shows no superlattice and no film, and no option says otherwise.
    """
    chosen = dict(options)
    found = diagnosis_for(pattern, options)
    if found is None:
        return undiagnosed(chosen), ()
    material, without_plane = _material(options["substrate"])
    if without_plane:
        if found.substrate is None or not found.substrate.plane:
            raise SlxrdError(
                f"{pattern.source}: no peak of a substrate is at a plane distance of {material}; give its "
                f"plane, {material}:002, or its distance in Å"
            )
        chosen["substrate"] = f"{found.substrate.material}:{found.substrate.plane}"
    proposal = found.proposal
    proposed = dict(proposal.options)
    of_stack = means_stack(options)
    undecided = options["coherent"] is None and not of_stack
    used: dict[str, Any] = {}
    if undecided and proposal.kind not in (*FILMS, "stack"):
        if not options["regions"]:
            raise NothingToFitError(found)
        if proposal.kind == "crystals without a superlattice" and not proposal.rivals:
            used["coherent"] = 1
    film = proposal.kind in FILMS and (undecided or options["coherent"] == proposed.get("coherent"))
    for name in ("coherent", "regions") if film and not of_stack else ():
        if not options[name]:
            used[name] = proposed[name]
    if film and not of_stack and "stack" in proposed:
        used |= options_of_layers(proposed, named_parameters(options))
    for name in ("mask", "substrate", "resolution"):
        if not options[name] and options[name] != 0.0 and name in proposed:
            used[name] = proposed[name]
    for name in ("regions", "mask"):
        if name in used:
            used[name] = _with_further(used[name], name, further)
    for name, value in used.items():
        if name == "free":
            chosen[name] = (*(options[name] or ()), *value)
        else:
            chosen[name] = {**value, **(options[name] or {})} if name in _OF_PARAMETERS else value
    if options["order"] is not None:
        chosen |= _with_order(found, options)
    notes = [_note(found, used)] if used else []
    if wide := resolution_note(pattern, options):
        notes.append(wide)
    return undiagnosed(chosen), tuple(notes)


def options_of_layers(proposed: Mapping[str, Any], named: set[str]) -> dict[str, Any]:
    """Return the proposed options of alternating layers, without those of parameters that are named.

    Parameters
    ----------
    proposed : mapping
        Options of a proposal.
    named : set of str
        Parameters that other options name.
    """
    used: dict[str, Any] = {"stack": proposed["stack"]}
    for group in ("fix", "tie", "bounds"):
        if group in proposed:
            used[group] = {name: row for name, row in proposed[group].items() if name not in named}
    if "free" in proposed:
        used["free"] = tuple(name for name in proposed["free"] if name not in named)
    return used


def excluded_resolution(pattern: Pattern, options: Mapping[str, Any]) -> ResolutionEstimate | None:
    """Return the limit from the sharpest peak if a given resolution is clearly larger; None otherwise.

    Parameters
    ----------
    pattern : Pattern
        Over q, or over 2θ with a known wavelength.
    options : mapping
        All options of a fit by name.
    """
    found, given = diagnosis_for(pattern, options), options["resolution"]
    limit = None if found is None else found.resolution
    if limit is None or limit.origin != "sharpest peak" or not isinstance(given, int | float):
        return None
    return limit if given > CLEARLY_WIDER * limit.sigma else None


def resolution_note(pattern: Pattern, options: Mapping[str, Any]) -> str:
    """Describe a given resolution that is clearly larger than the sharpest peak allows; empty for others.

    Parameters
    ----------
    pattern, options
        As in :func:`excluded_resolution`.
    """
    limit = excluded_resolution(pattern, options)
    if limit is None:
        return ""
    return (
        f"σ_G = {options['resolution']:.3g} Å⁻¹ (--resolution) is larger than the sharpest peak of the "
        f"pattern allows: it is at most {limit.sigma:.3g} Å⁻¹"
    )


def _material(substrate: Any) -> tuple[str | None, bool]:
    """Return the material of the option ``substrate``, and whether its plane is missing."""
    if not isinstance(substrate, str) or not substrate.strip()[:1].isalnum():
        return None, False
    try:
        float(substrate)
    except ValueError:
        if substrate.strip().lower() == "none":
            return None, False
        return substrate, ":" not in substrate
    return None, False


def named_parameters(options: Mapping[str, Any]) -> set[str]:
    """Return the parameters that options of a fit name.

    Parameters
    ----------
    options : mapping
        All options by name.
    """
    return {name for group in _OF_PARAMETERS for name in options[group] or ()}


def means_stack(options: Mapping[str, Any]) -> bool:
    """Whether options of a fit describe a stack of crystals with gaps.

    Parameters
    ----------
    options : mapping
        All options by name.
    """
    if (options["coherent"] or 1) > 1 or options["stack"] != OPTIONS["stack"].default:
        return True
    if any(options[name] is not None for name in ("ligand", "partner", "slab", "crystal")):
        return True
    named = named_parameters(options)
    return bool(named & set(STACKING)) or options["coherent_spread"] > 0.0


def _with_further(ranges: Any, name: str, further: Sequence[Pattern]) -> Any:
    """Add the regions or masks that suit further scans, as far as they do not overlap."""
    together = list(ranges)
    for scan in further:
        for low, high in diagnosis_of(scan).proposal.options.get(name, ()):
            if all(high < a or low > b for a, b in together):
                together.append((low, high))
    return tuple(sorted(together))


def _with_order(found: Diagnosis, options: Mapping[str, Any]) -> dict[str, Any]:
    """Let d start at, and stay near, that of the given order of the strongest peak."""
    bragg = [peak for peak in found.peaks if peak.kind == "Bragg"]
    named = named_parameters(options)
    if not bragg or "d" in named:
        return {}
    strongest = max(bragg, key=lambda peak: peak.height)
    d = float(options["order"]) * 2.0 * np.pi / strongest.q
    return {
        "start": {**(options["start"] or {}), "d": round(d, 4)},
        "bounds": {
            **(options["bounds"] or {}),
            "d": (round(d * (1.0 - OF_ORDER), 4), round(d * (1.0 + OF_ORDER), 4)),
        },
    }


def _note(found: Diagnosis, used: Mapping[str, Any]) -> str:
    given = []
    for name, value in used.items():
        option = OPTIONS[name]
        given += [f"{option.flag} {text}" for text in option.kind.texts(name, value)]
    estimated = " (an upper limit, estimated from the pattern)" if "resolution" in used else ""
    return f"{found.proposal.kind}, from the pattern: {', '.join(given)}{estimated}"
