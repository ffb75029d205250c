"""The instrument: two lines, measured widths and zero errors, against integrals done by brute force."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from native_core import needs_native_core
from numpy.typing import NDArray
from scipy.integrate import trapezoid

import slxrd
from slxrd.data.pattern import Pattern
from slxrd.data.regions import Region, select_points
from slxrd.errors import SlxrdError
from slxrd.fitting.minimise import least_squares as leastsquares
from slxrd.fitting.objective.residuals import Objective
from slxrd.fitting.objective.settings import Settings
from slxrd.instrument.broadening import FWHM, LORENTZ_REACH, Broadening, line_profile
from slxrd.instrument.diffractometer import Instrument, Zero
from slxrd.model.intensity import Model
from slxrd.parameters.parameter_set import Parameters
from slxrd.sample.stack import Stack
from slxrd.units import RADIATIONS, SecondLine, q_from_two_theta, two_theta_from_q

FloatArray = NDArray[np.float64]

CU, SECOND = RADIATIONS["CuKa"]
assert SECOND is not None
RATIO = CU / SECOND.wavelength
TRUTH = {"d": 5.84, "L": 36.9, "sigma_L": 1.43, "N": 13.0, "sigma_N": 1.55, "q_zero": 0.0}
STACK = Stack(coherent=12)
#: A wide line, and one with tails; both change over the range.
GAUSSIAN = Broadening(0.06, -0.03, 0.08, 0.0, CU)
VOIGT = Broadening(0.06, -0.03, 0.08, 0.35, CU)
Q = np.array([1.02, 1.0691, 1.075, 1.11, 2.1, 2.1493, 2.16])


def sharp(q: FloatArray, values: dict[str, float] = TRUTH) -> FloatArray:
    """Intensity before the diffractometer."""
    return Model(STACK, Instrument(0.0)).intensity(q, values)


def by_brute_force(sigma: FloatArray, lorentzian: float, second: SecondLine | None) -> FloatArray:
    """∫ [I(t) + r·I(t·λ₁/λ₂)] G(t − q) dt, the line written out and summed in steps of 10⁻⁵ Å⁻¹.

    The width is that at the measured point, for both lines, on the scale on which I is evaluated.
    """
    lines = [(1.0, 1.0)] + ([] if second is None else [(CU / second.wavelength, second.ratio)])
    total = np.zeros(Q.size)
    for i, (q, s) in enumerate(zip(Q.tolist(), sigma.tolist(), strict=True)):
        half = s * math.sqrt(2.0 * math.log(2.0))
        reach = LORENTZ_REACH * half if lorentzian else 9.0 * s
        offset = np.linspace(-reach, reach, int(2.0 * reach / 1e-5) | 1)
        weight = (
            (1.0 - lorentzian)
            * np.exp(-math.log(2.0) * (offset / half) ** 2)
            * math.sqrt(math.log(2.0) / math.pi)
            / half
        )
        cauchy = half / (offset**2 + half**2)
        weight += lorentzian * cauchy / trapezoid(cauchy, offset)
        for ratio, share in lines:
            total[i] += share * trapezoid(weight * sharp(np.abs(ratio * q + offset)), offset)
    return total


@pytest.mark.slow
@pytest.mark.parametrize("second", [None, SECOND, SecondLine(SECOND.wavelength, 0.3)])
@pytest.mark.parametrize(("broadening", "tolerance"), [(None, 1e-10), (GAUSSIAN, 1e-10), (VOIGT, 2e-5)])
def test_the_smeared_doublet(
    broadening: Broadening | None, tolerance: float, second: SecondLine | None
) -> None:
    instrument = Instrument(0.007, broadening, CU, second)
    lorentzian = 0.0 if broadening is None else broadening.lorentzian
    expected = by_brute_force(instrument.sigma(Q), lorentzian, second)
    smeared = Model(STACK, instrument).intensity(Q, TRUTH)
    np.testing.assert_allclose(smeared, expected, rtol=0.0, atol=tolerance * expected.max())
    if second is not None:  # the test would notice: the other line is there, and its place matters
        alone = by_brute_force(instrument.sigma(Q), lorentzian, None)
        assert np.max(np.abs(expected - (1.0 + second.ratio) * alone)) > 1e-3 * expected.max()


def test_a_doublet_without_smearing() -> None:
    model = Model(STACK, Instrument(0.0, None, CU, SECOND))
    expected = sharp(Q) + SECOND.ratio * sharp(RATIO * Q)
    np.testing.assert_allclose(model.intensity(Q, TRUTH), expected, rtol=1e-12)
    assert not np.allclose(expected, (1.0 + SECOND.ratio) * sharp(Q), rtol=1e-3)


def test_the_second_line_lies_at_the_larger_angle() -> None:
    """One Bragg peak of Kα₂ comes at sin θ₂ = sin θ₁·λ₂/λ₁."""
    q = np.linspace(2.13, 2.18, 5001)
    lines = [
        Model(Stack(coherent=1), Instrument(0.0, None, CU, SecondLine(SECOND.wavelength, r))).intensity(
            q, {**TRUTH, "sigma_N": 0.2}
        )
        for r in (1e-9, 1.0)
    ]
    first, both = (q[np.argmax(curve)] for curve in (lines[0], lines[1] - lines[0]))
    assert both / first == pytest.approx(SECOND.wavelength / CU, rel=1e-5)


@pytest.mark.parametrize("two_theta", [5.0, 15.0, 35.0, 90.0, 140.0])
def test_the_width_is_that_of_caglioti(two_theta: float) -> None:
    """From the angles at half maximum, a small fraction of the width, to q."""
    tangent = math.tan(math.radians(two_theta) / 2.0)
    fwhm = math.sqrt(0.06 * tangent**2 - 0.03 * tangent + 0.08)
    ends = q_from_two_theta([two_theta - 0.005 * fwhm, two_theta + 0.005 * fwhm], CU)
    centre = q_from_two_theta([two_theta], CU)
    assert GAUSSIAN.sigma(centre)[0] * FWHM == pytest.approx(100.0 * float(ends[1] - ends[0]), rel=1e-7)


def test_where_there_is_no_width() -> None:
    with pytest.raises(SlxrdError, match="give no width at q = 2"):
        Broadening(0.0, -0.5, 0.1, 0.0, CU).sigma(np.array([0.5, 2.0]))
    with pytest.raises(SlxrdError, match="is not accessible"):
        GAUSSIAN.sigma(np.array([9.0]))


@pytest.mark.parametrize("lorentzian", [0.0, 0.3, 1.0])
def test_the_line_is_normalised_and_as_wide_as_it_says(lorentzian: float) -> None:
    sigma = np.array([[0.004], [0.01]])
    half = FWHM / 2.0 * sigma
    offset = half * np.linspace(-LORENTZ_REACH, LORENTZ_REACH, 600_001)
    assert trapezoid(line_profile(offset, sigma, lorentzian), offset) == pytest.approx([1.0, 1.0], abs=1e-8)
    top, side = (line_profile(np.array([[x], [x]]) * half, sigma, lorentzian) for x in (0.0, 1.0))
    np.testing.assert_allclose(side, top / 2.0, rtol=1e-12)


@pytest.mark.parametrize("second", [None, SECOND])
@pytest.mark.parametrize("zero", ["q", "angle", "displacement"])
def test_derivatives_by_the_zero_error(zero: Zero, second: SecondLine | None) -> None:
    region = Model(STACK, Instrument(0.007, VOIGT, CU, second, zero)).region(Q)
    values = {**TRUTH, "q_zero": 0.003}
    _, jacobian = region.evaluate(values)
    for row, name in zip(jacobian, Model().names, strict=True):
        step = 1e-6 if name == "q_zero" else 1e-5 * values[name]
        above, below = (
            region.evaluate({**values, name: values[name] + sign * step})[0] for sign in (1.0, -1.0)
        )
        np.testing.assert_allclose(
            row, (above - below) / (2.0 * step), rtol=0.0, atol=2e-6 * np.abs(row).max(), err_msg=name
        )


@pytest.mark.parametrize("second", [None, SECOND])
def test_a_zero_error_of_the_angle(second: SecondLine | None) -> None:
    """The intensity at a measured 2θ is that at 2θ + q_zero·λ/2π, of both lines."""
    q_zero = 2e-4
    turned = two_theta_from_q(Q, CU) + math.degrees(q_zero * CU / (2.0 * math.pi))
    expected = sharp(q_from_two_theta(turned, CU))
    if second is not None:
        expected += second.ratio * sharp(q_from_two_theta(turned, second.wavelength))
    model = Model(STACK, Instrument(0.0, None, CU, second, "angle"))
    found = model.intensity(Q, {**TRUTH, "q_zero": q_zero})
    # To first order in the error; and of 1 − λ₁/λ₂ for the second line.
    moved = np.abs(expected - model.intensity(Q, TRUTH)).max()
    np.testing.assert_allclose(found, expected, rtol=0.0, atol=2e-3 * moved)


def ray_traced(two_theta: float, below: float, radius: float) -> float:
    """Angle at which a detector on its circle sees the reflection of a sample that lies too low (degrees).

    The beam comes in through the axis at θ; the surface lies ``below`` the axis, parallel to its right
    place; the reflected ray leaves at 2θ to the beam and meets the circle.
    """
    theta = math.radians(two_theta) / 2.0
    x, y = below / math.tan(theta), -below  # where the beam meets the surface
    ux, uy = math.cos(theta), math.sin(theta)
    along = -(x * ux + y * uy) + math.sqrt((x * ux + y * uy) ** 2 - (x * x + y * y) + radius**2)
    return math.degrees(math.atan2(y + along * uy, x + along * ux)) + two_theta / 2.0


@pytest.mark.parametrize("below", [0.05, -0.05])
def test_a_sample_off_the_axis(below: float) -> None:
    """q_zero·cos²θ is what rays say of a sample below the axis by q_zero·λR/4π (above it by minus that)."""
    radius = 200.0
    q_zero = below * 4.0 * math.pi / (CU * radius)
    true = two_theta_from_q(Q, CU)
    seen = q_from_two_theta([ray_traced(angle, below, radius) for angle in true.tolist()], CU)
    assert np.all((seen < Q) if below > 0.0 else (seen > Q))
    band = Instrument(0.0, None, CU, None, "displacement").band(seen, 0.0)
    np.testing.assert_allclose(seen + q_zero * band.shift, Q, rtol=0.0, atol=2e-3 * abs(q_zero))


def test_a_zero_error_needs_the_wavelength() -> None:
    with pytest.raises(SlxrdError, match="zero error in angle needs the wavelength"):
        Instrument(zero="angle")
    with pytest.raises(SlxrdError, match="a second line needs the wavelength"):
        Instrument(second_line=SECOND)


def two_orders(broadening: Broadening | float, seed: int = 3) -> Pattern:
    return slxrd.simulate(
        np.arange(0.9, 2.4, 0.003), TRUTH, wavelength="CuKa", resolution=broadening, noise=0.005, seed=seed
    )


@pytest.mark.slow
def test_a_doublet_that_is_left_out_shortens_d() -> None:
    """physics.md 9.14: by about −0.005 Å; modelled, d is right."""
    pattern = two_orders(0.007)
    options = {
        "regions": [(0.94, 1.22), (2.0, 2.3)],
        "start": {**TRUTH, "d": 5.85},
        "fix": {"q_zero": 0.0},
        "systematics": "none",
    }
    del options["start"]["q_zero"]
    right = slxrd.fit(pattern, **options).parameters
    for name in ("d", "L", "sigma_L", "N", "sigma_N"):
        assert abs(right[name].value - TRUTH[name]) < 4.0 * right[name].error, name
    wrong = slxrd.fit(replace(pattern, second_line=None), **options).parameters["d"]
    assert wrong.value - TRUTH["d"] == pytest.approx(-0.0048, abs=0.0006)
    assert abs(right["d"].value - TRUTH["d"]) < 0.0005


@needs_native_core
@pytest.mark.parametrize("zero", ["q", "angle", "displacement"])
def test_compiled_refinement_and_scipy_agree(zero: Zero, monkeypatch: pytest.MonkeyPatch) -> None:
    pattern = two_orders(VOIGT)
    data = select_points(pattern, [Region(0.94, 1.22), Region(2.0, 2.3)], 0.01)
    model = Model(Stack(), Instrument(0.007, VOIGT, CU, SECOND, zero))
    objective = Objective(model, data, Settings(background="constant"))
    start = Parameters().start(**{**TRUTH, "d": 5.845, "L": 36.6, "q_zero": 0.001}).release("q_zero")
    compiled = leastsquares.minimise(objective, start)
    monkeypatch.setattr(leastsquares, "is_compiled", lambda *_: False)
    by_scipy = leastsquares.minimise(objective, start)
    assert compiled.converged
    assert by_scipy.converged
    assert compiled.evaluation.chi2 == pytest.approx(by_scipy.evaluation.chi2, rel=1e-7)
    errors = np.sqrt(np.diag(np.linalg.inv(by_scipy.jacobian.T @ by_scipy.jacobian)))
    np.testing.assert_allclose((compiled.vector - by_scipy.vector) / errors, 0.0, atol=2e-3)
