"""Samples drawn at random, as the arrays that kernels read: every kind of stack and every parameter."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from slxrd.model.kernel.arrays import BOTTOM, REPEAT, TOP, GapFunction, IntArray, Sample
from slxrd.parameters.gap_profiles.profile import gap_profile

FloatArray = NDArray[np.float64]

KINDS = ("equal planes", "atoms", "general", "mixed", "alternating")


class Drawn(NamedTuple):
    """A kind of stack and the arguments of a kernel."""

    kind: str
    p: FloatArray
    q: FloatArray
    delta: FloatArray
    sample: Sample
    pairs: int
    gaps: GapFunction | None


class _Parameters:
    """Vector of the parameters, to which more are added."""

    def __init__(self, rng: np.random.Generator) -> None:
        self.values = [
            rng.uniform(2.5, 7.0),
            rng.uniform(18.0, 40.0),
            float(rng.choice([0.0, 1e-6, 0.02, rng.uniform(0.1, 2.0), rng.uniform(0.1, 2.0), 30.0])),
            *_sizes(rng),
            0.0,
        ]

    def add(self, value: float) -> int:
        """Return the index of one more parameter."""
        self.values.append(value)
        return len(self.values) - 1


def _sizes(rng: np.random.Generator) -> tuple[float, float]:
    means = [rng.uniform(1.0, 6.0), rng.integers(1, 9), rng.uniform(20.0, 40.0)]
    mean = float(rng.choice(means, p=[0.75, 0.2, 0.05]))
    return mean, float(rng.choice([0.0, rng.uniform(0.1, 1.0)], p=[0.1, 0.9]))


def _numbers(rng: np.random.Generator) -> tuple[IntArray, FloatArray]:
    count = int(rng.choice([1, rng.integers(2, 9)]))
    numbers = np.sort(rng.choice(np.arange(1, 30), count, replace=False))
    shares = rng.uniform(0.1, 1.0, count)
    return numbers.astype(np.int64), shares / shares.sum()


def _amplitudes(rng: np.random.Generator, terms: int, points: int) -> FloatArray:
    sizes = np.array([50.0, 5.0, 2.0, 1.0, 0.5])[:, None, None]
    return rng.standard_normal((terms, 5, 2, points)) * sizes + np.array([60.0, 0, 0, 0, 0])[:, None, None]


def _scattering_vectors(rng: np.random.Generator, points: int) -> tuple[FloatArray, FloatArray]:
    q = np.sort(rng.uniform(0.0, 3.0, points))
    q[0] = rng.choice([q[0], 0.0, -q[0], 1e-12, 1e-4])
    return q, rng.choice([0.0, 0.003, -0.02]) * np.sign(np.sin(7.0 * q) + 0.9)


def _planes(
    rng: np.random.Generator, crystals: int, simple: bool, occupancies: list[int], shifts: list[int]
) -> dict[str, Any]:
    """Planes and terms as in ``Sample``, and ``like``, the first term with the amplitude of each term."""
    planes: list[tuple[int, int, float, float, float, int, int]] = []
    terms: list[tuple[int, int, int]] = []
    ends, closing = [], []
    for crystal in range(crystals):
        first = len(planes)
        closing.append(0 if simple else int(rng.integers(0, 3)))
        for part in (BOTTOM, REPEAT, TOP):
            count = int(part == REPEAT) if simple else int(rng.integers(part == REPEAT, 4))
            for place in sorted(rng.choice([-0.5, -0.25, 0.0, 0.25, 0.5, 0.7], count)):
                k = len(planes)
                same = int(rng.integers(first, k)) if k > first and rng.random() < 0.4 else k
                same = planes[same][-1] if same < k else k
                displaced = int(rng.choice(shifts)) if shifts and rng.random() < 0.5 else -1
                shift = 0.0 if simple or rng.random() < 0.7 else float(rng.uniform(-0.5, 0.5))
                place = 0.0 if simple else float(place)
                sign = float(rng.choice([-1.0, 1.0, 0.5]))
                planes.append((crystal, part, place, shift, sign, displaced, same))
                if same < k:
                    terms += [(k, occupancy, like) for plane, occupancy, like in terms if plane == same]
                else:
                    for _ in range(1 if simple else int(rng.integers(1, 4))):
                        occupied = int(rng.choice(occupancies)) if occupancies and rng.random() < 0.6 else -1
                        terms.append((k, occupied, len(terms)))
        ends.append((first, len(planes) - 1))
    columns = [np.array(column) for column in zip(*planes, strict=True)]
    names = ("crystal", "part", "position", "shift", "sign", "displacement", "same_amplitude")
    whole = {"lowest": [low for low, _ in ends], "highest": [high for _, high in ends], "closing": closing}
    for i, name in enumerate(("term_plane", "term_occupancy", "like")):
        whole[name] = [term[i] for term in terms]
    return {
        **dict(zip(names, columns, strict=True)),
        **{name: np.array(value, dtype=np.int64) for name, value in whole.items()},
    }


def draw(seed: int, kind: str, points: int | None = None) -> Drawn:
    """Draw a sample of a kind.

    Parameters
    ----------
    seed : int
        Of the random numbers.
    kind : str
        One of :data:`KINDS`; "general" is any stack of one kind of crystal of one size each.
    points : int, optional
        Number of scattering vectors; by default at random from 20 to 150.
    """
    rng = np.random.default_rng([seed, KINDS.index(kind)])
    points = int(rng.choice([63, 64, 65, rng.integers(20, 150)])) if points is None else points
    q, delta = _scattering_vectors(rng, points)
    parameters, crystals = _Parameters(rng), 2 if kind == "alternating" else 1

    def perhaps(value: float, possible: bool = True, chance: float = 0.5) -> int:
        return parameters.add(value) if possible and rng.random() < chance else -1

    own = [[0, 3, 4]]
    if crystals == 2:
        own.append([parameters.add(rng.uniform(2.5, 7.0)), *(parameters.add(each) for each in _sizes(rng))])
    simple = kind == "equal planes"
    occupancies = [] if simple else [parameters.add(rng.uniform(0.0, 1.2)) for _ in range(rng.integers(0, 4))]
    shifts = [] if simple else [parameters.add(rng.uniform(-0.4, 0.4)) for _ in range(rng.integers(0, 3))]
    disordered = kind not in ("equal planes", "atoms")
    numbers, shares = _numbers(rng)
    if not disordered:
        numbers, shares = numbers[:1], np.ones(1)
    planes = _planes(rng, crystals, simple, occupancies, shifts)
    terms = len(planes["term_plane"])
    amplitudes = _amplitudes(rng, terms, points)
    if simple:
        amplitudes = np.zeros((1, 5, 2, points))
        amplitudes[:, 0, 0] = 1.0
    amplitudes = amplitudes[planes.pop("like")]
    rho = perhaps(rng.choice([0.0, 0.3]), disordered)
    s = Sample(
        amplitudes=amplitudes,
        **planes,
        own=np.array(own, dtype=np.int64),
        dL_B=perhaps(rng.uniform(-3.0, 3.0), crystals == 2),
        f_B=perhaps(rng.uniform(0.3, 1.5), crystals == 2),
        rho=rho,
        sigma_u=perhaps(rng.choice([0.0, 0.4]), disordered),
        unstacked=perhaps(rng.choice([0.0, 0.3, 1.0]), disordered),
        B=perhaps(rng.uniform(0.0, 3.0), not simple),
        area=float(rng.uniform(10.0, 40.0)),
        unit_planes=simple,
        mixed=kind == "mixed" or crystals == 2,
        power=0 if simple else int(rng.choice([0, 2])),
        window=float(rng.choice([2.0, 3.0, 5.0], p=[0.6, 0.3, 0.1])),
        numbers=numbers,
        shares=shares,
    )
    pairs = int(rng.choice([1, 2, rng.integers(3, 12), numbers[-1]], p=[0.1, 0.1, 0.3, 0.5]))
    return Drawn(kind, np.array(parameters.values), q, delta, s, pairs, gaps_of(s) if rho >= 0 else None)


def gaps_of(s: Sample) -> GapFunction:
    """Gaussian gaps filled with a density, as the NumPy kernel reads them."""

    def averages(q: FloatArray, L: float, width: float, sigma_L: float, p: FloatArray):  # type: ignore[no-untyped-def]
        rows = np.zeros((4, 5, q.size), np.complex128)
        rows[0, 0] = np.exp(-0.5 * (q * sigma_L) ** 2 + 1j * q * L)
        rows[0, 1:4] = rows[0, 0] * np.array([1j * L - q * sigma_L**2, 1j * q, -(q**2) * sigma_L])
        rows[1:] = gap_profile("slab").averages(q, width, sigma_L, {"rho": p[s.rho]})
        return rows

    return GapFunction(averages, (s.rho,), True)
