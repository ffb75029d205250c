"""The commands ``slxrd correct``, ``slxrd background``, ``slxrd peaks`` and ``slxrd resolution``."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Literal

import typer

import slxrd
from slxrd.data.correction_factors import BeamProfile
from slxrd.data.regions import Noise
from slxrd.errors import SlxrdError
from slxrd.fitting.request import parsing
from slxrd.ui.cli.frame import command
from slxrd.ui.cli.options import Given, Measured, Preparing, take
from slxrd.ui.cli.outputs import (
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
    written,
)


@command(
    "resolution",
    group="Corrections and calibration",
    example="slxrd resolution LaB6.xrdml --standard LaB6 --out instrument.toml",
)
def resolution_command(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Pattern of a standard, as it was measured.")],
    *,
    standard: Annotated[
        str,
        typer.Option(metavar="NAME", help="LaB6, Si, CeO2, Al2O3, or a cubic lattice such as F:3.6149 (Å)."),
    ],
    out: Annotated[
        Path | None, written("--out", "TOML", "Write the resolution to a file, for slxrd fit --resolution.")
    ] = None,
    plot: Plot = None,
    json: Json = None,
    shift: Annotated[
        Literal["auto", "angle", "displacement", "both"],
        typer.Option(help="Shift of the peaks: a zero error of 2θ, the height of the standard, or both."),
    ] = "auto",
    at: Annotated[
        float | None, typer.Option(metavar="Q", help="q in Å⁻¹ at which the width is given as one number.")
    ] = None,
    request: Annotated[Given, take("mask", "reading")],
    force: Force = False,
) -> None:
    """Measure the resolution, and the zero error, from the pattern of a standard."""
    from slxrd.instrument.calibration.file import resolution_dictionary, resolution_toml
    from slxrd.instrument.calibration.measure import measure_resolution
    from slxrd.instrument.calibration.standards import standard as named
    from slxrd.instrument.calibration.summary import summarise

    written = json_file(json)
    check_outputs([out, plot, written], force, measured=[file], figure=plot)
    if at is not None and not at > 0.0:
        raise SlxrdError(f"--at {at:g}: must be a positive q in Å⁻¹")
    known = named(standard)
    measured = measure_resolution(request.masked(request.read(file)), known, shift=shift)
    digest, command_line = sha256_of(file), typed()
    text = summarise(measured, at)
    laid_out = as_json(resolution_dictionary(measured, sha256=digest, command=command_line))
    contents: list[tuple[Path, bytes | str]] = []
    if out is not None:
        contents.append((out, resolution_toml(measured, sha256=digest, command=command_line)))
    if written is not None:
        contents.append((written, laid_out))
    if plot is not None:
        from slxrd.ui.plotting.resolution import resolution_figure

        contents += rendered(resolution_figure(measured), plot)
    write_all(contents, text, quiet=json == "-")
    if json == "-":
        typer.echo(laid_out, nl=False)


Written = Annotated[Path, written("--out", "CSV", "Write q, intensity and σ to a file.")]
UNSEEN = take("mask", "reading", "preparation", mask="Do not use q from A to B in Å⁻¹.")
Sigma = Annotated[
    Literal["counting", "file"] | None,
    typer.Option(
        "--noise", help="σ to write: from the counts or from the file. Default: from either, if known."
    ),
]


@command(
    "correct",
    group="Corrections and calibration",
    example="slxrd correct scan.xrdml --out out.csv --thickness 500nm --film CsPbBr3:4.8",
)
def correct_command(
    file: Measured,
    out: Written,
    request: Preparing,
    thickness: Annotated[
        str | None,
        typer.Option(
            metavar="LENGTH", help="Thickness of the film, for absorption: 500nm, 1.2um, or a number in Å."
        ),
    ] = None,
    film: Annotated[
        str | None,
        typer.Option(
            metavar="FORMULA:DENSITY", help="Formula of the film, and its density in g/cm³: CsPbBr3:4.8."
        ),
    ] = None,
    mu: Annotated[
        float | None,
        typer.Option(
            "--mu",
            metavar="PER_CM",
            help="Attenuation coefficient of the film in 1/cm, in place of its formula.",
        ),
    ] = None,
    beam: Annotated[
        float | None, typer.Option(metavar="MM", help="Width of the beam, for the footprint.")
    ] = None,
    sample: Annotated[
        float | None, typer.Option(metavar="MM", help="Length of the sample along the beam.")
    ] = None,
    beam_profile: Annotated[
        BeamProfile, typer.Option(help="A uniform beam, or a Gaussian with --beam as its FWHM.")
    ] = "box",
    noise: Sigma = None,
    force: Force = False,
) -> None:
    """Correct for polarisation, the absorption in a film, and a beam wider than the sample."""
    from slxrd.data import corrections
    from slxrd.fitting.record import write as output

    check_outputs([out], force, measured=[file])
    if (thickness is None) != (film is None and mu is None):
        raise SlxrdError("absorption needs --thickness, and --film or --mu")
    if film is not None and mu is not None:
        raise SlxrdError("--film and --mu both give the attenuation; leave one out")
    if (beam is None) != (sample is None):
        raise SlxrdError("the footprint needs both --beam and --sample")
    pattern = request.prepared(file, counting=noise == "counting")
    _need_sigma(pattern, noise)
    if pattern.axis == "q" and thickness is None and beam is None:
        raise SlxrdError(f"{file} is over q, taken as corrected already: name a correction to make")
    pattern = corrections.with_counting_sigma(pattern)
    if thickness is not None:
        size = parsing.length(thickness, f"--thickness {thickness}")
        formula, density = (None, None) if film is None else parsing.film(film)
        pattern = corrections.correct_absorption(pattern, size, mu=mu, formula=formula, density=density)
    if beam is not None and sample is not None:
        pattern = corrections.correct_footprint(pattern, beam, sample, beam_profile)
    # Over q, as a file over 2θ would be read as one without the polarisation correction.
    _write([(out, output.pattern_csv(pattern.to_q()))], _doublet(pattern))


@command(
    "background",
    group="Corrections and calibration",
    example="slxrd background scan.xrdml --out pattern.csv --plot baseline.pdf",
)
def background_command(
    file: Measured,
    *,
    out: Written,
    plot: Plot = None,
    method: Annotated[
        Literal["aspls", "iarpls", "snip", "bridge"] | None,
        typer.Option(help="Method for the baseline; default: aspls, or bridge with --signal."),
    ] = None,
    width: Annotated[
        float | None,
        typer.Option(help="Width in Å⁻¹ below which a feature is signal; default: that of the method."),
    ] = None,
    signal: Annotated[
        list[str] | None,
        typer.Option(metavar="A:B", help="Where the signal is, in Å⁻¹, for bridge; may be repeated."),
    ] = None,
    noise: Sigma = None,
    request: Annotated[Given, UNSEEN],
    force: Force = False,
) -> None:
    """Subtract a baseline from a pattern, and draw what was subtracted."""
    from slxrd.data.baseline import subtract_background
    from slxrd.fitting.record import write as output

    check_outputs([out, plot], force, measured=[file], figure=plot)
    spans = [parsing.interval(text, f"--signal {text}") for text in signal or ()]
    pattern = request.prepared(file, counting=noise == "counting")
    _need_sigma(pattern, noise)
    pattern = pattern.without(request["mask"])
    done = subtract_background(pattern, method, width=width, signal=spans)
    contents: list[tuple[Path, bytes | str]] = [(out, output.pattern_csv(done.pattern))]
    if plot is not None:
        from slxrd.ui.plotting.pattern import background_figure

        contents += rendered(background_figure(done), plot)
    seen = ~done.before.mask
    highest, baseline = done.before.intensity[seen].max(), done.baseline[seen]
    typer.echo(
        f"{file}: {done.pattern.history[-1]}, {baseline.min():.4g} to {baseline.max():.4g} under a highest "
        f"point of {highest:.4g}"
    )
    _write(contents, [*done.notes, *_doublet(pattern)])


@command(
    "peaks",
    group="Corrections and calibration",
    example="slxrd peaks scan.xrdml --region 1.9:2.45 --plot peaks.pdf",
)
def peaks_command(
    file: Measured,
    *,
    region: Annotated[str, typer.Option(metavar="QMIN:QMAX", help="Region in Å⁻¹ to decompose.")],
    subtract: Annotated[
        str | None, typer.Option(metavar="N,N,...", help="Numbers of the peaks to subtract; needs --out.")
    ] = None,
    out: Annotated[
        Path | None, written("--out", "CSV", "Write the pattern without these peaks to a file.")
    ] = None,
    plot: Plot = None,
    components: Annotated[
        int | None, typer.Option(metavar="N", help="Number of peaks; default: as many as are significant.")
    ] = None,
    shape: Annotated[
        Literal["gaussian", "pseudo-voigt"], typer.Option(help="Shape of the peaks.")
    ] = "gaussian",
    background: Annotated[
        Literal["constant", "linear"], typer.Option(help="Background of the peaks; it is not subtracted.")
    ] = "linear",
    period: Annotated[
        float | None, typer.Option(metavar="Å", help="Superlattice period, where it is known from a fit.")
    ] = None,
    noise: Annotated[Given, take("noise")],
    request: Annotated[Given, UNSEEN],
    force: Force = False,
) -> None:
    """Decompose a region into peaks, identify fringes, and subtract selected peaks."""
    from slxrd.data.decomposition.decompose import decompose
    from slxrd.data.decomposition.decompose import subtract_peaks as without
    from slxrd.fitting.record import write as output
    from slxrd.ui.progress import progress

    if (subtract is None) != (out is None):
        raise SlxrdError("--subtract selects peaks and --out the file for the rest; give both or neither")
    check_outputs([out, plot], force, measured=[file], figure=plot)
    numbers = [] if subtract is None else parsing.numbers(subtract, "--subtract")
    low, high = parsing.interval(region, f"--region {region}")
    sigma = noise["noise"]
    pattern = request.prepared(file, counting=sigma == "counting")
    pattern = pattern.without(request["mask"])
    with progress("adding peaks") as report:
        parts = decompose(
            pattern, low, high, count=components, shape=shape, background=background, noise=sigma,
            period=period, report=report,
        )  # fmt: skip
    contents: list[tuple[Path, bytes | str]] = []
    if out is not None:
        contents.append((out, output.pattern_csv(without(parts, numbers))))
    if plot is not None:
        from slxrd.ui.plotting.pattern import decomposition_figure

        contents += rendered(decomposition_figure(parts, numbers), plot)
    typer.echo(str(parts))
    _write(contents, [] if out is None else _doublet(pattern))


def _need_sigma(pattern: slxrd.Pattern, noise: Noise | None) -> None:
    if noise == "file" and pattern.sigma is None:
        raise SlxrdError(f"{pattern.source}: holds no σ (third column); leave --noise file out")


def _doublet(pattern: slxrd.Pattern) -> list[str]:
    """Note on the second line of a doublet, which a CSV over q does not contain."""
    if pattern.second_line is None:
        return []
    return [
        f"the file's q is that of {pattern.wavelength:.6g} Å, and the second line at "
        f"{pattern.second_line.wavelength:.6g} Å is in it too: give slxrd fit the same --wavelength"
    ]


def _write(contents: Sequence[tuple[Path, bytes | str]], notes: Sequence[str]) -> None:
    for note in notes:
        typer.echo(f"! {note}")
    write_all(contents)
