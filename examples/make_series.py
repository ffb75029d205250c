"""Simulate the series that is packaged with slxrd: ``python examples/make_series.py``.

Every pattern has a low-angle part, 0.05 to 0.45 Å⁻¹, in which the gap of width w = L − d shows as the
envelope of a stack of planes, sin²(qw/2)/sin²(qd/2), averaged over the disorder of the gap, on a sloping
background; and the regions of the first and second Bragg peak. All counts have a Poisson
distribution.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

import slxrd
from slxrd.fitting.examples import SERIES
from slxrd.fitting.record.write import pattern_csv, write

STEP = 0.002
LOW, BRAGG = (0.05, 0.45), ((0.8, 1.4), (1.9, 2.4))
#: Counts of the low-angle signal where sin²(qw/2) and sin²(qd/2) are 1, and of its background.
GAP, SLOPE, DECAY, CONSTANT = 150.0, 6000.0, 0.06, 30.0
SEED = 2021


def grid(low: float, high: float) -> NDArray[np.float64]:
    """Return evenly spaced q in Å⁻¹, both ends included."""
    return np.round(low + STEP * np.arange(round((high - low) / STEP) + 1), 6)


def low_angle(q: NDArray[np.float64], values: Mapping[str, float], order: bool) -> NDArray[np.float64]:
    """Return the expected counts at low angles."""
    background = SLOPE * np.exp(-q / DECAY) + CONSTANT
    if not order:
        return background
    w = values["L"] - values["d"]
    sines = 0.5 * (1.0 - np.cos(q * w) * np.exp(-0.5 * (q * values["sigma_L"]) ** 2))
    return GAP * sines / np.sin(0.5 * q * values["d"]) ** 2 + background


def make(example: slxrd.SeriesExample, value: float, seed: int) -> str:
    """Simulate one pattern, and return it as CSV."""
    truth, order = example.truth[value], value < example.order_lost
    low, high = grid(*LOW), np.concatenate([grid(*ends) for ends in BRAGG])
    bragg = slxrd.simulate(high, truth, peak=example.counts[value])
    expected = np.concatenate((low_angle(low, truth, order), bragg.intensity))
    counts = np.random.default_rng(seed).poisson(expected).astype(float)
    metadata = {**bragg.metadata, f"{example.variable} ({example.unit})": f"{value:g}"}
    sigma = np.sqrt(np.maximum(expected, 1.0))
    q = np.concatenate((low, high))
    return pattern_csv(slxrd.Pattern(q, counts, sigma=sigma, metadata=metadata, history=bragg.history))


def main() -> None:
    """Write the patterns into the package."""
    for example in SERIES.values():
        folder = Path(__file__).parent.parent / "src" / "slxrd" / "io" / "examples" / example.name
        for i, value in enumerate(example.truth):
            write(folder / example.file(value), make(example, value, SEED + i))
            print(folder / example.file(value))


if __name__ == "__main__":
    main()
