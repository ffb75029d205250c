"""A crystal along the film normal: a repeat of atomic planes, and its two surfaces.

A crystal of N planes, in the sense of the 2021 paper, has a plane of reference (PbBr₂ in CsPbBr₃) at
z = 0, d, …, (N−1)d, whatever ends it: so L, from the last of these planes to the first of the next
crystal, means the same for every surface. The part beyond them is the overhang, and the free gap is
L less the overhangs.
"""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass, replace

from slxrd._arguments import check_fields
from slxrd._short_repr import short_repr
from slxrd.errors import SlxrdError
from slxrd.sample.form_factors import electrons
from slxrd.sample.planes import Plane, counted
from slxrd.sample.species import charge


@short_repr
@dataclass(frozen=True)
class Crystal:
    """A crystal along the film normal: equal repeats of planes between a bottom and a top.

    Parameters
    ----------
    name : str
        Name of the crystal.
    period : float
        d in Å, of the unstrained crystal; every method takes a refined one instead.
    repeat : tuple of Plane
        The planes of one period from the bottom up. The first, at position 0 and without shift, is the
        plane of reference, which N counts.
    bottom : tuple of Plane
        Further planes below the first repeat, from the bottom up, at negative positions from its plane of
        reference.
    top : tuple of Plane
        Further planes above the last repeat, from the bottom up; positions count from where the plane of
        reference of one more repeat would be. A plane at position 0 *is* that plane: it closes the
        crystal, and N counts it.
    area : float, optional
        Of the surface cell to which the counts of the sites refer, in Å²; needed to weigh the crystal
        against a slab of given density.
    layers : int, optional
        N, where the crystal comes in one thickness (platelets).
    source, assumed : str
        Where the numbers come from, and which of them are assumed.

    Raises
    ------
    SlxrdError
        If planes are out of order or overlap, or a number cannot be.
    """

    name: str
    period: float
    repeat: tuple[Plane, ...]
    bottom: tuple[Plane, ...] = ()
    top: tuple[Plane, ...] = ()
    area: float | None = None
    layers: int | None = None
    source: str = ""
    assumed: str = ""

    def __post_init__(self) -> None:
        check_fields(self)
        for part in ("repeat", "bottom", "top"):
            object.__setattr__(self, part, tuple(getattr(self, part)))
        for what, value in (("period", self.period), ("area", self.area)):
            if value is not None and not (math.isfinite(value) and value > 0.0):
                raise SlxrdError(f"crystal {self.name}: {what} {value!r} must be a positive number")
        if not self.repeat:
            raise SlxrdError(f"crystal {self.name}: a crystal needs at least one plane that repeats")
        if self.repeat[0].position != 0.0 or self.repeat[0].shift != 0.0:
            raise SlxrdError(
                f"crystal {self.name}: the first plane of the repeat is the one that N counts; put it at "
                f"position 0 without a shift, not at {self.repeat[0].position:g}"
            )
        if self.layers is not None and (int(self.layers) != self.layers or self.layers < 1):
            raise SlxrdError(f"crystal {self.name}: layers {self.layers!r} must be a whole number, 1 or more")
        self._check_order()

    def _check_order(self) -> None:
        one_up = [replace(plane, position=plane.position + 1.0) for plane in self.top]
        next_up = [replace(self.repeat[0], position=1.0)]
        for part, planes in (
            ("repeat", [*self.repeat, *next_up]),
            ("bottom", [*self.bottom, self.repeat[0]]),
            ("top", [self.repeat[-1], *one_up]),
        ):
            for below, above in itertools.pairwise(planes):
                low, high = below.height(self.period), above.height(self.period)
                if not low < high:
                    raise SlxrdError(
                        f"crystal {self.name}, {part}: plane {above} at {high:.3f} Å must lie above {below} "
                        f"at {low:.3f} Å; put the planes in order from the bottom up, each at its own height"
                    )

    def ended(self) -> str:
        """Write its name and its outermost planes, such as ``"CsPbBr3 (Br … Br)"``."""
        lowest = self.bottom[0] if self.bottom else self.repeat[0]
        highest = self.top[-1] if self.top else self.repeat[-1]
        return f"{self.name} ({lowest} … {highest})"

    @property
    def closing(self) -> int:
        """1 if the top has one more plane of reference than there are repeats, and 0 otherwise."""
        return int(any(plane.position == 0.0 for plane in self.top))

    def repeats(self, N: int) -> int:
        """Number of whole repeats in a crystal of N planes of reference: N, or N − 1 where one closes it.

        Raises
        ------
        SlxrdError
            If N is not a whole number, 1 or more.
        """
        if not math.isfinite(N) or int(N) != N or N < 1:
            raise SlxrdError(f"N = {N!r}: the planes of a crystal are a whole number, 1 or more")
        return int(N) - self.closing

    def planes(self, N: int) -> tuple[Plane, ...]:
        """All planes of a crystal of N planes of reference, from the bottom up.

        Their positions are z/d, from the first plane of reference; the last one is at N − 1.
        """
        n = self.repeats(N)
        raised = [replace(plane, position=k + plane.position) for k in range(n) for plane in self.repeat]
        return (*self.bottom, *raised, *(replace(plane, position=n + plane.position) for plane in self.top))

    def overhang(self, d: float | None = None) -> tuple[float, float]:
        """How far the outermost atoms lie below the first and above the last plane of reference, in Å."""
        period = self.period if d is None else d
        below = -self.bottom[0].height(period) if self.bottom else 0.0
        last = self.top[-1] if self.top else self.repeat[-1]
        above = last.height(period) + (period if self.top and not self.closing else 0.0)
        return below, above

    def thickness(self, N: float, d: float | None = None) -> float:
        """Thickness from the lowest to the highest plane of atoms, in Å; N may be a mean."""
        return (N - 1.0) * (self.period if d is None else d) + sum(self.overhang(d))

    def free_gap(self, L: float, d: float | None = None) -> float:
        """Gap between the outermost atoms of neighbours, in Å: L less both overhangs."""
        return L - sum(self.overhang(d))

    def composition(self, N: int) -> dict[str, float]:
        """Atoms of a crystal of N planes of reference by species, in a surface cell."""
        return counted(self.planes(N))

    def charge(self, N: int) -> float:
        """Charge in a surface cell in units of e, which ligands must balance; only ions have one."""
        return sum(number * charge(species) for species, number in self.composition(N).items())

    def electrons(self, N: int) -> float:
        """Number of electrons in a surface cell."""
        return sum(number * electrons(species) for species, number in self.composition(N).items())

    def cut(self, bottom: int | str, top: int | str) -> Crystal:
        """Return the crystal with other terminations.

        Parameters
        ----------
        bottom, top : int or str
            Which plane of the repeat comes first and last: its number from 0, or its composition as
            printed, where only one plane has it.

        Raises
        ------
        SlxrdError
            If there is no such plane, or several.
        """
        first, last = self._number(bottom), self._number(top)
        lowest = [replace(plane, position=plane.position - 1.0) for plane in self.repeat[first:]]
        closing = () if last == len(self.repeat) - 1 else self.repeat[: last + 1]
        return replace(self, bottom=tuple(lowest) if first else (), top=closing)

    def with_reference_plane(self, plane: int | str) -> Crystal:
        """Return the crystal with N counting other planes; its terminations are reset.

        Parameters
        ----------
        plane : int or str
            As in :meth:`cut`.

        Raises
        ------
        SlxrdError
            If there is no such plane, or several, or it is shifted.
        """
        first = self._number(plane)
        lowest = self.repeat[first].position
        turned = [
            replace(each, position=(each.position - lowest) % 1.0)
            for each in (*self.repeat[first:], *self.repeat[:first])
        ]
        return replace(self, repeat=tuple(turned), bottom=(), top=())

    def _number(self, plane: int | str) -> int:
        names = [str(other) for other in self.repeat]
        listed = ", ".join(f"{number} {name}" for number, name in enumerate(names))
        if isinstance(plane, str):
            if names.count(plane) != 1:
                many = "several planes are" if plane in names else "no plane is"
                raise SlxrdError(f"crystal {self.name}: {many} called {plane!r}; give a number: {listed}")
            return names.index(plane)
        if not 0 <= plane < len(names):
            raise SlxrdError(f"crystal {self.name}: no plane has the number {plane}; there are {listed}")
        return plane
