"""The command that measures the instrument: ``slxrd resolution``."""

from __future__ import annotations

import hashlib
import json as json_text
import shlex
import sys
from pathlib import Path
from typing import Annotated, Literal

import typer

import slxrd
from slxrd import arguments
from slxrd.cli_app import AxisName, Columns, Force, ScanNumber, TrustAxis, Wavelength, app
from slxrd.errors import SlxrdError


@app.command("resolution")
def resolution_command(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Pattern of a standard, as it was measured.")],
    standard: Annotated[
        str,
        typer.Option(metavar="NAME", help="LaB6, Si, CeO2, Al2O3, or a cubic lattice such as F:3.6149 (Å)."),
    ],
    out: Annotated[
        Path | None, typer.Option(metavar="TOML", help="File to write, for slxrd fit --resolution.")
    ] = None,
    plot: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Draw lines and widths as .png, .svg or .pdf.")
    ] = None,
    json: Annotated[
        str | None, typer.Option("--json", metavar="FILE", help="Write all as JSON; - for standard output.")
    ] = None,
    shift: Annotated[
        Literal["auto", "angle", "displacement", "both"],
        typer.Option(help="What moves the peaks: a zero error of 2θ, the standard's height, or both."),
    ] = "auto",
    at: Annotated[
        float | None, typer.Option(metavar="Q", help="Where in Å⁻¹ the width is told as one number.")
    ] = None,
    mask: Annotated[
        list[str] | None, typer.Option(metavar="A:B", help="Leave out q from A to B in Å⁻¹; may be repeated.")
    ] = None,
    axis: AxisName = None,
    wavelength: Wavelength = None,
    trust_axis: TrustAxis = False,
    scan: ScanNumber = None,
    columns: Columns = None,
    force: Force = False,
) -> None:
    """Measure the resolution, and the zero error, from the pattern of a standard."""
    from slxrd import output
    from slxrd.resolution import measure_resolution
    from slxrd.resolution_file import resolution_dictionary, resolution_toml
    from slxrd.resolution_text import summarise
    from slxrd.standards import standard as named

    wanted = [path for path in (out, plot) if path is not None]
    wanted += [Path(json)] if json not in (None, "-") else []
    if plot is not None:
        from slxrd.plotting import check_picture

        check_picture(plot)
    if len({path.absolute() for path in wanted}) < len(wanted):
        raise SlxrdError("two outputs have the same name; give each its own")
    if any(path.exists() and file.exists() and path.samefile(file) for path in wanted):
        raise SlxrdError(f"{file}: an output would overwrite the pattern itself; choose another name")
    output.check_writable(wanted, force)
    if at is not None and not at > 0.0:
        raise SlxrdError(f"--at {at:g}: must be a positive q in Å⁻¹")
    known = named(standard)
    pattern = slxrd.read(
        file, axis=axis, wavelength=wavelength, trust_axis=trust_axis, scan=scan, columns=columns
    )
    for text in mask or ():
        pattern = pattern.to_q().masked(*arguments.interval(text, f"--mask {text}"))
    measured = measure_resolution(pattern, known, shift=shift)
    digest = hashlib.sha256(file.read_bytes()).hexdigest()
    command = shlex.join(["slxrd", *sys.argv[1:]])
    told = summarise(measured, at)
    laid_out = resolution_dictionary(measured, sha256=digest, command=command)
    as_json = json_text.dumps(laid_out, indent=1, ensure_ascii=False, allow_nan=False) + "\n"
    contents: list[tuple[Path, bytes | str]] = []
    if out is not None:
        contents.append((out, resolution_toml(measured, sha256=digest, command=command)))
    if json is not None and json != "-":
        contents.append((Path(json), as_json))
    if plot is not None:
        from slxrd.plotting import figure_bytes
        from slxrd.plotting_resolution import resolution_figure

        contents.append((plot, figure_bytes(resolution_figure(measured), plot.suffix[1:].lower())))
    for path, content in contents:
        output.write(path, content)
    if json == "-":
        typer.echo(as_json, nl=False)
        return
    typer.echo(told)
    for path, _ in contents:
        typer.echo(f"wrote {path}")
