"""Figures of the model: S2, S3, S4, S5 and Table S1."""

from __future__ import annotations

import numpy as np

from slxrd.fitting.examples import example
from slxrd.fitting.search.scan import Progress
from slxrd.instrument.diffractometer import Instrument
from slxrd.model.simulation import simulate
from slxrd.parameters.definitions import TABLE
from slxrd.sample.library.crystals import crystal
from slxrd.sample.stack import Stack
from slxrd.ui.gallery.figures import model as draw
from slxrd.ui.gallery.samples import DrawnFigure, Figure, Samples
from slxrd.units import FloatArray, radiation

#: Goniometer radius in mm with which T₁ = λR/D is the 24 nm of SI section S.f at a slit of 3 mm.
RADIUS = 467.0


def _curve(q: FloatArray, values: dict[str, float], **options: float) -> FloatArray:
    """Return a pattern of height 1."""
    return simulate(q, values, peak=1.0, **options).intensity  # type: ignore[arg-type]


def low_angles(samples: Samples, report: Progress) -> DrawnFigure:
    """S2: density along the film normal and its power spectrum."""
    truth = dict(example("cspbbr3-cubes").truth)
    d, L, N = truth["d"], truth["L"], truth["N"]
    width = L - d
    q = np.arange(0.03, 0.62, 0.0005)
    envelope = np.sin(q * width / 2.0) ** 2 / np.sin(q * d / 2.0) ** 2
    paper = np.sinc(q * width / (2.0 * np.pi)) ** 2
    stack = _curve(q, {**truth, "sigma_N": 1e-6}, resolution=0.0005)
    real = _curve(q, truth)
    image = draw.low_angles(d, L, N, q, envelope, paper, stack, real)
    caption = (
        f"Left, the density along the film normal: crystals of {N:.0f} planes, {d:g} Å apart, and gaps L = "
        f"{L:g} Å from plane to plane. Half a plane distance on either side belongs to the crystal, so the "
        f"gap of low density is w = L − d = {width:.2f} Å wide, and M_v = L/d − 1 = {L / d - 1:.2f} planes "
        "would fit into it. Right, low angles: the fringes of the stack have an envelope with "
        f"dips {2 * np.pi / width:.4f} Å⁻¹ apart, 2π/w. sinc²(qw/2), with the 1/2 that is missing in "
        "Eq. S1, has the same dips and decreases more steeply than the exact envelope "
        "sin²(qw/2)/sin²(qd/2) of a stack of planes."
    )
    return DrawnFigure(caption, {"": image})


def form_factor(samples: Samples, report: Progress) -> DrawnFigure:
    """S3: one crystal."""
    truth = dict(example("cspbbr3-cubes").truth)
    q = np.arange(0.82, 1.34, 0.0005)
    single = {
        N: _curve(q, {**truth, "N": float(N), "sigma_N": 1e-6}, coherent=1, resolution=0.0)
        for N in (6, 13, 20)
    }
    mixed = _curve(q, truth, coherent=1, resolution=0.0)
    even = _curve(q, {**truth, "sigma_N": 1e-6, "sigma_L": 0.3}, resolution=0.001)
    alone = single[13]
    touching = even / np.max(even / np.maximum(alone, 0.05))
    image = draw.form_factor(q, single, mixed, touching, alone)
    caption = (
        f"Left, |F|² of one crystal of 6, 13 and 20 planes, d = {truth['d']:g} Å, each scaled to 1 (its "
        "height is proportional to N²): thicker crystals have narrower peaks, and the distance of the "
        f"minima is 2π/(N·d). A distribution of sizes, N = 13 and σ_N = {truth['sigma_N']:g}, fills the "
        "minima. Right, the fringes of an even stack (σ_L = 0.3 Å) have the form factor of its "
        "crystals as envelope: d and N determine the envelope, Λ the positions of the fringes."
    )
    return DrawnFigure(caption, {"": image})


def thickness(samples: Samples, report: Progress) -> DrawnFigure:
    """S4: planes, thickness and gap of CsPbBr₃."""
    truth = example("cspbbr3-cubes").truth
    cubes, N = crystal("CsPbBr3", termination="Br"), round(truth["N"])
    L, d = truth["L"], truth["d"]
    drawn = 4
    planes = [(plane.height(d), str(plane)) for plane in cubes.planes(drawn)]
    image = draw.thickness(planes, drawn, d, L, cubes.overhang(d))
    caption = (
        f"Two neighbours in a stack of CsPbBr₃, drawn with {drawn} planes of PbBr₂ each. N is the number of "
        "these planes, which have most electrons, and L is the distance from the last of one crystal to the "
        "first of the next. The crystals are terminated by Br, half a plane distance further out, so that "
        f"one of {N} planes is {cubes.thickness(N, d):.1f} Å thick, N·d, and the free gap is "
        f"{cubes.free_gap(L, d):.1f} Å, L − d. Schematic, with the planes of the packaged crystal."
    )
    return DrawnFigure(caption, {"": image})


def slits(samples: Samples, report: Progress) -> DrawnFigure:
    """S5: effect of wider slits, and of a loss of coherence."""
    truth = dict(example("cspbbr3-cubes").truth)
    q = np.arange(0.85, 1.3, 0.001)
    length = radiation("CuKa1").wavelength
    curves = {}
    for slit in (0.1, 0.5, 1.0, 3.0):
        # Two slits, each a uniform distribution of angles of the width D/R, and the resolution of the
        # instrument.
        angle = np.sqrt(2.0 / 12.0) * slit / RADIUS
        sigma = float(
            np.hypot(
                Instrument.sigma_G,
                angle * 2.0 * np.pi / length * np.cos(np.arcsin(1.07 * length / 4 / np.pi)),
            )
        )
        curves[slit] = (sigma, _curve(q, truth, resolution=sigma))
    coherent = {f"$M$ = {M}": _curve(q, truth, coherent=M) for M in (40, 4, 2)}
    coherent["$M$ = 1, no stack"] = _curve(q, truth, coherent=1)
    coherent["$M$ = 2 and a slit of 3 mm"] = _curve(q, truth, coherent=2, resolution=curves[3.0][0])
    image = draw.slits(q, curves, coherent)
    caption = (
        "Left, the first Bragg peak with slits from 0.1 to 3 mm, shifted upwards for clarity, every "
        "crystal coherent with its "
        f"neighbours: the instrument's width grows from {curves[0.1][0]:.4f} to {curves[3.0][0]:.4f} Å⁻¹ "
        f"(two slits, {RADIUS:.0f} mm away) and smooths the fringes, but their shoulder remains. Right, the "
        "effect of a loss of coherence with the narrow slit: M = 1 is a single crystal. M = 2 follows from "
        "Eq. S14, T₁ = λR/D, at 3 mm; with the width of that slit, the shoulder would almost disappear. "
        "In the paper it is visible at 3 mm, from which the authors concluded that Eq. S14 underestimates "
        "the coherence of its beam."
    )
    return DrawnFigure(caption, {"": image})


def parameters(samples: Samples, report: Progress) -> DrawnFigure:
    """Table S1: the parameters."""
    rows = [("symbol", "unit", "meaning", "default bounds")]
    rows += [
        (row.symbol, row.unit, row.meaning, f"{row.lower:g} to {row.upper:g}".replace("-", "−"))
        for row in TABLE.values()
    ]
    rows += [
        (
            "σ_G",
            "Å⁻¹",
            "standard deviation of the instrument's resolution; given, not refined",
            f"{Instrument.sigma_G:g}",
        ),
        (
            "M",
            "crystals",
            "number that scatter coherently (C of the paper is the number of pairs, M = 2C); given",
            f"{Stack.coherent}",
        ),
        (
            "σ",
            "of the intensity",
            "default if the file has none: a fraction of the maximum",
            "0.03",
        ),
    ]
    caption = (
        "Parameters of the model. Where Table S1 prints L = d·(N − 1) + L, it must read Λ = d·(N − 1) + "
        "L. C = 20 of the paper is M = 40 here."
    )
    return DrawnFigure(caption, {}, tuple(rows))


FIGURES = (
    Figure("S2", "Origin of the low-angle signals", 2, low_angles),
    Figure("Table S1", "Parameters of the model", 2.5, parameters, endings=(), simulated=False),
    Figure("S3", "Form factor of a nanocrystal", 3, form_factor),
    Figure("S4", "Thickness of CsPbBr₃ nanocrystals", 4, thickness, simulated=False),
    Figure("S5", "Slit width and coherence", 5, slits),
)
