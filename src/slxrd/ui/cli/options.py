"""The options that commands share: each written once, and in groups where they go together."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

import slxrd
from slxrd.data.corrections import prepare
from slxrd.fitting.record import arguments
from slxrd.parameters.definitions import TABLE

NAMES = ", ".join(TABLE)

Measured = Annotated[Path, typer.Argument(metavar="FILE", help="Any file that slxrd reads.")]
Regions = Annotated[
    list[str] | None,
    typer.Option(
        "--region",
        metavar="QMIN:QMAX[:WEIGHT]",
        help="Region in Å⁻¹, may be repeated; default: around the Bragg peaks.",
    ),
]
Mask = Annotated[
    list[str] | None,
    typer.Option("--mask", metavar="A:B", help="Leave out q from A to B in Å⁻¹; may be repeated."),
]
Wavelength = Annotated[
    str | None,
    typer.Option("--wavelength", metavar="Å|NAME", help="In Å, or CuKa for the doublet, CuKa1 for the line."),
]
Monochromator = Annotated[
    float | None,
    typer.Option("--monochromator", metavar="DEGREES", help="Bragg angle θ of the monochromator crystal."),
]
Coherent = Annotated[
    int, typer.Option("--coherent", metavar="M", help="Crystals that scatter coherently; 1: a thin film.")
]
Resolution = Annotated[
    str,
    typer.Option(
        "--resolution",
        metavar="SIGMA|FILE",
        help="Gaussian σ_G in Å⁻¹, 0: none; or a file that slxrd resolution wrote.",
    ),
]
Zero = Annotated[
    Literal["q", "angle", "displacement"],
    typer.Option("--zero", help="What q_zero is: a shift of q, of the angle, or of the sample's height."),
]
Window = Annotated[
    float, typer.Option("--size-window", help="Count sizes within this many σ_N of N (3 in the paper).")
]
NoiseOf = Annotated[
    str | None,
    typer.Option(
        "--noise",
        metavar="FRACTION|counting|file",
        help="σ: a fraction of each region's maximum, from counting statistics, or the file's "
        "third column. Default: the file's, else 0.03.",
    ),
]
Start = Annotated[
    list[str] | None, typer.Option("--start", metavar="NAME=VALUE", help=f"Starting value ({NAMES}).")
]
Fix = Annotated[
    list[str] | None, typer.Option("--fix", metavar="NAME=VALUE", help="Keep a parameter at a value.")
]
Background = Annotated[
    str,
    typer.Option(
        "--background",
        metavar="NAME",
        help="Free background per region: none, constant, linear, quadratic, cubic, or one that an installed "
        "package adds.",
    ),
]
#: What the options are where nothing is said.
COHERENT, RESOLUTION, SIZE_WINDOW = 40, "0.007", 5.0


@dataclass(frozen=True)
class Points:
    """Which points of a pattern are looked at."""

    region: Regions = None
    mask: Mask = None

    def given(self) -> dict[str, Any]:
        """As arguments of :func:`slxrd.fit`."""
        return {
            "regions": [arguments.region(text) for text in self.region or ()],
            "mask": intervals(self.mask),
        }


@dataclass(frozen=True)
class Looking:
    """How all that is in a file is understood."""

    axis: Annotated[
        Literal["q", "2theta"] | None, typer.Option(help="What the first column of a text file is.")
    ] = None
    wavelength: Wavelength = None
    trust_axis: Annotated[
        bool, typer.Option("--trust-axis", help="Take the axis as it is, however unlikely.")
    ] = False
    columns: Annotated[
        str | None,
        typer.Option(
            metavar="X,Y[,SIGMA]",
            help="Which columns of a text file: 1,3 or 2theta=1,intensity=3,sigma=4 or their names.",
        ),
    ] = None


@dataclass(frozen=True)
class Opening(Looking):
    """How one pattern is read."""

    scan: Annotated[int | None, typer.Option(help="Which scan of a file with several, counted from 1.")] = (
        None
    )

    def read(self, file: Path) -> slxrd.Pattern:
        """Read the pattern as it was measured."""
        return slxrd.read(
            file,
            axis=self.axis,
            wavelength=self.wavelength,
            trust_axis=self.trust_axis,
            scan=self.scan,
            columns=self.columns,
        )


@dataclass(frozen=True)
class Reading(Opening):
    """How a file is read, and corrected for Lorentz and polarisation factors where it is over 2θ."""

    monochromator: Monochromator = None
    no_lp: Annotated[
        bool, typer.Option("--no-lp", help="No Lorentz-polarisation correction of data over 2θ.")
    ] = False

    def prepared(self, file: Path, *, counting: bool = False) -> slxrd.Pattern:
        """Read the pattern and correct it; with ``counting``, σ is that of the counts."""
        return prepare(self.read(file), self.monochromator, self.no_lp, counting=counting)


@dataclass(frozen=True)
class Fitting:
    """How a pattern is fitted: what it is measured with, and what is asked of the parameters."""

    resolution: Resolution = RESOLUTION
    zero: Zero = "q"
    noise: NoiseOf = None
    start: Start = None
    fix: Fix = None
    free: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="Refine a parameter (q_zero is decided from the data)."),
    ] = None
    bounds: Annotated[list[str] | None, typer.Option(metavar="NAME=A:B", help="Bounds of a parameter.")] = (
        None
    )
    tie: Annotated[
        list[str] | None, typer.Option(metavar="NAME=EXPRESSION", help="Tie a parameter, sigma_N=0.1*N.")
    ] = None
    prior: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME=MEAN:SIGMA", help="What is known of a parameter beforehand."),
    ] = None
    ligand: Annotated[
        str | None, typer.Option(metavar="NAME|C18", help="Ligand or chain length, which bounds L.")
    ] = None
    coherent: Coherent = COHERENT
    size_window: Window = SIZE_WINDOW

    def given(self) -> dict[str, Any]:
        """As arguments of :func:`slxrd.fit`."""
        return {
            "resolution": arguments.resolution(self.resolution),
            "zero": self.zero,
            "noise": arguments.noise(self.noise),
            "start": arguments.values(self.start or (), "--start"),
            "fix": arguments.values(self.fix or (), "--fix"),
            "free": self.free or (),
            "bounds": arguments.intervals(self.bounds or (), "--bounds"),
            "tie": arguments.assignments(self.tie or (), "--tie"),
            "prior": arguments.intervals(self.prior or (), "--prior"),
            "ligand": self.ligand,
            "coherent": self.coherent,
            "size_window": self.size_window,
        }


@dataclass(frozen=True)
class Structure:
    """What the crystals are, and how they stack."""

    crystal: Annotated[
        str | None,
        typer.Option(
            metavar="NAME[:SURFACE]",
            help="Crystal made of atoms: CsPbBr3:Br, a .toml, file.cif:1,0,0 (slxrd crystal lists them).",
        ),
    ] = None
    partner: Annotated[
        str | None, typer.Option(metavar="NAME[:SURFACE]", help="A second crystal that alternates with it.")
    ] = None
    slab: Annotated[
        str | None,
        typer.Option(
            metavar="DENSITY|LIGAND", help="What fills the gaps: e/Å³, or a ligand (needs --crystal)."
        ),
    ] = None
    stack: Annotated[
        Literal["pure", "mixed", "alternating"],
        typer.Option(help="Stacks of one size each, of mixed sizes, or of two crystals in turn."),
    ] = "pure"
    weighting: Annotated[
        Literal["number", "volume"],
        typer.Option(help="Sizes as shares of the stacks' area, or of the number of cubes."),
    ] = "number"
    coherent_spread: Annotated[float, typer.Option(metavar="SIGMA", help="Spread of M.")] = 0.0

    def given(self) -> dict[str, Any]:
        """As arguments of :func:`slxrd.fit` and :func:`slxrd.simulate`."""
        return {
            "crystal": self.crystal,
            "partner": self.partner,
            "slab": self.slab,
            "stack": self.stack,
            "weighting": self.weighting,
            "coherent_spread": self.coherent_spread,
        }


@dataclass(frozen=True)
class Heights:
    """What is free in each region besides the structure."""

    scale: Annotated[
        Literal["free", "peak"] | None, typer.Option(help="A free factor per region, or peak on peak.")
    ] = None
    background: Background = "none"

    def given(self) -> dict[str, Any]:
        """As arguments of :func:`slxrd.fit`."""
        return {"scale": self.scale, "background": self.background}


@dataclass(frozen=True)
class Residuals(Heights):
    """What is compared in each region, and how."""

    objective: Annotated[
        Literal["linear", "log", "paper2021"],
        typer.Option(help="Residuals of intensities, of logarithms, or as in 2021."),
    ] = "linear"

    def given(self) -> dict[str, Any]:
        """As arguments of :func:`slxrd.fit`."""
        return {**super().given(), "objective": self.objective}


def intervals(mask: list[str] | None) -> list[tuple[float, float]]:
    """Read what ``--mask`` was given."""
    return [arguments.interval(text, f"--mask {text}") for text in mask or ()]


def masked(pattern: slxrd.Pattern, mask: list[str] | None) -> slxrd.Pattern:
    """Leave out of a pattern what ``--mask`` was given; over q, if anything was."""
    for low, high in intervals(mask):
        pattern = pattern.to_q().masked(low, high)
    return pattern
