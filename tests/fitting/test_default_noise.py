"""σ where none was given, σ with a fraction of each point, and σ from the scatter of the points."""

from __future__ import annotations

import numpy as np
import pytest

import slxrd
from slxrd.data.noise import intensity_of_count, noise_source
from slxrd.data.regions import Region, select_points
from slxrd.fitting.fit_options import FitOptions, prepare_objective
from slxrd.fitting.objective.default_noise import default_noise, dynamic_range

Q = np.arange(2.95, 3.5, 0.001)
CUBES = slxrd.simulate(
    np.arange(0.88, 1.28, 0.002), {"d": 5.84, "L": 36.9, "sigma_L": 1.43, "N": 13.0, "sigma_N": 1.55}
)
REGION = Region(2.9, 3.6)


def film(d: float = 1.938, N: int = 60) -> np.ndarray:
    """Laue function of a flat film over three decades and more, highest point 1."""
    phase = Q * d / 2.0
    curve = (np.sin(N * phase) / np.sin(phase)) ** 2 + 0.3
    return np.asarray(curve / curve.max())


@pytest.mark.parametrize(
    ("noise", "source", "relative"),
    [
        (0.03, 0.03, 0.0), ("0.03", 0.03, 0.0), ("counting", "counting", 0.0), ("file+0.1", "file", 0.1),
        ("counting+5e-2", "counting", 0.05), ("1e-3+0.05", 0.001, 0.05), ("scatter+0.05", "scatter", 0.05),
        ("file-or-0.03+0.05", "file-or-0.03", 0.05),
    ],
)  # fmt: skip
def test_forms_of_noise(noise: float | str, source: float | str, relative: float) -> None:
    found = noise_source(noise)
    assert (found.source, found.relative) == (source, relative)


@pytest.mark.parametrize(
    "noise", ["counting+", "+0.05", "counting+0", "file+x", "1e+3", "2", 1.5, "a+0.1+0.1", True]
)
def test_other_forms_are_refused(noise: object) -> None:
    with pytest.raises(slxrd.SlxrdError, match="noise"):
        noise_source(noise)  # type: ignore[arg-type]


def test_a_fraction_of_each_point_is_added_in_squares() -> None:
    counts = np.arange(1.0, 1001.0)
    pattern = slxrd.Pattern(np.linspace(1.0, 2.0, 1000), counts)
    (points,) = select_points(pattern, [Region(1.0, 2.0)], "counting+0.05")
    np.testing.assert_allclose(points.sigma, np.sqrt(counts + (0.05 * counts) ** 2))
    again = points.recounted(4.0 * counts)
    np.testing.assert_allclose(again.sigma, np.sqrt(4.0 * counts + (0.2 * counts) ** 2))
    np.testing.assert_allclose(again.recounted(counts).sigma, points.sigma)
    (flat,) = select_points(pattern, [Region(1.0, 2.0)], "0.01+0.05")
    np.testing.assert_allclose(flat.recounted(4.0 * counts).sigma, np.hypot(10.0, 0.2 * counts))


@pytest.mark.parametrize("unit", [1.0, 0.02, 37.0])
def test_the_intensity_of_a_count_follows_from_the_scatter(unit: float) -> None:
    rng = np.random.default_rng(1)
    found = [intensity_of_count(unit * rng.poisson(5e4 * film() + 3.0)) for _ in range(8)]
    assert np.mean(found) == pytest.approx(unit, rel=0.15)


def test_points_that_do_not_scatter_have_a_positive_sigma() -> None:
    pattern = slxrd.Pattern(Q, np.where(Q < 3.2, 0.0, 5.0))
    (points,) = select_points(pattern, [REGION], "scatter+0.05")
    assert points.sigma.min() > 0.0


def test_known_counts_are_the_default_of_a_narrow_range() -> None:
    counts = np.random.default_rng(2).poisson(2e3 * CUBES.intensity / CUBES.intensity.max() + 20.0)
    region, q = Region(0.88, 1.28), CUBES.x
    known = slxrd.Pattern(q, counts.astype(float), per_count=1.0)
    assert dynamic_range(known.intensity) < 1000.0
    assert default_noise(known, [region], "linear").noise == "counting"
    assert "counting statistics" in default_noise(known, [region], "linear").note
    assert default_noise(known, [region], "paper2021").noise is None
    of_file = slxrd.Pattern(q, counts.astype(float), sigma=np.sqrt(counts + 1.0), per_count=1.0)
    assert default_noise(of_file, [region], "linear").noise is None


def test_a_wide_range_takes_counts_and_a_fraction_of_each_point() -> None:
    counts = np.random.default_rng(2).poisson(2e5 * film()).astype(float)
    known = slxrd.Pattern(Q, counts, per_count=1.0)
    assert default_noise(known, [REGION], "linear").noise == "counting+0.05"
    assert "decades" in default_noise(known, [REGION], "linear").note
    assert default_noise(slxrd.Pattern(Q, counts), [REGION], "linear").noise == "scatter+0.05"
    with_sigma = slxrd.Pattern(Q, counts, sigma=np.sqrt(counts + 1.0))
    assert default_noise(with_sigma, [REGION], "linear").noise == "file+0.05"
    assert default_noise(known, [REGION], "paper2021").noise is None


def test_a_narrow_range_keeps_a_fraction_of_the_maximum() -> None:
    regions = [Region(0.9, 1.25)]
    assert default_noise(CUBES, regions, "linear").noise is None
    assert default_noise(CUBES, regions, "log").noise == "scatter+0.05"
    assert "logarithms" in default_noise(CUBES, regions, "log").note


@pytest.mark.parametrize("peak", [100.0, 1500.0, 1e6])
def test_the_range_of_superlattice_fringes_is_narrow(peak: float) -> None:
    counts = np.random.default_rng(3).poisson(peak * CUBES.intensity / CUBES.intensity.max()).astype(float)
    assert 5.0 < dynamic_range(counts, 1.0) < 500.0


def test_a_given_noise_is_kept() -> None:
    pattern = slxrd.Pattern(Q, 2e5 * film())
    objective, notes = prepare_objective(pattern, FitOptions([REGION], noise=0.02))
    np.testing.assert_allclose(objective.data[0].sigma, 4e3)
    assert not any("σ" in note for note in notes)


def test_counts_are_known_after_a_correction() -> None:
    counts = np.random.default_rng(4).poisson(200.0 * film()).astype(float)
    raw = slxrd.Pattern(Q, counts, wavelength=1.0)
    corrected = slxrd.correct_lorentz_polarisation(raw)
    (points,) = select_points(corrected, [REGION], "counting")
    (before,) = select_points(raw, [REGION], "counting")
    np.testing.assert_allclose(points.sigma * before.intensity, before.sigma * points.intensity, atol=1e-9)
