"""The scan of films on substrates: the rod with the resolution, and what amplitudes can give."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from films_on_substrates import film
from native_core import needs_native_core

from slxrd.data.pattern import Pattern
from slxrd.fitting.api import setup
from slxrd.fitting.fit_options import prepare_objective
from slxrd.fitting.request.declaration import collect
from slxrd.fitting.search.budget import Budget
from slxrd.fitting.search.film.curves import rod_curves
from slxrd.fitting.search.film.interfering import best_mixtures, native_mixtures, numpy_mixtures
from slxrd.fitting.search.film.scan import FilmScan
from slxrd.instrument.diffractometer import Instrument


@pytest.mark.parametrize("width", [3e-4, 1.1e-3, 8e-3])
def test_the_rod_is_that_of_planes_seen_with_the_resolution(width: float) -> None:
    """Compared with a sum over planes that is convolved with a Gaussian on a fine axis."""
    d, attenuation = 3.979, 2e-4
    q = 2.0 * np.pi / d + width * np.linspace(-30.0, 30.0, 61)
    offsets = width * np.linspace(-7.0, 7.0, 1401)
    weights = np.exp(-0.5 * (offsets / width) ** 2)
    sharp = 1.0 / (1.0 - np.exp(-(1j * (q[:, None] + offsets) + attenuation) * d))
    amplitude, intensity = rod_curves(q, d, Instrument(width))
    expected = sharp @ weights / weights.sum()
    squared = np.abs(sharp) ** 2 @ weights / weights.sum()
    assert np.abs(amplitude - expected).max() < 1e-6 * np.abs(expected).max()
    np.testing.assert_allclose(intensity, squared, rtol=1e-4)


def test_the_rod_without_resolution_is_the_sum_over_planes() -> None:
    q = np.linspace(1.2, 1.9, 50)
    amplitude, intensity = rod_curves(q, 3.979, Instrument(0.0))
    planes = np.arange(60_000)
    expected = np.array([np.exp(-(1j * one + 2e-4) * 3.979 * planes).sum() for one in q])
    np.testing.assert_allclose(amplitude, expected, rtol=1e-9)
    np.testing.assert_allclose(intensity, np.abs(expected) ** 2, rtol=1e-9)


def alike(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Columns of a film and a substrate with nearly the same tails, and a pattern of them with noise."""
    q = np.linspace(1.1, 1.4, 160)
    d, d_S, N = 3.975, 3.98, int(rng.integers(10, 40))
    film = (1.0 - np.exp(1j * q * N * d)) / (1.0 - np.exp(1j * q * d))
    below = 1.0 / (1.0 - np.exp(-1j * q * d_S))
    cross = np.conj(below) * film
    columns = np.stack((np.abs(film) ** 2, cross.real, -cross.imag, np.abs(below) ** 2), axis=1)
    f, turn = float(rng.uniform(1.5, 3.0)), float(rng.uniform(0.0, 2.0 * np.pi))
    pure = columns @ np.array([1.0, 2.0 * f * np.cos(turn), 2.0 * f * np.sin(turn), f**2])
    sigma = 0.15 * pure
    return columns / sigma[:, None], (pure + rng.normal(0.0, sigma)) / sigma


def test_a_film_is_found_within_what_amplitudes_can_give() -> None:
    rng = np.random.default_rng(5)
    outside = 0
    for _ in range(60):
        columns, measured = alike(rng)
        gram, along = columns.T @ columns, columns.T @ measured
        plain = np.linalg.solve(gram, along)
        outside += bool(plain[1] ** 2 + plain[2] ** 2 > 4.0 * plain[0] * plain[3])
        (gain,), ((a, real, imaginary, b),) = best_mixtures(gram[None], along[None])
        left = float(measured @ measured) - gain
        assert left < 160 + 5.0 * np.sqrt(2.0 * 160)
        assert a > 0.0
        assert real**2 + imaginary**2 <= 4.0 * a * b * (1.0 + 1e-6)
        # The gain is that of the coefficients.
        exact = float(np.sum((measured - columns @ [a, real, imaginary, b]) ** 2))
        assert left == pytest.approx(exact, abs=0.01)
    assert outside > 5  # of plain least squares


def test_bounded_mixtures_are_as_good_as_all_on_a_grid() -> None:
    rng = np.random.default_rng(8)
    grid = [
        np.array([1.0, 2.0 * part * f * np.cos(turn), 2.0 * part * f * np.sin(turn), f**2])
        for f in np.geomspace(0.02, 50.0, 60)
        for turn in np.linspace(0.0, 2.0 * np.pi, 91)
        for part in (0.3, 0.7, 1.0)
    ]
    mixtures = np.array(grid)
    compared = 0
    for _ in range(12):
        columns, _ = alike(rng)
        measured = columns @ np.array([1.0, 0.0, 0.0, 0.6]) + rng.normal(0.0, 4.0, columns.shape[0])
        measured -= 3.0 * columns[:, 1]  # more interference than amplitudes can give
        gram, along = columns.T @ columns, columns.T @ measured
        products = mixtures @ along
        gains = products**2 / np.einsum("ij,jk,ik->i", mixtures, gram, mixtures)
        best = float(np.max(np.where(products > 0.0, gains, 0.0)))
        (gain,), _ = best_mixtures(gram[None], along[None])
        assert gain > best * (1.0 - 1e-6)
        compared += best > 0.0
    assert compared == 12


@pytest.mark.parametrize("solve", [pytest.param(native_mixtures, marks=needs_native_core), numpy_mixtures])
def test_columns_that_are_equal_or_zero_have_a_solution(solve: Any) -> None:
    """The background may describe all of a column, above all in a region of few points."""
    rng = np.random.default_rng(3)
    measured = rng.normal(size=30)
    one = rng.normal(size=(30, 1))
    for columns in (
        np.tile(one, 4),
        np.hstack((np.tile(one, 3), np.zeros((30, 1)))),
        np.zeros((30, 4)),
        1e-17 * rng.normal(size=(30, 4)),
    ):
        gain, coefficients = solve((columns.T @ columns)[None], (columns.T @ measured)[None])
        assert np.isfinite(coefficients).all()
        assert 0.0 <= gain[0] <= float(measured @ measured)


@needs_native_core
def test_mixtures_of_the_native_core_are_those_of_numpy() -> None:
    rng = np.random.default_rng(11)
    pairs = [alike(rng) for _ in range(40)]
    pairs += [(columns, measured - 3.0 * columns[:, 1]) for columns, measured in pairs]
    gram = np.array([columns.T @ columns for columns, _ in pairs])
    along = np.array([columns.T @ measured for columns, measured in pairs])
    gain, coefficients = native_mixtures(gram, along)
    expected, expected_coefficients = numpy_mixtures(gram, along)
    assert 0 < np.count_nonzero(expected) < 80
    np.testing.assert_allclose(gain, expected, rtol=1e-8, atol=1e-6)
    largest = np.abs(expected_coefficients).max(axis=1, keepdims=True)
    assert np.all(np.abs(coefficients - expected_coefficients) < 1e-5 * largest)
    with pytest.raises(ValueError, match="shape"):
        native_mixtures(gram, along[:-1])


#: d, N, d_S, amplitude of the substrate, end of the data.
CLOSE_FILMS = [(3.959, 22, 3.979, 1.6, 2.06), (3.953, 15, 3.896, 0.8, 1.75), (2.4, 40, 2.42, 1.2, 2.95)]


@pytest.mark.slow
@pytest.mark.parametrize(("d", "N", "d_S", "strength", "end"), CLOSE_FILMS)
def test_a_film_whose_peak_is_within_that_of_its_substrate_is_one_of_the_best_starts(
    d: float, N: int, d_S: float, strength: float, end: float
) -> None:
    peak = 2.0 * np.pi / d_S
    whole = film(
        N, d, substrate=d_S, strength=strength, peak=1e8, sigma=0.001, step=0.0015, half=12.0 / (N * d) * 3.1
    )
    kept = whole.q < end
    pattern = Pattern(whole.q[kept], whole.intensity[kept], source="simulated")
    masked, made = setup(
        pattern,
        collect(
            {
                "coherent": 1, "substrate": d_S, "resolution": 0.001, "noise": "counting",
                "objective": "linear", "background": "constant", "mask": [(peak - 0.015, peak + 0.015)],
                "regions": [(float(pattern.q[0]), float(pattern.q[-1]))],
            }
        ),
    )  # fmt: skip
    objective, _ = prepare_objective(masked.to_q(), made)
    parameters = made.parameters.within(objective.model.stack.table).fix(q_zero=0.0, L=0.0, sigma_L=0.0)
    scanned = FilmScan(objective, parameters, Budget(), lambda done: None).starts()
    # Minima of χ² are 2π over this distance apart in thickness, and about a fringe in the place of the peak.
    far = float(np.abs(pattern.q - 2.0 * np.pi / d).max())
    thickness = np.abs(scanned.N * scanned.d - N * d) * far / (2.0 * np.pi)
    place = N * np.abs(scanned.d / d - 1.0)
    assert np.min(np.maximum(thickness, place)[:3]) < 0.3
