"""Directions of cuts through reciprocal space."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

from slxrd.errors import SlxrdError

#: The θ:2θ scan: along the normal of the film, with slits that integrate over the directions across it.
SCAN = "scan"
#: Directions as they are typed.
EXAMPLES = "scan, 001, 100, 110, 1,0.5,0, in-plane, fibre-101, and the ending -wide as in 100-wide"
_NUMBER = r"-?\d+(?:\.\d*)?|-?\.\d+"
_INDICES = re.compile(rf"(\d)(\d)(\d)|({_NUMBER}),({_NUMBER}),({_NUMBER})")
#: Components below this are zero.
_LEAST = 1e-6


@dataclass(frozen=True)
class Direction:
    """Direction of a cut from the origin of reciprocal space.

    Parameters
    ----------
    vector : tuple of float
        Components along the axes x, y and z of the superlattice; z is the normal of the film. Its length and
        the signs have no effect, as the intensity is the same for all of them.
    fibre : bool
        Whether the intensity is averaged over the azimuth of the domains about z, as in a film whose domains
        are turned at random about its normal.
    wide : bool
        Whether slits, or the width of a box, integrate over the directions across the cut, so that only
        crystals in line with it interfere: of a cut along an axis over both, of a fibre average in the plane
        over z.
    name : str
        As it is typed; made from the other arguments if empty.

    Raises
    ------
    SlxrdError
        If the vector is zero or not finite, or a wide cut is neither along an axis nor a fibre average in
        the plane.
    """

    vector: tuple[float, float, float]
    fibre: bool = False
    wide: bool = False
    name: str = ""

    def __post_init__(self) -> None:
        length = math.hypot(*self.vector)
        if len(self.vector) != 3 or not (math.isfinite(length) and length > 0.0):
            raise SlxrdError(f"direction {self.vector!r}: give three finite components, not all zero")
        if not self.name:
            object.__setattr__(self, "name", _name(self))
        x, y, z = (abs(c) / length if abs(c) > _LEAST * length else 0.0 for c in self.vector)
        if self.fibre:
            x, y = math.hypot(x, y), 0.0
            if x == 0.0:
                raise SlxrdError(f"direction {self.name}: along z the azimuth of the domains has no effect")
        object.__setattr__(self, "vector", (x, y, z))
        if self.wide and not (z == 0.0 if self.fibre else self.axis):
            raise SlxrdError(
                f"direction {self.name}: a wide cut is along an axis (100, 010, 001) or in the plane"
            )

    @classmethod
    def parse(cls, text: str) -> Direction:
        """Read a direction as it is typed.

        Parameters
        ----------
        text : str
            ``"scan"``; indices, ``"110"`` or ``"1,0.5,0"``; ``"in-plane"``, averaged over the azimuth;
            ``"fibre-101"``, another direction averaged so; with ``-wide`` integrated across.

        Raises
        ------
        SlxrdError
            If it is none of these.
        """
        plain = text.strip().lower()
        if plain == SCAN:
            return cls((0.0, 0.0, 1.0), wide=True, name=SCAN)
        rest = plain.removesuffix("-wide")
        fibre = rest == "in-plane" or rest.startswith("fibre-")
        found = _INDICES.fullmatch("100" if rest == "in-plane" else rest.removeprefix("fibre-"))
        if found is None:
            raise SlxrdError(f"direction {text!r} is not known; give one such as {EXAMPLES}")
        x, y, z = (float(each) for each in found.groups() if each is not None)
        return cls((x, y, z), fibre, rest != plain, plain)

    @property
    def axis(self) -> str:
        """The axis along which a cut that is not averaged runs: x, y or z; empty for other directions."""
        along = [axis for axis, c in zip("xyz", self.vector, strict=True) if c]
        return along[0] if len(along) == 1 and not self.fibre else ""

    @property
    def along(self) -> frozenset[str]:
        """The axes of which the cut has a component."""
        found = {axis for axis, c in zip("xyz", self.vector, strict=True) if c}
        return frozenset(found | {"y"} if self.fibre else found)

    @property
    def across(self) -> frozenset[str]:
        """The axes whose steps across themselves the cut shows."""
        if self.wide:
            return frozenset("xy") if self.fibre else frozenset()
        return frozenset("xyz") - set(self.axis)


def _name(direction: Direction) -> str:
    components = ",".join(f"{c:g}" for c in direction.vector)
    digits = components.replace(",", "")
    indices = digits if re.fullmatch(r"\d\d\d", digits) and components.count(",") == 2 else components
    return f"{'fibre-' if direction.fibre else ''}{indices}{'-wide' if direction.wide else ''}"
