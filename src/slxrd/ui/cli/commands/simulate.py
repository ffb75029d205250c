"""The commands ``slxrd simulate``, ``noise``, ``demo``, ``gallery`` and ``paper``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

import slxrd
from slxrd.errors import SlxrdError
from slxrd.fitting.request import parsing
from slxrd.ui.cli.frame import INTERRUPTED, command
from slxrd.ui.cli.options import NAMES, Given, Reading, take
from slxrd.ui.cli.outputs import Force, check_outputs, write_all, written


@command("gallery", group="Simulations", example="slxrd gallery --out figures --only S6")
def gallery_command(
    out: Annotated[Path, written("--out", "DIR", "Write figures and page into a folder.")],
    only: Annotated[
        list[str] | None, typer.Option(metavar="NAME", help="One figure, such as S6; may be repeated.")
    ] = None,
    force: Force = False,
) -> None:
    """Draw the figures of the 2021 paper's supporting information from simulated patterns."""
    from slxrd.ui.gallery.run import gallery
    from slxrd.ui.progress import progress

    try:
        missing = gallery(out, only or (), force, typer.echo, progress)
    except KeyboardInterrupt:
        typer.echo(
            "slxrd: interrupted; what was drawn is whole and stays, and the same command goes on from there",
            err=True,
        )
        raise SystemExit(INTERRUPTED) from None
    if missing:
        typer.echo(f"slxrd: not drawn: {', '.join(missing)}", err=True)
        raise SystemExit(2)


@command("paper", group="Simulations", example="slxrd paper --out paper --only anneal_RT")
def paper_command(
    out: Annotated[Path, written("--out", "DIR", "Write patterns, notebooks and fits into a folder.")],
    only: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="One sample, such as anneal_RT; may be repeated."),
    ] = None,
    quick: Annotated[
        bool,
        typer.Option("--quick", help="Notebooks with few replicates, and maps with other parameters fixed."),
    ] = False,
    force: Force = False,
) -> None:
    """Write the 2021 paper's set of files: simulated patterns, notebooks that fit them, and the fits."""
    from slxrd.ui.paper.run import paper
    from slxrd.ui.progress import progress

    try:
        failed = paper(out, only or (), quick, force, typer.echo, progress)
    except KeyboardInterrupt:
        typer.echo(
            "slxrd: interrupted; the files written so far are whole and stay, and the same command goes on",
            err=True,
        )
        raise SystemExit(INTERRUPTED) from None
    if failed:
        typer.echo(f"slxrd: not fitted: {', '.join(failed)}", err=True)
        raise SystemExit(2)


@command(
    "simulate",
    group="Simulations",
    example=(
        "slxrd simulate pattern.csv --set d=5.84 --set L=36.9 --set sigma_L=1.4 \\\n"
        "    --set N=13 --set sigma_N=1.5"
    ),
)
def simulate_command(
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="CSV to write: q, intensity, and σ where there is noise.")
    ],
    value: Annotated[
        list[str], typer.Option("--set", metavar="NAME=VALUE", help=f"Value of a parameter ({NAMES}).")
    ],
    *,
    span: Annotated[str, typer.Option("--range", metavar="QMIN:QMAX", help="Range in Å⁻¹.")] = "0.8:2.5",
    step: Annotated[float, typer.Option(help="Step in Å⁻¹.")] = 0.002,
    request: Annotated[Given, take("sample", "instrument", "wavelength")],
    raw: Annotated[
        bool, typer.Option("--raw", help="Counts over 2θ, with the Lorentz-polarisation factor.")
    ] = False,
    peak: Annotated[float, typer.Option(help="Intensity of the highest point.")] = 1000.0,
    background: Annotated[float, typer.Option(help="Constant added to the intensity.")] = 0.0,
    noise: Annotated[
        str | None,
        typer.Option(metavar="FRACTION|counting", help="Gaussian, as a fraction of the peak; or Poisson."),
    ] = None,
    seed: Annotated[int | None, typer.Option(help="Seed of the noise.")] = None,
    force: Force = False,
) -> None:
    """Simulate a pattern from its parameters."""
    import numpy as np

    from slxrd.fitting.record import write as output

    output.check_writable([file], force)
    low, high = parsing.interval(span, f"--range {span}")
    if not (low < high and step > 0.0 and (high - low) / step < 1e6):
        raise SlxrdError(
            f"--range {span} --step {step:g}: the ends must increase and the steps be fewer than a million"
        )
    q = np.round(low + step * np.arange(round((high - low) / step) + 1), 9)
    pattern = slxrd.simulate(
        q, parsing.values(value, "--set"), **request.arguments("sample", "instrument"),
        wavelength=request["wavelength"], raw=raw,
        peak=peak, background=background, noise=parsing.noise(noise), seed=seed,
    )  # fmt: skip
    output.write(file, output.pattern_csv(pattern))
    typer.echo(f"wrote {file}: {q.size} points, simulated")


@command("demo", group="Simulations", example="slxrd demo")
def demo_command(
    out: Annotated[
        Path | None, written("--out", "DIR", "Write the results into a folder; default: slxrd-demo.")
    ] = None,
    force: Force = False,
) -> None:
    """Fit the packaged examples: four simulated superlattices and a measured film."""
    from slxrd.ui.demo import demo

    try:
        demo(out, force, typer.echo)
    except KeyboardInterrupt:
        typer.echo("slxrd: interrupted; the results written so far are whole and stay", err=True)
        raise SystemExit(INTERRUPTED) from None


@command(
    "noise",
    group="Corrections and calibration",
    example="slxrd noise scan1.xrdml scan2.xrdml scan3.xrdml --region 0.9:1.3",
)
def noise_command(
    files: Annotated[list[Path], typer.Argument(metavar="FILE", help="Repeated measurements of one sample.")],
    *,
    region: Annotated[str, typer.Option(metavar="QMIN:QMAX", help="Region in Å⁻¹.")],
    reading: Reading,
    scaling: Annotated[
        Literal["area", "maximum"], typer.Option(help="Scale to equal area, or to the maximum (the paper).")
    ] = "area",
    out: Annotated[
        Path | None, written("--out", "CSV", "Write q, mean and standard deviation to a file.")
    ] = None,
    force: Force = False,
) -> None:
    """Estimate the fluctuation of the intensity from repeated measurements, for --noise."""
    from slxrd.data.repeats import fluctuation

    for i, file in enumerate(files):
        if file in files[:i]:
            raise SlxrdError(f"{file} is the same file twice; give repeated measurements, not copies")
    check_outputs([out], force, measured=files)
    patterns = [reading.read(file).to_q() for file in files]
    measured = fluctuation(patterns, parsing.region(region), scaling)
    write_all([] if out is None else [(out, measured.csv())], str(measured))
