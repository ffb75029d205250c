"""Data against model: regions, weights, scale and background become residuals and their Jacobian."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np

from slxrd.elimination import Design, eliminate_linear, eliminate_logarithmic
from slxrd.errors import SlxrdError
from slxrd.model import Model
from slxrd.regions import Region, RegionData
from slxrd.units import FloatArray

Kind = Literal["linear", "log", "paper2021"]
Scale = Literal["free", "peak"]
Background = Literal["none", "constant", "linear"]
KINDS: tuple[Kind, ...] = ("linear", "log", "paper2021")
SCALES: tuple[Scale, ...] = ("free", "peak")
BACKGROUNDS: tuple[Background, ...] = ("none", "constant", "linear")

#: Points and order of the derivative filter of the 2021 program.
SAVITZKY_GOLAY = (15, 3)


@dataclass(frozen=True)
class Settings:
    """How data and model are compared.

    Parameters
    ----------
    kind : {"linear", "log", "paper2021"}
        Residuals of the intensities, of their logarithms, or of intensities and derivatives, both
        scaled to their maxima, as in the 2021 program.
    scale : {"free", "peak"} or None
        A free factor per region, or the calculated maximum put on the measured one. None: free,
        but peak for paper2021, which knows no other.
    background : {"none", "constant", "linear"}
        Added to each region, with free coefficients.

    Raises
    ------
    SlxrdError
        If a choice is unknown or two of them exclude each other.
    """

    kind: Kind = "linear"
    scale: Scale | None = None
    background: Background = "none"

    def __post_init__(self) -> None:
        if self.scale is None:
            object.__setattr__(self, "scale", "peak" if self.kind == "paper2021" else "free")
        for what, value, allowed in (
            ("objective", self.kind, KINDS),
            ("scale", self.scale, SCALES),
            ("background", self.background, BACKGROUNDS),
        ):
            if value not in allowed:
                raise SlxrdError(f"{what} {value!r} is not one of {', '.join(allowed)}")
        if self.kind == "paper2021" and (self.scale != "peak" or self.background != "none"):
            raise SlxrdError(
                "objective paper2021 scales to the peak and has no background; leave both options out"
            )


@dataclass(frozen=True)
class Fitted:
    """One region against the model at given parameters.

    Parameters
    ----------
    region : Region
        Which.
    q, measured, sigma, calculated, residual : ndarray, shape (n,)
        In Å⁻¹, in the measured unit, and the residual (measured − calculated)/σ (of the logarithms
        for logarithmic residuals), without the region's weight.
    scale : float
        What the model's intensity is multiplied with.
    background : tuple of float
        Constant and slope over the half-width of the region, as far as they were asked for.
    """

    region: Region
    q: FloatArray
    measured: FloatArray
    sigma: FloatArray
    calculated: FloatArray
    residual: FloatArray
    scale: float
    background: tuple[float, ...]


@dataclass(frozen=True)
class Part:
    """What one region gives to an evaluation.

    Parameters
    ----------
    fitted : Fitted
        The curves.
    residual, jacobian, nuisance
        As in :class:`Evaluation`, of this region.
    respond : callable
        Works out its answer to the noise, which only the end of a fit needs.
    """

    fitted: Fitted
    residual: FloatArray
    jacobian: FloatArray
    nuisance: FloatArray
    respond: Callable[[], FloatArray]


@dataclass(frozen=True)
class Evaluation:
    """The objective at given parameters.

    Parameters
    ----------
    residual : ndarray, shape (r,)
        Weighted residuals of all regions; χ² is the sum of their squares.
    jacobian : ndarray, shape (r, 6)
        Exact derivatives with respect to ``model.REFINABLE``.
    parts : tuple of Part
        The regions.
    """

    residual: FloatArray
    jacobian: FloatArray
    parts: tuple[Part, ...]

    @property
    def chi2(self) -> float:
        """Weighted sum of squared residuals."""
        return float(self.residual @ self.residual)

    @property
    def regions(self) -> tuple[Fitted, ...]:
        """The curves of the regions."""
        return tuple(part.fitted for part in self.parts)

    @cached_property
    def nuisance(self) -> FloatArray:
        """Derivatives of the residuals with respect to the eliminated coefficients, shape (r, k)."""
        return _block_diagonal([part.nuisance for part in self.parts])

    @cached_property
    def noise(self) -> FloatArray:
        """Answer of the residuals to one σ of each measured point, shape (r, m); (r,) if diagonal."""
        blocks = [part.respond() for part in self.parts]
        if all(block.ndim == 1 for block in blocks):
            return np.concatenate(blocks)
        return _block_diagonal(blocks)


class Objective:
    """The comparison of a pattern's regions with a model.

    Parameters
    ----------
    model : Model
        Structure and instrument.
    data : sequence of RegionData
        The regions' points.
    settings : Settings
        How they are compared.

    Attributes
    ----------
    notes : tuple of str
        What had to be left out.

    Raises
    ------
    SlxrdError
        If a region does not suit the settings.
    """

    def __init__(self, model: Model, data: Sequence[RegionData], settings: Settings | None = None) -> None:
        self.model = model
        self.settings = settings or Settings()
        notes: list[str] = []
        self.data = tuple(self._suited(points, notes) for points in data)
        self.notes = tuple(notes)
        self._models = tuple(model.region(points.q) for points in self.data)
        if self.settings.kind == "paper2021":
            from slxrd.paper2021 import derivative_filter

            self._filters = tuple(derivative_filter(points, *SAVITZKY_GOLAY) for points in self.data)

    @property
    def n_points(self) -> int:
        """Number of measured points compared."""
        return sum(points.q.size for points in self.data)

    def _suited(self, points: RegionData, notes: list[str]) -> RegionData:
        if self.settings.kind != "log":
            return points
        positive = points.intensity > 0.0
        if not positive.all():
            notes.append(
                f"region {points.region.name}: {np.count_nonzero(~positive)} points at or below zero have no "
                "logarithm and were left out"
            )
        return RegionData(
            points.region, points.q[positive], points.intensity[positive], points.sigma[positive]
        )

    def chi2(self, values: Mapping[str, float]) -> float:
        """χ² alone, at a fraction of the cost of :meth:`evaluate`."""
        parts = (
            self._part(i, model.evaluate(values, derivatives=False)) for i, model in enumerate(self._models)
        )
        return float(sum(part.residual @ part.residual for part in parts))

    def evaluate(self, values: Mapping[str, float]) -> Evaluation:
        """Evaluate residuals and Jacobian for values of all parameters."""
        parts = [self._part(i, model.evaluate(values)) for i, model in enumerate(self._models)]
        return Evaluation(
            np.concatenate([part.residual for part in parts]),
            np.concatenate([part.jacobian for part in parts]),
            tuple(parts),
        )

    def _part(self, index: int, calculated: tuple[FloatArray, FloatArray]) -> Part:
        points = self.data[index]
        model, slopes = calculated
        if self.settings.kind == "paper2021":
            from slxrd.paper2021 import residuals

            own = residuals(points, model, slopes, self._filters[index])
            n = points.q.size
            difference = (points.intensity - own.curve) / points.sigma
            fitted = self._fitted(points, own.curve, difference, own.curve.max() / model.max(), ())
            assert own.residual.size == 2 * n
            return Part(fitted, own.residual, own.jacobian, np.zeros((2 * n, 0)), own.respond)
        size = float(np.max(np.abs(model)))
        design = self._design(points, model / size, slopes / size)
        eliminate = eliminate_logarithmic if self.settings.kind == "log" else eliminate_linear
        left = eliminate(points.intensity, points.sigma, design)
        root = math.sqrt(points.region.weight)
        if self.settings.scale == "free":
            scale, *background = left.coefficients.tolist()
        else:
            scale, background = self._peak_coefficients(points, model / size, left.coefficients)

        def respond() -> FloatArray:
            if self.settings.scale == "free":
                return np.full(points.q.size, root)
            return root * (np.eye(points.q.size) - self._peak_response(points, model / size, left.curve))

        fitted = self._fitted(points, left.curve, left.residual, scale / size, tuple(background))
        return Part(fitted, root * left.residual, root * left.jacobian, root * left.columns, respond)

    @staticmethod
    def _fitted(
        points: RegionData,
        curve: FloatArray,
        residual: FloatArray,
        scale: float,
        background: tuple[float, ...],
    ) -> Fitted:
        return Fitted(
            points.region, points.q, points.intensity, points.sigma, curve, residual, float(scale),
            tuple(float(b) for b in background),
        )  # fmt: skip

    def _design(self, points: RegionData, model: FloatArray, slopes: FloatArray) -> Design:
        """Lay out the curve; scaled to the peak, it passes through the measured maximum at its own."""
        n, none = points.q.size, np.zeros_like(slopes)
        shapes = self._background_shapes(points)
        if self.settings.scale == "free":
            return Design(np.zeros(n), none, np.column_stack([model, *shapes]), slopes)
        peak, highest = int(np.argmax(model)), points.intensity.max()
        if not shapes:
            base = highest * model / model[peak]
            d_base = highest * (slopes / model[peak] - model * slopes[:, peak : peak + 1] / model[peak] ** 2)
            return Design(base, d_base, np.zeros((n, 0)), none)
        columns = [model - model[peak], *(shape - shape[peak] for shape in shapes[1:])]
        return Design(
            np.full(n, highest), none, np.column_stack(columns), slopes - slopes[:, peak : peak + 1]
        )

    def _background_shapes(self, points: RegionData) -> list[FloatArray]:
        if self.settings.background == "none":
            return []
        middle, half = (points.q[0] + points.q[-1]) / 2.0, (points.q[-1] - points.q[0]) / 2.0
        shapes = [np.ones_like(points.q), (points.q - middle) / (half or 1.0)]
        return shapes if self.settings.background == "linear" else shapes[:1]

    def _peak_coefficients(
        self, points: RegionData, model: FloatArray, coefficients: FloatArray
    ) -> tuple[float, list[float]]:
        """Scale and background of a curve that was tied to the measured maximum."""
        peak, highest = int(np.argmax(model)), float(points.intensity.max())
        shapes = self._background_shapes(points)
        if not shapes:
            return highest / float(model[peak]), []
        scale, slopes = float(coefficients[0]), [float(c) for c in coefficients[1:]]
        constant = highest - scale * float(model[peak])
        constant -= sum(slope * float(shape[peak]) for slope, shape in zip(slopes, shapes[1:], strict=True))
        return scale, [constant, *slopes]

    def _peak_response(self, points: RegionData, model: FloatArray, curve: FloatArray) -> FloatArray:
        """How the curve, in σ of each point, answers to one σ of the highest measured point."""
        highest = int(np.argmax(points.intensity))
        moved = model / model.max() if self.settings.background == "none" else np.ones_like(model)
        unit = points.intensity / curve if self.settings.kind == "log" else 1.0
        response = np.zeros((points.q.size, points.q.size))
        response[:, highest] = moved * unit * points.sigma[highest] / points.sigma
        return response


def _block_diagonal(blocks: list[FloatArray]) -> FloatArray:
    out = np.zeros((sum(b.shape[0] for b in blocks), sum(b.shape[1] for b in blocks)))
    row = column = 0
    for block in blocks:
        out[row : row + block.shape[0], column : column + block.shape[1]] = block
        row, column = row + block.shape[0], column + block.shape[1]
    return out
