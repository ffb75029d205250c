"""The best single peak of a region, against the least squares of SciPy."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from scipy.optimize import least_squares

from slxrd import units
from slxrd.fitting.diagnosis.shapes import _single

CU = units.radiation("CuKa")


def peak(q, centre, fwhm, share, lines):
    """A pseudo-Voigt peak, or one for each line of a doublet."""

    def shape(centre):
        u = 2.0 * (q - centre) / fwhm
        return share / (1.0 + u * u) + (1.0 - share) * np.exp(-np.log(2.0) * u * u)

    if lines is None:
        return shape(centre)
    length, second = lines
    return shape(centre) + second.ratio * shape(centre * second.wavelength / length)


def by_least_squares(q, intensity, sigma, width, lines):
    """The lowest χ² per degree of freedom of refinements from several shapes."""

    def residuals(p):
        columns = np.column_stack((peak(q, *p, lines), np.ones_like(q), q - q.mean())) / sigma[:, None]
        solution = np.linalg.lstsq(columns, intensity / sigma, rcond=None)[0]
        return intensity / sigma - columns @ solution

    top = float(q[np.argmax(intensity)])
    bounds = ((top - width, 0.2 * width, 0.0), (top + width, 5.0 * width, 1.0))
    costs = [
        least_squares(residuals, (top, width, share), bounds=bounds, x_scale=(width, width, 1.0)).cost
        for share in (0.05, 0.5, 0.95)
    ]
    return 2.0 * min(costs) / (q.size - 6)


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("lines", [None, (CU.wavelength, CU.second)], ids=["one line", "doublet"])
def test_the_lowest_chi2_is_found(seed, lines) -> None:
    chance = np.random.default_rng(seed)
    width = chance.uniform(0.03, 0.15)
    q = np.linspace(1.0 - 3.0 * width, 1.0 + 3.0 * width, 80)
    truth = (
        1.0 + chance.normal(0.0, 0.2 * width),
        width * chance.uniform(0.6, 1.6),
        chance.uniform(0.0, 1.0),
    )
    fringes = 1.0 + (0.2 * np.cos(9.0 * (q - 1.0) / width) if seed % 2 else 0.0)
    expected = 1000.0 * peak(q, *truth, lines) * fringes + 80.0 + 100.0 * (q - 1.0)
    sigma = np.sqrt(expected)
    measured = expected + sigma * chance.normal(size=q.size)
    found = _single(q, measured, sigma, width, lines)
    assert found == pytest.approx(by_least_squares(q, measured, sigma, width, lines), rel=2e-3)
    assert (found < 1.6) == (seed % 2 == 0)


def test_very_many_points_are_searched_with_some_of_them() -> None:
    chance = np.random.default_rng(1)
    q = np.linspace(0.8, 1.2, 20_000)
    expected = 300.0 * peak(q, 1.003, 0.07, 0.4, None) + 20.0
    sigma = np.sqrt(expected)
    measured = expected + sigma * chance.normal(size=q.size)
    assert _single(q, measured, sigma, 0.08, None) == pytest.approx(
        np.mean(((measured - expected) / sigma) ** 2), rel=2e-3
    )


@pytest.mark.slow
def test_a_broad_peak_is_diagnosed_without_scipys_optimisers(tmp_path: Path) -> None:
    code = (
        "import sys, numpy, slxrd\n"
        "q = numpy.arange(0.9, 1.2, 0.002)\n"
        "truth = {'d': 5.84, 'L': 36.9, 'sigma_L': 1.43, 'N': 13.0, 'sigma_N': 1.55}\n"
        "found = slxrd.diagnose(slxrd.simulate(q, truth, noise=0.03, seed=0))\n"
        "print(str(found).replace(chr(10), chr(32)), 'scipy.optimize' in sys.modules)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=tmp_path, timeout=120
    )
    assert done.stdout.endswith(" False\n"), done.stderr
    assert "broad peak" in done.stdout
