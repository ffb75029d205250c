"""The command line: ``slxrd fit``, ``slxrd simulate``, ``slxrd demo``."""

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
from slxrd.errors import SlxrdError
from slxrd.table import TABLE

app = typer.Typer(
    name="slxrd",
    help="The structure of colloidal superlattices, read from an ordinary X-ray diffractogram.",
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

#: Exit code after Ctrl-C.
INTERRUPTED = 130
_NAMES = ", ".join(TABLE)
_Coherent = Annotated[
    int, typer.Option("--coherent", metavar="M", help="Crystals that scatter coherently; 1: a thin film.")
]
_Resolution = Annotated[
    float, typer.Option("--resolution", metavar="SIGMA", help="Gaussian resolution σ_G in Å⁻¹; 0: none.")
]
_Window = Annotated[
    float, typer.Option("--size-window", help="Count sizes within this many σ_N of N (3 in the paper).")
]
_Force = Annotated[bool, typer.Option("--force", help="Overwrite existing files.")]


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


@app.command("fit")
def fit_command(
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="Two- or three-column text, or PANalytical .xrdml.")
    ],
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
    axis: Annotated[
        Literal["q", "2theta"] | None, typer.Option(help="What the first column of a text file is.")
    ] = None,
    wavelength: Annotated[
        str | None, typer.Option(metavar="Å|NAME", help="In Å, or a name such as CuKa1.")
    ] = None,
    trust_axis: Annotated[
        bool, typer.Option("--trust-axis", help="Take the axis as it is, however unlikely.")
    ] = False,
    scan: Annotated[
        int | None, typer.Option(help="Which scan of a file with several, counted from 1.")
    ] = None,
    monochromator: Annotated[
        float | None, typer.Option(metavar="DEGREES", help="Bragg angle θ of the monochromator crystal.")
    ] = None,
    no_lp: Annotated[
        bool, typer.Option("--no-lp", help="No Lorentz-polarisation correction of data over 2θ.")
    ] = False,
    resolution: _Resolution = 0.007,
    noise: Annotated[
        str | None,
        typer.Option(
            metavar="FRACTION|counting|file",
            help="σ: a fraction of each region's maximum, from counting statistics, or the file's "
            "third column. Default: the file's, else 0.03.",
        ),
    ] = None,
    start: Annotated[
        list[str] | None, typer.Option(metavar="NAME=VALUE", help=f"Starting value ({_NAMES}).")
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
    coherent: _Coherent = 40,
    size_window: _Window = 5.0,
    scale: Annotated[
        Literal["free", "peak"] | None, typer.Option(help="A free factor per region, or peak on peak.")
    ] = None,
    background: Annotated[
        Literal["none", "constant", "linear"], typer.Option(help="Free background per region.")
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
    force: _Force = False,
) -> None:
    """Fit the structure to a measured pattern: d, L, σ_L, N, σ_N and the period Λ."""
    from slxrd import output

    if plot is not None:
        from slxrd import plotting

        plotting.check_picture(plot)
    wanted = [*(output.result_paths(out) if out is not None else ()), *([plot] if plot is not None else ())]
    wanted += [Path(json)] if json not in (None, "-") else []
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
    pattern = _corrected(file, axis, wavelength, trust_axis, scan, monochromator, no_lp)
    with _progress("searching") as report:
        result = slxrd.fit(
            pattern, **options, coherent=coherent, size_window=size_window, resolution=resolution,
            objective=objective, scale=scale, background=background, report=report,
        )  # fmt: skip
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
    for path, content in [(path, make()) for path, make in contents]:
        output.write(path, content)
    if json == "-":
        typer.echo(output.result_json(result, command), nl=False)
    else:
        typer.echo(str(result))
        for path in wanted:
            typer.echo(f"wrote {path}")


def _corrected(
    file: Path,
    axis: Any,
    wavelength: str | None,
    trust_axis: bool,
    scan: int | None,
    monochromator: float | None,
    no_lp: bool,
) -> slxrd.Pattern:
    """Read a pattern and correct it; corrections that cannot be made are refused."""
    pattern = slxrd.read(file, axis=axis, wavelength=wavelength, trust_axis=trust_axis, scan=scan)
    if pattern.axis == "2theta" and not no_lp:
        return slxrd.correct_lorentz_polarisation(pattern, monochromator)
    if monochromator is not None:
        why = "--no-lp says not to correct" if no_lp else f"{file} is over q, and taken as corrected already"
        raise SlxrdError(f"--monochromator belongs to the Lorentz-polarisation correction, but {why}")
    if no_lp and pattern.axis == "q":
        raise SlxrdError(f"--no-lp: {file} is over q and not corrected anyway; leave it out")
    return pattern


def _picture(result: slxrd.Fit, format: str = "png") -> bytes:
    from slxrd import plotting

    return plotting.figure_bytes(plotting.figure(result), format)


def _progress(what: str) -> Any:
    from slxrd.progress import progress

    return progress(what)


@app.command("simulate")
def simulate_command(
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="CSV to write: q, intensity, and σ where there is noise.")
    ],
    value: Annotated[
        list[str], typer.Option("--set", metavar="NAME=VALUE", help=f"Value of a parameter ({_NAMES}).")
    ],
    span: Annotated[str, typer.Option("--range", metavar="QMIN:QMAX", help="In Å⁻¹.")] = "0.8:2.5",
    step: Annotated[float, typer.Option(help="In Å⁻¹.")] = 0.002,
    coherent: _Coherent = 40,
    size_window: _Window = 5.0,
    resolution: _Resolution = 0.007,
    peak: Annotated[float, typer.Option(help="Intensity of the highest point.")] = 1000.0,
    background: Annotated[float, typer.Option(help="Constant added to the intensity.")] = 0.0,
    noise: Annotated[
        str | None,
        typer.Option(metavar="FRACTION|counting", help="Gaussian, as a fraction of the peak; or Poisson."),
    ] = None,
    seed: Annotated[int | None, typer.Option(help="Of the noise.")] = None,
    force: _Force = False,
) -> None:
    """Simulate a pattern from its parameters."""
    import numpy as np

    from slxrd import output

    output.check_writable([file], force)
    low, high = arguments.interval(span, f"--range {span}")
    if not (low < high and step > 0.0 and (high - low) / step < 1e6):
        raise SlxrdError(
            f"--range {span} --step {step:g}: the ends must increase and the steps be fewer than a million"
        )
    q = np.round(low + step * np.arange(round((high - low) / step) + 1), 9)
    pattern = slxrd.simulate(
        q, arguments.values(value, "--set"), coherent=coherent, size_window=size_window,
        resolution=resolution, peak=peak, background=background, noise=arguments.noise(noise), seed=seed,
    )  # fmt: skip
    output.write(file, output.pattern_csv(pattern))
    typer.echo(f"wrote {file}: {q.size} points, simulated")


@app.command("demo")
def demo_command(
    out: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Folder for the results; default: slxrd-demo.")
    ] = None,
    force: _Force = False,
) -> None:
    """Fit the packaged examples: four simulated superlattices and a measured film."""
    from slxrd.demo import demo

    demo(out, force, typer.echo)


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
