"""Starts for stacks on a substrate from the period of their satellites."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from films_on_substrates import stack

import slxrd
from slxrd.fitting.api import setup
from slxrd.fitting.diagnosis.alternatives import fit_best
from slxrd.fitting.fit_options import prepare_objective
from slxrd.fitting.objective.residuals import Objective
from slxrd.fitting.request.declaration import collect
from slxrd.fitting.search.budget import Budget
from slxrd.fitting.search.film.fringes import fringe_periods
from slxrd.fitting.search.satellites.curves import stack_curves
from slxrd.fitting.search.satellites.scan import scan_satellites
from slxrd.instrument.diffractometer import Instrument
from slxrd.model.intensity import Model
from slxrd.parameters.parameter_set import Parameters
from slxrd.sample.stack import Stack

FILES = Path(__file__).parents[1] / "files"
PERIOD = 11 * 2.03 + 6.1


def prepared(pattern: slxrd.Pattern, **options: Any) -> tuple[Objective, Parameters]:
    """Objective and parameters of a stack of eight crystals on a substrate of 1.99 Å."""
    given = {"coherent": 8, "substrate": 1.99, "resolution": 0.0008, "background": "constant", **options}
    pattern, chosen = setup(pattern, collect(given))
    objective, _ = prepare_objective(pattern, chosen)
    return objective, chosen.parameters.within(objective.model.stack.table)


def options_of(pattern: slxrd.Pattern) -> dict[str, Any]:
    q = pattern.q
    return {"regions": [(float(q[0]), float(q[-1]))], "mask": [(3.147, 3.168)]}


@pytest.mark.slow
def test_the_structure_of_a_stack_on_a_substrate() -> None:
    """The number of crystals and σ_L are not those of the scan."""
    pattern = stack(seed=2)
    objective, parameters = prepared(pattern, **options_of(pattern))
    periods = fringe_periods(objective, 6.0, 120.0)
    assert min(abs(period - PERIOD) for period in periods[:3]) < 0.4
    scanned = scan_satellites(objective, parameters, Budget())
    assert scanned.decisive
    best = scanned.starts[0]
    assert best["N"] == 12.0
    assert best["d"] == pytest.approx(2.03, abs=0.02)
    assert 11.0 * best["d"] + best["L"] == pytest.approx(PERIOD, abs=0.3)


@pytest.mark.slow
def test_crystals_without_satellites() -> None:
    """Gaps of very different sizes leave one broad peak."""
    pattern = stack(sigma_L=3.0, seed=1)
    objective, parameters = prepared(pattern, **options_of(pattern))
    assert not scan_satellites(objective, parameters, Budget()).found


@pytest.mark.slow
def test_values_that_are_given_are_not_scanned() -> None:
    pattern = stack(seed=1)
    objective, parameters = prepared(
        pattern, **options_of(pattern), fix={"N": 11.0}, bounds={"L": (7.0, 9.0)}
    )
    scanned = scan_satellites(objective, parameters, Budget())
    assert scanned.starts
    assert {start["N"] for start in scanned.starts} == {11.0}
    assert all(7.0 <= start["L"] <= 9.0 for start in scanned.starts)


@pytest.mark.slow
def test_with_a_given_disorder_the_starts_are_tried_beside_others() -> None:
    """Nothing without order is calculated, so that the scan alone does not decide."""
    pattern = stack(seed=1)
    objective, parameters = prepared(pattern, **options_of(pattern), fix={"sigma_L": 0.25})
    scanned = scan_satellites(objective, parameters, Budget())
    assert scanned.starts[0]["N"] == 12.0
    assert scanned.found
    assert not scanned.decisive


@pytest.mark.slow
def test_no_structure_within_the_bounds() -> None:
    pattern = stack(seed=1)
    objective, parameters = prepared(pattern, **options_of(pattern), bounds={"d": (5.0, 6.0)})
    scanned = scan_satellites(objective, parameters, Budget())
    assert not scanned.starts
    assert not scanned.found


@pytest.mark.parametrize("layered", [False, True])
def test_curves_of_the_scan_are_sums_over_crystals(layered: bool) -> None:
    """Mean intensity and amplitude, crystal by crystal and pair by pair; the last one has no resolution."""
    q, count, spread, gap = np.linspace(2.7, 3.4, 200), 7, 0.3, 6.1
    layers = [(2.03, 12), (2.2, 7)][: 2 if layered else 1]
    names = ("d", "N", "d_B", "N_B")[: 2 * len(layers)]
    values = dict(zip(names, [float(value) for layer in layers for value in layer], strict=True))
    values |= {"L": gap, "sigma_L": spread}
    model = Model(Stack(coherent=count), Instrument(0.0))
    found = stack_curves(q, {name: np.array([value]) for name, value in values.items()}, model)
    bottoms, bodies = [0.0], []
    for d, N in layers * count:
        bodies.append(np.exp(1j * np.outer(q, d * np.arange(N))).sum(axis=1))
        bottoms.append(bottoms[-1] + (N - 1) * d + gap)
    amplitude, intensity = np.zeros(q.size, complex), np.zeros(q.size)
    for m, body in enumerate(bodies):
        amplitude += body * np.exp(1j * q * bottoms[m] - 0.5 * m * (q * spread) ** 2)
        for n, other in enumerate(bodies):
            phase = np.exp(1j * q * (bottoms[m] - bottoms[n]) - 0.5 * abs(m - n) * (q * spread) ** 2)
            intensity += (body * np.conj(other) * phase).real
    assert found.amplitude is not None
    np.testing.assert_allclose(found.intensity[:, 0], intensity, atol=1e-3 * intensity.max())
    np.testing.assert_allclose(found.amplitude[:, 0], amplitude, atol=1e-3 * np.abs(amplitude).max())


@pytest.mark.slow
def test_a_stack_that_looks_like_a_film() -> None:
    """Satellites that are taken for Laue fringes: a rejected film is replaced by a stack."""
    pattern = stack(
        substrate=2.06, strength=1.0, repeats=5, step=0.005, sigma=0.002, reach=3.2, peak=3e4, seed=5,
        draws=30,
    )  # fmt: skip
    assert slxrd.diagnose(pattern).proposal.kind == "film on substrate"
    given = collect({"resolution": 0.002, "systematics": "none", "budget": 60.0})
    fit = fit_best(pattern, given, setup)
    assert fit.stack.coherent == 5
    values = fit.minima[0].values
    assert values["N"] == pytest.approx(12.0, abs=0.7)
    assert values["L"] == pytest.approx(6.1, abs=0.2)
    assert any("were tried instead" in note for note in fit.notes)


@pytest.mark.slow
def test_a_stack_of_two_crystals_whose_fringes_are_those_of_one() -> None:
    """There are no satellites, and a film has nearly the same fringes."""
    pattern = stack(
        18, 2.178, 4.6, sigma_L=0.5, repeats=2, substrate=2.236, strength=0.6, peak=3e4, sigma=0.001,
        step=0.005, reach=6.0, seed=2, draws=100,
    )  # fmt: skip
    assert slxrd.diagnose(pattern).proposal.kind == "film on substrate"
    given = collect({"resolution": 0.001, "systematics": "none", "budget": 60.0})
    fit = fit_best(pattern, given, setup)
    assert fit.stack.coherent == 2
    assert fit.minima[0].values["N"] == pytest.approx(18.0, abs=0.6)
    assert fit.minima[0].values["L"] == pytest.approx(4.6, abs=0.2)


@pytest.mark.slow
def test_a_film_that_is_described_is_not_taken_for_a_stack() -> None:
    """Few counts: a stack of two crystals describes them too, with more parameters."""
    pattern = slxrd.read(FILES / "described-film.csv")
    assert slxrd.diagnose(pattern).proposal.reasons[-1] == "no fringes"
    fit = slxrd.fit(pattern, resolution=0.000976, noise="counting", systematics="none")
    assert fit.stack.coherent == 1
    assert not fit.rejected
    assert fit.parameters["L"].value is None
    assert fit.derived["thickness"].interval_95 or fit.derived["thickness"].error is not None


@pytest.mark.slow
def test_a_film_far_from_the_data_of_a_stack_is_rejected() -> None:
    """It has the envelope of the stack, and explains most; where one crystal is given, no stack is tried."""
    measured = slxrd.read(FILES / "stack-like-a-film.csv")
    every_second = slxrd.Pattern(measured.q[::2], measured.intensity[::2])
    fit = slxrd.fit(
        every_second, coherent=1, substrate=1.6631, mask=[(3.7626, 3.7934)],
        regions=[(2.7013, 4.6396)], resolution=0.00109, systematics="none",
    )  # fmt: skip
    assert fit.assessment.explained > 0.85  # the limit of all models
    assert fit.rejected
    assert fit.stack.coherent == 1
    assert fit.derived["thickness"].error is None
