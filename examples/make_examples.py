"""Simulate the patterns that are packaged with slxrd: ``python examples/make_examples.py``."""

from __future__ import annotations

from pathlib import Path

import numpy as np

import slxrd
from slxrd.fitting.examples import EXAMPLES
from slxrd.fitting.record.write import pattern_csv, write


def make(example: slxrd.Example) -> str:
    """Simulate the pattern of an example, and return it as CSV."""
    settings = example.settings
    q = np.arange(round((settings["high"] - settings["low"]) / settings["step"]) + 1)
    q = q * settings["step"] + settings["low"]
    pattern = slxrd.simulate(
        np.round(q, 6), example.truth, peak=settings["peak"], noise="counting", seed=settings["seed"]
    )
    return pattern_csv(pattern)


def main() -> None:
    """Write the patterns into the package."""
    folder = Path(__file__).parent.parent / "src" / "slxrd" / "io" / "examples"
    for example in EXAMPLES.values():
        if example.truth:
            write(folder / example.file, make(example))
            print(folder / example.file)


if __name__ == "__main__":
    main()
