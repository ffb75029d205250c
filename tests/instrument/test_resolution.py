"""The resolution of a diffractometer from a standard: simulated line by line, and one real powder."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from powder import LINE, powder, width

import slxrd
from slxrd.data.decomposition.lineshapes import pseudo_voigt
from slxrd.data.pattern import Pattern
from slxrd.errors import SlxrdError
from slxrd.instrument.broadening import FWHM, line_profile
from slxrd.instrument.calibration.caglioti import Optics, area_mixing
from slxrd.instrument.calibration.doublets import Shapes, Window, fit_linear
from slxrd.instrument.calibration.measure import Resolution, measure_resolution
from slxrd.instrument.calibration.refinement import Shift
from slxrd.instrument.calibration.standards import STANDARDS, Standard, standard
from slxrd.units import RADIATIONS

FloatArray = NDArray[np.float64]

LAB6 = STANDARDS["LaB6"]
WAVELENGTH = RADIATIONS["CuKa"].wavelength


def true_sigma(q: float, line: tuple[float, float, float, float] = LINE) -> float:
    """σ_G in Å⁻¹: the q between the angles at half maximum, a small part of the width at a time."""
    theta = math.asin(q * WAVELENGTH / (4.0 * math.pi))
    part = math.radians(width(2.0 * math.degrees(theta), line)) * 1e-3
    ends = [4.0 * math.pi / WAVELENGTH * math.sin(theta + sign * part / 4.0) for sign in (-1.0, 1.0)]
    return (ends[1] - ends[0]) * 1e3 / (2.0 * math.sqrt(2.0 * math.log(2.0)))


def pulls(found: Resolution, line: tuple[float, float, float, float] = LINE) -> dict[str, float]:
    """Deviations from the truth, in errors."""
    values = {name: getattr(found.broadening, name) for name in ("U", "V", "W", "lorentzian")}
    deviations = {}
    for (name, value), truth in zip(values.items(), line, strict=True):
        error = found.errors[name]
        if error is not None:
            deviations[name] = (value - truth) / error
    return deviations


def said(found: Resolution, words: str) -> bool:
    return any(words in note for note in found.notes)


# --- recovery ---------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "wavelength", "span"),
    [("LaB6", "CuKa", (18.0, 140.0)), ("LaB6", "CuKa1", (18.0, 110.0)), ("Si", "CuKa", (20.0, 140.0)),
     ("CeO2", "MoKa", (10.0, 60.0)), ("Al2O3", "CuKa", (20.0, 80.0))],
)  # fmt: skip
def test_the_line_is_found(name: str, wavelength: str, span: tuple[float, float]) -> None:
    found = measure_resolution(
        powder(STANDARDS[name], wavelength=wavelength, span=span, zero=0.03), STANDARDS[name]
    )
    assert set(pulls(found)) == {"U", "V", "W", "lorentzian"}
    assert all(abs(pull) < 4.0 for pull in pulls(found).values()), pulls(found)
    assert found.displacement is None
    assert found.zero is not None
    assert abs(found.zero - 0.03) < 4.0 * found.zero_error
    assert found.zero_error < 0.001
    assert found.reduced_chi2 == pytest.approx(1.0, abs=6.0 / math.sqrt(found.n_points / 2.0))
    assert found.broadening.wavelength == RADIATIONS[wavelength].wavelength
    assert not any(
        words in note
        for note in found.notes
        for words in ("reduced χ²", "off their expected positions", "differ")
    )


@pytest.mark.slow
def test_errors_are_the_scatter() -> None:
    """Pulls over repeated measurements: mean 0, variance 1; the width outside the range included."""
    rows = []
    for seed in range(24):
        pattern = powder(LAB6, seed=seed, span=(18.0, 80.0), area=40.0, background=8.0, zero=0.02)
        found = measure_resolution(pattern, LAB6)
        outside, inside = (found.sigma_G(q) for q in (1.1, 3.0))
        assert found.zero is not None
        rows.append(
            [*pulls(found).values(), (found.zero - 0.02) / found.zero_error,
             *((s - true_sigma(q)) / e for q, (s, e) in ((1.1, outside), (3.0, inside)))]
        )  # fmt: skip
    table = np.array(rows)
    assert np.all(np.abs(table.mean(axis=0)) < 4.0 / math.sqrt(len(rows))), table.mean(axis=0)
    # The variance of 24 pulls: χ² of 24, here between its 10⁻⁴ and 1 − 10⁻⁴ quantiles.
    assert np.all((np.sum(table**2, axis=0) > 6.4) & (np.sum(table**2, axis=0) < 59.0)), table.std(axis=0)


@pytest.mark.slow
def test_the_error_of_the_width_is_propagated() -> None:
    """Against the scatter of σ_G over draws of U, V and W from their covariance."""
    found = measure_resolution(powder(LAB6, span=(18.0, 80.0)), LAB6)
    b = found.broadening
    draws = np.random.default_rng(2).multivariate_normal([b.U, b.V, b.W], found.covariance, 4000)
    for q in (1.1, 3.0):
        sigma, error = found.sigma_G(q)
        drawn = [replace(b, U=U, V=V, W=W).sigma(np.array([q]))[0] for U, V, W in draws]
        assert sigma == pytest.approx(np.mean(drawn), abs=0.2 * error)
        assert error == pytest.approx(np.std(drawn), rel=0.06)


@pytest.mark.slow
def test_few_counts_do_not_draw_the_lines_downwards() -> None:
    """Background and heights are right on the average; with σ from the counts themselves they are too low."""
    faint = {"span": (18.0, 50.0), "area": 16.0, "background": 1.5}
    found = [measure_resolution(powder(LAB6, seed=seed, **faint), LAB6) for seed in range(10)]
    counted = sum(float(window.intensity.sum()) for one in found for window in one.windows)
    calculated = sum(float(curve.sum()) for one in found for curve in one.curves)
    assert calculated == pytest.approx(counted, abs=2.0 * math.sqrt(counted))


@pytest.mark.slow
def test_single_lines_are_as_wide_as_they_are() -> None:
    found = measure_resolution(powder(LAB6, zero=0.02), LAB6)
    assert len(found.lines) == 14
    deviations = []
    for single in found.lines:
        theta = math.asin(single.reflection.q * WAVELENGTH / (4.0 * math.pi))
        deviations.append((single.fwhm - width(2.0 * math.degrees(theta))) / single.fwhm_error)
        assert single.sigma_G == pytest.approx(
            single.fwhm / width(2.0 * math.degrees(theta)) * true_sigma(single.reflection.q), rel=1e-6
        )
        assert single.sigma_G / single.sigma_G_error == pytest.approx(single.fwhm / single.fwhm_error)
        assert single.two_theta == pytest.approx(
            2.0 * math.degrees(theta) + 0.02, abs=5 * single.offset_error
        )
    assert np.abs(deviations).max() < 4.0
    assert np.mean(np.square(deviations)) == pytest.approx(1.0, abs=1.2)
    assert found.q_range == (found.lines[0].reflection.q, found.lines[-1].reflection.q)


@pytest.mark.slow
def test_the_error_grows_where_nothing_was_measured() -> None:
    found = measure_resolution(powder(LAB6, span=(35.0, 80.0)), LAB6)
    relative = [found.sigma_G(q)[1] / found.sigma_G(q)[0] for q in (0.5, 1.5, 4.0)]
    assert relative[0] > 1.3 * relative[1] > 3.0 * relative[2]
    assert said(found, "below q = 2.618 Å⁻¹ the width is extrapolated")
    assert not said(found, "above q")


@pytest.mark.slow
def test_what_it_gives_is_the_line_that_the_model_uses() -> None:
    """Profile of a reflection over 2θ, against ``broadening.line`` of the result at the same points."""
    found = measure_resolution(powder(LAB6, seed=None, wavelength="CuKa1"), LAB6)
    q0 = LAB6.reflections(5.0)[5].q
    bragg = 2.0 * math.degrees(math.asin(q0 * WAVELENGTH / (4.0 * math.pi)))
    angles = bragg + np.linspace(-0.4, 0.4, 81)
    q = 4.0 * np.pi / WAVELENGTH * np.sin(np.radians(angles) / 2.0)
    from powder import pseudo_voigt as textbook

    expected = textbook(angles, bragg, width(bragg), LINE[3])
    model = line_profile(q[:, None] - q0, found.broadening.sigma(q)[:, None], found.broadening.lorentzian)[
        :, 0
    ]
    # In q the width changes a little across the line.
    np.testing.assert_allclose(model / model.max(), expected / expected.max(), rtol=0.0, atol=4e-3)


# --- what moves the peaks ---------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize(
    ("zero", "displacement"), [(0.05, 0.0), (0.0, 6e-4), (0.03, -4e-4), (-0.4, 0.0), (0.0, -2e-3)]
)
def test_zero_and_displacement_are_separated(zero: float, displacement: float) -> None:
    found = measure_resolution(powder(LAB6, zero=zero, displacement=displacement, span=(18.0, 110.0)), LAB6)
    for truth, value, error in (
        (zero, found.zero, found.zero_error),
        (displacement, found.displacement, found.displacement_error),
    ):
        if truth == 0.0:
            assert value is None
        else:
            assert value is not None
            assert abs(value - truth) < 4.0 * error
            assert error < 0.05 * abs(truth)
    assert not said(found, "cannot be separated")
    assert said(found, "it does not hold for other samples") == (displacement != 0.0)


@pytest.mark.slow
def test_where_they_cannot_be_separated_it_is_reported() -> None:
    pattern = powder(LAB6, displacement=4e-4, span=(18.0, 34.0), area=40.0)
    found = measure_resolution(pattern, LAB6)
    assert said(found, "zero error and displacement cannot be separated")
    assert found.displacement is None
    assert found.zero == pytest.approx(-math.degrees(2.0 * 4e-4) * math.cos(math.radians(13.0)), abs=0.002)


@pytest.mark.slow
@pytest.mark.parametrize("shift", ["angle", "displacement", "both"])
def test_what_is_asked_for_is_refined(shift: Shift) -> None:
    found = measure_resolution(powder(LAB6, zero=0.05), LAB6, shift=shift)
    assert (found.zero is not None) == (shift != "displacement")
    assert (found.displacement is not None) == (shift != "angle")
    assert said(found, "off their expected positions") == (shift == "displacement")


# --- what cannot be determined ----------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize(("end", "n"), [(25.0, 1), (34.0, 2)])
def test_few_reflections_give_one_width(end: float, n: int) -> None:
    found = measure_resolution(powder(LAB6, span=(18.0, end)), LAB6)
    assert len(found.lines) == n
    assert found.broadening.U == found.broadening.V == 0.0
    assert found.errors["U"] is None
    assert found.errors["V"] is None
    assert said(found, f"U, V and W need 3 reflections, and {n} {'is' if n == 1 else 'are'} above")
    width_now = math.sqrt(found.broadening.W)
    error = found.errors["W"] / (2.0 * width_now)
    widths = [
        width(2.0 * math.degrees(math.asin(r.q * WAVELENGTH / 12.566))) for r in LAB6.reflections(2.5)[:n]
    ]
    assert min(widths) - 4.0 * error < width_now < max(widths) + 4.0 * error
    if n == 1:
        assert said(found, "one reflection: its shift is given as a zero error, but may be")


@pytest.mark.slow
@pytest.mark.parametrize("share", [0.0, 1.0])
def test_a_share_on_its_bound_has_no_error(share: float) -> None:
    line = (*LINE[:3], share)
    for seed in range(6):  # noise puts it on the bound about every other time
        found = measure_resolution(powder(LAB6, line=line, seed=seed, span=(18.0, 60.0)), LAB6)
        if found.errors["lorentzian"] is None:
            assert found.broadening.lorentzian == share
            assert said(found, f"the Lorentzian fraction is at its bound, {share:g}")
            return
        assert abs(pulls(found, line)["lorentzian"]) < 4.0
    raise AssertionError("never on the bound")


@pytest.mark.slow
def test_masked_reflections_are_left_out() -> None:
    pattern = powder(LAB6, span=(18.0, 60.0))
    strange = pattern.intensity + np.where(np.abs(pattern.x - 43.6) < 0.3, 5000.0, 0.0)
    masked = replace(pattern, intensity=strange).masked(42.0, 45.0)
    found = measure_resolution(masked, LAB6)
    assert "2 0 0" not in {single.reflection.hkl for single in found.lines}
    assert len(found.lines) == 5
    assert found.reduced_chi2 < 1.2


@pytest.mark.slow
def test_a_line_cut_off_by_the_end_does_no_harm() -> None:
    """CeO₂ with Mo at 70°: the first line of a reflection is in the pattern, the rest is not."""
    pattern = powder(STANDARDS["CeO2"], wavelength="MoKa", span=(18.0, 70.0))
    found = measure_resolution(pattern, STANDARDS["CeO2"])
    assert found.reduced_chi2 < 1.15
    assert all(abs(pull) < 4.0 for pull in pulls(found).values())


@pytest.mark.slow
def test_over_q_it_is_the_same() -> None:
    pattern = powder(LAB6, span=(18.0, 60.0), zero=0.02)
    over_angle, over_q = (measure_resolution(p, LAB6) for p in (pattern, pattern.to_q()))
    np.testing.assert_allclose(over_q.broadening.W, over_angle.broadening.W, rtol=1e-6)
    assert over_q.zero == pytest.approx(over_angle.zero, rel=1e-6)


@pytest.mark.slow
@pytest.mark.parametrize("factor", [1.0, 0.137])
def test_without_counts_the_scatter_gives_sigma(factor: float) -> None:
    """Whole numbers are taken for counts; scaled ones need no σ, and give nearly the same errors."""
    pattern = powder(LAB6, span=(18.0, 80.0))
    counts = measure_resolution(pattern, LAB6)
    other = replace(pattern, intensity=factor * pattern.intensity, per_count=None)
    found = measure_resolution(other, LAB6)
    assert said(found, "as they are whole numbers" if factor == 1.0 else "not known to be counts")
    error = counts.errors["W"]
    assert error is not None
    assert abs(found.broadening.W - counts.broadening.W) < 0.5 * error
    assert found.errors["W"] == pytest.approx(error, rel=0.1)


# --- what is not the standard -----------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize(
    ("sample", "name"),
    [("Si", "LaB6"), ("LaB6", "Si"), ("CeO2", "Si"), ("Si", "CeO2"), ("Al2O3", "LaB6"), ("LaB6", "Al2O3")],
)
def test_another_standard_is_noticed(sample: str, name: str) -> None:
    with pytest.raises(SlxrdError, match=rf"the peaks are not where {name}'s are"):
        measure_resolution(powder(STANDARDS[sample]), STANDARDS[name])


def test_another_wavelength_is_noticed() -> None:
    pattern = replace(powder(LAB6, wavelength="CoKa"), wavelength=WAVELENGTH, second_line=None)
    with pytest.raises(SlxrdError, match=r"or a wavelength other than 1\.54059 Å"):
        measure_resolution(pattern, LAB6)


@pytest.mark.slow
def test_a_slightly_wrong_lattice_is_said() -> None:
    found = measure_resolution(powder(LAB6, span=(18.0, 140.0)), standard("P:4.160"))
    assert said(found, "the lines are off their expected positions")


@pytest.mark.slow
def test_a_doublet_that_was_not_stated() -> None:
    found = measure_resolution(replace(powder(LAB6, span=(18.0, 60.0)), second_line=None), LAB6)
    assert found.reduced_chi2 > 2.0
    assert said(found, "if Kα₂ reaches the sample, give --wavelength CuKa")


@pytest.mark.slow
def test_a_doublet_that_is_not_there() -> None:
    single = powder(LAB6, wavelength="CuKa1")
    found = measure_resolution(replace(single, second_line=RADIATIONS["CuKa"].second), LAB6)
    assert found.reduced_chi2 > 2.0
    assert said(found, "give --wavelength CuKa1")


def test_patterns_that_say_nothing() -> None:
    for pattern, words in (
        (powder(LAB6, span=(23.0, 28.0)), "where LaB6 has no reflection"),
        (powder(LAB6, area=0.0), "no peak is above the noise"),
        (powder(LAB6, step=0.08), "the steps 0.08°"),
        (replace(powder(LAB6), wavelength=None, second_line=None), "the wavelength is not known"),
        (Pattern([20.0, 21.0], [5.0, 6.0], "2theta", wavelength=1.54), "2 points are too few"),
        (powder(LAB6, zero=1.3), "the peaks are not where"),
    ):
        with pytest.raises(SlxrdError, match=words):
            measure_resolution(pattern, LAB6)
    flat = powder(LAB6)
    with pytest.raises(SlxrdError, match="do not scatter"):
        measure_resolution(replace(flat, intensity=np.full(len(flat), 0.5), per_count=None), LAB6)
    with pytest.raises(SlxrdError, match="shift 'height' is not one of"):
        measure_resolution(flat, LAB6, shift="height")  # type: ignore[arg-type]


# --- a real powder ----------------------------------------------------------------------------------


@pytest.mark.slow
def test_a_real_powder() -> None:
    """Quartz (PDF 46-1045) with feldspar, Cu Kα without a monochromator, axial divergence and all."""
    pattern = slxrd.read(Path(__file__).parents[1] / "files" / "XRD-918-16_10.xrdml")
    found = measure_resolution(pattern, Standard("quartz", "hP", 4.91344, 5.40524))
    assert pattern.second_line is not None
    assert len(found.lines) > 14
    offsets = np.array([single.offset for single in found.lines])
    assert np.sqrt(np.mean(offsets**2)) < 0.01
    widths = np.array([single.fwhm for single in found.lines])
    assert 0.07 < np.median(widths) < 0.12
    # 10⁵ counts show that its lines are asymmetric, and that is said.
    assert said(found, "the lines are not quite pseudo-Voigt")
    assert said(found, "single lines differ from U, V and W")


# --- the pieces -------------------------------------------------------------------------------------

BRAGG = np.column_stack((np.linspace(21.0, 140.0, 9), np.linspace(21.05, 140.8, 9)))


@pytest.mark.parametrize(
    "optics",
    [Optics(BRAGG, True, True, True), Optics(BRAGG, False, False, True), Optics(BRAGG, True, True, False)],
)
def test_derivatives_of_the_optics(optics: Optics) -> None:
    x = optics.start(0.1, 0.4, 0.02) + np.random.default_rng(1).normal(0.0, 0.2, optics.size) * 0.5
    n = optics.n_width
    for j in range(optics.size):
        step = np.zeros(optics.size)
        step[j] = 1e-6
        slope = (optics.shapes(x + step).values - optics.shapes(x - step).values) / 2e-6
        np.testing.assert_allclose(optics.shapes(x).chain[:, :, j], slope, atol=2e-8)
        if j < n:
            slope = (optics.caglioti(x + step)[0] - optics.caglioti(x - step)[0]) / 2e-6
            np.testing.assert_allclose(optics.caglioti(x)[1][:, j], slope, atol=1e-9)
    U, V, W = optics.caglioti(x)[0]
    t = np.tan(np.radians(BRAGG) / 2.0)
    np.testing.assert_allclose(optics.shapes(x).values[:, [1, 3]] ** 2, U * t**2 + V * t + W, rtol=1e-11)


def test_derivatives_of_a_window() -> None:
    x = np.linspace(20.0, 24.0, 300)
    random = np.random.default_rng(0)
    y = random.normal(0.0, 1.0, 300) + 50.0 * np.exp(-(((x - 21.5) / 0.1) ** 2))
    window = Window(x, y, random.uniform(0.5, 2.0, 300), (0, 1), (True, True))
    slopes = random.normal(0.0, 1.0, (2, 5, 4)) * np.array([0.3, 0.1, 0.3, 0.1, 0.2])[:, None]
    base = np.array([[21.4, 0.15, 21.45, 0.153, 0.4], [22.3, 0.2, 22.36, 0.21, 0.4]])

    def at(p: FloatArray) -> Shapes:
        return Shapes(base + slopes @ p, slopes)

    p = np.array([0.01, -0.02, 0.03, 0.02])
    exact = fit_linear(window, at(p), 0.5)
    for j in range(4):
        step = np.zeros(4)
        step[j] = 1e-6
        above, below = (fit_linear(window, at(p + sign * step), 0.5).residual for sign in (1.0, -1.0))
        np.testing.assert_allclose(
            exact.jacobian[:, j], (above - below) / 2e-6, atol=1e-6 * np.abs(above).max()
        )
    # Heights and background are those of an ordinary linear fit.
    unit = np.column_stack(
        [
            pseudo_voigt(x, v[0], 1.0, v[1], v[4])[0]
            + pseudo_voigt(x, v[2], 0.5 * v[1] / v[3], v[3], v[4])[0]
            for v in at(p).values
        ]
    )
    design = np.column_stack((unit, np.ones(300), x)) / window.sigma[:, None]
    best = np.linalg.lstsq(design, y / window.sigma, rcond=None)[0]
    np.testing.assert_allclose(exact.heights, best[:2], rtol=1e-9)
    np.testing.assert_allclose(exact.curve, design @ best * window.sigma, rtol=1e-8, atol=1e-8)
    assert exact.n_linear == 4


@pytest.mark.parametrize("mixing", [0.0, 0.2, 0.7, 1.0])
def test_shares_of_height_and_of_area(mixing: float) -> None:
    """The line fitted over 2θ is ``broadening.line`` with the converted share, within its reach."""
    share, slope = area_mixing(mixing)
    x = np.linspace(-2.0, 2.0, 801)
    ratio = line_profile(x, np.array(0.2 / FWHM), share) / pseudo_voigt(x, 0.0, 1.0, 0.2, mixing)[0]
    near = np.abs(x) < (2.0 if mixing > 0.0 else 0.4)
    np.testing.assert_allclose(ratio[near], ratio[400], rtol=1e-9)
    assert slope == pytest.approx((area_mixing(mixing + 1e-6)[0] - area_mixing(mixing - 1e-6)[0]) / 2e-6)
