"""Which parameters the axes of a superlattice have, and which of them they share."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, get_args

from slxrd._frozen import FrozenDict
from slxrd.errors import SlxrdError
from slxrd.model.directions.direction import Direction
from slxrd.parameters.axes import ENDINGS, OF_DISORDER, OF_STACK
from slxrd.parameters.definitions import info
from slxrd.parameters.parameter_info import ParameterInfo

Disorder = Literal["cumulative", "sinusoidal"]
DISORDERS: tuple[Disorder, ...] = get_args(Disorder)
#: Parameters of the disorder along an axis, and of that across it.
ALONG: dict[Disorder, tuple[str, ...]] = {"cumulative": ("sigma_L",), "sinusoidal": ("A_L", "W")}
ACROSS: dict[Disorder, tuple[str, ...]] = {"cumulative": ("sigma_T",), "sinusoidal": ("A_T", "W")}
#: Everything that axes can share, in the order of the parameters.
BASES = (*OF_STACK, *OF_DISORDER)


@dataclass(frozen=True)
class Axes:
    """Sharing of parameters between the axes x, y and z.

    Parameters
    ----------
    share : tuple of str
        Parameters that all axes share: ``("d", "N")``. The axes in the plane share the others.
    separate : tuple of str
        Parameters that x and y do not share.
    coherent : tuple of int
        M_x, M_y, M_z: numbers of crystals along each axis that scatter coherently.
    disorder : {"cumulative", "sinusoidal"}
        Kind of disorder.

    Raises
    ------
    SlxrdError
        If a name is unknown, or named in both.
    """

    share: tuple[str, ...] = ()
    separate: tuple[str, ...] = ()
    coherent: tuple[int, int, int] = (40, 40, 40)
    disorder: Disorder = "cumulative"

    def __post_init__(self) -> None:
        if self.disorder not in DISORDERS:
            raise SlxrdError(f"disorder {self.disorder!r} is not one of {', '.join(DISORDERS)}")
        known = (*OF_STACK, *ALONG[self.disorder], *ACROSS[self.disorder])
        known = tuple(
            name for name in dict.fromkeys(known) if name != "sigma_L" or self.disorder == "cumulative"
        )
        for option, names in (("share", self.share), ("separate", self.separate)):
            for name in names:
                if name not in known:
                    raise SlxrdError(
                        f"{option} {name}: with {self.disorder} disorder, an axis has {', '.join(known)}"
                    )
        both = set(self.share) & set(self.separate)
        if both:
            raise SlxrdError(f"{min(both)} cannot be shared by all axes and separate; leave one out")

    def name(self, base: str, axis: str) -> str:
        """Name of a parameter of an axis."""
        if base in self.share:
            return base
        return f"{base}_xy" if axis in "xy" and base not in self.separate else f"{base}_{axis}"

    def axes_of(self, name: str) -> str:
        """The axes that have a parameter: ``"xy"`` for ``"L_xy"``."""
        ending = name[name.rindex("_") :] if name.endswith(("_xy", "_x", "_y", "_z")) else ""
        return ENDINGS[ending]

    @property
    def square(self) -> bool:
        """Whether x and y are equal."""
        return not self.separate and self.coherent[0] == self.coherent[1]

    def number(self, axis: str) -> int:
        """M of an axis."""
        return self.coherent["xyz".index(axis)]

    def bases(self, axis: str, directions: Iterable[Direction]) -> tuple[str, ...]:
        """Parameters of an axis on which cuts in these directions depend, without endings."""
        directions = tuple(directions)
        stacked = self.number(axis) > 1
        found: set[str] = set()
        if any(axis in one.along for one in directions):
            found |= {"d", "N", "sigma_N"} | ({"L", *ALONG[self.disorder]} if stacked else set())
        if stacked and any(axis in one.across for one in directions):
            found |= set(ACROSS[self.disorder])
        return tuple(base for base in BASES if base in found)

    def table(self, directions: Iterable[Direction]) -> FrozenDict[str, ParameterInfo]:
        """Definitions of the parameters on which cuts in these directions depend, without zero errors."""
        directions = tuple(directions)
        used = {axis: self.bases(axis, directions) for axis in "xyz"}
        names = [self.name(base, axis) for base in BASES for axis in "zxy" if base in used[axis]]
        return FrozenDict({name: info(name) for name in dict.fromkeys(names)})
