"""The intensity of one count of simulated scaled counts; and numbers that are none."""

from pathlib import Path

import numpy as np
import pytest

from slxrd.data.corrections import counting_statistics
from slxrd.data.pattern import Pattern
from slxrd.errors import SlxrdError
from slxrd.io import read
from slxrd.io.shared.counting import from_counts, from_rates
from slxrd.io.shared.quantum import Quantum, find_quantum, scatter

X = np.linspace(0.0, 1.0, 1000)


def curves(top: float, seed: int) -> list[np.ndarray]:
    """A film with fringes, a reflectivity curve, a flat background and a powder pattern."""
    rng = np.random.default_rng(seed)
    phase = 60.0 * (X - 0.503)
    film = 0.02 + (np.sin(phase) / (20.0 * np.sin(phase / 20.0))) ** 2
    reflectivity = 10.0 ** (-4.0 * X) * (1.0 + 0.5 * np.cos(80.0 * X)) + 1e-4
    centres = rng.uniform(0.0, 1.0, 12)
    powder = 0.02 + np.sum(np.exp(-0.5 * ((X[:, None] - centres) / 0.004) ** 2), axis=1)
    return [top * film, top * reflectivity, top * (1.0 + 0.2 * X), top * powder]


@pytest.mark.slow
@pytest.mark.parametrize("factor", [0.0123, 0.05, 0.0837, 1.0 / 7.0, 0.5, 3.3, 43.0962])
@pytest.mark.parametrize("top", [30.0, 1e3, 1e5])
def test_exact_multiples(factor: float, top: float) -> None:
    """Printed with four decimals, or stored in single precision: right or unknown, and seldom unknown."""
    known = 0
    for i, curve in enumerate(curves(top, seed=3)):
        counts = np.random.default_rng(i).poisson(curve).astype(float)
        printed = np.round(factor * counts, 4)
        stored = (factor * counts).astype(np.float32).astype(float)
        for values, error, digit in ((printed, 5e-5, 1e-4), (stored, stored * 6e-8, 0.0)):
            found = find_quantum(values, error, digit)
            if isinstance(found, Quantum):
                assert found.size == pytest.approx(factor, rel=2e-3)
                known += 1
    assert known >= 6


@pytest.mark.parametrize("factor", [0.21, 1.0, 2.7])
def test_factors_that_differ_from_point_to_point(factor: float) -> None:
    rng = np.random.default_rng(11)
    counts = rng.poisson(curves(2e3, seed=1)[1])
    values = factor * counts * (1.0 + 0.015 * rng.normal(size=counts.size))
    found = find_quantum(values, values * 6e-8)
    assert isinstance(found, Quantum)
    assert found.size == pytest.approx(factor, rel=0.02)


def test_stated_unit_is_accepted_if_the_scatter_agrees() -> None:
    """Without low values no step is seen, but a header that gives counts is believed if they scatter so."""
    rng = np.random.default_rng(4)
    counts = rng.poisson(300.0 + 200.0 * X)
    values = counts * (1.0 + 0.01 * rng.normal(size=counts.size))
    assert isinstance(find_quantum(values, values * 6e-8), str)
    assert from_counts(values).size == 1.0
    assert from_counts(10.0 * values).size is None


@pytest.mark.slow
@pytest.mark.parametrize("places", range(7))
@pytest.mark.parametrize("top", [1.0, 30.0, 1e3, 1e5])
def test_smooth_and_rounded_curves_are_no_counts(places: int, top: float) -> None:
    rng = np.random.default_rng(places)
    for curve in curves(top, seed=2):
        for values in (
            curve,
            curve * (1.0 + 0.03 * rng.normal(size=X.size)),
            curve + 0.01 * top * rng.normal(size=X.size),
        ):
            rounded = np.round(np.abs(values), places)
            found = find_quantum(rounded, 0.5 * 10.0**-places, 10.0**-places)
            # Noise may have the variance that counts of this size would have: then σ is right all the same.
            if isinstance(found, Quantum):
                measured = scatter(rounded)
                assert measured is not None
                assert 0.5 <= measured.ratio / found.size <= 2.0
                assert not np.array_equal(values, curve)


@pytest.mark.slow
def test_counts_corrected_point_by_point_are_no_counts() -> None:
    rng = np.random.default_rng(7)
    for curve in curves(1e4, seed=5):
        corrected = rng.poisson(curve) * np.linspace(1.0, 8.0, X.size)
        assert isinstance(find_quantum(corrected, corrected * 6e-8), str)


def test_rates_of_a_wrong_counting_time() -> None:
    """The header says 1 s a point, the rates are multiples of 0.4: 2.5 s."""
    counts = np.random.default_rng(8).poisson(curves(1e3, seed=5)[0])
    found = from_rates(np.round(counts / 2.5, 4), 1.0, 4)
    assert found.size == pytest.approx(0.4, rel=1e-6)
    assert [step.name for step in found.history] == ["rates left as in the file", "counts found"]


def test_whole_numbers_that_are_multiples_of_more_than_1() -> None:
    counts = np.random.default_rng(9).poisson(curves(1e3, seed=5)[0])
    assert from_counts(10.0 * counts).size == pytest.approx(10.0)
    assert from_counts(1.0 * counts).size == 1.0
    assert from_counts(1.0 * counts[:12]).size == 1.0  # too few to judge: the file says counts


def text(path: Path, values: np.ndarray, form: str) -> Pattern:
    path.write_text(
        "# q I\n" + "".join(f"{1 + x:.4f} {form % value}\n" for x, value in zip(X, values, strict=True))
    )
    return read(path)


@pytest.mark.slow
def test_counting_noise_of_text(tmp_path: Path) -> None:
    counts = np.random.default_rng(10).poisson(curves(1e3, seed=5)[0])
    pattern = text(tmp_path / "a.xy", 0.0837 * counts, "%.4f")
    sigma = counting_statistics(pattern).sigma
    assert sigma is not None
    np.testing.assert_allclose(sigma, 0.0837 * np.sqrt(np.maximum(counts, 1)), rtol=2e-3)
    np.testing.assert_allclose(pattern.intensity, 0.0837 * counts, atol=5e-5)
    smooth = text(tmp_path / "b.xy", curves(1e3, seed=5)[0], "%.4f")
    assert smooth.per_count is None
    assert str(smooth.metadata["counts"]).startswith("not known: neighbouring values differ too smoothly")
    with pytest.raises(SlxrdError, match=r"counting statistics need raw counts .*\(neighbouring values"):
        counting_statistics(smooth)
