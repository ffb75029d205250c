import math
from collections.abc import Callable

import numpy as np
import pytest
from scipy.integrate import quad

from slxrd.data.baseline import subtract_background
from slxrd.data.correction_factors import film_absorption, footprint
from slxrd.data.corrections import (
    correct_absorption,
    correct_footprint,
    correct_lorentz_polarisation,
    counting_statistics,
    lorentz_polarisation,
    undo_correction,
    with_counting_sigma,
)
from slxrd.data.pattern import Pattern
from slxrd.errors import SlxrdError
from slxrd.sample.form_factors import attenuation

LAMBDA = 1.540593
#: Wavelength of 8 keV, at which the tables below stand.
EIGHT_KEV = 12398.4198 / 8000.0
#: Mass attenuation coefficients at 8 keV in cm²/g: Hubbell and Seltzer, NISTIR 5632 (1995).
NIST = {"Al": 50.33, "Si": 64.68, "Cu": 52.55, "Pb": 228.7, "H2O": 10.37}


@pytest.fixture
def scan() -> Pattern:
    two_theta = np.linspace(2.0, 60.0, 59)
    intensity = 100.0 + 10.0 * np.arange(59.0)
    return Pattern(
        two_theta, intensity, axis="2theta", wavelength=LAMBDA, sigma=np.sqrt(intensity), per_count=2.0
    )


@pytest.mark.parametrize(("formula", "expected"), NIST.items())
def test_attenuation_is_that_of_nist(formula: str, expected: float) -> None:
    assert attenuation(formula, 1.0, EIGHT_KEV) == pytest.approx(expected, rel=2e-3)


def test_attenuation_goes_with_density_and_adds_by_mass() -> None:
    assert attenuation("Cu", 8.96, EIGHT_KEV) == pytest.approx(8.96 * 52.55, rel=2e-3)
    mixed = (207.2 * 228.7 + 4 * 26.98 * 50.33) / (207.2 + 4 * 26.98)
    assert attenuation("PbAl4", 1.0, EIGHT_KEV) == pytest.approx(mixed, rel=2e-3)
    assert attenuation("Pb0.5(Al)2", 1.0, EIGHT_KEV) == pytest.approx(mixed, rel=2e-3)


def test_attenuation_jumps_at_the_edge() -> None:
    # The K edge of bromine lies at 13.474 keV, 0.9202 Å.
    assert attenuation("Br", 1.0, 0.918) > 5.0 * attenuation("Br", 1.0, 0.922)


@pytest.mark.parametrize("formula", ["", "cspbbr3", "Xx2", "Cs(Pb", "Cs-1", "H0", "Og", "Lr"])
def test_formulae_refused(formula: str) -> None:
    with pytest.raises(SlxrdError, match="formula"):
        attenuation(formula, 1.0, LAMBDA)


@pytest.mark.parametrize("density", [0.0, -1.0, math.nan, math.inf])
def test_densities_refused(density: float) -> None:
    with pytest.raises(SlxrdError, match="density"):
        attenuation("Si", density, LAMBDA)


@pytest.mark.parametrize("wavelength", [0.0, math.nan, 0.01, 200.0])
def test_wavelengths_refused(wavelength: float) -> None:
    with pytest.raises(SlxrdError, match="wavelength"):
        attenuation("Si", 2.33, wavelength)


@pytest.mark.parametrize("two_theta", [1.5, 15.0, 90.0, 170.0])
@pytest.mark.parametrize("thickness", [300.0, 2e4, 3e5])
def test_absorption_by_layers(two_theta: float, thickness: float) -> None:
    """Every layer at depth t is weakened on its way in and out."""
    mu = 900.0
    path = 2.0 * mu * 1e-8 / math.sin(math.radians(two_theta / 2.0))
    depth = [k / path for k in (1.0, 5.0, 25.0) if k / path < thickness]
    film = quad(lambda t: math.exp(-path * t), 0.0, thickness, epsabs=0.0, points=depth or None)
    factor = float(film_absorption(two_theta, thickness, mu))
    assert factor == pytest.approx(film[0] * path, rel=1e-8)


def test_absorption_of_thin_and_thick_films() -> None:
    # 2μT/sin θ with sin 15° = 0.258819; and everything.
    assert float(film_absorption(30.0, 1e-3, 100.0)) == pytest.approx(2e-9 / 0.2588190451, rel=1e-6)
    assert film_absorption([5.0, 150.0], 1e9, 100.0).tolist() == pytest.approx([1.0, 1.0], abs=1e-12)


@pytest.mark.parametrize(
    ("thickness", "mu"), [(0.0, 1.0), (-5.0, 1.0), (math.nan, 1.0), (1.0, 0.0), (1.0, math.inf)]
)
def test_absorption_refused(thickness: float, mu: float) -> None:
    with pytest.raises(SlxrdError, match="positive"):
        film_absorption(10.0, thickness, mu)


def caught(profile: Callable[[float], float], shown: float) -> float:
    return float(quad(profile, -shown / 2.0, shown / 2.0, points=[-0.5, 0.5])[0])


@pytest.mark.parametrize("two_theta", [0.5, 2.0, 5.5, 20.0, 90.0])
def test_footprint_by_integration(two_theta: float) -> None:
    width, length = 1.0, 18.0
    shown = length * math.sin(math.radians(two_theta / 2.0))
    sigma = width / 2.354820045
    box = caught(lambda x: float(abs(x) <= width / 2.0) / width, shown)
    bell = caught(lambda x: math.exp(-0.5 * (x / sigma) ** 2) / (sigma * math.sqrt(2.0 * math.pi)), shown)
    assert float(footprint(two_theta, width, length)) == pytest.approx(box, rel=1e-6)
    assert float(footprint(two_theta, width, length, "gaussian")) == pytest.approx(bell, rel=1e-6)


def test_footprint_is_whole_from_its_angle_on() -> None:
    # A beam of 0.5 mm fits onto 10 mm from sin θ = 0.05 on, 2θ = 5.7320°.
    assert footprint([5.73, 5.74, 30.0], 0.5, 10.0).tolist() == pytest.approx([0.99965, 1.0, 1.0], abs=1e-5)
    assert float(footprint(5.73, 0.5, 10.0)) < 1.0


@pytest.mark.parametrize(("beam", "sample"), [(0.0, 1.0), (1.0, -1.0), (math.nan, 1.0)])
def test_footprint_refused(beam: float, sample: float) -> None:
    with pytest.raises(SlxrdError, match="mm"):
        footprint(10.0, beam, sample)


def test_unknown_beam_refused(scan: Pattern) -> None:
    with pytest.raises(SlxrdError, match="box, gaussian"):
        correct_footprint(scan, 1.0, 10.0, "triangle")  # type: ignore[arg-type]


@pytest.mark.parametrize("angle", [0.0, 180.0, math.nan])
def test_angles_refused(angle: float) -> None:
    with pytest.raises(SlxrdError, match="between 0 and 180"):
        film_absorption(angle, 1.0, 1.0)
    with pytest.raises(SlxrdError, match="between 0 and 180"):
        footprint(angle, 1.0, 1.0)


def test_pattern_is_divided(scan: Pattern) -> None:
    done = correct_absorption(scan, 5000.0, mu=1000.0)
    factor = 1.0 - np.exp(-2.0 * 1000.0 * 5000e-8 / np.sin(np.radians(scan.x / 2.0)))
    np.testing.assert_allclose(done.intensity, scan.intensity / factor, rtol=1e-12)
    np.testing.assert_allclose(done.sigma, scan.sigma / factor, rtol=1e-12)
    np.testing.assert_allclose(done.per_count, 2.0 / factor, rtol=1e-12)
    assert done.history[-1].details == {"thickness (Å)": 5000.0, "μ (1/cm)": 1000.0}
    short = correct_footprint(scan, 0.4, 12.0, "gaussian")
    assert str(short.history[-1]) == "footprint (beam (mm) = 0.4, sample (mm) = 12, profile = gaussian)"
    assert short.intensity[0] / scan.intensity[0] == pytest.approx(
        1.0 / math.erf(math.sqrt(math.log(2.0)) * 12.0 * math.sin(math.radians(1.0)) / 0.4), rel=1e-12
    )


def test_counts_are_still_known_behind_a_correction(scan: Pattern) -> None:
    """σ of the counts is the same before and after."""
    raw = Pattern(scan.x, scan.intensity, axis="2theta", wavelength=LAMBDA, per_count=2.0)
    first = correct_footprint(correct_absorption(counting_statistics(raw), 400.0, mu=300.0), 1.0, 10.0)
    last = counting_statistics(correct_footprint(correct_absorption(raw, 400.0, mu=300.0), 1.0, 10.0))
    np.testing.assert_allclose(first.sigma, last.sigma, rtol=1e-12)


def test_composition_or_coefficient(scan: Pattern) -> None:
    by_formula = correct_absorption(scan, 5000.0, formula="Cu", density=8.96)
    mu = float(by_formula.history[-1].details["μ (1/cm)"])
    # Copper and its own Kα₁, 8.0478 keV: 51.8 cm²/g, from 52.55 at 8 keV by the cube of the wavelength.
    assert mu == pytest.approx(8.96 * 52.55 * (LAMBDA / EIGHT_KEV) ** 2.9, rel=5e-3)
    np.testing.assert_array_equal(by_formula.intensity, correct_absorption(scan, 5000.0, mu=mu).intensity)
    assert by_formula.history[-1].details["film"] == "Cu, 8.96 g/cm³"
    for wrong in ({}, {"formula": "Cu"}, {"density": 1.0}, {"mu": 1.0, "formula": "Cu", "density": 1.0}):
        with pytest.raises(SlxrdError, match="absorption"):
            correct_absorption(scan, 5000.0, **wrong)  # type: ignore[arg-type]


def test_composition_needs_the_wavelength(scan: Pattern) -> None:
    bare = Pattern(scan.x, scan.intensity, axis="2theta")
    with pytest.raises(SlxrdError, match="--wavelength"):
        correct_absorption(bare, 5000.0, formula="Cu", density=8.96)
    assert correct_absorption(bare, 5000.0, mu=464.0).history[-1].name == "absorption"


CORRECTIONS: dict[str, Callable[[Pattern], Pattern]] = {
    "Lorentz-polarisation": lambda p: correct_lorentz_polarisation(p, 13.3),
    "absorption": lambda p: correct_absorption(p, 1200.0, formula="CsPbBr3", density=4.8),
    "footprint": lambda p: correct_footprint(p, 1.0, 10.0, "gaussian"),
}


@pytest.mark.parametrize("name", CORRECTIONS)
def test_not_twice(scan: Pattern, name: str) -> None:
    with pytest.raises(SlxrdError, match="already"):
        CORRECTIONS[name](CORRECTIONS[name](scan))


@pytest.mark.parametrize("over_q", [False, True])
@pytest.mark.parametrize("name", CORRECTIONS)
def test_undo_gives_the_pattern_before(scan: Pattern, name: str, over_q: bool) -> None:
    others = [make for other, make in CORRECTIONS.items() if other != name]
    expected = scan.to_q() if over_q else scan
    for make in others:
        expected = make(expected)
    done = others[1](CORRECTIONS[name](others[0](scan.to_q() if over_q else scan)))
    assert not np.allclose(done.intensity, expected.intensity, rtol=1e-2)
    back = undo_correction(done, name)
    for column in ("x", "intensity", "sigma", "per_count"):
        np.testing.assert_allclose(getattr(back, column), getattr(expected, column), rtol=1e-12)
    assert back.history == expected.history
    assert CORRECTIONS[name](back).history[-1] == CORRECTIONS[name](scan).history[-1]


def test_undo_expresses_a_background_in_the_uncorrected_intensity(scan: Pattern) -> None:
    done = subtract_background(correct_lorentz_polarisation(scan))
    expected = scan.intensity - done.baseline * lorentz_polarisation(scan.x)
    np.testing.assert_allclose(
        undo_correction(done.pattern, "Lorentz-polarisation").intensity, expected, rtol=1e-9, atol=1e-9
    )


def test_undo_refuses(scan: Pattern) -> None:
    with pytest.raises(SlxrdError, match="no correction for footprint was made"):
        undo_correction(scan, "footprint")
    with pytest.raises(SlxrdError, match="keep the pattern from before"):
        undo_correction(scan.masked(10.0, 20.0), "mask")


def test_counted_touches_no_sigma_and_guesses_no_counts(scan: Pattern) -> None:
    assert with_counting_sigma(scan) is scan
    unknown = Pattern([1.0, 2.0, 3.0], [4.0, 9.0, 16.0])
    assert with_counting_sigma(unknown) is unknown
    sigma = with_counting_sigma(Pattern([1.0, 2.0, 3.0], [4.0, 9.0, 16.0], per_count=1.0)).sigma
    assert sigma is not None
    assert sigma.tolist() == [2.0, 3.0, 4.0]
