"""Powder patterns of standards, summed line by line from textbook formulas, with nothing from slxrd's fit."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from slxrd.data.pattern import Pattern
from slxrd.instrument.calibration.standards import Standard
from slxrd.units import radiation

FloatArray = NDArray[np.float64]

#: U, V, W (square degrees) and Lorentzian share of an ordinary diffractometer.
LINE = (0.006, -0.004, 0.008, 0.4)
#: The Lorentzian is measured by its area within this many half widths.
REACH = 30.0


def width(two_theta: float, line: tuple[float, float, float, float] = LINE) -> float:
    """Full width at half maximum in degrees."""
    t = math.tan(math.radians(two_theta) / 2.0)
    return math.sqrt(line[0] * t * t + line[1] * t + line[2])


def pseudo_voigt(x: FloatArray, centre: float, fwhm: float, share: float) -> FloatArray:
    """Of unit area."""
    u = (x - centre) / (fwhm / 2.0)
    gaussian = math.sqrt(math.log(2.0) / math.pi) * np.exp(-math.log(2.0) * u**2)
    lorentzian = 1.0 / (2.0 * math.atan(REACH) * (1.0 + u**2))
    return (share * lorentzian + (1.0 - share) * gaussian) / (fwhm / 2.0)


def powder(
    standard: Standard,
    *,
    line: tuple[float, float, float, float] = LINE,
    zero: float = 0.0,
    displacement: float = 0.0,
    wavelength: str = "CuKa",
    span: tuple[float, float] = (18.0, 100.0),
    step: float = 0.02,
    area: float = 200.0,
    background: float = 40.0,
    seed: int | None = 0,
) -> Pattern:
    """Counts of a standard; the zero error in degrees, the displacement as s/R below the axis.

    Areas of the reflections differ at random, the same for all patterns; ``seed=None`` leaves the noise out.
    """
    used = radiation(wavelength)
    lines = [(used.wavelength, 1.0)] + ([] if used.second is None else [tuple(used.second)])
    x = np.arange(*span, step)
    expected = background * (1.0 + 0.2 * np.cos(x / 40.0))
    strength = np.random.default_rng(99)
    for reflection in standard.reflections(4.0 * math.pi / used.wavelength):
        intensity = area * strength.uniform(0.2, 1.2)
        for length, ratio in lines:
            sine = reflection.q * length / (4.0 * math.pi)
            if sine >= math.sin(math.radians(89.0)):
                continue
            bragg = 2.0 * math.degrees(math.asin(sine))
            seen = bragg + zero - math.degrees(2.0 * displacement * math.cos(math.radians(bragg) / 2.0))
            expected += intensity * ratio * pseudo_voigt(x, seen, width(bragg, line), line[3])
    counts = expected if seed is None else np.random.default_rng(seed).poisson(expected).astype(float)
    return Pattern(
        x,
        counts,
        "2theta",
        wavelength=used.wavelength,
        second_line=used.second,
        per_count=np.ones(x.size),
        source=f"{standard.name}.xy",
        metadata={"simulated": "powder"},
    )
