"""The options of a fit, in groups: the one place where an option is declared.

To add an option, add a key to the group that it belongs to. It is then a keyword of :func:`slxrd.fit`, an
option of the command line, a choice of sessions and saved files, and, if it has a label, a field of the page.
Only the code that uses it remains to be written.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated, Any, TypedDict, get_args

from slxrd.data.backgrounds import BACKGROUNDS
from slxrd.data.pattern import FILE_AXES, FileAxis, Pattern
from slxrd.data.regions import Noise, RegionLike
from slxrd.fitting.objective.settings import AUTO, ObjectiveName, Scale
from slxrd.fitting.request.effects import DEFAULT_EFFECTS, Effects
from slxrd.fitting.request.kinds import Choice, Flag, Number, NumberOrText, Text, Whole
from slxrd.fitting.request.named import Expressions, Pairs, Values
from slxrd.fitting.request.option import Option
from slxrd.fitting.request.physical import (
    Columns,
    CrystalName,
    Intervals,
    NoiseLevel,
    ParameterNames,
    ParameterSet,
    Radiation,
    Regions,
    Resolution,
    SubstrateName,
)
from slxrd.fitting.request.scans import FurtherScans, Resolutions
from slxrd.fitting.search.budget import DEFAULT_BUDGET
from slxrd.instrument.broadening import ResolutionShape
from slxrd.instrument.diffractometer import Instrument, Zero
from slxrd.parameters.definitions import TABLE
from slxrd.sample.specification import CrystalLike, SubstrateLike
from slxrd.sample.stack import Stack, StackKind, Weighting


class ReadingOptions(TypedDict, total=False):
    """Reading of a file: keywords of :func:`slxrd.read`."""

    axis: Annotated[
        FileAxis | None,
        Option(Choice(FILE_AXES), "Quantity of the first column of a text file; default: from the file."),
    ]
    wavelength: Annotated[
        float | str | None,
        Option(Radiation(), "In Å, or CuKa for the doublet, CuKa1 for the line.", metavar="Å|NAME"),
    ]
    trust_axis: Annotated[
        bool, Option(Flag(), "Accept the axis even if its range contradicts its name or unit.", False)
    ]
    scan: Annotated[int | None, Option(Whole(1), "Number of the scan in a file with several, from 1.")]
    columns: Annotated[
        str | None,
        Option(
            Columns(),
            "Columns of a text file: 1,3 or 2theta=1,intensity=3,sigma=4 or their names.",
            metavar="X,Y[,SIGMA]",
        ),
    ]


class PreparationOptions(TypedDict, total=False):
    """Corrections before the fit: arguments of :func:`slxrd.data.corrections.prepare_pattern`."""

    monochromator: Annotated[
        float | None,
        Option(
            Number(0.0, below=90.0, error="its Bragg angle must be between 0 and 90°"),
            "Bragg angle θ of the monochromator crystal.",
            metavar="DEGREES",
        ),
    ]
    no_lp: Annotated[
        bool, Option(Flag(), "No Lorentz-polarisation correction of data over 2θ.", default=False)
    ]


class DataOptions(TypedDict, total=False):
    """Selection of the points, their σ, and the order of reflection."""

    regions: Annotated[
        Iterable[RegionLike],
        Option(
            Regions(),
            "Regions in Å⁻¹; default: around the Bragg peaks.",
            (),
            "The weight multiplies the region's share of χ².",
            metavar="QMIN:QMAX[:WEIGHT]",
            flag="region",
        ),
    ]
    mask: Annotated[
        Iterable[tuple[float, float]],
        Option(
            Intervals(),
            "Leave out q from A to B in Å⁻¹; default: the peak of a substrate.",
            (),
            metavar="A:B",
        ),
    ]
    further_scans: Annotated[
        Iterable[Pattern | str | Path],
        Option(
            FurtherScans(),
            "Another scan of the same sample that is fitted with it.",
            (),
            "Each has its own wavelength, zero error, scale and background; the structure is shared. Files "
            "are read and corrected as the first scan was.",
            metavar="FILE",
            flag="with",
        ),
    ]
    further_resolutions: Annotated[
        Iterable[float | ResolutionShape],
        Option(
            Resolutions(),
            "Resolution of each further scan, in their order; default: as of the first.",
            (),
            metavar="SIGMA|FILE",
        ),
    ]
    noise: Annotated[
        Noise | None,
        Option(
            NoiseLevel(),
            "σ: a fraction of each region's maximum, from counting statistics, or the file's third column; "
            "with +0.05, also 0.05 of each point's intensity. Default: the file's, else 0.03.",
            metavar="FRACTION|counting|file[+FRACTION]",
            label="σ of the points",
            placeholder="from file; 0.03; counting+0.05",
        ),
    ]
    order: Annotated[
        int | None,
        Option(
            Whole(1),
            "Order of the strongest peak: d is this many times 2π/q, and N counts planes that far apart.",
            note="At a 002 reflection, 1 counts the planes that scatter, 2 the unit cells.",
            metavar="N",
            label="order of the strongest peak",
            placeholder="from the orders found",
        ),
    ]


class RefinementOptions(TypedDict, total=False):
    """Parameters: start values, bounds, priors and ties, and which are refined."""

    parameters: Annotated[
        Any,
        Option(
            ParameterSet(), "A set of parameters that the others change; default: the table's.", typed=False
        ),
    ]
    start: Annotated[
        Mapping[str, float] | None,
        Option(Values(), f"Start values ({', '.join(TABLE)}).", metavar="NAME=VALUE"),
    ]
    fix: Annotated[
        Mapping[str, float] | None,
        Option(Values(), "Fix a parameter at a value.", metavar="NAME=VALUE"),
    ]
    bounds: Annotated[
        Mapping[str, tuple[float, float]] | None,
        Option(
            Pairs(),
            "Bounds of a parameter.",
            metavar="NAME=A:B",
            label="bounds",
            placeholder="L=20:60, N=5:30",
        ),
    ]
    free: Annotated[
        Iterable[str],
        Option(ParameterNames(), "Refine a parameter (q_zero is decided from the data).", (), metavar="NAME"),
    ]
    tie: Annotated[
        Mapping[str, str] | None,
        Option(
            Expressions(),
            "Tie a parameter to others, sigma_N=0.1*N.",
            metavar="NAME=EXPRESSION",
            label="ties",
            placeholder="sigma_N=0.1*N",
        ),
    ]
    prior: Annotated[
        Mapping[str, tuple[float, float]] | None,
        Option(
            Pairs(),
            "Gaussian prior of a parameter.",
            note="As mean and standard deviation.",
            metavar="NAME=MEAN:SIGMA",
            label="priors",
            placeholder="L=36:2 (mean:σ)",
        ),
    ]
    ligand: Annotated[
        str | None,
        Option(
            Text(),
            "Ligand or chain length, which bounds L.",
            metavar="NAME|C18",
            label="ligand",
            placeholder="oleylamine, C18",
        ),
    ]
    budget: Annotated[
        float,
        Option(
            Number(above=0.0, error="must be a positive number of seconds"),
            "Wall time in seconds after which the search for solutions ends.",
            DEFAULT_BUDGET,
            "What was not examined by then is in the notes.",
            metavar="SECONDS",
            label="time budget (s)",
        ),
    ]


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
            placeholder="from the pattern, or 40",
            usual=Stack.coherent,
        ),
    ]
    size_window: Annotated[
        float,
        Option(
            Number(above=0.0, error="must be a positive number of σ_N"),
            "Range of sizes around N in units of σ_N (3 in the paper).",
            Stack.size_window,
            label="size window (σ_N)",
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
            placeholder="from the pattern; none; 3.905; SrTiO3:002",
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
            label="σ_G (Å⁻¹), or a file",
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


class ResidualOptions(TypedDict, total=False):
    """Residuals, scale, background and systematic errors."""

    objective: Annotated[
        ObjectiveName,
        Option(
            Choice(get_args(ObjectiveName)),
            "Residuals of intensities, of logarithms, or as in 2021.",
            "linear",
            label="residuals",
        ),
    ]
    scale: Annotated[
        Scale | None,
        Option(
            Choice(get_args(Scale)),
            "Scale: a free factor per region, or equal maxima.",
            label="scale",
        ),
    ]
    background: Annotated[
        str,
        Option(
            Choice(lambda: (*BACKGROUNDS.names, AUTO)),
            "Background per region, not negative: none, constant, linear, quadratic, cubic, or one that an "
            "installed package adds; auto: the evidence decides. signed-linear and so on may be negative.",
            AUTO,
            metavar="NAME",
            label="background",
        ),
    ]

    systematics: Annotated[
        Any,
        Option(
            Effects(),
            "Systematic effects in the errors: default, none, or other priors (0 leaves an effect out).",
            DEFAULT_EFFECTS,
            metavar="none|NAME=PRIOR",
            label="systematic effects",
            placeholder="resolution_width=0.05",
        ),
    ]


class FitKeywords(
    DataOptions, RefinementOptions, SampleOptions, InstrumentOptions, ResidualOptions, total=False
):
    """Keywords of :func:`slxrd.fit`: every option by itself, or the options of a group together."""

    data: DataOptions
    refinement: RefinementOptions
    sample: SampleOptions
    instrument: InstrumentOptions
    residuals: ResidualOptions
