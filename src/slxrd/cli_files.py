"""The commands that look at files: ``slxrd info``, ``slxrd convert``, ``slxrd plot``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

import slxrd
from slxrd import arguments
from slxrd.cli_app import (
    AxisName,
    Columns,
    Force,
    Monochromator,
    NoLp,
    ScanNumber,
    TrustAxis,
    Wavelength,
    app,
    read_corrected,
)
from slxrd.errors import SlxrdError

Measured = Annotated[Path, typer.Argument(metavar="FILE", help="Any file that slxrd reads.")]


@app.command("info")
def info_command(
    file: Measured,
    axis: AxisName = None,
    wavelength: Wavelength = None,
    trust_axis: TrustAxis = False,
    columns: Columns = None,
) -> None:
    """Tell what a file holds: its format, scans, ranges, radiation, counting time, and what was done."""
    from slxrd.description import describe

    found = slxrd.read_scans(file, axis=axis, wavelength=wavelength, trust_axis=trust_axis, columns=columns)
    typer.echo(describe(str(file), found))
    if not any(isinstance(scan, slxrd.Pattern) for scan in found):
        raise SlxrdError(f"{file}: none of its scans can be read")


@app.command("convert")
def convert_command(
    file: Measured,
    out: Annotated[
        Path, typer.Argument(metavar="OUT.csv", help="File to write: q in Å⁻¹ and intensity, no header.")
    ],
    axis: AxisName = None,
    wavelength: Wavelength = None,
    trust_axis: TrustAxis = False,
    scan: ScanNumber = None,
    columns: Columns = None,
    monochromator: Monochromator = None,
    no_lp: NoLp = False,
    force: Force = False,
) -> None:
    """Write the two columns that the paper's scripts read: q, and the corrected intensity."""
    from slxrd import output

    if out.exists() and file.exists() and out.samefile(file):
        raise SlxrdError(f"{out} is the measurement itself; choose another name")
    output.check_writable([out], force)
    pattern = read_corrected(
        file, axis, wavelength, trust_axis, scan, monochromator, no_lp, columns=columns
    ).to_q()
    output.write(out, output.two_columns(pattern))
    for step in pattern.history:
        typer.echo(f"  {step}")
    typer.echo(f"wrote {out}: {len(pattern)} points, q {pattern.q[0]:.4f} to {pattern.q[-1]:.4f} Å⁻¹")


@app.command("plot")
def plot_command(
    file: Measured,
    out: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Picture to write; default: FILE.png beside it.")
    ] = None,
    axis: AxisName = None,
    wavelength: Wavelength = None,
    trust_axis: TrustAxis = False,
    scan: ScanNumber = None,
    columns: Columns = None,
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
    from slxrd import output, plotting
    from slxrd.plotting_pattern import pattern_figure

    out = out or Path(f"{file.name}.png")
    plotting.check_picture(out)
    output.check_writable([out], force)
    if lp:
        pattern = read_corrected(
            file, axis, wavelength, trust_axis, scan, monochromator, False, columns=columns
        )
    else:
        if monochromator is not None:
            raise SlxrdError("--monochromator belongs to the Lorentz-polarisation correction; add --lp")
        pattern = slxrd.read(
            file, axis=axis, wavelength=wavelength, trust_axis=trust_axis, scan=scan, columns=columns
        )
    for text in mask or ():
        pattern = pattern.to_q().masked(*arguments.interval(text, f"--mask {text}"))
    picture = pattern_figure(pattern, against or pattern.axis, "linear" if linear else "log")
    output.write(out, plotting.figure_bytes(picture, out.suffix[1:].lower()))
    typer.echo(f"wrote {out}")
