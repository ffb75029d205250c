"""Periods of satellites read off a pattern before anything is fitted."""

from pathlib import Path

import numpy as np
import pytest

from slxrd.data.corrections import counting_statistics
from slxrd.data.fringes import satellite_maxima, satellite_periods
from slxrd.data.regions import Region, RegionData, as_region, select_points
from slxrd.io.registry import read
from slxrd.sample.library.crystals import crystal

DATA = Path(__file__).parents[1] / "files"
#: Satellites of the measured superlattice as read off its picture, in Å⁻¹ (the substrate hides one, and
#: another between two layers is too weak).
BY_HAND = {
    -9: 4.2301, -8: 4.2543, -7: 4.2781, -6: 4.3025, -5: 4.3273, -4: 4.3525, -2: 4.4018, -1: 4.4257, 1: 4.4739,
    2: 4.5008,
}  # fmt: skip


def measured(name: str, low: float, high: float) -> tuple[RegionData, ...]:
    pattern = counting_statistics(read(DATA / name)).to_q().masked(4.438, 4.458)
    return select_points(pattern, [as_region((low, high))], "counting")


@pytest.mark.slow
def test_the_measured_superlattice_repeats_at_the_owners_period() -> None:
    """7.41 + 18.05 nm by the owners; by hand from ten satellites; the spectrum's own step is 2.4 Å."""
    slope, _ = np.polyfit(list(BY_HAND), list(BY_HAND.values()), 1)
    by_hand = 2.0 * np.pi / slope
    assert by_hand == pytest.approx(254.6, abs=2.0)
    assert satellite_periods(measured("InGaAs_SL_68_re_m002.x00", 4.205, 4.535), 3000.0)[0] == pytest.approx(
        by_hand, abs=2.4
    )


def test_satellites_cluster_where_the_layers_would_diffract() -> None:
    """Each layer's own 004, InGaAs below GaAs, to a distance of satellites: the mask hides the strongest."""
    data = measured("InGaAs_SL_68_re_m002.x00", 4.205, 4.535)[0]
    places = sorted(satellite_maxima(data, 254.6))
    peaks = [4.0 * np.pi / crystal(name).period for name in ("InGaAs-001", "GaAs-001")]
    assert places == pytest.approx(peaks, abs=2.0 * np.pi / 254.6)


@pytest.mark.parametrize("period", [90.0, 137.0, 300.0])
def test_a_grating_repeats_at_its_period(period: float) -> None:
    q = np.arange(1.0, 1.5, 0.001)
    q = q[(q < 1.2) | (q > 1.22)]
    intensity = 1000.0 * np.exp(-0.5 * ((q - 1.25) / 0.1) ** 2) * np.cos(q * period / 2.0) ** 4
    data = [RegionData(Region(1.0, 1.5), q, intensity, np.ones_like(q))]
    assert satellite_periods(data, 1500.0)[0] == pytest.approx(period, abs=2.0 * np.pi / 0.5 / 8)


def test_nothing_repeats_in_a_smooth_peak_or_in_few_points() -> None:
    q = np.arange(1.0, 1.5, 0.05)
    assert satellite_periods([RegionData(Region(1.0, 1.5), q, q, np.ones_like(q))], 1500.0) == []
    q = np.arange(1.0, 1.5, 0.01)
    data = [RegionData(Region(1.0, 1.5), q, np.ones_like(q), np.ones_like(q))]
    assert satellite_periods(data, 30.0) == []
