"""The structure of the sample: crystals, their number in a coherent stack, gaps and sizes."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from slxrd._arguments import check_fields, quoted
from slxrd._cached import cached_property
from slxrd._frozen import FrozenDict
from slxrd.errors import SlxrdError
from slxrd.parameters.disorder.term import DisorderTerm, disorders_in_use
from slxrd.parameters.environment import OF_FILM
from slxrd.parameters.gap_distributions.distribution import (
    GapDistribution,
    gap_distribution,
    gap_distribution_in_use,
)
from slxrd.parameters.gap_profiles.profile import GapProfile, gap_profile, gap_profile_in_use
from slxrd.parameters.parameter_info import ParameterInfo
from slxrd.sample.crystal import Crystal
from slxrd.sample.refinable import offered, table_of
from slxrd.sample.substrate import Substrate
from slxrd.units import FloatArray

#: The most crystals in a coherent stack, and the largest crystal in planes, that can be calculated.
MOST_COHERENT = 1_000_000
LARGEST_SIZE = 100_000
#: The most numbers M that represent their distribution.
MOST_NUMBERS = 13
StackKind = Literal["pure", "mixed", "alternating"]
Weighting = Literal["number", "volume"]


@dataclass(frozen=True)
class Stack:
    """The structure of a stack: everything that is set rather than refined.

    Parameters
    ----------
    coherent : int
        M, the number of crystals (pairs, where two alternate) that scatter coherently; 1 is a single
        crystal, such as a thin film. The C of the 2021 paper counts pairs: M = 2C.
    size_window : float
        Sizes are counted within this many σ_N of N. The paper cuts at 3, which makes χ² jump as N
        moves; 5 does not.
    crystal : Crystal, optional
        Atomic planes; without it a crystal is N equal planes, as in the 2021 paper.
    partner : Crystal, optional
        The second crystal of a stack in which two alternate.
    slab : float, optional
        Starting value of the electron density between the crystals (ρ), in e/Å³; needs crystals with an area.
    stack : {"pure", "mixed", "alternating"}
        Stacks of one size each (the paper), of mixed sizes, or of two crystals that alternate, whose sizes
        are mixed too. Always ``"alternating"`` where there is a partner.
    weighting : {"number", "volume"}
        Whether P_n is the share of the stacks' area that crystals of n planes cover (the paper), or that of
        their number, cubes of n planes covering an area in proportion to n².
    coherent_spread : float
        Standard deviation of M, which is then distributed as a Gaussian, 0 or more.
    extras : tuple of str
        Parameters in use that the structure has only if they are named.
    substrate : Substrate, optional
        The crystal below the stack, whose truncation rod interferes with it.

    Raises
    ------
    SlxrdError
        If a value is invalid.
    """

    coherent: int = 40
    size_window: float = 5.0
    crystal: Crystal | None = None
    partner: Crystal | None = None
    slab: float | None = None
    stack: StackKind = "pure"
    weighting: Weighting = "number"
    coherent_spread: float = 0.0
    extras: tuple[str, ...] = ()
    substrate: Substrate | None = None

    def __post_init__(self) -> None:
        check_fields(self, "coherent")
        try:
            whole = int(self.coherent) == self.coherent and not isinstance(self.coherent, bool)
        except (TypeError, ValueError, OverflowError):
            whole = False
        if not whole or not 1 <= self.coherent <= MOST_COHERENT:
            raise SlxrdError(
                f"coherent {quoted(self.coherent)}: M must be a whole number of crystals, 1 or more (and at "
                f"most {MOST_COHERENT})"
            )
        if not (math.isfinite(self.size_window) and self.size_window > 0.0):
            raise SlxrdError(f"size window {self.size_window!r}: must be a positive number of σ_N")
        for what, choice, known in (
            ("stack", self.stack, get_args(StackKind)),
            ("weighting", self.weighting, get_args(Weighting)),
        ):
            if choice not in known:
                raise SlxrdError(f"{what} {choice!r} is not one of {', '.join(known)}")
        if not 0.0 <= self.coherent_spread <= self.coherent / 2.0:
            raise SlxrdError(
                f"spread of M {self.coherent_spread!r}: must lie between 0 and half of M = {self.coherent}"
            )
        self._check_crystals()
        self._check_single()
        _ = self.table  # raises if an extra parameter is not offered

    def __str__(self) -> str:
        """Describe the differences from the structure of the paper, and M."""
        spread = f" ± {self.coherent_spread:g}" if self.coherent_spread else ""
        parts = [f"M = {self.coherent}{spread}"]
        crystals = [one for one in (self.crystal, self.partner) if one is not None]
        if crystals:
            parts.append(" and ".join(one.ended() for one in crystals))
        if self.alternating:
            parts.append("alternating")
        elif self.mixed:
            parts.append("sizes mixed inside stacks")
        if self.weighting == "volume":
            parts.append("sizes weighted by volume")
        if self.slab is not None:
            parts.append("slab between crystals")
        if self.substrate is not None:
            parts.append(str(self.substrate))
        return ", ".join(parts)

    def _check_crystals(self) -> None:
        if self.partner is not None:
            if self.crystal is None:
                raise SlxrdError(
                    f"{self.partner.name} cannot alternate with planes that have no atoms; name both"
                )
            if self.stack == "mixed":
                raise SlxrdError(
                    "a partner alternates with the crystal; leave out stack mixed, or the partner"
                )
            object.__setattr__(self, "stack", "alternating")
        elif self.alternating and self.crystal is not None:
            raise SlxrdError(f"what does {self.crystal.name} alternate with? Name the second crystal too")
        crystals = [one for one in (self.crystal, self.partner) if one is not None]
        if self.slab is None:
            if len(crystals) == 2 and len({one.area is None for one in crystals}) == 2:
                raise SlxrdError(f"{' and '.join(c.name for c in crystals)}: both need an area, or neither")
            return
        if not (math.isfinite(self.slab) and self.slab >= 0.0):
            raise SlxrdError(f"slab {self.slab!r}: its density must be 0 or more, in electrons per Å³")
        if not crystals:
            raise SlxrdError("a slab between crystals needs crystals made of atoms (--crystal CsPbBr3)")
        for one in crystals:
            if one.area is None:
                raise SlxrdError(
                    f"crystal {one.name} has no area (of its surface cell, in Å²), which a slab needs"
                )

    def _check_single(self) -> None:
        if self.coherent > 1:
            return
        impossible = {
            "vary in number": self.coherent_spread > 0.0,
            "alternate": self.alternating,
            "have a slab between them": self.slab is not None,
        }
        for what, given in impossible.items():
            if given:
                raise SlxrdError(f"a single crystal (coherent 1) has no neighbour: it cannot {what}")

    @property
    def alternating(self) -> bool:
        """Whether two crystals alternate."""
        return self.stack == "alternating"

    @property
    def mixed(self) -> bool:
        """Whether a stack contains crystals of several sizes."""
        return self.stack != "pure"

    @cached_property
    def table(self) -> FrozenDict[str, ParameterInfo]:
        """Parameters of this structure, in the order of the columns of a Jacobian."""
        return FrozenDict(table_of(self))

    @cached_property
    def names(self) -> tuple[str, ...]:
        """Names of the parameters, in the same order."""
        return tuple(self.table)

    def using(self, names: Iterable[str]) -> Stack:
        """Return the structure with further parameters in use.

        Raises
        ------
        SlxrdError
            If it does not offer one of them.
        """
        further = tuple(name for name in names if name not in self.table)
        return replace(self, extras=(*self.extras, *further)) if further else self

    @property
    def disorders(self) -> tuple[DisorderTerm, ...]:
        """Kinds of disorder in use that the kernels do not calculate themselves."""
        return disorders_in_use(self.extras) if self.extras else ()

    @property
    def in_kernels(self) -> bool:
        """Whether the compiled kernels calculate the whole structure."""
        film = any(name in OF_FILM for name in self.extras)
        of_gaps = self.gap_profile.in_kernels and self.gap_distribution.in_kernels
        return self.substrate is None and not film and not self.disorders and of_gaps

    @property
    def gap_distribution(self) -> GapDistribution:
        """Distribution of the gaps between the crystals."""
        return gap_distribution_in_use(self.extras) if self.extras else gap_distribution("gaussian")

    @property
    def gap_profile(self) -> GapProfile:
        """Profile of the electron density between the crystals."""
        if self.slab is not None:
            return gap_profile("slab")
        return gap_profile_in_use(self.extras) if self.extras else gap_profile("none")

    @property
    def offers(self) -> dict[str, ParameterInfo]:
        """Further parameters that may be named."""
        return offered(self)

    def check_gap(self, values: Mapping[str, float]) -> None:
        """Check that neighbouring crystals do not overlap.

        Parameters
        ----------
        values : mapping of str to float
            L and, as far as they are known, the other parameters, in Å; those of the crystals by default.

        Raises
        ------
        SlxrdError
            If L is less than the overhang of the surfaces beyond the planes of reference.
        """
        if self.crystal is None or self.coherent == 1:
            return
        partner, end = (self.crystal, "") if self.partner is None else (self.partner, "_B")
        one, other = (self.crystal, ""), (partner, end)
        for (lower, of_lower), (upper, of_upper), wider in (
            (one, other, 0.0),
            (other, one, values.get("dL_B", 0.0)),
        ):
            gap = values["L"] + wider
            out = (
                lower.overhang(values.get(f"d{of_lower}"))[1] + upper.overhang(values.get(f"d{of_upper}"))[0]
            )
            out += sum(values.get(f"shift_surface{each}", 0.0) for each in (of_lower, of_upper))
            if gap < out:
                raise SlxrdError(
                    f"L = {gap:g} Å: {lower.ended()} and {upper.ended()} would overlap, as their surfaces "
                    f"stand out by {out:.4g} Å beyond the planes of reference; L must be more"
                )

    def numbers(self) -> tuple[NDArray[np.int64], FloatArray]:
        """Numbers of crystals in a stack, and their shares, each of shape (m,).

        A Gaussian is represented by at most :data:`MOST_NUMBERS` whole numbers within three standard
        deviations.
        """
        M, spread = self.coherent, self.coherent_spread
        if spread == 0.0:
            return np.array([M]), np.array([1.0])
        most = np.arange(max(1, math.ceil(M - 3.0 * spread)), math.floor(M + 3.0 * spread) + 1)
        numbers = np.unique(
            np.round(np.linspace(most[0], most[-1], min(most.size, MOST_NUMBERS))).astype(np.int64)
        )
        shares = np.exp(-0.5 * ((numbers - M) / spread) ** 2)
        return numbers, shares / shares.sum()
