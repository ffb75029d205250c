"""What may be refined of a structure: the parameters that it has, and those that it offers if named."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Protocol

from slxrd.errors import SlxrdError
from slxrd.parameters.definitions import FURTHER, TABLE, info, of_planes
from slxrd.parameters.disorder.term import disorder_parameters
from slxrd.parameters.parameter_info import ParameterInfo
from slxrd.sample.crystal import Crystal
from slxrd.sample.planes import Plane
from slxrd.sample.species import ion

#: Planes nearer than this to half the period, or to 0, lie there.
MIDDLE = 1e-3
#: A refined d stays within this fraction of that of a known crystal.
NEAR_PERIOD = 0.1


class Structure(Protocol):
    """What is asked of a structure here; see :class:`slxrd.sample.stack.Stack`."""

    @property
    def coherent(self) -> int:
        """As there."""

    @property
    def crystal(self) -> Crystal | None:
        """As there."""

    @property
    def partner(self) -> Crystal | None:
        """As there."""

    @property
    def alternating(self) -> bool:
        """As there."""

    @property
    def slab(self) -> float | None:
        """As there."""

    @property
    def extras(self) -> tuple[str, ...]:
        """As there."""


@dataclass(frozen=True)
class Opened:
    """A crystal whose outermost planes do not belong to its repeat, so that they can be told from the others.

    Parameters
    ----------
    bottom, repeat, top : tuple of Plane
        As in :class:`slxrd.sample.crystal.Crystal`; but the repeat may begin above 0, where a first one went
        to the
        bottom, and the top then counts from the same place.
    closing : int
        A crystal of N planes of reference has N − closing repeats.
    """

    bottom: tuple[Plane, ...]
    repeat: tuple[Plane, ...]
    top: tuple[Plane, ...]
    closing: int


def as_it_is(crystal: Crystal) -> Opened:
    """Leave the planes where they are."""
    return Opened(crystal.bottom, crystal.repeat, crystal.top, crystal.closing)


def opened(crystal: Crystal) -> Opened:
    """Take the outermost planes out of the repeat, where they belong to it."""
    bottom, repeat, top, closing = crystal.bottom, crystal.repeat, crystal.top, crystal.closing
    if not top:
        top, closing = repeat, closing + 1
    if not bottom:
        bottom, closing = repeat, closing + 1
        repeat, top = _raised(repeat), _raised(top)
    return Opened(bottom, repeat, top, closing)


def _raised(planes: tuple[Plane, ...]) -> tuple[Plane, ...]:
    return tuple(replace(plane, position=plane.position + 1.0) for plane in planes)


def label(plane: Plane) -> str:
    """Name of a plane's composition, as it stands in the name of a parameter."""
    return re.sub(r"\W", "", str(plane))


def element(species: str) -> str:
    """Name of a species, as it stands in the name of a parameter."""
    single = ion(species)
    return re.sub(r"\W", "", single.element if single else species)


def needs_opening(names: Iterable[str], second: bool = False) -> bool:
    """Whether parameters of these names tell the outermost planes of a crystal from the others."""
    return any(found is not None and found.second == second for found in map(of_planes, names))


def away(plane: Plane) -> float:
    """Which way is away from the nearest plane of reference: 1 up, −1 down, 0 where it is in the middle."""
    part = plane.position % 1.0
    if min(part, abs(part - 0.5), 1.0 - part) < MIDDLE:
        return 0.0
    return 1.0 if part < 0.5 else -1.0


def offered(structure: Structure) -> dict[str, ParameterInfo]:
    """Parameters that a structure offers if they are named.

    Returns
    -------
    dict of str to ParameterInfo
        With the crystal's own values as defaults; fixed unless they are freed.
    """
    rows: dict[str, ParameterInfo] = {}
    if structure.coherent > 1:
        names = ["unstacked"]
        if structure.alternating:
            names += ["dL_B"] if structure.crystal is not None else ["dL_B", "f_B"]
        rows = {**disorder_parameters(), **{name: FURTHER[name] for name in names}}
    if structure.crystal is not None:
        rows |= {name: FURTHER[name] for name in ("B", "shift_surface")}
        rows |= _of_planes(structure.crystal, "")
    if structure.partner is not None:
        rows["shift_surface_B"] = info("shift_surface_B")
        rows |= _of_planes(structure.partner, "_B")
    return rows


def _of_planes(crystal: Crystal, end: str) -> dict[str, ParameterInfo]:
    parts = opened(crystal)
    reference = label(crystal.repeat[0])
    outermost = (parts.bottom[0], parts.top[-1])
    inner = (*parts.bottom[1:], *parts.repeat, *parts.top[:-1])
    rows: dict[str, ParameterInfo] = {}
    for where, planes in (("surface", outermost), *((label(plane), (plane,)) for plane in inner)):
        for plane in planes:
            for site in plane.sites:
                name = f"occ_{where}_{element(site.species)}{end}"
                rows.setdefault(name, replace(info(name), default=site.occupancy))
        if where not in ("surface", reference):
            rows.setdefault(f"shift_{where}{end}", info(f"shift_{where}{end}"))
    # Where planes lie on one side only, away is up or down.
    ways = {(label(plane), away(plane)) for plane in inner if label(plane) != reference}
    for where in sorted(where for where, way in ways if way > 0.0 and (where, -1.0) in ways):
        rows[f"apart_{where}{end}"] = info(f"apart_{where}{end}")
    return rows


def table_of(structure: Structure) -> dict[str, ParameterInfo]:
    """Parameters of a structure, in the order of the columns of a Jacobian.

    Raises
    ------
    SlxrdError
        If an extra one is not offered.
    """
    rows = dict(TABLE)
    if structure.crystal is not None:
        rows["d"] = _near(rows["d"], structure.crystal.period)
        out = structure.crystal.overhang()[1] + (structure.partner or structure.crystal).overhang()[0]
        rows["L"] = replace(rows["L"], lower=max(rows["L"].lower, out))
        rows |= _sizes(rows, structure.crystal, needs_opening(structure.extras), "")
    if structure.alternating:
        rows |= {name: FURTHER[name] for name in ("d_B", "N_B", "sigma_N_B")}
        if structure.partner is not None:
            rows["d_B"] = _near(rows["d_B"], structure.partner.period)
            rows |= _sizes(rows, structure.partner, needs_opening(structure.extras, True), "_B")
    if structure.slab is not None:
        rows["rho"] = replace(FURTHER["rho"], default=structure.slab)
    further = offered(structure) if structure.extras else {}
    for name in structure.extras:
        if name not in further:
            info(name)
            raise SlxrdError(
                f"{name} is not a parameter of this structure, which has {', '.join([*rows, *further])}"
            )
        rows[name] = further[name]
        polar = name.replace("apart_", "shift_", 1)
        if polar != name and polar in structure.extras:
            raise SlxrdError(f"{polar} and {name} both move the same planes; leave one out")
    return rows


def _near(row: ParameterInfo, period: float) -> ParameterInfo:
    return replace(row, lower=(1.0 - NEAR_PERIOD) * period, upper=(1.0 + NEAR_PERIOD) * period)


def _sizes(
    rows: Mapping[str, ParameterInfo], crystal: Crystal, opening: bool, end: str
) -> dict[str, ParameterInfo]:
    """N and σ_N of a crystal; those of platelets of one thickness are known."""
    N, sigma_N = rows[f"N{end}"], rows[f"sigma_N{end}"]
    if crystal.layers is not None:
        known = float(crystal.layers)
        return {
            N.name: replace(N, default=known, free=False),
            sigma_N.name: replace(sigma_N, default=0.0, lower=0.0, free=False),
        }
    closing = (opened if opening else as_it_is)(crystal).closing
    return {N.name: replace(N, lower=float(max(closing, 1)))}
