"""Time to read files of every format, and to correct a pattern."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from report import best_of, goal, heading, line, seconds

import slxrd

DATA = Path(__file__).parent.parent / "tests" / "data"


def files(rounds: int) -> None:
    """Read all sample files of the tests, and correct a pattern of 1000 points."""
    heading("Files")
    slowest, which, count = 0.0, "", 0
    for path in sorted(DATA.iterdir()):
        options = {"wavelength": "CuKa1", "axis": "2theta" if path.suffix == ".xy" else None}
        try:
            slxrd.read(path, **options)
        except slxrd.SlxrdError:
            continue
        (taken,) = best_of(rounds, lambda path=path, options=options: slxrd.read(path, **options))
        count += 1
        if taken > slowest:
            slowest, which = taken, path.name
    line("files read", str(count))
    goal(f"the slowest, {which}", slowest, seconds(slowest), at_most=0.2)
    counts = np.random.default_rng(0).poisson(100.0, 1000).astype(float)
    pattern = slxrd.Pattern(
        np.linspace(10.0, 60.0, 1000), counts, axis="2theta", wavelength=1.540593, per_count=1.0
    )
    (taken,) = best_of(
        rounds, lambda: slxrd.counting_statistics(slxrd.correct_lorentz_polarisation(pattern)).to_q()
    )
    goal("1000 points: Lorentz-polarisation, σ of counts, 2θ to q", taken, seconds(taken), at_most=0.001)
