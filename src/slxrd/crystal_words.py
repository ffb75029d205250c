"""Crystals in words: a list of those that are known, and what one is made of."""

from __future__ import annotations

from slxrd.crystals.library import crystal, crystal_names, terminations
from slxrd.errors import SlxrdError
from slxrd.layers import Crystal
from slxrd.planes import Plane
from slxrd.structure import Stack

#: The largest crystal that is drawn up plane by plane.
MOST_PLANES = 200


def catalogue() -> str:
    """List the crystals of the library, with their surfaces, the usual one first."""
    lines = ["crystals (--crystal NAME:SURFACE); d in Å, N counts the planes named", ""]
    for name in crystal_names():
        one = crystal(name)
        layers = f", {one.layers} layers" if one.layers else ""
        surfaces = ", ".join(terminations(name))
        lines.append(f"  {name:<14} d {one.period:<8.4f} {one.repeat[0]!s:<7} surfaces {surfaces}{layers}")
    lines += ["", "others: a .toml file (docs/crystals.md), or file.cif:H,K,L[:BOTTOM:TOP]"]
    return "\n".join(lines)


def described(one: Crystal, planes: int) -> str:
    """Tell of a crystal its planes from the bottom up, its size and charge, and what may be refined.

    Parameters
    ----------
    one : Crystal
        Which.
    planes : int
        N of the crystal that is drawn up.

    Raises
    ------
    SlxrdError
        If N is not a whole number from 1 (or as many as its surfaces hold) to :data:`MOST_PLANES`.
    """
    if not max(1, one.closing) <= planes <= MOST_PLANES:
        raise SlxrdError(
            f"--planes {planes}: give a whole number from {max(1, one.closing)} to {MOST_PLANES}"
        )
    below, above = one.overhang()
    lines = [f"{one.ended()}, d = {one.period:g} Å", f"  source: {one.source or 'not told'}"]
    if one.assumed:
        lines.append(f"  assumed: {one.assumed}")
    lines += [
        "",
        f"{planes} planes {one.repeat[0]}, from the top down (height in Å; sites in a surface cell)",
        *(_row(plane, one.period) for plane in reversed(one.planes(planes))),
        "",
        f"  thickness {one.thickness(planes):.3f} Å; free gap L − {below + above:.3f} Å",
        "",
        "parameters besides those of every fit (fixed unless freed: --free NAME)",
    ]
    offers = Stack(crystal=one).offers
    width = max(map(len, offers))
    lines += [f"  {name:<{width}}  {row.meaning}" for name, row in offers.items()]
    return "\n".join(lines)


def _row(plane: Plane, period: float) -> str:
    sites = ", ".join(
        f"{site.count:g} {site.species}" + (f" ({site.occupancy:g} filled)" if site.occupancy != 1.0 else "")
        for site in plane.sites
    )
    return f"  {plane.height(period):9.3f}  {plane!s:<10} {sites}"
