"""Whether a Bragg peak bears superlattice fringes: their visibility against the noise, order by order.

A peak without fringes is that of single crystals, Σ P_n |F_n|² with its scale, width, spread of sizes and a
straight background. Fringes add Σ P_n |F_n|² cos(qΛ_n + φ), of any phase φ, with the visibility
z = exp(−q²σ_L²/2) (Toso, Baranov et al., ACS Nano 2021, 15, 6243, SI Eqs. S7 to S9). What adding them at the
best of K periods takes off χ² is the test: without fringes it exceeds x with a probability of at most
K·exp(−x/2), since two numbers, the amplitudes of cosine and sine, are fitted at each period.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from slxrd.data.pattern import Pattern
from slxrd.data.regions import Noise, Region, RegionData, select
from slxrd.fitting.objective.settings import Settings
from slxrd.fitting.pipeline import FitOptions, fit_pattern
from slxrd.fitting.result.fit import Estimate, Fit
from slxrd.instrument.diffractometer import Band, Instrument
from slxrd.model.intensity import apply_resolution
from slxrd.model.sizes import size_weights
from slxrd.sample.stack import Stack
from slxrd.units import FloatArray

#: Fringes are believed below this probability of seeing as much by chance.
CHANCE = 1e-3
#: Steps of the period in Å, and how far the gap may reach: phases at the peak are free, only slopes count.
PERIOD_STEP, WIDEST_GAP = 2.5, 100.0
#: Beyond this reduced χ² a peak is nothing like one of single crystals.
UNLIKE = 3.0
#: Visibility at the threshold of Eq. S21, where σ_L = π/(2q).
AT_THRESHOLD = math.exp(-(math.pi**2) / 8.0)
#: One-sided 95 % of a normal distribution.
ONE_SIDED = 1.645


@dataclass(frozen=True, eq=False)
class Visibility:
    """Fringes of one Bragg peak.

    Parameters
    ----------
    region : Region
        Where.
    q : float
        Of the peak, in Å⁻¹.
    seen : bool
        Whether ``chance`` is below :data:`CHANCE`.
    gain : float
        What fringes take off χ², in units of the reduced χ² where that is above 1.
    chance : float
        Probability of as much without fringes, all periods tried being counted.
    period : float or None
        Λ in Å, where fringes are seen; may be another by a multiple of the plane distance.
    visibility, error : float or None
        z at the peak, where fringes are seen.
    limit : float or None
        Where they are not: the largest z that may be there, at 95 %.
    telling : bool
        Whether fringes at the threshold of Eq. S21 would be seen: without that, none seen means nothing.
    points, measured, sigma, smooth, fringed : ndarray, shape (n,)
        Scattering vectors, intensities, σ, the curve without and with fringes.
    reduced_chi2 : float
        Of the curve that is believed.
    """

    region: Region
    q: float
    seen: bool
    gain: float
    chance: float
    period: float | None
    visibility: float | None
    error: float | None
    limit: float | None
    telling: bool
    points: FloatArray
    measured: FloatArray
    sigma: FloatArray
    smooth: FloatArray
    fringed: FloatArray
    reduced_chi2: float

    @property
    def threshold(self) -> float:
        """δ_Λ of Eq. S21, π/(2q), in Å."""
        return math.pi / (2.0 * self.q)

    @property
    def sigma_L(self) -> tuple[float, float] | None:
        """σ_L that the visibility stands for, √(−2 ln z)/q, and its error, in Å; None where none is seen."""
        if self.visibility is None or self.error is None or not 0.0 < self.visibility < 1.0:
            return None
        value = math.sqrt(-2.0 * math.log(self.visibility)) / self.q
        return value, self.error / (self.visibility * value * self.q**2)


class _Peak:
    """Curves of one region: single crystals d apart, and stacks of them, seen with the resolution."""

    def __init__(self, data: RegionData, band: Band) -> None:
        self.data, self.band = data, band
        middle = (data.q[0] + data.q[-1]) / 2.0
        place = (data.q - middle) / (data.q[-1] - middle)
        self.lines = np.vstack((np.ones_like(place), place))

    def rows(self, shape: FloatArray, period: float | None = None) -> FloatArray:
        """Single crystals, shape (1, n); with a period, also what cosine and sine add, shape (3, n)."""
        d, N, sigma_N = shape.tolist()
        q = self.band.q
        sizes = size_weights(max(N, 1.0), abs(sigma_N))
        single, waves = np.zeros(q.size), np.zeros(q.size, dtype=np.complex128)
        half = np.sin(q * d / 2.0)
        half = np.where(np.abs(half) < 1e-9, 1e-9, half)
        for n, share in zip(sizes.sizes.tolist(), sizes.weights.tolist(), strict=True):
            squared = share * (np.sin(n * q * d / 2.0) / half) ** 2
            single += squared
            if period is not None:
                waves += squared * np.exp(1j * q * (period + (n - N) * d))
        rows = single[None] if period is None else np.vstack((single, waves.real, waves.imag))
        return apply_resolution(self.band, np.ascontiguousarray(rows))

    def solve(self, rows: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Best coefficients of rows and background, the residuals (in σ), and the weighted columns."""
        columns = (np.vstack((rows, self.lines)) / self.data.sigma).T
        wanted = self.data.intensity / self.data.sigma
        solution = np.linalg.lstsq(columns, wanted, rcond=None)[0]
        return np.asarray(solution), np.asarray(wanted - columns @ solution), columns

    def curve(self, rows: FloatArray) -> FloatArray:
        """Best intensity, shape (n,)."""
        solution, _, columns = self.solve(rows)
        return np.asarray(columns @ solution * self.data.sigma)


def fringe_visibility(
    pattern: Pattern, region: Region, instrument: Instrument, coherent: int, noise: Noise | None = None
) -> Visibility:
    """Test one Bragg peak for fringes, and measure their visibility.

    Where the peak is nothing like one of single crystals, the linear test says little; there, and where it
    finds fringes, the stack is fitted to this peak alone.

    Parameters
    ----------
    pattern : Pattern
        Over q.
    region : Region
        The peak, with some of what is beside it.
    instrument : Instrument
        Its resolution and radiation.
    coherent : int
        M.
    noise : float, "counting", "file" or None
        As in :func:`slxrd.fit`.
    """
    (data,) = select(pattern, [region], noise)
    peak = _Peak(data, instrument.band(data.q, 2000.0))
    shape = _without_fringes(peak)
    bare = peak.rows(shape)
    coefficients, left, columns = peak.solve(bare)
    # Fringes are asked for what no change of shape explains: the derivatives are columns too.
    steps = 1e-4 * np.maximum(np.abs(shape), 0.1)
    moved = [peak.rows(shape + step * np.eye(3)[i]) for i, step in enumerate(steps)]
    slopes = [
        (coefficients[0] * (each - bare)[0] / step / data.sigma)
        for each, step in zip(moved, steps, strict=True)
    ]
    nuisance = np.column_stack((columns, *slopes))
    basis = np.linalg.qr(nuisance / np.linalg.norm(nuisance, axis=0))[0]
    left = left - basis @ (basis.T @ left)
    thickness = float(shape[0] * (shape[1] - 1.0))
    periods = np.arange(thickness + 5.0, thickness + WIDEST_GAP, PERIOD_STEP)
    gains, limits = np.zeros(periods.size), np.zeros(periods.size)
    for i, period in enumerate(periods.tolist()):
        waves = (peak.rows(shape, period)[1:] / data.sigma).T
        waves = waves - basis @ (basis.T @ waves)
        covariance = np.linalg.pinv(waves.T @ waves)
        amplitude = covariance @ (waves.T @ left)
        gains[i] = float(amplitude @ (waves.T @ left))
        widest = math.sqrt(float(np.linalg.eigvalsh(covariance)[-1]))
        limits[i] = float(np.hypot(*amplitude)) + ONE_SIDED * widest
    best = int(np.argmax(gains))
    n, k = data.q.size, nuisance.shape[1] + 2
    scatter = max(1.0, (float(left @ left) - float(gains[best])) / max(n - k, 1))
    gain = float(gains[best]) / scatter
    smooth = peak.curve(bare)
    pairs = 2.0 * (1.0 - 1.0 / coherent) * abs(float(coefficients[0]))
    limit = float(limits.max()) * math.sqrt(scatter) / pairs if pairs > 0.0 else math.inf
    fit, fringed, period, z, error, reduced = None, smooth, None, None, None, scatter
    if scatter > UNLIKE or _chance(periods.size, gain) < CHANCE:
        options = FitOptions(
            (region,),
            stack=Stack(coherent),
            instrument=instrument,
            noise=noise,
            settings=Settings("linear", None, "linear"),
        )
        fit = _with_fringes(pattern, options)
        if fit is not None:
            without = float(np.sum(((data.intensity - smooth) / data.sigma) ** 2))
            gain = max(gain, (without - fit.chi2) / max(1.0, fit.reduced_chi2))
            fringed, reduced, period = (
                fit.regions[0].calculated,
                fit.reduced_chi2,
                fit.derived["period"].value,
            )
    chance = _chance(periods.size, gain)
    seen = chance < CHANCE
    centre = float(2.0 * math.pi / shape[0])
    if seen and fit is not None:
        centre = _order(centre, fit)
        z, error = _visibility(fit.parameters["sigma_L"], centre)
    return Visibility(
        region,
        centre,
        seen,
        gain,
        chance,
        period if seen else None,
        z,
        error,
        None if seen else min(limit, 1.0),
        seen or limit < AT_THRESHOLD,
        data.q,
        data.intensity,
        data.sigma,
        smooth,
        fringed,
        reduced,
    )


def _chance(periods: int, gain: float) -> float:
    return min(1.0, periods * math.exp(-min(gain, 1400.0) / 2.0))


def _order(centre: float, fit: Fit) -> float:
    """Place of the Bragg peak by the fitted d."""
    d = fit.parameters["d"].value
    if d is None:
        return centre
    first = 2.0 * math.pi / d
    return max(1, round(centre / first)) * first


def _visibility(sigma_L: Estimate, q: float) -> tuple[float | None, float | None]:
    """Return z and its error from σ_L; no error where that is only limited."""
    if sigma_L.value is None:
        return None, None
    z = math.exp(-0.5 * (q * sigma_L.value) ** 2)
    return (z, None) if sigma_L.error is None else (z, z * q**2 * sigma_L.value * sigma_L.error)


def _without_fringes(peak: _Peak) -> FloatArray:
    """Plane distance, size and spread of sizes of the best single crystals."""
    from scipy.optimize import least_squares

    q, y = peak.data.q, peak.data.intensity
    high = y > 0.5 * y.max()
    centre = float(np.sum(q[high] * y[high]) / np.sum(y[high]))
    spread = float(q[-1] - q[0])

    def residuals(shape: FloatArray) -> FloatArray:
        return peak.solve(peak.rows(shape))[1]

    found = []
    for width in (0.15, 0.3, 0.5):
        d = 2.0 * math.pi / centre
        N = max(0.886 * 2.0 * math.pi / (width * spread) / d, 2.0)
        low, top = [2.0 * math.pi / q[-1], 1.5, 0.3], [2.0 * math.pi / q[0], 500.0, 100.0]
        done = least_squares(
            residuals,
            [d, N, max(0.15 * N, 0.5)],
            bounds=(low, top),
            x_scale=[0.01 * d, 0.1 * N, 0.5],
            max_nfev=60,
            diff_step=1e-5,
        )
        found.append((float(done.cost), done.x))
    return np.asarray(min(found, key=lambda pair: pair[0])[1])


def _with_fringes(pattern: Pattern, options: FitOptions) -> Fit | None:
    """Fit the stack to this one peak; None where it has no fringes for the fit either."""
    fit = fit_pattern(pattern, options)
    known = fit.parameters["sigma_L"]
    return (
        fit
        if known.value is not None and known.status in ("determined", "ambiguous", "upper bound")
        else None
    )
