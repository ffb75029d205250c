"""What results look like in an interactive session: short, whatever they contain."""

from dataclasses import dataclass

import numpy as np
import pytest
from example_fits import example_fit

import slxrd
from slxrd._short_repr import LONGEST, short_repr


@short_repr
@dataclass(frozen=True)
class Record:
    name: str
    numbers: object
    more: object = None


def test_arrays_and_mappings_are_abbreviated() -> None:
    assert repr(Record("a", np.zeros((3, 400)))) == "<Record name 'a', numbers <array 3×400>, more None>"
    found = repr(Record("x" * 1000, dict.fromkeys(range(1000), 1 / 3), tuple(range(1000))))
    assert len(found) <= LONGEST
    assert "0: 0.333333" in found


@pytest.mark.slow
def test_results_are_represented_in_a_line_or_two() -> None:
    example = slxrd.example("pbs-spheres")
    fit = example_fit("pbs-spheres")
    results = [
        example, fit, fit.parameters["d"], fit.solutions[0], fit.assessment, fit.budget, fit.regions[0],
        fit.ensemble, slxrd.diagnose(example.pattern()), slxrd.bootstrap(fit, 2), slxrd.crystal("CsPbBr3"),
        slxrd.example_series("cspbbr3-annealing"), slxrd.chi2_map(fit, "d"),
    ]  # fmt: skip
    for result in results:
        assert type(result).__name__ in repr(result)
        assert len(repr(result)) <= LONGEST
    estimate = fit.parameters["d"]
    assert (
        repr(estimate) == f"<Estimate {slxrd.fitting.result.summary.format_estimate(estimate)}, determined>"
    )
    assert repr(fit.parameters["L"]) == "<Estimate not determined, undetermined>"
