"""Arcs of a ring: pairs of maxima over the azimuth that are opposite to each other, above an even part."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from slxrd.fitting.result.fit import Estimate
from slxrd.instrument.broadening import FWHM
from slxrd.studies.images.rings.profile import FEWEST, Profile, covariance_of, minimise_by_differences
from slxrd.units import FloatArray

#: Standard deviations of arcs in degrees that are tried.
_WIDTHS = (0.7, 1.5, 3.0, 6.0, 12.0)
#: A further pair lowers χ² by this, in units of the misfit.
_SIGNIFICANT = 30.0
#: Least height of an arc relative to its error, for the width that all arcs have in common.
_CLEAR = 10.0
#: Most pairs; a ring with more is of single crystals in many orientations.
_MOST = 6
#: χ² a degree of freedom from which on arcs do not describe the ring.
_MISFIT = 3.0
#: Widest range of azimuths in degrees that is not measured, on either side, of a ring whose parts are known.
_GAP = 8.0
#: Quantile of a normal distribution: a one-sided limit at 95 %.
_ONE_SIDED = 1.645
#: Error of the fraction in arcs, relative to f(1 − f), as the shape of arcs is not known, and that of all
#: fractions, as the background and the sensitivity of the camera are not known to be even.
_SHAPE, _EVEN = 0.04, 0.005


@dataclass(frozen=True)
class RingArcs:
    """Arcs of one ring.

    Parameters
    ----------
    azimuths : tuple of Estimate
        Of one of each pair in degrees, from 0 to 180.
    width : Estimate
        Full width at half maximum over the azimuth in degrees, as measured.
    spread : Estimate
        Standard deviation of the turns of the crystals about the beam in degrees: the width of the arcs less
        that of a spot itself.
    fraction : Estimate
        Part of the ring's intensity that is in arcs.
    spotty : bool
        Whether the ring consists of more maxima than are described by pairs of arcs.
    """

    azimuths: tuple[Estimate, ...]
    width: Estimate
    spread: Estimate
    fraction: Estimate
    spotty: bool = False


def _pair(azimuth: FloatArray, at: float | FloatArray, width: float) -> FloatArray:
    away = np.mod(azimuth - at + 0.5 * np.pi, np.pi) - 0.5 * np.pi
    total = sum(np.exp(-0.5 * ((away + turn * np.pi) / width) ** 2) for turn in (-1, 0, 1))
    return np.asarray(total)


@dataclass(frozen=True, eq=False)
class _Fit:
    """Even part, places, heights and the common width of arcs."""

    even: float
    places: FloatArray
    heights: FloatArray
    width: float
    covariance: FloatArray
    chi2: float
    degrees: int

    @property
    def misfit(self) -> float:
        return max(self.chi2 / max(self.degrees, 1), 1.0)

    @property
    def parameters(self) -> FloatArray:
        return np.concatenate([[self.even], self.places, self.heights, [self.width]])

    def fraction(self, x: FloatArray) -> float:
        k = self.places.size
        area = float(x[1 + k : 1 + 2 * k].sum()) * x[-1] * math.sqrt(2.0 * math.pi) / math.pi
        return float(area / max(area + x[0], 1e-30))


def find_arcs(profile: Profile, own: tuple[float, float]) -> RingArcs:
    """Find the arcs of a ring.

    Parameters
    ----------
    profile : Profile
        Intensity over the azimuth.
    own : (float, float)
        Standard deviation of a spot itself along the ring in rad, and its error.
    """
    known = np.isfinite(profile.sigma)
    if known.sum() < FEWEST:
        none = Estimate(None, None, "", "undetermined", "too few azimuths are measured")
        return RingArcs((), _undetermined("°"), _undetermined("°"), none)
    azimuth, height, sigma = profile.azimuth[known], profile.height[known], profile.sigma[known]
    whole = _widest_gap(azimuth) < math.radians(_GAP)
    best = _refined(azimuth, height, sigma, 1.0, np.zeros(0), np.zeros(0), 0.1)
    unseen = (0.0, 0.0)
    while best.places.size < _MOST:
        new = _with_another(azimuth, height, sigma, best)
        error = math.sqrt(max(float(new.covariance[-2, -2]), 0.0) * new.misfit)
        share = new.heights[-1] * new.width * math.sqrt(2.0 * math.pi) / math.pi
        unseen = (share, share * error / max(new.heights[-1], 1e-30))
        if (best.chi2 - new.chi2) / new.misfit < _SIGNIFICANT or not new.heights[-1] > 3.0 * error > 0.0:
            break
        best = new
    else:
        if best.misfit > _MISFIT:
            note = "the ring consists of many spots"
            none = Estimate(None, None, "", "undetermined", note)
            return RingArcs((), _undetermined("°"), _undetermined("°"), none, spotty=True)
    if not best.places.size:
        limit = (max(unseen[0], 0.0) + _ONE_SIDED * unseen[1]) / max(best.even, 1e-30) + _ONE_SIDED * _EVEN
        seen = whole and best.even > 0.0 and limit < 1.0
        fraction = Estimate(limit, None, "", "upper bound") if seen else _in_part()
        return RingArcs((), _undetermined("°"), _undetermined("°"), fraction)
    found = _estimates(best, own)
    return found if whole else replace(found, fraction=_in_part(), spread=_in_part("°"))


def _widest_gap(azimuth: FloatArray) -> float:
    """Widest range of azimuths, modulo π, that is not measured."""
    folded = np.sort(np.mod(azimuth, np.pi))
    return float(np.diff(np.append(folded, folded[0] + np.pi)).max())


def _in_part(unit: str = "") -> Estimate:
    return Estimate(None, None, unit, "undetermined", "only a part of the ring is measured")


def _undetermined(unit: str) -> Estimate:
    return Estimate(None, None, unit, "undetermined", "no arcs are seen")


def _with_another(azimuth: FloatArray, height: FloatArray, sigma: FloatArray, fit: _Fit) -> _Fit:
    """Fit with one more pair, where it lowers χ² most."""
    model = _model(fit.parameters, azimuth)
    left, weight = (height - model) / sigma**2, sigma**-2
    best = (-np.inf, 0.0, 0.0)
    for width in map(math.radians, _WIDTHS):
        centres = np.arange(0.0, np.pi, 0.5 * width)
        columns = _pair(azimuth[None, :], centres[:, None], width)
        mean = (columns @ weight) / weight.sum()
        columns = columns - mean[:, None]
        gained = columns @ left
        info = columns**2 @ weight
        ratio = np.where(gained > 0.0, gained**2 / np.maximum(info, 1e-30), 0.0)
        k = int(np.argmax(ratio))
        best = max(best, (float(ratio[k]), float(centres[k]), width))
    _, at, width = best
    first = width if not fit.places.size else fit.width
    start = max(float(np.interp(at, *_sorted(azimuth, height - model))), float(np.median(sigma)))
    return _refined(
        azimuth, height, sigma, max(fit.even, 1e-3 * float(np.abs(height).max())),
        np.append(fit.places, at), np.append(fit.heights, start), first,
    )  # fmt: skip


def _sorted(azimuth: FloatArray, values: FloatArray) -> tuple[FloatArray, FloatArray]:
    folded = np.mod(azimuth, np.pi)
    order = np.argsort(folded)
    return folded[order], values[order]


def _model(x: FloatArray, azimuth: FloatArray) -> FloatArray:
    k = (x.size - 2) // 2
    total = np.full(azimuth.shape, x[0])
    for at, top in zip(x[1 : 1 + k], x[1 + k : 1 + 2 * k], strict=True):
        total += top * _pair(azimuth, at, x[-1])
    return np.asarray(total)


def _refined(
    azimuth: FloatArray, height: FloatArray, sigma: FloatArray, even: float, places: FloatArray,
    heights: FloatArray, width: float,
) -> _Fit:  # fmt: skip
    k = places.size
    if k == 0:
        weight = sigma**-2
        level = float(height @ weight / weight.sum())
        chi2 = float(np.sum(((height - level) / sigma) ** 2))
        spread = np.zeros((2, 2))
        spread[0, 0] = 1.0 / weight.sum()
        return _Fit(level, places, heights, width, spread, chi2, azimuth.size - 1)
    level = max(float(np.abs(height).mean()), 1e-30)
    scale = np.concatenate([[level], [width] * k, [level] * k, [width]])

    def residual(x: FloatArray) -> FloatArray:
        return np.asarray((height - _model(x * scale, azimuth)) / sigma)

    start = np.concatenate([[even], places, heights, [width]]) / scale
    lower = np.concatenate([[-0.5], start[1 : 1 + k] - 3.0, [-1.0] * k, [0.2]])
    most = max(20.0, 3.0 * float(start[1 + k : 1 + 2 * k].max()))
    upper = np.concatenate([[20.0], start[1 : 1 + k] + 3.0, [most] * k, [6.0]])
    done = minimise_by_differences(residual, start, list(lower), list(upper))
    x = done.x * scale
    spread = covariance_of(done) * np.outer(scale, scale)
    return _Fit(
        float(x[0]), x[1 : 1 + k], x[1 + k : 1 + 2 * k], float(x[-1]), spread, done.chi2,
        azimuth.size - x.size,
    )  # fmt: skip


def _estimates(fit: _Fit, own: tuple[float, float]) -> RingArcs:
    k, x = fit.places.size, fit.parameters
    errors = np.sqrt(np.maximum(np.diag(fit.covariance), 0.0) * fit.misfit)
    azimuths = tuple(
        Estimate(math.degrees(at) % 180.0, math.degrees(error), "°")
        for at, error in sorted(zip(fit.places % np.pi, errors[1 : 1 + k], strict=True))
    )
    width = Estimate(FWHM * math.degrees(fit.width), FWHM * math.degrees(errors[-1]), "°")
    gradient = np.zeros(x.size)
    for n in range(x.size):
        step = 1e-4 * max(abs(x[n]), 1e-12)
        moved = x.copy()
        moved[n] += step
        gradient[n] = (fit.fraction(moved) - fit.fraction(x)) / step
    value = fit.fraction(x)
    error = math.sqrt(max(float(gradient @ fit.covariance @ gradient), 0.0) * fit.misfit)
    error = math.hypot(error, _SHAPE * value * (1.0 - value), _EVEN)
    fraction = Estimate(value, error, "")
    if value > 1.0 - 2.0 * error:
        fraction = Estimate(value - _ONE_SIDED * error, None, "", "lower bound", "1 within its error")
    spread = _spread(fit.width, float(errors[-1]), own)
    if np.any(fit.heights < _CLEAR * errors[1 + k : 1 + 2 * k]):
        spread = Estimate(None, None, "°", "undetermined", "an arc is too weak for a width")
    return RingArcs(azimuths, width, spread, fraction)


def _spread(width: float, error: float, own: tuple[float, float]) -> Estimate:
    """Turns about the beam, from the variances of the arcs and of a spot itself."""
    variance = width**2 - own[0] ** 2
    error = math.hypot(2.0 * width * error, 2.0 * own[0] * own[1], 0.03 * own[0] ** 2)
    if variance > 3.0 * error:
        value = math.sqrt(variance)
        return Estimate(math.degrees(value), math.degrees(0.5 * error / value), "°")
    limit = math.sqrt(max(variance, 0.0) + _ONE_SIDED * error)
    why = "not separable from the width of the spots themselves"
    return Estimate(math.degrees(limit), None, "°", "upper bound", why)
