"""The command line's frame: the program, its version, and the options that commands share."""

from __future__ import annotations

from typing import Annotated

import typer

import slxrd
from slxrd.table import TABLE

app = typer.Typer(
    name="slxrd",
    help="The structure of colloidal superlattices, read from an ordinary X-ray diffractogram.",
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

NAMES = ", ".join(TABLE)
#: Exit code after Ctrl-C.
INTERRUPTED = 130
Coherent = Annotated[
    int, typer.Option("--coherent", metavar="M", help="Crystals that scatter coherently; 1: a thin film.")
]
Resolution = Annotated[
    float, typer.Option("--resolution", metavar="SIGMA", help="Gaussian resolution σ_G in Å⁻¹; 0: none.")
]
Window = Annotated[
    float, typer.Option("--size-window", help="Count sizes within this many σ_N of N (3 in the paper).")
]
Force = Annotated[bool, typer.Option("--force", help="Overwrite existing files.")]


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
