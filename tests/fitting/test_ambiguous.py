"""What is said of a quantity that several solutions leave open, wherever it is said."""

from dataclasses import replace
from functools import cache

import numpy as np
import pytest

import slxrd
from slxrd.fitting.examples import EXAMPLES
from slxrd.fitting.result.fit import Fit
from slxrd.ui.demo import _against_truth
from slxrd.ui.plotting.fit import figure

TRUTH = {"d": 5.84, "L": 36.9, "sigma_L": 1.43, "N": 13.0, "sigma_N": 1.55}


@cache
def ambiguous() -> Fit:
    pattern = slxrd.simulate(np.arange(0.85, 1.3, 0.0025), TRUTH, noise=0.06, seed=3)
    return slxrd.fit(pattern, regions=[(0.88, 1.28)])


@pytest.mark.slow
def test_the_figure_says_so() -> None:
    assert ambiguous().parameters["L"].status == "ambiguous"
    (legend,) = figure(ambiguous()).texts[-1:]
    (line,) = [line for line in legend.get_text().splitlines() if line.startswith("L  ")]
    assert line.endswith("(ambiguous)")
    assert legend.get_text().splitlines()[-1].startswith("L = ")


@pytest.mark.slow
def test_the_demonstration_looks_whether_the_interval_holds_the_truth() -> None:
    example = replace(EXAMPLES["cspbbr3-cubes"], truth=TRUTH)
    (line,) = [line for line in _against_truth(example, ambiguous()) if line.split()[0] == "L"]
    assert line.endswith("36.9      ambiguous; inside the 95 % interval")
    off = replace(example, truth={**TRUTH, "L": 34.0})
    (line,) = [line for line in _against_truth(off, ambiguous()) if line.split()[0] == "L"]
    assert line.endswith("outside the 95 % interval")
