"""The line of the variance against the intensity, without SciPy's optimisers."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from scipy.optimize import nnls

from slxrd.fitting.diagnosis.noise import _not_negative_line


@pytest.mark.parametrize("seed", range(6))
def test_it_is_the_best_line_that_is_not_negative(seed: int) -> None:
    """In each of its cases: both free, no constant, no slope, neither."""
    chance = np.random.default_rng(seed)
    seen = set()
    for constant, slope in ((2.0, 3.0), (-2.0, 3.0), (3.0, -0.5), (-2.0, -3.0)) * 5:
        x = np.sort(chance.uniform(0.0, 5.0, 12))
        y = constant + slope * x + chance.normal(0.0, 0.1, 12)
        weight = chance.uniform(0.2, 4.0, 12)
        expected, _ = nnls(np.column_stack((weight, weight * x)), weight * y)
        found = _not_negative_line(x, y, weight)
        assert found == pytest.approx(tuple(expected), rel=1e-9, abs=1e-12)
        seen.add((found[0] > 0.0, found[1] > 0.0))
    assert seen == {(True, True), (False, True), (True, False), (False, False)}


def test_equal_intensities_give_their_variance() -> None:
    constant, slope = _not_negative_line(np.full(5, 4.0), np.full(5, 8.0), np.ones(5))
    assert constant + 4.0 * slope == pytest.approx(8.0)


@pytest.mark.slow
def test_a_pattern_that_is_no_counts_is_diagnosed_without_scipys_optimisers(tmp_path: Path) -> None:
    code = (
        "import sys, slxrd\n"
        "pattern = slxrd.example('cspbbr3-cubes').pattern()\n"
        "scaled = slxrd.Pattern(pattern.q, pattern.intensity / pattern.intensity.max())\n"
        "print(slxrd.diagnose(scaled).proposal.kind, 'scipy.optimize' in sys.modules)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=tmp_path, timeout=120
    )
    assert done.stdout == "stack False\n", done.stderr
