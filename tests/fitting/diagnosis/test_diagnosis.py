"""The diagnosis against patterns whose samples are known."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

import numpy as np
import pytest
from films_on_substrates import film, layered_crystals, superlattice

import slxrd
from slxrd.data.pattern import Pattern
from slxrd.errors import SlxrdError
from slxrd.fitting.diagnosis.diagnose import diagnose
from slxrd.fitting.examples import EXAMPLES, SERIES, example_series

FILES = Path(__file__).parents[2] / "files"


def noise(seed: int) -> Pattern:
    """Noise around a falling background: counts, scaled counts, or Gaussian noise."""
    rng = np.random.default_rng(seed)
    n = int(rng.choice([60, 200, 500, 1500]))
    q = np.linspace(rng.uniform(0.2, 1.0), rng.uniform(2.0, 5.0), n)
    level = 10.0 ** rng.uniform(-1.0, 4.0)
    expected = level * np.exp(-rng.uniform(0.0, 3.0) * (q - q[0]) / np.ptp(q))
    if seed % 3 == 0:
        values = rng.poisson(expected).astype(float)
    elif seed % 3 == 1:
        values = rng.poisson(expected) * rng.uniform(0.01, 50.0)
    else:
        values = rng.normal(expected, 0.03 * level)
    return Pattern(q, values, source=f"noise {seed}")


@pytest.mark.slow
def test_noise_shows_nothing() -> None:
    """300 patterns: no Bragg peak, no fringes, no substrate."""
    for seed in range(300):
        found = diagnose(noise(seed))
        assert found.proposal.kind == "no structure of this kind", (seed, str(found))
        assert not found.fringes
        assert found.substrate is None
        assert found.proposal.options == {}


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("thickness", [60.0, 150.0, 400.0])
def test_a_film_on_a_substrate(thickness: float, seed: int) -> None:
    d, substrate = 1.95, 1.935 + 0.03 * (seed % 2)
    N = round(thickness / d)
    pattern = film(N, d, substrate=substrate, strength=0.5 + 0.5 * seed, peak=1e7, seed=seed)
    found = diagnose(pattern)
    assert found.proposal.kind == "film on substrate", str(found)
    assert found.substrate is not None
    assert found.substrate.d == pytest.approx(substrate, rel=1e-3)
    low, high = found.proposal.options["mask"][0]
    assert low < 2.0 * np.pi / substrate < high
    laue = [period for period in found.fringes if period.kind == "Laue"]
    if laue:
        assert laue[0].period == pytest.approx(N * d, rel=0.1)
        assert abs(laue[0].period - N * d) < 3.0 * laue[0].error


@pytest.mark.parametrize("N", [60, 100, 200])
@pytest.mark.parametrize("seed", range(3))
def test_a_film_without_substrate(N: int, seed: int) -> None:
    found = diagnose(film(N, seed=seed))
    assert found.proposal.kind == "single film", str(found)
    assert found.substrate is None
    (laue,) = found.fringes
    assert laue.kind == "Laue"
    assert laue.period == pytest.approx(N * 1.95, rel=0.02)
    assert abs(laue.period - N * 1.95) < 5.0 * laue.error
    options = found.proposal.options
    assert options["coherent"] == 1
    assert options["start"]["N"] == pytest.approx(N, rel=0.02)
    assert options["start"]["d"] == pytest.approx(1.95, rel=1e-3)
    assert "--coherent 1" in found.proposal.command


@pytest.mark.parametrize("sigma", [0.0004, 0.001, 0.002])
def test_the_resolution_is_an_upper_limit(sigma: float) -> None:
    found = diagnose(film(150, sigma=sigma)).resolution
    assert found is not None
    assert sigma < 1.2 * found.sigma
    assert found.sigma < 0.003


@pytest.mark.slow
@pytest.mark.parametrize("step", [0.002, 0.004])
@pytest.mark.parametrize("noise", [0.003, 0.01, 0.03])
def test_fringes_on_a_flank_are_no_sharp_peaks(noise: float, step: float) -> None:
    """Simulated stacks of many sizes and gaps, measured with σ_G = 0.007 Å⁻¹: no limit is below it.

    What is above the minima beside a fringe on the flank of a Bragg peak had half that width.
    """
    random = np.random.default_rng(1)
    for seed in range(20):
        d = random.uniform(2.8, 6.2)
        values = {
            "d": d,
            "L": random.uniform(25.0, 50.0),
            "sigma_L": random.uniform(0.3, 2.0),
            "N": random.uniform(35.0, 90.0) / d,
            "sigma_N": random.uniform(0.5, 2.0),
        }
        q = np.arange(0.6 * 2.0 * np.pi / d, 2.4 * 2.0 * np.pi / d, step)
        found = diagnose(slxrd.simulate(q, values, noise=noise, seed=seed)).resolution
        assert found is None or found.sigma > 0.9 * 0.007, (values, found)


def test_the_width_of_a_satellite_is_not_that_above_its_minima() -> None:
    """A simulated stack with one high minimum beside the second satellite."""
    values = {"d": 5.8989, "L": 55.015, "sigma_L": 0.362, "N": 21.178, "sigma_N": 1.051}
    for seed in range(3):
        found = diagnose(slxrd.simulate(np.arange(0.65, 2.5, 0.003), values, noise=0.028, seed=seed))
        assert found.resolution is not None
        assert found.resolution.sigma > 0.9 * 0.007


@pytest.mark.parametrize("repeats", [4, 5, 6, 8])
def test_a_superlattice_of_few_repetitions(repeats: int) -> None:
    found = diagnose(superlattice(repeats))
    assert found.proposal.kind == "multilayer", str(found)
    (period,) = found.fringes
    assert period.period == pytest.approx(13 * 3.96 + 10 * 3.80, rel=0.02)
    assert found.proposal.options["coherent"] == pytest.approx(repeats, abs=1)


@pytest.mark.parametrize("d", [8.2, 9.86, 12.9, 15.0])
@pytest.mark.parametrize("seed", range(4))
def test_layered_crystals_have_no_superlattice(d: float, seed: int) -> None:
    strengths = 10.0 ** np.random.default_rng(seed).uniform(-1.3, 0.0, int(4.0 * d / 2.0 / np.pi))
    found = diagnose(layered_crystals(d, strengths.tolist(), seed=seed))
    assert found.proposal.kind == "crystals without a superlattice", str(found)
    assert found.series[0].d == pytest.approx(d, rel=2e-3)
    assert found.substrate is None


@pytest.mark.parametrize("name", [name for name in EXAMPLES if name != "cumnsb-film"])
def test_simulated_examples_are_stacks(name: str) -> None:
    found = diagnose(EXAMPLES[name].pattern())
    assert found.proposal.kind == "stack", str(found)
    assert "coherent" not in found.proposal.options
    assert found.substrate is None


@pytest.mark.slow
def test_a_series_is_of_stacks() -> None:
    for pattern in example_series(next(iter(SERIES))).patterns().values():
        assert diagnose(pattern).proposal.kind == "stack"


@pytest.mark.slow
@pytest.mark.parametrize("sigma_L", [0.5, 1.0, 1.5, 2.0, 2.5, 3.0])
def test_stacks_are_never_crystals(sigma_L: float) -> None:
    """Twelve each: plain fringes, shoulders only, and none; where there are none a stack is not excluded."""
    for seed in range(12):
        rng = np.random.default_rng((seed, round(10 * sigma_L)))
        d, N, L = rng.uniform(2.9, 6.1), rng.uniform(4.0, 18.0), rng.uniform(18.0, 40.0)
        truth = {"d": d, "N": N, "L": L, "sigma_L": sigma_L, "sigma_N": 0.1 * N, "q_zero": 0.0}
        low = max(0.45, 2.0 * np.pi / d - rng.uniform(0.2, 0.5))
        q = np.arange(low, low + rng.uniform(0.6, 2.0), 0.002)
        intensity = slxrd.simulate(q, truth).intensity
        peak = 10.0 ** rng.uniform(2.5, 5.0)
        counts = rng.poisson(peak * (intensity / intensity.max() + rng.uniform(0.0, 0.03))).astype(float)
        found = diagnose(Pattern(q, counts, source=str(truth)))
        assert found.proposal.kind == "stack", str(found)


def test_the_measured_film() -> None:
    """CuMnSb 002 on InAs: film at 29.1°, substrate at 29.46°, 368 ± 4 Å by eye."""
    found = diagnose(slxrd.read(FILES / "H1202_o2t_fine_002.xrdml"))
    assert found.proposal.kind == "film on substrate"
    assert found.substrate is not None
    assert (found.substrate.material, found.substrate.plane) == ("InAs", "200")
    (laue,) = found.fringes
    assert laue.count >= 8
    assert laue.period == pytest.approx(368.0, abs=4.0)
    film_peak = next(peak for peak in found.peaks if peak.kind == "Bragg")
    assert film_peak.q == pytest.approx(4.0 * np.pi / 1.540598 * np.sin(np.radians(29.1 / 2)), abs=1e-3)


def test_masked_points_are_known() -> None:
    pattern = slxrd.read(FILES / "H1202_o2t_fine_002.xrdml").to_q().masked(2.064, 2.086)
    found = diagnose(pattern)
    assert found.substrate is not None
    assert next(peak for peak in found.peaks if peak.kind == "substrate").masked


def measured(name: str) -> Pattern:
    return slxrd.read(FILES / name, axis="2theta", wavelength="CuKa")


@pytest.mark.parametrize("corrected", [False, True])
def test_measured_layered_crystals(corrected: bool) -> None:
    pattern = measured("Cs3Bi2Br9_a200_Rat21_2-Theta_Omega.xy")
    found = diagnose(slxrd.correct_lorentz_polarisation(pattern) if corrected else pattern)
    assert found.proposal.kind == "crystals without a superlattice"
    assert found.series[0].d == pytest.approx(9.85, abs=0.02)
    assert found.series[0].orders == (1, 2, 3, 5, 6)


@pytest.mark.parametrize("name", ["TwoTheta_scan_powder.rasx", "xrdpattern_bruker.raw"])
def test_measured_powders_are_crystals_in_all_directions(name: str) -> None:
    found = diagnose(slxrd.read(FILES / name))
    assert found.proposal.kind == "crystals without a superlattice"
    assert "crystals in all directions" in found.proposal.reasons[0]


def test_a_peak_at_low_angles() -> None:
    """Lamellae of 12.9 Å on a falling background, below the limit of the search for regions."""
    q = np.arange(0.15, 2.1, 0.0014)
    rng = np.random.default_rng(1)
    expected = 9e3 * np.exp(-1.2 * q) + 1.7e5 * np.exp(-4.0 * np.log(2.0) * ((q - 0.488) / 0.0245) ** 2)
    found = diagnose(Pattern(q, rng.poisson(expected).astype(float)))
    (peak,) = found.peaks
    assert peak.q == pytest.approx(0.488, abs=5e-4)
    assert peak.height == pytest.approx(1.7e5, rel=0.02)
    assert peak.width == pytest.approx(0.0245, rel=0.03)
    assert found.proposal.kind == "crystals without a superlattice"


@pytest.mark.parametrize("away", [0.02, -0.02])
def test_a_peak_at_the_end_of_the_data(away: float) -> None:
    q = np.linspace(1.0, 2.0, 500)
    centre = 1.0 + away if away > 0.0 else 2.0 + away
    expected = 20.0 + 2e3 * np.exp(-4.0 * np.log(2.0) * ((q - centre) / 0.03) ** 2)
    found = diagnose(Pattern(q, np.random.default_rng(3).poisson(expected).astype(float)))
    assert found.peaks[0].q == pytest.approx(centre, abs=2e-3)


def test_a_material_names_the_plane() -> None:
    pattern = film(200, 1.938, substrate=3.905 / 2.0, strength=20.0, peak=1e7)
    found = diagnose(pattern, material="SrTiO3")
    assert found.substrate is not None
    assert (found.substrate.material, found.substrate.plane) == ("SrTiO3", "200")
    assert found.substrate.others == ()
    with pytest.raises(SlxrdError, match="kryptonite"):
        diagnose(pattern, material="kryptonite")


def test_order_is_that_of_the_strongest_peak() -> None:
    first, second = diagnose(film(100)), diagnose(film(100), order=2)
    assert second.proposal.options["start"]["d"] == pytest.approx(
        2.0 * first.proposal.options["start"]["d"], abs=2e-4
    )
    with pytest.raises(SlxrdError, match="order"):
        diagnose(film(100), order=0)


def test_too_few_points() -> None:
    with pytest.raises(SlxrdError, match="too few"):
        diagnose(Pattern(np.linspace(1.0, 2.0, 10), np.ones(10)))


def test_a_constant_pattern() -> None:
    found = diagnose(Pattern(np.linspace(1.0, 2.0, 100), np.full(100, 7.0)))
    assert found.proposal.kind == "no structure of this kind"


def test_the_text_is_complete() -> None:
    text = str(diagnose(film(150, substrate=1.965, strength=10.0)))
    for word in ("substrate", "fringes", "resolution", "proposal", "command", "because"):
        assert word in text


def test_the_command_reads_the_examples_from_their_file() -> None:
    path = str(files("slxrd.io.examples") / "H1202_o2t_fine_002.xrdml")
    assert diagnose(slxrd.read(path)).proposal.command.startswith(f"slxrd fit {path} ")


@pytest.mark.parametrize("seed", range(3))
def test_a_film_hidden_by_its_substrate(seed: int) -> None:
    """Only its Laue fringes are seen beside the substrate's peak."""
    d, N, substrate = 3.64, 15, 3.70
    pattern = film(N, d, substrate=substrate, strength=3.0, peak=3e7, half=0.55, seed=seed)
    found = diagnose(pattern)
    assert found.proposal.kind == "film on substrate", str(found)
    assert found.substrate is not None
    assert found.substrate.d == pytest.approx(substrate, rel=1e-3)
    (laue,) = found.fringes
    assert laue.period == pytest.approx(N * d, rel=0.12)


def test_a_weak_maximum_is_measured_without_its_strong_neighbour() -> None:
    q = np.arange(2.9, 3.9, 0.0004)
    strong = 3e5 * np.exp(-0.5 * ((q - 3.4) / 0.0006) ** 2)
    weak = 3.0 * np.exp(-0.5 * ((q - 3.5) / 0.03) ** 2)
    counts = np.random.default_rng(0).poisson(strong + weak + 5.0).astype(float)
    found = diagnose(Pattern(q, counts, per_count=1.0, source="simulated"))
    _, near = found.peaks
    assert near.q == pytest.approx(3.5, abs=0.02)
    assert near.height == pytest.approx(3.0, rel=0.5)
    assert near.width == pytest.approx(2.3548 * 0.03, rel=0.4)
