"""The smeared intensity against quadrature of the plain one, and what must not depend on the grid."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.integrate import fixed_quad

from slxrd.errors import SlxrdError
from slxrd.instrument.diffractometer import Instrument
from slxrd.model.intensity import Model
from slxrd.model.kernel.reference import equal_planes as readable
from slxrd.model.sizes import size_weights
from slxrd.sample.stack import Stack

FloatArray = NDArray[np.float64]

CUBES = {"d": 5.84, "L": 36.9, "sigma_L": 1.43, "N": 13.0, "sigma_N": 1.55, "q_zero": 0.0}
SHEETS = {"d": 3.0083, "L": 44.444, "sigma_L": 0.325, "N": 3.98, "sigma_N": 0.85, "q_zero": 0.0}
SHARP = {"d": 5.0, "L": 20.0, "sigma_L": 0.0, "N": 4.0, "sigma_N": 0.3, "q_zero": 0.0}


def plain(q: FloatArray, values: dict[str, float], n_coherent: int) -> FloatArray:
    """The whole sum over all pairs, at the true scattering vector, with no resolution."""
    sizes = size_weights(values["N"], values["sigma_N"])
    return readable.curves_of_sizes(
        q + values["q_zero"],
        values["d"],
        values["L"],
        values["sigma_L"],
        sizes.sizes,
        sizes.weights,
        sizes.d_N,
        sizes.d_sigma_N,
        n_coherent,
    )[0]


def quadrature(q: FloatArray, values: dict[str, float], n_coherent: int, sigma_G: float) -> FloatArray:
    """∫ I(t)·G(q−t) dt over ±9σ_G, in panels no wider than the finest fringe, 20 Gauss points in each."""
    longest = n_coherent * (
        size_weights(values["N"], values["sigma_N"]).sizes[-1] * values["d"] + values["L"]
    )
    panels = int(np.ceil(18.0 * sigma_G * longest / (2.0 * np.pi))) + 20
    edges = np.linspace(-9.0 * sigma_G, 9.0 * sigma_G, panels + 1)

    def weighted(offset: FloatArray, at: float) -> FloatArray:
        gauss = np.exp(-0.5 * (offset / sigma_G) ** 2) / (sigma_G * np.sqrt(2.0 * np.pi))
        return gauss * plain(at + offset, values, n_coherent)

    # All panels at once: fixed_quad on the unit panel, its argument spread over every panel.
    width = edges[1] - edges[0]

    def folded(x: FloatArray, at: float) -> FloatArray:
        places = (edges[:-1, None] + width * x).ravel()
        return width * weighted(places, at).reshape(panels, x.size).sum(axis=0)

    return np.array([fixed_quad(folded, 0.0, 1.0, args=(at,), n=20)[0] for at in q])


def model(n_coherent: int = 40, sigma_G: float = 0.007) -> Model:
    return Model(Stack(n_coherent), Instrument(sigma_G))


def highest(values: dict[str, float], n_coherent: int, sigma_G: float) -> float:
    """Maximum of the first Bragg region."""
    bragg = 2.0 * np.pi / values["d"]
    return float(
        model(n_coherent, sigma_G).intensity(np.linspace(bragg - 0.1, bragg + 0.1, 400), values).max()
    )


def around_bragg(values: dict[str, float]) -> FloatArray:
    bragg = 2.0 * np.pi / values["d"]
    return bragg + np.array([-0.151, -0.08, -0.033, -0.01, 0.0, 0.0071, 0.05, 0.11])


@pytest.mark.slow
@pytest.mark.parametrize("sigma_G", [0.001, 0.007, 0.03])
@pytest.mark.parametrize("n_coherent", [1, 7, 40])
@pytest.mark.parametrize("values", [CUBES, SHEETS, SHARP], ids=["cubes", "sheets", "sharp"])
def test_smearing_is_the_integral(values: dict[str, float], n_coherent: int, sigma_G: float) -> None:
    q = around_bragg(values)
    expected = quadrature(q, values, n_coherent, sigma_G)
    scale = highest(values, n_coherent, sigma_G)
    smeared = model(n_coherent, sigma_G).intensity(q, values)
    np.testing.assert_allclose(smeared, expected, rtol=0.0, atol=1e-10 * scale)


@pytest.mark.parametrize("sigma_L", [0.0, 0.05, 0.325])
@pytest.mark.parametrize("sigma_G", [0.002, 0.007])
def test_four_hundred_crystals(sigma_L: float, sigma_G: float) -> None:
    """Pairs too far apart to be resolved are left out of the model, but not of the integral."""
    values = {**SHEETS, "sigma_L": sigma_L}
    q = around_bragg(values)[2:6]
    expected = quadrature(q, values, 400, sigma_G)
    smeared = model(400, sigma_G).intensity(q, values)
    np.testing.assert_allclose(smeared, expected, rtol=0.0, atol=1e-10 * highest(values, 400, sigma_G))


@pytest.mark.parametrize("sigma_G", [0.0, 0.007])
@pytest.mark.parametrize("q_zero", [-0.013, 0.0, 0.02])
def test_through_the_forward_direction(q_zero: float, sigma_G: float) -> None:
    """Measured and auxiliary points on either side of q = 0, where the intensity is even."""
    values = {**CUBES, "q_zero": q_zero}
    q = np.array([-0.03, -0.011, 0.0, 0.004, 0.013, 0.05, 0.11])
    smeared = model(40, sigma_G).intensity(q, values)
    expected = quadrature(q, values, 40, sigma_G) if sigma_G else plain(q, values, 40)
    np.testing.assert_allclose(smeared, expected, rtol=0.0, atol=1e-10 * expected.max())
    mirrored = model(40, sigma_G).intensity(-q[::-1], {**values, "q_zero": -q_zero})[::-1]
    np.testing.assert_allclose(mirrored, smeared, rtol=0.0, atol=1e-10 * expected.max())


def test_without_resolution_the_model_is_the_stack_formula() -> None:
    q = np.linspace(0.3, 2.4, 301)
    for values in (CUBES, SHEETS, SHARP):
        np.testing.assert_allclose(
            model(40, 0.0).intensity(q, values), plain(q, values, 40), rtol=1e-9, atol=1e-9
        )


def test_narrow_resolution_tends_to_none() -> None:
    q = np.linspace(0.9, 1.25, 60)
    sharp, almost = model(40, 0.0).intensity(q, CUBES), model(40, 1e-5).intensity(q, CUBES)
    np.testing.assert_allclose(almost, sharp, rtol=0.0, atol=1e-5 * sharp.max())


@pytest.mark.parametrize("values", [CUBES, SHEETS, SHARP], ids=["cubes", "sheets", "sharp"])
def test_a_point_does_not_know_its_region(values: dict[str, float]) -> None:
    bragg = 2.0 * np.pi / values["d"]
    q = np.linspace(bragg - 0.2, bragg + 0.2, 201)
    whole, slopes = model().region(q).evaluate(values)
    for part in (slice(0, 40), slice(37, 39), slice(100, 101), slice(60, 201), slice(5, 200, 17)):
        alone, alone_slopes = model().region(q[part]).evaluate(values)
        np.testing.assert_allclose(alone, whole[part], rtol=0.0, atol=1e-10 * whole.max())
        for row, expected in zip(alone_slopes, slopes, strict=True):
            np.testing.assert_allclose(row, expected[part], rtol=0.0, atol=1e-10 * np.abs(expected).max())


def test_the_grids_history_leaves_no_mark() -> None:
    """A region keeps the grids of the values it has seen; another grid must give the same answer."""
    q = np.linspace(0.9, 1.25, 60)
    used = model().region(q)
    for L in (5.0, 20.0, 36.9, 80.0, 120.0, 20.0):
        for sigma_L in (0.0, 1.43, 10.0):
            values = {**CUBES, "L": L, "sigma_L": sigma_L}
            fresh = model().intensity(q, values)
            np.testing.assert_allclose(
                used.evaluate(values, derivatives=False)[0], fresh, rtol=0.0, atol=1e-12 * fresh.max()
            )


@pytest.mark.slow
@pytest.mark.parametrize("name", ["d", "L", "N", "sigma_N", "sigma_L"])
def test_no_jumps_where_the_grid_or_the_number_of_pairs_changes(name: str) -> None:
    """The third differences of a smooth curve fall with the cube of the step; those of a jump do not."""
    q = np.array([1.0, 1.03, 1.076, 1.1, 1.15])
    span = {"d": 0.5, "L": 6.0, "N": 3.0, "sigma_N": 0.5, "sigma_L": 1.4}[name]
    places = CUBES[name] + np.linspace(-span, span, 3001)
    region = model().region(q)
    curve = np.array([region.evaluate({**CUBES, name: at}, derivatives=False)[0] for at in places])
    jumps = np.abs(np.diff(curve, 3, axis=0)).max() / curve.max()
    # A size enters at 5σ_N with a share of 4e-6, at points where others scatter little.
    assert jumps < (1e-4 if name in ("N", "sigma_N") else 1e-6)


def test_a_constant_stays_a_constant() -> None:
    """One plane, one crystal scatters alike everywhere: |F|² = 1, and a normalised smearing keeps it."""
    values = {"d": 3.0, "L": 0.0, "sigma_L": 0.0, "N": 1.0, "sigma_N": 0.0, "q_zero": 0.0}
    for sigma_G in (0.0, 0.0005, 0.007, 0.05):
        np.testing.assert_allclose(
            model(1, sigma_G).intensity(np.linspace(0.0, 3.0, 50), values), 1.0, rtol=1e-10
        )


@pytest.mark.parametrize("sigma_G", [0.0, 0.007])
@pytest.mark.parametrize("q_zero", [-0.02, 0.004])
def test_q_zero_is_a_shift(sigma_G: float, q_zero: float) -> None:
    q = np.linspace(0.9, 1.25, 60)
    shifted = model(40, sigma_G).intensity(q, {**CUBES, "q_zero": q_zero})
    expected = model(40, sigma_G).intensity(q + q_zero, CUBES)
    np.testing.assert_allclose(shifted, expected, rtol=0.0, atol=1e-10 * expected.max())


@pytest.mark.parametrize("sigma_G", [0.0, 0.007])
@pytest.mark.parametrize("n_coherent", [1, 7, 40, 400])
@pytest.mark.parametrize(
    "values", [CUBES, SHEETS, {**SHARP, "sigma_L": 0.2}], ids=["cubes", "sheets", "sharp"]
)
def test_derivatives_against_differences(values: dict[str, float], n_coherent: int, sigma_G: float) -> None:
    bragg = 2.0 * np.pi / values["d"]
    q = np.concatenate([np.linspace(bragg - 0.15, bragg + 0.15, 40), [0.003, 0.02]])
    q = np.sort(q)
    region = model(n_coherent, sigma_G).region(q)
    values = {**values, "q_zero": 0.002}
    intensity, slopes = region.evaluate(values)
    np.testing.assert_allclose(intensity, region.evaluate(values, derivatives=False)[0], rtol=1e-10)
    assert slopes.shape == (len(Model().names), q.size)
    # Fourth order: the step is limited by the fringes' period (Å to 2π/(M·q)) and by rounding.
    fine = 1e-5 if n_coherent < 100 or sigma_G else 1e-6
    for name, slope in zip(Model().names, slopes, strict=True):
        h = {"d": fine, "L": fine, "q_zero": fine / 100.0}.get(name, 1e-4)
        near = [
            region.evaluate({**values, name: values[name] + k * h}, derivatives=False)[0]
            for k in (-2, -1, 1, 2)
        ]
        expected = (near[0] - 8.0 * near[1] + 8.0 * near[2] - near[3]) / (12.0 * h)
        if n_coherent == 1 and name in ("L", "sigma_L"):
            np.testing.assert_array_equal(slope, 0.0)
            continue
        np.testing.assert_allclose(slope, expected, rtol=0.0, atol=1e-6 * np.abs(slope).max(), err_msg=name)


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"d": 0.0}, "d = 0.0"),
        ({"d": np.nan}, "d = nan"),
        ({"L": -0.1}, "L = -0.1"),
        ({"sigma_L": -1e-9}, "sigma_L = -1e-09"),
        ({"N": 0.9}, "at least 1 plane"),
        ({"sigma_N": np.nan}, "sigma_N = nan"),
        ({"q_zero": np.inf}, "q_zero = inf"),
    ],
)
def test_what_no_stack_can_have(changed: dict[str, float], says: str) -> None:
    with pytest.raises(SlxrdError, match=says):
        model().intensity(np.array([1.0]), {**CUBES, **changed})


def test_the_structure_on_a_grid_is_that_of_this_grid() -> None:
    """Also where grids no longer exist, whose identity is then that of another one."""
    region = Model(Stack(), Instrument(0.007)).region(np.linspace(0.9, 1.25, 80))
    for k in range(60):
        band = region.instrument.band(region.q, 300.0 * 1.05 ** (k % 30))
        assert region.sample(band).amplitudes.shape[-1] == band.q.size
        del band
