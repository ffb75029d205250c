"""Kinds of disorder: against enumerated stacks, against the kernels, and added by an installed package."""

from __future__ import annotations

import itertools
import re
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from cells_samples import CU, all_offers, crystal, values_of

import slxrd
from slxrd.errors import SlxrdError
from slxrd.instrument.diffractometer import Instrument
from slxrd.model.intensity import Model
from slxrd.parameters.definitions import info
from slxrd.parameters.disorder.displacements import SIGMA_U, factor, reach
from slxrd.parameters.disorder.term import DISORDERS, DisorderFactor, DisorderTerm
from slxrd.parameters.parameter_info import ParameterInfo
from slxrd.sample.stack import Stack

Q = np.linspace(0.9, 1.3, 81)
PAGE = Path(__file__).parents[2] / "docs" / "extending.md"


@pytest.fixture
def registry(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Leave the registry as it was, and look for entry points anew."""
    len(DISORDERS)
    monkeypatch.setattr(DISORDERS, "_items", dict(DISORDERS._items))
    vars(DISORDERS).pop("_plugins", None)
    yield
    vars(DISORDERS).pop("_plugins", None)


@pytest.fixture
def jumps(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, registry: None) -> Iterator[None]:
    """The package of docs/extending.md that adds jumps of the crystals between two places."""
    info_folder = tmp_path / "jumps-1.0.dist-info"
    info_folder.mkdir()
    (info_folder / "METADATA").write_text("Metadata-Version: 2.1\nName: jumps\nVersion: 1.0\n")
    (info_folder / "entry_points.txt").write_text("[slxrd.disorder]\njumps = jumps_of_a_test:JUMPS\n")
    (module,) = re.findall(r"^```py\n(.*?)^```$", PAGE.read_text(encoding="utf-8"), re.M | re.S)
    (tmp_path / "jumps_of_a_test.py").write_text(module, encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    yield
    sys.modules.pop("jumps_of_a_test", None)


def test_an_installed_disorder_is_that_of_all_enumerated_stacks(jumps: None) -> None:
    M, n, d, L, a = 4, 5, 5.84, 30.0, 0.7
    stack = Stack(M).using(["a_jump"])
    assert stack.names[-1] == "a_jump"
    assert info("a_jump").unit == "Å"
    values = {"d": d, "L": L, "sigma_L": 0.0, "N": float(n), "sigma_N": 0.0, "q_zero": 0.0, "a_jump": a}
    found = Model(stack, Instrument(0.0)).intensity(Q, values)
    F = sum(np.exp(1j * Q * k * d) for k in range(n))
    period = (n - 1) * d + L
    expected = np.zeros(Q.size)
    for moves in itertools.product((-a, a), repeat=M):
        amplitude = F * sum(np.exp(1j * Q * (k * period + move)) for k, move in enumerate(moves))
        expected += np.abs(amplitude) ** 2 / 2**M
    np.testing.assert_allclose(found, expected, rtol=0.0, atol=1e-11 * expected.max())


@pytest.mark.slow
def test_an_installed_disorder_is_fitted(jumps: None) -> None:
    truth = {"d": 5.84, "L": 36.9, "sigma_L": 0.8, "N": 9.0, "sigma_N": 1.2, "a_jump": 0.5}
    pattern = slxrd.simulate(
        np.arange(0.85, 1.35, 0.003), truth, coherent=10, noise=0.003, seed=3, resolution=0.005
    )
    fit = slxrd.fit(
        pattern, regions=[(0.9, 1.3)], start=truth, free=["a_jump"], coherent=10, resolution=0.005
    )
    for name, true in truth.items():
        estimate = fit.parameters[name]
        assert estimate.value is not None
        assert estimate.error is not None, name
        assert abs(estimate.value - true) < 5.0 * estimate.error + 1e-6, name


def test_without_its_package_the_parameter_is_unknown() -> None:
    with pytest.raises(SlxrdError, match="a_jump"):
        Stack().using(["a_jump"])


@pytest.mark.parametrize("kind", ["planes", "atoms", "alternating", "mixed slab"])
def test_displacements_in_python_are_those_of_the_kernels(kind: str, registry: None) -> None:
    """σ_u once calculated by the kernel, and once as a factor around it, with all derivatives."""
    row = replace(SIGMA_U, name="sigma_v")

    def renamed(q: np.ndarray, values: dict[str, float]) -> DisorderFactor:
        own = factor(q, {"sigma_u": values["sigma_v"]})
        return DisorderFactor(own.value, own.by_q, {"sigma_v": own.by_parameter["sigma_u"]})

    DISORDERS.register(
        "renamed", DisorderTerm((row,), renamed, lambda values: reach({"sigma_u": values["sigma_v"]}))
    )
    bare = {
        "planes": Stack(6, 3.0),
        "atoms": Stack(6, 3.0, crystal("Br")),
        "alternating": Stack(5, 3.0, crystal("Br"), crystal("PbS"), slab=0.3),
        "mixed slab": Stack(6, 3.0, crystal("Br"), slab=0.3, stack="mixed", coherent_spread=1.5),
    }[kind]
    inside = bare.using(["sigma_u", "unstacked"])
    around = bare.using(["sigma_v", "unstacked"])
    values = values_of(inside, 5.84, sigma_u=0.6, q_zero=0.002)
    instrument = Instrument(0.004, wavelength=CU)
    one, slopes = Model(inside, instrument).region(Q).evaluate(values)
    region = Model(around, instrument).region(Q)
    other, rows = region.evaluate({**values, "sigma_v": 0.6})
    np.testing.assert_allclose(other, one, rtol=0.0, atol=1e-10 * one.max())
    for name, row_inside, row_around in zip(inside.names, slopes, rows, strict=True):
        np.testing.assert_allclose(
            row_around, row_inside, rtol=0.0, atol=1e-9 * np.abs(row_inside).max(), err_msg=name
        )
    alone, _ = region.evaluate({**values, "sigma_v": 0.6}, derivatives=False)
    np.testing.assert_allclose(alone, other, rtol=0.0, atol=1e-11 * one.max())


def test_derivatives_of_a_factor_are_those_of_differences() -> None:
    values, h = {"sigma_u": 0.7}, 1e-5
    own = factor(Q, values)
    np.testing.assert_allclose(
        own.by_q, (factor(Q + h, values).value - factor(Q - h, values).value) / (2.0 * h), atol=1e-8
    )
    up, down = factor(Q, {"sigma_u": 0.7 + h}).value, factor(Q, {"sigma_u": 0.7 - h}).value
    np.testing.assert_allclose(own.by_parameter["sigma_u"], (up - down) / (2.0 * h), atol=1e-8)


def test_a_factor_of_the_wrong_shape_is_reported(registry: None) -> None:
    row = ParameterInfo("bad_one", "b", "", 0.0, 0.0, 1.0, 0.0, 1.0, "wrong", "here", 0.1, False)
    DISORDERS.register("bad", DisorderTerm((row,), lambda q, v: DisorderFactor(q[:1], q, {"bad_one": q})))
    values = {"d": 5.84, "L": 30.0, "sigma_L": 0.5, "N": 5.0, "sigma_N": 0.5, "q_zero": 0.0, "bad_one": 0.1}
    with pytest.raises(SlxrdError, match="disorder of bad_one gives values of shape"):
        Model(Stack(5).using(["bad_one"]), Instrument(0.0)).intensity(Q, values)


def test_two_kinds_with_one_parameter_are_refused(registry: None) -> None:
    DISORDERS.register("again", DisorderTerm((SIGMA_U,), factor))
    with pytest.raises(SlxrdError, match="has a parameter 'sigma_u'"):
        Stack().using(["sigma_u"])


def test_all_offers_contain_the_disorders() -> None:
    assert "sigma_u" in all_offers(Stack(crystal=crystal("Br")))
