"""Options of a fit that are not given come from the diagnosis; those that are given stay."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from films_on_substrates import film, layered_crystals, superlattice

from slxrd.data.pattern import Pattern
from slxrd.errors import SlxrdError
from slxrd.fitting.api import fit, setup
from slxrd.fitting.assessment.difference import with_other_lattices
from slxrd.fitting.diagnosis.diagnose import diagnose
from slxrd.fitting.diagnosis.options import NothingToFitError, complete
from slxrd.fitting.examples import EXAMPLES
from slxrd.fitting.pipeline import fit_pattern
from slxrd.fitting.request.declaration import collect
from slxrd.fitting.result.fit import Estimate
from slxrd.model.simulation import simulate

ON_SUBSTRATE = film(150, 1.95, substrate=1.965, strength=10.0, peak=1e7)
ALONE = film(150, 1.95)


def completed(pattern: Pattern, **given: Any) -> dict[str, Any]:
    return complete(pattern, collect(given))[0]


def test_a_film_on_a_substrate() -> None:
    options, notes = complete(ON_SUBSTRATE, collect({}))
    assert options["coherent"] == 1
    assert options["substrate"] == pytest.approx(1.965, rel=1e-3)
    ((low, high),) = options["mask"]
    assert low < 2.0 * np.pi / 1.965 < high
    assert options["resolution"] < 0.002
    (note,) = notes
    for word in ("film on substrate", "--coherent 1", "--mask", "--substrate", "--resolution", "upper limit"):
        assert word in note


def test_a_resolution_larger_than_the_sharpest_peak_allows_is_noted() -> None:
    limit = diagnose(ON_SUBSTRATE).resolution
    assert limit is not None
    given = round(2.0 * limit.sigma, 5)
    options, notes = complete(ON_SUBSTRATE, collect({"resolution": given}))
    assert options["resolution"] == given
    expected = f"σ_G = {given:.3g} Å⁻¹ (--resolution) is larger than the sharpest peak of the pattern allows"
    assert any(note.startswith(expected) and f"{limit.sigma:.3g} Å⁻¹" in note for note in notes)
    _, notes = complete(ON_SUBSTRATE, collect({"resolution": limit.sigma}))
    assert not any("sharpest peak" in note for note in notes)


@pytest.mark.slow
def test_that_the_resolution_is_too_wide_is_said_once() -> None:
    values = {"d": 5.84, "N": 60.0, "sigma_N": 1.0}
    q = np.arange(0.9, 1.25, 0.002)
    thin = simulate(q, values, coherent=1, resolution=0.001, peak=5000.0, noise="counting", seed=1)
    masked, options = setup(thin, collect({"coherent": 1, "resolution": 0.03, "budget": 1.0}))
    assert options.resolution_note in options.notes
    notes = fit_pattern(masked, options, intervals=False).notes
    (note,) = [note for note in notes if "--resolution" in note]
    assert note.startswith("the peak at 1.076 Å⁻¹ has a width of")


@pytest.mark.parametrize(
    "given",
    [
        {"coherent": 7},
        {"resolution": 0.003},
        {"resolution": 0.0},
        {"mask": [(3.15, 3.2)]},
        {"regions": [(3.0, 3.4)]},
        {"substrate": "none"},
        {"substrate": 1.9},
    ],
)
def test_what_is_given_stays(given: dict[str, Any]) -> None:
    options = completed(ON_SUBSTRATE, **given)
    for name, value in given.items():
        assert options[name] == value


@pytest.mark.parametrize(
    "given",
    [
        {"start": {"L": 30.0}},
        {"fix": {"sigma_L": 1.0}},
        {"bounds": {"L": (20.0, 40.0)}},
        {"prior": {"L": (30.0, 2.0)}},
        {"ligand": "C18"},
        {"stack": "mixed"},
        {"crystal": "CsPbBr3:Br"},
        {"coherent": 40},
    ],
)
def test_a_stack_stays_a_stack(given: dict[str, Any]) -> None:
    """The peak of the substrate is masked and modelled all the same."""
    options = completed(ON_SUBSTRATE, **given)
    assert options["coherent"] == 40
    assert options["regions"] == ()
    assert options["substrate"] == pytest.approx(1.965, rel=1e-3)
    assert options["mask"]


def test_a_region_without_the_substrate_gets_it() -> None:
    options = completed(ON_SUBSTRATE, regions=[(3.235, 3.5)])
    assert options["coherent"] == 1
    assert options["substrate"] == pytest.approx(1.965, rel=1e-3)


def test_nothing_is_diagnosed_if_all_is_given() -> None:
    given = {"coherent": 40, "resolution": 0.007, "substrate": "none"}
    options, notes = complete(ON_SUBSTRATE, collect(given))
    assert (options, notes) == (collect(given), ())


def test_the_usual_values_of_a_stack() -> None:
    options, notes = complete(EXAMPLES["cspbbr3-cubes"].pattern(), collect({}))
    assert (options["coherent"], options["resolution"], options["substrate"]) == (40, 0.007, "none")
    assert notes == ()


def test_crystals_are_not_fitted() -> None:
    pattern = layered_crystals(9.86, [1.0, 0.6, 0.9, 0.02, 0.2, 0.3])
    with pytest.raises(NothingToFitError, match="crystals without a superlattice") as raised:
        complete(pattern, collect({}))
    assert raised.value.found.series[0].d == pytest.approx(9.86, rel=2e-3)
    assert completed(pattern, regions=[(1.8, 2.0)])["coherent"] == 1
    assert completed(pattern, coherent=40)["coherent"] == 40
    assert completed(pattern, start={"L": 20.0})["coherent"] == 40


def hidden_stack(seed: int) -> tuple[dict[str, float], Pattern]:
    """A simulated stack whose gap is nearly a whole number of planes: one peak beside 2π/d."""
    truth = {"d": 5.591, "L": 12.042, "sigma_L": 0.401, "N": 24.16, "sigma_N": 1.16}
    return truth, simulate(np.arange(0.68, 1.57, 0.003), truth, noise=0.032, seed=seed)


def test_one_peak_without_fringes_may_be_of_a_stack() -> None:
    """Where a region is given, it is fitted as a stack, with single crystals as a rival."""
    _, pattern = hidden_stack(1)
    with pytest.raises(NothingToFitError):
        complete(pattern, collect({}))
    assert completed(pattern, regions=[(0.74, 1.51)])["coherent"] == 40


@pytest.mark.slow
def test_planes_of_a_hidden_stack_are_not_those_of_single_crystals() -> None:
    """The maximum of a stack is beside 2π/d, so that d has the difference of both models as an error."""
    truth, pattern = hidden_stack(2)
    found = fit(pattern, regions=[(0.74, 1.51)], systematics="none", budget=200.0)
    ((low, high),) = found.parameters["d"].interval_95 or [_two_errors(found.parameters["d"])]
    assert low < truth["d"] < high
    for name in ("L", "N"):
        estimate = found.parameters[name]
        assert estimate.value is None or any(a < truth[name] < b for a, b in estimate.interval_95), name


@pytest.mark.slow
def test_planes_of_a_hidden_stack_that_are_fixed_or_tied_have_no_other_error() -> None:
    truth, pattern = hidden_stack(2)
    near = {"bounds": {"L": (11.0, 13.0), "N": (20.0, 28.0)}, "coherent": 6, "systematics": "none"}
    for given in ({"fix": {"d": truth["d"]}}, {"tie": {"d": "L/2.154"}}):
        found = fit(pattern, regions=[(0.74, 1.51)], **near, **given)
        assert "d" not in found.names
        assert with_other_lattices(found, [5.6]).parameters["d"] == found.parameters["d"]


def _two_errors(estimate: Estimate) -> tuple[float, float]:
    assert estimate.value is not None
    assert estimate.error is not None
    return estimate.value - 2.0 * estimate.error, estimate.value + 2.0 * estimate.error


def test_noise_is_not_fitted() -> None:
    pattern = Pattern(np.linspace(1.0, 2.0, 300), np.random.default_rng(0).poisson(20.0, 300).astype(float))
    with pytest.raises(NothingToFitError, match="no structure of this kind"):
        complete(pattern, collect({}))
    assert completed(pattern, regions=[(1.2, 1.6)])["coherent"] == 40


def test_order_sets_the_plane_distance() -> None:
    options = completed(ALONE, order=2)
    assert options["start"]["d"] == pytest.approx(3.9, rel=1e-3)
    low, high = options["bounds"]["d"]
    assert low < 3.9 < high
    assert completed(ALONE, order=2, fix={"d": 3.9})["start"] is None


def test_a_material_without_its_plane() -> None:
    pattern = film(150, 1.93, substrate=3.905 / 2.0, strength=10.0, peak=1e7)
    assert completed(pattern, substrate="SrTiO3")["substrate"] == "SrTiO3:200"
    with pytest.raises(SlxrdError, match="no peak of a substrate"):
        complete(pattern, collect({"substrate": "Si"}))


def test_few_repetitions() -> None:
    options = completed(superlattice(6))
    assert options["coherent"] == 6
    assert len(options["regions"]) == 1


def test_the_objects_of_the_fit() -> None:
    pattern, chosen = setup(ON_SUBSTRATE, collect({}))
    assert chosen.stack.coherent == 1
    assert chosen.stack.substrate is not None
    assert pattern.mask.any()
    assert chosen.request["coherent"] == 1
    assert len(chosen.notes) == 1
