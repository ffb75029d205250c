"""Settings of the objective: residuals, scale, background."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from slxrd.data.backgrounds import BACKGROUNDS, background_columns
from slxrd.errors import SlxrdError
from slxrd.units import FloatArray

ObjectiveName = Literal["linear", "log", "paper2021"]
Scale = Literal["free", "peak"]
OBJECTIVES: tuple[ObjectiveName, ...] = ("linear", "log", "paper2021")
SCALES: tuple[Scale, ...] = ("free", "peak")
#: Name of the choice of the background by its evidence.
AUTO = "auto"


@dataclass(frozen=True)
class Settings:
    """Settings of the objective.

    Parameters
    ----------
    objective : {"linear", "log", "paper2021"}
        Residuals of the intensities, of their logarithms, or of intensities and derivatives, both
        scaled to their maxima, as in the 2021 program.
    scale : {"free", "peak"} or None
        A free factor per region, or the calculated maximum equal to the measured one. None: free,
        but peak for paper2021, which has no other.
    background : str
        One of :data:`slxrd.data.backgrounds.BACKGROUNDS` ("none", "constant", "linear", "quadratic", "cubic",
        or that of an installed package), added to each region with free coefficients. Polynomials are not
        negative. "auto" is for requests: the fit has the background that it chose.

    Raises
    ------
    SlxrdError
        If a choice is unknown or two of them exclude each other.
    """

    objective: ObjectiveName = "linear"
    scale: Scale | None = None
    background: str = "none"

    def __post_init__(self) -> None:
        if self.scale is None:
            object.__setattr__(self, "scale", "peak" if self.objective == "paper2021" else "free")
        for what, value, allowed in (
            ("objective", self.objective, OBJECTIVES),
            ("scale", self.scale, SCALES),
            ("background", self.background, (*BACKGROUNDS, AUTO)),
        ):
            if value not in allowed:
                raise SlxrdError(f"{what} {value!r} is not one of {', '.join(allowed)}")
        if self.background == AUTO and self.scale == "peak":
            object.__setattr__(self, "background", "none")
        if self.objective == "paper2021" and (self.scale != "peak" or self.background != "none"):
            raise SlxrdError(
                "objective paper2021 scales to the peak and has no background; leave both options out"
            )

    def __str__(self) -> str:
        return f"objective {self.objective}, scale {self.scale}, background {self.background}"

    def n_coefficients(self, q: FloatArray) -> int:
        """Number of linear coefficients, scale and background, of a region with these q (Å⁻¹), shape (n,)."""
        return int(background_columns(self.background, q).shape[1]) + (self.scale == "free")
