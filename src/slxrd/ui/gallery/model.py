"""The figures that show how the model works: S2, S3, S4, S5 and Table S1."""

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
from slxrd.ui.gallery.samples import Drawn, Figure, Samples
from slxrd.units import FloatArray, radiation

#: Goniometer radius in mm with which T₁ = λR/D is the 24 nm of SI section S.f at a slit of 3 mm.
RADIUS = 467.0


def _curve(q: FloatArray, values: dict[str, float], **how: float) -> FloatArray:
    """A pattern of height 1."""
    return simulate(q, values, peak=1.0, **how).intensity  # type: ignore[arg-type]


def low_angles(samples: Samples, report: Progress) -> Drawn:
    """S2: the pulse train and its power spectrum."""
    truth = dict(example("cspbbr3-cubes").truth)
    d, L, N = truth["d"], truth["L"], truth["N"]
    width = L - d
    q = np.arange(0.03, 0.62, 0.0005)
    envelope = np.sin(q * width / 2.0) ** 2 / np.sin(q * d / 2.0) ** 2
    paper = np.sinc(q * width / (2.0 * np.pi)) ** 2
    stack = _curve(q, {**truth, "sigma_N": 1e-6}, resolution=0.0005)
    real = _curve(q, truth)
    picture = draw.low_angles(d, L, N, q, envelope, paper, stack, real)
    caption = (
        f"Left, the density along the film normal: crystals of {N:.0f} planes, {d:g} Å apart, and gaps L = "
        f"{L:g} Å from plane to plane. Half a plane distance on either side belongs to the crystal, so the "
        f"gap of low density is w = L − d = {width:.2f} Å wide, and M_v = L/d − 1 = {L / d - 1:.2f} planes "
        "would find room in it. Right, low angles: the fringes of the stack stand under an envelope with "
        f"dips {2 * np.pi / width:.4f} Å⁻¹ apart, 2π/w. sinc²(qw/2), with the 1/2 that the print of Eq. S1 "
        "lacks, has the same dips and falls off more steeply than the exact envelope "
        "sin²(qw/2)/sin²(qd/2) of a stack of planes."
    )
    return Drawn(caption, {"": picture})


def form_factor(samples: Samples, report: Progress) -> Drawn:
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
    picture = draw.form_factor(q, single, mixed, touching, alone)
    caption = (
        f"Left, |F|² of one crystal of 6, 13 and 20 planes, d = {truth['d']:g} Å, each scaled to 1 (its "
        "height goes as N²): the thicker the crystal the narrower, and N·d can be read off the minima, "
        f"2π/(N·d) apart. A distribution of sizes, N = 13 and σ_N = {truth['sigma_N']:g}, fills the "
        "minima. Right, the fringes of an even stack (σ_L = 0.3 Å) stand under the form factor of its "
        "crystals: d and N shape the envelope, Λ places the fringes."
    )
    return Drawn(caption, {"": picture})


def thickness(samples: Samples, report: Progress) -> Drawn:
    """S4: planes, thickness and gap of CsPbBr₃."""
    truth = example("cspbbr3-cubes").truth
    cubes, N = crystal("CsPbBr3", termination="Br"), round(truth["N"])
    L, d = truth["L"], truth["d"]
    drawn = 4
    planes = [(plane.height(d), str(plane)) for plane in cubes.planes(drawn)]
    picture = draw.thickness(planes, drawn, d, L, cubes.overhang(d))
    caption = (
        f"Two neighbours in a stack of CsPbBr₃, drawn with {drawn} planes of PbBr₂ each. N counts these "
        "planes, which hold most electrons, and L goes from the last of one crystal to the first of the "
        f"next. The crystals end in Br, half a plane distance further out, so that one of {N} planes is "
        f"{cubes.thickness(N, d):.1f} Å thick, N·d, and the free gap is {cubes.free_gap(L, d):.1f} Å, L − "
        "d. A scheme, with the planes of the packaged crystal."
    )
    return Drawn(caption, {"": picture})


def slits(samples: Samples, report: Progress) -> Drawn:
    """S5: wider slits, and what a loss of coherence would look like."""
    truth = dict(example("cspbbr3-cubes").truth)
    q = np.arange(0.85, 1.3, 0.001)
    length = radiation("CuKa1").wavelength
    curves = {}
    for slit in (0.1, 0.5, 1.0, 3.0):
        # Two slits, each an even distribution of angles of the width D/R, beside the instrument's own.
        angle = np.sqrt(2.0 / 12.0) * slit / RADIUS
        sigma = float(
            np.hypot(
                Instrument.sigma_G,
                angle * 2.0 * np.pi / length * np.cos(np.arcsin(1.07 * length / 4 / np.pi)),
            )
        )
        curves[slit] = (sigma, _curve(q, truth, resolution=sigma))
    coherent = {f"M = {M}": _curve(q, truth, coherent=M) for M in (40, 4, 2)}
    coherent["M = 1, no stack"] = _curve(q, truth, coherent=1)
    coherent["M = 2 and a slit of 3 mm"] = _curve(q, truth, coherent=2, resolution=curves[3.0][0])
    picture = draw.slits(q, curves, coherent)
    caption = (
        "Left, the first Bragg peak with slits from 0.1 to 3 mm, every crystal coherent with its "
        f"neighbours: the instrument's width grows from {curves[0.1][0]:.4f} to {curves[3.0][0]:.4f} Å⁻¹ "
        f"(two slits, {RADIUS:.0f} mm away) and smooths the fringes, but their shoulder stays. Right, what "
        "a loss of coherence would do with the narrow slit: M = 1 is a crystal alone. M = 2 is what Eq. "
        "S14, T₁ = λR/D, gives at 3 mm; together with the width of that slit hardly a shoulder would be "
        "left. The paper saw it at 3 mm all the same, and concluded that Eq. S14 underestimates the "
        "coherence of its beam."
    )
    return Drawn(caption, {"": picture})


def parameters(samples: Samples, report: Progress) -> Drawn:
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
            "standard deviation of the instrument's resolution; chosen, not refined",
            f"{Instrument.sigma_G:g}",
        ),
        (
            "M",
            "crystals",
            "how many scatter coherently (the paper's C counts pairs, M = 2C); chosen",
            f"{Stack.coherent}",
        ),
        (
            "σ",
            "of the intensity",
            "where the file has none and nothing is said: a fraction of the maximum",
            "0.03",
        ),
    ]
    caption = (
        "What the model is made of. Where Table S1 prints L = d·(N − 1) + L, it must read Λ = d·(N − 1) + "
        "L. C = 20 of the paper is M = 40 here."
    )
    return Drawn(caption, {}, tuple(rows))


FIGURES = (
    Figure("S2", "Origin of the low-angle signals", 2, low_angles),
    Figure("Table S1", "Parameters of the model", 2.5, parameters, endings=(), simulated=False),
    Figure("S3", "Form factor of a nanocrystal", 3, form_factor),
    Figure("S4", "Thickness of CsPbBr₃ nanocrystals", 4, thickness, simulated=False),
    Figure("S5", "Slit width and coherence", 5, slits),
)
