"""Fit of a series of many patterns, compared with single fits one after the other."""

from __future__ import annotations

import multiprocessing
import os
import time

import numpy as np
from report import best_of, goal, heading, line, seconds

import slxrd
from slxrd.fitting.examples import SERIES

#: Number of patterns of a series that must be fitted within minutes on two cores.
LONG, MINUTES = 1000, 10.0


def series(count: int) -> None:
    """Fit patterns of an annealing series, two regions each, on all cores."""
    example = SERIES["cspbbr3-annealing"]
    values = np.linspace(25.0, 125.0, count)
    low, high = (example.truth[value] for value in (25.0, 125.0))
    q = np.round(np.arange(0.85, 2.4, 0.002), 6)
    patterns = [
        slxrd.simulate(
            q,
            {name: low[name] + (value - 25.0) / 100.0 * (high[name] - low[name]) for name in low},
            peak=1500.0,
            noise="counting",
            seed=seed,
        )
        for seed, value in enumerate(values.tolist())
    ]
    heading(f"A series of {count} patterns with search, two regions each, on {os.cpu_count()} cores")
    slxrd.fit(patterns[0], **example.options)
    (single,) = best_of(5, lambda: slxrd.fit(patterns[0], **example.options))
    before, start = os.times(), time.perf_counter()
    fit = slxrd.fit_series(patterns, values.tolist(), **example.options)
    wall = time.perf_counter() - start
    for process in multiprocessing.active_children():
        process.join()  # or else their time is not counted
    after = os.times()
    busy = sum(after[:4]) - sum(before[:4])
    line("a single fit by itself, on all cores", seconds(single))
    line("the series, fits from the neighbours included", seconds(wall))
    line("of which the processors were at work on it", seconds(busy))
    alone = busy / (os.cpu_count() or 1) / count * LONG / 60.0
    line(f"{LONG} patterns, had they all cores to themselves", f"{alone:.1f} min")
    line(f"single fit × {count}, in times the series", f"{single * count / wall:.2f}")
    whole = wall / count * LONG / 60.0
    goal(f"{LONG} patterns at that pace, min", whole, f"{whole:.1f} min", at_most=MINUTES)
    true = np.array([[low["L"] + (v - 25.0) / 100.0 * (high["L"] - low["L"])] for v in fit.series.values])[
        :, 0
    ]
    rows = [member.estimates["L"] for member in fit.members]
    right = sum(abs((row.value or 0.0) - L) < 1.0 for row, L in zip(rows, true.tolist(), strict=True))
    line("patterns whose best L is the true one", f"{right} of {count}")
    line("jumps between solutions that were said", f"{len(fit.jumps)}")
