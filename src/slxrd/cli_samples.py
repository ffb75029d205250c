"""The commands besides ``slxrd fit``: ``simulate``, ``noise`` and ``demo``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

import slxrd
from slxrd import arguments
from slxrd.cli_app import (
    INTERRUPTED,
    NAMES,
    Coherent,
    CrystalName,
    Force,
    PartnerName,
    Resolution,
    Slab,
    Spread,
    StackKindOption,
    Wavelength,
    WeightingOption,
    Window,
    ZeroError,
    app,
)
from slxrd.errors import SlxrdError


@app.command("simulate")
def simulate_command(
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="CSV to write: q, intensity, and σ where there is noise.")
    ],
    value: Annotated[
        list[str], typer.Option("--set", metavar="NAME=VALUE", help=f"Value of a parameter ({NAMES}).")
    ],
    span: Annotated[str, typer.Option("--range", metavar="QMIN:QMAX", help="In Å⁻¹.")] = "0.8:2.5",
    step: Annotated[float, typer.Option(help="In Å⁻¹.")] = 0.002,
    coherent: Coherent = 40,
    size_window: Window = 5.0,
    crystal: CrystalName = None,
    partner: PartnerName = None,
    slab: Slab = None,
    stack: StackKindOption = "pure",
    weighting: WeightingOption = "number",
    coherent_spread: Spread = 0.0,
    resolution: Resolution = "0.007",
    zero: ZeroError = "q",
    wavelength: Wavelength = None,
    raw: Annotated[
        bool, typer.Option("--raw", help="Counts over 2θ, with the Lorentz-polarisation factor.")
    ] = False,
    peak: Annotated[float, typer.Option(help="Intensity of the highest point.")] = 1000.0,
    background: Annotated[float, typer.Option(help="Constant added to the intensity.")] = 0.0,
    noise: Annotated[
        str | None,
        typer.Option(metavar="FRACTION|counting", help="Gaussian, as a fraction of the peak; or Poisson."),
    ] = None,
    seed: Annotated[int | None, typer.Option(help="Of the noise.")] = None,
    force: Force = False,
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
        crystal=crystal, partner=partner, slab=slab, stack=stack, weighting=weighting,
        coherent_spread=coherent_spread,
        resolution=arguments.resolution(resolution), zero=zero, wavelength=wavelength, raw=raw,
        peak=peak, background=background, noise=arguments.noise(noise), seed=seed,
    )  # fmt: skip
    output.write(file, output.pattern_csv(pattern))
    typer.echo(f"wrote {file}: {q.size} points, simulated")


@app.command("demo")
def demo_command(
    out: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Folder for the results; default: slxrd-demo.")
    ] = None,
    force: Force = False,
) -> None:
    """Fit the packaged examples: four simulated superlattices and a measured film."""
    from slxrd.demo import demo

    try:
        demo(out, force, typer.echo)
    except KeyboardInterrupt:
        typer.echo("slxrd: interrupted; the results written so far are whole and stay", err=True)
        raise SystemExit(INTERRUPTED) from None


@app.command("noise")
def noise_command(
    files: Annotated[
        list[Path], typer.Argument(metavar="FILE...", help="Repeated measurements of one sample.")
    ],
    region: Annotated[str, typer.Option(metavar="QMIN:QMAX", help="Region in Å⁻¹.")],
    axis: Annotated[
        Literal["q", "2theta"] | None, typer.Option(help="What the first column of a text file is.")
    ] = None,
    wavelength: Annotated[
        str | None, typer.Option(metavar="Å|NAME", help="In Å, or a name such as CuKa1.")
    ] = None,
    scaling: Annotated[
        Literal["area", "maximum"], typer.Option(help="Scale to equal area, or to the maximum (the paper).")
    ] = "area",
    out: Annotated[
        Path | None, typer.Option(metavar="FILE", help="CSV to write: q, mean and standard deviation.")
    ] = None,
    force: Force = False,
) -> None:
    """Tell from repeated measurements how much the intensity fluctuates, for --noise."""
    from slxrd import output
    from slxrd.repeated import fluctuation

    for i, file in enumerate(files):
        if file in files[:i]:
            raise SlxrdError(f"{file} is the same file twice; give repeated measurements, not copies")
        if out is not None and out.exists() and file.exists() and out.samefile(file):
            raise SlxrdError(f"--out {out} would overwrite a measurement; choose another name")
    if out is not None:
        output.check_writable([out], force)
    patterns = [slxrd.read(file, axis=axis, wavelength=wavelength).to_q() for file in files]
    measured = fluctuation(patterns, arguments.region(region), scaling)
    if out is not None:
        output.write(out, measured.csv())
    typer.echo(str(measured))
