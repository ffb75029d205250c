"""Superlattices of two crystals in turn, measured or summed plane by plane, and a single layer."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from slxrd.data.corrections import correct_lorentz_polarisation, counting_statistics
from slxrd.data.pattern import Pattern
from slxrd.fitting.api import fit
from slxrd.fitting.result.fit import Fit
from slxrd.fitting.search.identity import exchangeable, exchanged, same
from slxrd.fitting.search.pairs.layers import beside, exact_periods, trial_layers
from slxrd.io.registry import read
from slxrd.model.simulation import simulate
from slxrd.parameters.parameter_set import Parameters
from slxrd.sample.stack import Stack

DATA = Path(__file__).parents[1] / "files"
#: What is known of layers that grow on one another: the gap between two, which does not fluctuate.
EPITAXIAL: dict[str, Any] = {
    "crystal": "InGaAs-001", "partner": "GaAs-001", "coherent": 3, "resolution": 0.0005, "noise": "counting",
    "background": "constant",
    "fix": {"L": 2.87, "sigma_L": 0.0, "q_zero": 0.0, "d_B": 2.8266},
    "bounds": {"sigma_N": (0.2, 3.0), "sigma_N_B": (0.2, 3.0)},
}  # fmt: skip


def period_of(values: Mapping[str, float]) -> float:
    return (values["N"] - 1.0) * values["d"] + (values["N_B"] - 1.0) * values["d_B"] + 2.0 * values["L"]


def measured(name: str, **options: Any) -> Fit:
    pattern = correct_lorentz_polarisation(counting_statistics(read(DATA / name)), 22.65)
    return fit(pattern, **options)


@pytest.mark.slow
def test_the_period_of_the_measured_superlattice() -> None:
    """Owners: 7.41 + 18.05 nm. A model without the substrate may be off by a plane, 2.9 Å."""
    found = measured("InGaAs_SL_68_re_m002.x00", regions=[(4.205, 4.375)], substrate="none", **EPITAXIAL)
    assert period_of(found.solutions[0].values) == pytest.approx(254.6, abs=2.9)
    assert found.reduced_chi2 < 3.0


@pytest.mark.slow
def test_a_single_layer_is_no_superlattice() -> None:
    found = measured(
        "Petri_GaAsP_bulk_003.x00", regions=[(4.5, 4.62)], coherent=10, resolution=0.0005, noise="counting",
        background="constant", substrate="none",
    )  # fmt: skip
    assert found.parameters["L"].status == "undetermined"
    assert any(note.startswith("no fringes") for note in found.notes)


def summed(q: np.ndarray, repeats: int, layers: list[tuple[int, float, float]]) -> np.ndarray:
    """|F|² of layers: numbers of planes, their distances and amplitudes."""
    amplitude, height = np.zeros(q.size, dtype=complex), 0.0
    for n, d, f in layers * repeats:
        places = height + d / 2.0 + d * np.arange(n)
        amplitude += f * np.exp(1j * np.outer(places, q)).sum(axis=0)
        height += n * d
    return np.abs(amplitude) ** 2


def counted(q: np.ndarray, intensity: np.ndarray, peak: float, seed: int) -> Pattern:
    counts = np.random.default_rng(seed).poisson(intensity * peak / intensity.max() + 25.0)
    return counting_statistics(Pattern(q, counts.astype(float)))


#: Repeats, layers and counts at the peak; many repeats are easier.
LAYERS = {
    "three": (3, [(8, 3.10, 1.0), (17, 3.22, 0.7)], 2e4, (1.72, 2.24)),
    "two": (2, [(11, 3.90, 1.0), (16, 4.00, 1.3)], 1e5, (1.40, 1.78)),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", list(LAYERS))
def test_layers_on_one_another_are_found_blind(name: str) -> None:
    """The gap and the ratio of amplitudes are known; sizes, plane distances and the period are not."""
    repeats, layers, peak, region = LAYERS[name]
    q = np.arange(region[0], region[1], 0.0009)
    (n, d, _), (n_B, d_B, f_B) = layers
    pattern = counted(q, summed(q, repeats, layers), peak, 1)
    found = fit(
        pattern, stack="alternating", coherent=repeats, noise="counting",
        background="constant", resolution=0.0, regions=[region],
        fix={"L": (d + d_B) / 2.0, "sigma_L": 0.0, "q_zero": 0.0, "f_B": f_B},
    )  # fmt: skip
    assert found.reduced_chi2 < 1.25
    best = found.solutions[0].values
    for parameter, truth, tolerance in (("d", d, 0.01), ("d_B", d_B, 0.01), ("N", n, 0.5), ("N_B", n_B, 0.5)):
        assert best[parameter] == pytest.approx(truth, abs=tolerance)
    # Narrow sizes: N is known to ± ⅓ only, but the mean size, and the period with it, much better.
    period = found.derived["period"]
    assert period.value is not None
    assert period.error is not None
    assert period.error < 0.3
    assert abs(period.value - n * d - n_B * d_B) < 4.0 * period.error + 0.05
    assert found.unique


def test_exchanged_crystals_are_the_same_stack() -> None:
    one = {
        "d": 3.96, "L": 3.9, "sigma_L": 0.1, "N": 13.0, "sigma_N": 0.3, "q_zero": 0.0, "d_B": 3.8,
        "N_B": 10.0, "sigma_N_B": 0.5, "dL_B": 0.4, "f_B": 1.25,
    }  # fmt: skip
    other = exchanged(one)
    q = np.arange(1.35, 1.71, 0.001)
    given: dict[str, Any] = {"stack": "alternating", "coherent": 6, "resolution": 0.001}
    curves = [simulate(q, values, **given).intensity for values in (one, other)]  # of the same maximum
    np.testing.assert_allclose(curves[1], curves[0], rtol=1e-9)
    assert exchanged(other) == pytest.approx(one)
    assert same(one, other, exchange=True)
    assert not same(one, other)
    assert exchangeable(Stack(stack="alternating"))
    assert not exchangeable(Stack())


def test_trial_layers_contain_the_truth() -> None:
    """From a rough period, one of the trial points has the whole numbers of planes, and nearly the d."""
    table = Stack(stack="alternating").table
    parameters = Parameters().within(table).fix(L=3.88, sigma_L=0.0, q_zero=0.0)
    period = 13 * 3.96 + 10 * 3.80
    satellite = 2.0 * np.pi * 23 / period
    assert any(abs(one - period) < 1e-9 for one in exact_periods(period + 1.5, satellite, 2.5))
    tried = list(trial_layers(parameters, [period + 1.5], satellite, 3.9))
    near = [
        t
        for t in tried
        if (t["N"], t["N_B"]) == (13.0, 10.0) and abs(t["d"] - 3.96) < 0.04 and t["L"] == 3.88
    ]
    assert near
    assert all(abs(period_of(t) - period) < 1e-6 for t in near)
    known = parameters.fix(d_B=3.80).start(N=13.0)
    assert {t["d_B"] for t in trial_layers(known, [period], satellite, 3.9)} == {3.80}
    assert {t["N"] for t in trial_layers(known, [period], satellite, 3.9)} == {13.0}


def test_neighbours_of_layers_have_other_whole_numbers_and_the_same_period() -> None:
    parameters = Parameters().within(Stack(stack="alternating").table).fix(L=3.88, sigma_L=0.0, q_zero=0.0)
    values = {
        "d": 3.96, "L": 3.88, "sigma_L": 0.0, "N": 12.8, "sigma_N": 0.2, "q_zero": 0.0, "d_B": 3.8,
        "N_B": 10.1, "sigma_N_B": 0.3,
    }  # fmt: skip
    around = beside(parameters, values)
    sizes = {(start["N"], start["N_B"]) for start in around}
    assert {(13.0, 10.0), (12.0, 11.0), (14.0, 9.0), (14.0, 10.0), (13.0, 9.0)} <= sizes
    period = 12 * 3.96 + 9 * 3.8 + 2 * 3.88
    assert sum(abs(period_of(start) - period) < 1e-9 for start in around) >= len(sizes)
    bounded = parameters.bound(N=(12.5, 13.5))
    assert {start["N"] for start in beside(bounded, values)} == {13.0}
