"""Options of a fit: crystals, stacking, and the diffractometer."""

from __future__ import annotations

from typing import Annotated, TypedDict, get_args

from slxrd.fitting.request.kinds import Choice, Number, NumberOrText, Whole
from slxrd.fitting.request.option import Option
from slxrd.fitting.request.physical import (
    CrystalName,
    Resolution,
    SubstrateName,
)
from slxrd.instrument.broadening import ResolutionShape
from slxrd.instrument.diffractometer import Instrument, Zero
from slxrd.sample.specification import CrystalLike, SubstrateLike
from slxrd.sample.stack import Stack, StackKind, Weighting


class SampleOptions(TypedDict, total=False):
    """Crystals and stacking."""

    coherent: Annotated[
        int | None,
        Option(
            Whole(1, "crystals"),
            "M, crystals that scatter coherently; 1: a thin film. Default: from the pattern (slxrd fit), "
            "or 40.",
            note="The 2021 paper counts pairs, M = 2C.",
            metavar="M",
            label="M, coherent crystals",
            placeholder="from the pattern",
            usual=Stack.coherent,
        ),
    ]
    size_window: Annotated[
        float,
        Option(
            Number(above=0.0, error="must be a positive number of σ_N"),
            "Range of sizes around N in units of σ_N (3 in the paper).",
            Stack.size_window,
            label="size window (σ of N)",
        ),
    ]
    crystal: Annotated[
        CrystalLike | None,
        Option(
            CrystalName(),
            "Crystal made of atoms: CsPbBr3:Br, a .toml, file.cif:1,0,0 (slxrd crystal lists them).",
            metavar="NAME[:SURFACE]",
            label="crystal",
            placeholder="none: equal planes",
        ),
    ]
    partner: Annotated[
        CrystalLike | None,
        Option(
            CrystalName(),
            "A second crystal that alternates with it.",
            metavar="NAME[:SURFACE]",
            label="second crystal",
            placeholder="for alternating stacks",
        ),
    ]
    slab: Annotated[
        float | str | None,
        Option(
            NumberOrText(),
            "Density in the gaps in e/Å³, or a ligand (needs a crystal).",
            metavar="DENSITY|LIGAND",
            label="density in the gap",
            placeholder="none",
        ),
    ]
    stack: Annotated[
        StackKind,
        Option(
            Choice(get_args(StackKind)),
            "Stacks of one size each, of mixed sizes, or of two alternating crystals.",
            "pure",
            label="stack",
        ),
    ]
    weighting: Annotated[
        Weighting,
        Option(
            Choice(get_args(Weighting)),
            "Weights of the sizes: by area of the stacks, or by number of cubes.",
            "number",
            label="weighting",
        ),
    ]
    coherent_spread: Annotated[
        float,
        Option(
            Number(0.0, error="must be 0 or more"),
            "Standard deviation of M.",
            0.0,
            metavar="SIGMA",
            label="spread of M",
        ),
    ]
    substrate: Annotated[
        SubstrateLike | None,
        Option(
            SubstrateName(),
            "Crystal below, which interferes with the stack: plane distance in Å, SrTiO3:002, or none; "
            "default: the one found (slxrd fit).",
            metavar="Å|NAME:PLANE|none",
            label="substrate",
            placeholder="from the pattern",
            usual="none",
        ),
    ]


class InstrumentOptions(TypedDict, total=False):
    """The diffractometer."""

    resolution: Annotated[
        float | ResolutionShape | None,
        Option(
            Resolution(),
            "Gaussian σ_G in Å⁻¹, 0: none; or a file that slxrd resolution wrote. Default: 0.007, or "
            "less if a peak is sharper (slxrd fit).",
            note="In Python that file is read by :func:`slxrd.read_resolution`.",
            metavar="SIGMA|FILE",
            label="resolution",
            placeholder="from the pattern, or 0.007",
            usual=Instrument.sigma_G,
        ),
    ]
    zero: Annotated[
        Zero,
        Option(
            Choice(get_args(Zero)),
            "Meaning of q_zero: a shift of q, of the angle, or of the sample height.",
            "q",
            label="zero error q₀",
            choice_labels={"q": "shift of q", "angle": "shift of 2θ", "displacement": "sample height"},
        ),
    ]
