"""Electron densities between crystals: against brute force, the slab's kernel, and added by a package."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import brute_cells
import numpy as np
import pytest
from cells_samples import CU, FloatArray, assert_same, crystal, sharp, values_of

import slxrd
from slxrd.errors import SlxrdError
from slxrd.instrument.diffractometer import Instrument
from slxrd.model.intensity import Model
from slxrd.parameters.definitions import info
from slxrd.parameters.gap_profiles.profile import (
    GAP_PROFILES,
    ComplexArray,
    GapProfile,
    GapTransform,
    gap_profile,
)
from slxrd.parameters.gap_profiles.slab import RHO
from slxrd.parameters.parameter_info import ParameterInfo
from slxrd.sample.stack import Stack

PAGE = Path(__file__).parents[2] / "docs" / "extending.md"
Q = np.linspace(0.05, 2.5, 41)
SLOPED = {"rho_0": 0.2, "rho_slope": 0.013}


def row(name: str, unit: str, step: float) -> ParameterInfo:
    return ParameterInfo(name, name, unit, 0.0, -1.0, 1.0, -10.0, 10.0, "test", "here", step, False)


class Sloped(GapProfile):
    """ρ(z) = ρ₀ + sz: heavier at one end, so that B and B* e^{iqℓ} differ."""

    parameters = (row("rho_0", "e/Å³", 0.02), row("rho_slope", "e/Å⁴", 0.001))

    def transform(self, q: FloatArray, width: FloatArray, values: Mapping[str, float]) -> GapTransform:
        edge = np.exp(1j * q * width)
        # ∫ z^m e^{iqz} dz for m = 0, 1, 2; the derivative with respect to q is i times the next one.
        moments: list[ComplexArray] = [(edge - 1.0) / (1j * q)]
        for m in (1, 2):
            moments.append((width**m * edge - m * moments[-1]) / (1j * q))
        rho, slope = values["rho_0"], values["rho_slope"]
        return GapTransform(
            rho * moments[0] + slope * moments[1],
            1j * (rho * moments[1] + slope * moments[2]),
            (rho + slope * width) * edge,
            {"rho_0": moments[0], "rho_slope": moments[1]},
        )


@pytest.fixture
def registry(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Leave the registry as it was, and look for entry points anew."""
    len(GAP_PROFILES)
    monkeypatch.setattr(GAP_PROFILES, "_items", dict(GAP_PROFILES._items))
    vars(GAP_PROFILES).pop("_plugins", None)
    yield
    vars(GAP_PROFILES).pop("_plugins", None)


@pytest.fixture
def sloped(registry: None) -> None:
    GAP_PROFILES.register("sloped", Sloped)


@pytest.fixture
def heads(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, registry: None) -> Iterator[None]:
    """The package of docs/extending.md that adds head groups and tails of ligands."""
    info_folder = tmp_path / "heads-1.0.dist-info"
    info_folder.mkdir()
    (info_folder / "METADATA").write_text("Metadata-Version: 2.1\nName: heads\nVersion: 1.0\n")
    (info_folder / "entry_points.txt").write_text(
        "[slxrd.gap_profiles]\nheads = heads_of_a_test:HeadsAndTails\n"
    )
    (module,) = re.findall(r"^```py3\n(.*?)^```$", PAGE.read_text(encoding="utf-8"), re.M | re.S)
    (tmp_path / "heads_of_a_test.py").write_text(module, encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    yield
    sys.modules.pop("heads_of_a_test", None)


STACKS = {
    "pure": Stack(5, 3.0, crystal("Br")),
    "pure, extending surfaces": Stack(4, 3.0, crystal("Pb to S")),
    "mixed": Stack(4, 3.0, crystal("CsBr"), stack="mixed", coherent_spread=1.0),
    "alternating": Stack(3, 3.0, crystal("Br"), crystal("PbS")),
}


def example(kind: str, *names: str) -> tuple[Stack, dict[str, float]]:
    wider = ["dL_B"] if kind == "alternating" else []
    stack = STACKS[kind].using([*names, "sigma_u", "unstacked", "shift_surface", *wider])
    d = 3.43 if kind == "pure, extending surfaces" else 5.84
    return stack, values_of(stack, d)


@pytest.mark.parametrize("sigma_L", [0.0, 0.3, 1.5, 6.0])
def test_the_closed_form_of_the_slab_is_its_quadrature(sigma_L: float) -> None:
    slab, values = gap_profile("slab"), {"rho": 0.3}
    q = np.concatenate((-Q, Q))
    closed, summed = (f(q, 27.0, sigma_L, values) for f in (slab.averages, _by_quadrature))
    for one, two in zip(closed.reshape(-1, q.size), summed.reshape(-1, q.size), strict=True):
        np.testing.assert_allclose(two, one, rtol=0.0, atol=1e-12 * np.abs(one).max() + 1e-13)


def _by_quadrature(q: FloatArray, width: float, sigma_L: float, values: Mapping[str, float]) -> ComplexArray:
    return GapProfile.averages(gap_profile("slab"), q, width, sigma_L, values)


@pytest.mark.parametrize("profile", [gap_profile("slab"), gap_profile("none"), Sloped()])
def test_derivatives_of_averages_are_those_of_differences(profile: GapProfile) -> None:
    values = {"rho": 0.3, **SLOPED}
    width, sigma_L, h = 27.0, 1.3, 1e-5

    def at(by_q: float = 0.0, by_width: float = 0.0, by_sigma: float = 0.0, **moved: float) -> ComplexArray:
        own = {name: value + moved.get(name, 0.0) for name, value in values.items()}
        return profile.averages(Q + by_q, width + by_width, sigma_L + by_sigma, own)

    rows = at()
    assert rows.shape == (3, 4 + len(profile.names), Q.size)
    for k, name in enumerate(("by_q", "by_width", "by_sigma", *profile.names), 1):
        expected = (at(**{name: h})[:, 0] - at(**{name: -h})[:, 0]) / (2.0 * h)
        np.testing.assert_allclose(rows[:, k], expected, rtol=1e-6, atol=1e-6 * np.abs(rows[:, k]).max())


@pytest.mark.slow
@pytest.mark.parametrize("kind", STACKS)
def test_a_registered_profile_is_that_of_brute_force(kind: str, sloped: None) -> None:
    stack, values = example(kind, *SLOPED)
    values |= SLOPED
    assert isinstance(stack.gap_profile, Sloped)
    assert info("rho_slope").unit == "e/Å⁴"
    assert stack.crystal is not None
    area = stack.crystal.area or 0.0
    expected = brute_cells.expected(
        stack, values, Q, CU, lambda z, width: area * (SLOPED["rho_0"] + SLOPED["rho_slope"] * z)
    )
    assert_same(sharp(stack, values, Q), expected)
    bare = sharp(stack, {**values, "rho_0": 0.0, "rho_slope": 0.0}, Q)
    assert np.abs(bare / expected - 1.0).max() > 0.01


@pytest.mark.slow
@pytest.mark.parametrize("kind", STACKS)
def test_derivatives_of_intensities_are_those_of_differences(kind: str, sloped: None) -> None:
    stack, values = example(kind, *SLOPED)
    values |= SLOPED
    region = Model(stack, Instrument(0.0, wavelength=CU)).region(Q[::3])
    intensity, slopes = region.evaluate(values)
    for name, slope in zip(stack.names, slopes, strict=True):
        h = {"q_zero": 2e-6, "d": 2e-5, "d_B": 2e-5, "rho_slope": 1e-5}.get(name, 1e-4)
        near = [region.evaluate({**values, name: values[name] + k * h}, False)[0] for k in (-2, -1, 1, 2)]
        expected = (near[0] - 8.0 * near[1] + 8.0 * near[2] - near[3]) / (12.0 * h)
        atol = 1e-6 * np.abs(expected).max() + 1e-9 * intensity.max()
        np.testing.assert_allclose(slope, expected, rtol=0.0, atol=atol, err_msg=name)


@pytest.mark.slow
@pytest.mark.parametrize("kind", STACKS)
def test_a_constant_profile_is_the_slab_of_the_compiled_kernel(kind: str, sloped: None) -> None:
    stack, values = example(kind, *SLOPED)
    values |= {"rho_0": 0.28, "rho_slope": 0.0}
    slab = Stack(
        stack.coherent, 3.0, stack.crystal, stack.partner, 0.28, stack.stack,
        coherent_spread=stack.coherent_spread,
    ).using([name for name in stack.extras if name not in SLOPED])  # fmt: skip
    instrument = Instrument(0.0, wavelength=CU)
    one, slopes = Model(slab, instrument).region(Q).evaluate({**values, "rho": 0.28})
    other, rows = Model(stack, instrument).region(Q).evaluate(values)
    np.testing.assert_allclose(other, one, rtol=0.0, atol=1e-11 * one.max())
    renamed = {**dict(zip(stack.names, rows, strict=True)), "rho": rows[stack.names.index("rho_0")]}
    for name, slope in zip(slab.names, slopes, strict=True):
        np.testing.assert_allclose(
            renamed[name], slope, rtol=0.0, atol=1e-10 * np.abs(slope).max(), err_msg=name
        )


def test_an_installed_profile_is_that_of_its_density(heads: None) -> None:
    """Its transform against quadrature, its derivatives against differences, and it as a slab."""
    profile, values = gap_profile("heads"), {"rho_heads": 0.45, "rho_tails": 0.2}
    q, width = np.concatenate((-Q, Q)), np.array([[11.0], [30.0]])

    def by_layers(low: FloatArray, high: FloatArray, rho: float) -> ComplexArray:
        z, weights = np.polynomial.legendre.leggauss(60)
        heights = low + 0.5 * (high - low) * (1.0 + z)
        return np.einsum(
            "wz,wzn->wn", 0.5 * (high - low) * weights * rho, np.exp(1j * heights[..., None] * q)
        )

    edges = [0.0 * width, 4.0 + 0.0 * width, width - 4.0, width]
    expected = sum(
        by_layers(low, high, rho) for low, high, rho in zip(edges, edges[1:], (0.45, 0.2, 0.45), strict=False)
    )
    found, h = profile.transform(q, width, values), 1e-5
    np.testing.assert_allclose(found.value, expected, rtol=0.0, atol=1e-11)

    def difference(in_q: float, in_width: float, **moved: float) -> ComplexArray:
        up, down = (
            profile.transform(
                q + way * in_q,
                width + way * in_width,
                {n: v + way * moved.get(n, 0.0) for n, v in values.items()},
            ).value
            for way in (1.0, -1.0)
        )
        return (up - down) / (2.0 * h)

    np.testing.assert_allclose(found.by_q, difference(h, 0.0), atol=1e-5)
    np.testing.assert_allclose(found.by_width, difference(0.0, h), atol=1e-7)
    for name in values:
        np.testing.assert_allclose(found.by_parameter[name], difference(0.0, 0.0, **{name: h}), atol=1e-7)

    stack, others = example("mixed", *values)
    slab = Stack(4, 3.0, crystal("CsBr"), slab=0.45, stack="mixed", coherent_spread=1.0).using(
        ["sigma_u", "unstacked", "shift_surface"]
    )
    even = {**others, "rho_heads": 0.45, "rho_tails": 0.45}
    assert_same(sharp(stack, even, Q), sharp(slab, {**others, "rho": 0.45}, Q), 1e-9)


@pytest.mark.slow
def test_an_installed_profile_is_fitted(heads: None) -> None:
    sizes = {"N": 6.0, "sigma_N": 0.8}
    truth = {"d": 5.84, "L": 36.9, "sigma_L": 0.6, "rho_heads": 0.5}
    sample = {"crystal": "CsPbBr3:Br", "coherent": 6, "size_window": 3.0}
    pattern = slxrd.simulate(
        np.arange(0.1, 1.3, 0.008),
        {**truth, **sizes, "rho_tails": 0.25},
        noise=0.001,
        seed=3,
        wavelength=CU,
        resolution=0.01,
        **sample,
    )
    fit = slxrd.fit(
        pattern,
        regions=[(0.12, 0.6), (0.9, 1.28)],
        start=truth,
        free=["rho_heads"],
        fix={"rho_tails": 0.25, "q_zero": 0.0, **sizes},
        bounds={"L": (35.0, 39.0)},
        resolution=0.01,
        **sample,
    )
    for name, true in truth.items():
        estimate = fit.parameters[name]
        assert estimate.value is not None
        assert estimate.error is not None, name
        assert abs(estimate.value - true) < 5.0 * estimate.error + 1e-6, name


def test_profiles_that_cannot_be(sloped: None) -> None:
    class Other(GapProfile):
        parameters = (row("rho_other", "e/Å³", 0.02),)

        def transform(self, q: FloatArray, width: FloatArray, values: Mapping[str, float]) -> GapTransform:
            return GapTransform(q, q, q, {"rho_other": q})  # type: ignore[arg-type]

    GAP_PROFILES.register("other", Other)
    atoms = Stack(4, crystal=crystal("Br"))
    with pytest.raises(SlxrdError, match="those of sloped and other"):
        atoms.using(["rho_0", "rho_other"])
    for stack in (Stack(4), Stack(4, crystal=crystal("Br"), slab=0.3), Stack(1, crystal=crystal("Br"))):
        with pytest.raises(SlxrdError, match="not a parameter of this structure"):
            stack.using(["rho_0"])
    wrong = atoms.using(["rho_other"])
    with pytest.raises(SlxrdError, match="gap profile of rho_other gives values of shape"):
        sharp(wrong, {**values_of(wrong, 5.84), "rho_other": 0.1}, Q)

    class Again(Other):
        parameters = (RHO,)

    GAP_PROFILES.register("again", Again)
    with pytest.raises(SlxrdError, match="has a parameter 'rho', as another one does"):
        info("rho_other")


def test_without_a_density_there_is_no_profile() -> None:
    assert {"none", "slab"} <= set(GAP_PROFILES)
    assert Stack(crystal=crystal("Br")).gap_profile.names == ()
    assert Stack(crystal=crystal("Br"), slab=0.3).gap_profile.names == ("rho",)
    with pytest.raises(SlxrdError, match="unknown gap profile 'bilayer'"):
        gap_profile("bilayer")
