"""The crystal on which a stack was grown."""

from __future__ import annotations

import math
from dataclasses import dataclass

from slxrd.errors import SlxrdError


@dataclass(frozen=True)
class Substrate:
    """A single crystal below a stack, of which only the distance of its planes along the normal matters.

    Parameters
    ----------
    d : float
        Distance of the lattice planes parallel to the surface, in Å.
    name : str, optional
        Material and plane, such as ``"SrTiO3:002"``.

    Raises
    ------
    SlxrdError
        If d is not a positive number.
    """

    d: float
    name: str | None = None

    def __post_init__(self) -> None:
        if isinstance(self.d, bool) or not (math.isfinite(self.d) and self.d > 0.0):
            raise SlxrdError(f"substrate {self.d!r}: its plane distance must be a positive number of Å")

    def __str__(self) -> str:
        return f"substrate {self.name or ''}".rstrip() + f" (d = {self.d:.5g} Å)"
