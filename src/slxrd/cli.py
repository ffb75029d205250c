"""The command line: ``slxrd fit`` here, the other commands in ``cli_samples``."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, Literal

import typer
from typer.exceptions import Abort, Exit, TyperException

import slxrd
from slxrd import arguments
from slxrd import cli_browser as cli_browser  # its commands join the program
from slxrd import cli_compare as cli_compare  # its commands join the program
from slxrd import cli_crystals as cli_crystals  # its commands join the program
from slxrd import cli_files as cli_files  # its commands join the program
from slxrd import cli_gallery as cli_gallery  # its commands join the program
from slxrd import cli_lowangle as cli_lowangle  # its commands join the program
from slxrd import cli_lp as cli_lp  # its commands join the program
from slxrd import cli_merit as cli_merit  # its commands join the program
from slxrd import cli_plan as cli_plan  # its commands join the program
from slxrd import cli_prepare as cli_prepare  # its commands join the program
from slxrd import cli_report as cli_report  # its commands join the program
from slxrd import cli_resolution as cli_resolution  # its commands join the program
from slxrd import cli_samples as cli_samples  # its commands join the program
from slxrd import cli_series as cli_series  # its commands join the program
from slxrd.cli_app import (
    INTERRUPTED,
    NAMES,
    AxisName,
    Coherent,
    Columns,
    CrystalName,
    Force,
    Monochromator,
    NoLp,
    PartnerName,
    Resolution,
    ScanNumber,
    Slab,
    Spread,
    StackKindOption,
    TrustAxis,
    Wavelength,
    WeightingOption,
    Window,
    ZeroError,
    app,
    read_corrected,
)
from slxrd.errors import SlxrdError


@app.command("fit")
def fit_command(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Any file that slxrd info reads.")],
    region: Annotated[
        list[str] | None,
        typer.Option(
            metavar="QMIN:QMAX[:WEIGHT]",
            help="Region in Å⁻¹, may be repeated; default: around the Bragg peaks.",
        ),
    ] = None,
    mask: Annotated[
        list[str] | None, typer.Option(metavar="A:B", help="Leave out q from A to B in Å⁻¹; may be repeated.")
    ] = None,
    axis: AxisName = None,
    wavelength: Wavelength = None,
    trust_axis: TrustAxis = False,
    scan: ScanNumber = None,
    columns: Columns = None,
    monochromator: Monochromator = None,
    no_lp: NoLp = False,
    resolution: Resolution = "0.007",
    zero: ZeroError = "q",
    noise: Annotated[
        str | None,
        typer.Option(
            metavar="FRACTION|counting|file",
            help="σ: a fraction of each region's maximum, from counting statistics, or the file's "
            "third column. Default: the file's, else 0.03.",
        ),
    ] = None,
    start: Annotated[
        list[str] | None, typer.Option(metavar="NAME=VALUE", help=f"Starting value ({NAMES}).")
    ] = None,
    fix: Annotated[
        list[str] | None, typer.Option(metavar="NAME=VALUE", help="Keep a parameter at a value.")
    ] = None,
    free: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="Refine a parameter (q_zero is decided from the data)."),
    ] = None,
    bounds: Annotated[
        list[str] | None, typer.Option(metavar="NAME=A:B", help="Bounds of a parameter.")
    ] = None,
    tie: Annotated[
        list[str] | None, typer.Option(metavar="NAME=EXPRESSION", help="Tie a parameter, sigma_N=0.1*N.")
    ] = None,
    prior: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME=MEAN:SIGMA", help="What is known of a parameter beforehand."),
    ] = None,
    ligand: Annotated[
        str | None, typer.Option(metavar="NAME|C18", help="Ligand or chain length, which bounds L.")
    ] = None,
    coherent: Coherent = 40,
    size_window: Window = 5.0,
    crystal: CrystalName = None,
    partner: PartnerName = None,
    slab: Slab = None,
    stack: StackKindOption = "pure",
    weighting: WeightingOption = "number",
    coherent_spread: Spread = 0.0,
    scale: Annotated[
        Literal["free", "peak"] | None, typer.Option(help="A free factor per region, or peak on peak.")
    ] = None,
    background: Annotated[
        Literal["none", "constant", "linear", "quadratic", "cubic"],
        typer.Option(help="Free background per region."),
    ] = "none",
    objective: Annotated[
        Literal["linear", "log", "paper2021"],
        typer.Option(help="Residuals of intensities, of logarithms, or as in 2021."),
    ] = "linear",
    out: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Write result.json, fit.csv and fit.png into a folder.")
    ] = None,
    json: Annotated[
        str | None, typer.Option("--json", metavar="FILE", help="Write result.json; - for standard output.")
    ] = None,
    plot: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Draw the fit as .png, .svg or .pdf.")
    ] = None,
    page: Annotated[
        Path | None,
        typer.Option("--report", metavar="HTML", help="Write the fit as one HTML page, figures in it."),
    ] = None,
    bootstrap: Annotated[
        int | None, typer.Option(metavar="N", help="Repeat the fit on N resampled patterns; needs --out.")
    ] = None,
    resample: Annotated[
        Literal["noise", "flat", "residual", "block"],
        typer.Option(help="How: the fit's σ, 3 % of the maximum, residuals one by one, or in blocks."),
    ] = "noise",
    posterior: Annotated[
        int | None,
        typer.Option(metavar="STEPS", help="Sample the posterior (MCMC); 1500 are usual. Needs --out."),
    ] = None,
    seed: Annotated[int, typer.Option(help="Of bootstrap and posterior.")] = 0,
    maps: Annotated[
        bool, typer.Option("--maps", help="Draw χ² against each refined parameter; needs --out.")
    ] = False,
    map_of: Annotated[
        list[str] | None,
        typer.Option(
            "--map",
            metavar="X,Y",
            help="Map χ² over two parameters, the others refined (see --map-kind): L,N or "
            "L=30:45,N=11:15, also with a number of points, L=30:45:40. May be repeated; needs --out.",
        ),
    ] = None,
    map_kind: Annotated[
        Literal["profile", "section"],
        typer.Option(help="In --map: the other parameters refined (profile) or kept (section)."),
    ] = "profile",
    force: Force = False,
) -> None:
    """Fit the structure to a measured pattern: d, L, σ_L, N, σ_N and the period Λ."""
    from slxrd import followup, output

    pairs = tuple(followup.as_pair(text) for text in map_of or ())
    after = followup.FollowUp(bootstrap, resample, posterior, seed, maps, pairs, map_kind)
    after.check(out)
    if plot is not None:
        from slxrd import plotting

        plotting.check_picture(plot)
    wanted = [*(output.result_paths(out) if out is not None else ()), *([plot] if plot is not None else ())]
    wanted += [Path(json)] if json not in (None, "-") else []
    wanted += [page] if page is not None else []
    wanted += after.paths(out) if out is not None else []
    if len({path.absolute() for path in wanted}) < len(wanted):
        raise SlxrdError("two outputs have the same name; give each its own")
    if any(path.exists() and file.exists() and path.samefile(file) for path in wanted):
        raise SlxrdError(f"{file}: an output would overwrite the pattern itself; choose another name")
    output.check_writable(wanted, force)
    options: dict[str, Any] = {
        "regions": [arguments.region(text) for text in region or ()],
        "mask": [arguments.interval(text, f"--mask {text}") for text in mask or ()],
        "start": arguments.values(start or (), "--start"),
        "fix": arguments.values(fix or (), "--fix"),
        "free": free or (),
        "bounds": arguments.intervals(bounds or (), "--bounds"),
        "prior": arguments.intervals(prior or (), "--prior"),
        "ligand": ligand,
        "tie": arguments.assignments(tie or (), "--tie"),
        "noise": arguments.noise(noise),
    }
    pattern = read_corrected(
        file, axis, wavelength, trust_axis, scan, monochromator, no_lp,
        columns=columns, counting=options["noise"] == "counting",
    )  # fmt: skip
    with _progress("searching") as report:
        result = slxrd.fit(
            pattern, **options, coherent=coherent, size_window=size_window, crystal=crystal, partner=partner,
            slab=slab, stack=stack, weighting=weighting, coherent_spread=coherent_spread,
            resolution=arguments.resolution(resolution), zero=zero,
            objective=objective, scale=scale, background=background, report=report,
        )  # fmt: skip
    after.check_fit(result)
    command = shlex.join(["slxrd", *sys.argv[1:]])
    contents: list[tuple[Path, Callable[[], bytes | str]]] = []
    if json is not None and json != "-":
        contents.append((Path(json), lambda: output.result_json(result, command)))
    if plot is not None:
        picture = plot
        contents.append((picture, lambda: _picture(result, picture.suffix[1:].lower())))
    if out is not None:
        makers = (
            lambda: output.result_json(result, command),
            lambda: output.curves_csv(result),
            lambda: _picture(result),
        )
        contents += zip(output.result_paths(out), makers, strict=True)
    ready = [(path, make()) for path, make in contents]
    done = after.run(result, out or Path(), _progress)
    ready += done.files
    if page is not None:
        from slxrd.report import Followed, report_html

        ready.append((page, report_html(result, command, Followed.of(done.text, done.files))))
    for path, content in ready:
        output.write(path, content)
    if json == "-":
        typer.echo(output.result_json(result, command), nl=False)
        typer.echo(done.text, nl=bool(done.text), err=True)
    else:
        typer.echo(f"{result}\n{done.text}".rstrip())
        for path, _ in ready:
            typer.echo(f"wrote {path}")
    if done.interrupted:
        typer.echo("slxrd: interrupted; the files written hold what was done until then", err=True)
        raise SystemExit(INTERRUPTED)


def _picture(result: slxrd.Fit, format: str = "png") -> bytes:
    from slxrd import plotting

    return plotting.figure_bytes(plotting.figure(result), format)


def _progress(what: str) -> Any:
    from slxrd.progress import progress

    return progress(what)


def main() -> None:
    """Run the command line; mistakes of the user end in one line and exit code 2."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(encoding="utf-8", errors="replace")
    try:
        code = app(standalone_mode=False)
    except (SlxrdError, TyperException) as error:
        text = error.format_message() if isinstance(error, TyperException) else str(error)
        typer.echo(f"slxrd: {' '.join(text.split())}", err=True)
        code = 2
    except Exit as done:
        code = done.exit_code
    except (KeyboardInterrupt, Abort):
        code = INTERRUPTED
    if code == INTERRUPTED:  # which typer may have made of a KeyboardInterrupt, without a word
        typer.echo("slxrd: interrupted; nothing was written", err=True)
    raise SystemExit(code if isinstance(code, int) else 0)
