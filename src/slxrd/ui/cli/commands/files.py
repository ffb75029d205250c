"""The commands ``slxrd info``, ``slxrd convert``, ``slxrd plot`` for files, and ``slxrd crystal``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

import slxrd
from slxrd._files import short_name
from slxrd.data.corrections import prepare_pattern
from slxrd.errors import SlxrdError
from slxrd.fitting.record.command_line import path_of
from slxrd.sample.crystal import Crystal
from slxrd.sample.library.crystals import crystal, crystal_names, terminations
from slxrd.sample.planes import Plane
from slxrd.sample.stack import Stack
from slxrd.ui.cli.frame import command
from slxrd.ui.cli.options import Given, Measured, Preparing, Scans, take
from slxrd.ui.cli.outputs import Force, check_outputs, rendered, write_all, written

#: Number of planes of the largest crystal that is listed plane by plane.
MOST_PLANES = 200
#: Scans of a file that are diagnosed.
MOST_DIAGNOSED = 3


def catalogue() -> str:
    """List the crystals of the library, with their surfaces, the usual one first."""
    lines = ["crystals (--crystal NAME:SURFACE); d in Å, N counts the planes named", ""]
    for name in crystal_names():
        one = crystal(name)
        layers = f", {one.layers} layers" if one.layers else ""
        surfaces = ", ".join(terminations(name))
        lines.append(f"  {name:<14} d {one.period:<8.4f} {one.repeat[0]!s:<7} surfaces {surfaces}{layers}")
    lines += ["", "others: a .toml file (docs/crystals.md), or file.cif:H,K,L[:BOTTOM:TOP]"]
    return "\n".join(lines)


def described(one: Crystal, planes: int) -> str:
    """Describe a crystal: its planes, thickness, and the parameters that can be refined.

    Parameters
    ----------
    one : Crystal
        The crystal.
    planes : int
        Number of planes N of the crystal that is listed.

    Raises
    ------
    SlxrdError
        If N is not a whole number from 1 (or as many as its surfaces hold) to :data:`MOST_PLANES`.
    """
    if not max(1, one.closing) <= planes <= MOST_PLANES:
        raise SlxrdError(
            f"--planes {planes}: give a whole number from {max(1, one.closing)} to {MOST_PLANES}"
        )
    below, above = one.overhang()
    lines = [f"{one.ended()}, d = {one.period:g} Å", f"  source: {one.source or 'not given'}"]
    if one.assumed:
        lines.append(f"  assumed: {one.assumed}")
    lines += [
        "",
        f"{planes} planes {one.repeat[0]}, from the top down (height in Å; sites in a surface cell)",
        *(_row(plane, one.period) for plane in reversed(one.planes(planes))),
        "",
        f"  thickness {one.thickness(planes):.3f} Å; free gap L − {below + above:.3f} Å",
        "",
        "additional parameters (fixed unless freed: --free NAME)",
    ]
    offers = Stack(crystal=one).offers
    width = max(map(len, offers))
    lines += [f"  {name:<{width}}  {row.meaning}" for name, row in offers.items()]
    return "\n".join(lines)


def _row(plane: Plane, period: float) -> str:
    sites = ", ".join(
        f"{site.count:g} {site.species}" + (f" ({site.occupancy:g} filled)" if site.occupancy != 1.0 else "")
        for site in plane.sites
    )
    return f"  {plane.height(period):9.3f}  {plane!s:<10} {sites}"


@command("crystal", group="Simulations", example="slxrd crystal CsPbBr3:Br")
def crystal_command(
    name: Annotated[
        str | None,
        typer.Argument(
            metavar="[NAME[:SURFACE]]", help="As for --crystal of slxrd fit; without it, all that are known."
        ),
    ] = None,
    planes: Annotated[
        int, typer.Option(metavar="N", help="Number of planes of the crystal that is listed.")
    ] = 4,
) -> None:
    """List the crystals, or describe one: its planes, surfaces and parameters."""
    from slxrd.sample.specification import as_crystal

    typer.echo(catalogue() if name is None else described(as_crystal(name), planes))


@command("info", group="Measured patterns", example="slxrd info scan.xrdml")
def info_command(
    file: Measured,
    reading: Scans,
) -> None:
    """Describe a file: its format, scans, ranges, radiation and corrections, and what its pattern shows."""
    from slxrd.data.description import describe_scans

    found = slxrd.read_scans(path_of(str(file)), **reading.arguments("reading"))
    typer.echo(describe_scans(str(file), found))
    patterns = [scan for scan in found if isinstance(scan, slxrd.Pattern)]
    for number, pattern in enumerate(patterns[:MOST_DIAGNOSED], 1):
        typer.echo(f"\ndiagnosis{f' of scan {number}' if len(found) > 1 else ''}")
        typer.echo(_diagnosis(pattern))
    if not patterns:
        raise SlxrdError(f"{file}: none of its scans can be read")


def _diagnosis(pattern: slxrd.Pattern) -> str:
    """Return the diagnosis of a pattern as text, or the reason why there is none."""
    try:
        return str(slxrd.diagnose(pattern))
    except SlxrdError as error:
        return f"  none: {error}"


@command("convert", group="Measured patterns", example="slxrd convert scan.xrdml columns.csv")
def convert_command(
    file: Measured,
    out: Annotated[
        Path, typer.Argument(metavar="OUT.csv", help="File to write: q in Å⁻¹ and intensity, no header.")
    ],
    request: Preparing,
    force: Force = False,
) -> None:
    """Write the two columns that the paper's scripts read: q, and the corrected intensity."""
    from slxrd.fitting.record import write as output

    check_outputs([out], force, measured=[file])
    pattern = request.prepared(file).to_q()
    output.write(out, output.two_columns(pattern))
    for step in pattern.history:
        typer.echo(f"  {step}")
    typer.echo(f"wrote {out}: {len(pattern)} points, q {pattern.q[0]:.4f} to {pattern.q[-1]:.4f} Å⁻¹")


DRAWN = take("reading", "monochromator", "mask", mask="Draw q from A to B in Å⁻¹ as left out.")


@command("plot", group="Measured patterns", example="slxrd plot scan.xrdml --plot scan.pdf")
def plot_command(
    file: Measured,
    *,
    plot: Annotated[
        Path | None,
        written("--plot", "FILE", "Draw it as .pdf, .svg or .png; default: FILE.png in this folder."),
    ] = None,
    out: Annotated[Path | None, typer.Option(metavar="FILE", hidden=True)] = None,
    request: Annotated[Given, DRAWN],
    lp: Annotated[bool, typer.Option("--lp", help="Corrected for Lorentz and polarisation factors.")] = False,
    against: Annotated[
        Literal["q", "2theta"] | None, typer.Option(help="Horizontal axis; default: as in the file.")
    ] = None,
    linear: Annotated[bool, typer.Option("--linear", help="Intensity linear, not logarithmic.")] = False,
    force: Force = False,
) -> None:
    """Draw a measured pattern."""
    from slxrd.ui.plotting.pattern import pattern_figure

    if plot is not None and out is not None:
        raise SlxrdError("--plot and --out both name the picture; leave --out away")
    plot = plot or out or Path(short_name(path_of(str(file)).name, ".png"))
    check_outputs([plot], force, measured=[file], figure=plot)
    if request["monochromator"] is not None and not lp:
        raise SlxrdError("--monochromator belongs to the Lorentz-polarisation correction; add --lp")
    pattern = request.read(file)
    if lp and pattern.axis == "q":
        raise SlxrdError(f"--lp: {file} is over q, and taken as corrected already; leave it out")
    pattern = request.masked(prepare_pattern(pattern, request["monochromator"]) if lp else pattern)
    picture = pattern_figure(pattern, against or pattern.axis, "linear" if linear else "log")
    write_all(rendered(picture, plot))
