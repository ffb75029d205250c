"""The commands that look at files: ``slxrd info``, ``slxrd convert``, ``slxrd plot``."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Literal

import typer

import slxrd
from slxrd.cli_app import command
from slxrd.cli_options import Looking, Measured, Monochromator, Opening, Reading, masked
from slxrd.cli_write import Force, check_outputs, rendered, write_all
from slxrd.errors import SlxrdError
from slxrd.preparation import prepare


@command("info")
def info_command(
    file: Measured,
    looking: Looking,
) -> None:
    """Tell what a file holds: its format, scans, ranges, radiation, counting time, and what was done."""
    from slxrd.description import describe

    found = slxrd.read_scans(file, **asdict(looking))
    typer.echo(describe(str(file), found))
    if not any(isinstance(scan, slxrd.Pattern) for scan in found):
        raise SlxrdError(f"{file}: none of its scans can be read")


@command("convert")
def convert_command(
    file: Measured,
    out: Annotated[
        Path, typer.Argument(metavar="OUT.csv", help="File to write: q in Å⁻¹ and intensity, no header.")
    ],
    reading: Reading,
    force: Force = False,
) -> None:
    """Write the two columns that the paper's scripts read: q, and the corrected intensity."""
    from slxrd import output

    check_outputs([out], force, measured=[file])
    pattern = reading.prepared(file).to_q()
    output.write(out, output.two_columns(pattern))
    for step in pattern.history:
        typer.echo(f"  {step}")
    typer.echo(f"wrote {out}: {len(pattern)} points, q {pattern.q[0]:.4f} to {pattern.q[-1]:.4f} Å⁻¹")


@command("plot")
def plot_command(
    file: Measured,
    *,
    out: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Picture to write; default: FILE.png in this folder.")
    ] = None,
    opening: Opening,
    monochromator: Monochromator = None,
    lp: Annotated[bool, typer.Option("--lp", help="Corrected for Lorentz and polarisation factors.")] = False,
    against: Annotated[Literal["q", "2theta"] | None, typer.Option(help="Default: as in the file.")] = None,
    linear: Annotated[bool, typer.Option("--linear", help="Intensity linear, not logarithmic.")] = False,
    mask: Annotated[
        list[str] | None, typer.Option(metavar="A:B", help="Draw q from A to B in Å⁻¹ as left out.")
    ] = None,
    force: Force = False,
) -> None:
    """Draw a measured pattern."""
    from slxrd.plotting_pattern import pattern_figure

    out = out or Path(f"{file.name}.png")
    check_outputs([out], force, measured=[file], picture=out)
    if monochromator is not None and not lp:
        raise SlxrdError("--monochromator belongs to the Lorentz-polarisation correction; add --lp")
    pattern = opening.read(file)
    if lp and pattern.axis == "q":
        raise SlxrdError(f"--lp: {file} is over q, and taken as corrected already; leave it out")
    pattern = masked(prepare(pattern, monochromator) if lp else pattern, mask)
    picture = pattern_figure(pattern, against or pattern.axis, "linear" if linear else "log")
    write_all([(out, rendered(picture, out))])
