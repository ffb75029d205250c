"""The default background follows from the data: present where there is one, absent where there is none."""

from __future__ import annotations

import json

import numpy as np
import pytest

import slxrd
from slxrd.fitting.record.write import result_dictionary

TRUTH = {"d": 5.84, "L": 36.9, "sigma_L": 1.43, "N": 13.0, "sigma_N": 1.55, "q_zero": 0.0}
REGIONS = [(0.88, 1.28), (1.98, 2.33, 0.1)]
#: Backgrounds as fractions of the peak at both ends of the pattern.
BACKGROUNDS = {"constant": (0.03, 0.03), "down": (0.06, 0.012), "up": (0.01, 0.05)}


def cubes(ends: tuple[float, float], seed: int, peak: float = 1500.0) -> slxrd.Pattern:
    """Counts of cubes on a straight line."""
    q = np.arange(0.85, 2.4, 0.003)
    curve = slxrd.simulate(q, TRUTH, peak=peak).intensity + peak * np.linspace(*ends, q.size)
    return slxrd.Pattern(q, np.random.default_rng(seed).poisson(curve).astype(float))


@pytest.mark.slow
@pytest.mark.parametrize(("kind", "seed"), [("constant", 0), ("down", 1), ("up", 0)])
def test_a_background_under_the_peaks_does_not_move_L(kind: str, seed: int) -> None:
    fit = slxrd.fit(cubes(BACKGROUNDS[kind], seed), regions=REGIONS)
    L = fit.parameters["L"]
    if L.status == "ambiguous":  # then no value is printed, but the intervals
        assert any(low < TRUTH["L"] < high for low, high in L.interval_95)
    else:
        assert L.value == pytest.approx(TRUTH["L"], abs=4.0 * (L.error or 0.1))
    assert fit.settings.background in ("constant", "linear")
    assert fit.background_choice is not None
    assert fit.background_choice.evidence[fit.settings.background] > 10.0
    assert any(f"background: {fit.settings.background}" in note for note in fit.notes)
    stored = json.loads(json.dumps(result_dictionary(fit), default=dict))["input"]
    assert stored["background"] == fit.settings.background
    assert stored["background_evidence"]["none"] == 0.0


@pytest.mark.slow
def test_a_pattern_without_a_background_gets_none() -> None:
    pattern = cubes((0.0, 0.0), 1)
    fit, without = slxrd.fit(pattern, regions=REGIONS), slxrd.fit(pattern, regions=REGIONS, background="none")
    assert fit.settings.background == "none"
    assert without.background_choice is None
    assert fit.chi2 == pytest.approx(without.chi2, rel=1e-6)
    for name, estimate in without.parameters.items():
        if estimate.error:
            assert fit.parameters[name].value == pytest.approx(estimate.value, abs=0.02 * estimate.error)
            assert fit.parameters[name].error == pytest.approx(estimate.error, rel=0.1)
