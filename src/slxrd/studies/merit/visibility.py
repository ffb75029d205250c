"""Visibility of superlattice fringes at a Bragg peak, tested against the noise.

The model of a peak without fringes is that of single crystals, Σ P_n |F_n|², with scale, width, size
distribution and a linear background. Fringes add Σ P_n |F_n|² cos(qΛ_n + φ), of any phase φ, with the
visibility z = exp(−q²σ_L²/2) (Toso, Baranov et al., ACS Nano 2021, 15, 6243, SI Eqs. S7 to S9). The test
statistic is the decrease of χ² with fringes at the best of K periods. Without fringes it exceeds x with a
probability of at most K·exp(−x/2), since two amplitudes, of cosine and sine, are fitted at each period.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from slxrd._arguments import check_arguments
from slxrd._short_repr import short_repr
from slxrd.data.pattern import Pattern
from slxrd.data.regions import Noise, Region, select_points
from slxrd.fitting.fit_options import FitOptions
from slxrd.fitting.objective.settings import Settings
from slxrd.fitting.pipeline import fit_pattern
from slxrd.fitting.result.fit import Estimate, Fit
from slxrd.fitting.systematics.settings import NONE
from slxrd.instrument.diffractometer import Instrument
from slxrd.sample.stack import Stack
from slxrd.studies.merit.fringes import ONE_SIDED, Peak, linear_test, single_crystals
from slxrd.units import FloatArray

#: Fringes count as seen below this probability of as large an improvement by chance.
CHANCE = 1e-3
#: Reduced χ² above which single crystals do not describe a peak at all.
BAD_FIT = 3.0
#: Visibility at the threshold of Eq. S21, where σ_L = π/(2q).
AT_THRESHOLD = math.exp(-(math.pi**2) / 8.0)


@short_repr
@dataclass(frozen=True, eq=False)
class Visibility:
    """Fringes of one Bragg peak.

    Parameters
    ----------
    region : Region
        Region of the peak in Å⁻¹.
    q : float
        Position of the peak in Å⁻¹.
    seen : bool
        Whether ``chance`` is below :data:`CHANCE`.
    gain : float
        Decrease of χ² with fringes, divided by the reduced χ² if that is above 1.
    chance : float
        Probability of as large a decrease without fringes, allowing for all periods tried.
    period : float or None
        Λ in Å, if fringes are seen; ambiguous by multiples of the plane distance.
    visibility, error : float or None
        Visibility z at the peak and its standard deviation, if fringes are seen.
    limit : float or None
        Otherwise, the upper 95 % limit of z.
    conclusive : bool
        Whether fringes at the threshold of Eq. S21 would be seen; if not, their absence has no meaning.
    points, measured, sigma, smooth, fringed : ndarray, shape (n,)
        Scattering vectors in Å⁻¹, intensities, σ, and the curves without and with fringes.
    reduced_chi2 : float
        Reduced χ² of the curve that applies.
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
    conclusive: bool
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
    def within_threshold(self) -> bool | None:
        """Whether the disorder is below the threshold of Eq. S21; None if the visibility does not decide it.

        The threshold σ_L = π/(2q) means a visibility of :data:`AT_THRESHOLD`: fringes are weaker beyond it,
        but can still be seen. Decided is what holds for the 95 % limit of the visibility.
        """
        if not self.seen:
            return False if self.conclusive else None
        if self.visibility is None:
            return None
        margin = ONE_SIDED * (self.error or 0.0)
        if self.visibility - margin > AT_THRESHOLD:
            return True
        # Without an error, σ_L is an upper limit and the visibility a lower one.
        return False if self.error is not None and self.visibility + margin < AT_THRESHOLD else None

    @property
    def sigma_L(self) -> tuple[float, float] | None:
        """σ_L = √(−2 ln z)/q and its error, in Å; None if z has no error."""
        if self.visibility is None or self.error is None or not 0.0 < self.visibility < 1.0:
            return None
        value = math.sqrt(-2.0 * math.log(self.visibility)) / self.q
        return value, self.error / (self.visibility * value * self.q**2)


@check_arguments
def fringe_visibility(
    pattern: Pattern, region: Region, instrument: Instrument, coherent: int, noise: Noise | None = None
) -> Visibility:
    """Test one Bragg peak for fringes, and determine their visibility.

    Where single crystals do not describe the peak at all, the linear test means little. There, and where it
    finds fringes, the stack is fitted to this peak alone.

    Parameters
    ----------
    pattern : Pattern
        Pattern over q.
    region : Region
        Region of the peak with some background.
    instrument : Instrument
        Resolution and radiation.
    coherent : int
        Number M of coherent crystals.
    noise : float, "counting", "file" or None
        As in :func:`slxrd.fit`.

    Returns
    -------
    Visibility
        Result of the test, with the curves.

    Raises
    ------
    SlxrdError
        If M is less than 1, or nothing can be tested in the region.
    """
    stack = Stack(coherent)
    (data,) = select_points(pattern, [region], noise)
    instrument.check_width(data.q, f"{region.low:g}:{region.high:g}")
    peak = Peak(data, instrument.band(data.q, 2000.0))
    shape = single_crystals(peak)
    single = peak.rows(shape)
    test = linear_test(peak, shape, single, coherent)
    smooth, n_periods, gain = peak.curve(single), test.n_periods, test.gain
    fit, fringed, period, z, error, reduced = None, smooth, None, None, None, test.scatter
    if test.scatter > BAD_FIT or _chance(n_periods, gain) < CHANCE:
        options = FitOptions(
            (region,),
            stack=stack,
            instrument=instrument,
            noise=noise,
            settings=Settings("linear", None, "linear"),
            systematics=NONE,
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
    chance = _chance(n_periods, gain)
    seen = chance < CHANCE
    centre = float(2.0 * math.pi / shape[0])
    if seen and fit is not None:
        centre = _bragg_position(centre, fit)
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
        None if seen else min(test.limit, 1.0),
        seen or test.limit < AT_THRESHOLD,
        data.q,
        data.intensity,
        data.sigma,
        smooth,
        fringed,
        reduced,
    )


def _chance(periods: int, gain: float) -> float:
    return min(1.0, periods * math.exp(-min(gain, 1400.0) / 2.0))


def _bragg_position(centre: float, fit: Fit) -> float:
    """Return the position of the Bragg peak from the fitted d."""
    d = fit.parameters["d"].value
    if d is None:
        return centre
    first = 2.0 * math.pi / d
    return max(1, round(centre / first)) * first


def _visibility(sigma_L: Estimate, q: float) -> tuple[float | None, float | None]:
    """Return z and its error from σ_L; no error if σ_L is a limit."""
    if sigma_L.value is None:
        return None, None
    z = math.exp(-0.5 * (q * sigma_L.value) ** 2)
    return (z, None) if sigma_L.error is None else (z, z * q**2 * sigma_L.value * sigma_L.error)


def _with_fringes(pattern: Pattern, options: FitOptions) -> Fit | None:
    """Fit the stack to this peak alone; return None if that fit finds no fringes either."""
    fit = fit_pattern(pattern, options)
    known = fit.parameters["sigma_L"]
    return (
        fit
        if known.value is not None and known.status in ("determined", "ambiguous", "upper bound")
        else None
    )
