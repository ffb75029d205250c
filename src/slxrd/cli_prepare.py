"""The commands between the counts and the fit: ``slxrd correct``, ``slxrd background``, ``slxrd peaks``."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Literal

import typer

import slxrd
from slxrd import arguments
from slxrd.absorption import BeamProfile
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
from slxrd.regions import Noise

Measured = Annotated[Path, typer.Argument(metavar="FILE", help="Any file that slxrd fit reads.")]
Written = Annotated[Path, typer.Option("--out", metavar="CSV", help="File to write: q, intensity, σ.")]
Picture = Annotated[
    Path | None, typer.Option("--plot", metavar="FILE", help="Draw it as .png, .svg or .pdf.")
]
Mask = Annotated[
    list[str] | None,
    typer.Option("--mask", metavar="A:B", help="Do not look at q from A to B in Å⁻¹; may be repeated."),
]
Sigma = Annotated[
    Literal["counting", "file"] | None,
    typer.Option(
        "--noise", help="σ to write: of the counts, or the file's own. Default: either, where known."
    ),
]


@app.command("correct")
def correct_command(
    file: Measured,
    out: Written,
    axis: AxisName = None,
    wavelength: Wavelength = None,
    trust_axis: TrustAxis = False,
    scan: ScanNumber = None,
    columns: Columns = None,
    monochromator: Monochromator = None,
    no_lp: NoLp = False,
    thickness: Annotated[
        str | None,
        typer.Option(metavar="LENGTH", help="Of the film, for absorption: 500nm, 1.2um, or a number of Å."),
    ] = None,
    film: Annotated[
        str | None,
        typer.Option(metavar="FORMULA:DENSITY", help="What the film is, and its g/cm³: CsPbBr3:4.8."),
    ] = None,
    mu: Annotated[
        float | None,
        typer.Option("--mu", metavar="PER_CM", help="Its attenuation coefficient in 1/cm instead."),
    ] = None,
    beam: Annotated[
        float | None, typer.Option(metavar="MM", help="Width of the beam, for the footprint.")
    ] = None,
    sample: Annotated[
        float | None, typer.Option(metavar="MM", help="Length of the sample along the beam.")
    ] = None,
    beam_profile: Annotated[
        BeamProfile, typer.Option(help="An even beam, or a Gaussian of which --beam is the FWHM.")
    ] = "box",
    noise: Sigma = None,
    force: Force = False,
) -> None:
    """Correct for polarisation, the absorption in a film, and a beam wider than the sample."""
    from slxrd import corrections, output

    _check(file, [out], force)
    if (thickness is None) != (film is None and mu is None):
        raise SlxrdError("absorption needs --thickness, and --film or --mu")
    if film is not None and mu is not None:
        raise SlxrdError("--film and --mu both tell the attenuation; leave one out")
    if (beam is None) != (sample is None):
        raise SlxrdError("the footprint needs both --beam and --sample")
    pattern = read_corrected(
        file, axis, wavelength, trust_axis, scan, monochromator, no_lp, columns=columns,
        counting=noise == "counting",
    )  # fmt: skip
    _need_sigma(pattern, noise)
    if pattern.axis == "q" and thickness is None and beam is None:
        raise SlxrdError(f"{file} is over q, taken as corrected already: name a correction to make")
    pattern = corrections.counted(pattern)
    if thickness is not None:
        size = arguments.length(thickness, f"--thickness {thickness}")
        formula, density = (None, None) if film is None else arguments.film(film)
        pattern = corrections.correct_absorption(pattern, size, mu=mu, formula=formula, density=density)
    if beam is not None and sample is not None:
        pattern = corrections.correct_footprint(pattern, beam, sample, beam_profile)
    # Over 2θ, the file would be taken for one that needs the polarisation correction still.
    _write([(out, output.pattern_csv(pattern.to_q()))], _doublet(pattern))


@app.command("background")
def background_command(
    file: Measured,
    out: Written,
    plot: Picture = None,
    method: Annotated[
        Literal["aspls", "iarpls", "snip", "bridge"] | None,
        typer.Option(help="How the baseline is found; default: aspls, or bridge where --signal is given."),
    ] = None,
    width: Annotated[
        float | None, typer.Option(help="What is narrower, in Å⁻¹, is signal; default: the method's own.")
    ] = None,
    signal: Annotated[
        list[str] | None,
        typer.Option(metavar="A:B", help="Where the signal is, in Å⁻¹, for bridge; may be repeated."),
    ] = None,
    mask: Mask = None,
    noise: Sigma = None,
    axis: AxisName = None,
    wavelength: Wavelength = None,
    trust_axis: TrustAxis = False,
    scan: ScanNumber = None,
    columns: Columns = None,
    monochromator: Monochromator = None,
    no_lp: NoLp = False,
    force: Force = False,
) -> None:
    """Subtract a baseline from a pattern, and draw what was subtracted."""
    from slxrd import output
    from slxrd.background import subtract_background

    _check(file, [out, plot], force)
    spans = [arguments.interval(text, f"--signal {text}") for text in signal or ()]
    pattern = read_corrected(
        file, axis, wavelength, trust_axis, scan, monochromator, no_lp, columns=columns,
        counting=noise == "counting",
    )  # fmt: skip
    _need_sigma(pattern, noise)
    pattern = _masked(pattern, mask)
    done = subtract_background(pattern, method, width=width, signal=spans)
    contents: list[tuple[Path, bytes | str]] = [(out, output.pattern_csv(done.pattern))]
    if plot is not None:
        from slxrd import plotting, plotting_prepare

        drawn = plotting_prepare.background_figure(done)
        contents.append((plot, plotting.figure_bytes(drawn, plot.suffix[1:].lower())))
    seen = ~done.before.mask
    highest, baseline = done.before.intensity[seen].max(), done.baseline[seen]
    typer.echo(
        f"{file}: {done.pattern.history[-1]}, {baseline.min():.4g} to {baseline.max():.4g} under a highest "
        f"point of {highest:.4g}"
    )
    _write(contents, [*done.notes, *_doublet(pattern)])


@app.command("peaks")
def peaks_command(
    file: Measured,
    region: Annotated[str, typer.Option(metavar="QMIN:QMAX", help="Region in Å⁻¹ to take apart.")],
    subtract: Annotated[
        str | None, typer.Option(metavar="N,N,...", help="Numbers of the peaks to subtract; needs --out.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", metavar="CSV", help="File to write what is left to.")
    ] = None,
    plot: Picture = None,
    components: Annotated[
        int | None, typer.Option(metavar="N", help="How many peaks; default: as many as the data ask for.")
    ] = None,
    shape: Annotated[Literal["gaussian", "pseudo-voigt"], typer.Option(help="Of the peaks.")] = "gaussian",
    background: Annotated[
        Literal["constant", "linear"], typer.Option(help="Below the peaks; it is not subtracted.")
    ] = "linear",
    period: Annotated[
        float | None, typer.Option(metavar="Å", help="Superlattice period, where it is known from a fit.")
    ] = None,
    mask: Mask = None,
    noise: Annotated[
        str | None,
        typer.Option(metavar="FRACTION|counting|file", help="σ, as for slxrd fit."),
    ] = None,
    axis: AxisName = None,
    wavelength: Wavelength = None,
    trust_axis: TrustAxis = False,
    scan: ScanNumber = None,
    columns: Columns = None,
    monochromator: Monochromator = None,
    no_lp: NoLp = False,
    force: Force = False,
) -> None:
    """Take a region apart into peaks, tell fringes from others, and subtract what you choose."""
    from slxrd import output
    from slxrd.decomposition import decompose
    from slxrd.decomposition import subtract as without
    from slxrd.progress import progress

    if (subtract is None) != (out is None):
        raise SlxrdError("--subtract says which peaks, --out where the rest is written; give both or neither")
    _check(file, [out, plot], force)
    numbers = [] if subtract is None else arguments.numbers(subtract, "--subtract")
    low, high = arguments.interval(region, f"--region {region}")
    sigma = arguments.noise(noise)
    pattern = read_corrected(
        file, axis, wavelength, trust_axis, scan, monochromator, no_lp, columns=columns,
        counting=sigma == "counting",
    )  # fmt: skip
    pattern = _masked(pattern, mask)
    with progress("adding peaks") as report:
        parts = decompose(
            pattern, low, high, count=components, shape=shape, background=background, noise=sigma,
            period=period, report=report,
        )  # fmt: skip
    contents: list[tuple[Path, bytes | str]] = []
    if out is not None:
        contents.append((out, output.pattern_csv(without(parts, numbers))))
    if plot is not None:
        from slxrd import plotting, plotting_prepare

        drawn = plotting_prepare.decomposition_figure(parts, numbers)
        contents.append((plot, plotting.figure_bytes(drawn, plot.suffix[1:].lower())))
    typer.echo(str(parts))
    _write(contents, [] if out is None else _doublet(pattern))


def _check(file: Path, outputs: Sequence[Path | None], force: bool) -> None:
    """See beforehand that everything can be written, and that nothing overwrites the pattern itself."""
    from slxrd import output

    paths = [path for path in outputs if path is not None]
    if len({path.absolute() for path in paths}) < len(paths):
        raise SlxrdError("two outputs have the same name; give each its own")
    if any(path.exists() and file.exists() and path.samefile(file) for path in paths):
        raise SlxrdError(f"{file}: an output would overwrite the pattern itself; choose another name")
    if len(outputs) > 1 and outputs[1] is not None:
        from slxrd.plotting import check_picture

        check_picture(outputs[1])
    output.check_writable(paths, force)


def _masked(pattern: slxrd.Pattern, mask: Sequence[str] | None) -> slxrd.Pattern:
    pattern = pattern.to_q()
    for text in mask or ():
        pattern = pattern.masked(*arguments.interval(text, f"--mask {text}"))
    return pattern


def _need_sigma(pattern: slxrd.Pattern, noise: Noise | None) -> None:
    if noise == "file" and pattern.sigma is None:
        raise SlxrdError(f"{pattern.source}: holds no σ (third column); leave --noise file out")


def _doublet(pattern: slxrd.Pattern) -> list[str]:
    """What a CSV over q cannot tell of the radiation."""
    if pattern.second_line is None:
        return []
    return [
        f"the file's q is that of {pattern.wavelength:.6g} Å, and the second line at "
        f"{pattern.second_line.wavelength:.6g} Å is in it too: give slxrd fit the same --wavelength"
    ]


def _write(contents: Sequence[tuple[Path, bytes | str]], notes: Sequence[str]) -> None:
    from slxrd import output

    for note in notes:
        typer.echo(f"! {note}")
    for path, content in contents:
        output.write(path, content)
        typer.echo(f"wrote {path}")
