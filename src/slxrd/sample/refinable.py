"""The parameters of a structure: those that it always has, and those that it has if they are named."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Protocol

from slxrd.errors import SlxrdError
from slxrd.parameters.definitions import FURTHER, TABLE, info, of_planes
from slxrd.parameters.disorder.term import disorder_parameters
from slxrd.parameters.environment import OF_FILM, OF_SUBSTRATE
from slxrd.parameters.gap_distributions.distribution import distribution_parameters, gap_distribution_in_use
from slxrd.parameters.gap_profiles.profile import gap_parameters, gap_profile, gap_profile_in_use
from slxrd.parameters.parameter_info import ParameterInfo
from slxrd.parameters.scans import scan_of_zero
from slxrd.sample.crystal import Crystal
from slxrd.sample.planes import Plane
from slxrd.sample.species import ion
from slxrd.sample.substrate import Substrate

#: Planes within this fraction of the period of 0 or ½ count as lying there.
MIDDLE = 1e-3
#: A refined d stays within this fraction of that of a known crystal.
NEAR_PERIOD = 0.1
#: Likewise for the plane distance of a substrate, which is usually known well.
NEAR_SUBSTRATE = 0.02
#: Distances from the substrate to the stack that are searched, in plane distances of the substrate.
GAPS_TO_SUBSTRATE = (0.3, 3.0)
#: Lower default bound of L in Å on a substrate, where layers without ligands are close to each other.
LEAST_EPITAXIAL_GAP = 1.0


class Structure(Protocol):
    """The attributes of :class:`slxrd.sample.stack.Stack` on which the parameters depend."""

    @property
    def coherent(self) -> int:
        """Number of crystals in a coherent stack."""

    @property
    def crystal(self) -> Crystal | None:
        """The crystal; None for equal planes."""

    @property
    def partner(self) -> Crystal | None:
        """The second crystal of an alternating stack."""

    @property
    def alternating(self) -> bool:
        """Whether two crystals alternate."""

    @property
    def slab(self) -> float | None:
        """Electron density between the crystals in e/Å³."""

    @property
    def substrate(self) -> Substrate | None:
        """The crystal below the stack."""

    @property
    def extras(self) -> tuple[str, ...]:
        """Parameters in use that the structure has only if they are named."""


@dataclass(frozen=True)
class CrystalParts:
    """The planes of a crystal: bottom, repeat and top.

    Parameters
    ----------
    bottom, repeat, top : tuple of Plane
        As in :class:`slxrd.sample.crystal.Crystal`, except that the repeat begins above 0 where its first
        period was moved to the bottom; the top is then measured from the same height.
    closing : int
        A crystal of N planes of reference has N − closing repeats.
    """

    bottom: tuple[Plane, ...]
    repeat: tuple[Plane, ...]
    top: tuple[Plane, ...]
    closing: int


def parts_as_given(crystal: Crystal) -> CrystalParts:
    """Return the planes of a crystal without any change."""
    return CrystalParts(crystal.bottom, crystal.repeat, crystal.top, crystal.closing)


def parts_with_separate_surfaces(crystal: Crystal) -> CrystalParts:
    """Move the outermost planes out of the repeat, so that they can have parameters of their own."""
    bottom, repeat, top, closing = crystal.bottom, crystal.repeat, crystal.top, crystal.closing
    if not top:
        top, closing = repeat, closing + 1
    if not bottom:
        bottom, closing = repeat, closing + 1
        repeat, top = _raised(repeat), _raised(top)
    return CrystalParts(bottom, repeat, top, closing)


def _raised(planes: tuple[Plane, ...]) -> tuple[Plane, ...]:
    return tuple(replace(plane, position=plane.position + 1.0) for plane in planes)


def label(plane: Plane) -> str:
    """Composition of a plane, as it is written in the name of a parameter."""
    return re.sub(r"\W", "", str(plane))


def element(species: str) -> str:
    """Element of a species, as it is written in the name of a parameter."""
    single = ion(species)
    return re.sub(r"\W", "", single.element if single else species)


def has_plane_parameters(names: Iterable[str], second: bool = False) -> bool:
    """Whether these names contain parameters of planes of the first crystal, or of the second of a pair."""
    return any(found is not None and found.second == second for found in map(of_planes, names))


def direction_of_apart(plane: Plane) -> float:
    """Sign of a displacement away from the nearest plane of reference: 1 up, −1 down, 0 in the middle."""
    part = plane.position % 1.0
    if min(part, abs(part - 0.5), 1.0 - part) < MIDDLE:
        return 0.0
    return 1.0 if part < 0.5 else -1.0


def offered(structure: Structure) -> dict[str, ParameterInfo]:
    """Parameters that a structure has only if they are named.

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
        rows |= distribution_parameters()
        if _has_area(structure) and structure.slab is None:
            chosen = gap_profile("slab").names  # that one is chosen by its density
            rows |= {name: row for name, row in gap_parameters().items() if name not in chosen}
    if structure.coherent == 1 and structure.crystal is None:
        rows |= OF_FILM
    if structure.crystal is not None:
        rows |= {name: FURTHER[name] for name in ("B", "shift_surface")}
        rows |= _of_planes(structure.crystal, "")
    if structure.partner is not None:
        rows["shift_surface_B"] = info("shift_surface_B")
        rows |= _of_planes(structure.partner, "_B")
    return rows


def _has_area(structure: Structure) -> bool:
    """Whether electron densities between the crystals can be converted to amplitudes."""
    crystals = [one for one in (structure.crystal, structure.partner) if one is not None]
    return bool(crystals) and all(one.area is not None for one in crystals)


def _of_planes(crystal: Crystal, end: str) -> dict[str, ParameterInfo]:
    parts = parts_with_separate_surfaces(crystal)
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
    # If such planes lie on one side only, their `apart` would be the same as their `shift`.
    ways = {(label(plane), direction_of_apart(plane)) for plane in inner if label(plane) != reference}
    for where in sorted(where for where, way in ways if way > 0.0 and (where, -1.0) in ways):
        rows[f"apart_{where}{end}"] = info(f"apart_{where}{end}")
    return rows


def table_of(structure: Structure) -> dict[str, ParameterInfo]:
    """Parameters of a structure, in the order of the columns of a Jacobian.

    Raises
    ------
    SlxrdError
        If the structure cannot have an extra parameter.
    """
    rows = dict(TABLE)
    if structure.substrate is not None:
        rows["L"] = replace(rows["L"], lower=LEAST_EPITAXIAL_GAP)
    if structure.crystal is not None:
        rows["d"] = _near(rows["d"], structure.crystal.period)
        out = structure.crystal.overhang()[1] + (structure.partner or structure.crystal).overhang()[0]
        rows["L"] = replace(rows["L"], lower=max(rows["L"].lower, out))
        rows |= _sizes(rows, structure.crystal, has_plane_parameters(structure.extras), "")
    if structure.alternating:
        rows |= {name: FURTHER[name] for name in ("d_B", "N_B", "sigma_N_B")}
        if structure.partner is not None:
            rows["d_B"] = _near(rows["d_B"], structure.partner.period)
            rows |= _sizes(rows, structure.partner, has_plane_parameters(structure.extras, True), "_B")
    if structure.slab is not None:
        rows |= {row.name: replace(row, default=structure.slab) for row in gap_profile("slab").parameters}
    if structure.substrate is not None:
        rows |= _of_substrate(structure.substrate.d)
    further = offered(structure) if structure.extras else {}
    _check_gaps(structure.extras)
    for name in structure.extras:
        if scan_of_zero(name) is not None:
            rows[name] = info(name)
            continue
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


def _check_gaps(names: Iterable[str]) -> None:
    """Check that the parameters of the gaps belong to one distribution and one density that go together."""
    distribution, profile = gap_distribution_in_use(names), gap_profile_in_use(names)
    if distribution.parameters and not profile.any_distribution:
        raise SlxrdError(
            f"the gap profile of {', '.join(profile.names)} is averaged over Gaussian gaps only; leave out "
            f"{' and '.join(name for name in distribution.names if name in names)}"
        )


def _near(row: ParameterInfo, period: float) -> ParameterInfo:
    return replace(row, lower=(1.0 - NEAR_PERIOD) * period, upper=(1.0 + NEAR_PERIOD) * period)


def _of_substrate(d: float) -> dict[str, ParameterInfo]:
    lower, upper = (factor * d for factor in GAPS_TO_SUBSTRATE)
    near = (1.0 - NEAR_SUBSTRATE) * d, (1.0 + NEAR_SUBSTRATE) * d
    return OF_SUBSTRATE | {
        "d_S": replace(OF_SUBSTRATE["d_S"], default=d, lower=near[0], upper=near[1]),
        "L_S": replace(OF_SUBSTRATE["L_S"], lower=lower, upper=upper),
    }


def _sizes(
    rows: Mapping[str, ParameterInfo], crystal: Crystal, opening: bool, end: str
) -> dict[str, ParameterInfo]:
    """Definitions of N and σ_N of a crystal; they are fixed for platelets of one thickness."""
    N, sigma_N = rows[f"N{end}"], rows[f"sigma_N{end}"]
    if crystal.layers is not None:
        known = float(crystal.layers)
        return {
            N.name: replace(N, default=known, free=False),
            sigma_N.name: replace(sigma_N, default=0.0, lower=0.0, free=False),
        }
    closing = (parts_with_separate_surfaces if opening else parts_as_given)(crystal).closing
    return {N.name: replace(N, lower=float(max(closing, 1)))}
