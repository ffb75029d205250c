"""The command line's frame: the program, its version, and the options that commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

import slxrd
from slxrd.preparation import prepare
from slxrd.table import TABLE

app = typer.Typer(
    name="slxrd",
    help="The structure of colloidal superlattices, read from an ordinary X-ray diffractogram.",
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

NAMES = ", ".join(TABLE)
#: Exit code after Ctrl-C.
INTERRUPTED = 130
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
CrystalName = Annotated[
    str | None,
    typer.Option(
        "--crystal",
        metavar="NAME[:SURFACE]",
        help="Crystal made of atoms: CsPbBr3:Br, a .toml, file.cif:1,0,0 (slxrd crystal lists them).",
    ),
]
PartnerName = Annotated[
    str | None,
    typer.Option("--partner", metavar="NAME[:SURFACE]", help="A second crystal that alternates with it."),
]
Slab = Annotated[
    str | None,
    typer.Option(
        "--slab", metavar="DENSITY|LIGAND", help="What fills the gaps: e/Å³, or a ligand (needs --crystal)."
    ),
]
StackKindOption = Annotated[
    Literal["pure", "mixed", "alternating"],
    typer.Option("--stack", help="Stacks of one size each, of mixed sizes, or of two crystals in turn."),
]
WeightingOption = Annotated[
    Literal["number", "volume"],
    typer.Option("--weighting", help="Sizes as shares of the stacks' area, or of the number of cubes."),
]
Spread = Annotated[float, typer.Option("--coherent-spread", metavar="SIGMA", help="Spread of M.")]
ZeroError = Annotated[
    Literal["q", "angle", "displacement"],
    typer.Option("--zero", help="What q_zero is: a shift of q, of the angle, or of the sample's height."),
]
Window = Annotated[
    float, typer.Option("--size-window", help="Count sizes within this many σ_N of N (3 in the paper).")
]
Force = Annotated[bool, typer.Option("--force", help="Overwrite existing files.")]
AxisName = Annotated[
    Literal["q", "2theta"] | None, typer.Option("--axis", help="What the first column of a text file is.")
]
Wavelength = Annotated[
    str | None,
    typer.Option("--wavelength", metavar="Å|NAME", help="In Å, or CuKa for the doublet, CuKa1 for the line."),
]
TrustAxis = Annotated[bool, typer.Option("--trust-axis", help="Take the axis as it is, however unlikely.")]
ScanNumber = Annotated[
    int | None, typer.Option("--scan", help="Which scan of a file with several, counted from 1.")
]
Columns = Annotated[
    str | None,
    typer.Option(
        "--columns",
        metavar="X,Y[,SIGMA]",
        help="Which columns of a text file: 1,3 or 2theta=1,intensity=3,sigma=4 or their names.",
    ),
]
Monochromator = Annotated[
    float | None,
    typer.Option("--monochromator", metavar="DEGREES", help="Bragg angle θ of the monochromator crystal."),
]
NoLp = Annotated[bool, typer.Option("--no-lp", help="No Lorentz-polarisation correction of data over 2θ.")]


def read_corrected(
    file: Path,
    axis: Literal["q", "2theta"] | None,
    wavelength: str | None,
    trust_axis: bool,
    scan: int | None,
    monochromator: float | None,
    no_lp: bool,
    *,
    columns: str | None = None,
    counting: bool = False,
) -> slxrd.Pattern:
    """Read a pattern and correct it for Lorentz and polarisation factors where it is over 2θ.

    With ``counting``, σ is taken from the counts before that: corrected counts are no whole numbers, by which
    those of a text file are known.

    Raises
    ------
    SlxrdError
        If the file cannot be read, or a correction is asked for or declined that it cannot have.
    """
    pattern = slxrd.read(
        file, axis=axis, wavelength=wavelength, trust_axis=trust_axis, scan=scan, columns=columns
    )
    return prepare(pattern, monochromator, no_lp, counting=counting)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"slxrd {slxrd.__version__}")
        raise typer.Exit


@app.callback()
def _common(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    pass
