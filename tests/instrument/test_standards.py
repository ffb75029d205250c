"""Where the reflections of standards are: against structure factors and NIST's certificates."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest

from slxrd.errors import SlxrdError
from slxrd.instrument.calibration.standards import STANDARDS, Standard, standard

#: Wavelength of the certificates' tables, Å.
NIST = 1.5405929
# 2θ in degrees as NIST prints them for Cu Kα₁, hkl by hkl: certificates of SRM 640f (2019) and 676a (2015).
CERTIFIED = {
    "Si": {
        "1 1 1": 28.441, "2 2 0": 47.301, "3 1 1": 56.120, "4 0 0": 69.127, "3 3 1": 76.373, "4 2 2": 88.026,
        "5 1 1": 94.947, "4 4 0": 106.702, "5 3 1": 114.085, "6 2 0": 127.535, "5 3 3": 136.882,
    },
    "Al2O3": {
        "0 1 2": 25.574, "1 0 4": 35.149, "1 1 0": 37.773, "1 1 3": 43.351, "0 2 4": 52.548, "1 1 6": 57.497,
        "2 1 4": 66.513, "3 0 0": 68.203, "1 0 10": 76.873, "1 1 9": 77.233, "2 2 3": 84.348,
        "0 2 10": 88.994, "1 3 4": 91.179, "2 2 6": 95.240, "2 1 10": 101.070, "3 2 4": 116.085,
        "0 1 14": 116.602, "4 1 0": 117.835, "4 1 3": 122.019, "1 3 10": 127.671, "3 0 12": 129.870,
        "2 0 14": 131.098, "4 1 6": 136.056, "1 1 15": 142.314, "4 0 10": 145.153, "0 5 4": 149.185,
        "1 2 14": 150.102, "1 0 16": 150.413, "3 3 0": 152.380,
    },
}  # fmt: skip


def two_theta(q: float) -> float:
    return 2.0 * math.degrees(math.asin(q * NIST / (4.0 * math.pi)))


@pytest.mark.parametrize("name", CERTIFIED)
def test_positions_are_those_of_the_certificate(name: str) -> None:
    ours = {
        hkl: two_theta(reflection.q)
        for reflection in STANDARDS[name].reflections(8.0)
        for hkl in reflection.hkl.split(", ")
    }
    for hkl, printed in CERTIFIED[name].items():
        assert ours[hkl] == pytest.approx(printed, abs=0.0006), hkl
    if name == "Si":
        assert len(STANDARDS[name].reflections(4.0 * math.pi / NIST * math.sin(math.radians(70.0)))) == 11


def centred(*atoms: tuple[float, float, float]) -> list[tuple[float, ...]]:
    shifts = [(0, 0, 0), (0, 0.5, 0.5), (0.5, 0, 0.5), (0.5, 0.5, 0)]
    return [tuple(a + b for a, b in zip(atom, shift, strict=True)) for atom in atoms for shift in shifts]


def corundum() -> list[tuple[float, list[tuple[float, ...]]]]:
    """Positions 12c and 18e of R-3c in hexagonal axes."""
    z, x = 0.35216, 0.30624
    aluminium = [(0, 0, z), (0, 0, 0.5 - z), (0, 0, -z), (0, 0, 0.5 + z)]
    oxygen = [(x, 0, 0.25), (0, x, 0.25), (-x, -x, 0.25), (-x, 0, 0.75), (0, -x, 0.75), (x, x, 0.75)]
    shifts = [(0, 0, 0), (2 / 3, 1 / 3, 1 / 3), (1 / 3, 2 / 3, 2 / 3)]

    def filled(atoms: list[tuple[float, ...]]) -> list[tuple[float, ...]]:
        return [tuple(np.add(atom, shift)) for atom in atoms for shift in shifts]

    return [(13.0, filled(aluminium)), (8.0, filled(oxygen))]


CONTENTS = {
    "LaB6": [
        (57.0, [(0.0, 0.0, 0.0)]),
        (5.0, [p for s in (0.1993, -0.1993) for p in ((s, 0.5, 0.5), (0.5, s, 0.5), (0.5, 0.5, s))]),
    ],
    "Si": [(14.0, centred((0, 0, 0), (0.25, 0.25, 0.25)))],
    "CeO2": [(58.0, centred((0, 0, 0))), (8.0, centred((0.25, 0.25, 0.25), (0.75, 0.75, 0.75)))],
    "Al2O3": corundum(),
}


@pytest.mark.parametrize("name", STANDARDS)
def test_reflections_are_those_that_the_atoms_scatter_into(name: str) -> None:
    """All hkl in a sphere, each with its structure factor: those that vanish are the absent ones."""
    known, q_max = STANDARDS[name], 6.5
    a, c = known.a, known.a if known.c is None else known.c
    cell = (
        np.diag([a, a, c])
        if known.c is None
        else np.array([[a, 0, 0], [-a / 2, a * math.sqrt(0.75), 0], [0, 0, c]])
    )
    reciprocal = 2.0 * math.pi * np.linalg.inv(cell).T
    found: list[float] = []
    reach = range(-14, 15)
    for hkl in itertools.product(reach, reach, reach if known.c is not None else range(-8, 9)):
        q = float(np.linalg.norm(np.array(hkl) @ reciprocal))
        if not 0.0 < q <= q_max:
            continue
        factor = sum(
            f * np.exp(2j * np.pi * (np.array(atoms) @ np.array(hkl))).sum() for f, atoms in CONTENTS[name]
        )
        if abs(factor) > 1e-3:
            found.append(q)
    expected = sorted(set(np.round(found, 7)))
    assert [r.q for r in known.reflections(q_max)] == pytest.approx(expected, abs=2e-7)


def test_other_planes_of_one_distance_are_one_reflection() -> None:
    labels = {r.hkl for r in STANDARDS["LaB6"].reflections(5.0)}
    assert "3 0 0, 2 2 1" in labels
    assert not {"3 0 0", "2 2 1"} & labels


@pytest.mark.parametrize(
    ("text", "first"), [("P:4.0", 1), ("I:4.0", 2), ("f : 4.0", 3), ("D:4.0", 3), ("lab6", 1), (" SI ", 3)]
)
def test_by_name_or_by_lattice(text: str, first: int) -> None:
    known = standard(text)
    assert known.reflections(9.0)[0].q == pytest.approx(2.0 * math.pi / known.a * math.sqrt(first))


@pytest.mark.parametrize("text", ["", "LaB7", "X:4.0", "F:", "F:four", "F", "hP:4.9"])
def test_unknown_standards_are_refused(text: str) -> None:
    with pytest.raises(SlxrdError, match="is none of LaB6, Si, CeO2, Al2O3, nor a cubic lattice"):
        standard(text)


@pytest.mark.parametrize("text", ["F:0.5", "F:-4", "F:nan", "F:inf", "F:300"])
def test_absurd_lattices_are_refused(text: str) -> None:
    with pytest.raises(SlxrdError, match="must be 1 to 100 Å"):
        standard(text)


def test_a_hexagonal_standard_needs_both_parameters() -> None:
    with pytest.raises(SlxrdError, match="lattice parameter c = None"):
        Standard("quartz", "hP", 4.9)
