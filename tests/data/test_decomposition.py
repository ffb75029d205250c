import math
from functools import cache

import numpy as np
import pytest
from scipy.integrate import quad

from slxrd.data.corrections import counting_statistics
from slxrd.data.decomposition.classification import Peaks, classify
from slxrd.data.decomposition.decompose import Decomposition, decompose, subtract_peaks
from slxrd.data.decomposition.lineshapes import Shape, pseudo_voigt, pseudo_voigt_area
from slxrd.data.pattern import Pattern
from slxrd.data.regions import Region, select_points
from slxrd.errors import SlxrdError
from slxrd.fitting.api import fit
from slxrd.model.simulation import simulate
from slxrd.units import FloatArray

Q = np.round(np.arange(1.0, 1.6, 0.002), 6)
#: Position, height and full width at half maximum.
THREE = [(1.15, 300.0, 0.03), (1.24, 800.0, 0.04), (1.4, 150.0, 0.12)]
PLATELETS = {"d": 6.0166, "L": 32.0, "sigma_L": 0.6, "N": 6.0, "sigma_N": 0.6}
#: The two peaks of Figure S12: (220)/(004) and (114)/(222) of crystals that do not lie flat.
STRAY = [(2.153, 260.0, 0.022), (2.64, 110.0, 0.022)]


def gauss(q: FloatArray, position: float, height: float, fwhm: float) -> FloatArray:
    return np.asarray(height * 2.0 ** (-(((q - position) / (fwhm / 2.0)) ** 2)))


def lorentz(q: FloatArray, position: float, height: float, fwhm: float) -> FloatArray:
    return np.asarray(height / (1.0 + ((q - position) / (fwhm / 2.0)) ** 2))


def counted(expected: FloatArray, seed: int, q: FloatArray = Q) -> Pattern:
    return Pattern(q, np.random.default_rng(seed).poisson(expected), per_count=1.0, source="a.xrdml")


def three(seed: int) -> Pattern:
    return counted(40.0 + 20.0 * (Q - 1.3) + sum(gauss(Q, *peak) for peak in THREE), seed)


@cache
def three_found() -> Decomposition:
    return decompose(three(1), 1.0, 1.6, count=3)


def platelets(seed: int, stray: bool = True) -> Pattern:
    q = np.round(np.arange(1.74, 2.76, 0.002), 6)
    expected = simulate(q, PLATELETS, peak=1500.0).intensity + 20.0
    return counted(expected + sum(gauss(q, *peak) for peak in STRAY) * stray, seed, q)


@pytest.mark.parametrize("mixing", [0.0, 0.4, 1.0])
def test_shape(mixing: float) -> None:
    expected = (1.0 - mixing) * gauss(Q, 1.2, 5.0, 0.04) + mixing * lorentz(Q, 1.2, 5.0, 0.04)
    values, derivatives = pseudo_voigt(Q, 1.2, 5.0, 0.04, mixing)
    np.testing.assert_allclose(values, expected, rtol=1e-12)
    at = np.array([1.2, 5.0, 0.04, mixing])
    for i in range(4):
        step = np.zeros(4)
        step[i] = 1e-6
        above, below = (pseudo_voigt(Q, *(at + sign * step))[0] for sign in (1.0, -1.0))
        np.testing.assert_allclose(derivatives[:, i], (above - below) / 2e-6, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("mixing", [0.0, 0.4, 1.0])
def test_area(mixing: float) -> None:
    def height(x: float) -> float:
        return float(pseudo_voigt(np.array([x]), 0.0, 5.0, 0.04, mixing)[0][0])

    # A Lorentzian beyond ±X holds h·w²/(2X) on both sides together.
    inside = quad(height, -20.0, 20.0, points=[-0.1, 0.1], limit=500)[0]
    size, gradient = pseudo_voigt_area(5.0, 0.04, mixing)
    assert size == pytest.approx(inside + mixing * 5.0 * 0.04**2 / 40.0, rel=1e-6)
    assert gradient[0] == 0.0
    assert gradient[1] == pytest.approx(size / 5.0, rel=1e-12)
    assert gradient[2] == pytest.approx(size / 0.04, rel=1e-12)
    assert gradient[3] == pytest.approx(
        (pseudo_voigt_area(5.0, 0.04, 1.0)[0] - pseudo_voigt_area(5.0, 0.04, 0.0)[0]), rel=1e-12
    )


@pytest.mark.slow
def test_peaks_are_found_with_right_errors() -> None:
    """Deviations in units of the errors: mean 0, standard deviation 1, over 25 patterns."""
    away = []
    for seed in range(25):
        parts = decompose(three(seed), 1.0, 1.6, count=3, noise="counting")
        assert len(parts.components) == 3
        for c, (position, height, fwhm) in zip(parts.components, THREE, strict=True):
            size = height * fwhm * math.sqrt(math.pi / math.log(2.0)) / 2.0
            assert c.position_error is not None
            assert c.height_error is not None
            assert c.fwhm_error is not None
            assert c.area_error is not None
            away.append(
                [
                    (c.position - position) / c.position_error,
                    (c.height - height) / c.height_error,
                    (c.fwhm - fwhm) / c.fwhm_error,
                    (c.area - size) / c.area_error,
                ]
            )
    pulls = np.array(away)
    assert np.abs(pulls.mean(axis=0)).max() < 0.45
    assert pulls.std(axis=0).min() > 0.75
    assert pulls.std(axis=0).max() < 1.3


@pytest.mark.slow
def test_number_of_peaks() -> None:
    right = [len(decompose(three(seed), 1.0, 1.6, noise="counting").components) for seed in range(15)]
    assert right.count(3) >= 13
    flat = [len(decompose(counted(np.full(Q.size, 50.0), seed), 1.0, 1.6).components) for seed in range(15)]
    assert flat.count(0) >= 13


@pytest.mark.slow
def test_a_wrong_scale_of_sigma_changes_no_number() -> None:
    pattern = counting_statistics(three(3))
    assert pattern.sigma is not None
    wrong = Pattern(Q, pattern.intensity, sigma=5.0 * pattern.sigma)
    one, other = (decompose(p, 1.0, 1.6, noise="file") for p in (pattern, wrong))
    for c, c_ in zip(one.components, other.components, strict=True):
        assert c.fwhm == pytest.approx(c_.fwhm, rel=1e-4)
        assert c.fwhm_error == pytest.approx(c_.fwhm_error, rel=1e-3)


def test_a_pseudo_voigt_recognises_a_lorentzian() -> None:
    expected = 30.0 + 0.3 * gauss(Q, 1.3, 4000.0, 0.04) + 0.7 * lorentz(Q, 1.3, 4000.0, 0.04)
    parts = decompose(counted(expected, 1), 1.0, 1.6, shape="pseudo-voigt", background="constant")
    (peak,) = parts.components
    assert peak.mixing_error is not None
    assert peak.mixing == pytest.approx(0.7, abs=4.0 * peak.mixing_error)
    assert peak.mixing_error < 0.05
    assert peak.area_error is not None
    size = 4000.0 * 0.04 * (0.3 * math.sqrt(math.pi / math.log(2.0)) + 0.7 * math.pi) / 2.0
    assert peak.area == pytest.approx(size, abs=4.0 * peak.area_error)


def test_what_is_not_refined_has_no_error() -> None:
    (peak,) = decompose(counted(30.0 + gauss(Q, 1.3, 500.0, 0.04), 1), 1.0, 1.6, count=1).components
    assert peak.mixing == 0.0
    assert peak.mixing_error is None
    wide = decompose(counted(500.0 + gauss(Q, 1.3, 500.0, 1.2), 1), 1.0, 1.6, count=1).components[0]
    assert wide.fwhm == pytest.approx(0.6, rel=1e-3)
    assert wide.fwhm_error is None
    assert wide.area_error is None


def comb(stray: float, width: float = 0.03) -> Peaks:
    """Fringes 0.1 apart, one place empty, a peak under them, a halo, and one peak more."""
    position = np.array([1.0, 1.1, 1.2, 1.4, 1.21, 1.3, stray])
    fwhm = np.array([0.03, 0.028, 0.03, 0.033, 0.15, 2.0, width])
    size = np.array([1.0, 5.0, 4.0, 1.0, 3.0, 9.0, 1.0])
    return Peaks(position, np.full(7, 1e-3), fwhm, np.full(7, 1e-3), size)


@pytest.mark.slow
def test_classes() -> None:
    kinds, spacing = classify(comb(1.345))
    assert spacing == pytest.approx(0.1, rel=0.02)
    assert [kind for kind, _ in kinds] == [*["fringe"] * 4, "Bragg peak", "diffuse", "spurious"]
    assert "0.4" in kinds[-1][1]
    assert classify(comb(1.35))[0][-1][0] == "spurious"
    kinds, _ = classify(comb(1.3))
    assert kinds[-1][0] == "fringe"
    kinds, _ = classify(comb(1.3, width=0.012))
    assert kinds[-1][0] == "spurious"
    assert "neighbours" in kinds[-1][1]


def test_what_is_broad_and_beside_the_fringes_is_diffuse() -> None:
    peaks = comb(1.3)
    position = np.where(peaks.fwhm == 0.15, 1.42, peaks.position)
    aside = Peaks(position, peaks.position_error, peaks.fwhm, peaks.fwhm_error, peaks.area)
    assert classify(peaks)[0][4][0] == "Bragg peak"
    assert classify(aside)[0][4][0] == "diffuse"


def test_classes_with_a_given_period() -> None:
    kinds, spacing = classify(comb(1.345), 0.1)
    assert spacing == 0.1
    assert kinds[-1][0] == "spurious"
    halved, _ = classify(comb(1.35), 0.05)
    assert halved[-1][0] == "fringe"


def test_classes_without_fringes() -> None:
    one, two = np.array([1.0, 1.05]), np.array([1.0, 1.1, 1.2])
    wide = Peaks(one, one * 0.0, np.array([0.08, 0.5]), one * 0.0, np.array([8.0, 8.0]))
    assert [kind for kind, _ in classify(wide)[0]] == ["Bragg peak", "diffuse"]
    sharp = Peaks(two, two * 0.0, np.array([0.08, 0.13, 0.02]), two * 0.0, np.array([8.0, 1.0, 0.1]))
    kinds, spacing = classify(sharp)
    assert spacing is None
    assert [kind for kind, _ in kinds] == ["Bragg peak", "Bragg peak", "spurious"]
    assert classify(Peaks(*[np.zeros(0)] * 5)) == ([], None)


def numbers_of_strays(parts: Decomposition) -> list[int]:
    found = [
        c.number
        for c in parts.components
        if any(abs(c.position - at) < 0.01 and c.fwhm < 0.03 for at, _, _ in STRAY)
    ]
    assert len(found) == 2
    return found


@pytest.mark.slow
def test_figure_s12() -> None:
    """Platelets with two stray peaks: found, named, and the fit is right without them."""
    pulls: dict[str, list[float]] = {"with": [], "without": []}
    for seed in range(2):
        pattern = platelets(seed)
        parts = decompose(pattern, 1.75, 2.75, noise="counting")
        strays = numbers_of_strays(parts)
        assert parts.component(strays[0]).kind == "spurious"
        assert parts.period == pytest.approx(5 * 6.0166 + 32.0, rel=0.05)
        for name, tried in (
            ("with", counting_statistics(pattern)),
            ("without", subtract_peaks(parts, strays)),
        ):
            found = fit(
                tried,
                regions=[(1.75, 2.75)],
                start=PLATELETS,
                fix={"q_zero": 0.0},
                bounds={"L": (26.0, 38.0)},
                background="constant",
            )
            assert found.assessment is not None
            assert found.assessment.rejected is (name == "with")
            value, error = found.parameters["sigma_L"].value, found.minima[0].covariance.error("sigma_L")
            assert value is not None
            assert error is not None  # from the noise alone, which a rejected fit does not give
            pulls[name].append((value - 0.6) / error)
    assert abs(np.mean(pulls["without"])) < 1.5
    assert np.mean(pulls["with"]) > 4.0


def test_subtract() -> None:
    pattern = three(5)
    parts = decompose(pattern, 1.05, 1.5, count=3)
    first, third = parts.component(1), parts.component(3)
    left = subtract_peaks(parts, [3, 1])
    taken = sum(gauss(Q, c.position, c.height, c.fwhm) for c in (first, third))
    np.testing.assert_allclose(left.intensity, pattern.intensity - taken, rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(left.sigma, np.sqrt(np.maximum(pattern.intensity, 1.0)), rtol=1e-12)
    assert left.per_count is None
    step = left.history[-1]
    assert step.name == "peaks subtracted"
    assert list(step.details) == ["shape", "#1", "#3"]
    assert f"at {first.position:.5g} Å⁻¹" in str(step.details["#1"])
    region = select_points(left, [Region(1.05, 1.5)], "counting")[0]
    np.testing.assert_allclose(region.sigma, left.sigma[(Q >= 1.05) & (Q <= 1.5)], rtol=1e-12)


def test_curve_is_the_sum() -> None:
    parts = decompose(three(6), 1.0, 1.6, count=3)
    each = [parts.curve(Q, [c.number]) for c in parts.components]
    np.testing.assert_allclose(parts.curve(Q), parts.fitted.background_at(Q) + sum(each), rtol=1e-12)
    residual = (three(6).intensity - parts.curve(Q)) / np.sqrt(three(6).intensity)
    assert np.mean(residual**2) == pytest.approx(1.0, abs=0.25)


def test_masked_points_are_left_out() -> None:
    spoilt = Pattern(Q, three(7).intensity + 1e5 * ((Q > 1.3) & (Q < 1.32)), per_count=1.0).masked(
        1.299, 1.321
    )
    parts = decompose(spoilt, 1.0, 1.6, count=3, noise="counting")
    assert [c.position for c in parts.components] == pytest.approx([1.15, 1.24, 1.4], abs=0.02)


def test_table() -> None:
    parts = decompose(three(8), 1.0, 1.6, count=3)
    text = str(parts)
    assert text.startswith("a.xrdml, 1–1.6 Å⁻¹: 3 × gaussian, ")
    for c in parts.components:
        assert any(line.split()[0] == str(c.number) and c.kind in line for line in text.splitlines()[4:])
    rows = zip(text.splitlines()[4:], parts.components, strict=True)
    assert len({line.index(c.kind) for line, c in rows}) == 1


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"shape": "voigt"}, "gaussian, pseudo-voigt"),
        ({"background": "cubic"}, "constant nor linear"),
        ({"count": -1}, "0 to 30"),
        ({"count": 31}, "0 to 30"),
        ({"period": 0.0}, "period"),
        ({"low": 1.2, "high": 1.22}, "at least 20"),
        ({"low": 1.2, "high": 1.26, "count": 12}, "at least 39"),
        ({"low": 3.0, "high": 4.0}, "outside"),
    ],
)
def test_refused(options: dict[str, object], message: str) -> None:
    with pytest.raises(SlxrdError, match=message):
        decompose(three(1), **{"low": 1.0, "high": 1.6, **options})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("numbers", "message"), [([], "at least one"), ([4], "1 to 3"), ([0], "1 to 3"), ([2, 2], "twice")]
)
def test_subtract_refuses(numbers: list[int], message: str) -> None:
    with pytest.raises(SlxrdError, match=message):
        subtract_peaks(three_found(), numbers)


@pytest.mark.parametrize("shape", ["gaussian", "pseudo-voigt"])
def test_no_peak_at_all(shape: Shape) -> None:
    parts = decompose(three(1), 1.5, 1.6, count=0, shape=shape)
    assert parts.components == ()
    assert parts.period is None
    assert "0 ×" in str(parts)
    with pytest.raises(SlxrdError, match="none was found"):
        parts.component(1)
