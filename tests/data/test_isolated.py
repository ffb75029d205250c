"""Single points that are far from both neighbours, and what looks like them but is none."""

from __future__ import annotations

import numpy as np
import pytest

import slxrd
from slxrd.data.isolated import isolated_points
from slxrd.units import FloatArray

Q = np.arange(0.85, 1.3, 0.0025)
TRUTH = {"d": 5.84, "L": 36.9, "sigma_L": 1.43, "N": 13.0, "sigma_N": 1.5}


def counts(seed: int = 1, highest: float = 2e4, background: float = 100.0) -> FloatArray:
    curve = slxrd.simulate(Q, TRUTH).intensity
    expected = highest * curve / curve.max() + background
    return np.random.default_rng(seed).poisson(expected).astype(float)


def found(y: FloatArray, q: FloatArray = Q) -> list[int]:
    return isolated_points(q, y)[0].tolist()


@pytest.mark.slow
def test_ordinary_patterns_have_none() -> None:
    for seed in range(30):
        for background in (0.0, 0.3, 100.0):
            assert found(counts(seed, 2e4, background)) == [], (seed, background)
            assert found(counts(seed, 50.0, background)) == [], (seed, background)


@pytest.mark.parametrize("value", [0.0, 5000.0, 1e6])
@pytest.mark.parametrize("index", [20, 60, 150])
def test_points_that_are_too_low_or_too_high(value: float, index: int) -> None:
    y = counts()
    before = y[index]
    y[index] = value
    assert not value / 3.0 <= before <= 3.0 * value
    where, expected = isolated_points(Q, y)
    assert where.tolist() == [index]
    assert expected[0] == pytest.approx(before, abs=6.0 * np.sqrt(before))


def test_rates_and_smooth_curves() -> None:
    y = counts() / 7.3
    y[60] = 0.0
    assert found(y) == [60]
    curve = 1e4 * np.exp(-0.5 * ((Q - 1.08) / 0.02) ** 2) + 10.0
    assert found(curve) == []
    curve[100] = 2e5
    assert found(curve) == [100]


def test_a_peak_as_narrow_as_a_step_has_tails() -> None:
    # Counts of the peak of InAs in data/films/H1202_o2t_fine_002.xrdml (docs/epitaxial.md).
    y = counts(background=1500.0)
    y[100:105] = [4249.0, 18008.0, 1718763.0, 49905.0, 11907.0]
    assert found(y) == []


def test_a_single_count_is_none() -> None:
    y = np.zeros(Q.size)
    y[[20, 90]] = 1.0, 2.0
    assert found(y) == []
    y[50] = 300.0
    assert found(y) == [50]


def test_two_points_beside_each_other_are_none() -> None:
    y = counts()
    y[60:62] = 1e6
    y[120], y[123] = 1e6, 1e6
    assert found(y) == []


def test_many_are_a_property_of_the_file() -> None:
    y = counts()
    y[10::20] = 1e6  # nine points
    assert found(y) == []


def test_points_beside_a_gap_are_not_judged() -> None:
    y, kept = counts(), np.ones(Q.size, bool)
    kept[58:60] = False
    y[60] = 0.0
    assert found(y[kept], Q[kept]) == []
    assert found(y[:10], Q[:10]) == []


def test_they_are_no_peaks_and_are_masked() -> None:
    y = counts()
    low, high = 40, 150
    y[low], y[high] = 0.0, 3e4
    pattern = slxrd.Pattern(Q, y)
    diagnosis = slxrd.diagnose(pattern)
    assert diagnosis.isolated == (pattern.q[low], pattern.q[high])
    assert all(abs(peak.q - pattern.q[high]) > 0.003 for peak in diagnosis.peaks)
    assert diagnosis.proposal.kind == "stack"
    masked = pattern.without(diagnosis.proposal.options["mask"]).mask
    assert np.flatnonzero(masked).tolist() == [low, high]
    text = f"single points {pattern.q[low]:.4f}, {pattern.q[high]:.4f} Å⁻¹: far from both neighbours"
    assert text in str(diagnosis)


@pytest.mark.slow
def test_a_fit_leaves_them_out_or_names_them() -> None:
    y = counts(background=20.0)
    y[60], y[150] = 0.0, 3e4
    pattern = slxrd.Pattern(Q, y, per_count=1.0)
    options = {"regions": [(0.87, 1.28)], "coherent": 40}
    fit = slxrd.fit(pattern, **options)
    assert not fit.assessment.rejected
    d = fit.parameters["d"]
    assert abs(d.value - TRUTH["d"]) < 3.0 * d.error
    kept = slxrd.fit(pattern, mask=[(0.869, 0.871)], **options)
    assert kept.assessment.rejected
    (note,) = [note for note in kept.notes if "far from both neighbours" in note]
    assert f"{Q[60]:.4f}, {Q[150]:.4f} Å⁻¹" in note
