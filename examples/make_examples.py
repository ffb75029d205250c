"""Make the simulated patterns that come with slxrd: ``python examples/make_examples.py``."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from slxrd.fitting.examples import EXAMPLES, Example
from slxrd.fitting.record.write import pattern_csv, write
from slxrd.model.simulation import simulate


def make(example: Example) -> str:
    """Simulate an example and lay it out as CSV."""
    how = example.settings
    q = np.arange(round((how["high"] - how["low"]) / how["step"]) + 1) * how["step"] + how["low"]
    pattern = simulate(np.round(q, 6), example.truth, peak=how["peak"], noise="counting", seed=how["seed"])
    return pattern_csv(pattern)


def main() -> None:
    folder = Path(__file__).parent.parent / "src" / "slxrd" / "io" / "examples"
    for example in EXAMPLES.values():
        if example.truth:
            write(folder / example.file, make(example))
            print(folder / example.file)


if __name__ == "__main__":
    main()
