"""A simulated map in a new process: ``python benchmarks/maps.py [--patterns 100000]``."""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from report import goal, heading, line, machine, seconds

import slxrd

#: Two regions of 200 and 175 points, the structure, and the distance of planes in Å by which L jumps.
REGIONS = ((0.9, 1.3), (2.0, 2.35))
TRUE = {"d": 5.84, "L": 36.9, "sigma_L": 1.43, "N": 13.0, "sigma_N": 1.55}
#: Goals for 10⁵ patterns.
GOAL_SECONDS, GOAL_MEMORY, GOAL_PATTERNS = 120.0, 500.0, 100_000

_RUN = """
import json, os, resource, sys, time
import numpy as np
import slxrd
file, out = sys.argv[1:]
arrays = np.load(file + ".q.npy"), np.load(file, mmap_mode="r")
before, start = sum(os.times()[:2]), time.perf_counter()
steps = []
def report(done, of):
    steps.append((done, of, sum(os.times()[:2])))
found = slxrd.fit_map(*arrays, regions={regions}, folder=out, check=int({check}), report=report)
wall, busy = time.perf_counter() - start, sum(os.times()[:2]) - before
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
pulls = []
truth = np.load(file + ".truth.npy")
for k, name in enumerate(("d", "L")):
    pull = (found.value(name) - truth[..., k]) / found.error(name)
    pulls.append(float(np.nanmedian(np.abs(pull - np.nanmedian(pull)))))
# From the first block to the last; what comes before and after does not depend on the number of patterns.
share = (steps[-1][0] - steps[0][0]) / steps[-1][1]
each = (steps[-1][2] - steps[0][2]) / share / found.grade.size
print(json.dumps([wall, busy, peak, each, found.counts(), pulls]))
"""


def simulate(rows: int, columns: int, file: Path) -> None:
    """Simulate counts of a raster, in blocks: d and L vary smoothly, and L jumps by one d at a boundary."""
    q = np.concatenate([np.arange(low, high, 0.002) for low, high in REGIONS])
    raster = np.lib.format.open_memmap(file, "w+", dtype=np.uint16, shape=(rows, columns, q.size))
    truth = np.empty((rows, columns, 2))
    random = np.random.default_rng(0)
    phase = np.linspace(0.0, 2.0 * np.pi, 100)
    for side in (0, 1):
        for k, d in enumerate(np.linspace(5.83, 5.85, 10)):
            inside = slice(k * rows // 10, (k + 1) * rows // 10)
            L = TRUE["L"] + 0.4 * np.sin(phase) + side * d
            clean = [
                slxrd.simulate(q, {**TRUE, "d": d, "L": each}, peak=1000.0, background=10.0).intensity
                for each in L.tolist()
            ]
            half = slice(side * columns // 2, (side + 1) * columns // 2)
            which = np.linspace(0, 99, truth[inside, half].shape[1]).astype(int)
            for row in range(inside.start, inside.stop):
                raster[row, half] = random.poisson(np.array(clean)[which])
                truth[row, half] = np.column_stack([np.full(which.size, d), L[which]])
    raster.flush()
    np.save(f"{file}.q.npy", q)
    np.save(f"{file}.truth.npy", truth)


def maps(count: int, check: int = 50) -> None:
    """Fit a map in a new process, and a few of its patterns one by one."""
    rows = max(10, round(count**0.5 / 10) * 10)
    columns = max(2, 2 * round(count / rows / 2))
    heading(f"A map of {rows} × {columns} patterns, two regions each, on {os.cpu_count()} cores")
    with tempfile.TemporaryDirectory(dir=os.environ.get("TMPDIR")) as folder:
        file = Path(folder) / "raster.npy"
        simulate(rows, columns, file)
        done = subprocess.run(
            [sys.executable, "-c", _RUN.format(regions=REGIONS, check=check), str(file), f"{folder}/parts"],
            stdout=subprocess.PIPE, text=True, check=True,
        )  # fmt: skip
        wall, busy, peak, each, counts, pulls = json.loads(done.stdout)
        raster, q = np.load(file, mmap_mode="r"), np.load(f"{file}.q.npy")
        start = time.process_time()
        slxrd.fit(slxrd.Pattern(q, raster[0, 0], per_count=1.0), regions=REGIONS, noise="counting")
        first = time.process_time() - start
        start = time.process_time()
        slxrd.fit(slxrd.Pattern(q, raster[5, 0], per_count=1.0), regions=REGIONS, noise="counting")
        single = min(first, time.process_time() - start)
    number = rows * columns
    line("wall time", seconds(wall))
    line("processor time", seconds(busy))
    line("of which for the mean pattern and the check", seconds(max(busy - each * number, 0.0)))
    line("patterns per second and core, without these", f"{1.0 / each:.0f}")
    line("a single fit with search, processor time, in times a pattern", f"{single / each:.0f}")
    line("described, ambiguous", f"{counts['described']}, {counts['ambiguous']}")
    line(
        "median |deviation| / error less what is common, d, L (normal: 0.67)",
        " ".join(f"{p:.2f}" for p in pulls),
    )
    goal("peak memory, MB", peak / 1e6, f"{peak / 1e6:.0f} MB", at_most=GOAL_MEMORY)
    pace = (max(busy - each * number, 0.0) + each * GOAL_PATTERNS) / 2.0
    goal(
        f"{GOAL_PATTERNS} patterns on two cores at that pace, s", pace, f"{pace:.0f} s", at_most=GOAL_SECONDS
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--patterns", type=int, default=10_000, help="number of patterns, 10000 by default")
    parser.add_argument("--check", type=int, default=50, help="patterns that are searched in full")
    chosen = parser.parse_args()
    machine()
    maps(chosen.patterns, chosen.check)
