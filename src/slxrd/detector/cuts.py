"""Cuts through an image: the intensity along one direction, as a pattern that can be fitted."""

from __future__ import annotations

import functools
import math
import operator
from dataclasses import dataclass
from typing import Literal

import numpy as np

from slxrd._arguments import check_arguments, check_fields
from slxrd.data.pattern import Pattern, Step
from slxrd.detector.bins import Axis, Coordinate, Sums
from slxrd.detector.geometry import Geometry
from slxrd.detector.image import DetectorImage
from slxrd.detector.integrator import extent
from slxrd.detector.maps import (
    Range,
    axis_of,
    azimuth_of,
    default_bins,
    in_plane_of,
    prepared,
    steps_of,
    summed,
)
from slxrd.errors import SlxrdError

Kind = Literal["out-of-plane", "in-plane", "yoneda", "radial", "sector", "box"]
#: What is typed after the kind of a cut.
RANGES: dict[Kind, str] = {
    "out-of-plane": "QXY_MIN:QXY_MAX",
    "in-plane": "QZ_MIN:QZ_MAX",
    "yoneda": "EXIT_MIN:EXIT_MAX",
    "radial": "",
    "sector": "AZIMUTH_MIN:AZIMUTH_MAX",
    "box": "QXY_MIN:QXY_MAX:QZ_MIN:QZ_MAX",
}
Side = Literal["both", "left", "right"]
_KINDS = ", ".join(f"{kind}:{text}" if text else kind for kind, text in RANGES.items())


@dataclass(frozen=True)
class Cut:
    r"""Which pixels of an image are added, and along which direction.

    Parameters
    ----------
    kind : str
        ``"out-of-plane"``, along q_z in a range of q_xy; ``"in-plane"``, along \|q_xy\| in a range of q_z;
        ``"yoneda"``, along \|q_xy\| in a range of exit angles; ``"radial"``, along q at all azimuths;
        ``"sector"``, along q in a range of azimuths; ``"box"``, along the longer side of a box.
    ranges : tuple of float
        Ends of the range: q in Å⁻¹, angles in degrees; of a box, those of q_xy and of q_z.
    side : {"both", "left", "right"}
        Sides of the normal of the film that are used. With ``"both"``, ranges of q_xy and of azimuths apply
        to both sides; in transmission, they apply as they are given.

    Raises
    ------
    SlxrdError
        If the kind is unknown, or a range is missing or reversed.
    """

    kind: Kind
    ranges: tuple[float, ...] = ()
    side: Side = "both"

    def __post_init__(self) -> None:
        check_fields(self)
        if self.kind not in RANGES:
            raise SlxrdError(f"cut {self.kind!r} is not one of {_KINDS}")
        if self.side not in ("both", "left", "right"):
            raise SlxrdError(f"side {self.side!r} is not one of both, left, right")
        wanted = RANGES[self.kind].count(":") + 1 if RANGES[self.kind] else 0
        if len(self.ranges) != wanted:
            raise SlxrdError(f"cut {self}: write {self._pattern()}")
        if not all(math.isfinite(value) for value in self.ranges):
            raise SlxrdError(f"cut {self}: the ends must be finite")
        for low, high in zip(self.ranges[::2], self.ranges[1::2], strict=True):
            if not low < high:
                raise SlxrdError(f"cut {self}: the lower end must come first")

    @classmethod
    def parse(cls, text: str, side: Side = "both") -> Cut:
        """Read a cut as it is typed: ``in-plane:0.02:0.03``.

        Parameters
        ----------
        text : str
            Kind and ends of the range, parted by colons.
        side : {"both", "left", "right"}
            Sides of the normal that are used.

        Raises
        ------
        SlxrdError
            If it is not a cut.
        """
        kind, *ends = text.strip().split(":")
        if kind not in RANGES:
            raise SlxrdError(f"--cut {text}: write one of {_KINDS}")
        try:
            ranges = tuple(float(end) for end in ends)
        except ValueError:
            raise SlxrdError(f"--cut {text}: write numbers after the kind, {cls._written(kind)}") from None
        return cls(kind, ranges, side)

    @staticmethod
    def _written(kind: Kind) -> str:
        return f"{kind}:{RANGES[kind]}" if RANGES[kind] else kind

    def _pattern(self) -> str:
        return self._written(self.kind)

    def __str__(self) -> str:
        return ":".join([self.kind, *(f"{value:g}" for value in self.ranges)])

    @property
    def along(self) -> Literal["q_xy", "q_z", "q"]:
        """Quantity on the axis of the pattern."""
        if self.kind in ("radial", "sector"):
            return "q"
        if self.kind == "box":
            return "q_z" if self._width(2) >= self._width(0) else "q_xy"
        return "q_z" if self.kind == "out-of-plane" else "q_xy"

    def _width(self, first: int) -> float:
        return self.ranges[first + 1] - self.ranges[first]

    def limits(self, geometry: Geometry) -> tuple[Range | None, Range | None]:
        """Return the range along the cut, and that across it; None for all that is measured.

        Raises
        ------
        SlxrdError
            If exit angles are given without an angle of incidence.
        """
        if self.kind == "radial":
            return None, None
        if self.kind == "box":
            in_plane, out = (self.ranges[0], self.ranges[1]), (self.ranges[2], self.ranges[3])
            return (out, in_plane) if self.along == "q_z" else (in_plane, out)
        low, high = self.ranges
        if self.kind == "yoneda":
            if geometry.incidence is None:
                raise SlxrdError(f"cut {self}: exit angles need the angle of incidence (--incidence)")
            k, sine = 2.0 * math.pi / geometry.wavelength, math.sin(math.radians(geometry.incidence))
            low, high = (k * (math.sin(math.radians(angle)) + sine) for angle in (low, high))
        return None, (low, high)

    def intervals(self, across: Range, geometry: Geometry) -> list[Range]:
        """Return the ranges of q_xy or of the azimuth that are added, on the sides that are used."""
        low, high = across
        if self.side == "right" or (self.side == "both" and geometry.incidence is None):
            return [(low, high)]
        if self.side == "left":
            return [(-high, -low)]
        if low <= 0.0 <= high:  # they overlap
            return [(min(low, -high), max(high, -low))]
        return [(low, high), (-high, -low)]


@check_arguments
def cut_image(
    image: DetectorImage,
    geometry: Geometry,
    cut: Cut,
    *,
    bins: int | None = None,
    polarisation: float | None = 0.0,
) -> Pattern:
    r"""Add the pixels of a cut in bins along its direction.

    The intensity of a bin is the sum of the counts over the sum of their corrections; σ is that of Poisson
    statistics of the sum. A point is at the mean of its pixels along the axis, which is not the centre of the
    bin; points that are not positive are left out.

    Parameters
    ----------
    image : DetectorImage
        The image.
    geometry : Geometry
        Where the detector stands.
    cut : Cut
        The cut.
    bins : int, optional
        Number of bins; default: bins of a pixel.
    polarisation : float, optional
        Polarisation factor; see :func:`cartesian_map`.

    Returns
    -------
    Pattern
        Over q in Å⁻¹, which is q_z, \|q_xy\| or \|q\|; its history names it.

    Raises
    ------
    SlxrdError
        If the cut is outside the image, or all its pixels are left out.
    """
    try:
        total, steps = _summed(image, geometry, cut, bins, polarisation)
    except SlxrdError as error:
        raise SlxrdError(f"cut {cut}: {error}") from None
    there = np.nan_to_num(total.place) > 0.0
    if there.sum() < 2:
        raise SlxrdError(
            f"{image.name}: cut {cut} has fewer than two points at positive q; choose another range"
        )
    details: dict[str, str | float | int] = {"axis": cut.along, "side": cut.side, "bins": int(there.sum())}
    simulated = {"simulated": "image"} if any(step.startswith("simulated") for step in steps) else {}
    return Pattern(
        x=total.place[there],
        intensity=total.intensity[there],
        sigma=total.sigma[there],
        per_count=total.photon / total.weight[there],
        wavelength=geometry.wavelength,
        source=image.name,
        metadata={"cut": str(cut), "axis": cut.along, **simulated},
        history=(*map(Step, steps), Step(f"cut {cut}", details)),
    )


def _summed(
    image: DetectorImage, geometry: Geometry, cut: Cut, bins: int | None, polarisation: float | None
) -> tuple[Sums, tuple[str, ...]]:
    """Sums of the bins of a cut, shape (1, bins), and what was done."""
    image = prepared(image, geometry, polarisation)
    along, across = cut.limits(geometry)
    if cut.along == "q_xy":
        assert across is not None
        axis = _in_plane_axis(image, geometry, along, bins)
        left = Axis(axis.coordinate, -axis.high, -axis.low, axis.bins)
        row = Axis("q_z", *across, 1)
        chosen = {"both": [axis, left], "right": [axis], "left": [left]}[cut.side]
        parts = summed(image, geometry, [(each, row) for each in chosen], polarisation, places=True)
        parts = [part.mirrored() if each is left else part for part, each in zip(parts, chosen, strict=True)]
    else:
        name: Coordinate = "q" if cut.along == "q" else "q_z"
        other = azimuth_of(geometry) if name == "q" else in_plane_of(geometry)
        if across is None:
            across = (-180.0, 180.0) if cut.side == "both" else (0.0, 180.0)
        axis = axis_of(image, geometry, name, along, bins, pixels=1.0)
        columns = [Axis(other, low, high, 1) for low, high in cut.intervals(across, geometry)]
        parts = summed(image, geometry, [(axis, each) for each in columns], polarisation, places=True)
    return functools.reduce(operator.add, parts), steps_of(image, geometry, polarisation)


def _in_plane_axis(image: DetectorImage, geometry: Geometry, given: Range | None, bins: int | None) -> Axis:
    """Bins of |q_xy|, up to the larger end of the image."""
    name = in_plane_of(geometry)
    if given is None:
        low, high = extent(image, geometry, name)
        given = (0.0, max(-low, high) * (1.0 + 1e-9))
    elif given[0] < 0.0:
        raise SlxrdError("along q_xy, a box begins at 0 or above; the side is chosen with --side")
    return Axis(name, *given, default_bins(geometry, given, 1.0) if bins is None else bins)
