"""Decompose a region into peaks, and subtract those that do not belong to the superlattice.

As Toso, Baranov et al. did for CsPbBr₃ nanoplatelets (ACS Nano 2021, 15, 6243, SI section S.o and Figure
S12): the pattern is described by a sum of Gaussians for diffuse scattering, fringes and spurious peaks, and
everything but the fringes is subtracted before the fit.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np

from slxrd._arguments import check_arguments
from slxrd._escape import on_one_line
from slxrd._short_repr import short_repr
from slxrd.data.corrections import with_counting_sigma
from slxrd.data.decomposition.classification import Kind, Peaks, classify
from slxrd.data.decomposition.lineshapes import Shape, pseudo_voigt_area
from slxrd.data.decomposition.peak_sum import MOST_PEAKS, PeakSum, fit_peaks
from slxrd.data.pattern import Pattern, Step
from slxrd.data.regions import Noise, Region, select_points
from slxrd.errors import SlxrdError
from slxrd.units import FloatArray

#: Smallest number of points of a region.
FEWEST_POINTS = 20


@short_repr
@dataclass(frozen=True)
class Component:
    """One peak of a decomposed region.

    Parameters
    ----------
    number : int
        Number from 1, by increasing position.
    position, fwhm : float
        Centre and full width at half maximum in Å⁻¹.
    height, area : float
        In the unit of the intensity, and in that unit times Å⁻¹.
    mixing : float
        Lorentzian fraction of a pseudo-Voigt; 0 for a Gaussian.
    position_error, fwhm_error, height_error, area_error, mixing_error : float or None
        Standard errors, scaled to a reduced χ² of 1; None if the quantity is at a bound or not refined.
    kind : {"fringe", "Bragg peak", "diffuse", "spurious"}
        Suggested classification, see :mod:`slxrd.data.decomposition.classification`.
    reason : str
        Reason for the classification.
    """

    number: int
    position: float
    position_error: float | None
    fwhm: float
    fwhm_error: float | None
    height: float
    height_error: float | None
    area: float
    area_error: float | None
    mixing: float
    mixing_error: float | None
    kind: Kind
    reason: str


@short_repr
@dataclass(frozen=True, eq=False)
class Decomposition:
    """A region as a sum of peaks on a straight background.

    Parameters
    ----------
    pattern : Pattern
        The whole pattern, with σ from counting statistics if it is known to be counts.
    fitted : PeakSum
        Points, peaks, background, χ² and covariance.
    components : tuple of Component
        The peaks.
    period : float or None
        Superlattice period Λ = 2π/spacing in Å, from the distance of the fringes or as given; None without
        fringes.
    """

    pattern: Pattern
    fitted: PeakSum
    components: tuple[Component, ...]
    period: float | None

    def component(self, number: int) -> Component:
        """Return a component by its number.

        Raises
        ------
        SlxrdError
            If there is no component of this number.
        """
        if not 1 <= number <= len(self.components):
            there = f"there are 1 to {len(self.components)}" if self.components else "none was found"
            raise SlxrdError(f"component {number}: {there}")
        return self.components[number - 1]

    def curve(self, q: FloatArray, numbers: Sequence[int] | None = None) -> FloatArray:
        """Evaluate the background and all components, or some components without background.

        Parameters
        ----------
        q : ndarray, shape (n,)
            Å⁻¹.
        numbers : sequence of int, optional
            Numbers of the components.

        Returns
        -------
        ndarray, shape (n,)
        """
        if numbers is None:
            everything = [c.number for c in self.components]
            return self.fitted.background_at(q) + self.curve(q, everything)
        chosen = [self.component(number).number - 1 for number in numbers]
        return np.sum([self.fitted.peak_at(i, q) for i in chosen], axis=0) if chosen else np.zeros(q.size)

    def suggested(self, *kinds: Kind) -> list[int]:
        """Return the numbers of the components of some kinds; by default, of the spurious ones."""
        return [c.number for c in self.components if c.kind in (kinds or ("spurious",))]

    def __str__(self) -> str:
        data, fitted = self.fitted.data, self.fitted
        fringes = "no fringes found" if self.period is None else f"fringes of period {self.period:.4g} Å"
        lines = [
            f"{on_one_line(self.pattern.source)}, {data.region.name}: "
            f"{len(self.components)} × {fitted.shape}, {fringes}",
            f"{data.q.size} points, reduced χ² = {fitted.reduced_chi2:.3g}, BIC = {fitted.bic:.1f}",
            "",
            f"   #  {'q (Å⁻¹)':<20} {'FWHM (Å⁻¹)':<20} {'height':<7} {'area':<16} {'it may be':<11}because",
        ]
        for c in self.components:
            position = _with_error(c.position, c.position_error)
            fwhm = _with_error(c.fwhm, c.fwhm_error)
            row = f"  {c.number:>2}  {position:<20} {fwhm:<20} {c.height:<7.4g} "
            lines.append(f"{row}{_with_error(c.area, c.area_error):<16} {c.kind:<11}{c.reason}")
        return "\n".join(lines)


@check_arguments
def decompose(
    pattern: Pattern,
    low: float,
    high: float,
    *,
    count: int | None = None,
    shape: Shape = "gaussian",
    background: Literal["constant", "linear"] = "linear",
    noise: Noise | None = None,
    period: float | None = None,
    report: Callable[[int, int], None] | None = None,
) -> Decomposition:
    """Decompose a region into peaks on a straight background.

    Parameters
    ----------
    pattern : Pattern
        Over q, or over 2θ with a known wavelength; masked points are left out.
    low, high : float
        Ends of the region in Å⁻¹.
    count : int, optional
        Number of peaks; by default selected by the Bayesian information criterion, at most 30.
    shape : {"gaussian", "pseudo-voigt"}
        Shape of the peaks.
    background : {"constant", "linear"}
        Background below the peaks.
    noise : float, "counting", "file" or None
        σ as in :func:`slxrd.fit`, except that None means counting statistics if the pattern is known to be
        counts. A common factor of σ does not matter.
    period : float, optional
        Superlattice period Λ in Å, for example from a fit of another region; helps to distinguish fringes
        from other peaks.
    report : callable, optional
        Called with the current and the largest number of peaks each time one is added.

    Returns
    -------
    Decomposition

    Raises
    ------
    SlxrdError
        If the region has too few points, or an argument is invalid.
    """
    if shape not in get_args(Shape):
        raise SlxrdError(f"shape {shape!r} is not one of {', '.join(get_args(Shape))}")
    if background not in ("constant", "linear"):
        raise SlxrdError(f"background {background!r} is neither constant nor linear")
    if count is not None and not 0 <= count <= MOST_PEAKS:
        raise SlxrdError(f"{count} components: give a number from 0 to {MOST_PEAKS}")
    if period is not None and not (math.isfinite(period) and period > 0.0):
        raise SlxrdError(f"period {period!r}: must be a positive number of Å")
    if noise is None:
        pattern = with_counting_sigma(pattern)
    data = select_points(pattern, [Region(low, high)], noise)[0]
    needed = max(FEWEST_POINTS, 3 + (count or 0) * (3 if shape == "gaussian" else 4))
    if data.q.size < needed:
        raise SlxrdError(
            f"region {low:g}:{high:g} of {pattern.source} has {data.q.size} points; at least {needed} are "
            "needed to decompose it"
        )
    fitted = fit_peaks(data, shape, background == "linear", count, report)
    components, spacing = _components(fitted, None if period is None else 2.0 * math.pi / period)
    found = None if spacing is None else 2.0 * math.pi / spacing
    return Decomposition(with_counting_sigma(pattern), fitted, components, found)


@check_arguments
def subtract_peaks(decomposition: Decomposition, numbers: Sequence[int]) -> Pattern:
    """Subtract components from the pattern.

    They are subtracted outside the region too, so that there is no step at its ends. σ is not changed.

    Parameters
    ----------
    decomposition : Decomposition
        From :func:`decompose`.
    numbers : sequence of int
        Numbers of the components.

    Raises
    ------
    SlxrdError
        If there is no number, an unknown one, or one twice.
    """
    numbers = sorted(numbers)
    if not numbers:
        raise SlxrdError("subtract: name at least one component by its number")
    if len(set(numbers)) < len(numbers):
        raise SlxrdError(f"subtract {', '.join(map(str, numbers))}: a component is named twice")
    pattern = decomposition.pattern
    taken = decomposition.curve(pattern.q, numbers)
    details: dict[str, str | float | int] = {"shape": decomposition.fitted.shape}
    for number in numbers:
        c = decomposition.component(number)
        mixing = f", mixing {c.mixing:.3f}" if c.mixing else ""
        details[f"#{number}"] = (
            f"{c.kind} at {c.position:.5g} Å⁻¹, FWHM {c.fwhm:.4g} Å⁻¹, height {c.height:.5g}{mixing}"
        )
    return pattern.changed(
        Step("peaks subtracted", details), intensity=pattern.intensity - taken, per_count=None
    )


def _components(fitted: PeakSum, spacing: float | None) -> tuple[tuple[Component, ...], float | None]:
    at = fitted.background.size
    areas = np.zeros(len(fitted.peaks))
    errors = np.zeros((len(fitted.peaks), 5))
    for i, peak in enumerate(fitted.peaks.tolist()):
        block = fitted.covariance[at + 4 * i : at + 4 * i + 4, at + 4 * i : at + 4 * i + 4]
        errors[i, :4] = np.sqrt(np.diag(block))
        if np.isnan(block[3, 3]):  # a mixing that is not refined, or at a bound, has no uncertainty
            block = np.pad(block[:3, :3], (0, 1))
        areas[i], gradient = pseudo_voigt_area(*peak[1:])
        errors[i, 4] = math.sqrt(float(gradient[1:] @ block[1:, 1:] @ gradient[1:]))
    peaks = Peaks(fitted.peaks[:, 0], errors[:, 0], fitted.peaks[:, 2], errors[:, 2], areas)
    kinds, spacing = classify(peaks, spacing)
    components = []
    for i, (kind, reason) in enumerate(kinds):
        position, height, fwhm, mixing = fitted.peaks[i].tolist()
        known = [e if math.isfinite(e) else None for e in errors[i].tolist()]
        components.append(
            Component(
                number=i + 1, position=position, position_error=known[0], fwhm=fwhm, fwhm_error=known[2],
                height=height, height_error=known[1], area=float(areas[i]), area_error=known[4],
                mixing=mixing, mixing_error=known[3], kind=kind, reason=reason,
            )
        )  # fmt: skip
    return tuple(components), spacing


def _with_error(value: float, error: float | None) -> str:
    """Format value ± error, the error with two digits."""
    if error is None or error <= 0.0:
        return f"{value:.4g}"
    digits = max(0, 1 - math.floor(math.log10(error)))
    return f"{value:.{digits}f} ± {error:.{digits}f}"
