"""Films with strained and rough surfaces against sums over their planes, and their derivatives."""

from __future__ import annotations

import brute_films
import brute_substrates
import numpy as np
import pytest

from slxrd.errors import SlxrdError
from slxrd.instrument.diffractometer import Instrument
from slxrd.model.environment.film import closed, planes
from slxrd.model.environment.film.curves import film_curves
from slxrd.model.environment.film.shape import shape_of
from slxrd.model.intensity import Model
from slxrd.parameters.environment import OF_FILM
from slxrd.sample.stack import Stack
from slxrd.sample.substrate import Substrate

#: From low angles over two Bragg peaks, one of them exactly.
Q = np.concatenate((np.linspace(0.02, 4.4, 67), [2.0 * np.pi / 3.95, 2.0 * np.pi / 3.95 + 1e-9]))
BOTTOM = {"strain_bottom": 0.03, "depth_bottom": 2.5}
TOP = {"strain_top": -0.05, "depth_top": 1.7}
#: Thick and thin films, for which the sums are calculated in different ways.
FILMS: dict[str, dict[str, float]] = {
    "plain": {},
    "bottom": BOTTOM,
    "top": TOP,
    "both": BOTTOM | TOP,
    "rough": {"sigma_top": 5.0},
    "spread": {"sigma_d": 0.003},
    "strong": {"strain_bottom": 0.2, "depth_bottom": 8.0},
    "strong both": {"strain_bottom": 0.2, "depth_bottom": 8.0} | TOP,
    "everything": BOTTOM | TOP | {"sigma_top": 3.0, "sigma_d": 0.002},
    "named only": dict.fromkeys(("strain_bottom", "strain_top", "sigma_top", "sigma_d"), 0.0),
}
SIZES = {"thick": {"N": 93.4, "sigma_N": 1.2}, "thin": {"N": 5.3, "sigma_N": 0.8}}
NAMES = ("d", "L", "sigma_L", "N", "sigma_N", "q_zero")


def film_of(kind: str, size: str) -> dict[str, float]:
    return {"d": 3.95, **SIZES[size], **FILMS[kind]}


@pytest.mark.slow
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("kind", FILMS)
def test_sum_over_planes(kind: str, size: str) -> None:
    values = film_of(kind, size)
    intensity, amplitude = film_curves(values, (*NAMES, *FILMS[kind]), Q, 5.0, 0)
    expected = brute_films.expected(values, Q)
    np.testing.assert_allclose(intensity[0], expected[0], rtol=1e-7, atol=1e-9 * expected[0].max())
    np.testing.assert_allclose(amplitude[0], expected[1], rtol=1e-7, atol=1e-9 * abs(expected[1]).max())


@pytest.mark.slow
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("kind", FILMS)
def test_film_derivatives(kind: str, size: str) -> None:
    values, names = film_of(kind, size), (*NAMES, *FILMS[kind])
    found = film_curves(values, names, Q, 5.0, 0)
    for row, name in enumerate(names, 1):
        if kind == "everything" and name in ("N", "sigma_N", "depth_top"):
            continue  # slow, and tested with fewer parameters
        h = 1e-5 if name in ("d", "q_zero", "sigma_d", "strain_bottom", "strain_top") else 2e-4
        if kind == "named only" and name in ("sigma_top", "sigma_d"):
            continue  # both begin at 0
        changed = [
            film_curves(values, names, Q + k * h, 5.0, 0)
            if name == "q_zero"
            else film_curves({**values, name: values.get(name, 0.0) + k * h}, names, Q, 5.0, 0)
            for k in (-2, -1, 1, 2)
        ]
        for which in (0, 1):
            a, b, c, e = (curves[which][0] for curves in changed)
            expected = (a - 8.0 * b + 8.0 * c - e) / (12.0 * h)
            least = 1e-6 * np.abs(expected).max() + 1e-9 * np.abs(found[which][0]).max()
            np.testing.assert_allclose(found[which][row], expected, rtol=1e-5, atol=least, err_msg=name)


@pytest.mark.parametrize("kind", FILMS)
def test_closed_sums_are_those_over_planes(kind: str) -> None:
    shape = shape_of(film_of(kind, "thick"), 5.0, 0)
    phase = np.linspace(0.3, 6.0, 50)
    if kind == "strong both":
        assert not closed.is_closed(shape, phase)
        return
    assert closed.is_closed(shape, phase)
    for one, other in zip(closed.film_sums(shape, phase), planes.film_sums(shape, phase), strict=True):
        scale = np.abs(other).max(axis=1, keepdims=True)
        assert np.all(np.abs(one - other) < 1e-7 * scale + 1e-9)


def test_film_without_changes_is_the_film() -> None:
    """Parameters that are named but 0 change nothing but the last digits."""
    q = np.linspace(1.3, 1.9, 200)
    values = {"d": 3.95, "L": 0.0, "sigma_L": 0.0, "N": 40.3, "sigma_N": 1.2, "q_zero": 0.002}
    plain = Stack(1)
    one, slopes = Model(plain, Instrument(0.004)).region(q).evaluate(values)
    changed = plain.using(OF_FILM)
    nothing = {name: row.default or 0.0 for name, row in OF_FILM.items()}
    two, others = Model(changed, Instrument(0.004)).region(q).evaluate({**values, **nothing})
    np.testing.assert_allclose(two, one, rtol=1e-9, atol=1e-9 * one.max())
    for own, other in zip(slopes, others, strict=False):
        np.testing.assert_allclose(other, own, rtol=1e-7, atol=1e-9 * np.abs(own).max() + 1e-7)


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["everything", "plain", "strong"])
def test_film_on_substrate(kind: str) -> None:
    """|A_s + A|² averaged over explicit films, where all of the beam is coherent."""
    below = {"d_S": 3.905, "f_S": 1.3, "L_S": 4.1, "sigma_S": 0.0, "coherence_S": 1.0, "phase_S": 0.0}
    own = film_of(kind, "thin" if kind == "everything" else "thick")
    stack = Stack(1, substrate=Substrate(3.905)).using(FILMS[kind])
    values = {"L": 0.0, "sigma_L": 0.0, "q_zero": 0.003, **own, **below}
    q = np.linspace(1.35, 1.6, 25)
    found, slopes = Model(stack, Instrument(0.0)).region(q).evaluate(values)
    true = q + 0.003
    intensity, amplitude = brute_films.expected(own, true)
    rod = 1.3 * brute_substrates.rod(true, 3.905)
    crossed = 2.0 * np.real(np.conj(rod) * np.exp(1j * true * 4.1) * amplitude)
    np.testing.assert_allclose(found, np.abs(rod) ** 2 + intensity + crossed, rtol=1e-7)
    region = Model(stack, Instrument(0.002)).region(q)
    found, slopes = region.evaluate(values)
    for name, slope in zip(stack.names, slopes, strict=True):
        if name in ("L", "sigma_L", "sigma_S", "coherence_S"):
            continue
        h = 1e-6 if name in ("d", "d_S", "q_zero", "sigma_d", "strain_bottom", "strain_top") else 1e-4
        near = [region.evaluate({**values, name: values[name] + k * h}, False)[0] for k in (-2, -1, 1, 2)]
        expected = (near[0] - 8.0 * near[1] + 8.0 * near[2] - near[3]) / (12.0 * h)
        least = 1e-6 * np.abs(expected).max() + 1e-9 * found.max()
        np.testing.assert_allclose(slope, expected, rtol=1e-5, atol=least, err_msg=name)


@pytest.mark.parametrize("stack", [Stack(3), Stack(1, crystal=None, stack="pure").using([])])
def test_only_single_crystals_have_strained_surfaces(stack: Stack) -> None:
    if stack.coherent == 1:
        assert "strain_top" in stack.using(["strain_top"]).names
        return
    with pytest.raises(SlxrdError, match="strain_top is not a parameter of this structure"):
        stack.using(["strain_top"])
