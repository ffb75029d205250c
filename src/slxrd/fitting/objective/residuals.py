"""Residuals of the regions against the model, and their Jacobian."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial

import numpy as np

from slxrd._cached import cached_property
from slxrd._frozen import Sealed
from slxrd.data.backgrounds import background_columns, positive_form
from slxrd.data.regions import RegionData
from slxrd.errors import SlxrdError
from slxrd.fitting.objective.correlated import correlated_evaluation, response
from slxrd.fitting.objective.evaluation import Evaluation, Fitted, Part
from slxrd.fitting.objective.settings import Settings
from slxrd.fitting.objective.variable_projection import Design, project_linear, project_logarithmic
from slxrd.fitting.objective.whitening import joint_whitening
from slxrd.model.intensity import Model
from slxrd.units import FloatArray

#: Points and order of the derivative filter of the 2021 program.
SAVITZKY_GOLAY = (15, 3)


class Objective(Sealed):
    """The comparison of a pattern's regions with a model.

    Parameters
    ----------
    model : Model
        Structure and instrument.
    data : sequence of RegionData
        The regions' points.
    settings : Settings
        Residuals, scale and background.
    lengths : mapping of str to ndarray, shape (k,), optional
        Derivatives in Å of derived lengths with respect to the sizes of the k effects that are described, in
        standard deviations of their priors.

    Attributes
    ----------
    notes : tuple of str
        Remarks on points that were left out.
    backgrounds : tuple of ndarray, shape (n, k)
        For each region, the columns whose combination is its background.
    positive : ndarray, shape (k, k), or None
        Matrix from their coefficients to others that may not be negative, so that the background is not.
    whitening : ndarray, shape (m, n)
        Rows V over all points that make correlated errors independent; m is 0 without such errors.

    Raises
    ------
    SlxrdError
        If a region does not suit the settings.
    """

    def __init__(
        self,
        model: Model,
        data: Sequence[RegionData],
        settings: Settings | None = None,
        lengths: Mapping[str, FloatArray] | None = None,
    ) -> None:
        self.model = model
        self.settings = settings or Settings()
        self.lengths = dict(lengths or {})
        notes: list[str] = []
        self.data = tuple(self._suited(points, notes) for points in data)
        self.notes = tuple(notes)
        self.backgrounds = tuple(self._background(points) for points in self.data)
        self.whitening = joint_whitening(self.data)
        free = self.settings.scale == "free"
        self.positive = positive_form(self.settings.background) if free else None
        self.region_models = tuple(model.region(points.q, points.scan) for points in self.data)
        if self.settings.objective == "paper2021":
            from slxrd.fitting.objective.paper2021 import derivative_filter

            self._filters = tuple(derivative_filter(points, *SAVITZKY_GOLAY) for points in self.data)

    @property
    def n_points(self) -> int:
        """Number of measured points compared."""
        return sum(points.q.size for points in self.data)

    def _suited(self, points: RegionData, notes: list[str]) -> RegionData:
        if self.settings.objective != "log":
            return points
        # Below the rounding error of the highest intensity a logarithm means nothing.
        positive = points.intensity > np.finfo(np.float64).eps * points.intensity.max()
        if not positive.all():
            notes.append(
                f"region {points.region.name}: {np.count_nonzero(~positive)} points at or below zero have no "
                "logarithm and were left out"
            )
        return points.chosen(positive)

    def with_intensities(self, intensities: Sequence[FloatArray]) -> Objective:
        """Return the objective with other intensities, one array per region, and the same σ."""
        data = [
            replace(points, intensity=other) for points, other in zip(self.data, intensities, strict=True)
        ]
        return Objective(self.model, data, self.settings, self.lengths)

    def with_wider_noise(self, factor: float) -> Objective:
        """Return the objective with every σ, and the correlated errors, multiplied by a factor."""
        wider = [points.wider(factor) for points in self.data]
        data = [replace(points, per_count=None, relative=0.0, base=None) for points in wider]
        lengths = {name: factor * by_size for name, by_size in self.lengths.items()}
        return self._at_same_points(data, self.settings, lengths)

    def with_correlated(
        self,
        rows: Sequence[FloatArray | None],
        described: int = 0,
        lengths: Mapping[str, FloatArray] | None = None,
    ) -> Objective:
        """Return the objective with correlated errors.

        Parameters
        ----------
        rows : sequence of ndarray, shape (k, n), or None
            For each region, its part of the rows B, in units of the intensity; k is the same for all.
        described : int
            Number of the first of these rows whose most probable sizes a calculated curve contains.
        lengths : mapping of str to ndarray, shape (described,), optional
            Derivatives of derived lengths with respect to their sizes, in Å.

        Raises
        ------
        SlxrdError
            If the residuals are those of the 2021 program or the scale is that of the maximum, for which
            no covariance of the points is defined.
        """
        if not self.has_covariance and any(each is not None for each in rows):
            raise SlxrdError("correlated errors need linear or logarithmic residuals and a free scale")
        data = [
            replace(points, correlated=each, described=described)
            for points, each in zip(self.data, rows, strict=True)
        ]
        return self._at_same_points(data, self.settings, lengths)

    def without_effects(self) -> Objective:
        """Return the objective without the rows of systematic effects; the model's discrepancy remains."""
        rows = [points.correlated for points in self.data]
        rest = [
            None if each is None or len(each) == points.described else each[points.described :]
            for points, each in zip(self.data, rows, strict=True)
        ]
        return self.with_correlated(rest)

    @property
    def has_covariance(self) -> bool:
        """Whether the points have a covariance: not for residuals of 2021 and a scale by the maximum."""
        return self.settings.objective != "paper2021" and self.settings.scale == "free"

    @cached_property
    def response(self) -> FloatArray:
        """Response of correlated residuals to independent standard errors, shape (r,) or (r, r + k)."""
        return response(self)

    @property
    def has_correlated(self) -> bool:
        """Whether the errors of some points are correlated."""
        return len(self.whitening) > 0

    @property
    def log_determinant(self) -> float:
        """Ln det(1 + BᵀB) of the correlated errors over σ: what they add to −2 ln of the likelihood."""
        return float(-2.0 * np.sum(np.log1p(-np.sum(self.whitening**2, axis=1))))

    def drawn_errors(self, random: np.random.Generator) -> list[FloatArray]:
        """Draw errors of the points of each region, with their covariance."""
        drawn = [random.normal(0.0, points.sigma) for points in self.data]
        if not self.has_correlated:
            return drawn
        rows = [np.asarray(points.correlated) for points in self.data]
        sizes = random.normal(size=len(rows[0]))
        return [noise + sizes @ of_region for noise, of_region in zip(drawn, rows, strict=True)]

    def _at_same_points(
        self, data: Sequence[RegionData], settings: Settings, lengths: Mapping[str, FloatArray] | None
    ) -> Objective:
        """Return the objective with other errors or settings, which shares the auxiliary grids."""
        made = Objective(self.model, data, settings, lengths)
        made.region_models = self.region_models
        return made

    def with_background(self, name: str) -> Objective:
        """Return the objective with another background."""
        return self._at_same_points(self.data, replace(self.settings, background=name), self.lengths)

    @property
    def counted(self) -> bool:
        """Whether σ depends on the intensity, and can be calculated from that of a fitted curve."""
        return any(points.depends_on_curve for points in self.data)

    def recounted(self, regions: Sequence[Fitted]) -> Objective:
        """Return the objective with σ from the intensities of fitted curves."""
        data = [
            points.recounted(fitted.calculated) for points, fitted in zip(self.data, regions, strict=True)
        ]
        return self._at_same_points(data, self.settings, self.lengths)

    def chi2(self, values: Mapping[str, float]) -> float:
        """χ² alone, at a fraction of the cost of :meth:`evaluate`."""
        return self._evaluation(
            [model.evaluate(values, derivatives=False) for model in self.region_models]
        ).chi2

    def curves(self, values: Mapping[str, float]) -> tuple[Fitted, ...]:
        """Calculate the curves of the regions, without derivatives, for values of all parameters."""
        calculated = [model.evaluate(values, derivatives=False) for model in self.region_models]
        return self._evaluation(calculated).regions

    def evaluate(self, values: Mapping[str, float]) -> Evaluation:
        """Evaluate residuals and Jacobian for values of all parameters."""
        return self._evaluation([model.evaluate(values) for model in self.region_models])

    def _evaluation(self, calculated: Sequence[tuple[FloatArray, FloatArray]]) -> Evaluation:
        """Residuals of all regions, from intensity and derivatives of each."""
        parts = tuple(self._part(i, curves) for i, curves in enumerate(calculated))
        if self.has_correlated:
            return correlated_evaluation(self, calculated, parts)
        return Evaluation(
            np.concatenate([part.residual for part in parts]),
            np.concatenate([part.jacobian for part in parts]),
            parts,
        )

    def _part(self, index: int, calculated: tuple[FloatArray, FloatArray]) -> Part:
        points = self.data[index]
        model, slopes = calculated
        if self.settings.objective == "paper2021":
            from slxrd.fitting.objective.paper2021 import residuals

            own = residuals(points, model, slopes, self._filters[index])
            n = points.q.size
            difference = (points.intensity - own.curve) / points.sigma
            fitted = self.fitted(points, own.curve, difference, own.curve.max() / model.max(), ())
            assert own.residual.size == 2 * n
            return Part(fitted, own.residual, own.jacobian, np.zeros((2 * n, 0)), own.respond)
        size = float(np.max(np.abs(model)))
        design = self._design(points, self.backgrounds[index], model / size, slopes / size)
        eliminate = project_logarithmic if self.settings.objective == "log" else project_linear
        left = eliminate(points.intensity, points.sigma, design)
        root = math.sqrt(points.region.weight)
        if self.settings.scale == "free":
            scale, *background = left.coefficients.tolist()
            respond = partial(np.full, points.q.size, root)
        else:
            scale, background = self._peak_coefficients(index, model / size, left.coefficients)
            respond = partial(self._noise, points, model / size, left.curve)
        fitted = self.fitted(points, left.curve, left.residual, scale / size, tuple(background))
        return Part(fitted, root * left.residual, root * left.jacobian, root * left.columns, respond)

    @staticmethod
    def fitted(
        points: RegionData,
        curve: FloatArray,
        residual: FloatArray,
        scale: float,
        background: tuple[float, ...],
    ) -> Fitted:
        """Make the record of a region from its curve, residual and linear coefficients."""
        return Fitted(
            points.region, points.q, points.intensity, points.sigma, curve, residual, float(scale),
            tuple(float(b) for b in background),
        )  # fmt: skip

    def _design(
        self, points: RegionData, background: FloatArray, model: FloatArray, slopes: FloatArray
    ) -> Design:
        """Set up the linear problem; with scale "peak" the calculated maximum equals the measured one."""
        n, none = points.q.size, np.zeros_like(slopes)
        if self.settings.scale == "free":
            return Design(np.zeros(n), none, np.column_stack([model, background]), slopes, self.positive)
        peak, highest = int(np.argmax(model)), points.intensity.max()
        if not background.shape[1]:
            base = highest * model / model[peak]
            d_base = highest * (slopes / model[peak] - model * slopes[:, peak : peak + 1] / model[peak] ** 2)
            return Design(base, d_base, np.zeros((n, 0)), none)
        columns = [model - model[peak], background[:, 1:] - background[peak, 1:]]
        return Design(
            np.full(n, highest), none, np.column_stack(columns), slopes - slopes[:, peak : peak + 1]
        )

    def _background(self, points: RegionData) -> FloatArray:
        """Columns of a region's background, shape (n, k)."""
        name = self.settings.background
        columns = background_columns(name, points.q)
        if self.settings.scale == "peak" and columns.shape[1] and np.ptp(columns[:, 0]) > 0.0:
            raise SlxrdError(f"background {name!r} does not begin with a constant; leave --scale peak out")
        return columns

    def _peak_coefficients(
        self, index: int, model: FloatArray, coefficients: FloatArray
    ) -> tuple[float, list[float]]:
        """Scale and background of a curve scaled to the measured maximum."""
        peak, highest = int(np.argmax(model)), float(self.data[index].intensity.max())
        background = self.backgrounds[index]
        if not background.shape[1]:
            return highest / float(model[peak]), []
        scale, slopes = float(coefficients[0]), [float(c) for c in coefficients[1:]]
        constant = highest - scale * float(model[peak])
        constant -= float(background[peak, 1:] @ slopes)
        return scale, [constant, *slopes]

    def _noise(self, points: RegionData, model: FloatArray, curve: FloatArray) -> FloatArray:
        """Response of the residuals to σ of each point, for a curve scaled to the measured maximum."""
        answer = np.eye(points.q.size) - self._peak_response(points, model, curve)
        return math.sqrt(points.region.weight) * answer

    def _peak_response(self, points: RegionData, model: FloatArray, curve: FloatArray) -> FloatArray:
        """Response of the curve, in σ of each point, to one σ of the highest measured point."""
        highest = int(np.argmax(points.intensity))
        moved = model / model.max() if self.settings.background == "none" else np.ones_like(model)
        unit = points.intensity / curve if self.settings.objective == "log" else 1.0
        response = np.zeros((points.q.size, points.q.size))
        response[:, highest] = moved * unit * points.sigma[highest] / points.sigma
        return response
