"""The command that measures the instrument: ``slxrd resolution``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from slxrd.cli_app import command
from slxrd.cli_options import Mask, Opening, masked
from slxrd.cli_write import (
    Force,
    Json,
    Plot,
    as_json,
    check_outputs,
    json_file,
    rendered,
    sha256_of,
    typed,
    write_all,
)
from slxrd.errors import SlxrdError


@command("resolution")
def resolution_command(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Pattern of a standard, as it was measured.")],
    *,
    standard: Annotated[
        str,
        typer.Option(metavar="NAME", help="LaB6, Si, CeO2, Al2O3, or a cubic lattice such as F:3.6149 (Å)."),
    ],
    out: Annotated[
        Path | None, typer.Option(metavar="TOML", help="File to write, for slxrd fit --resolution.")
    ] = None,
    plot: Plot = None,
    json: Json = None,
    shift: Annotated[
        Literal["auto", "angle", "displacement", "both"],
        typer.Option(help="What moves the peaks: a zero error of 2θ, the standard's height, or both."),
    ] = "auto",
    at: Annotated[
        float | None, typer.Option(metavar="Q", help="Where in Å⁻¹ the width is told as one number.")
    ] = None,
    mask: Mask = None,
    opening: Opening,
    force: Force = False,
) -> None:
    """Measure the resolution, and the zero error, from the pattern of a standard."""
    from slxrd.resolution import measure_resolution
    from slxrd.resolution_file import resolution_dictionary, resolution_toml
    from slxrd.resolution_text import summarise
    from slxrd.standards import standard as named

    written = json_file(json)
    check_outputs([out, plot, written], force, measured=[file], picture=plot)
    if at is not None and not at > 0.0:
        raise SlxrdError(f"--at {at:g}: must be a positive q in Å⁻¹")
    known = named(standard)
    measured = measure_resolution(masked(opening.read(file), mask), known, shift=shift)
    digest, command_line = sha256_of(file), typed()
    told = summarise(measured, at)
    laid_out = as_json(resolution_dictionary(measured, sha256=digest, command=command_line))
    contents: list[tuple[Path, bytes | str]] = []
    if out is not None:
        contents.append((out, resolution_toml(measured, sha256=digest, command=command_line)))
    if written is not None:
        contents.append((written, laid_out))
    if plot is not None:
        from slxrd.plotting_resolution import resolution_figure

        contents.append((plot, rendered(resolution_figure(measured), plot)))
    write_all(contents, told, quiet=json == "-")
    if json == "-":
        typer.echo(laid_out, nl=False)
