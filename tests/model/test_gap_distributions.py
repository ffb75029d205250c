"""Skewed gaps and gaps of two widths: quadrature, random stacks, finite differences and limits."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Mapping
from itertools import pairwise
from pathlib import Path

import brute_cells
import numpy as np
import pytest
from cells_samples import CU, FloatArray, assert_brute, crystal, sharp, values_of
from scipy.integrate import trapezoid
from scipy.stats import gamma

from slxrd.errors import SlxrdError
from slxrd.instrument.diffractometer import Instrument
from slxrd.model.intensity import Model
from slxrd.parameters.definitions import info
from slxrd.parameters.gap_distributions.distribution import (
    GAP_DISTRIBUTIONS,
    GapCharacteristic,
    GapDistribution,
    gap_distribution,
)
from slxrd.parameters.gap_distributions.gamma import GammaGaps
from slxrd.parameters.gap_profiles.profile import GAP_PROFILES, GapProfile, GapTransform, gap_profile
from slxrd.parameters.parameter_info import ParameterInfo
from slxrd.sample.stack import Stack
from slxrd.sample.substrate import Substrate

PAGE = Path(__file__).parents[2] / "docs" / "extending.md"
Q = np.linspace(0.05, 2.5, 41)
TWO = {"wide_L": 0.12, "widening_L": 4.3}
#: Distributions with values of their parameters.
CASES: list[tuple[str, Mapping[str, float]]] = [
    ("gaussian", {}),
    ("gamma", {"skew_L": 0.0}),
    ("gamma", {"skew_L": 0.01}),
    ("gamma", {"skew_L": 0.8}),
    ("gamma", {"skew_L": -1.7}),
    ("skew normal", {"skew_normal_L": 0.02}),
    ("skew normal", {"skew_normal_L": 0.6}),
    ("skew normal", {"skew_normal_L": -0.9}),
    ("two widths", TWO),
    ("two widths", {"wide_L": 0.5, "widening_L": -6.0}),
]
STACKS = {
    "planes": Stack(3),
    "planes, M = 2, mixed": Stack(2, stack="mixed"),
    "planes, M = 40": Stack(40),
    "planes, alternating": Stack(3, stack="alternating"),
    "atoms": Stack(3, crystal=crystal("Br")),
    "slab": Stack(3, crystal=crystal("Pb to S"), slab=0.28),
    "slab, mixed": Stack(4, crystal=crystal("Br"), slab=0.28, stack="mixed", coherent_spread=1.0),
    "slab, alternating": Stack(2, crystal=crystal("Br"), partner=crystal("PbS"), slab=0.28),
}


def example(kind: str, given: Mapping[str, float]) -> tuple[Stack, dict[str, float]]:
    wider = ["dL_B"] if STACKS[kind].alternating else []
    surface = ["shift_surface"] if STACKS[kind].crystal is not None else []
    stack = STACKS[kind].using([*given, "sigma_u", "unstacked", *wider, *surface])
    return stack, values_of(stack, 3.43 if kind == "slab" else 5.84, **given)


@pytest.mark.parametrize(("name", "values"), CASES)
@pytest.mark.parametrize("sigma_L", [0.0, 1.3])
def test_the_characteristic_function_is_the_mean_over_gaps(
    name: str, values: Mapping[str, float], sigma_L: float
) -> None:
    skewness = values.get("skew_L", 0.0)
    skewness = skewness if abs(skewness) > 0.1 else 0.0
    gap = brute_cells.Gap(
        27.0, sigma_L, 0.0, None, skewness, values.get("wide_L", 0.0), values.get("widening_L", 0.0),
        values.get("skew_normal_L", 0.0),
    )  # fmt: skip
    widths, weights = gap.nodes(80)
    q = np.concatenate((-Q, Q))
    found = gap_distribution(name).characteristic(q, 27.0, sigma_L, values)
    expected = weights @ np.exp(1j * np.multiply.outer(widths, q))
    close = 1e-10 if values.get("skew_L") != 0.01 else 0.01 * 2.5**3 * 1.3**3 / 6.0
    np.testing.assert_allclose(1.0 + found.less_one, expected, rtol=0.0, atol=close)
    moments = gap_distribution(name).moments(27.0, sigma_L, values)
    mean = weights @ widths
    assert moments.mean == pytest.approx(mean)
    assert moments.deviation == pytest.approx(np.sqrt(weights @ (widths - mean) ** 2), abs=1e-7)
    if moments.deviation > 0.0 and values.get("skew_L") != 0.01:
        third = weights @ (widths - mean) ** 3
        assert moments.skewness * moments.deviation**3 == pytest.approx(third, abs=1e-6) or sigma_L == 0.0


def test_skewed_gaps_are_gamma_distributed() -> None:
    """Against the density of the gamma distribution, integrated."""
    sigma_L, skewness = 1.43, 0.8
    shape = 4.0 / skewness**2
    law = gamma(shape, loc=36.9 - np.sqrt(shape) * sigma_L, scale=sigma_L / np.sqrt(shape))
    assert [float(each) for each in law.stats("mvs")] == pytest.approx([36.9, sigma_L**2, skewness])
    widths = np.linspace(*law.interval(1.0 - 1e-14), 20001)
    expected = trapezoid(law.pdf(widths) * np.exp(1j * np.multiply.outer(Q, widths)), widths, axis=1)
    found = gap_distribution("gamma").characteristic(Q, 36.9, sigma_L, {"skew_L": skewness})
    np.testing.assert_allclose(1.0 + found.less_one, expected, rtol=0.0, atol=1e-8)


@pytest.mark.parametrize(("name", "values"), CASES)
def test_derivatives_are_those_of_differences(name: str, values: Mapping[str, float]) -> None:
    one, h = gap_distribution(name), 1e-5

    def at(by_q: float = 0.0, L: float = 0.0, sigma_L: float = 0.0, **moved: float) -> FloatArray:
        own = {key: value + moved.get(key, 0.0) for key, value in values.items()}
        return one.characteristic(Q + by_q, 27.0 + L, 1.3 + sigma_L, own).less_one

    found = one.characteristic(Q, 27.0, 1.3, values)
    assert set(found.by_parameter) == set(one.names)
    slopes = {"by_q": found.by_q, "L": found.by_L, "sigma_L": found.by_sigma_L, **found.by_parameter}
    for moved, slope in slopes.items():
        expected = (at(**{moved: h}) - at(**{moved: -h})) / (2.0 * h)
        np.testing.assert_allclose(slope, expected, rtol=0.0, atol=1e-7 * np.abs(slope).max(), err_msg=moved)


def test_series_and_closed_form_of_the_skewness_join() -> None:
    """On both sides of the value at which one replaces the other; and without digits lost near γ = 0."""
    one, q = gap_distribution("gamma"), np.array([1.1])
    for edge in (0.2 / (0.5 * 1.1 * 1.3), -0.2 / (0.5 * 1.1 * 1.3)):
        near, beyond = (
            one.characteristic(q, 27.0, 1.3, {"skew_L": edge * factor}) for factor in (1 - 1e-12, 1 + 1e-12)
        )
        for a, b in ((near[k], beyond[k]) for k in range(4)):
            np.testing.assert_allclose(a, b, rtol=1e-10)
        np.testing.assert_allclose(near.by_parameter["skew_L"], beyond.by_parameter["skew_L"], rtol=1e-10)
    gaussian = gap_distribution("gaussian").characteristic(Q, 27.0, 1.3, {})
    for small in (0.0, 1e-300, -1e-12):
        found = one.characteristic(Q, 27.0, 1.3, {"skew_L": small})
        np.testing.assert_allclose(found.less_one, gaussian.less_one, rtol=0.0, atol=1e-11)


def test_series_and_closed_form_of_the_skew_normal_join() -> None:
    """On both sides of the value at which one replaces the other; digits remain near γ = 0, none overflow."""
    one, q = gap_distribution("skew normal"), np.array([1.1])
    edge = (4.0 - np.pi) / 2.0 / (1.1 * 1.3) ** 3
    for sign in (1.0, -1.0):
        near, beyond = (
            one.characteristic(q, 27.0, 1.3, {"skew_normal_L": sign * edge * factor})
            for factor in (1 - 1e-12, 1 + 1e-12)
        )
        for a, b in zip(near[:4], beyond[:4], strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-10)
        np.testing.assert_allclose(
            *(each.by_parameter["skew_normal_L"] for each in (near, beyond)), rtol=1e-10
        )
    gaussian = gap_distribution("gaussian").characteristic(Q, 27.0, 1.3, {})
    gamma_slope = (
        gap_distribution("gamma").characteristic(Q, 27.0, 1.3, {"skew_L": 0.0}).by_parameter["skew_L"]
    )
    for small in (0.0, 1e-300, -1e-30):
        found = one.characteristic(Q, 27.0, 1.3, {"skew_normal_L": small})
        np.testing.assert_allclose(found.less_one, gaussian.less_one, rtol=0.0, atol=1e-15)
        # The third cumulant alone decides, as of every distribution.
        np.testing.assert_allclose(found.by_parameter["skew_normal_L"], gamma_slope, rtol=1e-8)
    far = one.characteristic(np.array([30.0, 200.0]), 27.0, 10.0, {"skew_normal_L": 0.99})
    np.testing.assert_allclose(far.less_one, -1.0, rtol=1e-15)


@pytest.mark.parametrize(("name", "values"), CASES)
def test_small_q_loses_no_digits(name: str, values: Mapping[str, float]) -> None:
    """w − 1 → iq⟨g⟩ − q²⟨g²⟩/2, and the mean |slab|² → ρ²⟨ℓ²⟩."""
    q, one = np.array([1e-9, 1e-6]), gap_distribution(name)
    found, moments = one.characteristic(q, 27.0, 1.3, values), one.moments(27.0, 1.3, values)
    square = moments.mean**2 + moments.deviation**2
    np.testing.assert_allclose(found.less_one.imag, q * moments.mean, rtol=1e-9)
    np.testing.assert_allclose(found.less_one.real, -0.5 * q**2 * square, rtol=1e-7)
    means = gap_profile("slab").averages_from(found, q, {"rho": 0.3})
    np.testing.assert_allclose(means[2, 0], 0.3**2 * square, rtol=1e-7)
    np.testing.assert_allclose(means[0, 0], 0.3 * moments.mean, rtol=1e-4)


@pytest.mark.slow
@pytest.mark.parametrize("given", [{"skew_L": 0.8}, {"skew_L": -1.1}, {"skew_normal_L": 0.7}, TWO], ids=str)
@pytest.mark.parametrize("kind", STACKS)
def test_intensities_are_those_of_brute_force(kind: str, given: Mapping[str, float]) -> None:
    stack, values = example(kind, given)
    assert_brute(stack, values, Q, 1e-8)
    gaussian, plain = example(kind, {})
    assert np.abs(sharp(stack, values, Q) / sharp(gaussian, plain, Q) - 1.0).max() > 0.01


@pytest.mark.slow
@pytest.mark.parametrize("given", [{"skew_L": 0.9}, {"skew_normal_L": -0.9}, TWO], ids=str)
@pytest.mark.parametrize("M", [2, 3, 40])
def test_intensities_are_those_of_random_stacks(M: int, given: Mapping[str, float]) -> None:
    """Stacks of equal planes drawn gap by gap, within five standard errors and on average within one."""
    rng = np.random.default_rng(M)
    stack = Stack(M).using(given)
    values = {"d": 5.84, "L": 36.9, "sigma_L": 1.43, "N": 4.0, "sigma_N": 0.0, "q_zero": 0.0, **given}
    q = np.linspace(0.9, 2.3, 15)
    gap = brute_cells.Gap(
        36.9,
        1.43,
        0.0,
        None,
        given.get("skew_L", 0.0),
        given.get("wide_L", 0.0),
        given.get("widening_L", 0.0),
        given.get("skew_normal_L", 0.0),
    )
    widths = gap.draw(rng, (4000, M))
    heights = np.cumsum(widths + 3 * 5.84, axis=1) - widths[:, :1] - 3 * 5.84
    amplitude = np.array([np.exp(1j * each * heights).sum(axis=1) for each in q])
    crystal_alone = np.exp(1j * np.multiply.outer(q, 5.84 * np.arange(4))).sum(axis=1)
    drawn = np.abs(crystal_alone[:, None] * amplitude) ** 2
    error = drawn.std(axis=1) / np.sqrt(drawn.shape[1])
    pulls = (Model(stack, Instrument(0.0)).intensity(q, values) - drawn.mean(axis=1)) / error
    assert np.abs(pulls).max() < 5.0
    assert np.sqrt(np.mean(pulls**2)) < 2.0


@pytest.mark.slow
@pytest.mark.parametrize("given", [{"skew_L": 0.8}, {"skew_L": 0.0}, {"skew_normal_L": 0.7}, TWO], ids=str)
@pytest.mark.parametrize("kind", STACKS)
def test_derivatives_of_intensities_are_those_of_differences(kind: str, given: Mapping[str, float]) -> None:
    stack, values = example(kind, given)
    region = Model(stack, Instrument(0.0, wavelength=CU)).region(Q[::3])
    intensity, slopes = region.evaluate(values)
    for name, slope in zip(stack.names, slopes, strict=True):
        h = {"q_zero": 2e-6, "d": 2e-5, "d_B": 2e-5}.get(name, 1e-4)
        near = [region.evaluate({**values, name: values[name] + k * h}, False)[0] for k in (-2, -1, 1, 2)]
        expected = (near[0] - 8.0 * near[1] + 8.0 * near[2] - near[3]) / (12.0 * h)
        atol = 1e-6 * np.abs(expected).max() + 1e-9 * intensity.max()
        np.testing.assert_allclose(slope, expected, rtol=0.0, atol=atol, err_msg=name)


@pytest.mark.parametrize("kind", STACKS)
def test_without_skewness_or_share_the_gaps_are_gaussian(kind: str) -> None:
    """As the kernel of Gaussian gaps, which is native where that is installed."""
    gaussian, plain = example(kind, {})
    expected = sharp(gaussian, plain, Q)
    none = ({"skew_L": 0.0}, {"skew_normal_L": 0.0})
    for given in (*none, {"wide_L": 0.0, "widening_L": 4.0}, {"wide_L": 0.3, "widening_L": 0.0}):
        found = sharp(*example(kind, given), Q)
        np.testing.assert_allclose(found, expected, rtol=0.0, atol=1e-10 * expected.max())


def test_smearing_is_that_of_a_finer_grid() -> None:
    """The auxiliary grid resolves the wide gaps and the tail of the skewed ones, with several resolutions."""
    q = np.linspace(0.9, 1.3, 60)
    for given in ({"skew_L": 1.9}, {"skew_normal_L": 0.99}, {"wide_L": 0.2, "widening_L": 15.0}):
        stack = Stack(4).using(given)
        values = {"d": 5.84, "L": 36.9, "sigma_L": 2.0, "N": 6.0, "sigma_N": 0.5, "q_zero": 0.0, **given}
        for sigma_G in (0.004, 0.02):
            found = Model(stack, Instrument(sigma_G)).intensity(q, values)
            away = np.linspace(-8.0, 8.0, 4001)
            weights = np.exp(-0.5 * away**2)
            fine = np.array(
                [Model(stack, Instrument(0.0)).intensity(at + sigma_G * away, values) for at in q[::12]]
            )
            expected = fine @ weights / weights.sum()
            np.testing.assert_allclose(found[::12], expected, rtol=0.0, atol=1e-8 * expected.max())


def test_a_substrate_sees_the_same_gaps() -> None:
    """Random stacks of equal planes on the rod of a substrate."""
    given = {"skew_L": 0.9}
    stack = Stack(3, substrate=Substrate(2.6)).using(given)
    values = {
        "d": 5.84, "L": 36.9, "sigma_L": 1.43, "N": 4.0, "sigma_N": 0.0, "q_zero": 0.0, "d_S": 2.6,
        "f_S": 1.5, "L_S": 4.0, "sigma_S": 0.0, "coherence_S": 1.0, "phase_S": 0.0, **given,
    }  # fmt: skip
    q = np.linspace(0.9, 2.1, 9)
    model = Model(stack, Instrument(0.0))
    found = model.intensity(q, values)
    gap = brute_cells.Gap(36.9, 1.43, 0.0, None, 0.9)
    widths = gap.draw(np.random.default_rng(4), (20000, 3))
    heights = np.cumsum(widths + 3 * 5.84, axis=1) - widths[:, :1] - 3 * 5.84
    alone = np.exp(1j * np.multiply.outer(q, 5.84 * np.arange(4))).sum(axis=1)
    amplitude = alone[:, None] * np.array([np.exp(1j * each * (heights + 4.0)).sum(axis=1) for each in q])
    rod = 1.5 / (1.0 - np.exp(-1j * q * 2.6))
    drawn = np.abs(rod[:, None] + amplitude) ** 2
    error = drawn.std(axis=1) / np.sqrt(drawn.shape[1])
    assert np.abs((found - drawn.mean(axis=1)) / error).max() < 5.0


def test_parameters_are_offered_to_stacks_only() -> None:
    assert {"skew_L", "skew_normal_L", "wide_L", "widening_L"} <= set(Stack(2).offers)
    assert "skew_L" not in Stack(1).offers
    assert info("widening_L").unit == "Å"
    with pytest.raises(SlxrdError, match="skew_L is not a parameter of this structure"):
        Stack(1).using(["skew_L"])


def test_gaps_have_one_distribution() -> None:
    with pytest.raises(SlxrdError, match="gamma and two widths; leave out those of all but one"):
        Stack(2).using(["skew_L", "wide_L"])
    with pytest.raises(SlxrdError, match="gamma and skew normal"):
        Stack(2).using(["skew_L", "skew_normal_L"])


@pytest.mark.parametrize("value", [-21.0, 25.0])
def test_impossible_values_are_refused(value: float) -> None:
    stack = Stack(2).using(["skew_L"])
    values = {"d": 5.84, "L": 36.9, "sigma_L": 1.4, "N": 4.0, "sigma_N": 0.5, "q_zero": 0.0, "skew_L": value}
    with pytest.raises(SlxrdError, match="skew_L"):
        Model(stack).intensity(Q, values)


def test_every_distribution_says_what_it_is() -> None:
    for name in ("gaussian", "gamma", "skew normal", "two widths"):
        one = gap_distribution(name)
        assert isinstance(one, GapDistribution)
        assert one.equation
        assert one.reference
        assert one.in_kernels is (name == "gaussian")
        for trial in one.trials:
            assert set(trial) == set(one.names)
    assert all(a != b for a, b in pairwise(gap_distribution("gamma").trials))


@pytest.fixture
def spread(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The package of docs/extending.md that adds a uniform spread of the gaps."""
    folder = tmp_path / "spread-1.0.dist-info"
    folder.mkdir()
    (folder / "METADATA").write_text("Metadata-Version: 2.1\nName: spread\nVersion: 1.0\n")
    (folder / "entry_points.txt").write_text("[slxrd.gap_distributions]\nuniform = spread_of_a_test:Spread\n")
    (module,) = re.findall(r"^```python3\n(.*?)^```$", PAGE.read_text(encoding="utf-8"), re.M | re.S)
    (tmp_path / "spread_of_a_test.py").write_text(module, encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    len(GAP_DISTRIBUTIONS)
    monkeypatch.setattr(GAP_DISTRIBUTIONS, "_items", dict(GAP_DISTRIBUTIONS._items))
    vars(GAP_DISTRIBUTIONS).pop("_plugins", None)
    yield
    vars(GAP_DISTRIBUTIONS).pop("_plugins", None)
    sys.modules.pop("spread_of_a_test", None)


def test_an_installed_distribution_is_used(spread: None) -> None:
    """Its function against quadrature and differences, and an intensity with it."""
    one, values = gap_distribution("uniform"), {"a_L": 4.0}
    x, weights = np.polynomial.legendre.leggauss(60)
    decay = np.exp(-0.5 * (Q * 1.3) ** 2)
    expected = decay * (0.5 * weights @ np.exp(1j * np.multiply.outer(27.0 + 2.0 * x, Q)))
    found = one.characteristic(Q, 27.0, 1.3, values)
    np.testing.assert_allclose(1.0 + found.less_one, expected, rtol=0.0, atol=1e-12)
    h = 1e-5
    for slope, low, high in (
        (found.by_q, (Q - h, 27.0, 1.3, values), (Q + h, 27.0, 1.3, values)),
        (found.by_L, (Q, 27.0 - h, 1.3, values), (Q, 27.0 + h, 1.3, values)),
        (found.by_sigma_L, (Q, 27.0, 1.3 - h, values), (Q, 27.0, 1.3 + h, values)),
        (found.by_parameter["a_L"], (Q, 27.0, 1.3, {"a_L": 4.0 - h}), (Q, 27.0, 1.3, {"a_L": 4.0 + h})),
    ):
        near = (one.characteristic(*high).less_one - one.characteristic(*low).less_one) / (2.0 * h)
        np.testing.assert_allclose(slope, near, rtol=0.0, atol=1e-7 * np.abs(slope).max())
    stack = Stack(3).using(["a_L"])
    plain = {"d": 5.84, "L": 36.9, "sigma_L": 1.3, "N": 4.0, "sigma_N": 0.5, "q_zero": 0.0}
    narrow = sharp(stack, {**plain, "a_L": 1e-9})
    np.testing.assert_allclose(narrow, sharp(Stack(3), plain), rtol=1e-6)
    assert np.abs(sharp(stack, {**plain, "a_L": 4.0}) / narrow - 1.0).max() > 0.1


def test_a_profile_of_gaussian_gaps_is_refused_with_others(monkeypatch: pytest.MonkeyPatch) -> None:
    class Tails(GapProfile):
        parameters = (ParameterInfo("rho_t", "ρ", "e/Å³", 0.3, 0.0, 1.0, -1.0, 9.0, "test", "here", 0.1),)

        def transform(self, q: FloatArray, width: FloatArray, values: Mapping[str, float]) -> GapTransform:
            raise NotImplementedError

    len(GAP_PROFILES)
    monkeypatch.setattr(GAP_PROFILES, "_items", {**GAP_PROFILES._items, "tails": Tails})
    with pytest.raises(
        SlxrdError, match="gap profile of rho_t is averaged over Gaussian gaps only; leave out"
    ):
        Stack(3, crystal=crystal("Br")).using(["rho_t", "skew_L"])
    widths = gap_distribution("gamma").characteristic(Q, 27.0, 1.3, {"skew_L": 0.5})
    with pytest.raises(SlxrdError, match="leave out skew_L"):
        Tails().averages_from(widths, Q, {"rho_t": 0.3})


def test_a_distribution_that_gives_no_numbers_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*arguments: object) -> GapCharacteristic:
        nothing = np.full(Q.size, np.nan + 0j)
        return GapCharacteristic(nothing, nothing, nothing, nothing, {"skew_L": nothing})

    monkeypatch.setattr(GammaGaps, "characteristic", broken)
    with pytest.raises(SlxrdError, match="the distribution of gaps of skew_L gives values of shape"):
        sharp(*example("planes", {"skew_L": 0.8}), Q)
